//! A change of a registration as an operator asks for it: made at once where one may make it alone, else proposed.

use super::{NotRegistered, Operator, Proposal};
use crate::core::change::{Change, Write};
use crate::flows::{Engine, TRIES};
use crate::party::difference::{Difference, difference};
use crate::party::{Party, PartyId, PartyState, Registration, RegistrationError};
use crate::store::StoreError;

/// What came of it.
#[derive(Debug)]
pub enum Changed {
    /// It is so now.
    Now(Box<Party>),
    /// It waits for another operator.
    Waits(Box<Proposal>),
}

impl Engine {
    /// Registers a party or changes it, from the version it was read at (0: there is none). The same document again
    /// changes nothing.
    ///
    /// # Errors
    /// A refused document, another version, a step that does not exist, a taken number.
    pub async fn change_as(
        &self,
        by: &Operator,
        (registration, base): (Registration, i64),
        state: Option<PartyState>,
    ) -> Result<Changed, NotRegistered> {
        self.check_document(&registration)?;
        let id: PartyId = registration.id.parse().map_err(RegistrationError::from)?;
        let old = self.party_with_contacts(&id).await?;
        if old.as_ref().map_or(0, |old| old.version) != base {
            return Err(NotRegistered::Outdated);
        }
        let next = super::proposals::next(old.as_ref(), &registration, state)?;
        let differences = difference(old.as_ref(), &next);
        if differences.is_empty() {
            return Ok(Changed::Now(Box::new(next)));
        }
        if self.rules.four_eyes && (old.is_none() || differences.iter().any(|one| !alone(one, next.state))) {
            return Ok(Changed::Waits(Box::new(self.propose(by, registration, state).await?)));
        }
        let Some(old) = old else {
            return Ok(Changed::Now(Box::new(self.add(registration, next.state, Some(by)).await?)));
        };
        let mut change = Change::new("change_party");
        by.rely(&mut change);
        self.leave_two(&old, &next, &mut change).await?;
        change.push(Write::ChangeParty(Box::new(next.clone()), self.now()));
        change.push(self.keep_contacts(&next)?);
        let action = action(&old, &next);
        change.push(self.audit(&by.actor(), action, &id, [("state", next.state.as_str().to_owned())]));
        match self.store.commit(change).await {
            Ok(()) => Ok(Changed::Now(Box::new(next.next_version()))),
            Err(StoreError::Conflict { table: "party" }) => {
                self.still_is(by).await?;
                Err(NotRegistered::Outdated)
            }
            Err(StoreError::Conflict { .. }) => Err(self.why_taken(&next, false).await),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the state alone.
    ///
    /// # Errors
    /// As [`Engine::change_as`], and no such party.
    pub async fn change_state_as(
        &self,
        by: &Operator,
        (id, base): (&PartyId, Option<i64>),
        state: PartyState,
    ) -> Result<Changed, NotRegistered> {
        let mut last = NotRegistered::Meanwhile;
        for _ in 0..TRIES {
            let party = self.party_with_contacts(id).await?.ok_or(NotRegistered::Unknown)?;
            let version = base.unwrap_or(party.version);
            match self.change_as(by, (party.registration().clone(), version), Some(state)).await {
                Err(outdated @ NotRegistered::Outdated) if base.is_none() => last = outdated,
                outcome => return outcome,
            }
        }
        Err(last)
    }
}

/// To take away needs nobody else: any state but live.
fn alone(one: &Difference, state: PartyState) -> bool {
    one.alone || (one.member == "state" && state != PartyState::Live)
}

fn action(old: &Party, next: &Party) -> &'static str {
    match next.state {
        same if same == old.state => "party.replaced",
        PartyState::Live => "party.enabled",
        PartyState::Suspended => "party.disabled",
        _ => "party.state-changed",
    }
}
