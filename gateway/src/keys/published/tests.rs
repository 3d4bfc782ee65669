//! What a published key set may say, and how long it counts.

use claimgate_packet::jose::jwk::{JwkSet, PrivateJwk};
use serde_json::json;

use super::*;

fn key(usage: KeyUse, alg: KeyAlg, kid: &str) -> Value {
    PrivateJwk::generate(usage, alg, Some(kid.to_owned()), Timestamp::UNIX_EPOCH).unwrap().public().to_json()
}

fn kids(keys: &[Value]) -> Result<Vec<String>, PublishedError> {
    let found = read(json!({ "keys": keys }).to_string().as_bytes(), KeyAlg::Rs384)?;
    Ok(found.into_iter().map(|key| key.kid).collect())
}

#[test]
fn keys_for_signatures_are_taken_and_others_left_out() {
    let (sig, enc) = (key(KeyUse::Sig, KeyAlg::Es384, "s"), key(KeyUse::Enc, KeyAlg::EcdhEsA256kw, "e"));
    let mut bare = key(KeyUse::Sig, KeyAlg::Es256, "bare");
    bare.as_object_mut().unwrap().retain(|name, _| !["use", "alg", "nbf"].contains(&name.as_str()));
    let strange = json!({ "kty": "EC", "crv": "secp256k1", "kid": "k", "use": "sig" });
    assert_eq!(kids(&[sig.clone(), enc.clone(), bare, strange, json!(7)]).unwrap(), ["s", "bare"]);
    assert_eq!(kids(&[enc]), Err(PublishedError::Empty));
    assert_eq!(kids(&[sig.clone(), key(KeyUse::Sig, KeyAlg::Es256, "s")]), Err(PublishedError::Twice));
    assert_eq!(kids(&vec![sig.clone(); 51]), Err(PublishedError::TooMany));
    for (name, value) in [("d", "AQAB"), ("k", "AQAB")] {
        let mut open = sig.clone();
        open[name] = json!(value);
        assert_eq!(kids(&[sig.clone(), open]), Err(PublishedError::Private));
    }
    let n = claimgate_packet::jose::base64url::encode(&[0xc3; 256]);
    let rsa = json!({ "kty": "RSA", "kid": "r", "n": n, "e": "AQAB" });
    let read = read(json!({ "keys": [rsa] }).to_string().as_bytes(), KeyAlg::Ps256).unwrap();
    assert_eq!(read[0].alg, KeyAlg::Ps256);
}

#[test]
fn garbage_is_no_key_set() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(MOST_BYTES));
    let twice = r#"{"keys":[],"keys":[]}"#;
    for text in ["", "null", "[]", "{}", "{\"keys\":{}}", "<html>", deep.as_str(), large.as_str(), twice] {
        assert!(matches!(read(text.as_bytes(), KeyAlg::Ps256), Err(PublishedError::Json(_))), "{text:.20}");
    }
    assert_eq!(read(JwkSet::default().to_json().to_string().as_bytes(), KeyAlg::Ps256), Err(PublishedError::Empty));
}

#[test]
fn the_life_is_what_the_header_says_within_bounds() {
    let lives = [
        (None, 300),
        (Some("public, max-age=600"), 600),
        (Some("MAX-AGE=\"600\""), 600),
        (Some("max-age=1"), 60),
        (Some("max-age=0"), 60),
        (Some("max-age=-5"), 60),
        (Some("max-age=99999999"), 3_600),
        (Some("max-age=99999999999999999999999"), 60),
        (Some("no-store"), 60),
        (Some("no-cache, max-age=900"), 60),
        (Some("public"), 300),
    ];
    for (header, seconds) in lives {
        assert_eq!(life(header).as_secs(), seconds, "{header:?}");
    }
}

#[test]
fn a_key_set_is_named_as_one() {
    for good in ["application/json", "application/jwk-set+json", "Application/JSON; charset=utf-8"] {
        assert!(is_key_set(Some(good)), "{good}");
    }
    for bad in [None, Some("text/html"), Some("text/plain"), Some(""), Some("application/jsonp")] {
        assert!(!is_key_set(bad), "{bad:?}");
    }
}
