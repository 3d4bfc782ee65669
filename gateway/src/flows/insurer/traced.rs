//! The trace (追蹤) of a submission: one value for both of its sides, the hospital and the insurer, under one id.

use jiff::Timestamp;

use super::{Engine, Fault, NotDone, link};
use crate::core::handover::Rail;
use crate::id::SubmissionId;
use crate::party::PartyId;
use crate::store::{TracedDelivery, TracedSubmission};

/// A submission with everything that became of it.
#[derive(Debug)]
pub struct Trace {
    /// The submission.
    pub submission: TracedSubmission,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<TracedDelivery>,
    /// By which rails the insurer has the case too, since when; its number there only for the insurer.
    pub links: Vec<(Rail, Timestamp, Option<String>)>,
    /// The insurer's other submissions of the same case; only for the insurer.
    pub same_case: Vec<SubmissionId>,
}

impl Engine {
    /// The trace of a submission, for its hospital or its insurer.
    ///
    /// # Errors
    /// Not there, or neither side of it; a fault of ours.
    pub async fn submission_trace(&self, side: &PartyId, id: SubmissionId) -> Result<Trace, NotDone> {
        let submission = self.store.traced(side, id).await?.ok_or(NotDone::NotFound)?;
        let deliveries = self.store.traced_deliveries(&submission).await?;
        let own = submission.party == *side;
        let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
        let mut links = Vec::new();
        for kept in self.store.links(id).await? {
            let number = if own { Some(link::number(&key, id, &kept.number)?) } else { None };
            links.push((kept.rail, kept.at, number));
        }
        let same_case = if own { self.same_case(side, id).await? } else { Vec::new() };
        Ok(Trace { submission, deliveries, links, same_case })
    }
}
