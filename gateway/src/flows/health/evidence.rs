//! From the documents an adapter read to evidence with ids, provenance and a place in the store, and back.

use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use jiff::Timestamp;
use serde_json::Value;

use super::Fault;
use crate::core::change::EvidenceRow;
use crate::flows::Engine;
use crate::id::{ClaimId, EvidenceId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;

/// Documents of one push as evidence: proved by nothing more than the channel the known hospital came through.
pub(super) fn obtained(
    engine: &Engine,
    hospital: &PartyId,
    form: &str,
    documents: Vec<Document>,
    now: Timestamp,
) -> Vec<Evidence> {
    documents
        .into_iter()
        .map(|document| Evidence {
            id: EvidenceId::new(now, &engine.random).to_string(),
            source: Source { party: hospital.to_string(), form: form.to_owned() },
            obtained: now,
            verified: Verification {
                method: "authenticated-channel".to_owned(),
                result: "accepted".to_owned(),
                at: now,
                key: None,
            },
            attachments: Vec::new(),
            document,
        })
        .collect()
}

/// The row of an evidence document, sealed for its place.
pub(super) fn row(
    key: &ClaimKey,
    (claim, revision): (ClaimId, i64),
    evidence: &Evidence,
) -> Result<EvidenceRow, Fault> {
    let unreadable = |_| Fault::Stored("evidence");
    let json = evidence.to_json().map_err(unreadable)?;
    let place = Place { table: "evidence", row: &evidence.id, column: "body" };
    Ok(EvidenceRow {
        id: evidence.id.parse().map_err(|_| Fault::Stored("evidence"))?,
        claim,
        revision,
        kind: evidence.document.kind().to_owned(),
        body: key.seal(place, json.to_string().as_bytes())?,
    })
}

/// Evidence from its row.
pub(super) fn from_row(key: &ClaimKey, id: String, body: &[u8]) -> Result<Evidence, Fault> {
    let plain = key.open(Place { table: "evidence", row: &id, column: "body" }, body)?;
    let json: Value = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("evidence"))?;
    Evidence::from_json(id, json).map_err(|_| Fault::Stored("evidence"))
}
