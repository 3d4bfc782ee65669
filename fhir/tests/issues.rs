//! The page of codes is what the codes say.

use std::path::Path;

#[test]
fn the_page_of_codes_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fhir-issues.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == claimgate_fhir::outcome::page(), "write it again: see the head of docs/fhir-issues.md");
}
