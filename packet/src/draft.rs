//! A draft becomes a signed packet: one disclosure per evidence document and per recipient, padded, sorted.
//!
//! In: verified evidence, who is granted which, a packet key, randomness handed in. Out: [`Signed`].
//! Knows nothing of consent: what a recipient may get is decided before.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::disclosure::Disclosure;
use crate::evidence::Evidence;
use crate::jose::jwk::PrivateJwk;
use crate::jose::{base64url, digest, jws};
pub use crate::manifest::ClaimRef;
use crate::manifest::{RecipientElement, SD_ALG, TYP, VERSION};
use crate::sdjwt::SdJwt;
use crate::signed::{Signed, SignedError};
use crate::words::{Line, Purpose};

mod check;

/// The numbers of digests a manifest may show, whatever it holds.
const PADDED: [usize; 4] = [8, 16, 32, 64];

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
    /// The recipients whose granted content changed.
    pub recipients: Vec<RecipientDraft>,
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
    /// What an indemnity line may know of the others.
    pub coordination: Option<Value>,
}

crate::opaque_debug!(Draft, RecipientDraft);

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
    /// The result is read back and every presentation made once, so that nothing is signed that could not
    /// be opened.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(self, key: &PrivateJwk, fill: &mut dyn FnMut(&mut [u8])) -> Result<Signed, SignError> {
        let documents = check::check(&self)?;
        if !key.alg().signs_packets() || !key.public().valid_at(self.issued_at) {
            return Err(SignError::Key);
        }
        let mut chance = Chance { fill, seen: HashSet::new() };
        let mut disclosures = Vec::new();

        let mut granted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (evidence, document) in self.evidence.iter().zip(&documents) {
            let encoded = Disclosure::write(&chance.salt()?, Some(&evidence.id), document)?;
            granted.insert(&evidence.id, vec![digest::sha256_text(encoded.as_bytes())]);
            disclosures.push(encoded);
        }
        let evidence = chance.pad(granted.values().flatten().cloned().collect())?;

        let mut recipients = Vec::new();
        for recipient in &self.recipients {
            let element = serde_json::to_value(element(recipient, &granted)?)?;
            let encoded = Disclosure::write(&chance.salt()?, None, &element)?;
            recipients.push(digest::sha256_text(encoded.as_bytes()));
            disclosures.push(encoded);
        }
        let recipients = chance.pad(recipients)?;

        let payload = json!({
            "iss": self.issuer,
            "iat": self.issued_at.as_second(),
            "jti": self.packet_id,
            "ver": VERSION,
            "claim": serde_json::to_value(&self.claim)?,
            "evidence": { "_sd": evidence },
            "recipients": recipients.into_iter().map(|digest| json!({ "...": digest })).collect::<Vec<_>>(),
            "_sd_alg": SD_ALG,
        });
        let jwt = jws::sign(payload.to_string().as_bytes(), TYP, key).map_err(|_| SignError::Key)?;
        let signed = Signed::assemble(SdJwt { jwt, disclosures }).ok_or(SignError::Failed)?;
        for recipient in &self.recipients {
            signed.presentation(&recipient.aud, recipient.line)?;
        }
        Ok(signed)
    }
}

/// The recipient's element: its evidence ids become the sorted digests of what it gets.
fn element(recipient: &RecipientDraft, granted: &BTreeMap<&str, Vec<String>>) -> Result<RecipientElement, SignError> {
    let mut grants = Vec::new();
    for id in &recipient.evidence {
        grants.extend(granted.get(id.as_str()).ok_or(SignError::UnknownEvidence)?.iter().cloned());
    }
    grants.sort();
    Ok(RecipientElement {
        aud: recipient.aud.clone(),
        party: recipient.party.clone(),
        line: recipient.line,
        purpose: recipient.purpose,
        revision: recipient.revision,
        supersedes: recipient.supersedes.clone(),
        grants,
        coordination: recipient.coordination.clone(),
    })
}

/// Randomness that must not repeat within a packet.
struct Chance<'a> {
    fill: &'a mut dyn FnMut(&mut [u8]),
    seen: HashSet<[u8; 16]>,
}

impl Chance<'_> {
    fn bytes(&mut self) -> Result<[u8; 16], SignError> {
        let mut bytes = [0; 16];
        (self.fill)(&mut bytes);
        if self.seen.insert(bytes) { Ok(bytes) } else { Err(SignError::Randomness) }
    }

    /// A salt of 128 bits (RFC 9901 §4.2.1).
    fn salt(&mut self) -> Result<String, SignError> {
        Ok(base64url::encode(&self.bytes()?))
    }

    /// Adds decoys (RFC 9901 §4.2.5) up to the next number of [`PADDED`] and sorts.
    fn pad(&mut self, mut digests: Vec<String>) -> Result<Vec<String>, SignError> {
        let whole = PADDED.into_iter().find(|size| digests.len() <= *size).ok_or(SignError::Failed)?;
        while digests.len() < whole {
            digests.push(digest::sha256_text(&self.bytes()?));
        }
        digests.sort();
        Ok(digests)
    }
}

#[cfg(test)]
mod tests;
