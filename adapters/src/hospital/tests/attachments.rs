//! Files beside the documents: which are passed on, to which document they belong, what is said of the others.

use claimgate_fhir::media::Media;
use serde_json::json;

use super::*;

/// `%PDF-1.4 made up`, and its SHA-1.
const PDF: &str = "JVBERi0xLjQgbWFkZSB1cA==";
const PDF_SHA1: &str = "V3nBbGpf5zq0VwAO/QWwrpWY62Q=";
/// The first bytes of a PNG and a few more.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUg==";

fn add(it: &mut Value, id: &str, mut resource: Value) {
    resource["id"] = json!(id);
    let kind = resource["resourceType"].as_str().unwrap();
    let url = format!("https://hospital.example/fhir/{kind}/{id}");
    it["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": url, "resource": resource }));
}

fn binary(it: &mut Value, id: &str, data: &str) {
    add(it, id, json!({ "resourceType": "Binary", "contentType": "application/pdf", "data": data }));
}

/// A `DocumentReference` of that type with one Attachment, and whatever else.
fn reference(it: &mut Value, id: &str, kind: &str, attachment: Value, more: Value) {
    let mut resource = json!({ "resourceType": "DocumentReference", "status": "current", "content": [{}] });
    resource["content"][0]["attachment"] = attachment;
    if !kind.is_empty() {
        resource["type"] = json!({ "text": kind });
    }
    if let Value::Object(more) = more {
        resource.as_object_mut().unwrap().extend(more);
    }
    add(it, id, resource);
}

fn inline() -> Value {
    json!({ "contentType": "application/pdf", "data": PDF })
}

/// Kind of document and of file, and the file's place.
fn told(bundle: &HospitalBundle) -> Vec<(&str, Media, &str)> {
    let attachments = bundle.attachments.iter();
    attachments.map(|it| (bundle.documents[it.document].kind(), it.file.media, it.file.place.as_str())).collect()
}

fn accepted(bundle: &Value) -> HospitalBundle {
    read_value(bundle).unwrap_or_else(|rejection| panic!("{:?}", rejection.issues))
}

#[test]
fn a_file_comes_inline_or_as_a_binary_of_the_bundle_however_it_is_referred_to() {
    let place = "Bundle.entry[18].resource.content[0].attachment";
    for url in ["Binary/scan", "https://hospital.example/fhir/Binary/scan"] {
        let bundle = accepted(&changed("outpatient", |it| {
            binary(it, "scan", PDF);
            let attachment = json!({ "contentType": "application/pdf", "url": url, "size": 16, "hash": PDF_SHA1 });
            reference(it, "ref", "診斷證明書", attachment, json!({}));
        }));
        assert!(bundle.warnings.is_empty(), "{:?}", bundle.warnings);
        assert_eq!(told(&bundle), [("diagnosis-certificate", Media::Pdf, place)]);
        assert_eq!(&*bundle.attachments[0].file.content, b"%PDF-1.4 made up");
        assert_eq!(bundle.documents.len(), 3);
        assert_eq!(format!("{:?}", bundle.attachments[0]), "HospitalAttachment(..)");
    }
    let broken_lines = format!("{}\n{}", &PDF[..8], &PDF[8..]);
    let urn = accepted(&changed("outpatient", |it| {
        binary(it, "scan", &broken_lines);
        it["entry"][17]["fullUrl"] = json!("urn:uuid:7d1f1c1e-0000-4000-8000-000000000001");
        let attachment = json!({ "url": "urn:uuid:7d1f1c1e-0000-4000-8000-000000000001" });
        reference(it, "ref", "診斷證明書", attachment, json!({}));
    }));
    assert_eq!(told(&urn), [("diagnosis-certificate", Media::Pdf, place)]);
}

#[test]
fn a_file_belongs_to_the_document_of_its_type_or_that_it_refers_to_or_is_one_itself() {
    let coded =
        |code: &str| json!({ "type": { "coding": [{ "system": "urn:claimgate:evidence-type", "code": code }] } });
    let related = |to: &str| json!({ "context": { "related": [{ "reference": to }] } });
    for (kind, more, document) in [
        ("診斷證明書", json!({}), "diagnosis-certificate"),
        ("收據", json!({}), "medical-receipt"),
        ("", coded("lab-report"), "lab-report"),
        ("", json!({ "type": { "coding": [{ "system": "http://loinc.org", "code": "11502-2" }] } }), "lab-report"),
        ("", related("Claim/receipt"), "medical-receipt"),
        ("X光片", related("Observation/wbc"), "lab-report"),
        ("X光片", related("Patient/patient"), "medical-record"),
        ("X光片", json!({}), "medical-record"),
        ("處方箋", json!({}), "medical-record"),
    ] {
        let bundle = accepted(&changed("outpatient", |it| reference(it, "ref", kind, inline(), more.clone())));
        assert_eq!(told(&bundle)[0].0, document, "{kind} {more}");
        assert_eq!(bundle.documents.len(), if document == "medical-record" { 4 } else { 3 }, "{kind} {more}");
    }
}

#[test]
fn among_several_documents_of_a_type_the_one_referred_to_or_of_the_visit_is_meant() {
    let of = |more: Value| {
        let bundle = accepted(&changed("two-receipts", |it| reference(it, "ref", "收據", inline(), more)));
        (bundle.attachments[0].document, codes(&bundle.warnings).contains(&"attachment.ambiguous"))
    };
    let bundle = fixture("two-receipts");
    let url = |kind: &str| bundle["entry"][position(&bundle, kind, 1)]["fullUrl"].clone();
    assert_eq!(of(json!({ "context": { "related": [{ "reference": url("Claim") }] } })), (3, false));
    assert_eq!(of(json!({ "context": { "encounter": [{ "reference": url("Encounter") }] } })), (3, false));
    assert_eq!(of(json!({})), (4, true));
}

#[test]
fn a_record_of_its_own_says_what_its_reference_says() {
    let root = changed("outpatient", |it| {
        let more = json!({
            "docStatus": "final", "date": "2026-03-12T10:05:00+08:00", "description": "右踝X光",
            "masterIdentifier": { "value": "IMG-1" }, "author": [{ "reference": "Practitioner/dr-chen" }],
            "category": [{ "text": "影像" }], "context": { "encounter": [{ "reference": "Encounter/visit" }] },
        });
        reference(it, "ref", "X光片", json!({ "data": PNG }), more);
    });
    let bundle = read_traced(&serde_json::to_vec(&root).unwrap(), Format::Json, &Settings::default(), true).unwrap();
    assert!(bundle.warnings.is_empty(), "{:?}", bundle.warnings);
    let record = bundle.documents[3].to_json().unwrap();
    assert_eq!((&record["title"], &record["code"]["text"]), (&json!("右踝X光"), &json!("X光片")));
    assert_eq!((&record["written_on"], &record["number"]), (&json!("2026-03-12"), &json!("IMG-1")));
    assert_eq!((&record["status"], &record["authors"][0]["name"]), (&json!("final"), &json!("陳示範")));
    assert!(record["visit"]["number"].is_string());
    assert_eq!(bundle.sources[3]["/title"].from, ["Bundle.entry[17].resource.description"]);
    super::sources::check("record of a file", &root);
}

#[test]
fn files_inside_resources_belong_to_their_documents() {
    let bundle = accepted(&changed("outpatient", |it| {
        resource(it, "DiagnosticReport")["presentedForm"] = json!([inline()]);
        resource(it, "DiagnosticReport")["media"] = json!([{ "link": { "reference": "Media/image" } }]);
        resource(it, "Claim")["supportingInfo"] = json!([
            { "sequence": 1, "category": { "text": "收據影像" }, "valueAttachment": { "data": PNG } },
        ]);
        add(it, "image", json!({ "resourceType": "Media", "status": "completed", "content": { "data": PNG } }));
    }));
    assert!(bundle.warnings.is_empty(), "{:?}", bundle.warnings);
    assert_eq!(
        told(&bundle),
        [
            ("medical-receipt", Media::Png, "Bundle.entry[1].resource.supportingInfo[0].valueAttachment"),
            ("lab-report", Media::Pdf, "Bundle.entry[6].resource.presentedForm[0]"),
            ("lab-report", Media::Png, "Bundle.entry[17].resource.content"),
        ]
    );
}

#[test]
fn nothing_is_ever_fetched_and_the_rest_goes_on() {
    for url in
        ["http://10.0.0.1/x", "https://hospital.example/scan.pdf", "file:///etc/passwd", "ftp://x", "Binary/none", "x"]
    {
        let bundle = accepted(&changed("outpatient", |it| {
            reference(it, "ref", "診斷證明書", json!({ "contentType": "application/pdf", "url": url }), json!({}));
        }));
        assert_eq!(codes(&bundle.warnings), ["attachment.url-not-fetched"], "{url}");
        let place = "Bundle.entry[17].resource.content[0].attachment.url";
        assert_eq!(bundle.warnings[0].expression, [place]);
        assert!(bundle.attachments.is_empty() && bundle.documents.len() == 3);
    }
}

#[test]
fn what_is_stated_of_a_file_is_compared_with_it() {
    for (member, value, code) in [
        ("contentType", json!("image/png"), "attachment.type-differs"),
        ("size", json!(17), "attachment.size-differs"),
        ("hash", json!("2jmj7l5rSw0yVb/vlWAYkK/YBwk="), "attachment.hash-differs"),
        ("data", json!("PGh0bWw+PC9odG1sPg=="), "attachment.type-unknown"),
    ] {
        let bundle = accepted(&changed("outpatient", |it| {
            let mut attachment = inline();
            attachment[member] = value;
            reference(it, "ref", "診斷證明書", attachment, json!({}));
        }));
        assert_eq!(codes(&bundle.warnings), [code]);
        assert_eq!(bundle.attachments.len(), usize::from(code != "attachment.type-unknown"), "{code}");
    }
    let empty = accepted(&changed("outpatient", |it| reference(it, "ref", "", json!({ "title": "x" }), json!({}))));
    assert_eq!(codes(&empty.warnings), ["attachment.empty"]);
}

#[test]
fn what_is_no_base64_no_document_or_too_much_is_refused() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let rejection = read_value(&changed("outpatient", change)).unwrap_err();
        (rejection.reason, rejection.issues[0].code.clone().into_owned())
    };
    for data in ["JVBERi0xLjQ", "JVBE-_==", "JVBERi0xLjR=", "JVBERi0xLjQ=JVBE", "é"] {
        let found = refused(&|it| reference(it, "ref", "", json!({ "data": data }), json!({})));
        assert_eq!(found, (Refused::Unprocessable, "attachment.base64".to_owned()), "{data}");
    }
    let many = refused(&|it| resource(it, "DiagnosticReport")["presentedForm"] = json!(vec![inline(); 201]));
    assert_eq!(many, (Refused::TooLarge, "bundle.too-many-attachments".to_owned()));
    let nothing = refused(&|it| {
        add(it, "scan", json!({ "resourceType": "Binary", "contentType": "application/pdf" }));
        reference(it, "ref", "", json!({ "url": "Binary/scan" }), json!({}));
    });
    assert_eq!(nothing, (Refused::Unprocessable, "attachment.no-data".to_owned()));
}

#[test]
fn a_file_over_its_bound_is_refused_before_it_is_decoded() {
    let long = changed("outpatient", |it| {
        let data = "A".repeat((20 << 20) / 3 * 4 + 8);
        reference(it, "ref", "", json!({ "data": data }), json!({}));
    });
    let limits = Limits { bytes: 64 << 20, ..Limits::default() };
    let rejection = read(&serde_json::to_vec(&long).unwrap(), &Settings { limits, ..Settings::default() }).unwrap_err();
    assert_eq!((rejection.reason, &*rejection.issues[0].code), (Refused::TooLarge, "attachment.too-large"));
}

#[test]
fn one_binary_many_times_is_one_in_memory_and_paid_for() {
    let many = |size: usize| {
        changed("outpatient", |it| {
            let mut content = b"%PDF-".to_vec();
            content.resize(size / 3 * 3, b' ');
            binary(it, "scan", &base64(&content));
            for number in 0..50 {
                reference(it, &format!("r{number}"), "診斷證明書", json!({ "url": "Binary/scan" }), json!({}));
            }
        })
    };
    let bundle = accepted(&many(300));
    assert_eq!(bundle.attachments.len(), 50);
    assert!(std::sync::Arc::ptr_eq(&bundle.attachments[0].file.content, &bundle.attachments[49].file.content));
    let rejection = read_value(&many(3_000_000)).unwrap_err();
    assert_eq!((rejection.reason, &*rejection.issues[0].code), (Refused::TooLarge, "bundle.too-much-repeated"));
}

/// Base64 of bytes whose number is a multiple of three.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks_exact(3).flat_map(|three| {
        let whole = three.iter().fold(0_usize, |whole, byte| whole << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[whole >> shift & 63]))
    });
    letters.collect()
}

#[test]
fn a_binary_nobody_refers_to_is_named() {
    let bundle = accepted(&changed("outpatient", |it| binary(it, "scan", PDF)));
    assert_eq!(codes(&bundle.warnings), ["resource.not-mapped"]);
}

#[test]
fn a_record_takes_what_its_sections_refer_to() {
    let bundle = accepted(&changed("prescription", |it| {
        resource(it, "Composition")["type"]["coding"][0]["code"] = json!("18842-5");
        let entry = json!({ "reference": "DocumentReference/ref" });
        resource(it, "Composition")["section"][0]["entry"].as_array_mut().unwrap().push(entry);
        reference(it, "ref", "傷口照片", json!({ "data": PNG }), json!({}));
    }));
    let (kind, media, _) = told(&bundle)[0];
    assert_eq!((kind, media), ("medical-record", Media::Png));
    assert_eq!(bundle.documents.iter().filter(|document| document.kind() == "medical-record").count(), 1);
}

#[test]
fn a_file_in_xml_is_the_same_file() {
    let root = changed("outpatient", |it| {
        binary(it, "scan", PDF);
        reference(it, "ref", "診斷證明書", json!({ "url": "Binary/scan" }), json!({}));
    });
    let text = xml::write(&root).unwrap();
    let bundle = read_format(text.as_bytes(), Format::Xml, &Settings::default()).unwrap();
    assert_eq!(&*bundle.attachments[0].file.content, b"%PDF-1.4 made up");
}
