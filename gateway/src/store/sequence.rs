//! Positions: given after the commit, in batches, by one process at a time. Readers see only rows with a position.
//!
//! Deliveries get one gapless stream per recipient, ordered by claim revision; the audit trail gets one stream
//! whose every line is bound to the one before it (hash chain).

use jiff::Timestamp;

use super::rows::DueWork;
use super::sql::{Builder, Connection, query, query_as};
use super::written::millis;
use super::{StoreError, log, push, registry, wallet};
use crate::audit;

/// The most rows one batch takes.
const BATCH: i64 = 512;

/// How much a run of the sequencer did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequenced {
    /// Deliveries that can be read now.
    pub deliveries: u64,
    /// Audit lines that are in the chain now.
    pub audit: u64,
    /// Leaves that are in the public log now.
    pub leaves: u64,
    /// Whether more may be waiting.
    pub more: bool,
}

/// Gives positions; none where another process is doing so.
pub(super) async fn run(connection: &mut Connection) -> Result<Option<Sequenced>, StoreError> {
    let mut tx = connection.begin().await?;
    // Held until the commit: whoever stands still here loses lock and transaction together, so nothing of what it
    // would have written can come later.
    if !tx.alone().await? {
        return Ok(None);
    }
    let deliveries = deliveries(&mut tx).await?;
    let audit = audit_lines(&mut tx).await?;
    let leaves = log::sequence(&mut tx, BATCH).await?;
    if deliveries > 0 {
        tx.tell_others().await?;
    }
    tx.commit().await?;
    let full = u64::try_from(BATCH).unwrap_or(u64::MAX);
    Ok(Some(Sequenced { deliveries, audit, leaves, more: deliveries >= full || audit >= full || leaves >= full }))
}

async fn deliveries(tx: &mut Connection) -> Result<u64, StoreError> {
    // A later revision never comes before an earlier one, whatever the clocks of the processes that made them said.
    let sql = "-- sequence::deliveries
        select id, party_id from (select id, party_id, revision, max(created_at)
                over (partition by claim_id, party_id, line order by revision) as since
            from delivery where position is null and state = 'ready') as waiting
        order by since, revision, id limit $1";
    let waiting: Vec<(String, String)> = query_as(sql).bind(BATCH).fetch_all(&mut *tx).await?;
    let mut count = 0;
    for (id, party) in waiting {
        let stream = format!("delivery:{party}");
        let (position, _) = next(tx, &stream, None).await?;
        let sql = "-- sequence::place\nupdate delivery set position = $2 where id = $1";
        query(sql).bind(&id).bind(position).execute(&mut *tx).await?;
        push::announce(tx, &id).await?;
        count += 1;
    }
    Ok(count)
}

type AuditRow = (String, i64, String, String, String, String);

async fn audit_lines(tx: &mut Connection) -> Result<u64, StoreError> {
    let sql = "-- sequence::audit
        select id, at, actor, action, subject, detail from audit where position is null order by at, id limit $1";
    let waiting: Vec<AuditRow> = query_as(sql).bind(BATCH).fetch_all(&mut *tx).await?;
    let mut count = 0;
    for (id, at, actor, action, subject, detail) in waiting {
        let line = audit::Line { id: &id, at, actor: &actor, action: &action, subject: &subject, detail: &detail };
        let (position, hash) = next(tx, "audit", Some(&line)).await?;
        let sql = "-- sequence::chain\nupdate audit set position = $2, hash = $3 where id = $1";
        query(sql).bind(&id).bind(position).bind(hash).execute(&mut *tx).await?;
        count += 1;
    }
    Ok(count)
}

/// The next position of a stream and, for a line, the hash that binds it to the one before.
async fn next(tx: &mut Connection, stream: &str, line: Option<&audit::Line<'_>>) -> Result<(i64, Vec<u8>), StoreError> {
    let sql = "-- sequence::stream\nselect position, hash from stream where name = $1";
    let last: Option<(i64, Vec<u8>)> = query_as(sql).bind(stream).fetch_optional(&mut *tx).await?;
    let (position, before) = last.unwrap_or_default();
    let hash = line.map_or_else(Vec::new, |line| line.hash(&before).to_vec());
    let sql = "-- sequence::advance
        insert into stream (name, position, hash) values ($1, $2, $3)
        on conflict (name) do update set position = excluded.position, hash = excluded.hash";
    query(sql).bind(stream).bind(position + 1).bind(&hash).execute(&mut *tx).await?;
    Ok((position + 1, hash))
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
    wallet::forget(connection, now).await
}
