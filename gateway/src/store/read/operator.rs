//! The only reads that are not scoped to a party: for the operator's commands, the worker, and metrics.

use jiff::Timestamp;
use serde_json::Value;

use super::super::rows::{ClaimHead, EvidenceOfRevision, parse, time};
use super::super::sql::query_as;
use super::super::{Server, Store, StoreError};
use super::{claim_head, party};
use crate::audit;
use crate::id::{ClaimId, EvidenceId};
use crate::party::Party;

type CountsRow = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// How many of each thing there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Parties.
    pub parties: i64,
    /// Claims.
    pub claims: i64,
    /// Evidence documents.
    pub evidence: i64,
    /// Packets.
    pub packets: i64,
    /// Deliveries.
    pub deliveries: i64,
    /// Deliveries nobody has acknowledged.
    pub open_deliveries: i64,
    /// Deferred steps not done.
    pub open_work: i64,
    /// Messages that wait for an endpoint.
    pub waiting_messages: i64,
    /// Endpoints switched off although no operator did it.
    pub failing_endpoints: i64,
    /// Parties whose `jwks_url` did not answer as it should, the last time.
    pub failing_keys: i64,
    /// Alerts that last.
    pub open_alerts: i64,
}

impl Store {
    /// All parties by id.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn parties(&self) -> Result<Vec<Party>, StoreError> {
        let sql = "-- operator::parties\nselect document, state, version from party order by id";
        let rows: Vec<(String, String, i64)> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter().map(party).collect()
    }

    /// A claim by id, for the worker.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn claim(&self, id: ClaimId) -> Result<Option<ClaimHead>, StoreError> {
        let sql = "-- operator::claim
            select c.id, c.hospital_id, c.revision, c.version, k.wrapped, c.barred from claim c
            left join claim_key k on k.claim_id = c.id where c.id = $1";
        let row = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(claim_head).transpose()
    }

    /// The sealed source signatures of a revision of a bundle; none inside where it was not signed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn bundle_signature(&self, claim: ClaimId, revision: i64) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        let sql = "-- operator::bundle_signature\nselect signature from bundle where claim_id = $1 and revision = $2";
        let row: Option<(Option<Vec<u8>>,)> =
            query_as(sql).bind(claim.to_string()).bind(revision).fetch_optional(self.readers()).await?;
        Ok(row.map(|(signature,)| signature))
    }

    /// The newest claim, to see whether the master key fits.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn any_claim(&self) -> Result<Option<ClaimHead>, StoreError> {
        let sql = "-- operator::any_claim
            select c.id, c.hospital_id, c.revision, c.version, k.wrapped, c.barred from claim c
            join claim_key k on k.claim_id = c.id where c.barred is null order by c.id desc limit 1";
        let row = query_as(sql).fetch_optional(self.readers()).await?;
        row.map(claim_head).transpose()
    }

    /// The sealed papers the person of a claim handed in: id and body.
    ///
    /// # Errors
    /// The database is away.
    pub async fn owner_papers(&self, claim: ClaimId) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let sql = "-- operator::owner_papers
            select id, body from evidence where claim_id = $1 and superseded_by is null and kind = 'owner-paper'
            order by id";
        Ok(query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?)
    }

    /// The sealed evidence of a claim that is not superseded: id and body.
    ///
    /// # Errors
    /// The database is away.
    pub async fn current_evidence(&self, claim: ClaimId) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let sql = "-- operator::current_evidence
            select id, body from evidence where claim_id = $1 and superseded_by is null order by revision, id";
        Ok(query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?)
    }

    /// The claim and revision an evidence document belongs to.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn place_of_evidence(&self, id: EvidenceId) -> Result<Option<(ClaimId, i64)>, StoreError> {
        let sql = "-- operator::place_of_evidence\nselect claim_id, revision from evidence where id = $1";
        let row: Option<(String, i64)> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(claim, revision)| Ok((parse("evidence", "claim_id", &claim)?, revision))).transpose()
    }

    /// The sealed evidence made from a revision of a claim, superseded or not, in the order of the bundle's documents.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn evidence_of_revision(
        &self,
        claim: ClaimId,
        revision: i64,
    ) -> Result<Vec<EvidenceOfRevision>, StoreError> {
        let sql = "-- operator::evidence_of_revision
            select id, superseded_by, body from evidence where claim_id = $1 and revision = $2 order by id";
        let rows: Vec<(String, Option<i64>, Vec<u8>)> =
            query_as(sql).bind(claim.to_string()).bind(revision).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, superseded_by, body)| {
                Ok(EvidenceOfRevision { id: parse("evidence", "id", &id)?, superseded_by, body })
            })
            .collect()
    }

    /// How many of each thing there are.
    ///
    /// # Errors
    /// The database is away.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let sql = "-- operator::counts
            select (select count(*) from party), (select count(*) from claim), (select count(*) from evidence),
                (select count(*) from packet), (select count(*) from delivery),
                (select count(*) from delivery where state = 'ready'),
                (select count(*) from work where done_at is null),
                (select count(*) from webhook where state = 'due'),
                (select count(*) from endpoint where state in ('failing', 'gone')),
                (select count(*) from party_keys where failure is not null),
                (select count(*) from alert where state <> 'closed')";
        let row: CountsRow = query_as(sql).fetch_one(self.readers()).await?;
        let (
            parties,
            claims,
            evidence,
            packets,
            deliveries,
            open_deliveries,
            open_work,
            waiting,
            failing,
            keys,
            alerts,
        ) = row;
        let (waiting_messages, failing_endpoints, failing_keys, open_alerts) = (waiting, failing, keys, alerts);
        Ok(Counts {
            parties,
            claims,
            evidence,
            packets,
            deliveries,
            open_deliveries,
            open_work,
            waiting_messages,
            failing_endpoints,
            failing_keys,
            open_alerts,
        })
    }

    /// Recomputes the hash chain of the audit trail up to its present end; gives its length, or the first position
    /// that does not fit.
    ///
    /// # Errors
    /// The database is away.
    pub async fn check_audit(&self) -> Result<Result<i64, i64>, StoreError> {
        type Row = (String, i64, String, String, String, String, i64, Vec<u8>);
        let sql = "-- operator::audit_end\nselect position, hash from stream where name = 'audit'";
        let end: Option<(i64, Vec<u8>)> = query_as(sql).fetch_optional(self.readers()).await?;
        let (end, end_hash) = end.unwrap_or_default();
        let (mut last, mut before) = (0, Vec::new());
        while last < end {
            let sql = "-- operator::check_audit
                select id, at, actor, action, subject, detail, position, hash from audit
                where position > $1 and position <= $2 order by position limit 1000";
            let rows: Vec<Row> = query_as(sql).bind(last).bind(end).fetch_all(self.readers()).await?;
            if rows.is_empty() {
                return Ok(Err(last + 1));
            }
            for (id, at, actor, action, subject, detail, position, hash) in rows {
                let line =
                    audit::Line { id: &id, at, actor: &actor, action: &action, subject: &subject, detail: &detail };
                if position != last + 1 || line.hash(&before).as_slice() != hash.as_slice() {
                    return Ok(Err(position));
                }
                (before, last) = (hash, position);
            }
        }
        Ok(if before == end_hash { Ok(last) } else { Err(last) })
    }

    /// What the audit trail says of one thing, oldest first: action and further ids.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn audit_of(&self, subject: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let sql = "-- operator::audit_of
            select action, detail from audit where subject = $1 and position is not null order by position";
        let rows: Vec<(String, String)> = query_as(sql).bind(subject).fetch_all(self.readers()).await?;
        let inconsistent = |_| StoreError::Inconsistent { table: "audit", column: "detail" };
        rows.into_iter()
            .map(|(action, detail)| Ok((action, serde_json::from_str(&detail).map_err(inconsistent)?)))
            .collect()
    }

    /// The server the database is on; none where it is a file.
    ///
    /// # Errors
    /// The database is away.
    pub async fn server(&self) -> Result<Option<Server>, StoreError> {
        Ok(self.readers().server().await?)
    }

    /// When the newest line of the audit trail was written.
    ///
    /// # Errors
    /// The database is away.
    pub async fn newest_line(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "-- operator::newest_line
            select max(at) from (select at from audit order by position desc limit 100) as newest";
        let row: Option<(Option<i64>,)> = query_as(sql).fetch_optional(self.readers()).await?;
        row.and_then(|(at,)| at).map(|at| time("audit", "at", at)).transpose()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let _: (i64,) = query_as("-- operator::ping\nselect 1").fetch_one(self.readers()).await?;
        Ok(())
    }
}
