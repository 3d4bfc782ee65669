//! The files of one push (附件): each becomes an attachment of its evidence, its bytes sealed under the claim's key.
//!
//! In: files by position of their document, and what the claim has already. Out: names in the evidence, and rows for
//! the files that are new. A file the claim has keeps its id, so that a recipient that has it need not fetch it again.
//! Small files stand in the database; larger ones, and those uploaded before, outside it.

use std::collections::HashSet;
use std::sync::Arc;

use claimgate_adapters::hospital::HospitalAttachment;
use claimgate_packet::evidence::{Attachment, Evidence};
use claimgate_packet::jose::base64url;

use super::uploads::FromUpload;
use crate::core::change::{AttachmentRow, Write};
use crate::core::upload::UploadWrite;
use crate::flows::files::{Secret, object_row};
use crate::flows::{Engine, Fault};
use crate::id::{AttachmentId, ClaimId, ObjectId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;
use crate::objects::Parts;

/// The file of an attachment as it is carried on.
pub(super) struct Carried<'a> {
    file: &'a HospitalAttachment,
    upload: Option<FromUpload>,
    mac: Mac,
}

/// Each file with what was uploaded of it. Keyed digests are within the claim: equal files of other claims do not meet.
pub(super) fn carried<'a>(
    engine: &Engine,
    claim: ClaimId,
    files: &'a [HospitalAttachment],
    uploads: Vec<Option<FromUpload>>,
) -> Vec<Carried<'a>> {
    let scope = claim.to_string();
    let mac = |purpose, content: &[u8]| engine.index.exact(purpose, &[scope.as_bytes(), content]);
    let mut uploads = uploads.into_iter();
    files
        .iter()
        .map(|file| {
            let upload = uploads.next().flatten();
            let mac = match &upload {
                Some(upload) => mac("attachment.object", &upload.secret.digest),
                None => mac("attachment.content", &file.file.content),
            };
            Carried { file, upload, mac }
        })
        .collect()
}

/// The keyed digests.
pub(super) fn digests(carried: &[Carried<'_>]) -> Vec<Mac> {
    carried.iter().map(|one| one.mac).collect()
}

/// A file the claim has not had before.
pub(super) struct NewFile<'a> {
    id: AttachmentId,
    carried: &'a Carried<'a>,
    /// Where it is kept before the change, if it is too large for the database.
    outside: Option<(ObjectId, Secret)>,
}

/// Names every file in the evidence of its document; gives the files that are new.
///
/// The same bytes twice in one document are one attachment; in two documents they are two, because each may go to other
/// recipients and a packet names an id once.
///
/// # Errors
/// A file of a document that is not there.
pub(super) fn named<'a>(
    engine: &Engine,
    evidence: &mut [Evidence],
    files: &'a [Carried<'a>],
    mut known: Vec<(AttachmentId, Mac)>,
) -> Result<Vec<NewFile<'a>>, Fault> {
    let (mut new, mut seen) = (Vec::new(), HashSet::new());
    for carried in files {
        let document = carried.file.document;
        let evidence = evidence.get_mut(document).ok_or(Fault::Stored("attachment"))?;
        if !seen.insert((document, carried.mac)) {
            continue;
        }
        let id = if let Some(place) = known.iter().position(|(_, mac)| *mac == carried.mac) {
            known.remove(place).0
        } else {
            let id = AttachmentId::new(engine.now(), &engine.random);
            new.push(NewFile { id, carried, outside: None });
            id
        };
        let media = carried.file.file.media.as_str();
        evidence.attachments.push(match &carried.upload {
            None => Attachment::of(id.to_string(), media, &carried.file.file.content),
            Some(upload) => Attachment {
                id: id.to_string(),
                digest: base64url::encode(upload.secret.digest.as_slice()),
                derived_from: None,
                transform: None,
                media_type: media.to_owned(),
                bytes: upload.bytes,
            },
        });
    }
    Ok(new)
}

/// Keeps the larger ones outside the database. Where the change is not committed, they go again.
pub(super) async fn keep_larger(engine: &Engine, new: &mut [NewFile<'_>]) -> Result<(), Fault> {
    for one in new.iter_mut().filter(|one| one.carried.upload.is_none()) {
        let content = &one.carried.file.file.content;
        if content.len() > engine.rules.database_bytes {
            one.outside = Some(engine.keep_outside(Arc::clone(content)).await?);
        }
    }
    Ok(())
}

/// The rows of a new file, sealed for its place.
pub(super) fn rows(key: &ClaimKey, (claim, revision): (ClaimId, i64), new: &NewFile<'_>) -> Result<Vec<Write>, Fault> {
    let row = new.id.to_string();
    let file = &new.carried.file.file;
    let content = &file.content;
    let mut writes = Vec::new();
    let (bytes, content, object) = if let Some(upload) = &new.carried.upload {
        let object = object_row(key, new.id, (upload.object, &upload.parts, &upload.secret))?;
        (upload.bytes, Vec::new(), Some(object))
    } else {
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if let Some((object, secret)) = &new.outside {
            writes.push(Write::Upload(UploadWrite::Keep(*object)));
            (bytes, Vec::new(), Some(object_row(key, new.id, (*object, &Parts::one(), secret))?))
        } else {
            let place = Place { table: "attachment", row: &row, column: "content" };
            (bytes, key.seal(place, content)?, None)
        }
    };
    writes.push(Write::Attachment(Box::new(AttachmentRow {
        id: new.id,
        claim,
        revision,
        content_mac: new.carried.mac,
        media_type: file.media.as_str(),
        bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
        content,
        object,
    })));
    Ok(writes)
}

/// The uploads the claim takes over, each once.
pub(super) fn taken_over(claim: ClaimId, new: &[NewFile<'_>]) -> Vec<Write> {
    let mut seen = HashSet::new();
    let free =
        new.iter().filter_map(|one| one.carried.upload.as_ref()).filter_map(|upload| Some((upload.free?, upload)));
    free.filter(|(id, _)| seen.insert(*id))
        .map(|(id, upload)| Write::Upload(UploadWrite::Bind(id, upload.object, claim)))
        .collect()
}
