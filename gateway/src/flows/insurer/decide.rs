//! What a report comes to: the next state, and the decision (決定) in it where there is a new one. A correction reverses
//! the decision that stands; none is ever overwritten.

use claimgate_adapters::insurer::decision::Decision;

use super::books::{Books, seal_decision};
use super::{Engine, Fault, NotBooked, NotDone, Status};
use crate::core::change::{Change, Write};
use crate::core::ledger::{Balance, DecisionRow, LedgerWrite, MOST_ENTRIES};
use crate::core::submission::SubmissionState;
use crate::core::timeline::{Event, entries};
use crate::keys::at_rest::ClaimKey;
use crate::party::PartyId;
use crate::store::SubmissionView;

/// A decision that is new.
pub(super) struct New<'a> {
    version: i64,
    outcome: SubmissionState,
    decision: &'a Decision,
    balance: Balance,
}

/// The next state, and the new decision.
type Weighed<'a> = (SubmissionState, Option<New<'a>>);

impl Engine {
    /// What a report comes to in the state the submission is in.
    ///
    /// # Errors
    /// No such step, a decision that does not count, or a fault of ours.
    pub(super) async fn weigh<'a>(
        &self,
        key: &ClaimKey,
        submission: &SubmissionView,
        status: &'a Status,
    ) -> Result<Weighed<'a>, NotDone> {
        let (from, to) = (submission.state, status.state);
        let Some(decision) = &status.decision else {
            if from == to {
                return Ok((from, None));
            }
            if to.is_decision() || to == SubmissionState::Paid {
                fits_the_books(&self.books(key, submission.id).await?, to)?;
            }
            return Ok((from.step(to)?, None));
        };
        decision.check().map_err(NotBooked::Unbalanced)?;
        if decision.outcome() != to.as_str() {
            return Err(NotBooked::Outcome.into());
        }
        let books = self.books(key, submission.id).await?;
        let standing = books.standing().map(|(kept, old)| (kept.version, old));
        if standing.is_some_and(|(_, old)| old == decision) {
            let stays = from == to || from == SubmissionState::Paid;
            return Ok((if stays { from } else { from.step(to)? }, None));
        }
        // A step that does not exist is said before what the decision names.
        let next = if standing.is_some() { from.corrected(to)? } else { from.step(to)? };
        let stands = standing.map(|(version, _)| version);
        if decision.corrects != stands {
            return Err(NotBooked::Corrects(stands).into());
        }
        let version = stands.unwrap_or(0) + 1;
        if version > MOST_ENTRIES {
            return Err(NotBooked::Full.into());
        }
        let balance = Balance { accepted: decision.accepted, ..books.balance()? };
        balance.open().ok_or(NotBooked::Amount)?;
        let state = next.settled(to, balance.is_paid_in_full());
        Ok((state, Some(New { version, outcome: to, decision, balance })))
    }

    /// Writes a new decision, what it does to the books, and what is told of it.
    pub(super) fn decide(
        &self,
        insurer: &PartyId,
        (submission, key): (&SubmissionView, &ClaimKey),
        new: &New<'_>,
        change: &mut Change,
    ) -> Result<(), Fault> {
        let (id, version, at) = (submission.id, new.version, self.now());
        change.push(Write::Ledger(LedgerWrite::Decision(Box::new(DecisionRow {
            submission: id,
            version,
            claim: submission.claim,
            outcome: new.outcome,
            body: seal_decision(key, id, version, new.decision)?,
            at,
        }))));
        self.note_account(insurer, submission, &new.balance, change);
        let (line, outcome) = (submission.line, new.outcome.as_str());
        let event = Event::Decided { party: insurer.clone(), line, version, outcome };
        change.tell(entries(submission.claim, &submission.hospital, &event, at, &self.random));
        let detail = [
            ("version", version.to_string()),
            ("outcome", outcome.to_owned()),
            ("claim", submission.claim.to_string()),
        ];
        change.push(self.audit(insurer.as_str(), "submission.decided", &id, detail));
        Ok(())
    }
}

/// A bare state must not contradict the decision and the payments that are there.
fn fits_the_books(books: &Books, to: SubmissionState) -> Result<(), NotDone> {
    let Some((kept, _)) = books.standing() else { return Ok(()) };
    if to.is_decision() && kept.outcome != to {
        return Err(NotBooked::Corrects(Some(kept.version)).into());
    }
    if to == SubmissionState::Paid && !books.balance()?.is_paid_in_full() {
        return Err(NotBooked::NotPaid.into());
    }
    Ok(())
}
