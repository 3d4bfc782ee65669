//! iClaim 醫療保險理賠實作指引 1.0.0 → evidence: Claim = receipt 收據, Condition + Encounter = certificate
//! 診斷證明書, DiagnosticReport + Observation = laboratory report 檢驗報告.
//!
//! In: an opened Bundle and what the case says of patient and hospital. Out: documents in that order, and a
//! finding for everything that has no place in them. Must not know: who pays, who receives.

use claimgate_packet::evidence::{Document, Institution, Patient};

use crate::bundle::Bundle;

use reading::Reading;

pub mod people;
pub mod terms;

mod reading;
mod visit;

mod certificate;
mod receipt;

mod laboratory;
mod result;

/// Canonical of the guide's Bundle profile (`BundleiClaim`).
pub const BUNDLE_PROFILE: &str = "https://claim.cgh.org.tw/iclaim/StructureDefinition/bundle-iclaim";

/// The resource types of the guide ("共有十二類Resources"), without Bundle itself.
pub const RESOURCE_TYPES: [&str; 11] = [
    "Composition",
    "Claim",
    "Patient",
    "Coverage",
    "Condition",
    "Encounter",
    "DiagnosticReport",
    "Observation",
    "Practitioner",
    "PractitionerRole",
    "Organization",
];

/// What every document of a case shares.
pub struct Case {
    /// Case number (案件編號), Bundle.identifier: system in its one spelling, value.
    pub number: (Option<String>, String),
    /// The one person the Bundle is about.
    pub patient: Patient,
    /// The hospital that sends it.
    pub institution: Institution,
}

claimgate_packet::opaque_debug!(Case);

/// Reads every document of a Bundle.
#[must_use]
pub fn documents(bundle: &Bundle<'_>, case: &Case) -> Vec<Document> {
    let reading = Reading::new(bundle, case);
    let mut documents: Vec<Document> = reading.certificates().into_iter().map(Document::DiagnosisCertificate).collect();
    documents.extend(reading.receipts().into_iter().map(Document::MedicalReceipt));
    documents.extend(reading.laboratory_reports().into_iter().map(Document::LabReport));
    reading.leftovers();
    documents
}
