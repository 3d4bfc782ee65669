//! Money of an offset at discharge: what an insurer pays the hospital under the insured's instruction, and what it gets
//! back. The entry of the ledger and the step of the case are one change.

use claimgate_adapters::insurer::payment::{Payee, PayeeKind, Payment, PaymentKind};
use claimgate_packet::amount::Twd;
use jiff::civil::Date;

use super::books::{Books, seal_payment};
use super::pay::{after, check};
use super::{Engine, Fault, NotBooked, TRIES};
use crate::core::change::Change;
use crate::core::offset::Step;
use crate::flows::offset::{NotTaken, Seen};
use crate::id::{OffsetId, PaymentId};
use crate::keys::at_rest::ClaimKey;
use crate::party::PartyId;
use crate::store::{OffsetOf, SubmissionView};

/// Money that moves between an insurer and a hospital.
pub struct Moving {
    /// How much.
    pub amount: Twd,
    /// The day it moves.
    pub value_date: Date,
    /// The insurer's own reference.
    pub reference: String,
    /// Back to the insurer.
    pub back: bool,
}

claimgate_packet::opaque_debug!(Moving);

impl Engine {
    /// Books what an insurer paid the hospital, or got back; the same again answers the case as it is.
    ///
    /// # Errors
    /// Not there, more than is due, what the books do not allow, or a fault of ours.
    pub async fn move_offset(&self, insurer: &PartyId, id: OffsetId, moving: &Moving) -> Result<Seen, NotTaken> {
        let (amount, reference) = (moving.amount, moving.reference.clone());
        let step = if moving.back {
            Step::Refund(insurer.clone(), amount, reference)
        } else {
            Step::Pay(insurer.clone(), amount, reference)
        };
        let of = OffsetOf::Insurer(insurer);
        for _ in 0..TRIES {
            let (kept, key, mut offset) = self.read_offset(of, id).await?;
            if !offset.take(&step, self.now())? {
                let changed = kept.changed;
                return Ok(self.offset_seen(&kept, offset, changed));
            }
            let part = offset.parts.iter().find(|part| part.party == *insurer).ok_or(NotTaken::NotFound)?;
            let instruction = offset.instruction.as_ref().map(|given| given.reference.clone());
            let submission = self.store.submission(insurer, part.submission).await?.ok_or(NotTaken::NotFound)?;
            let mut change = Change::new("move_offset");
            self.book_moving((insurer, &submission, &key), moving, instruction, &mut change).await?;
            self.write_offset((&kept, &key), &offset, (step.name(), of), &mut change)?;
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(self.offset_seen(&kept, offset, self.now()));
            }
        }
        Err(Fault::Contended.into())
    }

    async fn book_moving(
        &self,
        (insurer, submission, key): (&PartyId, &SubmissionView, &ClaimKey),
        moving: &Moving,
        instruction: Option<String>,
        change: &mut Change,
    ) -> Result<(), NotTaken> {
        let books = self.books(key, submission.id).await?;
        let payment = as_payment(&books, moving, instruction).map_err(super::NotDone::from)?;
        check(submission, &books, &payment).map_err(super::NotDone::from)?;
        let parts = [insurer.as_str().as_bytes(), payment.reference.as_bytes()];
        let reference = self.index.exact("payment.reference", &parts);
        if self.store.reference_used(insurer, &reference).await? {
            return Err(super::NotDone::from(NotBooked::Reference).into());
        }
        let balance = after(&books, &payment)?;
        let entry = PaymentId::new(self.now(), &self.random);
        let number = books.payments.last().map_or(0, |(kept, _)| kept.number) + 1;
        let body = seal_payment(key, &entry.to_string(), &payment)?;
        let stands = books.standing().map(|(kept, _)| kept.outcome);
        let state =
            stands.map_or(submission.state, |outcome| submission.state.settled(outcome, balance.is_paid_in_full()));
        self.step(insurer, submission, (state, None), change);
        if state != submission.state {
            self.together(insurer, submission, state, change).await?;
        }
        self.book(insurer, submission, (entry, number, body, reference, payment.kind), change);
        self.note_account(insurer, submission, &balance, change);
        Ok(self.tell_sharers(insurer, (submission, key), change).await?)
    }
}

/// The entry of the ledger: what the decision leaves open is its payment, anything else goes on account.
fn as_payment(books: &Books, moving: &Moving, instruction: Option<String>) -> Result<Payment, NotBooked> {
    let open = books.balance().ok().and_then(|balance| balance.open());
    let decided = books.standing().is_some() && open.is_some_and(|open| moving.amount <= open);
    let reverses = if moving.back { Some(reversed(books, moving.amount)?) } else { None };
    let kind = match (moving.back, decided) {
        (true, _) => PaymentKind::Reclaimed,
        (false, true) => PaymentKind::Final,
        (false, false) => PaymentKind::Provisional,
    };
    Ok(Payment {
        kind,
        amount: moving.amount,
        value_date: moving.value_date,
        reference: moving.reference.clone(),
        payee: (!moving.back).then_some(Payee { kind: PayeeKind::ThirdAccount, instruction }),
        reverses,
        ahead_of_decision: kind == PaymentKind::Provisional,
        sheet: Vec::new(),
    })
}

/// The newest payment to the hospital of which so much is still out.
fn reversed(books: &Books, amount: Twd) -> Result<String, NotBooked> {
    let to_hospital = |payment: &Payment| payment.payee.as_ref().is_some_and(|one| one.kind == PayeeKind::ThirdAccount);
    let found = books.payments.iter().rev().filter(|(_, one)| to_hospital(one)).find(|(kept, one)| {
        let id = kept.id.to_string();
        let back = books.payments.iter().filter(|(_, other)| other.reverses.as_deref() == Some(id.as_str()));
        let left = Twd::sum(back.map(|(_, other)| other.amount)).and_then(|back| one.amount.checked_sub(back));
        left.is_some_and(|left| amount <= left)
    });
    found.map(|(kept, _)| kept.id.to_string()).ok_or(NotBooked::ReversesTooMuch)
}
