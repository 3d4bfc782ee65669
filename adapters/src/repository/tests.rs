//! What is written for a recipient's repository, our own reader of hospitals' Bundles reads back as the same documents.

use std::path::{Path, PathBuf};

use claimgate_fhir::outcome::Severity;
use claimgate_packet::evidence::Document;
use serde_json::Value;

use super::*;
use crate::hospital::{self, HospitalBundle, Settings};

const FIXTURES: [&str; 8] = [
    "outpatient",
    "inpatient-ten-lines",
    "two-receipts",
    "emergency",
    "resident-certificate",
    "demo",
    "invoice",
    "prescription",
];

fn letter() -> Letter<'static> {
    Letter {
        delivery: "dlv_0192f0c1-7a00-7000-8000-000000000001".to_owned(),
        packet: "pkt_0192f0c1-7a00-7000-8000-000000000002".to_owned(),
        claim: "clm_0192f0c1-7a00-7000-8000-000000000003".to_owned(),
        submission: "sub_0192f0c1-7a00-7000-8000-000000000004".to_owned(),
        line: Line::HealthReimbursement,
        revision: 1,
        presentation_digest: "AAAA".to_owned(),
        created: "2026-11-20T03:04:05.678Z".parse().unwrap(),
        recipient: ("https://gcis.nat.gov.tw", "12345675"),
        name: "測試人壽",
        forwarded_from: None,
        same_receipt_as: Vec::new(),
        replaces: None,
    }
}

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn fixture(name: &str) -> Value {
    let path = folder("tests/fixtures/bundles").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn read(bundle: &Value) -> HospitalBundle {
    hospital::read(&serde_json::to_vec(bundle).unwrap(), &Settings::default())
        .unwrap_or_else(|refused| panic!("{:#?}", refused.issues))
}

fn given(of: &HospitalBundle) -> Vec<Given> {
    let files = |place| {
        of.attachments
            .iter()
            .filter(move |file| file.document == place)
            .map(|file| FileOf { media_type: file.file.media.as_str().to_owned(), content: file.file.content.to_vec() })
    };
    of.documents
        .iter()
        .enumerate()
        .map(|(place, document)| Given { document: document.clone(), files: files(place).collect() })
        .collect()
}

/// Documents as JSON in an order of their own, with everything the delivery says of the person in each.
fn comparable(given: &[Given]) -> Vec<String> {
    let (patient, institution) = people::everything_of_the_patient(given).unwrap();
    let mut all: Vec<String> = given
        .iter()
        .map(|one| {
            let mut json = one.document.to_json().unwrap();
            json["patient"] = serde_json::to_value(&patient).unwrap();
            json["institution"] = serde_json::to_value(&institution).unwrap();
            let files: Vec<_> =
                one.files.iter().map(|file| (&file.media_type, digest::sha256_text(&file.content))).collect();
            format!("{} {} {files:?}", one.document.kind(), serde_json::to_string_pretty(&json).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// Writes, reads back and compares; gives the codes of what the reader had to say.
fn round(given: &[Given]) -> Vec<String> {
    let mut back = Vec::new();
    let mut codes = Vec::new();
    for bundle in bundles(&letter(), given) {
        let read = read(&bundle);
        assert_eq!(read.identifier.system.as_deref(), Some(DELIVERY_SYSTEM));
        assert!(read.identifier.value.starts_with(&letter().delivery));
        assert_eq!(read.coverages.len(), 1);
        assert_eq!((read.coverages[0].line, &*read.coverages[0].payor.value), (Some(letter().line), "12345675"));
        let told = read.warnings.iter().filter(|issue| issue.severity != Severity::Information);
        codes.extend(told.map(|issue| format!("{} {:?}", issue.code, issue.expression)));
        back.extend(super::tests::given(&read));
    }
    let (before, after) = (comparable(given), comparable(&back));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        for (one, other) in before.lines().zip(after.lines()) {
            assert_eq!(one, other, "\n{before}\n\n{after}");
        }
        assert_eq!(before, after);
    }
    codes
}

#[test]
fn every_fixture_comes_back_as_it_was() {
    for name in FIXTURES {
        let codes = round(&given(&read(&fixture(name))));
        assert!(!codes.iter().any(|code| code.starts_with("structure.")), "{name}: {codes:#?}");
        assert!(!codes.iter().any(|code| code.contains("not-mapped")), "{name}: {codes:#?}");
    }
}

#[test]
fn every_published_example_that_is_accepted_comes_back() {
    let Some(shared) = std::env::var_os("CLAIMGATE_SHARED") else {
        eprintln!("skipped: no CLAIMGATE_SHARED");
        return;
    };
    let mut waiting = vec![PathBuf::from(shared).join("data/fhir")];
    let (mut kinds, mut count) = (std::collections::BTreeSet::new(), 0);
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "json") {
            let bytes = std::fs::read(&path).unwrap();
            let Ok(bundle) = hospital::read(&bytes, &Settings::default()) else { continue };
            if bundle.documents.is_empty() {
                continue;
            }
            kinds.extend(bundle.documents.iter().map(|document| document.kind().to_owned()));
            count += 1;
            eprintln!("{}", path.display());
            round(&given(&bundle));
        }
    }
    eprintln!("{count} examples with {kinds:?}");
}

#[test]
fn all_together_are_told_apart_again() {
    let mut all = Vec::new();
    for name in FIXTURES {
        all.extend(given(&read(&fixture(name))));
    }
    // The same certificate of the same visit twice, and once without both.
    let twice = all.iter().find(|one| matches!(one.document, Document::DiagnosisCertificate(_))).unwrap();
    let Document::DiagnosisCertificate(mut bare) = twice.document.clone() else { unreachable!() };
    let again = Given { document: twice.document.clone(), files: Vec::new() };
    (bare.number, bare.visit) = (None, None);
    let bare = || Given { document: Document::DiagnosisCertificate(bare.clone()), files: Vec::new() };
    let bare = [bare(), bare()];
    all.push(again);
    all.extend(bare);
    let bundles = bundles(&letter(), &all);
    assert!(bundles.len() >= 2);
    let mut numbers: Vec<&str> =
        bundles.iter().map(|it| it.pointer("/identifier/value").unwrap().as_str().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), bundles.len());
    round(&all);
}

#[test]
fn the_same_delivery_gives_the_same_bytes() {
    let all = given(&read(&fixture("demo")));
    let text = |bundles: Vec<Value>| bundles.iter().map(Value::to_string).collect::<Vec<_>>();
    assert_eq!(text(bundles(&letter(), &all)), text(bundles(&letter(), &all)));
}

fn document(kind: &str, json: Value) -> Document {
    Document::from_json(kind, &format!("{kind}/1"), json).unwrap()
}

fn head() -> (Value, Value, Value) {
    let patient = json!({ "name": "王小明", "gender": "male", "birth_date": "1990-04", "identifiers": [
        { "kind": "national-id", "system": "http://www.moi.gov.tw", "value": "A123456789" },
        { "kind": "medical-record", "system": "https://hospital.example/chart", "value": "00012345" },
    ], "address": "臺北市北投區振興街 45 號", "occupation": { "text": "教師" } });
    let institution = json!({ "code": "1101020018", "name": "測試醫院" });
    let visit = json!({
        "number": "E-1", "other_numbers": [{ "kind": "VN", "system": "https://nhi.example/sid", "value": "0001" }],
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP", "display": "住院" },
        "special_diagnosis": [{ "text": "一般" }], "medical_identity": { "text": "健保" },
        "department": { "codings": [{ "system": "https://hospital.example/dept", "code": "06", "display": "骨科" }] },
        "admitted_from": { "text": "急診" }, "discharged_to": { "text": "返家" }, "reasons": [{ "text": "跌倒" }],
        "start": "2026-03-01T20:30:00Z", "end": "2026-03-04T02:00:00Z", "first_day": "2026-03-02", "last_day": "2026-03-04",
        "days": "3", "professionals": [{ "name": "陳醫師", "licence": "012345" }],
    });
    (patient, institution, visit)
}

fn pdf(text: &str) -> FileOf {
    FileOf { media_type: "application/pdf".to_owned(), content: format!("%PDF-1.7 {text}").into_bytes() }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one document of each kind, with every member it can have")]
fn every_kind_of_evidence_with_everything_it_can_say_comes_back() {
    let (patient, institution, visit) = head();
    let weight = json!({ "code": { "text": "體重" }, "status": "final", "sampled_on": "2026-03-02",
        "value": { "quantity": { "value": "61.5", "unit": "kg", "comparator": "<" } },
        "reference": [{ "low": { "value": "50", "unit": "kg" }, "text": "成人" }], "notes": ["晨間"],
        "performers": [{ "name": "林護理師" }] });
    let diagnosis = json!({ "codings": [{ "system": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-10-cm-2023-tw",
        "code": "S52.501A", "display": "右橈骨骨折" }], "text": "右橈骨遠端骨折", "body_sites": [{ "text": "右腕" }],
        "severity": { "text": "中度" }, "onset": "2026-03", "abated": "約三週後" });
    let procedure = json!({ "code": { "text": "開放復位內固定術" }, "status": "completed", "performed_on": "2026-03-02",
        "performed_until": "2026-03-03", "performers": [{ "name": "陳醫師", "licence": "012345" }], "notes": ["順利"] });
    let certificate = document(
        "diagnosis-certificate",
        json!({
            "number": "D-1", "patient": patient, "institution": institution, "visit": visit, "diagnoses": [diagnosis],
            "procedures": [procedure], "advice": "休養三週\n不宜負重", "issued_on": "2026-03-04",
            "physicians": [{ "name": "陳醫師", "licence": "012345", "role": { "text": "主治醫師" } }, { "name": "陳醫師", "licence": "012345" }],
        }),
    );
    let many = document(
        "diagnosis-certificate",
        json!({
            "number": "D-2", "patient": patient, "institution": institution, "diagnoses": [{ "text": "挫傷" }],
            "advice": "冰敷", "physicians": [{ "name": "一" }, { "name": "二" }, { "name": "三" }],
        }),
    );
    let receipt = document(
        "medical-receipt",
        json!({
            "key": { "institution": "1101020018", "number": "R-1", "date": "2026-03-04" }, "number": "R-1", "copy": "copy",
            "patient": patient, "institution": institution, "visit": visit, "issued_on": "2026-03-04", "currency": "TWD",
            "lines": [
                { "sequence": 1, "item": { "text": "掛號費" }, "category": { "code": "REG", "name": "掛號費" }, "payer": "self-pay",
                  "serviced_on": "2026-03-02", "amount": "150" },
                { "sequence": 2, "item": { "text": "病房費" }, "category": { "code": "ROOM", "name": "病房費" }, "payer": "nhi",
                  "serviced_on": "2026-03-02", "serviced_until": "2026-03-04", "quantity": { "value": "3" }, "amount": "1740.50" },
                { "sequence": 2, "item": { "text": "病房費" }, "category": { "code": "ROOM", "name": "病房費" }, "payer": "copay", "amount": "174" },
            ],
            "reductions": [{ "line": 1, "kind": "hospital", "reason": { "text": "員工減免" }, "amount": "50" },
                { "kind": "subsidy", "reason": { "text": "公費補助" }, "amount": "74" }],
            "totals": { "stated": "324", "stated_gross": "2064.50", "stated_self_pay": "150", "stated_copay": "174", "stated_nhi": "1740.50",
                "self_pay": "150", "copay": "174", "nhi": "1740.50", "unstated": "0", "reductions": "124", "due": "200", "paid": "200", "unpaid": "0" },
        }),
    );
    let record = |files: bool| {
        let mut record = json!({
            "number": "M-1", "code": { "codings": [{ "system": "http://loinc.org", "code": "57833-6" }], "text": "出院病摘" },
            "title": "出院病摘", "status": "final", "patient": patient, "institution": institution, "visit": visit,
            "written_on": "2026-03-04", "authors": [{ "name": "陳醫師", "licence": "012345" }], "attesters": [{ "name": "林主任" }],
            "sections": [],
        });
        if !files {
            let more = json!({
                "confidentiality": "R", "organisations": [{ "name": "合作診所" }], "text": "摘要 <三天> & 平安",
                "sections": [{ "level": 1, "title": "主訴", "text": "右手腕疼痛\n跌倒後" }, { "level": 2, "title": "病史", "text": "無" },
                    { "level": 4, "code": { "text": "過敏" }, "text": "盤尼西林" }, { "level": 1, "title": "治療經過", "text": "手術" }],
                "diagnoses": [diagnosis], "procedures": [procedure], "measurements": [weight], "notes": ["已告知"],
            });
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        document("medical-record", record)
    };
    let drug = json!({ "numbers": ["RX-1-1"], "drug": { "text": "Acetaminophen 500 mg" }, "form": { "text": "錠劑" },
        "ingredients": [{ "substance": { "text": "Acetaminophen" }, "strength": "500 mg : 1 {tbl}" }], "status": "active",
        "kinds": [{ "text": "一般" }], "dosages": [{ "text": "飯後", "dose": { "value": "1", "unit": "錠" }, "dose_most": { "value": "2", "unit": "錠" },
            "frequency": { "text": "TID" }, "times": 3, "period": { "value": "1", "unit": "d", "code": "d", "system": "http://unitsofmeasure.org" },
            "as_needed": true, "route": { "text": "口服" }, "method": { "text": "吞" }, "site": { "text": "口" } }],
        "quantity": { "value": "9", "unit": "錠" }, "days": "30", "days_per_filling": "10", "repeats": 2,
        "valid_from": "2026-03-04", "valid_until": "2026-06-04", "reasons": [{ "text": "疼痛" }], "notes": ["勿空腹"] });
    let prescription = |rich: bool| {
        let mut slip = json!({ "act": "prescribed", "number": if rich { "RX-1" } else { "RX-2" }, "patient": patient, "institution": institution,
            "visit": visit, "issued_on": "2026-03-04", "professionals": [{ "name": "陳醫師", "licence": "012345" }], "drugs": [drug] });
        if rich {
            let more = json!({ "organisations": [{ "name": "合作藥局" }], "diagnoses": [diagnosis], "measurements": [weight], "notes": ["D10"] });
            slip.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        document("prescription", slip)
    };
    let dispensed = document(
        "prescription",
        json!({ "act": "dispensed", "patient": patient, "institution": institution, "visit": visit,
        "issued_on": "2026-03-05", "professionals": [{ "name": "黃藥師" }, { "name": "許藥師" }],
        "drugs": [{ "drug": { "text": "Ibuprofen" }, "status": "completed", "quantity": { "value": "6" }, "days": "2" }] }),
    );
    let laboratory = document(
        "lab-report",
        json!({
            "number": "L-1", "patient": patient, "institution": institution, "code": { "text": "血液常規" }, "status": "final",
            "sampled_on": "2026-03-02", "sampled_until": "2026-03-03", "reported": "2026-03-03T01:02:03Z",
            "performers": [{ "name": "張醫檢師", "licence": "MT1" }], "organisations": [{ "name": "代檢所" }], "interpreters": [{ "name": "陳醫師", "licence": "012345" }],
            "results": [weight, { "number": "L-1-2", "code": { "text": "血型" }, "status": "final", "value": { "concept": { "text": "O" } },
                "interpretation": [{ "text": "正常" }], "body_site": { "text": "左臂" } },
                { "code": { "text": "外觀" }, "status": "final", "reported": "2026-03-03T01:02:03.5Z", "value": { "text": "清澈" } }],
            "conclusion": "正常",
        }),
    );
    let given = |document, files| Given { document, files };
    let all = vec![
        given(certificate, vec![pdf("certificate")]),
        given(many, Vec::new()),
        given(receipt, vec![pdf("receipt"), pdf("receipt, page 2")]),
        given(laboratory, vec![pdf("report")]),
        given(prescription(false), Vec::new()),
        given(prescription(true), vec![pdf("slip")]),
        given(dispensed, Vec::new()),
        given(record(false), vec![pdf("record")]),
        given(record(true), vec![pdf("file alone")]),
    ];
    let codes = round(&all);
    assert!(!codes.iter().any(|code| code.contains("not-mapped") || code.starts_with("attachment.")), "{codes:#?}");
    // A policy that gives less: no receipt, no visit.
    let less = json!({ "patient": { "identifiers": [] }, "institution": institution, "diagnoses": [{ "text": "挫傷" }], "physicians": [] });
    round(&[given(document("diagnosis-certificate", less), Vec::new())]);
}

#[test]
fn what_is_signed_for_a_repository_verifies_as_a_hospitals_signature_does() {
    use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};

    use crate::signature::{Push, Trust, check, sign_bundle};

    let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let given = given(&read(&fixture("demo")));
    let bundle = bundles(&letter(), &given).remove(0);
    let signed = sign_bundle(bundle, &key, "https://gateway.example", letter().created).unwrap();
    let keys = [key.public()];
    let trust = Trust { keys: &keys, http_keys: &[], authorities: None, required: true };
    let judge = |body: &[u8]| {
        let push = Push {
            method: "POST",
            scheme: "https",
            authority: "repository.example",
            path: "/Bundle",
            query: None,
            headers: &[],
            body,
            format: claimgate_fhir::format::Format::Json,
        };
        check(&push, "1199990014", &trust, &claimgate_fhir::limits::Limits::default(), letter().created).is_ok()
    };
    let text = signed.to_string();
    assert!(judge(text.as_bytes()));
    assert!(!judge(text.replacen("active", "draft", 1).as_bytes()));
}
