//! Making a record request (病歷調閱): within its consent or not at all; then a claim, a submission and a request for each
//! hospital, in one change.

use claimgate_adapters::insurer::records::{AskedHospital, ConsentFile, RecordConsent, RecordRequestHead, RecordsBody};
use claimgate_adapters::insurer::request::Addressee;
use claimgate_packet::words::{ClaimKind, Purpose};
use serde::{Deserialize, Serialize};

use super::super::super::Status;
use super::super::super::detail::Detail;
use super::super::super::memory::Keyed;
use super::super::{Engine, Fault, NotDone, Of, TRIES, missing, sealed};
use super::mandate::Resting;
use crate::core::change::{Change, NewClaim, SubmissionRow, SubmissionStep, Write};
use crate::core::mandate::MandateWrite;
use crate::core::offset::end_of;
use crate::core::records::bound::{content, faults, left_by, period, types_of};
use crate::core::records::person::Person;
use crate::core::records::{Asked, PartRow, RecordRow, RecordsWrite, Unfit, unfit};
use crate::core::request::{RequestKind, RequestRow, RequestState, RequestWrite};
use crate::core::route::addressee;
use crate::core::submission::SubmissionState;
use crate::id::{ClaimId, RecordRequestId, SubmissionId, TaskId};
use crate::keys::at_rest::Place;
use crate::party::{Party, PartyId};

/// The route keys are remembered under.
const ROUTE: &str = "POST /insurer/v1/record-requests";

/// A record request as it came.
pub struct RecordsAsking<'a> {
    /// What it says.
    pub body: RecordsBody,
    /// `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// The bytes it came in: a key belongs to them.
    pub bytes: &'a [u8],
}

claimgate_packet::opaque_debug!(RecordsAsking<'_>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    request: RecordRequestHead,
}

impl Engine {
    /// Asks hospitals for records. With a key the first answer to these bytes stays the answer. A refusal is a line of the
    /// audit trail: who asked for more than it may.
    ///
    /// # Errors
    /// A request its consent does not cover, a key used for something else, or a fault of ours.
    pub async fn ask_records(
        &self,
        insurer: &PartyId,
        asking: &RecordsAsking<'_>,
    ) -> Result<RecordRequestHead, NotDone> {
        let keyed = |key| Keyed { route: ROUTE, label: "records.request", key, bytes: asking.bytes };
        let memory = asking.key.map(|key| self.memory_of(insurer, "", keyed(key)));
        for _ in 0..TRIES {
            if let Some(memory) = &memory
                && let Some(known) = self.recall::<Remembered>(insurer, memory).await?
            {
                return Ok(known.request);
            }
            let insurer = self.store.party(insurer).await?.ok_or(NotDone::NotFound)?;
            let hospitals = self.asked_hospitals(&asking.body.hospitals).await?;
            let mut body = asking.body.clone();
            let mut wrong = self.wrong_with(&body, &insurer, &hospitals).await?;
            let resting = if wrong.is_empty() {
                self.under_mandate(&insurer, &mut body, &mut wrong).await?
            } else {
                Resting::default()
            };
            if !wrong.is_empty() {
                let mut codes: Vec<&str> = wrong.iter().map(|one| one.code).collect();
                codes.dedup();
                let mut change = Change::new("refuse_records");
                let detail = [("codes", codes.join(" "))];
                change.push(self.audit(insurer.id.as_str(), "record-request.refused", &insurer.id, detail));
                self.store.commit(change).await?;
                return Err(NotDone::Records(wrong));
            }
            let mut change = Change::new("ask_records");
            let head = self.records_made((&body, &resting), &insurer, &hospitals, &mut change)?;
            if let Some(uses) = resting.uses {
                change.push(Write::Mandate(MandateWrite::Use(uses)));
            }
            if let Some(memory) = &memory {
                change.push(self.keep_answer(&insurer.id, memory, &Remembered { request: head.clone() })?);
            }
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(head);
            }
        }
        Err(Fault::Contended.into())
    }

    async fn asked_hospitals(&self, asked: &[AskedHospital]) -> Result<Vec<Option<Party>>, NotDone> {
        let mut found = Vec::new();
        for one in asked {
            let party = match one.hospital.parse::<PartyId>() {
                Ok(id) => self.store.party(&id).await?,
                Err(_) => None,
            };
            found.push(party.filter(|party| self.lets_in(party)));
        }
        Ok(found)
    }

    async fn wrong_with(
        &self,
        body: &RecordsBody,
        insurer: &Party,
        hospitals: &[Option<Party>],
    ) -> Result<Vec<Unfit>, NotDone> {
        let mut wrong = faults(body, insurer, hospitals, (&self.index, self.now()));
        let to = addressee(insurer.role(), body.line);
        let given = |one: &&'static str| self.policy.grant(to, Purpose::RecordRequest, one).is_some();
        for (place, asked) in body.hospitals.iter().enumerate() {
            for (number, wanted) in asked.documents.iter().enumerate() {
                if !types_of(wanted.kind).iter().any(given) {
                    let text = "The disclosure policy (揭露政策) gives this line no such record";
                    wrong.push(unfit("records.document", format!("/hospitals/{place}/documents/{number}/kind"), text));
                }
            }
        }
        for (place, id) in body.compare_with.iter().enumerate() {
            let own = match id.parse() {
                Ok(id) => self.store.submission(&insurer.id, id).await?,
                Err(_) => None,
            };
            if own.is_none() {
                let text = "A submission to compare with is one of your own";
                wrong.push(unfit("records.compare-with", format!("/compare_with/{place}"), text));
            }
        }
        if wrong.is_empty()
            && let Some(consent) = &body.consent
            && let Some(application) = &consent.application
        {
            self.application_holds(body, &insurer.id, application, &mut wrong).await?;
        }
        Ok(wrong)
    }

    /// Whether an application at this gateway holds the consent a request names: of its hospital, of this person, for this
    /// insurer and line, not taken back or replaced by one without it, for these kinds.
    async fn application_holds(
        &self,
        body: &RecordsBody,
        insurer: &PartyId,
        application: &str,
        wrong: &mut Vec<Unfit>,
    ) -> Result<(), NotDone> {
        // One sentence for all that keeps it from being the consent: who asks learns nothing of other people's.
        let other = "No application of this number lets this hospital give you records of this person in this line";
        let id = application.parse().ok();
        for (place, asked) in body.hospitals.iter().enumerate() {
            let mut refuse = |at: String, text| wrong.push(unfit("records.beyond-consent", at, text));
            let of: Option<PartyId> = asked.hospital.parse().ok();
            let (Some(id), Some(hospital)) = (id, of) else {
                refuse("/consent/application".to_owned(), other);
                continue;
            };
            let Some(view) = self.store.application(&hospital, id).await? else {
                refuse("/consent/application".to_owned(), other);
                continue;
            };
            let open = self.store.application_consents(&hospital, view.id, (insurer, body.line)).await?;
            let signed = self.signed(&view)?;
            let same = Person::of(&self.index, &body.person).is(&Person::of(&self.index, &signed.application.insured));
            let consent = signed.consents.iter().find(|one| one.insurer == insurer.as_str() && one.line == body.line);
            match consent.filter(|_| same && open) {
                None => refuse("/consent/application".to_owned(), other),
                Some(consent) => {
                    for (number, wanted) in asked.documents.iter().enumerate() {
                        if !left_by(&consent.without, wanted.kind) {
                            let at = format!("/hospitals/{place}/documents/{number}/kind");
                            refuse(at, "The application leaves this kind of record out");
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The rows of a request that was found to be within its consent.
    fn records_made(
        &self,
        (body, resting): (&RecordsBody, &Resting),
        insurer: &Party,
        hospitals: &[Option<Party>],
        change: &mut Change,
    ) -> Result<RecordRequestHead, NotDone> {
        let at = self.now();
        let unchecked = || Fault::Stored("record_request");
        let consent = body.consent.as_ref().ok_or_else(unchecked)?;
        let paper = consent.file.as_ref().map(|file| content(file).ok_or_else(unchecked)).transpose()?;
        let paper = paper.or_else(|| resting.text.clone().map(String::into_bytes));
        let kept = RecordConsent {
            file: consent.file.clone().map(|file| ConsentFile { sha256: file.sha256, content: String::new() }),
            ..consent.clone()
        };
        let (open_until, counts_until) = (end_of(body.due_on), end_of(consent.valid_until));
        let record = RecordRequestId::new(at, &self.random);
        change.push(Write::RelyOnParty(insurer.id.clone(), insurer.version));
        let row = RecordRow { id: record, party: insurer.id.clone(), line: body.line, at };
        change.push(Write::Records(RecordsWrite::New(row)));
        let mut requests = Vec::new();
        for (asked, hospital) in body.hospitals.iter().zip(hospitals) {
            let hospital = hospital.as_ref().ok_or_else(unchecked)?;
            let (claim, id) = (ClaimId::new(at, &self.random), TaskId::new(at, &self.random));
            let submission = SubmissionId::new(at, &self.random);
            let (key, wrapped_key) = self.vault.new_claim_key(claim).map_err(Fault::from)?;
            // No case number of the hospital leads to it.
            let case_index = self.index.exact("claim.records", &[id.to_string().as_bytes()]);
            change.push(Write::RelyOnParty(hospital.id.clone(), hospital.version));
            let new = NewClaim {
                id: claim,
                hospital: hospital.id.clone(),
                kind: ClaimKind::Health,
                case_index,
                wrapped_key,
                at,
            };
            change.push(Write::NewClaim(new));
            let row = claim.to_string();
            let place = Place { table: "record_part", row: &row, column: "file" };
            let file = paper.as_ref().map(|paper| key.seal(place, paper)).transpose().map_err(Fault::from)?;
            let part = PartRow { claim, record, file, counts_until, mandate: resting.macs };
            change.push(Write::Records(RecordsWrite::Part(Box::new(part))));
            let party = insurer.id.clone();
            change.push(Write::Submission(SubmissionRow { id: submission, claim, party, line: body.line, at }));
            let number = Status { number: Some(body.case_number.clone()), ..missing(SubmissionState::Sent) };
            let detail = Detail::default().merged(&key, submission, &number)?;
            let step = SubmissionStep { id: submission, version: 1, state: SubmissionState::Sent, detail, at };
            change.push(Write::SubmissionStep(step));
            let told = Asked {
                record: record.to_string(),
                case_number: body.case_number.clone(),
                line: body.line,
                person: body.person.clone(),
                documents: asked.documents.clone(),
                period: period(body, consent),
                note: body.note.clone(),
                fee_limit: body.fee_limit,
                compare_with: body.compare_with.clone(),
                consent: kept.clone(),
            };
            change.push(Write::Request(RequestWrite::New(Box::new(RequestRow {
                id,
                kind: RequestKind::Records,
                submission,
                number: 1,
                claim,
                party: insurer.id.clone(),
                hospital: hospital.id.clone(),
                to: Addressee::Hospital,
                due_on: body.due_on,
                open_until,
                body: sealed(&key, id, "body", &told)?,
                at,
            }))));
            let of = Of { id, claim, hospital: &hospital.id, insurer: &insurer.id, line: body.line };
            self.tell_request(insurer.id.as_str(), &of, RequestState::Requested, change);
            let detail = [("request", id.to_string()), ("claim", claim.to_string())];
            change.push(self.audit(insurer.id.as_str(), "record-request.made", &record, detail));
            requests.push(id.to_string());
        }
        let refused = resting.refused.clone();
        Ok(RecordRequestHead { record_request_id: record.to_string(), line: body.line, made_at: at, requests, refused })
    }
}
