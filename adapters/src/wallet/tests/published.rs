//! Everybody's published examples: RFC 9901, sd-jwt-python, Token Status List, OpenID4VP, TWDIW.

use super::*;
use crate::wallet::key::Keys;
use crate::wallet::oid4vp::dcql::{Query, QueryError};
use crate::wallet::sdjwt::serialization::compact;
use crate::wallet::status::list::{Form, List};
use crate::wallet::status::token;
use crate::wallet::trust::Trust;
use crate::wallet::twdiw::did::{did_of, key_of};
use crate::wallet::verify::binding::Proof;
use crate::wallet::verify::{Expected, Strictness, verify};

const VERIFIER: &str = "https://verifier.example.org";

fn raw(text: &str, trust: &Trust, audience: Option<&str>, now: i64) -> Value {
    let proof = audience.map(|audience| Proof { nonce: "1234567890", audience, transactions: &[] });
    let expected = Expected { strictness: Strictness::Raw, types: &[], proof };
    Value::Object(verify(text, &expected, trust, at(now)).unwrap().claims)
}

fn example_issuer() -> Trust {
    let jwk = json!({ "kty": "EC", "crv": "P-256",
        "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8" });
    Trust::of_keys(Keys::one(PublicKey::from_jwk(&jwk).unwrap()))
}

/// What a holder's JWT of a text says of its own audience and time.
fn proof_of(text: &str) -> Option<Value> {
    let proof = text.rsplit('~').next().filter(|proof| !proof.is_empty())?;
    serde_json::from_slice(&base64url::decode(proof.split('.').nth(1)?)?).ok()
}

#[test]
fn the_tokens_of_rfc_9901_verify_to_their_payloads() {
    let Some(path) = shared("oauth-selective-disclosure-jwt/rfc9901-final-draft22-tokens.json") else { return };
    let (mut plain, mut bound) = (0, 0);
    for vector in json_of(&path)["vectors"].as_array().unwrap() {
        let text = vector["token"].as_str().unwrap();
        if vector["kind"] == "jws-only" {
            assert!(crate::wallet::sdjwt::SdJwt::parse(text).is_err());
            continue;
        }
        let audience = (vector["kind"] == "sd-jwt+kb").then_some(VERIFIER);
        let claims = raw(text, &example_issuer(), audience, 1_748_537_300);
        let mut expected = vector["processed_payload"].clone();
        expected.as_object_mut().unwrap().remove("_sd_alg");
        assert_eq!(claims, expected, "{}", vector["section"]);
        *(if audience.is_some() { &mut bound } else { &mut plain }) += 1;
    }
    let Some(path) = shared("oauth-selective-disclosure-jwt/rfc9901-draft22-json-serialization.json") else { return };
    let mut written = 0;
    for (name, whole) in json_of(&path).as_object().unwrap() {
        if whole.get("payload").is_some() {
            let text = compact(whole.to_string().as_bytes()).unwrap();
            let audience = proof_of(&text).is_some().then_some(VERIFIER);
            assert!(raw(&text, &example_issuer(), audience, 1_748_537_300).get("iss").is_some(), "{name}");
            written += 1;
        }
    }
    assert!(plain >= 5 && bound >= 3 && written == 3, "{plain} {bound} {written}");
    println!("RFC 9901: {plain} tokens, {bound} with key binding, {written} in JSON");
}

/// The compact text of a serialization, which may be a text in JSON itself.
fn in_json(whole: &Value) -> String {
    let inner = whole.as_str().map_or_else(|| whole.to_string(), str::to_owned);
    compact(inner.as_bytes()).unwrap().split_whitespace().collect()
}

#[test]
fn what_sd_jwt_python_issued_and_presented_verifies() {
    let Some(root) = shared("sd-jwt-python-generated") else { return };
    let mut count = 0;
    let folders = ["testcases", "examples"].map(|part| std::fs::read_dir(root.join(part)).unwrap());
    for folder in folders.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let expected = json_of(&folder.join("verified_contents.json"));
        for name in ["sd_jwt_issuance", "sd_jwt_presentation"] {
            let text = match std::fs::read_to_string(folder.join(format!("{name}.txt"))) {
                Ok(text) => text.split_whitespace().collect::<String>(),
                Err(_) => in_json(&json_of(&folder.join(format!("{name}.json")))),
            };
            let proof = proof_of(&text);
            let now = proof.as_ref().map_or(1_700_000_000, |proof| proof["iat"].as_i64().unwrap());
            let audience = proof.as_ref().map(|proof| proof["aud"].as_str().unwrap());
            let claims = raw(&text, &example_issuer(), audience, now);
            if name == "sd_jwt_presentation" {
                // Long texts are wrapped and indented in these files.
                let bare = |value: &Value| value.to_string().replace(' ', "");
                assert_eq!(bare(&claims), bare(&expected), "{}", folder.display());
            }
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
    println!("sd-jwt-python: {count} texts verified");
}

#[test]
fn the_example_of_sd_jwt_vcld_verifies() {
    let Some(path) = shared("openid4vp-1.0/sd_jwt_vcld/01/sd_jwt_presentation.txt") else { return };
    let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
    let proof = proof_of(&text).unwrap();
    let claims = raw(&text, &example_issuer(), proof["aud"].as_str(), proof["iat"].as_i64().unwrap());
    assert!(claims.get("vct").is_some() || claims.get("ld").is_some());
}

#[test]
fn the_status_lists_of_the_draft_read_entry_by_entry() {
    let Some(path) = shared("oauth-status-list/encoding-vectors.json") else { return };
    let mut entries = 0;
    for vector in json_of(&path)["vectors"].as_array().unwrap() {
        let issuer = new_key();
        let list = json!({ "bits": vector["bits"], "lst": vector["lst"] });
        let payload = json!({ "sub": "https://a.example/1", "iat": NOW, "status_list": list });
        let text = signed(json!({ "typ": "statuslist+jwt" }), &payload, &issuer);
        let trust = Trust::of_keys(Keys::one(public(&issuer)));
        let list: List = token::read(&text, "https://a.example/1", "", &trust, at(NOW)).unwrap();
        assert_eq!(list.form, Form::Token(u8::try_from(vector["bits"].as_u64().unwrap()).unwrap()));
        for (index, value) in vector["expected_listed"].as_object().into_iter().flatten() {
            assert_eq!(list.get(index.parse().unwrap()).map(u64::from), value.as_u64(), "{}", vector["name"]);
            entries += 1;
        }
        for (index, value) in vector["statuses"].as_array().into_iter().flatten().enumerate() {
            assert_eq!(list.get(u64::try_from(index).unwrap()).map(u64::from), value.as_u64(), "{}", vector["name"]);
            entries += 1;
        }
        if let Some(last) = vector["entries"].as_u64() {
            assert!(list.get(last - 1).is_some() && list.get(last).is_none());
        }
    }
    let Some(path) = shared("oauth-status-list/token-examples.json") else { return };
    let examples = json_of(&path);
    let key = PublicKey::from_jwk(&examples["status_list_public_jwk"]).unwrap();
    let mut tokens = 0;
    for example in examples["tokens"].as_array().unwrap().iter().filter(|one| one["header"]["typ"] == "statuslist+jwt")
    {
        let trust = Trust::of_keys(Keys::one(key.clone()));
        let text = example["token"].as_str().unwrap();
        let list = token::read(text, "https://example.com/statuslists/1", "", &trust, at(NOW)).unwrap();
        assert_eq!((list.get(0), list.get(1), list.get(16)), (Some(1), Some(0), None));
        assert_eq!(list.refresh_after, at(NOW + 43_200));
        tokens += 1;
    }
    assert!(entries > 60 && tokens == 3, "{entries} {tokens}");
    println!("Token Status List: {entries} entries, {tokens} tokens");
}

#[test]
fn every_published_query_is_read_and_written_again() {
    let Some(folder) = shared("openid4vp-1.0/query_lang") else { return };
    let (mut asked, mut foreign) = (0, 0);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(["dcql_jwt_vc.json", "dcql_ldp_vc.json"].map(|name| folder.join("../request").join(name)));
    for path in files {
        let value = json_of(&path);
        let query: Query = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&query).unwrap(), value, "{}", path.display());
        match query.check() {
            Ok(()) => asked += 1,
            Err(QueryError::Format(_)) => foreign += 1,
            Err(other) => panic!("{}: {other}", path.display()),
        }
    }
    assert_eq!((asked, foreign), (4, 5));
    println!("OpenID4VP queries: {asked} can be asked, {foreign} are of formats nobody verifies here");
}

#[test]
fn dids_are_keys_whatever_their_spelling() {
    let Some(path) = shared("twdiw/real/did-key.json") else { return };
    let mut count = 0;
    for vector in json_of(&path)["vectors"].as_array().unwrap() {
        let key = key_of(vector["did"].as_str().unwrap()).unwrap();
        assert_eq!(did_of(&key), vector["canonical_did"].as_str().unwrap(), "{}", vector["name"]);
        assert_eq!(key_of(&did_of(&key)), Some(key));
        count += 1;
    }
    println!("did:key: {count}");
    let long = format!("did:key:z{}", "2".repeat(1000));
    for other in ["", "did:key:z", "did:key:z0", "did:key:z6Mk", "did:web:a", long.as_str()] {
        assert_eq!(key_of(other), None, "{other}");
    }
}
