//! What operators list: bounded, by cursor. Ids, words and times; nothing of a claim's content.

use jiff::Timestamp;
use serde_json::Value;

use super::super::rows::{EndpointView, parse, time};
use super::super::sql::query_as;
use super::super::written::millis;
use super::super::{Store, StoreError};
use super::party;
use crate::id::DeliveryId;
use crate::party::{Party, PartyId, PartyState, Role};

type AuditRow = (i64, String, i64, String, String, String, String);
type DeadRow = (String, String, String, String, i64, Option<i64>, i64);
type EndpointRow = (String, String, String, String, i64, Option<i64>, i64, i64, i64, i64);

/// Which parties.
#[derive(Clone, Debug, Default)]
pub struct PartyQuery {
    /// Only of this role.
    pub role: Option<Role>,
    /// Only in this state.
    pub state: Option<PartyState>,
    /// Only those after this id.
    pub after: String,
    /// At most so many.
    pub limit: i64,
}

/// Which lines of the audit trail.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only beyond this position.
    pub after: i64,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only of this thing.
    pub subject: Option<String>,
    /// At most so many.
    pub limit: i64,
}

/// A line of the audit trail.
#[derive(Clone, Debug)]
pub struct AuditLineRead {
    /// Its place.
    pub position: i64,
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Further ids.
    pub detail: Value,
}

/// A message that was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Its id.
    pub message: String,
    /// Whose.
    pub party: PartyId,
    /// The delivery it tells of.
    pub delivery: String,
    /// What it tells.
    pub kind: String,
    /// Attempts made.
    pub tries: i64,
    /// When the first one was.
    pub first_try: Option<Timestamp>,
    /// When it was given up.
    pub given_up: Timestamp,
}

impl Store {
    /// Parties by id.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn parties_page(&self, which: &PartyQuery) -> Result<Vec<Party>, StoreError> {
        let sql = "-- operate::parties
            select document, state, version from party
            where id > $1 and ($2 is null or role = $2) and ($3 is null or state = $3) order by id limit $4";
        let rows: Vec<(String, String, i64)> = query_as(sql)
            .bind(&which.after)
            .bind(which.role.map(Role::as_str))
            .bind(which.state.map(PartyState::as_str))
            .bind(which.limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(party).collect()
    }

    /// Endpoints by party id; with `failing` only those that have no success, or are switched off for it.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn endpoints_page(
        &self,
        failing: bool,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(PartyId, EndpointView)>, StoreError> {
        let sql = "-- operate::endpoints
            select party_id, url, content, state, failures, failing_since, version, changed_at,
                (select count(*) from webhook w where w.party_id = e.party_id and w.state = 'due'),
                (select count(*) from webhook w where w.party_id = e.party_id and w.state = 'dead')
            from endpoint e
            where party_id > $1 and ($2 = 0 or state in ('failing', 'gone') or (state = 'on' and failures > 0))
            order by party_id limit $3";
        let rows: Vec<EndpointRow> =
            query_as(sql).bind(after).bind(i64::from(failing)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, url, content, state, failures, failing, version, changed, due, dead)| {
                let view = EndpointView {
                    url,
                    content: parse("endpoint", "content", &content)?,
                    secrets: Vec::new(),
                    state: parse("endpoint", "state", &state)?,
                    failures,
                    failing_since: failing.map(|at| time("endpoint", "failing_since", at)).transpose()?,
                    version,
                    changed: time("endpoint", "changed_at", changed)?,
                    due,
                    dead,
                };
                Ok((parse("endpoint", "party_id", &party)?, view))
            })
            .collect()
    }

    /// Messages that were given up, by id.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn dead_letters(
        &self,
        of: Option<&PartyId>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let sql = "-- operate::dead_letters
            select id, party_id, coalesce(delivery_id, entry_id), kind, tries, first_try, coalesce(done_at, created_at) from webhook
            where state = 'dead' and id > $1 and ($2 is null or party_id = $2) order by id limit $3";
        let rows: Vec<DeadRow> =
            query_as(sql).bind(after).bind(of.map(PartyId::as_str)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(message, party, delivery, kind, tries, first, done)| {
                Ok(DeadLetter {
                    message,
                    party: parse("webhook", "party_id", &party)?,
                    delivery,
                    kind,
                    tries,
                    first_try: first.map(|at| time("webhook", "first_try", at)).transpose()?,
                    given_up: time("webhook", "done_at", done)?,
                })
            })
            .collect()
    }

    /// To whom a delivery goes.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn recipient_of(&self, id: DeliveryId) -> Result<Option<PartyId>, StoreError> {
        let sql = "-- operate::recipient_of\nselect party_id from delivery where id = $1";
        let row: Option<(String,)> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(party,)| parse("delivery", "party_id", &party)).transpose()
    }

    /// Lines of the audit trail in the order of their positions.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn audit_lines(&self, which: &AuditQuery) -> Result<Vec<AuditLineRead>, StoreError> {
        let sql = "-- operate::audit_lines
            select position, id, at, actor, action, subject, detail from audit
            where position > $1 and ($2 is null or actor = $2) and ($3 is null or action = $3)
                and ($4 is null or subject = $4) order by position limit $5";
        let rows: Vec<AuditRow> = query_as(sql)
            .bind(which.after)
            .bind(&which.actor)
            .bind(&which.action)
            .bind(&which.subject)
            .bind(which.limit)
            .fetch_all(self.readers())
            .await?;
        let inconsistent = |_| StoreError::Inconsistent { table: "audit", column: "detail" };
        rows.into_iter()
            .map(|(position, id, at, actor, action, subject, detail)| {
                let (at, detail) = (time("audit", "at", at)?, serde_json::from_str(&detail).map_err(inconsistent)?);
                Ok(AuditLineRead { position, id, at, actor, action, subject, detail })
            })
            .collect()
    }

    /// How many deferred steps were due before then and are in nobody's hand, and since when the oldest is.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn overdue_work(&self, before: Timestamp) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let sql = "-- operate::overdue_work
            select count(*), coalesce(min(due_at), 0) from work
            where done_at is null and due_at < $1 and coalesce(lease_until, 0) < $1";
        let (count, oldest): (i64, i64) = query_as(sql).bind(millis(before)).fetch_one(self.readers()).await?;
        if count == 0 { Ok(None) } else { Ok(Some((count, time("work", "due_at", oldest)?))) }
    }
}
