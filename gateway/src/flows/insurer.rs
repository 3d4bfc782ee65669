//! The insurer's side: fetch a packet, acknowledge it (`acknowledge`), report the status of a submission (`report`) with
//! what was decided (`decide`), its payments (`pay`), and read how it stands (`standing`, `statement`). Its requests may be
//! signed and are answered signed (`signed`).

use jiff::{SignedDuration, Timestamp};

use super::{Engine, Fault, TRIES};
use crate::core::change::{Change, Resealed, Write};
use crate::core::delivery::{DeliveryState, Leaving};
use crate::core::handover::NotForwarded;
use crate::core::packet::{PacketError, seal_again};
use crate::core::records::Unfit;
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
mod coordination;
mod decide;
mod detail;
mod give_back;
mod link;
mod memory;
mod not_booked;
mod offset;
mod pay;
mod report;
mod requests;
mod signed;
mod standing;
mod statement;
mod traced;

pub use acknowledge::{Ack, NoReceipt};
pub(super) use books::open_payment;
pub use content::{SEALED_SEGMENT, SealedContent};
pub use give_back::{GivenBack, Return, Suggested};
pub use link::{Link, Linked};
pub use not_booked::NotBooked;
pub use offset::Moving;
pub use pay::Paying;
pub use report::{Report, Reported, Status};
pub(in crate::flows) use requests::OfRecords;
pub use requests::{Asking, Compared, HandedIn, LARGEST_ANSWER, NoPaper, NotAsked, Owner, Paper, RecordsAsking};
pub use signed::NotSigned;
pub use standing::shown;
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
    /// The consent does not name coordination, or the line pays a fixed sum.
    #[error("not coordinated")]
    NotCoordinated,
    /// A decision or a payment that does not count.
    #[error(transparent)]
    NotBooked(#[from] NotBooked),
    /// A request for papers, or an answer to one, that does not count.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
    /// A record request, or a step of one, that does not count: everything that is wrong with it.
    #[error("{}", .0.first().map_or("", |one| one.text))]
    Records(Vec<Unfit>),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<Unfit> for NotDone {
    fn from(reason: Unfit) -> Self {
        Self::Records(vec![reason])
    }
}

impl From<crate::store::StoreError> for NotDone {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// A packet that leaves.
pub(super) struct Out {
    /// The insurer as the commit found it.
    pub(super) insurer: Party,
    pub(super) delivery: DeliveryView,
    pub(super) sealed: Vec<u8>,
    /// When the delivery was marked as left just now, if it had not left before.
    pub(super) marked: Option<Timestamp>,
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
    /// A delivery that is to be fetched.
    ///
    /// # Errors
    /// Not there, its claim out of use, or a fault of ours.
    pub async fn to_fetch(&self, insurer: &PartyId, id: DeliveryId) -> Result<DeliveryView, NotDone> {
        self.store.delivery_to_fetch(insurer, id).await?.ok_or(NotDone::NotFound)
    }

    /// About how many bytes a delivery has in its recipient's form: of a packet exactly so many.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn packet_bytes(&self, insurer: &Party, delivery: &DeliveryView) -> Result<usize, NotDone> {
        let mut bytes = delivery.bytes;
        if insurer.form() != RecipientForm::Packet {
            // Files are in it, as base64 within base64.
            let (_, files) = self.store.attachments_of(delivery.id).await?;
            bytes = bytes.saturating_add(files.saturating_mul(2)).saturating_mul(2);
        }
        Ok(usize::try_from(bytes).map_err(|_| Fault::Stored("delivery"))?)
    }

    /// A delivery in its recipient's form, sealed. Its first byte counts as left now; every fetch is audited. `known` is
    /// what [`Engine::to_fetch`] gave for this insurer, as this request has it. A form that cannot be made has not left.
    ///
    /// The consent basis is looked at again before the first byte leaves; without one the delivery is withdrawn.
    /// Where the insurer's key has changed, the same packet is sealed again to the new one.
    ///
    /// # Errors
    /// Not there, withdrawn, given back, files without a consent basis, or a fault of ours.
    pub async fn fetch(&self, insurer: Party, known: DeliveryView) -> Result<(DeliveryView, Vec<u8>), NotDone> {
        let whose = (insurer.id.clone(), known.id);
        if insurer.form() == RecipientForm::Packet {
            let out = self.let_out(whose, Some("delivery.fetched"), Some((insurer, known))).await?;
            return Ok((out.delivery, out.sealed));
        }
        self.fetch_made(whose, (insurer, known)).await
    }

    /// The same in a form that is made of the packet after it was let out.
    async fn fetch_made(
        &self,
        (insurer, id): (PartyId, DeliveryId),
        known: (Party, DeliveryView),
    ) -> Result<(DeliveryView, Vec<u8>), NotDone> {
        let mut known = Some(known);
        for _ in 0..TRIES {
            let out = self.let_out((insurer.clone(), id), None, known.take()).await?;
            let made = match self.sealed_form(&out.insurer, &out.delivery, out.sealed).await {
                Ok(made) => made,
                Err(error) => {
                    self.stayed(id, out.marked).await;
                    return Err(error);
                }
            };
            // Another attempt may have ended meanwhile, with its bytes out or not.
            let delivery = self.store.delivery(&insurer, id).await?.ok_or(NotDone::NotFound)?;
            closed(&delivery)?;
            let mut change = Change::new("fetch_delivery");
            match delivery.left {
                // The mark is gone: the consent basis is looked at again.
                None => continue,
                Some(_) if delivery.leaving => change.push(Write::Leaving(id, Leaving::Goes, self.now())),
                Some(_) => {}
            }
            self.has_left(&insurer, &delivery, (insurer.as_str(), "delivery.fetched"), &mut change);
            if self.commit_or_redo(change).await?.is_some() {
                return Ok((delivery, made));
            }
        }
        Err(Fault::Contended.into())
    }

    /// Takes back the mark of an attempt of which no byte went out.
    async fn stayed(&self, id: DeliveryId, marked: Option<Timestamp>) {
        let Some(at) = marked else { return };
        let mut change = Change::new("fetch_delivery");
        change.push(Write::Leaving(id, Leaving::Stayed, at));
        if let Err(error) = self.store.commit(change).await {
            // It counts as left then: nobody takes back what somebody may hold.
            tracing::warn!(%error, delivery = %id, "the mark of a fetch that failed stays");
        }
    }

    /// The sealed packet of a delivery. With no action to audit it is marked as an attempt marks it, and it is for the
    /// caller to say what came of it; the mark is given where the attempt may take it away again. What is known already is
    /// not read again: the commit compares the insurer's version, and what it relied on is read for another try.
    pub(super) async fn let_out(
        &self,
        (insurer, id): (PartyId, DeliveryId),
        action: Option<&'static str>,
        mut known: Option<(Party, DeliveryView)>,
    ) -> Result<Out, NotDone> {
        for _ in 0..TRIES {
            let (party, delivery) = if let Some(known) = known.take() {
                known
            } else {
                let delivery = self.store.delivery(&insurer, id).await?.ok_or(NotDone::NotFound)?;
                (self.store.party(&insurer).await?.ok_or(Fault::Stored("party"))?, delivery)
            };
            closed(&delivery)?;
            // It may have been suspended since it was let in: what made a first try conflict.
            if !self.lets_in(&party) {
                return Err(NotDone::NotFound);
            }
            let mut change = Change::new("fetch_delivery");
            if delivery.left.is_none() && self.withdraw_without_consent(&insurer, &delivery, &mut change).await? {
                self.commit_or_redo(change).await?;
                continue;
            }
            if self.seal_for_new_key(&party, &delivery, &mut change).await? {
                self.commit_or_redo(change).await?;
                continue;
            }
            let sealed = self.store.sealed_packet(&insurer, id).await?.ok_or(NotDone::NotFound)?;
            let mut marked = None;
            if delivery.left.is_none() || delivery.leaving {
                let (leaving, at) = if action.is_some() {
                    (Leaving::Goes, self.now())
                } else {
                    // Later than the mark of another attempt, which then knows it as its own no more.
                    let after = delivery.left.and_then(|left| left.checked_add(SignedDuration::from_millis(1)).ok());
                    (Leaving::Begins, after.unwrap_or(Timestamp::MIN).max(self.now()))
                };
                change.push(Write::Leaving(id, leaving, at));
                marked = delivery.left.is_none().then_some(at);
            }
            if let Some(action) = action {
                self.has_left(&insurer, &delivery, (insurer.as_str(), action), &mut change);
            }
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(Out { insurer: party, delivery, sealed, marked });
            }
        }
        Err(Fault::Contended.into())
    }

    /// Notes that a packet's bytes have gone out, as the delivery stood before: told once, audited each time.
    pub(super) fn has_left(
        &self,
        insurer: &PartyId,
        delivery: &DeliveryView,
        (actor, action): (&str, &'static str),
        change: &mut Change,
    ) {
        if delivery.left.is_none() || delivery.leaving {
            let event = Event::Fetched { party: insurer.clone(), line: delivery.line };
            change.tell(entries(delivery.claim, &delivery.hospital, &event, self.now(), &self.random));
        }
        let packet = ("packet", delivery.packet.to_string());
        change.push(self.audit(actor, action, &delivery.id, [packet]));
    }

    /// Looks at the consent basis again; writes the withdrawal where there is none any more.
    async fn withdraw_without_consent(
        &self,
        insurer: &PartyId,
        delivery: &DeliveryView,
        change: &mut Change,
    ) -> Result<bool, Fault> {
        let hospital = self.store.party(&delivery.hospital).await?.ok_or(Fault::Stored("party"))?;
        if self.consents_still(&hospital, delivery.claim, (insurer, delivery.line)).await? {
            change.push(Write::RelyOnParty(hospital.id, hospital.version));
            return Ok(false);
        }
        let event = Event::Withdrawn { party: insurer.clone(), line: delivery.line };
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
        insurer: &Party,
        delivery: &DeliveryView,
        change: &mut Change,
    ) -> Result<bool, NotDone> {
        let key = insurer.encryption_key(self.now()).ok_or(NotDone::NoKey)?;
        change.push(Write::RelyOnParty(insurer.id.clone(), insurer.version));
        if key.kid == delivery.kid {
            return Ok(false);
        }
        let (body, wrapped) = self.store.packet(delivery.packet).await?.ok_or(Fault::Stored("packet"))?;
        let claim_key = self.vault.open_claim_key(delivery.claim, &wrapped).map_err(Fault::from)?;
        let row = delivery.packet.to_string();
        let stored =
            claim_key.open(Place { table: "packet", row: &row, column: "body" }, &body).map_err(Fault::from)?;
        let ready = self.sealers.of(key).map_err(PacketError::from).map_err(Fault::from)?;
        let sealed = seal_again(&stored, (&insurer.id, delivery.line), &ready).map_err(Fault::from)?;
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
