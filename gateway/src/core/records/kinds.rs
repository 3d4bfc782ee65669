//! Which kind of record a document of a hospital is, and of which days: by its evidence type, and by LOINC where one type holds
//! several kinds. A document of which that cannot be told is of no kind: nobody consented to it by name.

use claimgate_adapters::insurer::records::Period;
use claimgate_adapters::insurer::request::DocumentKind;
use claimgate_packet::evidence::{Concept, Document, LabReport, MedicalReceipt, Visit};
use jiff::civil::Date;

const LOINC: &str = "http://loinc.org";

/// Codes of Composition.type and DiagnosticReport.code that name a kind of record, those of
/// [`DocumentKind::loinc`] and others that Taiwanese forms use (fhir: `shape`).
const ALSO: [(&str, DocumentKind); 7] = [
    // 門診病歷 PMR: the exchange form's own code is "History and physical note".
    ("34117-2", DocumentKind::OutpatientRecord),
    // Hospital Discharge summary.
    ("34105-7", DocumentKind::DischargeSummary),
    // Physician Emergency department Note.
    ("28568-4", DocumentKind::EmergencyRecord),
    // Surgical pathology study.
    ("11529-5", DocumentKind::PathologyReport),
    // Radiology report, radiology studies.
    ("11528-7", DocumentKind::ImagingReport),
    ("18726-0", DocumentKind::ImagingReport),
    // Medication dispensed (調劑單張).
    ("29304-3", DocumentKind::Prescription),
];

/// The kinds a document is. A receipt with its lines is the itemised one too.
#[must_use]
pub fn kinds(document: &Document) -> Vec<DocumentKind> {
    match document {
        Document::DiagnosisCertificate(_) => vec![DocumentKind::Certificate],
        Document::MedicalReceipt(receipt) if receipt.lines.is_empty() => vec![DocumentKind::Receipt],
        Document::MedicalReceipt(_) => vec![DocumentKind::Receipt, DocumentKind::ItemisedReceipt],
        // A report that says nothing else is the laboratory's: that is what the reader takes it for.
        Document::LabReport(report) => vec![by_code(&report.code).unwrap_or(DocumentKind::LaboratoryReport)],
        Document::Prescription(_) => vec![DocumentKind::Prescription],
        Document::MedicalRecord(record) => {
            let of = std::iter::once(&record.code).chain(&record.categories);
            of.filter_map(by_code).take(1).collect()
        }
        _ => Vec::new(),
    }
}

fn by_code(concept: &Concept) -> Option<DocumentKind> {
    let codes = concept.codings.iter().filter(|coding| coding.system.as_deref().is_none_or(|system| system == LOINC));
    codes.into_iter().find_map(|coding| {
        let own = DocumentKind::ALL.iter().copied().find(|kind| kind.loinc() == Some(coding.code.as_str()));
        own.or_else(|| ALSO.into_iter().find(|(code, _)| *code == coding.code).map(|(_, kind)| kind))
    })
}

/// The days a document is about: its visit's, otherwise its own. Nothing where it says no day.
#[must_use]
pub fn days(document: &Document) -> Option<Period> {
    match document {
        Document::DiagnosisCertificate(one) => of_visit(one.visit.as_ref()).or_else(|| single(one.issued_on)),
        Document::MedicalReceipt(one) => receipt(one),
        Document::LabReport(one) => report(one),
        Document::Prescription(one) => of_visit(one.visit.as_ref()).or_else(|| single(one.issued_on)),
        Document::MedicalRecord(one) => of_visit(one.visit.as_ref()).or_else(|| single(one.written_on)),
        _ => None,
    }
}

fn receipt(one: &MedicalReceipt) -> Option<Period> {
    let days = || one.lines.iter().flat_map(|line| [line.serviced_on, line.serviced_until]).flatten();
    let serviced = days().min().zip(days().max()).map(|(from, until)| Period { from, until });
    of_visit(one.visit.as_ref()).or(serviced).or_else(|| single(one.issued_on))
}

fn report(one: &LabReport) -> Option<Period> {
    let reported = one.reported.map(super::day);
    let from = one.sampled_on.or(reported)?;
    Some(ordered(from, one.sampled_until.unwrap_or(from)))
}

/// A visit's days; one that has not ended is of its first day.
pub(crate) fn of_visit(visit: Option<&Visit>) -> Option<Period> {
    let visit = visit?;
    let from = visit.first_day.or(visit.last_day)?;
    Some(ordered(from, visit.last_day.unwrap_or(from)))
}

fn single(day: Option<Date>) -> Option<Period> {
    day.map(|day| Period { from: day, until: day })
}

fn ordered(one: Date, other: Date) -> Period {
    Period { from: one.min(other), until: one.max(other) }
}

#[cfg(test)]
mod tests {
    use claimgate_adapters::insurer::records::RECORDS;

    use super::*;

    #[test]
    fn a_code_names_one_kind() {
        let mut seen = std::collections::BTreeSet::new();
        let own = DocumentKind::ALL.iter().filter_map(|kind| kind.loinc());
        for code in own.chain(ALSO.iter().map(|(code, _)| *code)) {
            assert!(seen.insert(code), "{code} stands twice");
            let (number, check) = code.split_once('-').unwrap();
            assert_eq!(luhn(number), check.parse::<u32>().unwrap(), "{code}");
        }
        for kind in RECORDS {
            assert!(DocumentKind::ALL.contains(kind));
        }
    }

    /// LOINC's check digit (LOINC Users' Guide, appendix: mod 10).
    fn luhn(number: &str) -> u32 {
        let digits = number.chars().rev().filter_map(|digit| digit.to_digit(10));
        let sum: u32 = digits
            .enumerate()
            .map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
            .sum();
        (10 - sum % 10) % 10
    }
}
