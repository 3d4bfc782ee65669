//! A document of a claim of an accident that came another way than the police API: from MyData, or handed in. It stands in
//! that claim alone, with what proves it; a consent for one transfer is no consent for others. What a proof found is kept with
//! the accident, so that nobody else has to ask.

use claimgate_adapters::police::api::Item;
use claimgate_packet::evidence::accident::CheckResult;
use claimgate_packet::evidence::{AccidentPaperCheck, Document, Evidence, Source, Verification};
use jiff::Timestamp;

use super::ask::step;
use super::pictures::{Passed, refer};
use super::revise::Revising;
use super::{FORM, HANDED_IN, MYDATA, Opened};
use crate::core::accident::calendar::release;
use crate::core::accident::compare::plain;
use crate::core::accident::source::Jurisdiction;
use crate::core::accident::{AccidentWrite, ArrivedPaper, CHECK_HOLDS, NewPaper, PaperState};
use crate::core::change::{Change, NextRevision, Write};
use crate::flows::{Engine, Fault, TRIES};
use crate::id::{AccidentId, ClaimId};
use crate::store::KeptPaper;

/// A document that arrived.
#[derive(Clone)]
pub(super) struct Arrived {
    /// The document.
    pub document: Document,
    /// Its files.
    pub files: Vec<ArrivedFile>,
    /// Who handed it over and in which form.
    pub source: Source,
    /// What proves it.
    pub proof: Verification,
    /// What a receipt of the check is made of; none for what is not proved.
    pub checked: Option<Checked>,
}

/// A file of a document that arrived.
#[derive(Clone)]
pub(super) struct ArrivedFile {
    /// What the document calls it.
    pub name: String,
    /// `image/png`, `image/jpeg` or `application/pdf`, found by content.
    pub media_type: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What was checked, and against what.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// SHA-256 of what the provider signed, base64url.
    pub digest: String,
    /// SHA-256 of what it came in, base64url.
    pub answer: String,
}

claimgate_packet::opaque_debug!(Arrived, ArrivedFile);

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is in the claim now.
    New,
    /// The very same was there.
    Same,
    /// One that is better proved is there.
    Proved,
}

/// What a file begins with: a name says nothing.
pub(super) fn media_type(content: &[u8]) -> Option<&'static str> {
    match content {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        _ => None,
    }
}

impl Engine {
    /// Takes documents into a claim of an accident as its next revision, each in place of the same paper from the same
    /// source; the recipients' packets follow by themselves. None: the claim is out of use.
    ///
    /// # Errors
    /// No claim of an accident, or a fault of ours.
    pub(super) async fn arrive(&self, claim: ClaimId, arrived: &[Arrived]) -> Result<Option<Vec<Taken>>, Fault> {
        for _ in 0..TRIES {
            let filing = self.store.filing(claim).await?.ok_or(Fault::Stored("accident_filing"))?;
            let Some(mut revising) = self.revising(claim).await? else { return Ok(None) };
            let Some(kept) = self.store.accident(filing.accident).await? else { return Ok(None) };
            let opened = self.opened_accident(kept)?;
            let mut change = Change::new("document_arrived");
            change.push(Write::Accident(AccidentWrite::Rely(opened.kept.id, opened.kept.version)));
            let (head, revision) = (revising.head.clone(), revising.revision);
            let next = NextRevision { id: claim, version: head.version, revision, at: self.now() };
            change.push(Write::NextRevision(next));
            let mut taken = Vec::with_capacity(arrived.len());
            for one in arrived {
                let took = self.take_arrived(&mut revising, one).await?;
                if took == Taken::New {
                    self.note_arrived(&opened, claim, one, &mut change).await?;
                    let of = [("type", one.document.kind().to_owned()), ("method", one.proof.method.clone())];
                    change.push(self.audit(&one.source.party, "accident.document", &claim, of));
                }
                taken.push(took);
            }
            if !taken.contains(&Taken::New) {
                return Ok(Some(taken));
            }
            change.writes.append(&mut revising.writes);
            change.push(self.due(claim));
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(Some(taken));
            }
        }
        Err(Fault::Contended)
    }

    async fn take_arrived(&self, revising: &mut Revising, one: &Arrived) -> Result<Taken, Fault> {
        let files: Vec<Passed> = one.files.iter().map(|file| Passed::of(file.media_type, &file.content)).collect();
        let is_scan = one.source.form == HANDED_IN;
        let better = |there: &Evidence| there.source.form == FORM || is_scan && there.source.form != HANDED_IN;
        if revising.evidence.iter().any(|there| is_paper(&there.document, &one.document) && better(there)) {
            return Ok(Taken::Proved);
        }
        let same = |there: &Evidence| {
            there.source == one.source
                && unreferred(&there.document) == unreferred(&one.document)
                && there.attachments.iter().map(|file| file.digest.clone()).eq(files.iter().map(Passed::digest))
        };
        if revising.evidence.iter().any(same) {
            return Ok(Taken::Same);
        }
        // Photos are handed in one by one: one more takes the place of none.
        let adds = is_scan && matches!(one.document, Document::AccidentScenePhotos(_));
        revising.supersede(|there| {
            let replaced = there.source == one.source && !adds || there.source.form == HANDED_IN && !is_scan;
            replaced && is_paper(&there.document, &one.document)
        })?;
        let (mut attachments, mut referred) = (Vec::new(), Vec::new());
        for (file, passed) in one.files.iter().zip(files) {
            let (attachment, camera) = self.pass_on(revising, passed).await?;
            referred.push((file.name.clone(), attachment.id.clone(), camera));
            attachments.push(attachment);
        }
        let mut document = one.document.clone();
        refer(&mut document, &referred);
        let (id, source, verified) = (String::new(), one.source.clone(), one.proof.clone());
        self.add_evidence(revising, Evidence { id, source, obtained: self.now(), verified, attachments, document })?;
        Ok(Taken::New)
    }

    /// What the accident learns of a paper that arrived in one of its claims.
    async fn note_arrived(
        &self,
        opened: &Opened,
        claim: ClaimId,
        one: &Arrived,
        change: &mut Change,
    ) -> Result<(), Fault> {
        let (now, id) = (self.now(), opened.kept.id);
        let Ok(item) = one.document.kind().parse::<Item>() else { return Ok(()) };
        let papers = self.store.accident_papers(id).await?;
        let there = papers.into_iter().find(|paper| paper.item == item);
        let Some(checked) = &one.checked else {
            // Its source is asked about the number, also where it would not give the paper itself.
            let over = |paper: &KeptPaper| {
                paper.state == PaperState::NotAvailable
                    && matches!(paper.reason.as_deref(), Some("refused" | "unknown"))
            };
            let due = there.as_ref().filter(|paper| over(paper)).map(|_| now);
            change.push(Write::Accident(AccidentWrite::HandedIn(id, item, due)));
            return Ok(());
        };
        if let Some(there) = &there {
            let before = opened.check(there)?;
            let in_force = there.holds_until.is_some_and(|until| until > now);
            if in_force && before.is_some_and(|before| before.method != MYDATA) {
                return Ok(());
            }
        }
        let on = there.as_ref().map(|paper| paper.on).or_else(|| Some(release(item, opened.known.on)?.on));
        let on = on.unwrap_or(opened.known.on);
        if there.is_none() {
            let new = NewPaper { item, on, due_at: None };
            change.push(Write::Accident(AccidentWrite::Papers(id, vec![new], now)));
        }
        let paper = there.unwrap_or_else(|| KeptPaper::unasked(item, on));
        let (check, until) = self.receipt_of_transfer(opened, item, checked)?;
        // Others of the accident need the paper itself on grounds of their own: for them it is asked for on its day.
        let due_at = if self.is_awaited_beside(id, claim).await? { paper.due_at } else { None };
        change.push(step(now, id, &paper, |step| {
            (step.state, step.due_at, step.tries) = (PaperState::Arrived, due_at, 0);
            step.arrived = Some(ArrivedPaper { version: None, content: None, check, until });
        }));
        self.tell_of_paper(id, (item, PaperState::Arrived.as_str(), on), change).await?;
        for (beside, _) in self.store.claims_of_accident(id).await? {
            change.push(self.due(beside));
        }
        Ok(())
    }

    /// The receipt of a paper that a data provider signed, sealed under the accident's key.
    fn receipt_of_transfer(
        &self,
        opened: &Opened,
        item: Item,
        checked: &Checked,
    ) -> Result<(Vec<u8>, Timestamp), Fault> {
        let (now, until) = self.check_times()?;
        let check = self.signed_check(AccidentPaperCheck {
            accident: opened.kept.id.to_string(),
            paper: item.as_str().to_owned(),
            jurisdiction: opened.kept.jurisdiction.map(Jurisdiction::as_str).unwrap_or_default().to_owned(),
            source: MYDATA.to_owned(),
            method: MYDATA.to_owned(),
            result: CheckResult::Authentic,
            version: None,
            digest: Some(checked.digest.clone()),
            answer: checked.answer.clone(),
            checked_at: now,
            valid_until: until,
            receipt: None,
        })?;
        let json = serde_json::to_vec(&check).map_err(|error| Fault::Packet(error.into()))?;
        Ok((opened.seal(item, "receipt", &json)?, until))
    }

    /// Now and when a check made now ends, in whole seconds.
    pub(super) fn check_times(&self) -> Result<(Timestamp, Timestamp), Fault> {
        let now = self.time_to_sign()?;
        let whole = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
        Ok((whole(now), whole(now.checked_add(CHECK_HOLDS).unwrap_or(Timestamp::MAX))))
    }

    /// A check with the gateway's receipt of it.
    pub(super) fn signed_check(&self, mut check: AccidentPaperCheck) -> Result<AccidentPaperCheck, Fault> {
        let ring = self.ring.present();
        let key = ring.signing(crate::keys::ring::SigningUse::Packet, check.checked_at)?;
        let receipt = claimgate_packet::check::sign(&self.issuer, &check, key);
        check.receipt = Some(receipt.map_err(|_| Fault::Stored("verification receipt"))?);
        Ok(check)
    }

    /// Whether another claim of an accident has a ground for its papers.
    async fn is_awaited_beside(&self, accident: AccidentId, claim: ClaimId) -> Result<bool, Fault> {
        for (beside, _) in self.store.claims_of_accident(accident).await? {
            let recipients = self.store.accident_recipients(beside).await?;
            if beside != claim && recipients.iter().any(|(_, _, ground, ended)| ground.is_some() && ended.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl KeptPaper {
    /// One that was written in the same change, and nobody asked for.
    fn unasked(item: Item, on: jiff::civil::Date) -> Self {
        Self {
            item,
            state: PaperState::Expected,
            on,
            due_at: None,
            tries: 0,
            asked: 0,
            reason: None,
            paper_version: None,
            whole: false,
            receipt: None,
            holds_until: None,
            handed_in: false,
            version: 1,
        }
    }
}

/// Whether two documents are the same paper; of vehicles there is one each.
fn is_paper(one: &Document, other: &Document) -> bool {
    match (one, other) {
        (Document::VehicleRegistration(one), Document::VehicleRegistration(other)) => {
            one.plate.as_deref().map(plain) == other.plate.as_deref().map(plain)
        }
        _ => one.kind() == other.kind(),
    }
}

/// A document without what it says of its files here.
fn unreferred(document: &Document) -> Document {
    let mut document = document.clone();
    match &mut document {
        Document::AccidentSceneSketch(sketch) => sketch.drawing = None,
        Document::AccidentScenePhotos(photos) => {
            for photo in &mut photos.photos {
                (photo.attachment, photo.taken_at, photo.taken_at_point) = (None, None, None);
            }
        }
        _ => {}
    }
    document
}
