//! Record requests (病歷調閱): what an insurer asks of several hospitals, and for each of them a claim of its own.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::records::RecordsWrite;
use crate::id::{ClaimId, RecordRequestId};
use crate::party::PartyId;

const TABLE: &str = "record_request";
const PART: &str = "record_part";

/// A record request as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRecords {
    /// Id.
    pub id: RecordRequestId,
    /// The line it is asked for.
    pub line: Line,
    /// When it was made.
    pub at: Timestamp,
}

/// One hospital's part of a record request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPart {
    /// The record request.
    pub record: RecordRequestId,
    /// The insurer.
    pub insurer: PartyId,
    /// The line it is asked for.
    pub line: Line,
    /// When the consent's last day is over.
    pub counts_until: Timestamp,
    /// Since when the consent is taken back, or the mandate it rests on has ended.
    pub withdrawn: Option<Timestamp>,
}

impl KeptPart {
    /// Whether the consent counts now.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none() && now < self.counts_until
    }
}

pub(super) async fn apply(tx: &mut Connection, write: &RecordsWrite) -> Result<(), StoreError> {
    match write {
        RecordsWrite::New(row) => {
            let sql =
                "-- records::new\ninsert into record_request (id, party_id, line, created_at) values ($1, $2, $3, $4)";
            let inserted = query(sql)
                .bind(row.id.to_string())
                .bind(row.party.as_str())
                .bind(row.line.as_str())
                .bind(millis(row.at))
                .execute(tx)
                .await;
            one(TABLE, inserted)
        }
        RecordsWrite::Part(row) => {
            let sql = "-- records::part
                insert into record_part (claim_id, record_id, file, counts_until, mandate_mac, mandator_mac)
                values ($1, $2, $3, $4, $5, $6)";
            let inserted = query(sql)
                .bind(row.claim.to_string())
                .bind(row.record.to_string())
                .bind(row.file.as_deref())
                .bind(millis(row.counts_until))
                .bind(row.mandate.as_ref().map(|(mandate, _)| mandate.as_slice()))
                .bind(row.mandate.as_ref().map(|(_, mandator)| mandator.as_slice()))
                .execute(tx)
                .await;
            one(PART, inserted)
        }
        RecordsWrite::Withdrawn(claim, at) => {
            let sql = "-- records::withdrawn
                update record_part set withdrawn_at = coalesce(withdrawn_at, $2) where claim_id = $1";
            one(PART, query(sql).bind(claim.to_string()).bind(millis(*at)).execute(tx).await)
        }
    }
}

impl Store {
    /// The part of a record request a claim was made for; nothing where it is a claim of another kind.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn record_part(&self, claim: ClaimId) -> Result<Option<KeptPart>, StoreError> {
        let sql = "-- records::of_claim
            select p.record_id, r.party_id, r.line, p.counts_until, p.withdrawn_at,
                (select min(e.recorded_at) from mandate_end e where e.what_mac in (p.mandate_mac, p.mandator_mac))
            from record_part p join record_request r on r.id = p.record_id where p.claim_id = $1";
        let row: Option<PartRow> = query_as(sql).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(record, insurer, line, until, withdrawn, ended)| {
            Ok(KeptPart {
                record: parse(PART, "record_id", &record)?,
                insurer: parse(TABLE, "party_id", &insurer)?,
                line: parse(TABLE, "line", &line)?,
                counts_until: time(PART, "counts_until", until)?,
                withdrawn: withdrawn.or(ended).map(|at| time(PART, "withdrawn_at", at)).transpose()?,
            })
        })
        .transpose()
    }

    /// The signed paper of a part's consent, sealed under the claim's key.
    ///
    /// # Errors
    /// The database is away.
    pub async fn record_file(&self, claim: ClaimId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- records::file\nselect file from record_part where claim_id = $1";
        let row: Option<(Option<Vec<u8>>,)> =
            query_as(sql).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        Ok(row.and_then(|(file,)| file))
    }

    /// A record request of an insurer.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn record_request(
        &self,
        insurer: &PartyId,
        id: RecordRequestId,
    ) -> Result<Option<KeptRecords>, StoreError> {
        let sql = "-- records::by_id\nselect id, line, created_at from record_request where id = $1 and party_id = $2";
        let row: Option<Row> =
            query_as(sql).bind(id.to_string()).bind(insurer.as_str()).fetch_optional(self.readers()).await?;
        row.map(kept).transpose()
    }

    /// A page of an insurer's record requests, by id.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn record_requests(
        &self,
        insurer: &PartyId,
        after: Option<RecordRequestId>,
        limit: i64,
    ) -> Result<Vec<KeptRecords>, StoreError> {
        let sql = "-- records::page
            select id, line, created_at from record_request where party_id = $1 and id > $2 order by id limit $3";
        let rows: Vec<Row> = query_as(sql)
            .bind(insurer.as_str())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(kept).collect()
    }
}

type Row = (String, String, i64);
type PartRow = (String, String, String, i64, Option<i64>, Option<i64>);

fn kept((id, line, at): Row) -> Result<KeptRecords, StoreError> {
    Ok(KeptRecords {
        id: parse(TABLE, "id", &id)?,
        line: parse(TABLE, "line", &line)?,
        at: time(TABLE, "created_at", at)?,
    })
}
