//! Linking: an insurer says that a submission is its own case which came by another rail, or under another claim. What is
//! linked to one case stands as one: a status reported of either counts for both.

use super::{Engine, Fault, NotDone, TRIES};
use crate::core::change::{Change, SubmissionStep, Write};
use crate::core::handover::{HandoverWrite, LinkRow, Rail};
use crate::core::submission::SubmissionState;
use crate::core::timeline::{Event, entries};
use crate::id::SubmissionId;
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;
use crate::store::SubmissionView;

/// The insurer's own case.
pub struct Link {
    /// By which rail it came.
    pub rail: Rail,
    /// Its number there.
    pub number: String,
}

claimgate_packet::opaque_debug!(Link);

/// A submission with what it is linked to.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The submission as it stands now.
    pub submission: SubmissionView,
    /// The rails it is linked by.
    pub rails: Vec<Rail>,
    /// The other submissions of the insurer that are the same case.
    pub same_case: Vec<SubmissionId>,
}

impl Engine {
    /// Links a submission to the insurer's own case. The same again changes nothing.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn link(&self, insurer: &PartyId, id: SubmissionId, link: &Link) -> Result<Linked, NotDone> {
        let number_mac = self.index.text("submission.link", &[insurer.as_str(), link.rail.as_str(), &link.number]);
        let _turn = self.turns.of(&number_mac).await;
        for _ in 0..TRIES {
            let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
            let links = self.store.links(id).await?;
            if links.iter().any(|known| known.rail == link.rail && known.number_mac == number_mac) {
                return self.linked(insurer, submission).await;
            }
            let same = self.store.linked_to(insurer, link.rail, &number_mac).await?;
            let first = self.first_alive(insurer, &same).await?;
            let state = match &first {
                Some(first) if self.follows(&submission).await? => first.state,
                _ => submission.state,
            };
            let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
            let now = self.now();
            let mut change = Change::new("link_submission");
            change.push(Write::Handover(HandoverWrite::Link(Box::new(LinkRow {
                submission: id,
                party: insurer.clone(),
                rail: link.rail,
                number_mac,
                number: key.seal(place(&id.to_string()), link.number.as_bytes()).map_err(Fault::from)?,
                at: now,
            }))));
            let version = submission.version;
            change.push(Write::SubmissionStep(SubmissionStep { id, version, state, detail: None, at: now }));
            if let Some(first) = first {
                // A report of the first at this moment would not know of this one.
                let SubmissionView { id, version, state, .. } = first;
                change.push(Write::SubmissionStep(SubmissionStep { id, version, state, detail: None, at: now }));
            }
            let event = Event::Linked { party: insurer.clone(), line: submission.line, rail: link.rail.as_str() };
            change.tell(entries(submission.claim, &submission.hospital, &event, now, &self.random));
            let detail = [("rail", link.rail.as_str().to_owned()), ("claim", submission.claim.to_string())];
            change.push(self.audit(insurer.as_str(), "submission.linked", &id, detail));
            self.commit_or_redo(change).await?;
        }
        Err(Fault::Contended.into())
    }

    /// Where a case stands: its first submission that is not at its end, for one that was given back or taken back says
    /// nothing of the others.
    async fn first_alive(&self, insurer: &PartyId, same: &[SubmissionId]) -> Result<Option<SubmissionView>, Fault> {
        for id in same {
            let found = self.store.submission(insurer, *id).await?;
            let ended =
                |one: &SubmissionView| matches!(one.state, SubmissionState::Returned | SubmissionState::Withdrawn);
            if let Some(found) = found.filter(|one| !ended(one)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether a submission takes the state of the case it is linked to: not where it is decided, or at its end.
    async fn follows(&self, submission: &SubmissionView) -> Result<bool, Fault> {
        Ok(submission.state.is_undecided() && self.store.decisions(&[submission.id]).await?.is_empty())
    }

    async fn linked(&self, insurer: &PartyId, submission: SubmissionView) -> Result<Linked, NotDone> {
        let mut rails: Vec<Rail> = Vec::new();
        for known in self.store.links(submission.id).await? {
            if !rails.contains(&known.rail) {
                rails.push(known.rail);
            }
        }
        let same_case = self.same_case(insurer, submission.id).await?;
        Ok(Linked { submission, rails, same_case })
    }

    /// The other submissions of an insurer that it linked to the same case.
    pub(super) async fn same_case(&self, insurer: &PartyId, id: SubmissionId) -> Result<Vec<SubmissionId>, Fault> {
        let mut same = Vec::new();
        for link in self.store.links(id).await? {
            for other in self.store.linked_to(insurer, link.rail, &link.number_mac).await? {
                if other != id && !same.contains(&other) {
                    same.push(other);
                }
            }
        }
        Ok(same)
    }

    /// Steps what is the same case to the same state: a report of one is a report of all.
    pub(super) async fn together(
        &self,
        insurer: &PartyId,
        reported: &SubmissionView,
        state: SubmissionState,
        change: &mut Change,
    ) -> Result<(), NotDone> {
        for other in self.same_case(insurer, reported.id).await? {
            let Some(other) = self.store.submission(insurer, other).await? else { continue };
            if other.state == state || matches!(other.state, SubmissionState::Returned | SubmissionState::Withdrawn) {
                continue;
            }
            let (id, version) = (other.id, other.version);
            change.push(Write::SubmissionStep(SubmissionStep { id, version, state, detail: None, at: self.now() }));
            let event = Event::Status { party: insurer.clone(), line: other.line, state: state.as_str() };
            change.tell(entries(other.claim, &other.hospital, &event, self.now(), &self.random));
        }
        Ok(())
    }
}

/// The number of a link, for the insurer's own eyes.
pub(super) fn number(key: &ClaimKey, id: SubmissionId, sealed: &[u8]) -> Result<String, Fault> {
    let plain = key.open(place(&id.to_string()), sealed)?;
    String::from_utf8(plain.to_vec()).map_err(|_| Fault::Stored("submission_link"))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "submission_link", row, column: "number" }
}
