//! FHIR → evidence, resource by resource, whatever guide they follow: Claim and Invoice = receipt 收據,
//! Condition + Encounter = certificate 診斷證明書, DiagnosticReport + Observation = laboratory report 檢驗報告,
//! MedicationRequest and MedicationDispense = prescription 處方箋, Composition = medical record 病歷; files beside them.
//!
//! In: an opened Bundle, its shape, and what the case says of patient and hospital. Out: documents in that order, those
//! that are withdrawn (`withdrawal`), and a finding for everything that has no place in them. Must not know: who pays, who receives.

use claimgate_packet::evidence::{Document, Institution, Patient};

use crate::bundle::Bundle;
use crate::shape::Shape;
use crate::sources::{DocumentSources, Sources};

use reading::{Made, Reading};

pub use file::{File, UPLOADS, Uploaded};
pub use withdrawal::Withdrawn;

pub mod narrative;

mod reading;
mod visit;
mod withdrawal;

mod certificate;
mod diagnosis;
mod procedure;
mod receipt;

mod laboratory;
mod result;

mod drug;
mod prescription;
mod record;

mod attached;
mod file;

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

/// One document with its files, and where its fields came from.
pub struct Read {
    /// The document.
    pub document: Document,
    /// Its sources; empty where [`Case::sources`] asks for none.
    pub sources: DocumentSources,
    /// Its files, in the order they stand in the Bundle.
    pub files: Vec<File>,
    /// The paths of the resources it was made of.
    of: Vec<String>,
}

claimgate_packet::opaque_debug!(Read);

/// Reads every document of a Bundle, and which ones it takes back.
#[must_use]
pub fn documents(bundle: &Bundle<'_>, case: &Case) -> (Vec<Read>, Vec<Withdrawn>) {
    let reading = Reading::new(bundle, case);
    let mut read = Vec::new();
    read.extend(all(&reading, reading.certificates(), Document::DiagnosisCertificate));
    read.extend(all(&reading, reading.receipts(), Document::MedicalReceipt));
    read.extend(all(&reading, reading.laboratory_reports(), Document::LabReport));
    read.extend(all(&reading, reading.prescriptions(), Document::Prescription));
    read.extend(all(&reading, reading.records(), Document::MedicalRecord));
    reading.attachments(&mut read);
    reading.leftovers();
    (read, reading.withdrawn.take())
}

fn all<T>(reading: &Reading<'_, '_>, made: Vec<Made<T>>, wrap: fn(T) -> Document) -> impl Iterator<Item = Read> {
    made.into_iter().map(move |made| finished(reading, made, wrap))
}

fn finished<T>(reading: &Reading<'_, '_>, made: Made<T>, wrap: fn(T) -> Document) -> Read {
    let Made { value, from, of } = made;
    let document = wrap(value);
    let sources = if reading.traces() {
        document.to_json().map(|json| from.finish(&json)).unwrap_or_default()
    } else {
        DocumentSources::new()
    };
    Read { document, sources, files: Vec::new(), of }
}
