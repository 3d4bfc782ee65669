//! The strict reader against a foreign packet: exact lengths, exact header, one refusal.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::json;

use super::*;
use crate::jose::base64url;
use crate::jose::jwk::KeyUse;

const PLAIN: Expected = Expected { typ: None, cty: None, kid: false };

/// Wycheproof `json_web_encryption_test`, case 66: made by another implementation.
const FOREIGN: &str = "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJlcGsiOnsia3R5IjoiRUMiLCJ4IjoiZmthakNjbWtpNl9W\
    S1Vod0RoSy04UUx1dUlMNXZ5ZWJTZFpodl9WNU1VRSIsInkiOiJHOWNLWXY3SEpsU25qaURVa1NpdGxGMHhOQ3pUa2lBckF5SDBJ\
    QjhmbTBNIiwiY3J2IjoiUC0yNTYifX0.QzD31OLn2rtz5XrYOaoXGY7pEZSAilF5Rt803bBTSVmJrtgSGCkmIQ.1mXV01hr3YNY3\
    qn3.qew8.FMn9UC2hIRlk62PIp3T8jg";

fn key() -> PrivateJwk {
    PrivateJwk::from_json(&json!({
        "alg": "ECDH-ES+A256KW",
        "use": "enc",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
        "crv": "P-256",
        "kid": "kid-ec-decrypt",
        "kty": "EC"
    }))
    .unwrap()
}

fn decrypted(text: &str) -> Result<Vec<u8>, JweError> {
    Jwe::parse(text, PLAIN)?.decrypt(&[key()]).map(|plain| plain.to_vec())
}

/// The foreign packet with one of its five parts replaced.
fn with_part(place: usize, part: &str) -> String {
    let mut parts: Vec<&str> = FOREIGN.split('.').collect();
    parts[place] = part;
    parts.join(".")
}

#[test]
fn a_packet_of_another_implementation_decrypts() {
    assert_eq!(decrypted(FOREIGN), Ok(b"foo".to_vec()));
}

#[test]
fn a_tag_has_16_bytes_and_an_iv_12() {
    let parts: Vec<&str> = FOREIGN.split('.').collect();
    let tag = base64url::decode(parts[4]).unwrap();
    for length in 0..16 {
        let short = with_part(4, &base64url::encode(&tag[..length]));
        assert_eq!(decrypted(&short), Err(JweError::Header), "tag of {length} bytes");
    }
    let long = with_part(4, &base64url::encode(&[tag.as_slice(), &[0]].concat()));
    assert_eq!(decrypted(&long), Err(JweError::Header));
    let iv = [base64url::decode(parts[2]).unwrap(), vec![0; 4]].concat();
    for length in (0..=16).filter(|length| *length != 12) {
        let other = with_part(2, &base64url::encode(&iv[..length]));
        assert_eq!(decrypted(&other), Err(JweError::Header), "IV of {length} bytes");
    }
    let wrapped = [base64url::decode(parts[1]).unwrap(), vec![0; 8]].concat();
    for length in (0..=48).filter(|length| *length != 40) {
        let other = with_part(1, &base64url::encode(&wrapped[..length]));
        assert_eq!(decrypted(&other), Err(JweError::Header), "encrypted key of {length} bytes");
    }
}

#[test]
fn a_tag_moved_into_the_ciphertext_is_refused() {
    let parts: Vec<&str> = FOREIGN.split('.').collect();
    let (body, tag) = (base64url::decode(parts[3]).unwrap(), base64url::decode(parts[4]).unwrap());
    let all = [body, tag].concat();
    for split in 0..=all.len() {
        let (body, tag) = all.split_at(split);
        let moved =
            format!("{}.{}.{}.{}.{}", parts[0], parts[1], parts[2], base64url::encode(body), base64url::encode(tag));
        assert_eq!(decrypted(&moved).is_ok(), tag.len() == 16, "split at {split}");
    }
}

#[test]
fn the_header_is_exactly_the_expected_one() {
    let header = base64url::decode(FOREIGN.split('.').next().unwrap()).unwrap();
    let good: Value = serde_json::from_slice(&header).unwrap();
    let changed = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        with_part(0, &base64url::encode(header.to_string().as_bytes()))
    };
    let mut off_curve = good["epk"].clone();
    off_curve["y"] = off_curve["x"].clone();
    let mut private = good["epk"].clone();
    private["d"] = key().to_json()["d"].clone();
    let mut large = good["epk"].clone();
    large["crv"] = json!("P-384");
    for (name, value) in [
        ("alg", json!("ECDH-ES")),
        ("alg", json!("ECDH-ES+A128KW")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("RSA1_5")),
        ("alg", json!("dir")),
        ("alg", json!("A256GCMKW")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("enc", json!("A128GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("zip", json!("DEF")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("jku", json!("http://127.0.0.1/")),
        ("x5u", json!("http://127.0.0.1/")),
        ("jwk", json!({})),
        ("apu", json!("")),
        ("p2c", json!(1_000_000)),
        ("typ", json!("claim-packet+jwe")),
        ("cty", json!("JWT")),
        ("kid", json!("x")),
        ("epk", json!({})),
        ("epk", off_curve),
        ("epk", private),
        ("epk", large),
    ] {
        assert_eq!(decrypted(&changed(name, value.clone())), Err(JweError::Header), "{name} {value}");
    }
    for json in [r#"{"alg":"dir","alg":"ECDH-ES+A256KW"}"#.to_owned(), "[".repeat(9000), " ".repeat(4097)] {
        let text = with_part(0, &base64url::encode(json.as_bytes()));
        assert_eq!(decrypted(&text), Err(JweError::Header));
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let mut bytes = FOREIGN.as_bytes().to_vec();
    for place in 0..bytes.len() {
        for mask in [1, 2, 4, 8, 16, 32, 64] {
            bytes[place] ^= mask;
            assert!(decrypted(std::str::from_utf8(&bytes).unwrap()).is_err(), "byte {place}");
            bytes[place] ^= mask;
        }
    }
    for cut in 0..FOREIGN.len() {
        assert!(decrypted(&FOREIGN[..cut]).is_err());
    }
    assert_eq!(decrypted(&format!("{FOREIGN}.")), Err(JweError::Malformed));
    assert_eq!(decrypted(&format!("{FOREIGN}=")), Err(JweError::Malformed));
}

#[test]
fn a_wrong_key_and_a_wrong_tag_are_one_refusal() {
    let other = PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, jiff::Timestamp::UNIX_EPOCH);
    let wrong_key = Jwe::parse(FOREIGN, PLAIN).unwrap().decrypt(&[other.unwrap()]).err();
    let wrong_tag = decrypted(&with_part(4, &base64url::encode(&[0; 16]))).err();
    let no_key = Jwe::parse(FOREIGN, PLAIN).unwrap().decrypt(&[]).err();
    assert_eq!(
        (wrong_key, wrong_tag, no_key),
        (Some(JweError::Decrypt), Some(JweError::Decrypt), Some(JweError::Decrypt))
    );
}

#[test]
fn a_content_of_the_fallback_key_is_not_accepted() {
    // Sealed under the all-zero content key that stands in when the wrapped key is wrong.
    let mut parts: Vec<String> = FOREIGN.split('.').map(str::to_owned).collect();
    let mut body = b"forged".to_vec();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[0; 32]).unwrap());
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(parts[0].as_bytes()), &mut body).unwrap();
    parts[1] = base64url::encode(&[7; 40]);
    parts[2] = base64url::encode(&[0; 12]);
    parts[3] = base64url::encode(&body);
    parts[4] = base64url::encode(tag.as_ref());
    assert_eq!(decrypted(&parts.join(".")), Err(JweError::Decrypt));
}
