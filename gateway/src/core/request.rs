//! Requests for papers (補件, 病歷調閱): one small state machine for all that a hospital or a person is asked for. No IO.

use std::fmt;
use std::str::FromStr;

use claimgate_adapters::insurer::request::{Addressee, AnswerResult};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::ledger::day;
use crate::id::{ClaimId, SubmissionId, TaskId};
use crate::party::PartyId;

/// The most requests of a submission.
pub const MOST_REQUESTS: usize = 50;
/// The longest a request may wait, in days.
const LONGEST: i32 = 180;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Papers that are missing in a submission (補件).
    Supplement,
    /// Records an insurer asks for of its own accord (病歷調閱).
    Records,
}

impl RequestKind {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supplement => "supplement",
            Self::Records => "records",
        }
    }
}

impl FromStr for RequestKind {
    type Err = UnknownRequestState;

    fn from_str(text: &str) -> Result<Self, UnknownRequestState> {
        [Self::Supplement, Self::Records].into_iter().find(|one| one.as_str() == text).ok_or(UnknownRequestState)
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// Made, not looked at (已提出).
    Requested,
    /// Looked at by whoever is asked (已收到).
    Received,
    /// The records office takes it on (受理).
    Accepted,
    /// A part of it came (部分提供).
    PartlyAnswered,
    /// All of it came (已提供).
    Answered,
    /// Refused with a reason (拒絕).
    Refused,
    /// Not needed any more (取消).
    Cancelled,
    /// The last day is over (逾期).
    Expired,
}

/// A step the state machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request in state {from} cannot become {to}")]
pub struct InvalidRequestStep {
    from: RequestState,
    to: RequestState,
}

/// A word that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no state of a request")]
pub struct UnknownRequestState;

/// Every state, in the order of a request's life.
pub const ALL: [RequestState; 8] = [
    RequestState::Requested,
    RequestState::Received,
    RequestState::Accepted,
    RequestState::PartlyAnswered,
    RequestState::Answered,
    RequestState::Refused,
    RequestState::Cancelled,
    RequestState::Expired,
];

impl RequestState {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::PartlyAnswered => "partly-answered",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The Chinese term.
    #[must_use]
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Requested => "已提出",
            Self::Received => "已收到",
            Self::Accepted => "受理",
            Self::PartlyAnswered => "部分提供",
            Self::Answered => "已提供",
            Self::Refused => "拒絕",
            Self::Cancelled => "取消",
            Self::Expired => "逾期",
        }
    }

    /// What can follow. What expired can still be answered: it is late, not void.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        use RequestState::{Accepted, Answered, Cancelled, Expired, PartlyAnswered, Received, Refused};
        match self {
            Self::Requested => &[Received, Accepted, PartlyAnswered, Answered, Refused, Cancelled, Expired],
            Self::Received => &[Accepted, PartlyAnswered, Answered, Refused, Cancelled, Expired],
            Self::Accepted | Self::PartlyAnswered => &[PartlyAnswered, Answered, Refused, Cancelled, Expired],
            Self::Expired => &[PartlyAnswered, Answered],
            Self::Answered | Self::Refused | Self::Cancelled => &[],
        }
    }

    /// The state after `next`.
    ///
    /// # Errors
    /// A step that does not exist.
    pub fn step(self, next: Self) -> Result<Self, InvalidRequestStep> {
        if self.successors().contains(&next) { Ok(next) } else { Err(InvalidRequestStep { from: self, to: next }) }
    }

    /// Whether it waits for an answer, so that its last day counts.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.successors().contains(&Self::Expired)
    }

    /// `Task.status` of FHIR R4.
    #[must_use]
    pub fn task_status(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Received => "received",
            Self::Accepted => "accepted",
            Self::PartlyAnswered => "in-progress",
            Self::Answered => "completed",
            Self::Refused => "rejected",
            Self::Cancelled => "cancelled",
            Self::Expired => "failed",
        }
    }
}

impl From<AnswerResult> for RequestState {
    fn from(result: AnswerResult) -> Self {
        match result {
            AnswerResult::Accepted => Self::Accepted,
            AnswerResult::PartlyAnswered => Self::PartlyAnswered,
            AnswerResult::Answered => Self::Answered,
            AnswerResult::Refused => Self::Refused,
        }
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RequestState {
    type Err = UnknownRequestState;

    fn from_str(text: &str) -> Result<Self, UnknownRequestState> {
        ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownRequestState)
    }
}

/// The moment a request expires: when its last day is over in Taiwan. Nothing where the day is not after today, or too
/// far away.
#[must_use]
pub fn expires(now: Timestamp, due_on: Date) -> Option<Timestamp> {
    let today = day(now);
    let latest = today.checked_add(LONGEST.days()).ok()?;
    if due_on <= today || due_on > latest {
        return None;
    }
    let over = due_on.tomorrow().ok()?.to_zoned(TimeZone::fixed(Offset::constant(8))).ok()?;
    Some(over.timestamp())
}

/// What is written.
#[derive(Debug)]
pub enum RequestWrite {
    /// A new request; it relies on the claim's revision of that moment.
    New(Box<RequestRow>),
    /// A step from the version it was read at.
    Step(RequestStep),
}

/// A new request.
#[derive(Debug)]
pub struct RequestRow {
    /// Id.
    pub id: TaskId,
    /// What is asked for.
    pub kind: RequestKind,
    /// The submission.
    pub submission: SubmissionId,
    /// From 1, without gaps.
    pub number: i64,
    /// The claim.
    pub claim: ClaimId,
    /// The insurer that asks.
    pub party: PartyId,
    /// The hospital of the claim.
    pub hospital: PartyId,
    /// Who is asked.
    pub to: Addressee,
    /// The last day.
    pub due_on: Date,
    /// When that is over.
    pub open_until: Timestamp,
    /// Documents and texts, sealed.
    pub body: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A step of a request.
#[derive(Debug)]
pub struct RequestStep {
    /// The request.
    pub id: TaskId,
    /// The version it was read at.
    pub version: i64,
    /// The new state.
    pub state: RequestState,
    /// What was said, sealed; `None` keeps what is there.
    pub answer: Option<Vec<u8>>,
    /// The claim's revision that answers; `None` keeps what is there.
    pub revision: Option<i64>,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use claimgate_adapters::insurer::request::{DocumentKind, RefusalReason};

    use super::*;

    #[test]
    fn what_expired_is_answered_late_and_what_is_over_stays_so() {
        use RequestState::{Answered, Cancelled, Expired, PartlyAnswered, Refused, Requested};
        assert_eq!(Requested.step(Answered), Ok(Answered));
        assert_eq!(PartlyAnswered.step(PartlyAnswered), Ok(PartlyAnswered));
        assert_eq!(Expired.step(Answered), Ok(Answered));
        assert!(Expired.step(Refused).is_err() && Answered.step(Cancelled).is_err());
        assert!(Requested.is_open() && PartlyAnswered.is_open() && !Expired.is_open() && !Refused.is_open());
        assert!(ALL.iter().all(|state| state.as_str().parse() == Ok(*state)));
    }

    #[test]
    fn a_day_is_over_at_midnight_in_taiwan() {
        let now = "2026-11-23T02:00:00Z".parse().unwrap();
        let of = |day: &str| expires(now, day.parse().unwrap()).map(|at| at.to_string());
        assert_eq!(of("2026-11-24"), Some("2026-11-24T16:00:00Z".to_owned()));
        assert_eq!((of("2026-11-23"), of("2027-05-23")), (None, None));
        assert!(of("2027-05-22").is_some());
    }

    /// The diagram of the guide, made from the code (Mermaid).
    fn diagram() -> String {
        let name = |state: RequestState| state.as_str().replace('-', "_");
        let mut lines = vec!["stateDiagram-v2".to_owned()];
        lines.extend(ALL.iter().map(|state| format!("    {}: {state} {}", name(*state), state.chinese())));
        lines.push("    [*] --> requested".to_owned());
        for from in ALL {
            lines.extend(from.successors().iter().map(|to| format!("    {} --> {}", name(from), name(*to))));
        }
        lines.join("\n")
    }

    #[test]
    fn the_page_on_the_life_of_a_claim_draws_every_step_and_lists_every_document() {
        let page = include_str!("../../../docs/claim-life.md");
        assert!(page.contains(&diagram()), "docs/claim-life.md should hold:\n{}", diagram());
        for kind in DocumentKind::ALL {
            let row = format!("| `{}` | {} | {} |", kind.as_str(), kind.chinese(), kind.english());
            assert!(page.contains(&row), "docs/claim-life.md should hold:\n{row}");
        }
        for reason in RefusalReason::ALL {
            let row = format!("| `{}` | {} | {} |", reason.as_str(), reason.chinese(), reason.english());
            assert!(page.contains(&row), "docs/claim-life.md should hold:\n{row}");
        }
    }
}
