//! From evidence and a permit to one signed packet, sealed for each recipient. No IO.
//!
//! In: evidence, the policy, recipients the permit covers, what each got before, what is taken back (`note`). Out: rows for the store, or nothing when
//! no recipient's content changed.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_packet::coordination::Coordination;
use claimgate_packet::draft::{Draft, Part, RecipientDraft, SignError};
use claimgate_packet::evidence::{Attachment, Document, Evidence, MedicalReceipt};
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::limits;
use claimgate_packet::manifest::ClaimRef;
use claimgate_packet::seal::{SealError, Sealer};
use claimgate_packet::sealed::Sealed;
use claimgate_packet::signed::{Signed, SignedError};
use claimgate_packet::words::{ClaimKind, Line};
use jiff::Timestamp;
use serde_json::Value;

use super::accident::NUMBER_CHECK;
use super::change::{DeliveryRow, PacketRow};
use super::coordination::{Sharing, lasting};
use super::delivery::{Content, content_digest};
use super::disclosure::share::{is_within, places, without};
use super::disclosure::{Grant, Policy};
use super::revision::{self, Before, Known, Marked, is_compared};
use super::route::Recipient;
use crate::consent::Permit;
use crate::id::{AttachmentId, ClaimId, DeliveryId, EvidenceId, PacketId, Random};
use crate::keys::at_rest::{AtRestError, ClaimKey, Place};
use crate::keys::index::{BlindIndex, Mac};
use crate::keys::sealers::Sealers;
use crate::party::PartyId;

mod note;

/// With what a packet is made.
pub struct Workshop<'a> {
    /// The gateway's URI.
    pub issuer: &'a str,
    /// What the claim comes from.
    pub kind: ClaimKind,
    /// The present.
    pub now: Timestamp,
    /// Chance.
    pub random: &'a Random,
    /// The packet key that signs now.
    pub signing: &'a PrivateJwk,
    /// For the content digest.
    pub index: &'a BlindIndex,
    /// Who gets what.
    pub policy: &'a Policy,
    /// The claim's data key.
    pub claim_key: &'a ClaimKey,
    /// The recipients' keys, ready for sealing.
    pub sealers: &'a Sealers,
    /// Who reimburses the same expenses.
    pub sharing: &'a Sharing,
}

/// What a recipient got last for this claim and line.
#[derive(Clone, Debug)]
pub struct Previous {
    /// The recipient.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
    /// Its own count of revisions.
    pub revision: i64,
    /// The packet that carried it.
    pub packet: PacketId,
    /// Keyed digest of the content.
    pub content: Mac,
    /// Whether the recipient has nothing of it, because it could not open it or because it was withdrawn before it
    /// left: the same content is then sent again.
    pub fruitless: bool,
}

/// A packet and its deliveries, ready to be written.
#[derive(Debug)]
pub struct Outgoing {
    /// The packet.
    pub packet: PacketRow,
    /// One delivery per recipient the manifest names.
    pub deliveries: Vec<DeliveryRow>,
}

/// Why no packet could be made.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// Signing failed.
    #[error("the packet could not be signed: {0}")]
    Sign(#[from] SignError),
    /// Sealing failed.
    #[error("the packet could not be sealed: {0}")]
    Seal(#[from] SealError),
    /// No presentation.
    #[error("the packet could not be presented: {0}")]
    Present(#[from] SignedError),
    /// Encryption at rest failed.
    #[error(transparent)]
    AtRest(#[from] AtRestError),
    /// A document cannot be JSON.
    #[error("an evidence document cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A recipient has no valid encryption key now.
    #[error("recipient {0} has no valid encryption key")]
    NoEncryptionKey(PartyId),
    /// Evidence has an id that is none of ours.
    #[error("an evidence document's id is none")]
    EvidenceId,
    /// Evidence names an attachment by an id that is none of ours.
    #[error("an attachment's id is none")]
    AttachmentId,
    /// The permit does not cover a recipient.
    #[error("the consent does not cover recipient {0}")]
    NotPermitted(PartyId),
}

/// Evidence with its document as JSON, made once for all recipients.
struct Piece<'a> {
    evidence: &'a Evidence,
    schema: String,
    document: Value,
}

impl<'a> Piece<'a> {
    fn new(evidence: &'a Evidence) -> Result<Self, PacketError> {
        Ok(Self { evidence, schema: evidence.document.schema(), document: evidence.document.to_json()? })
    }
}

/// What one recipient gets of one piece: the document without these places, and its files or none of them.
struct Granted<'a> {
    piece: &'a Piece<'a>,
    withheld: BTreeSet<String>,
    files: bool,
}

impl<'a> Granted<'a> {
    fn files(&self) -> &'a [Attachment] {
        if self.files { &self.piece.evidence.attachments } else { &[] }
    }

    /// The receipt it is, where its key is given.
    fn receipt(&self) -> Option<&'a MedicalReceipt> {
        match &self.piece.evidence.document {
            Document::MedicalReceipt(receipt) if !is_within("/key", &self.withheld) => Some(receipt),
            _ => None,
        }
    }
}

struct Share<'a> {
    recipient: &'a Recipient,
    granted: Vec<Granted<'a>>,
    content: Mac,
    revision: i64,
    supersedes: Option<PacketId>,
    /// The packet it is compared with.
    compared_with: Option<PacketId>,
    /// Its documents as the next revision compares them.
    known: Vec<Known>,
    /// What became of each, and of those that are gone.
    marks: Vec<Marked>,
    coordination: Option<Coordination>,
    /// Whether the case has no document left for anybody.
    voided: bool,
}

/// Signs one packet for the recipients whose granted content changed, and seals it for each.
///
/// # Errors
/// See [`PacketError`]; nothing half-made is returned.
pub fn assemble(
    workshop: &Workshop<'_>,
    (claim, revision): (ClaimId, i64),
    evidence: &[Evidence],
    (permit, recipients): (&Permit, &[Recipient]),
    (previous, before): (&[Previous], &Before),
) -> Result<Option<Outgoing>, PacketError> {
    let pieces = evidence.iter().map(Piece::new).collect::<Result<Vec<_>, _>>()?;
    let mut shares = Vec::new();
    for recipient in recipients {
        if !permit.covers(&recipient.party.id, recipient.line) {
            return Err(PacketError::NotPermitted(recipient.party.id.clone()));
        }
        if let Some(share) = changed_share((workshop, claim), recipient, &pieces, permit, (previous, before))? {
            shares.push(share);
        }
    }
    if shares.is_empty() {
        return Ok(None);
    }
    // A packet of as many documents as one can hold has no place for notes; the timeline says the same.
    let room = evidence.len().saturating_add(shares.len()) <= limits::EVIDENCE;
    let notes: Vec<Evidence> = shares.iter().filter(|_| room).filter_map(|share| note::note(workshop, share)).collect();
    let told = notes.iter().map(Piece::new).collect::<Result<Vec<_>, _>>()?;
    let mut told = told.iter();
    for share in shares.iter_mut().filter(|share| room && share.compared_with.is_some()) {
        let its = told.next().and_then(|piece| granted(workshop.policy, share.recipient, permit, piece));
        share.granted.extend(its);
    }
    let id = PacketId::new(workshop.now, workshop.random);
    let signed = sign(workshop, id, claim, permit, &shares)?;
    let row = id.to_string();
    let body = workshop.claim_key.seal(Place { table: "packet", row: &row, column: "body" }, &signed.to_stored())?;
    let packet = PacketRow { id, claim, revision, body, manifest_digest: signed.manifest_digest(), at: workshop.now };
    let deliveries = shares
        .iter()
        .map(|share| deliver(workshop, (id, claim), &signed, (share, before)))
        .collect::<Result<_, _>>()?;
    Ok(Some(Outgoing { packet, deliveries }))
}

fn changed_share<'a>(
    (workshop, claim): (&Workshop<'_>, ClaimId),
    recipient: &'a Recipient,
    pieces: &'a [Piece<'a>],
    permit: &Permit,
    (previous, before): (&[Previous], &Before),
) -> Result<Option<Share<'a>>, PacketError> {
    let granted: Vec<Granted<'a>> =
        pieces.iter().filter_map(|piece| granted(workshop.policy, recipient, permit, piece)).collect();
    let less: Vec<Value> = granted.iter().map(|one| without(one.piece.document.clone(), &one.withheld)).collect();
    let content = granted.iter().zip(&less).map(|(one, document)| {
        let files = one.files().iter().map(|file| file.digest.as_str());
        // What its source says of a scan's number is news of a document that stays the same.
        let verified = &one.piece.evidence.verified;
        let said = (verified.method == NUMBER_CHECK).then_some(verified.result.as_str());
        Content { schema: &one.piece.schema, document, files: files.chain(said).collect() }
    });
    let mut content = content_digest(workshop.index, content);
    let receipts: Vec<&MedicalReceipt> = granted.iter().filter_map(Granted::receipt).collect();
    let coordination = workshop.sharing.element((&recipient.party.id, recipient.line), &receipts, workshop.now);
    if let Some(element) = &coordination {
        content = workshop.index.exact("delivery.coordination", &[&content, &serde_json::to_vec(&lasting(element))?]);
    }
    let last = previous.iter().find(|last| last.party == recipient.party.id && last.line == recipient.line);
    if last.is_some_and(|last| last.content == content && !last.fruitless) {
        return Ok(None);
    }
    let known = granted.iter().zip(&less).map(|(one, document)| note::known(workshop, claim, (one, document)));
    let known: Vec<Known> = known.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let holding = before.held(&recipient.party.id, recipient.line);
    // Whoever has nothing of a case that is taken back whole is told nothing of it.
    let nothing = !pieces.iter().any(|piece| is_compared(piece.evidence.document.kind()));
    if nothing && holding.is_none() && last.is_none_or(|last| last.fruitless) {
        return Ok(None);
    }
    let held = holding.map(|holding| holding.documents.as_slice()).unwrap_or_default();
    Ok(Some(Share {
        recipient,
        granted,
        content,
        revision: last.map_or(1, |last| last.revision + 1),
        supersedes: last.map(|last| last.packet),
        compared_with: holding.map(|holding| holding.packet),
        marks: revision::marks(held, &known, (&before.taken_back, nothing)),
        known,
        coordination,
        voided: nothing,
    }))
}

/// What the policy gives a recipient of a piece, less what the permit takes away. A consent, or a
/// paper of the insured, goes to whom it names.
fn granted<'a>(policy: &Policy, recipient: &Recipient, permit: &Permit, piece: &'a Piece<'a>) -> Option<Granted<'a>> {
    let named = match &piece.evidence.document {
        Document::Consent(consent) => Some((&consent.insurer, consent.line)),
        Document::OwnerPaper(paper) => Some((&paper.insurer, paper.line)),
        _ => None,
    };
    if named.is_some_and(|(party, line)| party != recipient.party.id.as_str() || line != recipient.line) {
        return None;
    }
    let (to, kind) = (recipient.addressee(), piece.evidence.document.kind());
    let of = |grant: &Grant| Granted {
        piece,
        withheld: places(&piece.document, grant.withheld()),
        files: grant.gives_files(),
    };
    Some(match permit.limits(&recipient.party.id, recipient.line) {
        None => of(policy.grant(to, permit.purpose(), kind)?),
        Some(limits) => of(&policy.narrowed_by(limits, to, permit.purpose(), kind)?),
    })
}

/// The places of each document that are disclosed apart: what somebody may not get by the policy, whoever this packet is
/// for, and what a consent withholds from somebody in it.
fn apart<'a>(policy: &Policy, shares: &[Share<'a>]) -> BTreeMap<&'a str, (&'a Evidence, BTreeSet<String>)> {
    let mut found = BTreeMap::new();
    for granted in shares.iter().flat_map(|share| &share.granted) {
        let evidence = granted.piece.evidence;
        let (_, parts) = found
            .entry(evidence.id.as_str())
            .or_insert_with(|| (evidence, places(&granted.piece.document, policy.apart(evidence.document.kind()))));
        parts.extend(granted.withheld.iter().cloned());
    }
    found
}

fn sign(
    workshop: &Workshop<'_>,
    id: PacketId,
    claim: ClaimId,
    permit: &Permit,
    shares: &[Share<'_>],
) -> Result<Signed, PacketError> {
    // Evidence that nobody gets is not even padded in: what is not sent needs no digest.
    let apart = apart(workshop.policy, shares);
    let part = |evidence: &str, pointer: &String| Part { evidence: evidence.to_owned(), pointer: pointer.clone() };
    let recipients = shares
        .iter()
        .map(|share| {
            let mut parts = Vec::new();
            for one in &share.granted {
                let id = one.piece.evidence.id.as_str();
                let all = apart.get(id).into_iter().flat_map(|(_, places)| places);
                parts.extend(all.filter(|place| !is_within(place, &one.withheld)).map(|place| part(id, place)));
            }
            Ok(RecipientDraft {
                aud: share.recipient.party.id.to_string(),
                party: share.recipient.party.id.to_string(),
                line: share.recipient.line,
                purpose: permit.purpose(),
                revision: u32::try_from(share.revision).unwrap_or(u32::MAX),
                supersedes: share.supersedes.map(|packet| packet.to_string()),
                evidence: share.granted.iter().map(|one| one.piece.evidence.id.clone()).collect(),
                parts,
                coordination: share.coordination.as_ref().map(serde_json::to_value).transpose()?,
            })
        })
        .collect::<Result<_, serde_json::Error>>()?;
    let draft = Draft {
        issuer: workshop.issuer.to_owned(),
        issued_at: workshop.now,
        packet_id: id.to_string(),
        claim: ClaimRef { id: claim.to_string(), kind: workshop.kind },
        evidence: apart.values().map(|(evidence, _)| (*evidence).clone()).collect(),
        parts: apart.iter().flat_map(|(id, (_, places))| places.iter().map(|place| part(id, place))).collect(),
        recipients,
    };
    Ok(draft.sign(workshop.signing, &mut |buffer| workshop.random.fill(buffer))?)
}

/// A stored packet, sealed again for a recipient whose key has changed: the same packet, another cover.
///
/// # Errors
/// A stored packet that cannot be read, or one that does not name the recipient.
pub fn seal_again(stored: &[u8], (aud, line): (&PartyId, Line), sealer: &Sealer) -> Result<Sealed, PacketError> {
    Ok(sealer.seal(&Signed::from_stored(stored)?.presentation(aud.as_str(), line)?)?)
}

fn deliver(
    workshop: &Workshop<'_>,
    (packet, claim): (PacketId, ClaimId),
    signed: &Signed,
    (share, before): (&Share<'_>, &Before),
) -> Result<DeliveryRow, PacketError> {
    let party = &share.recipient.party;
    let key = party.encryption_key(workshop.now).ok_or_else(|| PacketError::NoEncryptionKey(party.id.clone()))?;
    let presentation = signed.presentation(party.id.as_str(), share.recipient.line)?;
    let sealed = workshop.sealers.of(key)?.seal(&presentation)?;
    Ok(DeliveryRow {
        id: DeliveryId::new(workshop.now, workshop.random),
        packet,
        claim,
        party: party.id.clone(),
        line: share.recipient.line,
        revision: share.revision,
        content: share.content,
        kid: key.kid.clone(),
        sealed_digest: sealed.digest(),
        presentation_digest: presentation.digest(),
        attachments: disclosed(&share.granted)?,
        documents: note::rows(share, before.held(&party.id, share.recipient.line)),
        sealed: sealed.as_str().as_bytes().to_vec(),
        at: workshop.now,
    })
}

/// The attachments a recipient gets.
fn disclosed(granted: &[Granted<'_>]) -> Result<Vec<(EvidenceId, AttachmentId)>, PacketError> {
    let mut files = Vec::new();
    for one in granted {
        for file in one.files() {
            let ids = one.piece.evidence.id.parse().ok().zip(file.id.parse().ok());
            files.push(ids.ok_or(PacketError::AttachmentId)?);
        }
    }
    Ok(files)
}
