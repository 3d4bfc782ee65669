//! A login as an identity provider (`TW FidO`) signs it: what counts, and every way in which it does not.

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use serde_json::Map;

use super::*;
use crate::signature::{AssertionAsked, AssertionKeys, NotAsserted, check_assertion};

const NONCE: &str = "claimgate-identity-1.a-challenge";
const ASKED: AssertionAsked<'_> =
    AssertionAsked { issuer: "https://fido.example", audience: "claims-gateway", nonce: NONCE, number: "id_number" };

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn payload() -> Map<String, Value> {
    let at = now().as_second();
    map(&json!({
        "iss": ASKED.issuer, "aud": ASKED.audience, "nonce": NONCE, "iat": at - 5, "exp": at + 300, "sub": "x",
        "id_number": "A123456789",
    }))
}

#[test]
fn a_login_counts_for_its_challenge_and_once_for_one_party() {
    let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("k-1".to_owned()), now()).unwrap();
    let keys = AssertionKeys::from_jwks(json!({ "keys": [key.public().to_json()] }).to_string().as_bytes()).unwrap();
    let written = |header: Value, payload: &Map<String, Value>| {
        sign_under(map(&header), Value::Object(payload.clone()).to_string().as_bytes(), &key).unwrap()
    };
    let usual = || json!({ "typ": "JWT", "kid": "k-1" });
    let check = |text: &str| check_assertion(text, ASKED, &keys, now());
    let good = check(&written(usual(), &payload())).unwrap();
    assert_eq!((good.number.as_str(), good.key.as_str()), ("A123456789", "k-1"));
    let mut alone = payload();
    alone.insert("aud".to_owned(), json!([ASKED.audience]));
    assert!(check(&written(usual(), &alone)).is_ok());
    let at = now().as_second();
    for (name, value, expected) in [
        ("iss", json!("https://other.example"), NotAsserted::Party),
        ("aud", json!("another"), NotAsserted::Party),
        ("aud", json!([ASKED.audience, "another"]), NotAsserted::Party),
        ("nonce", json!("another"), NotAsserted::Nonce),
        ("iat", json!(at - 601), NotAsserted::Time),
        ("iat", json!(at + 61), NotAsserted::Time),
        ("iat", json!("now"), NotAsserted::Form),
        ("exp", json!(at), NotAsserted::Time),
        ("id_number", json!(""), NotAsserted::Form),
        ("id_number", json!(1), NotAsserted::Form),
    ] {
        let mut wrong = payload();
        wrong.insert(name.to_owned(), value.clone());
        assert_eq!(check(&written(usual(), &wrong)), Err(expected), "{name} {value}");
    }
    for header in [
        json!({ "kid": "k-2" }),
        json!({}),
        json!({ "kid": "k-1", "crit": ["x"] }),
        json!({ "kid": "k-1", "typ": "at+jwt" }),
    ] {
        assert!(check(&written(header.clone(), &payload())).is_err(), "{header}");
    }
    let text = written(usual(), &payload());
    let (head, rest) = text.split_once('.').unwrap();
    let none = base64url::encode(br#"{"alg":"none","kid":"k-1"}"#);
    assert_eq!(check(&text.replacen(head, &none, 1)), Err(NotAsserted::Signature));
    let hmac = base64url::encode(br#"{"alg":"HS256","kid":"k-1"}"#);
    assert_eq!(check(&format!("{hmac}.{rest}")), Err(NotAsserted::Signature));
    for broken in ["", "a.b", "a.b.c", &"x".repeat(20_000)] {
        assert_eq!(check(broken), Err(NotAsserted::Form));
    }
}

#[test]
fn rsa_keys_count_too_and_a_set_with_a_private_key_does_not() {
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding};
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key().as_ref();
    let numbers = crate::signature::tlv::elements(crate::signature::tlv::element(public).unwrap().value).unwrap();
    let number = |bytes: &[u8]| base64url::encode(bytes);
    let of = |place: usize| number(numbers[place].value.strip_prefix(&[0]).unwrap_or(numbers[place].value));
    let (n, e) = (of(0), of(1));
    let jwk = json!({ "kty": "RSA", "kid": "r", "use": "sig", "n": n, "e": e });
    let keys = AssertionKeys::from_jwks(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    let sign = |alg: &str, way: &'static dyn RsaEncoding| {
        let header = json!({ "alg": alg, "kid": "r" }).to_string();
        let input =
            format!("{}.{}", number(header.as_bytes()), number(Value::Object(payload()).to_string().as_bytes()));
        let mut signature = vec![0; 256];
        pair.sign(way, &aws_lc_rs::rand::SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
        format!("{input}.{}", number(&signature))
    };
    assert!(check_assertion(&sign("RS256", &RSA_PKCS1_SHA256), ASKED, &keys, now()).is_ok());
    for alg in ["PS256", "ES256", "RS384"] {
        assert_eq!(check_assertion(&sign(alg, &RSA_PKCS1_SHA256), ASKED, &keys, now()), Err(NotAsserted::Signature));
    }
    let set = |change: &dyn Fn(&mut Value)| {
        let mut set = json!({ "keys": [jwk] });
        change(&mut set);
        AssertionKeys::from_jwks(set.to_string().as_bytes()).is_some()
    };
    assert!(set(&|_| {}));
    assert!(!set(&|set| set["keys"][0]["d"] = "AQ".into()));
    assert!(!set(&|set| set["keys"] = json!([])));
    assert!(!set(&|set| _ = set["keys"][0].as_object_mut().unwrap().remove("kid")));
    assert!(!set(&|set| set["keys"][0]["use"] = "enc".into()));
}
