//! What a hospital takes back: cancelled, refunded and reissued receipts, certificates and files entered in error, a whole
//! case; and a receipt that was only printed again.

use claimgate_packet::evidence::{DIAGNOSIS_CERTIFICATE, MEDICAL_RECEIPT, MEDICAL_RECORD, WithdrawalReason};
use serde_json::json;

use super::*;

fn accepted(bundle: &Value) -> HospitalBundle {
    read_value(bundle).unwrap_or_else(|rejection| panic!("{:?}", rejection.issues))
}

/// What is withdrawn: kind, number, reason, by what it is replaced.
fn withdrawn(bundle: &HospitalBundle) -> Vec<(&str, Option<&str>, &str, Option<&str>)> {
    let each = bundle.withdrawn.iter();
    each.map(|one| (one.kind, one.number.as_deref(), one.reason.as_str(), one.replaced_by.as_deref())).collect()
}

fn receipts(bundle: &HospitalBundle) -> Vec<&str> {
    let receipts = bundle.documents.iter().filter_map(|document| match document {
        Document::MedicalReceipt(receipt) => receipt.number.as_deref(),
        _ => None,
    });
    receipts.collect()
}

fn number(bundle: &Value, nth: usize) -> String {
    let claim = position(bundle, "Claim", nth);
    let all = bundle["entry"][claim]["resource"]["identifier"].as_array().unwrap();
    let own = all.iter().find(|it| it["value"] != bundle["identifier"]["value"]).unwrap();
    own["value"].as_str().unwrap().to_owned()
}

#[test]
fn a_cancelled_receipt_is_named_and_is_no_evidence() {
    let (first, second) = (number(&fixture("two-receipts"), 0), number(&fixture("two-receipts"), 1));
    for (extension, reason) in [(None, "cancelled"), (Some("refunded"), "refunded"), (Some("lost"), "cancelled")] {
        let bundle = accepted(&changed("two-receipts", |it| {
            let claim = resource(it, "Claim");
            claim["status"] = json!("cancelled");
            if let Some(code) = extension {
                claim["extension"] = json!([{ "url": "urn:claimgate:withdrawal-reason", "valueCode": code }]);
            }
        }));
        assert_eq!(withdrawn(&bundle), [(MEDICAL_RECEIPT, Some(first.as_str()), reason, None)]);
        assert_eq!(receipts(&bundle), [second.as_str()]);
    }
    let draft = read_value(&changed("two-receipts", |it| resource(it, "Claim")["status"] = json!("draft")));
    assert_eq!(draft.unwrap_err().issues[0].code, "claim.not-active", "a draft was never a receipt");
}

#[test]
fn a_reissued_receipt_names_the_one_before() {
    let own = number(&fixture("outpatient"), 0);
    let related =
        |related: Value| accepted(&changed("outpatient", |it| resource(it, "Claim")["related"] = json!([related])));
    let prior = json!({ "coding": [{ "code": "prior" }] });
    for bundle in [
        related(json!({ "relationship": prior, "claim": { "identifier": { "value": "R-OLD" } } })),
        related(json!({ "relationship": prior, "reference": { "value": "R-OLD" } })),
        accepted(&changed("outpatient", |it| {
            let extension = json!([{ "url": "urn:claimgate:replaces", "valueIdentifier": { "value": "R-OLD" } }]);
            resource(it, "Claim")["extension"] = extension;
        })),
    ] {
        assert_eq!(withdrawn(&bundle), [(MEDICAL_RECEIPT, Some("R-OLD"), "reissued", Some(own.as_str()))]);
    }
    let other = related(json!({ "relationship": { "coding": [{ "code": "associated" }] } }));
    assert!(other.withdrawn.is_empty() && codes(&other.warnings).contains(&"element.not-mapped"));
}

#[test]
fn a_receipt_printed_again_is_one_receipt() {
    let again = |change: fn(&mut Value)| {
        changed("two-receipts", |it| {
            let mut copy = resource(it, "Claim").clone();
            copy["id"] = json!("again");
            copy["subType"] = json!({ "text": "補發" });
            change(&mut copy);
            let entries = it["entry"].as_array_mut().unwrap();
            entries.push(json!({ "fullUrl": "urn:uuid:7f1c4f0e-6d2f-4e61-9b1d-3f0a6f1b2c3d", "resource": copy }));
        })
    };
    let bundle = accepted(&again(|_| {}));
    assert_eq!(receipts(&bundle).len(), 2, "two receipts, one of them printed twice");
    assert!(codes(&bundle.warnings).contains(&"claim.reprint"), "{:?}", codes(&bundle.warnings));
    // Under one number something else: nothing is lost, and it is said.
    let other = accepted(&again(|copy| copy["item"].as_array_mut().unwrap().truncate(1)));
    assert_eq!(receipts(&other).len(), 3);
    assert!(codes(&other.warnings).contains(&"claim.same-number"));
}

#[test]
fn an_invoice_says_why_in_words() {
    for (words, reason) in [("病人退費", "refunded"), ("換發新收據", "reissued"), ("打錯", "cancelled")] {
        let bundle = accepted(&changed("invoice", |it| {
            let invoice = resource(it, "Invoice");
            invoice["status"] = json!("cancelled");
            invoice["cancelledReason"] = json!(words);
        }));
        assert_eq!(bundle.withdrawn[0].reason.as_str(), reason);
        assert!(!codes(&bundle.warnings).contains(&"resource.not-mapped"), "{:?}", bundle.warnings);
    }
}

#[test]
fn certificates_and_files_are_taken_back_by_their_numbers() {
    let wrong = json!({ "coding": [{ "code": "entered-in-error" }] });
    let bundle = accepted(&changed("outpatient", |it| resource(it, "Condition")["verificationStatus"] = wrong));
    let condition = fixture("outpatient");
    let serial = condition["entry"][position(&condition, "Condition", 0)]["resource"]["identifier"][0]["value"].clone();
    assert_eq!(withdrawn(&bundle), [(DIAGNOSIS_CERTIFICATE, serial.as_str(), "entered-in-error", None)]);
    assert!(!bundle.documents.iter().any(|document| document.kind() == DIAGNOSIS_CERTIFICATE));

    let scan = |more: Value| {
        let mut reference = json!({
            "resourceType": "DocumentReference", "id": "scan", "status": "current",
            "masterIdentifier": { "value": "D-2" }, "content": [{ "attachment": { "data": "JVBERi0xLjQgbWFkZSB1cA==" } }],
        });
        reference.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let url = "urn:uuid:0b8a6c56-58f5-4f3e-8a39-0f5f3f1e2d4c";
        accepted(&changed("outpatient", |it| {
            it["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": url, "resource": reference }));
        }))
    };
    for (status, reason) in [("superseded", "amended"), ("entered-in-error", "entered-in-error")] {
        let bundle = scan(json!({ "status": status }));
        assert_eq!(withdrawn(&bundle), [(MEDICAL_RECORD, Some("D-2"), reason, None)]);
    }
    let bundle = scan(json!({ "relatesTo": [{ "code": "replaces", "target": { "identifier": { "value": "D-1" } } }] }));
    assert_eq!(withdrawn(&bundle), [(MEDICAL_RECORD, Some("D-1"), "amended", Some("D-2"))]);
    assert!(bundle.documents.iter().any(|document| document.kind() == MEDICAL_RECORD));
}

#[test]
fn a_whole_case_is_taken_back_by_its_document() {
    let bundle =
        accepted(&changed("outpatient", |it| resource(it, "Composition")["status"] = json!("entered-in-error")));
    assert!(bundle.voided && bundle.documents.is_empty() && !bundle.coverages.is_empty());
    assert_eq!(codes(&bundle.warnings), ["bundle.voided"]);
    // Receipts and certificates may be left out of it.
    let bare = accepted(&changed("outpatient", |it| {
        resource(it, "Composition")["status"] = json!("entered-in-error");
        remove(it, "Claim");
    }));
    assert!(bare.voided);
    assert!(!accepted(&fixture("outpatient")).voided);
    assert_eq!(WithdrawalReason::KNOWN.len(), 6);
}

#[test]
fn what_replaces_another_case_changes_nothing_of_that_case() {
    let relates = |value: &str| {
        let target = json!({ "code": "replaces", "targetIdentifier": { "value": value } });
        accepted(&changed("outpatient", |it| resource(it, "Composition")["relatesTo"] = json!([target])))
    };
    assert_eq!(codes(&relates("ANOTHER-1").warnings), ["composition.replaces-another-case"]);
    let own = fixture("outpatient")["identifier"]["value"].as_str().unwrap().to_owned();
    assert!(!codes(&relates(&own).warnings).contains(&"composition.replaces-another-case"));
}
