//! With the vectors' ephemeral keys, content key and IV the vectors come out; without, nothing repeats.

use std::collections::HashSet;

use aws_lc_rs::agreement::{ECDH_P256, X25519};
use serde_json::Value;

use super::*;
use crate::fixture::{at, rsa_key};
use crate::jose::jwe::Jwe;
use crate::jose::jwk::{KeyUse, PrivateJwk};
use crate::sealed::OUTER;

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_vectors_are_written() {
    let keys = file(include_str!("../../../../vectors/keys.json"));
    let packets = file(include_str!("../../../../vectors/packets.json"));
    let bytes = |value: &Value| base64url::decode(value.as_str().unwrap()).unwrap();
    let (mut written, mut whole) = (0, 0);
    for (name, algorithm) in [("alpha-p256", &ECDH_P256), ("alpha-x25519", &X25519)] {
        let key = PrivateJwk::from_json(&keys["recipients"][name]).unwrap();
        let curve = keys["recipients"][name]["crv"].as_str().unwrap();
        let ephemeral = || PrivateKey::from_private_key(algorithm, &bytes(&keys["ephemeral"][curve]["d"])).unwrap();
        let sealing = SealingKey::new(&key.public()).unwrap();
        for case in packets["cases"].as_array().unwrap().iter().filter(|case| case["expect"] == "opened") {
            let text = case["text"].as_str().unwrap();
            let Ok(plain) = Jwe::parse(text, OUTER).unwrap().decrypt(std::slice::from_ref(&key)) else { continue };
            let fresh = Fresh {
                ephemeral: Some(ephemeral()),
                content_key: Zeroizing::new(bytes(&keys["content_key"]).try_into().unwrap()),
                iv: bytes(&keys["iv"]).try_into().unwrap(),
            };
            let made = sealing.seal_with(&plain, OUTER, &fresh).unwrap();
            let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
            let (made, text) = (parts(&made), parts(text));
            assert_eq!(made[1..4], text[1..4], "{}", case["name"]);
            let header = |part: &str| file(std::str::from_utf8(&base64url::decode(part).unwrap()).unwrap());
            assert_eq!(header(&made[0]), header(&text[0]), "{}", case["name"]);
            // The tag covers the header's text: where that is the same, the whole is.
            if made[0] == text[0] {
                assert_eq!(made[4], text[4], "{}", case["name"]);
                whole += 1;
            }
            written += 1;
        }
    }
    assert!(written > 4 && whole > 0, "{written} {whole}");
}

#[test]
fn ephemeral_key_content_key_and_iv_are_new_each_time() {
    let keys = [
        PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, at(0)).unwrap(),
        PrivateJwk::generate_x25519(None, at(0)).unwrap(),
        rsa_key(),
    ];
    for key in keys {
        let (sealing, mut seen) = (SealingKey::new(&key.public()).unwrap(), HashSet::new());
        for _ in 0..500 {
            let text = sealing.seal(b"the same text", OUTER).unwrap();
            let parts: Vec<&str> = text.split('.').collect();
            let header = if key.public().alg == KeyAlg::RsaOaep256 { "" } else { parts[0] };
            for part in [header, parts[1], parts[2], parts[3], parts[4]].into_iter().filter(|part| !part.is_empty()) {
                assert!(seen.insert(part.to_owned()), "{key:?}: {part} stands twice");
            }
        }
        assert_eq!(seen.len(), if key.public().alg == KeyAlg::RsaOaep256 { 2_000 } else { 2_500 });
    }
}

#[test]
fn a_name_no_reader_takes_is_not_written() {
    let mut to = rsa_key().public();
    to.kid = "k".repeat(HEADER_JSON.bytes);
    assert_eq!(SealingKey::new(&to).unwrap().seal(b"x", OUTER), Err(JweError::Header));
}
