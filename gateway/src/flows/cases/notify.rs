//! The first insurer's duty to tell the other insurers of the accident, and the fund, that it has a claim under compulsory cover
//! (強制汽車責任保險承保及理賠作業處理辦法 §14 III): the gateway does it the moment the claim is acknowledged, once for each
//! accident. The proof is an entry of each one's stream of events and a line of the audit trail.

use std::collections::BTreeSet;

use claimgate_packet::words::Line;

use crate::core::cases::CaseWrite;
use crate::core::cases::facts::others;
use crate::core::change::{Change, Write};
use crate::core::timeline::{Event, entries};
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::party::PartyId;
use crate::store::DeliveryView;

impl Engine {
    /// Tells the others where this acknowledgement is the first of its accident.
    pub(in crate::flows) async fn tell_liable(
        &self,
        first: &PartyId,
        delivery: &DeliveryView,
        change: &mut Change,
    ) -> Result<(), Fault> {
        if delivery.line != Line::MotorCompulsory || self.store.case_claim(delivery.claim).await?.is_none() {
            return Ok(());
        }
        let Some(filing) = self.store.filing(delivery.claim).await? else { return Ok(()) };
        if self.store.insurers_were_told(filing.accident).await? {
            return Ok(());
        }
        let mut liable = self.named_insurers(delivery.claim).await?;
        let known = self.store.insurers_of_accident(filing.accident).await?;
        liable.extend(known.into_iter().filter(|(_, line)| *line == Line::MotorCompulsory).map(|(party, _)| party));
        liable.remove(first);
        let insurers: Vec<PartyId> = liable.into_iter().collect();
        change.push(Write::Case(CaseWrite::Notified(filing.accident, delivery.claim, self.now())));
        let told: Vec<&str> = insurers.iter().map(PartyId::as_str).collect();
        let of = [("claim", delivery.claim.to_string()), ("told", told.join(" "))];
        change.push(self.audit("gateway", "accident.insurers-told", &filing.accident, of));
        let event = Event::FirstInsurer { accident: filing.accident, party: first.clone(), insurers };
        change.tell(entries(delivery.claim, &delivery.hospital, &event, self.now(), &self.random));
        Ok(())
    }

    /// Compulsory insurers, and the fund, that the persons of an accident name; only those that take part here.
    async fn named_insurers(&self, claim: ClaimId) -> Result<BTreeSet<PartyId>, Fault> {
        let mut named = BTreeSet::new();
        let Some(case) = self.store.case_of_claim(claim).await? else { return Ok(named) };
        let Some(case) = self.store.case(case).await? else { return Ok(named) };
        for kept in self.store.cases_of_group(case.group).await? {
            let draft = self.opened_case(kept)?.body.draft;
            let own = draft.text("insurer.compulsory");
            for id in own.into_iter().chain(others(&draft).into_iter().filter_map(|one| one.insurer)) {
                let Ok(id) = id.parse::<PartyId>() else { continue };
                let party = self.store.party(&id).await?;
                if party.is_some_and(|party| party.registration().lines.contains(&Line::MotorCompulsory)) {
                    named.insert(id);
                }
            }
        }
        Ok(named)
    }
}
