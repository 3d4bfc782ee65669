//! Two accidents that turn out to be one: the filings of the one become those of the other, its papers are asked for once. That
//! is so where a source says whose record it is, where a number becomes known, and where both filers agree.

use claimgate_adapters::police::api::GroundKind;

use super::Opened;
use super::ask::{NO_NUMBER, NOBODY, step};
use crate::core::accident::calendar::first_instant;
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{AccidentWrite, Known, Named, NewPaper, PaperState};
use crate::core::change::{Change, Write};
use crate::core::route::Recipient;
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{AccidentId, ClaimId};
use crate::keys::at_rest::Place;
use crate::party::PartyId;

/// Who is to get papers of an accident, and whether anybody has a ground.
pub(super) struct Wanting {
    pub recipients: Vec<Recipient>,
    pub grounded: bool,
}

impl Wanting {
    /// Of a filing.
    pub(super) fn of(recipients: &[(Recipient, Option<GroundKind>)]) -> Self {
        Self {
            grounded: recipients.iter().any(|(_, ground)| ground.is_some()),
            recipients: recipients.iter().map(|(recipient, _)| recipient.clone()).collect(),
        }
    }
}

impl Engine {
    /// The record of a claim's accident became known: the accident gets its number, or its filings join the one that has it.
    /// Where a number is known already, nothing is done.
    pub(super) async fn name_accident(
        &self,
        by: &PartyId,
        claim: ClaimId,
        (jurisdiction, number): (Jurisdiction, &str),
    ) -> Result<(), Fault> {
        let case = self.accident_case(jurisdiction, number);
        for _ in 0..TRIES {
            let filing = self.store.filing(claim).await?.ok_or(Fault::Stored("accident_filing"))?;
            let Some(kept) = self.store.accident(filing.accident).await? else { return Ok(()) };
            let own = self.opened_accident(kept)?;
            if own.known.number.is_some() {
                return Ok(());
            }
            let mut change = Change::new("name_accident");
            if let Some(kept) = self.store.accident_of_case(&case).await? {
                self.join_accidents(&own, &self.opened_accident(kept)?, &mut change).await?;
            } else {
                let id = own.kept.id;
                let known = Known { number: Some(number.to_owned()), on: own.known.on };
                let plain = serde_json::to_vec(&known).map_err(|_| Fault::Stored("accident"))?;
                let row = id.to_string();
                let body = own.key.seal(Place { table: "accident", row: &row, column: "body" }, &plain)?;
                let (version, at) = (own.kept.version, self.now());
                let named = Named { id, version, jurisdiction, case, body, at };
                change.push(Write::Accident(AccidentWrite::Named(Box::new(named))));
                let wanting = self.wanting(id).await?;
                self.want_papers(&own, &wanting, &mut change).await?;
            }
            let of = [("jurisdiction", jurisdiction.as_str().to_owned())];
            change.push(self.audit(by.as_str(), "accident.named", &claim, of));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(());
            }
        }
        Err(Fault::Contended)
    }

    /// The filings of one accident join another.
    pub(super) async fn join_accidents(&self, from: &Opened, into: &Opened, change: &mut Change) -> Result<(), Fault> {
        let (own, other, now) = (from.kept.id, into.kept.id, self.now());
        change.push(Write::Accident(AccidentWrite::Rely(other, into.kept.version)));
        change.push(Write::Accident(AccidentWrite::Joined(own, from.kept.version, other, now)));
        let wanting = self.wanting(own).await?;
        if into.kept.jurisdiction.is_some() {
            self.want_papers(into, &wanting, change).await?;
        }
        for accident in [own, other] {
            for (claim, _) in self.store.claims_of_accident(accident).await? {
                change.push(self.due(claim));
            }
        }
        Ok(())
    }

    /// Who is to get papers of an accident as it stands.
    pub(super) async fn wanting(&self, accident: AccidentId) -> Result<Wanting, Fault> {
        let mut wanting = Wanting { recipients: Vec::new(), grounded: false };
        for (claim, _) in self.store.claims_of_accident(accident).await? {
            for (party, line, ground, ended) in self.store.accident_recipients(claim).await? {
                if ended.is_some() {
                    continue;
                }
                wanting.grounded |= ground.is_some();
                let party = self.store.party(&party).await?.ok_or(Fault::Stored("party"))?;
                wanting.recipients.push(Recipient { party: std::sync::Arc::new(party), line });
            }
        }
        Ok(wanting)
    }

    /// Puts down the papers somebody is to get, and wakes those that are here already: whose check has ended, of which only the
    /// check is here, or that nobody was to get or could be asked for.
    pub(super) async fn want_papers(
        &self,
        opened: &Opened,
        wanting: &Wanting,
        change: &mut Change,
    ) -> Result<Vec<NewPaper>, Fault> {
        let (now, id) = (self.now(), opened.kept.id);
        let wanted = self.wanted_papers(&wanting.recipients, opened.known.on);
        for paper in self.store.accident_papers(id).await? {
            let ended = paper.holds_until.is_none_or(|until| until <= now);
            let bare = !paper.whole && wanting.grounded;
            let needed = wanted.iter().any(|one| one.item == paper.item);
            let left = matches!(paper.reason.as_deref(), Some(NOBODY | NO_NUMBER));
            let stale = paper.state == PaperState::Arrived && (ended || bare);
            if needed && paper.due_at.is_none() && (stale || left) {
                change.push(step(now, id, &paper, |step| {
                    let day = first_instant(paper.on).unwrap_or(now);
                    (step.due_at, step.tries) = (Some(if stale { now } else { now.max(day) }), 0);
                }));
            }
        }
        change.push(Write::Accident(AccidentWrite::Papers(id, wanted.clone(), now)));
        Ok(wanted)
    }
}
