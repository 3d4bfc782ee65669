//! The JOSE cookbook (RFC 7520, RFC 7797, RFC 8037): each example is read, or refused because of what it uses.
//!
//! It was written before the algorithms of a packet were common: most of it is here to be refused by name. What shares
//! an algorithm with this crate but not a header is checked below the header.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::super::jwe::agreement_of;
use super::super::jwk::{JwkError, PrivateJwk, PublicJwk};
use super::super::jws::Jws;
use super::{base64url, decrypted, shared, token, transfer_key};

/// Every example with the reason it is refused for.
const REFUSED: [(&str, &str); 24] = [
    ("jws/4_1.rsa_v15_signature", "RS256"),
    ("jws/4_2.rsa-pss_signature", "PS384"),
    ("jws/4_3.ecdsa_signature", "ES512"),
    ("jws/4_4.hmac-sha2_integrity_protection", "HS256"),
    ("jws/4_5.signature_with_detached_content", "HS256"),
    ("jws/4_6.protecting_specific_header_fields", "HS256"),
    ("jws/4_7.protecting_content_only", "HS256"),
    ("jws/4_8.multiple_signatures", "JSON form"),
    ("jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2", "RSA1_5"),
    ("jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm", "RSA-OAEP"),
    ("jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2", "PBES2-HS512+A256KW"),
    ("jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm", "ECDH-ES+A128KW"),
    ("jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2", "A128CBC-HS256"),
    ("jwe/5_6.direct_encryption_using_aes-gcm", "dir"),
    ("jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2", "A256GCMKW"),
    ("jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm", "A128KW"),
    ("jwe/5_9.compressed_content", "DEF"),
    ("jwe/5_10.including_additional_authentication_data", "JSON form"),
    ("jwe/5_11.protecting_specific_header_fields", "JSON form"),
    ("jwe/5_12.protecting_content_only", "JSON form"),
    ("jwe/5_13.encrypting_to_multiple_recipients", "JSON form"),
    ("rfc7797/4.2.hmac-sha2_b64_false", "b64"),
    ("rfc7797/hmac-sha2_b64_false", "b64"),
    ("curve25519/ecdh-es", "X25519 without key wrap"),
];

fn example(name: &str) -> Option<Value> {
    Some(serde_json::from_str(&shared(&format!("jose-cookbook/{name}.json"))?).unwrap())
}

/// The keys of an example, each as it is and labelled with what it may be here.
fn keys(example: &Value) -> Vec<Value> {
    let keys = match &example["input"]["key"] {
        Value::Array(keys) => keys.clone(),
        key => vec![key.clone()],
    };
    let labels = ["ES256", "ES384", "EdDSA", "ECDH-ES+A256KW", "ECDH-ES", "RSA-OAEP-256"];
    let labelled = |key: &Value, alg: &str| {
        let mut key = key.clone();
        (key["alg"], key["kid"]) = (json!(alg), json!("k"));
        key.as_object_mut().unwrap().remove("use");
        key
    };
    keys.iter().flat_map(|key| labels.map(|alg| labelled(key, alg))).collect()
}

/// Whether any reader of this crate takes any form of an example.
fn is_read(example: &Value) -> bool {
    let private: Vec<PrivateJwk> = keys(example).iter().filter_map(|key| PrivateJwk::from_json(key).ok()).collect();
    let transfer = transfer_key(&json!({ "private": example["input"]["key"] }));
    let forms = example["output"].as_object().unwrap().values();
    forms.map(token).any(|text| {
        let verified = |key: &PrivateJwk| {
            let jws = Jws::parse(&text, None, 1 << 20);
            jws.is_ok_and(|jws| jws.verify(&key.public()).is_ok())
        };
        private.iter().any(verified) || decrypted(&text, &private, transfer).is_some()
    })
}

#[test]
fn every_example_of_another_algorithm_or_form_is_refused() {
    let read: Vec<&str> = REFUSED
        .iter()
        .filter(|(name, _)| example(name).is_some_and(|example| is_read(&example)))
        .map(|(name, _)| *name)
        .collect();
    assert!(read.is_empty(), "{read:?}");
}

#[test]
fn the_reasons_are_those_of_the_examples() {
    for (name, reason) in REFUSED {
        let Some(example) = example(name) else { continue };
        let text = example.to_string();
        let compact = example["output"].get("compact").is_some();
        let named = match reason {
            "JSON form" => !compact,
            "X25519 without key wrap" => text.contains("\"X25519\"") && text.contains("\"ECDH-ES\""),
            word => text.contains(&format!("\"{word}\"")),
        };
        assert!(named, "{name}: {reason}");
    }
}

#[test]
fn ed25519_signs_and_verifies_as_in_rfc_8037() {
    let Some(example) = example("curve25519/jws") else { return };
    // Its header has no kid, so that no reader takes it; the signature is below the header.
    assert!(!is_read(&example));
    let mut key = example["input"]["key"].clone();
    key["kid"] = json!("k");
    let key = PrivateJwk::from_json(&key).unwrap();
    let signature = key.sign(example["signing"]["sig-input"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(example["signing"]["sig"], base64url::encode(&signature));
}

#[test]
fn the_derivation_of_x25519_is_that_of_rfc_8037() {
    let Some(example) = example("curve25519/ecdh-es") else { return };
    let mut key = example["input"]["key"].clone();
    (key["kid"], key["alg"]) = (json!("k"), json!("ECDH-ES+A256KW"));
    let key = PrivateJwk::from_json(&key).unwrap();
    let content = &example["encrypting_content"];
    let derived = agreement_of(&content["protected"]["epk"], &key, "A128GCM", 16).unwrap();
    let part = |value: &Value| base64url::decode(value.as_str().unwrap()).unwrap();
    let mut sealed = [part(&content["ciphertext"]), part(&content["tag"])].concat();
    let nonce = Nonce::try_assume_unique_for_key(&part(&example["generated"]["iv"])).unwrap();
    let aad = Aad::from(content["protected_b64u"].as_str().unwrap().as_bytes());
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &derived).unwrap());
    let plain = cipher.open_in_place(nonce, aad, &mut sealed).unwrap();
    assert_eq!(example["input"]["plaintext"], std::str::from_utf8(plain).unwrap());
}

#[test]
fn the_keys_are_refused_by_kind_or_use() {
    for (name, refusal) in [
        ("jwk/3_1.ec_public_key", JwkError::Kind),
        ("jwk/3_3.rsa_public_key", JwkError::Algorithm),
        ("jwk/3_5.symmetric_key_mac_computation", JwkError::PrivateMember),
        ("jwk/3_6.symmetric_key_encryption", JwkError::PrivateMember),
        ("jwk/3_2.ec_private_key", JwkError::PrivateMember),
        ("jwk/3_4.rsa_private_key", JwkError::PrivateMember),
    ] {
        let Some(key) = example(name) else { continue };
        assert_eq!(PublicJwk::from_json(&key), Err(refusal), "{name}");
        assert!(PrivateJwk::from_json(&key).is_err(), "{name}");
    }
    // RFC 7520 3.4 under our algorithm: a sound key, and the numbers go together.
    let Some(mut key) = example("jwk/3_4.rsa_private_key") else { return };
    (key["use"], key["alg"], key["kid"]) = (json!("enc"), json!("RSA-OAEP-256"), json!("k"));
    assert_eq!(PrivateJwk::from_json(&key).unwrap().to_json(), key);
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        let mut broken = key.clone();
        broken[name] = json!("AQAB");
        assert_eq!(PrivateJwk::from_json(&broken).err(), Some(JwkError::Rsa), "{name}");
        broken.as_object_mut().unwrap().remove(name);
        assert_eq!(PrivateJwk::from_json(&broken).err(), Some(JwkError::NoPrivateMember), "{name}");
    }
}
