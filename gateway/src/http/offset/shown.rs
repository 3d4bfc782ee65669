//! What a hospital and an insurer see of an offset: the hospital all of it, an insurer its own part and what the bill is.

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::core::offset::{BillKind, Noted, OffsetState, Part, PartState, Signer, Turn};
use crate::flows::offset::Seen;
use crate::party::PartyId;

/// Somebody who is on turn.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OnTurn"))]
pub struct TurnView {
    /// `hospital`, `insurer` or `patient`.
    pub role: &'static str,
    /// Which insurer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// What is to be done.
    pub what: &'static str,
    /// Until when (UTC); left out where no day is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
}

impl TurnView {
    pub(in crate::http) fn of(turn: &Turn) -> Self {
        let party = turn.party.as_ref().map(ToString::to_string);
        Self { role: turn.role, party, what: turn.what, by: turn.by }
    }
}

/// A version of the bill.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OffsetBill"))]
pub struct BillView {
    /// Which.
    pub kind: BillKind,
    /// What the patient owes the hospital.
    pub amount: Twd,
    /// When it came (UTC).
    pub at: Timestamp,
}

/// One insurer's part.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OffsetPart"))]
pub struct PartView {
    /// Party id of the insurer.
    pub party: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The submission its payments are booked to.
    pub submission_id: String,
    /// What it has said.
    pub state: PartState,
    /// What it promised last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promised: Option<Twd>,
    /// What of it the bill leaves to this insurer, in the order.
    pub bears: Twd,
    /// What the hospital has of it.
    pub paid: Twd,
    /// Until when the promise can be accepted (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Under which conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
    /// Why it promises nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PartView {
    fn of(part: &Part, bears: Twd) -> Self {
        Self {
            party: part.party.to_string(),
            line: part.line,
            submission_id: part.submission.to_string(),
            state: part.state,
            promised: part.amount,
            bears,
            paid: part.paid(),
            expires_at: part.expires_at,
            conditions: part.conditions.clone(),
            reason: part.reason.clone(),
        }
    }
}

/// The insured's written instruction (給付指示).
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OffsetInstruction"))]
pub struct InstructionView {
    /// How it was given.
    pub method: String,
    /// Where it is kept.
    pub reference: String,
    /// When it was signed (UTC).
    pub signed_at: Timestamp,
    /// Who signed it.
    pub by: Signer,
}

/// A step that was made.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OffsetStep"))]
pub struct StepView {
    /// When (UTC).
    pub at: Timestamp,
    /// Which.
    pub step: String,
    /// The insurer that made it, or whose promise expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The amount it named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Twd>,
    /// Where it led to.
    pub state: OffsetState,
}

impl StepView {
    fn of(noted: &Noted) -> Self {
        let Noted { at, step, party, amount, state } = noted.clone();
        Self { at, step, party, amount, state }
    }
}

/// A case as its hospital sees it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OffsetView {
    /// Id, `off_` + UUIDv7.
    pub offset_id: String,
    /// The claim.
    pub claim_id: String,
    /// Where it stands.
    pub state: OffsetState,
    /// The same in Chinese.
    pub state_zh: &'static str,
    /// The bill that counts.
    pub bill: Twd,
    /// Whether that is the final one.
    pub bill_kind: BillKind,
    /// What insurers bear of it.
    pub offset: Twd,
    /// What is left to the patient.
    pub patient_part: Twd,
    /// The day the patient is to leave.
    pub discharge_on: Date,
    /// In the order in which they bear the bill.
    pub insurers: Vec<PartView>,
    /// The newest instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction: Option<InstructionView>,
    /// When the hospital accepted (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// The day the insured died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub died_on: Option<Date>,
    /// The day the patient left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discharged_on: Option<Date>,
    /// `promised-beyond-bill`, `heirs`, `paid-too-much`, `withdrawn-after-acceptance`.
    pub flags: Vec<&'static str>,
    /// Who is on turn.
    pub on_turn: Vec<TurnView>,
    /// The next day that counts (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Timestamp>,
    /// Every bill, oldest first.
    pub bills: Vec<BillView>,
    /// Every step, oldest first.
    pub history: Vec<StepView>,
}

impl OffsetView {
    /// All of it.
    #[must_use]
    pub fn of(seen: &Seen) -> Self {
        let case = &seen.offset;
        let patient_part = case.patient_part();
        Self {
            offset_id: seen.id.to_string(),
            claim_id: seen.claim.to_string(),
            state: case.state(),
            state_zh: case.state().chinese(),
            bill: case.bill(),
            bill_kind: if case.is_final() { BillKind::Final } else { BillKind::Provisional },
            offset: case.bill().checked_sub(patient_part).unwrap_or(Twd::ZERO),
            patient_part,
            discharge_on: case.discharge_on,
            insurers: case.borne().map(|(part, bears)| PartView::of(part, bears)).collect(),
            instruction: case.instruction.as_ref().map(|given| InstructionView {
                method: given.method.clone(),
                reference: given.reference.clone(),
                signed_at: given.signed_at,
                by: given.by,
            }),
            accepted_at: case.accepted_at,
            died_on: case.died_on,
            discharged_on: case.discharged_on,
            flags: case.flags(),
            on_turn: seen.turns.iter().map(TurnView::of).collect(),
            next_deadline: seen.turns.iter().filter_map(|turn| turn.by).min(),
            bills: case
                .bills
                .iter()
                .map(|bill| BillView { kind: bill.kind, amount: bill.amount, at: bill.at })
                .collect(),
            history: case.history.iter().map(StepView::of).collect(),
        }
    }
}

/// A case as one of its insurers sees it: what others promised stands nowhere.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OffsetForInsurer {
    /// Id, `off_` + UUIDv7.
    pub offset_id: String,
    /// The claim.
    pub claim_id: String,
    /// The hospital.
    pub hospital: String,
    /// Where it stands.
    pub state: OffsetState,
    /// The same in Chinese.
    pub state_zh: &'static str,
    /// The bill that counts.
    pub bill: Twd,
    /// Whether that is the final one.
    pub bill_kind: BillKind,
    /// The day the patient is to leave.
    pub discharge_on: Date,
    /// Its own part.
    pub part: PartView,
    /// How many insurers bear before it.
    pub before: usize,
    /// Reference of the insured's instruction (給付指示): who pays the hospital does so under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// As the hospital's.
    pub flags: Vec<&'static str>,
    /// Who is on turn, other insurers left out; until when as far as your own promise and the day of discharge say.
    pub on_turn: Vec<TurnView>,
    /// The steps, those of other insurers left out.
    pub history: Vec<StepView>,
}

impl OffsetForInsurer {
    /// What this insurer sees; nothing of a case it has no part in.
    #[must_use]
    pub fn of(seen: &Seen, insurer: &PartyId) -> Option<Self> {
        let case = &seen.offset;
        let (before, (part, bears)) = case.borne().enumerate().find(|(_, (part, _))| part.party == *insurer)?;
        let mine = |party: Option<&str>| party.is_none_or(|party| party == insurer.as_str());
        Some(Self {
            offset_id: seen.id.to_string(),
            claim_id: seen.claim.to_string(),
            hospital: seen.hospital.to_string(),
            state: case.state(),
            state_zh: case.state().chinese(),
            bill: case.bill(),
            bill_kind: if case.is_final() { BillKind::Final } else { BillKind::Provisional },
            discharge_on: case.discharge_on,
            part: PartView::of(part, bears),
            before,
            instruction: case.instruction.as_ref().map(|given| given.reference.clone()),
            // What another one paid too much is not this one's to ask back, nor to know.
            flags: case.flags().into_iter().filter(|flag| *flag != "paid-too-much" || part.paid() > bears).collect(),
            on_turn: case.turns_for(insurer, &seen.turns).iter().map(TurnView::of).collect(),
            history: case.history.iter().map(StepView::of).filter(|step| mine(step.party.as_deref())).collect(),
        })
    }
}

/// An insurer's cases.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OffsetPage {
    /// Oldest first.
    pub offsets: Vec<OffsetForInsurer>,
    /// What to send as `after` for the next page; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_after: Option<String>,
}

impl OffsetPage {
    pub(super) fn of(seen: &[Seen], insurer: &PartyId) -> Self {
        Self {
            offsets: seen.iter().filter_map(|one| OffsetForInsurer::of(one, insurer)).collect(),
            next_after: seen.last().map(|one| one.id.to_string()),
        }
    }
}

opaque_debug!(BillView, PartView, InstructionView, StepView, OffsetView, OffsetForInsurer, OffsetPage);
