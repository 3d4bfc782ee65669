//! Requests for papers (補件): an insurer asks, of a submission, for documents of a fixed list; the submission waits for them.
//! The hospital's part stands in `answer`, the person's in `person`, what happens when the last day is over in `expire`. What an insurer asks for of its
//! own accord (病歷調閱) is a request too: `records`, and what came of it against what was there, `comparison`.

use claimgate_adapters::insurer::request::{
    Addressee, AnswerKept, CloseResult, DocumentKind, RequestHead, RequestView, SupplementBody,
};
use serde::{Deserialize, Serialize};

use super::detail::Detail;
use super::memory::Keyed;
use super::{Engine, Fault, NotDone, Status, TRIES};
use crate::core::change::{Change, SubmissionStep, Write};
use crate::core::deadline::{DeadlineKind, OnTurn};
use crate::core::request::{
    InvalidRequestStep, MOST_REQUESTS, RequestKind, RequestRow, RequestState, RequestStep, RequestWrite, expires,
};
use crate::core::submission::{InvalidStep, SubmissionState};
use crate::core::timeline::{Event, entries};
use crate::flows::deadlines;
use crate::id::{ClaimId, SubmissionId, TaskId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;
use crate::store::{KeptRequest, SubmissionView};

mod answer;
mod comparison;
mod expire;
mod person;
mod records;

pub use comparison::Compared;
pub use person::{HandedIn, LARGEST_ANSWER, NoPaper, Owner, Paper};
pub(in crate::flows) use records::OfRecords;
pub use records::RecordsAsking;

/// The route keys are remembered under.
const ROUTE: &str = "POST /insurer/v1/submissions/{id}/supplements";

/// A request as it came.
pub struct Asking<'a> {
    /// What it says.
    pub body: SupplementBody,
    /// `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// The bytes it came in: a key belongs to them.
    pub bytes: &'a [u8],
}

claimgate_packet::opaque_debug!(Asking<'_>);

/// Why a request for papers, or an answer to one, does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// The submission is in a state in which nothing is asked for.
    #[error("nothing can be asked for: {0}")]
    Submission(InvalidStep),
    /// The last day.
    #[error("the last day is after today in Taiwan and at most 180 days from now")]
    DueOn,
    /// A second request does not say why.
    #[error(
        "this is not the first request of the submission: say in why_not_before why an earlier one did not name it"
    )]
    WhyNotBefore,
    /// A request to a hospital where there is none.
    #[error(
        "the claim is of an accident, filed by the person's app or an insurer: no hospital is asked, name person in to"
    )]
    NoHospital,
    /// A document of no name.
    #[error("a document of the kind other needs a note that says which")]
    Other(usize),
    /// Too many.
    #[error("a submission takes at most {MOST_REQUESTS} requests")]
    TooMany,
    /// No such step.
    #[error(transparent)]
    Step(#[from] InvalidRequestStep),
    /// An answer without the revision that holds the documents, or another result with one.
    #[error("answered and partly-answered name the claim's revision that holds the documents; other results name none")]
    RevisionMissing,
    /// The revision that answers.
    #[error("the revision is one pushed after the request: {asked} was the newest when it was made, {newest} is now")]
    Revision {
        /// The revision when it was asked.
        asked: i64,
        /// The newest one.
        newest: i64,
    },
    /// The reason of a refusal.
    #[error("a refusal gives a reason, and a note with the reason other; other results give no reason")]
    Reason,
    /// Other requests that are not the hospital's, or of another claim.
    #[error("also names other requests to you for the same claim, each once")]
    Also,
    /// A paper no request asks for.
    #[error("none of the requests asks for {0}")]
    NotWanted(&'static str),
    /// Nothing for a request.
    #[error("nothing of what a request asks for is handed in; say complete where there is nothing more")]
    NothingHandedIn,
    /// A file that is none.
    #[error(transparent)]
    File(#[from] NoPaper),
    /// Too much for a packet.
    #[error("a claim takes at most 24 papers handed in: settle the rest with the insurer")]
    TooManyPapers,
}

/// What is remembered of an answer: no personal data.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    request: RequestHead,
}

impl Engine {
    /// Asks for papers. With a key the first answer to these bytes for this submission stays the answer; a refusal is not
    /// remembered.
    ///
    /// # Errors
    /// Not there, a request that does not count, a key used for something else, or a fault of ours.
    pub async fn ask_supplement(
        &self,
        insurer: &PartyId,
        id: SubmissionId,
        asking: &Asking<'_>,
    ) -> Result<RequestHead, NotDone> {
        let keyed = |key| Keyed { route: ROUTE, label: "supplement.request", key, bytes: asking.bytes };
        let memory = asking.key.map(|key| self.memory_of(insurer, id, keyed(key)));
        let _turn = self.turns.of(id.uuid().as_bytes()).await;
        for _ in 0..TRIES {
            if let Some(memory) = &memory
                && let Some(known) = self.recall::<Remembered>(insurer, memory).await?
            {
                return Ok(known.request);
            }
            let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
            self.not_of_records(&submission).await?;
            let state = submission.state.step(SubmissionState::SupplementRequested).map_err(NotAsked::Submission)?;
            if asking.body.to == Addressee::Hospital && self.store.filing(submission.claim).await?.is_some() {
                return Err(NotAsked::NoHospital.into());
            }
            let earlier = self.store.requests_of_submission(insurer, id).await?;
            let row = self.row(insurer, &submission, &earlier, &asking.body)?;
            let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
            let body = sealed(&key, row.id, "body", &asking.body)?;
            let detail = Detail::open(&key, id, submission.detail.as_deref())?.merged(&key, id, &missing(state))?;
            let mut change = Change::new("ask_supplement");
            self.step(insurer, &submission, (state, detail), &mut change);
            if state != submission.state {
                self.together(insurer, &submission, state, &mut change).await?;
            }
            self.term_begins((insurer, &submission), (state, None), &mut change);
            self.papers_expected(&submission, &row, &mut change);
            let head = new_head(&submission, &row);
            self.tell_request(insurer.as_str(), &head_of(&submission, &row), RequestState::Requested, &mut change);
            change.push(Write::Request(RequestWrite::New(Box::new(RequestRow { body, ..row }))));
            if let Some(memory) = &memory {
                change.push(self.keep_answer(insurer, memory, &Remembered { request: head.clone() })?);
            }
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(head);
            }
        }
        Err(Fault::Contended.into())
    }

    /// The new row, but for its text.
    fn row(
        &self,
        insurer: &PartyId,
        submission: &SubmissionView,
        earlier: &[KeptRequest],
        body: &SupplementBody,
    ) -> Result<RequestRow, NotAsked> {
        let at = self.now();
        let open_until = expires(at, body.due_on).ok_or(NotAsked::DueOn)?;
        let unnamed = body.documents.iter().position(|one| one.kind == DocumentKind::Other && one.note.is_none());
        if let Some(place) = unnamed {
            return Err(NotAsked::Other(place));
        }
        let asked_before = earlier.iter().any(|one| one.state != RequestState::Cancelled);
        if asked_before && body.why_not_before.is_none() {
            return Err(NotAsked::WhyNotBefore);
        }
        if earlier.len() >= MOST_REQUESTS {
            return Err(NotAsked::TooMany);
        }
        Ok(RequestRow {
            id: TaskId::new(at, &self.random),
            kind: RequestKind::Supplement,
            submission: submission.id,
            number: earlier.last().map_or(0, |last| last.number) + 1,
            claim: submission.claim,
            party: insurer.clone(),
            hospital: submission.hospital.clone(),
            to: body.to,
            due_on: body.due_on,
            open_until,
            body: Vec::new(),
            at,
        })
    }

    /// Whoever is asked is reminded before the last day.
    fn papers_expected(&self, submission: &SubmissionView, row: &RequestRow, change: &mut Change) {
        let role = match row.to {
            Addressee::Hospital => OnTurn::Hospital,
            Addressee::Person => OnTurn::Owner,
        };
        let of = deadlines::Of {
            kind: DeadlineKind::Papers,
            subject: &row.id,
            claim: row.claim,
            line: submission.line,
            party: &row.hospital,
            role,
        };
        self.set_deadline(of, row.due_on, change);
    }

    /// The requests of an insurer's submission, oldest first.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn requests(&self, insurer: &PartyId, id: SubmissionId) -> Result<Vec<RequestView>, NotDone> {
        self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let all = self.store.requests_of_submission(insurer, id).await?;
        Ok(all.iter().map(|kept| self.opened_request(kept)).collect::<Result<_, Fault>>()?)
    }

    /// An insurer closes a request of its own. The same again changes nothing.
    ///
    /// # Errors
    /// Not there, no such step, or a fault of ours.
    pub async fn close_request(
        &self,
        insurer: &PartyId,
        id: TaskId,
        result: CloseResult,
    ) -> Result<RequestHead, NotDone> {
        let next = match result {
            CloseResult::Answered => RequestState::Answered,
            CloseResult::Cancelled => RequestState::Cancelled,
        };
        for _ in 0..TRIES {
            let kept = self.store.request_of_insurer(insurer, id).await?.ok_or(NotDone::NotFound)?;
            if kept.state == next {
                return Ok(head(&kept));
            }
            let state = kept.state.step(next).map_err(NotAsked::from)?;
            let mut change = Change::new("close_request");
            self.request_step(insurer.as_str(), &kept, (state, None, None), &mut change);
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(RequestHead { state: state.as_str().to_owned(), ..head(&kept) });
            }
        }
        Err(Fault::Contended.into())
    }

    /// Nothing is asked for any more of a submission that is closed, withdrawn or given back; in other states nothing changes.
    pub(super) async fn drop_requests(
        &self,
        insurer: &PartyId,
        (id, state): (SubmissionId, SubmissionState),
        change: &mut Change,
    ) -> Result<(), Fault> {
        use SubmissionState::{ClaimantWithdrew, Closed, Returned};
        if !matches!(state, Closed | ClaimantWithdrew | Returned) {
            return Ok(());
        }
        for kept in self.store.requests_of_submission(insurer, id).await? {
            if kept.state.is_open() {
                self.request_step(insurer.as_str(), &kept, (RequestState::Cancelled, None, None), change);
            }
        }
        Ok(())
    }

    /// A request opened.
    fn opened_request(&self, kept: &KeptRequest) -> Result<RequestView, Fault> {
        if kept.kind == RequestKind::Records {
            return Ok(self.of_records(kept)?.shown(kept, self.now()));
        }
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key)?;
        let body: SupplementBody = opened(&key, kept.id, "body", &kept.body)?;
        let answer: Option<AnswerKept> =
            kept.answer.as_deref().map(|answer| opened(&key, kept.id, "answer", answer)).transpose()?;
        let SupplementBody { documents, to: _, due_on: _, note, why_not_before } = body;
        Ok(RequestView { head: head(kept), documents, note, why_not_before, answer, records: None })
    }

    /// A step of a request, and what is told of it.
    pub(in crate::flows) fn request_step(
        &self,
        actor: &str,
        kept: &KeptRequest,
        (state, answer, revision): (RequestState, Option<Vec<u8>>, Option<i64>),
        change: &mut Change,
    ) {
        let (id, version, at) = (kept.id, kept.version, self.now());
        change.push(Write::Request(RequestWrite::Step(RequestStep { id, version, state, answer, revision, at })));
        let of = Of { id, claim: kept.claim, hospital: &kept.hospital, insurer: &kept.insurer, line: kept.line };
        self.tell_request(actor, &of, state, change);
    }

    fn tell_request(&self, actor: &str, of: &Of<'_>, state: RequestState, change: &mut Change) {
        let (party, word) = (of.insurer.clone(), state.as_str());
        let event = Event::Request { party, line: of.line, request: of.id, state: word };
        change.tell(entries(of.claim, of.hospital, &event, self.now(), &self.random));
        let detail = [("state", word.to_owned()), ("claim", of.claim.to_string())];
        change.push(self.audit(actor, "request.step", &of.id, detail));
    }

    /// A submission goes to a state by what became of a request, where it stands in another one.
    async fn submission_follows(
        &self,
        (actor, insurer, id): (&str, &PartyId, SubmissionId),
        (from, to): (SubmissionState, SubmissionState),
        change: &mut Change,
    ) -> Result<(), NotDone> {
        let Some(submission) = self.store.submission(insurer, id).await? else { return Ok(()) };
        if submission.state != from {
            return Ok(());
        }
        let (version, at) = (submission.version, self.now());
        change.push(Write::SubmissionStep(SubmissionStep { id, version, state: to, detail: None, at }));
        let event = Event::Status { party: insurer.clone(), line: submission.line, state: to.as_str() };
        change.tell(entries(submission.claim, &submission.hospital, &event, at, &self.random));
        let detail = [("state", to.as_str().to_owned()), ("claim", submission.claim.to_string())];
        change.push(self.audit(actor, "submission.status", &id, detail));
        self.together(insurer, &submission, to, change).await
    }
}

/// What is told of a request.
struct Of<'a> {
    id: TaskId,
    claim: ClaimId,
    hospital: &'a PartyId,
    insurer: &'a PartyId,
    line: claimgate_packet::words::Line,
}

fn head_of<'a>(submission: &'a SubmissionView, row: &'a RequestRow) -> Of<'a> {
    Of { id: row.id, claim: row.claim, hospital: &row.hospital, insurer: &row.party, line: submission.line }
}

fn new_head(submission: &SubmissionView, row: &RequestRow) -> RequestHead {
    RequestHead {
        request_id: row.id.to_string(),
        kind: row.kind.as_str().to_owned(),
        claim_id: row.claim.to_string(),
        submission_id: row.submission.to_string(),
        insurer: row.party.to_string(),
        line: submission.line,
        number: row.number,
        to: row.to,
        state: RequestState::Requested.as_str().to_owned(),
        due_on: row.due_on,
        made_at: row.at,
        revision: None,
    }
}

fn head(kept: &KeptRequest) -> RequestHead {
    RequestHead {
        request_id: kept.id.to_string(),
        kind: kept.kind.as_str().to_owned(),
        claim_id: kept.claim.to_string(),
        submission_id: kept.submission.to_string(),
        insurer: kept.insurer.to_string(),
        line: kept.line,
        number: kept.number,
        to: kept.to,
        state: kept.state.as_str().to_owned(),
        due_on: kept.due_on,
        made_at: kept.at,
        revision: kept.revision,
    }
}

/// Papers are missing: no term to pay runs.
fn missing(state: SubmissionState) -> Status {
    Status { state, number: None, note: None, policies: None, handler: None, complete_on: None, decision: None }
}

fn sealed(key: &ClaimKey, id: TaskId, column: &'static str, value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let (row, plain) = (id.to_string(), serde_json::to_vec(value).map_err(|_| Fault::Stored("claim_request"))?);
    Ok(key.seal(Place { table: "claim_request", row: &row, column }, &plain)?)
}

fn opened<T: serde::de::DeserializeOwned>(
    key: &ClaimKey,
    id: TaskId,
    column: &'static str,
    body: &[u8],
) -> Result<T, Fault> {
    let row = id.to_string();
    let plain = key.open(Place { table: "claim_request", row: &row, column }, body)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Stored("claim_request"))
}
