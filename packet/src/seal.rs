//! Sealing a presentation or an attachment to one recipient's key (packet.md, layer 5).
//!
//! In: a presentation or bytes, and an approved encryption key. Out: a compact JWE. Made of the primitives the strict
//! reader is made of (`jose::jwe::sealing`); other people's libraries open it in tests.

use std::fmt;

use crate::form::Form;
use crate::jose::jwe::Expected;
use crate::jose::jwe::sealing::SealingKey;
use crate::jose::jwk::PublicJwk;
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

/// A recipient's key made ready for sealing: whoever seals often to one recipient keeps it.
pub struct Sealer(SealingKey);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.kid())
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
        SealingKey::new(to).map(Self).ok_or(SealError::Key)
    }

    /// The id of the key it seals to.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.kid()
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
        self.encrypt(content, ATTACHMENT).map(SealedAttachment::made)
    }

    /// Seals another form of the delivery, whose signature is inside.
    ///
    /// # Errors
    /// [`SealError::Failed`].
    pub fn seal_form(&self, content: &[u8], form: Form) -> Result<String, SealError> {
        self.encrypt(content, form.expected())
    }

    fn encrypt(&self, plain: &[u8], expected: Expected) -> Result<String, SealError> {
        self.0.seal(plain, expected).map_err(|_| SealError::Failed)
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

#[cfg(test)]
mod tests;
