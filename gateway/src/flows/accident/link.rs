//! Filings without a common number that may be of one accident: they name a plate of each other in the same half hour or the
//! next. Each filer answers, for its own filing and without being told whether there is another, whether such filings are one
//! accident; where both say so they are. Nobody learns of the other before both have agreed, not by an answer, a count, an
//! error or a time: the answer is written down alike in every case, and what follows of it is found behind the requests.

use std::collections::BTreeSet;

use claimgate_packet::evidence::accident::AccidentStatement;

use super::{AccidentSeen, NotOpened, Opened};
use crate::core::accident::compare::plain;
use crate::core::accident::{AccidentWrite, Linking, half_hours};
use crate::core::change::{Change, Write};
use crate::core::timeline::{Audience, Entry, Event};
use crate::flows::{Engine, Fault};
use crate::id::{AccidentId, ClaimId, EventId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// Filings looked at in one go.
const AT_ONCE: i64 = 64;
/// A plate has as many letters and digits; less says nothing.
const SHORTEST_PLATE: usize = 4;

impl Engine {
    /// What a filing has in common with others of its accident: each plate with its half hours. None without an instant.
    pub(super) fn traces(&self, statement: &AccidentStatement) -> Vec<Mac> {
        let plates = statement.vehicles.iter().map(|vehicle| plain(&vehicle.plate));
        let plates: BTreeSet<String> = plates.filter(|plate| plate.chars().count() >= SHORTEST_PLATE).collect();
        let Some(at) = statement.occurrence.at else { return Vec::new() };
        let of = |plate: &String| {
            half_hours(at).map(|half_hour| self.index.text("accident.trace", &[plate.as_str(), &half_hour.to_string()]))
        };
        plates.iter().flat_map(of).collect()
    }

    /// Writes down what a filer answers for its own filing.
    ///
    /// # Errors
    /// Another's accident, or a fault of ours.
    pub async fn answer_linking(
        &self,
        filer: &PartyId,
        claim: ClaimId,
        answer: Linking,
    ) -> Result<AccidentSeen, NotOpened> {
        let filing = self.store.filing(claim).await?;
        filing.filter(|filing| filing.opener == *filer).ok_or(NotOpened::NotFound)?;
        let due_at = (answer == Linking::Agreed).then(|| self.now());
        let mut change = Change::new("answer_linking");
        change.push(Write::Accident(AccidentWrite::Linking(claim, answer, due_at)));
        change.push(self.audit(filer.as_str(), "accident.linking", &claim, [("answer", answer.as_str().to_owned())]));
        self.store.commit(change).await?;
        self.accident_seen(claim, None).await
    }

    /// Looks for filings that are one accident by both filers' word.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn link_accidents(&self) -> Result<(), Fault> {
        for claim in self.store.filings_to_link(self.now(), AT_ONCE).await? {
            match self.link_with_others(claim).await {
                Err(fault) if !fault.is_conflict() => {
                    tracing::error!(error = %fault, %claim, "a filing could not be linked; it stays due");
                }
                // Something else happened to one of them: it stays due.
                _ => {}
            }
        }
        Ok(())
    }

    async fn link_with_others(&self, claim: ClaimId) -> Result<(), Fault> {
        for beside in self.store.filings_beside(claim).await? {
            self.link_two(claim, beside).await?;
        }
        let mut change = Change::new("looked_for_links");
        change.push(Write::Accident(AccidentWrite::Looked(claim)));
        Ok(self.store.commit(change).await?)
    }

    /// Two filings become those of one accident, if their records are not two.
    async fn link_two(&self, claim: ClaimId, beside: ClaimId) -> Result<(), Fault> {
        let (Some(own), Some(other)) = (self.accident_to_link(claim).await?, self.accident_to_link(beside).await?)
        else {
            return Ok(());
        };
        let numbered = |one: &Opened| one.known.number.is_some();
        if own.kept.id == other.kept.id || (numbered(&own) && numbered(&other)) {
            return Ok(());
        }
        // The one whose record is known stays, else the older one.
        let rank = |one: &Opened| -> (bool, bool, AccidentId) {
            (!numbered(one), one.kept.jurisdiction.is_none(), one.kept.id)
        };
        let (from, into) = if rank(&own) < rank(&other) { (&other, &own) } else { (&own, &other) };
        let mut change = Change::new("link_accidents");
        self.join_accidents(from, into, &mut change).await?;
        let at = self.now();
        for claim in [claim, beside] {
            let id = EventId::new(at, &self.random);
            change.tell(vec![Entry { id, claim, at, audience: Audience::Owner, event: Event::AccidentLinked }]);
            let of = [("accident", into.kept.id.to_string())];
            change.push(self.audit("gateway", "accident.linked", &claim, of));
        }
        Ok(self.store.commit(change).await?)
    }

    async fn accident_to_link(&self, claim: ClaimId) -> Result<Option<Opened>, Fault> {
        let Some(filing) = self.store.filing(claim).await? else { return Ok(None) };
        if filing.linking != Some(Linking::Agreed) {
            return Ok(None);
        }
        self.store.accident(filing.accident).await?.map(|kept| self.opened_accident(kept)).transpose()
    }
}
