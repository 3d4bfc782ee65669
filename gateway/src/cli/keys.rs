//! `claimgate keys`.

use std::path::{Path, PathBuf};

use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use clap::{Subcommand, ValueEnum};
use jiff::SignedDuration;
use serde_json::json;

use super::{Ending, print, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::id::Random;
use crate::keys::ring::{self, KeyRing, SigningUse};
use crate::party::PartyId;

/// Make and list keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a key. A running gateway publishes its new key within 30 seconds; it signs ten minutes after it was made,
    /// so that everyone who cached the old list has seen it.
    #[command(
        after_help = "Examples:\n  claimgate keys new packet                          a signing key of the gateway\n  \
        claimgate keys new hospital --party hospital-cgh --out ./keys   a hospital's key pair and public JWKS\n  \
        claimgate keys new insurer --party insurer-abc --out ./keys     an insurer's two key pairs and public JWKS"
    )]
    New {
        /// What the key is for.
        kind: Kind,
        /// For hospital, insurer and app: the party's id.
        #[arg(long)]
        party: Option<PartyId>,
        /// For hospital, insurer and app: the folder to write to.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// List the gateway's signing keys.
    List,
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
}

impl Keys {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<Ending> {
        match self {
            Self::New { kind, party, out } => create(config, kind, party, &out)?,
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
            return create_own(config, usage);
        }
        Kind::Hospital => vec![("sig", pair(KeyUse::Sig, KeyAlg::Es384)?)],
        Kind::App => vec![("sig", pair(KeyUse::Sig, KeyAlg::Es256)?)],
        Kind::Insurer => {
            vec![("sig", pair(KeyUse::Sig, KeyAlg::Es256)?), ("enc", pair(KeyUse::Enc, KeyAlg::EcdhEsA256kw)?)]
        }
    };
    let party = party.ok_or_else(|| anyhow::anyhow!("--party is missing: the id the party is registered with"))?;
    std::fs::create_dir_all(out)?;
    for (usage, key) in &pairs {
        let path = out.join(format!("{party}.{usage}.json"));
        let mut json = key.to_json();
        if let Some(members) = json.as_object_mut() {
            members.insert("party".to_owned(), json!(party.as_str()));
        }
        ring::write_secret(&path, json.to_string().as_bytes())?;
        say(format_args!("{} (private: keep it)", path.display()));
    }
    let public = JwkSet(pairs.iter().map(|(_, key)| key.public()).collect()).to_json();
    let path = out.join(format!("{party}.jwks.json"));
    std::fs::write(&path, public.to_string())?;
    say(format_args!("{} (public: goes into the registration as \"jwks\")", path.display()));
    Ok(())
}

fn create_own(config: &Config, usage: SigningUse) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let dir = config.keys_dir();
    ring::ensure(config, &Random::system(), now)?;
    let first = KeyRing::load(&dir)?.keys(usage).len() < 2;
    let kid = ring::create_signing_key(&dir, usage, now + SignedDuration::from_mins(10))?;
    print(format_args!("{} key {kid}", usage.as_str()));
    say(format_args!(
        "A running server publishes it within 30 seconds; it signs from ten minutes after now. The old keys stay published."
    ));
    if first {
        say(format_args!("Keep the old file: packets it signed are verified with it."));
    }
    Ok(())
}

fn list(config: &Config) -> anyhow::Result<()> {
    let ring = KeyRing::load(&config.keys_dir())?;
    let now = Clock::system().now();
    for usage in [SigningUse::Packet, SigningUse::Token] {
        let signing = ring.signing(usage, now).map(|key| key.public().kid.clone()).ok();
        for key in ring.keys(usage) {
            let public = key.public();
            let mark = if signing.as_deref() == Some(&public.kid) { "signs now" } else { "" };
            let from = public.not_before.map(|at| at.to_string()).unwrap_or_default();
            print(format_args!("{:<7} {} {from:<20} {mark}", usage.as_str(), public.kid));
        }
    }
    Ok(())
}
