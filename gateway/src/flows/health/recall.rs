//! What has not left yet and is not to leave any more: packets for an insurer whose coverage a revision drops, or of a case
//! that is taken back whole.

use claimgate_adapters::hospital::HospitalBundle;
use claimgate_packet::words::Line;

use crate::core::change::{Change, Write};
use crate::core::delivery::DeliveryState;
use crate::core::packet::Previous;
use crate::core::timeline::{Event, entries};
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::party::PartyId;
use crate::store::SentView;

/// Whether nothing of a delivery has left.
pub(super) fn waits(one: &SentView) -> bool {
    one.left.is_none() && one.state == DeliveryState::Ready
}

/// Notes on what recipients got last that they never got it.
pub(super) fn fruitless(previous: &mut [Previous], recalled: &[SentView]) {
    for last in previous {
        let same = |one: &SentView| one.party == last.party && one.line == last.line && one.revision == last.revision;
        last.fruitless |= recalled.iter().any(same);
    }
}

impl Engine {
    /// The deliveries of earlier revisions that wait for an insurer the newest one means no more.
    pub(super) async fn not_meant_any_more(
        &self,
        hospital: &PartyId,
        claim: ClaimId,
        (bundle, named): (&HospitalBundle, &[(PartyId, Line)]),
    ) -> Result<Vec<SentView>, Fault> {
        let mut sent = self.store.sent(hospital, claim).await?;
        sent.retain(|one| {
            waits(one) && (bundle.voided || !named.iter().any(|(party, line)| *party == one.party && *line == one.line))
        });
        Ok(sent)
    }

    /// Withdraws a delivery that has not left. Where it leaves at this moment the change conflicts and is made again.
    pub(super) fn withdraw_unsent(
        &self,
        hospital: &PartyId,
        (claim, one): (ClaimId, &SentView),
        because: (&'static str, String),
        change: &mut Change,
    ) {
        change.push(Write::Withdraw(one.id, self.now()));
        let event = Event::Withdrawn { party: one.party.clone(), line: one.line };
        change.tell(entries(claim, hospital, &event, self.now(), &self.random));
        change.push(self.audit(hospital.as_str(), "delivery.withdrawn", &one.id, [because]));
    }
}
