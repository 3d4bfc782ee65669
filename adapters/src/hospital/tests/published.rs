//! The guide's own example, where the shared reference data lies beside the workspace.

use super::*;

#[expect(clippy::disallowed_methods, reason = "a test asks where the reference data lies; no code does")]
pub(super) fn examples() -> PathBuf {
    let shared = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| root("../shared"), PathBuf::from);
    shared.join("data/fhir/examples")
}

pub(super) fn published(path: &str) -> Option<Vec<u8>> {
    let path = examples().join(path);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {} is not there", path.display());
    }
    bytes
}

fn unresolved(bundle: &HospitalBundle) -> Vec<&[String]> {
    let found = bundle.warnings.iter().filter(|issue| issue.code == "reference.unresolved");
    found.map(|issue| issue.expression.as_slice()).collect()
}

#[test]
fn the_assembled_example_is_accepted_with_its_six_unresolved_references() {
    let Some(bytes) = published("iclaim-1.0.0/assembled/Bundle-iclaim-C1.assembled.json") else { return };
    let bundle = read(&bytes, &Settings::default()).unwrap();
    assert_eq!(
        unresolved(&bundle),
        [
            ["Bundle.entry[0].resource.section[0].entry[7]".to_owned()],
            ["Bundle.entry[0].resource.section[0].entry[8]".to_owned()],
            ["Bundle.entry[4].resource.asserter".to_owned()],
            ["Bundle.entry[5].resource.participant[0].individual".to_owned()],
            ["Bundle.entry[7].resource.performer[0]".to_owned()],
            ["Bundle.entry[7].resource.performer[1]".to_owned()],
        ]
    );
    assert_eq!(bundle.identifier.value, "A0001");
    assert_eq!(bundle.institution.code, "0131060029");
    assert_eq!(bundle.coverages[0].payor.value, "03374707");
    assert_eq!(bundle.coverages[0].line, None);
    let Document::MedicalReceipt(receipt) = &bundle.documents[1] else { panic!("a receipt") };
    assert_eq!(receipt.number, None, "the Claim has only the case number");
    assert_eq!(receipt.totals.self_pay, "150".parse().unwrap());
    assert_eq!(receipt.totals.nhi, "580".parse().unwrap());
    assert_eq!(receipt.totals.stated, "150".parse().ok());
}

#[test]
fn the_filled_example_has_no_unresolved_reference() {
    let Some(bytes) = published("iclaim-derived/Bundle-C1.filled-SYNTHETIC.json") else { return };
    let bundle = read(&bytes, &Settings::default()).unwrap();
    assert!(!codes(&bundle.warnings).iter().any(|code| code.starts_with("reference.")));
    assert_eq!(bundle.documents.len(), 3);
}
