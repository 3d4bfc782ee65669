//! The other side of `packet`: writes the one form that reader takes, from the same primitives (RFC 7516 §5.1).
//!
//! In: a recipient's public key, a plaintext. Out: a compact JWE. Ephemeral key, content key and IV are fresh for every
//! text, from AWS-LC's own randomness.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ParsedPublicKey, PrivateKey};
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use serde::Serialize;
use zeroize::Zeroizing;

use super::agreement::{Context, derive};
use super::packet::{ENC, WRAPPED};
use super::{Expected, JweError};
use crate::jose::base64url;
use crate::jose::jwk::{KeyAlg, Kind, PublicJwk};
use crate::limits::HEADER_JSON;

/// A recipient's key made ready: its point or modulus is read once.
pub(crate) struct SealingKey {
    kid: String,
    recipient: Recipient,
}

/// How the content key travels.
enum Recipient {
    Agreed(Kind, ParsedPublicKey),
    Rsa(OaepPublicEncryptingKey),
}

/// What no two texts share.
pub(super) struct Fresh {
    /// Of the recipient's kind; none for RSA.
    pub(super) ephemeral: Option<PrivateKey>,
    pub(super) content_key: Zeroizing<[u8; 32]>,
    pub(super) iv: [u8; 12],
}

/// The protected header.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    enc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cty: Option<&'static str>,
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    epk: Option<Epk>,
}

#[derive(Serialize)]
struct Epk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

impl SealingKey {
    /// Makes a key ready; `None` for a key that is not for packets.
    pub(crate) fn new(to: &PublicJwk) -> Option<Self> {
        let recipient = match to.alg {
            KeyAlg::EcdhEsA256kw if to.is(to.alg) => Recipient::Agreed(to.kind(), to.agreement_key()?),
            KeyAlg::RsaOaep256 if to.is(to.alg) => Recipient::Rsa(to.oaep_key()?),
            _ => return None,
        };
        Some(Self { kid: to.kid.clone(), recipient })
    }

    /// The key's id.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// Seals a text under the header a reader expects; `kid` always stands in it.
    ///
    /// # Errors
    /// [`JweError::Header`] for a `kid` no reader takes, [`JweError::Decrypt`] where the library refuses.
    pub(crate) fn seal(&self, plain: &[u8], expected: Expected) -> Result<String, JweError> {
        self.seal_with(plain, expected, &self.fresh().ok_or(JweError::Decrypt)?)
    }

    fn fresh(&self) -> Option<Fresh> {
        // Drawn at once: each call of the generator costs as much as a small hash.
        let mut bytes = Zeroizing::new([0; 44]);
        SystemRandom::new().fill(bytes.as_mut_slice()).ok()?;
        let (content_key, iv) = bytes.split_first_chunk::<32>()?;
        let ephemeral = match &self.recipient {
            Recipient::Agreed(_, peer) => Some(PrivateKey::generate(peer.alg()).ok()?),
            Recipient::Rsa(_) => None,
        };
        Some(Fresh { ephemeral, content_key: Zeroizing::new(*content_key), iv: *iv.first_chunk()? })
    }

    pub(super) fn seal_with(&self, plain: &[u8], expected: Expected, fresh: &Fresh) -> Result<String, JweError> {
        let (alg, epk, wrapped) = self.wrap(fresh).ok_or(JweError::Decrypt)?;
        let header = Header { alg: alg.as_str(), enc: ENC, typ: expected.typ, cty: expected.cty, kid: &self.kid, epk };
        let header = serde_json::to_vec(&header).map_err(|_| JweError::Header)?;
        if header.len() > HEADER_JSON.bytes {
            return Err(JweError::Header);
        }
        let mut text = Vec::with_capacity((header.len() + wrapped.len() + plain.len()) / 3 * 4 + 64);
        base64url::append(&mut text, &header);
        let mut body = plain.to_vec();
        let tag = encrypt(fresh, &text, &mut body).ok_or(JweError::Decrypt)?;
        for part in [wrapped.as_slice(), &fresh.iv, &body, &tag] {
            text.push(b'.');
            base64url::append(&mut text, part);
        }
        String::from_utf8(text).map_err(|_| JweError::Malformed)
    }

    /// Algorithm, ephemeral key and wrapped content key.
    fn wrap(&self, fresh: &Fresh) -> Option<(KeyAlg, Option<Epk>, Vec<u8>)> {
        match &self.recipient {
            Recipient::Agreed(kind, peer) => {
                let (alg, ephemeral) = (KeyAlg::EcdhEsA256kw, fresh.ephemeral.as_ref()?);
                let context = Context { algorithm: alg.as_str(), apu: &[], apv: &[], length: 32 };
                let wrapping = KeyEncryptionKey::new(&AES_256, &derive(ephemeral, peer.clone(), &context)?).ok()?;
                let mut wrapped = vec![0; WRAPPED];
                wrapping.wrap(fresh.content_key.as_slice(), &mut wrapped).ok()?;
                let point = ephemeral.compute_public_key().ok()?;
                Some((alg, Some(Epk::new(*kind, point.as_ref())?), wrapped))
            }
            Recipient::Rsa(key) => {
                let mut wrapped = vec![0; key.ciphertext_size()];
                let length =
                    key.encrypt(&OAEP_SHA256_MGF1SHA256, fresh.content_key.as_slice(), &mut wrapped, None).ok()?.len();
                (length == wrapped.len()).then_some((KeyAlg::RsaOaep256, None, wrapped))
            }
        }
    }
}

impl Epk {
    fn new(kind: Kind, point: &[u8]) -> Option<Self> {
        match kind {
            Kind::P256 => {
                let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
                Some(Self { kty: "EC", crv: "P-256", x: base64url::encode(x), y: Some(base64url::encode(y)) })
            }
            Kind::X25519 => Some(Self { kty: "OKP", crv: "X25519", x: base64url::encode(point), y: None }),
            Kind::P384 | Kind::Ed25519 | Kind::Rsa => None,
        }
    }
}

/// Encrypts in place and gives the tag.
fn encrypt(fresh: &Fresh, protected: &[u8], body: &mut [u8]) -> Option<[u8; 16]> {
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, fresh.content_key.as_slice()).ok()?);
    let nonce = Nonce::assume_unique_for_key(fresh.iv);
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(protected), body).ok()?;
    tag.as_ref().try_into().ok()
}

#[cfg(test)]
mod tests;
