//! Sealing to each kind of key, opened by the strict reader; never to a key that is for something else.

use serde_json::json;

use super::*;
use crate::fixture::{at, rsa_key, signing_key};
use crate::jose::jwe::Jwe;
use crate::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};

fn keys() -> Vec<PrivateJwk> {
    vec![
        PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some("p256".to_owned()), at(0)).unwrap(),
        PrivateJwk::generate_x25519(Some("x25519".to_owned()), at(0)).unwrap(),
        rsa_key(),
    ]
}

fn presentation() -> Presentation {
    Presentation("a.b.c~".to_owned())
}

#[test]
fn a_packet_opens_with_the_key_it_was_sealed_to_and_no_other() {
    let keys = keys();
    for key in &keys {
        let sealed = presentation().seal(&key.public()).unwrap();
        let read =
            |keys: &[PrivateJwk]| Jwe::parse(sealed.as_str(), OUTER).unwrap().decrypt(keys).map(|plain| plain.to_vec());
        assert_eq!(read(&keys), Ok(b"a.b.c~".to_vec()), "{key:?}");
        let others: Vec<PrivateJwk> = keys.iter().filter(|other| other.kid() != key.kid()).cloned().collect();
        assert!(read(&others).is_err(), "{key:?}");
        // A key of the right name and another kind: the key decides, not the header.
        let mut renamed = others[0].to_json();
        renamed["kid"] = json!(key.kid());
        assert!(read(&[PrivateJwk::from_json(&renamed).unwrap()]).is_err(), "{key:?}");
    }
}

#[test]
fn every_changed_byte_is_refused_whatever_the_key() {
    let keys = keys();
    for key in &keys[1..] {
        let sealed = presentation().seal(&key.public()).unwrap();
        let mut bytes = sealed.as_str().as_bytes().to_vec();
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(Jwe::parse(text, OUTER).and_then(|jwe| jwe.decrypt(&keys)).is_err(), "{key:?} byte {place}");
            bytes[place] ^= 1;
        }
    }
}

#[test]
fn nothing_is_sealed_to_a_key_for_something_else() {
    let wallet = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEs, None, at(0)).unwrap();
    let mut mislabelled = signing_key().public();
    mislabelled.alg = KeyAlg::EcdhEsA256kw;
    for key in [signing_key().public(), wallet.public(), mislabelled] {
        assert_eq!(presentation().seal(&key).err(), Some(SealError::Key));
    }
}
