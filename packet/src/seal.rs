//! Sealing a presentation or an attachment to one recipient's key (packet.md, layer 5). The one place that calls josekit.
//!
//! In: a presentation or bytes, and an approved encryption key. Out: a compact JWE. josekit draws the ephemeral key,
//! content key and IV from OpenSSL; it never decrypts here (security.md §0.1).

use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::{JweHeader, serialize_compact};
use josekit::jwk::Jwk;
use josekit::{JoseError, Value};

use crate::jose::jwe::{ENC, Expected, Jwe};
use crate::jose::jwk::{KeyAlg, PublicJwk};
use crate::limits::ATTACHMENT_BYTES;
use crate::sealed::{ATTACHMENT, OUTER, Sealed, SealedAttachment};
use crate::signed::Presentation;

/// Why a presentation cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not for `ECDH-ES+A256KW`.
    #[error("the key is not an encryption key for packets")]
    Key,
    /// An attachment of more than 20 MiB.
    #[error("an attachment is at most 20 MiB")]
    TooLarge,
    /// The library refused, or wrote something this crate would not open.
    #[error("the packet could not be sealed")]
    Failed,
}

impl Presentation {
    /// Seals the presentation to a key. Each call makes a fresh ephemeral key, content key and IV.
    ///
    /// Which of a recipient's keys counts now is the caller's: see `JwkSet::newest`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, to: &PublicJwk) -> Result<Sealed, SealError> {
        let text = seal(self.as_str().as_bytes(), OUTER, to)?;
        Sealed::parse(&text).map_err(|_| SealError::Failed)
    }
}

/// Seals an attachment's bytes to a key, as [`Presentation::seal`] does with a presentation. Which attachment it is
/// says the signed evidence, by the digest of these bytes.
///
/// # Errors
/// [`SealError`].
pub fn seal_attachment(content: &[u8], to: &PublicJwk) -> Result<SealedAttachment, SealError> {
    if !u64::try_from(content.len()).is_ok_and(|bytes| bytes <= ATTACHMENT_BYTES) {
        return Err(SealError::TooLarge);
    }
    let text = seal(content, ATTACHMENT, to)?;
    SealedAttachment::parse(&text).map_err(|_| SealError::Failed)
}

fn seal(plain: &[u8], header: Expected, to: &PublicJwk) -> Result<String, SealError> {
    if !to.is(KeyAlg::EcdhEsA256kw) {
        return Err(SealError::Key);
    }
    let text = encrypt(plain, header, to).map_err(|_| SealError::Failed)?;
    let readable = Jwe::parse(&text, header).is_ok_and(|jwe| jwe.kid() == Some(&to.kid));
    if readable { Ok(text) } else { Err(SealError::Failed) }
}

fn encrypt(plain: &[u8], expected: Expected, to: &PublicJwk) -> Result<String, JoseError> {
    let mut key = Jwk::new("EC");
    for (name, value) in [("crv", "P-256"), ("x", to.x()), ("y", to.y())] {
        key.set_parameter(name, Some(Value::from(value)))?;
    }
    let encrypter = EcdhEsJweAlgorithm::EcdhEsA256kw.encrypter_from_jwk(&key)?;
    let mut header = JweHeader::new();
    if let (Some(typ), Some(cty)) = (expected.typ, expected.cty) {
        header.set_token_type(typ);
        header.set_content_type(cty);
    }
    header.set_key_id(&to.kid);
    header.set_content_encryption(ENC);
    serialize_compact(plain, &header, &encrypter)
}
