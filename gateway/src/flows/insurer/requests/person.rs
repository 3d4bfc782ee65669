//! The person's part of a request for papers: what is asked of them, and the papers they hand in (自行補件). One upload answers
//! every request that asked for it; each insurer gets a document of its own, and none hears of another.
//!
//! In: files as they came, by what was asked for. Out: evidence beside that of the hospital, and a claim that is due: its
//! packets follow by themselves.

use std::collections::BTreeSet;

use claimgate_adapters::insurer::request::{
    AnswerKept, AnswerResult, DocumentKind, RequestHead, RequestView, SupplementBody,
};
use claimgate_fhir::media::Media;
use claimgate_packet::evidence::{Attachment, Document, Evidence, OwnerPaper, Source, Verification};

use super::{Engine, Fault, NotAsked, NotDone, TRIES, head, opened, sealed};
use crate::core::change::{AttachmentRow, Change, Write};
use crate::core::request::{RequestKind, RequestState};
use crate::core::submission::SubmissionState;
use crate::core::upload::UploadWrite;
use crate::flows::files::object_row;
use crate::flows::health::{evidence_row, evidence_text, stored_evidence};
use crate::id::{AttachmentId, ClaimId, EvidenceId, TaskId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::objects::Parts;
use crate::party::PartyId;
use crate::store::{ClaimHead, KeptRequest, StoreError};

/// The form of what a person handed in.
const FORM: &str = "handed-in-1";
/// The most papers a person hands in for a claim: a packet has room for those of the hospital beside them.
const MOST_PAPERS: usize = 24;
/// The most files of an answer.
const MOST_FILES: usize = 10;
/// The largest file of an answer, in bytes.
const LARGEST_FILE: usize = 5 << 20;
/// All files of an answer together, in bytes.
pub const LARGEST_ANSWER: usize = 20 << 20;

/// Why a file is no paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPaper {
    /// Too many at once.
    #[error("an answer takes at most 10 files")]
    TooMany,
    /// One is too large.
    #[error("a file is at most 5 MiB")]
    TooLarge,
    /// All are too large.
    #[error("the files of an answer are at most 20 MiB together")]
    Together,
    /// An archive, which an office document is too.
    #[error("an archive (zip) or an office document is no paper; send photos or a PDF")]
    Archive,
    /// Something else.
    #[error("each file is a photo (JPEG, PNG, HEIC, WebP, TIFF) or a PDF")]
    Kind,
}

/// Who acts for the person of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An app backend that is linked to the claim.
    App(PartyId),
    /// Somebody on the gateway's own page, by the id of the session; whether a wallet showed who it is.
    Page(String, bool),
}

impl Owner {
    /// The word in the audit trail.
    #[must_use]
    pub fn actor(&self) -> &str {
        match self {
            Self::App(app) => app.as_str(),
            Self::Page(id, _) => id,
        }
    }
}

/// Papers a person hands in.
#[derive(Clone, Default)]
pub struct HandedIn {
    /// By what was asked for.
    pub papers: Vec<Paper>,
    /// Whether that is all the person has: then the request is answered even where something is missing.
    pub complete: bool,
    /// What the person says.
    pub note: Option<String>,
}

/// One paper.
#[derive(Clone)]
pub struct Paper {
    /// Which of the documents asked for it is.
    pub kind: DocumentKind,
    /// Its files: pages, photos.
    pub files: Vec<Vec<u8>>,
}

claimgate_packet::opaque_debug!(HandedIn, Paper);

/// A claim with what a person handed in before.
struct Before {
    head: ClaimHead,
    key: ClaimKey,
    papers: Vec<OwnerPaper>,
}

impl Engine {
    /// What the person of a claim is asked for, for an app that is linked to the claim.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn requests_to_person(&self, app: &PartyId, claim: ClaimId) -> Result<Vec<RequestView>, NotDone> {
        self.requests_of_owner(&Owner::App(app.clone()), claim).await
    }

    /// What the person of a claim is asked for. Every look is audited.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn requests_of_owner(&self, owner: &Owner, claim: ClaimId) -> Result<Vec<RequestView>, NotDone> {
        self.is_owner(owner, claim).await?;
        let all = self.store.requests_to_person(claim).await?;
        let mut change = Change::new("look_at_requests");
        change.push(self.audit(owner.actor(), "request.viewed", &claim, []));
        self.store.commit(change).await?;
        Ok(all.iter().map(|kept| self.opened_request(kept)).collect::<Result<_, Fault>>()?)
    }

    /// Whether somebody may act for the person of a claim. On the page the session says so.
    async fn is_owner(&self, owner: &Owner, claim: ClaimId) -> Result<(), NotDone> {
        match owner {
            Owner::App(app) => self.store.claim_of_app(app, claim).await?.map(|_| ()).ok_or(NotDone::NotFound),
            Owner::Page(..) => Ok(()),
        }
    }

    /// The person hands in papers that one or several requests ask for: all of them are answered, or none. The same files
    /// again change nothing. What comes late takes a submission up again that was closed for it.
    ///
    /// # Errors
    /// Not there, papers nobody asked for, files that are none, or a fault of ours.
    pub async fn hand_in(
        &self,
        owner: &Owner,
        (claim, ids): (ClaimId, &[TaskId]),
        handed: &HandedIn,
    ) -> Result<Vec<RequestHead>, NotDone> {
        self.is_owner(owner, claim).await?;
        let files = media(handed)?;
        for _ in 0..TRIES {
            let before = self.before_handing_in(claim).await?.ok_or(NotDone::NotFound)?;
            let all = self.store.requests_to_person(claim).await?;
            let (mut change, mut heads, mut new) = (Change::new("hand_in"), Vec::new(), 0);
            let mut unused: BTreeSet<DocumentKind> = handed.papers.iter().map(|paper| paper.kind).collect();
            for (place, id) in ids.iter().enumerate() {
                let kept = all.iter().find(|one| one.id == *id && one.kind == RequestKind::Supplement);
                let absent = || if place == 0 { NotDone::NotFound } else { NotAsked::Also.into() };
                let kept = kept.ok_or_else(absent)?;
                if ids.iter().take(place).any(|other| other == id) {
                    return Err(NotAsked::Also.into());
                }
                let asked = asked(&before.key, kept)?;
                unused.retain(|kind| !asked.contains(kind));
                let (head, added) =
                    self.hand_in_one((owner, &before), (kept, &asked), (handed, &files), &mut change).await?;
                new += added;
                heads.push(head);
            }
            if let Some(kind) = unused.first() {
                return Err(NotAsked::NotWanted(kind.as_str()).into());
            }
            if before.papers.len() + new > MOST_PAPERS {
                return Err(NotAsked::TooManyPapers.into());
            }
            if change.writes.is_empty() {
                return Ok(heads);
            }
            if new > 0 {
                change.push(Write::TouchClaim(claim, before.head.version, self.now()));
                change.push(self.due(claim));
            }
            if self.commit_or_redo(change).await?.is_some() {
                return Ok(heads);
            }
        }
        Err(Fault::Contended.into())
    }

    async fn before_handing_in(&self, claim: ClaimId) -> Result<Option<Before>, Fault> {
        let head = match self.store.claim(claim).await {
            Err(StoreError::Barred(_)) => return Ok(None),
            found => found?,
        };
        let Some(head) = head else { return Ok(None) };
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let mut papers = Vec::new();
        for (id, body) in self.store.owner_papers(claim).await? {
            if let Document::OwnerPaper(paper) = stored_evidence(&key, id, &body)?.document {
                papers.push(*paper);
            }
        }
        Ok(Some(Before { head, key, papers }))
    }

    /// One request answered; gives how it stands then, and how many papers are new.
    async fn hand_in_one(
        &self,
        (owner, before): (&Owner, &Before),
        (kept, asked): (&KeptRequest, &BTreeSet<DocumentKind>),
        (handed, files): (&HandedIn, &[Vec<Media>]),
        change: &mut Change,
    ) -> Result<(RequestHead, usize), NotDone> {
        let known = |kind: DocumentKind| {
            let of = |paper: &OwnerPaper| paper.request == kept.id.to_string() && paper.asked_for == kind.as_str();
            before.papers.iter().any(of)
        };
        let mut there: BTreeSet<DocumentKind> = asked.iter().copied().filter(|kind| known(*kind)).collect();
        let (mut wanted, mut new) = (0, 0);
        for (paper, media) in handed.papers.iter().zip(files).filter(|(paper, _)| asked.contains(&paper.kind)) {
            wanted += 1;
            there.insert(paper.kind);
            new += usize::from(self.add_paper((owner, before), kept, (paper, media, handed), change).await?);
        }
        let complete = handed.complete || there == *asked;
        let result = if complete { AnswerResult::Answered } else { AnswerResult::PartlyAnswered };
        let next = RequestState::from(result);
        if new == 0 && (wanted > 0 || handed.complete) && kept.state == next {
            return Ok((head(kept), 0));
        }
        if wanted == 0 && !handed.complete {
            return Err(NotAsked::NothingHandedIn.into());
        }
        let state = kept.state.step(next).map_err(NotAsked::from)?;
        let said = AnswerKept { result, reason: None, note: handed.note.clone() };
        let row = sealed(&before.key, kept.id, "answer", &said)?;
        self.request_step(owner.actor(), kept, (state, Some(row), None), change);
        let late = (SubmissionState::ClosedIncomplete, SubmissionState::Reopened);
        self.submission_follows((owner.actor(), &kept.insurer, kept.submission), late, change).await?;
        Ok((RequestHead { state: state.as_str().to_owned(), ..head(kept) }, new))
    }

    /// A paper as evidence for the insurer of a request; `false` where these very files are there for it already.
    async fn add_paper(
        &self,
        (owner, before): (&Owner, &Before),
        kept: &KeptRequest,
        (paper, media, handed): (&Paper, &[Media], &HandedIn),
        change: &mut Change,
    ) -> Result<bool, NotDone> {
        let request = kept.id.to_string();
        let scope = [kept.claim.to_string(), request.clone(), paper.kind.as_str().to_owned()];
        // Of this paper alone: a file of another document keeps an id of its own, since a packet names an id once.
        let mac = |content: &[u8]| -> Mac {
            let [claim, request, kind] = &scope;
            let parts = [claim.as_bytes(), request.as_bytes(), kind.as_bytes(), content];
            self.index.exact("attachment.owner", &parts)
        };
        let macs: Vec<Mac> = paper.files.iter().map(|content| mac(content)).collect();
        let known = self.store.known_attachments(kept.claim, &macs).await.map_err(Fault::from)?;
        let fresh = |mac: &Mac| !known.iter().any(|(_, there)| there == mac);
        if !macs.iter().any(fresh) {
            return Ok(false);
        }
        let place = (kept.claim, before.head.revision);
        let mut attachments: Vec<Attachment> = Vec::new();
        let mut seen = BTreeSet::new();
        for ((content, media), mac) in paper.files.iter().zip(media).zip(&macs) {
            if fresh(mac) && seen.insert(mac.to_vec()) {
                attachments.push(self.keep_file((&before.key, place), (*media, content), *mac, change).await?);
            }
        }
        let (channel, identified) = match owner {
            Owner::App(_) => ("app", false),
            Owner::Page(_, identified) => ("page", *identified),
        };
        let party = match owner {
            Owner::App(app) => app.to_string(),
            Owner::Page(..) => self.issuer.clone(),
        };
        let document = OwnerPaper {
            request,
            insurer: kept.insurer.to_string(),
            line: kept.line,
            asked_for: paper.kind.as_str().to_owned(),
            channel: channel.to_owned(),
            identified_by: identified.then(|| "wallet".to_owned()),
            note: handed.note.clone(),
        };
        let now = self.now();
        let evidence = Evidence {
            id: EvidenceId::new(now, &self.random).to_string(),
            source: Source { party, form: FORM.to_owned() },
            obtained: now,
            // Nobody has looked at it.
            verified: Verification {
                method: "handed-in".to_owned(),
                result: "unverified".to_owned(),
                at: now,
                key: None,
            },
            attachments,
            document: Document::OwnerPaper(Box::new(document)),
        };
        change.push(Write::Evidence(evidence_row(&before.key, place, (&evidence, &evidence_text(&evidence)?))?));
        let detail = [("request", kept.id.to_string()), ("asked-for", paper.kind.as_str().to_owned())];
        change.push(self.audit(owner.actor(), "paper.handed-in", &kept.claim, detail));
        Ok(true)
    }

    /// A file under the claim's key, in the database or, where it is large, outside.
    async fn keep_file(
        &self,
        (key, (claim, revision)): (&ClaimKey, (ClaimId, i64)),
        (media, content): (Media, &[u8]),
        content_mac: Mac,
        change: &mut Change,
    ) -> Result<Attachment, Fault> {
        let id = AttachmentId::new(self.now(), &self.random);
        let row = id.to_string();
        let described = Attachment::of(row.clone(), media.as_str(), content);
        let bytes = i64::try_from(content.len()).unwrap_or(i64::MAX);
        let (content, object) = if content.len() > self.rules.database_bytes {
            let (object, secret) = self.keep_outside(content.to_vec().into()).await?;
            change.push(Write::Upload(UploadWrite::Keep(object)));
            (Vec::new(), Some(object_row(key, id, (object, &Parts::one(), &secret))?))
        } else {
            (key.seal(Place { table: "attachment", row: &row, column: "content" }, content)?, None)
        };
        let media_type = media.as_str();
        let file = AttachmentRow { id, claim, revision, content_mac, media_type, bytes, content, object };
        change.push(Write::Attachment(Box::new(file)));
        Ok(described)
    }

    /// The papers a person handed in for a claim, as evidence beside what its hospital sends.
    pub(in crate::flows) async fn papers_of_owner(
        &self,
        (claim, key): (ClaimId, &ClaimKey),
    ) -> Result<Vec<Evidence>, Fault> {
        let rows = self.store.owner_papers(claim).await?;
        rows.into_iter().map(|(id, body)| stored_evidence(key, id, &body)).collect()
    }
}

/// The kinds a request asks for.
fn asked(key: &ClaimKey, kept: &KeptRequest) -> Result<BTreeSet<DocumentKind>, Fault> {
    let body: SupplementBody = opened(key, kept.id, "body", &kept.body)?;
    Ok(body.documents.into_iter().map(|wanted| wanted.kind).collect())
}

/// What each file is, by its first bytes: whatever its name says, nothing else is passed on.
fn media(handed: &HandedIn) -> Result<Vec<Vec<Media>>, NotAsked> {
    let count: usize = handed.papers.iter().map(|paper| paper.files.len()).sum();
    if count > MOST_FILES {
        return Err(NotAsked::File(NoPaper::TooMany));
    }
    let bytes: usize = handed.papers.iter().flat_map(|paper| &paper.files).map(Vec::len).sum();
    if bytes > LARGEST_ANSWER {
        return Err(NotAsked::File(NoPaper::Together));
    }
    let of = |content: &Vec<u8>| {
        if content.len() > LARGEST_FILE {
            return Err(NotAsked::File(NoPaper::TooLarge));
        }
        match Media::of(content) {
            Some(media @ (Media::Jpeg | Media::Png | Media::Pdf | Media::Heic | Media::Webp | Media::Tiff)) => {
                Ok(media)
            }
            None if content.starts_with(b"PK") => Err(NotAsked::File(NoPaper::Archive)),
            // A video, a medical image, anything else.
            _ => Err(NotAsked::File(NoPaper::Kind)),
        }
    };
    handed.papers.iter().map(|paper| paper.files.iter().map(of).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say_and_a_zip_is_no_photo() {
        let of = |content: &[u8]| {
            let papers = vec![Paper { kind: DocumentKind::Identity, files: vec![content.to_vec()] }];
            media(&HandedIn { papers, ..HandedIn::default() }).map(|found| found[0][0])
        };
        assert_eq!(of(b"%PDF-1.7\n"), Ok(Media::Pdf));
        assert_eq!(of(b"\0\0\0\x18ftypheic\0\0\0\0mif1"), Ok(Media::Heic));
        assert!(matches!(of(b"PK\x03\x04"), Err(NotAsked::File(NoPaper::Archive))));
        assert!(matches!(of(b"\0\0\0\x20ftypisom\0\0\x02\0isomavc1"), Err(NotAsked::File(_))));
        assert!(of(b"<html>").is_err() && of(b"").is_err());
        let many = vec![Paper { kind: DocumentKind::Identity, files: vec![b"%PDF-".to_vec(); MOST_FILES + 1] }];
        assert!(media(&HandedIn { papers: many, ..HandedIn::default() }).is_err());
    }
}
