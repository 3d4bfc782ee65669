//! Receipts: whole, changed in every way, for something else, and texts of other kinds.

use std::collections::HashSet;

use serde_json::{Map, json};

use super::*;
use crate::jose::base64url;
use crate::jose::jwk::{KeyAlg, KeyUse};

const DIGEST: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn key(alg: KeyAlg) -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Sig, alg, Some("sig-1".to_owned()), at(-1000)).unwrap()
}

fn receipt() -> Receipt {
    Receipt {
        delivery_id: "dlv_1".to_owned(),
        packet_id: "pkt_1".to_owned(),
        line: Line::HealthReimbursement,
        signed_at: at(20),
        presentation_digest: Some(DIGEST.to_owned()),
        result: Verdict::Accepted,
    }
}

fn expected() -> Expected<'static> {
    Expected {
        delivery_id: "dlv_1",
        packet_id: "pkt_1",
        line: Line::HealthReimbursement,
        presentation_digest: DIGEST,
        issued_at: at(0),
        now: at(30),
    }
}

fn check(text: &str, key: &PrivateJwk) -> Result<Receipt, &'static str> {
    verify(text, &[key.public()], &expected()).map_err(Refusal::code)
}

/// A receipt with any payload and header, signed as it stands.
fn handmade(header: &Value, payload: &str, key: &PrivateJwk) -> String {
    let header = base64url::encode(header.to_string().as_bytes());
    let input = format!("{header}.{}", base64url::encode(payload.as_bytes()));
    format!("{input}.{}", base64url::encode(&key.sign(input.as_bytes()).unwrap()))
}

fn header(key: &PrivateJwk) -> Value {
    json!({"alg": key.alg().as_str(), "kid": key.kid(), "typ": TYP})
}

fn payload() -> Map<String, Value> {
    let text = sign(&receipt(), &key(KeyAlg::EdDsa)).unwrap();
    serde_json::from_slice(&base64url::decode(text.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_receipt_verifies_under_both_algorithms() {
    for alg in [KeyAlg::Es256, KeyAlg::EdDsa] {
        let key = key(alg);
        assert_eq!(check(&sign(&receipt(), &key).unwrap(), &key), Ok(receipt()));
        let rejected = Receipt { presentation_digest: None, result: Verdict::Rejected, ..receipt() };
        assert_eq!(check(&sign(&rejected, &key).unwrap(), &key), Ok(rejected.clone()));
    }
    let names: HashSet<String> = payload().into_iter().map(|(name, _)| name).collect();
    let all = ["delivery_id", "packet_id", "line", "iat", "presentation_digest", "result"];
    assert_eq!(names, all.map(str::to_owned).into());
}

#[test]
fn the_key_decides_and_must_count() {
    let ours = key(KeyAlg::Es256);
    let text = sign(&receipt(), &ours).unwrap();
    assert_eq!(check(&text, &key(KeyAlg::Es256)), Err("receipt.signature"));
    assert_eq!(check(&text, &key(KeyAlg::EdDsa)), Err("receipt.signature"));
    assert_eq!(verify(&text, &[], &expected()).map_err(Refusal::code), Err("receipt.unknown_key"));
    // Keys of other algorithms under that name are not looked at.
    for other in [KeyAlg::Es384, KeyAlg::EcdhEsA256kw] {
        let other = PrivateJwk::generate(other.usage(), other, Some("sig-1".to_owned()), at(-1000)).unwrap();
        assert_eq!(check(&text, &other), Err("receipt.unknown_key"));
        assert_eq!(sign(&receipt(), &other), Err(Refusal::Key));
        assert_eq!(verify(&text, &[other.public(), ours.public()], &expected()), Ok(receipt()));
    }
    let with = |change: fn(&mut PublicJwk)| {
        let mut key = ours.public();
        change(&mut key);
        verify(&text, &[key], &expected()).map_err(Refusal::code)
    };
    assert_eq!(with(|key| key.not_before = Some(at(21))), Err("receipt.key"));
    assert_eq!(with(|key| key.not_after = Some(at(20))), Err("receipt.key"));
    assert_eq!(with(|key| key.revoked_at = Some(at(25))), Err("receipt.key"));
    assert_eq!(with(|key| key.revoked_at = Some(at(31))), Ok(receipt()));
    let ended = ours.clone().with_not_after(Some(at(20)));
    assert_eq!(sign(&receipt(), &ended), Err(Refusal::Key));
}

#[test]
fn a_receipt_is_for_one_delivery_at_its_time() {
    let key = key(KeyAlg::EdDsa);
    let with = |change: fn(&mut Receipt)| {
        let mut receipt = receipt();
        change(&mut receipt);
        check(&sign(&receipt, &key).unwrap(), &key).err()
    };
    assert_eq!(with(|_| ()), None);
    assert_eq!(with(|receipt| receipt.delivery_id = "dlv_2".to_owned()), Some("receipt.delivery"));
    assert_eq!(with(|receipt| receipt.packet_id = "pkt_2".to_owned()), Some("receipt.packet"));
    assert_eq!(with(|receipt| receipt.line = Line::Life), Some("receipt.line"));
    assert_eq!(with(|receipt| receipt.presentation_digest = Some(DIGEST.replace('4', "5"))), Some("receipt.digest"));
    assert_eq!(with(|receipt| receipt.signed_at = at(-60)), None);
    assert_eq!(with(|receipt| receipt.signed_at = at(-61)), Some("receipt.time"));
    assert_eq!(with(|receipt| receipt.signed_at = at(90)), None);
    assert_eq!(with(|receipt| receipt.signed_at = at(91)), Some("receipt.time"));
    let undigested = Receipt { presentation_digest: None, ..receipt() };
    assert_eq!(sign(&undigested, &key), Err(Refusal::Malformed));
}

#[test]
fn every_member_has_its_type_and_stands_once() {
    let key = key(KeyAlg::EdDsa);
    let checked = |payload: &str| check(&handmade(&header(&key), payload, &key), &key);
    assert_eq!(checked(&Value::Object(payload()).to_string()), Ok(receipt()));
    for name in payload().keys() {
        for value in [
            json!(null),
            json!(42.5),
            json!({}),
            json!([]),
            json!([42]),
            json!(""),
            json!("x".repeat(300)),
            json!(true),
        ] {
            let mut changed = payload();
            changed.insert(name.clone(), value.clone());
            assert_eq!(checked(&Value::Object(changed).to_string()), Err("receipt.malformed"), "{name} {value}");
        }
        let mut missing = payload();
        missing.remove(name);
        assert_eq!(checked(&Value::Object(missing).to_string()), Err("receipt.malformed"), "{name} missing");
        let twice = Value::Object(payload()).to_string();
        let twice = format!("{},\"{name}\":{}}}", &twice[..twice.len() - 1], payload()[name]);
        assert_eq!(checked(&twice), Err("receipt.malformed"), "{name} twice");
    }
    let mut more = payload();
    more.insert("note".to_owned(), json!("x"));
    assert_eq!(checked(&Value::Object(more).to_string()), Err("receipt.malformed"));
    for text in ["", "[]", "null", "{", "{}{}"] {
        assert_eq!(checked(text), Err("receipt.malformed"), "{text}");
    }
}

#[test]
fn the_header_is_exactly_the_expected_one() {
    let key = key(KeyAlg::EdDsa);
    let payload = Value::Object(payload()).to_string();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("None")),
        ("alg", json!("")),
        ("alg", json!(5)),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!("PS256")),
        ("alg", json!("RSA1_5")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("typ", json!("claim-packet+sd-jwt")),
        ("typ", json!("JWT")),
        ("typ", json!(null)),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("jku", json!("https://insurer.example/keys")),
        ("x5u", json!("https://insurer.example/cert")),
        ("x5c", json!([])),
        ("jwk", key.public().to_json()),
        ("cty", json!("json")),
        ("kid", json!(1)),
    ] {
        let mut header = header(&key);
        header[name] = value.clone();
        assert_eq!(check(&handmade(&header, &payload, &key), &key), Err("receipt.header"), "{name} {value}");
    }
    for (name, value, code) in [("alg", "ES256", "receipt.signature"), ("kid", "sig-2", "receipt.unknown_key")] {
        let mut header = header(&key);
        header[name] = json!(value);
        assert_eq!(check(&handmade(&header, &payload, &key), &key), Err(code), "{name} {value}");
    }
    // The public key's bytes as the secret of an HMAC.
    let mut confused = header(&key);
    confused["alg"] = json!("HS256");
    let input =
        format!("{}.{}", base64url::encode(confused.to_string().as_bytes()), base64url::encode(payload.as_bytes()));
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.public().bytes());
    let mac = base64url::encode(aws_lc_rs::hmac::sign(&secret, input.as_bytes()).as_ref());
    assert_eq!(check(&format!("{input}.{mac}"), &key), Err("receipt.header"));
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let key = key(KeyAlg::Es256);
    let text = sign(&receipt(), &key).unwrap();
    let mut bytes = text.clone().into_bytes();
    for place in 0..bytes.len() {
        bytes[place] ^= 1;
        assert!(check(std::str::from_utf8(&bytes).unwrap(), &key).is_err(), "byte {place}");
        bytes[place] ^= 1;
        assert!(check(&text[..place], &key).is_err(), "cut at {place}");
    }
    assert_eq!(check(&format!("{text}~"), &key), Err("receipt.malformed"));
    assert_eq!(check(&"a".repeat(RECEIPT_BYTES + 1), &key), Err("receipt.too_large"));
}

#[test]
fn every_code_is_its_own() {
    let codes: HashSet<&str> = Refusal::ALL.into_iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    assert!(codes.iter().all(|code| code.starts_with("receipt.")));
}
