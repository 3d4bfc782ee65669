//! What cannot all be so, and whom a profile has no place for: accepted, with a warning at its place.

use serde_json::json;

use super::*;

type Change = fn(&mut Value);

fn patient_name(it: &mut Value, name: &str) {
    resource(it, "Patient")["name"][0]["text"] = json!(name);
}

const CHECKS: [(&str, &str, &str, Change); 22] = [
    ("outpatient", "claim.main-diagnosis", "Bundle.entry[1].resource.diagnosis", |it| {
        resource(it, "Claim")["diagnosis"][0]["sequence"] = json!(2);
    }),
    ("inpatient-ten-lines", "claim.main-diagnosis", "Bundle.entry[1].resource.diagnosis", |it| {
        resource(it, "Claim")["diagnosis"][1]["sequence"] = json!(1);
    }),
    ("outpatient", "encounter.period", "Bundle.entry[5].resource.period", |it| {
        resource(it, "Encounter")["period"]["end"] = json!("2026-03-12T09:29:59+08:00");
    }),
    ("outpatient", "patient.born-after-service", "Bundle.entry[5].resource.period.start", |it| {
        resource(it, "Patient")["birthDate"] = json!("2026-03-13");
    }),
    ("outpatient", "receipt.serviced-later", "Bundle.entry[1].resource.item[0].servicedDate", |it| {
        resource(it, "Claim")["created"] = json!("2026-03-11");
    }),
    ("invoice", "receipt.serviced-later", "Bundle.entry[2].resource.occurrenceDateTime", |it| {
        let charge = position(it, "ChargeItem", 0);
        it["entry"][charge]["resource"]["occurrenceDateTime"] = json!("2026-06-19");
    }),
    ("outpatient", "receipt.dated-ahead", "Bundle.entry[1].resource.created", |it| {
        resource(it, "Claim")["created"] = json!("2026-03-14");
    }),
    ("invoice", "receipt.dated-ahead", "Bundle.entry[1].resource.date", |it| {
        resource(it, "Invoice")["date"] = json!("2026-06-20");
    }),
    ("outpatient", "condition.recorded-before-visit", "Bundle.entry[4].resource.recordedDate", |it| {
        resource(it, "Condition")["recordedDate"] = json!("2026-03-11");
    }),
    ("outpatient", "element.period-reversed", "Bundle.entry[1].resource.item[0].servicedPeriod.end", |it| {
        let item = &mut resource(it, "Claim")["item"][0];
        drop_member(item, "servicedDate");
        item["servicedPeriod"] = json!({ "start": "2026-03-12", "end": "2026-03-10" });
    }),
    (
        "prescription",
        "prescription.valid-period",
        "Bundle.entry[1].resource.dispenseRequest.validityPeriod.end",
        |it| {
            resource(it, "MedicationRequest")["dispenseRequest"]["validityPeriod"]["end"] = json!("2026-06-30");
        },
    ),
    ("outpatient", "code.system-not-in-use", "Bundle.entry[4].resource.code.coding[0].system", |it| {
        resource(it, "Condition")["code"]["coding"][0] = json!({
            "system": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-9-cm-2001-tw", "code": "845.00",
        });
    }),
    ("outpatient", "code.form", "Bundle.entry[4].resource.code.coding[0].code", |it| {
        resource(it, "Condition")["code"]["coding"][0]["code"] = json!("踝扭傷");
    }),
    ("outpatient", "code.form", "Bundle.entry[1].resource.item[1].productOrService.coding[0].code", |it| {
        resource(it, "Claim")["item"][1]["productOrService"]["coding"][0] = json!({
            "system": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-service-payment-tw", "code": "C06013",
        });
    }),
    ("prescription", "code.form", "Bundle.entry[4].resource.code.coding[0].code", |it| {
        resource(it, "Medication")["code"]["coding"][0]["code"] = json!("AC0000010");
    }),
    ("outpatient", "patient.outside-profile", "Bundle.entry[2].resource.identifier", |it| {
        let passport = json!({ "system": "http://hl7.org/fhir/sid/passport-TWN", "value": "300000000" });
        resource(it, "Patient")["identifier"].as_array_mut().unwrap().push(passport);
    }),
    ("outpatient", "patient.no-identity", "Bundle.entry[2].resource.identifier", |it| {
        // A newborn has a chart number only.
        resource(it, "Patient")["identifier"].as_array_mut().unwrap().remove(0);
    }),
    ("outpatient", "patient.names", "Bundle.entry[2].resource.name", |it| {
        let name = json!({ "use": "usual", "text": "Lahuy Test" });
        resource(it, "Patient")["name"].as_array_mut().unwrap().push(name);
    }),
    ("outpatient", "patient.name-masked", "Bundle.entry[2].resource.name", |it| patient_name(it, "林○測")),
    ("outpatient", "patient.name-long", "Bundle.entry[2].resource.name", |it| {
        patient_name(it, "伊斯坦大．示範．巴拉．拉互依．尤幹．瓦歷斯．諾幹．夏曼．藍波安．撒可努．測試用．長名字");
    }),
    ("outpatient", "patient.name-rare-characters", "Bundle.entry[2].resource.name", |it| patient_name(it, "林𡍼測")),
    ("outpatient", "patient.name-private-characters", "Bundle.entry[2].resource.name", |it| {
        patient_name(it, "林\u{E123}測");
    }),
];

#[test]
fn each_check_warns_at_its_place_in_both_languages_and_refuses_nothing() {
    for (name, code, place, change) in CHECKS {
        let bundle = read_value(&changed(name, change)).unwrap_or_else(|error| panic!("{code}: {error:?}"));
        let found = bundle.warnings.iter().find(|issue| issue.code == code);
        let found = found.unwrap_or_else(|| panic!("{code}: {:?}", codes(&bundle.warnings)));
        assert_eq!((found.severity, found.expression[0].as_str()), (Severity::Warning, place), "{code}");
        assert!(found.text.is_some() && found.diagnostics.len() > 40, "{code}");
    }
}

#[test]
fn what_is_at_the_bound_is_not_warned_of() {
    let unchanged: [(&str, Change); 6] = [
        // One day after the Bundle's own day: clocks and midnight.
        ("outpatient", |it| resource(it, "Claim")["created"] = json!("2026-03-13")),
        ("outpatient", |it| resource(it, "Patient")["birthDate"] = json!("2026-03-12")),
        ("outpatient", |it| drop_member(resource(it, "Claim"), "diagnosis")),
        ("outpatient", |it| patient_name(it, "Kacaw·示範·Test")),
        ("outpatient", |it| {
            resource(it, "Condition")["code"]["coding"][0]["code"] = json!("S93401A");
        }),
        ("prescription", |it| {
            resource(it, "MedicationRequest")["dispenseRequest"]["validityPeriod"]["end"] = json!("2026-07-02");
        }),
    ];
    for (name, change) in unchanged {
        let bundle = read_value(&changed(name, change)).unwrap();
        assert!(bundle.warnings.is_empty(), "{name}: {:?}", bundle.warnings);
    }
}

#[test]
fn a_retired_code_counts_for_a_visit_of_its_time() {
    let at = |day: &str| {
        let bundle = changed("outpatient", |it| {
            let system = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-9-cm-2001-tw";
            resource(it, "Condition")["code"]["coding"][0] = json!({ "system": system, "code": "845.00" });
            resource(it, "Encounter")["period"] = json!({ "start": day });
        });
        codes(&read_value(&bundle).unwrap().warnings).contains(&"code.system-not-in-use")
    };
    assert!(!at("2015-12-31") && at("2016-01-01"));
}

#[test]
fn names_come_through_sign_for_sign() {
    for name in ["林○測", "林𡍼測", "NGUYEN VAN TEST", "Kacaw·示範", "林\u{E123}測"] {
        let bundle = read_value(&changed("outpatient", |it| patient_name(it, name))).unwrap();
        let json = bundle.documents[0].to_json().unwrap();
        assert_eq!(json["patient"]["name"], name);
        assert!(bundle.warnings.iter().all(|issue| !issue.diagnostics.contains(name)));
    }
}
