//! `claimgate packet receipt`: sign a receipt (簽收回條), or verify one that was kept, without a gateway.

use std::path::PathBuf;

use anyhow::Context;
use claimgate_packet::jose::jwk::JwkSet;
use claimgate_packet::receipt::{self, Receipt as Signed, Refusal, Verdict};
use claimgate_packet::sealed::Sealed;
use claimgate_packet::words::Line;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Opening, read, read_key};
use crate::cli::{Ending, print, say};
use crate::clock::Clock;

/// Sign or verify a receipt, without a gateway.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Receipt {
    /// Open a packet, check everything, print the signed receipt that accepts it. Exit code 3: refused.
    Sign(Signing),
    /// Print the signed receipt that rejects a packet you could not open.
    Reject(Rejecting),
    /// Verify a receipt that was kept, and what it is for. Exit code 3: refused.
    Verify(Verifying),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  claimgate packet receipt sign --delivery dlv_… --sign-with insurer-abc.sig.json \
    --key insurer-abc.enc.json --trust keys.json packet.jose > receipt.jws")]
pub(in crate::cli) struct Signing {
    /// The delivery it came as: dlv_….
    #[arg(long, value_name = "DELIVERY")]
    delivery: String,
    /// Your private key with use "sig" (JWK; ES256 or EdDSA).
    #[arg(long, value_name = "FILE")]
    sign_with: PathBuf,
    #[command(flatten)]
    opening: Opening,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Rejecting {
    /// The delivery: dlv_….
    #[arg(long, value_name = "DELIVERY")]
    delivery: String,
    /// Its packet: pkt_….
    #[arg(long, value_name = "PACKET")]
    packet_id: String,
    /// Its line of insurance.
    #[arg(long)]
    line: Line,
    /// Your private key with use "sig" (JWK; ES256 or EdDSA).
    #[arg(long, value_name = "FILE")]
    sign_with: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  curl -H \"Authorization: Bearer $TOKEN\" \
    https://gateway.example/insurer/v1/deliveries/dlv_…/receipt > receipt.json\n  \
    claimgate packet receipt verify --jwks insurer-abc.jwks.json --packet packet.jose --key insurer-abc.enc.json receipt.json")]
pub(in crate::cli) struct Verifying {
    /// The signer's public keys (JWKS): as registered, or the answer of …/receipt, which holds the key that counted.
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
    /// Also require that it is for this delivery.
    #[arg(long, value_name = "DELIVERY")]
    delivery: Option<String>,
    /// Also require that it is for what this sealed packet holds.
    #[arg(long, value_name = "FILE", requires = "key")]
    packet: Option<PathBuf>,
    /// The private key that packet was sealed to (JWK).
    #[arg(long, value_name = "FILE", requires = "packet")]
    key: Option<PathBuf>,
    /// The receipt: the compact JWS, or the answer of …/receipt.
    file: PathBuf,
}

impl Receipt {
    pub(in crate::cli) fn run(self) -> anyhow::Result<Ending> {
        match self {
            Self::Sign(signing) => {
                let opened = match signing.opening.open()? {
                    Ok(opened) => opened,
                    Err(refusal) => {
                        say(format_args!("refused: {refusal} ({})", refusal.code()));
                        return Ok(Ending::Refused);
                    }
                };
                sign(&Signed::accepted(signing.delivery, &opened, Clock::system().now()), &signing.sign_with)
            }
            Self::Reject(rejecting) => {
                let rejected = Signed {
                    delivery_id: rejecting.delivery,
                    packet_id: rejecting.packet_id,
                    line: rejecting.line,
                    signed_at: Clock::system().now(),
                    presentation_digest: None,
                    result: Verdict::Rejected,
                };
                sign(&rejected, &rejecting.sign_with)
            }
            Self::Verify(verifying) => verifying.run(),
        }
    }
}

fn sign(receipt: &Signed, key: &std::path::Path) -> anyhow::Result<Ending> {
    let (key, _) = read_key(key)?;
    let text = receipt::sign(receipt, &key).context(
        "the receipt cannot be signed: it takes ids (dlv_…, pkt_…) and a key for ES256 or EdDSA that is valid now",
    )?;
    print(format_args!("{text}"));
    Ok(Ending::Done)
}

impl Verifying {
    fn run(&self) -> anyhow::Result<Ending> {
        let keys = JwkSet::parse(&read(&self.jwks)?)
            .with_context(|| format!("{} is no list of public keys", self.jwks.display()))?;
        let text = self.text()?;
        let checked = receipt::signed(&text, &keys.0).and_then(|(receipt, key)| {
            if self.delivery.as_ref().is_some_and(|wanted| *wanted != receipt.delivery_id) {
                return Err(Refusal::Delivery);
            }
            Ok((receipt, key))
        });
        let (receipt, key) = match checked {
            Ok(checked) => checked,
            Err(refusal) => return Ok(refused(refusal)),
        };
        if let Some(packet) = self.presentation()?
            && receipt.presentation_digest.as_deref() != Some(packet.as_str())
        {
            return Ok(refused(Refusal::Digest));
        }
        let word = match receipt.result {
            Verdict::Accepted => "accepted",
            Verdict::Rejected => "rejected",
        };
        print(format_args!("verified: {} {word}", receipt.delivery_id));
        print(format_args!("packet {} in line {}", receipt.packet_id, receipt.line));
        print(format_args!("signed with key {} at {}", key.kid, receipt.signed_at));
        if let Some(digest) = &receipt.presentation_digest {
            let held = if self.packet.is_some() { "what the packet holds" } else { "no packet to compare with" };
            print(format_args!("presentation {digest} ({held})"));
        }
        Ok(Ending::Done)
    }

    fn text(&self) -> anyhow::Result<String> {
        let not_one = || format!("{} is no receipt", self.file.display());
        let text = String::from_utf8(read(&self.file)?).with_context(not_one)?;
        if !text.trim_start().starts_with('{') {
            return Ok(text.trim().to_owned());
        }
        let answer: Value = serde_json::from_str(&text).with_context(not_one)?;
        answer.get("receipt").and_then(Value::as_str).map(ToOwned::to_owned).with_context(not_one)
    }

    /// The digest of what the packet holds. Who made the packet is not asked here: `packet verify` tells that.
    fn presentation(&self) -> anyhow::Result<Option<String>> {
        let (Some(packet), Some(key)) = (&self.packet, &self.key) else { return Ok(None) };
        let (key, _) = read_key(key)?;
        let sealed =
            String::from_utf8(read(packet)?).with_context(|| format!("{} is no sealed packet", packet.display()))?;
        let decrypted = Sealed::parse(sealed.trim_end())
            .and_then(|sealed| sealed.decrypt(&[key]))
            .with_context(|| format!("{} does not open", packet.display()))?;
        Ok(Some(decrypted.presentation_digest().to_owned()))
    }
}

fn refused(refusal: Refusal) -> Ending {
    say(format_args!("refused: {refusal} ({})", refusal.code()));
    Ending::Refused
}
