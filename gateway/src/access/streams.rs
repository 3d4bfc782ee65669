//! How many streams of events are open: of one party, and in all. A place is free again when its stream ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::party::PartyId;

/// The open streams of this process.
#[derive(Debug)]
pub struct Streams {
    per_party: u32,
    total: u32,
    open: Mutex<HashMap<PartyId, u32>>,
}

/// The place of one stream.
#[derive(Debug)]
pub struct Place {
    streams: Arc<Streams>,
    party: PartyId,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// The party has as many as it may.
    Party,
    /// The gateway has.
    Gateway,
}

impl Streams {
    /// None are open.
    #[must_use]
    pub fn new(per_party: u32, total: u32) -> Arc<Self> {
        Arc::new(Self { per_party, total, open: Mutex::default() })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// See [`NoPlace`].
    pub fn enter(self: &Arc<Self>, party: &PartyId) -> Result<Place, NoPlace> {
        let mut open = self.all();
        let all: u32 = open.values().sum();
        let own = open.get(party).copied().unwrap_or_default();
        if own >= self.per_party {
            return Err(NoPlace::Party);
        }
        if all >= self.total {
            return Err(NoPlace::Gateway);
        }
        open.insert(party.clone(), own + 1);
        Ok(Place { streams: Arc::clone(self), party: party.clone() })
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> u32 {
        self.all().values().sum()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PartyId, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.all();
        match open.get_mut(&self.party) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = open.remove(&self.party),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_a_party_and_in_all_and_come_back() {
        let streams = Streams::new(2, 3);
        let [one, other]: [PartyId; 2] = ["insurer-a", "insurer-b"].map(|id| id.parse().unwrap());
        let kept = [streams.enter(&one).unwrap(), streams.enter(&one).unwrap()];
        assert_eq!(streams.enter(&one).err(), Some(NoPlace::Party));
        let third = streams.enter(&other).unwrap();
        assert_eq!(streams.enter(&other).err(), Some(NoPlace::Gateway));
        drop(kept);
        assert_eq!(streams.open(), 1);
        assert!(streams.enter(&other).is_ok());
        drop(third);
        assert_eq!(streams.open(), 0);
    }
}
