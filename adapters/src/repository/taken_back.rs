//! A Bundle that takes the place of another, and one that takes a case back: in a repository nothing is ever deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::DELIVERY_SYSTEM;

/// What a Bundle that takes a case back still holds.
const KEPT: [&str; 4] = ["Composition", "Patient", "Organization", "Coverage"];
/// What a Composition says of content.
const CONTENT: [&str; 7] = ["section", "encounter", "text", "attester", "event", "category", "meta"];

/// Says in the Composition which Bundle's place this one takes (`Composition.relatesTo`, FHIR R4).
pub(super) fn replaces(bundle: &mut Value, before: &str) {
    let target = json!({ "system": DELIVERY_SYSTEM, "value": before });
    if let Some(composition) = composition(bundle).and_then(Value::as_object_mut) {
        composition.insert("relatesTo".to_owned(), json!([{ "code": "replaces", "targetIdentifier": target }]));
    }
}

/// Leaves what says whose case it was, and that it counts no more. It keeps no profile: none of them knows such a document.
pub(super) fn empty(bundle: &mut Value) {
    let mut stays = BTreeSet::new();
    if let Some(entries) = bundle.get_mut("entry").and_then(Value::as_array_mut) {
        entries.retain(|one| {
            let kind = one.pointer("/resource/resourceType").and_then(Value::as_str);
            let kept = kind.is_some_and(|kind| KEPT.contains(&kind));
            if kept && let Some(url) = one.get("fullUrl").and_then(Value::as_str) {
                stays.insert(url.to_owned());
            }
            kept
        });
    }
    if let Some(composition) = composition(bundle).and_then(Value::as_object_mut) {
        composition.insert("status".to_owned(), json!("entered-in-error"));
        for member in CONTENT {
            composition.shift_remove(member);
        }
        if let Some(authors) = composition.get_mut("author").and_then(Value::as_array_mut) {
            authors.retain(|one| one.get("reference").and_then(Value::as_str).is_some_and(|url| stays.contains(url)));
        }
    }
    if let Some(bundle) = bundle.as_object_mut() {
        bundle.shift_remove("meta");
    }
}

fn composition(bundle: &mut Value) -> Option<&mut Value> {
    bundle.pointer_mut("/entry/0/resource")
}
