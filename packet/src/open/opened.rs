//! The opened packet: verified evidence with who sent it to whom for what.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Granted, OpenError};
use crate::evidence::{Attachment, Evidence};
use crate::jose::{base64url, digest};
use crate::limits::{ATTACHMENTS, EVIDENCE, VIDEO_BYTES};
use crate::manifest::{ClaimRef, RecipientElement, is_id, is_text};

/// A packet that passed every check.
pub struct Opened {
    /// The gateway.
    pub issuer: String,
    /// Packet id, `pkt_` + UUIDv7.
    pub packet_id: String,
    /// When it was signed, in whole seconds.
    pub issued_at: Timestamp,
    /// The claim.
    pub claim: ClaimRef,
    /// The opener, as the manifest names it.
    pub recipient: RecipientElement,
    /// The evidence, sorted by id.
    pub evidence: Vec<Evidence>,
    /// SHA-256 of the decrypted presentation, base64url: for receipts and replay.
    pub presentation_digest: String,
    /// The key that signed it.
    pub kid: String,
    /// What the public log holds of it: SHA-256 of its signed part.
    pub log_entry: [u8; 32],
}

crate::opaque_debug!(Opened);

impl Opened {
    pub(super) fn read(granted: Granted) -> Result<Self, OpenError> {
        let Granted { manifest, kid, log_entry, presentation_digest, recipient, evidence, mut ready } = granted;
        if evidence.len() > EVIDENCE {
            return Err(OpenError::TooLarge("a packet holds at most 64 evidence documents"));
        }
        let mut evidence = evidence
            .into_iter()
            .map(|(id, value)| {
                let id = Some(id).filter(|id| is_id(id, "evd_")).ok_or(OpenError::Schema)?;
                match ready.remove(&id) {
                    Some(evidence) => Ok(evidence),
                    None => Evidence::from_json(id, value).map_err(|_| OpenError::Schema),
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        evidence.sort_by(|one, other| one.id.cmp(&other.id));
        let opened = Self {
            issuer: manifest.issuer,
            packet_id: manifest.packet_id,
            issued_at: manifest.issued_at,
            claim: manifest.claim,
            recipient,
            evidence,
            presentation_digest,
            kid,
            log_entry,
        };
        if opened.attachments().count() > ATTACHMENTS {
            return Err(OpenError::TooLarge("a claim has at most 200 attachments"));
        }
        if can_be_met(opened.attachments()) { Ok(opened) } else { Err(OpenError::Attachment) }
    }

    /// Every attachment the evidence names.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.evidence.iter().flat_map(|evidence| &evidence.attachments)
    }

    /// Checks that some bytes are the attachment the evidence names.
    ///
    /// # Errors
    /// [`OpenError::Attachment`]: no such id, another size or another digest.
    pub fn check_attachment(&self, id: &str, bytes: &[u8]) -> Result<&Attachment, OpenError> {
        let size = u64::try_from(bytes.len()).map_err(|_| OpenError::Attachment)?;
        self.attachments()
            .find(|attachment| attachment.id == id)
            .filter(|attachment| attachment.bytes == size && attachment.digest == digest::sha256_text(bytes))
            .ok_or(OpenError::Attachment)
    }

    /// The verified claim as JSON: `{ issuer, packet_id, issued_at, kid, claim, recipient, evidence: [{ id,
    /// type, schema, source, obtained, verified, attachments, document }], presentation_digest }`.
    ///
    /// # Errors
    /// As [`Evidence::to_json`], which has no reason to fail on evidence that was read from JSON.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        let mut evidence = Vec::with_capacity(self.evidence.len());
        for one in &self.evidence {
            let mut value = one.to_json()?;
            if let Some(map) = value.as_object_mut() {
                map.insert("id".to_owned(), one.id.clone().into());
            }
            evidence.push(value);
        }
        Ok(json!({
            "issuer": self.issuer,
            "packet_id": self.packet_id,
            "issued_at": self.issued_at.to_string(),
            "kid": self.kid,
            "claim": serde_json::to_value(&self.claim)?,
            "recipient": serde_json::to_value(&self.recipient)?,
            "evidence": evidence,
            "presentation_digest": self.presentation_digest,
        }))
    }
}

/// Whether the descriptions are such that some bytes can meet each: an id of its own, a digest, a possible size.
pub(crate) fn can_be_met<'a>(attachments: impl Iterator<Item = &'a Attachment>) -> bool {
    let mut ids = HashSet::new();
    let mut possible = attachments.map(|attachment| {
        is_id(&attachment.id, "att_")
            && ids.insert(attachment.id.as_str())
            && base64url::decode(&attachment.digest).is_some_and(|digest| digest.len() == 32)
            && is_text(&attachment.media_type)
            && attachment.bytes <= VIDEO_BYTES
    });
    possible.all(|possible| possible)
}
