//! FHIR → evidence, resource by resource, whatever guide they follow: Claim and Invoice = receipt 收據,
//! Condition + Encounter = certificate 診斷證明書, DiagnosticReport + Observation = laboratory report 檢驗報告,
//! MedicationRequest and MedicationDispense = prescription 處方箋, Composition = medical record 病歷.
//!
//! In: an opened Bundle, its shape, and what the case says of patient and hospital. Out: documents in that order,
//! and a finding for everything that has no place in them. Must not know: who pays, who receives.

use claimgate_packet::evidence::{Document, Institution, Patient};

use crate::bundle::Bundle;
use crate::shape::Shape;
use crate::sources::{DocumentSources, Sourced, Sources};

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
    /// Where patient and institution came from; `None` where nobody asks where fields came from.
    pub sources: Option<[Sources; 2]>,
}

claimgate_packet::opaque_debug!(Case);

/// One document and where its fields came from.
pub struct Read {
    /// The document.
    pub document: Document,
    /// Its sources; empty where [`Case::sources`] asks for none.
    pub sources: DocumentSources,
}

claimgate_packet::opaque_debug!(Read);

/// Reads every document of a Bundle.
#[must_use]
pub fn documents(bundle: &Bundle<'_>, case: &Case) -> Vec<Read> {
    let reading = Reading::new(bundle, case);
    let mut read = Vec::new();
    add(&mut read, case, reading.certificates(), Document::DiagnosisCertificate);
    add(&mut read, case, reading.receipts(), Document::MedicalReceipt);
    add(&mut read, case, reading.laboratory_reports(), Document::LabReport);
    add(&mut read, case, reading.prescriptions(), Document::Prescription);
    add(&mut read, case, reading.records(), Document::MedicalRecord);
    reading.leftovers();
    read
}

fn add<T>(read: &mut Vec<Read>, case: &Case, documents: Vec<Sourced<T>>, wrap: fn(T) -> Document) {
    for Sourced { value, from } in documents {
        let document = wrap(value);
        let finished = || document.to_json().map(|json| from.finish(&json)).unwrap_or_default();
        let sources = if case.sources.is_some() { finished() } else { DocumentSources::new() };
        read.push(Read { document, sources });
    }
}
