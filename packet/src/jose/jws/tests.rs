//! Signatures: own key only, exact header, no changed byte.

use jiff::Timestamp;

use super::*;
use crate::jose::jwk::KeyUse;

fn key(alg: KeyAlg) -> PrivateJwk {
    PrivateJwk::generate(alg.usage(), alg, Some("k".to_owned()), Timestamp::UNIX_EPOCH).unwrap()
}

fn opened(text: &str, key: &PrivateJwk) -> Result<Vec<u8>, JwsError> {
    Jws::parse(text, Some("receipt+jwt"), 1000)?.verify(&key.public())
}

#[test]
fn what_is_signed_verifies_with_its_own_key_only() {
    for alg in [KeyAlg::Es256, KeyAlg::Es384] {
        let (mine, other) = (key(alg), key(alg));
        let text = sign(b"payload", "receipt+jwt", &mine).unwrap();
        assert_eq!(opened(&text, &mine), Ok(b"payload".to_vec()));
        assert_eq!(opened(&text, &other), Err(JwsError::Signature));
        assert_eq!(Jws::parse(&text, Some("webhook+jwt"), 1000).err(), Some(JwsError::Header));
        assert_eq!(Jws::parse(&text, None, 1000).err(), Some(JwsError::Header));
    }
    let encryption = key(KeyAlg::EcdhEsA256kw);
    assert_eq!(encryption.public().usage, KeyUse::Enc);
    assert_eq!(sign(b"payload", "receipt+jwt", &encryption), Err(JwsError::Key));
}

#[test]
fn the_key_decides_the_algorithm() {
    let (small, large) = (key(KeyAlg::Es256), key(KeyAlg::Es384));
    let text = sign(b"payload", "receipt+jwt", &small).unwrap();
    assert_eq!(opened(&text, &large), Err(JwsError::Signature));
    let mut mislabelled = small.public();
    mislabelled.alg = KeyAlg::Es384;
    let jws = Jws::parse(&text, Some("receipt+jwt"), 1000).unwrap();
    assert_eq!(jws.verify(&mislabelled), Err(JwsError::Signature));
    let mut renamed = small.public();
    renamed.kid = "K".to_owned();
    let jws = Jws::parse(&text, Some("receipt+jwt"), 1000).unwrap();
    assert_eq!(jws.kid(), "k");
    assert_eq!(jws.verify(&renamed), Err(JwsError::Signature));
}

#[test]
fn every_changed_byte_is_refused() {
    let key = key(KeyAlg::Es256);
    let text = sign(b"{\"a\":1}", "receipt+jwt", &key).unwrap();
    let mut bytes = text.clone().into_bytes();
    for place in 0..bytes.len() {
        for mask in 1..8 {
            bytes[place] ^= mask;
            assert!(opened(std::str::from_utf8(&bytes).unwrap(), &key).is_err(), "byte {place}");
            bytes[place] ^= mask;
        }
    }
    for cut in 0..text.len() {
        assert!(opened(&text[..cut], &key).is_err());
    }
}

#[test]
fn other_forms_and_sizes_are_refused() {
    let key = key(KeyAlg::Es256);
    let text = sign(b"payload", "receipt+jwt", &key).unwrap();
    for other in [format!("{text}."), format!("{text}.x"), format!(".{text}"), format!("{text}="), format!(" {text}")] {
        assert!(opened(&other, &key).is_err(), "{other}");
    }
    let long = sign(&[b'x'; 1004], "receipt+jwt", &key).unwrap();
    assert_eq!(opened(&long, &key), Err(JwsError::TooLarge));
}

#[test]
fn a_header_of_the_callers_has_the_algorithm_of_the_key() {
    let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).unwrap();
    let header = Map::from_iter([("alg".to_owned(), "none".into()), ("kid".to_owned(), "did:web:a#1".into())]);
    let text = sign_under(header, b"{}", &key).unwrap();
    let header = base64url::decode(text.split('.').next().unwrap()).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&header).unwrap(),
        serde_json::json!({ "alg": "ES256", "kid": "did:web:a#1" })
    );
}
