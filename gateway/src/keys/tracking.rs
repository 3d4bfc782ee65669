//! One-time tracking codes: what a hospital prints for the patient, and an app redeems for a link to the claim.
//!
//! A code is computed from the claim's id, never stored; the database keeps its keyed digest.

use aws_lc_rs::hmac;

use super::master::{KeyPurpose, MasterKey};
use crate::id::ClaimId;

/// Crockford's base 32: no I, L, O or U, so that nobody misreads a printed code.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 25 characters carry 125 bits.
const LENGTH: usize = 25;

/// Computes tracking codes.
pub struct Tracking(hmac::Key);

claimgate_packet::opaque_debug!(Tracking);

impl Tracking {
    /// Codes under the master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self::keyed(&master.derive(KeyPurpose::Tracking))
    }

    /// Under a key of its own, which outlives the master key.
    #[must_use]
    pub fn keyed(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The code of a claim: 25 characters in groups of five.
    #[must_use]
    pub fn code(&self, claim: ClaimId) -> String {
        let tag = hmac::sign(&self.0, claim.uuid().as_bytes());
        let mut bits = tag.as_ref().iter().flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1)));
        let mut code = String::new();
        for place in 0..LENGTH {
            if place > 0 && place % 5 == 0 {
                code.push('-');
            }
            let value = bits.by_ref().take(5).fold(0, |value, bit| value << 1 | bit);
            code.push(char::from(ALPHABET.get(value).copied().unwrap_or(b'0')));
        }
        code
    }
}

/// A code as people type it: upper case, without hyphens and spaces, misread letters put right.
#[must_use]
pub fn normal(typed: &str) -> String {
    typed
        .chars()
        .filter(|character| !matches!(character, '-' | ' '))
        .map(|character| match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;
    use jiff::Timestamp;

    #[test]
    fn a_code_is_stable_readable_and_its_claims_own() {
        let random = Random::system();
        let tracking = Tracking::new(&MasterKey::generate(&random));
        let claim = ClaimId::new(Timestamp::UNIX_EPOCH, &random);
        let code = tracking.code(claim);
        assert_eq!(code, tracking.code(claim));
        assert_eq!(code.len(), 29);
        assert_ne!(code, tracking.code(ClaimId::new(Timestamp::UNIX_EPOCH, &random)));
        assert_eq!(normal(&code.to_lowercase()), code.replace('-', ""));
        assert_eq!(normal("oil 1"), "0111");
    }
}
