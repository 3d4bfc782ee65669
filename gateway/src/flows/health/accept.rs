//! One push: duplicate? whose? for whom? then evidence, packet, deliveries, timeline, audit and answer in one change.
//!
//! Idempotency in this order: `Idempotency-Key`, `If-None-Exist`, case number with equal bytes, new revision. A PUT to a
//! case number has its own rule for equal bytes (`conditional.rs`).

use std::sync::Arc;

use claimgate_adapters::hospital::{self, CaseIdentifier, HospitalBundle, Settings};
use claimgate_adapters::signature::{Checked, SourceSignature};
use claimgate_fhir::format::Format;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::{Issue, IssueKind, OperationOutcome, Policy};
use claimgate_fhir::taiwan;
use claimgate_packet::draft::SignError;
use claimgate_packet::evidence::Evidence;
use claimgate_packet::words::ClaimKind;
use jiff::Timestamp;

use super::revised::TakenFrom;
use super::send::Sending;
use super::{Answer, ByIdentifier, Conditions, Refusal, Request};
use super::{attachments, consented, evidence, recall, revised, signature};
use crate::consent;
use crate::core::change::{Bundle, Change, IdempotencyRow, NewClaim, NextRevision, Write};
use crate::core::handover::HandoverWrite;
use crate::core::packet::PacketError;
use crate::core::route;
use crate::core::timeline::{Event, entries};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{ClaimId, ConsentId, DeliveryId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::keys::tracking;
use crate::party::{Party, PartyId};
use crate::store::ClaimHead;

/// So many bytes of JSON are read where the request is: to hand them to another thread and back costs as much as a
/// fifth of it. The packet of such a bundle, made there too, takes longer.
const AT_ONCE: usize = 48 << 10;

/// One push on its way.
struct Push {
    body: Arc<[u8]>,
    format: Format,
    body_mac: Mac,
    request_mac: Mac,
    route: &'static str,
    key_mac: Option<Mac>,
    conditions: Conditions,
    request: Arc<Request>,
    /// Whether it was tried before: then nothing stands as it was read last.
    again: bool,
    /// Read once, however often the step is done again, under the version of the hospital whose policy counted.
    bundle: Option<(i64, HospitalBundle)>,
    /// Its signatures, checked once against the hospital's registration of this version.
    signed: Option<(i64, Checked)>,
}

impl Push {
    fn checked(&self) -> Option<&Checked> {
        self.signed.as_ref().map(|(_, checked)| checked)
    }

    /// What a new revision is answered with.
    fn status(&self, first: bool) -> u16 {
        let replaced = self.conditions.replace.is_some() || self.conditions.update.is_some() && !first;
        if replaced { 200 } else { 201 }
    }
}

/// The claim a push belongs to.
struct Target {
    id: ClaimId,
    revision: i64,
    key: ClaimKey,
    write: Write,
    first: bool,
}

impl Engine {
    /// Accepts what a hospital pushes. An answer means that it is on disk.
    ///
    /// # Errors
    /// See [`Refusal`]; nothing was written then.
    pub async fn accept(
        &self,
        hospital: &PartyId,
        format: Format,
        body: &[u8],
        mut conditions: Conditions,
    ) -> Result<Answer, Refusal> {
        let key_mac = conditions
            .idempotency_key
            .as_deref()
            .map(|key| self.index.exact("idempotency.key", &[hospital.as_str().as_bytes(), key.as_bytes()]));
        let body_mac = self.index.exact("bundle.body", &[hospital.as_str().as_bytes(), body]);
        // A key belongs to one request: the same bytes under another address or condition are another request.
        let mut condition = format!("{:?} {:?}", conditions.replace, conditions.if_none_exist);
        condition.extend(conditions.update.iter().map(ByIdentifier::condition));
        let request_mac = self.index.exact("idempotency.request", &[&body_mac, condition.as_bytes()]);
        let put = conditions.replace.is_some() || conditions.update.is_some();
        let route = if put { "PUT /fhir/Bundle" } else { "POST /fhir/Bundle" };
        let mut push = Push {
            body: body.into(),
            format,
            body_mac,
            request_mac,
            route,
            key_mac,
            request: Arc::new(std::mem::take(&mut conditions.request)),
            again: false,
            conditions,
            bundle: None,
            signed: None,
        };
        for attempt in 0..TRIES {
            push.again = attempt > 0;
            match self.attempt(hospital, &mut push).await {
                Err(Refusal::Fault(fault)) if fault.is_conflict() => {}
                outcome => return outcome,
            }
        }
        Err(Fault::Contended.into())
    }

    async fn attempt(&self, hospital: &PartyId, push: &mut Push) -> Result<Answer, Refusal> {
        let now = self.now();
        if let Some(key) = &push.key_mac
            && let Some(stored) = self.store.remembered(hospital, push.route, key, now).await?
        {
            if stored.body_mac != push.request_mac {
                return Err(Refusal::KeyReused);
            }
            return Ok(Answer::from_stored(&stored.answer)?);
        }
        // Whoever called was let in a moment ago; what counts is that the version still stands when this is written.
        let known = if push.again { None } else { self.store.party_read_last(hospital) };
        let found = match known {
            Some(party) => Some(party),
            None => self.store.party(hospital).await?,
        };
        let hospital = found.filter(|party| self.lets_in(party)).ok_or(Refusal::NotFound)?;
        if let Some(condition) = &push.conditions.if_none_exist {
            let known = self.claims_of_case(&hospital.id, condition, 2).await?;
            match known.as_slice() {
                [] => {}
                [head] => {
                    let answer = unchanged(head);
                    self.remember(&hospital, push, &answer).await?;
                    return Ok(answer);
                }
                _ => return Err(Refusal::ManyExist),
            }
        }
        if let Some((id, _)) = push.conditions.replace
            && self.store.claim_of_hospital(&hospital.id, id).await?.is_none()
        {
            return Err(Refusal::NotFound);
        }
        let bundle = match push.bundle.take() {
            Some((version, bundle)) if version == hospital.version => bundle,
            _ => self.read_bundle(Arc::clone(&push.body), push.format, hospital.policy()).await?,
        };
        let outcome = self.place(&hospital, push, &bundle).await;
        push.bundle = Some((hospital.version, bundle));
        outcome
    }

    pub(super) async fn read_bundle(
        &self,
        body: Arc<[u8]>,
        format: Format,
        policy: &Policy,
    ) -> Result<HospitalBundle, Refusal> {
        let policy = policy.clone();
        let limits = Limits { bytes: self.rules.body_bytes, ..Limits::default() };
        let reading = Arc::clone(&self.reading);
        let at_once = body.len() <= AT_ONCE && format == Format::Json && reading.packages.is_none();
        let read = move || {
            let (rules, aliases) = (reading.packages.as_ref(), &reading.aliases);
            hospital::read_format(&body, format, &Settings { limits, rules, policy: &policy, aliases })
        };
        let read = if at_once { read() } else { tokio::task::spawn_blocking(read).await.map_err(|_| Fault::Task)? };
        read.map_err(Refusal::Rejected)
    }

    async fn place(&self, hospital: &Party, push: &mut Push, bundle: &HospitalBundle) -> Result<Answer, Refusal> {
        let institution = &bundle.institution.code;
        if !hospital.is_institution(institution) {
            return Err(Refusal::ForeignHospital);
        }
        if push.signed.as_ref().is_none_or(|(version, _)| *version != hospital.version) {
            let sent = (&push.body, push.format);
            let checked = self.signatures(hospital, &push.request, sent, institution).await?;
            push.signed = Some((hospital.version, checked));
        }
        let case = self.case_index(&hospital.id, &bundle.identifier);
        // Steps of one case follow one another: each would only collide with the one before and be done again.
        let _turn = self.turns.of(&case).await;
        let present = self.store.claim_by_case(&hospital.id, &case).await?;
        if let Some(update) = &push.conditions.update {
            let own = (&bundle.identifier, present.as_ref());
            if let Some(answer) = self.conditional(&hospital.id, update, own, &push.body_mac).await? {
                self.remember(hospital, push, &answer).await?;
                return Ok(answer);
            }
        }
        match (&push.conditions.replace, &present) {
            _ if push.conditions.update.is_some() => {}
            (None, Some(head)) if push.conditions.if_none_exist.is_some() => {
                // It came into being after the condition was looked at.
                let answer = unchanged(head);
                self.remember(hospital, push, &answer).await?;
                return Ok(answer);
            }
            (None, Some(head)) => {
                if let Some(before) = self.store.answer_for_body(head.id, &push.body_mac).await? {
                    let answer = Answer::from_stored(&before.answer)?;
                    self.remember(hospital, push, &answer).await?;
                    return Ok(answer);
                }
            }
            (Some((id, revision)), head) => self.check_replace(hospital, *id, *revision, head.as_ref()).await?,
            (None, None) => {}
        }
        if present.is_none() && revised::only_takes_back(bundle) {
            return Err(revised::refused());
        }
        let recipients = self.recipients(&bundle.coverages, !push.again).await?;
        let target = self.target(hospital, case, present)?;
        self.write(hospital, push, bundle, &recipients, target).await
    }

    async fn check_replace(
        &self,
        hospital: &Party,
        id: ClaimId,
        revision: i64,
        by_case: Option<&ClaimHead>,
    ) -> Result<(), Refusal> {
        let head = self.store.claim_of_hospital(&hospital.id, id).await?.ok_or(Refusal::NotFound)?;
        if head.revision != revision {
            return Err(Refusal::RevisionMismatch);
        }
        if by_case.is_none_or(|found| found.id != id) {
            return Err(Refusal::IdentifierChanged);
        }
        Ok(())
    }

    fn target(&self, hospital: &Party, case_index: Mac, present: Option<ClaimHead>) -> Result<Target, Refusal> {
        let now = self.now();
        if let Some(head) = present {
            let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
            let revision = head.revision + 1;
            let next = NextRevision { id: head.id, version: head.version, revision, at: now };
            return Ok(Target { id: head.id, revision, key, write: Write::NextRevision(next), first: false });
        }
        let id = ClaimId::new(now, &self.random);
        let (key, wrapped_key) = self.vault.new_claim_key(id)?;
        let new =
            NewClaim { id, hospital: hospital.id.clone(), kind: ClaimKind::Health, case_index, wrapped_key, at: now };
        Ok(Target { id, revision: 1, key, write: Write::NewClaim(new), first: true })
    }

    async fn write(
        &self,
        hospital: &Party,
        push: &Push,
        bundle: &HospitalBundle,
        recipients: &[route::Recipient],
        target: Target,
    ) -> Result<Answer, Refusal> {
        let now = self.now();
        let Target { id, revision, key, write, first } = target;
        let mut change = Change::new("accept_hospital_bundle");
        change.push(Write::RelyOnParty(hospital.id.clone(), hospital.version));
        change.push(write);
        if first {
            let code = self.index.text("tracking.code", &[&tracking::normal(&self.tracking.code(id))]);
            change.push(Write::TrackingCode(code, id, self.in_days(self.rules.tracking_code_days)));
        } else {
            change.push(Write::SupersedeEvidence(id, revision));
        }
        let signed = push.checked().and_then(Checked::strongest).map(SourceSignature::verification);
        let mut evidence = evidence::obtained(self, &hospital.id, bundle.form, bundle.documents.clone(), signed, now);
        let uploads = self.uploads(&hospital.id, Some((id, &key)), &bundle.attachments).await?;
        let carried = attachments::carried(self, id, &bundle.attachments, uploads);
        let digests = attachments::digests(&carried);
        let known = if first { Vec::new() } else { self.store.known_attachments(id, &digests).await? };
        let mut files = attachments::named(self, &mut evidence, &carried, known)?;
        change.push(Write::SearchValues(self.search_values(id, &hospital.id, &bundle.identifier, &bundle.documents)));
        let case = self.case_index(&hospital.id, &bundle.identifier);
        let consented = self.consented(hospital, &case, &bundle.documents).await?;
        consented.beside(self, &hospital.id, &mut evidence);
        let written = evidence::written(&evidence)?;
        for one in evidence.iter().zip(written.iter().map(Vec::as_slice)) {
            change.push(Write::Evidence(evidence::row(&key, (id, revision), one)?));
        }
        attachments::keep_larger(self, &mut files).await?;
        for new in &files {
            change.writes.extend(attachments::rows(&key, (id, revision), new)?);
        }
        change.writes.extend(attachments::taken_over(id, &files));
        change.tell(entries(id, &hospital.id, &received(revision, &evidence), now, &self.random));
        if !first {
            // What the person handed in stays, whatever the hospital sends.
            evidence.extend(self.papers_of_owner((id, &key)).await?);
        }
        let mut issues = bundle.warnings.clone();
        let keys = self.receipt_keys(&hospital.id, &bundle.documents);
        issues.extend(self.same_receipt(&hospital.id, id, &keys).await?);
        change.push(Write::Handover(HandoverWrite::ReceiptKeys(id, hospital.id.clone(), keys)));
        if let Some(checked) = push.checked() {
            issues.extend(checked.warnings.iter().cloned());
        }
        let named = route::named(recipients);
        let recalled =
            if first { Vec::new() } else { self.not_meant_any_more(&hospital.id, id, (bundle, &named)).await? };
        for one in &recalled {
            self.withdraw_unsent(&hospital.id, (id, one), ("claim", id.to_string()), &mut change);
        }
        let ids: Vec<DeliveryId> = recalled.iter().map(|one| one.id).collect();
        let before = self.before((id, revision, first), (bundle, &ids), &mut change).await?;
        match consent::permit(hospital, ConsentId::new(now, &self.random), &named, &consented.by) {
            Ok(permit) => {
                let mut previous = if first { Vec::new() } else { self.store.previous_deliveries(id).await? };
                recall::fruitless(&mut previous, &recalled);
                let known = self.known_sharing((&hospital.id, id, &key), &consented.order, &evidence).await?;
                let identity = self.identity_standing(id).await?;
                let sending = Sending {
                    claim: id,
                    revision,
                    hospital,
                    key: &key,
                    evidence: &evidence,
                    permit: &permit,
                    recipients,
                    previous: &previous,
                    before: &before,
                    known: &known,
                    identity: &identity,
                };
                let sent = sending.write(self, &mut change).map_err(too_much)?;
                let unnamed = named.iter().filter(|(party, line)| !permit.covers(party, *line)).count();
                issues.extend((unnamed > 0).then(|| consented::not_named(unnamed)));
                if !sent.waiting.is_empty() {
                    change.push(self.due(id));
                } else if !sent.made {
                    change.tell(entries(id, &hospital.id, &Event::Unchanged, now, &self.random));
                }
                issues.extend(sent.waiting);
            }
            Err(reason) => {
                issues.push(consented::held(reason));
                change.tell(entries(id, &hospital.id, &Event::HeldForConsent, now, &self.random));
                change.push(self.due(id));
                let taken = TakenFrom { claim: id, hospital: &hospital.id, evidence: &evidence, before: &before };
                taken.tell(self, &mut change, |_, _| false);
            }
        }
        let answer =
            Answer { status: push.status(first), claim: id, revision, outcome: OperationOutcome { issues }.to_json() };
        change.push(kept(&key, push, &answer, now)?);
        change.writes.extend(self.memory(hospital, push, &answer));
        change.push(self.audit(hospital.id.as_str(), "bundle.accepted", &id, [("revision", revision.to_string())]));
        self.store.commit(change).await?;
        Ok(answer)
    }

    /// A key that arrives with a body already known is remembered with the answer that body got.
    async fn remember(&self, hospital: &Party, push: &Push, answer: &Answer) -> Result<(), Refusal> {
        if let Some(row) = self.memory(hospital, push, answer) {
            let mut change = Change::new("remember_answer");
            change.push(row);
            self.store.commit(change).await?;
        }
        Ok(())
    }

    fn memory(&self, hospital: &Party, push: &Push, answer: &Answer) -> Option<Write> {
        push.key_mac.map(|key| {
            Write::Idempotency(IdempotencyRow {
                party: hospital.id.clone(),
                route: push.route,
                key,
                body_mac: push.request_mac,
                answer: answer.to_stored(),
                at: self.now(),
                expires_at: self.in_days(self.rules.idempotency_days),
            })
        })
    }

    /// Blind index of a case number (案件編號), apart for each hospital; system aliases fold to one.
    pub(super) fn case_index(&self, hospital: &PartyId, identifier: &CaseIdentifier) -> Mac {
        let system = identifier.system.as_deref().map_or("", taiwan::canonical);
        self.index.text("claim.case", &[hospital.as_str(), system, &identifier.value])
    }
}

/// The bundle as it came, with its answer.
fn kept(key: &ClaimKey, push: &Push, answer: &Answer, at: Timestamp) -> Result<Write, Fault> {
    let row = format!("{}/{}", answer.claim, answer.revision);
    let body = key.seal(Place { table: "bundle", row: &row, column: "body" }, &push.body)?;
    let signature = signature::sealed(key, &row, push.checked())?;
    Ok(Write::Bundle(Bundle {
        claim: answer.claim,
        revision: answer.revision,
        body_mac: push.body_mac,
        body,
        signature,
        answer: answer.to_stored(),
        at,
    }))
}

fn received(revision: i64, evidence: &[Evidence]) -> Event {
    Event::Received { revision, evidence: evidence.iter().map(|one| one.document.kind().to_owned()).collect() }
}

/// A bound of the packet is the hospital's to keep, not a fault of ours.
pub(super) fn too_much(fault: Fault) -> Refusal {
    match fault {
        Fault::Packet(PacketError::Sign(SignError::TooLarge(bound))) => Refusal::TooMuch(bound),
        other => other.into(),
    }
}

fn unchanged(head: &ClaimHead) -> Answer {
    let note =
        Issue::information("bundle.exists", "a bundle with this identifier is already here; nothing was changed");
    Answer {
        status: 200,
        claim: head.id,
        revision: head.revision,
        outcome: OperationOutcome { issues: vec![note] }.to_json(),
    }
}

pub(super) fn consent_missing() -> Issue {
    Issue::warning(
        IssueKind::BusinessRule,
        "consent_missing",
        "accepted and held: this hospital has no registered consent basis, so nothing leaves; have the operator \
         register one (claimgate party consent), the claim is then sent by itself",
    )
    .zh("已收件並保留：本院尚未登錄同意依據，登錄後自動送出")
}
