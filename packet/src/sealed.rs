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
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let shaped = text.bytes().all(letters) && text.bytes().filter(|byte| *byte == b'.').count() == 4;
        if shaped { Ok(Self(text.to_owned())) } else { Err(OpenError::Malformed) }
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
