//! A status an insurer reports of a submission (受理案件): one step, or nothing where it stands so already. Under an
//! `Idempotency-Key` the same report again gets the first answer, whatever happened to the submission since.

use claimgate_adapters::insurer::decision::{Decision, Handler, PolicyFound};
use claimgate_packet::words::Line;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::detail::Detail;
use super::memory::Keyed;
use super::{Engine, Fault, NotDone, TRIES};
use crate::core::change::{Change, SubmissionStep, Write};
use crate::core::deadline::{DeadlineKind, OnTurn};
use crate::core::submission::SubmissionState;
use crate::core::timeline::{Event, entries};
use crate::flows::deadlines::Of;
use crate::id::SubmissionId;
use crate::party::PartyId;
use crate::store::SubmissionView;

/// The route keys are remembered under.
const ROUTE: &str = "POST /insurer/v1/submissions/{id}/status";

/// What an insurer says of a submission.
pub struct Status {
    /// The new state.
    pub state: SubmissionState,
    /// The insurer's own number.
    pub number: Option<String>,
    /// A note for the case.
    pub note: Option<String>,
    /// What was found of policies.
    pub policies: Option<Vec<PolicyFound>>,
    /// Whom to ask.
    pub handler: Option<Handler>,
    /// The day all papers were there.
    pub complete_on: Option<Date>,
    /// What was decided.
    pub decision: Option<Decision>,
}

/// A report as it came.
pub struct Report<'a> {
    /// What it says.
    pub status: Status,
    /// `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// The bytes it came in: a key belongs to them.
    pub bytes: &'a [u8],
}

claimgate_packet::opaque_debug!(Status, Report<'_>);

/// What a report is answered; holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The submission.
    pub submission: String,
    /// Its claim.
    pub claim: String,
    /// Its line of insurance (險種).
    pub line: Line,
    /// The state after the report.
    pub state: String,
}

impl Reported {
    fn of(submission: &SubmissionView, state: SubmissionState) -> Self {
        Self {
            submission: submission.id.to_string(),
            claim: submission.claim.to_string(),
            line: submission.line,
            state: state.as_str().to_owned(),
        }
    }
}

impl Engine {
    /// Records a status an insurer reports. The same again is the same answer. With a key the first answer to these bytes
    /// for this submission stays the answer; a refusal is not remembered.
    ///
    /// # Errors
    /// Not there, no such step, a key used for something else, or a fault of ours.
    pub async fn report(&self, insurer: &PartyId, id: SubmissionId, report: &Report<'_>) -> Result<Reported, NotDone> {
        let keyed = |key| Keyed { route: ROUTE, label: "status.request", key, bytes: report.bytes };
        let memory = report.key.map(|key| self.memory_of(insurer, id, keyed(key)));
        let _turn = self.turns.of(id.uuid().as_bytes()).await;
        for _ in 0..TRIES {
            if let Some(memory) = &memory
                && let Some(answer) = self.recall(insurer, memory).await?
            {
                return Ok(answer);
            }
            let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
            if report.status.decision.is_some()
                || report.status.state.is_decision()
                || report.status.state == SubmissionState::Paid
            {
                self.not_of_records(&submission).await?;
            }
            let status = &report.status;
            let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
            let detail = Detail::open(&key, id, submission.detail.as_deref())?.merged(&key, id, status)?;
            let (state, decided) = self.weigh(&key, &submission, status).await?;
            let mut change = Change::new("report_status");
            if state != submission.state || detail.is_some() || decided.is_some() {
                // A detail alone is taken where the state itself could be reported.
                if state == submission.state && decided.is_none() {
                    submission.state.step(state)?;
                }
                self.step(insurer, &submission, (state, detail), &mut change);
                self.term_begins((insurer, &submission), (state, status.complete_on), &mut change);
                self.together(insurer, &submission, state, &mut change).await?;
                self.drop_requests(insurer, (id, state), &mut change).await?;
            }
            if let Some(decided) = &decided {
                self.decide(insurer, (&submission, &key), decided, &mut change)?;
            }
            let reported = Reported::of(&submission, state);
            if let Some(memory) = &memory {
                change.push(self.keep_answer(insurer, memory, &reported)?);
            }
            if change.writes.is_empty() || self.commit_or_redo(change).await?.is_some() {
                return Ok(reported);
            }
        }
        Err(Fault::Contended.into())
    }

    /// The term to pay runs from the day all papers were there, until some are asked for.
    pub(super) fn term_begins(
        &self,
        (insurer, submission): (&PartyId, &SubmissionView),
        (state, complete_on): (SubmissionState, Option<Date>),
        change: &mut Change,
    ) {
        let of = Of {
            kind: DeadlineKind::Payment,
            subject: &submission.id,
            claim: submission.claim,
            line: submission.line,
            party: insurer,
            role: OnTurn::Insurer,
        };
        match complete_on {
            Some(complete_on) => self.set_payment_deadline(of, complete_on, change),
            None if state == SubmissionState::SupplementRequested => of.clear(change),
            None => {}
        }
    }

    /// A step of the submission, and what is told of it.
    pub(super) fn step(
        &self,
        insurer: &PartyId,
        submission: &SubmissionView,
        (state, detail): (SubmissionState, Option<Vec<u8>>),
        change: &mut Change,
    ) {
        let (id, version, at) = (submission.id, submission.version, self.now());
        change.push(Write::SubmissionStep(SubmissionStep { id, version, state, detail, at }));
        if state != submission.state {
            let event = Event::Status { party: insurer.clone(), line: submission.line, state: state.as_str() };
            change.tell(entries(submission.claim, &submission.hospital, &event, at, &self.random));
        }
        let detail = [("state", state.as_str().to_owned()), ("claim", submission.claim.to_string())];
        change.push(self.audit(insurer.as_str(), "submission.status", &id, detail));
    }
}
