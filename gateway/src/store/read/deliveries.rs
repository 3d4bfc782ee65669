//! A recipient's deliveries: the repeatable log, what is still open, one by id. Only rows with a position exist.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query, query_as};

use super::super::rows::{DeliveryView, parse, time};
use super::super::{Store, StoreError};
use crate::id::DeliveryId;
use crate::party::PartyId;

/// Which deliveries a listing wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All, in order of position: reading again gives the same.
    All,
    /// Those not acknowledged yet.
    Open,
}

/// A listing's bounds.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// Only positions beyond this.
    pub after: i64,
    /// At most this many.
    pub limit: i64,
    /// Which.
    pub which: Which,
}

impl Store {
    /// A recipient's deliveries in order of position.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn deliveries(&self, recipient: &PartyId, listing: Listing) -> Result<Vec<DeliveryView>, StoreError> {
        let sql = "-- deliveries::deliveries
            select d.id, d.position, d.packet_id, d.claim_id, c.hospital_id, s.id as submission_id, d.line, d.revision,
                d.state, d.sealed_bytes, d.sealed_digest, d.presentation_digest, d.kid, d.created_at, d.left_at,
                d.acknowledgement, r.digest as receipt_digest
            from delivery d join claim c on c.id = d.claim_id left join receipt r on r.delivery_id = d.id
            join submission s on s.claim_id = d.claim_id and s.party_id = d.party_id and s.line = d.line
            where d.party_id = $1 and d.position > $2 and ($3 = 0 or d.state = 'ready')
            order by d.position limit $4";
        let open_only = i64::from(listing.which == Which::Open);
        let rows = query(sql)
            .bind(recipient.as_str())
            .bind(listing.after)
            .bind(open_only)
            .bind(listing.limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(view).collect()
    }

    /// One delivery of a recipient.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn delivery(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<DeliveryView>, StoreError> {
        let sql = "-- deliveries::delivery
            select d.id, d.position, d.packet_id, d.claim_id, c.hospital_id, s.id as submission_id, d.line, d.revision,
                d.state, d.sealed_bytes, d.sealed_digest, d.presentation_digest, d.kid, d.created_at, d.left_at,
                d.acknowledgement, r.digest as receipt_digest
            from delivery d join claim c on c.id = d.claim_id left join receipt r on r.delivery_id = d.id
            join submission s on s.claim_id = d.claim_id and s.party_id = d.party_id and s.line = d.line
            where d.party_id = $1 and d.id = $2 and d.position is not null";
        let row = query(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.as_ref().map(view).transpose()
    }

    /// The sealed packet of one delivery of a recipient.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sealed_packet(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- deliveries::sealed_packet
            select sealed from delivery where party_id = $1 and id = $2 and position is not null";
        let row: Option<(Vec<u8>,)> =
            query_as(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        Ok(row.map(|(sealed,)| sealed))
    }
}

fn view(row: &SqliteRow) -> Result<DeliveryView, StoreError> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let left: Option<i64> = row.try_get("left_at")?;
    Ok(DeliveryView {
        id: parse("delivery", "id", &text("id")?)?,
        position: row.try_get("position")?,
        packet: parse("delivery", "packet_id", &text("packet_id")?)?,
        claim: parse("delivery", "claim_id", &text("claim_id")?)?,
        hospital: parse("claim", "hospital_id", &text("hospital_id")?)?,
        submission: parse("submission", "id", &text("submission_id")?)?,
        line: parse("delivery", "line", &text("line")?)?,
        revision: row.try_get("revision")?,
        state: parse("delivery", "state", &text("state")?)?,
        bytes: row.try_get("sealed_bytes")?,
        digest: text("sealed_digest")?,
        presentation_digest: text("presentation_digest")?,
        kid: text("kid")?,
        created: time("delivery", "created_at", row.try_get("created_at")?)?,
        left: left.map(|at| time("delivery", "left_at", at)).transpose()?,
        acknowledgement: row.try_get("acknowledgement")?,
        receipt: row.try_get("receipt_digest")?,
    })
}
