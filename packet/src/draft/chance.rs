//! Randomness that must not repeat within a packet: salts, decoys, and the disclosures made with them.

use std::collections::HashSet;

use serde::Serialize;

use super::SignError;
use crate::disclosure::Disclosure;
use crate::jose::{base64url, digest};
use crate::limits::{DISCLOSURE_JSON, DOCUMENT_BYTES};

/// The numbers of digests the top of a manifest may show, whatever it holds.
const STEPS: [usize; 4] = [8, 16, 32, 64];
/// The fewest digests an object shows that has any: one alone would tell that exactly one member stands apart.
const FEWEST: usize = 2;

/// What a packet is made of while it is made: fresh bytes, and its disclosures with their digests.
pub(super) struct Pool<'a> {
    fill: &'a mut dyn FnMut(&mut [u8]),
    seen: HashSet<[u8; 16]>,
    /// Digest and text of each disclosure.
    pub(super) disclosures: Vec<(String, String)>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(fill: &'a mut dyn FnMut(&mut [u8])) -> Self {
        Self { fill, seen: HashSet::new(), disclosures: Vec::new() }
    }

    fn bytes(&mut self) -> Result<[u8; 16], SignError> {
        let mut bytes = [0; 16];
        (self.fill)(&mut bytes);
        if self.seen.insert(bytes) { Ok(bytes) } else { Err(SignError::Randomness) }
    }

    /// Writes a disclosure under a fresh salt of 128 bits (RFC 9901 §4.2.1) and gives its digest.
    pub(super) fn disclose(&mut self, name: Option<&str>, value: &impl Serialize) -> Result<String, SignError> {
        let salt = base64url::encode(&self.bytes()?);
        let json = Disclosure::json(&salt, name, value)?;
        if json.len() > DOCUMENT_BYTES {
            return Err(SignError::TooLarge("an evidence document is at most 1 MiB"));
        }
        // Each member or element follows a comma or an opening: an upper bound without reading the text again, and a
        // short text cannot reach it.
        if json.len() > DISCLOSURE_JSON.members {
            let starts = json.iter().filter(|byte| matches!(byte, b',' | b'{' | b'[')).count();
            if starts > DISCLOSURE_JSON.members {
                return Err(SignError::TooLarge("an evidence document has at most about 100000 members and elements"));
            }
        }
        let text = base64url::encode(&json);
        let digest = digest::sha256_text(text.as_bytes());
        self.disclosures.push((digest.clone(), text));
        Ok(digest)
    }

    /// Adds decoys (RFC 9901 §4.2.5) up to the next number of [`STEPS`] and sorts.
    pub(super) fn pad_to_steps(&mut self, digests: Vec<String>) -> Result<Vec<String>, SignError> {
        let whole = STEPS.into_iter().find(|size| digests.len() <= *size).ok_or(SignError::Failed)?;
        self.pad(digests, whole)
    }

    /// Adds decoys up to the next power of two, at least [`FEWEST`], and sorts.
    pub(super) fn pad_to_power(&mut self, digests: Vec<String>) -> Result<Vec<String>, SignError> {
        let whole = digests.len().next_power_of_two().max(FEWEST);
        self.pad(digests, whole)
    }

    fn pad(&mut self, mut digests: Vec<String>, whole: usize) -> Result<Vec<String>, SignError> {
        while digests.len() < whole {
            digests.push(digest::sha256_text(&self.bytes()?));
        }
        digests.sort_unstable();
        Ok(digests)
    }
}
