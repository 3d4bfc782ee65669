//! A detached JWS in the Bundle.

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws;

use super::*;

fn key(alg: KeyAlg) -> PrivateJwk {
    let usage = if alg == KeyAlg::EcdhEsA256kw { KeyUse::Enc } else { KeyUse::Sig };
    PrivateJwk::generate(usage, alg, Some("hospital-1".to_owned()), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap()
}

/// A JWS with the payload taken out.
fn detached(text: &str, key: &PrivateJwk, typ: &str) -> String {
    let whole = jws::sign(text.as_bytes(), typ, key).unwrap();
    let parts: Vec<&str> = whole.split('.').collect();
    format!("{}..{}", parts[0], parts[2])
}

fn trusting(keys: &[PublicJwk]) -> Trust<'_> {
    Trust { keys, ..NOTHING }
}

#[test]
fn a_registered_key_signs_the_canonical_bundle() {
    for alg in [KeyAlg::Es256, KeyAlg::Es384, KeyAlg::EdDsa] {
        let key = key(alg);
        let keys = [key.public()];
        let body = signed("application/jose", detached(CANONICAL, &key, "JOSE").as_bytes());
        let found = verified(&push(&body, &[]), &trusting(&keys));
        assert_eq!((found.method, found.covers), (Method::Jws, Covers::CanonicalBundle));
        assert_eq!((found.key.as_str(), found.algorithm.as_str()), ("hospital-1", alg.as_str()));
        assert_eq!((found.signed_at, found.revocation), (None, None));
        let words = found.verification();
        assert_eq!((words.method.as_str(), words.result.as_str()), ("source-signature-jws", "verified"));
        // What is kept proves it again: key, signed bytes, signature.
        assert_eq!(found.public_key, Some(keys[0].to_json()));
        let again = found.covered(&body).unwrap();
        assert_eq!(
            (again.content.as_slice(), again.signature.as_slice()),
            (CANONICAL.as_bytes(), found.signature.as_bytes())
        );
    }
}

#[test]
fn numbers_as_they_were_written_verify_too() {
    let key = key(KeyAlg::Es384);
    let keys = [key.public()];
    let canonical = CANONICAL.replace("1250.5", "1250.50");
    let body = signed("application/jose", detached(&canonical, &key, "JOSE").as_bytes());
    let body = String::from_utf8(body).unwrap().replace("1250.5", "1250.50");
    assert_eq!(verified(&push(body.as_bytes(), &[]), &trusting(&keys)).numbers, Some(Numbers::AsWritten));
    // Two numbers that are one double: what a reader of doubles signed says nothing of which of them stands there.
    let canonical = CANONICAL.replace("1250.5", "9007199254740992");
    let body = String::from_utf8(signed("application/jose", detached(&canonical, &key, "JOSE").as_bytes())).unwrap();
    assert!(checked(&push(body.replace("1250.5", "9007199254740992").as_bytes(), &[]), &trusting(&keys)).is_ok());
    let other = body.replace("1250.5", "9007199254740993");
    assert_refused(&push(other.as_bytes(), &[]), &trusting(&keys), "does not verify");
}

#[test]
fn a_changed_bundle_or_another_key_does_not_verify() {
    let (key, other) = (key(KeyAlg::Es384), key(KeyAlg::Es384));
    let (keys, others) = ([key.public()], [other.public()]);
    let body = signed("application/jose", detached(CANONICAL, &key, "JOSE").as_bytes());
    assert_refused(&push(&body, &[]), &trusting(&others), "does not verify");
    assert_refused(&push(&body, &[]), &NOTHING, "kid");
    let changed = String::from_utf8(body).unwrap().replace("TWD", "USD");
    assert_refused(&push(changed.as_bytes(), &[]), &trusting(&keys), "does not verify");
    let ended = [key.with_not_after(Some(now())).public()];
    let body = signed("application/jose", detached(CANONICAL, &other, "JOSE").as_bytes());
    assert_refused(&push(&body, &[]), &trusting(&ended), "kid");
}

#[test]
fn another_form_of_jws_is_refused() {
    let key = key(KeyAlg::Es256);
    let keys = [key.public()];
    let header = |json: &str| format!("{}..{}", base64url::encode(json.as_bytes()), base64url::encode(&[7; 64]));
    let attached = jws::sign(CANONICAL.as_bytes(), "JOSE", &key).unwrap();
    let cases = [
        attached,
        // What proves a client must not prove a document.
        detached(CANONICAL, &key, "JWT"),
        header(r#"{"alg":"none","kid":"hospital-1"}"#),
        header(r#"{"alg":"RS256","kid":"hospital-1"}"#),
        header(r#"{"alg":"HS256","kid":"hospital-1"}"#),
        header(r#"{"alg":"ES256","kid":"hospital-1","b64":false,"crit":["b64"]}"#),
        header(r#"{"alg":"ES256","kid":"hospital-1","x5c":[]}"#),
        header(r#"{"alg":"ES256","alg":"ES256","kid":"hospital-1"}"#),
        "..".to_owned(),
        "a...b".to_owned(),
        String::new(),
    ];
    for text in cases {
        assert_refused(&push(&signed("application/jose", text.as_bytes()), &[]), &trusting(&keys), "detached JWS");
    }
    let long = format!("..{}", "A".repeat(17 << 10));
    assert_refused(&push(&signed("application/jose", long.as_bytes()), &[]), &trusting(&keys), "16 KiB");
    for data in [json!(null), json!(5), json!("%%%")] {
        let mut bundle = bundle();
        bundle["signature"] = json!({ "sigFormat": "application/jose", "data": data });
        let (code, _) = refused(&push(&serde_json::to_vec(&bundle).unwrap(), &[]), &trusting(&keys));
        assert_eq!(code, "signature.invalid");
    }
}

#[test]
fn the_whole_bundle_can_be_covered() {
    let key = key(KeyAlg::Es384);
    let keys = [key.public()];
    // The hyphen keeps the id apart from what base64 can spell.
    let whole = CANONICAL.replace(r#""identifier""#, r#""id":"b-1","identifier""#);
    let whole = whole.replace(
        r#""resourceType":"Bundle""#,
        r#""meta":{"lastUpdated":"2026-08-21T09:00:00Z"},"resourceType":"Bundle""#,
    );
    let body = signed("application/jose", detached(&whole, &key, "JOSE").as_bytes());
    let body = String::from_utf8(body).unwrap().replace("json#document", "json");
    assert!(checked(&push(body.as_bytes(), &[]), &trusting(&keys)).is_ok());
    assert_refused(&push(body.replace("b-1", "b-2").as_bytes(), &[]), &trusting(&keys), "does not verify");
}
