//! From evidence and a permit to one signed packet, sealed for each recipient. No IO.
//!
//! In: evidence, recipients the permit covers, what each got before. Out: rows for the store, or nothing when
//! no recipient's content changed.

use claimgate_packet::draft::{Draft, RecipientDraft, SignError};
use claimgate_packet::evidence::Evidence;
use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::manifest::ClaimRef;
use claimgate_packet::seal::{SealError, Sealer};
use claimgate_packet::sealed::Sealed;
use claimgate_packet::signed::{Signed, SignedError};
use claimgate_packet::words::{ClaimKind, Line};
use jiff::Timestamp;

use super::change::{DeliveryRow, PacketRow};
use super::delivery::content_digest;
use super::disclosure::granted_types;
use super::route::Recipient;
use crate::consent::Permit;
use crate::id::{ClaimId, DeliveryId, PacketId, Random};
use crate::keys::at_rest::{AtRestError, ClaimKey, Place};
use crate::keys::index::{BlindIndex, Mac};
use crate::keys::sealers::Sealers;
use crate::party::PartyId;

/// With what a packet is made.
pub struct Workshop<'a> {
    /// The gateway's URI.
    pub issuer: &'a str,
    /// The present.
    pub now: Timestamp,
    /// Chance.
    pub random: &'a Random,
    /// The packet key that signs now.
    pub signing: &'a PrivateJwk,
    /// For the content digest.
    pub index: &'a BlindIndex,
    /// The claim's data key.
    pub claim_key: &'a ClaimKey,
    /// The recipients' keys, ready for sealing.
    pub sealers: &'a Sealers,
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
    /// The permit does not cover a recipient.
    #[error("the consent does not cover recipient {0}")]
    NotPermitted(PartyId),
}

struct Share<'a> {
    recipient: &'a Recipient,
    evidence: Vec<&'a Evidence>,
    content: Mac,
    revision: i64,
    supersedes: Option<PacketId>,
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
    previous: &[Previous],
) -> Result<Option<Outgoing>, PacketError> {
    let mut shares = Vec::new();
    for recipient in recipients {
        if !permit.covers(&recipient.party.id, recipient.line) {
            return Err(PacketError::NotPermitted(recipient.party.id.clone()));
        }
        if let Some(share) = changed_share(workshop.index, recipient, evidence, permit, previous)? {
            shares.push(share);
        }
    }
    if shares.is_empty() {
        return Ok(None);
    }
    let id = PacketId::new(workshop.now, workshop.random);
    let signed = sign(workshop, id, claim, permit, &shares)?;
    let row = id.to_string();
    let body = workshop.claim_key.seal(Place { table: "packet", row: &row, column: "body" }, &signed.to_stored())?;
    let packet = PacketRow { id, claim, revision, body, manifest_digest: signed.manifest_digest(), at: workshop.now };
    let deliveries =
        shares.iter().map(|share| deliver(workshop, (id, claim), &signed, share)).collect::<Result<_, _>>()?;
    Ok(Some(Outgoing { packet, deliveries }))
}

fn changed_share<'a>(
    index: &BlindIndex,
    recipient: &'a Recipient,
    evidence: &'a [Evidence],
    permit: &Permit,
    previous: &[Previous],
) -> Result<Option<Share<'a>>, PacketError> {
    let types = granted_types(recipient.line, permit.purpose());
    let granted: Vec<&Evidence> = evidence.iter().filter(|one| types.contains(&one.document.kind())).collect();
    let content = content_digest(index, granted.iter().copied())?;
    let last = previous.iter().find(|last| last.party == recipient.party.id && last.line == recipient.line);
    if last.is_some_and(|last| last.content == content && !last.fruitless) {
        return Ok(None);
    }
    Ok(Some(Share {
        recipient,
        evidence: granted,
        content,
        revision: last.map_or(1, |last| last.revision + 1),
        supersedes: last.map(|last| last.packet),
    }))
}

fn sign(
    workshop: &Workshop<'_>,
    id: PacketId,
    claim: ClaimId,
    permit: &Permit,
    shares: &[Share<'_>],
) -> Result<Signed, PacketError> {
    // Evidence that nobody gets is not even padded in: what is not sent needs no digest.
    let mut evidence: Vec<Evidence> = Vec::new();
    for one in shares.iter().flat_map(|share| &share.evidence) {
        if !evidence.iter().any(|known| known.id == one.id) {
            evidence.push((*one).clone());
        }
    }
    let recipients = shares
        .iter()
        .map(|share| RecipientDraft {
            aud: share.recipient.party.id.to_string(),
            party: share.recipient.party.id.to_string(),
            line: share.recipient.line,
            purpose: permit.purpose(),
            revision: u32::try_from(share.revision).unwrap_or(u32::MAX),
            supersedes: share.supersedes.map(|packet| packet.to_string()),
            evidence: share.evidence.iter().map(|one| one.id.clone()).collect(),
            parts: Vec::new(),
            coordination: None,
        })
        .collect();
    let draft = Draft {
        issuer: workshop.issuer.to_owned(),
        issued_at: workshop.now,
        packet_id: id.to_string(),
        claim: ClaimRef { id: claim.to_string(), kind: ClaimKind::Health },
        evidence,
        parts: Vec::new(),
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
    share: &Share<'_>,
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
        sealed: sealed.as_str().as_bytes().to_vec(),
        at: workshop.now,
    })
}
