//! The hospital's part of a request for papers: it sees what it is asked for, and answers. Every look is audited.

use std::collections::BTreeSet;

use claimgate_adapters::insurer::request::{
    AnswerKept, AnswerResult, RefusalReason, RequestAnswer, RequestHead, RequestView,
};

use super::{Engine, Fault, NotAsked, NotDone, TRIES, head, opened, sealed};
use crate::core::change::Change;
use crate::core::records::unfit;
use crate::core::request::{RequestKind, RequestState};
use crate::core::submission::SubmissionState;
use crate::id::TaskId;
use crate::party::PartyId;
use crate::store::KeptRequest;

impl Engine {
    /// A page of the requests to a hospital without their texts: those in a state, or those that wait for an answer.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn requests_to(
        &self,
        hospital: &PartyId,
        state: Option<RequestState>,
        after: Option<TaskId>,
        limit: i64,
    ) -> Result<Vec<RequestHead>, NotDone> {
        let page = self.store.requests_of_hospital(hospital, state, after, limit).await?;
        Ok(page.iter().map(head).collect())
    }

    /// A request as the hospital sees it. The first look is a step of the request.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn look_at_request(&self, hospital: &PartyId, id: TaskId) -> Result<RequestView, NotDone> {
        for _ in 0..TRIES {
            let mut kept = self.store.request_of_hospital(hospital, id).await?.ok_or(NotDone::NotFound)?;
            let mut change = Change::new("look_at_request");
            if kept.state == RequestState::Requested {
                self.request_step(hospital.as_str(), &kept, (RequestState::Received, None, None), &mut change);
                kept.state = RequestState::Received;
            }
            change.push(self.audit(hospital.as_str(), "request.viewed", &id, [("claim", kept.claim.to_string())]));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(self.opened_request(&kept)?);
            }
        }
        Err(Fault::Contended.into())
    }

    /// A hospital answers a request, and others of the same claim with it: all of them or none. The same answer again
    /// changes nothing. What comes late takes a submission up again that was closed for it.
    ///
    /// # Errors
    /// Not there, an answer that does not count, or a fault of ours.
    pub async fn answer_request(
        &self,
        hospital: &PartyId,
        id: TaskId,
        answer: &RequestAnswer,
    ) -> Result<Vec<RequestHead>, NotDone> {
        let asked = self.store.request_of_hospital(hospital, id).await?.ok_or(NotDone::NotFound)?;
        if asked.kind == RequestKind::Records {
            return Ok(vec![self.answer_for_records(hospital, id, answer).await?]);
        }
        check(answer)?;
        if !answer.documents.is_empty() {
            let text = "Kinds are refused one by one in a record request alone (病歷調閱)";
            return Err(unfit("records.document", "/documents", text).into());
        }
        let mut ids = vec![id];
        for other in &answer.also {
            let other = other.parse().ok().filter(|other| !ids.contains(other)).ok_or(NotAsked::Also)?;
            ids.push(other);
        }
        for _ in 0..TRIES {
            let (mut change, mut heads) = (Change::new("answer_request"), Vec::new());
            let (mut claim, mut late) = (None, BTreeSet::new());
            for one in &ids {
                let kept = self.store.request_of_hospital(hospital, *one).await?;
                let kept = kept.ok_or(if *one == id { NotDone::NotFound } else { NotAsked::Also.into() })?;
                if *claim.get_or_insert(kept.claim) != kept.claim || kept.kind == RequestKind::Records {
                    return Err(NotAsked::Also.into());
                }
                let before = change.writes.len();
                heads.push(self.answer_one(hospital, &kept, answer, &mut change)?);
                let brings = change.writes.len() > before && answer.revision.is_some();
                if brings && late.insert(kept.submission) {
                    let of = (hospital.as_str(), &kept.insurer, kept.submission);
                    let steps = (SubmissionState::ClosedIncomplete, SubmissionState::Reopened);
                    self.submission_follows(of, steps, &mut change).await?;
                }
            }
            if change.writes.is_empty() || self.commit_or_redo(change).await?.is_some() {
                return Ok(heads);
            }
        }
        Err(Fault::Contended.into())
    }

    fn answer_one(
        &self,
        hospital: &PartyId,
        kept: &KeptRequest,
        answer: &RequestAnswer,
        change: &mut Change,
    ) -> Result<RequestHead, NotDone> {
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key).map_err(Fault::from)?;
        let said = AnswerKept { result: answer.result, reason: answer.reason, note: answer.note.clone() };
        let before: Option<AnswerKept> =
            kept.answer.as_deref().map(|before| opened(&key, kept.id, "answer", before)).transpose()?;
        let next = RequestState::from(answer.result);
        let same_revision = answer.revision.is_none() || kept.revision == answer.revision;
        if kept.state == next && before.as_ref() == Some(&said) && same_revision {
            return Ok(head(kept));
        }
        let state = kept.state.step(next).map_err(NotAsked::from)?;
        let holds = |revision| revision > kept.asked_revision && revision <= kept.newest_revision;
        if !answer.revision.is_none_or(holds) {
            return Err(NotAsked::Revision { asked: kept.asked_revision, newest: kept.newest_revision }.into());
        }
        let row = sealed(&key, kept.id, "answer", &said)?;
        self.request_step(hospital.as_str(), kept, (state, Some(row), answer.revision), change);
        let revision = answer.revision.or(kept.revision);
        Ok(RequestHead { state: state.as_str().to_owned(), revision, ..head(kept) })
    }
}

/// Whether an answer says what its result needs, and nothing else.
fn check(answer: &RequestAnswer) -> Result<(), NotAsked> {
    let brings = matches!(answer.result, AnswerResult::Answered | AnswerResult::PartlyAnswered);
    if brings != answer.revision.is_some() {
        return Err(NotAsked::RevisionMissing);
    }
    reasoned(answer)
}

/// Whether a refusal, and nothing else, gives its reason.
pub(super) fn reasoned(answer: &RequestAnswer) -> Result<(), NotAsked> {
    let refuses = answer.result == AnswerResult::Refused;
    let unsaid = answer.reason == Some(RefusalReason::Other) && answer.note.is_none();
    if refuses != answer.reason.is_some() || unsaid { Err(NotAsked::Reason) } else { Ok(()) }
}
