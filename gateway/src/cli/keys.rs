//! `claimgate keys`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use clap::{Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Ending, print, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::id::Random;
use crate::keys::folder::{FolderError, write_secret};
use crate::keys::ring::{self, End, KeyRing, SigningUse};
use crate::party::PartyId;

mod at_rest;

/// Make, list and end keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a key. A running gateway publishes its new key within seconds; it signs ten minutes after it was made,
    /// so that everyone who cached the old list has seen it.
    #[command(
        after_help = "Examples:\n  claimgate keys new packet                          a signing key of the gateway\n  \
        claimgate keys new hospital --party hospital-cgh --out ./keys   a hospital's key pair and public JWKS\n  \
        claimgate keys new insurer --party insurer-abc --out ./keys     an insurer's two key pairs and public JWKS"
    )]
    New {
        /// What the key is for.
        kind: Kind,
        /// For hospital, insurer, app and operator: the party's id.
        #[arg(long)]
        party: Option<PartyId>,
        /// For hospital, insurer, app and operator: the folder to write to.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Make the next signing key of the gateway: published within seconds, signing after ten minutes.
    #[command(after_help = "Examples:\n  claimgate keys rotate packet             once a year or so\n  \
        claimgate keys rotate token --at-once    after a theft; those who cached the old list fetch it again")]
    Rotate {
        /// Whose.
        kind: Own,
        /// Let it sign at once, as after a theft.
        #[arg(long)]
        at_once: bool,
    },
    /// End a signing key as planned. What it signed then counts with a proof of the public log only.
    Retire {
        /// The key's id.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// When; at once where nothing is said. RFC 3339.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
    },
    /// Take a stolen signing key back at once.
    Revoke {
        /// The key's id.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Exchange the master key, in two steps, while gateways serve. A run that was stopped is simply run again.
    RotateAtRest(at_rest::RotateAtRest),
    /// Encrypt private keys that stand in their files in the clear.
    Seal,
    /// List the gateway's signing keys and their states.
    List,
}

/// What a key of the gateway signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Own {
    /// Packets.
    Packet,
    /// Access tokens.
    Token,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Signs the gateway's packets.
    Packet,
    /// Signs the gateway's access tokens.
    Token,
    /// A hospital proves itself with it (ES384, SMART Backend Services).
    Hospital,
    /// An insurer proves itself (ES256) and receives packets (ECDH-ES) with it.
    Insurer,
    /// An app's backend proves itself with it (ES256).
    App,
    /// An operator proves themself with it (ES256).
    Operator,
}

impl Keys {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<Ending> {
        let config = match self {
            Self::RotateAtRest(rotate) => return rotate.run(config).await,
            _ => &config,
        };
        match self {
            Self::RotateAtRest(_) => {}
            Self::New { kind, party, out } => create(config, kind, party, &out)?,
            Self::Rotate { kind, at_once } => {
                let usage = if kind == Own::Packet { SigningUse::Packet } else { SigningUse::Token };
                rotate(config, usage, at_once)?;
            }
            Self::Retire { kid, at } => finish(config, &kid, End::Retire(at.unwrap_or(Clock::system().now())))?,
            Self::Revoke { kid } => finish(config, &kid, End::Revoke(Clock::system().now()))?,
            Self::Seal => seal(config)?,
            Self::List => list(config)?,
        }
        Ok(Ending::Done)
    }
}

fn create(config: &Config, kind: Kind, party: Option<PartyId>, out: &Path) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let pair = |usage, alg| PrivateJwk::generate(usage, alg, None, now);
    let pairs = match kind {
        Kind::Packet | Kind::Token => {
            let usage = if kind == Kind::Packet { SigningUse::Packet } else { SigningUse::Token };
            return rotate(config, usage, false);
        }
        Kind::Hospital => vec![("sig", pair(KeyUse::Sig, KeyAlg::Es384)?)],
        Kind::App | Kind::Operator => vec![("sig", pair(KeyUse::Sig, KeyAlg::Es256)?)],
        Kind::Insurer => {
            vec![("sig", pair(KeyUse::Sig, KeyAlg::Es256)?), ("enc", pair(KeyUse::Enc, KeyAlg::EcdhEsA256kw)?)]
        }
    };
    let party = party.ok_or_else(|| anyhow::anyhow!("--party is missing: the id the party is registered with"))?;
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    for (usage, key) in &pairs {
        let path = out.join(format!("{party}.{usage}.json"));
        let mut json = key.to_json();
        if let Some(members) = json.as_object_mut() {
            members.insert("party".to_owned(), json!(party.as_str()));
        }
        write_secret(&path, json.to_string().as_bytes()).map_err(|error| match error {
            FolderError::Exists { .. } => anyhow::anyhow!("{error}; choose another --out"),
            other => other.into(),
        })?;
        say(format_args!("{} (private: keep it)", path.display()));
    }
    let public = JwkSet(pairs.iter().map(|(_, key)| key.public()).collect()).to_json();
    let path = out.join(format!("{party}.jwks.json"));
    std::fs::write(&path, public.to_string()).with_context(|| format!("{} cannot be written", path.display()))?;
    say(format_args!("{} (public: goes into the registration as \"jwks\")", path.display()));
    Ok(())
}

/// Makes the next signing key of the gateway.
fn rotate(config: &Config, usage: SigningUse, at_once: bool) -> anyhow::Result<()> {
    let (random, now) = (Random::system(), Clock::system().now());
    ring::ensure(config, &random, now)?;
    let (_, folder) = ring::open_folder(config, &random)?;
    let from = if at_once { now } else { now + SignedDuration::from_mins(10) };
    let kid = ring::create_signing_key(&folder, usage, from)?;
    print(format_args!("{} key {kid}", usage.as_str()));
    say(format_args!(
        "A running server publishes it within seconds; it signs from {from}. The old keys stay published:"
    ));
    say(format_args!("what they signed counts as before. To end one: claimgate keys retire KID, or keys revoke KID."));
    Ok(())
}

fn finish(config: &Config, kid: &str, end: End) -> anyhow::Result<()> {
    let (_, folder) = ring::open_folder(config, &Random::system())?;
    ring::end(&folder, kid, end)?;
    print(format_args!("{kid} {}", if matches!(end, End::Retire(_)) { "retired" } else { "revoked" }));
    say(format_args!(
        "A running server knows within seconds. Packets it signed count with a proof of the public log only."
    ));
    let ring = KeyRing::load(&folder)?;
    for usage in SigningUse::ALL {
        if ring.signing(usage, Clock::system().now()).is_err() {
            let word = usage.as_str();
            say(format_args!("No {word} key can sign now: claimgate keys rotate {word} --at-once"));
        }
    }
    Ok(())
}

fn seal(config: &Config) -> anyhow::Result<()> {
    let (_, folder) = ring::open_folder(config, &Random::system())?;
    for path in
        SigningUse::ALL.iter().map(|usage| folder.files(usage.as_str())).collect::<Result<Vec<_>, _>>()?.concat()
    {
        if folder.seal_file(&path)? {
            print(format_args!("{} encrypted", path.display()));
        }
    }
    Ok(())
}

fn list(config: &Config) -> anyhow::Result<()> {
    let (_, folder) = ring::open_folder(config, &Random::system())?;
    let ring = KeyRing::load(&folder)?;
    let now = Clock::system().now();
    for usage in SigningUse::ALL {
        for (key, state) in ring.states(usage, now) {
            let from = key.not_before.map(|at| at.to_string()).unwrap_or_default();
            let until = key.ends().map(|at| format!("until {at}")).unwrap_or_default();
            print(format_args!("{:<7} {} {state:<9} from {from:<20} {until}", usage.as_str(), key.kid));
        }
    }
    Ok(())
}
