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
    /// Closed because papers that were asked for never came (資料不齊結案); a late answer reopens it.
    ClosedIncomplete,
    /// The claimant withdrew it (撤回申請): nothing is decided of it any more, but it can be reopened.
    ClaimantWithdrew,
    /// The claimant objects to the decision (申訴).
    Appealed,
    /// Taken up again after it was closed (重啟).
    Reopened,
}

/// A step the state machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a submission in state {from} cannot become {to}; {}", from.onward())]
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
pub const ALL: [SubmissionState; 15] = [
    SubmissionState::Sent,
    SubmissionState::Withdrawn,
    SubmissionState::Returned,
    SubmissionState::Received,
    SubmissionState::InReview,
    SubmissionState::SupplementRequested,
    SubmissionState::Accepted,
    SubmissionState::PartlyAccepted,
    SubmissionState::Declined,
    SubmissionState::Paid,
    SubmissionState::Closed,
    SubmissionState::ClosedIncomplete,
    SubmissionState::ClaimantWithdrew,
    SubmissionState::Appealed,
    SubmissionState::Reopened,
];

/// The states an insurer can report.
pub const REPORTABLE: &str = "received, in-review, supplement-requested, accepted, partly-accepted, declined, paid, \
                              closed, closed-incomplete, withdrawn-by-claimant, appealed, reopened";

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
            Self::ClosedIncomplete => "closed-incomplete",
            Self::ClaimantWithdrew => "withdrawn-by-claimant",
            Self::Appealed => "appealed",
            Self::Reopened => "reopened",
        }
    }

    /// The official Chinese term.
    #[must_use]
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Sent => "已送出",
            Self::Withdrawn => "收回",
            Self::Returned => "退件",
            Self::Received => "收件",
            Self::InReview => "審核中",
            Self::SupplementRequested => "補件",
            Self::Accepted => "核賠",
            Self::PartlyAccepted => "部分核賠",
            Self::Declined => "拒賠",
            Self::Paid => "已給付",
            Self::Closed => "結案",
            Self::ClosedIncomplete => "資料不齊結案",
            Self::ClaimantWithdrew => "撤回申請",
            Self::Appealed => "申訴",
            Self::Reopened => "重啟",
        }
    }

    /// The states an insurer's report can lead to from this one.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        use SubmissionState::{
            Accepted, Appealed, ClaimantWithdrew, Closed, ClosedIncomplete, Declined, InReview, Paid, PartlyAccepted,
            Received, Reopened, SupplementRequested,
        };
        match self {
            Self::Sent => &[
                Received,
                InReview,
                SupplementRequested,
                Accepted,
                PartlyAccepted,
                Declined,
                Closed,
                ClosedIncomplete,
                ClaimantWithdrew,
            ],
            Self::Received | Self::Reopened => &[
                InReview,
                SupplementRequested,
                Accepted,
                PartlyAccepted,
                Declined,
                Closed,
                ClosedIncomplete,
                ClaimantWithdrew,
            ],
            Self::InReview => {
                &[SupplementRequested, Accepted, PartlyAccepted, Declined, Closed, ClosedIncomplete, ClaimantWithdrew]
            }
            Self::SupplementRequested => {
                &[InReview, Accepted, PartlyAccepted, Declined, Closed, ClosedIncomplete, ClaimantWithdrew]
            }
            Self::Accepted | Self::PartlyAccepted => &[InReview, Paid, Closed, Appealed],
            Self::Declined | Self::Paid => &[InReview, Closed, Appealed],
            Self::Appealed => {
                &[InReview, SupplementRequested, Accepted, PartlyAccepted, Declined, Closed, ClaimantWithdrew]
            }
            Self::Closed => &[Appealed, Reopened],
            Self::ClosedIncomplete | Self::ClaimantWithdrew => &[Reopened],
            Self::Withdrawn | Self::Returned => &[],
        }
    }

    /// What follows from a state, for whoever asked for something else.
    fn onward(self) -> String {
        match self.successors() {
            [] => "no report changes it".to_owned(),
            states => {
                let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
                format!("it can become {}", words.join(", "))
            }
        }
    }

    /// The state after the insurer reports `next`; reporting the same state again changes nothing.
    ///
    /// An assessment may move back and forth; a payment needs an acceptance; what is closed is reopened first.
    ///
    /// # Errors
    /// A step that does not exist.
    pub fn step(self, next: Self) -> Result<Self, InvalidStep> {
        let same = self == next && !matches!(self, Self::Sent | Self::Withdrawn | Self::Returned);
        if same || self.successors().contains(&next) { Ok(next) } else { Err(InvalidStep { from: self, to: next }) }
    }
}

impl SubmissionState {
    /// Whether it is one of the three outcomes of a decision (決定).
    #[must_use]
    pub fn is_decision(self) -> bool {
        matches!(self, Self::Accepted | Self::PartlyAccepted | Self::Declined)
    }

    /// The state after a corrected decision, which reverses the one before it; as [`SubmissionState::step`] where no
    /// decision stands.
    ///
    /// # Errors
    /// A step that does not exist.
    pub fn corrected(self, next: Self) -> Result<Self, InvalidStep> {
        let stands = self.is_decision() || self == Self::Paid;
        if stands && next.is_decision() { Ok(next) } else { self.step(next) }
    }

    /// The state as the ledger of payments has it: `paid` where what was accepted is paid, the decision's own where money
    /// came back. `decision` is the outcome that stands.
    #[must_use]
    pub fn settled(self, decision: Self, paid_in_full: bool) -> Self {
        match self {
            Self::Accepted | Self::PartlyAccepted if paid_in_full => Self::Paid,
            Self::Paid if !paid_in_full => decision,
            other => other,
        }
    }

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
            "closed-incomplete" => Self::ClosedIncomplete,
            "withdrawn-by-claimant" => Self::ClaimantWithdrew,
            "appealed" => Self::Appealed,
            "reopened" => Self::Reopened,
            _ => return Err(UnknownState),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_needs_an_acceptance_and_what_is_closed_is_reopened_first() {
        use SubmissionState::{
            Accepted, ClaimantWithdrew, Closed, ClosedIncomplete, InReview, Paid, Received, Reopened, Sent, Withdrawn,
        };
        assert_eq!(Sent.step(Received), Ok(Received));
        assert_eq!(Received.step(Received), Ok(Received));
        assert!(Received.step(Paid).is_err());
        assert_eq!(Accepted.step(Paid), Ok(Paid));
        assert!(Closed.step(InReview).is_err());
        assert!(Received.step(Sent).is_err() && Sent.step(Sent).is_err());
        assert!(Withdrawn.step(Received).is_err() && Withdrawn.step(Withdrawn).is_err());
        assert_eq!(Closed.step(Reopened).and_then(|state| state.step(InReview)), Ok(InReview));
        assert!(ClaimantWithdrew.step(Accepted).is_err(), "nothing is decided of a withdrawn claim");
        assert_eq!(
            ClosedIncomplete.step(Paid).unwrap_err().to_string(),
            "a submission in state closed-incomplete cannot become paid; it can become reopened"
        );
    }

    #[test]
    fn a_correction_reverses_a_decision_and_money_that_comes_back_undoes_paid() {
        use SubmissionState::{Accepted, Declined, InReview, Paid, PartlyAccepted};
        assert_eq!(Accepted.corrected(PartlyAccepted), Ok(PartlyAccepted));
        assert_eq!(Paid.corrected(Declined), Ok(Declined));
        assert!(Accepted.step(PartlyAccepted).is_err(), "not without saying what it corrects");
        assert!(SubmissionState::Closed.corrected(Accepted).is_err());
        assert_eq!(Accepted.settled(Accepted, true), Paid);
        assert_eq!(Paid.settled(PartlyAccepted, false), PartlyAccepted);
        assert_eq!(InReview.settled(Accepted, true), InReview);
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

    /// The diagram of the guide, made from the code (Mermaid).
    fn diagram() -> String {
        let name = |state: SubmissionState| state.as_str().replace('-', "_");
        let mut lines = vec!["stateDiagram-v2".to_owned()];
        lines.extend(ALL.iter().map(|state| format!("    {}: {state} {}", name(*state), state.chinese())));
        lines.push("    [*] --> sent".to_owned());
        for from in ALL {
            lines.extend(from.successors().iter().map(|to| format!("    {} --> {}", name(from), name(*to))));
        }
        // What no report does: the gateway, a return, a new delivery, a correction, the ledger of payments.
        lines.push("    sent --> withdrawn: consent gone".to_owned());
        lines.extend(
            ALL.iter()
                .filter(|state| state.is_undecided())
                .map(|from| format!("    {} --> returned: return", name(*from))),
        );
        lines.extend(["withdrawn", "returned"].map(|from| format!("    {from} --> sent: sent again")));
        for from in ALL {
            for to in ALL.iter().filter(|to| from.step(**to).is_err() && from.corrected(**to).is_ok()) {
                lines.push(format!("    {} --> {}: correction", name(from), name(*to)));
            }
        }
        lines.extend(["accepted", "partly_accepted"].map(|to| format!("    paid --> {to}: money came back")));
        lines.join("\n")
    }

    #[test]
    fn the_page_on_the_life_of_a_claim_draws_every_step() {
        let page = include_str!("../../../docs/claim-life.md");
        assert!(page.contains(&diagram()), "docs/claim-life.md should hold:\n{}", diagram());
        for reason in claimgate_adapters::insurer::decision::Reason::ALL {
            let row = format!("| `{}` | {} | {} |", reason.as_str(), reason.chinese(), reason.meaning());
            assert!(page.contains(&row), "docs/claim-life.md should hold:\n{row}");
        }
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
