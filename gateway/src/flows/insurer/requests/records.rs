//! Record requests (病歷調閱): an insurer asks hospitals for records with a person's consent; the records office takes it on or
//! refuses it, states what copies cost, and sends the records (`flows::health`). Each hospital's part is a claim of its own, so
//! that what it sends is evidence for this insurer alone and can be erased alone. Making a request stands in `ask`.

use claimgate_adapters::insurer::records::{
    CloseRecords, ConsentShown, FeeAnswer, FeeBody, RecordConsent, RecordRequestHead, RecordRequestView, RecordsClosed,
    RecordsShown,
};
use claimgate_adapters::insurer::request::{AnswerResult, RequestAnswer, RequestHead, RequestView};
use jiff::Timestamp;

use super::answer::reasoned;
use super::{Engine, Fault, NotAsked, NotDone, TRIES, head, opened, sealed};
use crate::core::change::{Change, Write};
use crate::core::delivery::DeliveryState;
use crate::core::offset::end_of;
use crate::core::records::{Asked, Progress, RecordsWrite, Unfit, unfit};
use crate::core::request::{RequestKind, RequestState};
use crate::core::timeline::{Event, entries};
use crate::id::{ClaimId, RecordRequestId, TaskId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;
use crate::store::{KeptPart, KeptRecords, KeptRequest, SubmissionView};

mod ask;
mod mandate;

pub use ask::RecordsAsking;

/// What one hospital is asked for and how far it is, opened, with the key of its claim.
pub(in crate::flows) struct OfRecords {
    pub key: ClaimKey,
    pub asked: Asked,
    pub progress: Progress,
}

impl OfRecords {
    /// The progress, sealed for its request.
    pub(in crate::flows) fn seal(&self, id: TaskId) -> Result<Vec<u8>, Fault> {
        sealed(&self.key, id, "answer", &self.progress)
    }

    /// Whether the consent counts by itself: its last day is not over, and it was not taken back here.
    fn counts(&self, now: Timestamp) -> bool {
        now < end_of(self.asked.consent.valid_until) && self.progress.withdrawn_at.is_none()
    }

    pub(super) fn shown(self, kept: &KeptRequest, now: Timestamp) -> RequestView {
        let Self { asked, progress, .. } = self;
        let on_turn = progress.on_turn(kept.state, kept.due_on, now);
        let RecordConsent {
            reference,
            given_by,
            documents,
            period,
            given_at,
            valid_until,
            file,
            application,
            mandate,
            ..
        } = asked.consent;
        let consent = ConsentShown {
            reference,
            given_by,
            documents,
            period,
            given_at,
            valid_until,
            file_sha256: file.map(|file| file.sha256),
            application,
            mandate: mandate.map(|named| named.mandate_id),
            withdrawn_at: progress.withdrawn_at,
        };
        RequestView {
            head: head(kept),
            documents: asked.documents,
            note: asked.note,
            why_not_before: None,
            answer: None,
            records: Some(RecordsShown {
                record_request_id: asked.record,
                hospital: kept.hospital.to_string(),
                case_number: asked.case_number,
                person: asked.person,
                period: asked.period,
                consent,
                items: progress.items,
                fee_limit: asked.fee_limit,
                fee: progress.fee,
                note: progress.note,
                on_turn,
            }),
        }
    }
}

impl Engine {
    /// A page of an insurer's record requests, without anything personal.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn record_requests(
        &self,
        insurer: &PartyId,
        after: Option<RecordRequestId>,
        limit: i64,
    ) -> Result<Vec<RecordRequestHead>, NotDone> {
        let page = self.store.record_requests(insurer, after, limit).await?;
        let shown = |one: KeptRecords| RecordRequestHead {
            record_request_id: one.id.to_string(),
            line: one.line,
            made_at: one.at,
            requests: Vec::new(),
            refused: Vec::new(),
        };
        Ok(page.into_iter().map(shown).collect())
    }

    /// A record request as its insurer sees it. Every look is audited.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn record_request(&self, insurer: &PartyId, id: RecordRequestId) -> Result<RecordRequestView, NotDone> {
        let kept = self.store.record_request(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let parts = self.store.requests_of_record(insurer, id).await?;
        let mut change = Change::new("look_at_records");
        change.push(self.audit(insurer.as_str(), "record-request.viewed", &id, []));
        self.store.commit(change).await?;
        self.records_view(&kept, &parts)
    }

    fn records_view(&self, kept: &KeptRecords, parts: &[KeptRequest]) -> Result<RecordRequestView, NotDone> {
        let requests = parts.iter().map(|part| self.opened_request(part)).collect::<Result<_, Fault>>()?;
        Ok(RecordRequestView { record_request_id: kept.id.to_string(), line: kept.line, made_at: kept.at, requests })
    }

    /// An insurer closes a record request: what has not come is not needed, or the person took the consent back, and then
    /// what has not left does not leave. The same again changes nothing.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn close_records(
        &self,
        insurer: &PartyId,
        id: RecordRequestId,
        close: CloseRecords,
    ) -> Result<RecordRequestView, NotDone> {
        for _ in 0..TRIES {
            let kept = self.store.record_request(insurer, id).await?.ok_or(NotDone::NotFound)?;
            let parts = self.store.requests_of_record(insurer, id).await?;
            let mut change = Change::new("close_records");
            for part in &parts {
                match close.result {
                    RecordsClosed::ConsentWithdrawn => {
                        self.withdraw_part(insurer.as_str(), part, &mut change).await?;
                    }
                    RecordsClosed::Cancelled => {
                        if let Ok(state) = part.state.step(RequestState::Cancelled) {
                            self.request_step(insurer.as_str(), part, (state, None, None), &mut change);
                        }
                    }
                }
            }
            if change.writes.is_empty() {
                return self.records_view(&kept, &parts);
            }
            if self.commit_or_redo(change).await?.is_some() {
                let parts = self.store.requests_of_record(insurer, id).await?;
                return self.records_view(&kept, &parts);
            }
        }
        Err(Fault::Contended.into())
    }

    /// The person took the consent back at the hospital: nothing more leaves it.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn withdraw_records(&self, hospital: &PartyId, id: TaskId) -> Result<RequestView, NotDone> {
        for _ in 0..TRIES {
            let kept = self.records_of_hospital(hospital, id).await?;
            let mut change = Change::new("withdraw_records");
            self.withdraw_part(hospital.as_str(), &kept, &mut change).await?;
            if change.writes.is_empty() || self.commit_or_redo(change).await?.is_some() {
                return Ok(self.opened_request(&self.records_of_hospital(hospital, id).await?)?);
            }
        }
        Err(Fault::Contended.into())
    }

    /// The consent counts no more for one hospital's part: it is not waited for, and what waits to be fetched is withdrawn.
    /// What has left stays where it is.
    async fn withdraw_part(&self, actor: &str, kept: &KeptRequest, change: &mut Change) -> Result<(), NotDone> {
        let mut of = self.of_records(kept)?;
        if of.progress.withdrawn_at.is_some() {
            return Ok(());
        }
        let now = self.now();
        of.progress.withdrawn_at = Some(now);
        let state = kept.state.step(RequestState::Cancelled).unwrap_or(kept.state);
        self.request_step(actor, kept, (state, Some(of.seal(kept.id)?), None), change);
        change.push(Write::Records(RecordsWrite::Withdrawn(kept.claim, now)));
        let claim = [("claim", kept.claim.to_string())];
        change.push(self.audit(actor, "record-request.consent-withdrawn", &kept.id, claim));
        for one in self.store.sent(&kept.hospital, kept.claim).await? {
            if one.left.is_some() || one.state != DeliveryState::Ready {
                continue;
            }
            change.push(Write::Withdraw(one.id, now));
            let event = Event::Withdrawn { party: one.party.clone(), line: one.line };
            change.tell(entries(kept.claim, &kept.hospital, &event, now, &self.random));
            change.push(self.audit(actor, "delivery.withdrawn", &one.id, [("request", kept.id.to_string())]));
        }
        Ok(())
    }

    /// Nothing leaves, and nothing is agreed on, where the consent counts no more: by itself, or by the application that
    /// holds it (院內申請), whose patient takes it back or replaces it there.
    pub(in crate::flows) async fn records_consented(
        &self,
        kept: &KeptRequest,
        of: &OfRecords,
    ) -> Result<Result<(), Unfit>, Fault> {
        let held = match of.asked.consent.application.as_deref().map(str::parse) {
            None => true,
            Some(Err(_)) => false,
            Some(Ok(id)) => {
                let to = (&kept.insurer, of.asked.line);
                self.store.application_consents(&kept.hospital, id, to).await?
            }
        };
        let text = "The person's consent was taken back, or its last day is over: send nothing";
        let counts = held && of.counts(self.now());
        Ok(if counts { Ok(()) } else { Err(unfit("records.consent-over", "", text)) })
    }

    /// Whether what a hospital gave for a part may still leave.
    pub(in crate::flows) async fn records_may_leave(&self, claim: ClaimId, part: &KeptPart) -> Result<bool, Fault> {
        if !part.counts(self.now()) {
            return Ok(false);
        }
        let parts = self.store.requests_of_record(&part.insurer, part.record).await?;
        // Erased at this moment: then nothing does.
        let Some(kept) = parts.iter().find(|one| one.claim == claim) else { return Ok(false) };
        Ok(self.records_consented(kept, &self.of_records(kept)?).await?.is_ok())
    }

    /// What the records office says: it takes the request on, or refuses it or some of its kinds. The same again changes
    /// nothing.
    pub(super) async fn answer_for_records(
        &self,
        hospital: &PartyId,
        id: TaskId,
        answer: &RequestAnswer,
    ) -> Result<RequestHead, NotDone> {
        if !answer.also.is_empty() {
            return Err(NotAsked::Also.into());
        }
        if answer.revision.is_some() || matches!(answer.result, AnswerResult::Answered | AnswerResult::PartlyAnswered) {
            let text = "Records come as a Bundle to /fhir/Task/{id}/$records; what came is seen by what is in it";
            return Err(unfit("records.as-bundle", "/result", text).into());
        }
        reasoned(answer)?;
        for _ in 0..TRIES {
            let kept = self.records_of_hospital(hospital, id).await?;
            let mut of = self.of_records(&kept)?;
            let before = of.progress.clone();
            of.progress.note = answer.note.clone().or(of.progress.note);
            let state = if answer.result == AnswerResult::Accepted {
                self.records_consented(&kept, &of).await??;
                of.progress.approved = true;
                match kept.state {
                    // Late, or refused in part before: it goes on from there.
                    RequestState::Expired | RequestState::PartlyAnswered | RequestState::Accepted => kept.state,
                    state => state.step(RequestState::Accepted).map_err(NotAsked::from)?,
                }
            } else {
                of.progress = of.progress.refused(&answer.documents, answer.reason)?;
                match of.progress.state() {
                    same if same == kept.state && of.progress == before => kept.state,
                    next => kept.state.step(next).map_err(NotAsked::from)?,
                }
            };
            if state == kept.state && of.progress == before {
                return Ok(head(&kept));
            }
            let mut change = Change::new("answer_records");
            let row = of.seal(id)?;
            self.request_step(hospital.as_str(), &kept, (state, Some(row), None), &mut change);
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(RequestHead { state: state.as_str().to_owned(), ..head(&kept) });
            }
        }
        Err(Fault::Contended.into())
    }

    /// The hospital states what the copies cost (複製費).
    ///
    /// # Errors
    /// Not there, over, a fee that does not count, or a fault of ours.
    pub async fn charge_records(&self, hospital: &PartyId, id: TaskId, fee: &FeeBody) -> Result<RequestView, NotDone> {
        for _ in 0..TRIES {
            let kept = self.records_of_hospital(hospital, id).await?;
            let limit = self.of_records(&kept)?.asked.fee_limit;
            if let Some(view) = self.fee_step(hospital.as_str(), kept, |progress| progress.charged(fee, limit)).await? {
                return Ok(view);
            }
        }
        Err(Fault::Contended.into())
    }

    /// The insurer accepts a copy fee, or declines it.
    ///
    /// # Errors
    /// Not there, over, no such fee, or a fault of ours.
    pub async fn answer_fee(&self, insurer: &PartyId, id: TaskId, answer: FeeAnswer) -> Result<RequestView, NotDone> {
        for _ in 0..TRIES {
            let kept = self.store.request_of_insurer(insurer, id).await?;
            let kept = kept.filter(|kept| kept.kind == RequestKind::Records).ok_or(NotDone::NotFound)?;
            let step = |progress: Progress| progress.fee_answered(answer.accept, answer.amount);
            if let Some(view) = self.fee_step(insurer.as_str(), kept, step).await? {
                return Ok(view);
            }
        }
        Err(Fault::Contended.into())
    }

    /// A step of the fee; nothing where another step came first. The state stays, but that what was not looked at is.
    async fn fee_step(
        &self,
        actor: &str,
        kept: KeptRequest,
        step: impl FnOnce(Progress) -> Result<Progress, Unfit>,
    ) -> Result<Option<RequestView>, NotDone> {
        let mut of = self.of_records(&kept)?;
        let before = of.progress.clone();
        of.progress = step(of.progress)?;
        if of.progress == before {
            return Ok(Some(of.shown(&kept, self.now())));
        }
        self.records_consented(&kept, &of).await??;
        let state = match kept.state {
            RequestState::Requested => RequestState::Received,
            RequestState::Answered | RequestState::Refused | RequestState::Cancelled => {
                let text = "The request is over: there is nothing to pay for any more";
                return Err(unfit("records.fee-late", "", text).into());
            }
            state => state,
        };
        let mut change = Change::new("charge_records");
        let row = of.seal(kept.id)?;
        self.request_step(actor, &kept, (state, Some(row), None), &mut change);
        let kept = KeptRequest { state, ..kept };
        Ok(self.commit_or_redo(change).await?.map(|()| of.shown(&kept, self.now())))
    }

    /// The signed paper of the consent, for the hospital that is asked on it. Every look is audited.
    ///
    /// # Errors
    /// Not there, no paper because an application holds the consent, or a fault of ours.
    pub async fn consent_paper(&self, hospital: &PartyId, id: TaskId) -> Result<Vec<u8>, NotDone> {
        let kept = self.records_of_hospital(hospital, id).await?;
        let sealed = self.store.record_file(kept.claim).await?.ok_or(NotDone::NotFound)?;
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key).map_err(Fault::from)?;
        let row = kept.claim.to_string();
        let place = Place { table: "record_part", row: &row, column: "file" };
        let paper = key.open(place, &sealed).map_err(Fault::from)?;
        let mut change = Change::new("look_at_consent");
        let claim = [("claim", kept.claim.to_string())];
        change.push(self.audit(hospital.as_str(), "record-request.consent-viewed", &id, claim));
        self.store.commit(change).await?;
        Ok(paper.to_vec())
    }

    /// Nothing is decided or paid on records that were asked for, and nothing more is asked for of them: the claim they belong
    /// to is another one.
    pub(in crate::flows::insurer) async fn not_of_records(&self, submission: &SubmissionView) -> Result<(), NotDone> {
        if self.store.record_part(submission.claim).await?.is_none() {
            return Ok(());
        }
        let text =
            "This submission holds records you asked for (病歷調閱): decide, pay and ask on the claim's own submission";
        Err(unfit("records.claim", "", text).into())
    }

    pub(in crate::flows) async fn records_of_hospital(
        &self,
        hospital: &PartyId,
        id: TaskId,
    ) -> Result<KeptRequest, NotDone> {
        let kept = self.store.request_of_hospital(hospital, id).await?;
        kept.filter(|kept| kept.kind == RequestKind::Records).ok_or(NotDone::NotFound)
    }

    pub(in crate::flows) fn of_records(&self, kept: &KeptRequest) -> Result<OfRecords, Fault> {
        let key = self.vault.open_claim_key(kept.claim, &kept.wrapped_key)?;
        let asked: Asked = opened(&key, kept.id, "body", &kept.body)?;
        let progress = match &kept.answer {
            Some(answer) => opened(&key, kept.id, "answer", answer)?,
            None => Progress::of(&asked.documents),
        };
        Ok(OfRecords { key, asked, progress })
    }
}
