//! A hospital's tables as a vendor would export them, and what the reader of Bundles says of the result.

use std::path::Path;

use claimgate_fhir::outcome::Severity;
use claimgate_packet::evidence::{Document, Payer};
use serde_json::Value;

use super::*;
use crate::hospital::{self, HospitalBundle, Settings};

mod hostile;
mod mapping;
mod records;

/// The example of docs/build.md.
fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/build");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

const TABLES: [&str; 4] = ["visits", "receipts", "labs", "policies"];

fn tables() -> Vec<(&'static str, Vec<u8>)> {
    TABLES.iter().map(|name| (*name, example(&format!("{name}.csv")).into_bytes())).collect()
}

/// The same tables in Big5.
fn big5(tables: Vec<(&'static str, Vec<u8>)>) -> Vec<(&'static str, Vec<u8>)> {
    let encode = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let (bytes, _, lossy) = encoding_rs::BIG5.encode(&text);
        assert!(!lossy);
        bytes.into_owned()
    };
    tables.into_iter().map(|(name, bytes)| (name, encode(bytes))).collect()
}

fn map(text: &str) -> Map {
    Map::read(text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn inputs<'a>(tables: &'a [(&'a str, Vec<u8>)]) -> Vec<Input<'a>> {
    tables.iter().map(|(name, bytes)| Input { name, bytes }).collect()
}

fn build(mapping: &str, tables: &[(&str, Vec<u8>)]) -> Vec<Case> {
    let map = map(mapping);
    let export = Export::read(&map, &inputs(tables)).unwrap_or_else(|issues| panic!("{issues:?}"));
    export.cases(None).collect()
}

fn refusal(mapping: &str, tables: &[(&str, Vec<u8>)]) -> Vec<Issue> {
    Export::read(&map(mapping), &inputs(tables)).unwrap_err()
}

fn codes(issues: &[Issue]) -> Vec<&str> {
    issues.iter().map(|issue| &*issue.code).collect()
}

fn read(bundle: &Value) -> Result<HospitalBundle, hospital::Rejection> {
    hospital::read(bundle.to_string().as_bytes(), &Settings::default())
}

fn field<'c>(case: &'c Case, target: &str) -> &'c FieldReport {
    case.fields.iter().find(|field| field.target == target).unwrap_or_else(|| panic!("no {target}"))
}

#[test]
fn the_example_becomes_bundles_that_are_read_with_no_warning_but_the_profiles_limit() {
    let cases = build(&example("map.toml"), &tables());
    let numbers: Vec<&str> = cases.iter().map(|case| case.number.as_str()).collect();
    assert_eq!(numbers, ["B-115-0001", "B-115-0002"]);
    for case in &cases {
        assert!(!case.refused() && !case.incomplete() && case.issues.is_empty(), "{:?}", case.issues);
        let read = read(&case.bundle).unwrap();
        let warnings: Vec<_> = read.warnings.iter().filter(|issue| issue.severity != Severity::Information).collect();
        // The second patient has a resident certificate, which iClaim's profile has no place for.
        let expected = if case.number == "B-115-0002" { vec!["patient.outside-profile"] } else { Vec::new() };
        assert_eq!(warnings.iter().map(|issue| &*issue.code).collect::<Vec<_>>(), expected);
        assert_eq!((read.form, read.identifier.value.as_str()), ("fhir-r4-iclaim", case.number.as_str()));
        assert_eq!(read.institution.code, "1199990014");
        assert!(claimgate_fhir::xml::write(&case.bundle).is_ok());
    }
}

#[test]
fn what_stood_in_the_tables_stands_in_the_evidence() {
    let cases = build(&example("map.toml"), &tables());
    let first = read(&cases[0].bundle).unwrap();
    let kinds: Vec<&str> = first.documents.iter().map(Document::kind).collect();
    assert_eq!(kinds, ["diagnosis-certificate", "medical-receipt", "lab-report"]);
    let [Document::DiagnosisCertificate(certificate), Document::MedicalReceipt(receipt), Document::LabReport(report)] =
        first.documents.as_slice()
    else {
        panic!("{kinds:?}");
    };
    assert_eq!(certificate.number.as_deref(), Some("D115-001"));
    let codes: Vec<&str> = certificate.diagnoses.iter().map(|one| one.codings[0].code.as_str()).collect();
    assert_eq!(codes, ["S93.401A", "M25.571"], "the first block is the first diagnosis");
    assert!(certificate.advice.as_ref().unwrap().contains("，\n宜休養"));
    assert_eq!(certificate.patient.birth_date.as_deref(), Some("1990-04-22"));
    assert_eq!(certificate.patient.address.as_deref(), Some("臺北市測試區示範路一段1號"));
    assert_eq!(certificate.physicians[0].licence.as_deref(), Some("TEST-MD-000001"));
    let visit = certificate.visit.as_ref().unwrap();
    assert_eq!(visit.start.unwrap().to_string(), "2026-03-12T01:30:00Z");
    assert_eq!(visit.class.as_ref().unwrap().code, "AMB");
    assert_eq!(visit.department.as_ref().unwrap().codings[0].display.as_deref(), Some("骨科"));

    assert_eq!(receipt.key.as_ref().unwrap().number, "R1150312-0457");
    assert_eq!(receipt.lines.len(), 4, "the voided line is none");
    assert_eq!((receipt.totals.self_pay.to_string(), receipt.totals.nhi.to_string()), ("2751".into(), "361".into()));
    assert_eq!(receipt.totals.stated, Some(receipt.totals.self_pay));
    assert_eq!(receipt.lines[2].unit_price.unwrap().to_string(), "1250.50");
    assert_eq!(receipt.lines[2].category.as_ref().unwrap().code(), "METR");
    assert_eq!(receipt.lines[0].category.as_ref().unwrap().code(), "REG");

    assert_eq!(report.results.len(), 2);
    assert_eq!(report.number.as_deref(), Some("L1150312-01"));
    assert_eq!(report.results[0].performers.len(), 2);
    assert_eq!(report.results[0].interpretation[0].codings[0].code, "H");

    let second = read(&cases[1].bundle).unwrap();
    let Document::MedicalReceipt(receipt) = &second.documents[1] else { panic!() };
    assert_eq!(receipt.lines[2].payer, Payer::Copay);
    let kinds: Vec<_> = receipt.patient.identifiers.iter().map(|number| number.kind.as_deref().unwrap()).collect();
    assert_eq!(kinds, ["resident-certificate", "medical-record"]);
    assert_eq!(second.coverages[0].payor.value, "12345676");
}

#[test]
fn every_field_says_where_it_came_from() {
    let cases = build(&example("map.toml"), &tables());
    let birth = field(&cases[0], "patient.birth_date");
    let from = birth.from.as_ref().unwrap();
    assert_eq!((from.input.as_str(), from.row, from.column.as_str()), ("visits", 2, "生日"));
    assert_eq!((birth.outcome, birth.reason.as_str()), (Outcome::Taken, "date of the ROC calendar (民國)"));
    assert_eq!((birth.shape().as_deref(), birth.value()), (Some("9999-99-99"), Some("1990-04-22")));
    assert_eq!(field(&cases[0], "patient.name").shape().as_deref(), Some("字字字"));
    assert_eq!(field(&cases[0], "patient.gender").shape().as_deref(), Some("word"));
    assert_eq!(field(&cases[0], "receipt[1].total").reason, "thousands separators left out");
    assert_eq!(field(&cases[1], "patient.occupation_name").outcome, Outcome::Defaulted);
    assert_eq!(field(&cases[1], "encounter[1].start").from.as_ref().unwrap().row, 4, "the line, not the row");
    assert!(field(&cases[0], "hospital.code").from.is_none());
    assert_eq!(format!("{:?}", cases[0]), "Case(..)");
    assert_eq!(format!("{birth:?}"), "FieldReport(..)");
}

#[test]
fn the_same_tables_in_big5_make_the_same_bundles() {
    let expected = build(&example("map.toml"), &tables());
    let mapping = example("map.toml").replace("format = \"csv\"", "format = \"csv\"\nencoding = \"big5\"");
    let found = build(&mapping, &big5(tables()));
    assert_eq!(found.len(), 2);
    for (one, other) in expected.iter().zip(&found) {
        assert_eq!(one.bundle, other.bundle);
    }
}

/// Every order of rows that a shuffle with a fixed step gives.
fn shuffled(text: &str, step: usize) -> String {
    let (header, rows) = text.split_once('\n').unwrap();
    // A line break inside quotes belongs to its row.
    let mut whole: Vec<String> = Vec::new();
    for line in rows.lines() {
        match whole.last_mut().filter(|row| row.matches('"').count() % 2 == 1) {
            Some(open) => {
                open.push('\n');
                open.push_str(line);
            }
            None => whole.push(line.to_owned()),
        }
    }
    let count = whole.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|place| (place * step + step / 3) % 11);
    if step.is_multiple_of(2) {
        order.reverse();
    }
    let rows: Vec<&str> = order.iter().map(|place| whole[*place].as_str()).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

#[test]
fn rows_in_any_order_make_the_same_bundles() {
    for mapping in [example("map.toml"), example("map.toml").replace("sequence = \"序\"\n", "")] {
        let expected = build(&mapping, &tables());
        let mut moved = 0;
        for step in 1..12 {
            let other: Vec<(&str, Vec<u8>)> = tables()
                .into_iter()
                .map(|(name, bytes)| (name, shuffled(&String::from_utf8(bytes).unwrap(), step).into_bytes()))
                .collect();
            moved += usize::from(other != tables());
            let found = build(&mapping, &other);
            for (one, other) in expected.iter().zip(&found) {
                assert_eq!(one.bundle.to_string(), other.bundle.to_string(), "step {step}");
                let outcomes =
                    |case: &Case| case.fields.iter().map(|it| (it.target.clone(), it.outcome)).collect::<Vec<_>>();
                assert_eq!(outcomes(one), outcomes(other));
            }
        }
        assert!(moved > 8, "the shuffle shuffles");
    }
}
