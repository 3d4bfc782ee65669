//! `claimgate packet`: what an insurer runs, without a gateway and without a network.

use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::log::checkpoint::Checkpoint;
use claimgate_packet::log::proof::{LogProof, ProofError};
use claimgate_packet::open::{Opened, TrustedKeys, open};
use claimgate_packet::words::Line;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Ending, print, say};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};

mod explain;

mod attachments;

mod receipt;

/// Open or verify a packet, without a gateway.
#[derive(Debug, Subcommand)]
pub(super) enum Packet {
    /// Open a packet, check everything, print the verified claim as JSON. Exit code 3: refused.
    #[command(after_help = OPEN)]
    Open(Opening),
    /// Check everything, print the verdict only. Exit code 3: refused.
    #[command(after_help = OPEN)]
    Verify(Opening),
    /// Say what a recipient gets, what not, and why: by the disclosure policy (揭露政策), or of a stored claim.
    Explain(explain::Explain),
    /// Sign a receipt (簽收回條) for an acknowledgement, or verify one that was kept.
    #[command(subcommand)]
    Receipt(receipt::Receipt),
}

/// The examples of `open` and `verify`.
const OPEN: &str = "Example:\n  curl -sf https://gateway.example/.well-known/claim-packet-keys > keys.json\n  \
    claimgate packet open --key insurer-abc.enc.json --trust keys.json packet.jose\n  \
    claimgate packet verify --key insurer-abc.enc.json --trust keys.json packet.jose --attachment att_*.jose --out files";

#[derive(Debug, Args)]
pub(super) struct Opening {
    /// Your private key with use "enc" (JWK).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The gateway's packet keys: /.well-known/claim-packet-keys.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Your party id; by default the member "party" of the key file.
    #[arg(long, value_name = "PARTY")]
    me: Option<String>,
    /// Accept only this line of insurance.
    #[arg(long)]
    line: Option<Line>,
    /// Also require that the packet stands in the gateway's public log: the text of
    /// /insurer/v1/deliveries/{id}/proof. The log's key stands in the file given by --trust.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// Attachments as fetched, each in a file named as its id: att_….jose. They are opened and compared with the packet.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attachment: Vec<PathBuf>,
    /// Where opened attachments are written, each under its id; a file that is there already is kept, and an error.
    #[arg(long, value_name = "DIR", requires = "attachment")]
    out: Option<PathBuf>,
    /// The sealed packet as fetched (application/jose).
    file: PathBuf,
}

impl Packet {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, ConfigError>) -> anyhow::Result<Ending> {
        let (opening, show) = match self {
            Self::Open(opening) => (opening, true),
            Self::Verify(opening) => (opening, false),
            Self::Explain(explain) => return explain.run(config).await,
            Self::Receipt(receipt) => return receipt.run(),
        };
        let opened = match opening.open()? {
            Ok(opened) => opened,
            Err(refusal) => {
                say(format_args!("refused: {} ({})", refusal, refusal.code()));
                return Ok(Ending::Refused);
            }
        };
        let logged = match opening.logged(&opened)? {
            Ok(logged) => logged,
            Err(error) => {
                say(format_args!("refused: {error} ({})", error.code()));
                return Ok(Ending::Refused);
            }
        };
        // All of them before anything is shown or written.
        let files = match attachments::open(&opening.attachment, &opened, &read_key(&opening.key)?.0)? {
            Ok(files) => files,
            Err((path, refusal)) => {
                say(format_args!("refused: {}: {refusal} ({})", path.display(), refusal.code()));
                return Ok(Ending::Refused);
            }
        };
        if let Some(folder) = &opening.out {
            attachments::write(folder, &files)?;
        }
        if show {
            print(format_args!("{}", serde_json::to_string_pretty(&opened.to_json()?)?));
        } else {
            verdict(&opened);
        }
        for (named, _) in &files {
            say(format_args!("attachment {} {}, {} bytes: verified", named.id, named.media_type, named.bytes));
        }
        // The packet cannot say it: the digest of what is withheld looks like a decoy.
        let line = opened.recipient.line;
        say(format_args!("what {line} does not get, and why: claimgate packet explain --line {line}"));
        if let Some(checkpoint) = logged {
            say(format_args!("in the log {} of {} packets", checkpoint.origin, checkpoint.size));
        }
        Ok(Ending::Done)
    }
}

impl Opening {
    fn open(&self) -> anyhow::Result<Result<Opened, claimgate_packet::open::OpenError>> {
        let (key, party) = read_key(&self.key)?;
        let me = self.me.clone().or(party).context(
            "whose packet is it? Give --me with your party id, or use a key file made by `claimgate keys new insurer`",
        )?;
        let trust = TrustedKeys::parse(&read(&self.trust)?).with_context(|| {
            let file = self.trust.display();
            format!("{file} is no list of packet keys (is it the gateway's /.well-known/claim-packet-keys?)")
        })?;
        let sealed = String::from_utf8(read(&self.file)?)
            .with_context(|| format!("{} is no sealed packet", self.file.display()))?;
        Ok(open(sealed.trim_end(), &[key], &trust, &me, self.line, Clock::system().now()))
    }

    fn logged(&self, opened: &Opened) -> anyhow::Result<Result<Option<Checkpoint>, ProofError>> {
        let Some(path) = &self.proof else { return Ok(Ok(None)) };
        let key = super::log::key(&self.trust)?;
        let text = String::from_utf8(read(path)?).with_context(|| format!("{} is no text", path.display()))?;
        Ok(LogProof::parse(&text).and_then(|proof| proof.verify(&opened.log_entry, &key)).map(Some))
    }
}

fn verdict(opened: &Opened) {
    print(format_args!("verified: {}", opened.packet_id));
    print(format_args!("signed by {} with key {} at {}", opened.issuer, opened.kid, opened.issued_at));
    print(format_args!(
        "for {} in line {}, revision {}",
        opened.recipient.aud, opened.recipient.line, opened.recipient.revision
    ));
    for evidence in &opened.evidence {
        print(format_args!("evidence {} {}", evidence.id, evidence.document.kind()));
        for file in &evidence.attachments {
            print(format_args!("names {} {}, {} bytes", file.id, file.media_type, file.bytes));
        }
    }
}

fn read_key(path: &Path) -> anyhow::Result<(PrivateJwk, Option<String>)> {
    let mut json: Value =
        serde_json::from_slice(&read(path)?).with_context(|| format!("{} is not JSON", path.display()))?;
    let party = json.as_object_mut().and_then(|members| members.remove("party"));
    let party = party.as_ref().and_then(Value::as_str).map(ToOwned::to_owned);
    let key = PrivateJwk::from_json(&json).with_context(|| format!("{} is no private key", path.display()))?;
    Ok((key, party))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
