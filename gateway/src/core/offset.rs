//! Offset at discharge (理賠抵繳): what insurers promise towards a hospital's bill, so that the patient pays only the rest.
//!
//! In: a bill in versions, insurers in an order, what each of them says, the insured's instruction. Out: where the case
//! stands, what each insurer bears, who is on turn. Of each promise as much counts as the bill leaves to it in the order,
//! so that it is never more than the bill; the steps stand in `step`. Values alone: no IO, no clock.

use std::fmt;
use std::str::FromStr;

use claimgate_packet::amount::Twd;
use claimgate_packet::words::Line;
use jiff::civil::Date;
use jiff::tz::{Offset as Zone, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::SubmissionId;
use crate::party::PartyId;

mod known;
mod row;
mod step;

pub use row::{OffsetRow, OffsetWrite};
pub use step::{NotOffset, Step, StepName};

/// The most insurers of a case.
pub const MOST_INSURERS: usize = 10;
/// The most steps that are kept of a case.
pub const MOST_STEPS: usize = 200;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $word:literal, $chinese:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$one])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in interfaces and the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The Chinese term.
            #[must_use]
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$variant => $chinese),+ }
            }
        }
    };
}

words! {
    /// Where a case stands.
    OffsetState {
        /// No insurer has promised anything yet.
        Asked = "asked", "待承諾";
        /// At least one has; the insured signs the instruction.
        Promised = "promised", "已承諾";
        /// The instruction is there; the hospital accepts.
        Instructed = "instructed", "已指示給付";
        /// The hospital takes the promises instead of money; they do not expire any more.
        Accepted = "accepted", "醫院接受";
        /// The final bill is in, and insurers pay the hospital.
        Billed = "billed", "待給付";
        /// More was paid than is borne now: the hospital gives it back.
        Refunding = "refunding", "退款中";
        /// Everything is paid.
        Settled = "settled", "已結清";
        /// The insured died: the promises are held until the heirs instruct.
        Held = "held", "繼承保留";
        /// It came to nothing: the patient pays, and the claim goes on as any other.
        Lapsed = "lapsed", "未成立";
        /// The patient or the hospital called it off.
        Cancelled = "cancelled", "已取消";
    }
}

words! {
    /// What an insurer has said.
    PartState {
        /// Nothing yet.
        Asked = "asked", "待答覆";
        /// A promise stands.
        Promised = "promised", "已承諾";
        /// It promises nothing.
        Declined = "declined", "不予承諾";
        /// Its promise was not accepted in time.
        Expired = "expired", "承諾逾期";
        /// It took its promise back.
        Cancelled = "cancelled", "撤回承諾";
    }
}

words! {
    /// Which bill it is.
    BillKind {
        /// Before discharge, as far as it is known (暫結).
        Provisional = "provisional", "暫結帳單";
        /// What is due; a late change is another one.
        Final = "final", "結算帳單";
    }
}

words! {
    /// Who signed the instruction.
    Signer {
        /// The insured.
        Insured = "insured", "被保險人";
        /// Their statutory representative.
        Representative = "representative", "法定代理人";
        /// Their heirs, after a death.
        Heirs = "heirs", "繼承人";
    }
}

words! {
    /// Who called it off.
    Canceller {
        /// The patient.
        Patient = "patient", "病人";
        /// The hospital.
        Hospital = "hospital", "醫院";
    }
}

impl fmt::Display for OffsetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no state of an offset")]
pub struct UnknownState;

impl FromStr for OffsetState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

impl OffsetState {
    /// Whether nothing follows any more, whatever is said.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Lapsed | Self::Cancelled)
    }
}

/// A version of the bill.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// Which.
    pub kind: BillKind,
    /// What the patient owes the hospital.
    pub amount: Twd,
    /// When it came.
    pub at: Timestamp,
}

/// The insured's written payment instruction (給付指示): pay the hospital, not me.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instruction {
    /// How it was given.
    pub method: String,
    /// Where it is kept: the hospital's reference, or a session with a wallet.
    pub reference: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Who signed it.
    pub by: Signer,
}

/// Money that moved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// How much.
    pub amount: Twd,
    /// Back to the insurer.
    pub back: bool,
    /// The insurer's reference: by it the entry is found in the ledger.
    pub reference: String,
}

/// One insurer's part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The insurer.
    #[serde(with = "text")]
    pub party: PartyId,
    /// The submission its payments are booked to.
    #[serde(with = "text")]
    pub submission: SubmissionId,
    /// The line of that.
    pub line: Line,
    /// What it has said.
    pub state: PartState,
    /// What it promised last.
    pub amount: Option<Twd>,
    /// Until when that can be accepted.
    pub expires_at: Option<Timestamp>,
    /// Under which conditions.
    pub conditions: Option<String>,
    /// Why it promises nothing any more.
    pub reason: Option<String>,
    /// What it paid and got back.
    pub moved: Vec<Moved>,
}

impl Part {
    /// One that was asked.
    #[must_use]
    pub fn asked(party: PartyId, submission: SubmissionId, line: Line) -> Self {
        let (state, moved) = (PartState::Asked, Vec::new());
        Self { party, submission, line, state, amount: None, expires_at: None, conditions: None, reason: None, moved }
    }

    /// What the hospital has of it.
    #[must_use]
    pub fn paid(&self) -> Twd {
        self.moved.iter().fold(Twd::ZERO, |sum, one| {
            let next = if one.back { sum.checked_sub(one.amount) } else { sum.checked_add(one.amount) };
            next.unwrap_or(sum)
        })
    }

    fn promise(&self) -> Option<Twd> {
        self.amount.filter(|_| self.state == PartState::Promised)
    }
}

/// That it came to an end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Who called it off; nobody where it came to nothing.
    pub by: Option<Canceller>,
    /// Why.
    pub reason: Option<String>,
}

/// A step that was made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noted {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub step: String,
    /// The insurer that made it, or whose promise expired.
    pub party: Option<String>,
    /// The amount it named.
    pub amount: Option<Twd>,
    /// Where it led to.
    pub state: OffsetState,
}

/// A case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offset {
    /// The day the patient is to leave.
    pub discharge_on: Date,
    /// Oldest first; never empty.
    pub bills: Vec<Bill>,
    /// In the order in which they bear the bill.
    pub parts: Vec<Part>,
    /// The newest instruction.
    pub instruction: Option<Instruction>,
    /// When the hospital accepted.
    pub accepted_at: Option<Timestamp>,
    /// The day the insured died.
    pub died_on: Option<Date>,
    /// The day the patient left.
    pub discharged_on: Option<Date>,
    /// That it came to an end.
    pub end: Option<End>,
    /// Every step, oldest first: what is replaced stands here.
    pub history: Vec<Noted>,
}

claimgate_packet::opaque_debug!(Bill, Instruction, Moved, Part, End, Noted, Offset);

/// Somebody who is on turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// `hospital`, `insurer` or `patient`.
    pub role: &'static str,
    /// Which insurer.
    pub party: Option<PartyId>,
    /// What is to be done.
    pub what: &'static str,
    /// Until when; none where no day is known.
    pub by: Option<Timestamp>,
}

/// The end of a day in Taiwan.
#[must_use]
pub fn end_of(day: Date) -> Timestamp {
    let zone = TimeZone::fixed(Zone::constant(8));
    let next = day.tomorrow().and_then(|next| next.to_zoned(zone)).map(|zoned| zoned.timestamp());
    next.unwrap_or(Timestamp::MAX)
}

impl Offset {
    /// A case whose insurers were just asked.
    #[must_use]
    pub fn open(bill: Twd, discharge_on: Date, parts: Vec<Part>, now: Timestamp) -> Self {
        let noted =
            Noted { at: now, step: "open".to_owned(), party: None, amount: Some(bill), state: OffsetState::Asked };
        Self {
            discharge_on,
            bills: vec![Bill { kind: BillKind::Provisional, amount: bill, at: now }],
            parts,
            instruction: None,
            accepted_at: None,
            died_on: None,
            discharged_on: None,
            end: None,
            history: vec![noted],
        }
    }

    /// The bill that counts.
    #[must_use]
    pub fn bill(&self) -> Twd {
        self.bills.last().map_or(Twd::ZERO, |bill| bill.amount)
    }

    /// Whether the final bill is in.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.bills.last().is_some_and(|bill| bill.kind == BillKind::Final)
    }

    /// What each insurer bears, in the order: of each promise what the ones before it leave of the bill.
    #[must_use]
    pub fn shares(&self) -> Vec<Twd> {
        let mut left = if self.end.is_some() { Twd::ZERO } else { self.bill() };
        let share = |part: &Part| {
            let share = part.promise().unwrap_or(Twd::ZERO).min(left);
            left = left.checked_sub(share).unwrap_or(Twd::ZERO);
            share
        };
        self.parts.iter().map(share).collect()
    }

    /// What is left to the patient.
    #[must_use]
    pub fn patient_part(&self) -> Twd {
        let borne = Twd::sum(self.shares()).unwrap_or(Twd::ZERO);
        self.bill().checked_sub(borne).unwrap_or(Twd::ZERO)
    }

    /// Each insurer with what it bears.
    pub fn borne(&self) -> impl Iterator<Item = (&Part, Twd)> {
        self.parts.iter().zip(self.shares())
    }

    /// Where it stands: it follows from what was said.
    #[must_use]
    pub fn state(&self) -> OffsetState {
        let over = self.borne().any(|(part, share)| part.paid() > share);
        match &self.end {
            Some(_) if over => return OffsetState::Refunding,
            Some(End { by: Some(_), .. }) => return OffsetState::Cancelled,
            Some(End { by: None, .. }) => return OffsetState::Lapsed,
            None => {}
        }
        let promised = self.parts.iter().any(|part| part.promise().is_some());
        if self.waits_for_heirs() {
            OffsetState::Held
        } else if self.accepted_at.is_some() {
            let under = self.borne().any(|(part, share)| part.paid() < share);
            match (self.is_final(), under, over) {
                (false, ..) => OffsetState::Accepted,
                (true, true, _) => OffsetState::Billed,
                (true, false, true) => OffsetState::Refunding,
                (true, false, false) => OffsetState::Settled,
            }
        } else if promised && self.instruction.is_some() {
            OffsetState::Instructed
        } else if promised {
            OffsetState::Promised
        } else {
            OffsetState::Asked
        }
    }

    fn waits_for_heirs(&self) -> bool {
        self.died_on.is_some() && self.instruction.as_ref().is_none_or(|given| given.by != Signer::Heirs)
    }

    /// Whether time alone can still change it: nothing was accepted, and nobody died.
    fn runs(&self) -> bool {
        self.end.is_none() && self.accepted_at.is_none() && self.died_on.is_none()
    }

    /// When time alone changes it next.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let promises = self.parts.iter().filter(|part| part.promise().is_some()).filter_map(|part| part.expires_at);
        let ends = promises.chain([end_of(self.discharge_on)]);
        ends.min().filter(|_| self.runs())
    }

    /// What people should know of it.
    #[must_use]
    pub fn flags(&self) -> Vec<&'static str> {
        let promised = Twd::sum(self.parts.iter().filter_map(Part::promise));
        let flags = [
            (promised.is_none_or(|sum| sum > self.bill()), "promised-beyond-bill"),
            (self.died_on.is_some(), "heirs"),
            (self.borne().any(|(part, share)| part.paid() > share), "paid-too-much"),
            (
                self.accepted_at.is_some_and(|at| self.history.iter().any(|one| withdrawn(one, at))),
                "withdrawn-after-acceptance",
            ),
        ];
        flags.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).collect()
    }

    /// Who is on turn, and until when.
    #[must_use]
    pub fn turns(&self) -> Vec<Turn> {
        let (by, day) = (self.due_at(), Some(end_of(self.discharge_on)));
        let one = |role, what, by| Turn { role, party: None, what, by };
        let of = |part: &Part, what, by| Turn { role: "insurer", party: Some(part.party.clone()), what, by };
        let asked = || {
            self.parts.iter().filter(|part| part.state == PartState::Asked).map(move |part| of(part, "promise", day))
        };
        match self.state() {
            OffsetState::Asked => asked().collect(),
            OffsetState::Promised => [one("patient", "instruct", by)].into_iter().chain(asked()).collect(),
            OffsetState::Instructed => vec![one("hospital", "accept", by)],
            OffsetState::Accepted => vec![one("hospital", "final-bill", day)],
            OffsetState::Billed => {
                let owing = self.borne().filter(|(part, share)| part.paid() < *share);
                owing.map(|(part, _)| of(part, "pay", None)).collect()
            }
            OffsetState::Refunding => vec![one("hospital", "give-back", None)],
            OffsetState::Held => vec![one("patient", "instruct-as-heirs", None)],
            OffsetState::Settled | OffsetState::Lapsed | OffsetState::Cancelled => Vec::new(),
        }
    }
}

fn withdrawn(noted: &Noted, since: Timestamp) -> bool {
    noted.step == StepName::Withdraw.as_str() && noted.at >= since
}

/// How far in the future a day or a signature may lie: clocks differ.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// Ids as texts.
mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(|_| de::Error::custom("an id"))
    }
}

#[cfg(test)]
mod tests;
