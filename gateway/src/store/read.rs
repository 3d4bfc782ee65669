//! Named reads. Whose data is the first argument; what is not theirs is not found.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::rows::{AppView, ClaimHead, HospitalAnswer, StoredAnswer, SubmissionView, mac, parse, time};
use super::sql::query_as;
use super::{Store, StoreError};
use crate::core::packet::Previous;
use crate::core::retention::Bar;
use crate::id::{ClaimId, PacketId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::{Party, PartyId};

mod deliveries;
mod disclosed;
mod exposure;
mod operate;
mod operator;
mod parties;
mod push;
mod search;

pub use deliveries::{Listing, Page, Which};
pub use disclosed::{ConsentKept, EvidenceKept, PacketSent};
pub use exposure::{Exposure, ExposureQuery};
pub use operate::{AuditLineRead, AuditQuery, DeadLetter, PartyQuery};
pub use operator::Counts;
pub(super) use parties::Parties;
pub use search::HospitalSubmission;

type PartyRow = (String, String, i64);
type PreviousRow = (String, String, i64, String, Vec<u8>, bool);

impl Store {
    /// A party by id, whatever its state.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn party(&self, id: &PartyId) -> Result<Option<Party>, StoreError> {
        let sql = "-- read::party\nselect document, state, version from party where id = $1";
        let row: Option<PartyRow> = query_as(sql).bind(id.as_str()).fetch_optional(self.readers()).await?;
        row.map(|row| self.parties.of(row)).transpose()
    }

    /// The party known by an identifier.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn party_by_identifier(&self, system: &str, value: &str) -> Result<Option<Party>, StoreError> {
        let sql = "-- read::party_by_identifier
            select p.document, p.state, p.version from party p join party_identifier i on i.party_id = p.id
            where i.system = $1 and i.value = $2";
        let row: Option<PartyRow> = query_as(sql).bind(system).bind(value).fetch_optional(self.readers()).await?;
        row.map(|row| self.parties.payor(system, value, row)).transpose()
    }

    /// A hospital's claim by its blind case index.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn claim_by_case(&self, hospital: &PartyId, case: &Mac) -> Result<Option<ClaimHead>, StoreError> {
        let sql = "-- read::claim_by_case
            select c.id, c.hospital_id, c.revision, c.version, k.wrapped, c.barred from claim c
            left join claim_key k on k.claim_id = c.id where c.hospital_id = $1 and c.case_index = $2";
        let row = query_as(sql).bind(hospital.as_str()).bind(case.as_slice()).fetch_optional(self.readers()).await?;
        row.map(claim_head).transpose()
    }

    /// A hospital's claim by id.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn claim_of_hospital(&self, hospital: &PartyId, id: ClaimId) -> Result<Option<ClaimHead>, StoreError> {
        let sql = "-- read::claim_of_hospital
            select c.id, c.hospital_id, c.revision, c.version, k.wrapped, c.barred from claim c
            left join claim_key k on k.claim_id = c.id where c.hospital_id = $1 and c.id = $2";
        let row = query_as(sql).bind(hospital.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(claim_head).transpose()
    }

    /// The answer a hospital got for the same bytes, at any revision of the claim.
    ///
    /// # Errors
    /// The database is away.
    pub async fn answer_for_body(&self, claim: ClaimId, body: &Mac) -> Result<Option<HospitalAnswer>, StoreError> {
        let sql = "-- read::answer_for_body
            select revision, answer from bundle where claim_id = $1 and body_mac = $2 order by revision desc limit 1";
        let row: Option<(i64, String)> =
            query_as(sql).bind(claim.to_string()).bind(body.as_slice()).fetch_optional(self.readers()).await?;
        Ok(row.map(|(revision, answer)| HospitalAnswer { claim, revision, answer }))
    }

    /// The sealed bytes of a revision of a bundle, and when it came; the newest where none is asked for.
    ///
    /// # Errors
    /// The database is away.
    pub async fn bundle(
        &self,
        claim: ClaimId,
        revision: Option<i64>,
    ) -> Result<Option<(i64, Vec<u8>, Timestamp)>, StoreError> {
        let sql = "-- read::bundle
            select revision, body, received_at from bundle where claim_id = $1 and ($2 is null or revision = $2)
            order by revision desc limit 1";
        let row: Option<(i64, Vec<u8>, i64)> =
            query_as(sql).bind(claim.to_string()).bind(revision).fetch_optional(self.readers()).await?;
        row.map(|(revision, body, at)| Ok((revision, body, time("bundle", "received_at", at)?))).transpose()
    }

    /// What each recipient got last for a claim.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn previous_deliveries(&self, claim: ClaimId) -> Result<Vec<Previous>, StoreError> {
        let sql = "-- read::previous_deliveries
            select party_id, line, revision, packet_id, content, (state = 'withdrawn' and not exists
                (select 1 from delivery_return x where x.delivery_id = d.id)) or coalesce(acknowledgement, '') = 'rejected'
            from delivery d where claim_id = $1 and revision =
            (select max(revision) from delivery e where e.claim_id = d.claim_id and e.party_id = d.party_id
             and e.line = d.line)";
        let rows: Vec<PreviousRow> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(party, line, revision, packet, content, fruitless)| {
                Ok(Previous {
                    party: parse("delivery", "party_id", &party)?,
                    line: parse("delivery", "line", &line)?,
                    revision,
                    packet: parse("delivery", "packet_id", &packet)?,
                    content: mac("delivery", "content", &content)?,
                    fruitless,
                })
            })
            .collect()
    }

    /// The answer remembered under an `Idempotency-Key`.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn remembered(
        &self,
        party: &PartyId,
        route: &'static str,
        key: &Mac,
        now: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let sql = "-- read::remembered
            select body_mac, answer from idempotency
            where party_id = $1 and route = $2 and key_mac = $3 and expires_at > $4";
        let row: Option<(Vec<u8>, String)> = query_as(sql)
            .bind(party.as_str())
            .bind(route)
            .bind(key.as_slice())
            .bind(now.as_millisecond())
            .fetch_optional(self.readers())
            .await?;
        row.map(|(body, answer)| Ok(StoredAnswer { body_mac: mac("idempotency", "body_mac", &body)?, answer }))
            .transpose()
    }

    /// An insurer's submission.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn submission(&self, insurer: &PartyId, id: SubmissionId) -> Result<Option<SubmissionView>, StoreError> {
        type Row = (String, String, String, String, i64, Option<Vec<u8>>, Option<Vec<u8>>);
        let sql = "-- read::submission
            select s.claim_id, c.hospital_id, s.line, s.state, s.version, s.detail, k.wrapped from submission s
            join claim c on c.id = s.claim_id left join claim_key k on k.claim_id = s.claim_id
            where s.party_id = $1 and s.id = $2";
        let row: Option<Row> =
            query_as(sql).bind(insurer.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(claim, hospital, line, state, version, detail, wrapped_key)| {
            Ok(SubmissionView {
                id,
                claim: parse("submission", "claim_id", &claim)?,
                hospital: parse("claim", "hospital_id", &hospital)?,
                line: parse("submission", "line", &line)?,
                state: parse("submission", "state", &state)?,
                version,
                detail,
                // An insurer goes on reporting while a claim is restricted, or it would never close.
                wrapped_key: wrapped_key.ok_or(StoreError::Barred(Bar::Erased))?,
            })
        })
        .transpose()
    }

    /// A packet with all disclosures, sealed under its claim's key, which comes with it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn packet(&self, id: PacketId) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
        let sql = "-- read::packet
            select p.body, k.wrapped, c.barred from packet p join claim c on c.id = p.claim_id
            left join claim_key k on k.claim_id = p.claim_id where p.id = $1";
        let row: Option<SealedRow> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(sealed).transpose()
    }

    /// The claim a tracking code opens, while it can be redeemed.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn claim_of_code(&self, code: &Mac, now: Timestamp) -> Result<Option<ClaimId>, StoreError> {
        let sql = "-- read::claim_of_code
            select claim_id from tracking_code where code_mac = $1 and used_at is null and expires_at > $2";
        let row: Option<(String,)> =
            query_as(sql).bind(code.as_slice()).bind(now.as_millisecond()).fetch_optional(self.readers()).await?;
        row.map(|(claim,)| parse("tracking_code", "claim_id", &claim)).transpose()
    }

    /// What an app backend that is linked to a claim sees of it.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn app_view(&self, app: &PartyId, claim: ClaimId) -> Result<Option<AppView>, StoreError> {
        let sql = "-- read::app_view
            select c.revision from claim c join claim_link l on l.claim_id = c.id where l.party_id = $1 and c.id = $2";
        let head: Option<(i64,)> =
            query_as(sql).bind(app.as_str()).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        let Some((revision,)) = head else { return Ok(None) };
        self.view_of_owner(claim, revision).await.map(Some)
    }

    /// What the owner of a claim sees of it at a revision.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn view_of_owner(&self, claim: ClaimId, revision: i64) -> Result<AppView, StoreError> {
        let sql = "-- read::app_submissions
            select party_id, line, state from submission where claim_id = $1 order by created_at, party_id, line";
        let rows: Vec<(String, String, String)> =
            query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        let submissions = rows
            .into_iter()
            .map(|(party, line, state)| {
                Ok((
                    parse("submission", "party_id", &party)?,
                    parse::<Line>("submission", "line", &line)?,
                    parse("submission", "state", &state)?,
                ))
            })
            .collect::<Result<_, StoreError>>()?;
        let timeline = self.entries_of_owner(claim).await?;
        Ok(AppView { claim, revision, timeline, submissions })
    }
}

/// Refuses what is restricted or erased: what every read of sealed values goes through.
pub(super) fn open_to_use(barred: Option<&str>) -> Result<(), StoreError> {
    match barred {
        None => Ok(()),
        Some(word) => Err(StoreError::Barred(parse("claim", "barred", word)?)),
    }
}

/// A sealed value, its claim's wrapped key, and what bars the claim.
pub(super) type SealedRow = (Vec<u8>, Option<Vec<u8>>, Option<String>);

/// A sealed value with its claim's wrapped key, where the claim is in use.
pub(super) fn sealed((value, wrapped, barred): SealedRow) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    open_to_use(barred.as_deref())?;
    Ok((value, wrapped.ok_or(StoreError::Inconsistent { table: "claim_key", column: "wrapped" })?))
}

type HeadRow = (String, String, i64, i64, Option<Vec<u8>>, Option<String>);

fn claim_head((id, hospital, revision, version, wrapped, barred): HeadRow) -> Result<ClaimHead, StoreError> {
    open_to_use(barred.as_deref())?;
    let wrapped_key = wrapped.ok_or(StoreError::Inconsistent { table: "claim_key", column: "wrapped" })?;
    Ok(ClaimHead {
        id: parse("claim", "id", &id)?,
        hospital: parse("claim", "hospital_id", &hospital)?,
        revision,
        version,
        wrapped_key,
    })
}

pub(super) fn party((document, state, version): PartyRow) -> Result<Party, StoreError> {
    let damaged = |column| StoreError::Inconsistent { table: "party", column };
    let registration = serde_json::from_str(&document).map_err(|_| damaged("document"))?;
    let state = parse("party", "state", &state)?;
    Party::new(registration, state, version).map_err(|_| damaged("document"))
}
