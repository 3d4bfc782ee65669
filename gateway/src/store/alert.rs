//! Alerts in the database, and the mail that tells of them: one row per alert, event and audience, under a lease.

use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::alert::{Alert, AlertWrite, Audience, DueMail, MailEvent, MailNext};
use crate::id::AlertId;
use crate::party::PartyId;

type Row = (String, String, Option<String>, String, String, String, i64, i64, Option<String>, Option<i64>);
type MailRow = (String, String, String, i64, i64);

/// Which alerts.
#[derive(Clone, Debug, Default)]
pub struct AlertQuery {
    /// Closed ones too.
    pub closed: bool,
    /// Only this party's.
    pub party: Option<PartyId>,
    /// Only those after this one.
    pub after: Option<AlertId>,
    /// At most so many.
    pub limit: i64,
}

impl Store {
    /// Alerts, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn alerts(&self, which: &AlertQuery) -> Result<Vec<Alert>, StoreError> {
        let sql = "-- alert::alerts
            select id, kind, party_id, subject, state, detail, since, last_seen, acknowledged_by, closed_at from alert
            where ($1 = 1 or state <> 'closed') and ($2 is null or party_id = $2) and id > $3 order by id limit $4";
        let rows: Vec<Row> = query_as(sql)
            .bind(i64::from(which.closed))
            .bind(which.party.as_ref().map(PartyId::as_str))
            .bind(which.after.map(|id| id.to_string()).unwrap_or_default())
            .bind(which.limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    /// An alert.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        let sql = "-- alert::alert
            select id, kind, party_id, subject, state, detail, since, last_seen, acknowledged_by, closed_at from alert
            where id = $1";
        let row: Option<Row> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// The mails that are due and in nobody's hand.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn due_mails(&self, now: Timestamp, limit: i64) -> Result<Vec<DueMail>, StoreError> {
        let sql = "-- alert::due_mails
            select alert_id, event, audience, fence, tries from alert_mail
            where state = 'due' and due_at <= $1 and coalesce(lease_until, 0) <= $1 order by due_at limit $2";
        let rows: Vec<MailRow> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        let mut due = Vec::with_capacity(rows.len());
        for (id, event, audience, fence, tries) in rows {
            let table = "alert_mail";
            let id = parse(table, "alert_id", &id)?;
            let alert = self.alert(id).await?.ok_or(StoreError::Inconsistent { table, column: "alert_id" })?;
            let (event, audience) = (parse(table, "event", &event)?, parse(table, "audience", &audience)?);
            due.push(DueMail { alert, event, audience, fence, tries });
        }
        Ok(due)
    }
}

fn from_row((id, kind, party, subject, state, detail, since, seen, by, closed): Row) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: parse("alert", "id", &id)?,
        kind: parse("alert", "kind", &kind)?,
        party: party.map(|party| parse("alert", "party_id", &party)).transpose()?,
        subject,
        state: parse("alert", "state", &state)?,
        detail,
        since: time("alert", "since", since)?,
        last_seen: time("alert", "last_seen", seen)?,
        acknowledged_by: by,
        closed: closed.map(|at| time("alert", "closed_at", at)).transpose()?,
    })
}

/// Writes one thing of alerts.
pub(super) async fn apply(tx: &mut Connection, write: &AlertWrite) -> Result<(), StoreError> {
    match write {
        AlertWrite::Open(alert, tell) => open(tx, alert, tell).await,
        AlertWrite::Seen(id, detail, at) => {
            let sql = "-- alert::seen
                update alert set last_seen = $2, detail = $3 where id = $1 and state <> 'closed'";
            query(sql).bind(id.to_string()).bind(millis(*at)).bind(detail).execute(tx).await?;
            Ok(())
        }
        AlertWrite::Close(id, at, tell) => {
            let sql = "-- alert::close
                update alert set state = 'closed', closed_at = $2 where id = $1 and state <> 'closed'";
            if query(sql).bind(id.to_string()).bind(millis(*at)).execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(());
            }
            mails(tx, *id, (MailEvent::Closed, tell), *at).await
        }
        AlertWrite::Acknowledge(id, by, at) => {
            let sql = "-- alert::acknowledge
                update alert set state = 'acknowledged', acknowledged_by = $2, acknowledged_at = $3
                where id = $1 and state = 'open'";
            one("alert", query(sql).bind(id.to_string()).bind(by).bind(millis(*at)).execute(tx).await)
        }
        AlertWrite::LeaseMail(due, until) => {
            let sql = "-- alert::lease_mail
                update alert_mail set lease_until = $5, fence = fence + 1
                where alert_id = $1 and event = $2 and audience = $3 and fence = $4 and state = 'due'";
            let leased = query(sql)
                .bind(due.alert.id.to_string())
                .bind(due.event.as_str())
                .bind(due.audience.as_str())
                .bind(due.fence)
                .bind(millis(*until))
                .execute(tx)
                .await;
            one("alert_mail", leased)
        }
        AlertWrite::Mailed(due, next) => mailed(tx, due, *next).await,
    }
}

async fn open(tx: &mut Connection, alert: &Alert, tell: &[Audience]) -> Result<(), StoreError> {
    let sql = "-- alert::open
        insert into alert (id, kind, party_id, subject, state, detail, since, last_seen)
        values ($1, $2, $3, $4, 'open', $5, $6, $6) on conflict do nothing";
    let opened = query(sql)
        .bind(alert.id.to_string())
        .bind(alert.kind.as_str())
        .bind(alert.party.as_ref().map(PartyId::as_str))
        .bind(&alert.subject)
        .bind(&alert.detail)
        .bind(millis(alert.since))
        .execute(&mut *tx)
        .await?;
    // Another replica may have seen it at the same moment: then it tells of it.
    if opened.rows_affected() == 0 {
        return Ok(());
    }
    mails(tx, alert.id, (MailEvent::Opened, tell), alert.since).await
}

async fn mails(
    tx: &mut Connection,
    id: AlertId,
    (event, tell): (MailEvent, &[Audience]),
    at: Timestamp,
) -> Result<(), StoreError> {
    for audience in tell {
        let sql = "-- alert::mail
            insert into alert_mail (alert_id, event, audience, state, tries, due_at, fence, created_at)
            values ($1, $2, $3, 'due', 0, $4, 0, $4)";
        let inserted = query(sql)
            .bind(id.to_string())
            .bind(event.as_str())
            .bind(audience.as_str())
            .bind(millis(at))
            .execute(&mut *tx)
            .await;
        one("alert_mail", inserted)?;
    }
    Ok(())
}

async fn mailed(tx: &mut Connection, due: &DueMail, next: MailNext) -> Result<(), StoreError> {
    let (state, at, done) = match next {
        MailNext::Done(at) => ("done", at, Some(millis(at))),
        MailNext::Dead(at) => ("dead", at, Some(millis(at))),
        MailNext::Again(at) => ("due", at, None),
    };
    let sql = "-- alert::mailed
        update alert_mail set state = $5, due_at = $6, done_at = $7, tries = tries + 1, lease_until = null
        where alert_id = $1 and event = $2 and audience = $3 and fence = $4 and state = 'due'";
    let written = query(sql)
        .bind(due.alert.id.to_string())
        .bind(due.event.as_str())
        .bind(due.audience.as_str())
        .bind(due.fence)
        .bind(state)
        .bind(millis(at))
        .bind(done)
        .execute(tx)
        .await;
    one("alert_mail", written)
}
