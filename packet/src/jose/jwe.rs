//! The strict JWE reader: compact form, `ECDH-ES+A256KW` on P-256 with `A256GCM`, and nothing else.
//!
//! In: text from outsiders. Out: the plaintext, or one refusal that does not tell why. Our own code over
//! aws-lc-rs, because the library that seals takes short tags when it opens (security.md §0.1).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, UnparsedPublicKey, agree};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrap};
use serde_json::Value;
use zeroize::Zeroizing;

use super::base64url;
use super::json::parse_object;
use super::jwk::{KeyAlg, PrivateJwk, ephemeral_point};
use crate::limits::HEADER_JSON;

/// The key management algorithm of a packet.
pub const ALG: &str = "ECDH-ES+A256KW";
/// The content encryption of a packet.
pub const ENC: &str = "A256GCM";

/// Why a compact JWE is refused before decryption, or that it does not decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
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

/// A compact JWE whose form, header and lengths are checked.
pub struct Jwe<'a> {
    protected: &'a str,
    kid: Option<String>,
    ephemeral: Vec<u8>,
    wrapped: Vec<u8>,
    nonce: [u8; 12],
    /// Ciphertext with its 16-byte tag.
    sealed: Vec<u8>,
}

crate::opaque_debug!(Jwe<'_>);

impl<'a> Jwe<'a> {
    /// Checks form, header and lengths: encrypted key 40 bytes, IV 12, tag 16, `epk` on the curve.
    ///
    /// # Errors
    /// [`JweError::Malformed`], [`JweError::Header`].
    pub fn parse(text: &'a str, expected: Expected) -> Result<Self, JweError> {
        let mut parts = text.split('.');
        let (Some(protected), Some(wrapped), Some(iv), Some(ciphertext), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JweError::Malformed);
        };
        if protected.len() > HEADER_JSON.bytes * 2 {
            return Err(JweError::Header);
        }
        let read = |part: &str| base64url::decode(part).ok_or(JweError::Malformed);
        let (kid, ephemeral) = read_header(&read(protected)?, expected)?;
        let (wrapped, iv, mut sealed, tag) = (read(wrapped)?, read(iv)?, read(ciphertext)?, read(tag)?);
        let nonce = <[u8; 12]>::try_from(iv.as_slice()).map_err(|_| JweError::Header)?;
        if tag.len() != 16 || wrapped.len() != 40 {
            return Err(JweError::Header);
        }
        sealed.extend_from_slice(&tag);
        Ok(Self { protected, kid, ephemeral, wrapped, nonce, sealed })
    }

    /// The `kid` of the header.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Decrypts with the key the `kid` names, or with the only one when there is no `kid`.
    ///
    /// The work is the same whether the key is unknown, the wrapped key is wrong or the tag is wrong.
    ///
    /// # Errors
    /// [`JweError::Decrypt`], whatever the reason.
    pub fn decrypt(mut self, keys: &[PrivateJwk]) -> Result<Zeroizing<Vec<u8>>, JweError> {
        let mut usable = keys.iter().filter(|key| key.is(KeyAlg::EcdhEsA256kw));
        let any = usable.clone().next();
        let named = usable.find(|key| self.kid().is_none_or(|kid| kid == key.kid()));
        let key = named.or(any).ok_or(JweError::Decrypt)?;
        let wrapping = self.wrapping_key(key).ok_or(JweError::Decrypt)?;
        let mut content = Zeroizing::new([0_u8; 32]);
        let unwrapped = KeyEncryptionKey::new(&AES_256, wrapping.as_slice())
            .and_then(|kek| kek.unwrap(&self.wrapped, content.as_mut_slice()).map(|key| key.len() == 32));
        let known = named.is_some() && unwrapped.is_ok_and(|whole| whole);
        let cipher = UnboundKey::new(&AES_256_GCM, content.as_slice()).map_err(|_| JweError::Decrypt)?;
        let aad = Aad::from(self.protected.as_bytes());
        let opened =
            LessSafeKey::new(cipher).open_in_place(Nonce::assume_unique_for_key(self.nonce), aad, &mut self.sealed);
        let length = opened.map(|plain| plain.len());
        let mut plain = Zeroizing::new(self.sealed);
        match length {
            Ok(length) if known => {
                plain.truncate(length);
                Ok(plain)
            }
            _ => Err(JweError::Decrypt),
        }
    }

    /// ECDH-ES: the agreed secret through the Concat KDF (RFC 7518 §4.6.2), no party information.
    fn wrapping_key(&self, key: &PrivateJwk) -> Option<Zeroizing<[u8; 32]>> {
        let private = key.agreement_key().ok()?;
        let kdf = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
        let info = other_info();
        agree(&private, UnparsedPublicKey::new(&ECDH_P256, &self.ephemeral), (), |secret| {
            let mut wrapping = Zeroizing::new([0; 32]);
            sskdf_digest(kdf, secret, &info, wrapping.as_mut_slice()).map_err(|_| ())?;
            Ok(wrapping)
        })
        .ok()
    }
}

/// `AlgorithmID ‖ PartyUInfo ‖ PartyVInfo ‖ SuppPubInfo`: 14 characters, two empty parties, 256 bits.
fn other_info() -> Vec<u8> {
    [&[0, 0, 0, 14], ALG.as_bytes(), &[0; 4], &[0; 4], &[0, 0, 1, 0]].concat()
}

/// Reads the protected header by constraint: the expected members and no other.
fn read_header(json: &[u8], expected: Expected) -> Result<(Option<String>, Vec<u8>), JweError> {
    let header = parse_object(json, HEADER_JSON).map_err(|_| JweError::Header)?;
    let member = |name: &str| header.get(name).and_then(Value::as_str);
    let members =
        3 + usize::from(expected.typ.is_some()) + usize::from(expected.cty.is_some()) + usize::from(expected.kid);
    let kid = member("kid").map(str::to_owned);
    let fits = header.len() == members
        && member("alg") == Some(ALG)
        && member("enc") == Some(ENC)
        && member("typ") == expected.typ
        && member("cty") == expected.cty
        && kid.is_some() == expected.kid;
    let ephemeral = header.get("epk").and_then(ephemeral_point).filter(|_| fits).ok_or(JweError::Header)?;
    Ok((kid, ephemeral))
}

#[cfg(test)]
mod tests;
