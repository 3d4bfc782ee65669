//! Other forms of a delivery than the packet, sealed in the same cover: a JWE whose `cty` says which form it is.
//!
//! In: what an adapter wrote, and an approved key. Out: a compact JWE; and back, for recipients. What was sealed as one
//! form, or as a packet, is never opened as another.

use zeroize::Zeroizing;

use crate::jose::jwe::{Expected, Jwe, JweError};
use crate::jose::jwk::PrivateJwk;
use crate::manifest::SEALED_TYP;

/// A form a recipient can be registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Signed document Bundles (FHIR R4) in a collection.
    FhirBundle,
    /// Flat fields, a compact JWS.
    Fields,
    /// The key of a file whose bytes travel in segments, with its digests; no form of a delivery.
    AttachmentKey,
}

impl Form {
    pub(crate) fn expected(self) -> Expected {
        let cty = match self {
            Self::FhirBundle => "fhir+json",
            Self::Fields => "claim-fields+jwt",
            Self::AttachmentKey => "claim-attachment-key+json",
        };
        Expected { typ: Some(SEALED_TYP), cty: Some(cty), kid: true }
    }
}

/// Opens what was sealed in this form. Bounding the text is the caller's.
///
/// # Errors
/// [`JweError`]: another header, an unknown key, changed bytes.
pub fn open(text: &str, form: Form, keys: &[PrivateJwk]) -> Result<Zeroizing<Vec<u8>>, JweError> {
    Jwe::parse(text, form.expected())?.decrypt(keys)
}
