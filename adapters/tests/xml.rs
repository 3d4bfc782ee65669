//! The hospital's Bundle as XML: the same evidence as its JSON form, and the same refusals.

use std::path::Path;

use claimgate_adapters::hospital::{Refused, Settings, read, read_format};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::{parse, xml};

#[test]
fn every_fixture_as_xml_gives_the_same_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/bundles");
    let (limits, settings) = (Limits::default(), Settings::default());
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.display();
        let json = std::fs::read(&path).unwrap();
        let text = xml::write(&parse::parse(&json, &limits).unwrap()).unwrap();
        match (read(&json, &settings), read_format(text.as_bytes(), Format::Xml, &settings)) {
            (Ok(left), Ok(right)) => {
                assert!(left.documents == right.documents && !left.documents.is_empty(), "{name}");
                assert!(left.identifier == right.identifier && left.institution == right.institution, "{name}");
                assert_eq!((left.timestamp, left.warnings, left.form), (right.timestamp, right.warnings, right.form));
                let payors = |bundle: Vec<claimgate_adapters::hospital::CoverageEntry>| {
                    bundle
                        .into_iter()
                        .map(|entry| (entry.payor, entry.line, entry.policy_number, entry.path))
                        .collect::<Vec<_>>()
                };
                assert!(payors(left.coverages) == payors(right.coverages), "{name}");
            }
            (left, right) => assert_eq!(left.err(), right.err(), "{name}"),
        }
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn refusals_keep_their_reason() {
    let reason = |text: &str, limits: &Limits| {
        let settings = Settings { limits: *limits, ..Settings::default() };
        read_format(text.as_bytes(), Format::Xml, &settings).unwrap_err().reason
    };
    let limits = Limits::default();
    assert_eq!(reason("<!DOCTYPE a><Bundle xmlns='http://hl7.org/fhir'/>", &limits), Refused::Malformed);
    assert_eq!(reason("{}", &limits), Refused::Malformed);
    assert_eq!(reason("<Bundle xmlns='http://hl7.org/fhir'/>", &limits), Refused::Unprocessable);
    assert_eq!(reason("<Bundle xmlns='http://hl7.org/fhir'/>", &Limits { bytes: 9, ..limits }), Refused::TooLarge);
}
