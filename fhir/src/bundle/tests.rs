//! Structure and references of Bundles, on small made-up ones.

use serde_json::json;

use super::*;

fn codes(root: &Value) -> Vec<(String, Vec<String>)> {
    let findings = Findings::default();
    let _ = Bundle::open(root, &Limits::default(), &findings);
    findings.into_issues().into_iter().map(|issue| (issue.code.into_owned(), issue.expression)).collect()
}

fn document(entries: impl Into<Value>) -> Value {
    let entries = entries.into();
    json!({ "resourceType": "Bundle", "type": "document", "entry": entries })
}

#[test]
fn every_way_to_refer_to_an_entry_is_understood() {
    let root = document(json!([
        { "fullUrl": "https://a.example/fhir/Composition/1", "resource": { "resourceType": "Composition", "id": "1",
            "subject": { "reference": "Patient/1" },
            "author": [
                { "reference": "https://b.example/fhir/Organization/1" },
                { "reference": "urn:uuid:0f3c2b1a-0000-4000-8000-000000000001" },
                { "reference": "#inside" }, { "reference": "#" },
                { "reference": "Patient/1/_history/3" }, { "reference": "Practitioner/x" },
                { "display": "nobody in particular" },
            ],
            "contained": [{ "resourceType": "Organization", "id": "inside" }] } },
        { "fullUrl": "https://a.example/fhir/Patient/1", "resource": { "resourceType": "Patient", "id": "1" } },
        { "fullUrl": "https://b.example/fhir/Patient/1", "resource": { "resourceType": "Patient", "id": "1" } },
        { "fullUrl": "https://b.example/fhir/Organization/1", "resource": { "resourceType": "Organization", "id": "1" } },
        { "fullUrl": "urn:uuid:0f3c2b1a-0000-4000-8000-000000000001",
          "resource": { "resourceType": "Practitioner", "id": "x" } },
    ]));
    assert_eq!(codes(&root), []);
    let findings = Findings::default();
    let bundle = Bundle::open(&root, &Limits::default(), &findings).unwrap();
    let composition = &bundle.entries()[0].resource;
    let patient = bundle.resolve(&composition.child("subject").unwrap(), &["Patient"]).unwrap();
    assert_eq!(patient.path(), "Bundle.entry[1].resource");
    let inside = bundle.resolve(&composition.children("author")[2], &["Organization"]).unwrap();
    assert_eq!(inside.path(), "Bundle.entry[0].resource.contained[0]");
    assert!(bundle.resolve(&composition.children("author")[0], &["Patient"]).is_none());
    assert_eq!(findings.into_issues()[0].code, "reference.wrong-type");
}

#[test]
fn a_missing_target_is_reported_once_with_all_its_places() {
    let root = document(json!([
        { "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Composition",
            "subject": { "reference": "Patient/p" }, "author": [{ "reference": "Patient/p" }, { "reference": "#c" }] } },
        { "fullUrl": "urn:uuid:2", "resource": { "resourceType": "Claim", "patient": { "reference": "Patient/q" },
            "provider": { "reference": "#c" } } },
        { "fullUrl": "urn:uuid:3", "resource": { "resourceType": "Patient", "id": "q" } },
        { "fullUrl": "urn:uuid:4", "resource": { "resourceType": "Patient", "id": "q" } },
    ]));
    let at = |place: &str| format!("Bundle.entry{place}");
    let unresolved = "reference.unresolved".to_owned();
    let mut found = codes(&root);
    for (_, places) in &mut found {
        places.sort();
    }
    found.sort();
    assert_eq!(
        found,
        [
            ("reference.ambiguous".to_owned(), vec![at("[1].resource.patient")]),
            (unresolved.clone(), vec![at("[0].resource.author[0]"), at("[0].resource.subject")]),
            (unresolved.clone(), vec![at("[0].resource.author[1]")]),
            (unresolved, vec![at("[1].resource.provider")]),
        ]
    );
}

#[test]
fn structural_faults_are_named_where_they_are() {
    for (root, code) in [
        (json!([]), "bundle.not-a-bundle"),
        (json!({ "resourceType": "Patient" }), "bundle.not-a-bundle"),
        (json!({ "resourceType": "Bundle" }), "bundle.not-a-document"),
        (document(json!([])), "bundle.no-composition"),
        (document(json!([{ "fullUrl": "urn:uuid:1" }])), "entry.no-resource"),
        (document(json!([{ "resource": { "id": "1" } }])), "element.required"),
        (document(json!([{ "resource": { "resourceType": "Composition" } }])), "entry.no-full-url"),
        (
            document(json!([{ "fullUrl": "Composition/1", "resource": { "resourceType": "Composition" } }])),
            "entry.relative-full-url",
        ),
        (
            document(json!([{ "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Patient" } },
            { "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Composition" } }])),
            "entry.duplicate-full-url",
        ),
        (
            document(json!([{ "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Patient" } },
            { "fullUrl": "urn:uuid:2", "resource": { "resourceType": "Composition" } }])),
            "composition.not-first",
        ),
        (
            document(json!([{ "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Composition",
            "section": [{ "modifierExtension": [] }] } }])),
            "resource.modifier-extension",
        ),
        (document(json!(vec![json!({}); 5001])), "bundle.too-many-entries"),
        (document(json!("x")), "element.wrong-type"),
    ] {
        let found = codes(&root);
        assert!(found.iter().any(|(found, _)| found == code), "{code}: {found:?}");
    }
}

#[test]
fn a_member_name_that_is_no_element_of_fhir_is_not_repeated() {
    let root = document(json!([{ "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Composition",
        "A123456789": { "reference": "Patient/A123456789" } } }]));
    assert_eq!(codes(&root), [("reference.unresolved".to_owned(), vec!["Bundle.entry[0].resource.*".to_owned()])]);
}
