//! The checks of what cannot all be so, at their bounds: what is just right is not warned of (the faults stand in the
//! table, `broken.rs`).

use serde_json::json;

use super::*;

type Change = fn(&mut Value);

fn patient_name(it: &mut Value, name: &str) {
    resource(it, "Patient")["name"][0]["text"] = json!(name);
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
