//! What must hold before a draft is signed: forms, bounds, nothing twice, no reserved names.

use std::collections::HashSet;

use serde_json::Value;

use super::{Draft, RecipientDraft, SignError};
use crate::disclosure::is_reserved;
use crate::jose::json::{Limits, parse};
use crate::limits::{ATTACHMENTS, DISCLOSURE_JSON, DOCUMENT_BYTES, EVIDENCE, RECIPIENTS};
use crate::manifest::{is_id, is_text};
use crate::open::can_be_met;

/// A document with room for the disclosure around it.
const DOCUMENT: Limits =
    Limits { bytes: DOCUMENT_BYTES, depth: DISCLOSURE_JSON.depth - 1, members: DISCLOSURE_JSON.members - 10 };

/// Checks a draft and hands out its evidence as JSON, in its order.
pub(super) fn check(draft: &Draft) -> Result<Vec<Value>, SignError> {
    form("the issuer", is_text(&draft.issuer))?;
    form("the packet id", is_id(&draft.packet_id, "pkt_"))?;
    form("the claim id", is_id(&draft.claim.id, "clm_"))?;
    if draft.evidence.len() > EVIDENCE {
        return Err(SignError::TooLarge("a packet holds at most 64 evidence documents"));
    }
    if draft.evidence.iter().map(|evidence| evidence.attachments.len()).sum::<usize>() > ATTACHMENTS {
        return Err(SignError::TooLarge("a claim has at most 200 attachments"));
    }
    form("an attachment", can_be_met(draft.evidence.iter().flat_map(|evidence| &evidence.attachments)))?;
    let documents = evidence(draft)?;
    recipients(&draft.recipients)?;
    Ok(documents)
}

fn form(name: &'static str, holds: bool) -> Result<(), SignError> {
    if holds { Ok(()) } else { Err(SignError::Form(name)) }
}

fn evidence(draft: &Draft) -> Result<Vec<Value>, SignError> {
    let mut ids = HashSet::new();
    let mut documents = Vec::with_capacity(draft.evidence.len());
    for evidence in &draft.evidence {
        form("an evidence id", is_id(&evidence.id, "evd_"))?;
        if !ids.insert(evidence.id.as_str()) {
            return Err(SignError::Twice("an evidence id"));
        }
        let document = evidence.to_json()?;
        no_reserved_names(&document)?;
        if parse(&serde_json::to_vec(&document)?, DOCUMENT).is_err() {
            return Err(SignError::TooLarge("an evidence document is at most 1 MiB, 31 levels and 99990 members"));
        }
        documents.push(document);
    }
    Ok(documents)
}

fn recipients(recipients: &[RecipientDraft]) -> Result<(), SignError> {
    form("the list of recipients", !recipients.is_empty())?;
    if recipients.len() > RECIPIENTS {
        return Err(SignError::TooLarge("a manifest names at most 64 recipients"));
    }
    let mut named = HashSet::new();
    for recipient in recipients {
        form("a recipient's address", is_text(&recipient.aud))?;
        form("a recipient's party", is_text(&recipient.party))?;
        form("a recipient's revision", recipient.revision >= 1)?;
        let superseded = recipient.supersedes.as_deref();
        form("the superseded packet id", superseded.is_none_or(|id| is_id(id, "pkt_")))?;
        form("the superseded packet id", superseded.is_some() == (recipient.revision > 1))?;
        if !named.insert((recipient.aud.as_str(), recipient.line)) {
            return Err(SignError::Twice("a recipient"));
        }
        let ids: HashSet<&String> = recipient.evidence.iter().collect();
        if ids.len() != recipient.evidence.len() {
            return Err(SignError::Twice("an evidence id in a recipient's grants"));
        }
        recipient.coordination.as_ref().map_or(Ok(()), no_reserved_names)?;
    }
    Ok(())
}

/// A member named like a digest would be taken for one by every opener.
fn no_reserved_names(value: &Value) -> Result<(), SignError> {
    match value {
        Value::Object(map) => map.iter().try_for_each(|(name, value)| {
            if is_reserved(name) { Err(SignError::ReservedName) } else { no_reserved_names(value) }
        }),
        Value::Array(array) => array.iter().try_for_each(no_reserved_names),
        _ => Ok(()),
    }
}
