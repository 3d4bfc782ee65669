//! `claimgate log`: the public log of packets, checked by its operator or by anyone with a copy of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use claimgate_packet::log::checkpoint::{Checkpoint, LogKey};
use claimgate_packet::log::tile::{TileId, Wanted};
use claimgate_packet::log::tree::{Subtree, whole};
use claimgate_packet::log::{Hash, leaf_hash};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Ending, print, say};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::flows::log::{LogCheck, check};
use crate::id::Random;

/// Check the public log of packets.
#[derive(Debug, Subcommand)]
pub(super) enum Log {
    /// Check that every packet, tile and checkpoint of the log agrees. Exit code 3: it does not.
    Verify(Verify),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claimgate log verify                                  the gateway's own database\n  \
    claimgate log verify --archive ./log --trust keys.json                            a copy\n  \
    claimgate log verify --archive ./log --trust keys.json --since june.checkpoint    and that June is still in it\n\n\
    A copy holds `checkpoint` and `tile/entries/…` under the names they have below /log."
)]
pub(super) struct Verify {
    /// A folder with a copy of the log.
    #[arg(long, value_name = "FOLDER", requires = "trust")]
    archive: Option<PathBuf>,
    /// The gateway's packet keys: /.well-known/claim-packet-keys; they name the log's key.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// An earlier checkpoint that the log must still begin with. May be given more than once.
    #[arg(long, value_name = "FILE", requires = "archive")]
    since: Vec<PathBuf>,
}

impl Log {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, ConfigError>) -> anyhow::Result<Ending> {
        let Self::Verify(verify) = self;
        match (&verify.archive, &verify.trust) {
            (Some(archive), Some(trust)) => verify_copy(archive, &key(trust)?, &verify.since),
            _ => verify_own(config()?).await,
        }
    }
}

async fn verify_own(config: Config) -> anyhow::Result<Ending> {
    let issuer = config.gateway.base_url.clone();
    let app = App::open(config, issuer, Clock::system(), Random::system()).await?;
    let found = check(&app.engine.store, app.engine.log.public()).await?;
    app.engine.store.close().await;
    if matches!(found, LogCheck::Whole { .. }) {
        print(format_args!("{found}"));
        return Ok(Ending::Done);
    }
    say(format_args!("{found}"));
    Ok(Ending::Refused)
}

fn verify_copy(archive: &Path, key: &LogKey, since: &[PathBuf]) -> anyhow::Result<Ending> {
    let open = |path: &Path| -> anyhow::Result<Checkpoint> {
        let note = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Checkpoint::open(&note, key).with_context(|| format!("{}", path.display()))
    };
    let newest = open(&archive.join("checkpoint"))?;
    let mut leaves = Vec::new();
    let tiles = newest.size.div_ceil(256);
    for number in 0..tiles {
        let width = TileId { level: 0, number }.width(newest.size);
        leaves.extend(entries(archive, number, width)?.iter().map(|entry| leaf_hash(entry)));
    }
    let mut whole_and_said = vec![(archive.join("checkpoint"), newest.clone())];
    for path in since {
        whole_and_said.push((path.clone(), open(path)?));
    }
    for (path, said) in &whole_and_said {
        if said.size > newest.size {
            say(format_args!("{}: {} packets, the copy holds only {}", path.display(), said.size, newest.size));
            return Ok(Ending::Refused);
        }
        if whole(said.size).hash(|one| root(&leaves, one)) != Some(said.root) {
            say(format_args!("{}: its {} packets are not those of the copy", path.display(), said.size));
            return Ok(Ending::Refused);
        }
    }
    print(format_args!("{}: {} packets, {} checkpoints consistent", newest.origin, newest.size, whole_and_said.len()));
    Ok(Ending::Done)
}

fn entries(archive: &Path, number: u64, width: usize) -> anyhow::Result<Vec<Hash>> {
    // A partial bundle may have become a full one since the checkpoint.
    let name = |width| archive.join("tile").join(Wanted::Entries(number, width).to_string());
    let path = if name(width).is_file() { name(width) } else { name(256) };
    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let (records, rest) = bytes.as_chunks::<34>();
    let hashes: Option<Vec<Hash>> =
        records.iter().map(|[high, low, entry @ ..]| (*high == 0 && *low == 32).then_some(*entry)).collect();
    match hashes.filter(|hashes| rest.is_empty() && hashes.len() >= width) {
        Some(mut hashes) => {
            hashes.truncate(width);
            Ok(hashes)
        }
        None => bail!("{} is no bundle of {width} entries", path.display()),
    }
}

fn root(leaves: &[Hash], one: Subtree) -> Option<Hash> {
    let first = usize::try_from(one.index << one.level).ok()?;
    let mut row = leaves.get(first..first.checked_add(1 << one.level)?)?.to_vec();
    while row.len() > 1 {
        let (pairs, _) = row.as_chunks::<2>();
        row = pairs.iter().map(|[left, right]| claimgate_packet::log::node_hash(left, right)).collect();
    }
    row.first().copied()
}

/// The log's key, from the document that publishes the packet keys.
pub(super) fn key(trust: &Path) -> anyhow::Result<LogKey> {
    let text = std::fs::read(trust).with_context(|| format!("{} cannot be read", trust.display()))?;
    let document: Value = serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", trust.display()))?;
    let text = document.get("log").and_then(Value::as_str);
    let text = text.with_context(|| format!("{} names no log key (member \"log\")", trust.display()))?;
    LogKey::parse(text).with_context(|| format!("{}, member \"log\"", trust.display()))
}
