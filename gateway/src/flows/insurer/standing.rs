//! How a submission stands, for its insurer: everything it reported of it, opened again, and the sums.

use claimgate_adapters::insurer::payment::{DecisionKept, PaymentKept, Standing};

use super::books::sums;
use super::detail::Detail;
use super::{Engine, Fault, NotDone};
use crate::id::SubmissionId;
use crate::party::PartyId;

impl Engine {
    /// How a submission of an insurer stands.
    ///
    /// # Errors
    /// Not there, or a fault of ours.
    pub async fn submission_standing(&self, insurer: &PartyId, id: SubmissionId) -> Result<Standing, NotDone> {
        let submission = self.store.submission(insurer, id).await?.ok_or(NotDone::NotFound)?;
        let key = self.vault.open_claim_key(submission.claim, &submission.wrapped_key).map_err(Fault::from)?;
        let detail = Detail::open(&key, id, submission.detail.as_deref())?;
        let books = self.books(&key, id).await?;
        let newest = books.standing().map(|(kept, _)| kept.version);
        let balance = books.balance()?;
        let decisions = books.decisions.into_iter().map(|(kept, decision)| DecisionKept {
            version: kept.version,
            outcome: kept.outcome.as_str().to_owned(),
            stands: Some(kept.version) == newest,
            at: kept.at,
            decision,
        });
        let payments = books.payments.into_iter().map(|(kept, payment)| PaymentKept {
            payment_id: kept.id.to_string(),
            number: kept.number,
            at: kept.at,
            payment,
        });
        Ok(Standing {
            submission_id: id.to_string(),
            claim_id: submission.claim.to_string(),
            line: submission.line,
            state: submission.state.as_str().to_owned(),
            number: detail.number,
            note: detail.note,
            policies: detail.policies,
            handler: detail.handler,
            decisions: decisions.collect(),
            payments: payments.collect(),
            sums: sums(&balance)?,
            due: None,
        })
    }
}
