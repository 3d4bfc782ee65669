//! Flat fields of a delivery, like those the claims alliance chain (理賠聯盟鏈) exchanges: one JSON object, signed.
//!
//! The alliance chain's own interface is not public. What is public says what is exchanged: applicant, hospital, visit
//! dates, diagnoses, amounts and the documents. The names are ours, under a schema of ours with a version
//! (`docs/schemas/claim-fields-1.schema.json`). In: disclosed documents. Out: the object. Must not know: policies, keys.

use std::collections::BTreeSet;

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Concept, Diagnosis, Document, Visit};
use claimgate_packet::jose::digest;
use serde_json::{Value, json};

use crate::repository::{Given, Letter};

/// The schema's name and version.
pub const SCHEMA: &str = "claim-fields/1";
/// The `typ` of the JWS around it.
pub const TYP: &str = "claim-fields+jwt";

/// The fields of a delivery.
#[must_use]
pub fn of(letter: &Letter<'_>, given: &[Given]) -> Value {
    let (system, value) = letter.recipient;
    let mut fields = json!({
        "schema": SCHEMA,
        "delivery_id": letter.delivery,
        "packet_id": letter.packet,
        "claim_id": letter.claim,
        "submission_id": letter.submission,
        "line": letter.line,
        "revision": letter.revision,
        "presentation_digest": letter.presentation_digest,
        "created": letter.created.to_string(),
        "recipient": { "system": system, "value": value },
        "visits": visits(given),
        "diagnoses": diagnoses(given),
        "amounts": amounts(given),
        "documents": given.iter().map(document).collect::<Vec<_>>(),
    });
    let Some(members) = fields.as_object_mut() else { return fields };
    if let Some((patient, institution)) = crate::repository::person(given) {
        let applicant = json!({
            "name": patient.name, "gender": patient.gender, "birth_date": patient.birth_date,
            "identifiers": patient.identifiers,
        });
        members.insert("applicant".to_owned(), applicant);
        members.insert("hospital".to_owned(), json!(institution));
    }
    if let Some(from) = &letter.forwarded_from {
        members.insert("forwarded_from".to_owned(), json!(from));
    }
    if !letter.same_receipt_as.is_empty() {
        members.insert("same_receipt_as".to_owned(), json!(letter.same_receipt_as));
    }
    fields
}

fn json_of(given: &Given) -> Value {
    given.document.to_json().unwrap_or_default()
}

fn visits(given: &[Given]) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let all = given.iter().filter_map(|one| crate::repository::visit_of(&one.document));
    let fields = all.map(|visit: &Visit| {
        json!({
            "number": visit.number, "class": visit.class, "department": visit.department,
            "first_day": visit.first_day, "last_day": visit.last_day, "days": visit.days,
        })
    });
    fields.filter(|visit| seen.insert(visit.to_string())).collect()
}

fn diagnoses(given: &[Given]) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for one in given {
        let of: &[Diagnosis] = match &one.document {
            Document::DiagnosisCertificate(certificate) => &certificate.diagnoses,
            Document::MedicalRecord(record) => &record.diagnoses,
            Document::Prescription(prescription) => &prescription.diagnoses,
            _ => &[],
        };
        for diagnosis in of {
            let concept = Concept { codings: diagnosis.codings.clone(), text: diagnosis.text.clone() };
            let concept = json!(concept);
            if seen.insert(concept.to_string()) {
                all.push(concept);
            }
        }
    }
    all
}

/// Sums over all receipts; NHI figures may be points and are in no other sum.
fn amounts(given: &[Given]) -> Value {
    let totals: Vec<_> = given
        .iter()
        .filter_map(|one| match &one.document {
            Document::MedicalReceipt(receipt) => Some(receipt.totals),
            _ => None,
        })
        .collect();
    if totals.is_empty() {
        return Value::Null;
    }
    let sum = |of: fn(&claimgate_packet::evidence::ReceiptTotals) -> Twd| Twd::sum(totals.iter().map(of));
    json!({
        "currency": "TWD",
        "receipts": totals.len(),
        "self_pay": sum(|totals| totals.self_pay),
        "copay": sum(|totals| totals.copay),
        "nhi": sum(|totals| totals.nhi),
        "payer_unstated": sum(|totals| totals.unstated),
        "reductions": sum(|totals| totals.reductions),
    })
}

fn document(given: &Given) -> Value {
    let document = json_of(given);
    let files: Vec<Value> = given
        .files
        .iter()
        .map(|file| {
            json!({
                "media_type": file.media_type, "bytes": file.content.len(),
                "digest": digest::sha256_text(&file.content),
            })
        })
        .collect();
    json!({
        "type": given.document.kind(),
        "schema": given.document.schema(),
        "number": document.get("number"),
        "issued_on": document.get("issued_on"),
        "digest": digest::sha256_text(document.to_string().as_bytes()),
        "files": files,
    })
}
