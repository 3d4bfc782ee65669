//! Submission (受理案件): one insurer's handling of a claim in one line, as a small state machine.

use std::fmt;
use std::str::FromStr;

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubmissionState {
    /// Sent, nothing heard yet.
    Sent,
    /// Taken back before it left, because the consent basis is gone (收回); sent again once there is one.
    Withdrawn,
    /// Given back by the insurer as not its own (退件); sent again where the hospital says so with other content.
    Returned,
    /// The insurer has it (收件).
    Received,
    /// Being assessed (審核中).
    InReview,
    /// Papers are missing (補件).
    SupplementRequested,
    /// Accepted (核賠).
    Accepted,
    /// Accepted in part (部分核賠).
    PartlyAccepted,
    /// Declined (拒賠).
    Declined,
    /// Paid (已給付).
    Paid,
    /// Closed without payment or after it (結案).
    Closed,
}

/// A step the state machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a submission in state {from} cannot become {to}")]
pub struct InvalidStep {
    from: SubmissionState,
    to: SubmissionState,
}

impl InvalidStep {
    /// A step that was asked for and does not exist.
    #[must_use]
    pub fn new(from: SubmissionState, to: SubmissionState) -> Self {
        Self { from, to }
    }
}

/// A word that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state is one of: {REPORTABLE}")]
pub struct UnknownState;

/// Every state, in the order of a submission's life.
pub const ALL: [SubmissionState; 10] = [
    SubmissionState::Sent,
    SubmissionState::Withdrawn,
    SubmissionState::Received,
    SubmissionState::InReview,
    SubmissionState::SupplementRequested,
    SubmissionState::Accepted,
    SubmissionState::PartlyAccepted,
    SubmissionState::Declined,
    SubmissionState::Paid,
    SubmissionState::Closed,
];

/// The states an insurer can report.
pub const REPORTABLE: &str =
    "received, in-review, supplement-requested, accepted, partly-accepted, declined, paid, closed";

impl SubmissionState {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Withdrawn => "withdrawn",
            Self::Returned => "returned",
            Self::Received => "received",
            Self::InReview => "in-review",
            Self::SupplementRequested => "supplement-requested",
            Self::Accepted => "accepted",
            Self::PartlyAccepted => "partly-accepted",
            Self::Declined => "declined",
            Self::Paid => "paid",
            Self::Closed => "closed",
        }
    }

    /// The states that can follow this one.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        use SubmissionState::{
            Accepted, Closed, Declined, InReview, Paid, PartlyAccepted, Received, SupplementRequested,
        };
        match self {
            Self::Sent => &[Received, InReview, SupplementRequested, Accepted, PartlyAccepted, Declined, Closed],
            Self::Received => &[InReview, SupplementRequested, Accepted, PartlyAccepted, Declined, Closed],
            Self::InReview => &[SupplementRequested, Accepted, PartlyAccepted, Declined, Closed],
            Self::SupplementRequested => &[InReview, Accepted, PartlyAccepted, Declined, Closed],
            Self::Accepted | Self::PartlyAccepted => &[InReview, Paid, Closed],
            Self::Declined | Self::Paid => &[InReview, Closed],
            Self::Closed | Self::Withdrawn | Self::Returned => &[],
        }
    }

    /// The state after the insurer reports `next`; reporting the same state again changes nothing.
    ///
    /// An assessment may move back and forth; a payment needs an acceptance; a closed submission stays closed.
    ///
    /// # Errors
    /// A step that does not exist.
    pub fn step(self, next: Self) -> Result<Self, InvalidStep> {
        let same = self == next && !matches!(self, Self::Sent | Self::Withdrawn | Self::Returned);
        if same || self.successors().contains(&next) { Ok(next) } else { Err(InvalidStep { from: self, to: next }) }
    }
}

impl SubmissionState {
    /// Whether the insurer can still give it back: nothing was decided.
    #[must_use]
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::InReview | Self::SupplementRequested)
    }
}

impl fmt::Display for SubmissionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SubmissionState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Ok(match text {
            "sent" => Self::Sent,
            "withdrawn" => Self::Withdrawn,
            "returned" => Self::Returned,
            "received" => Self::Received,
            "in-review" => Self::InReview,
            "supplement-requested" => Self::SupplementRequested,
            "accepted" => Self::Accepted,
            "partly-accepted" => Self::PartlyAccepted,
            "declined" => Self::Declined,
            "paid" => Self::Paid,
            "closed" => Self::Closed,
            _ => return Err(UnknownState),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_needs_an_acceptance_and_a_closed_submission_stays_closed() {
        use SubmissionState::{Accepted, Closed, InReview, Paid, Received, Sent, Withdrawn};
        assert_eq!(Sent.step(Received), Ok(Received));
        assert_eq!(Received.step(Received), Ok(Received));
        assert!(Received.step(Paid).is_err());
        assert_eq!(Accepted.step(Paid), Ok(Paid));
        assert!(Closed.step(InReview).is_err());
        assert!(Received.step(Sent).is_err() && Sent.step(Sent).is_err());
        assert!(Withdrawn.step(Received).is_err() && Withdrawn.step(Withdrawn).is_err());
    }

    /// The table of the guide, made from the code: a row for each state, a column for each report.
    fn matrix() -> String {
        let reports: Vec<&str> = REPORTABLE.split(", ").collect();
        let mut rows = vec![
            format!("| from \\ report | {} |", reports.join(" | ")),
            format!("|---{}|", "|---".repeat(reports.len())),
        ];
        for from in ALL {
            let cells = reports.iter().map(|report| match from.step(report.parse().unwrap()) {
                Ok(next) if next == from => "same",
                Ok(_) => "yes",
                Err(_) => "409",
            });
            rows.push(format!("| `{from}` | {} |", cells.collect::<Vec<_>>().join(" | ")));
        }
        rows.join("\n")
    }

    #[test]
    fn the_guide_shows_every_state_and_every_report_as_they_are() {
        let guide = include_str!("../../../docs/insurer.md");
        assert!(guide.contains(&matrix()), "docs/insurer.md should hold:\n{}", matrix());
        // Whatever state is named, it is one of the list, and every reportable one can be reached.
        assert!(ALL.iter().all(|state| state.as_str().parse() == Ok(*state)));
        for report in REPORTABLE.split(", ") {
            assert!(ALL.iter().any(|from| from.successors().iter().any(|next| next.as_str() == report)), "{report}");
        }
    }
}
