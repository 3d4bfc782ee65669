//! The public log (透明日誌): checkpoints as it grows, tiles and proofs as they are asked for, and its whole check.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use claimgate_packet::log::checkpoint::{Checkpoint, LogKey, LogSigner};
use claimgate_packet::log::proof::LogProof;
use claimgate_packet::log::tile::{TileId, WIDTH, Wanted};
use claimgate_packet::log::tree::{self, Range};
use claimgate_packet::log::{Hash, leaf_hash};
use jiff::Timestamp;

use super::{Engine, Fault};
use crate::core::change::{Change, Write};
use crate::id::DeliveryId;
use crate::party::PartyId;
use crate::store::Store;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum NotProven {
    /// No such delivery.
    #[error("not found")]
    NotFound,
    /// Its packet is not under a checkpoint yet; it is within ten seconds.
    #[error("not under a checkpoint yet")]
    Pending,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a whole check of the log found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogCheck {
    /// All entries and checkpoints agree: how many of each.
    Whole {
        /// Entries.
        entries: u64,
        /// Checkpoints.
        checkpoints: u64,
    },
    /// The checkpoint of that size does not follow from the entries, or is not signed by the log's key.
    Checkpoint(u64),
    /// A stored tile does not follow from the entries.
    Tile(TileId),
    /// That many stored packets are not the logged ones.
    Packets(i64),
}

impl fmt::Display for LogCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { entries, checkpoints } => {
                write!(f, "public log: {entries} packets under {checkpoints} checkpoints, all consistent")
            }
            Self::Checkpoint(size) => {
                write!(f, "public log: the checkpoint of size {size} does not fit the entries or the log's key")
            }
            Self::Tile(tile) => {
                write!(f, "public log: tile {} of level {} does not fit the entries", tile.number, tile.level)
            }
            Self::Packets(count) => write!(f, "public log: {count} stored packets are not the logged ones"),
        }
    }
}

impl Engine {
    /// Signs a checkpoint if the log has grown; `true` if it had.
    ///
    /// # Errors
    /// The database is away.
    pub async fn checkpoint(&self) -> Result<bool, Fault> {
        checkpoint(&self.store, &self.log, self.now()).await
    }

    /// The proof that the packet of a delivery stands in the log.
    ///
    /// # Errors
    /// See [`NotProven`].
    pub async fn log_proof(&self, insurer: &PartyId, id: DeliveryId) -> Result<LogProof, NotProven> {
        let fault = |error| NotProven::Fault(Fault::Store(error));
        let leaf = self.store.log_leaf(insurer, id).await.map_err(fault)?.ok_or(NotProven::NotFound)?;
        let index = leaf.position.ok_or(NotProven::Pending)?;
        prove(&self.store, index).await?.ok_or(NotProven::Pending)
    }

    /// The bytes below the log's address; nothing where the newest checkpoint does not reach.
    ///
    /// # Errors
    /// The database is away.
    pub async fn log_bytes(&self, wanted: Wanted) -> Result<Option<Vec<u8>>, Fault> {
        let Some((size, _)) = self.store.log_checkpoint().await? else { return Ok(None) };
        let (tile, width) = match wanted {
            Wanted::Hashes(tile, width) => (tile, width),
            Wanted::Entries(number, width) => (TileId { level: 0, number }, width),
        };
        if width > tile.width(size) {
            return Ok(None);
        }
        let hashes = match wanted {
            Wanted::Hashes(..) => self.store.log_tile(tile).await?,
            Wanted::Entries(number, _) => self.store.log_entries(number.saturating_mul(256), width).await?,
        };
        let hashes = hashes.get(..width).ok_or(Fault::Stored("log"))?;
        Ok(Some(match wanted {
            Wanted::Hashes(..) => hashes.concat(),
            // Each entry after its length in two bytes.
            Wanted::Entries(..) => hashes.iter().flat_map(|entry| [&[0, 32], entry.as_slice()].concat()).collect(),
        }))
    }
}

/// Signs a checkpoint if the log has grown, or if the newest is not under the log's present name.
///
/// # Errors
/// The database is away.
pub async fn checkpoint(store: &Store, signer: &LogSigner, now: Timestamp) -> Result<bool, Fault> {
    let size = store.log_size().await?;
    let newest = store.log_checkpoint().await?;
    if newest.is_some_and(|(known, note)| known == size && Checkpoint::open(&note, signer.public()).is_ok()) {
        return Ok(false);
    }
    let root = hashes(store, &[tree::whole(size)]).await?.pop().ok_or(Fault::Stored("log"))?;
    let note = signer.sign(size, &root).map_err(|_| Fault::Stored("log key"))?;
    let mut change = Change::new("checkpoint");
    change.push(Write::Checkpoint(size, note, now));
    store.commit(change).await?;
    Ok(true)
}

/// The proof of one entry under the newest checkpoint; nothing where that does not reach it.
///
/// # Errors
/// The database is away.
pub async fn prove(store: &Store, index: u64) -> Result<Option<LogProof>, Fault> {
    let Some((size, checkpoint)) = store.log_checkpoint().await? else { return Ok(None) };
    let Some(path) = tree::inclusion(index, size) else { return Ok(None) };
    Ok(Some(LogProof { index, path: hashes(store, &path).await?, checkpoint }))
}

/// Checks the whole log of a database: entries against packets, tiles and every checkpoint.
///
/// # Errors
/// The database is away.
pub async fn check(store: &Store, key: &LogKey) -> Result<LogCheck, Fault> {
    let beside = store.packets_beside_the_log().await?;
    if beside > 0 {
        return Ok(LogCheck::Packets(beside));
    }
    let (mut rows, mut checkpoints, mut at): (Vec<Vec<Hash>>, u64, u64) = (vec![Vec::new()], 0, 0);
    loop {
        let page = store.log_checkpoints(at, 256).await?;
        let Some((last, _)) = page.last() else { break };
        let last = *last;
        for (size, note) in page {
            grow(store, &mut rows, (at, size)).await?;
            at = size;
            let known = |one: tree::Subtree| node(&rows, one);
            let root = tree::whole(size).hash(known);
            // An earlier name of the gateway is an earlier name of its log.
            let key = key.named(note.lines().next().unwrap_or_default()).ok();
            let said = key.and_then(|key| Checkpoint::open(&note, &key).ok());
            if said.is_none_or(|said| said.size != size || Some(said.root) != root) {
                return Ok(LogCheck::Checkpoint(size));
            }
            checkpoints += 1;
        }
        at = last;
    }
    grow(store, &mut rows, (at, store.log_size().await?)).await?;
    for (level, row) in (0_u32..).zip(&rows) {
        for (number, hashes) in (0_u64..).zip(row.chunks(WIDTH)) {
            let id = TileId { level, number };
            if store.log_tile(id).await? != hashes {
                return Ok(LogCheck::Tile(id));
            }
        }
    }
    let entries = rows.first().map_or(0, |row| u64::try_from(row.len()).unwrap_or(0));
    Ok(LogCheck::Whole { entries, checkpoints })
}

/// Adds the entries of a range to rows of hashes, one row for each level of tiles.
async fn grow(store: &Store, rows: &mut Vec<Vec<Hash>>, (mut from, to): (u64, u64)) -> Result<(), Fault> {
    while from < to {
        let wanted = usize::try_from(to - from).unwrap_or(usize::MAX).min(1_024);
        let entries = store.log_entries(from, wanted).await?;
        if entries.is_empty() {
            return Err(Fault::Stored("log entry"));
        }
        from += u64::try_from(entries.len()).unwrap_or(0);
        add(rows, 0, entries.iter().map(|entry| leaf_hash(entry)));
    }
    Ok(())
}

fn add(rows: &mut Vec<Vec<Hash>>, level: usize, hashes: impl Iterator<Item = Hash>) {
    let mut above = Vec::new();
    if rows.len() <= level {
        rows.resize(level + 1, Vec::new());
    }
    let Some(row) = rows.get_mut(level) else { return };
    for hash in hashes {
        row.push(hash);
        if row.len() % WIDTH == 0 {
            let full = row.rchunks(WIDTH).next().and_then(claimgate_packet::log::tile::full_root);
            above.extend(full);
        }
    }
    if !above.is_empty() {
        add(rows, level + 1, above.into_iter());
    }
}

fn node(rows: &[Vec<Hash>], one: tree::Subtree) -> Option<Hash> {
    let tile = one.tile();
    let row = rows.get(usize::try_from(tile.level).ok()?)?;
    let first = usize::try_from(tile.number).ok()?.checked_mul(WIDTH)?;
    let hashes = row.get(first..)?;
    one.within(hashes.get(..hashes.len().min(WIDTH))?)
}

/// The hashes of ranges, from as few tiles as hold them.
async fn hashes(store: &Store, ranges: &[Range]) -> Result<Vec<Hash>, Fault> {
    let mut tiles = BTreeMap::new();
    for one in ranges.iter().flat_map(Range::subtrees) {
        if let Entry::Vacant(place) = tiles.entry(one.tile()) {
            place.insert(store.log_tile(one.tile()).await?);
        }
    }
    let known = |one: tree::Subtree| one.within(tiles.get(&one.tile())?);
    ranges.iter().map(|range| range.hash(known).ok_or(Fault::Stored("log"))).collect()
}

#[cfg(test)]
mod tests;
