//! What a proof may be, and everything it may not.

use super::*;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::KeyUse;

const URL: &str = "https://gate.example/insurer/v1/deliveries";
const TOKEN: &str = "a.bound.token";
const NOW: i64 = 1_795_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn new_key(alg: KeyAlg) -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Sig, alg, None, now()).unwrap()
}

fn wanted() -> Wanted<'static> {
    Wanted { method: "GET", url: URL, token: Some(TOKEN), nonces: None }
}

fn claims() -> Value {
    json!({ "jti": "0123456789abcdef", "htm": "GET", "htu": URL, "iat": NOW, "ath": sha256_text(TOKEN.as_bytes()) })
}

fn judged(proof: &str) -> Result<Proof, DpopError> {
    check(proof, &wanted(), now(), 10)
}

/// The same claims under another header, over which no valid signature stands.
fn under(header: &Value) -> Result<Proof, DpopError> {
    let encode = |value: &Value| base64url::encode(value.to_string().as_bytes());
    judged(&format!("{}.{}.{}", encode(header), encode(&claims()), base64url::encode(&[1; 64])))
}

fn signed(key: &PrivateJwk, claims: &Value) -> Result<Proof, DpopError> {
    judged(&jwt::write_with_own_key(key, TYP, claims, bare(&key.public())).unwrap())
}

/// RFC 9449 §4.1's proof: a key, a signature and a thumbprint (§6.1) we did not make.
#[test]
fn the_proof_of_the_standard_is_read() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs\
        cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.ey\
        JqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxN\
        TYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    let wanted = Wanted { method: "POST", url: "https://server.example.com/token", token: None, nonces: None };
    let found = check(proof, &wanted, Timestamp::from_second(1_562_262_616).unwrap(), 0).unwrap();
    assert_eq!(found.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!(found.expires.as_second(), 1_562_262_676);
}

#[test]
fn both_algorithms_prove_and_each_proof_has_a_digest_of_its_own() {
    let keys = ALGORITHMS.map(new_key);
    let draft = Draft { method: "GET", url: URL, token: Some(TOKEN), nonce: None, jti: "0123456789abcdef" };
    let proofs = keys.each_ref().map(|key| judged(&write(key, &draft, now()).unwrap()).unwrap());
    assert_eq!(proofs.each_ref().map(|proof| proof.jkt.clone()), keys.each_ref().map(|key| key.public().thumbprint()));
    assert_ne!(proofs[0].digest, proofs[1].digest);
    let other = Draft { jti: "0123456789abcdeg", ..draft };
    assert_ne!(judged(&write(&keys[0], &other, now()).unwrap()).unwrap().digest, proofs[0].digest);
}

#[test]
fn a_header_is_exactly_kind_algorithm_and_public_key() {
    let key = new_key(KeyAlg::Es256);
    let jwk = bare(&key.public());
    let good = json!({ "typ": TYP, "alg": "ES256", "jwk": jwk });
    assert_eq!(under(&good), Err(DpopError::Signature), "only the signature is wrong");
    let with = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        under(&header)
    };
    for typ in ["JWT", "at+jwt", "DPOP+JWT", ""] {
        assert_eq!(with("typ", json!(typ)), Err(DpopError::Header), "{typ}");
    }
    for member in ["kid", "crit", "jku", "x5u", "x5c", "b64", "zip", "cty"] {
        assert_eq!(with(member, json!("x")), Err(DpopError::Header), "{member}");
    }
    for alg in ["none", "None", "HS256", "RS256", "PS256", "ES384", "ES512", "Ed25519", "es256", "ECDH-ES", ""] {
        assert_eq!(with("alg", json!(alg)), Err(DpopError::Alg), "{alg}");
    }
    assert_eq!(with("alg", json!(1)), Err(DpopError::Alg));
    assert_eq!(with("alg", json!("EdDSA")), Err(DpopError::Key), "another key's algorithm");
    let key_with = |name: &str, value: Value| {
        let mut changed = jwk.clone();
        changed[name] = value;
        with("jwk", changed)
    };
    for member in ["d", "k", "kid", "use", "alg", "key_ops", "x5c", "x5t"] {
        assert_eq!(key_with(member, json!("x")), Err(DpopError::Key), "{member}");
    }
    for (member, value) in [
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("crv", json!("P-384")),
        ("crv", json!("secp256k1")),
        ("x", json!(base64url::encode(&[1; 32]))),
        ("x", json!(base64url::encode(&[0; 32]))),
        ("y", json!(7)),
    ] {
        assert_eq!(key_with(member, value.clone()), Err(DpopError::Key), "{member} {value}");
    }
    for jwk in [json!(null), json!("x"), json!([]), json!({}), json!({ "kty": "EC", "crv": "P-256", "x": jwk["x"] })] {
        assert_eq!(with("jwk", jwk.clone()), Err(DpopError::Key), "{jwk}");
    }
    let edwards = new_key(KeyAlg::EdDsa);
    let mut point = bare(&edwards.public());
    point["x"] = json!(base64url::encode(&[0; 32]));
    assert_eq!(under(&json!({ "typ": TYP, "alg": "EdDSA", "jwk": point })), Err(DpopError::Key), "small order");
}

#[test]
fn the_form_is_bounded_and_strict() {
    let header = |text: &str| format!("{}.{}.AA", base64url::encode(text.as_bytes()), base64url::encode(b"{}"));
    for proof in [
        String::new(),
        "..".to_owned(),
        "a.b".to_owned(),
        "a.b.c.d".to_owned(),
        "x".repeat(5_000),
        header(r#"{"typ":"dpop+jwt","alg":"none","alg":"ES256"}"#),
        header(&"[".repeat(900)),
        header(&format!(r#"{{"typ":"{}"}}"#, "x".repeat(1_100))),
    ] {
        assert_eq!(judged(&proof), Err(DpopError::Malformed), "{}", proof.len());
    }
}

#[test]
fn each_claim_is_required_typed_and_this_requests() {
    let key = new_key(KeyAlg::EdDsa);
    assert!(signed(&key, &claims()).is_ok());
    let with = |name: &str, value: Value| {
        let mut changed = claims();
        changed[name] = value;
        signed(&key, &changed)
    };
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        let mut less = claims();
        less.as_object_mut().unwrap().remove(name);
        assert_eq!(signed(&key, &less), Err(DpopError::Claim(name)), "no {name}");
        for value in [json!(null), json!([claims()[name]]), json!({}), json!(true)] {
            assert_eq!(with(name, value.clone()), Err(DpopError::Claim(name)), "{name} {value}");
        }
    }
    for (name, value) in [
        ("jti", json!("short")),
        ("jti", json!("x".repeat(129))),
        ("jti", json!("with a space")),
        ("htm", json!("POST")),
        ("htm", json!("get")),
        ("htu", json!("https://gate.example/insurer/v1/deliverie")),
        ("ath", json!(sha256_text(b"another token"))),
        ("iat", json!(1.5)),
    ] {
        assert_eq!(with(name, value.clone()), Err(DpopError::Claim(name)), "{name} {value}");
    }
    assert!(with("htu", json!(format!("{URL}?after=3#x"))).is_ok(), "a query says nothing");
    assert!(with("further", json!("x")).is_ok());
}

#[test]
fn the_window_is_a_minute_back_and_the_leeway_ahead() {
    let key = new_key(KeyAlg::Es256);
    let at = |name: &str, seconds: i64| {
        let mut changed = claims();
        changed[name] = json!(NOW + seconds);
        signed(&key, &changed).map(|_| ())
    };
    assert_eq!((at("iat", -60), at("iat", -61)), (Ok(()), Err(DpopError::Stale)));
    assert_eq!((at("iat", 10), at("iat", 11)), (Ok(()), Err(DpopError::Ahead)));
    assert_eq!((at("nbf", 10), at("nbf", 11)), (Ok(()), Err(DpopError::Ahead)));
    assert_eq!((at("exp", -9), at("exp", -10)), (Ok(()), Err(DpopError::Stale)));
    assert_eq!(at("iat", i64::MAX - NOW), Err(DpopError::Ahead));
    assert_eq!(at("iat", -i64::MAX), Err(DpopError::Stale));
}

#[test]
fn a_nonce_counts_where_one_is_asked_for() {
    let key = new_key(KeyAlg::Es256);
    let nonces = ["new".to_owned(), "before".to_owned()];
    let wanted = Wanted { nonces: Some(&nonces), ..wanted() };
    let with = |nonce| {
        let draft = Draft { method: "GET", url: URL, token: Some(TOKEN), nonce, jti: "0123456789abcdef" };
        check(&write(&key, &draft, now()).unwrap(), &wanted, now(), 10).map(|_| ())
    };
    assert_eq!((with(Some("new")), with(Some("before"))), (Ok(()), Ok(())));
    assert_eq!((with(None), with(Some("older"))), (Err(DpopError::Nonce), Err(DpopError::Nonce)));
}
