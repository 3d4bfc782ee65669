//! A hospital's answer to a record request (病歷調閱): its Bundle becomes evidence for the insurer that asked and nobody else.
//!
//! In: a Bundle of the person asked for. Out: the documents of the kinds and days that were asked for, sealed for the insurer;
//! what was not asked for stays where it is. Each Bundle adds to what came before: the newest packet holds all of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use claimgate_adapters::hospital::{self, HospitalBundle, Settings};
use claimgate_adapters::insurer::records::ItemState;
use claimgate_adapters::insurer::request::DocumentKind;
use claimgate_adapters::signature::{Checked, SourceSignature};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::{Issue, IssueKind, OperationOutcome, Policy};
use claimgate_packet::evidence::{Document, Evidence};

use super::consented::patient;
use super::send::Sending;
use super::{Answer, Refusal, Released, Request, attachments, evidence, signature};
use crate::consent;
use crate::core::change::{Bundle, Change, NextRevision, Write};
use crate::core::coordination::Known;
use crate::core::records::kinds::{days, kinds};
use crate::core::records::person::Person;
use crate::core::records::{MOST_ANSWERS, unfit};
use crate::core::request::{InvalidRequestStep, RequestStep, RequestWrite};
use crate::core::route::Recipient;
use crate::core::timeline::{Event, entries};
use crate::flows::identity::Standing;
use crate::flows::insurer::OfRecords;
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{ClaimId, ConsentId, TaskId};
use crate::keys::at_rest::Place;
use crate::party::{Party, PartyId};
use crate::store::{ClaimHead, DueWork, KeptPart, KeptRequest};

/// A Bundle on its way, read and checked once however often the step is done again.
struct Sent<'a> {
    body: &'a Arc<[u8]>,
    bundle: HospitalBundle,
    checked: Checked,
}

impl Engine {
    /// Takes records in. The same bytes again are the answer they got.
    ///
    /// # Errors
    /// See [`Refusal`]; nothing was written then.
    pub async fn take_records(
        &self,
        hospital: &PartyId,
        id: TaskId,
        (format, body): (Format, &[u8]),
        request: Request,
    ) -> Result<Answer, Refusal> {
        let request = Arc::new(request);
        let hospital =
            self.store.party(hospital).await?.filter(|party| self.lets_in(party)).ok_or(Refusal::NotFound)?;
        let kept = self.records_kept(&hospital.id, id).await?;
        let of = self.of_records(&kept)?;
        let mac = self.index.exact("bundle.body", &[hospital.id.as_str().as_bytes(), body]);
        if let Some(before) = self.store.answer_for_body(kept.claim, &mac).await? {
            return Ok(Answer { status: 200, ..Answer::from_stored(&before.answer)? });
        }
        // Looked at again with the change; before that, nothing is read that may not be kept.
        self.records_consented(&kept, &of).await??;
        self.mandate_goes_on(kept.claim).await?;
        of.progress.may_give()?;
        let body: Arc<[u8]> = body.into();
        let bundle = self.read_records(Arc::clone(&body), format, hospital.policy().clone()).await?;
        if !hospital.is_institution(&bundle.institution.code) {
            return Err(Refusal::ForeignHospital);
        }
        let checked = self.signatures(&hospital, &request, (&body, format), &bundle.institution.code).await?;
        let sent = Sent { body: &body, bundle, checked };
        for _ in 0..TRIES {
            let kept = self.records_kept(&hospital.id, id).await?;
            match self.records_taken(&hospital, &kept, &sent, mac).await {
                Err(Refusal::Fault(fault)) if fault.is_conflict() => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Contended.into())
    }

    /// Nothing is taken where the mandate (委託) the request rests on has ended: taken back, or by a death.
    async fn mandate_goes_on(&self, claim: ClaimId) -> Result<(), Refusal> {
        let part = self.store.record_part(claim).await?.ok_or(Refusal::NotFound)?;
        if part.counts(self.now()) {
            return Ok(());
        }
        let text = "The mandate this request rests on has ended, or its last day is over: send nothing";
        Err(unfit("records.consent-over", "", text).into())
    }

    async fn read_records(&self, body: Arc<[u8]>, format: Format, policy: Policy) -> Result<HospitalBundle, Refusal> {
        let limits = Limits { bytes: self.rules.body_bytes, ..Limits::default() };
        let reading = Arc::clone(&self.reading);
        tokio::task::spawn_blocking(move || {
            let (rules, aliases) = (reading.packages.as_ref(), &reading.aliases);
            hospital::read_records(&body, format, &Settings { limits, rules, policy: &policy, aliases })
        })
        .await
        .map_err(|_| Fault::Task)?
        .map_err(Refusal::Rejected)
    }

    async fn records_kept(&self, hospital: &PartyId, id: TaskId) -> Result<KeptRequest, Refusal> {
        use crate::flows::insurer::NotDone;
        self.records_of_hospital(hospital, id).await.map_err(|error| match error {
            NotDone::Fault(fault) => Refusal::Fault(fault),
            _ => Refusal::NotFound,
        })
    }

    async fn records_taken(
        &self,
        hospital: &Party,
        kept: &KeptRequest,
        sent: &Sent<'_>,
        mac: crate::keys::index::Mac,
    ) -> Result<Answer, Refusal> {
        let now = self.now();
        let mut of = self.of_records(kept)?;
        self.records_consented(kept, &of).await??;
        self.mandate_goes_on(kept.claim).await?;
        of.progress.may_give()?;
        let mut all = Vec::new();
        for (evidence, body) in self.store.current_evidence(kept.claim).await? {
            all.push(evidence::from_row(&of.key, evidence, &body)?);
        }
        let chosen = self.chosen(&of, &sent.bundle, &all)?;
        of.progress = of.progress.given(&chosen.kinds);
        let state = kept.state.step(of.progress.state()).map_err(over)?;
        let head = self.store.claim_of_hospital(&hospital.id, kept.claim).await?.ok_or(Refusal::NotFound)?;
        if head.revision > MOST_ANSWERS {
            return Err(unfit("records.too-many", "", "A request takes at most 50 bundles: put more into each").into());
        }
        let (id, revision) = (kept.claim, head.revision + 1);
        let mut change = Change::new("take_records");
        change.push(Write::RelyOnParty(hospital.id.clone(), hospital.version));
        change.push(Write::NextRevision(NextRevision { id, version: head.version, revision, at: now }));
        let row = of.seal(kept.id)?;
        self.request_step(hospital.id.as_str(), kept, (state, Some(row), Some(revision)), &mut change);
        let signed = sent.checked.strongest().map(SourceSignature::verification);
        let mut new = evidence::obtained(self, &hospital.id, sent.bundle.form, chosen.documents, signed, now);
        let uploads = self.uploads(&hospital.id, Some((id, &of.key)), &chosen.files).await?;
        let carried = attachments::carried(self, id, &chosen.files, uploads);
        let known = self.store.known_attachments(id, &attachments::digests(&carried)).await?;
        let mut files = attachments::named(self, &mut new, &carried, known)?;
        let before = all.len();
        all.extend(new);
        let written = evidence::written(&all)?;
        for one in all.iter().zip(written.iter().map(Vec::as_slice)).skip(before) {
            change.push(Write::Evidence(evidence::row(&of.key, (id, revision), one)?));
        }
        attachments::keep_larger(self, &mut files).await?;
        for new in &files {
            change.writes.extend(attachments::rows(&of.key, (id, revision), new)?);
        }
        change.writes.extend(attachments::taken_over(id, &files));
        let types = all.iter().skip(before).map(|one| one.document.kind().to_owned()).collect();
        let received = Event::Received { revision, evidence: types };
        change.tell(entries(id, &hospital.id, &received, now, &self.random));
        let mut issues = sent.bundle.warnings.clone();
        issues.extend(sent.checked.warnings.iter().cloned());
        issues.extend(chosen.issues);
        let insurer = self.store.party(&kept.insurer).await?.ok_or(Fault::Stored("party"))?;
        let waiting = self.records_sent((&head, revision), hospital, insurer, (&of, &all), &mut change).await?;
        if !waiting.is_empty() {
            change.push(self.due(id));
        }
        issues.extend(waiting);
        issues.push(what_came(&of));
        let outcome = OperationOutcome { issues }.to_json();
        let answer = Answer { status: 201, claim: id, revision, outcome };
        let row = format!("{id}/{revision}");
        change.push(Write::Bundle(Bundle {
            claim: id,
            revision,
            body_mac: mac,
            body: of.key.seal(Place { table: "bundle", row: &row, column: "body" }, sent.body)?,
            signature: signature::sealed(&of.key, &row, Some(&sent.checked))?,
            answer: answer.to_stored(),
            at: now,
        }));
        let detail = [("request", kept.id.to_string()), ("revision", revision.to_string())];
        change.push(self.audit(hospital.id.as_str(), "records.accepted", &id, detail));
        self.store.commit(change).await?;
        Ok(answer)
    }

    /// Signs and seals for the insurer that asked; what it cannot get yet is said.
    async fn records_sent(
        &self,
        (head, revision): (&ClaimHead, i64),
        hospital: &Party,
        insurer: Party,
        (of, evidence): (&OfRecords, &[Evidence]),
        change: &mut Change,
    ) -> Result<Vec<Issue>, Refusal> {
        let line = of.asked.line;
        let to = (insurer.id.clone(), line);
        let permit = consent::by_record_consent(ConsentId::new(self.now(), &self.random), &of.asked.record, to);
        let recipients = [Recipient { party: Arc::new(insurer), line }];
        let previous = self.store.previous_deliveries(head.id).await?;
        let before = self.store.before_revision(head.id, &[]).await?;
        let sending = Sending {
            claim: head.id,
            revision,
            hospital,
            key: &of.key,
            evidence,
            permit: &permit,
            recipients: &recipients,
            previous: &previous,
            before: &before,
            known: &Known::default(),
            identity: &Standing::default(),
        };
        let sent = sending.write(self, change).map_err(super::accept::too_much)?;
        Ok(sent.waiting)
    }

    /// What of a Bundle was asked for, or why none of it is taken.
    fn chosen(&self, of: &OfRecords, bundle: &HospitalBundle, known: &[Evidence]) -> Result<Chosen, Refusal> {
        let asked = Person::of(&self.index, &of.asked.person);
        let other =
            |document: &Document| patient(document).is_some_and(|patient| !asked.is(&Person::of(&self.index, patient)));
        if bundle.documents.iter().any(other) {
            let text = "The documents are of another person than the one whose records are asked for (number, or name and \
                        whole date of birth); nothing was kept";
            return Err(unfit("records.other-person", "", text).into());
        }
        let wanted: Vec<DocumentKind> = of.asked.documents.iter().map(|one| one.kind).collect();
        let mut chosen = Chosen::default();
        let mut places = Vec::new();
        let (mut not_asked, mut outside) = (0, 0);
        for document in &bundle.documents {
            let own: Vec<DocumentKind> = kinds(document).into_iter().filter(|kind| wanted.contains(kind)).collect();
            let within = days(document).is_some_and(|days| days.meets(&of.asked.period));
            if own.is_empty() {
                not_asked += 1;
            } else if within {
                chosen.kinds.extend(own);
                let has_files = bundle.attachments.iter().any(|file| file.document == places.len());
                // What came before word for word is not sent twice.
                let new = has_files || !known.iter().any(|one| one.document == *document);
                places.push(new.then_some(chosen.documents.len()));
                chosen.documents.extend(new.then(|| document.clone()));
                continue;
            } else {
                outside += 1;
            }
            places.push(None);
        }
        if chosen.kinds.is_empty() {
            let text = "Nothing in the Bundle was asked for: no document of a kind and of days the request names. A record's \
                        kind is its Composition.type (docs/records.md); nothing was kept";
            return Err(unfit("records.nothing-asked", "", text).into());
        }
        for file in &bundle.attachments {
            if let Some(place) = places.get(file.document).copied().flatten() {
                let mut file = file.clone();
                file.document = place;
                chosen.files.push(file);
            }
        }
        chosen.issues.extend((not_asked > 0).then(|| not_passed_on(not_asked)));
        chosen.issues.extend((outside > 0).then(|| outside_period(outside)));
        Ok(chosen)
    }

    /// Sends records that were held because their insurer could not get them.
    pub(super) async fn release_records(&self, work: &DueWork, part: &KeptPart) -> Result<Released, Fault> {
        let head = self.store.claim(work.claim).await?.ok_or(Fault::Stored("claim"))?;
        let hospital = self.store.party(&head.hospital).await?.ok_or(Fault::Stored("party"))?;
        let insurer = self.store.party(&part.insurer).await?.ok_or(Fault::Stored("party"))?;
        let parts = self.store.requests_of_record(&part.insurer, part.record).await?;
        let kept = parts.iter().find(|one| one.claim == head.id).ok_or(Fault::Stored("claim_request"))?;
        let of = self.of_records(kept)?;
        let mut change = Change::new("release_records");
        let waits = if self.records_consented(kept, &of).await?.is_err() || !part.counts(self.now()) {
            // Nothing leaves on a consent that counts no more, whatever comes later.
            false
        } else {
            let mut all = Vec::new();
            for (id, body) in self.store.current_evidence(head.id).await? {
                all.push(evidence::from_row(&of.key, id, &body)?);
            }
            change.push(Write::RelyOnParty(hospital.id.clone(), hospital.version));
            change.push(Write::TouchClaim(head.id, head.version, self.now()));
            // A withdrawal meanwhile makes the version differ.
            let (id, version, state, at) = (kept.id, kept.version, kept.state, self.now());
            let step = RequestStep { id, version, state, answer: None, revision: None, at };
            change.push(Write::Request(RequestWrite::Step(step)));
            let sent = self.records_sent((&head, head.revision), &hospital, insurer, (&of, &all), &mut change).await;
            !sent
                .map_err(|refusal| match refusal {
                    Refusal::Fault(fault) => fault,
                    _ => Fault::Stored("evidence"),
                })?
                .is_empty()
        };
        if waits {
            return Ok(Released::Waiting);
        }
        change.push(Write::WorkDone(work.id, work.fence, self.now()));
        self.store.commit(change).await?;
        Ok(Released::Done)
    }
}

/// What is taken of a Bundle.
#[derive(Default)]
struct Chosen {
    documents: Vec<Document>,
    kinds: Vec<DocumentKind>,
    files: Vec<claimgate_adapters::hospital::HospitalAttachment>,
    issues: Vec<Issue>,
}

fn over(_: InvalidRequestStep) -> Refusal {
    unfit("request.invalid-step", "", "The request is over: all of it came, or it was refused or cancelled").into()
}

fn not_passed_on(count: usize) -> Issue {
    Issue::warning(
        IssueKind::BusinessRule,
        "records.not-asked",
        format!("{count} document(s) of the Bundle were not asked for, or do not say of what kind they are, and go to nobody"),
    )
    .zh("Bundle 內未經調閱或無法辨識種類之文件，未予提供")
}

fn outside_period(count: usize) -> Issue {
    Issue::warning(
        IssueKind::BusinessRule,
        "records.outside-period",
        format!("{count} document(s) of the Bundle are of no day the request names, or name no day, and go to nobody"),
    )
    .zh("Bundle 內非調閱期間或未載日期之文件，未予提供")
}

fn what_came(of: &OfRecords) -> Issue {
    let open: BTreeSet<&str> =
        of.progress.items.iter().filter(|one| one.state == ItemState::Open).map(|one| one.kind.as_str()).collect();
    let text = if open.is_empty() {
        "everything that was asked for has come or is refused".to_owned()
    } else {
        format!("taken; still waited for: {}", open.into_iter().collect::<Vec<_>>().join(", "))
    };
    Issue::information("records.taken", text)
}
