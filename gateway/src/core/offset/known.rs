//! What one insurer of a case may know of time: the days it set itself, and that its own promise expired. Until when another
//! one promised stands nowhere.

use jiff::Timestamp;

use super::{Offset, StepName, Turn, end_of};
use crate::party::PartyId;

impl Offset {
    /// When time alone changes it next, by this insurer's promise or with the day of discharge.
    #[must_use]
    pub fn due_at_for(&self, insurer: &PartyId) -> Option<Timestamp> {
        let own = self.parts.iter().filter(|part| part.party == *insurer && part.promise().is_some());
        own.filter_map(|part| part.expires_at).chain([end_of(self.discharge_on)]).min().filter(|_| self.runs())
    }

    /// Those of these turns it may read: without the other insurers, and without the days they set.
    #[must_use]
    pub fn turns_for(&self, insurer: &PartyId, turns: &[Turn]) -> Vec<Turn> {
        let mine = turns.iter().filter(|turn| turn.party.as_ref().is_none_or(|party| party == insurer));
        let known = |turn: &Turn| {
            // A day of the case is that of the first promise to expire, or of discharge.
            let of_case = turn.party.is_none() && turn.by == self.due_at();
            if of_case { self.due_at_for(insurer) } else { turn.by }
        };
        mine.map(|turn| Turn { by: known(turn), ..turn.clone() }).collect()
    }

    /// The insurers whose promises expired when time passed last.
    #[must_use]
    pub fn expired_last(&self) -> Vec<PartyId> {
        let last = self.history.last().map(|noted| noted.at);
        let now = self.history.iter().rev().take_while(|noted| Some(noted.at) == last);
        let expired = now.filter(|noted| noted.step == StepName::Time.as_str());
        expired.filter_map(|noted| noted.party.as_deref()?.parse().ok()).collect()
    }
}
