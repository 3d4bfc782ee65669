//! New rows, many with one statement: all that pushes, tokens and proofs write that are committed together.
//!
//! In: changes that add rows and change none. Out: every row of theirs, or a conflict, which says of no change whose it
//! is; then each is applied alone. A database costs by the statement rather than by the row.

use super::StoreError;
use super::sql::{Builder, Connection, Separated};
use super::written::{exactly, millis};
use crate::core::change::{
    AttachmentRow, AuditLine, Bundle, Change, DeliveryRow, EvidenceRow, IdempotencyRow, NewClaim, PacketRow,
    SearchValues, SubmissionRow, Write,
};
use crate::core::handover::HandoverWrite;
use crate::core::timeline::Entry;
use crate::id::ClaimId;
use crate::keys::index::Mac;
use crate::party::PartyId;

mod kinds;

pub(super) use kinds::*;

/// How many rows one statement takes: few texts for any number of rows, so that each is prepared once; and so many that up to
/// 16 rows are two statements at most, because each costs a change of threads and back.
const SIZES: [usize; 11] = [64, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// Rows in pieces of those sizes.
pub(super) fn pieces<T>(mut rows: &[T]) -> Vec<&[T]> {
    let mut pieces = Vec::new();
    for size in SIZES {
        while let Some((piece, rest)) = rows.split_at_checked(size) {
            pieces.push(piece);
            rows = rest;
        }
    }
    pieces
}

/// What to say of rows of one table.
struct Said {
    table: &'static str,
    /// Until the values.
    insert: &'static str,
}

/// Writes rows of one kind, all of them.
async fn insert<'r, T>(
    tx: &mut Connection,
    said: &Said,
    rows: &'r [T],
    mut each: impl FnMut(Separated<'_, 'r>, &'r T),
) -> Result<(), StoreError> {
    for piece in pieces(rows) {
        let mut sql = Builder::new(said.insert);
        sql.push_values(piece, &mut each);
        exactly(said.table, piece.len(), sql.build().execute(&mut *tx).await)?;
    }
    Ok(())
}

/// The rows of changes, by their kind.
#[derive(Default)]
struct Rows<'c> {
    parties: Vec<(&'c PartyId, i64)>,
    claims: Vec<&'c NewClaim>,
    codes: Vec<(&'c Mac, ClaimId, i64)>,
    search: Vec<&'c SearchValues>,
    evidence: Vec<&'c EvidenceRow>,
    attachments: Vec<&'c AttachmentRow>,
    receipts: Vec<(ClaimId, &'c PartyId, &'c Mac)>,
    consents: Vec<Consented<'c>>,
    packets: Vec<&'c PacketRow>,
    submissions: Vec<&'c SubmissionRow>,
    deliveries: Vec<&'c DeliveryRow>,
    bundles: Vec<&'c Bundle>,
    answers: Vec<&'c IdempotencyRow>,
    used: Vec<Used<'c>>,
    audit: Vec<&'c AuditLine>,
    entries: Vec<&'c Entry>,
}

/// Whether a change only adds rows, of the kinds that are written together. What a claim can be found by counts as added
/// where the claim is new.
pub(super) fn only_adds(change: &Change) -> bool {
    let new = change.writes.iter().any(|write| matches!(write, Write::NewClaim(_)));
    change.writes.iter().all(|write| match write {
        Write::SearchValues(_) | Write::Handover(HandoverWrite::ReceiptKeys(..)) => new,
        Write::RelyOnParty(..)
        | Write::NewClaim(_)
        | Write::TrackingCode(..)
        | Write::Evidence(_)
        | Write::Attachment(_)
        | Write::Consent(..)
        | Write::Packet(_)
        | Write::Submission(_)
        | Write::Delivery(_)
        | Write::Bundle(_)
        | Write::Idempotency(_)
        | Write::AssertionUse(..)
        | Write::ProofUse(..)
        | Write::CallUse(..)
        | Write::Audit(_) => true,
        _ => false,
    })
}

/// Writes all rows of changes that only add rows. A conflict, or a refusal of the database, is one of any of them.
pub(super) async fn together(tx: &mut Connection, changes: &[&Change]) -> Result<(), StoreError> {
    let mut rows = Rows::default();
    for change in changes {
        rows.entries.extend(&change.timeline);
        for write in &change.writes {
            rows.take(write);
        }
    }
    rows.write(tx).await
}

impl<'c> Rows<'c> {
    fn take(&mut self, write: &'c Write) {
        match write {
            Write::RelyOnParty(id, version) if self.parties.contains(&(id, *version)) => {}
            Write::RelyOnParty(id, version) => self.parties.push((id, *version)),
            Write::NewClaim(claim) => self.claims.push(claim),
            Write::TrackingCode(code, claim, expires) => self.codes.push((code, *claim, millis(*expires))),
            Write::SearchValues(search) => self.search.push(search),
            Write::Evidence(evidence) => self.evidence.push(evidence),
            Write::Attachment(attachment) => self.attachments.push(attachment),
            Write::Handover(HandoverWrite::ReceiptKeys(claim, hospital, keys)) => {
                self.receipts.extend(keys.iter().map(|key| (*claim, hospital, key)));
            }
            Write::Consent(claim, permit, at) => self.consents.push((*claim, permit, *at)),
            Write::Packet(packet) => self.packets.push(packet),
            Write::Submission(submission) => self.submissions.push(submission),
            Write::Delivery(delivery) => self.deliveries.push(delivery),
            Write::Bundle(bundle) => self.bundles.push(bundle),
            Write::Idempotency(answer) => self.answers.push(answer),
            Write::AssertionUse(party, id, expires) => self.used.push((party, "", id, *expires)),
            Write::ProofUse(party, id, expires) => self.used.push((party, PROOF, id, *expires)),
            Write::CallUse(party, id, expires) => self.used.push((party, CALL, id, *expires)),
            Write::Audit(line) => self.audit.push(line),
            // `only_adds` let none in.
            _ => {}
        }
    }

    /// In the order in which rows refer to one another.
    async fn write(&self, tx: &mut Connection) -> Result<(), StoreError> {
        rely_on_parties(tx, &self.parties).await?;
        claims(tx, &self.claims).await?;
        codes(tx, &self.codes).await?;
        search_values(tx, &self.search).await?;
        evidence(tx, &self.evidence).await?;
        attachments(tx, &self.attachments).await?;
        receipt_keys(tx, &self.receipts).await?;
        consents(tx, &self.consents).await?;
        packets(tx, &self.packets).await?;
        submissions(tx, &self.submissions).await?;
        deliveries(tx, &self.deliveries).await?;
        bundles(tx, &self.bundles).await?;
        answers(tx, &self.answers).await?;
        used(tx, &self.used).await?;
        audit(tx, &self.audit).await?;
        entries(tx, &self.entries).await
    }
}
