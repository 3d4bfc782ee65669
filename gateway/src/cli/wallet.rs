//! `claimgate wallet`: what wallets present, judged at the desk, without a gateway and without a wallet; and whose credentials
//! count.

use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_adapters::wallet::cases::{Verdict, judge, judge_one};
use claimgate_adapters::wallet::key::Keys;
use claimgate_adapters::wallet::verify::binding::Proof;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::police::bounded;
use super::{Ending, print};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};

mod trust;

/// Bytes of a file of cases, of one token, of a key set.
const CASES: usize = 16 << 20;
const TOKEN: usize = 1 << 20;
const KEYS: usize = 1 << 20;

/// Check what wallets (數位憑證皮夾) present.
#[derive(Debug, Subcommand)]
pub(super) enum Wallet {
    /// Verify the presentations of a file of cases, or one SD-JWT by a key set.
    ///
    /// A verdict is no failure: the exit code is 0 whenever everything could be judged.
    #[command(after_help = "Examples:\n  claimgate wallet verify --cases presentations.json\n  \
        claimgate wallet verify --json --sd-jwt token.txt --trust issuer.jwks --nonce n-0S6_WzA2Mj --audience x509_hash:…\n\n\
        docs/wallet.md says what a case holds and what each reason means.")]
    Verify(Verify),
    /// Look after the trusted issuers of credentials.
    #[command(subcommand)]
    Trust(trust::Trust),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The cases: the request, the issuer, status lists and presentations (TWDIW).
    #[arg(long, value_name = "FILE", required_unless_present = "sd_jwt", conflicts_with = "sd_jwt")]
    cases: Option<PathBuf>,
    /// One SD-JWT (RFC 9901), with or without the holder's proof.
    #[arg(long, value_name = "FILE", requires = "trust")]
    sd_jwt: Option<PathBuf>,
    /// The issuer's keys, as a key set (JWKS).
    #[arg(long, value_name = "JWKS", conflicts_with = "cases")]
    trust: Option<PathBuf>,
    /// Ask for a holder's proof (KB-JWT) with this nonce.
    #[arg(long, value_name = "TEXT", requires = "audience", conflicts_with = "cases")]
    nonce: Option<String>,
    /// Ask for a holder's proof made for this verifier.
    #[arg(long, value_name = "TEXT", requires = "nonce", conflicts_with = "cases")]
    audience: Option<String>,
    /// Judge as of this time (RFC 3339) instead of now; a file of cases has its own.
    #[arg(long, value_name = "TIME", conflicts_with = "cases")]
    at: Option<Timestamp>,
}

impl Wallet {
    pub(super) async fn run(self, config: impl Fn() -> Result<Config, ConfigError>) -> anyhow::Result<Ending> {
        let verify = match self {
            Self::Verify(verify) => verify,
            Self::Trust(trust) => return trust.run(config()?).await,
        };
        let verdicts = match (&verify.cases, &verify.sd_jwt, &verify.trust) {
            (Some(cases), ..) => judge(&bounded(cases, CASES)?)?,
            (None, Some(token), Some(trust)) => vec![verify.one(token, trust)?],
            (None, ..) => return Ok(Ending::Misused),
        };
        if verify.json {
            print(format_args!("{}", serde_json::to_string_pretty(&verdicts)?));
        } else {
            verdicts.iter().for_each(show);
        }
        Ok(Ending::Done)
    }
}

impl Verify {
    fn one(&self, token: &Path, trust: &Path) -> anyhow::Result<Verdict> {
        let keys = Keys::from_jwks(&bounded(trust, KEYS)?);
        let keys = keys.with_context(|| format!("{} is no key set (RFC 7517)", trust.display()))?;
        let bytes = bounded(token, TOKEN)?;
        // What is no text is no SD-JWT either: it is judged, and refused as malformed.
        let text = String::from_utf8_lossy(&bytes);
        let proof = match (&self.nonce, &self.audience) {
            (Some(nonce), Some(audience)) => Some(Proof { nonce, audience, transactions: &[] }),
            _ => None,
        };
        let now = self.at.unwrap_or_else(|| Clock::system().now());
        let id = token.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Verdict { id, ..judge_one(&text, keys, proof, now) })
    }
}

fn show(verdict: &Verdict) {
    let what = verdict.reason.map_or_else(|| verdict.claims.join(", "), str::to_owned);
    print(format_args!("{:<32} {:<6} {what}", verdict.id, verdict.verdict));
}
