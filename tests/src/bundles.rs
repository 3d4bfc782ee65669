//! The project's own bundles, and how a test changes one.

use serde_json::{Value, json};

/// Institution code of the hospital of every fixture.
pub const HOSPITAL_CODE: &str = claimgate_gateway::sandbox::demo::HOSPITAL_CODE;

/// Name and bytes of every fixture.
pub const FIXTURES: &[(&str, &[u8])] = &[
    ("demo", include_bytes!("../fixtures/bundles/demo.json")),
    ("outpatient", include_bytes!("../fixtures/bundles/outpatient.json")),
    ("inpatient-ten-lines", include_bytes!("../fixtures/bundles/inpatient-ten-lines.json")),
    ("two-receipts", include_bytes!("../fixtures/bundles/two-receipts.json")),
    ("emergency", include_bytes!("../fixtures/bundles/emergency.json")),
    ("resident-certificate", include_bytes!("../fixtures/bundles/resident-certificate.json")),
    ("invoice", include_bytes!("../fixtures/bundles/invoice.json")),
    ("prescription", include_bytes!("../fixtures/bundles/prescription.json")),
];

/// A fixture as JSON.
///
/// # Panics
/// There is no such fixture.
#[must_use]
pub fn fixture(name: &str) -> Value {
    let found = FIXTURES.iter().find(|(known, _)| *known == name);
    let (_, bytes) = found.unwrap_or_else(|| panic!("no fixture {name}"));
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("fixture {name}: {error}"))
}

/// The demo bundle under a case number of its own.
#[must_use]
pub fn case(number: &str) -> Value {
    with_case(&fixture("demo"), number)
}

/// A bundle under another case number, wherever it stands.
#[must_use]
pub fn with_case(bundle: &Value, number: &str) -> Value {
    let old = bundle.pointer("/identifier/value").and_then(Value::as_str).unwrap_or_default().to_owned();
    let text = bundle.to_string().replace(&format!("\"{old}\""), &json!(number).to_string());
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The resources of one type.
pub fn resources<'a>(bundle: &'a mut Value, kind: &'a str) -> impl Iterator<Item = &'a mut Value> {
    let entries = bundle.get_mut("entry").and_then(Value::as_array_mut).map(|entries| entries.iter_mut());
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get_mut("resource"))
        .filter(move |resource| resource.get("resourceType").and_then(Value::as_str) == Some(kind))
}

/// The only resource of a type.
///
/// # Panics
/// There is none.
pub fn resource<'a>(bundle: &'a mut Value, kind: &'a str) -> &'a mut Value {
    resources(bundle, kind).next().unwrap_or_else(|| panic!("no {kind}"))
}

/// The bytes of a bundle.
#[must_use]
pub fn bytes(bundle: &Value) -> Vec<u8> {
    bundle.to_string().into_bytes()
}
