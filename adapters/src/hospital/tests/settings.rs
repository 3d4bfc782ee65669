//! What a hospital's policy and the operator's aliases change in a reading, and what they leave alone.

use claimgate_fhir::outcome::Policy;
use claimgate_fhir::taiwan::Aliases;
use serde_json::json;

use super::*;

#[test]
fn a_structural_fault_is_a_warning_and_an_error_only_by_policy() {
    let mut bundle = fixture("outpatient");
    resource(&mut bundle, "Patient")["colour"] = json!("A123456789");
    let bytes = serde_json::to_vec(&bundle).unwrap();

    let warnings = read(&bytes, &Settings::default()).unwrap().warnings;
    let found = warnings.iter().find(|issue| issue.code == "structure.unknown-element").unwrap();
    assert_eq!((found.severity, found.expression[0].as_str()), (Severity::Warning, "Bundle.entry[2].resource.colour"));

    for name in ["structure", "structure.unknown-element"] {
        let policy = Policy::errors([name]).unwrap();
        let rejection = read(&bytes, &Settings { policy: &policy, ..Settings::default() }).err().unwrap();
        assert_eq!(rejection.reason, Refused::Unprocessable);
        assert_eq!(rejection.issues[0].code, "structure.unknown-element");
        assert!(rejection.issues[0].diagnostics.contains("policy"));
        assert!(!rejection.outcome().to_json().to_string().contains("A123456789"));
    }
    let other = Policy::errors(["patient.id-checksum", "profile"]).unwrap();
    assert!(read(&bytes, &Settings { policy: &other, ..Settings::default() }).is_ok());
}

#[test]
fn a_readers_warning_is_an_error_by_policy() {
    let mut bundle = fixture("outpatient");
    resource(&mut bundle, "Patient")["identifier"][0]["value"] = json!("A223456789");
    let bytes = serde_json::to_vec(&bundle).unwrap();
    assert!(read(&bytes, &Settings::default()).is_ok());
    let policy = Policy::errors(["patient.id-checksum"]).unwrap();
    let rejection = read(&bytes, &Settings { policy: &policy, ..Settings::default() }).err().unwrap();
    let errors: Vec<_> = rejection.issues.iter().filter(|issue| issue.refuses()).map(|issue| &*issue.code).collect();
    assert_eq!(errors, ["patient.id-checksum"]);
}

#[test]
fn a_hospitals_own_name_of_a_namespace_is_read_as_the_official_one() {
    let mut bundle = fixture("outpatient");
    let official = resource(&mut bundle, "Patient")["identifier"][0]["system"].take();
    resource(&mut bundle, "Patient")["identifier"][0]["system"] = json!("https://hospital.example/id/");
    let bytes = serde_json::to_vec(&bundle).unwrap();
    let aliases = Aliases::new([("https://hospital.example/id", official.as_str().unwrap())]).unwrap();
    let read_with = |aliases: &Aliases| read(&bytes, &Settings { aliases, ..Settings::default() }).unwrap();

    let plain = read_with(&Aliases::none());
    let folded = read_with(&aliases);
    let original = read(&serde_json::to_vec(&fixture("outpatient")).unwrap(), &Settings::default()).unwrap();
    assert!(folded.documents == original.documents && plain.documents != original.documents);
    let remarks: Vec<_> = folded.warnings.iter().filter(|issue| issue.code == "system.alias").collect();
    assert_eq!(remarks.len(), 1);
    assert_eq!(remarks[0].severity, Severity::Information);
}
