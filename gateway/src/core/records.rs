//! Record requests (病歷調閱): what one hospital is asked for and how far that is; what a copy costs; who is on turn. No IO.
//!
//! In: the request as it was checked (`bound`), what the hospital and the insurer say. Out: the next progress, the state that
//! follows from it, or why a step does not count. What a document is stands in `kinds`, whose it is in `person`.

use claimgate_adapters::insurer::records::{
    Fee, FeeBody, FeeState, Item, ItemState, NextStep, OnTurn, Period, RecordConsent, TurnOf,
};
use claimgate_adapters::insurer::request::{DocumentKind, RefusalReason, Wanted};
use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::Patient;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ledger::day;
use super::request::RequestState;
use crate::id::{ClaimId, RecordRequestId};
use crate::keys::index::Mac;
use crate::party::PartyId;

pub mod bound;
pub mod kinds;
pub mod person;

/// The most bundles a hospital answers one request with.
pub const MOST_ANSWERS: i64 = 50;

/// Why a record request, or a step of one, does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The code.
    pub code: &'static str,
    /// What, and how to mend it. Never a value of the request.
    pub text: &'static str,
    /// Where: a JSON pointer into the request; empty where it is the whole of it.
    pub at: String,
}

/// The same in short.
pub(crate) fn unfit(code: &'static str, at: impl Into<String>, text: &'static str) -> Unfit {
    Unfit { code, text, at: at.into() }
}

/// What one hospital is asked for, sealed under the key of the claim that was made for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The record request.
    pub record: String,
    /// The insurer's own case number (受理編號).
    pub case_number: String,
    /// The line of insurance.
    pub line: Line,
    /// Whose records.
    pub person: Patient,
    /// What is asked for.
    pub documents: Vec<Wanted>,
    /// The days of treatment.
    pub period: Period,
    /// More for the hospital.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A fee of up to so much is accepted unasked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_limit: Option<Twd>,
    /// Submissions the answers are compared with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compare_with: Vec<String>,
    /// The consent, without the content of its paper.
    pub consent: RecordConsent,
}

/// How far one hospital's part is, sealed beside what is asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Each kind that was asked for, once.
    pub items: Vec<Item>,
    /// Whether the records office has taken it on (病歷室核可).
    pub approved: bool,
    /// The copy fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Fee>,
    /// What the hospital said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Since when the consent is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
}

claimgate_packet::opaque_debug!(Asked, Progress);

impl Progress {
    /// Nothing has come of what is asked for.
    #[must_use]
    pub fn of(asked: &[Wanted]) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for one in asked {
            if !items.iter().any(|item| item.kind == one.kind) {
                items.push(Item { kind: one.kind, state: ItemState::Open, reason: None });
            }
        }
        Self { items, approved: false, fee: None, note: None, withdrawn_at: None }
    }

    /// Whether records may leave the hospital: it took the request on, and no fee waits for an answer.
    ///
    /// # Errors
    /// What is missing.
    pub fn may_give(&self) -> Result<(), Unfit> {
        if !self.approved {
            let text = "The records office takes the request on first: answer it with the result accepted (病歷室核可)";
            return Err(unfit("records.not-approved", "", text));
        }
        match self.fee.as_ref().map(|fee| fee.state) {
            None | Some(FeeState::Accepted) => Ok(()),
            Some(FeeState::Stated) => {
                Err(unfit("records.fee-open", "", "The insurer has not accepted the copy fee; nothing is sent before"))
            }
            Some(FeeState::Declined) => {
                let text = "The insurer declined the copy fee: state another one, zero for none, or refuse the rest";
                Err(unfit("records.fee-open", "", text))
            }
        }
    }

    /// Kinds that came. A kind that was refused before and comes after all has come.
    #[must_use]
    pub fn given(mut self, kinds: &[DocumentKind]) -> Self {
        for item in self.items.iter_mut().filter(|item| kinds.contains(&item.kind)) {
            (item.state, item.reason) = (ItemState::Given, None);
        }
        self
    }

    /// Kinds that are refused; all that have not come where none is named.
    ///
    /// # Errors
    /// A kind that is not asked for, or that came.
    pub fn refused(mut self, kinds: &[DocumentKind], reason: Option<RefusalReason>) -> Result<Self, Unfit> {
        for (place, kind) in kinds.iter().enumerate() {
            if !self.items.iter().any(|item| item.kind == *kind && item.state != ItemState::Given) {
                let text = "Of the kinds asked for, those that have not come can be refused";
                return Err(unfit("records.document", format!("/documents/{place}"), text));
            }
        }
        let open = |item: &&mut Item| {
            if kinds.is_empty() { item.state == ItemState::Open } else { kinds.contains(&item.kind) }
        };
        for item in self.items.iter_mut().filter(open) {
            (item.state, item.reason) = (ItemState::Refused, reason);
        }
        Ok(self)
    }

    /// A copy fee is stated: up to the limit of the request it is accepted with that; zero takes it back.
    ///
    /// # Errors
    /// Below zero, or too late: everything came.
    pub fn charged(mut self, fee: &FeeBody, limit: Option<Twd>) -> Result<Self, Unfit> {
        if fee.amount < Twd::default() {
            return Err(unfit("records.fee", "/amount", "A fee is not below zero"));
        }
        if !self.items.iter().any(|item| item.state == ItemState::Open) {
            return Err(unfit(
                "records.fee-late",
                "",
                "A fee is stated before the records; nothing is left to be sent",
            ));
        }
        if self.fee.as_ref().is_some_and(|before| before.state == FeeState::Accepted && before.amount < fee.amount) {
            // What was accepted holds; more is asked for as a new fee and waits again.
            self.fee = None;
        }
        let within = limit.is_some_and(|limit| fee.amount <= limit)
            || self.fee.as_ref().is_some_and(|before| before.state == FeeState::Accepted);
        let state = if within { FeeState::Accepted } else { FeeState::Stated };
        self.fee = (!fee.amount.is_zero()).then(|| Fee { amount: fee.amount, state, note: fee.note.clone() });
        Ok(self)
    }

    /// The insurer accepts the fee, or declines it.
    ///
    /// # Errors
    /// There is none to answer, or of another amount.
    pub fn fee_answered(mut self, accept: bool, amount: Twd) -> Result<Self, Unfit> {
        let Some(fee) = self.fee.as_mut() else {
            return Err(unfit("records.fee-none", "", "The hospital has stated no copy fee"));
        };
        if fee.amount != amount {
            let text = "The hospital has stated another amount: read the request again, and answer that one";
            return Err(unfit("records.fee-other", "/amount", text));
        }
        let next = if accept { FeeState::Accepted } else { FeeState::Declined };
        if fee.state == FeeState::Accepted && next == FeeState::Declined {
            return Err(unfit("records.fee-none", "/accept", "The fee was accepted; that is not taken back"));
        }
        fee.state = next;
        Ok(self)
    }

    /// The state that follows where something came or was refused: over when nothing is open.
    #[must_use]
    pub fn state(&self) -> RequestState {
        let any = |state| self.items.iter().any(|item| item.state == state);
        match (any(ItemState::Open), any(ItemState::Given)) {
            (false, true) => RequestState::Answered,
            (false, false) => RequestState::Refused,
            (true, _) if any(ItemState::Given) || any(ItemState::Refused) => RequestState::PartlyAnswered,
            (true, _) => RequestState::Accepted,
        }
    }

    /// Who is on turn in a state, until when; nobody where it is over. What is late is still waited for.
    #[must_use]
    pub fn on_turn(&self, state: RequestState, due_on: Date, now: Timestamp) -> Option<OnTurn> {
        use RequestState::{Accepted, Answered, Cancelled, Expired, PartlyAnswered, Received, Refused, Requested};
        if self.withdrawn_at.is_some() {
            return None;
        }
        let (who, step) = match state {
            Answered | Refused | Cancelled => return None,
            Requested | Received | Accepted | PartlyAnswered | Expired => {
                match self.fee.as_ref().map(|fee| fee.state) {
                    Some(FeeState::Stated) => (TurnOf::Insurer, NextStep::AnswerFee),
                    Some(FeeState::Declined) => (TurnOf::Hospital, NextStep::RestateFee),
                    _ if !self.approved => (TurnOf::Hospital, NextStep::Approve),
                    _ => (TurnOf::Hospital, NextStep::Provide),
                }
            }
        };
        Some(OnTurn { who, step, until: due_on, overdue: day(now) > due_on })
    }
}

/// A record request as it is written: the row all parts share.
#[derive(Debug)]
pub struct RecordRow {
    /// Id.
    pub id: RecordRequestId,
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// When.
    pub at: Timestamp,
}

/// One hospital's part: the claim that was made for it.
#[derive(Debug)]
pub struct PartRow {
    /// The claim.
    pub claim: ClaimId,
    /// The record request.
    pub record: RecordRequestId,
    /// The signed paper of the consent, sealed under the claim's key.
    pub file: Option<Vec<u8>>,
    /// When the consent's last day is over.
    pub counts_until: Timestamp,
    /// The mandate it rests on, and its mandator, by the digests under which their end would stand.
    pub mandate: Option<(Mac, Mac)>,
}

/// What is written of record requests.
#[derive(Debug)]
pub enum RecordsWrite {
    /// A new request.
    New(RecordRow),
    /// A hospital's part of it.
    Part(Box<PartRow>),
    /// The consent is taken back for a part; where it was before, nothing changes.
    Withdrawn(ClaimId, Timestamp),
}

#[cfg(test)]
mod tests;
