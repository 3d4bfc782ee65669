//! Four eyes (四眼原則): one operator proposes a change of the registry, another approves it.
//!
//! In: a document, and who says so. Out: a proposal, sealed because it may name a party's staff; later the changed party.
//! A proposal holds for the version of the party it was made against, and for fourteen days.

use super::{NotRegistered, Operator, replaced};
use crate::core::change::{Change, Decision, ProposalKind, ProposalRow, Verdict, Write};
use crate::flows::Engine;
use crate::id::ProposalId;
use crate::keys::at_rest::Place;
use crate::party::difference::{Difference, difference};
use crate::party::{Party, PartyState, Registration, RegistrationError};
use crate::store::StoreError;

/// Days a proposal can be approved.
pub const LIFE_DAYS: i64 = 14;

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

/// A proposal as it is looked at: open, or what became of it.
#[derive(Debug)]
pub struct Reviewed {
    /// The proposal.
    pub proposal: Proposal,
    /// What was said of it; none while it is open.
    pub verdict: Option<Verdict>,
    /// Who said it.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
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
        let wanted = next.registration().with_contacts()?;
        // Asked for again by the same operator, it is the same proposal.
        for row in self.store.open_proposals().await? {
            let same = row.kind == ProposalKind::Party && row.party == id && row.by == by.name();
            let same = same && row.base == old.as_ref().map_or(0, |old| old.version) && row.state == Some(next.state);
            if same && self.now() < row.expires_at {
                let document = self.vault.open_registry(document_of(&row.id.to_string()), &row.document)?;
                if serde_json::from_slice::<serde_json::Value>(&document)? == wanted {
                    return Ok(Proposal { row, standing: Standing::Open, differences });
                }
            }
        }
        let proposal = ProposalId::new(self.now(), &self.random);
        let document = serde_json::to_vec(&wanted)?;
        let row = ProposalRow {
            id: proposal,
            kind: ProposalKind::Party,
            party: id,
            base: old.as_ref().map_or(0, |old| old.version),
            document: self.vault.seal_registry(document_of(&proposal.to_string()), &document)?,
            state: Some(next.state),
            by: by.name().to_owned(),
            at: self.now(),
            expires_at: self.in_days(LIFE_DAYS),
        };
        let mut change = Change::new("propose_party");
        by.rely(&mut change);
        change.push(Write::Proposal(Box::new(row.clone())));
        change.push(self.audit(
            &by.actor(),
            "party.proposed",
            &row.party,
            [("proposal", proposal.to_string()), ("changes", members(&differences)), ("account", by.account())],
        ));
        self.commit_as(by, change).await?;
        Ok(Proposal { row, standing: Standing::Open, differences })
    }

    /// The proposals nobody has decided, oldest first.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, NotRegistered> {
        let mut all = Vec::new();
        for row in self.store.open_proposals().await? {
            all.push(self.shown(row).await?);
        }
        Ok(all)
    }

    /// The same beyond one of them, by id: ids that were made later sort later.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn proposals_after(&self, after: Option<ProposalId>, limit: i64) -> Result<Vec<Proposal>, NotRegistered> {
        let mut rows = self.store.open_proposals().await?;
        rows.retain(|row| after.is_none_or(|after| row.id > after));
        rows.sort_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or_default());
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(self.shown(row).await?);
        }
        Ok(all)
    }

    /// A proposal, decided or not.
    ///
    /// # Errors
    /// No such proposal.
    pub async fn proposal(&self, id: ProposalId) -> Result<Reviewed, NotRegistered> {
        let kept = self.store.proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
        let reason = match kept.reason {
            Some(sealed) => Some(self.vault.open_registry(reason_of(&id.to_string()), &sealed)?),
            None => None,
        };
        let reason = reason.map(|text| String::from_utf8_lossy(&text).into_owned());
        let proposal = match kept.verdict {
            None => self.shown(kept.row).await?,
            Some(_) => Proposal { row: kept.row, standing: Standing::Outdated, differences: Vec::new() },
        };
        Ok(Reviewed { proposal, verdict: kept.verdict, by: kept.by, reason })
    }

    async fn shown(&self, row: ProposalRow) -> Result<Proposal, NotRegistered> {
        if row.kind == ProposalKind::Endpoint {
            let known = self.store.endpoint(&row.party).await?;
            return self.shown_endpoint(row, known.as_ref()).await;
        }
        let (standing, differences) = match self.examine(&row).await {
            Ok((old, next)) => (Standing::Open, difference(old.as_ref(), &next)),
            Err(NotRegistered::Expired) => (Standing::Expired, Vec::new()),
            Err(NotRegistered::Outdated) => (Standing::Outdated, Vec::new()),
            Err(NotRegistered::Fault(fault)) => return Err(fault.into()),
            Err(reason) => (Standing::Refused(reason.to_string()), Vec::new()),
        };
        Ok(Proposal { row, standing, differences })
    }

    /// Approves what another operator proposed: the party is changed at once.
    ///
    /// # Errors
    /// No such open proposal, the same operator, expired, a party that was changed since, or a taken number.
    pub async fn approve(&self, by: &Operator, id: ProposalId) -> Result<Party, NotRegistered> {
        let row = self.store.open_proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
        if row.by == by.name() {
            return Err(NotRegistered::SameOperator);
        }
        let mut change = Change::new("approve_party");
        by.rely(&mut change);
        let (by_name, at) = (by.name().to_owned(), self.now());
        change.push(Write::Decision(Decision { id, verdict: Verdict::Approved, by: by_name, at, reason: None }));
        let changed = match row.kind {
            ProposalKind::Endpoint => {
                self.approved_endpoint(by, &row, &mut change).await?;
                self.store.party(&row.party).await?.ok_or(NotRegistered::Unknown)?
            }
            ProposalKind::Party => self.approved_party(by, &row, &mut change).await?,
        };
        match self.store.commit(change).await {
            Ok(()) => Ok(changed),
            Err(StoreError::Conflict { .. }) => {
                self.still_is(by).await?;
                // Whatever came between says what it was; if nothing did, a number is another party's.
                let row = self.store.open_proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
                if row.kind == ProposalKind::Endpoint {
                    return Err(NotRegistered::Outdated);
                }
                let (old, next) = self.examine(&row).await?;
                Err(self.why_taken(&next, old.is_none()).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is written when another operator agrees to a registration, and the party as it is then.
    async fn approved_party(
        &self,
        by: &Operator,
        row: &ProposalRow,
        change: &mut Change,
    ) -> Result<Party, NotRegistered> {
        let (old, next) = self.examine(row).await?;
        if old.is_none() {
            self.write_new(&next, change)?;
        } else {
            if let Some(old) = &old {
                self.leave_two(old, &next, change).await?;
            }
            change.push(Write::ChangeParty(Box::new(next.clone()), self.now()));
            change.push(self.keep_contacts(&next)?);
        }
        change.push(self.audit(
            &by.actor(),
            "party.approved",
            &row.party,
            [
                ("proposal", row.id.to_string()),
                ("proposed_by", row.by.clone()),
                ("changes", members(&difference(old.as_ref(), &next))),
                ("state", next.state.as_str().to_owned()),
                ("account", by.account()),
            ],
        ));
        Ok(if old.is_some() { next.next_version() } else { next })
    }

    /// Rejects a proposal; one may take back one's own.
    ///
    /// # Errors
    /// No such open proposal.
    pub async fn reject(&self, by: &Operator, id: ProposalId) -> Result<ProposalRow, NotRegistered> {
        self.turn_down(by, (id, Verdict::Rejected), None).await
    }

    /// Rejects a proposal and says why, or takes one's own back.
    ///
    /// # Errors
    /// No such open proposal, or it is another's and cannot be taken back.
    pub async fn turn_down(
        &self,
        by: &Operator,
        (id, verdict): (ProposalId, Verdict),
        reason: Option<&str>,
    ) -> Result<ProposalRow, NotRegistered> {
        let row = self.store.open_proposal(id).await?.ok_or(NotRegistered::NoProposal)?;
        if verdict == Verdict::Withdrawn && row.by != by.name() {
            return Err(NotRegistered::OtherOperator);
        }
        // Somebody's own words: kept as personal data is.
        let reason = reason.map(|text| self.vault.seal_registry(reason_of(&id.to_string()), text.as_bytes()));
        let mut change = Change::new("reject_party");
        by.rely(&mut change);
        let (by_name, at) = (by.name().to_owned(), self.now());
        change.push(Write::Decision(Decision { id, verdict, by: by_name, at, reason: reason.transpose()? }));
        let detail = [("proposal", id.to_string()), ("proposed_by", row.by.clone()), ("account", by.account())];
        let action = match (row.kind, verdict) {
            (ProposalKind::Party, Verdict::Withdrawn) => "party.withdrawn",
            (ProposalKind::Party, _) => "party.rejected",
            (ProposalKind::Endpoint, Verdict::Withdrawn) => "endpoint.withdrawn",
            (ProposalKind::Endpoint, _) => "endpoint.rejected",
        };
        change.push(self.audit(&by.actor(), action, &row.party, detail));
        match self.store.commit(change).await {
            Ok(()) => Ok(row),
            Err(StoreError::Conflict { .. }) => {
                self.still_is(by).await?;
                Err(NotRegistered::NoProposal)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Commits what only rests on who asks.
    pub(super) async fn commit_as(&self, by: &Operator, change: Change) -> Result<(), NotRegistered> {
        match self.store.commit(change).await {
            Ok(()) => Ok(()),
            Err(error @ StoreError::Conflict { .. }) => {
                self.still_is(by).await?;
                Err(error.into())
            }
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
        let next = next(old.as_ref(), &serde_json::from_slice(&document)?, row.state)?;
        Ok((old, next))
    }
}

pub(super) fn next(
    old: Option<&Party>,
    registration: &Registration,
    state: Option<PartyState>,
) -> Result<Party, RegistrationError> {
    if let Some(old) = old {
        return replaced(old, registration)?.in_state(state.unwrap_or(old.state));
    }
    let party = Party::new(registration.clone(), state.unwrap_or(PartyState::Live), 1)?;
    super::check_keys(&party)?;
    Ok(party)
}

/// The names of what changes; never a value.
pub(super) fn members(differences: &[Difference]) -> String {
    let mut names: Vec<&str> = differences.iter().map(|one| one.member).collect();
    names.dedup();
    names.join(",")
}

pub(super) fn document_of(row: &str) -> Place<'_> {
    Place { table: "party_proposal", row, column: "document" }
}

fn reason_of(row: &str) -> Place<'_> {
    Place { table: "party_proposal", row, column: "reason" }
}
