//! A day's statement (對帳單) of an insurer or a hospital. Amounts are sealed under the claims' keys, so the open books are
//! read page by page, opened, added and dropped again: what is held at once is a page, whatever the number of claims.

use jiff::civil::Date;

use super::books::{open_decision, open_payment};
use super::{Engine, Fault};
use crate::core::ledger::day;
use crate::core::statement::{Books, Entry, Statement};
use crate::id::SubmissionId;
use crate::party::PartyId;
use crate::store::{Account, AccountsOf, StoreError};

/// Submissions opened at once.
const PAGE: i64 = 200;

/// How far a statement goes back: it reads whatever has moved since its day.
const MOST_DAYS: i32 = 400;

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub enum NotStated {
    /// The day has not begun.
    #[error("the day has not begun in Taiwan")]
    NotYet,
    /// The day is too long ago for one request.
    #[error("a statement goes back {MOST_DAYS} days at most")]
    TooOld,
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for NotStated {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl Engine {
    /// The statement of a party for a day in Taiwan.
    ///
    /// # Errors
    /// A day that has not begun or is too long ago, or a fault of ours.
    pub async fn statement(&self, of: AccountsOf, party: &PartyId, date: Date) -> Result<Statement, NotStated> {
        let today = day(self.now());
        if date > today {
            return Err(NotStated::NotYet);
        }
        if date.until(today).map_or(i32::MAX, |span| span.get_days()) > MOST_DAYS {
            return Err(NotStated::TooOld);
        }
        let mut statement = Statement::new(party, date, date < today);
        let mut after = None;
        loop {
            let page = self.store.accounts((of, party), date, after, PAGE).await?;
            let ids: Vec<SubmissionId> = page.iter().map(|account| account.submission).collect();
            let Some(last) = ids.last() else { return Ok(statement) };
            after = Some(*last);
            let (mut decisions, mut payments) = (self.store.decisions(&ids).await?, self.store.payments(&ids).await?);
            for account in page {
                let id = account.submission;
                let key = self.vault.open_claim_key(account.claim, &account.wrapped_key).map_err(Fault::from)?;
                let mut entries = Vec::new();
                for kept in decisions.remove(&id).unwrap_or_default() {
                    entries.push((kept.day, Entry::Decided(open_decision(&key, id, &kept)?.accepted)));
                }
                for kept in payments.remove(&id).unwrap_or_default() {
                    let payment = open_payment(&key, &kept)?;
                    let back = payment.kind.comes_back();
                    let amount = payment.amount;
                    entries.push((kept.day, if back { Entry::CameBack(amount) } else { Entry::Paid(amount) }));
                }
                statement.add(&books(of, account, entries));
            }
        }
    }
}

fn books(of: AccountsOf, account: Account, entries: Vec<(Date, Entry)>) -> Books {
    let other = match of {
        AccountsOf::Insurer => account.hospital,
        AccountsOf::Hospital => account.party,
    };
    Books { submission: account.submission, claim: account.claim, line: account.line, other, entries }
}
