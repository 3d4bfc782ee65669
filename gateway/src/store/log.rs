//! The public log's rows: leaves written with their packet, positions and tiles given after the commit, reads for
//! proofs. The first entry stands at position 0.

use claimgate_packet::log::tile::{TileId, WIDTH, full_root};
use claimgate_packet::log::{Hash, leaf_hash};
use jiff::Timestamp;

use super::inserts::pieces;
use super::sql::{Builder, Connection, Target, query, query_as};
use super::written::{exactly, millis};
use super::{Store, StoreError};
use crate::id::DeliveryId;
use crate::party::PartyId;

/// A packet's place in the log.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// Position; none until it was sequenced.
    pub position: Option<u64>,
    /// SHA-256 of the packet's signed part.
    pub entry: Hash,
}

pub(super) async fn checkpoint(tx: &mut Connection, size: u64, note: &str, at: Timestamp) -> Result<(), StoreError> {
    // The log under another name says the same of the same size again.
    let sql = "-- log::checkpoint
        insert into log_checkpoint (size, note, created_at) values ($1, $2, $3)
        on conflict (size) do update set note = excluded.note, created_at = excluded.created_at";
    query(sql).bind(number(size)?).bind(note).bind(millis(at)).execute(tx).await?;
    Ok(())
}

/// Gives positions to the leaves that wait and writes their hashes into the tiles; returns how many.
pub(super) async fn sequence(tx: &mut Connection, batch: i64) -> Result<u64, StoreError> {
    let sql = "-- log::waiting
        select packet_id, entry from log_leaf where position is null order by created_at, packet_id limit $1";
    let waiting: Vec<(String, Vec<u8>)> = query_as(sql).bind(batch).fetch_all(&mut *tx).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut size = size(&mut *tx).await?;
    let mut hashes = Vec::with_capacity(waiting.len());
    let first = size;
    let mut places = Vec::with_capacity(waiting.len());
    for (packet, entry) in waiting {
        places.push((packet, number(size)?));
        hashes.push(leaf_hash(&entry));
        size += 1;
    }
    for piece in pieces(&places) {
        let mut sql = Builder::new("-- log::place\nupdate log_leaf set position = v.column2 from (");
        sql.push_values(piece, |mut row, (packet, place)| {
            row.push_bind(packet).push_bind(place);
        });
        sql.push(") as v where log_leaf.packet_id = v.column1");
        exactly("log_leaf", piece.len(), sql.build().execute(&mut *tx).await)?;
    }
    let mut row = (0, first, hashes);
    while !row.2.is_empty() {
        row = append(tx, row).await?;
    }
    Ok(size - first)
}

async fn size<'c>(connection: impl Into<Target<'c>>) -> Result<u64, StoreError> {
    let sql = "-- log::size\nselect coalesce(max(position) + 1, 0) from log_leaf";
    let (size,): (i64,) = query_as(sql).fetch_one(connection).await?;
    u64::try_from(size).map_err(|_| INCONSISTENT)
}

type Row = (u32, u64, Vec<Hash>);

/// Appends hashes to a level, and gives the hashes that the level above gets by it.
async fn append(tx: &mut Connection, (level, mut at, hashes): Row) -> Result<Row, StoreError> {
    let (width, mut above) = (u64::try_from(WIDTH).unwrap_or(u64::MAX), Vec::new());
    let above_at = at / width;
    let mut rest = hashes.as_slice();
    while !rest.is_empty() {
        let id = TileId { level, number: at / width };
        let mut tile = tile(&mut *tx, id).await?;
        tile.truncate(usize::try_from(at % width).unwrap_or(0));
        let (now, later) = rest.split_at(rest.len().min(WIDTH - tile.len()));
        tile.extend(now);
        rest = later;
        at += u64::try_from(now.len()).unwrap_or(0);
        let sql = "-- log::tile
            insert into log_tile (level, number, hashes) values ($1, $2, $3)
            on conflict (level, number) do update set hashes = excluded.hashes";
        query(sql).bind(i64::from(level)).bind(number(id.number)?).bind(tile.concat()).execute(&mut *tx).await?;
        above.extend(full_root(&tile));
    }
    Ok((level + 1, above_at, above))
}

async fn tile<'c>(connection: impl Into<Target<'c>>, id: TileId) -> Result<Vec<Hash>, StoreError> {
    let sql = "-- log::read_tile\nselect hashes from log_tile where level = $1 and number = $2";
    let row: Option<(Vec<u8>,)> =
        query_as(sql).bind(i64::from(id.level)).bind(number(id.number)?).fetch_optional(connection).await?;
    let bytes = row.map(|(bytes,)| bytes).unwrap_or_default();
    let (hashes, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() { Ok(hashes.to_vec()) } else { Err(INCONSISTENT) }
}

const INCONSISTENT: StoreError = StoreError::Inconsistent { table: "log_tile", column: "hashes" };

fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| INCONSISTENT)
}

impl Store {
    /// How many entries have a position.
    ///
    /// # Errors
    /// The database is away.
    pub async fn log_size(&self) -> Result<u64, StoreError> {
        size(self.readers()).await
    }

    /// The newest checkpoint: its size and the signed note.
    ///
    /// # Errors
    /// The database is away.
    pub async fn log_checkpoint(&self) -> Result<Option<(u64, String)>, StoreError> {
        let sql = "-- log::newest\nselect size, note from log_checkpoint order by size desc limit 1";
        let row: Option<(i64, String)> = query_as(sql).fetch_optional(self.readers()).await?;
        row.map(|(size, note)| Ok((u64::try_from(size).map_err(|_| INCONSISTENT)?, note))).transpose()
    }

    /// Checkpoints beyond a size, smallest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn log_checkpoints(&self, beyond: u64, limit: i64) -> Result<Vec<(u64, String)>, StoreError> {
        let sql = "-- log::checkpoints\nselect size, note from log_checkpoint where size > $1 order by size limit $2";
        let rows: Vec<(i64, String)> =
            query_as(sql).bind(number(beyond)?).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(size, note)| Ok((u64::try_from(size).map_err(|_| INCONSISTENT)?, note))).collect()
    }

    /// The hashes of a tile, as many as there are.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn log_tile(&self, id: TileId) -> Result<Vec<Hash>, StoreError> {
        tile(self.readers(), id).await
    }

    /// Entries from a position on.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn log_entries(&self, from: u64, limit: usize) -> Result<Vec<Hash>, StoreError> {
        let sql = "-- log::entries\nselect entry from log_leaf where position >= $1 order by position limit $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<(Vec<u8>,)> = query_as(sql).bind(number(from)?).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(entry,)| entry.try_into().map_err(|_| INCONSISTENT)).collect()
    }

    /// Where the packet of a recipient's delivery stands in the log.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn log_leaf(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<Leaf>, StoreError> {
        let sql = "-- log::leaf_of_delivery
            select l.position, l.entry from delivery d join log_leaf l on l.packet_id = d.packet_id
            where d.party_id = $1 and d.id = $2 and d.position is not null and d.state <> 'withdrawn'";
        let row: Option<(Option<i64>, Vec<u8>)> =
            query_as(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(position, entry)| {
            Ok(Leaf {
                position: position.and_then(|position| u64::try_from(position).ok()),
                entry: entry.try_into().map_err(|_| INCONSISTENT)?,
            })
        })
        .transpose()
    }

    /// How many packets are not in the log as they are stored: none, unless somebody changed the database.
    ///
    /// # Errors
    /// The database is away.
    pub async fn packets_beside_the_log(&self) -> Result<i64, StoreError> {
        let sql = "-- log::beside
            select count(*) from packet p left join log_leaf l on l.packet_id = p.id
            where l.entry is null or l.entry <> p.manifest_digest";
        let (count,): (i64,) = query_as(sql).fetch_one(self.readers()).await?;
        Ok(count)
    }
}
