//! Three keys that outlive the master key: of the blind index, of tracking codes, of nonces.
//!
//! What is computed under them is compared with what was computed years before, so a new master key must not change
//! them. They are made once, from the first master key, and kept encrypted under the one of the day. Whoever had the
//! first master key has them, whatever key came after it.

use zeroize::Zeroizing;

use super::index::BlindIndex;
use super::master::{KeyPurpose, MasterKey};
use super::nonces::Nonces;
use super::tracking::Tracking;

/// The three keys.
pub struct Roots {
    index: Zeroizing<[u8; 32]>,
    tracking: Zeroizing<[u8; 32]>,
    nonces: Zeroizing<[u8; 32]>,
}

claimgate_packet::opaque_debug!(Roots);

impl Roots {
    /// As the first master key gives them.
    #[must_use]
    pub fn first(master: &MasterKey) -> Self {
        Self {
            index: master.derive(KeyPurpose::Index),
            tracking: master.derive(KeyPurpose::Tracking),
            nonces: master.derive(KeyPurpose::Nonces),
        }
    }

    /// From what [`Roots::to_bytes`] gave; nothing from other bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (keys, rest) = bytes.as_chunks::<32>();
        let [index, tracking, nonces] = keys else { return None };
        let key = |bytes: &[u8; 32]| Zeroizing::new(*bytes);
        rest.is_empty().then(|| Self { index: key(index), tracking: key(tracking), nonces: key(nonces) })
    }

    /// All bytes, to be encrypted.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.index.as_slice(), self.tracking.as_slice(), self.nonces.as_slice()].concat())
    }

    /// The blind index.
    #[must_use]
    pub fn index(&self) -> BlindIndex {
        BlindIndex::keyed(&self.index)
    }

    /// Tracking codes.
    #[must_use]
    pub fn tracking(&self) -> Tracking {
        Tracking::keyed(&self.tracking)
    }

    /// Nonces.
    #[must_use]
    pub fn nonces(&self) -> Nonces {
        Nonces::keyed(&self.nonces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    #[test]
    fn the_roots_are_those_of_the_first_master_key_and_read_back() {
        let master = MasterKey::generate(&Random::system());
        let again = Roots::from_bytes(&Roots::first(&master).to_bytes()).unwrap();
        assert_eq!(again.index().text("case", &["1"]), BlindIndex::new(&master).text("case", &["1"]));
        assert!([0, 95, 97, 128].iter().all(|length| Roots::from_bytes(&vec![0; *length]).is_none()));
    }
}
