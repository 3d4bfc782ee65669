//! FHIR → evidence, resource by resource, whatever guide they follow: Claim and Invoice = receipt 收據,
//! Condition + Encounter = certificate 診斷證明書, DiagnosticReport + Observation = laboratory report 檢驗報告,
//! MedicationRequest and MedicationDispense = prescription 處方箋, Composition = medical record 病歷.
//!
//! In: an opened Bundle, its shape, and what the case says of patient and hospital. Out: documents in that order,
//! and a finding for everything that has no place in them. Must not know: who pays, who receives.

use claimgate_packet::evidence::{Document, Institution, Patient};

use crate::bundle::Bundle;
use crate::shape::Shape;

use reading::Reading;

pub mod narrative;

mod reading;
mod visit;

mod certificate;
mod receipt;

mod laboratory;
mod result;

mod drug;
mod prescription;
mod record;

/// What every document of a case shares.
pub struct Case {
    /// Case number (案件編號), Bundle.identifier: system in its one spelling, value.
    pub number: (Option<String>, String),
    /// The one person the Bundle is about.
    pub patient: Patient,
    /// The hospital that sends it.
    pub institution: Institution,
    /// Which guide it follows.
    pub shape: Shape,
}

claimgate_packet::opaque_debug!(Case);

/// Reads every document of a Bundle.
#[must_use]
pub fn documents(bundle: &Bundle<'_>, case: &Case) -> Vec<Document> {
    let reading = Reading::new(bundle, case);
    let mut documents: Vec<Document> = reading.certificates().into_iter().map(Document::DiagnosisCertificate).collect();
    documents.extend(reading.receipts().into_iter().map(Document::MedicalReceipt));
    documents.extend(reading.laboratory_reports().into_iter().map(Document::LabReport));
    documents.extend(reading.prescriptions().into_iter().map(Document::Prescription));
    documents.extend(reading.records().into_iter().map(Document::MedicalRecord));
    reading.leftovers();
    documents
}
