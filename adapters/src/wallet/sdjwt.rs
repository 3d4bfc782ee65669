//! The text of an SD-JWT (RFC 9901 §4): `jwt~disclosure~..~disclosure~` and, where a holder proves a key, a JWT behind.
//!
//! In: a text. Out: its parts, counted before they are split. Knows no issuer and no dialect.

use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::opaque_debug;

use super::limits::{DISCLOSURES, TOKEN_BYTES};
use super::reason::Reason;

pub mod serialization;
pub mod unfold;

mod disclosure;

/// The parts of an SD-JWT as they travel.
pub struct SdJwt<'a> {
    /// The issuer's JWT.
    pub jwt: &'a str,
    /// The disclosures, encoded.
    pub disclosures: Vec<&'a str>,
    /// The holder's JWT.
    pub binding: Option<&'a str>,
    /// Everything up to and including the last `~`: what `sd_hash` is taken of.
    presented: &'a str,
}

opaque_debug!(SdJwt<'_>);

impl<'a> SdJwt<'a> {
    /// Splits a text.
    ///
    /// # Errors
    /// [`Reason::SdJwtMalformed`] for a text without `~`, with an empty part, too long or with too many disclosures.
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.len() > TOKEN_BYTES || text.bytes().filter(|byte| *byte == b'~').count() > DISCLOSURES + 1 {
            return Err(Reason::SdJwtMalformed);
        }
        let (before, binding) = text.rsplit_once('~').ok_or(Reason::SdJwtMalformed)?;
        let mut parts = before.split('~');
        let jwt = parts.next().filter(|jwt| !jwt.is_empty()).ok_or(Reason::SdJwtMalformed)?;
        let disclosures: Vec<&str> = parts.collect();
        if disclosures.iter().any(|one| one.is_empty()) {
            return Err(Reason::SdJwtMalformed);
        }
        let presented = text.get(..=before.len()).ok_or(Reason::SdJwtMalformed)?;
        Ok(Self { jwt, disclosures, binding: Some(binding).filter(|binding| !binding.is_empty()), presented })
    }

    /// The digest a holder's JWT must name (RFC 9901 §4.3.1), SHA-256, base64url.
    #[must_use]
    pub fn sd_hash(&self) -> String {
        sha256_text(self.presented.as_bytes())
    }
}
