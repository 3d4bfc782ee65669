//! Parties as they were read last: to read a registration with its keys costs more than to fetch its row.
//!
//! In: a row as it stands in the database now. Out: the party it says. What the row no longer says, nobody is told, but
//! for those who will commit under its version and ask for it as it was read last.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::{PartyRow, Store, StoreError, party};
use crate::party::{Party, PartyId};

/// More parties than ask and are asked at one time; beyond it all are read anew.
const MOST: usize = 1_024;

/// Parties by their document, each in the state and version it was read with.
#[derive(Default)]
pub(in crate::store) struct Parties(RwLock<Known>);

#[derive(Default)]
struct Known {
    by_document: HashMap<String, (String, Party)>,
    /// The newest version read of each.
    last: HashMap<PartyId, Party>,
    /// Who was found under an identifier last.
    payors: HashMap<(String, String), PartyId>,
}

claimgate_packet::opaque_debug!(Parties);

impl Parties {
    /// The party of a row.
    pub(super) fn of(&self, row: PartyRow) -> Result<Party, StoreError> {
        let (document, state, version) = &row;
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.by_document.get(document).filter(|(known, party)| known == state && party.version == *version);
        if let Some((_, party)) = known {
            return Ok(party.clone());
        }
        drop(all);
        let (document, state) = (document.clone(), state.clone());
        let read = party(row)?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.by_document.len() >= MOST {
            *all = Known::default();
        }
        all.by_document.insert(document, (state, read.clone()));
        if all.last.get(&read.id).is_none_or(|last| last.version <= read.version) {
            all.last.insert(read.id.clone(), read.clone());
        }
        Ok(read)
    }

    /// The party of a row that was looked for by an identifier.
    pub(super) fn payor(&self, system: &str, value: &str, row: PartyRow) -> Result<Party, StoreError> {
        let party = self.of(row)?;
        let key = (system.to_owned(), value.to_owned());
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if all.payors.get(&key) != Some(&party.id) {
            drop(all);
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if all.payors.len() >= MOST {
                all.payors.clear();
            }
            all.payors.insert(key, party.id.clone());
        }
        Ok(party)
    }
}

impl Store {
    /// A party as this process read it last, which may no longer be so: for a step that relies on its version in what it
    /// commits, and reads anew where that fails.
    #[must_use]
    pub fn party_read_last(&self, id: &PartyId) -> Option<Party> {
        let all = self.parties.0.read().unwrap_or_else(PoisonError::into_inner);
        all.last.get(id).cloned()
    }

    /// The same of who was found under an identifier last.
    #[must_use]
    pub fn payor_read_last(&self, system: &str, value: &str) -> Option<Party> {
        let all = self.parties.0.read().unwrap_or_else(PoisonError::into_inner);
        let id = all.payors.get(&(system.to_owned(), value.to_owned()))?;
        all.last.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::PartyState;

    #[test]
    fn a_party_is_what_its_row_says_now() {
        let document = r#"{"id": "app-a", "role": "app", "name": "A"}"#;
        let row = |state: &str, version| (document.to_owned(), state.to_owned(), version);
        let parties = Parties::default();
        let invited = parties.of(row("invited", 1)).unwrap();
        assert_eq!((invited.state, invited.version), (PartyState::Invited, 1));
        let same = parties.of(row("invited", 2)).unwrap();
        assert_eq!((same.state, same.version), (PartyState::Invited, 2));
        // Once it takes part it needs a key: what was known of the invited one does not stand in for that.
        assert!(parties.of(row("live", 2)).is_err());
        assert!(parties.of((document.replace("app-a", "A"), "invited".to_owned(), 2)).is_err());
        assert!(parties.of(row("elsewhere", 2)).is_err());
        let last = |parties: &Parties| parties.0.read().unwrap().last.get(&same.id).map(|party| party.version);
        assert_eq!(last(&parties), Some(2));
        // One that was read before and arrives later is not the newest.
        parties.of(row("invited", 1)).unwrap();
        assert_eq!(last(&parties), Some(2));
    }
}
