//! What becomes of a Bundle: the whole evidence of the outpatient one, and what differs in the others.

use claimgate_packet::evidence::{DiagnosisCertificate, LabReport, MedicalReceipt, Payer};
use serde_json::json;

use super::*;

fn documents(bundle: &Value) -> Vec<Document> {
    read_value(bundle).unwrap_or_else(|rejection| panic!("{:?}", rejection.issues)).documents
}

fn certificates(documents: &[Document]) -> Vec<&DiagnosisCertificate> {
    documents
        .iter()
        .filter_map(|document| if let Document::DiagnosisCertificate(one) = document { Some(one) } else { None })
        .collect()
}

fn receipts(documents: &[Document]) -> Vec<&MedicalReceipt> {
    documents
        .iter()
        .filter_map(|document| if let Document::MedicalReceipt(one) = document { Some(one) } else { None })
        .collect()
}

fn reports(documents: &[Document]) -> Vec<&LabReport> {
    documents
        .iter()
        .filter_map(|document| if let Document::LabReport(one) = document { Some(one) } else { None })
        .collect()
}

#[test]
fn the_outpatient_bundle_becomes_this_evidence() {
    let bundle = read_value(&fixture("outpatient")).unwrap();
    assert_eq!(bundle.identifier.system.as_deref(), Some("https://hospital.example/case"));
    assert_eq!(bundle.identifier.value, "OP-2026-000101");
    assert_eq!(bundle.timestamp.to_string(), "2026-03-12T03:40:00Z");
    let coded = |system: &str, code: &str, display: &str| json!({ "codings": [{ "system": system, "code": code, "display": display }] });
    let patient = json!({
        "name": "林小測", "gender": "female", "birth_date": "1990-04-22",
        "identifiers": [
            { "kind": "national-id", "system": "http://www.moi.gov.tw", "value": "A223456781" },
            { "kind": "medical-record", "system": "https://hospital.example", "value": "MR-0001001" },
        ],
        "address": "臺北市測試區示範路一段1號",
        "occupation": coded("https://claim.cgh.org.tw/iclaim/CodeSystem/lia-roc-occupation-values", "00010010", "內勤人員"),
    });
    let institution = json!({ "code": "1199990014", "name": "示範綜合醫院(測試)" });
    let visit = json!({
        "number": "V1150312-0088",
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
        "department": coded("https://claim.cgh.org.tw/iclaim/CodeSystem/nhi-department-values", "06", "骨科"),
        "start": "2026-03-12T01:30:00Z", "end": "2026-03-12T02:10:00Z",
        "first_day": "2026-03-12", "last_day": "2026-03-12", "days": "1",
        "medical_identity": { "codings": [{ "system": "http://terminology.hl7.org/CodeSystem/coverage-selfpay", "code": "pay" }] },
        "professionals": [{
            "name": "陳示範", "licence": "TEST-MD-000001",
            "role": coded("http://snomed.info/sct", "405279007", "Attending physician (occupation)"),
        }],
    });
    let technician = |name: &str, licence: &str| {
        let role = coded("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/health-professional-tw", "J", "醫事檢驗師");
        json!({ "name": name, "licence": licence, "role": role })
    };
    let technicians = json!([technician("李檢驗", "TEST-MT-000001"), technician("吳覆核", "TEST-MT-000002")]);
    let in_unit = |value: &str, unit: &str| json!({ "value": value, "unit": unit });
    let measured = |value: &str, unit: &str| json!({ "quantity": { "value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org" } });
    let meaning = |code: &str| json!([{ "codings": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": code }] }]);
    let charge =
        |code: &str, display: &str| coded("https://hospital.example/fhir/CodeSystem/charge-item", code, display);
    let registration =
        coded("https://claim.cgh.org.tw/iclaim/CodeSystem/cathay-chargeitemcode-values", "REGISTRATION", "掛號費");
    let day = "2026-03-12";
    let category = |code: &str, name: &str| json!({ "code": code, "name": name });
    let base = json!({ "codings": [{ "system": "http://hl7.org/fhir/invoice-priceComponentType", "code": "base" }] });
    let expected = [
        json!({
            "number": "DX1150312001", "patient": patient, "institution": institution, "visit": visit,
            "diagnoses": [coded("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw", "S93.401A", "右側踝部韌帶扭傷之初期照護")],
            "advice": "患者於2026年3月12日至本院門診就診，宜休養一週，避免劇烈運動。",
            "issued_on": day,
            "physicians": [{
                "name": "陳示範", "licence": "TEST-MD-000001",
                "role": coded("http://snomed.info/sct", "405279007", "Attending physician (occupation)"),
            }],
        }),
        json!({
            "key": { "institution": "1199990014", "number": "R1150312-0457", "date": day },
            "number": "R1150312-0457", "patient": patient, "institution": institution, "visit": visit, "issued_on": day,
            "currency": "TWD", "lines": [
                { "sequence": 1, "item": registration, "category": category("REG", "掛號費"), "source_category": base, "payer": "self-pay", "serviced_on": day, "amount": "150" },
                { "sequence": 2, "item": charge("DIAG", "診察費"), "category": category("DIAG", "診察費"), "source_category": base, "payer": "nhi", "serviced_on": day, "amount": "361" },
                { "sequence": 3, "item": charge("RADO", "放射線診療費"), "category": category("RADO", "放射線診療費"), "source_category": base, "payer": "nhi", "serviced_on": day, "amount": "220" },
                { "sequence": 4, "item": charge("METR", "特殊材料費：護踝"), "category": category("METR", "特殊材料費"), "source_category": base,
                  "material": { "name": "護踝" }, "payer": "self-pay", "serviced_on": day,
                  "quantity": { "value": "2" }, "unit_price": "1250.50", "amount": "2501" },
                { "sequence": 5, "item": charge("CERT", "證明書費"), "category": category("CERT", "證明書費"), "source_category": base, "payer": "self-pay", "serviced_on": day, "amount": "100" },
            ],
            "totals": { "stated": "2751", "self_pay": "2751", "nhi": "581", "unstated": "0" },
        }),
        json!({
            "number": "L1150312-01", "patient": patient, "institution": institution,
            "code": coded("http://loinc.org", "58410-2", "CBC panel - Blood by Automated count"),
            "status": "final", "conclusion": "白血球略高。",
            "results": [
                { "number": "A1150312-01", "status": "final", "sampled_on": day, "reported": "2026-03-12T02:55:00Z",
                  "code": coded("http://loinc.org", "6690-2", "Leukocytes [#/volume] in Blood by Automated count"),
                  "value": measured("11.2", "10*3/uL"), "interpretation": meaning("H"),
                  "reference": [{ "low": in_unit("4", "10*3/uL"), "high": in_unit("10", "10*3/uL") }],
                  "performers": technicians },
                { "number": "A1150312-02", "status": "final", "sampled_on": day, "reported": "2026-03-12T02:55:00Z",
                  "code": coded("http://loinc.org", "718-7", "Hemoglobin [Mass/volume] in Blood"),
                  "value": measured("13.5", "g/dL"), "interpretation": meaning("N"),
                  "reference": [{ "low": in_unit("12", "g/dL"), "high": in_unit("16", "g/dL") }],
                  "body_site": coded("http://snomed.info/sct", "368208006", "左上臂"), "notes": ["檢體無溶血"],
                  "performers": technicians },
            ],
        }),
    ];
    let found: Vec<Value> = bundle.documents.iter().map(|document| document.to_json().unwrap()).collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn ten_lines_of_a_stay_keep_their_order_payer_and_sums() {
    let documents = documents(&fixture("inpatient-ten-lines"));
    let receipt = receipts(&documents)[0];
    assert_eq!(receipt.lines.len(), 10);
    assert!(receipt.lines.iter().zip(1..).all(|(line, number)| line.sequence == number));
    assert_eq!(receipt.lines.iter().filter(|line| line.payer == Payer::Nhi).count(), 5);
    assert_eq!(receipt.totals.self_pay, "89366".parse().unwrap());
    assert_eq!(receipt.totals.stated, Some(receipt.totals.self_pay));
    assert_eq!(receipt.totals.nhi, "42165.75".parse().unwrap());
    let certificate = certificates(&documents)[0];
    assert_eq!(certificates(&documents).len(), 1, "one serial number, one certificate");
    assert_eq!(certificate.diagnoses.len(), 2);
    assert_eq!(certificate.physicians.len(), 1, "the same doctor is named once");
    let visit = certificate.visit.as_ref().unwrap();
    assert_eq!((visit.days.as_deref(), visit.class.as_ref().unwrap().code.as_str()), (Some("7"), "IMP"));
}

#[test]
fn two_claims_are_two_receipts_with_their_own_visits() {
    let documents = documents(&fixture("two-receipts"));
    let visits = |visit: &Option<claimgate_packet::evidence::Visit>| visit.as_ref().unwrap().number.clone().unwrap();
    let receipts: Vec<_> =
        receipts(&documents).iter().map(|receipt| (receipt.number.clone().unwrap(), visits(&receipt.visit))).collect();
    assert_eq!(
        receipts,
        [
            ("R1150506-0201".to_owned(), "V1150506-0140".to_owned()),
            ("R1150520-0113".to_owned(), "V1150520-0077".to_owned()),
        ]
    );
    assert_eq!(certificates(&documents).len(), 2);
    assert!(reports(&documents).is_empty());
}

#[test]
fn observations_no_report_names_are_not_lost() {
    let documents = documents(&fixture("emergency"));
    let found = reports(&documents);
    assert_eq!(found.len(), 2, "two accession numbers");
    assert!(found.iter().all(|report| report.results.len() == 1 && report.code == report.results[0].code));

    let one_number = changed("emergency", |it| {
        let (first, second) = (position(it, "Observation", 0), position(it, "Observation", 1));
        it["entry"][second]["resource"]["identifier"] = it["entry"][first]["resource"]["identifier"].clone();
    });
    let documents = self::documents(&one_number);
    let found = reports(&documents);
    assert_eq!(found.len(), 1, "one accession number");
    assert_eq!((found[0].results.len(), found[0].code.codings[0].code.as_str()), (2, "11502-2"));
}

#[test]
fn a_panel_brings_its_members_and_components_once() {
    let bundle = changed("outpatient", |it| {
        let (first, second) = (position(it, "Observation", 0), position(it, "Observation", 1));
        resource(it, "DiagnosticReport")["result"] = json!([{ "reference": "Observation/wbc" }]);
        it["entry"][first]["resource"]["hasMember"] = json!([{ "reference": "Observation/hgb" }]);
        it["entry"][second]["resource"]["hasMember"] = json!([{ "reference": "Observation/wbc" }]);
        it["entry"][second]["resource"]["component"] = json!([{
            "code": { "text": "稀釋倍數" },
            "valueRatio": { "numerator": { "value": 1 }, "denominator": { "value": 160 } },
        }]);
    });
    let documents = documents(&bundle);
    let found = reports(&documents);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].results.len(), 3);
    let value = serde_json::to_value(&found[0].results[2].value).unwrap();
    assert_eq!(value, json!({ "text": "1:160" }));
}

#[test]
fn a_resident_number_is_known_by_its_system_or_its_form() {
    let kind = |bundle: &Value| {
        let documents = documents(bundle);
        receipts(&documents)[0].patient.identifiers[0].kind.clone().unwrap()
    };
    assert_eq!(kind(&fixture("resident-certificate")), "resident-certificate");
    let as_national_id = changed("resident-certificate", |it| {
        resource(it, "Patient")["identifier"][0]["system"] = json!("http://www.moi.gov.tw/");
    });
    assert_eq!(kind(&as_national_id), "resident-certificate");
    let typed_as_record = changed("outpatient", |it| {
        resource(it, "Patient")["identifier"][0]["type"]["coding"][0]["code"] = json!("MR");
    });
    assert_eq!(kind(&typed_as_record), "national-id");
}

#[test]
fn an_item_without_net_is_quantity_times_price_exactly() {
    let bundle = changed("outpatient", |it| {
        let item = &mut resource(it, "Claim")["item"][3];
        drop_member(item, "net");
        item["quantity"]["value"] = json!(0.2);
        item["factor"] = json!(1.5);
    });
    let documents = documents(&bundle);
    assert_eq!(receipts(&documents)[0].lines[3].amount.to_string(), "375.15");
}

#[test]
fn doctors_are_found_through_roles_contained_resources_and_shown_names() {
    let bundle = changed("outpatient", |it| {
        let condition = resource(it, "Condition");
        condition["contained"] = json!([{
            "resourceType": "Practitioner", "id": "inside", "name": [{ "family": "趙", "given": ["內含"] }],
        }]);
        condition["recorder"] = json!({ "reference": "#inside" });
        condition["asserter"] = json!({ "display": "錢醫師" });
    });
    let documents = documents(&bundle);
    let names: Vec<_> =
        certificates(&documents)[0].physicians.iter().map(|doctor| doctor.name.clone().unwrap()).collect();
    assert_eq!(names, ["趙內含", "錢醫師"]);
}

#[test]
fn a_bundle_of_urns_reads_like_one_of_urls() {
    let documents = documents(&fixture("demo"));
    let kinds: Vec<_> = documents.iter().map(Document::kind).collect();
    assert_eq!(kinds, ["diagnosis-certificate", "medical-receipt", "lab-report"]);
    assert_eq!(receipts(&documents)[0].lines.len(), 8);
    assert_eq!(reports(&documents)[0].results.len(), 3);
}
