//! What an insurer asks for beside codes: admission and discharge, where and how bad and since when, operations, and a
//! certificate that comes as a report.

use serde_json::json;

use super::*;

const PCS: &str = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-pcs-2023-tw";
const ORDER: &str = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medical-service-payment-tw";

fn certificate(root: &Value) -> (Value, Vec<Issue>) {
    super::sources::check("clinical", root);
    let bundle = read_value(root).unwrap_or_else(|rejection| panic!("{:?}", rejection.issues));
    let certificate = bundle.documents.iter().find(|document| document.kind() == "diagnosis-certificate").unwrap();
    (certificate.to_json().unwrap(), bundle.warnings)
}

#[test]
fn a_stay_says_where_from_where_to_and_why() {
    let root = changed("inpatient-ten-lines", |it| {
        let encounter = resource(it, "Encounter");
        encounter["hospitalization"] = json!({
            "admitSource": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/admit-source", "code": "emd" }] },
            "dischargeDisposition": { "text": "病情改善出院，門診追蹤" },
            "dietPreference": [{ "text": "素食" }],
        });
        encounter["reasonCode"] = json!([{ "text": "右小腿疼痛" }]);
    });
    let (certificate, warnings) = certificate(&root);
    let visit = &certificate["visit"];
    assert_eq!(visit["admitted_from"]["codings"][0]["code"], "emd");
    assert_eq!(visit["discharged_to"]["text"], "病情改善出院，門診追蹤");
    assert_eq!(visit["reasons"], json!([{ "text": "右小腿疼痛" }]));
    assert_eq!(codes(&warnings), ["element.not-mapped"], "the diet has no place");
    assert!(warnings[0].expression[0].ends_with("hospitalization.dietPreference"));
}

#[test]
fn a_diagnosis_keeps_site_severity_and_times() {
    let root = changed("outpatient", |it| {
        let condition = resource(it, "Condition");
        condition["bodySite"] = json!([{ "text": "右踝" }]);
        condition["severity"] = json!({ "coding": [{ "system": "http://snomed.info/sct", "code": "6736007" }] });
        condition["onsetDateTime"] = json!("2026-03");
        condition["abatementPeriod"] = json!({ "start": "2026-03-12", "end": "2026-03-20" });
        condition["evidence"] = json!([{ "detail": [{ "reference": "Observation/wbc" }] }]);
    });
    let (certificate, warnings) = certificate(&root);
    let diagnosis = &certificate["diagnoses"][0];
    assert_eq!(diagnosis["body_sites"], json!([{ "text": "右踝" }]));
    assert_eq!(diagnosis["severity"]["codings"][0]["code"], "6736007");
    assert_eq!((&diagnosis["onset"], &diagnosis["abated"]), (&json!("2026-03"), &json!("2026-03-20")));
    assert!(diagnosis["codings"][0]["code"] == "S93.401A" && warnings.is_empty(), "{warnings:?}");
}

#[test]
fn an_operation_stands_on_the_certificate_of_its_visit() {
    let root = changed("inpatient-ten-lines", |it| {
        for (id, system, code) in [("op", PCS, "0QSG04Z"), ("order", ORDER, "64029B")] {
            let resource = json!({
                "resourceType": "Procedure", "id": id, "status": "completed", "bodySite": [{ "text": "右脛骨" }],
                "subject": { "display": "病人" },
                "code": { "coding": [{ "system": system, "code": code }] }, "performedDateTime": "2026-04-04",
            });
            let url = format!("https://hospital.example/fhir/Procedure/{id}");
            it["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": url, "resource": resource }));
        }
        let reference = json!({ "reference": "Procedure/op" });
        resource(it, "Claim")["procedure"] = json!([{ "sequence": 1, "procedureReference": reference }]);
    });
    let (certificate, warnings) = certificate(&root);
    assert!(warnings.is_empty(), "{warnings:?}");
    let operations = &certificate["procedures"];
    assert_eq!(operations[0]["code"]["codings"][0]["code"], "0QSG04Z");
    assert_eq!(
        (&operations[0]["performed_on"], &operations[0]["body_sites"][0]["text"]),
        (&json!("2026-04-04"), &json!("右脛骨"))
    );
    assert_eq!(operations[1]["code"]["codings"][0]["code"], "64029B");
}

#[test]
fn an_operation_of_another_visit_is_on_no_certificate_of_this_one() {
    let root = changed("two-receipts", |it| {
        let visit = it["entry"][position(it, "Encounter", 1)]["fullUrl"].clone();
        let resource = json!({
            "resourceType": "Procedure", "status": "completed", "code": { "text": "換藥" }, "encounter": { "reference": visit },
        });
        it["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": "urn:uuid:op", "resource": resource }));
    });
    let bundle = read_value(&root).unwrap();
    let counts: Vec<usize> = bundle
        .documents
        .iter()
        .filter(|document| document.kind() == "diagnosis-certificate")
        .map(|document| document.to_json().unwrap()["procedures"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(counts, [0, 1]);
}

#[test]
fn a_report_that_says_it_is_a_certificate_is_one() {
    let as_report = |change: &dyn Fn(&mut Value)| {
        changed("outpatient", |it| {
            let mut report = json!({
                "resourceType": "DiagnosticReport", "status": "final", "code": { "text": "診斷證明書" },
                "identifier": [{ "value": "DX-2023-1" }], "encounter": { "reference": "Encounter/visit" },
                "issued": "2026-03-12T10:30:00+08:00", "performer": [{ "reference": "Practitioner/dr-chen" }],
                "conclusion": "宜休養一週。", "presentedForm": [{ "data": "JVBERi0xLjQgbWFkZSB1cA==" }],
                "conclusionCode": [{ "coding": [{
                    "system": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw", "code": "S93.401A",
                }] }],
            });
            change(&mut report);
            remove(it, "Condition");
            drop_member(resource(it, "Claim"), "diagnosis");
            let section = &mut resource(it, "Composition")["section"][0];
            section["entry"].as_array_mut().unwrap().retain(|entry| entry["reference"] != "Condition/sprain");
            it["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": "urn:uuid:dx", "resource": report }));
        })
    };
    let root = as_report(&|_| {});
    let (read, _) = certificate(&root);
    assert_eq!((&read["number"], &read["issued_on"]), (&json!("DX-2023-1"), &json!("2026-03-12")));
    assert_eq!(
        (&read["advice"], &read["diagnoses"][0]["codings"][0]["code"]),
        (&json!("宜休養一週。"), &json!("S93.401A"))
    );
    assert!(read["physicians"][0]["name"] == "陳示範" && read["visit"]["number"].is_string());
    let bundle = read_value(&root).unwrap();
    let kinds: Vec<_> = bundle.documents.iter().map(Document::kind).collect();
    assert_eq!(kinds, ["diagnosis-certificate", "medical-receipt", "lab-report"]);
    assert_eq!(bundle.attachments[0].document, 0, "its printed form");

    let (in_words, _) = certificate(&as_report(&|report| drop_member(report, "conclusionCode")));
    assert_eq!((&in_words["diagnoses"], &in_words["advice"]), (&json!([{ "text": "宜休養一週。" }]), &Value::Null));
}
