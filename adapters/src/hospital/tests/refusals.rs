//! Refusals beside the table (`broken.rs`): several at once, what is malformed, what is too large.

use serde_json::json;

use super::*;

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
