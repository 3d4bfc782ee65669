//! Four eyes (四眼原則): one operator proposes a change of the registry, another approves it.
//!
//! In: a document, and who says so. Out: a proposal, sealed because it may name a party's staff; later the changed party.
//! A proposal holds for the version of the party it was made against, and for fourteen days.

use super::{NotRegistered, replaced};
use crate::core::change::{Change, Decision, ProposalRow, Write};
use crate::flows::Engine;
use crate::id::ProposalId;
use crate::keys::at_rest::Place;
use crate::party::difference::{Difference, difference};
use crate::party::{Party, PartyState, Registration, RegistrationError};
use crate::store::StoreError;

/// Days a proposal can be approved.
pub const LIFE_DAYS: i64 = 14;

/// Who is at the command line, by their own word: no more than the account behind the shell can vouch for.
#[derive(Clone, Debug)]
pub struct Operator {
    name: String,
    uid: Option<u32>,
}

impl Operator {
    /// One of the configured operators; `uid` is the account the program runs under, where it is known.
    ///
    /// # Errors
    /// A name that is not configured.
    pub fn new(name: &str, known: &[String], uid: Option<u32>) -> Result<Self, NotRegistered> {
        if known.iter().any(|one| one == name) {
            Ok(Self { name: name.to_owned(), uid })
        } else {
            Err(NotRegistered::UnknownOperator)
        }
    }

    /// The word in the audit trail: no party's id has a colon.
    pub(in crate::flows) fn actor(&self) -> String {
        format!("operator:{}", self.name)
    }

    pub(in crate::flows) fn account(&self) -> String {
        self.uid.map_or_else(|| "unknown".to_owned(), |uid| uid.to_string())
    }
}

/// Whether a proposal can be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Open,
    /// Its time is over.
    Expired,
    /// The party was changed since.
    Outdated,
    /// The document is not accepted any more.
    Refused(String),
}

/// A proposal that waits, and what it would change.
#[derive(Debug)]
pub struct Proposal {
    /// The proposal.
    pub row: ProposalRow,
    /// Whether it can be approved.
    pub standing: Standing,
    /// What it would change; nothing where it cannot be approved.
    pub differences: Vec<Difference>,
}

impl Engine {
    /// Proposes a registration, or a change of one. Without a state a new party is live and another stays as it is.
    ///
    /// # Errors
    /// A document that would be refused, a step that does not exist, or nothing that would change.
    pub async fn propose(
        &self,
        by: &Operator,
        registration: Registration,
        state: Option<PartyState>,
    ) -> Result<Proposal, NotRegistered> {
        self.check_document(&registration)?;
        let id = registration.id.parse().map_err(RegistrationError::from)?;
        let old = self.party_with_contacts(&id).await?;
        let next = next(old.as_ref(), &registration, state)?;
        let differences = difference(old.as_ref(), &next);
        if differences.is_empty() {
            return Err(NotRegistered::NothingNew);
        }
        let proposal = ProposalId::new(self.now(), &self.random);
        let document = serde_json::to_vec(&next.registration().with_contacts()?)?;
        let row = ProposalRow {
            id: proposal,
            party: id,
            base: old.as_ref().map_or(0, |old| old.version),
            document: self.vault.seal_registry(document_of(&proposal.to_string()), &document)?,
            state: next.state,
            by: by.name.clone(),
            at: self.now(),
            expires_at: self.in_days(LIFE_DAYS),
        };
        let mut change = Change::new("propose_party");
        change.push(Write::Proposal(Box::new(row.clone())));
        change.push(self.audit(
            &by.actor(),
            "party.proposed",
            &row.party,
            [("proposal", proposal.to_string()), ("changes", members(&differences)), ("account", by.account())],
        ));
        self.store.commit(change).await?;
        Ok(Proposal { row, standing: Standing::Open, differences })
    }

    /// The proposals nobody has decided, oldest first.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, NotRegistered> {
        let mut all = Vec::new();
        for row in self.store.open_proposals().await? {
            let (standing, differences) = match self.examine(&row).await {
                Ok((old, next)) => (Standing::Open, difference(old.as_ref(), &next)),
                Err(NotRegistered::Expired) => (Standing::Expired, Vec::new()),
                Err(NotRegistered::Outdated) => (Standing::Outdated, Vec::new()),
                Err(NotRegistered::Fault(fault)) => return Err(fault.into()),
                Err(reason) => (Standing::Refused(reason.to_string()), Vec::new()),
            };
            all.push(Proposal { row, standing, differences });
        }
        Ok(all)
    }

    /// Approves what another operator proposed: the party is changed at once.
    ///
    /// # Errors
    /// No such open proposal, the same operator, expired, a party that was changed since, or a taken number.
    pub async fn approve(&self, by: &Operator, id: ProposalId) -> Result<Party, NotRegistered> {
        let row = self.store.open_proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
        if row.by == by.name {
            return Err(NotRegistered::SameOperator);
        }
        let (old, next) = self.examine(&row).await?;
        let mut change = Change::new("approve_party");
        change.push(Write::Decision(Decision { id, approved: true, by: by.name.clone(), at: self.now() }));
        if old.is_none() {
            self.write_new(&next, &mut change)?;
        } else {
            change.push(Write::ChangeParty(Box::new(next.clone()), self.now()));
            change.push(self.keep_contacts(&next)?);
        }
        change.push(self.audit(
            &by.actor(),
            "party.approved",
            &row.party,
            [
                ("proposal", id.to_string()),
                ("proposed_by", row.by.clone()),
                ("changes", members(&difference(old.as_ref(), &next))),
                ("state", next.state.as_str().to_owned()),
                ("account", by.account()),
            ],
        ));
        match self.store.commit(change).await {
            Ok(()) if old.is_some() => Ok(next.next_version()),
            Ok(()) => Ok(next),
            Err(StoreError::Conflict { .. }) => {
                // Whatever came between says what it was; if nothing did, a number is another party's.
                let row = self.store.open_proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
                self.examine(&row).await?;
                Err(NotRegistered::Taken)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Rejects a proposal; one may take back one's own.
    ///
    /// # Errors
    /// No such open proposal.
    pub async fn reject(&self, by: &Operator, id: ProposalId) -> Result<ProposalRow, NotRegistered> {
        let row = self.store.open_proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
        let mut change = Change::new("reject_party");
        change.push(Write::Decision(Decision { id, approved: false, by: by.name.clone(), at: self.now() }));
        let detail = [("proposal", id.to_string()), ("proposed_by", row.by.clone()), ("account", by.account())];
        change.push(self.audit(&by.actor(), "party.rejected", &row.party, detail));
        match self.store.commit(change).await {
            Ok(()) => Ok(row),
            Err(StoreError::Conflict { .. }) => Err(NotRegistered::NoProposal),
            Err(error) => Err(error.into()),
        }
    }

    /// The party as it is, and as the proposal would make it.
    async fn examine(&self, row: &ProposalRow) -> Result<(Option<Party>, Party), NotRegistered> {
        if row.expires_at <= self.now() {
            return Err(NotRegistered::Expired);
        }
        let old = self.party_with_contacts(&row.party).await?;
        if old.as_ref().map_or(0, |old| old.version) != row.base {
            return Err(NotRegistered::Outdated);
        }
        let document = self.vault.open_registry(document_of(&row.id.to_string()), &row.document)?;
        let next = next(old.as_ref(), &serde_json::from_slice(&document)?, Some(row.state))?;
        Ok((old, next))
    }
}

fn next(
    old: Option<&Party>,
    registration: &Registration,
    state: Option<PartyState>,
) -> Result<Party, RegistrationError> {
    match old {
        Some(old) => replaced(old, registration)?.in_state(state.unwrap_or(old.state)),
        None => Party::new(registration.clone(), state.unwrap_or(PartyState::Live), 1),
    }
}

/// The names of what changes; never a value.
fn members(differences: &[Difference]) -> String {
    let mut names: Vec<&str> = differences.iter().map(|one| one.member).collect();
    names.dedup();
    names.join(",")
}

fn document_of(row: &str) -> Place<'_> {
    Place { table: "party_proposal", row, column: "document" }
}
