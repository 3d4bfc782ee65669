//! Compact signatures (RFC 7515): `alg`, `typ`, `kid` in the header and nothing else.
//!
//! In: a payload and a private key, or a text and a public key. Out: a text, or the payload. Header
//! members that would name a key or an extension (`jku`, `jwk`, `x5c`, `crit`, `b64` ..) are refused.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::base64url;
use super::json::parse_object;
use super::jwk::{KeyAlg, PrivateJwk, PublicJwk};
use crate::limits::HEADER_JSON;

/// Why a compact signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three parts of strict base64url.
    #[error("not a compact JWS")]
    Malformed,
    /// The payload is over the limit.
    #[error("the signed payload is too large")]
    TooLarge,
    /// The header is not exactly `alg`, `typ`, `kid` as expected.
    #[error("the JWS header is not the expected one")]
    Header,
    /// The key is not the one named, has another algorithm, or the signature is wrong.
    #[error("the signature does not verify")]
    Signature,
    /// The private key cannot sign.
    #[error("the key cannot sign")]
    Key,
}

/// Signs a payload: compact form, header `{ alg, kid, typ }`.
///
/// # Errors
/// [`JwsError::Key`] for a key that is not for signatures.
pub fn sign(payload: &[u8], typ: &str, key: &PrivateJwk) -> Result<String, JwsError> {
    let header = Header { alg: key.alg().as_str(), kid: key.kid(), typ };
    let header = serde_json::to_vec(&header).map_err(|_| JwsError::Header)?;
    let mut text = Vec::with_capacity((header.len() + payload.len()) / 3 * 4 + 160);
    base64url::append(&mut text, &header);
    text.push(b'.');
    base64url::append(&mut text, payload);
    let signature = key.sign(&text).map_err(|_| JwsError::Key)?;
    text.push(b'.');
    base64url::append(&mut text, &signature);
    String::from_utf8(text).map_err(|_| JwsError::Malformed)
}

/// Signs a payload under a header of the caller's, for forms outside the packet such as a wallet's request (`x5c`, a DID
/// as `kid`). `alg` is the key's, whatever the header says.
///
/// # Errors
/// [`JwsError::Key`] for a key that is not for signatures.
pub fn sign_under(mut header: Map<String, Value>, payload: &[u8], key: &PrivateJwk) -> Result<String, JwsError> {
    header.insert("alg".to_owned(), key.alg().as_str().into());
    let header = serde_json::to_vec(&header).map_err(|_| JwsError::Header)?;
    let input = format!("{}.{}", base64url::encode(&header), base64url::encode(payload));
    let signature = key.sign(input.as_bytes()).map_err(|_| JwsError::Key)?;
    Ok(format!("{input}.{}", base64url::encode(&signature)))
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'a str,
}

/// A compact signature whose form and header are checked and whose signature is not yet.
pub struct Jws<'a> {
    input: &'a str,
    alg: KeyAlg,
    kid: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

crate::opaque_debug!(Jws<'_>);

/// RSA proves a party at the token endpoint alone and signs no document.
fn is_here(alg: KeyAlg) -> bool {
    !matches!(alg, KeyAlg::Ps256 | KeyAlg::Rs384)
}

impl<'a> Jws<'a> {
    /// Checks form and header. `typ` is the expected type; `None` expects a header without one.
    ///
    /// # Errors
    /// [`JwsError::Malformed`], [`JwsError::TooLarge`], [`JwsError::Header`].
    pub fn parse(text: &'a str, typ: Option<&str>, max_payload: usize) -> Result<Self, JwsError> {
        let (input, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = input.split_once('.').ok_or(JwsError::Malformed)?;
        if payload.len() / 4 * 3 > max_payload || header.len() > HEADER_JSON.bytes * 2 {
            return Err(JwsError::TooLarge);
        }
        let header = base64url::decode(header).ok_or(JwsError::Malformed)?;
        let header = parse_object(&header, HEADER_JSON).map_err(|_| JwsError::Header)?;
        let member = |name: &str| header.get(name).and_then(Value::as_str);
        let expected = if typ.is_some() { 3 } else { 2 };
        if header.len() != expected || member("typ") != typ {
            return Err(JwsError::Header);
        }
        Ok(Self {
            input,
            alg: member("alg").and_then(KeyAlg::from_name).filter(|alg| is_here(*alg)).ok_or(JwsError::Header)?,
            kid: member("kid").ok_or(JwsError::Header)?.to_owned(),
            payload: base64url::decode(payload).ok_or(JwsError::Malformed)?,
            signature: base64url::decode(signature).ok_or(JwsError::Malformed)?,
        })
    }

    /// The `kid` of the header: an index, nothing more.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Verifies with a key and hands out the payload.
    ///
    /// # Errors
    /// [`JwsError::Signature`], whatever the reason.
    pub fn verify(self, key: &PublicJwk) -> Result<Vec<u8>, JwsError> {
        let algorithm: &'static dyn VerificationAlgorithm = match self.alg {
            KeyAlg::Es256 => &ECDSA_P256_SHA256_FIXED,
            KeyAlg::Es384 => &ECDSA_P384_SHA384_FIXED,
            KeyAlg::EdDsa => &ED25519,
            KeyAlg::Ps256 | KeyAlg::Rs384 | KeyAlg::EcdhEsA256kw | KeyAlg::EcdhEs | KeyAlg::RsaOaep256 => {
                return Err(JwsError::Signature);
            }
        };
        if !key.is(self.alg) || key.kid != self.kid {
            return Err(JwsError::Signature);
        }
        UnparsedPublicKey::new(algorithm, key.bytes())
            .verify(self.input.as_bytes(), &self.signature)
            .map_err(|_| JwsError::Signature)?;
        Ok(self.payload)
    }
}

#[cfg(test)]
mod tests;
