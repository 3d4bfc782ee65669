//! Sessions with wallets: one row each, whose state changes once from open to answered.

use claimgate_adapters::wallet::Reason;
use jiff::Timestamp;

use super::rows::{mac, parse, time};
use super::sql::{Builder, Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::wallet::{MandateUse, Session, WalletWrite};
use crate::id::{ClaimId, WalletSessionId};
use crate::keys::index::Mac;
use crate::party::PartyId;

const TABLE: &str = "wallet_session";

type Sealed = Option<Vec<u8>>;
type Row =
    (String, String, String, String, Option<String>, String, Option<String>, Sealed, Sealed, Option<Vec<u8>>, i64);

macro_rules! session {
    ($name:literal, $where:literal) => {
        concat!(
            "-- wallet::",
            $name,
            "\nselect id, party_id, query, purpose, claim_id, state, reason, request, outcome, code_mac, closes_at
            from wallet_session where ",
            $where
        )
    };
}

impl Store {
    /// A session of a party.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn wallet_session(&self, party: &PartyId, id: WalletSessionId) -> Result<Option<Session>, StoreError> {
        let sql = session!("of_party", "party_id = $1 and id = $2");
        let row: Option<Row> =
            query_as(sql).bind(party.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// The session of a handle.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn wallet_session_of(&self, handle: &Mac) -> Result<Option<Session>, StoreError> {
        let sql = session!("of_handle", "handle_mac = $1");
        let row: Option<Row> = query_as(sql).bind(handle.as_slice()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// Held sessions that are to be looked at again.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn due_wallet_sessions(&self, now: Timestamp, limit: i64) -> Result<Vec<Session>, StoreError> {
        let sql = session!("due", "due_at <= $1 and state = 'held' order by due_at limit $2");
        let rows: Vec<Row> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(from_row).collect()
    }

    /// The hospital and the wrapped key of a claim an app is linked to; none where it is not, or the claim is barred.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn claim_of_app(&self, app: &PartyId, claim: ClaimId) -> Result<Option<(PartyId, Vec<u8>)>, StoreError> {
        let sql = "-- wallet::claim_of_app
            select c.hospital_id, k.wrapped from claim c join claim_link l on l.claim_id = c.id
            join claim_key k on k.claim_id = c.id where l.party_id = $1 and c.id = $2 and c.barred is null";
        let row: Option<(String, Vec<u8>)> =
            query_as(sql).bind(app.as_str()).bind(claim.to_string()).fetch_optional(self.readers()).await?;
        row.map(|(hospital, wrapped)| Ok((parse("claim", "hospital_id", &hospital)?, wrapped))).transpose()
    }

    /// Whether a claim's patient has an identifier of this digest; none where the claim names no patient.
    ///
    /// # Errors
    /// The database is away.
    pub async fn claim_is_of(&self, claim: ClaimId, patient: &Mac) -> Result<Option<bool>, StoreError> {
        let sql = "-- wallet::claim_is_of
            select count(*), cast(coalesce(sum(case when value_mac = $2 then 1 else 0 end), 0) as bigint)
            from claim_search where claim_id = $1 and name = 'patient'";
        let (all, same): (i64, i64) =
            query_as(sql).bind(claim.to_string()).bind(patient.as_slice()).fetch_one(self.readers()).await?;
        Ok((all > 0).then_some(same > 0))
    }
}

fn from_row(
    (id, party, query, purpose, claim, state, reason, request, outcome, code, closes): Row,
) -> Result<Session, StoreError> {
    Ok(Session {
        id: parse(TABLE, "id", &id)?,
        party: parse(TABLE, "party_id", &party)?,
        query,
        purpose,
        claim: claim.map(|claim| parse(TABLE, "claim_id", &claim)).transpose()?,
        state: parse(TABLE, "state", &state)?,
        reason,
        request,
        outcome,
        code: code.map(|code| mac(TABLE, "code_mac", &code)).transpose()?,
        closes_at: time(TABLE, "closes_at", closes)?,
    })
}

/// Writes one thing of sessions.
pub(super) async fn apply(tx: &mut Connection, write: &WalletWrite) -> Result<(), StoreError> {
    match write {
        WalletWrite::New(session, handle, at, forget_at) => {
            if let Some(claim) = session.claim {
                check_claim(tx, claim).await?;
            }
            let sql = "-- wallet::new
                insert into wallet_session (id, party_id, handle_mac, query, purpose, claim_id, state, request, created_at,
                    closes_at, forget_at)
                values ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8, $9, $10)";
            let inserted = query(sql)
                .bind(session.id.to_string())
                .bind(session.party.as_str())
                .bind(handle.as_slice())
                .bind(&session.query)
                .bind(&session.purpose)
                .bind(session.claim.map(|claim| claim.to_string()))
                .bind(&session.request)
                .bind(millis(*at))
                .bind(millis(session.closes_at))
                .bind(millis(*forget_at))
                .execute(tx)
                .await;
            one(TABLE, inserted)
        }
        WalletWrite::Opened(id) => {
            // Fetched again it is opened still.
            let sql = "-- wallet::opened
                update wallet_session set state = 'opened' where id = $1 and state = 'waiting'";
            query(sql).bind(id.to_string()).execute(tx).await?;
            Ok(())
        }
        WalletWrite::Answered(answer) => {
            let sql = "-- wallet::answered
                update wallet_session set state = $2, reason = $3, outcome = $4, code_mac = $5, answered_at = $6,
                    due_at = $7, forget_at = case when $8 = 1 then null else forget_at end, request = null
                where id = $1 and state in ('waiting', 'opened') and closes_at > $6";
            let written = query(sql)
                .bind(answer.id.to_string())
                .bind(answer.state.as_str())
                .bind(answer.reason.map(Reason::code))
                .bind(&answer.outcome)
                .bind(answer.code.as_ref().map(<[u8; 32]>::as_slice))
                .bind(millis(answer.at))
                .bind(answer.due_at.map(millis))
                .bind(i64::from(answer.stays))
                .execute(&mut *tx)
                .await;
            one(TABLE, written)?;
            match &answer.uses {
                Some(uses) => count_use(tx, uses).await,
                None => Ok(()),
            }
        }
        WalletWrite::Judged(id, state, reason, due_at, forget_at) => {
            // Of who is refused nothing is kept.
            let sql = "-- wallet::judged
                update wallet_session set state = $2, reason = $3, due_at = $4,
                    outcome = case when $2 = 'refused' then null else outcome end,
                    forget_at = case when $2 = 'refused' then coalesce(forget_at, $5) else forget_at end
                where id = $1 and state = 'held'";
            let written = query(sql)
                .bind(id.to_string())
                .bind(state.as_str())
                .bind(reason.map(Reason::code))
                .bind(due_at.map(millis))
                .bind(millis(*forget_at))
                .execute(tx)
                .await;
            one(TABLE, written)
        }
    }
}

/// Counts one use of a mandate; none more than it allows, whoever else is at it.
pub(super) async fn count_use(tx: &mut Connection, uses: &MandateUse) -> Result<(), StoreError> {
    // What ended at this moment is used no more.
    let sql = "-- wallet::going_on\nselect reason from mandate_end where what_mac = $1";
    let ended: Option<(String,)> = query_as(sql).bind(uses.mandate.as_slice()).fetch_optional(&mut *tx).await?;
    if ended.is_some() {
        return Err(StoreError::Conflict { table: "mandate_end" });
    }
    let sql = "-- wallet::count_use
        insert into mandate_use (mandate_mac, uses, forget_at) values ($1, 1, $3)
        on conflict (mandate_mac) do update set uses = mandate_use.uses + 1 where mandate_use.uses < $2";
    let most = i64::try_from(uses.most).unwrap_or(i64::MAX);
    let counted = query(sql).bind(uses.mandate.as_slice()).bind(most).bind(millis(uses.until)).execute(tx).await;
    one("mandate_use", counted)
}

/// Makes sure that a claim may be used until the end of the transaction: nothing begins for one that is being erased.
pub(super) async fn check_claim(tx: &mut Connection, claim: ClaimId) -> Result<(), StoreError> {
    let mut sql = Builder::new("-- wallet::check_claim\nselect version from claim where barred is null and id = ");
    sql.push_bind(claim.to_string()).push(tx.for_share());
    let found: Vec<(i64,)> = sql.build_query_as().fetch_all(tx).await?;
    if found.is_empty() { Err(StoreError::Conflict { table: "claim" }) } else { Ok(()) }
}

/// Forgets sessions and mandates whose time is over; an erasure deletes the sessions of its claim itself.
pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = "-- wallet::forget
        delete from wallet_session where forget_at <= $1";
    query(sql).bind(millis(now)).execute(&mut *connection).await?;
    let sql = "-- wallet::forget_uses
        delete from mandate_use where forget_at <= $1";
    query(sql).bind(millis(now)).execute(connection).await?;
    Ok(())
}
