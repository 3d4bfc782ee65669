//! Warnings beside the table (`broken.rs`): nothing is left out in silence.

use serde_json::json;

use super::*;

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
