//! Webhooks in the database: endpoints, messages under a lease, attempts. Messages are born with a delivery's position.

use claimgate_adapters::insurer::webhook::EventKind;
use jiff::Timestamp;

use super::StoreError;
use super::inserts::pieces;
use super::rows::{DuePush, parse, time};
use super::sql::{Builder, Connection, query, query_as};
use super::written::{millis, one};
use crate::core::push::{AttemptRow, EndpointRow, Next, PushWrite, Selection, Span, Whose};
use crate::id::DeliveryId;
use crate::party::PartyId;

/// Writes one row for webhooks.
pub(super) async fn apply(tx: &mut Connection, write: &PushWrite) -> Result<(), StoreError> {
    match write {
        PushWrite::Endpoint(row) => endpoint(tx, row).await,
        PushWrite::Attempt(row) => attempt(tx, row).await,
        PushWrite::Redrive(party, selection, span, at) => redrive(tx, party, (*selection, *span), *at).await,
    }
}

/// The messages of deliveries that have just got their positions, where their recipients have an endpoint.
pub(super) async fn announce(tx: &mut Connection, deliveries: &[String]) -> Result<(), StoreError> {
    for piece in pieces(deliveries) {
        let mut sql = Builder::new(
            "-- push::announce
            insert into webhook (id, party_id, delivery_id, claim_id, kind, ordinal, state, tries, due_at, fence,
                created_at)
            select d.id || '_ready', d.party_id, d.id, d.claim_id, 'delivery.ready', 2 * d.position, 'due', 0,
                d.created_at, 0, d.created_at
            from delivery d join endpoint e on e.party_id = d.party_id where d.state = 'ready' and d.id in (",
        );
        let mut list = sql.separated(", ");
        for delivery in piece {
            list.push_bind(delivery);
        }
        sql.push(")");
        sql.build().execute(&mut *tx).await?;
    }
    Ok(())
}

/// The message that a delivery was withdrawn, where its recipient was or will be told that it is there.
pub(super) async fn announce_withdrawal(
    tx: &mut Connection,
    delivery: DeliveryId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "-- push::announce_withdrawal
        insert into webhook (id, party_id, delivery_id, claim_id, kind, ordinal, state, tries, due_at, fence, created_at)
        select d.id || '_withdrawn', d.party_id, d.id, d.claim_id, 'delivery.withdrawn', 2 * d.position + 1, 'due', 0,
            $2, 0, $2
        from delivery d join endpoint e on e.party_id = d.party_id where d.id = $1 and d.position is not null";
    query(sql).bind(delivery.to_string()).bind(millis(at)).execute(tx).await?;
    Ok(())
}

async fn endpoint(tx: &mut Connection, row: &EndpointRow) -> Result<(), StoreError> {
    let sql = "-- push::endpoint
        insert into endpoint (party_id, url, content, secrets, state, failures, version, created_at, changed_at)
        select $1, $2, $3, $4, $5, 0, 1, $7, $7 where $6 = 0
            or exists (select 1 from endpoint where party_id = $1 and version = $6)
        on conflict (party_id) do update set url = excluded.url, content = excluded.content,
            secrets = excluded.secrets, state = excluded.state, failures = 0, failing_since = null, rest_until = null,
            version = endpoint.version + 1, changed_at = excluded.changed_at where endpoint.version = $6";
    let written = query(sql)
        .bind(row.party.as_str())
        .bind(&row.url)
        .bind(row.content.as_str())
        .bind(&row.secrets)
        .bind(row.state.as_str())
        .bind(row.version)
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one("endpoint", written)
}

async fn attempt(tx: &mut Connection, row: &AttemptRow) -> Result<(), StoreError> {
    let at = millis(row.at);
    let (state, due, done) = match row.next {
        Next::Done | Next::Moot => ("done", None, Some(at)),
        Next::Again { due, .. } => ("due", Some(millis(due)), None),
        Next::Dead => ("dead", None, Some(at)),
        Next::Off(_) => ("due", Some(at), None),
    };
    let sql = "-- push::attempted
        update webhook set state = $3, tries = tries + 1,
            first_try = case when $7 = 1 then null else coalesce(first_try, $4) end,
            due_at = coalesce($5, due_at), done_at = $6, lease_until = null
        where id = $1 and fence = $2 and state = 'due'";
    let ours = i64::from(row.fault == Some(Whose::Gateway));
    let updated = query(sql).bind(&row.message).bind(row.fence).bind(state).bind(at).bind(due).bind(done).bind(ours);
    one("webhook", updated.execute(&mut *tx).await)?;
    let sql = "-- push::attempt
        insert into webhook_attempt (webhook_id, number, at, millis, status, fault, words)
        select $1, 1 + coalesce(max(number), 0), $2, $3, $4, $5, $6 from webhook_attempt where webhook_id = $1";
    let inserted = query(sql)
        .bind(&row.message)
        .bind(at)
        .bind(row.millis)
        .bind(row.status.map(i64::from))
        .bind(row.fault.map(Whose::as_str))
        .bind(&row.words)
        .execute(&mut *tx)
        .await;
    one("webhook_attempt", inserted)?;
    health(tx, row).await
}

async fn health(tx: &mut Connection, row: &AttemptRow) -> Result<(), StoreError> {
    // Our own faults say nothing of the endpoint either.
    if row.next == Next::Moot || row.fault == Some(Whose::Gateway) {
        return Ok(());
    }
    let (state, rest) = match row.next {
        Next::Done => {
            let sql = "-- push::healthy
                update endpoint set failures = 0, failing_since = null
                where party_id = $1 and version = $2 and failures > 0";
            // A rest stays: this attempt may have begun before the endpoint asked for it.
            query(sql).bind(row.party.as_str()).bind(row.endpoint).execute(tx).await?;
            return Ok(());
        }
        Next::Again { rest, .. } => ("on", rest.map(millis)),
        Next::Dead | Next::Moot => ("on", None),
        Next::Off(state) => (state.as_str(), None),
    };
    let sql = "-- push::unhealthy
        update endpoint set failures = failures + 1, failing_since = coalesce(failing_since, $2),
            rest_until = case when coalesce(rest_until, 0) > $3 then rest_until else $3 end,
            state = $4, version = version + case when $4 = 'on' then 0 else 1 end
        where party_id = $1 and state = 'on' and version = $5";
    query(sql)
        .bind(row.party.as_str())
        .bind(millis(row.at))
        .bind(rest.unwrap_or(0))
        .bind(state)
        .bind(row.endpoint)
        .execute(tx)
        .await?;
    Ok(())
}

async fn redrive(
    tx: &mut Connection,
    party: &PartyId,
    (selection, span): (Selection, Span),
    at: Timestamp,
) -> Result<(), StoreError> {
    // The same id as before: a receiver that has the message already drops it.
    let mut sql = Builder::new(
        "-- push::redrive
        insert into webhook (id, party_id, delivery_id, claim_id, kind, ordinal, state, tries, due_at, fence, created_at)
        select d.id || '_ready', d.party_id, d.id, d.claim_id, 'delivery.ready', 2 * d.position, 'due', 0, ",
    );
    sql.push_bind(millis(at)).push(", 0, ").push_bind(millis(at)).push(" from delivery d where d.state <> 'withdrawn'");
    if selection == Selection::Open {
        sql.push(" and d.state = 'ready'");
    }
    picked(&mut sql, party, selection, span);
    sql.push(
        " on conflict (id) do update set state = 'due', tries = 0, first_try = null, due_at = excluded.due_at,
            done_at = null, lease_until = null, fence = webhook.fence + 1",
    );
    sql.build().execute(&mut *tx).await?;
    // Who was told of a delivery before it was withdrawn is told of that again as well.
    let mut sql =
        Builder::new("-- push::redrive_withdrawn\nupdate webhook set state = 'due', tries = 0, first_try = null");
    sql.push(", done_at = null, lease_until = null, fence = fence + 1, due_at = ").push_bind(millis(at));
    sql.push(" where kind = 'delivery.withdrawn'");
    if selection == Selection::Open {
        sql.push(" and state <> 'done'");
    }
    sql.push(" and delivery_id in (select d.id from delivery d where d.state = 'withdrawn'");
    picked(&mut sql, party, selection, span);
    sql.push(")");
    sql.build().execute(&mut *tx).await?;
    redrive_events(tx, party, selection, at).await
}

/// What an app backend was told of its claims, or was not: from a span of time, or all that did not arrive. Its events have no
/// positions of their own.
async fn redrive_events(
    tx: &mut Connection,
    party: &PartyId,
    selection: Selection,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut sql = Builder::new(
        "-- push::redrive_events
        update webhook set state = 'due', tries = 0, first_try = null, done_at = null, lease_until = null,
            fence = fence + 1, due_at = ",
    );
    sql.push_bind(millis(at)).push(" where kind = 'claim.event' and party_id = ").push_bind(party.as_str());
    match selection {
        Selection::Open => _ = sql.push(" and state <> 'done'"),
        Selection::Between(from, to) => {
            sql.push(" and created_at >= ").push_bind(millis(from));
            sql.push(" and created_at < ").push_bind(millis(to));
        }
        Selection::After(_) | Selection::One(_) => return Ok(()),
    }
    sql.build().execute(tx).await?;
    Ok(())
}

fn picked<'q>(sql: &mut Builder<'q>, party: &'q PartyId, selection: Selection, Span(beyond, to): Span) {
    sql.push(" and d.party_id = ").push_bind(party.as_str());
    sql.push(" and d.position > ").push_bind(beyond).push(" and d.position <= ").push_bind(to);
    match selection {
        Selection::One(id) => _ = sql.push(" and d.id = ").push_bind(id.to_string()),
        Selection::Between(from, to) => {
            sql.push(" and d.created_at >= ")
                .push_bind(millis(from))
                .push(" and d.created_at < ")
                .push_bind(millis(to));
        }
        Selection::After(_) | Selection::Open => {}
    }
}

const BUSY: &str = "-- push::busy
    select count(*) from webhook where party_id = $1 and state = 'due' and lease_until > $2";

fn endpoints_with_work<'q>(now: i64, skip_locked: &'static str) -> Builder<'q> {
    let mut sql = Builder::new("-- push::endpoints_with_work\nselect e.party_id, e.failures from endpoint e");
    sql.push(" where e.state = 'on' and coalesce(e.rest_until, 0) <= ").push_bind(now);
    sql.push(" and exists (select 1 from party p where p.id = e.party_id and p.state = 'live')");
    sql.push(" and exists (select 1 from webhook w where w.party_id = e.party_id and w.state = 'due' and w.due_at <= ");
    sql.push_bind(now).push(")").push(skip_locked);
    sql
}

fn next_of<'q>(
    party: &'q str,
    (now, clock, until): (i64, i64, i64),
    room: i64,
    skip_locked: &'static str,
) -> Builder<'q> {
    let mut sql = Builder::new(
        "-- push::lease
        with picked as (
            select w.id from webhook w where w.state = 'due'
                and not exists (select 1 from webhook b where b.party_id = w.party_id and b.claim_id = w.claim_id
                    and b.state = 'due' and b.ordinal < w.ordinal) and w.party_id = ",
    );
    sql.push_bind(party).push(" and w.due_at <= ").push_bind(now);
    sql.push(" and coalesce(w.lease_until, 0) <= ").push_bind(clock);
    sql.push(" order by w.due_at, w.ordinal limit ").push_bind(room).push(skip_locked);
    sql.push(") update webhook set fence = fence + 1, lease_until = ").push_bind(until);
    sql.push(" where id in (select id from picked) returning id, delivery_id, entry_id, kind, tries, first_try, fence");
    sql
}

/// Takes what is due, endpoint by endpoint, so that a long queue of one cannot hide the others.
pub(super) async fn lease(
    connection: &mut Connection,
    (now, until, at_once): (Timestamp, Timestamp, u32),
) -> Result<Vec<DuePush>, StoreError> {
    let mut tx = connection.begin().await?;
    let clock = tx.lease_clock(millis(now)).await?;
    let until = clock + millis(until) - millis(now);
    let sql = endpoints_with_work(millis(now), tx.skip_locked());
    let ready: Vec<(String, i64)> = sql.build_query_as().fetch_all(&mut *tx).await?;
    let mut leased = Vec::new();
    for (party, failures) in ready {
        // Counted once the endpoint is ours, so that two processes never send it more than one may.
        let (busy,): (i64,) = query_as(BUSY).bind(&party).bind(clock).fetch_one(&mut *tx).await?;
        let room = if failures > 0 { 1 } else { i64::from(at_once) };
        if room > busy {
            leased.extend(lease_of(&mut tx, &party, (millis(now), clock, until), room - busy).await?);
        }
    }
    tx.commit().await?;
    Ok(leased)
}

type LeaseRow = (String, Option<String>, Option<String>, String, i64, Option<i64>, i64);
type HealthRow = (String, String, Vec<u8>, i64, i64, Option<i64>);

async fn lease_of(
    tx: &mut Connection,
    party: &str,
    (now, clock, until): (i64, i64, i64),
    room: i64,
) -> Result<Vec<DuePush>, StoreError> {
    let sql = next_of(party, (now, clock, until), room, tx.skip_locked());
    let rows: Vec<LeaseRow> = sql.build_query_as().fetch_all(&mut *tx).await?;
    let sql = "-- push::endpoint_health
        select url, content, secrets, version, failures, failing_since from endpoint where party_id = $1";
    let (url, content, secrets, version, failures, failing): HealthRow =
        query_as(sql).bind(party).fetch_one(&mut *tx).await?;
    let failing_since = failing.map(|at| time("endpoint", "failing_since", at)).transpose()?;
    rows.into_iter()
        .map(|(message, delivery, entry, kind, tries, first_try, fence)| {
            Ok(DuePush {
                message,
                party: parse("endpoint", "party_id", party)?,
                delivery: delivery.map(|id| parse("webhook", "delivery_id", &id)).transpose()?,
                entry: entry.map(|id| parse("webhook", "entry_id", &id)).transpose()?,
                kind: kind
                    .parse::<EventKind>()
                    .map_err(|()| StoreError::Inconsistent { table: "webhook", column: "kind" })?,
                fence,
                tries: u32::try_from(tries).unwrap_or(u32::MAX),
                first_try: first_try.map(|at| time("webhook", "first_try", at)).transpose()?,
                url: url.clone(),
                content: parse("endpoint", "content", &content)?,
                secrets: secrets.clone(),
                version,
                failures: u32::try_from(failures).unwrap_or(u32::MAX),
                failing_since,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
