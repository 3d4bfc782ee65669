//! Payments (給付): entries of a submission's ledger, each added once, none ever changed. The state follows the ledger:
//! `paid` where what was accepted is paid, back to the decision's own where money came back.

use claimgate_adapters::insurer::payment::{Booked, PayeeKind, Payment, PaymentKind};
use claimgate_packet::amount::Twd;
use serde::{Deserialize, Serialize};

use super::books::{Books, seal_payment, sums};
use super::memory::Keyed;
use super::{Engine, Fault, NotBooked, NotDone, TRIES};
use crate::core::change::{Change, Write};
use crate::core::ledger::{Balance, LedgerWrite, MOST_ENTRIES, PaymentRow};
use crate::core::submission::SubmissionState;
use crate::core::timeline::{Event, entries};
use crate::id::{PaymentId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::SubmissionView;

/// The route keys are remembered under.
const ROUTE: &str = "POST /insurer/v1/submissions/{id}/payments";

/// A payment as it came.
pub struct Paying<'a> {
    /// What it says.
    pub payment: Payment,
    /// `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// The bytes it came in: a key belongs to them.
    pub bytes: &'a [u8],
}

claimgate_packet::opaque_debug!(Paying<'_>);

/// What is remembered of an answer: its amounts are read from the books again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    payment: String,
    number: i64,
    version: i64,
    state: String,
}

impl Engine {
    /// Adds a payment to the books of a submission. With a key the first answer to these bytes for this submission stays
    /// the answer; a refusal is not remembered.
    ///
    /// # Errors
    /// Not there, a payment that does not count, a key used for something else, or a fault of ours.
    pub async fn pay(&self, insurer: &PartyId, id: SubmissionId, paying: &Paying<'_>) -> Result<Booked, NotDone> {
        let keyed = |key| Keyed { route: ROUTE, label: "payment.request", key, bytes: paying.bytes };
        let memory = paying.key.map(|key| self.memory_of(insurer, id, keyed(key)));
        let payment = &paying.payment;
        let reference =
            self.index.exact("payment.reference", &[insurer.as_str().as_bytes(), payment.reference.as_bytes()]);
        let _turn = self.turns.of(id.uuid().as_bytes()).await;
        for _ in 0..TRIES {
            let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
            self.not_of_records(&submission).await?;
            let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
            let books = self.books(&key, id).await?;
            if let Some(memory) = &memory
                && let Some(known) = self.recall::<Remembered>(insurer, memory).await?
            {
                return booked(&submission, &books, known);
            }
            check(&submission, &books, payment)?;
            if self.store.reference_used(insurer, &reference).await? {
                return Err(NotBooked::Reference.into());
            }
            let balance = after(books.balance()?, payment)?;
            let (change, known) = {
                let entry = PaymentId::new(self.now(), &self.random);
                let number = books.payments.last().map_or(0, |(kept, _)| kept.number) + 1;
                let body = seal_payment(&key, &entry.to_string(), payment)?;
                let stands = books.standing().map(|(kept, _)| (kept.version, kept.outcome));
                let state = stands.map_or(submission.state, |(_, outcome)| {
                    submission.state.settled(outcome, balance.is_paid_in_full())
                });
                let mut change = Change::new("book_payment");
                self.step(insurer, &submission, (state, None), &mut change);
                if state != submission.state {
                    self.together(insurer, &submission, state, &mut change).await?;
                }
                self.book(insurer, &submission, (entry, number, body, reference, payment.kind), &mut change);
                self.note_account(insurer, &submission, &balance, &mut change);
                self.tell_sharers(insurer, (&submission, &key), &mut change).await?;
                let known = Remembered {
                    payment: entry.to_string(),
                    number,
                    version: stands.map_or(0, |(version, _)| version),
                    state: state.as_str().to_owned(),
                };
                if let Some(memory) = &memory {
                    change.push(self.keep_answer(insurer, memory, &known)?);
                }
                (change, known)
            };
            if self.commit_or_redo(change).await?.is_some() {
                return answer(&submission, known, &balance);
            }
        }
        Err(Fault::Contended.into())
    }

    pub(super) fn book(
        &self,
        insurer: &PartyId,
        submission: &SubmissionView,
        (id, number, body, reference, kind): (PaymentId, i64, Vec<u8>, Mac, PaymentKind),
        change: &mut Change,
    ) {
        let (at, claim, kind) = (self.now(), submission.claim, kind.as_str());
        change.push(Write::Ledger(LedgerWrite::Payment(Box::new(PaymentRow {
            id,
            submission: submission.id,
            number,
            claim,
            party: insurer.clone(),
            kind,
            reference,
            body,
            at,
        }))));
        let event = Event::Payment { party: insurer.clone(), line: submission.line, kind };
        change.tell(entries(claim, &submission.hospital, &event, at, &self.random));
        let detail = [("payment", id.to_string()), ("kind", kind.to_owned()), ("claim", claim.to_string())];
        change.push(self.audit(insurer.as_str(), "submission.payment", &submission.id, detail));
    }
}

fn booked(submission: &SubmissionView, books: &Books, known: Remembered) -> Result<Booked, NotDone> {
    let balance = books.balance_at(known.version, known.number).ok_or(Fault::Stored("payment"))?;
    answer(submission, known, &balance)
}

fn answer(submission: &SubmissionView, known: Remembered, balance: &Balance) -> Result<Booked, NotDone> {
    Ok(Booked {
        payment_id: known.payment,
        number: known.number,
        submission_id: submission.id.to_string(),
        claim_id: submission.claim.to_string(),
        line: submission.line,
        state: known.state,
        sums: sums(balance)?,
    })
}

/// Whether a payment counts, by itself and by the books.
pub(super) fn check(submission: &SubmissionView, books: &Books, payment: &Payment) -> Result<(), NotBooked> {
    let of_itself = [
        (payment.amount <= Twd::ZERO, NotBooked::Amount),
        (payment.kind.comes_back() != payment.reverses.is_some(), NotBooked::Form),
        (payment.kind.comes_back() == payment.payee.is_some(), NotBooked::Form),
        (payment.ahead_of_decision && payment.kind != PaymentKind::Provisional, NotBooked::Form),
        (third_without_instruction(payment), NotBooked::Instruction),
        (!sheet_fits(payment), NotBooked::Sheet),
        (books.payments.len() >= usize::try_from(MOST_ENTRIES).unwrap_or(usize::MAX), NotBooked::Full),
    ];
    if let Some((_, reason)) = of_itself.into_iter().find(|(wrong, _)| *wrong) {
        return Err(reason);
    }
    match &payment.reverses {
        Some(reversed) => comes_back(books, reversed, payment.amount),
        None => goes_out(submission.state, books, payment),
    }
}

fn third_without_instruction(payment: &Payment) -> bool {
    payment.payee.as_ref().is_some_and(|payee| payee.kind == PayeeKind::ThirdAccount && payee.instruction.is_none())
}

fn sheet_fits(payment: &Payment) -> bool {
    payment.sheet.is_empty() || Twd::sum(payment.sheet.iter().map(|line| line.amount)) == Some(payment.amount)
}

fn comes_back(books: &Books, reversed: &str, amount: Twd) -> Result<(), NotBooked> {
    let paid = books.payments.iter().find(|(kept, one)| kept.id.to_string() == reversed && !one.kind.comes_back());
    let (_, paid) = paid.ok_or(NotBooked::ReversesUnknown)?;
    let before = books.payments.iter().filter(|(_, one)| one.reverses.as_deref() == Some(reversed));
    let back = Twd::sum(before.map(|(_, one)| one.amount)).and_then(|back| back.checked_add(amount));
    if back.is_some_and(|back| back <= paid.amount) { Ok(()) } else { Err(NotBooked::ReversesTooMuch) }
}

fn goes_out(state: SubmissionState, books: &Books, payment: &Payment) -> Result<(), NotBooked> {
    use SubmissionState::{ClaimantWithdrew, Closed, ClosedIncomplete, Returned, Withdrawn};
    if matches!(state, ClaimantWithdrew | Closed | ClosedIncomplete | Returned | Withdrawn) {
        return Err(NotBooked::State);
    }
    if payment.ahead_of_decision {
        return Ok(());
    }
    if books.standing().is_none() {
        return Err(NotBooked::NoDecision);
    }
    let open = books.balance().ok().and_then(|balance| balance.open()).ok_or(NotBooked::Amount)?;
    if payment.amount <= open { Ok(()) } else { Err(NotBooked::AboveAccepted) }
}

pub(super) fn after(mut balance: Balance, payment: &Payment) -> Result<Balance, NotDone> {
    let sum = if payment.kind.comes_back() { &mut balance.came_back } else { &mut balance.paid };
    *sum = sum.checked_add(payment.amount).ok_or(NotBooked::Amount)?;
    balance.open().ok_or(NotBooked::Amount)?;
    Ok(balance)
}
