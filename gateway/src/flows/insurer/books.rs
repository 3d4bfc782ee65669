//! The books of a submission, opened: its decisions and payments under the claim's key, and the balance.

use claimgate_adapters::insurer::decision::Decision;
use claimgate_adapters::insurer::payment::{Payment, Sums};
use claimgate_packet::amount::Twd;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Engine, Fault, NotDone};
use crate::core::change::{Change, Write};
use crate::core::ledger::{AccountRow, Balance, LedgerWrite};
use crate::id::SubmissionId;
use crate::keys::at_rest::{ClaimKey, Place};
use crate::party::PartyId;
use crate::store::{KeptDecision, KeptPayment, SubmissionView};

/// Decisions and payments of a submission, oldest first.
pub(super) struct Books {
    pub decisions: Vec<(KeptDecision, Decision)>,
    pub payments: Vec<(KeptPayment, Payment)>,
}

claimgate_packet::opaque_debug!(Books);

impl Books {
    /// The decision that stands.
    pub(super) fn standing(&self) -> Option<&(KeptDecision, Decision)> {
        self.decisions.last()
    }

    /// The balance after so many decisions and payments.
    pub(super) fn balance_at(&self, version: i64, number: i64) -> Option<Balance> {
        let decided = self.decisions.iter().rev().find(|(kept, _)| kept.version <= version);
        let sum = |back: bool| {
            let of = self.payments.iter().filter(|(kept, one)| kept.number <= number && one.kind.comes_back() == back);
            Twd::sum(of.map(|(_, one)| one.amount))
        };
        Some(Balance {
            accepted: decided.map_or(Twd::ZERO, |(_, decision)| decision.accepted),
            paid: sum(false)?,
            came_back: sum(true)?,
        })
    }

    pub(super) fn balance(&self) -> Result<Balance, Fault> {
        self.balance_at(i64::MAX, i64::MAX).ok_or(Fault::Stored("payment"))
    }
}

/// Sums as they are shown.
pub(super) fn sums(balance: &Balance) -> Result<Sums, Fault> {
    let open = balance.open().ok_or(Fault::Stored("payment"))?;
    Ok(Sums { accepted: balance.accepted, paid: balance.paid, came_back: balance.came_back, open })
}

/// Where a decision is sealed to.
fn decision_row(id: SubmissionId, version: i64) -> String {
    format!("{id}/{version}")
}

pub(super) fn open_decision(key: &ClaimKey, id: SubmissionId, kept: &KeptDecision) -> Result<Decision, Fault> {
    opened(key, ("decision", &decision_row(id, kept.version)), &kept.body)
}

pub(in crate::flows) fn open_payment(key: &ClaimKey, kept: &KeptPayment) -> Result<Payment, Fault> {
    opened(key, ("payment", &kept.id.to_string()), &kept.body)
}

pub(super) fn seal_decision(
    key: &ClaimKey,
    id: SubmissionId,
    version: i64,
    decision: &Decision,
) -> Result<Vec<u8>, Fault> {
    sealed(key, ("decision", &decision_row(id, version)), decision)
}

pub(super) fn seal_payment(key: &ClaimKey, id: &str, payment: &Payment) -> Result<Vec<u8>, Fault> {
    sealed(key, ("payment", id), payment)
}

fn opened<T: DeserializeOwned>(key: &ClaimKey, (table, row): (&'static str, &str), body: &[u8]) -> Result<T, Fault> {
    let plain = key.open(Place { table, row, column: "body" }, body)?;
    serde_json::from_slice(&plain).map_err(|_| Fault::Stored(table))
}

fn sealed(key: &ClaimKey, (table, row): (&'static str, &str), value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(value).map_err(|_| Fault::Stored(table))?;
    Ok(key.seal(Place { table, row, column: "body" }, &plain)?)
}

impl Engine {
    /// The books of a submission.
    pub(super) async fn books(&self, key: &ClaimKey, id: SubmissionId) -> Result<Books, NotDone> {
        let decisions = self.store.decisions(&[id]).await?.remove(&id).unwrap_or_default();
        let payments = self.store.payments(&[id]).await?.remove(&id).unwrap_or_default();
        let decisions = decisions.into_iter().map(|kept| Ok((open_decision(key, id, &kept)?, kept)));
        let payments = payments.into_iter().map(|kept| Ok((open_payment(key, &kept)?, kept)));
        Ok(Books {
            decisions: decisions.map(|one| one.map(|(body, kept)| (kept, body))).collect::<Result<_, Fault>>()?,
            payments: payments.map(|one| one.map(|(body, kept)| (kept, body))).collect::<Result<_, Fault>>()?,
        })
    }

    /// Notes whether the books of a submission are open by now.
    pub(super) fn note_account(
        &self,
        insurer: &PartyId,
        submission: &SubmissionView,
        balance: &Balance,
        change: &mut Change,
    ) {
        change.push(Write::Ledger(LedgerWrite::Account(Box::new(AccountRow {
            submission: submission.id,
            claim: submission.claim,
            party: insurer.clone(),
            hospital: submission.hospital.clone(),
            open: balance.open().is_none_or(|open| !open.is_zero()),
            at: self.now(),
        }))));
    }
}
