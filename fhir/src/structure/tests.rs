//! Each rule of structure on small resources: found where it is, and not where it is not.

use serde_json::json;

use super::*;
use crate::outcome::{Issue, IssueKind};

fn found(resource: &Value) -> Vec<(String, String)> {
    let findings = Findings::default();
    check(resource, &findings);
    assert!(!findings.refused());
    let issues = findings.into_issues().into_iter();
    issues.map(|issue| (issue.code.trim_start_matches("structure.").to_owned(), issue.expression.join(" "))).collect()
}

fn patient(mut members: Value) -> Value {
    members["resourceType"] = json!("Patient");
    members
}

#[test]
fn what_the_standard_allows_is_not_found() {
    for resource in [
        patient(json!({ "id": "a", "birthDate": "1990-04-22", "_birthDate": { "id": "b" }, "deceasedBoolean": false })),
        patient(json!({ "_birthDate": { "extension": [{ "url": "urn:x", "valueDateTime": "1990" }] } })),
        patient(json!({ "name": [{ "text": "王小明", "given": ["一", null, "三"],
            "_given": [null, { "extension": [{ "url": "urn:x", "valueString": "二" }] }, null] }] })),
        patient(json!({ "name": [{ "given": ["一", "二"], "_given": [{ "id": "x" }] }] })),
        patient(json!({ "name": [{ "_given": [{ "id": "x" }] }] })),
        patient(json!({ "contained": [{ "resourceType": "Organization", "id": "o", "name": "院" }],
            "extension": [{ "url": "urn:x", "extension": [{ "url": "y", "valueQuantity": { "value": 1.5 } }] }] })),
        patient(json!({ "text": { "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>" } })),
        json!({ "resourceType": "Parameters", "parameter": [{ "name": "a", "resource": patient(json!({ "id": "p" })) }] }),
        json!({ "resourceType": "Nobody" }),
        json!([]),
    ] {
        assert_eq!(found(&resource), [], "{resource}");
    }
}

#[test]
fn each_fault_is_found_at_its_place() {
    for (members, code, place) in [
        (json!({ "colour": "red" }), "unknown-element", "Patient.colour"),
        (json!({ "姓名": "王小明" }), "unknown-element", "Patient.*"),
        (json!({ "_name": [{ "id": "x" }] }), "unknown-element", "Patient.name"),
        (json!({ "name": [{ "text": "a" }], "_name": [{ "id": "x" }] }), "unknown-element", "Patient.name"),
        (json!({ "deceasedString": "no" }), "unknown-element", "Patient.deceasedString"),
        (json!({ "name": [{ "text": "a", "nick": "b" }] }), "unknown-element", "Patient.name[0].nick"),
        (json!({ "contained": [{ "resourceType": "Nobody" }] }), "unknown-resource", "Patient.contained[0]"),
        (json!({ "contained": [{ "id": "x" }] }), "missing", "Patient.contained[0].resourceType"),
        (json!({ "name": { "text": "a" } }), "wrong-type", "Patient.name"),
        (json!({ "name": ["a"] }), "wrong-type", "Patient.name[0]"),
        (json!({ "active": "true" }), "wrong-type", "Patient.active"),
        (json!({ "multipleBirthInteger": "2" }), "wrong-type", "Patient.multipleBirthInteger"),
        (json!({ "birthDate": "1990", "_birthDate": "x" }), "wrong-type", "Patient.birthDate"),
        (json!({ "gender": ["male"] }), "repeats", "Patient.gender"),
        (json!({ "deceasedBoolean": true, "deceasedDateTime": "2026" }), "choice", "Patient.deceasedDateTime"),
        (json!({ "communication": [{ "preferred": true }] }), "missing", "Patient.communication[0].language"),
        (json!({ "link": [{ "other": { "display": "x" } }] }), "missing", "Patient.link[0].type"),
        (json!({ "birthDate": "112/08/07" }), "primitive-form", "Patient.birthDate"),
        (json!({ "id": "a_b" }), "primitive-form", "Patient.id"),
        (json!({ "telecom": [{ "rank": 0 }] }), "primitive-form", "Patient.telecom[0].rank"),
        (json!({ "text": { "status": "empty", "div": "words" } }), "primitive-form", "Patient.text.div"),
        (
            json!({ "extension": [{ "url": "a b", "valueBoolean": true }] }),
            "primitive-form",
            "Patient.extension[0].url",
        ),
        (json!({ "name": [] }), "empty", "Patient.name"),
        (json!({ "name": [{}] }), "empty", "Patient.name[0]"),
        (json!({ "name": [null] }), "empty", "Patient.name[0]"),
        (json!({ "gender": null }), "empty", "Patient.gender"),
        (json!({ "language": "" }), "empty", "Patient.language"),
        (json!({ "birthDate": "1990", "_birthDate": {} }), "empty", "Patient.birthDate"),
        (json!({ "name": [{ "given": ["一", null] }] }), "null-padding", "Patient.name[0].given[1]"),
        (json!({ "name": [{ "given": ["一"], "_given": [null, null] }] }), "null-padding", "Patient.name[0].given[1]"),
        (
            json!({ "contained": [{ "resourceType": "Organization",
                "contained": [{ "resourceType": "Organization" }] }] }),
            "contained",
            "Patient.contained[0].contained[0]",
        ),
        (json!({ "extension": [{ "url": "urn:x" }] }), "extension", "Patient.extension[0]"),
        (
            json!({ "extension": [{ "url": "urn:x", "valueBoolean": true,
                "extension": [{ "url": "y", "valueBoolean": true }] }] }),
            "extension",
            "Patient.extension[0]",
        ),
    ] {
        let resource = patient(members);
        assert_eq!(found(&resource), [(code.to_owned(), place.to_owned())], "{resource}");
    }
}

#[test]
fn a_choice_that_must_be_there_and_a_list_that_must_not_be_short_are_missed() {
    let claim = json!({ "resourceType": "Claim", "status": "active", "type": { "text": "x" }, "use": "claim",
        "patient": { "display": "x" }, "created": "2026", "provider": { "display": "x" }, "priority": { "text": "x" },
        "diagnosis": [{ "sequence": 1 }] });
    let missing = |place: &str| ("missing".to_owned(), place.to_owned());
    assert_eq!(found(&claim), [missing("Claim.diagnosis[0].diagnosis"), missing("Claim.insurance")]);
}

#[test]
fn what_a_reader_told_is_not_told_again() {
    let findings = Findings::default();
    findings.report(Issue::error(IssueKind::Value, "element.not-a-date", "x").at("Patient.birthDate"));
    check(&patient(json!({ "birthDate": "112/08/07", "gender": [] })), &findings);
    let codes: Vec<_> = findings.into_issues().into_iter().map(|issue| issue.code).collect();
    assert_eq!(codes, ["element.not-a-date", "structure.repeats"]);
}
