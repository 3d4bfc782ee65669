//! A status an insurer reports of a submission (受理案件): one step, or nothing where it stands so already. Under an
//! `Idempotency-Key` the same report again gets the first answer, whatever happened to the submission since.

use claimgate_packet::words::Line;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Engine, Fault, NotDone, TRIES};
use crate::core::change::{Change, IdempotencyRow, SubmissionStep, Write};
use crate::core::submission::SubmissionState;
use crate::core::timeline::{Event, entries};
use crate::id::SubmissionId;
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
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

/// A key and what it belongs to, as keyed digests.
struct Memory {
    key: Mac,
    request: Mac,
}

impl Engine {
    /// Records a status an insurer reports. The same again is the same answer. With a key the first answer to these bytes
    /// for this submission stays the answer; a refusal is not remembered.
    ///
    /// # Errors
    /// Not there, no such step, a key used for something else, or a fault of ours.
    pub async fn report(&self, insurer: &PartyId, id: SubmissionId, report: &Report<'_>) -> Result<Reported, NotDone> {
        let memory = report.key.map(|key| self.report_memory(insurer, id, key, report.bytes));
        let _turn = self.turns.of(id.uuid().as_bytes()).await;
        for _ in 0..TRIES {
            if let Some(memory) = &memory
                && let Some(known) = self.store.remembered(insurer, ROUTE, &memory.key, self.now()).await?
            {
                if known.body_mac != memory.request {
                    return Err(NotDone::KeyReused);
                }
                return Ok(serde_json::from_str(&known.answer).map_err(|_| Fault::Stored("idempotency"))?);
            }
            let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
            let status = &report.status;
            let detail = self.merged_detail(&submission, status)?;
            let mut change = Change::new("report_status");
            let reported = if submission.state == status.state && detail.is_none() {
                Reported::of(&submission, submission.state)
            } else {
                let state = submission.state.step(status.state)?;
                self.step(insurer, &submission, (state, detail), &mut change);
                self.together(insurer, &submission, state, &mut change).await?;
                Reported::of(&submission, state)
            };
            if let Some(memory) = &memory {
                change.push(self.remember_report(insurer, memory, &reported)?);
            }
            if change.writes.is_empty() || self.commit_or_redo(change).await?.is_some() {
                return Ok(reported);
            }
        }
        Err(Fault::Contended.into())
    }

    fn step(
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

    fn report_memory(&self, insurer: &PartyId, id: SubmissionId, key: &str, bytes: &[u8]) -> Memory {
        let party = insurer.as_str().as_bytes();
        Memory {
            key: self.index.exact("idempotency.key", &[party, key.as_bytes()]),
            request: self.index.exact("status.request", &[party, id.to_string().as_bytes(), bytes]),
        }
    }

    fn remember_report(&self, insurer: &PartyId, memory: &Memory, reported: &Reported) -> Result<Write, Fault> {
        Ok(Write::Idempotency(IdempotencyRow {
            party: insurer.clone(),
            route: ROUTE,
            key: memory.key,
            body_mac: memory.request,
            answer: serde_json::to_string(reported).map_err(|_| Fault::Stored("idempotency"))?,
            at: self.now(),
            expires_at: self.in_days(self.rules.idempotency_days),
        }))
    }

    /// The sealed number and note after this report, or nothing where they stay as they are.
    fn merged_detail(&self, submission: &SubmissionView, status: &Status) -> Result<Option<Vec<u8>>, Fault> {
        let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key)?;
        let row = submission.id.to_string();
        let place = Place { table: "submission", row: &row, column: "detail" };
        let before: Value = match &submission.detail {
            Some(sealed) => {
                serde_json::from_slice(&key.open(place, sealed)?).map_err(|_| Fault::Stored("submission"))?
            }
            None => json!({}),
        };
        let mut after = before.clone();
        if let Some(members) = after.as_object_mut() {
            for (name, value) in [("number", &status.number), ("note", &status.note)] {
                if let Some(value) = value {
                    members.insert(name.to_owned(), Value::String(value.clone()));
                }
            }
        }
        if after == before { Ok(None) } else { Ok(Some(key.seal(place, after.to_string().as_bytes())?)) }
    }
}
