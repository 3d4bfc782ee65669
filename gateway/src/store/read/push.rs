//! Reads about webhooks: a party's endpoint, the attempts for a delivery, a claim's deliveries for its sender.

use super::super::rows::{AttemptView, EndpointView, SentView, parse, time};
use super::super::sql::query_as;
use super::super::{Store, StoreError};
use crate::id::{ClaimId, DeliveryId};
use crate::party::PartyId;

type EndpointRow = (String, String, Vec<u8>, String, i64, Option<i64>, i64, i64, i64, i64);
type AttemptRow = (String, String, i64, i64, i64, Option<i64>, Option<String>, String);
type SentRow = (String, String, String, i64, String, i64, Option<i64>, Option<i64>, Option<String>, String);

impl Store {
    /// A party's endpoint and how many messages wait for it.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn endpoint(&self, party: &PartyId) -> Result<Option<EndpointView>, StoreError> {
        let sql = "-- push::endpoint_of
            select url, content, secrets, state, failures, failing_since, version, changed_at,
                (select count(*) from webhook w where w.party_id = e.party_id and w.state = 'due'),
                (select count(*) from webhook w where w.party_id = e.party_id and w.state = 'dead')
            from endpoint e where party_id = $1";
        let row: Option<EndpointRow> = query_as(sql).bind(party.as_str()).fetch_optional(self.readers()).await?;
        row.map(|(url, content, secrets, state, failures, failing, version, changed, due, dead)| {
            Ok(EndpointView {
                url,
                content: parse("endpoint", "content", &content)?,
                secrets,
                state: parse("endpoint", "state", &state)?,
                failures,
                failing_since: failing.map(|at| time("endpoint", "failing_since", at)).transpose()?,
                version,
                changed: time("endpoint", "changed_at", changed)?,
                due,
                dead,
            })
        })
        .transpose()
    }

    /// The endpoints that are switched off although no operator did it.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn endpoints_failing(&self) -> Result<Vec<PartyId>, StoreError> {
        let sql = "-- push::endpoints_failing
            select party_id from endpoint where state in ('failing', 'gone') order by party_id";
        let rows: Vec<(String,)> = query_as(sql).fetch_all(self.readers()).await?;
        rows.iter().map(|(party,)| parse("endpoint", "party_id", party)).collect()
    }

    /// The last thousand attempts to tell of a recipient's delivery, oldest first; none where it is another's.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn attempts(&self, recipient: &PartyId, id: DeliveryId) -> Result<Vec<AttemptView>, StoreError> {
        let sql = "-- push::attempts
            select w.id, w.kind, a.number, a.at, a.millis, a.status, a.fault, a.words
            from webhook_attempt a join webhook w on w.id = a.webhook_id
            where w.party_id = $1 and w.delivery_id = $2
            order by a.at desc, w.ordinal desc, a.number desc limit 1000";
        let rows: Vec<AttemptRow> =
            query_as(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter().rev().map(attempt).collect()
    }

    /// The deliveries of a hospital's claim: to whom, how far. None where the claim is another's.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn sent(&self, hospital: &PartyId, claim: ClaimId) -> Result<Vec<SentView>, StoreError> {
        let sql = "-- push::sent
            select d.id, d.party_id, d.line, d.revision,
                case when exists (select 1 from delivery_return x where x.delivery_id = d.id) then 'returned'
                    else d.state end, d.created_at, d.left_at, d.acknowledged_at, d.acknowledgement, s.id
            from delivery d join claim c on c.id = d.claim_id
            join submission s on s.claim_id = d.claim_id and s.party_id = d.party_id and s.line = d.line
            where c.hospital_id = $1 and d.claim_id = $2 order by d.created_at, d.id limit 1000";
        let rows: Vec<SentRow> =
            query_as(sql).bind(hospital.as_str()).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, party, line, revision, state, created, left, acknowledged, acknowledgement, submission)| {
                let at = |column, at: Option<i64>| at.map(|at| time("delivery", column, at)).transpose();
                Ok(SentView {
                    id: parse("delivery", "id", &id)?,
                    party: parse("delivery", "party_id", &party)?,
                    line: parse("delivery", "line", &line)?,
                    revision,
                    state: parse("delivery", "state", &state)?,
                    created: time("delivery", "created_at", created)?,
                    left: at("left_at", left)?,
                    acknowledged: at("acknowledged_at", acknowledged)?,
                    acknowledgement,
                    submission: parse("submission", "id", &submission)?,
                })
            })
            .collect()
    }
}

fn attempt((message, kind, number, at, millis, status, fault, words): AttemptRow) -> Result<AttemptView, StoreError> {
    Ok(AttemptView { message, kind, number, at: time("webhook_attempt", "at", at)?, millis, status, fault, words })
}
