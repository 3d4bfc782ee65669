//! The files of one push (附件): each becomes an attachment of its evidence, its bytes sealed under the claim's key.
//!
//! In: files by position of their document, and what the claim has already. Out: names in the evidence, and rows for
//! the files that are new. A file the claim has keeps its id, so that a recipient that has it need not fetch it again.

use std::collections::HashSet;

use claimgate_adapters::hospital::HospitalAttachment;
use claimgate_fhir::evidence::File;
use claimgate_packet::evidence::{Attachment, Evidence};

use crate::core::change::{AttachmentRow, Write};
use crate::flows::{Engine, Fault};
use crate::id::{AttachmentId, ClaimId};
use crate::keys::at_rest::{ClaimKey, Place};
use crate::keys::index::Mac;

/// Keyed digests of the files' bytes within the claim: equal files of other claims do not meet.
pub(super) fn digests(engine: &Engine, claim: ClaimId, files: &[HospitalAttachment]) -> Vec<Mac> {
    let scope = claim.to_string();
    let digest = |content: &[u8]| engine.index.exact("attachment.content", &[scope.as_bytes(), content]);
    files.iter().map(|one| digest(&one.file.content)).collect()
}

/// A file the claim has not had before.
pub(super) struct NewFile<'a> {
    id: AttachmentId,
    content_mac: Mac,
    file: &'a File,
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
    (files, digests): (&'a [HospitalAttachment], &[Mac]),
    mut known: Vec<(AttachmentId, Mac)>,
) -> Result<Vec<NewFile<'a>>, Fault> {
    let (mut new, mut seen) = (Vec::new(), HashSet::new());
    for (one, content_mac) in files.iter().zip(digests.iter().copied()) {
        let evidence = evidence.get_mut(one.document).ok_or(Fault::Stored("attachment"))?;
        if !seen.insert((one.document, content_mac)) {
            continue;
        }
        let file = &one.file;
        let id = if let Some(place) = known.iter().position(|(_, mac)| *mac == content_mac) {
            known.remove(place).0
        } else {
            let id = AttachmentId::new(engine.now(), &engine.random);
            new.push(NewFile { id, content_mac, file });
            id
        };
        evidence.attachments.push(Attachment::of(id.to_string(), file.media.as_str(), &file.content));
    }
    Ok(new)
}

/// The row of a new file, sealed for its place.
pub(super) fn row(key: &ClaimKey, (claim, revision): (ClaimId, i64), new: &NewFile<'_>) -> Result<Write, Fault> {
    let row = new.id.to_string();
    let content = &new.file.content;
    Ok(Write::Attachment(Box::new(AttachmentRow {
        id: new.id,
        claim,
        revision,
        content_mac: new.content_mac,
        media_type: new.file.media.as_str(),
        bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
        content: key.seal(Place { table: "attachment", row: &row, column: "content" }, content)?,
    })))
}
