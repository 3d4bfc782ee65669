//! Recipients' keys made ready for sealing, each once, however many packets are sealed to it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use claimgate_packet::jose::jwk::PublicJwk;
use claimgate_packet::seal::{SealError, Sealer};

/// More keys than an exchange has insurers; beyond it all are made ready anew.
const MOST: usize = 1_024;

/// Keys made ready, by `kid`: an index alone, two parties may use one name.
#[derive(Debug, Default)]
pub struct Sealers(RwLock<HashMap<String, Ready>>);

/// The keys of one name.
type Ready = Vec<(PublicJwk, Arc<Sealer>)>;

impl Sealers {
    /// The key made ready.
    ///
    /// # Errors
    /// A key packets are not sealed to.
    pub fn of(&self, key: &PublicJwk) -> Result<Arc<Sealer>, SealError> {
        let known = |keys: &Ready| keys.iter().find(|(known, _)| known == key).map(|(_, sealer)| Arc::clone(sealer));
        let ready = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key.kid).and_then(known);
        if let Some(sealer) = ready {
            return Ok(sealer);
        }
        let sealer = Arc::new(Sealer::new(key)?);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.values().map(Ready::len).sum::<usize>() >= MOST {
            all.clear();
        }
        all.entry(key.kid.clone()).or_default().push((key.clone(), Arc::clone(&sealer)));
        Ok(sealer)
    }
}

#[cfg(test)]
mod tests {
    use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_key_is_made_ready_once_and_a_namesake_is_another_key() {
        let key = |alg: KeyAlg| {
            PrivateJwk::generate(alg.usage(), alg, Some("k".to_owned()), Timestamp::UNIX_EPOCH).unwrap().public()
        };
        let (one, namesake) = (key(KeyAlg::EcdhEsA256kw), key(KeyAlg::EcdhEsA256kw));
        let sealers = Sealers::default();
        let first = sealers.of(&one).unwrap();
        assert!(Arc::ptr_eq(&first, &sealers.of(&one).unwrap()));
        let other = sealers.of(&namesake).unwrap();
        assert!(!Arc::ptr_eq(&first, &other) && Arc::ptr_eq(&other, &sealers.of(&namesake).unwrap()));
        assert!(Arc::ptr_eq(&first, &sealers.of(&one).unwrap()));
        let signing = key(KeyAlg::Es256);
        assert_eq!((signing.usage, sealers.of(&signing).err()), (KeyUse::Sig, Some(SealError::Key)));
    }
}
