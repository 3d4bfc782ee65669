//! The public test vectors of project Wycheproof: nothing invalid is accepted, nothing panics.
//!
//! Every group is either run, because some profile of this crate takes its key, or counted as refused by policy. The
//! counts are pinned, so that nothing is skipped silently.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::jwe::{Expected, Jwe, mydata, wallet};
use super::jwk::{JwkSet, KeyAlg, PrivateJwk, PublicJwk};
use super::jws::Jws;
use super::{base64url, jwk};

mod cookbook;

/// What became of one file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    /// Groups whose key some profile takes.
    run: usize,
    /// Groups whose key none does: every case of them must be refused.
    policy: usize,
    cases: usize,
    accepted: usize,
    /// Valid, and refused because of an algorithm, a header or a form this crate does not take.
    refused_by_policy: usize,
    /// Invalid, and refused.
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

/// A file of the shared vectors; `None`, and a line that says so, where they are absent.
#[expect(clippy::disallowed_methods, reason = "a test may be told where the shared data lies")]
fn shared(name: &str) -> Option<String> {
    let shared = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| PathBuf::from("../shared"), PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(shared).join("data/vectors").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {} is absent", path.display());
    }
    text
}

fn groups(name: &str) -> Option<Vec<Value>> {
    let file: Value = serde_json::from_str(&shared(&format!("wycheproof/testvectors_v1/{name}"))?).unwrap();
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
    let mut keys = match source.get("keys") {
        Some(Value::Array(keys)) => {
            let set = json!({ "keys": keys.iter().map(strip).collect::<Vec<_>>() });
            JwkSet::from_json(&set).map(|set| set.0).unwrap_or_default()
        }
        _ => PublicJwk::from_json(&strip(source)).into_iter().collect(),
    };
    // Read for the token endpoint, and verified with by another library there.
    keys.retain(|key| !matches!(key.alg, KeyAlg::Ps256 | KeyAlg::Rs384));
    keys
}

/// The compact form, or the text of a JSON form, which is to be refused.
fn token(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The keys of a group for decryption: as they are and, to reach more of the readers, relabelled to each algorithm.
fn private_keys(group: &Value) -> Vec<PrivateJwk> {
    let algorithms = [None, Some("ECDH-ES+A256KW"), Some("ECDH-ES"), Some("RSA-OAEP-256")];
    let labelled = algorithms.iter().filter_map(|alg| {
        let mut key = group["private"].clone();
        if let Some(alg) = alg {
            key["alg"] = json!(alg);
        }
        PrivateJwk::from_json(&key).ok()
    });
    labelled.collect()
}

/// The symmetric key of a group, for MyData's profile.
fn transfer_key(group: &Value) -> Option<[u8; 32]> {
    base64url::decode(group["private"]["k"].as_str()?)?.try_into().ok()
}

/// Decrypts a text with whatever profile takes it.
fn decrypted(text: &str, keys: &[PrivateJwk], transfer: Option<[u8; 32]>) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    for kid in [false, true] {
        let expected = Expected { typ: None, cty: None, kid };
        for key in keys {
            let one = std::slice::from_ref(key);
            plain.extend(Jwe::parse(text, expected).and_then(|jwe| jwe.decrypt(one)).ok());
            plain.extend(wallet::decrypt(text, expected, one, 1 << 20).ok());
        }
    }
    plain.extend(transfer.and_then(|key| mydata::decrypt(text, &key, 1 << 20).ok()));
    plain.pop().map(|plain| plain.to_vec())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn count(name: &str) -> Option<Count> {
    let mut count = Count::default();
    for group in groups(name)? {
        let (public, private, transfer) = (public_keys(&group), private_keys(&group), transfer_key(&group));
        let signatures = group["tests"][0]["jws"].is_string();
        let taken = if signatures { !public.is_empty() } else { !private.is_empty() || transfer.is_some() };
        *(if taken { &mut count.run } else { &mut count.policy }) += 1;
        for case in group["tests"].as_array().unwrap() {
            let accepted = if case["jws"].is_null() {
                let plain = decrypted(&token(&case["jwe"]), &private, transfer);
                assert!(
                    plain.as_ref().is_none_or(|plain| case["pt"].is_null() || case["pt"] == hex(plain)),
                    "case {}",
                    case["tcId"]
                );
                plain.is_some()
            } else {
                let text = token(&case["jws"]);
                let verified = |key| Jws::parse(&text, None, 1 << 20).is_ok_and(|jws| jws.verify(key).is_ok());
                public.iter().any(verified)
            };
            assert!(taken || !accepted);
            count.add(case, accepted);
        }
    }
    println!("{name}: {count:?}");
    Some(count)
}

#[test]
fn no_invalid_encryption_is_accepted() {
    let expected = Count { run: 18, policy: 13, cases: 139, accepted: 6, refused_by_policy: 59, refused: 74 };
    assert!(count("json_web_encryption_test.json").is_none_or(|count| count == expected));
}

#[test]
fn no_invalid_signature_is_accepted() {
    let expected = Count { run: 4, policy: 19, cases: 401, accepted: 2, refused_by_policy: 44, refused: 355 };
    assert!(count("json_web_signature_test.json").is_none_or(|count| count == expected));
}

#[test]
fn no_invalid_key_is_accepted() {
    let expected = Count { run: 0, policy: 25, cases: 26, accepted: 0, refused_by_policy: 5, refused: 21 };
    assert!(count("json_web_key_test.json").is_none_or(|count| count == expected));
    let expected = Count { run: 3, policy: 5, cases: 83, accepted: 2, refused_by_policy: 4, refused: 77 };
    assert!(count("json_web_crypto_test.json").is_none_or(|count| count == expected));
}

#[test]
fn a_weak_rsa_key_is_not_imported_under_our_own_algorithm() {
    let (mut keys, mut refused) = (0, Vec::new());
    for group in groups("json_web_key_test.json").into_iter().flatten() {
        let mut key = group["public"].clone();
        if key["kty"] != "RSA" || key.get("crv").is_some() {
            continue;
        }
        (key["alg"], key["use"]) = (json!("RSA-OAEP-256"), json!("enc"));
        keys += 1;
        if let Err(error) = PublicJwk::from_json(&key) {
            assert_eq!(error, jwk::JwkError::Rsa);
            refused.push(group["tests"][0]["comment"].as_str().unwrap().to_owned());
        }
    }
    let weak = ["rejectsKeyWithRocaVulnerability", "rejects1024bitRsaKey", "rejectsPublicExponent1"];
    assert!(keys == 0 || refused == weak, "{keys} keys, refused {refused:?}");
}

/// X25519 (RFC 7748): what is agreed is what the vector says, and a zero secret is never agreed on.
#[test]
fn x25519_agrees_as_it_should() {
    use aws_lc_rs::agreement::{UnparsedPublicKey, X25519, agree};
    let labelled = |key: &Value| {
        let mut key = key.clone();
        key["alg"] = json!("ECDH-ES+A256KW");
        key
    };
    let (mut agreed, mut refused) = (0, 0);
    for case in groups("x25519_jwk_test.json").iter().flatten().flat_map(|group| group["tests"].as_array().unwrap()) {
        let keys =
            (PrivateJwk::from_json(&labelled(&case["private"])), PublicJwk::from_json(&labelled(&case["public"])));
        let (Ok(private), Ok(public)) = keys else {
            // Low order and no point at all: refused when imported, so that nothing is ever sealed to it.
            let zero = case["shared"].as_str().unwrap().bytes().all(|digit| digit == b'0');
            assert!(zero && case["result"] != "valid", "case {}", case["tcId"]);
            refused += 1;
            continue;
        };
        let peer = UnparsedPublicKey::new(&X25519, public.bytes());
        if public.kind() != private.kind() {
            assert_eq!(case["result"], "invalid", "case {}", case["tcId"]);
            refused += 1;
            continue;
        }
        let shared = agree(private.agreement_key().unwrap(), peer, (), |secret| Ok(hex(secret)));
        assert_eq!(shared.as_deref(), Ok(case["shared"].as_str().unwrap()), "case {}", case["tcId"]);
        agreed += 1;
    }
    assert!(agreed + refused == 0 || (agreed, refused) == (487, 44), "{agreed} agreed, {refused} refused");
}
