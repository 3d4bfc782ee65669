//! What left in a time window, delivery by delivery: for whoever must say who saw what (breach duty).

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::super::rows::{parse, time};
use super::super::sql::query;
use super::super::written::millis;
use super::super::{Store, StoreError};
use crate::id::{ClaimId, DeliveryId, PacketId};
use crate::party::PartyId;

/// Which deliveries are asked for.
#[derive(Clone, Debug)]
pub struct ExposureQuery {
    /// Left at this time or later.
    pub from: Timestamp,
    /// Left before this time.
    pub to: Timestamp,
    /// Of this hospital, or to this recipient.
    pub party: Option<PartyId>,
    /// Of this claim.
    pub claim: Option<ClaimId>,
}

/// A delivery whose first byte left.
#[derive(Clone, Debug)]
pub struct Exposure {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The packet.
    pub packet: PacketId,
    /// The claim: one person's treatment.
    pub claim: ClaimId,
    /// Where it came from.
    pub hospital: PartyId,
    /// Who got it.
    pub recipient: PartyId,
    /// The recipient's line.
    pub line: Line,
    /// The recipient's key it was sealed to last.
    pub kid: String,
    /// When its first byte left.
    pub left: Timestamp,
    /// When the recipient acknowledged it.
    pub acknowledged: Option<Timestamp>,
    /// Files of it that left.
    pub files: i64,
    /// The wrapped key of the claim; none where it is erased.
    pub wrapped_key: Option<Vec<u8>>,
}

impl Store {
    /// A page of what left, in the order it left, behind a time and a delivery.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn exposures(
        &self,
        asked: &ExposureQuery,
        (at, behind): (Timestamp, Option<DeliveryId>),
        limit: i64,
    ) -> Result<Vec<Exposure>, StoreError> {
        let sql = "-- exposure::exposures
            select d.id, d.packet_id, d.claim_id, c.hospital_id, d.party_id, d.line, d.kid, d.left_at,
                d.acknowledged_at, k.wrapped, (select count(*) from delivery_attachment a
                    where a.delivery_id = d.id and a.left_at is not null) as files
            from delivery d join claim c on c.id = d.claim_id left join claim_key k on k.claim_id = d.claim_id
            where d.left_at >= $1 and (d.left_at > $1 or d.id > $2) and d.left_at < $3
                and ($4 is null or d.party_id = $4 or c.hospital_id = $4) and ($5 is null or d.claim_id = $5)
            order by d.left_at, d.id limit $6";
        let rows = query(sql)
            .bind(millis(at))
            .bind(behind.map(|id| id.to_string()).unwrap_or_default())
            .bind(millis(asked.to))
            .bind(asked.party.as_ref().map(PartyId::as_str))
            .bind(asked.claim.map(|id| id.to_string()))
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| {
                let text = |column: &'static str| row.try_get::<String, _>(column);
                let acknowledged: Option<i64> = row.try_get("acknowledged_at")?;
                Ok(Exposure {
                    delivery: parse("delivery", "id", &text("id")?)?,
                    packet: parse("delivery", "packet_id", &text("packet_id")?)?,
                    claim: parse("delivery", "claim_id", &text("claim_id")?)?,
                    hospital: parse("claim", "hospital_id", &text("hospital_id")?)?,
                    recipient: parse("delivery", "party_id", &text("party_id")?)?,
                    line: parse("delivery", "line", &text("line")?)?,
                    kid: text("kid")?,
                    left: time("delivery", "left_at", row.try_get("left_at")?)?,
                    acknowledged: acknowledged.map(|at| time("delivery", "acknowledged_at", at)).transpose()?,
                    files: row.try_get("files")?,
                    wrapped_key: row.try_get("wrapped")?,
                })
            })
            .collect()
    }

    /// A packet with all disclosures, sealed under its claim's key; empty where the claim is erased.
    ///
    /// # Errors
    /// The database is away.
    pub async fn packet_body(&self, packet: PacketId) -> Result<Vec<u8>, StoreError> {
        let sql = "-- exposure::packet_body\nselect body from packet where id = $1";
        let row = query(sql).bind(packet.to_string()).fetch_optional(self.readers()).await?;
        Ok(row.map(|row| row.try_get("body")).transpose()?.unwrap_or_default())
    }
}
