//! The shapes beside iClaim: Invoice receipts, prescriptions, records; on fixtures and on published examples.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{
    CopyKind, MedicalReceipt, MedicalRecord, Payer, Prescription, PrescriptionAct, ReceiptKey,
};
use serde_json::json;

use super::published::published;
use super::*;

fn accepted(bundle: &Value) -> HospitalBundle {
    read_value(bundle).unwrap_or_else(|rejection| panic!("{:?}", rejection.issues))
}

fn receipt(bundle: &HospitalBundle) -> &MedicalReceipt {
    let found = bundle.documents.iter().find_map(|document| match document {
        Document::MedicalReceipt(receipt) => Some(receipt),
        _ => None,
    });
    found.unwrap()
}

fn prescriptions(bundle: &HospitalBundle) -> Vec<&Prescription> {
    let found = bundle.documents.iter().filter_map(|document| match document {
        Document::Prescription(prescription) => Some(prescription),
        _ => None,
    });
    found.collect()
}

fn record(bundle: &HospitalBundle) -> &MedicalRecord {
    let found = bundle.documents.iter().find_map(|document| match document {
        Document::MedicalRecord(record) => Some(record),
        _ => None,
    });
    found.unwrap()
}

fn twd(text: &str) -> Twd {
    text.parse().unwrap()
}

fn kinds(bundle: &HospitalBundle) -> Vec<&str> {
    bundle.documents.iter().map(Document::kind).collect()
}

/// An example with an insurer as its only payor.
pub(super) fn insured(path: &str) -> Option<Value> {
    let mut bundle: Value = serde_json::from_slice(&published(path)?).unwrap();
    remove(&mut bundle, "Coverage");
    let payor = json!([{ "identifier": { "system": "https://gcis.nat.gov.tw", "value": "12345675" } }]);
    let coverage = json!({ "resourceType": "Coverage", "status": "active", "payor": payor });
    bundle["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": "urn:uuid:coverage", "resource": coverage }));
    Some(bundle)
}

#[test]
fn an_invoice_is_a_receipt_by_payer_with_reductions_and_settlement() {
    let bundle = accepted(&fixture("invoice"));
    assert_eq!(kinds(&bundle), ["diagnosis-certificate", "medical-receipt"]);
    let receipt = receipt(&bundle);
    let date = "2026-06-18".parse().unwrap();
    let key = ReceiptKey { institution: "1199990014".to_owned(), number: "R1150618-0021".to_owned(), date };
    assert!(receipt.key.as_ref() == Some(&key) && receipt.copy == Some(CopyKind::Original));
    let lines: Vec<_> = receipt
        .lines
        .iter()
        .map(|line| {
            (
                line.sequence,
                line.category.as_ref().unwrap().code(),
                line.payer.clone(),
                line.amount.to_string(),
                line.serviced_on,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            (1, "REG", Payer::SelfPay, "150".to_owned(), Some(date)),
            (2, "DIAG", Payer::Nhi, "361".to_owned(), Some(date)),
            (3, "DRUG", Payer::Copay, "100".to_owned(), Some(date)),
            (3, "DRUG", Payer::Nhi, "420".to_owned(), Some(date)),
            (4, "METR", Payer::SelfPay, "24000".to_owned(), Some(date)),
            (5, "CERT", Payer::SelfPay, "100".to_owned(), None),
        ]
    );
    let material = receipt.lines[4].material.as_ref().unwrap();
    assert_eq!(material.code.as_ref().unwrap().code, "TEST-MAT-0001");
    assert_eq!(material.name.as_deref(), Some("示範人工韌帶固定釘"));
    assert_eq!(receipt.lines[4].quantity.as_ref().unwrap().value, "2");
    let [reduction] = receipt.reductions.as_slice() else { panic!("one reduction") };
    assert_eq!((reduction.line, reduction.amount), (Some(4), twd("2000")));
    let totals = receipt.totals;
    assert_eq!((totals.self_pay, totals.copay, totals.nhi), (twd("24250"), twd("100"), twd("781")));
    assert_eq!((totals.stated, totals.stated_gross), (Some(twd("22350")), Some(twd("25131"))));
    assert_eq!((totals.due, totals.paid, totals.unpaid), (Some(twd("22350")), Some(twd("22350")), Some(Twd::ZERO)));
    assert_eq!(receipt.visit.as_ref().unwrap().number.as_deref(), Some("V1150618-0033"));
}

type Change = fn(&mut Value);

const REFUSED: [(&str, &str, Change); 6] = [
    ("invoice.not-issued", "status", |it| resource(it, "Invoice")["status"] = json!("draft")),
    ("element.required", "status", |it| drop_member(resource(it, "Invoice"), "status")),
    ("invoice.no-line", "lineItem", |it| drop_member(resource(it, "Invoice"), "lineItem")),
    ("invoice.line-no-amount", "lineItem[0].priceComponent", |it| {
        drop_member(&mut resource(it, "Invoice")["lineItem"][0], "priceComponent");
    }),
    ("invoice.currency", "lineItem[0].priceComponent[0].amount.currency", |it| {
        resource(it, "Invoice")["lineItem"][0]["priceComponent"][0]["amount"]["currency"] = json!("EUR");
    }),
    ("invoice.line-nhi-exceeds", "lineItem[2].priceComponent", |it| {
        resource(it, "Invoice")["lineItem"][2]["priceComponent"][1]["amount"]["value"] = json!(521);
    }),
];

#[test]
fn an_invoice_that_is_no_receipt_is_refused_with_its_place() {
    for (code, place, change) in REFUSED {
        let rejection = read_value(&changed("invoice", change)).unwrap_err();
        let found = rejection.issues.iter().find(|issue| issue.code == code);
        let found = found.unwrap_or_else(|| panic!("{code}: {:?}", codes(&rejection.issues)));
        assert_eq!(found.expression, [format!("Bundle.entry[1].resource.{place}")], "{code}");
    }
    let charge = changed("invoice", |it| resource(it, "ChargeItem")["status"] = json!("entered-in-error"));
    assert_eq!(read_value(&charge).unwrap_err().issues[0].code, "charge-item.not-in-force");
}

#[test]
fn a_short_invoice_that_would_make_a_long_receipt_is_refused() {
    let bundle = changed("invoice", |it| {
        resource(it, "ChargeItem")["code"]["text"] = json!("長".repeat(300_000));
        let line = resource(it, "Invoice")["lineItem"][0].clone();
        resource(it, "Invoice")["lineItem"] = Value::Array(vec![line; 15_000]);
    });
    let rejection = read_value(&bundle).unwrap_err();
    assert_eq!((rejection.reason, &*rejection.issues[0].code), (Refused::TooLarge, "bundle.too-much-repeated"));
}

#[test]
fn what_an_invoice_leaves_open_is_warned_of() {
    let changes: [(&str, Change); 6] = [
        ("invoice.total-differs", |it| {
            resource(it, "Invoice")["totalNet"]["value"] = json!(25130);
        }),
        ("invoice.settlement-differs", |it| {
            resource(it, "Invoice")["totalPriceComponent"][1]["amount"]["value"] = json!(1);
        }),
        ("invoice.line-payer-unstated", |it| {
            drop_member(&mut resource(it, "Invoice")["lineItem"][0]["priceComponent"][0], "code");
        }),
        ("condition.not-a-certificate", |it| drop_member(resource(it, "Condition"), "identifier")),
        ("element.not-mapped", |it| resource(it, "Invoice")["paymentTerms"] = json!("x")),
        ("resource.not-mapped", |it| {
            drop_member(&mut resource(it, "Invoice")["lineItem"][0], "chargeItemReference");
            resource(it, "Invoice")["lineItem"][0]["chargeItemCodeableConcept"] = json!({ "text": "掛號費" });
        }),
    ];
    for (code, change) in changes {
        let bundle = accepted(&changed("invoice", change));
        assert!(codes(&bundle.warnings).contains(&code), "{code}: {:?}", codes(&bundle.warnings));
    }
}

#[test]
fn a_total_that_counts_nhi_points_is_warned_of_with_both_places() {
    let bundle = changed("outpatient", |it| resource(it, "Claim")["total"]["value"] = json!(2751 + 581));
    let warnings = accepted(&bundle).warnings;
    let found = warnings.iter().find(|issue| issue.code == "claim.total-differs").unwrap();
    assert_eq!(found.expression, ["Bundle.entry[1].resource.total", "Bundle.entry[1].resource.item"]);
    // Money is not personal; without both figures nobody could tell which is wrong.
    assert!(found.diagnostics.contains("is 3332;") && found.diagnostics.contains("self-pay 2751,"));
}

#[test]
fn copay_reduction_and_copy_of_a_claim_have_their_places() {
    let coded = |system: &str, code: &str| json!({ "coding": [{ "system": system, "code": code }] });
    let bundle = accepted(&changed("outpatient", |it| {
        let claim = resource(it, "Claim");
        claim["subType"] = coded("urn:claimgate:receipt-copy", "reprint");
        let copay_code = coded("https://nhicore.nhi.gov.tw/empd/CodeSystem/PartCode-cs", "D10");
        claim["item"][0]["modifier"].as_array_mut().unwrap().push(copay_code);
        claim["item"][4]["category"] = coded("http://hl7.org/fhir/invoice-priceComponentType", "discount");
        claim["total"]["value"] = json!(2551);
    }));
    assert!(bundle.warnings.is_empty(), "{:?}", bundle.warnings);
    let receipt = receipt(&bundle);
    assert_eq!((&receipt.copy, &receipt.lines[0].payer), (&Some(CopyKind::Reprint), &Payer::Copay));
    assert_eq!(receipt.lines[0].modifiers[0].codings[0].code, "D10");
    assert_eq!((receipt.lines.len(), receipt.reductions.len()), (4, 1));
    assert_eq!((receipt.totals.copay, receipt.totals.reductions), (twd("150"), twd("100")));
}

#[test]
fn drug_orders_are_a_prescription_and_what_was_dispensed_a_slip() {
    let bundle = accepted(&fixture("prescription"));
    assert_eq!(kinds(&bundle), ["prescription", "prescription"]);
    let all = prescriptions(&bundle);
    let (prescribed, dispensed) = (all[0], all[1]);
    assert_eq!((prescribed.act, dispensed.act), (PrescriptionAct::Prescribed, PrescriptionAct::Dispensed));
    assert_eq!(prescribed.number.as_deref(), Some("RX1150702-0012"));
    assert_eq!((prescribed.drugs.len(), dispensed.drugs.len()), (2, 1));
    assert_eq!((prescribed.measurements.len(), dispensed.measurements.len()), (1, 0));
    for slip in &all {
        assert_eq!(slip.diagnoses[0].codings[0].code, "I10");
        assert_eq!(
            (slip.notes[0].as_str(), slip.issued_on.unwrap().to_string().as_str()),
            ("部分負擔代碼:A12", "2026-07-02")
        );
        assert_eq!(slip.visit.as_ref().unwrap().other_numbers[0].value, "007");
    }
    assert_eq!(prescribed.professionals[0].licence.as_deref(), Some("TEST-MD-000001"));
    assert!(dispensed.organisations.is_empty(), "the hospital itself is the institution");
    let drug = serde_json::to_value(&prescribed.drugs[0]).unwrap();
    assert_eq!(drug["drug"]["codings"][0]["code"], "AC00000100");
    assert_eq!(drug["drug"]["codings"][1]["system"], "http://www.whocc.no/atc");
    assert_eq!(drug["ingredients"][0]["strength"], "50 mg : 1 錠");
    assert_eq!(drug["dosages"][0]["dose"], json!({ "value": "1", "unit": "錠" }));
    assert_eq!(drug["dosages"][0]["frequency"]["codings"][0]["code"], "QD");
    assert_eq!((&drug["dosages"][0]["times"], &drug["dosages"][0]["period"]["value"]), (&json!(1), &json!("1")));
    assert_eq!(drug["dosages"][0]["route"]["codings"][0]["code"], "PO");
    assert_eq!(
        (&drug["quantity"]["value"], &drug["days"], &drug["days_per_filling"]),
        (&json!("28"), &json!("84"), &json!("28"))
    );
    assert_eq!((&drug["repeats"], &drug["valid_until"]), (&json!(2), &json!("2026-09-29")));
}

#[test]
fn what_is_no_prescription_is_refused() {
    let changes: [(&str, Change); 7] = [
        ("prescription.not-an-order", |it| resource(it, "MedicationRequest")["doNotPerform"] = json!(true)),
        ("prescription.not-in-force", |it| resource(it, "Medication")["status"] = json!("entered-in-error")),
        ("bundle.no-prescription", |it| {
            remove(it, "MedicationRequest");
            remove(it, "MedicationDispense");
        }),
        ("prescription.not-in-force", |it| resource(it, "MedicationRequest")["status"] = json!("cancelled")),
        ("prescription.not-an-order", |it| resource(it, "MedicationRequest")["intent"] = json!("plan")),
        ("prescription.no-drug", |it| remove(it, "Medication")),
        ("bundle.no-coverage", |it| remove(it, "Coverage")),
    ];
    for (code, change) in changes {
        let rejection = read_value(&changed("prescription", change)).unwrap_err();
        assert!(codes(&rejection.issues).contains(&code), "{code}: {:?}", codes(&rejection.issues));
    }
}

#[test]
fn the_shape_is_told_by_type_then_resources_then_profile() {
    let typed = |it: &mut Value, code: &str| resource(it, "Composition")["type"]["coding"][0]["code"] = json!(code);
    let without_type = |it: &mut Value| {
        drop_member(it, "meta");
        drop_member(resource(it, "Composition"), "type");
    };
    let forms = [
        (changed("prescription", |it| drop_member(it, "meta")), "fhir-r4-empd"),
        (changed("prescription", |it| drop_member(resource(it, "Composition"), "type")), "fhir-r4-empd"),
        (changed("prescription", |it| typed(it, "18842-5")), "fhir-r4-twcore"),
        (changed("invoice", |it| drop_member(resource(it, "Composition"), "type")), "fhir-r4-invoice"),
        (changed("outpatient", |it| drop_member(it, "meta")), "fhir-r4-iclaim"),
    ];
    for (bundle, form) in forms {
        assert_eq!(accepted(&bundle).form, form);
    }
    let neither = read_value(&changed("prescription", without_type)).unwrap_err();
    assert_eq!(neither.issues[0].code, "bundle.no-claim");
}

#[test]
fn a_discharge_summary_has_diagnoses_procedures_and_is_read_back_whole() {
    let bundle = accepted(&changed("prescription", |it| {
        let composition = resource(it, "Composition");
        composition["type"]["coding"][0]["code"] = json!("18842-5");
        composition["section"][0]["text"] = json!({ "status": "generated", "div": "<div>出院<br/>返診<b" });
        let performed = json!({ "start": "2026-06-30", "end": "2026-07-01" });
        let code = json!({ "coding": [{
            "system": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-pcs-2023-tw", "code": "0DTJ4ZZ",
        }] });
        for (id, status) in [("done", "completed"), ("not", "not-done")] {
            let procedure = json!({
                "resourceType": "Procedure", "id": id, "status": status, "code": code, "performedPeriod": performed,
                "subject": { "display": "病人" },
            });
            let entry = json!({ "fullUrl": format!("urn:uuid:{id}"), "resource": procedure });
            it["entry"].as_array_mut().unwrap().push(entry);
        }
    }));
    assert_eq!(codes(&bundle.warnings), ["composition.narrative-broken"]);
    let record = record(&bundle);
    assert_eq!(record.sections[0].text.as_deref(), Some("出院\n返診"));
    assert_eq!((record.diagnoses.len(), record.procedures.len(), record.measurements.len()), (1, 2, 1));
    assert_eq!(record.procedures[0].performed_until.unwrap().to_string(), "2026-07-01");
    assert_eq!(record.procedures[1].status, "not-done");
    let document = bundle.documents.last().unwrap();
    let again = Document::from_json("medical-record", "medical-record/1", document.to_json().unwrap()).unwrap();
    assert!(again == *document);
    assert_eq!(format!("{again:?} {record:?}"), "Document(..) MedicalRecord(..)");
}

#[test]
fn a_record_with_an_insurer_is_evidence_in_plain_text() {
    let Some(mut bundle) = insured("twcore-0.3.3/Bundle-bun-document-example.json") else { return };
    resource(&mut bundle, "Composition")["section"][0]["title"] = json!("病程");
    resource(&mut bundle, "Composition")["section"][0]["text"] =
        json!({ "status": "generated", "div": "<div><p>入院<script>x</script></p>三日</div>" });
    resource(&mut bundle, "Composition")["section"][0]["section"] = json!([{ "title": "內" }, { "title": "外" }]);
    let bundle = accepted(&bundle);
    assert_eq!((bundle.form, kinds(&bundle)), ("fhir-r4-twcore", vec!["lab-report", "prescription", "medical-record"]));
    let record = record(&bundle);
    assert_eq!(record.code.codings[0].code, "11503-0");
    assert_eq!(record.confidentiality.as_deref(), Some("R"));
    let sections: Vec<_> = record.sections.iter().map(|it| (it.level, it.title.as_deref().unwrap_or(""))).collect();
    assert_eq!(sections, [(1, "病程"), (2, "內"), (2, "外")]);
    assert_eq!(record.sections[0].text.as_deref(), Some("入院\n三日"));
    let text = record.text.as_deref().unwrap();
    assert!(text.starts_with("陳加玲的病摘\n臨床狀態：Final") && !text.contains(['<', '>']), "{text}");
    assert_eq!(record.measurements.len(), 3, "blood pressure: its head and two components");
    assert_eq!((record.authors.len(), record.attesters.len()), (1, 1));
}

#[test]
fn a_published_slip_with_an_insurer_is_evidence() {
    for (path, acts) in [
        ("twempd-0.2.1/Bundle-bun-01-ep.json", vec![PrescriptionAct::Prescribed]),
        ("twempd-0.2.1/Bundle-bun-02-ep.json", vec![PrescriptionAct::Prescribed]),
        ("twempd-0.2.1/Bundle-bun-ds.json", vec![PrescriptionAct::Prescribed, PrescriptionAct::Dispensed]),
    ] {
        let Some(bundle) = insured(path) else { return };
        let bundle = accepted(&bundle);
        let all = prescriptions(&bundle);
        assert_eq!(all.iter().map(|one| one.act).collect::<Vec<_>>(), acts, "{path}");
        assert_eq!((bundle.form, bundle.documents.len()), ("fhir-r4-empd", acts.len()), "{path}");
        assert!(all.iter().all(|one| one.diagnoses.len() == 1 && !one.drugs.is_empty()), "{path}");
    }
}

#[test]
fn a_german_invoice_in_a_document_is_a_receipt() {
    let Some(bytes) = published("dipag-1.0.2/Bundle-BundleExample.json") else { return };
    let text = String::from_utf8(bytes).unwrap().replace("\"EUR\"", "\"TWD\"");
    let mut bundle: Value = serde_json::from_str(&text).unwrap();
    let head = fixture("invoice");
    for member in ["identifier", "type"] {
        bundle[member] = head[member].clone();
    }
    let hospital = json!({ "type": { "coding": [{ "code": "PRN" }] }, "value": "1199990014" });
    resource(&mut bundle, "Invoice")["issuer"] = json!({ "identifier": hospital });
    let payor = json!([{ "identifier": { "system": "https://gcis.nat.gov.tw", "value": "12345675" } }]);
    let entries = bundle["entry"].as_array_mut().unwrap();
    entries.insert(0, json!({ "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Composition" } }));
    let coverage = json!({ "resourceType": "Coverage", "status": "active", "payor": payor });
    entries.push(json!({ "fullUrl": "urn:uuid:2", "resource": coverage }));
    let bundle = accepted(&bundle);
    assert_eq!((bundle.form, kinds(&bundle)), ("fhir-r4-invoice", vec!["medical-receipt"]));
    let receipt = receipt(&bundle);
    assert_eq!((receipt.lines.len(), receipt.totals.unstated), (5, twd("1648.96")));
    assert_eq!(receipt.totals.stated_gross, Some(receipt.totals.unstated));
    assert_eq!((receipt.reductions.len(), receipt.reductions[0].amount), (1, twd("250")));
}
