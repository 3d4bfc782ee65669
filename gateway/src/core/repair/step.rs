//! The steps of a job: who says what when, and what is refused. The same step again changes nothing.

use claimgate_adapters::shop::{Estimate, Fault, Invoice, RepairDecision, Ruling};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{
    Decided, Handover, Inspection, InspectionKind, InspectionState, InvoiceResult, Invoiced, Noted, Repair,
    RepairPurpose, RepairState, Version,
};
use crate::core::accident::compare::plain;
use crate::core::ledger::day;
use crate::core::offset::SLACK;

/// The most versions of an estimate, decisions and replaced invoices that are kept of a job.
const MOST_VERSIONS: usize = 20;
const MOST_DECISIONS: usize = 60;
/// The most steps of a job.
const MOST_STEPS: usize = 200;

/// An inspection as a shop asks for it.
#[derive(Clone)]
pub struct Asked {
    /// How.
    pub kind: InspectionKind,
    /// When, of an appointment.
    pub at: Option<Timestamp>,
    /// Where, of an appointment.
    pub place: Option<String>,
    /// What the insurer should know.
    pub note: Option<String>,
}

/// What an insurer says of an inspection.
#[derive(Clone)]
pub struct Inspected {
    /// What.
    pub outcome: Outcome,
    /// How instead, and when, where it is to be otherwise.
    pub instead: Option<Asked>,
    /// Why, or what was found.
    pub note: Option<String>,
}

claimgate_packet::opaque_debug!(Asked, Inspected);

/// What an insurer says of an inspection, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As the shop asks.
    Agreed,
    /// Otherwise.
    Instead,
    /// The vehicle was seen.
    Done,
    /// It need not be.
    Waived,
}

/// A step.
pub enum Step {
    /// The shop takes the job.
    Accept,
    /// The shop does not take it.
    Decline(Option<String>),
    /// The shop asks for an inspection, or for none.
    AskInspection(Asked),
    /// The insurer answers that, or says what came of it.
    Inspect(Inspected),
    /// The shop sends an estimate or a supplement.
    Estimate(Box<Estimate>),
    /// The insurer decides lines.
    Decide(Box<RepairDecision>),
    /// The shop sends its invoice; beside it the shop's registered 統一編號.
    Invoice(Box<Invoice>, Option<String>),
    /// The insurer answers the invoice.
    AnswerInvoice(InvoiceResult, Option<String>),
    /// The shop hands the vehicle over.
    HandOver(Date, Option<u32>),
    /// The owner has it, or has an objection.
    Confirm(bool, Option<String>),
    /// The owner chooses this quote.
    Choose,
    /// The owner chose another.
    PassOver,
    /// The owner takes the mandate back.
    Withdraw(Option<String>),
}

claimgate_packet::opaque_debug!(Step);

/// Why a step is refused.
#[derive(Debug, thiserror::Error)]
pub enum NotRepair {
    /// It takes no such step now.
    #[error("the job is {}", .0.as_str())]
    State(RepairState),
    /// The mandate ended: the shop is out.
    #[error("the owner's mandate for this job has ended")]
    MandateEnded,
    /// The estimate does not hold together.
    #[error("the estimate does not hold together")]
    Estimate(Vec<Fault>),
    /// It is of another vehicle than the one of the accident.
    #[error("the plate is none that was filed as the owner's own vehicle of this accident")]
    OtherVehicle,
    /// The decision does not hold together.
    #[error("the decision does not hold together")]
    Decision(Vec<Fault>),
    /// A newer version came meanwhile.
    #[error("a newer version of the estimate is here: decide that one")]
    Version,
    /// The shop was asked for a quote alone.
    #[error("the shop was asked for a quote; the owner has not chosen it")]
    QuoteOnly,
    /// The vehicle was not inspected, and that was not waived.
    #[error("the inspection is neither done nor waived")]
    NotInspected,
    /// An inspection that is none.
    #[error("an appointment names a time to come and a place; what is otherwise names how")]
    Inspection,
    /// The invoice does not hold together.
    #[error("the invoice does not hold together")]
    Invoice(Vec<Fault>),
    /// Its seller is another than the shop.
    #[error("the seller is not the shop of this job")]
    Seller,
    /// An invoice stands.
    #[error("an invoice of this job is here: another counts only after the insurer disputed that one")]
    Invoiced,
    /// Its number was used in another job.
    #[error("an invoice of this number is here for another job")]
    InvoiceUsed,
    /// Nothing of the newest version is approved.
    #[error("nothing was approved that could be invoiced")]
    NothingApproved,
    /// A reason is missing.
    #[error("say why")]
    Reason,
    /// A day that is none.
    #[error("a day is today or before")]
    Day,
    /// Too many versions, decisions or steps.
    #[error("the job holds as many versions, decisions or steps as it may")]
    Full,
}

impl Step {
    /// The word in timelines and the audit trail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Decline(_) => "decline",
            Self::AskInspection(_) => "ask-inspection",
            Self::Inspect(_) => "inspect",
            Self::Estimate(_) => "estimate",
            Self::Decide(_) => "decide",
            Self::Invoice(..) => "invoice",
            Self::AnswerInvoice(..) => "answer-invoice",
            Self::HandOver(..) => "hand-over",
            Self::Confirm(..) => "confirm-handover",
            Self::Choose => "choose",
            Self::PassOver => "pass-over",
            Self::Withdraw(_) => "withdraw",
        }
    }
}

impl Repair {
    /// Makes a step; `false` where it was made before.
    ///
    /// # Errors
    /// See [`NotRepair`]; nothing was changed then.
    pub fn take(&mut self, step: &Step, now: Timestamp) -> Result<bool, NotRepair> {
        if self.history.len() >= MOST_STEPS && !matches!(step, Step::Withdraw(_)) {
            return Err(NotRepair::Full);
        }
        let made = match step {
            Step::Accept => self.accept(now)?,
            Step::Decline(reason) => self.decline(reason.clone())?,
            Step::AskInspection(asked) => self.ask_inspection(asked, now)?,
            Step::Inspect(said) => self.inspect(said, now)?,
            Step::Estimate(estimate) => self.estimate(estimate, now)?,
            Step::Decide(decision) => self.decide(decision, now)?,
            Step::Invoice(invoice, ubn) => self.take_invoice(invoice, ubn.as_deref(), now)?,
            Step::AnswerInvoice(result, reason) => self.answer_invoice(*result, reason.clone())?,
            Step::HandOver(on, odometer_km) => self.hand_over(*on, *odometer_km, now)?,
            Step::Confirm(confirmed, reason) => self.confirm(*confirmed, reason.clone())?,
            Step::Choose => self.choose()?,
            Step::PassOver => self.end(RepairState::NotChosen, None),
            Step::Withdraw(reason) => match self.state() {
                state @ RepairState::Done => return Err(NotRepair::State(state)),
                _ => self.end(RepairState::Withdrawn, reason.clone()),
            },
        };
        if made {
            self.history.push(Noted { at: now, step: step.name().to_owned(), state: self.state() });
        }
        Ok(made)
    }

    fn refuse_in(&self, states: &[RepairState]) -> Result<(), NotRepair> {
        let state = self.state();
        if state.is_over() || states.contains(&state) { Err(NotRepair::State(state)) } else { Ok(()) }
    }

    fn end(&mut self, state: RepairState, reason: Option<String>) -> bool {
        if self.end.is_some() {
            return false;
        }
        self.end = Some((state, reason));
        true
    }

    fn accept(&mut self, now: Timestamp) -> Result<bool, NotRepair> {
        self.refuse_in(&[])?;
        let new = self.accepted_at.is_none();
        self.accepted_at.get_or_insert(now);
        Ok(new)
    }

    fn decline(&mut self, reason: Option<String>) -> Result<bool, NotRepair> {
        match self.state() {
            RepairState::Declined => Ok(false),
            RepairState::Invited | RepairState::Accepted | RepairState::Quoted | RepairState::Estimated => {
                Ok(self.end(RepairState::Declined, reason))
            }
            state => Err(NotRepair::State(state)),
        }
    }

    fn choose(&mut self) -> Result<bool, NotRepair> {
        self.refuse_in(&[])?;
        let new = self.purpose == RepairPurpose::Quote;
        self.purpose = RepairPurpose::Repair;
        Ok(new)
    }

    fn ask_inspection(&mut self, asked: &Asked, now: Timestamp) -> Result<bool, NotRepair> {
        self.refuse_in(&[RepairState::Invited, RepairState::Done])?;
        if self.purpose == RepairPurpose::Quote {
            return Err(NotRepair::QuoteOnly);
        }
        let inspection = asked.inspection(InspectionState::Asked, now)?;
        let settled = self.is_inspected();
        match &self.inspection {
            Some(known) if *known == inspection => Ok(false),
            Some(_) if settled => Err(NotRepair::State(self.state())),
            _ => {
                self.inspection = Some(inspection);
                Ok(true)
            }
        }
    }

    fn inspect(&mut self, said: &Inspected, now: Timestamp) -> Result<bool, NotRepair> {
        self.refuse_in(&[RepairState::Invited, RepairState::Done])?;
        if self.purpose == RepairPurpose::Quote {
            return Err(NotRepair::QuoteOnly);
        }
        let asked = self.inspection.clone();
        let kind = asked.as_ref().map(|one| one.kind);
        let known = |state: InspectionState, kind: InspectionKind| {
            let (at, place) = asked.as_ref().map(|one| (one.at, one.place.clone())).unwrap_or_default();
            let note = said.note.clone().or_else(|| asked.as_ref().and_then(|one| one.note.clone()));
            Inspection { kind, at, place, note, state }
        };
        let next = match (said.outcome, &said.instead) {
            (Outcome::Agreed, None) => match kind.ok_or(NotRepair::Inspection)? {
                InspectionKind::Waiver => known(InspectionState::Waived, InspectionKind::Waiver),
                kind => known(InspectionState::Agreed, kind),
            },
            (Outcome::Instead, Some(instead)) if instead.kind != InspectionKind::Waiver => {
                if said.note.is_none() {
                    return Err(NotRepair::Reason);
                }
                let note = said.note.clone();
                Asked { note, ..instead.clone() }.inspection(InspectionState::Agreed, now)?
            }
            (Outcome::Done, None) => {
                let kind = kind.filter(|kind| *kind != InspectionKind::Waiver).unwrap_or(InspectionKind::Appointment);
                known(InspectionState::Done, kind)
            }
            (Outcome::Waived, None) => known(InspectionState::Waived, InspectionKind::Waiver),
            _ => return Err(NotRepair::Inspection),
        };
        let new = asked.as_ref() != Some(&next);
        self.inspection = Some(next);
        Ok(new)
    }

    fn estimate(&mut self, estimate: &Estimate, now: Timestamp) -> Result<bool, NotRepair> {
        if self.versions.last().is_some_and(|newest| newest.estimate == *estimate) && self.end.is_none() {
            return Ok(false);
        }
        self.refuse_in(&[RepairState::Invited, RepairState::TotalLoss, RepairState::Invoiced, RepairState::Done])?;
        let faults = estimate.faults();
        if !faults.is_empty() {
            return Err(NotRepair::Estimate(faults));
        }
        let plate = plain(&estimate.vehicle.plate);
        if !self.plates.is_empty() && !self.plates.iter().any(|own| plain(own) == plate) {
            return Err(NotRepair::OtherVehicle);
        }
        if self.versions.len() >= MOST_VERSIONS {
            return Err(NotRepair::Full);
        }
        // What was decided of a line stands as long as the line does.
        if let Some(before) = self.versions.last() {
            let same = |number: &u32| {
                let line = estimate.line(*number);
                line.is_some() && line == before.estimate.line(*number)
            };
            self.rulings.retain(|number, _| same(number));
        }
        let version = self.versions.last().map_or(1, |before| before.version.saturating_add(1));
        self.versions.push(Version { version, at: now, estimate: estimate.clone() });
        Ok(true)
    }

    fn decide(&mut self, decision: &RepairDecision, now: Timestamp) -> Result<bool, NotRepair> {
        let last = self.decisions.last().map(|last| &last.decision);
        if last == Some(decision) && self.end.is_none() {
            return Ok(false);
        }
        if self.purpose == RepairPurpose::Quote {
            return Err(NotRepair::QuoteOnly);
        }
        self.refuse_in(&[RepairState::Invited, RepairState::Accepted, RepairState::Invoiced, RepairState::Done])?;
        if !self.is_inspected() {
            return Err(NotRepair::NotInspected);
        }
        let newest = self.versions.last().ok_or(NotRepair::Version)?;
        if newest.version != decision.version {
            return Err(NotRepair::Version);
        }
        let faults = decision.faults(&newest.estimate);
        if !faults.is_empty() {
            return Err(NotRepair::Decision(faults));
        }
        if self.decisions.len() >= MOST_DECISIONS {
            return Err(NotRepair::Full);
        }
        for line in &decision.lines {
            self.rulings.insert(line.line, Ruling { version: decision.version, decision: line.clone() });
        }
        self.decisions.push(Decided { at: now, decision: decision.clone() });
        Ok(true)
    }

    fn take_invoice(&mut self, invoice: &Invoice, ubn: Option<&str>, now: Timestamp) -> Result<bool, NotRepair> {
        let standing = self.invoice.as_ref().filter(|one| one.result != Some(InvoiceResult::Disputed));
        if let Some(standing) = standing.filter(|_| self.end.is_none()) {
            return if standing.invoice == *invoice { Ok(false) } else { Err(NotRepair::Invoiced) };
        }
        if self.purpose == RepairPurpose::Quote {
            return Err(NotRepair::QuoteOnly);
        }
        self.refuse_in(&[RepairState::Invited, RepairState::Accepted, RepairState::Estimated])?;
        let faults = invoice.faults();
        if !faults.is_empty() {
            return Err(NotRepair::Invoice(faults));
        }
        if ubn != Some(invoice.seller.as_str()) {
            return Err(NotRepair::Seller);
        }
        if invoice.on > day(now.saturating_add(SLACK).unwrap_or(now)) {
            return Err(NotRepair::Day);
        }
        if self.figures().is_none_or(|figures| figures.approved.is_zero()) {
            return Err(NotRepair::NothingApproved);
        }
        if self.former_invoices.len() >= MOST_VERSIONS {
            return Err(NotRepair::Full);
        }
        self.former_invoices.extend(self.invoice.take());
        self.invoice = Some(Invoiced { at: now, invoice: invoice.clone(), result: None, reason: None });
        Ok(true)
    }

    fn answer_invoice(&mut self, result: InvoiceResult, reason: Option<String>) -> Result<bool, NotRepair> {
        let differs = self.comparison().is_some_and(|compared| compared.differs);
        self.refuse_in(&[])?;
        let state = self.state();
        let invoiced = self.invoice.as_mut().ok_or(NotRepair::State(state))?;
        if invoiced.result == Some(result) && invoiced.reason == reason {
            return Ok(false);
        }
        if invoiced.result.is_some() {
            return Err(NotRepair::State(state));
        }
        if reason.is_none() && (differs || result == InvoiceResult::Disputed) {
            return Err(NotRepair::Reason);
        }
        (invoiced.result, invoiced.reason) = (Some(result), reason);
        Ok(true)
    }

    fn hand_over(&mut self, on: Date, odometer_km: Option<u32>, now: Timestamp) -> Result<bool, NotRepair> {
        let same = |known: &Handover| (known.on, known.odometer_km) == (on, odometer_km);
        if self.end.is_none()
            && self.handover.as_ref().is_some_and(|known| same(known) && known.confirmed != Some(false))
        {
            return Ok(false);
        }
        self.refuse_in(&[RepairState::Invited, RepairState::Accepted, RepairState::Quoted, RepairState::Estimated])?;
        if self.is_handed_over() {
            return Err(NotRepair::State(self.state()));
        }
        if on > day(now.saturating_add(SLACK).unwrap_or(now)) {
            return Err(NotRepair::Day);
        }
        self.handover = Some(Handover { on, odometer_km, confirmed: None, reason: None });
        Ok(true)
    }

    fn confirm(&mut self, confirmed: bool, reason: Option<String>) -> Result<bool, NotRepair> {
        self.refuse_in(&[])?;
        let state = self.state();
        let handover = self.handover.as_mut().ok_or(NotRepair::State(state))?;
        if handover.confirmed == Some(confirmed) && handover.reason == reason {
            return Ok(false);
        }
        if handover.confirmed.is_some() {
            return Err(NotRepair::State(state));
        }
        if !confirmed && reason.is_none() {
            return Err(NotRepair::Reason);
        }
        (handover.confirmed, handover.reason) = (Some(confirmed), reason);
        Ok(true)
    }
}

impl Asked {
    fn inspection(&self, state: InspectionState, now: Timestamp) -> Result<Inspection, NotRepair> {
        let placed = self.at.is_some_and(|at| at > now) && self.place.is_some();
        let bare = self.at.is_none() && self.place.is_none();
        if (self.kind == InspectionKind::Appointment && placed) || (self.kind != InspectionKind::Appointment && bare) {
            let Self { kind, at, place, note } = self.clone();
            Ok(Inspection { kind, at, place, note, state })
        } else {
            Err(NotRepair::Inspection)
        }
    }
}
