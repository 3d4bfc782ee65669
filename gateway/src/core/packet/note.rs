//! The note of a revision (異動清單) for one recipient, and the rows by which the next revision is compared. No IO.

use claimgate_packet::evidence::{
    Document, Evidence, MEDICAL_RECEIPT, RevisedDocument, RevisionMark, RevisionNote, Source, Verification,
};
use serde_json::Value;

use super::{Granted, PacketError, Share, Workshop};
use crate::core::delivery::{Content, content_digest};
use crate::core::revision::{DocumentRow, Holding, Known, Marked, identity, is_compared};
use crate::id::{ClaimId, EvidenceId};

/// The form of evidence the gateway makes itself.
const FORM: &str = "claimgate-revision";

/// A document as it is compared: by its number, and by what the recipient gets of it. Which printing of a receipt it is says
/// nothing of what it states.
pub(super) fn known(
    workshop: &Workshop<'_>,
    claim: ClaimId,
    (one, document): (&Granted<'_>, &Value),
) -> Result<Option<Known>, PacketError> {
    let kind = one.piece.evidence.document.kind();
    if !is_compared(kind) {
        return Ok(None);
    }
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut().filter(|_| kind == MEDICAL_RECEIPT) {
        // Not `remove`, which may move another member.
        members.retain(|name, _| name != "copy");
    }
    let files = one.files().iter().map(|file| file.digest.as_str()).collect();
    let content = content_digest(workshop.index, [Content { schema: &one.piece.schema, document: &document, files }]);
    let number = one.piece.document.get("number").and_then(Value::as_str);
    Ok(Some(Known {
        evidence: one.piece.evidence.id.parse().map_err(|_| PacketError::EvidenceId)?,
        kind: kind.to_owned(),
        identity: number.map(|number| identity(workshop.index, claim, kind, number)),
        content,
    }))
}

/// What tells a recipient what changed; nothing for one who held nothing.
pub(super) fn note(workshop: &Workshop<'_>, share: &Share<'_>) -> Option<Evidence> {
    let compared_with = share.compared_with?;
    let documents = share.marks.iter().map(|one| RevisedDocument {
        mark: one.mark.clone(),
        kind: one.kind.clone(),
        evidence: one.evidence.map(|id| id.to_string()),
        was: one.was.map(|id| id.to_string()),
        reason: one.reason.clone(),
        replaced_by: one.replaced_by.map(|id| id.to_string()),
    });
    let note = RevisionNote {
        recipient: share.recipient.party.id.to_string(),
        line: share.recipient.line,
        compared_with: compared_with.to_string(),
        voided: share.voided,
        documents: documents.collect(),
    };
    Some(Evidence {
        id: EvidenceId::new(workshop.now, workshop.random).to_string(),
        source: Source { party: workshop.issuer.to_owned(), form: FORM.to_owned() },
        obtained: workshop.now,
        verified: Verification {
            method: "gateway".to_owned(),
            result: "accepted".to_owned(),
            at: workshop.now,
            key: None,
        },
        attachments: Vec::new(),
        document: Document::RevisionNote(Box::new(note)),
    })
}

/// The documents of a delivery, and those it takes back, as they are kept.
pub(super) fn rows(share: &Share<'_>, holding: Option<&Holding>) -> Vec<DocumentRow> {
    let of = |one: &Marked| {
        let (evidence, among) = match (&one.mark, holding) {
            (RevisionMark::Withdrawn, Some(holding)) => (one.was?, &holding.documents),
            _ => (one.evidence?, &share.known),
        };
        let known = among.iter().find(|known| known.evidence == evidence)?;
        Some(DocumentRow { known: known.clone(), mark: one.mark.clone(), reason: one.reason.clone() })
    };
    share.marks.iter().filter_map(of).collect()
}
