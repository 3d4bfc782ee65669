//! How persons of claims were identified, and the recipients that wait for a surer identity.

use super::rows::{mac, parse, time};
use super::sql::{Connection, Row, query, query_as};
use super::wallet::check_claim;
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::identity::{Hold, Identification, Identified, IdentityWrite};
use crate::id::ClaimId;

const TABLE: &str = "identification";
const HOLD: &str = "identity_hold";

impl Store {
    /// What is known of a claim's person, and who waits.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn identified(&self, claim: ClaimId) -> Result<Identified, StoreError> {
        let sql = "-- identity::of_claim
            select id, party_id, source, assurance, proved, capacity, person_mac, once_mac, subject, at
            from identification where claim_id = $1 order by at, id";
        let rows = query(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        let all = rows.iter().map(|row| identification(claim, row)).collect::<Result<_, _>>()?;
        Ok(Identified { all, held: self.identity_holds(claim).await? })
    }

    /// The recipients of a claim that wait for a surer identity.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn identity_holds(&self, claim: ClaimId) -> Result<Vec<Hold>, StoreError> {
        let sql = "-- identity::holds
            select party_id, line, least, since from identity_hold where claim_id = $1 order by party_id, line";
        let rows: Vec<(String, String, String, i64)> =
            query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        let held = rows.into_iter().map(|(party, line, least, since)| {
            Ok(Hold {
                party: parse(HOLD, "party_id", &party)?,
                line: parse(HOLD, "line", &line)?,
                least: parse(HOLD, "least", &least)?,
                since: time(HOLD, "since", since)?,
            })
        });
        held.collect()
    }
}

fn identification(claim: ClaimId, row: &Row) -> Result<Identification, StoreError> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(Identification {
        id: parse(TABLE, "id", &text("id")?)?,
        claim,
        party: parse(TABLE, "party_id", &text("party_id")?)?,
        source: parse(TABLE, "source", &text("source")?)?,
        assurance: parse(TABLE, "assurance", &text("assurance")?)?,
        proved: row.try_get::<i64, _>("proved")? != 0,
        capacity: parse(TABLE, "capacity", &text("capacity")?)?,
        person: mac(TABLE, "person_mac", &row.try_get::<Vec<u8>, _>("person_mac")?)?,
        once: mac(TABLE, "once_mac", &row.try_get::<Vec<u8>, _>("once_mac")?)?,
        subject: row.try_get("subject")?,
        body: None,
        at: time(TABLE, "at", row.try_get("at")?)?,
    })
}

/// Writes one thing of identities.
pub(super) async fn apply(tx: &mut Connection, write: &IdentityWrite) -> Result<(), StoreError> {
    match write {
        IdentityWrite::New(new) => {
            check_claim(tx, new.claim).await?;
            let sql = "-- identity::new
                insert into identification (id, claim_id, party_id, source, assurance, proved, capacity, person_mac,
                    once_mac, subject, body, at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
            let inserted = query(sql)
                .bind(new.id.to_string())
                .bind(new.claim.to_string())
                .bind(new.party.as_str())
                .bind(new.source.as_str())
                .bind(new.assurance.as_str())
                .bind(i64::from(new.proved))
                .bind(new.capacity.as_str())
                .bind(new.person.as_slice())
                .bind(new.once.as_slice())
                .bind(new.subject.as_deref())
                .bind(new.body.as_deref())
                .bind(millis(new.at))
                .execute(&mut *tx)
                .await;
            one(TABLE, inserted)?;
            // Who has it in hand may have looked before: the fence keeps that one from saying that it is done.
            let sql = "-- identity::wake_work
                update work set due_at = $2, lease_until = null where claim_id = $1 and done_at is null";
            query(sql).bind(new.claim.to_string()).bind(millis(new.at)).execute(tx).await?;
            Ok(())
        }
        IdentityWrite::Hold(claim, hold) => {
            let sql = "-- identity::hold
                insert into identity_hold (claim_id, party_id, line, least, since) values ($1, $2, $3, $4, $5)
                on conflict (claim_id, party_id, line) do update set least = excluded.least";
            query(sql)
                .bind(claim.to_string())
                .bind(hold.party.as_str())
                .bind(hold.line.as_str())
                .bind(hold.least.as_str())
                .bind(millis(hold.since))
                .execute(tx)
                .await?;
            Ok(())
        }
        IdentityWrite::Released(claim, party, line) => {
            let sql = "-- identity::released
                delete from identity_hold where claim_id = $1 and party_id = $2 and line = $3";
            query(sql).bind(claim.to_string()).bind(party.as_str()).bind(line.as_str()).execute(tx).await?;
            Ok(())
        }
    }
}
