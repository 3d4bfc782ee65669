//! What arrived becomes the next revision of a claim: each paper with its check, or the check alone, by the ground of each
//! recipient. A paper that is in the claim already, in the same version, stays as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use claimgate_adapters::police::api::{Item, Paper, document};
use claimgate_packet::evidence::{
    ACCIDENT_PAPER_CHECK, AccidentPaperCheck, Attachment, Document, Evidence, Source, Verification,
};
use claimgate_packet::words::{Line, Purpose};

use super::ask::NOBODY;
use super::pictures::{Passed, refer};
use super::{FORM, MYDATA, MYDATA_FORM, Opened};
use crate::consent::{self, Limits};
use crate::core::accident::calendar::{Share, share};
use crate::core::accident::{AccidentWrite, UseRow};
use crate::core::change::{AttachmentRow, Change, NextRevision, Write};
use crate::core::coordination;
use crate::core::route::Recipient;
use crate::core::upload::UploadWrite;
use crate::flows::files::object_row;
use crate::flows::health::send::Sending;
use crate::flows::health::{Released, evidence_row, evidence_text, stored_evidence};
use crate::flows::{Engine, Fault};
use crate::id::{AttachmentId, ClaimId, ConsentId, EvidenceId, UseId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::objects::Parts;
use crate::party::PartyId;
use crate::store::{ClaimHead, DueWork, FilingView, KeptPaper, StoreError};

/// A claim on its way to its next revision.
pub(in crate::flows) struct Revising {
    pub head: ClaimHead,
    pub key: ClaimKey,
    pub revision: i64,
    pub evidence: Vec<Evidence>,
    pub writes: Vec<Write>,
}

/// What a recipient got of papers before.
type Used = (PartyId, Line, String, i64);

impl Engine {
    /// Does a due step of a claim of an accident: takes in what arrived, and sends.
    pub(in crate::flows) async fn revise(&self, work: DueWork, filing: &FilingView) -> Result<Released, Fault> {
        let Some(mut revising) = self.revising(work.claim).await? else { return Ok(Released::Waiting) };
        let Some(kept) = self.store.accident(filing.accident).await? else { return Ok(Released::Waiting) };
        let there = self.opened_accident(kept)?;
        let papers = self.store.accident_papers(filing.accident).await?;
        for paper in &papers {
            if paper.holds_until.is_none_or(|until| until <= self.now()) {
                continue;
            }
            let Some(check) = there.check(paper)? else { continue };
            if revising.lacks(paper, &check) {
                let content = self.paper_of(&there, paper).await?;
                self.take_paper(&mut revising, paper.item, check, content.as_ref()).await?;
            }
        }
        self.label_handed_in(&mut revising, &there, &papers)?;
        let opener = self.store.party(&revising.head.hospital).await?.ok_or(Fault::Stored("party"))?;
        let mut recipients = Vec::new();
        let (mut permitted, mut kinds) = (Vec::new(), BTreeSet::new());
        for (party, line, ground, ended) in self.store.accident_recipients(work.claim).await? {
            let (share, checked) = (share(ground), revising.has(ACCIDENT_PAPER_CHECK));
            if ended.is_some() || (share == Share::Check && !checked) {
                continue;
            }
            kinds.insert(ground.map_or("none", |kind| kind.as_str()));
            let party = self.store.party(&party).await?.ok_or(Fault::Stored("party"))?;
            let only = (share == Share::Check).then(|| BTreeSet::from([ACCIDENT_PAPER_CHECK.to_owned()]));
            permitted.push((party.id.clone(), line, Limits { only, ..Limits::default() }));
            recipients.push((Recipient { party: Arc::new(party), line }, share));
        }
        let mut change = Change::new("revise_accident_claim");
        change.push(Write::RelyOnParty(opener.id.clone(), opener.version));
        if !recipients.is_empty() && papers.iter().any(|paper| paper.reason.as_deref() == Some(NOBODY)) {
            // Nobody was to get them for a while, as of a claim that was restricted.
            let wanting = self.wanting(filing.accident).await?;
            self.want_papers(&there, &wanting, &mut change).await?;
        }
        let added = !revising.writes.is_empty();
        change.push(if added {
            let Revising { head, revision, .. } = &revising;
            let (id, version, revision) = (head.id, head.version, *revision);
            Write::NextRevision(NextRevision { id, version, revision, at: self.now() })
        } else {
            Write::TouchClaim(revising.head.id, revising.head.version, self.now())
        });
        change.writes.append(&mut revising.writes);
        let uses = self.store.uses_of_claim(work.claim).await?;
        let identity = self.identity_standing(work.claim).await?;
        // Who waits for a surer identity gets nothing yet.
        let strong = |(one, _): &&(Recipient, Share)| identity.weak(self, &one.party.id, one.line).is_none();
        let getting: Vec<(Recipient, Share)> = recipients.iter().filter(strong).cloned().collect();
        self.note_uses(&there, &revising, (&getting, &uses), &mut change);
        let reference = format!("accident:{}", kinds.into_iter().collect::<Vec<_>>().join("+"));
        let permit = consent::of_accident(ConsentId::new(self.now(), &self.random), &reference, permitted);
        let recipients: Vec<Recipient> = recipients.into_iter().map(|(recipient, _)| recipient).collect();
        let previous = self.store.previous_deliveries(work.claim).await?;
        let before = self.store.before_revision(work.claim, &[]).await?;
        let sending = Sending {
            claim: work.claim,
            revision: if added { revising.revision } else { revising.head.revision },
            hospital: &opener,
            key: &revising.key,
            evidence: &revising.evidence,
            permit: &permit,
            recipients: &recipients,
            previous: &previous,
            before: &before,
            // Nobody shares what the police say with others by halves.
            known: &coordination::Known::default(),
            identity: &identity,
        };
        let sent = sending.write(self, &mut change)?;
        let complete = sent.waiting.is_empty();
        if complete {
            change.push(Write::WorkDone(work.id, work.fence, self.now()));
        }
        if complete || sent.made || sent.noted {
            self.store.commit(change).await?;
        }
        Ok(if complete { Released::Done } else { Released::Waiting })
    }

    /// A claim with its evidence, opened; none while it is restricted.
    pub(in crate::flows) async fn revising(&self, claim: ClaimId) -> Result<Option<Revising>, Fault> {
        let head = match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) => return Ok(None),
            found => found?.ok_or(Fault::Stored("claim"))?,
        };
        let key = self.vault.open_claim_key(head.id, &head.wrapped_key)?;
        let mut evidence = Vec::new();
        for (id, body) in self.store.current_evidence(head.id).await? {
            evidence.push(stored_evidence(&key, id, &body)?);
        }
        Ok(Some(Revising { revision: head.revision + 1, head, key, evidence, writes: Vec::new() }))
    }

    /// Takes in a paper and its check, in place of another version of it.
    async fn take_paper(
        &self,
        revising: &mut Revising,
        item: Item,
        check: AccidentPaperCheck,
        content: Option<&Paper>,
    ) -> Result<(), Fault> {
        let known = revising.knows(&check);
        let verified = Verification {
            method: check.method.clone(),
            result: "authentic".to_owned(),
            at: check.checked_at,
            key: None,
        };
        let form = if check.method == MYDATA { MYDATA_FORM } else { FORM };
        let source = Source { party: check.source.clone(), form: form.to_owned() };
        let obtained = check.checked_at;
        if !known {
            let is_check = |one: &Evidence| matches!(&one.document, Document::AccidentPaperCheck(known) if known.paper == check.paper);
            revising.supersede(is_check)?;
            let document = Document::AccidentPaperCheck(Box::new(check));
            let (source, verified) = (source.clone(), verified.clone());
            self.add_evidence(
                revising,
                Evidence { id: String::new(), source, obtained, verified, attachments: Vec::new(), document },
            )?;
        }
        let Some(paper) = content else { return Ok(()) };
        revising.supersede(|one| one.document.kind() == item.as_str())?;
        let (bytes, files) = paper.bytes().map_err(|_| Fault::Stored("accident_paper"))?;
        let (mut attachments, mut referred) = (Vec::new(), Vec::new());
        for (stated, content) in paper.files.iter().zip(files) {
            let (attachment, camera) = self.pass_on(revising, Passed::of(&stated.media_type, &content)).await?;
            referred.push((stated.name.clone(), attachment.id.clone(), camera));
            attachments.push(attachment);
        }
        let mut document = document(item, &bytes, &[]).map_err(|_| Fault::Stored("accident_paper"))?;
        refer(&mut document, &referred);
        self.add_evidence(revising, Evidence { id: String::new(), source, obtained, verified, attachments, document })
    }

    /// Adds evidence under an id of its own.
    pub(in crate::flows) fn add_evidence(&self, revising: &mut Revising, evidence: Evidence) -> Result<(), Fault> {
        let evidence = Evidence { id: EvidenceId::new(self.now(), &self.random).to_string(), ..evidence };
        let place = (revising.head.id, revising.revision);
        let row = evidence_row(&revising.key, place, (&evidence, &evidence_text(&evidence)?))?;
        revising.writes.push(Write::Evidence(row));
        revising.evidence.push(evidence);
        Ok(())
    }

    /// Keeps a file under the claim's key; one the claim has already keeps its id.
    pub(super) async fn attach(
        &self,
        revising: &mut Revising,
        media_type: &str,
        content: Vec<u8>,
    ) -> Result<Attachment, Fault> {
        let media_type = match media_type {
            "image/png" => "image/png",
            "image/jpeg" => "image/jpeg",
            _ => "application/pdf",
        };
        let claim = revising.head.id;
        let content_mac = self.index.exact("attachment.content", &[claim.to_string().as_bytes(), &content]);
        let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
        let used: Vec<&str> =
            revising.evidence.iter().flat_map(|one| &one.attachments).map(|file| file.id.as_str()).collect();
        let known = self.store.known_attachments(claim, &[content_mac]).await?;
        if let Some((id, _)) = known.into_iter().find(|(id, _)| !used.contains(&id.to_string().as_str())) {
            return Ok(Attachment::of(id.to_string(), media_type, &content));
        }
        let id = AttachmentId::new(self.now(), &self.random);
        let (row, described) = (id.to_string(), Attachment::of(id.to_string(), media_type, &content));
        let (content, object) = if content.len() > self.rules.database_bytes {
            let (object, secret) = self.keep_outside(content.into()).await?;
            revising.writes.push(Write::Upload(UploadWrite::Keep(object)));
            (Vec::new(), Some(object_row(&revising.key, id, (object, &Parts::one(), &secret))?))
        } else {
            let place = Place { table: "attachment", row: &row, column: "content" };
            (revising.key.seal(place, &content)?, None)
        };
        revising.writes.push(Write::Attachment(Box::new(AttachmentRow {
            id,
            claim,
            revision: revising.revision,
            content_mac,
            media_type,
            bytes,
            content,
            object,
        })));
        Ok(described)
    }

    /// Who gets what of which paper from now on, for its source to see.
    fn note_uses(
        &self,
        opened: &Opened,
        revising: &Revising,
        (recipients, before): (&[(Recipient, Share)], &[Used]),
        change: &mut Change,
    ) {
        for one in &revising.evidence {
            let Document::AccidentPaperCheck(check) = &one.document else { continue };
            // A data provider behind MyData is no party here.
            if check.method == MYDATA {
                continue;
            }
            let (Ok(item), Ok(source)) = (check.paper.parse::<Item>(), check.source.parse::<PartyId>()) else {
                continue;
            };
            let version = check.version.map_or(0, i64::from);
            for (recipient, share) in recipients {
                let (party, line) = (&recipient.party.id, recipient.line);
                let known = |(of, on, paper, seen): &Used| {
                    of == party && *on == line && *paper == check.paper && *seen == version
                };
                if before.iter().any(known) {
                    continue;
                }
                let given = self.policy.grant(recipient.addressee(), Purpose::ClaimAssessment, &check.paper);
                let content = *share == Share::Content && given.is_some() && revising.has_own(item.as_str());
                change.push(Write::Accident(AccidentWrite::Use(UseRow {
                    id: UseId::new(self.now(), &self.random),
                    source: source.clone(),
                    accident: opened.kept.id,
                    item,
                    version,
                    claim: revising.head.id,
                    party: party.clone(),
                    line,
                    share: if content { Share::Content } else { Share::Check },
                    at: self.now(),
                })));
            }
        }
    }
}

impl Revising {
    /// Whether the claim has this check, of this version.
    fn knows(&self, check: &AccidentPaperCheck) -> bool {
        self.evidence.iter().any(|one| match &one.document {
            Document::AccidentPaperCheck(known) => {
                known.paper == check.paper && known.version == check.version && known.digest == check.digest
            }
            _ => false,
        })
    }

    /// Whether a paper, or its check, is to be taken in.
    fn lacks(&self, paper: &KeptPaper, check: &AccidentPaperCheck) -> bool {
        let own = |one: &Evidence| one.document.kind() == paper.item.as_str() && one.source.form == FORM;
        !self.knows(check) || paper.whole && !self.evidence.iter().any(own)
    }

    /// Whether the source's own paper is in the claim, and not a scan of it.
    fn has_own(&self, kind: &str) -> bool {
        self.evidence.iter().any(|one| one.document.kind() == kind && one.source.form == FORM)
    }

    fn has(&self, kind: &str) -> bool {
        self.evidence.iter().any(|one| one.document.kind() == kind)
    }

    /// What these are is replaced by what this revision brings.
    pub(in crate::flows) fn supersede(&mut self, which: impl Fn(&Evidence) -> bool) -> Result<(), Fault> {
        for one in self.evidence.iter().filter(|one| which(one)) {
            let id = one.id.parse().map_err(|_| Fault::Stored("evidence"))?;
            self.writes.push(Write::Accident(AccidentWrite::Supersede(id, self.revision)));
        }
        self.evidence.retain(|one| !which(one));
        Ok(())
    }
}
