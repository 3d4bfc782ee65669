//! Decisions, payments, and whose books are open. Entries are added, never changed.

use std::collections::BTreeMap;

use claimgate_packet::words::Line;
use jiff::Timestamp;
use jiff::civil::Date;

use super::rows::{parse, time};
use super::sql::{Builder, Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::ledger::{AccountRow, DecisionRow, LedgerWrite, MOST_ENTRIES, PaymentRow, day};
use crate::core::submission::SubmissionState;
use crate::id::{ClaimId, PaymentId, SubmissionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

/// A decision as it is kept.
#[derive(Clone, Debug)]
pub struct KeptDecision {
    /// From 1, without gaps.
    pub version: i64,
    /// What it comes to.
    pub outcome: SubmissionState,
    /// What was decided, sealed.
    pub body: Vec<u8>,
    /// The day in Taiwan it was reported on.
    pub day: Date,
    /// When.
    pub at: Timestamp,
}

/// A payment as it is kept.
#[derive(Clone, Debug)]
pub struct KeptPayment {
    /// Id.
    pub id: PaymentId,
    /// From 1, without gaps.
    pub number: i64,
    /// What was paid, sealed.
    pub body: Vec<u8>,
    /// The day in Taiwan it was reported on.
    pub day: Date,
    /// When.
    pub at: Timestamp,
}

/// A submission whose books count for a statement.
#[derive(Clone, Debug)]
pub struct Account {
    /// The submission.
    pub submission: SubmissionId,
    /// The claim.
    pub claim: ClaimId,
    /// Its line.
    pub line: Line,
    /// The insurer.
    pub party: PartyId,
    /// The hospital.
    pub hospital: PartyId,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// Whose accounts are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountsOf {
    /// Those of an insurer.
    Insurer,
    /// Those of a hospital.
    Hospital,
}

pub(super) async fn apply(tx: &mut Connection, write: &LedgerWrite) -> Result<(), StoreError> {
    match write {
        LedgerWrite::Decision(row) => decision(tx, row).await,
        LedgerWrite::Payment(row) => payment(tx, row).await,
        LedgerWrite::Account(row) => account(tx, row).await,
    }
}

async fn decision(tx: &mut Connection, row: &DecisionRow) -> Result<(), StoreError> {
    let sql = "-- ledger::decision
        insert into decision (submission_id, version, claim_id, outcome, body, day, at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    let inserted = query(sql)
        .bind(row.submission.to_string())
        .bind(row.version)
        .bind(row.claim.to_string())
        .bind(row.outcome.as_str())
        .bind(&row.body)
        .bind(day(row.at).to_string())
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one("decision", inserted)
}

async fn payment(tx: &mut Connection, row: &PaymentRow) -> Result<(), StoreError> {
    let sql = "-- ledger::payment
        insert into payment (id, submission_id, number, claim_id, party_id, kind, reference, body, day, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.submission.to_string())
        .bind(row.number)
        .bind(row.claim.to_string())
        .bind(row.party.as_str())
        .bind(row.kind)
        .bind(row.reference.as_slice())
        .bind(&row.body)
        .bind(day(row.at).to_string())
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one("payment", inserted)
}

async fn account(tx: &mut Connection, row: &AccountRow) -> Result<(), StoreError> {
    let sql = "-- ledger::account
        insert into account (submission_id, claim_id, party_id, hospital_id, is_open, day)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (submission_id) do update set is_open = excluded.is_open, day = excluded.day";
    let written = query(sql)
        .bind(row.submission.to_string())
        .bind(row.claim.to_string())
        .bind(row.party.as_str())
        .bind(row.hospital.as_str())
        .bind(i64::from(row.open))
        .bind(day(row.at).to_string())
        .execute(tx)
        .await;
    one("account", written)
}

type DecisionFields = (String, i64, String, Vec<u8>, String, i64);
type PaymentFields = (String, String, i64, Vec<u8>, String, i64);

impl Store {
    /// The decisions of submissions, each one's oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn decisions(
        &self,
        of: &[SubmissionId],
    ) -> Result<BTreeMap<SubmissionId, Vec<KeptDecision>>, StoreError> {
        let mut kept: BTreeMap<SubmissionId, Vec<KeptDecision>> = BTreeMap::new();
        if of.is_empty() {
            return Ok(kept);
        }
        let mut sql = Builder::new(
            "-- ledger::decisions
            select submission_id, version, outcome, body, day, at from decision where submission_id in (",
        );
        listed(&mut sql, of);
        sql.push(") and version <= ").push_bind(MOST_ENTRIES).push(" order by submission_id, version");
        let rows: Vec<DecisionFields> = sql.build_query_as().fetch_all(self.readers()).await?;
        for (submission, version, outcome, body, day, at) in rows {
            kept.entry(parse("decision", "submission_id", &submission)?).or_default().push(KeptDecision {
                version,
                outcome: parse("decision", "outcome", &outcome)?,
                body,
                day: parse("decision", "day", &day)?,
                at: time("decision", "at", at)?,
            });
        }
        Ok(kept)
    }

    /// The payments of submissions, each one's oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn payments(&self, of: &[SubmissionId]) -> Result<BTreeMap<SubmissionId, Vec<KeptPayment>>, StoreError> {
        let mut kept: BTreeMap<SubmissionId, Vec<KeptPayment>> = BTreeMap::new();
        if of.is_empty() {
            return Ok(kept);
        }
        let mut sql = Builder::new(
            "-- ledger::payments
            select submission_id, id, number, body, day, at from payment where submission_id in (",
        );
        listed(&mut sql, of);
        sql.push(") and number <= ").push_bind(MOST_ENTRIES).push(" order by submission_id, number");
        let rows: Vec<PaymentFields> = sql.build_query_as().fetch_all(self.readers()).await?;
        for (submission, id, number, body, day, at) in rows {
            kept.entry(parse("payment", "submission_id", &submission)?).or_default().push(KeptPayment {
                id: parse("payment", "id", &id)?,
                number,
                body,
                day: parse("payment", "day", &day)?,
                at: time("payment", "at", at)?,
            });
        }
        Ok(kept)
    }

    /// Who has a submission of a claim, in the order they were made.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn holders(
        &self,
        claim: ClaimId,
    ) -> Result<Vec<(SubmissionId, PartyId, Line, SubmissionState)>, StoreError> {
        let sql = "-- ledger::holders
            select id, party_id, line, state from submission where claim_id = $1 order by id";
        let rows: Vec<(String, String, String, String)> =
            query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        let table = "submission";
        rows.into_iter()
            .map(|(id, party, line, state)| {
                let (party, line) = (parse(table, "party_id", &party)?, parse(table, "line", &line)?);
                Ok((parse(table, "id", &id)?, party, line, parse(table, "state", &state)?))
            })
            .collect()
    }

    /// Whether an insurer has used a reference for a payment.
    ///
    /// # Errors
    /// The database is away.
    pub async fn reference_used(&self, insurer: &PartyId, reference: &Mac) -> Result<bool, StoreError> {
        let sql = "-- ledger::reference_used
            select exists (select 1 from payment where party_id = $1 and reference = $2)";
        let (used,): (bool,) =
            query_as(sql).bind(insurer.as_str()).bind(reference.as_slice()).fetch_one(self.readers()).await?;
        Ok(used)
    }

    /// A page of a party's accounts that are open, or have moved on a day or since, by submission.
    ///
    /// All others were even before that day and are so now: they add nothing to its statement.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn accounts(
        &self,
        (of, party): (AccountsOf, &PartyId),
        since: Date,
        after: Option<SubmissionId>,
        limit: i64,
    ) -> Result<Vec<Account>, StoreError> {
        type Fields = (String, String, String, String, String, Vec<u8>);
        let sql = match of {
            AccountsOf::Insurer => {
                "-- ledger::accounts_of_insurer
                select a.submission_id, a.claim_id, s.line, a.party_id, a.hospital_id, k.wrapped from (
                    select submission_id from account where party_id = $1 and is_open = 1 and submission_id > $3
                    union select submission_id from account where party_id = $1 and day >= $2 and submission_id > $3
                ) x join account a on a.submission_id = x.submission_id
                join submission s on s.id = a.submission_id join claim_key k on k.claim_id = a.claim_id
                order by a.submission_id limit $4"
            }
            AccountsOf::Hospital => {
                "-- ledger::accounts_of_hospital
                select a.submission_id, a.claim_id, s.line, a.party_id, a.hospital_id, k.wrapped from (
                    select submission_id from account where hospital_id = $1 and is_open = 1 and submission_id > $3
                    union select submission_id from account where hospital_id = $1 and day >= $2 and submission_id > $3
                ) x join account a on a.submission_id = x.submission_id
                join submission s on s.id = a.submission_id join claim_key k on k.claim_id = a.claim_id
                order by a.submission_id limit $4"
            }
        };
        let rows: Vec<Fields> = query_as(sql)
            .bind(party.as_str())
            .bind(since.to_string())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter()
            .map(|(submission, claim, line, party, hospital, wrapped_key)| {
                Ok(Account {
                    submission: parse("account", "submission_id", &submission)?,
                    claim: parse("account", "claim_id", &claim)?,
                    line: parse("submission", "line", &line)?,
                    party: parse("account", "party_id", &party)?,
                    hospital: parse("account", "hospital_id", &hospital)?,
                    wrapped_key,
                })
            })
            .collect()
    }
}

fn listed(sql: &mut Builder<'_>, submissions: &[SubmissionId]) {
    let mut list = sql.separated(", ");
    for id in submissions {
        list.push_bind(id.to_string());
    }
}
