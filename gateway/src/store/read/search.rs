//! A hospital's claims by keyed digest, and how each insurer stands with one of them.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::super::rows::{parse, time};
use super::super::sql::query_as;
use super::super::{Store, StoreError};
use crate::core::change::SearchName;
use crate::core::submission::SubmissionState;
use crate::id::{ClaimId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// A submission as the claim's hospital sees it.
#[derive(Clone, Debug)]
pub struct HospitalSubmission {
    /// Id.
    pub id: SubmissionId,
    /// The insurer.
    pub insurer: PartyId,
    /// The line.
    pub line: Line,
    /// Where it stands.
    pub state: SubmissionState,
    /// Since when.
    pub changed: Timestamp,
}

impl Store {
    /// A hospital's claims with this search value, newest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn claims_found(
        &self,
        hospital: &PartyId,
        name: SearchName,
        value: &Mac,
        limit: i64,
    ) -> Result<Vec<ClaimId>, StoreError> {
        let sql = "-- search::claims_found
            select c.id from claim_search s join claim c on c.id = s.claim_id
            where s.hospital_id = $1 and s.name = $2 and s.value_mac = $3 and c.barred is null
            order by c.changed_at desc, c.id desc limit $4";
        let rows: Vec<(String,)> = query_as(sql)
            .bind(hospital.as_str())
            .bind(name.as_str())
            .bind(value.as_slice())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(|(id,)| parse("claim", "id", &id)).collect()
    }

    /// How each insurer stands with a hospital's claim.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn submissions_of_hospital(
        &self,
        hospital: &PartyId,
        claim: ClaimId,
    ) -> Result<Vec<HospitalSubmission>, StoreError> {
        let sql = "-- search::submissions_of_hospital
            select s.id, s.party_id, s.line, s.state, s.changed_at from submission s join claim c on c.id = s.claim_id
            where c.hospital_id = $1 and c.id = $2 order by s.created_at, s.party_id, s.line";
        let rows: Vec<(String, String, String, String, i64)> =
            query_as(sql).bind(hospital.as_str()).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, insurer, line, state, changed)| {
                Ok(HospitalSubmission {
                    id: parse("submission", "id", &id)?,
                    insurer: parse("submission", "party_id", &insurer)?,
                    line: parse("submission", "line", &line)?,
                    state: parse("submission", "state", &state)?,
                    changed: time("submission", "changed_at", changed)?,
                })
            })
            .collect()
    }
}
