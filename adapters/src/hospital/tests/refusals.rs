//! Every refusal: its code, its kind, its place, and that no value of the input is repeated.

use serde_json::json;

use super::*;

type Change = fn(&mut Value);

/// What is done to the outpatient Bundle, the code that follows, and where.
const REFUSALS: [(&str, &str, Change); 36] = [
    ("bundle.not-a-bundle", "", |it| it["resourceType"] = json!("Parameters")),
    ("bundle.not-a-document", "Bundle.type", |it| it["type"] = json!("collection")),
    ("composition.not-first", "Bundle.entry[0].resource", |it| it["entry"].as_array_mut().unwrap().swap(0, 1)),
    ("bundle.no-composition", "Bundle.entry[0].resource", |it| remove(it, "Composition")),
    ("composition.entered-in-error", "Bundle.entry[0].resource.status", |it| {
        resource(it, "Composition")["status"] = json!("entered-in-error");
    }),
    ("bundle.no-claim", "Bundle.entry", |it| remove(it, "Claim")),
    ("bundle.no-patient", "Bundle.entry", |it| remove(it, "Patient")),
    ("bundle.more-than-one-patient", "Bundle.entry[17].resource", |it| {
        let other = json!({ "fullUrl": "urn:uuid:other", "resource": { "resourceType": "Patient", "id": "other" } });
        it["entry"].as_array_mut().unwrap().push(other);
    }),
    ("bundle.no-identifier", "Bundle.identifier", |it| drop_member(it, "identifier")),
    ("bundle.no-identifier", "Bundle.identifier.value", |it| drop_member(&mut it["identifier"], "value")),
    ("bundle.identifier-form", "Bundle.identifier.value", |it| it["identifier"]["value"] = json!("9".repeat(201))),
    ("bundle.no-timestamp", "Bundle.timestamp", |it| drop_member(it, "timestamp")),
    ("bundle.no-timestamp", "Bundle.timestamp", |it| it["timestamp"] = json!("2026-03-12")),
    ("bundle.no-timestamp", "Bundle.timestamp", |it| it["timestamp"] = json!(" ")),
    ("entry.duplicate-full-url", "Bundle.entry[2].fullUrl", |it| {
        it["entry"][2]["fullUrl"] = it["entry"][1]["fullUrl"].clone();
    }),
    ("bundle.no-coverage", "Bundle.entry", |it| remove(it, "Coverage")),
    ("coverage.no-payor", "Bundle.entry[3].resource.payor", |it| drop_member(resource(it, "Coverage"), "payor")),
    ("coverage.payor-no-identifier", "Bundle.entry[3].resource.payor[0]", |it| {
        let insurer = position(it, "Organization", 0);
        drop_member(&mut it["entry"][insurer]["resource"], "identifier");
    }),
    ("coverage.not-active", "Bundle.entry[3].resource.status", |it| {
        resource(it, "Coverage")["status"] = json!("cancelled");
    }),
    ("coverage.line-unknown", "Bundle.entry[3].resource.type.coding[0].code", |it| {
        resource(it, "Coverage")["type"]["coding"][0]["code"] = json!("pets");
    }),
    ("institution.no-code", "Bundle.entry[1].resource.provider", |it| {
        let hospital = position(it, "Organization", 1);
        drop_member(&mut it["entry"][hospital]["resource"], "identifier");
    }),
    ("institution.code-form", "Bundle.entry[16].resource.identifier[0].value", |it| {
        let hospital = position(it, "Organization", 1);
        it["entry"][hospital]["resource"]["identifier"][0]["value"] = json!("119999001");
    }),
    ("institution.mismatch", "Bundle.entry[0].resource.author[0]", |it| {
        let identifier = json!({ "type": { "coding": [{ "code": "PRN" }] }, "value": "1101020018" });
        resource(it, "Composition")["author"] = json!([{ "identifier": identifier }]);
    }),
    ("claim.amount-not-a-number", "Bundle.entry[1].resource.item[0].net.value", |it| {
        resource(it, "Claim")["item"][0]["net"]["value"] = json!("150");
    }),
    ("claim.amount-not-a-number", "Bundle.entry[1].resource.total.value", |it| {
        resource(it, "Claim")["total"] = json!({});
    }),
    ("claim.amount-too-precise", "Bundle.entry[1].resource.item[0].net.value", |it| {
        resource(it, "Claim")["item"][0]["net"]["value"] = json!(150.005);
    }),
    ("claim.amount-too-large", "Bundle.entry[1].resource.item[0].net.value", |it| {
        resource(it, "Claim")["item"][0]["net"]["value"] = json!(1e30);
    }),
    ("claim.currency", "Bundle.entry[1].resource.item[0].net.currency", |it| {
        resource(it, "Claim")["item"][0]["net"]["currency"] = json!("USD");
    }),
    ("claim.item-no-amount", "Bundle.entry[1].resource.item[0].net", |it| {
        drop_member(&mut resource(it, "Claim")["item"][0], "net");
    }),
    ("claim.amount-not-exact", "Bundle.entry[1].resource.item[3].unitPrice", |it| {
        let item = &mut resource(it, "Claim")["item"][3];
        drop_member(item, "net");
        item["quantity"]["value"] = json!(0.3333);
    }),
    ("claim.item-two-payers", "Bundle.entry[1].resource.item[0].modifier", |it| {
        let claim = resource(it, "Claim");
        let nhi = claim["item"][1]["modifier"][0].clone();
        claim["item"][0]["modifier"].as_array_mut().unwrap().push(nhi);
    }),
    ("claim.no-item", "Bundle.entry[1].resource.item", |it| drop_member(resource(it, "Claim"), "item")),
    ("claim.not-active", "Bundle.entry[1].resource.status", |it| resource(it, "Claim")["status"] = json!("cancelled")),
    ("claim.not-a-claim", "Bundle.entry[1].resource.use", |it| {
        resource(it, "Claim")["use"] = json!("predetermination");
    }),
    ("condition.not-in-force", "Bundle.entry[4].resource.verificationStatus", |it| {
        resource(it, "Condition")["verificationStatus"] = json!({ "coding": [{ "code": "refuted" }] });
    }),
    ("encounter.not-in-force", "Bundle.entry[5].resource.status", |it| {
        resource(it, "Encounter")["status"] = json!("entered-in-error");
    }),
];

#[test]
fn every_refusal_names_its_code_and_place() {
    for (code, place, change) in REFUSALS {
        let rejection = read_value(&changed("outpatient", change)).unwrap_err();
        assert_eq!(rejection.reason, Refused::Unprocessable, "{code}");
        let found = rejection.issues.iter().find(|issue| issue.code == code);
        let found = found.unwrap_or_else(|| panic!("{code}: {:?}", codes(&rejection.issues)));
        assert!(found.refuses() && found.text.is_some(), "{code}");
        assert_eq!(found.expression.first().map_or("", String::as_str), place, "{code}");
    }
}

#[test]
fn a_refusal_repeats_no_value_of_the_input() {
    let personal =
        ["A223456781", "林小測", "OP-2026-000101", "MR-0001001", "TEST-LIFE", "示範路", "R1150312", "1250.5"];
    for (code, _, change) in REFUSALS {
        let rejection = read_value(&changed("outpatient", change)).unwrap_err();
        let answer = rejection.outcome().to_json().to_string();
        for value in personal {
            assert!(!answer.contains(value) && !format!("{rejection:?}{rejection}").contains(value), "{code}");
        }
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let bundle = changed("outpatient", |it| {
        drop_member(it, "timestamp");
        remove(it, "Coverage");
        resource(it, "Claim")["item"][0]["net"]["value"] = json!("150");
        resource(it, "Claim")["item"][1]["net"]["value"] = json!(null);
    });
    let rejection = read_value(&bundle).unwrap_err();
    let errors: Vec<_> = rejection.issues.iter().filter(|issue| issue.refuses()).collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    // The references to what was removed are warned of beside them.
    assert!(codes(&rejection.issues).contains(&"reference.unresolved"));
}

#[test]
fn an_amount_that_is_no_number_also_refuses_beside_a_unit_price() {
    let bundle = changed("outpatient", |it| resource(it, "Claim")["item"][3]["unitPrice"]["value"] = json!([]));
    assert!(codes(&read_value(&bundle).unwrap_err().issues).contains(&"claim.amount-not-a-number"));
}

#[test]
fn what_is_not_readable_is_malformed() {
    let refused = |bytes: &[u8]| read(bytes, &Settings::default()).unwrap_err();
    for (bytes, code) in [
        (b"".to_vec(), "json.syntax"),
        (b"<Bundle/>".to_vec(), "json.syntax"),
        (b"{\"resourceType\": \"Bundle\"".to_vec(), "json.syntax"),
        (b"{\"resourceType\": \"Bundle\", \"resourceType\": \"Bundle\"}".to_vec(), "json.duplicate-member"),
        (format!("{}{}", "{\"a\":".repeat(500), "1".to_owned() + &"}".repeat(500)).into_bytes(), "json.too-deep"),
        (vec![0xFF, 0xFE], "json.not-utf8"),
    ] {
        let rejection = refused(&bytes);
        assert_eq!(rejection.reason, Refused::Malformed, "{code}");
        assert_eq!(codes(&rejection.issues), [code]);
    }
}

#[test]
fn what_is_too_large_is_refused_as_such() {
    let padded = vec![b' '; 10 * 1024 * 1024 + 1];
    let rejection = read(&padded, &Settings::default()).unwrap_err();
    assert_eq!((rejection.reason, codes(&rejection.issues)), (Refused::TooLarge, vec!["json.too-large"]));

    let many = changed("outpatient", |it| {
        let entries = it["entry"].as_array_mut().unwrap();
        entries.resize(5001, json!({ "resource": { "resourceType": "Basic" } }));
    });
    let rejection = read_value(&many).unwrap_err();
    assert_eq!(rejection.reason, Refused::TooLarge);
    assert_eq!(codes(&rejection.issues), ["bundle.too-many-entries"]);
    assert_eq!(rejection.issues[0].kind, IssueKind::TooCostly);
}

#[test]
fn a_short_bundle_that_would_make_long_evidence_is_refused() {
    let bundle = changed("outpatient", |it| {
        resource(it, "Patient")["name"][0]["text"] = json!("長".repeat(500_000));
        let claim = it["entry"][1].clone();
        for number in 0..100 {
            let mut copy = claim.clone();
            copy["fullUrl"] = json!(format!("urn:uuid:{number}"));
            it["entry"].as_array_mut().unwrap().push(copy);
        }
    });
    let rejection = read_value(&bundle).unwrap_err();
    assert_eq!(rejection.reason, Refused::TooLarge);
    assert_eq!(rejection.issues[0].code, "bundle.too-much-repeated");
}

#[test]
fn a_policy_number_has_a_length() {
    let bundle =
        changed("outpatient", |it| resource(it, "Coverage")["identifier"][0]["value"] = json!("9".repeat(201)));
    assert_eq!(read_value(&bundle).unwrap_err().issues[0].code, "coverage.number-too-long");
}
