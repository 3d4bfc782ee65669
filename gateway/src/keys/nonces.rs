//! Nonces clients put into their proofs (RFC 9449 §8): a keyed digest of the minute, so that nothing is kept and every
//! replica knows every other's. A proof made ahead of time, for a stolen moment at the key, does not know them.

use aws_lc_rs::hmac;
use claimgate_packet::jose::base64url;
use jiff::Timestamp;

use super::master::{KeyPurpose, MasterKey};

/// Seconds for which a nonce is the newest; it counts for as long again.
const WINDOW: i64 = 60;

/// Makes nonces.
pub struct Nonces(hmac::Key);

claimgate_packet::opaque_debug!(Nonces);

impl Nonces {
    /// Nonces under the master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self::keyed(&master.derive(KeyPurpose::Nonces))
    }

    /// Under a key of its own, which outlives the master key.
    #[must_use]
    pub fn keyed(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The nonces that count now, newest first.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> [String; 2] {
        let window = now.as_second().div_euclid(WINDOW);
        [window, window - 1].map(|window| base64url::encode(hmac::sign(&self.0, &window.to_be_bytes()).as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    #[test]
    fn a_nonce_counts_for_one_to_two_minutes_and_for_one_master_key() {
        let master = MasterKey::generate(&Random::system());
        let at = |seconds| Nonces::new(&master).at(Timestamp::from_second(seconds).unwrap());
        let [newest, before] = at(6_000);
        assert_ne!(newest, before);
        assert_eq!(newest, at(6_059)[0]);
        assert!(at(6_060).contains(&newest) && at(6_119).contains(&newest));
        assert!(!at(6_120).contains(&newest) && !at(5_999).contains(&newest));
        let other = Nonces::new(&MasterKey::generate(&Random::system()));
        assert!(!other.at(Timestamp::from_second(6_000).unwrap()).contains(&newest));
    }
}
