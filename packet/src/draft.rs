//! A draft becomes a signed packet: one disclosure per evidence document, per part of one and per recipient.
//!
//! In: verified evidence, who is granted which, a packet key, randomness handed in. Out: [`Signed`], its digests
//! sorted and padded. Knows nothing of consent: what a recipient may get is decided before.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::evidence::Evidence;
use crate::jose::jwk::PrivateJwk;
use crate::jose::jws;
pub use crate::manifest::ClaimRef;
use crate::manifest::{RecipientElement, SD_ALG, TYP, VERSION};
use crate::signed::{Signed, SignedError};
use crate::words::{Line, Purpose};

mod chance;
mod check;
mod parts;

use chance::Pool;
use parts::Granted;

/// A packet before it is signed.
pub struct Draft {
    /// The gateway's URI.
    pub issuer: String,
    /// When it is signed; cut to whole seconds.
    pub issued_at: Timestamp,
    /// Packet id, `pkt_` + UUIDv7.
    pub packet_id: String,
    /// The claim.
    pub claim: ClaimRef,
    /// All evidence any recipient is granted.
    pub evidence: Vec<Evidence>,
    /// The parts of that evidence a recipient gets only where it is granted them.
    pub parts: Vec<Part>,
    /// The recipients whose granted content changed.
    pub recipients: Vec<RecipientDraft>,
}

/// A member of an evidence document that is disclosed apart (RFC 9901 §4.2.6, recursive disclosures).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The id of the evidence.
    pub evidence: String,
    /// Where in its `document`: a JSON pointer (RFC 6901) to a member of an object, for example `/patient/address`.
    pub pointer: String,
}

/// A recipient before its grants are digests.
pub struct RecipientDraft {
    /// The recipient's address.
    pub aud: String,
    /// Party id in the registry.
    pub party: String,
    /// Line of insurance.
    pub line: Line,
    /// What the data may be used for.
    pub purpose: Purpose,
    /// Counts from 1 per recipient, without gaps.
    pub revision: u32,
    /// The packet this one replaces; exactly where `revision` is above 1.
    pub supersedes: Option<String>,
    /// The ids of the evidence granted.
    pub evidence: Vec<String>,
    /// The parts granted, of evidence granted; a part inside a part needs the outer one too.
    pub parts: Vec<Part>,
    /// What an indemnity line may know of the others.
    pub coordination: Option<Value>,
}

crate::opaque_debug!(Draft, RecipientDraft);

/// The signed payload as it is written.
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    iat: i64,
    jti: &'a str,
    ver: u64,
    claim: &'a ClaimRef,
    evidence: Members,
    recipients: Vec<Element>,
    #[serde(rename = "_sd_alg")]
    sd_alg: &'static str,
}

/// Members that are disclosed (RFC 9901 §4.2.4.1).
#[derive(Serialize)]
struct Members {
    #[serde(rename = "_sd")]
    digests: Vec<String>,
}

/// An array element that is disclosed (RFC 9901 §4.2.4.2).
#[derive(Serialize)]
struct Element {
    #[serde(rename = "...")]
    digest: String,
}

/// Why a draft is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A bound of packet.md is exceeded, which is named.
    #[error("the packet is too large: {0}")]
    TooLarge(&'static str),
    /// An id, address or issuer is empty, too long or of another form; the member is named.
    #[error("{0} has not the form a packet needs")]
    Form(&'static str),
    /// Two documents have one id, or two recipients one address and line.
    #[error("{0} stands twice")]
    Twice(&'static str),
    /// A recipient is granted evidence that is not in the draft.
    #[error("a recipient is granted evidence the draft does not hold")]
    UnknownEvidence,
    /// A part names no member of its document or stands in a part that is not granted, or the document does not fit
    /// its schema without it.
    #[error("a part must be a member of its document, within what is granted, and one the schema can do without")]
    Part,
    /// A document or coordination element has a member named `_sd` or `...`.
    #[error("a document has a member named _sd or ...")]
    ReservedName,
    /// The key is not for ES256 or EdDSA, or does not count at the time of signing.
    #[error("the key cannot sign packets at this time")]
    Key,
    /// The randomness handed in repeats itself.
    #[error("the randomness repeats itself")]
    Randomness,
    /// The packet could not be written, or could not be read back.
    #[error("the packet could not be written")]
    Failed,
}

impl From<serde_json::Error> for SignError {
    fn from(_: serde_json::Error) -> Self {
        Self::Failed
    }
}

impl From<SignedError> for SignError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::TooLarge => Self::TooLarge("a presentation is at most 8 MiB"),
            SignedError::Malformed | SignedError::NoRecipient => Self::Failed,
        }
    }
}

impl Draft {
    /// Checks and signs the draft. `fill` fills a buffer with fresh random bytes.
    ///
    /// Every presentation is looked at, so that nothing is signed that could not be sealed.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, key: &PrivateJwk, fill: &mut dyn FnMut(&mut [u8])) -> Result<Signed, SignError> {
        check::check(self)?;
        if !key.alg().signs_packets() || !key.valid_at(self.issued_at) {
            return Err(SignError::Key);
        }
        let mut pool = Pool::new(fill);
        let granted = self.disclose(&mut pool)?;
        let evidence = pool.pad_to_steps(granted.evidence())?;
        let mut elements = Vec::new();
        for recipient in &self.recipients {
            let element = element(recipient, &granted)?;
            let digest = pool.disclose(None, &element)?;
            elements.push((digest, element));
        }
        let recipients = pool.pad_to_steps(elements.iter().map(|(digest, _)| digest.clone()).collect())?;

        let payload = serde_json::to_vec(&Payload {
            iss: &self.issuer,
            iat: self.issued_at.as_second(),
            jti: &self.packet_id,
            ver: VERSION,
            claim: &self.claim,
            evidence: Members { digests: evidence },
            recipients: recipients.into_iter().map(|digest| Element { digest }).collect(),
            sd_alg: SD_ALG,
        })?;
        let jwt = jws::sign(&payload, TYP, key).map_err(|_| SignError::Key)?;
        let signed = Signed::made(jwt, self.packet_id.clone(), pool.disclosures, elements).ok_or(SignError::Failed)?;
        for recipient in &self.recipients {
            signed.presents(&recipient.aud, recipient.line)?;
        }
        Ok(signed)
    }

    /// Discloses every document, its parts apart from it.
    fn disclose(&self, pool: &mut Pool<'_>) -> Result<Granted, SignError> {
        let mut granted = Granted::default();
        for evidence in &self.evidence {
            let digest = if self.parts.iter().any(|part| part.evidence == evidence.id) {
                let mut document = evidence.to_json()?;
                granted.separate(&evidence.id, &mut document, &self.parts, pool)?;
                pool.disclose(Some(&evidence.id), &document)?
            } else {
                pool.disclose(Some(&evidence.id), evidence)?
            };
            granted.whole(&evidence.id, digest);
        }
        Ok(granted)
    }
}

/// The recipient's element: its evidence ids and parts become the sorted digests of what it gets.
fn element(recipient: &RecipientDraft, granted: &Granted) -> Result<RecipientElement, SignError> {
    Ok(RecipientElement {
        aud: recipient.aud.clone(),
        party: recipient.party.clone(),
        line: recipient.line,
        purpose: recipient.purpose,
        revision: recipient.revision,
        supersedes: recipient.supersedes.clone(),
        grants: granted.to(recipient)?,
        coordination: recipient.coordination.clone(),
    })
}

#[cfg(test)]
mod tests;
