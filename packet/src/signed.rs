//! A signed packet with all its disclosures, and the presentation of each recipient (packet.md, layers 3, 4).
//!
//! In: a signed draft, or the bytes it was stored as. Out: what one recipient may see. Must be stored
//! encrypted: it holds everything. Signatures are not checked here, openers do that.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::disclosure::Disclosure;
use crate::jose::json::parse_object;
use crate::jose::{base64url, digest};
use crate::limits::{MANIFEST_JSON, PRESENTATION_BYTES};
use crate::manifest::{Manifest, RecipientElement};
use crate::sdjwt::SdJwt;
use crate::unfold::unfold;
use crate::words::Line;

/// Why a signed packet cannot be read back, or presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Not what [`Signed::to_stored`] writes.
    #[error("the stored packet cannot be read")]
    Malformed,
    /// The packet names no such recipient and line.
    #[error("the packet names no such recipient")]
    NoRecipient,
    /// The presentation is over 8 MiB.
    #[error("the presentation is over 8 MiB")]
    TooLarge,
}

/// A signed packet: the manifest and every disclosure.
pub struct Signed {
    parts: SdJwt,
    packet_id: String,
    recipients: Vec<Recipient>,
    /// Where the disclosure of a digest stands in `parts`.
    places: HashMap<String, usize>,
}

struct Recipient {
    element: RecipientElement,
    place: usize,
}

crate::opaque_debug!(Signed);

impl Signed {
    /// From what a draft made: the manifest, each disclosure with its digest, the recipients' elements.
    #[must_use]
    pub(crate) fn made(
        jwt: String,
        packet_id: String,
        disclosures: Vec<(String, String)>,
        elements: Vec<(String, RecipientElement)>,
    ) -> Option<Self> {
        let (digests, disclosures): (Vec<String>, Vec<String>) = disclosures.into_iter().unzip();
        Self::assemble(SdJwt { jwt, disclosures }, packet_id, digests, elements)
    }

    fn assemble(
        parts: SdJwt,
        packet_id: String,
        digests: Vec<String>,
        elements: Vec<(String, RecipientElement)>,
    ) -> Option<Self> {
        let places: HashMap<String, usize> = digests.into_iter().zip(0..).collect();
        let recipients = elements.into_iter().map(|(digest, element)| {
            let held = element.grants.iter().all(|digest| places.contains_key(digest));
            places.get(&digest).filter(|_| held).map(|place| Recipient { element, place: *place })
        });
        let recipients = recipients.collect::<Option<Vec<_>>>()?;
        Some(Self { parts, packet_id, recipients, places })
    }

    /// Reads a packet back; of its disclosures only the recipients' elements are looked into.
    fn read(parts: SdJwt) -> Option<Self> {
        let payload = parts.jwt.split('.').nth(1).and_then(base64url::decode)?;
        let manifest = Manifest::read(&payload).ok()?;
        let digests: Vec<String> = parts.disclosures.iter().map(|text| digest::sha256_text(text.as_bytes())).collect();
        let named: HashSet<&str> = manifest.recipient_digests().collect();
        let mut elements = Vec::new();
        for (digest, text) in digests.iter().zip(&parts.disclosures) {
            if named.contains(digest.as_str()) {
                elements.push((digest.clone(), RecipientElement::read(Disclosure::read(text)?.value)?));
            }
        }
        Self::assemble(parts, manifest.packet_id, digests, elements)
    }

    /// The compact JWT: the manifest with its signature.
    #[must_use]
    pub fn jwt(&self) -> &str {
        &self.parts.jwt
    }

    /// The packet id.
    #[must_use]
    pub fn packet_id(&self) -> &str {
        &self.packet_id
    }

    /// The recipients the manifest names.
    pub fn recipients(&self) -> impl Iterator<Item = &RecipientElement> {
        self.recipients.iter().map(|recipient| &recipient.element)
    }

    /// SHA-256 of the compact JWS: the leaf of the public log.
    #[must_use]
    pub fn manifest_digest(&self) -> [u8; 32] {
        digest::sha256(self.parts.jwt.as_bytes())
    }

    /// The packet as one SD-JWT with every disclosure, for storage under the claim's data key.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        self.parts.to_string().into_bytes()
    }

    /// Reads what [`Signed::to_stored`] wrote.
    ///
    /// # Errors
    /// [`SignedError::Malformed`].
    pub fn from_stored(bytes: &[u8]) -> Result<Self, SignedError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SignedError::Malformed)?;
        SdJwt::parse(text).and_then(Self::read).ok_or(SignedError::Malformed)
    }

    /// What one recipient gets: the manifest, its own element, exactly its grants.
    ///
    /// # Errors
    /// [`SignedError::NoRecipient`], [`SignedError::TooLarge`].
    pub fn presentation(&self, aud: &str, line: Line) -> Result<Presentation, SignedError> {
        let (texts, size) = self.texts(aud, line)?;
        let mut presentation = String::with_capacity(size);
        for text in std::iter::once(self.parts.jwt.as_str()).chain(texts) {
            presentation.push_str(text);
            presentation.push('~');
        }
        Ok(Presentation(presentation))
    }

    /// What one recipient's presentation shows: each document by evidence id, in the form of
    /// [`Evidence::to_json`](crate::evidence::Evidence::to_json), without the parts it was not granted.
    ///
    /// For whoever keeps packets and must say later what was disclosed. It checks no signature.
    ///
    /// # Errors
    /// [`SignedError::NoRecipient`], [`SignedError::Malformed`].
    pub fn disclosed(&self, aud: &str, line: Line) -> Result<Map<String, Value>, SignedError> {
        let (texts, _) = self.texts(aud, line)?;
        let read = || {
            let payload = parse_object(&self.parts.jwt.split('.').nth(1).and_then(base64url::decode)?, MANIFEST_JSON);
            let disclosures = texts.into_iter().map(Disclosure::read).collect::<Option<Vec<_>>>()?;
            match unfold(payload.ok()?, disclosures).ok()?.remove("evidence")? {
                Value::Object(evidence) => Some(evidence),
                _ => None,
            }
        };
        read().ok_or(SignedError::Malformed)
    }

    /// Whether a presentation can be made, without making it.
    pub(crate) fn presents(&self, aud: &str, line: Line) -> Result<(), SignedError> {
        self.texts(aud, line).map(|_| ())
    }

    /// The disclosures of a recipient, its own element and then its grants, and the size of its presentation.
    fn texts(&self, aud: &str, line: Line) -> Result<(Vec<&str>, usize), SignedError> {
        let recipient = self
            .recipients
            .iter()
            .find(|recipient| recipient.element.aud == aud && recipient.element.line == line)
            .ok_or(SignedError::NoRecipient)?;
        let granted = recipient.element.grants.iter().map(|digest| self.places.get(digest).copied());
        let texts = std::iter::once(Some(recipient.place))
            .chain(granted)
            .map(|place| place.and_then(|place| self.parts.disclosures.get(place)).map(String::as_str))
            .collect::<Option<Vec<_>>>()
            .ok_or(SignedError::Malformed)?;
        // Each part and its `~`.
        let size = self.parts.jwt.len() + 1 + texts.iter().map(|text| text.len() + 1).sum::<usize>();
        if size > PRESENTATION_BYTES { Err(SignedError::TooLarge) } else { Ok((texts, size)) }
    }
}

/// What one recipient may see: `manifest~disclosure~..~`.
#[derive(Clone, PartialEq, Eq)]
pub struct Presentation(pub(crate) String);

crate::opaque_debug!(Presentation);

impl Presentation {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text, base64url: the same however often it is sealed.
    #[must_use]
    pub fn digest(&self) -> String {
        digest::sha256_text(self.0.as_bytes())
    }
}
