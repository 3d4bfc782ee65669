//! Files of a case: an upload becomes one when a field names it, and is copied into each claim it belongs to, segment by
//! segment, under that claim's key. A claim that goes takes its own copy along and no other's.

use claimgate_fhir::media::Media;
use claimgate_packet::evidence::Attachment;
use claimgate_packet::evidence::accident::NoticeFile;
use claimgate_packet::jose::base64url;

use super::{Case, NotCased, file_of};
use crate::core::cases::draft::Edit;
use crate::core::cases::facts::belongs;
use crate::core::cases::field::{FieldFault, FileItem, FileKind, PlannedClaim, read};
use crate::core::cases::{CaseFile, CaseWrite, MOST_FILES, place_of_file};
use crate::core::change::{AttachmentRow, Change, Write};
use crate::core::ledger::day;
use crate::core::upload::{UploadState, UploadWrite};
use crate::flows::accident::Revising;
use crate::flows::files::{Secret, Whole, object_row};
use crate::flows::{Engine, Fault};
use crate::id::{AttachmentId, CaseFileId, ObjectId, UploadId};
use crate::objects::{ObjectKey, Parts, leaf, segments};
use crate::party::Party;
use crate::store::KeptFile;

/// Edits that are made, and those whose file cannot be taken.
type Sorted = (Vec<Edit>, Vec<(String, FieldFault)>);

impl Engine {
    /// Takes over the uploads that edits name, and sorts out edits whose upload cannot be taken.
    pub(super) async fn take_files(
        &self,
        app: &Party,
        case: &Case,
        edits: &[Edit],
        change: &mut Change,
    ) -> Result<Sorted, NotCased> {
        let (mut made, mut faults) = (Vec::new(), Vec::new());
        let mut files: Option<Vec<String>> = None;
        for edit in edits {
            let item = file_of(edit).filter(|_| read(&edit.name, edit.value.clone(), day(self.now())).is_ok());
            let Some(item) = item else {
                made.push(edit.clone());
                continue;
            };
            let known = if let Some(files) = &mut files {
                files
            } else {
                let kept = self.store.files_of_case(case.kept.id).await?;
                files.insert(kept.into_iter().map(|file| file.upload).collect())
            };
            if known.contains(&item.upload) {
                made.push(edit.clone());
            } else if known.len() >= MOST_FILES {
                faults.push((edit.name.clone(), FieldFault::FILES));
            } else {
                match self.take_file(app, case, &item, change).await? {
                    Ok(()) => {
                        known.push(item.upload);
                        made.push(edit.clone());
                    }
                    Err(fault) => faults.push((edit.name.clone(), fault)),
                }
            }
        }
        Ok((made, faults))
    }

    async fn take_file(
        &self,
        app: &Party,
        case: &Case,
        item: &FileItem,
        change: &mut Change,
    ) -> Result<Result<(), FieldFault>, NotCased> {
        let Ok(upload) = item.upload.parse::<UploadId>() else { return Ok(Err(FieldFault::UPLOAD)) };
        let view = self.store.upload(&app.id, upload, self.now()).await?;
        let Some(view) = view.filter(|view| view.claim.is_none()) else { return Ok(Err(FieldFault::UPLOAD)) };
        if view.state != UploadState::Complete {
            return Ok(Err(FieldFault::UPLOADING));
        }
        let secret = self.upload_secret(&view)?;
        let id = CaseFileId::new(self.now(), &self.random);
        let row = id.to_string();
        change.push(Write::Case(CaseWrite::File(Box::new(CaseFile {
            id,
            case: case.kept.id,
            upload,
            object: view.object,
            parts: view.parts.to_string(),
            bytes: i64::try_from(view.bytes).unwrap_or(i64::MAX),
            media_type: view.media_type.clone(),
            secret: case.key.seal(place_of_file(&row), &secret.to_bytes())?,
            content: self.index.exact("case.file", &[&secret.digest]),
            at: self.now(),
        }))));
        change.push(Write::Case(CaseWrite::Bound(upload, view.object)));
        change.push(self.audit(app.id.as_str(), "case.file", &case.kept.id, [("file", row)]));
        Ok(Ok(()))
    }

    /// The files of a case that belong to a claim, as attachments of it.
    pub(super) async fn claim_files(
        &self,
        case: &Case,
        plan: &PlannedClaim,
        revising: &mut Revising,
    ) -> Result<(Vec<NoticeFile>, Vec<Attachment>), Fault> {
        let wanted = case.body.draft.items("file").filter_map(|(_, value)| {
            let item: FileItem = serde_json::from_value(value.clone()).ok()?;
            belongs(item.kind, plan.kind).then_some(item)
        });
        let wanted: Vec<FileItem> = wanted.collect();
        if wanted.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let kept = self.store.files_of_case(case.kept.id).await?;
        let (mut named, mut attachments) = (Vec::new(), Vec::new());
        for item in wanted {
            let Some(file) = kept.iter().find(|file| file.upload == item.upload) else { continue };
            let attachment = self.attach_copy(case, file, revising).await?;
            named.push(NoticeFile { attachment: attachment.id.clone(), kind: word(item.kind), caption: item.caption });
            if !attachments.iter().any(|known: &Attachment| known.id == attachment.id) {
                attachments.push(attachment);
            }
        }
        Ok((named, attachments))
    }

    /// A copy of a file under the claim's key; one the claim has already keeps its id.
    async fn attach_copy(&self, case: &Case, file: &KeptFile, revising: &mut Revising) -> Result<Attachment, Fault> {
        let row = file.id.to_string();
        let secret = case.key.open(place_of_file(&row), &file.secret)?;
        let secret = Secret::from_bytes(&secret).ok_or(Fault::Stored("case_file"))?;
        let media = Media::declared(&file.media_type).ok_or(Fault::Stored("case_file"))?;
        let claim = revising.head.id;
        let described = |id: AttachmentId| Attachment {
            id: id.to_string(),
            digest: base64url::encode(&secret.digest),
            derived_from: None,
            transform: None,
            media_type: media.as_str().to_owned(),
            bytes: file.bytes,
        };
        let content_mac = self.index.exact("attachment.case-file", &[claim.to_string().as_bytes(), &secret.digest]);
        if let Some((id, _)) = self.store.known_attachments(claim, &[content_mac]).await?.into_iter().next() {
            return Ok(described(id));
        }
        let (object, copied) = self.copied(file, &secret).await?;
        let id = AttachmentId::new(self.now(), &self.random);
        revising.writes.push(Write::Upload(UploadWrite::Keep(object)));
        revising.writes.push(Write::Attachment(Box::new(AttachmentRow {
            id,
            claim,
            revision: revising.revision,
            content_mac,
            media_type: media.as_str(),
            bytes: i64::try_from(file.bytes).unwrap_or(i64::MAX),
            content: Vec::new(),
            object: Some(object_row(&revising.key, id, (object, &Parts::one(), &copied))?),
        })));
        Ok(described(id))
    }

    /// Copies a file into an object of its own, one segment at a time. Without the change that refers to it, it goes again.
    async fn copied(&self, file: &KeptFile, secret: &Secret) -> Result<(ObjectId, Secret), Fault> {
        let (object, key) = (ObjectId::at_random(&self.random), ObjectKey::generate(&self.random));
        let mut change = Change::new("copy_case_file");
        change.push(Write::Upload(UploadWrite::Due(object, self.in_hours(1))));
        self.store.commit(change).await?;
        let from = Whole { object: file.object, parts: &file.parts, bytes: file.bytes };
        let parts = Parts::one();
        let mut leaves = Vec::new();
        for number in 0..segments(file.bytes) {
            let plain = self.segment(from, &secret.key, number).await?;
            let cipher = key.cipher(object, file.bytes, &self.random)?;
            let sealed =
                tokio::task::spawn_blocking(move || Ok::<_, Fault>((leaf(&plain), cipher.seal(number, &plain)?)));
            let (leaf, sealed) = sealed.await.map_err(|_| Fault::Task)??;
            leaves.push(leaf);
            self.objects.put(object, (parts.epoch(number), number), sealed).await?;
        }
        self.keep_leaves(Whole { object, parts: &parts, bytes: file.bytes }, &key, &leaves).await?;
        Ok((object, Secret { key, ..secret.clone() }))
    }
}

/// The word of what a file is.
fn word(kind: FileKind) -> String {
    serde_json::to_value(kind).ok().and_then(|word| Some(word.as_str()?.to_owned())).unwrap_or_default()
}
