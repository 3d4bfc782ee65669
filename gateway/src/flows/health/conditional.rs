//! Conditional update (FHIR R4 §3.1.0.4.3): a PUT to a case number (案件編號) instead of an id.
//!
//! In: the number the address names, `If-Match`, the bundle's own number, and what the hospital has. Out: the answer
//! where nothing is to be made, or that a revision is due, or why neither. Called in the case's turn, so that what it
//! sees holds until the revision is written.

use claimgate_adapters::hospital::CaseIdentifier;
use serde_json::json;

use super::{Answer, Refusal};
use crate::core::change::SearchName;
use crate::flows::Engine;
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::ClaimHead;

/// PUT to whatever case has this number.
#[derive(Clone)]
pub struct ByIdentifier {
    /// System and value; without a system in any, and an empty one means none.
    pub identifier: (Option<String>, String),
    /// `If-Match`.
    pub revision: Option<i64>,
}

claimgate_packet::opaque_debug!(ByIdentifier);

impl ByIdentifier {
    /// All of it as one text, for the digest an `Idempotency-Key` is bound to.
    pub(super) fn condition(&self) -> String {
        let (system, value) = &self.identifier;
        json!([system, value, self.revision]).to_string()
    }
}

impl Engine {
    /// Whether a conditional update makes a revision (`None`) or is answered as it stands.
    ///
    /// Without `If-Match` the bytes of the present revision are that revision, so that a lost answer can be asked for
    /// again; those of an earlier one are refused: a late repetition must not undo what came after it.
    pub(super) async fn conditional(
        &self,
        hospital: &PartyId,
        update: &ByIdentifier,
        (own, present): (&CaseIdentifier, Option<&ClaimHead>),
        body: &Mac,
    ) -> Result<Option<Answer>, Refusal> {
        let fitting = self.claims_of_case(hospital, &update.identifier, 2).await?;
        let other = match fitting.as_slice() {
            [] => false,
            [found] => present.is_none_or(|present| present.id != found.id),
            _ => return Err(Refusal::ManyExist),
        };
        if other || !self.names(hospital, update, own) {
            return Err(Refusal::IdentifierDiffers);
        }
        match (update.revision, present) {
            (None, None) => Ok(None),
            (Some(revision), Some(head)) if head.revision == revision => Ok(None),
            (Some(_), _) => Err(Refusal::RevisionMismatch),
            (None, Some(head)) => match self.store.answer_for_body(head.id, body).await? {
                None => Ok(None),
                Some(before) if before.revision == head.revision => {
                    Ok(Some(Answer { status: 200, ..Answer::from_stored(&before.answer)? }))
                }
                Some(_) => Err(Refusal::Overtaken),
            },
        }
    }

    /// Whether the address names the bundle's own number, by the digests that would find it.
    fn names(&self, hospital: &PartyId, update: &ByIdentifier, own: &CaseIdentifier) -> bool {
        let (system, value) = &update.identifier;
        if let Some(system) = system {
            let system = Some(system.clone()).filter(|system| !system.is_empty());
            let named = CaseIdentifier { system, value: value.clone() };
            return self.case_index(hospital, &named) == self.case_index(hospital, own);
        }
        let digest = |value: &str| self.search_mac(hospital, SearchName::Case, None, value);
        digest(value) == digest(&own.value)
    }
}
