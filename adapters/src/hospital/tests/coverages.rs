//! Who may pay: order, line, policy number, and the ways to name a payor.

use claimgate_packet::words::Line;
use serde_json::json;

use super::*;

#[test]
fn all_coverages_come_in_bundle_order_with_line_and_policy() {
    let coverages = read_value(&fixture("demo")).unwrap().coverages;
    let [life, nonlife] = coverages.as_slice() else { panic!("two coverages") };
    assert_eq!(life.payor.system.as_deref(), Some("https://gcis.nat.gov.tw"));
    assert_eq!(life.payor.value, "12345675");
    assert_eq!(life.line, Some(Line::HealthReimbursement));
    assert_eq!(life.policy_number.as_deref(), Some("TEST-LIFE-9001"));
    assert_eq!(life.path, "Bundle.entry[3].resource");
    assert_eq!((nonlife.payor.value.as_str(), nonlife.line), ("12345676", Some(Line::Accident)));
}

#[test]
fn the_line_is_read_from_our_words_and_act_codes() {
    for (system, code, line) in [
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "EHCPOL", Some(Line::HealthReimbursement)),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "HIP", Some(Line::HealthReimbursement)),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "DIS", Some(Line::Disability)),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "LIFE", Some(Line::Life)),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "PUBLICPOL", None),
        ("https://other.example", "health-reimbursement", None),
        ("urn:claimgate:line", "health-daily", Some(Line::HealthDaily)),
    ] {
        let bundle = changed("outpatient", |it| {
            resource(it, "Coverage")["type"] = json!({ "coding": [{ "system": system, "code": code }] });
        });
        assert_eq!(read_value(&bundle).unwrap().coverages[0].line, line, "{code}");
    }
    let unknown = changed("outpatient", |it| resource(it, "Coverage")["type"]["coding"][0]["code"] = json!("pets"));
    let rejection = read_value(&unknown).unwrap_err();
    assert!(rejection.issues[0].diagnostics.contains("health-reimbursement, health-daily"));
}

#[test]
fn a_payor_may_be_named_by_identifier_alone() {
    let bundle = changed("outpatient", |it| {
        let identifier = json!({ "system": "https://gcis.nat.gov.tw/", "value": "12345676" });
        resource(it, "Coverage")["payor"] = json!([{ "identifier": identifier }]);
    });
    let payor = &read_value(&bundle).unwrap().coverages[0].payor;
    assert_eq!((payor.system.as_deref(), payor.value.as_str()), (Some("https://gcis.nat.gov.tw"), "12345676"));
}

#[test]
fn nothing_is_sent_to_a_person() {
    let to_patient = |it: &mut Value, nth: usize| {
        let coverage = position(it, "Coverage", nth);
        let patient = it["entry"][coverage]["resource"]["beneficiary"].clone();
        it["entry"][coverage]["resource"]["payor"] = json!([patient]);
    };
    let one = read_value(&changed("demo", |it| to_patient(it, 0))).unwrap();
    assert_eq!(one.coverages.len(), 1);
    assert_eq!(codes(&one.warnings), ["coverage.payor-is-a-person"]);
    let none = read_value(&changed("outpatient", |it| to_patient(it, 0))).unwrap_err();
    assert_eq!(none.issues[0].code, "coverage.no-payor");
}

#[test]
fn an_unresolved_payor_refuses_with_one_error() {
    let bundle = changed("outpatient", |it| {
        resource(it, "Coverage")["payor"] = json!([{ "reference": "Organization/elsewhere" }]);
    });
    let rejection = read_value(&bundle).unwrap_err();
    assert_eq!(codes(&rejection.issues), ["coverage.payor-no-identifier", "reference.unresolved"]);
}

#[test]
fn nothing_is_sent_to_national_health_insurance() {
    let nhi = |it: &mut Value, nth: usize| {
        let coverage = position(it, "Coverage", nth);
        let identifier = json!({ "system": "https://oid.nat.gov.tw/", "value": "A21030000I" });
        it["entry"][coverage]["resource"]["payor"] = json!([{ "identifier": identifier }]);
    };
    let one = read_value(&changed("demo", |it| nhi(it, 1))).unwrap();
    assert_eq!(one.coverages.len(), 1);
    assert_eq!(codes(&one.warnings), ["coverage.payor-is-nhi"]);
    let none = read_value(&changed("outpatient", |it| nhi(it, 0))).unwrap_err();
    assert_eq!(codes(&none.issues), ["coverage.no-payor", "coverage.payor-is-nhi"]);
}
