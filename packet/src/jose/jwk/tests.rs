//! Keys: what is imported, what is refused, when a key counts.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn generated(usage: KeyUse, alg: KeyAlg) -> PrivateJwk {
    PrivateJwk::generate(usage, alg, Some("key-1".to_owned()), at(1000)).unwrap()
}

/// The key of RFC 9449 §4.1, whose thumbprint stands in its §6.1.
fn published() -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "rfc9449",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"
    })
}

fn changed(name: &str, value: Value) -> Result<PublicJwk, JwkError> {
    let mut key = published();
    match value {
        Value::Null => key.as_object_mut().unwrap().remove(name),
        value => key.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    PublicJwk::from_json(&key)
}

#[test]
fn the_thumbprint_is_that_of_rfc_9449() {
    let key = PublicJwk::from_json(&published()).unwrap();
    assert_eq!(key.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!((key.usage, key.alg), (KeyUse::Sig, KeyAlg::Es256));
    assert_eq!(key.to_json(), published());
}

#[test]
fn an_rsa_key_for_signatures_says_its_algorithm_and_never_signs_here() {
    let n = base64url::encode(&[[0xc3; 255].as_slice(), &[0x01]].concat());
    let key = |alg: Value, usage: &str| {
        let mut key = json!({ "kty": "RSA", "n": n, "e": "AQAB", "use": usage, "kid": "rsa-1", "alg": alg });
        key.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        key
    };
    for (name, alg) in [("PS256", KeyAlg::Ps256), ("RS384", KeyAlg::Rs384)] {
        let read = PublicJwk::from_json(&key(json!(name), "sig")).unwrap();
        assert_eq!((read.alg, read.usage, read.rsa_numbers()), (alg, KeyUse::Sig, Some((n.as_str(), "AQAB"))));
        assert!(!alg.signs_packets() && !alg.seals_packets());
        assert_eq!(PublicJwk::from_json(&key(json!(name), "enc")), Err(JwkError::Use));
        let generated = PrivateJwk::generate(KeyUse::Sig, alg, None, at(0));
        assert_eq!(generated.err(), Some(JwkError::Algorithm));
    }
    for name in [json!("RS256"), json!("PS384"), Value::Null] {
        assert_eq!(PublicJwk::from_json(&key(name, "sig")), Err(JwkError::Algorithm));
    }
    let short = base64url::encode(&[0xc3; 127]);
    let mut weak = key(json!("PS256"), "sig");
    weak["n"] = json!(short);
    assert_eq!(PublicJwk::from_json(&weak), Err(JwkError::Rsa));
}

#[test]
fn every_kind_of_key_reads_back_from_its_json() {
    let rsa = [KeyAlg::RsaOaep256, KeyAlg::Ps256, KeyAlg::Rs384];
    for alg in KeyAlg::ALL.into_iter().filter(|alg| !rsa.contains(alg)) {
        let usage = alg.usage();
        let key = generated(usage, alg).with_not_after(Some(at(2000)));
        let public = PublicJwk::from_json(&key.public().to_json()).unwrap();
        assert_eq!(public, key.public());
        assert_eq!((public.not_before, public.not_after, public.revoked_at), (Some(at(1000)), Some(at(2000)), None));
        let again = PrivateJwk::from_json(&key.to_json()).unwrap();
        assert_eq!(again.to_json(), key.to_json());
        assert!(PublicJwk::from_json(&key.to_json()) == Err(JwkError::PrivateMember));
        assert_eq!(format!("{key:?}"), "PrivateJwk(key-1, ..)");
        let named = PrivateJwk::generate(usage, alg, None, at(1000)).unwrap().public();
        assert_eq!(named.kid, named.thumbprint());
        let der = key.pkcs8_der().unwrap();
        match alg {
            KeyAlg::Es384 => assert!(EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &der).is_ok()),
            KeyAlg::EdDsa => assert!(Ed25519KeyPair::from_pkcs8(&der).is_ok()),
            _ => assert!(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).is_ok()),
        }
    }
}

#[test]
fn x25519_is_a_second_curve_of_the_same_algorithm() {
    let key = PrivateJwk::generate_x25519(None, at(1000)).unwrap();
    assert_eq!(PrivateJwk::from_json(&key.to_json()).unwrap().to_json(), key.to_json());
    let public = key.public();
    assert_eq!((public.alg, public.usage, public.kid), (KeyAlg::EcdhEsA256kw, KeyUse::Enc, key.public().thumbprint()));
    assert!(key.public().coordinates().is_none() && key.pkcs8_der().is_err());
    // The use alone says which algorithm is meant, on either curve.
    for mut json in [key.public().to_json(), generated(KeyUse::Enc, KeyAlg::EcdhEsA256kw).public().to_json()] {
        json.as_object_mut().unwrap().remove("alg");
        assert_eq!(PublicJwk::from_json(&json).unwrap().alg, KeyAlg::EcdhEsA256kw);
    }
    assert_eq!(PrivateJwk::generate(KeyUse::Enc, KeyAlg::RsaOaep256, None, at(0)).err(), Some(JwkError::Algorithm));
}

#[test]
fn the_thumbprint_of_an_edwards_key_is_that_of_rfc_8037() {
    let json = json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "rfc8037",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    });
    let key = PublicJwk::from_json(&json).unwrap();
    assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(key.to_json(), json);
    let mut with_y = json.clone();
    with_y["y"] = json["x"].clone();
    assert_eq!(PublicJwk::from_json(&with_y), Err(JwkError::Point));
    let mut agreement = json;
    (agreement["crv"], agreement["alg"], agreement["use"]) = (json!("X25519"), json!("EdDSA"), json!("sig"));
    assert_eq!(PublicJwk::from_json(&agreement), Err(JwkError::Algorithm));
}

#[test]
fn a_point_of_small_order_is_no_key() {
    let ends = |first: u8, middle: u8, last: u8| [vec![first], vec![middle; 30], vec![last]].concat();
    let zero = ends(0, 0, 0);
    let (prime, minus) = (ends(0xed, 0xff, 0x7f), ends(0xec, 0xff, 0xff));
    for (curve, alg) in [("Ed25519", "EdDSA"), ("X25519", "ECDH-ES+A256KW")] {
        for point in [&zero, &ends(1, 0, 0), &prime, &minus] {
            let key = json!({"kty": "OKP", "crv": curve, "alg": alg, "kid": "k", "x": base64url::encode(point)});
            assert_eq!(PublicJwk::from_json(&key), Err(JwkError::Point), "{curve} {point:?}");
        }
    }
}

#[test]
fn an_rsa_key_is_long_enough_and_has_the_usual_exponent() {
    let key = |bytes: Vec<u8>, e: &str| {
        let n = base64url::encode(&bytes);
        let json = json!({"kty": "RSA", "use": "enc", "alg": "RSA-OAEP-256", "kid": "k", "n": n, "e": e});
        PublicJwk::from_json(&json).map(|key| key.to_json() == json)
    };
    let modulus = |length: usize, first: u8, last: u8| [vec![first], vec![0xa5; length - 2], vec![last]].concat();
    for length in [256, 384, 512] {
        assert_eq!(key(modulus(length, 0xc1, 1), "AQAB"), Ok(true));
    }
    for (bytes, e) in [
        (modulus(255, 0xc1, 1), "AQAB"),
        (modulus(256, 0x7f, 1), "AQAB"),
        (modulus(513, 0xc1, 1), "AQAB"),
        (modulus(257, 0, 1), "AQAB"),
        (modulus(256, 0xc1, 2), "AQAB"),
        (modulus(256, 0xc1, 1), "AQ"),
        (modulus(256, 0xc1, 1), "Aw"),
        (modulus(256, 0xc1, 1), "AAEAAQ"),
    ] {
        assert_eq!(key(bytes, e), Err(JwkError::Rsa), "{e}");
    }
}

#[test]
fn a_key_says_what_it_is_for_and_does_not_disagree_with_itself() {
    assert!(changed("alg", Value::Null).is_ok());
    assert!(changed("use", Value::Null).is_ok());
    assert!(changed("key_ops", json!(["verify"])).is_ok());
    let refusals = [
        ("alg", json!("ES384"), JwkError::Algorithm),
        ("alg", json!("RS256"), JwkError::Algorithm),
        ("alg", json!("es256"), JwkError::Algorithm),
        ("alg", json!("none"), JwkError::Algorithm),
        ("alg", json!(256), JwkError::Algorithm),
        ("alg", json!("ECDH-ES+A256KW"), JwkError::Use),
        ("use", json!("enc"), JwkError::Use),
        ("use", json!("SIG"), JwkError::Use),
        ("key_ops", json!(["encrypt"]), JwkError::Use),
        ("key_ops", json!("verify"), JwkError::Use),
        ("kty", json!("RSA"), JwkError::Kind),
        ("kty", json!("OKP"), JwkError::Kind),
        ("kty", Value::Null, JwkError::Kind),
        ("crv", json!("secp256k1"), JwkError::Kind),
        ("crv", json!("P-384"), JwkError::Algorithm),
        ("nbf", json!("2026-01-01T00:00:00Z"), JwkError::Date),
        ("nbf", json!(1.5), JwkError::Date),
        ("exp", json!(i64::MAX), JwkError::Date),
    ];
    for (name, value, refusal) in refusals {
        assert_eq!(changed(name, value.clone()), Err(refusal), "{name} {value}");
    }
    let mut neither = published();
    neither.as_object_mut().unwrap().retain(|name, _| name != "alg" && name != "use");
    assert_eq!(PublicJwk::from_json(&neither), Err(JwkError::Use));
    assert_eq!(PublicJwk::from_json(&json!([])), Err(JwkError::Json(JsonError::NotAnObject)));
    assert_eq!(
        PrivateJwk::generate(KeyUse::Enc, KeyAlg::Es256, None, at(0)).map(|key| key.public()),
        Err(JwkError::Use)
    );
}

#[test]
fn private_and_symmetric_members_are_refused() {
    for name in PRIVATE_MEMBERS {
        assert_eq!(changed(name, json!("AQAB")), Err(JwkError::PrivateMember), "{name}");
    }
    let mut key = generated(KeyUse::Sig, KeyAlg::Es256).to_json();
    key["k"] = json!("AQAB");
    assert_eq!(PrivateJwk::from_json(&key).err(), Some(JwkError::NoPrivateMember));
    assert_eq!(PrivateJwk::from_json(&published()).err(), Some(JwkError::NoPrivateMember));
}

#[test]
fn a_kid_is_a_plain_bounded_word() {
    for kid in ["a", "A-Z_0.9~", &"k".repeat(128)] {
        assert!(changed("kid", json!(kid)).is_ok());
    }
    for kid in ["", "../../etc/passwd", "' OR 1=1--", "a\0", "a\n", "ｋ", "a b", "a%2e", &"k".repeat(129)] {
        assert_eq!(changed("kid", json!(kid)), Err(JwkError::Kid), "{kid:?}");
        assert!(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some(kid.to_owned()), at(0)).is_err());
    }
    assert_eq!(changed("kid", Value::Null), Err(JwkError::Kid));
    assert_eq!(changed("kid", json!(1)), Err(JwkError::Kid));
}

#[test]
fn a_point_is_on_its_curve_at_full_length() {
    let zero = base64url::encode(&[0; 32]);
    for (name, value) in [
        ("y", json!("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDE")),
        ("y", json!(zero)),
        ("x", json!("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBA")),
        ("x", json!("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs=")),
        ("x", json!("")),
        ("x", json!(1)),
        ("x", Value::Null),
    ] {
        assert_eq!(changed(name, value.clone()), Err(JwkError::Point), "{name} {value}");
    }
    let (one, other) = (generated(KeyUse::Sig, KeyAlg::Es256), generated(KeyUse::Sig, KeyAlg::Es256));
    let mut mixed = one.to_json();
    mixed["d"] = other.to_json()["d"].clone();
    assert_eq!(PrivateJwk::from_json(&mixed).err(), Some(JwkError::Point));
    for d in [zero.as_str(), "", "AQ", &base64url::encode(&[0xff; 32])] {
        mixed["d"] = json!(d);
        assert_eq!(PrivateJwk::from_json(&mixed).err(), Some(JwkError::Point), "{d}");
    }
}

#[test]
fn validity_is_from_nbf_until_the_earlier_end() {
    let mut key = PublicJwk::from_json(&published()).unwrap();
    assert!(key.valid_at(Timestamp::MIN) && key.valid_at(Timestamp::MAX));
    (key.not_before, key.not_after, key.revoked_at) = (Some(at(10)), Some(at(20)), Some(at(15)));
    let valid: Vec<i64> = (8..22).filter(|second| key.valid_at(at(*second))).collect();
    assert_eq!(valid, [10, 11, 12, 13, 14]);
    let mut backwards = published();
    (backwards["nbf"], backwards["exp"]) = (json!(20), json!(20));
    assert_eq!(PublicJwk::from_json(&backwards), Err(JwkError::Date));
}

#[test]
fn a_set_has_each_kid_once_and_picks_the_newest() {
    let key = |kid: &str, from: i64| {
        PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some(kid.to_owned()), at(from)).unwrap().public()
    };
    let set = JwkSet(vec![key("a", 10), key("c", 30), key("b", 20)]);
    assert_eq!(JwkSet::parse(set.to_json().to_string().as_bytes()), Ok(set.clone()));
    let newest = |now: i64| set.newest(KeyUse::Enc, at(now)).map(|key| key.kid.as_str());
    assert_eq!([newest(9), newest(10), newest(25), newest(30)], [None, Some("a"), Some("b"), Some("c")]);
    assert!(set.newest(KeyUse::Sig, at(50)).is_none());
    let wallet = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEs, None, at(40)).unwrap().public();
    assert!(JwkSet(vec![wallet]).newest(KeyUse::Enc, at(50)).is_none(), "a wallet's key is none to seal to");

    let twice = json!({"keys": [set.0[0].to_json(), set.0[0].to_json()]});
    assert_eq!(JwkSet::from_json(&twice), Err(JwkError::DuplicateKid));
    let many: Vec<Value> = (0..101).map(|_| set.0[0].to_json()).collect();
    assert_eq!(JwkSet::from_json(&json!({ "keys": many })), Err(JwkError::TooMany));
    assert!(JwkSet::from_json(&json!({})).is_err());
    let duplicate = br#"{"keys":[],"keys":[]}"#;
    assert_eq!(JwkSet::parse(duplicate), Err(JwkError::Json(JsonError::DuplicateMember)));
}
