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

/// Each document as it is kept; refuses what no packet could carry, before anything is kept.
pub(super) fn written(evidence: &[Evidence]) -> Result<Vec<Vec<u8>>, Refusal> {
    if evidence.len() > limits::EVIDENCE {
        return Err(Refusal::TooMuch("a bundle carries at most 64 certificates, receipts and reports together"));
    }
    let mut written = Vec::with_capacity(evidence.len());
    let mut total = 0;
    for one in evidence {
        let text = text(one)?;
        if text.len() > limits::DOCUMENT_BYTES {
            return Err(Refusal::TooMuch("one certificate, receipt or report is at most 1 MiB"));
        }
        // base64url of the document, its salt and its name.
        total += text.len().div_ceil(3) * 4 + 256;
        written.push(text);
    }
    if total > limits::PRESENTATION_BYTES - MANIFEST_BYTES {
        return Err(Refusal::TooMuch("the certificates, receipts and reports of a bundle are at most 8 MiB together"));
    }
    Ok(written)
}

/// A document as it is kept.
pub(in crate::flows) fn text(evidence: &Evidence) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(evidence).map_err(|_| Fault::Stored("evidence"))
}

/// The row of an evidence document with its text, sealed for its place.
pub(in crate::flows) fn row(
    key: &ClaimKey,
    (claim, revision): (ClaimId, i64),
    (evidence, text): (&Evidence, &[u8]),
) -> Result<EvidenceRow, Fault> {
    let place = Place { table: "evidence", row: &evidence.id, column: "body" };
    Ok(EvidenceRow {
        id: evidence.id.parse().map_err(|_| Fault::Stored("evidence"))?,
        claim,
        revision,
        kind: evidence.document.kind().to_owned(),
        body: key.seal(place, text)?,
    })
}

/// Evidence from its row.
pub(in crate::flows) fn from_row(key: &ClaimKey, id: String, body: &[u8]) -> Result<Evidence, Fault> {
    let plain = key.open(Place { table: "evidence", row: &id, column: "body" }, body)?;
    let json: Value = serde_json::from_slice(&plain).map_err(|_| Fault::Stored("evidence"))?;
    Evidence::from_json(id, json).map_err(|_| Fault::Stored("evidence"))
}
