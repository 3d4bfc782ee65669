//! What is accepted with a warning, and that nothing is left out in silence.

use serde_json::json;

use super::*;

type Change = fn(&mut Value);

const WARNINGS: [(&str, &str, Change); 19] = [
    ("bundle.profile-not-named", "Bundle.meta.profile", |it| drop_member(it, "meta")),
    ("composition.identifier-differs", "Bundle.entry[0].resource.identifier", |it| {
        resource(it, "Composition")["identifier"]["value"] = json!("other");
    }),
    ("entry.no-full-url", "Bundle.entry[2].fullUrl", |it| drop_member(&mut it["entry"][2], "fullUrl")),
    ("patient.id-checksum", "Bundle.entry[2].resource.identifier[0].value", |it| {
        resource(it, "Patient")["identifier"][0]["value"] = json!("A223456789");
    }),
    ("patient.id-form", "Bundle.entry[2].resource.identifier[0].value", |it| {
        resource(it, "Patient")["identifier"][0]["value"] = json!("a223456781");
    }),
    ("patient.id-gender", "Bundle.entry[2].resource.identifier[0].value", |it| {
        resource(it, "Patient")["gender"] = json!("male");
    }),
    ("patient.no-identity", "Bundle.entry[2].resource.identifier", |it| {
        drop_member(resource(it, "Patient"), "identifier");
    }),
    ("patient.no-name", "Bundle.entry[2].resource.name", |it| drop_member(resource(it, "Patient"), "name")),
    ("institution.code-checksum", "Bundle.entry[16].resource.identifier[0].value", |it| {
        let hospital = position(it, "Organization", 1);
        it["entry"][hospital]["resource"]["identifier"][0]["value"] = json!("1199990017");
    }),
    ("payor.ubn-checksum", "Bundle.entry[15].resource.identifier[0].value", |it| {
        let insurer = position(it, "Organization", 0);
        it["entry"][insurer]["resource"]["identifier"][0]["value"] = json!("12345678");
    }),
    ("encounter.offset", "Bundle.entry[5].resource.period.start", |it| {
        resource(it, "Encounter")["period"]["start"] = json!("2026-03-12T01:30:00Z");
    }),
    ("encounter.period", "Bundle.entry[5].resource.period", |it| {
        resource(it, "Encounter")["period"]["end"] = json!("2026-03-01");
    }),
    ("claim.item-payer-unstated", "Bundle.entry[1].resource.item[0].modifier", |it| {
        drop_member(&mut resource(it, "Claim")["item"][0], "modifier");
    }),
    ("claim.item-no-sequence", "Bundle.entry[1].resource.item[0].sequence", |it| {
        drop_member(&mut resource(it, "Claim")["item"][0], "sequence");
    }),
    ("claim.item-net-differs", "Bundle.entry[1].resource.item[3].net", |it| {
        resource(it, "Claim")["item"][3]["quantity"]["value"] = json!(3);
    }),
    ("claim.total-differs", "Bundle.entry[1].resource.total", |it| resource(it, "Claim")["total"]["value"] = json!(1)),
    ("bundle.no-condition", "Bundle.entry", |it| remove(it, "Condition")),
    ("attachment.url-not-fetched", "Bundle.entry[6].resource.presentedForm[0].url", |it| {
        resource(it, "DiagnosticReport")["presentedForm"] = json!([{ "url": "file:///etc/passwd" }]);
    }),
    ("element.partial-date", "Bundle.entry[1].resource.created", |it| {
        resource(it, "Claim")["created"] = json!("2026-03");
    }),
];

#[test]
fn every_warning_names_its_code_and_place_and_refuses_nothing() {
    for (code, place, change) in WARNINGS {
        let bundle = read_value(&changed("outpatient", change)).unwrap_or_else(|error| panic!("{code}: {error:?}"));
        let found = bundle.warnings.iter().find(|issue| issue.code == code);
        let found = found.unwrap_or_else(|| panic!("{code}: {:?}", codes(&bundle.warnings)));
        assert_eq!(found.severity, Severity::Warning, "{code}");
        assert_eq!(found.expression[0], place, "{code}");
    }
}

#[test]
fn resources_without_a_place_are_named_once_by_type() {
    let bundle = changed("outpatient", |it| {
        let entries = it["entry"].as_array_mut().unwrap();
        for (number, kind) in ["Specimen", "Medication", "Specimen"].iter().enumerate() {
            let resource = json!({ "resourceType": kind, "status": "available", "subject": { "display": "病人" } });
            entries.push(json!({ "fullUrl": format!("urn:uuid:{number}"), "resource": resource }));
            if *kind == "Medication" {
                drop_member(&mut entries.last_mut().unwrap()["resource"], "subject");
            }
        }
    });
    let warnings = read_value(&bundle).unwrap().warnings;
    assert_eq!(codes(&warnings), ["resource.not-mapped", "resource.not-mapped"]);
    assert_eq!(warnings[1].expression, ["Bundle.entry[17].resource", "Bundle.entry[19].resource"]);
}

#[test]
fn an_unstated_currency_is_remarked_once() {
    let warnings = read_value(&fixture("emergency")).unwrap().warnings;
    assert_eq!(codes(&warnings), ["claim.currency-assumed"]);
    assert_eq!(warnings[0].expression, ["Bundle.entry[1].resource"]);
}

#[test]
fn an_encounter_nobody_refers_to_is_named() {
    let bundle = changed("two-receipts", |it| {
        for nth in 0..2 {
            let condition = position(it, "Condition", nth);
            it["entry"][condition]["resource"]["encounter"] = json!({ "reference": "Encounter/visit-1" });
        }
    });
    assert_eq!(codes(&read_value(&bundle).unwrap().warnings), ["encounter.not-used"]);
}
