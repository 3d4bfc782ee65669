//! Source signatures as a hospital makes them, and all that is done to them on the way.

use serde_json::json;

use super::*;

mod assertion;
mod call;
mod certificates;
mod hierarchy;
mod hostile;
mod jws;
mod openssl;
mod pdf;
mod person;
mod pkcs7;
mod request;

/// A made-up institution code with a check digit that fits.
const INSTITUTION: &str = "0401180014";

fn now() -> Timestamp {
    "2026-08-21T10:00:00Z".parse().unwrap()
}

/// A Bundle of which nothing but the signature is looked at here; with a number of two spellings.
fn bundle() -> Value {
    json!({
        "resourceType": "Bundle", "id": "b-1", "meta": { "lastUpdated": "2026-08-21T09:00:00Z" }, "type": "document",
        "identifier": { "system": "urn:x", "value": "案件-1" },
        "entry": [{ "resource": { "resourceType": "Claim", "total": { "value": 1250.5, "currency": "TWD" } } }],
    })
}

/// The Bundle with a signature in it.
fn signed(format: &str, data: &[u8]) -> Vec<u8> {
    let mut bundle = bundle();
    bundle["signature"] = json!({
        "type": [{ "system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.5" }],
        "when": "2026-08-21T10:00:00Z", "who": { "display": "範例醫院" },
        "targetFormat": "application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#document",
        "sigFormat": format, "data": STANDARD.encode(data),
    });
    serde_json::to_vec_pretty(&bundle).unwrap()
}

/// What is signed of [`bundle`]: written by hand, so that the test does not believe the code.
const CANONICAL: &str = concat!(
    r#"{"entry":[{"resource":{"resourceType":"Claim","total":{"currency":"TWD","value":1250.5}}}],"#,
    r#""identifier":{"system":"urn:x","value":"案件-1"},"resourceType":"Bundle","type":"document"}"#
);

fn push<'a>(body: &'a [u8], headers: &'a [(&'a str, &'a str)]) -> Push<'a> {
    Push {
        method: "POST",
        scheme: "https",
        authority: "gate.example",
        path: "/fhir/Bundle",
        query: None,
        headers,
        body,
        format: Format::Json,
    }
}

const NOTHING: Trust<'static> = Trust { keys: &[], http_keys: &[], authorities: None, required: false };

fn checked(push: &Push<'_>, trust: &Trust<'_>) -> Result<Checked, Rejection> {
    check(push, INSTITUTION, trust, &Limits::default(), now())
}

/// The one signature of a push.
fn verified(push: &Push<'_>, trust: &Trust<'_>) -> SourceSignature {
    let checked = checked(push, trust).unwrap();
    assert_eq!(checked.warnings, []);
    assert_eq!(checked.signatures.len(), 1);
    checked.signatures[0].clone()
}

/// The first error of a refused push, as code and text.
fn refused(push: &Push<'_>, trust: &Trust<'_>) -> (String, String) {
    let rejection = checked(push, trust).unwrap_err();
    assert_eq!(rejection.reason, Refused::Unprocessable);
    let issue = rejection.issues.first().unwrap();
    assert!(issue.refuses() && !issue.expression.is_empty() && issue.text.is_some());
    (issue.code.to_string(), issue.diagnostics.clone())
}

#[track_caller]
fn assert_refused(push: &Push<'_>, trust: &Trust<'_>, words: &str) {
    let (code, text) = refused(push, trust);
    assert_eq!(code, "signature.invalid");
    assert!(text.contains(words), "{text}");
}

#[track_caller]
fn assert_not_checked(push: &Push<'_>, trust: &Trust<'_>) {
    let checked = checked(push, trust).unwrap();
    assert!(checked.strongest().is_none());
    let codes: Vec<&str> = checked.warnings.iter().map(|issue| &*issue.code).collect();
    assert_eq!(codes, ["signature.not-checked"]);
}

#[test]
fn a_push_without_signature_is_told_nothing_unless_one_is_required() {
    let body = serde_json::to_vec(&bundle()).unwrap();
    let plain = checked(&push(&body, &[]), &NOTHING).unwrap();
    assert!(plain.signatures.is_empty() && plain.warnings.is_empty());
    let (code, _) = refused(&push(&body, &[]), &Trust { required: true, ..NOTHING });
    assert_eq!(code, "signature.required");
}

#[test]
fn what_nothing_here_can_check_is_a_warning_and_no_proof() {
    for format in ["application/signature+xml", "image/png", ""] {
        let body = signed(format, b"...");
        assert_not_checked(&push(&body, &[]), &NOTHING);
    }
    let body = serde_json::to_vec(&bundle()).unwrap();
    // Another form of the same field (cavage drafts), and PKCS#7 while no authority is trusted.
    assert_not_checked(&push(&body, &[("Signature", r#"keyId="a",signature="b""#)]), &NOTHING);
    assert_not_checked(&push(&body, &[("content-signature", "MAA=")]), &NOTHING);
    let mut partly = bundle();
    partly["signature"] = json!({ "sigFormat": "application/jose", "data": "LiAu",
        "targetFormat": "application/fhir+json;canonicalization=http://hl7.org/fhir/canonicalization/json#static" });
    assert_not_checked(&push(&serde_json::to_vec(&partly).unwrap(), &[]), &NOTHING);
    // A required signature is not replaced by one that cannot be checked.
    let (code, _) = refused(&push(&signed("image/png", b"x"), &[]), &Trust { required: true, ..NOTHING });
    assert_eq!(code, "signature.required");
}

#[test]
fn a_signature_in_xml_is_not_checked() {
    let body = br#"<Bundle xmlns="http://hl7.org/fhir"><type value="document"/><signature><sigFormat value="application/jose"/>
        <data value="LiAu"/></signature></Bundle>"#;
    assert_not_checked(&Push { format: Format::Xml, ..push(body, &[]) }, &NOTHING);
}

#[test]
fn what_is_kept_reads_back_and_prints_nothing() {
    let hierarchy = hierarchy::Hierarchy::new();
    let authorities = hierarchy.authorities();
    let trust = Trust { authorities: Some(&authorities), ..NOTHING };
    let body = serde_json::to_vec(&bundle()).unwrap();
    let field = STANDARD.encode(hierarchy.sign(&body));
    let found = verified(&push(&body, &[("Content-Signature", &field)]), &trust);
    let stored = serde_json::to_value(&found).unwrap();
    assert_eq!(stored["method"], "cms");
    assert_eq!(stored["covers"], "body");
    assert_eq!(stored["revocation"], "unchecked");
    assert!(serde_json::from_value::<SourceSignature>(stored).unwrap() == found);
    assert_eq!(format!("{found:?}"), "SourceSignature(..)");
}
