//! The sealed packet: a compact JWE for one recipient (packet.md, layer 5), as it travels.

use crate::jose::digest;
use crate::jose::jwe::Expected;
use crate::limits::SEALED_BYTES;
use crate::manifest::{SEALED_TYP, TYP};
use crate::open::OpenError;

/// The outer header of a packet.
pub(crate) const OUTER: Expected = Expected { typ: Some(SEALED_TYP), cty: Some(TYP), kid: true };

/// A sealed packet: five parts of base64url, within the bounds. Nothing else is checked yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

crate::opaque_debug!(Sealed);

impl Sealed {
    /// Takes a text as a sealed packet, checking size and shape.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`], [`OpenError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        if text.len() > SEALED_BYTES {
            return Err(OpenError::TooLarge("a sealed packet holds a presentation of at most 8 MiB"));
        }
        let count = |of: fn(u8) -> u8| -> usize {
            // Chunks that a byte can count: without a branch and without widening this takes microseconds.
            text.as_bytes()
                .chunks(128)
                .map(|chunk| usize::from(chunk.iter().fold(0, |sum, byte| sum + of(*byte))))
                .sum()
        };
        let shaped = count(letter) == text.len() && count(|byte| u8::from(byte == b'.')) == 4;
        if shaped { Ok(Self(text.to_owned())) } else { Err(OpenError::Malformed) }
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
