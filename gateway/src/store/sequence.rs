//! Positions: given after the commit, in batches, by one process at a time. Readers see only rows with a position.
//!
//! Deliveries get one gapless stream per recipient, ordered by claim revision; the audit trail gets one stream
//! whose every line is bound to the one before it (hash chain); entries of timelines one per reader.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::inserts::pieces;
use super::rows::DueWork;
use super::sql::{Builder, Connection, query, query_as};
use super::written::{exactly, millis};
use super::{StoreError, application, log, mydata, owner, push, registry, timeline, trust, wallet};
use crate::audit;

/// The most rows one batch takes.
const BATCH: i64 = 512;
/// The stream of the audit trail.
const AUDIT: &str = "audit";

/// How much a run of the sequencer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequenced {
    /// Deliveries that can be read now.
    pub deliveries: u64,
    /// Audit lines that are in the chain now.
    pub audit: u64,
    /// Leaves that are in the public log now.
    pub leaves: u64,
    /// Entries of timelines that have a place now.
    pub entries: u64,
    /// Whether more may be waiting.
    pub more: bool,
}

/// What a run did, and whose timelines have grown by it.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) done: Sequenced,
    pub(super) streams: BTreeSet<String>,
}

/// Gives positions; none where another process is doing so.
pub(super) async fn run(connection: &mut Connection) -> Result<Option<Placed>, StoreError> {
    let mut tx = connection.begin().await?;
    // Held until the commit: whoever stands still here loses lock and transaction together, so nothing of what it
    // would have written can come later.
    if !tx.alone().await? {
        return Ok(None);
    }
    let deliveries = deliveries(&mut tx).await?;
    let audit = audit_lines(&mut tx).await?;
    let leaves = log::sequence(&mut tx, BATCH).await?;
    let (entries, streams) = timeline::place(&mut tx, BATCH).await?;
    if deliveries > 0 {
        tx.tell_others().await?;
    }
    tx.tell_of_entries(&streams).await?;
    tx.commit().await?;
    let full = u64::try_from(BATCH).unwrap_or(u64::MAX);
    let more = [deliveries, audit, leaves, entries].into_iter().any(|count| count >= full);
    Ok(Some(Placed { done: Sequenced { deliveries, audit, leaves, entries, more }, streams }))
}

async fn deliveries(tx: &mut Connection) -> Result<u64, StoreError> {
    // A later revision never comes before an earlier one, whatever the clocks of the processes that made them said.
    // Taken out first, by their own index: in the order of the window the whole table would be read.
    let sql = "-- sequence::deliveries
        with unplaced as materialized (select id, party_id, claim_id, line, revision, created_at
            from delivery where position is null and state = 'ready')
        select id, party_id from (select id, party_id, revision, max(created_at)
                over (partition by claim_id, party_id, line order by revision) as since from unplaced) as waiting
        order by since, revision, id limit $1";
    let waiting: Vec<(String, String)> = query_as(sql).bind(BATCH).fetch_all(&mut *tx).await?;
    let mut streams: BTreeMap<String, i64> = BTreeMap::new();
    let (mut ids, mut places) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
    for (id, party) in waiting {
        let position = match streams.entry(format!("delivery:{party}")) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let (position, _) = last(tx, new.key()).await?;
                new.insert(position)
            }
        };
        *position += 1;
        places.push((id.clone(), *position));
        ids.push(id);
    }
    for piece in pieces(&places) {
        let mut sql = Builder::new("-- sequence::place\nupdate delivery set position = v.column2 from (");
        sql.push_values(piece, |mut row, (id, position)| {
            row.push_bind(id).push_bind(position);
        });
        sql.push(") as v where delivery.id = v.column1");
        exactly("delivery", piece.len(), sql.build().execute(&mut *tx).await)?;
    }
    for (stream, position) in streams {
        advance(tx, &stream, position, &[]).await?;
    }
    push::announce(tx, &ids).await?;
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

type AuditRow = (String, i64, String, String, String, String);

async fn audit_lines(tx: &mut Connection) -> Result<u64, StoreError> {
    let sql = "-- sequence::audit
        select id, at, actor, action, subject, detail from audit where position is null order by at, id limit $1";
    let waiting: Vec<AuditRow> = query_as(sql).bind(BATCH).fetch_all(&mut *tx).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (mut position, mut hash) = last(tx, AUDIT).await?;
    let mut chained = Vec::with_capacity(waiting.len());
    for (id, at, actor, action, subject, detail) in waiting {
        let line = audit::Line { id: &id, at, actor: &actor, action: &action, subject: &subject, detail: &detail };
        (position, hash) = (position + 1, line.hash(&hash).to_vec());
        chained.push((id, position, hash.clone()));
    }
    for piece in pieces(&chained) {
        let mut sql =
            Builder::new("-- sequence::chain\nupdate audit set position = v.column2, hash = v.column3 from (");
        sql.push_values(piece, |mut row, (id, position, hash)| {
            row.push_bind(id).push_bind(position).push_bind(hash);
        });
        sql.push(") as v where audit.id = v.column1");
        exactly("audit", piece.len(), sql.build().execute(&mut *tx).await)?;
    }
    advance(tx, AUDIT, position, &hash).await?;
    Ok(u64::try_from(chained.len()).unwrap_or(u64::MAX))
}

/// The last position of a stream, and for the audit trail its hash.
pub(super) async fn last(tx: &mut Connection, stream: &str) -> Result<(i64, Vec<u8>), StoreError> {
    let sql = "-- sequence::stream\nselect position, hash from stream where name = $1";
    let last: Option<(i64, Vec<u8>)> = query_as(sql).bind(stream).fetch_optional(tx).await?;
    Ok(last.unwrap_or_default())
}

pub(super) async fn advance(tx: &mut Connection, stream: &str, position: i64, hash: &[u8]) -> Result<(), StoreError> {
    let sql = "-- sequence::advance
        insert into stream (name, position, hash) values ($1, $2, $3)
        on conflict (name) do update set position = excluded.position, hash = excluded.hash";
    query(sql).bind(stream).bind(position).bind(hash).execute(tx).await?;
    Ok(())
}

pub(super) async fn lease(
    connection: &mut Connection,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<DueWork>, StoreError> {
    registry::begin(connection, now).await?;
    let mut tx = connection.begin().await?;
    let clock = tx.lease_clock(millis(now)).await?;
    let mut sql = Builder::new("-- sequence::lease\nupdate work set fence = fence + 1, lease_until = ");
    sql.push_bind(clock + millis(until) - millis(now));
    sql.push(", due_at = ").push_bind(millis(now));
    sql.push(" + 15000 * (case when fence > 60 then 240 else 1 + 4 * fence end)");
    sql.push(" where id = (select id from work where done_at is null and due_at <= ").push_bind(millis(now));
    sql.push(" and coalesce(lease_until, 0) <= ").push_bind(clock);
    sql.push(" order by due_at limit 1").push(tx.skip_locked()).push(") returning id, claim_id, fence");
    let row: Option<(String, String, i64)> = sql.build_query_as().fetch_optional(&mut *tx).await?;
    tx.commit().await?;
    row.map(DueWork::from_row).transpose()
}

pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let statements = [
        "-- sequence::forget_assertions\ndelete from assertion_use where expires_at < $1",
        "-- sequence::forget_idempotency\ndelete from idempotency where expires_at < $1",
        "-- sequence::forget_codes\ndelete from tracking_code where expires_at < $1",
        // Ninety days later: until then an operator sees what became of it.
        "-- sequence::forget_proposals\ndelete from party_proposal where expires_at + 7776000000 < $1",
    ];
    for sql in statements {
        query(sql).bind(millis(now)).execute(&mut *connection).await?;
    }
    mydata::forget(connection, now).await?;
    trust::forget(connection, now).await?;
    application::forget(connection, now).await?;
    owner::forget(connection, now).await?;
    wallet::forget(connection, now).await
}
