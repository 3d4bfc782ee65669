//! The sealed packet and the sealed attachment: a compact JWE for one recipient (packet.md, layer 5), as it travels.

use crate::jose::digest;
use crate::jose::jwe::Expected;
use crate::limits::{SEALED_ATTACHMENT_BYTES, SEALED_BYTES};
use crate::manifest::{ATTACHMENT_CTY, SEALED_TYP, TYP};
use crate::open::{AttachmentError, OpenError};

/// The outer header of a packet.
pub(crate) const OUTER: Expected = Expected { typ: Some(SEALED_TYP), cty: Some(TYP), kid: true };

/// The outer header of an attachment: what was sealed as the one is never opened as the other.
pub(crate) const ATTACHMENT: Expected = Expected { typ: Some(SEALED_TYP), cty: Some(ATTACHMENT_CTY), kid: true };

/// A sealed packet: five parts of base64url, within the bounds. Nothing else is checked yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

/// A sealed attachment: five parts of base64url, within the bounds. Nothing else is checked yet.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedAttachment(String);

crate::opaque_debug!(Sealed, SealedAttachment);

impl Sealed {
    /// Takes a text as a sealed packet, checking size and shape.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`], [`OpenError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        if text.len() > SEALED_BYTES {
            return Err(OpenError::TooLarge("a sealed packet holds a presentation of at most 8 MiB"));
        }
        if is_compact(text) { Ok(Self(text.to_owned())) } else { Err(OpenError::Malformed) }
    }

    /// Takes what was just sealed.
    #[cfg(feature = "seal")]
    pub(crate) fn made(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text, base64url. Differs each time the same presentation is sealed.
    #[must_use]
    pub fn digest(&self) -> String {
        digest::sha256_text(self.0.as_bytes())
    }
}

impl SealedAttachment {
    /// Takes a text as a sealed attachment, checking size and shape.
    ///
    /// # Errors
    /// [`AttachmentError::TooLarge`], [`AttachmentError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, AttachmentError> {
        if text.len() > SEALED_ATTACHMENT_BYTES {
            return Err(AttachmentError::TooLarge);
        }
        if is_compact(text) { Ok(Self(text.to_owned())) } else { Err(AttachmentError::Malformed) }
    }

    /// Takes what was just sealed.
    #[cfg(feature = "seal")]
    pub(crate) fn made(text: String) -> Self {
        Self(text)
    }

    /// The text, as it travels (`application/jose`).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text, base64url. Differs each time the same bytes are sealed.
    #[must_use]
    pub fn digest(&self) -> String {
        digest::sha256_text(self.0.as_bytes())
    }
}

/// Five parts of base64url letters.
fn is_compact(text: &str) -> bool {
    let count = |of: fn(u8) -> u8| -> usize {
        // Chunks that a byte can count: without a branch and without widening this takes microseconds.
        text.as_bytes().chunks(128).map(|chunk| usize::from(chunk.iter().fold(0, |sum, byte| sum + of(*byte)))).sum()
    };
    count(letter) == text.len() && count(|byte| u8::from(byte == b'.')) == 4
}

/// 1 for base64url and `.`, 0 for anything else.
fn letter(byte: u8) -> u8 {
    let within = |first: u8, count: u8, byte: u8| u8::from(byte.wrapping_sub(first) < count);
    let is = |sign: u8| u8::from(byte == sign);
    within(b'a', 26, byte | 0x20) | within(b'0', 10, byte) | is(b'-') | is(b'_') | is(b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_are_those_of_base64url_and_the_dot() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            assert_eq!(letter(byte), u8::from(expected), "{byte}");
        }
    }
}
