//! From authentic to mine to granted: exactly one recipient, every digest once, disclosed = granted.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{OpenError, Opened};
use crate::disclosure::Disclosure;
use crate::evidence::Evidence;
use crate::manifest::{Manifest, RecipientElement};
use crate::unfold::{Mismatch, unfold};
use crate::words::Line;

/// A packet the gateway signed. For whom is not yet checked.
pub struct Authentic {
    pub(super) manifest: Manifest,
    pub(super) kid: String,
    pub(super) log_entry: [u8; 32],
    pub(super) disclosures: Vec<String>,
    pub(super) presentation_digest: String,
}

/// A packet addressed to the opener. What it holds is not yet checked.
pub struct Mine {
    manifest: Manifest,
    kid: String,
    log_entry: [u8; 32],
    disclosures: Vec<Disclosure>,
    presentation_digest: String,
    recipient: RecipientElement,
    /// The digest of the recipient's own element.
    addressed: String,
}

/// A packet that holds exactly what its recipient was granted. Its evidence is not yet read.
pub struct Granted {
    pub(super) manifest: Manifest,
    pub(super) kid: String,
    pub(super) log_entry: [u8; 32],
    pub(super) presentation_digest: String,
    pub(super) recipient: RecipientElement,
    /// `evidence` with every disclosure in its place; null stands for what is `ready`.
    pub(super) evidence: Map<String, Value>,
    /// Evidence that was read at once, by id.
    pub(super) ready: HashMap<String, Evidence>,
}

crate::opaque_debug!(Authentic, Mine, Granted);

impl Authentic {
    /// The packet id, for looking up a proof or a store before the packet is read further.
    #[must_use]
    pub fn packet_id(&self) -> &str {
        &self.manifest.packet_id
    }

    /// What the public log holds of it: SHA-256 of its signed part. A [`crate::log::proof::LogProof`] is checked
    /// with this.
    #[must_use]
    pub fn log_entry(&self) -> &[u8; 32] {
        &self.log_entry
    }

    /// Checks that exactly one recipient is disclosed and that it is the opener: `aud` to the byte, and the
    /// line where one is asked for.
    ///
    /// # Errors
    /// [`OpenError::Digest`] for a disclosure that cannot be read, [`OpenError::NotAddressed`],
    /// [`OpenError::Order`].
    pub fn for_me(self, aud: &str, line: Option<Line>) -> Result<Mine, OpenError> {
        // Each stands in the evidence or elsewhere, never in both: `unfold` finds a digest that stands twice.
        let evidence: HashSet<&str> = self.manifest.evidence_digests().collect();
        let disclosures: Vec<Disclosure> = self
            .disclosures
            .iter()
            .map(|text| Disclosure::read_at(text, |digest| evidence.contains(digest)).ok_or(OpenError::Digest))
            .collect::<Result<_, _>>()?;
        let places: HashSet<&str> = self.manifest.recipient_digests().collect();
        let mut named = disclosures.iter().filter(|one| places.contains(one.digest.as_str()));
        let (Some(element), None) = (named.next(), named.next()) else { return Err(OpenError::NotAddressed) };
        let recipient = RecipientElement::read(element.value.clone())
            .filter(|recipient| recipient.aud == aud && line.is_none_or(|line| line == recipient.line))
            .ok_or(OpenError::NotAddressed)?;
        if !recipient.grants.is_sorted_by(|one, next| one < next) {
            return Err(OpenError::Order);
        }
        let addressed = element.digest.clone();
        let Self { manifest, kid, log_entry, presentation_digest, .. } = self;
        Ok(Mine { manifest, kid, log_entry, disclosures, presentation_digest, recipient, addressed })
    }
}

impl Mine {
    /// Puts every disclosure in its place, then compares what is disclosed with what was granted.
    ///
    /// # Errors
    /// [`OpenError::Digest`], [`OpenError::Duplicate`], [`OpenError::Incomplete`], [`OpenError::NotGranted`].
    pub fn check_grants(self) -> Result<Granted, OpenError> {
        let Self { mut manifest, kid, log_entry, mut disclosures, presentation_digest, recipient, addressed } = self;
        let ready = disclosures.iter_mut().filter_map(|one| one.evidence.take());
        let ready = ready.map(|evidence| (evidence.id.clone(), *evidence)).collect();
        let disclosed: HashSet<String> =
            disclosures.iter().map(|one| one.digest.clone()).filter(|digest| *digest != addressed).collect();
        let mut unfolded =
            unfold(std::mem::take(&mut manifest.payload), disclosures).map_err(|mismatch| match mismatch {
                Mismatch::Twice => OpenError::Duplicate,
                Mismatch::Nowhere => OpenError::Digest,
            })?;
        if recipient.grants.iter().any(|digest| !disclosed.contains(digest)) {
            return Err(OpenError::Incomplete);
        }
        if disclosed.len() != recipient.grants.len() {
            return Err(OpenError::NotGranted);
        }
        let Some(Value::Object(evidence)) = unfolded.remove("evidence") else { return Err(OpenError::Digest) };
        Ok(Granted { manifest, kid, log_entry, presentation_digest, recipient, evidence, ready })
    }
}

impl Granted {
    /// Reads the evidence by its schemas.
    ///
    /// # Errors
    /// [`OpenError::Schema`] for evidence that does not fit the schema it names, [`OpenError::TooLarge`],
    /// [`OpenError::Attachment`] for an attachment whose description cannot be met.
    pub fn evidence(self) -> Result<Opened, OpenError> {
        Opened::read(self)
    }
}
