//! The insurer's side: fetch a packet, acknowledge it (`acknowledge`), report the status of a submission (`report`) with
//! what was decided (`decide`), its payments (`pay`), and read how it stands (`standing`, `statement`). Its requests may be
//! signed and are answered signed (`signed`).

use jiff::Timestamp;

use super::{Engine, Fault, TRIES};
use crate::core::change::{Change, Resealed, Write};
use crate::core::delivery::DeliveryState;
use crate::core::handover::NotForwarded;
use crate::core::packet::{PacketError, seal_again};
use crate::core::submission::InvalidStep;
use crate::core::timeline::{Event, entries};
use crate::id::DeliveryId;
use crate::keys::at_rest::Place;
use crate::party::{Party, PartyId, RecipientForm};
use crate::store::DeliveryView;

mod acknowledge;
mod attachments;
mod books;
mod content;
mod decide;
mod detail;
mod give_back;
mod link;
mod memory;
mod not_booked;
mod offset;
mod pay;
mod report;
mod signed;
mod standing;
mod statement;
mod traced;

pub use acknowledge::{Ack, NoReceipt};
pub use content::{SEALED_SEGMENT, SealedContent};
pub use give_back::{GivenBack, Return, Suggested};
pub use link::{Link, Linked};
pub use not_booked::NotBooked;
pub use offset::Moving;
pub use pay::Paying;
pub use report::{Report, Reported, Status};
pub use signed::NotSigned;
pub use statement::NotStated;
pub use traced::Trace;

/// Why an insurer's request cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// Not there, or another party's.
    #[error("not found")]
    NotFound,
    /// Taken back before it left.
    #[error("withdrawn")]
    Withdrawn,
    /// Given back by this insurer.
    #[error("returned")]
    Returned,
    /// Given back before, for another reason.
    #[error("returned otherwise")]
    ReturnedOtherwise,
    /// Given back, and not handed on to whom the insurer suggests.
    #[error(transparent)]
    NotForwarded(#[from] NotForwarded),
    /// It was never fetched.
    #[error("never fetched")]
    NotFetched,
    /// An attachment has not left, and its hospital has no consent basis now.
    #[error("withheld")]
    Withheld,
    /// The file is too large for one sealed text.
    #[error("the file is fetched by key and content")]
    LargeFile,
    /// The file is small, and has no key of its own.
    #[error("the file is fetched whole")]
    SmallFile,
    /// The key of the file was never fetched.
    #[error("the key of the file comes first")]
    KeyFirst,
    /// The insurer has no valid encryption key now.
    #[error("no valid encryption key")]
    NoKey,
    /// The digest in the acknowledgement is not the one of the delivery.
    #[error("another digest")]
    DigestMismatch,
    /// The signed receipt in the acknowledgement does not count.
    #[error(transparent)]
    Receipt(#[from] NoReceipt),
    /// It was acknowledged with the other result.
    #[error("acknowledged otherwise")]
    AcknowledgedOtherwise,
    /// The `Idempotency-Key` was used for other bytes or another submission.
    #[error("the Idempotency-Key was used for another report")]
    KeyReused,
    /// The state machine has no such step.
    #[error(transparent)]
    InvalidStep(#[from] InvalidStep),
    /// A decision or a payment that does not count.
    #[error(transparent)]
    NotBooked(#[from] NotBooked),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<crate::store::StoreError> for NotDone {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// Refuses what is no delivery any more.
fn closed(delivery: &DeliveryView) -> Result<(), NotDone> {
    match delivery.state {
        DeliveryState::Withdrawn => Err(NotDone::Withdrawn),
        DeliveryState::Returned => Err(NotDone::Returned),
        DeliveryState::Ready | DeliveryState::Acknowledged => Ok(()),
    }
}

impl Engine {
    /// About how many bytes a delivery has in its recipient's form: of a packet exactly so many.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn packet_bytes(&self, insurer: &Party, id: DeliveryId) -> Result<usize, NotDone> {
        let mut bytes = self.store.sealed_bytes(&insurer.id, id).await?.ok_or(NotDone::NotFound)?;
        if insurer.form() != RecipientForm::Packet {
            // Files are in it, as base64 within base64.
            let (_, files) = self.store.attachments_of(id).await?;
            bytes = bytes.saturating_add(files.saturating_mul(2)).saturating_mul(2);
        }
        Ok(usize::try_from(bytes).map_err(|_| Fault::Stored("delivery"))?)
    }

    /// A delivery in its recipient's form, sealed; otherwise as [`Engine::leave`].
    ///
    /// # Errors
    /// Not there, withdrawn, given back, files without a consent basis, or a fault of ours.
    pub async fn fetch(&self, insurer: &PartyId, id: DeliveryId) -> Result<(DeliveryView, Vec<u8>), NotDone> {
        let (delivery, sealed) = self.leave(insurer, id).await?;
        let party = self.store.party(insurer).await?.ok_or(Fault::Stored("party"))?;
        let sealed = self.sealed_form(&party, &delivery, sealed).await?;
        Ok((delivery, sealed))
    }

    /// The sealed packet of a delivery. Its first byte counts as left now; every fetch is audited.
    ///
    /// The consent basis is looked at again before the first byte leaves; without one the delivery is withdrawn.
    /// Where the insurer's key has changed, the same packet is sealed again to the new one.
    ///
    /// # Errors
    /// Not there, withdrawn, or a fault of ours.
    pub async fn leave(&self, insurer: &PartyId, id: DeliveryId) -> Result<(DeliveryView, Vec<u8>), NotDone> {
        let (delivery, sealed, _) = self.let_out(insurer, id, Some("delivery.fetched")).await?;
        Ok((delivery, sealed))
    }

    /// As [`Engine::leave`]; with no action to audit it is for the caller to say what came of it. The time is the one
    /// the delivery was marked as left at just now, if it had not left before.
    pub(super) async fn let_out(
        &self,
        insurer: &PartyId,
        id: DeliveryId,
        action: Option<&'static str>,
    ) -> Result<(DeliveryView, Vec<u8>, Option<Timestamp>), NotDone> {
        for _ in 0..TRIES {
            let delivery = self.store.delivery(insurer, id).await?.ok_or(NotDone::NotFound)?;
            closed(&delivery)?;
            let mut change = Change::new("fetch_delivery");
            if delivery.left.is_none() && self.withdraw_without_consent(&delivery, &mut change).await? {
                self.commit_or_redo(change).await?;
                continue;
            }
            if self.seal_for_new_key(insurer, &delivery, &mut change).await? {
                self.commit_or_redo(change).await?;
                continue;
            }
            let sealed = self.store.sealed_packet(insurer, id).await?.ok_or(NotDone::NotFound)?;
            let marked = delivery.left.is_none().then(|| self.now());
            if let Some(at) = marked {
                change.push(Write::DeliveryLeft(id, at));
            }
            if let Some(action) = action {
                self.has_left(insurer, &delivery, (insurer.as_str(), action), &mut change);
            }
            if self.commit_or_redo(change).await?.is_some() {
                return Ok((delivery, sealed, marked));
            }
        }
        Err(Fault::Contended.into())
    }

    /// Notes that a packet's bytes have gone out: told once, audited each time.
    pub(super) fn has_left(
        &self,
        insurer: &PartyId,
        delivery: &DeliveryView,
        (actor, action): (&str, &'static str),
        change: &mut Change,
    ) {
        if delivery.left.is_none() {
            let event = Event::Fetched { party: insurer.clone(), line: delivery.line };
            change.tell(entries(delivery.claim, &delivery.hospital, &event, self.now(), &self.random));
        }
        let packet = ("packet", delivery.packet.to_string());
        change.push(self.audit(actor, action, &delivery.id, [packet]));
    }

    /// Looks at the consent basis again; writes the withdrawal where there is none any more.
    async fn withdraw_without_consent(&self, delivery: &DeliveryView, change: &mut Change) -> Result<bool, Fault> {
        let hospital = self.store.party(&delivery.hospital).await?.ok_or(Fault::Stored("party"))?;
        if hospital.registration().consent.is_some() {
            change.push(Write::RelyOnParty(hospital.id, hospital.version));
            return Ok(false);
        }
        let event = Event::Withdrawn { line: delivery.line };
        change.push(Write::Withdraw(delivery.id, self.now()));
        change.push(self.due(delivery.claim));
        change.tell(entries(delivery.claim, &delivery.hospital, &event, self.now(), &self.random));
        change.push(self.audit(
            "gateway",
            "delivery.withdrawn",
            &delivery.id,
            [("packet", delivery.packet.to_string())],
        ));
        Ok(true)
    }

    /// Seals the packet again where the insurer's key is not the one it was sealed to; no byte leaves under a key that
    /// counts no more.
    async fn seal_for_new_key(
        &self,
        insurer: &PartyId,
        delivery: &DeliveryView,
        change: &mut Change,
    ) -> Result<bool, NotDone> {
        let party = self.store.party(insurer).await?.ok_or(Fault::Stored("party"))?;
        let key = party.encryption_key(self.now()).ok_or(NotDone::NoKey)?;
        change.push(Write::RelyOnParty(insurer.clone(), party.version));
        if key.kid == delivery.kid {
            return Ok(false);
        }
        let (body, wrapped) = self.store.packet(delivery.packet).await?.ok_or(Fault::Stored("packet"))?;
        let claim_key = self.vault.open_claim_key(delivery.claim, &wrapped).map_err(Fault::from)?;
        let row = delivery.packet.to_string();
        let stored =
            claim_key.open(Place { table: "packet", row: &row, column: "body" }, &body).map_err(Fault::from)?;
        let ready = self.sealers.of(key).map_err(PacketError::from).map_err(Fault::from)?;
        let sealed = seal_again(&stored, (insurer, delivery.line), &ready).map_err(Fault::from)?;
        change.push(Write::Reseal(Box::new(Resealed {
            id: delivery.id,
            from_kid: delivery.kid.clone(),
            kid: key.kid.clone(),
            sealed_digest: sealed.digest(),
            sealed: sealed.as_str().as_bytes().to_vec(),
        })));
        Ok(true)
    }

    pub(in crate::flows) async fn commit_or_redo(&self, change: Change) -> Result<Option<()>, Fault> {
        match self.store.commit(change).await.map_err(Fault::from) {
            Ok(()) => Ok(Some(())),
            Err(fault) if fault.is_conflict() => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
