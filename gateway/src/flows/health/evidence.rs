//! From the documents an adapter read to evidence with ids, provenance and a place in the store, and back.

use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use claimgate_packet::limits;
use jiff::Timestamp;
use serde_json::Value;

use super::{Fault, Refusal};
use crate::core::change::EvidenceRow;
use crate::flows::Engine;
use crate::id::{ClaimId, EvidenceId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;

/// What a presentation needs beside its evidence: manifest and recipient element.
const MANIFEST_BYTES: usize = 64 << 10;

/// Documents of one push as evidence: proved by what the hospital signed, otherwise by nothing more than the channel
/// the known hospital came through.
pub(super) fn obtained(
    engine: &Engine,
    hospital: &PartyId,
    form: &str,
    documents: Vec<Document>,
    signed: Option<Verification>,
    now: Timestamp,
) -> Vec<Evidence> {
    let verified = signed.unwrap_or_else(|| Verification {
        method: "authenticated-channel".to_owned(),
        result: "accepted".to_owned(),
        at: now,
        key: None,
    });
    let mut ids: Vec<EvidenceId> = documents.iter().map(|_| EvidenceId::new(now, &engine.random)).collect();
    // Ids in the order of the bundle, so that recipients see the documents in that order too.
    ids.sort_unstable();
    documents
        .into_iter()
        .zip(ids)
        .map(|(document, id)| Evidence {
            id: id.to_string(),
            source: Source { party: hospital.to_string(), form: form.to_owned() },
            obtained: now,
            verified: verified.clone(),
            attachments: Vec::new(),
            document,
        })
        .collect()
}

/// Refuses what no packet could carry, before anything is kept.
pub(super) fn check_bounds(evidence: &[Evidence]) -> Result<(), Refusal> {
    if evidence.len() > limits::EVIDENCE {
        return Err(Refusal::TooMuch("a bundle carries at most 64 certificates, receipts and reports together"));
    }
    let mut written = 0;
    for one in evidence {
        let bytes = one.to_json().map_err(|_| Fault::Stored("evidence"))?.to_string().len();
        if bytes > limits::DOCUMENT_BYTES {
            return Err(Refusal::TooMuch("one certificate, receipt or report is at most 1 MiB"));
        }
        // base64url of the document, its salt and its name.
        written += bytes.div_ceil(3) * 4 + 256;
    }
    if written > limits::PRESENTATION_BYTES - MANIFEST_BYTES {
        return Err(Refusal::TooMuch("the certificates, receipts and reports of a bundle are at most 8 MiB together"));
    }
    Ok(())
}

/// The row of an evidence document, sealed for its place.
pub(in crate::flows) fn row(
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
pub(in crate::flows) fn from_row(key: &ClaimKey, id: String, body: &[u8]) -> Result<Evidence, Fault> {
    let plain = key.open(Place { table: "evidence", row: &id, column: "body" }, body)?;
    let json: Value = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("evidence"))?;
    Evidence::from_json(id, json).map_err(|_| Fault::Stored("evidence"))
}
