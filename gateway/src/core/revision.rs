//! What a revision changes for one recipient, document by document (異動), and what the hospital takes back. Functions over
//! values.
//!
//! In: what the recipient holds, what it gets now, what the hospital says of documents that count no more. Out: a mark for
//! each document of either. Documents are told apart by keyed digests of their numbers: no text is compared.

use std::collections::BTreeSet;

use claimgate_packet::evidence::{
    CLAIM_APPLICATION, CONSENT, OWNER_PAPER, REVISION_NOTE, RevisionMark, WithdrawalReason,
};
use claimgate_packet::evidence::{DIAGNOSIS_CERTIFICATE, MEDICAL_RECEIPT};
use claimgate_packet::words::Line;
use jiff::Timestamp;

use crate::id::{ClaimId, EvidenceId, PacketId, SubmissionId};
use crate::keys::index::{BlindIndex, Mac};
use crate::party::PartyId;

/// A document of a packet, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its evidence id in that packet.
    pub evidence: EvidenceId,
    /// Its evidence type.
    pub kind: String,
    /// Keyed digest of its number within the claim; none where it has no number.
    pub identity: Option<Mac>,
    /// Keyed digest of what the recipient gets of it.
    pub content: Mac,
}

/// What a recipient holds: the documents of the newest packet it could open.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The recipient.
    pub party: PartyId,
    /// Its line.
    pub line: Line,
    /// The packet.
    pub packet: PacketId,
    /// Its documents.
    pub documents: Vec<Known>,
}

/// A document the hospital takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// Its evidence type.
    pub kind: String,
    /// Keyed digest of its number within the claim.
    pub identity: Mac,
    /// Why.
    pub reason: WithdrawalReason,
    /// The same of the document that takes its place.
    pub replaced_by: Option<Mac>,
}

/// A document of a delivery, or one that it takes back, as it is kept.
#[derive(Debug)]
pub struct DocumentRow {
    /// What it is compared by; of one that is taken back, as its recipient held it.
    pub known: Known,
    /// What became of it.
    pub mark: RevisionMark,
    /// Why it is taken back.
    pub reason: Option<WithdrawalReason>,
}

/// What a change of this revision takes back, as rows.
#[derive(Debug)]
pub struct TakenBackRows {
    /// The claim.
    pub claim: ClaimId,
    /// The revision that says so.
    pub revision: i64,
    /// What.
    pub documents: Vec<TakenBack>,
}

/// How a submission stood when a revision came.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The submission.
    pub submission: SubmissionId,
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// What was done of it already.
    pub done: Done,
}

/// How far an insurer had gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Done {
    /// Nothing was decided.
    Nothing,
    /// It was decided.
    Decided,
    /// It was paid, in part or whole.
    Paid,
}

impl Done {
    /// The flag of a submission whose evidence was taken back after that.
    #[must_use]
    pub fn flag(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Decided => Some("decided-on-withdrawn-evidence"),
            Self::Paid => Some("paid-on-withdrawn-evidence"),
        }
    }
}

/// All that a sending compares with.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// What each recipient holds.
    pub holdings: Vec<Holding>,
    /// What the hospital takes back, in this revision or an earlier one; the newest word for a document last.
    pub taken_back: Vec<TakenBack>,
    /// How the submissions stand.
    pub standings: Vec<Standing>,
    /// How many of `taken_back`, the last ones, this revision says itself.
    pub said_now: usize,
    /// Whether this revision takes the whole case back.
    pub voided_now: bool,
}

impl Before {
    /// What a recipient holds in a line.
    #[must_use]
    pub fn held(&self, party: &PartyId, line: Line) -> Option<&Holding> {
        self.holdings.iter().find(|one| one.party == *party && one.line == line)
    }

    /// How a submission stands.
    #[must_use]
    pub fn standing(&self, party: &PartyId, line: Line) -> Option<&Standing> {
        self.standings.iter().find(|one| one.party == *party && one.line == line)
    }
}

/// The keyed digest a document of a claim is known by: its type and number.
#[must_use]
pub fn identity(index: &BlindIndex, claim: ClaimId, kind: &str, number: &str) -> Mac {
    index.text("evidence.identity", &[&claim.to_string(), kind, number])
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The mark.
    pub mark: RevisionMark,
    /// Its evidence type.
    pub kind: String,
    /// Its evidence id now.
    pub evidence: Option<EvidenceId>,
    /// Its evidence id before.
    pub was: Option<EvidenceId>,
    /// Why it is withdrawn.
    pub reason: Option<WithdrawalReason>,
    /// The document that takes its place, now.
    pub replaced_by: Option<EvidenceId>,
}

impl Marked {
    /// Whether a decision may rest on what is no longer so: a document is gone, or a receipt or certificate says something
    /// else.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        takes_away(&self.mark, &self.kind)
    }
}

/// The same of a mark and an evidence type, as they are kept.
#[must_use]
pub fn takes_away(mark: &RevisionMark, kind: &str) -> bool {
    match mark {
        RevisionMark::Withdrawn => true,
        RevisionMark::Changed => matches!(kind, MEDICAL_RECEIPT | DIAGNOSIS_CERTIFICATE),
        RevisionMark::New | RevisionMark::Unchanged | RevisionMark::Unknown(_) => false,
    }
}

/// Whether documents of a type are the hospital's: what the person signs or hands in, and the note itself, are not
/// compared.
#[must_use]
pub fn is_compared(kind: &str) -> bool {
    !matches!(kind, CLAIM_APPLICATION | CONSENT | REVISION_NOTE | OWNER_PAPER)
}

/// A mark for each document, those that are there now first, in their order.
///
/// Told apart by number; one without a number by what is in it; of what is left over, where a type has one without a number
/// on either side, that is the one that changed. `voided`: the case is taken back whole.
#[must_use]
pub fn marks(before: &[Known], now: &[Known], (taken_back, voided): (&[TakenBack], bool)) -> Vec<Marked> {
    let mut left: Vec<Option<&Known>> = before.iter().map(Some).collect();
    let mut found: Vec<Option<&Known>> = vec![None; now.len()];
    let by_number = |one: &Known, other: &Known| one.identity.is_some() && one.identity == other.identity;
    let by_content = |one: &Known, other: &Known| one.content == other.content && one.identity == other.identity;
    pair(&mut left, now, &mut found, by_number);
    pair(&mut left, now, &mut found, by_content);
    let unnumbered = |one: &&Known| one.identity.is_none();
    let open: Vec<usize> = (0..now.len()).filter(|place| found.get(*place).is_some_and(Option::is_none)).collect();
    let kinds: BTreeSet<&str> = now.iter().filter(unnumbered).map(|one| one.kind.as_str()).collect();
    for kind in kinds {
        let here: Vec<usize> = open
            .iter()
            .copied()
            .filter(|place| now.get(*place).is_some_and(|one| one.kind == kind && one.identity.is_none()))
            .collect();
        let there: Vec<usize> = (0..left.len())
            .filter(|place| {
                left.get(*place).copied().flatten().is_some_and(|one| one.kind == kind && one.identity.is_none())
            })
            .collect();
        if let ([here], [there]) = (here.as_slice(), there.as_slice())
            && let (Some(place), Some(old)) = (found.get_mut(*here), left.get_mut(*there))
        {
            *place = old.take();
        }
    }
    let said = |one: &Known| {
        let identity = one.identity?;
        taken_back.iter().rev().find(|said| said.kind == one.kind && said.identity == identity)
    };
    let mut marks: Vec<Marked> = now
        .iter()
        .zip(found)
        .map(|(one, old)| Marked {
            mark: match old {
                None => RevisionMark::New,
                Some(old) if old.content == one.content => RevisionMark::Unchanged,
                Some(_) => RevisionMark::Changed,
            },
            kind: one.kind.clone(),
            evidence: Some(one.evidence),
            was: old.map(|old| old.evidence),
            reason: None,
            replaced_by: None,
        })
        .collect();
    marks.extend(left.into_iter().flatten().map(|old| {
        let said = said(old);
        let by = said.and_then(|said| said.replaced_by);
        let by = now.iter().find(|one| one.kind == old.kind && by.is_some() && one.identity == by);
        let unsaid = if voided { WithdrawalReason::EnteredInError } else { WithdrawalReason::LeftOut };
        Marked {
            mark: RevisionMark::Withdrawn,
            kind: old.kind.clone(),
            evidence: None,
            was: Some(old.evidence),
            reason: Some(said.map_or(unsaid, |said| said.reason.clone())),
            replaced_by: by.map(|one| one.evidence),
        }
    }));
    marks
}

fn pair<'k>(
    left: &mut [Option<&'k Known>],
    now: &[Known],
    found: &mut [Option<&'k Known>],
    same: impl Fn(&Known, &Known) -> bool,
) {
    for (one, place) in now.iter().zip(found).filter(|(_, place)| place.is_none()) {
        let old = left.iter_mut().find(|old| old.is_some_and(|old| old.kind == one.kind && same(one, old)));
        *place = old.and_then(Option::take);
    }
}

/// A document that was taken away from what a submission was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenAway {
    /// What became of it.
    pub mark: RevisionMark,
    /// Its evidence type.
    pub kind: String,
    /// Its evidence id before, where it is gone; otherwise now.
    pub evidence: EvidenceId,
    /// Why it is gone.
    pub reason: Option<WithdrawalReason>,
    /// When the insurer was told.
    pub at: Timestamp,
}

/// Whether a submission stands on evidence that was taken away since: with which flag, and on what. It stands no more once
/// the insurer has decided anew.
///
/// In: what was taken away; when it was decided last; when it was paid first.
#[must_use]
pub fn flagged(
    taken: &[TakenAway],
    decided: Option<Timestamp>,
    paid: Option<Timestamp>,
) -> Option<(&'static str, Vec<&TakenAway>)> {
    let since: Vec<&TakenAway> = taken
        .iter()
        .filter(|one| takes_away(&one.mark, &one.kind))
        .filter(|one| decided.map_or_else(|| paid.is_some_and(|paid| paid <= one.at), |decided| decided <= one.at))
        .collect();
    if since.is_empty() {
        return None;
    }
    let done = if paid.is_some() { Done::Paid } else { Done::Decided };
    Some((done.flag()?, since))
}

#[cfg(test)]
mod tests;
