//! `did:key` as TWDIW writes it: multicodec `jwk_jcs-pub` (0xEB51) and a JWK, base58btc.
//!
//! In: a DID. Out: the key inside. Wallets spell one key with other member orders and padding, so DIDs are never
//! compared as texts.

use claimgate_packet::jose::json::{Limits, parse_object};
use serde_json::Value;

use crate::wallet::key::PublicKey;

/// Characters of a DID; base58 costs the square of it.
const LONGEST: usize = 500;
/// 0xEB51 as a varint.
const CODEC: [u8; 3] = [0xd1, 0xd6, 0x03];
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const JWK: Limits = Limits { bytes: LONGEST, depth: 1, members: 8 };

/// The key in a DID; `None` for another method, another codec or no P-256 key.
#[must_use]
pub fn key_of(did: &str) -> Option<PublicKey> {
    let bytes = decode(did.strip_prefix("did:key:z").filter(|_| did.len() <= LONGEST)?)?;
    let jwk = parse_object(bytes.strip_prefix(&CODEC)?, JWK).ok()?;
    PublicKey::from_padded_jwk(&Value::Object(jwk))
}

/// The DID of a key, in its canonical spelling.
#[must_use]
pub fn did_of(key: &PublicKey) -> String {
    format!("did:key:z{}", encode(&[&CODEC, key.canonical_jwk().as_bytes()].concat()))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    // Little-endian, so that it grows at the end.
    let mut bytes: Vec<u8> = Vec::new();
    for sign in text.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == sign)?;
        let mut carry = u32::try_from(digit).ok()?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(u8::try_from(carry).ok()?);
        }
    }
    bytes.extend(text.bytes().take_while(|sign| *sign == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = u8::try_from(carry % 58).unwrap_or_default();
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).unwrap_or_default());
            carry /= 58;
        }
    }
    digits.extend(bytes.iter().take_while(|byte| **byte == 0).map(|_| 0));
    let letters = digits.iter().rev().filter_map(|digit| ALPHABET.get(usize::from(*digit)));
    letters.map(|letter| char::from(*letter)).collect()
}
