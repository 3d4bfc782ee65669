//! Sealing a presentation or an attachment to one recipient's key (packet.md, layer 5). The one place that calls josekit.
//!
//! In: a presentation or bytes, and an approved encryption key. Out: a compact JWE. josekit draws the ephemeral key,
//! content key and IV from OpenSSL; it never decrypts here (security.md §0.1).

use std::fmt;

use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
use josekit::jwe::{JweEncrypter, JweHeader, serialize_compact};
use josekit::jwk::Jwk;
use josekit::{JoseError, Value};

use crate::jose::jwe::{self, ENC, Expected};
use crate::jose::jwk::{KeyAlg, PublicJwk};
use crate::limits::ATTACHMENT_BYTES;
use crate::sealed::{ATTACHMENT, OUTER, Sealed, SealedAttachment};
use crate::signed::Presentation;

/// Why a presentation cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not for `ECDH-ES+A256KW` or `RSA-OAEP-256`.
    #[error("the key is not an encryption key for packets")]
    Key,
    /// An attachment of more than 20 MiB.
    #[error("an attachment is at most 20 MiB")]
    TooLarge,
    /// The library refused, or wrote something this crate would not open.
    #[error("the packet could not be sealed")]
    Failed,
}

/// A recipient's key made ready for sealing. Making it ready takes longer than sealing a small packet: whoever seals
/// often to one recipient keeps it.
pub struct Sealer {
    encrypter: Box<dyn JweEncrypter>,
    kid: String,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.kid)
    }
}

impl Sealer {
    /// Makes a key ready.
    ///
    /// Which of a recipient's keys counts now is the caller's: see `JwkSet::newest`.
    ///
    /// # Errors
    /// [`SealError::Key`].
    pub fn new(to: &PublicJwk) -> Result<Self, SealError> {
        if !(to.alg.seals_packets() && to.is(to.alg)) {
            return Err(SealError::Key);
        }
        let encrypter = encrypter(to).map_err(|_| SealError::Key)?;
        Ok(Self { encrypter, kid: to.kid.clone() })
    }

    /// Seals a presentation. Each call makes a fresh ephemeral key, content key and IV.
    ///
    /// # Errors
    /// [`SealError::Failed`].
    pub fn seal(&self, presentation: &Presentation) -> Result<Sealed, SealError> {
        self.encrypt(presentation.as_str().as_bytes(), OUTER).map(Sealed::made)
    }

    /// Seals an attachment's bytes in the same way. Which attachment it is says the signed evidence, by the digest of
    /// these bytes.
    ///
    /// # Errors
    /// [`SealError::TooLarge`], [`SealError::Failed`].
    pub fn seal_attachment(&self, content: &[u8]) -> Result<SealedAttachment, SealError> {
        if !u64::try_from(content.len()).is_ok_and(|bytes| bytes <= ATTACHMENT_BYTES) {
            return Err(SealError::TooLarge);
        }
        let text = self.encrypt(content, ATTACHMENT)?;
        SealedAttachment::parse(&text).map_err(|_| SealError::Failed)
    }

    fn encrypt(&self, plain: &[u8], expected: Expected) -> Result<String, SealError> {
        let mut header = JweHeader::new();
        if let (Some(typ), Some(cty)) = (expected.typ, expected.cty) {
            header.set_token_type(typ);
            header.set_content_type(cty);
        }
        header.set_key_id(&self.kid);
        header.set_content_encryption(ENC);
        let text = serialize_compact(plain, &header, self.encrypter.as_ref()).map_err(|_| SealError::Failed)?;
        let readable = jwe::packet::header_kid(&text, expected).is_ok_and(|kid| kid.as_ref() == Some(&self.kid));
        if readable { Ok(text) } else { Err(SealError::Failed) }
    }
}

impl Presentation {
    /// Seals the presentation to a key, once: see [`Sealer`].
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, to: &PublicJwk) -> Result<Sealed, SealError> {
        Sealer::new(to)?.seal(self)
    }
}

/// Seals an attachment's bytes to a key, once: see [`Sealer`].
///
/// # Errors
/// [`SealError`].
pub fn seal_attachment(content: &[u8], to: &PublicJwk) -> Result<SealedAttachment, SealError> {
    Sealer::new(to)?.seal_attachment(content)
}

fn encrypter(to: &PublicJwk) -> Result<Box<dyn JweEncrypter>, JoseError> {
    let mut key = Jwk::new("");
    for (name, value) in to.parameters() {
        key.set_parameter(name, Some(Value::from(value)))?;
    }
    Ok(if to.alg == KeyAlg::RsaOaep256 {
        Box::new(RsaesJweAlgorithm::RsaOaep256.encrypter_from_jwk(&key)?)
    } else {
        Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.encrypter_from_jwk(&key)?)
    })
}

#[cfg(test)]
mod tests;
