//! Parties as they were read last: to read a registration with its keys costs more than to fetch its row.
//!
//! In: a row as it stands in the database now. Out: the party it says. What the row no longer says, nobody is told.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::{PartyRow, StoreError, party};
use crate::party::Party;

/// More parties than ask and are asked at one time; beyond it all are read anew.
const MOST: usize = 1_024;

/// Parties by their document, each in the state and version it was read with.
#[derive(Default)]
pub(in crate::store) struct Parties(RwLock<HashMap<String, (String, Party)>>);

claimgate_packet::opaque_debug!(Parties);

impl Parties {
    /// The party of a row.
    pub(super) fn of(&self, row: PartyRow) -> Result<Party, StoreError> {
        let (document, state, version) = &row;
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(document).filter(|(known, party)| known == state && party.version == *version);
        if let Some((_, party)) = known {
            return Ok(party.clone());
        }
        drop(all);
        let (document, state) = (document.clone(), state.clone());
        let read = party(row)?;
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(document, (state, read.clone()));
        Ok(read)
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
    }
}
