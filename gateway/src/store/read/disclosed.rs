//! What was sent of a claim to a party, what it was made from and on which consent: for the operator's explanation.

use claimgate_packet::words::Line;
use jiff::Timestamp;

use super::super::rows::{parse, time};
use super::super::sql::{query, query_as};
use super::super::{Store, StoreError};
use crate::core::delivery::DeliveryState;
use crate::id::{ClaimId, DeliveryId, PacketId};
use crate::party::PartyId;

/// A delivery with its packet as it is kept.
#[derive(Clone, Debug)]
pub struct PacketSent {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The packet.
    pub packet: PacketId,
    /// The recipient's line.
    pub line: Line,
    /// Revision for this recipient and line.
    pub revision: i64,
    /// State of the delivery.
    pub state: DeliveryState,
    /// What the recipient said.
    pub acknowledgement: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When its first byte left.
    pub left: Option<Timestamp>,
    /// The claim's revision it carries.
    pub claim_revision: i64,
    /// Manifest and all disclosures, sealed under the claim's key.
    pub body: Vec<u8>,
}

/// An evidence document as it is kept.
#[derive(Clone, Debug)]
pub struct EvidenceKept {
    /// Id.
    pub id: String,
    /// The claim's revision it came with.
    pub revision: i64,
    /// Type word.
    pub kind: String,
    /// The document, sealed under the claim's key.
    pub body: Vec<u8>,
}

/// A consent a packet rested on.
#[derive(Clone, Debug)]
pub struct ConsentKept {
    /// Id.
    pub id: String,
    /// Which agreement or form.
    pub reference: String,
    /// For what.
    pub purpose: String,
    /// JSON: `[{ party, line, limits? }]`.
    pub recipients: String,
    /// When it was relied on.
    pub at: Timestamp,
}

impl Store {
    /// Everything sent of a claim to a party, by line and revision.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn packets_sent(&self, claim: ClaimId, party: &PartyId) -> Result<Vec<PacketSent>, StoreError> {
        let sql = "-- disclosed::packets_sent
            select d.id, d.packet_id, d.line, d.revision, d.state, d.acknowledgement, d.created_at, d.left_at,
                p.revision as claim_revision, p.body
            from delivery d join packet p on p.id = d.packet_id
            where d.claim_id = $1 and d.party_id = $2 order by d.line, d.revision";
        let rows = query(sql).bind(claim.to_string()).bind(party.as_str()).fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| {
                let text = |column: &'static str| row.try_get::<String, _>(column);
                let left: Option<i64> = row.try_get("left_at")?;
                Ok(PacketSent {
                    delivery: parse("delivery", "id", &text("id")?)?,
                    packet: parse("delivery", "packet_id", &text("packet_id")?)?,
                    line: parse("delivery", "line", &text("line")?)?,
                    revision: row.try_get("revision")?,
                    state: parse("delivery", "state", &text("state")?)?,
                    acknowledgement: row.try_get("acknowledgement")?,
                    created: time("delivery", "created_at", row.try_get("created_at")?)?,
                    left: left.map(|at| time("delivery", "left_at", at)).transpose()?,
                    claim_revision: row.try_get("claim_revision")?,
                    body: row.try_get("body")?,
                })
            })
            .collect()
    }

    /// All evidence of a claim, superseded or not, in the order it came.
    ///
    /// # Errors
    /// The database is away.
    pub async fn all_evidence(&self, claim: ClaimId) -> Result<Vec<EvidenceKept>, StoreError> {
        let sql = "-- disclosed::all_evidence
            select id, revision, kind, body from evidence where claim_id = $1 order by revision, id";
        let rows: Vec<(String, i64, String, Vec<u8>)> =
            query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        Ok(rows.into_iter().map(|(id, revision, kind, body)| EvidenceKept { id, revision, kind, body }).collect())
    }

    /// The consents packets of a claim rested on, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn consents(&self, claim: ClaimId) -> Result<Vec<ConsentKept>, StoreError> {
        type Kept = (String, String, String, String, i64);
        let sql = "-- disclosed::consents
            select id, reference, purpose, recipients, created_at from consent where claim_id = $1
            order by created_at, id";
        let rows: Vec<Kept> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, reference, purpose, recipients, at)| {
                Ok(ConsentKept { id, reference, purpose, recipients, at: time("consent", "created_at", at)? })
            })
            .collect()
    }

    /// What the audit trail says of the signing of a claim's packets: packet id and detail (JSON). Walks the trail.
    ///
    /// # Errors
    /// The database is away.
    pub async fn signings(&self, claim: ClaimId) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "-- disclosed::signings
            select subject, detail from audit where action = 'packet.signed'
            and subject in (select id from packet where claim_id = $1)";
        Ok(query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?)
    }
}
