//! Registrations with keys for signatures.

use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use serde_json::{Value, json};

use super::*;
use crate::party::PartyState;

/// The `SubjectPublicKeyInfo` of the key named in RFC 9421 B.1.4 (Ed25519).
const ED25519: &str = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";

fn party(role: &str, more: &Value) -> Result<Party, String> {
    let since = "2026-01-01T00:00:00Z".parse().unwrap();
    let key = |usage, alg, kid: &str| PrivateJwk::generate(usage, alg, Some(kid.to_owned()), since).unwrap().public();
    let keys = vec![key(KeyUse::Sig, KeyAlg::Es384, "sig-1"), key(KeyUse::Enc, KeyAlg::EcdhEsA256kw, "enc-1")];
    let mut document = json!({
        "id": "party-a", "role": role, "name": "測試機構", "lines": ["accident"], "jwks": JwkSet(keys).to_json(),
        "identifiers": [
            { "system": "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw", "value": "1199990014" },
        ],
    });
    for (name, value) in more.as_object().unwrap() {
        document[name] = value.clone();
    }
    let registration: Registration = serde_json::from_value(document).map_err(|error| error.to_string())?;
    Party::new(registration, PartyState::Live, 1).map_err(|error| error.to_string())
}

fn with_key(kid: &str, alg: &str, spki: &str) -> Value {
    json!({ "source_keys": [{ "kid": kid, "alg": alg, "spki": spki }] })
}

#[test]
fn a_hospital_registers_keys_that_are_no_jwk() {
    let party = party("hospital", &with_key("card-1", "ed25519", ED25519)).unwrap();
    let trust = party.source_trust(None);
    assert_eq!((trust.http_keys.len(), trust.keys.len(), trust.required), (1, 2, false));
    assert_eq!(trust.http_keys[0].id(), "card-1");
}

#[test]
fn a_key_that_cannot_count_is_refused_by_name() {
    for (more, words) in [
        (with_key("sig-1", "ed25519", ED25519), "each kid once"),
        (with_key("card-1", "hmac-sha256", ED25519), "alg is"),
        (with_key("card-1", "rsa-pss-sha512", ED25519), "goes with its algorithm"),
        (with_key("card-1", "ed25519", "MCow!"), "base64"),
        // A point of small order: signatures under it verify for many messages.
        (with_key("card-1", "ed25519", "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "goes with"),
        (json!({ "source_keys": [{ "kid": "a", "alg": "ed25519", "spki": ED25519, "use": "sig" }] }), "unknown field"),
    ] {
        let error = party("hospital", &more).unwrap_err();
        assert!(error.contains(words), "{more}: {error}");
    }
    let key = json!({ "kid": "a", "alg": "ed25519", "spki": ED25519 });
    let twice = json!({ "source_keys": [key.clone(), key] });
    assert!(party("hospital", &twice).unwrap_err().contains("each kid once"));
}

#[test]
fn hospitals_and_those_who_receive_sign_what_they_send() {
    assert!(!party("insurer", &json!({})).unwrap().must_sign_requests());
    let signs = party("insurer", &json!({ "signature_required": true, "signed_answers": true })).unwrap();
    assert!(signs.must_sign_requests() && signs.wants_signed_answers());
    assert_eq!(party("insurer", &with_key("card-1", "ed25519", ED25519)).unwrap().further_keys().len(), 1);
    for more in [json!({ "signature_required": true }), with_key("card-1", "ed25519", ED25519)] {
        assert!(party("app", &more).unwrap_err().contains("only a hospital, an insurer"));
    }
    assert!(party("hospital", &json!({ "signed_answers": true })).unwrap_err().contains("signed_answers"));
    assert!(party("hospital", &json!({ "signature_required": true })).unwrap().source_trust(None).required);
}
