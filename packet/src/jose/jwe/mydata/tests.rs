//! A MyData package: made here as RFC 7518 §5.2.2 says, changed in every way, and never a word about its padding.

use std::collections::HashSet;

use aws_lc_rs::cipher::PaddedBlockEncryptingKey;
use serde_json::json;

use super::*;
use crate::jose::base64url;

/// 32 ASCII characters, as the platform hands them out.
const KEY: &[u8; 32] = b"0123456789abcdef0123456789ABCDEF";
const CONTENT: [u8; 64] = [9; 64];

fn header() -> Value {
    json!({"alg": "A256KW", "enc": "A256CBC-HS512"})
}

/// A package around some ciphertext, with the right MAC over it.
fn around(header: &Value, iv: &[u8], ciphertext: &[u8]) -> String {
    let protected = base64url::encode(header.to_string().as_bytes());
    let mut wrapped = [0; 72];
    KeyEncryptionKey::new(&AES_256, KEY).unwrap().wrap(&CONTENT, &mut wrapped).unwrap();
    let length = u64::try_from(protected.len() * 8).unwrap().to_be_bytes();
    let authenticated = [protected.as_bytes(), iv, ciphertext, &length].concat();
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &CONTENT[..32]), &authenticated);
    let parts = [&wrapped[..], iv, ciphertext, &mac.as_ref()[..32]].map(base64url::encode);
    format!("{protected}.{}", parts.join("."))
}

fn package(header: &Value, plain: &[u8]) -> String {
    let key = UnboundCipherKey::new(&CBC_256, &CONTENT[32..]).unwrap();
    let mut buffer = plain.to_vec();
    let context = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap().encrypt(&mut buffer).unwrap();
    let DecryptionContext::Iv128(iv) = context else { panic!("no IV") };
    around(header, iv.as_ref(), &buffer)
}

fn opened(text: &str) -> Result<Vec<u8>, JweError> {
    decrypt(text, KEY, 100_000).map(|plain| plain.to_vec())
}

#[test]
fn a_package_opens_at_every_length_of_padding() {
    for length in 0..40 {
        let plain = vec![b'z'; length];
        assert_eq!(opened(&package(&header(), &plain)), Ok(plain));
    }
    let named = json!({"alg": "A256KW", "enc": "A256CBC-HS512", "typ": "JWT", "cty": "json", "kid": "CLI.1"});
    assert_eq!(opened(&package(&named, b"zip")), Ok(b"zip".to_vec()));
}

#[test]
fn the_header_is_of_this_profile_alone() {
    for (name, value) in [
        ("alg", json!("A128KW")),
        ("alg", json!("A256GCMKW")),
        ("alg", json!("dir")),
        ("alg", json!("PBES2-HS512+A256KW")),
        ("enc", json!("A128CBC-HS256")),
        ("enc", json!("A256GCM")),
        ("zip", json!("DEF")),
        ("crit", json!([])),
        ("p2c", json!(1_000_000)),
        ("iv", json!("")),
        ("jku", json!("https://mydata.example")),
        ("kid", json!(1)),
    ] {
        let mut header = header();
        header[name] = value.clone();
        assert_eq!(opened(&package(&header, b"zip")), Err(JweError::Header), "{name} {value}");
    }
}

#[test]
fn a_wrong_mac_and_a_wrong_padding_are_one_refusal() {
    let good = package(&header(), b"zip");
    let mut bytes = good.clone().into_bytes();
    for place in 0..bytes.len() {
        bytes[place] ^= 1;
        assert!(opened(std::str::from_utf8(&bytes).unwrap()).is_err(), "byte {place}");
        bytes[place] ^= 1;
        assert!(opened(&good[..place]).is_err(), "cut at {place}");
    }
    // Every last byte of the block before the last one: with a padding oracle one answer would differ from the rest.
    let parts: Vec<&str> = good.split('.').collect();
    let mut answers = HashSet::new();
    for byte in 0..=255 {
        let mut iv = base64url::decode(parts[2]).unwrap();
        let same = iv[15] == byte;
        iv[15] = byte;
        let text = [parts[0], parts[1], &base64url::encode(&iv), parts[3], parts[4]].join(".");
        if !same {
            answers.insert(opened(&text).unwrap_err());
        }
    }
    assert_eq!(answers, HashSet::from([JweError::Decrypt]));
    // Even with the right MAC, a padding that is none is the same refusal.
    assert_eq!(opened(&around(&header(), &[1; 16], &[2; 32])), Err(JweError::Decrypt));
}

#[test]
fn lengths_are_exact() {
    let good = package(&header(), b"zip");
    let parts: Vec<&str> = good.split('.').collect();
    for (place, whole) in [(1, 72), (2, 16), (4, 32)] {
        let part = [base64url::decode(parts[place]).unwrap(), vec![0; 8]].concat();
        for length in (0..=whole + 8).filter(|length| *length != whole) {
            let changed = base64url::encode(&part[..length]);
            let mut other = parts.clone();
            other[place] = &changed;
            assert_eq!(opened(&other.join(".")), Err(JweError::Header), "part {place} of {length} bytes");
        }
    }
    for length in [0, 1, 15, 17] {
        assert_eq!(opened(&around(&header(), &[1; 16], &vec![2; length])), Err(JweError::Header));
    }
    assert_eq!(decrypt(&good, KEY, good.len() - 1).err(), Some(JweError::TooLarge));
    assert_eq!(decrypt(&good, b"0123456789abcdef0123456789ABCDEE", 10_000).err(), Some(JweError::Decrypt));
}
