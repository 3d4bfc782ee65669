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
use crate::keys::index::Mac;
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

    /// What one reference of an insurer is kept as: the first entry under it as any other, each further one with its place.
    fn references(&self, insurer: &PartyId, reference: &str, entries: usize) -> Vec<Mac> {
        let keyed = |place: usize| {
            let place = place.to_string();
            let mut parts = vec![insurer.as_str().as_bytes(), reference.as_bytes()];
            if place != "0" {
                parts.push(place.as_bytes());
            }
            self.index.exact("payment.reference", &parts)
        };
        (0..entries).map(keyed).collect()
    }

    async fn book_moving(
        &self,
        (insurer, submission, key): (&PartyId, &SubmissionView, &ClaimKey),
        moving: &Moving,
        instruction: Option<String>,
        change: &mut Change,
    ) -> Result<(), NotTaken> {
        let books = self.books(key, submission.id).await?;
        let entries = as_payments(&books, moving, instruction.as_deref()).map_err(super::NotDone::from)?;
        let mut balance = books.balance()?;
        for payment in &entries {
            check(submission, &books, payment).map_err(super::NotDone::from)?;
            balance = after(balance, payment)?;
        }
        let references = self.references(insurer, &moving.reference, entries.len());
        for reference in &references {
            if self.store.reference_used(insurer, reference).await? {
                return Err(super::NotDone::from(NotBooked::Reference).into());
            }
        }
        let stands = books.standing().map(|(kept, _)| kept.outcome);
        let state =
            stands.map_or(submission.state, |outcome| submission.state.settled(outcome, balance.is_paid_in_full()));
        self.step(insurer, submission, (state, None), change);
        if state != submission.state {
            self.together(insurer, submission, state, change).await?;
        }
        let newest = books.payments.last().map_or(0, |(kept, _)| kept.number);
        for ((number, payment), reference) in (newest + 1..).zip(&entries).zip(references) {
            let entry = PaymentId::new(self.now(), &self.random);
            let body = seal_payment(key, &entry.to_string(), payment)?;
            self.book(insurer, submission, (entry, number, body, reference, payment.kind), change);
        }
        self.note_account(insurer, submission, &balance, change);
        Ok(self.tell_sharers(insurer, (submission, key), change).await?)
    }
}

/// The entries of the ledger: what the decision leaves open is its payment, anything else goes on account; what goes back is
/// one entry for each payment it belongs to.
fn as_payments(books: &Books, moving: &Moving, instruction: Option<&str>) -> Result<Vec<Payment>, NotBooked> {
    let open = books.balance().ok().and_then(|balance| balance.open());
    let decided = books.standing().is_some() && open.is_some_and(|open| moving.amount <= open);
    let kind = match (moving.back, decided) {
        (true, _) => PaymentKind::Reclaimed,
        (false, true) => PaymentKind::Final,
        (false, false) => PaymentKind::Provisional,
    };
    let parts = if moving.back {
        reversed(books, moving.amount)?.into_iter().map(|(id, amount)| (Some(id), amount)).collect()
    } else {
        vec![(None, moving.amount)]
    };
    let entry = |(reverses, amount): (Option<String>, Twd)| Payment {
        kind,
        amount,
        value_date: moving.value_date,
        reference: moving.reference.clone(),
        payee: (!moving.back)
            .then(|| Payee { kind: PayeeKind::ThirdAccount, instruction: instruction.map(ToOwned::to_owned) }),
        reverses,
        ahead_of_decision: kind == PaymentKind::Provisional,
        sheet: Vec::new(),
    };
    Ok(parts.into_iter().map(entry).collect())
}

/// The newest payment to the hospital of which so much is still out; where no single one is, the newest ones that make it up.
fn reversed(books: &Books, amount: Twd) -> Result<Vec<(String, Twd)>, NotBooked> {
    let to_hospital = |payment: &Payment| payment.payee.as_ref().is_some_and(|one| one.kind == PayeeKind::ThirdAccount);
    let mut out = Vec::new();
    for (kept, one) in books.payments.iter().rev().filter(|(_, one)| to_hospital(one)) {
        let id = kept.id.to_string();
        let back = books.payments.iter().filter(|(_, other)| other.reverses.as_deref() == Some(id.as_str()));
        let left = Twd::sum(back.map(|(_, other)| other.amount)).and_then(|back| one.amount.checked_sub(back));
        if let Some(left) = left.filter(|left| *left > Twd::ZERO) {
            out.push((id, left));
        }
    }
    if let Some((id, _)) = out.iter().find(|(_, left)| amount <= *left) {
        return Ok(vec![(id.clone(), amount)]);
    }
    let (mut parts, mut missing) = (Vec::new(), amount);
    for (id, left) in out {
        let part = left.min(missing);
        missing = missing.checked_sub(part).ok_or(NotBooked::Amount)?;
        parts.push((id, part));
        if missing.is_zero() {
            return Ok(parts);
        }
    }
    Err(NotBooked::ReversesTooMuch)
}
