//! Another implementation, over OpenSSL: what this crate seals opens there, what is sealed there opens here. It decrypts
//! in tests alone (security.md §0.1).

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use claimgate_packet::jose::jwe::{ENC, Expected, Jwe};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::seal::{Sealer, seal_attachment};
use jiff::Timestamp;
use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
use josekit::jwe::{JweDecrypter, JweEncrypter, JweHeader, deserialize_compact, serialize_compact};
use josekit::jwk::Jwk;
use serde_json::Value;

const OUTER: Expected = Expected { typ: Some("claim-packet+jwe"), cty: Some("claim-packet-attachment"), kid: true };

fn keys() -> Vec<PrivateJwk> {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let vectors = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/keys.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    vec![
        PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, Some("p256".to_owned()), now).unwrap(),
        PrivateJwk::generate_x25519(Some("x25519".to_owned()), now).unwrap(),
        PrivateJwk::from_json(vectors.pointer("/recipients/alpha-rsa").unwrap()).unwrap(),
    ]
}

fn theirs(key: &Value) -> Jwk {
    let mut jwk = Jwk::new("");
    for (name, value) in key.as_object().unwrap() {
        if !["nbf", "use", "kid", "alg"].contains(&name.as_str()) {
            jwk.set_parameter(name, Some(value.clone())).unwrap();
        }
    }
    jwk
}

fn decrypter(key: &PrivateJwk) -> Box<dyn JweDecrypter> {
    let jwk = theirs(&key.to_json());
    if key.public().alg == KeyAlg::RsaOaep256 {
        Box::new(RsaesJweAlgorithm::RsaOaep256.decrypter_from_jwk(&jwk).unwrap())
    } else {
        Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.decrypter_from_jwk(&jwk).unwrap())
    }
}

fn encrypter(key: &PrivateJwk) -> Box<dyn JweEncrypter> {
    let jwk = theirs(&key.public().to_json());
    if key.public().alg == KeyAlg::RsaOaep256 {
        Box::new(RsaesJweAlgorithm::RsaOaep256.encrypter_from_jwk(&jwk).unwrap())
    } else {
        Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.encrypter_from_jwk(&jwk).unwrap())
    }
}

#[test]
fn what_is_sealed_here_opens_there() {
    for key in keys() {
        let (sealer, theirs) = (Sealer::new(&key.public()).unwrap(), decrypter(&key));
        for length in [0, 1, 15, 16, 17, 1000, 100_000] {
            let plain: Vec<u8> = (0..length).map(|place: u32| u8::try_from(place % 251).unwrap()).collect();
            let ours = sealer.seal_attachment(&plain).unwrap();
            let (opened, header) = deserialize_compact(ours.as_str(), theirs.as_ref()).unwrap();
            assert_eq!(opened, plain, "{key:?} {length}");
            assert_eq!((header.key_id(), header.content_encryption()), (Some(key.kid()), Some(ENC)));
        }
    }
}

#[test]
fn what_is_sealed_there_opens_here() {
    for key in keys() {
        let mut header = JweHeader::new();
        header.set_token_type("claim-packet+jwe");
        header.set_content_type("claim-packet-attachment");
        header.set_key_id(key.kid());
        header.set_content_encryption(ENC);
        let text = serialize_compact(b"theirs", &header, encrypter(&key).as_ref()).unwrap();
        let plain = Jwe::parse(&text, OUTER).unwrap().decrypt(std::slice::from_ref(&key)).unwrap();
        assert_eq!(plain.as_slice(), b"theirs", "{key:?}");
        // And ours is read by the same strict reader.
        let ours = seal_attachment(b"ours", &key.public()).unwrap();
        let plain = Jwe::parse(ours.as_str(), OUTER).unwrap().decrypt(std::slice::from_ref(&key)).unwrap();
        assert_eq!(plain.as_slice(), b"ours", "{key:?}");
    }
}
