//! How a submission stands, for its insurer: everything it reported of it, opened again, the sums, and when payment is due.

use claimgate_adapters::insurer::payment::{DecisionKept, DueView, FlagView, FlaggedDocument, PaymentKept, Standing};
use claimgate_packet::amount::Twd;
use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::books::sums;
use super::detail::Detail;
use super::{Engine, Fault, NotDone};
use crate::core::ledger::{Balance, day};
use crate::core::offset::end_of;
use crate::core::term::interest;
use crate::flows::timeline::Flag;
use crate::id::SubmissionId;
use crate::keys::at_rest::ClaimKey;
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
        let flag = self.flag_of(insurer, id).await?;
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
            flags: flag.into_iter().map(shown).collect(),
            due: detail.complete_on.map(|complete| self.due_view(submission.line, complete, &balance)),
        })
    }

    /// When payment of a submission is due, where that can be known: the end of that day in Taiwan.
    pub(in crate::flows) fn due_of(
        &self,
        key: &ClaimKey,
        (id, line): (SubmissionId, Line),
        detail: Option<&[u8]>,
    ) -> Result<Option<Timestamp>, Fault> {
        let Some(complete) = Detail::open(key, id, detail)?.complete_on else { return Ok(None) };
        let due = self.due_rules.terms.due(line, complete, &self.due_rules.county);
        Ok(due.and_then(|due| due.on.ok()).map(end_of))
    }

    /// When payment is due, and the interest on what is open since.
    fn due_view(&self, line: Line, complete_on: Date, balance: &Balance) -> DueView {
        let mut view =
            DueView { complete_on, due_on: None, unknown: None, rule: None, interest_percent: None, interest: None };
        let Some(due) = self.due_rules.terms.due(line, complete_on, &self.due_rules.county) else {
            view.unknown = Some("no term is known for this line".to_owned());
            return view;
        };
        view.rule = Some(due.term.source.clone());
        view.interest_percent = (due.term.interest_percent > 0).then_some(due.term.interest_percent);
        match due.on {
            Err(year) => view.unknown = Some(format!("the list of working days of {year} is missing")),
            Ok(on) => {
                view.due_on = Some(on);
                let late = on.until(day(self.now())).map_or(0, |span| i64::from(span.get_days()));
                let open = balance.open().filter(|open| *open > Twd::ZERO);
                if let (Some(open), Some(percent), true) = (open, view.interest_percent, late > 0) {
                    view.interest = interest(open, percent, late);
                }
            }
        }
        view
    }
}

/// A flag as its insurer reads it.
#[must_use]
pub fn shown(flag: Flag) -> FlagView {
    let documents = flag.documents.into_iter().map(|one| FlaggedDocument {
        mark: one.mark.as_str().to_owned(),
        kind: one.kind,
        evidence_id: one.evidence.to_string(),
        reason: one.reason.map(|reason| reason.as_str().to_owned()),
        at: one.at,
    });
    FlagView { flag: flag.flag.to_owned(), documents: documents.collect() }
}
