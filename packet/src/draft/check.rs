//! What must hold before a draft is signed: forms, bounds, nothing twice, no reserved names.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::parts::without;
use super::{Draft, Part, RecipientDraft, SignError};
use crate::disclosure::is_reserved;
use crate::evidence::{Document, Evidence};
use crate::limits::{ATTACHMENTS, DISCLOSURE_JSON, EVIDENCE, PARTS, RECIPIENTS};
use crate::manifest::{is_id, is_text};
use crate::open::can_be_met;

/// How deep a document may nest, with room for the disclosure around it.
const DEPTH: usize = DISCLOSURE_JSON.depth - 1;
/// How many members and elements it may have, with room for the digests of parts.
const MEMBERS: usize = DISCLOSURE_JSON.members - 4 * PARTS - 2000;

/// Checks a draft. Documents of the types this crate knows are bounded by those types in depth and names; what can
/// nest freely is looked through.
pub(super) fn check(draft: &Draft) -> Result<(), SignError> {
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
    evidence(draft)?;
    recipients(&draft.recipients)?;
    parts(draft)
}

fn form(name: &'static str, holds: bool) -> Result<(), SignError> {
    if holds { Ok(()) } else { Err(SignError::Form(name)) }
}

fn evidence(draft: &Draft) -> Result<(), SignError> {
    let mut ids = HashSet::new();
    for evidence in &draft.evidence {
        form("an evidence id", is_id(&evidence.id, "evd_"))?;
        if !ids.insert(evidence.id.as_str()) {
            return Err(SignError::Twice("an evidence id"));
        }
        if let Document::Other { document, .. } = &evidence.document {
            within_bounds(document, DEPTH - 1, &mut MEMBERS.clone())?;
        }
    }
    Ok(())
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
        recipient.coordination.as_ref().map_or(Ok(()), |value| within_bounds(value, DEPTH, &mut MEMBERS.clone()))?;
    }
    Ok(())
}

/// Each part once, and every document still fits its schema for whoever does not get them.
fn parts(draft: &Draft) -> Result<(), SignError> {
    if draft.parts.len() > PARTS {
        return Err(SignError::TooLarge("a packet discloses at most 1024 parts apart"));
    }
    let once = |parts: &[Part]| parts.iter().collect::<HashSet<_>>().len() == parts.len();
    if !once(&draft.parts) || !draft.recipients.iter().all(|recipient| once(&recipient.parts)) {
        return Err(SignError::Twice("a part"));
    }
    let mut apart: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in &draft.parts {
        form("a part's pointer", part.pointer.len() <= 1024 && part.pointer.starts_with('/'))?;
        apart.entry(&part.evidence).or_default().push(part);
    }
    for (id, parts) in apart {
        let evidence = draft.evidence.iter().find(|evidence| evidence.id == id).ok_or(SignError::UnknownEvidence)?;
        // Recipients of one line in many policies get the same: each set of parts is tried once.
        let mut tried: BTreeSet<Vec<&Part>> = BTreeSet::new();
        for recipient in draft.recipients.iter().filter(|recipient| recipient.evidence.iter().any(|one| one == id)) {
            let got: HashSet<&Part> = recipient.parts.iter().collect();
            let withheld: Vec<&Part> = parts.iter().copied().filter(|part| !got.contains(part)).collect();
            if !withheld.is_empty() && tried.insert(withheld.clone()) {
                fits_without(evidence, &withheld)?;
            }
        }
    }
    Ok(())
}

fn fits_without(evidence: &Evidence, withheld: &[&Part]) -> Result<(), SignError> {
    let left = without(evidence.document.to_json()?, withheld);
    let fits = Document::from_json(evidence.document.kind(), &evidence.document.schema(), left).is_ok();
    if fits { Ok(()) } else { Err(SignError::Part) }
}

/// Bounds of depth and members, and no member named like a digest: every opener would take it for one.
fn within_bounds(value: &Value, depth: usize, left: &mut usize) -> Result<(), SignError> {
    let too_large = SignError::TooLarge("an evidence document has at most 30 levels and 93904 members");
    let (inner, count) = match value {
        Value::Object(map) => (depth.checked_sub(1), map.len()),
        Value::Array(array) => (depth.checked_sub(1), array.len()),
        _ => return Ok(()),
    };
    let (Some(inner), Some(rest)) = (inner, left.checked_sub(count)) else { return Err(too_large) };
    *left = rest;
    match value {
        Value::Object(map) => map.iter().try_for_each(|(name, value)| {
            if is_reserved(name) { Err(SignError::ReservedName) } else { within_bounds(value, inner, left) }
        }),
        Value::Array(array) => array.iter().try_for_each(|value| within_bounds(value, inner, left)),
        _ => Ok(()),
    }
}
