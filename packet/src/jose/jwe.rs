//! Strict JWE: compact form, three closed profiles, and nothing else.
//!
//! In: text from outsiders. Out: the plaintext, or one refusal that does not tell why. `packet` reads what the gateway
//! seals, `wallet` what a wallet answers, `mydata` what MyData hands over; `sealing` writes what `packet` reads. Our own
//! code over aws-lc-rs: the one library found for this takes short tags when it opens (security.md §0.1).

use aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::base64url;
use super::json::parse_object;
use crate::limits::HEADER_JSON;

mod agreement;

pub mod mydata;
pub mod packet;
#[cfg(feature = "seal")]
pub(crate) mod sealing;
pub mod wallet;

pub use packet::{ENC, Jwe};

/// Why a compact JWE is refused before decryption, or that it does not decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JweError {
    /// Longer than the caller takes.
    #[error("the JWE is too long")]
    TooLarge,
    /// Not five parts of strict base64url.
    #[error("not a compact JWE")]
    Malformed,
    /// The header is not exactly the expected one, or a part has the wrong length.
    #[error("the JWE header is not the expected one")]
    Header,
    /// It does not decrypt, whatever the reason.
    #[error("the JWE does not decrypt")]
    Decrypt,
}

/// The header a reader expects, by exact match; `None` expects the member to be absent.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// `typ`.
    pub typ: Option<&'static str>,
    /// `cty`.
    pub cty: Option<&'static str>,
    /// Whether a `kid` must be there (or must not).
    pub kid: bool,
}

impl Expected {
    /// How many members of a header are named here.
    fn members(self) -> usize {
        usize::from(self.typ.is_some()) + usize::from(self.cty.is_some()) + usize::from(self.kid)
    }

    /// Whether `typ`, `cty` and `kid` are as expected.
    fn fits(self, header: &Map<String, Value>) -> bool {
        let member = |name: &str| header.get(name).and_then(Value::as_str);
        member("typ") == self.typ && member("cty") == self.cty && member("kid").is_some() == self.kid
    }
}

/// The five parts of a compact JWE, still as text.
struct Parts<'a> {
    protected: &'a str,
    key: &'a str,
    iv: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, JweError> {
        let mut parts = text.split('.');
        let (Some(protected), Some(key), Some(iv), Some(ciphertext), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JweError::Malformed);
        };
        Ok(Self { protected, key, iv, ciphertext, tag })
    }

    /// The protected header, read before anything else is decoded.
    fn header(&self) -> Result<Map<String, Value>, JweError> {
        if self.protected.len() > HEADER_JSON.bytes * 2 {
            return Err(JweError::Header);
        }
        parse_object(&read(self.protected)?, HEADER_JSON).map_err(|_| JweError::Header)
    }

    /// IV and ciphertext with its tag, at the one length AES-GCM has here.
    fn gcm(&self) -> Result<([u8; 12], Vec<u8>), JweError> {
        let (iv, mut sealed, tag) = (read(self.iv)?, read(self.ciphertext)?, read(self.tag)?);
        let nonce = <[u8; 12]>::try_from(iv.as_slice()).map_err(|_| JweError::Header)?;
        if tag.len() != 16 {
            return Err(JweError::Header);
        }
        sealed.extend_from_slice(&tag);
        Ok((nonce, sealed))
    }
}

fn read(part: &str) -> Result<Vec<u8>, JweError> {
    base64url::decode(part).ok_or(JweError::Malformed)
}

/// Opens AES-GCM in place; the buffer is wiped whether it opens or not.
fn open_gcm(
    algorithm: &'static Algorithm,
    key: &[u8],
    nonce: [u8; 12],
    protected: &str,
    mut sealed: Vec<u8>,
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length =
        cipher.open_in_place(nonce, Aad::from(protected.as_bytes()), &mut sealed).map(|plain| plain.len()).ok();
    let mut plain = Zeroizing::new(sealed);
    plain.truncate(length?);
    Some(plain)
}

/// The key a header's `epk` and a private key agree on, without anything around it.
#[cfg(test)]
pub(crate) fn agreement_of(
    epk: &Value,
    key: &super::jwk::PrivateJwk,
    algorithm: &'static str,
    length: usize,
) -> Option<Vec<u8>> {
    let context = agreement::Context { algorithm, apu: &[], apv: &[], length };
    agreement::Ephemeral::read(epk)?.derive(key, &context).map(|derived| derived.to_vec())
}
