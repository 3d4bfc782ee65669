//! Payments (給付) as an insurer reports them, and the standing of a submission with its ledger: amounts, days, words.
//! Nothing is ever changed: money that comes back is an entry of its own. Plain values, no IO.

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::decision::{Decision, Handler, PolicyFound};

/// What an entry of the ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PaymentKind {
    /// On account, before or beyond the decision (暫付).
    Provisional,
    /// The part nobody disputes, first (無爭議部分).
    Undisputed,
    /// What the decision says, or the rest of it (給付).
    Final,
    /// The bank gave it back (退匯).
    Returned,
    /// The insurer took it back (追回).
    Reclaimed,
}

impl PaymentKind {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Undisputed => "undisputed",
            Self::Final => "final",
            Self::Returned => "returned",
            Self::Reclaimed => "reclaimed",
        }
    }

    /// Whether money comes back by it.
    #[must_use]
    pub fn comes_back(self) -> bool {
        matches!(self, Self::Returned | Self::Reclaimed)
    }
}

/// Whose account it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PayeeKind {
    /// The claimant's own (受益人帳戶).
    ClaimantAccount,
    /// Another's, on the claimant's written instruction (第三人帳戶).
    ThirdAccount,
}

/// Who gets it. No account number: the instruction is named, not repeated.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Payee {
    /// Whose account.
    pub kind: PayeeKind,
    /// Reference of the claimant's written instruction (給付指示); needed for a third account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub instruction: Option<String>,
}

/// A line of the calculation sheet (計算書).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SheetLine {
    /// What.
    #[validate(length(min = 1, max = 120))]
    pub item: String,
    /// How much; what is taken off is negative.
    pub amount: Twd,
}

/// Body of `POST /insurer/v1/submissions/{id}/payments`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// What it is.
    pub kind: PaymentKind,
    /// How much, always more than zero.
    pub amount: Twd,
    /// The day the money moves (入帳日).
    pub value_date: Date,
    /// The insurer's own reference; each once at this insurer.
    #[validate(length(min = 1, max = 64))]
    pub reference: String,
    /// Who gets it; left out where money comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub payee: Option<Payee>,
    /// The payment (`pmt_…`) whose money comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 64))]
    pub reverses: Option<String>,
    /// `true` where a provisional payment is meant to go before the decision or beyond it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ahead_of_decision: bool,
    /// How the amount was calculated; its lines make up the amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 100), nested)]
    pub sheet: Vec<SheetLine>,
}

opaque_debug!(Payee, SheetLine, Payment);

/// What a payment answers, and how the ledger stands by it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Booked {
    /// Id of the entry, `pmt_` + UUIDv7.
    pub payment_id: String,
    /// Its place in the ledger of the submission, from 1.
    pub number: i64,
    /// Submission id.
    pub submission_id: String,
    /// Claim id.
    pub claim_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The state the submission is in now.
    pub state: String,
    /// The sums after this entry.
    pub sums: Sums,
}

/// How the books of a submission stand.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Accepted by the decision that stands.
    pub accepted: Twd,
    /// Everything that was paid.
    pub paid: Twd,
    /// Everything that came back.
    pub came_back: Twd,
    /// Accepted, less what is paid and did not come back; negative where too much is paid.
    pub open: Twd,
}

/// A decision as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DecisionKept {
    /// Its version, from 1.
    pub version: i64,
    /// `accepted`, `partly-accepted` or `declined`.
    pub outcome: String,
    /// Whether it stands: no later one reverses it.
    pub stands: bool,
    /// When it was reported (UTC).
    pub at: Timestamp,
    /// What was decided.
    pub decision: Decision,
}

/// An entry of the ledger as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaymentKept {
    /// Its id.
    pub payment_id: String,
    /// Its place, from 1.
    pub number: i64,
    /// When it was reported (UTC).
    pub at: Timestamp,
    /// What was reported.
    pub payment: Payment,
}

/// What `GET /insurer/v1/submissions/{id}` answers.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Standing {
    /// Submission id.
    pub submission_id: String,
    /// Claim id.
    pub claim_id: String,
    /// Line of insurance (險種).
    pub line: Line,
    /// The state it is in now.
    pub state: String,
    /// The insurer's own case number (受理編號).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// A note kept with the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was found of policies (保單).
    pub policies: Vec<PolicyFound>,
    /// Whom to ask (承辦窗口).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<Handler>,
    /// Every decision, oldest first.
    pub decisions: Vec<DecisionKept>,
    /// Every entry of the ledger, oldest first.
    pub payments: Vec<PaymentKept>,
    /// How the books stand.
    pub sums: Sums,
    /// What a person of yours must look at: computed at each look, gone when you have decided anew.
    pub flags: Vec<FlagView>,
    /// When payment is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DueView>,
}

/// That a submission was decided or paid on evidence that the hospital has withdrawn since (作廢、退費、更正).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlagView {
    /// `decided-on-withdrawn-evidence` or `paid-on-withdrawn-evidence`.
    pub flag: String,
    /// What was taken away since.
    pub documents: Vec<FlaggedDocument>,
}

/// A document that was taken away.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlaggedDocument {
    /// `withdrawn`, or `changed` of a receipt or certificate.
    pub mark: String,
    /// Its evidence type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its evidence id: before, where it was withdrawn; otherwise in the newer packet.
    pub evidence_id: String,
    /// Why it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the packet was made that says so.
    pub at: Timestamp,
}

/// When payment is due (給付期限), and what runs from then on.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DueView {
    /// The day all papers were there, as the insurer reported it.
    pub complete_on: Date,
    /// The last day; left out where it cannot be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// Why there is no day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The rule it follows from, with its source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Interest of a late payment in percent a year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interest_percent: Option<u32>,
    /// Interest on what is open, up to today, where it is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interest: Option<Twd>,
}

opaque_debug!(Booked, Sums, DecisionKept, PaymentKept, Standing, FlagView, FlaggedDocument, DueView);
