//! Who acts: an operator, by a token of their own or by their word at the command line.
//!
//! In: a name, or the party behind a token. Out: the word in the audit trail, and what a change by them relies on. One
//! person is one name, whatever key and whichever way they come by.

use claimgate_packet::jose::jwk::KeyUse;

use super::{Changed, NotRegistered};
use crate::core::change::{Change, Write};
use crate::flows::Engine;
use crate::party::{Party, PartyId, PartyState, Registration, Role};
use crate::store::StoreError;

/// Operators under four eyes: with fewer, nobody could approve.
const FEWEST: usize = 2;

/// Who changes the registry.
#[derive(Clone, Debug)]
pub struct Operator {
    name: String,
    account: Option<u32>,
    /// The registration a token was given for, as it was read for this request.
    version: Option<i64>,
}

impl Operator {
    /// One of the configured operators, by their own word: no more than the account behind the shell can vouch for.
    /// `uid` is the account the program runs under, where it is known.
    ///
    /// # Errors
    /// A name that is not configured.
    pub fn new(name: &str, known: &[String], uid: Option<u32>) -> Result<Self, NotRegistered> {
        if known.iter().any(|one| one == name) {
            Ok(Self { name: name.to_owned(), account: uid, version: None })
        } else {
            Err(NotRegistered::UnknownOperator)
        }
    }

    /// The operator behind a token that was checked.
    #[must_use]
    pub fn authenticated(party: &Party) -> Self {
        Self { name: party.id.to_string(), account: None, version: Some(party.version) }
    }

    /// Their name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The word in the audit trail: no party's id has a colon.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("operator:{}", self.name)
    }

    pub(in crate::flows) fn account(&self) -> String {
        match (self.version, self.account) {
            (Some(_), _) => "token".to_owned(),
            (None, Some(uid)) => uid.to_string(),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// Whoever was suspended between the request and the write changes nothing.
    pub(in crate::flows) fn rely(&self, change: &mut Change) {
        if let (Some(version), Ok(id)) = (self.version, self.name.parse()) {
            change.push(Write::RelyOnParty(id, version));
        }
    }
}

impl Engine {
    /// Who does by their own word what one operator may do alone: one of the configured ones, or a registered one who is
    /// live. Where two must agree a registered operator's typed name counts for nothing: they prove themselves with keys.
    ///
    /// # Errors
    /// Neither, or the database is away.
    pub async fn by_word(&self, name: &str, known: &[String], uid: Option<u32>) -> Result<Operator, NotRegistered> {
        if let Ok(configured) = Operator::new(name, known, uid) {
            return Ok(configured);
        }
        let now = self.now();
        let registered = self.store.operators().await?;
        if registered.iter().any(|one| one.id.as_str() == name && one.is_live(now)) {
            return Ok(Operator { name: name.to_owned(), account: uid, version: None });
        }
        Err(NotRegistered::NoOperator)
    }

    /// Whether a token's operator is still what they were; asked after a conflict.
    pub(in crate::flows) async fn still_is(&self, by: &Operator) -> Result<(), NotRegistered> {
        let Some(version) = by.version else { return Ok(()) };
        let id: PartyId = by.name.parse().map_err(crate::party::RegistrationError::from)?;
        match self.store.party(&id).await? {
            Some(party) if party.version == version => Ok(()),
            _ => Err(NotRegistered::Meanwhile),
        }
    }

    /// Registers an operator. Under four eyes that needs two, but for the first two of all: somebody must be there to
    /// begin with.
    ///
    /// # Errors
    /// A refused document, a taken name or key, or nobody who proposes it.
    pub async fn add_operator(
        &self,
        by: Option<&Operator>,
        id: &str,
        jwks: serde_json::Value,
    ) -> Result<Changed, NotRegistered> {
        let registration = Registration::new(id, Role::Operator, id, jwks);
        if !self.rules.four_eyes || self.store.operators().await?.len() < FEWEST {
            let party = self.add(registration, PartyState::Live, by).await?;
            return Ok(Changed::Now(Box::new(party)));
        }
        let how = "claimgate operator add NAME --jwks FILE --as NAME, then claimgate party approve ID --as ANOTHER";
        let by = by.ok_or(NotRegistered::SecondOperator("an operator beyond the second", how))?;
        Ok(Changed::Waits(Box::new(self.propose(by, registration, Some(PartyState::Live)).await?)))
    }

    /// Under four eyes nobody is to be the last: where an operator would act no more, two others must be there who do, or
    /// two are named in the configuration. The change rests on those two.
    ///
    /// # Errors
    /// Too few would be left to agree.
    pub(super) async fn leave_two(&self, old: &Party, next: &Party, change: &mut Change) -> Result<(), NotRegistered> {
        let now = self.now();
        let steps_out = old.role() == Role::Operator && old.is_live(now) && !next.is_live(now);
        if !steps_out || !self.rules.four_eyes || self.rules.named_operators >= FEWEST {
            return Ok(());
        }
        let left = self.live_operators(&old.id).await?;
        if left.len() < FEWEST {
            return Err(NotRegistered::TooFew);
        }
        for one in left.into_iter().take(FEWEST) {
            change.push(Write::RelyOnParty(one.id, one.version));
        }
        Ok(())
    }

    /// The registered operators who may act now, but for one.
    async fn live_operators(&self, but: &PartyId) -> Result<Vec<Party>, NotRegistered> {
        let mut all = self.store.operators().await?;
        let now = self.now();
        all.retain(|one| one.id != *but && one.is_live(now));
        Ok(all)
    }

    /// Removes an operator; what they did stays in the audit trail.
    ///
    /// # Errors
    /// No such operator, or under four eyes too few would be left to agree.
    pub async fn remove_operator(&self, by: Option<&Operator>, id: &PartyId) -> Result<(), NotRegistered> {
        let all = self.store.operators().await?;
        let party = all.iter().find(|one| one.id == *id).ok_or(NotRegistered::Unknown)?;
        let mut change = Change::new("remove_operator");
        if self.rules.four_eyes {
            let left = self.live_operators(id).await?;
            if left.len() < FEWEST {
                return Err(NotRegistered::TooFew);
            }
            for one in left.into_iter().take(FEWEST) {
                change.push(Write::RelyOnParty(one.id, one.version));
            }
        }
        change.push(Write::RemoveOperator(id.clone(), party.version));
        let actor = by.map_or_else(|| "operator".to_owned(), Operator::actor);
        change.push(self.audit(&actor, "operator.removed", id, []));
        match self.store.commit(change).await {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict { .. }) => Err(NotRegistered::Meanwhile),
            Err(error) => Err(error.into()),
        }
    }
}

/// Only here: an operator has keys to prove themselves with, and none packets could be sealed to.
pub(super) fn check(party: &Party) -> Result<(), crate::party::RegistrationError> {
    if party.role() == Role::Operator && party.keys().iter().any(|key| key.usage != KeyUse::Sig) {
        return Err(crate::party::RegistrationError::Rule("jwks: an operator's keys have use \"sig\""));
    }
    Ok(())
}
