//! The hospital adapter on made-up Bundles (tests/fixtures) and on the guide's own, by what a hospital sees.

use std::path::{Path, PathBuf};

use claimgate_fhir::outcome::Severity;
use serde_json::Value;

use super::*;

mod attachments;
mod broken;
mod checks;
mod clinical;
mod codes;
mod coverages;
mod evidence;
mod mutations;
mod outcomes;
mod published;
mod receipts;
mod refusals;
mod settings;
mod shapes;
mod sources;
mod warnings;
mod withdrawals;

const FIXTURES: [&str; 8] = [
    "outpatient",
    "inpatient-ten-lines",
    "two-receipts",
    "emergency",
    "resident-certificate",
    "demo",
    "invoice",
    "prescription",
];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn fixture(name: &str) -> Value {
    let path = root("tests/fixtures/bundles").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
}

/// A fixture that something was done to.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut bundle = fixture(name);
    change(&mut bundle);
    bundle
}

fn read_value(bundle: &Value) -> Result<HospitalBundle, Rejection> {
    read(&serde_json::to_vec(bundle).unwrap(), &Settings::default())
}

/// The position of the n-th resource of a type.
fn position(bundle: &Value, resource_type: &str, nth: usize) -> usize {
    let entries = bundle["entry"].as_array().unwrap().iter().enumerate();
    let mut found = entries.filter(|(_, entry)| entry["resource"]["resourceType"] == resource_type);
    found.nth(nth).unwrap().0
}

/// The first resource of a type.
fn resource<'v>(bundle: &'v mut Value, resource_type: &str) -> &'v mut Value {
    let position = position(bundle, resource_type, 0);
    &mut bundle["entry"][position]["resource"]
}

fn remove(bundle: &mut Value, resource_type: &str) {
    let entries = bundle["entry"].as_array_mut().unwrap();
    entries.retain(|entry| entry["resource"]["resourceType"] != resource_type);
}

fn drop_member(value: &mut Value, member: &str) {
    value.as_object_mut().unwrap().remove(member).unwrap();
}

fn codes(issues: &[Issue]) -> Vec<&str> {
    issues.iter().map(|issue| &*issue.code).collect()
}

#[test]
fn every_fixture_is_accepted_without_a_warning_but_its_profiles_limit_and_has_its_own_case_number() {
    let mut numbers = std::collections::HashSet::new();
    for name in FIXTURES {
        let bundle = read_value(&fixture(name)).unwrap();
        let warnings = bundle.warnings.iter().filter(|issue| issue.severity != Severity::Information);
        let warnings: Vec<&str> = warnings.map(|issue| &*issue.code).collect();
        // iClaim's Patient has no place for a resident number; the profile's limit is named, the number carried.
        let expected: &[&str] = if name == "resident-certificate" { &["patient.outside-profile"] } else { &[] };
        assert_eq!(warnings, expected, "{name}");
        assert!(numbers.insert(bundle.identifier), "{name}");
        assert_eq!(bundle.institution.code, "1199990014");
        let form = match name {
            "invoice" => "fhir-r4-invoice",
            "prescription" => "fhir-r4-empd",
            _ => "fhir-r4-iclaim",
        };
        assert_eq!(bundle.form, form, "{name}");
    }
    let files = std::fs::read_dir(root("tests/fixtures/bundles")).unwrap().count();
    assert_eq!(files, FIXTURES.len(), "a fixture that no test reads");
}

#[test]
fn every_document_is_written_and_read_back_by_its_type_and_schema() {
    for name in FIXTURES {
        for document in read_value(&fixture(name)).unwrap().documents {
            let json = document.to_json().unwrap();
            let again = Document::from_json(document.kind(), &document.schema(), json).unwrap();
            assert!(again == document, "{name}: {}", document.kind());
        }
    }
}

#[test]
fn nothing_personal_prints() {
    let bundle = read_value(&fixture("outpatient")).unwrap();
    assert_eq!(format!("{bundle:?}"), "HospitalBundle(..)");
    assert_eq!(format!("{:?}", bundle.identifier), "CaseIdentifier(..)");
    assert_eq!(format!("{:?}", bundle.coverages[0]), "CoverageEntry(..)");
}
