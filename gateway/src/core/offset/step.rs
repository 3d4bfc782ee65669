//! The steps of an offset: which can be made in which state, and what each changes. A step said twice changes nothing the
//! second time; one that cannot be made is refused, and the case stays as it was.

use claimgate_packet::amount::Twd;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{
    Bill, BillKind, Canceller, End, Instruction, MOST_STEPS, Moved, Noted, Offset, OffsetState, Part, PartState, SLACK,
    Signer, end_of,
};
use crate::core::ledger::day;
use crate::party::PartyId;

/// A promise holds so long at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// What somebody says.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// The hospital: another bill, and perhaps another day of discharge.
    Bill(BillKind, Twd, Option<Date>),
    /// An insurer promises.
    Promise {
        /// Who.
        party: PartyId,
        /// How much at most.
        amount: Twd,
        /// Until when it can be accepted.
        expires_at: Timestamp,
        /// Under which conditions.
        conditions: Option<String>,
    },
    /// An insurer promises nothing.
    Decline(PartyId, Option<String>),
    /// The hospital hands in the insured's instruction.
    Instruct(Instruction),
    /// The hospital takes the promises instead of money.
    Accept,
    /// The patient or the hospital calls it off.
    Cancel(Canceller, Option<String>),
    /// An insurer takes its promise back.
    Withdraw(PartyId, Option<String>),
    /// The insured died.
    Death(Date),
    /// The patient left.
    Discharge(Date),
    /// An insurer paid the hospital.
    Pay(PartyId, Twd, String),
    /// An insurer got money back.
    Refund(PartyId, Twd, String),
}

claimgate_packet::opaque_debug!(Step);

/// The name of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepName {
    /// Another bill.
    Bill,
    /// A promise.
    Promise,
    /// No promise.
    Decline,
    /// The instruction.
    Instruct,
    /// Acceptance.
    Accept,
    /// Called off.
    Cancel,
    /// A promise taken back.
    Withdraw,
    /// A death.
    Death,
    /// Discharge.
    Discharge,
    /// A payment.
    Pay,
    /// Money that came back.
    Refund,
    /// Time passed: a promise expired, or the day of discharge is over.
    Time,
}

impl StepName {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Bill,
        Self::Promise,
        Self::Decline,
        Self::Instruct,
        Self::Accept,
        Self::Cancel,
        Self::Withdraw,
        Self::Death,
        Self::Discharge,
        Self::Pay,
        Self::Refund,
        Self::Time,
    ];

    /// The word in the timeline and the history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::Promise => "promise",
            Self::Decline => "decline",
            Self::Instruct => "instruct",
            Self::Accept => "accept",
            Self::Cancel => "cancel",
            Self::Withdraw => "withdraw",
            Self::Death => "death",
            Self::Discharge => "discharge",
            Self::Pay => "pay",
            Self::Refund => "refund",
            Self::Time => "time",
        }
    }
}

/// Why a step is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOffset {
    /// Not in this state.
    #[error("an offset in state {0} takes no such step")]
    State(OffsetState),
    /// The insurer is none of the case.
    #[error("this insurer was not asked")]
    Party,
    /// No amount.
    #[error("an amount is more than zero; a final bill may be zero")]
    Amount,
    /// More than the bill.
    #[error("more is promised than the bill is; promise at most the bill, what it leaves to you in the order is used")]
    AboveBill,
    /// More than is due.
    #[error("more than is due between this insurer and the hospital now; the case says how much is")]
    AboveDue,
    /// Over already, or too far away.
    #[error("a promise holds until a moment that is not over, at most 366 days away")]
    Expires,
    /// A provisional bill after the final one.
    #[error("the final bill is in: a change of it is final as well")]
    FinalBill,
    /// The hospital would be paid without being named.
    #[error("the insured's written instruction to pay the hospital comes first")]
    NoInstruction,
    /// Signed in the future.
    #[error("an instruction was signed before it is handed in")]
    Instruction,
    /// The wrong one signed.
    #[error("after a death the heirs sign, and only then")]
    Heirs,
    /// The patient has left.
    #[error("the patient has left already, on another day or before that")]
    Discharged,
    /// A day that is none.
    #[error("the day is not over yet or does not fit; days are days in Taiwan")]
    Day,
    /// Too many steps.
    #[error("too many steps were made in this case; cancel it and open another")]
    Full,
}

impl OffsetState {
    /// Where a step can lead from here; nowhere where it is refused.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "a table, by what is said; merged by outcome nobody could read it")]
    pub fn successors(self, step: StepName) -> &'static [Self] {
        use OffsetState::{Accepted, Asked, Billed, Cancelled, Held, Instructed, Lapsed, Promised, Refunding, Settled};
        match (self, step) {
            (Asked, StepName::Bill) => &[Asked],
            (Promised, StepName::Bill) => &[Promised],
            (Instructed, StepName::Bill) => &[Instructed],
            (Accepted, StepName::Bill) => &[Accepted, Billed, Settled],
            (Billed | Settled | Refunding, StepName::Bill) => &[Billed, Settled, Refunding],
            (Held, StepName::Bill | StepName::Promise | StepName::Discharge) => &[Held],
            // An instruction that is there already counts for whoever promises next.
            (Asked, StepName::Promise) => &[Promised, Instructed],
            (Promised, StepName::Promise) => &[Promised],
            (Instructed, StepName::Promise) => &[Instructed],
            (Asked, StepName::Decline | StepName::Withdraw) => &[Asked, Lapsed],
            (Promised, StepName::Decline | StepName::Withdraw) => &[Promised, Asked, Lapsed],
            (Instructed, StepName::Decline | StepName::Withdraw) => &[Instructed, Asked, Lapsed],
            (Held, StepName::Decline) => &[Held, Lapsed],
            (Held, StepName::Withdraw) => &[Held, Lapsed, Refunding],
            (Accepted, StepName::Withdraw) => &[Accepted, Lapsed],
            (Billed | Settled, StepName::Withdraw) => &[Billed, Settled, Refunding, Lapsed],
            (Refunding, StepName::Withdraw) => &[Billed, Refunding],
            (Promised | Instructed, StepName::Instruct) => &[Instructed],
            (Held, StepName::Instruct) => &[Asked, Instructed, Accepted, Billed, Refunding, Settled],
            (Instructed, StepName::Accept) => &[Accepted, Billed, Settled],
            (Asked | Promised | Instructed | Accepted, StepName::Cancel) => &[Cancelled],
            (Held | Billed | Settled, StepName::Cancel) => &[Cancelled, Refunding],
            (Refunding, StepName::Cancel) => &[Refunding],
            (Asked | Promised | Instructed | Accepted | Billed, StepName::Death) => &[Held],
            // A death is left to the heirs: no discharge lets it lapse.
            (Asked, StepName::Discharge) => &[Lapsed, Asked],
            (Promised, StepName::Discharge) => &[Lapsed],
            (Instructed, StepName::Discharge) => &[Lapsed, Instructed],
            (Accepted, StepName::Discharge) => &[Accepted],
            (Billed, StepName::Discharge) => &[Billed],
            (Settled, StepName::Discharge) => &[Settled],
            (Refunding, StepName::Discharge) => &[Refunding],
            (Billed, StepName::Pay) => &[Billed, Settled, Refunding],
            (Billed, StepName::Refund) => &[Billed],
            (Refunding, StepName::Refund) => &[Refunding, Settled, Cancelled, Lapsed],
            (Asked, StepName::Time) => &[Lapsed],
            (Promised, StepName::Time) => &[Promised, Asked, Lapsed],
            (Instructed, StepName::Time) => &[Instructed, Asked, Lapsed],
            _ => &[],
        }
    }
}

impl Step {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> StepName {
        match self {
            Self::Bill(..) => StepName::Bill,
            Self::Promise { .. } => StepName::Promise,
            Self::Decline(..) => StepName::Decline,
            Self::Instruct(_) => StepName::Instruct,
            Self::Accept => StepName::Accept,
            Self::Cancel(..) => StepName::Cancel,
            Self::Withdraw(..) => StepName::Withdraw,
            Self::Death(_) => StepName::Death,
            Self::Discharge(_) => StepName::Discharge,
            Self::Pay(..) => StepName::Pay,
            Self::Refund(..) => StepName::Refund,
        }
    }

    fn party(&self) -> Option<&PartyId> {
        match self {
            Self::Promise { party, .. }
            | Self::Decline(party, _)
            | Self::Withdraw(party, _)
            | Self::Pay(party, ..)
            | Self::Refund(party, ..) => Some(party),
            _ => None,
        }
    }

    fn amount(&self) -> Option<Twd> {
        match self {
            Self::Bill(_, amount, _)
            | Self::Promise { amount, .. }
            | Self::Pay(_, amount, _)
            | Self::Refund(_, amount, _) => Some(*amount),
            _ => None,
        }
    }
}

impl Offset {
    /// Makes a step; `false` where it was made before and nothing changes.
    ///
    /// # Errors
    /// A step that cannot be made: nothing has changed.
    pub fn take(&mut self, step: &Step, now: Timestamp) -> Result<bool, NotOffset> {
        if self.has(step)? {
            return Ok(false);
        }
        let state = self.state();
        if state.successors(step.name()).is_empty() || (self.end.is_some() && step.name() != StepName::Refund) {
            let early = *step == Step::Accept && state == OffsetState::Promised;
            return Err(if early { NotOffset::NoInstruction } else { NotOffset::State(state) });
        }
        if self.history.len() >= MOST_STEPS && !matches!(step, Step::Cancel(..) | Step::Pay(..) | Step::Refund(..)) {
            return Err(NotOffset::Full);
        }
        let mut next = self.clone();
        next.make(step, now)?;
        next.end_where_nothing_is_left();
        next.note(step.name(), (step.party(), step.amount()), now);
        *self = next;
        Ok(true)
    }

    /// Lets time pass; `true` where that changed something. Each promise that expires is a step of its own, and so is the end
    /// it comes to: what another one promised until when, no insurer reads.
    pub fn pass(&mut self, now: Timestamp) -> bool {
        if self.due_at().is_none_or(|due| due > now) {
            return false;
        }
        let mut expired = Vec::new();
        for part in &mut self.parts {
            if part.state == PartState::Promised && part.expires_at.is_some_and(|at| at <= now) {
                part.state = PartState::Expired;
                expired.push(part.party.clone());
            }
        }
        for party in &expired {
            self.note(StepName::Time, (Some(party), None), now);
        }
        if end_of(self.discharge_on) <= now {
            self.end = Some(End { by: None, reason: None });
        }
        self.end_where_nothing_is_left();
        if self.end.is_some() {
            self.note(StepName::Time, (None, None), now);
        }
        true
    }

    fn note(&mut self, step: StepName, (party, amount): (Option<&PartyId>, Option<Twd>), at: Timestamp) {
        let (step, state) = (step.as_str().to_owned(), self.state());
        self.history.push(Noted { at, step, party: party.map(ToString::to_string), amount, state });
    }

    /// Whether the step was made before.
    fn has(&self, step: &Step) -> Result<bool, NotOffset> {
        Ok(match step {
            Step::Bill(kind, amount, day) => {
                let same = self.bills.last().is_some_and(|bill| bill.kind == *kind && bill.amount == *amount);
                same && day.is_none_or(|day| day == self.discharge_on)
            }
            Step::Promise { party, amount, expires_at, conditions } => {
                let part = self.part(party)?;
                let same = part.amount == Some(*amount) && part.expires_at == Some(*expires_at);
                part.state == PartState::Promised && same && part.conditions == *conditions
            }
            Step::Decline(party, _) => self.part(party)?.state == PartState::Declined,
            Step::Withdraw(party, _) => self.part(party)?.state == PartState::Cancelled,
            Step::Instruct(given) => self.instruction.as_ref() == Some(given),
            Step::Accept => self.accepted_at.is_some() && self.end.is_none(),
            Step::Cancel(by, _) => self.end.as_ref().is_some_and(|end| end.by == Some(*by)),
            Step::Death(day) => self.died_on == Some(*day),
            Step::Discharge(day) => self.discharged_on == Some(*day),
            Step::Pay(party, amount, reference) => self.part(party)?.has_moved(*amount, false, reference),
            Step::Refund(party, amount, reference) => self.part(party)?.has_moved(*amount, true, reference),
        })
    }

    fn part(&self, party: &PartyId) -> Result<&Part, NotOffset> {
        self.parts.iter().find(|part| part.party == *party).ok_or(NotOffset::Party)
    }

    fn part_mut(&mut self, party: &PartyId) -> Result<&mut Part, NotOffset> {
        self.parts.iter_mut().find(|part| part.party == *party).ok_or(NotOffset::Party)
    }

    fn share(&self, party: &PartyId) -> Result<(Twd, Twd), NotOffset> {
        let found = self.borne().find(|(part, _)| part.party == *party).ok_or(NotOffset::Party)?;
        Ok((found.1, found.0.paid()))
    }

    fn make(&mut self, step: &Step, now: Timestamp) -> Result<(), NotOffset> {
        match step {
            Step::Bill(kind, amount, discharge_on) => self.next_bill(*kind, *amount, *discharge_on, now),
            Step::Promise { party, amount, expires_at, conditions } => {
                if *amount <= Twd::ZERO {
                    return Err(NotOffset::Amount);
                }
                if *amount > self.bill() {
                    return Err(NotOffset::AboveBill);
                }
                if *expires_at <= now || expires_at.duration_since(now) > LONGEST {
                    return Err(NotOffset::Expires);
                }
                self.unaccepted()?;
                let part = self.part_mut(party)?;
                (part.state, part.reason) = (PartState::Promised, None);
                (part.amount, part.expires_at) = (Some(*amount), Some(*expires_at));
                part.conditions.clone_from(conditions);
                Ok(())
            }
            Step::Decline(party, reason) => {
                self.unaccepted()?;
                self.leaves(party, PartState::Declined, reason.as_ref())
            }
            Step::Withdraw(party, reason) => self.leaves(party, PartState::Cancelled, reason.as_ref()),
            Step::Instruct(given) => {
                if (given.by == Signer::Heirs) != self.died_on.is_some() {
                    return Err(NotOffset::Heirs);
                }
                if given.signed_at.duration_since(now) > SLACK {
                    return Err(NotOffset::Instruction);
                }
                self.instruction = Some(given.clone());
                Ok(())
            }
            Step::Accept => {
                self.accepted_at = Some(now);
                Ok(())
            }
            Step::Cancel(by, reason) => {
                self.end = Some(End { by: Some(*by), reason: reason.clone() });
                Ok(())
            }
            Step::Death(on) => {
                if self.discharged_on.is_some() {
                    return Err(NotOffset::Discharged);
                }
                self.died_on = Some(past(*on, now)?);
                Ok(())
            }
            Step::Discharge(on) => {
                if self.discharged_on.is_some() {
                    return Err(NotOffset::Discharged);
                }
                self.discharged_on = Some(past(*on, now)?);
                if self.runs() {
                    self.end = Some(End { by: None, reason: None });
                }
                Ok(())
            }
            Step::Pay(party, amount, reference) => {
                let (share, paid) = self.share(party)?;
                self.moves(party, (*amount, share.checked_sub(paid)), (false, reference))
            }
            Step::Refund(party, amount, reference) => {
                let (share, paid) = self.share(party)?;
                self.moves(party, (*amount, paid.checked_sub(share)), (true, reference))
            }
        }
    }

    /// After the acceptance nobody promises any more; what stands is what was accepted.
    fn unaccepted(&self) -> Result<(), NotOffset> {
        if self.accepted_at.is_some() { Err(NotOffset::State(self.state())) } else { Ok(()) }
    }

    fn next_bill(
        &mut self,
        kind: BillKind,
        amount: Twd,
        discharge_on: Option<Date>,
        now: Timestamp,
    ) -> Result<(), NotOffset> {
        if amount < Twd::ZERO || (amount.is_zero() && kind == BillKind::Provisional) {
            return Err(NotOffset::Amount);
        }
        if kind == BillKind::Provisional && self.is_final() {
            return Err(NotOffset::FinalBill);
        }
        if let Some(on) = discharge_on {
            if self.discharged_on.is_some() {
                return Err(NotOffset::Discharged);
            }
            if end_of(on) <= now {
                return Err(NotOffset::Day);
            }
            self.discharge_on = on;
        }
        self.bills.push(Bill { kind, amount, at: now });
        Ok(())
    }

    fn leaves(&mut self, party: &PartyId, state: PartState, reason: Option<&String>) -> Result<(), NotOffset> {
        let now = self.state();
        let part = self.part_mut(party)?;
        if !matches!(part.state, PartState::Asked | PartState::Promised) {
            return Err(NotOffset::State(now));
        }
        (part.state, part.reason) = (state, reason.cloned());
        Ok(())
    }

    fn moves(
        &mut self,
        party: &PartyId,
        (amount, due): (Twd, Option<Twd>),
        (back, reference): (bool, &str),
    ) -> Result<(), NotOffset> {
        if amount <= Twd::ZERO {
            return Err(NotOffset::Amount);
        }
        if due.is_none_or(|due| amount > due) {
            return Err(NotOffset::AboveDue);
        }
        self.part_mut(party)?.moved.push(Moved { amount, back, reference: reference.to_owned() });
        Ok(())
    }

    /// Where nobody promises and nobody can any more, the patient pays.
    fn end_where_nothing_is_left(&mut self) {
        let stands = |state| self.parts.iter().any(|part| part.state == state);
        let hope = self.accepted_at.is_none() && stands(PartState::Asked);
        if self.end.is_none() && !stands(PartState::Promised) && !hope {
            self.end = Some(End { by: None, reason: None });
        }
    }
}

impl Part {
    fn has_moved(&self, amount: Twd, back: bool, reference: &str) -> bool {
        self.moved.iter().any(|one| one.amount == amount && one.back == back && one.reference == reference)
    }
}

/// A day that has begun in Taiwan.
fn past(on: Date, now: Timestamp) -> Result<Date, NotOffset> {
    if on <= day(now) { Ok(on) } else { Err(NotOffset::Day) }
}
