//! Giving back (退件) a delivery that is not the insurer's own, and handing the claim on (轉送) where the consent allows it.
//!
//! In: a delivery that was fetched, a reason, perhaps whom it should have gone to. Out: a tombstone, a line in everybody's
//! trace, and one new delivery at most. A suggestion outside the consent changes nothing but that the hospital is told.

use std::sync::Arc;

use claimgate_fhir::taiwan;
use claimgate_packet::words::Line;
use serde_json::json;

use super::{Engine, Fault, NotDone, TRIES};
use crate::core::change::{Change, Write};
use crate::core::delivery::DeliveryState;
use crate::core::handover::{Door, HandoverWrite, MOST_HOPS, NotForwarded, ReturnReason, ReturnRow};
use crate::core::route::Recipient;
use crate::core::submission::{InvalidStep, SubmissionState};
use crate::core::timeline::{Event, entries};
use crate::flows::health::HandedOn;
use crate::id::DeliveryId;
use crate::keys::at_rest::Place;
use crate::party::{Party, PartyId};
use crate::store::{DeliveryView, SubmissionView};

/// Why a delivery is given back, and to whom it should have gone.
#[derive(Debug)]
pub struct Return {
    /// Why.
    pub reason: ReturnReason,
    /// Whom the insurer suggests.
    pub suggested: Option<Suggested>,
}

/// An insurer by its number.
#[derive(Clone, Debug)]
pub struct Suggested {
    /// The number's namespace; a 統一編號 where none is named.
    pub system: Option<String>,
    /// The number.
    pub value: String,
    /// The line, where it is not the one of the delivery.
    pub line: Option<Line>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct GivenBack {
    /// The delivery as it is now.
    pub delivery: DeliveryView,
    /// Why.
    pub reason: ReturnReason,
    /// To whom the claim was handed on.
    pub forwarded_to: Option<Door>,
}

/// Where the claim goes next.
enum Onward {
    Nowhere,
    /// To whom, after how many hops, as the claim stood at this version.
    To(Recipient, i64, i64),
    Refused(NotForwarded),
}

impl Engine {
    /// Gives a delivery back. The same again is the same answer.
    ///
    /// # Errors
    /// Not there, withdrawn, never fetched, decided already, given back for another reason, a suggestion that is not
    /// followed (the return itself counts then), or a fault of ours.
    pub async fn give_back(&self, insurer: &PartyId, id: DeliveryId, back: &Return) -> Result<GivenBack, NotDone> {
        for _ in 0..TRIES {
            let delivery = self.store.delivery(insurer, id).await?.ok_or(NotDone::NotFound)?;
            match delivery.state {
                DeliveryState::Withdrawn => return Err(NotDone::Withdrawn),
                DeliveryState::Returned => return self.given_back(delivery, back).await,
                DeliveryState::Ready | DeliveryState::Acknowledged if delivery.left.is_none() => {
                    return Err(NotDone::NotFetched);
                }
                DeliveryState::Ready | DeliveryState::Acknowledged => {}
            }
            let submission = self.store.submission(insurer, delivery.submission).await?.ok_or(NotDone::NotFound)?;
            if !submission.state.is_undecided() {
                return Err(InvalidStep::new(submission.state, SubmissionState::Returned).into());
            }
            let onward = match &back.suggested {
                None => Onward::Nowhere,
                Some(suggested) => self.onward(insurer, &delivery, suggested).await?,
            };
            let mut change = Change::new("give_back_delivery");
            self.returning(insurer, (&delivery, &submission), (back, &onward), &mut change)?;
            self.drop_requests(insurer, (submission.id, SubmissionState::Returned), &mut change).await?;
            if let Onward::To(recipient, hops, version) = &onward {
                self.hand_on((&delivery, *version), (recipient, *hops), &mut change).await?;
            }
            self.commit_or_redo(change).await?;
        }
        Err(Fault::Contended.into())
    }

    /// What was given back already, seen again.
    async fn given_back(&self, delivery: DeliveryView, back: &Return) -> Result<GivenBack, NotDone> {
        let kept = self.store.returned(delivery.id).await?.ok_or(Fault::Stored("delivery_return"))?;
        if kept.reason != back.reason {
            return Err(NotDone::ReturnedOtherwise);
        }
        if let Some(refused) = kept.refused.filter(|_| back.suggested.is_some()) {
            return Err(refused.into());
        }
        let of =
            self.store.traced(&delivery.hospital, delivery.submission).await?.ok_or(Fault::Stored("submission"))?;
        let traced = self.store.traced_deliveries(&of).await?;
        let forwarded_to = traced.into_iter().find(|one| one.id == delivery.id).and_then(|one| one.forwarded_to);
        Ok(GivenBack { delivery, reason: kept.reason, forwarded_to })
    }

    /// Whether the claim may go to whom the insurer suggests: under the same consent, and never in a circle.
    async fn onward(
        &self,
        insurer: &PartyId,
        delivery: &DeliveryView,
        suggested: &Suggested,
    ) -> Result<Onward, NotDone> {
        let system = suggested.system.as_deref().map_or(taiwan::Namespace::Ubn.uri(), taiwan::canonical);
        let found = self.store.party_by_identifier(system, suggested.value.trim()).await?;
        let (version, payors) = self.payors(delivery.claim).await?;
        let refused = |why| Ok(Onward::Refused(why));
        let Some(party) = found.filter(|party| party.role().receives()) else {
            return refused(NotForwarded::Unknown);
        };
        let named = payors.iter().find(|(payor, _)| *payor == party.id);
        let Some((_, named_line)) = named else { return refused(NotForwarded::OutsideConsent) };
        let offers = |line: &Line| party.registration().lines.contains(line);
        let line = suggested.line.or(Some(delivery.line).filter(|line| offers(line))).unwrap_or(*named_line);
        if !offers(&line) {
            return refused(NotForwarded::Unknown);
        }
        if party.id == *insurer || self.store.returners(delivery.claim).await?.contains(&party.id) {
            return refused(NotForwarded::ReturnedBefore);
        }
        let hops = self.store.hops(delivery.id).await? + 1;
        if hops > MOST_HOPS {
            return refused(NotForwarded::TooOften);
        }
        let weak = self.identity_standing(delivery.claim).await?.weak(self, &party.id, line).is_some();
        if weak || !self.can_get(&party) {
            return refused(NotForwarded::Inactive);
        }
        Ok(Onward::To(Recipient { party: Arc::new(party), line }, hops, version))
    }

    fn can_get(&self, party: &Party) -> bool {
        party.is_live(self.now()) && party.encryption_key(self.now()).is_some()
    }

    fn returning(
        &self,
        insurer: &PartyId,
        (delivery, submission): (&DeliveryView, &SubmissionView),
        (back, onward): (&Return, &Onward),
        change: &mut Change,
    ) -> Result<(), Fault> {
        let now = self.now();
        let refused = if let Onward::Refused(why) = onward { Some(*why) } else { None };
        let suggested = back.suggested.as_ref().map(|suggested| {
            let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key)?;
            let row = delivery.id.to_string();
            let text = json!({ "system": suggested.system, "value": suggested.value, "line": suggested.line });
            let place = Place { table: "delivery_return", row: &row, column: "suggested" };
            key.seal(place, text.to_string().as_bytes())
        });
        change.push(Write::Handover(HandoverWrite::Return(Box::new(ReturnRow {
            delivery: delivery.id,
            claim: delivery.claim,
            party: insurer.clone(),
            submission: (submission.id, submission.version),
            reason: back.reason,
            suggested: suggested.transpose()?,
            refused,
            at: now,
        }))));
        let (party, line, reason) = (insurer.clone(), delivery.line, back.reason.as_str());
        let mut events = vec![Event::Returned { party: party.clone(), line, reason }];
        events.extend(refused.map(|why| Event::NotForwarded { party, line, code: why.code() }));
        for event in events {
            change.tell(entries(delivery.claim, &delivery.hospital, &event, now, &self.random));
        }
        let detail = [
            ("packet", delivery.packet.to_string()),
            ("reason", back.reason.as_str().to_owned()),
            ("forward", refused.map_or_else(String::new, |why| why.code().to_owned())),
        ];
        change.push(self.audit(insurer.as_str(), "delivery.returned", &delivery.id, detail));
        Ok(())
    }

    /// Makes the delivery that follows, or points to the one that is there already.
    async fn hand_on(
        &self,
        (delivery, version): (&DeliveryView, i64),
        (recipient, hops): (&Recipient, i64),
        change: &mut Change,
    ) -> Result<(), Fault> {
        let (to, line) = (recipient.party.id.clone(), recipient.line);
        let known = match self.handed_on((delivery.claim, version), recipient, change).await? {
            HandedOn::Made(id) => id,
            HandedOn::There => {
                // A case that is taken back whole, of which it has nothing: there is nothing to hand on.
                let there = self.store.newest_delivery(delivery.claim, &to, line).await?;
                let Some(there) = there else { return Ok(()) };
                there
            }
        };
        let now = self.now();
        change.push(Write::Handover(HandoverWrite::Forward(delivery.id, known, hops, now)));
        let event = Event::Forwarded { party: to.clone(), line, hops };
        change.tell(entries(delivery.claim, &delivery.hospital, &event, now, &self.random));
        let detail = [("to", to.to_string()), ("line", line.as_str().to_owned()), ("delivery", known.to_string())];
        change.push(self.audit("gateway", "delivery.forwarded", &delivery.id, detail));
        Ok(())
    }
}
