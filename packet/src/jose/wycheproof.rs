//! The public test vectors of project Wycheproof: nothing invalid is accepted, nothing panics.
//!
//! Most valid cases use algorithms this crate refuses by policy; they are counted, not skipped silently.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::jwe::{Expected, Jwe};
use super::jwk::{JwkSet, PrivateJwk, PublicJwk};
use super::jws::Jws;

/// What became of the cases of one file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    cases: usize,
    accepted: usize,
    refused_by_policy: usize,
    refused: usize,
}

impl Count {
    fn add(&mut self, case: &Value, accepted: bool) {
        let valid = case["result"] == "valid";
        assert!(valid || !accepted, "false accept of case {}: {}", case["tcId"], case["comment"]);
        self.cases += 1;
        *match (valid, accepted) {
            (_, true) => &mut self.accepted,
            (true, false) => &mut self.refused_by_policy,
            (false, false) => &mut self.refused,
        } += 1;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may be told where the shared data lies")]
fn vectors(name: &str) -> Option<Vec<Value>> {
    let shared = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| PathBuf::from("../shared"), PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(shared).join("data/vectors/wycheproof/testvectors_v1").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is absent", path.display());
        return None;
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    Some(file["testGroups"].as_array().unwrap().clone())
}

/// The public keys of a group: one key, or a set. A private key counts by its public members.
fn public_keys(group: &Value) -> Vec<PublicJwk> {
    let source = group.get("public").unwrap_or(&group["private"]);
    let strip = |key: &Value| {
        let mut key = key.clone();
        key.as_object_mut().unwrap().remove("d");
        key
    };
    match source.get("keys") {
        Some(Value::Array(keys)) => {
            let set = json!({ "keys": keys.iter().map(strip).collect::<Vec<_>>() });
            JwkSet::from_json(&set).map(|set| set.0).unwrap_or_default()
        }
        _ => PublicJwk::from_json(&strip(source)).into_iter().collect(),
    }
}

/// The compact form, or the text of a JSON form, which is to be refused.
fn token(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn jws_accepted(group: &Value, case: &Value) -> bool {
    let text = token(&case["jws"]);
    public_keys(group).iter().any(|key| Jws::parse(&text, None, 1 << 20).is_ok_and(|jws| jws.verify(key).is_ok()))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Tries the group's key as it is and, to reach more of the reader, relabelled to this crate's algorithm.
fn jwe_accepted(group: &Value, case: &Value) -> bool {
    let text = token(&case["jwe"]);
    let mut relabelled = group["private"].clone();
    relabelled["alg"] = json!("ECDH-ES+A256KW");
    let mut accepted = false;
    for (key, kid) in [(&group["private"], false), (&group["private"], true), (&relabelled, false), (&relabelled, true)]
    {
        let Ok(key) = PrivateJwk::from_json(key) else { continue };
        let Ok(jwe) = Jwe::parse(&text, Expected { typ: None, cty: None, kid }) else { continue };
        if let Ok(plain) = jwe.decrypt(&[key]) {
            assert_eq!(case["pt"], hex(&plain), "case {}", case["tcId"]);
            accepted = true;
        }
    }
    accepted
}

fn count(name: &str) -> Option<Count> {
    let mut count = Count::default();
    for group in vectors(name)? {
        for case in group["tests"].as_array().unwrap() {
            let accepted = if case["jws"].is_null() { jwe_accepted(&group, case) } else { jws_accepted(&group, case) };
            count.add(case, accepted);
        }
    }
    println!("{name}: {count:?}");
    Some(count)
}

#[test]
fn no_invalid_encryption_is_accepted() {
    if let Some(count) = count("json_web_encryption_test.json") {
        assert_eq!((count.cases, count.accepted), (139, 1));
    }
}

#[test]
fn no_invalid_signature_is_accepted() {
    if let Some(count) = count("json_web_signature_test.json") {
        assert_eq!((count.cases, count.accepted), (401, 2));
    }
}

#[test]
fn no_invalid_key_is_accepted() {
    if let Some(count) = count("json_web_key_test.json") {
        assert_eq!((count.cases, count.accepted), (26, 0));
    }
    if let Some(count) = count("json_web_crypto_test.json") {
        assert_eq!((count.cases, count.accepted), (83, 1));
    }
}

#[test]
fn no_key_of_another_kind_is_imported() {
    for group in vectors("x25519_jwk_test.json").into_iter().flatten() {
        for case in group["tests"].as_array().unwrap() {
            assert!(PublicJwk::from_json(&case["public"]).is_err());
            assert!(PrivateJwk::from_json(&case["private"]).is_err());
        }
    }
}
