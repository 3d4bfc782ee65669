//! The one fetch of a package. What the platform hands out it hands out once: it is sealed and written down in the same
//! change that says it came, and a fetch that broke off is told from one that never began.

use claimgate_adapters::mydata::PACKAGE;
use claimgate_packet::jose::digest::sha256_text;
use jiff::{SignedDuration, Timestamp};

use super::{KEPT_THERE, Setup};
use crate::core::change::{Change, Write};
use crate::core::mydata::{Kept, MydataWrite, Transaction, TransactionState};
use crate::flows::{Engine, Fault};
use crate::id::MydataId;
use crate::keys::at_rest::Place;
use crate::sender::SendError;
use crate::sender::exchange::{Answered, Ask};
use crate::store::StoreError;

/// Transactions one process has in hand at once: a package and what it unpacks to may have 200 MiB.
const AT_ONCE: usize = 2;
/// What a step may need beside the exchange itself.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Seconds until another try: where the platform names none, and at most.
const AGAIN: (i64, i64) = (60, 3_600);

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// The package.
    Package,
    /// It ended so.
    Ends(TransactionState, &'static str),
    /// Later, after so many seconds; whether the package may have been handed out with this try.
    Later(i64, bool),
}

impl Engine {
    /// Transactions to be taken up beside those in hand.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn due_mydata(&self, in_hand: usize) -> Result<Vec<MydataId>, Fault> {
        let room = i64::try_from(AT_ONCE.saturating_sub(in_hand)).unwrap_or_default();
        if room == 0 { Ok(Vec::new()) } else { Ok(self.store.due_mydata(self.now(), room).await?) }
    }

    /// Takes a transaction up: fetches its package, or proves the one that is here.
    ///
    /// # Errors
    /// A fault of ours; it is due again when its lease has run out.
    pub async fn take_up_mydata(&self, id: MydataId) -> Result<(), Fault> {
        let (Some(setup), Some(mut transaction)) = (&self.mydata, self.store.mydata_transaction(id).await?) else {
            return Ok(());
        };
        let now = self.now();
        let fetch = SignedDuration::try_from(setup.fetch).unwrap_or(MARGIN);
        let until = now.saturating_add(fetch + MARGIN).unwrap_or(Timestamp::MAX);
        let mut change = Change::new("lease_mydata");
        change.push(Write::Mydata(MydataWrite::Leased(id, transaction.fence, now, until)));
        match self.store.commit(change).await {
            // Another process has it.
            Err(StoreError::Conflict { .. }) => return Ok(()),
            committed => committed?,
        }
        transaction.fence += 1;
        // A try that did not come to its end: what it did is not known.
        transaction.unsure |= transaction.state == TransactionState::Fetching;
        let kept = self.open_mydata(&transaction)?;
        let fetched = if transaction.state == TransactionState::Fetched {
            None
        } else {
            match self.fetch_mydata(setup, &transaction, &kept).await? {
                Some(package) => Some(package),
                None => return Ok(()),
            }
        };
        self.prove_mydata(setup, transaction, kept, fetched).await
    }

    /// Asks the platform; the package where it gave one, written down.
    async fn fetch_mydata(
        &self,
        setup: &Setup,
        transaction: &Transaction,
        kept: &Kept,
    ) -> Result<Option<String>, Fault> {
        let headers = [("permission_ticket", kept.ticket.clone().unwrap_or_default())];
        let ask = Ask { headers: &headers, body: None, most: PACKAGE, within: setup.fetch };
        let answer = self.sender.ask(&setup.data, ask).await;
        let (id, fence, now) = (transaction.id, transaction.fence, self.now());
        let said = match &answer {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.as_str().to_owned(),
        };
        let mut change = Change::new("fetch_mydata");
        change.push(self.audit("gateway", "mydata.fetched", &id, [("answer", said)]));
        let mut found = None;
        match meaning(&answer, transaction, now) {
            Meaning::Package => {
                let body = answer.map(|answer| answer.body).unwrap_or_default();
                // A JWE is ASCII; whatever else came is refused when it is opened.
                let package = String::from_utf8_lossy(&body).trim().to_owned();
                let row = id.to_string();
                let place = Place { table: "mydata_transaction", row: &row, column: "package" };
                // Erased or restricted meanwhile: nothing is added to it.
                let Some(sealed) = self.seal_of_mydata(transaction, place, package.as_bytes()).await? else {
                    return Ok(None);
                };
                let digest = sha256_text(package.as_bytes());
                change.push(Write::Mydata(MydataWrite::Fetched(id, fence, sealed, digest, now)));
                found = Some(package);
            }
            Meaning::Ends(state, reason) => {
                change.push(self.ended_mydata(setup, transaction, kept, (state, Some(reason)), Vec::new())?);
            }
            Meaning::Later(seconds, unsure) => {
                let due_at = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
                let unsure = transaction.unsure || unsure;
                change.push(Write::Mydata(MydataWrite::Again(id, fence, due_at, unsure)));
            }
        }
        self.store.commit(change).await?;
        Ok(found)
    }
}

/// What the platform's answer to a fetch means.
fn meaning(answer: &Result<Answered, SendError>, transaction: &Transaction, now: Timestamp) -> Meaning {
    let notified = transaction.notified_at.unwrap_or(now);
    let over = now.duration_since(notified) >= SignedDuration::from_hours(KEPT_THERE);
    let later = |seconds: i64, unsure: bool| match (over, unsure || transaction.unsure) {
        (false, _) => Meaning::Later(seconds.clamp(1, AGAIN.1), unsure),
        (true, true) => Meaning::Ends(TransactionState::Lost, "package-lost"),
        (true, false) => Meaning::Ends(TransactionState::Failed, "platform-unreachable"),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(SendError::TooLarge) => return Meaning::Ends(TransactionState::Failed, "answer-too-large"),
        Err(error) => return later(AGAIN.0, !error.nothing_left()),
    };
    match answer.status {
        200 => Meaning::Package,
        // The platform knows no ticket of a package that was handed out, or says that it was.
        201 | 403 if transaction.unsure => Meaning::Ends(TransactionState::Lost, "package-lost"),
        201 => Meaning::Ends(TransactionState::Failed, "already-fetched"),
        400 => Meaning::Ends(TransactionState::Failed, "ticket-missing"),
        401 => Meaning::Ends(TransactionState::Failed, "address-refused"),
        403 => Meaning::Ends(TransactionState::Failed, "ticket-unknown"),
        429 => {
            let named = answer.retry_after.as_deref().and_then(|text| text.trim().parse().ok());
            later(named.unwrap_or(AGAIN.0), false)
        }
        504 => Meaning::Ends(TransactionState::Unavailable, "providers-failed"),
        // None of the contract: a proxy in front, or the platform in need. Nothing was handed out with it.
        _ => later(AGAIN.0, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    fn transaction(unsure: bool) -> Transaction {
        let now = Timestamp::UNIX_EPOCH;
        Transaction {
            id: MydataId::new(now, &Random::system()),
            party: "app".parse().unwrap(),
            purpose: "motor-claim".to_owned(),
            claim: None,
            state: TransactionState::Fetching,
            reason: None,
            returned: None,
            ticket: None,
            request: Vec::new(),
            package_digest: None,
            unsure,
            fence: 1,
            closes_at: now,
            notified_at: Some(now),
            fetched_at: None,
        }
    }

    #[test]
    fn every_answer_of_the_contract_has_its_meaning() {
        let said = |status, retry: Option<&str>, unsure, hours| {
            let answer = Ok(Answered { status, retry_after: retry.map(str::to_owned), body: Vec::new() });
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
            meaning(&answer, &transaction(unsure), now)
        };
        assert_eq!(said(200, None, false, 0), Meaning::Package);
        for (status, unsure, state, reason) in [
            (201, false, TransactionState::Failed, "already-fetched"),
            (201, true, TransactionState::Lost, "package-lost"),
            (400, false, TransactionState::Failed, "ticket-missing"),
            (401, false, TransactionState::Failed, "address-refused"),
            (403, false, TransactionState::Failed, "ticket-unknown"),
            (403, true, TransactionState::Lost, "package-lost"),
            (504, false, TransactionState::Unavailable, "providers-failed"),
        ] {
            assert_eq!(said(status, None, unsure, 0), Meaning::Ends(state, reason), "{status}");
            assert!(crate::core::mydata::reason_texts(reason).is_some(), "{reason}");
        }
        assert_eq!(said(429, Some("7"), false, 0), Meaning::Later(7, false));
        assert_eq!(said(429, None, false, 0), Meaning::Later(60, false));
        assert_eq!(said(429, Some("999999"), false, 0), Meaning::Later(3_600, false));
        assert_eq!(said(429, Some("-5"), false, 0), Meaning::Later(1, false));
        assert_eq!(said(429, Some("Thu, 01 Jan"), false, 0), Meaning::Later(60, false));
        assert_eq!(said(302, None, false, 0), Meaning::Later(60, false));
        assert_eq!(said(503, None, false, 9), Meaning::Ends(TransactionState::Failed, "platform-unreachable"));
        assert_eq!(said(503, None, true, 9), Meaning::Ends(TransactionState::Lost, "package-lost"));
    }

    #[test]
    fn a_broken_exchange_may_have_had_the_package() {
        let now = Timestamp::UNIX_EPOCH;
        let failed = |error| meaning(&Err(error), &transaction(false), now);
        assert_eq!(failed(SendError::Unconnected), Meaning::Later(60, false));
        assert_eq!(failed(SendError::TimedOut(60)), Meaning::Later(60, true));
        assert_eq!(failed(SendError::Broken), Meaning::Later(60, true));
        assert_eq!(failed(SendError::TooLarge), Meaning::Ends(TransactionState::Failed, "answer-too-large"));
    }
}
