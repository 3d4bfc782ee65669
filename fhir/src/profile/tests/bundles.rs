//! Profiles that lead from one resource to another: entries, references, contained resources.

use super::*;

/// A Bundle whose `patient` slice must hold a Patient of profile `patient`.
fn guide() -> Rules {
    let patients = json!({ "code": "Patient", "profile": [format!("{BASE}patient")] });
    let bundle = profile(
        "p",
        "Bundle",
        json!([
            { "id": "Bundle.entry", "slicing": { "discriminator": [{ "type": "profile", "path": "resource" }], "rules": "open" } },
            { "id": "Bundle.entry:patient", "min": 1, "max": "1" },
            { "id": "Bundle.entry:patient.resource", "min": 1, "type": [patients] },
        ]),
    );
    let target = |profile: &str| json!({ "code": "Reference", "targetProfile": [format!("{BASE}{profile}")] });
    rules(&[
        bundle,
        profile("patient", "Patient", json!([{ "id": "Patient.gender", "min": 1 }])),
        profile(
            "condition",
            "Condition",
            json!([
                { "id": "Condition.subject", "type": [target("patient")] },
                { "id": "Condition.asserter", "type": [target("doctor")] },
            ]),
        ),
        profile("doctor", "Practitioner", json!([{ "id": "Practitioner.name", "min": 1 }])),
    ])
}

fn bundle(resources: Vec<Value>) -> Value {
    let entry = |resource: Value| json!({ "fullUrl": format!("urn:{}", resource["id"]), "resource": resource });
    of("Bundle", json!({ "entry": resources.into_iter().map(entry).collect::<Vec<_>>() }))
}

fn named(profile: &str, mut resource: Value) -> Value {
    resource["meta"] = json!({ "profile": [format!("{BASE}{profile}")] });
    resource
}

#[test]
fn an_entry_is_of_a_slice_by_what_it_says_or_by_what_it_is() {
    let rules = guide();
    let patient = |id: &str, gender: Option<&str>| {
        let mut patient = json!({ "resourceType": "Patient", "id": id });
        if let Some(gender) = gender {
            patient["gender"] = json!(gender);
        }
        patient
    };
    let gender = "Bundle.entry[0].resource.gender";
    for (resources, expected) in [
        (vec![named("patient", patient("1", Some("male")))], vec![]),
        // It says what it is, and is told what it lacks.
        (vec![named("patient", patient("1", None))], told("cardinality", gender)),
        // It says nothing, and is the only one.
        (vec![patient("1", None)], told("cardinality", gender)),
        (vec![patient("1", Some("male"))], vec![]),
        // Of two that say nothing only one keeps the profile.
        (vec![patient("1", None), patient("2", Some("male"))], vec![]),
        (vec![patient("1", None), patient("2", None)], told("cardinality", "Bundle.entry")),
        (vec![patient("1", Some("male")), patient("2", Some("male"))], told("cardinality", "Bundle.entry")),
        (vec![], told("cardinality", "Bundle.entry")),
    ] {
        assert_eq!(found(&rules, &bundle(resources.clone())), expected, "{resources:?}");
    }
}

#[test]
fn a_reference_leads_to_its_type_and_its_profile() {
    let rules = guide();
    let patient = || json!({ "resourceType": "Patient", "id": "1", "gender": "male" });
    let condition = |members: Value| {
        let mut condition = members;
        condition["resourceType"] = json!("Condition");
        condition["id"] = json!("c");
        named("condition", condition)
    };
    let subject = json!({ "reference": "Patient/1" });
    let asserter = |reference: &str| condition(json!({ "subject": subject, "asserter": { "reference": reference } }));
    let doctor = |id: &str| json!({ "resourceType": "Practitioner", "id": id });
    let place = "Bundle.entry[1].resource.asserter.reference";
    for (second, third, expected) in [
        // The one profile a reference may lead to is asked of what it leads to.
        (asserter("Practitioner/d"), doctor("d"), told("cardinality", "Bundle.entry[2].resource.name")),
        (asserter("Patient/1"), doctor("d"), told("reference-target", place)),
        // What is not here is known by the text alone.
        (asserter("https://away.example/fhir/Organization/9"), doctor("d"), told("reference-target", place)),
        (asserter("urn:uuid:away"), doctor("d"), vec![]),
    ] {
        let resources = vec![patient(), second.clone(), third];
        assert_eq!(found(&rules, &bundle(resources)), expected, "{second}");
    }
    let mut inside = asserter("#d");
    inside["contained"] = json!([doctor("d")]);
    let place = "Bundle.entry[1].resource.contained[0].name";
    assert_eq!(found(&rules, &bundle(vec![patient(), inside])), told("cardinality", place));
}
