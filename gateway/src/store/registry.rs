//! What the registry keeps beside a party's document: contacts, proposals that wait for a second operator, and when a
//! registration begins to count.

use claimgate_packet::jose::jwk::PublicJwk;
use jiff::Timestamp;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::change::{Decision, ProposalRow, Verdict};
use crate::id::ProposalId;
use crate::party::{Party, PartyId};

/// Under this a key that stands for a person is a number of theirs.
const OWN_KEY: &str = "urn:claimgate:operator-key";

type Row = (String, String, String, i64, Vec<u8>, Option<String>, String, i64, i64);
type DecidedRow = (Option<String>, Option<String>, Option<Vec<u8>>);

/// What became of a proposal: the verdict, who gave it, why (sealed).
#[derive(Clone, Debug)]
pub struct Decided {
    /// The proposal.
    pub row: ProposalRow,
    /// What was said; none while it is open.
    pub verdict: Option<Verdict>,
    /// Who said it.
    pub by: Option<String>,
    /// Why, sealed.
    pub reason: Option<Vec<u8>>,
}

impl Store {
    /// The sealed contacts of a party.
    ///
    /// # Errors
    /// The database is away.
    pub async fn party_contacts(&self, id: &PartyId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- registry::party_contacts\nselect contacts from party where id = $1";
        let row: Option<(Option<Vec<u8>>,)> = query_as(sql).bind(id.as_str()).fetch_optional(self.readers()).await?;
        Ok(row.and_then(|(sealed,)| sealed))
    }

    /// The proposals nobody has decided, expired ones too, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn open_proposals(&self) -> Result<Vec<ProposalRow>, StoreError> {
        let sql = "-- registry::open_proposals
            select id, kind, party_id, base_version, document, state, proposed_by, proposed_at, expires_at
            from party_proposal where decided_at is null order by proposed_at, id";
        let rows: Vec<Row> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter().map(from_row).collect()
    }

    /// A proposal nobody has decided.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn open_proposal(&self, id: ProposalId) -> Result<Option<ProposalRow>, StoreError> {
        let sql = "-- registry::open_proposal
            select id, kind, party_id, base_version, document, state, proposed_by, proposed_at, expires_at
            from party_proposal where decided_at is null and id = $1";
        let row: Option<Row> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// A proposal, decided or not.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn proposal(&self, id: ProposalId) -> Result<Option<Decided>, StoreError> {
        let sql = "-- registry::proposal
            select id, kind, party_id, base_version, document, state, proposed_by, proposed_at, expires_at
            from party_proposal where id = $1";
        let row: Option<Row> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        let Some(row) = row.map(from_row).transpose()? else { return Ok(None) };
        let sql = "-- registry::decided\nselect decision, decided_by, reason from party_proposal where id = $1";
        let (verdict, by, reason): DecidedRow = query_as(sql).bind(id.to_string()).fetch_one(self.readers()).await?;
        let verdict = verdict.map(|verdict| parse("party_proposal", "decision", &verdict)).transpose()?;
        Ok(Some(Decided { row, verdict, by, reason }))
    }

    /// Everybody registered as an operator, by id, suspended ones too.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn operators(&self) -> Result<Vec<Party>, StoreError> {
        let sql = "-- registry::operators
            select document, state, version from party where role = 'operator' order by id";
        let rows: Vec<(String, String, i64)> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter().map(super::read::party).collect()
    }
}

fn from_row((id, kind, party, base, document, state, by, at, expires): Row) -> Result<ProposalRow, StoreError> {
    let table = "party_proposal";
    Ok(ProposalRow {
        id: parse(table, "id", &id)?,
        kind: parse(table, "kind", &kind)?,
        party: parse(table, "party_id", &party)?,
        base,
        document,
        state: state.map(|state| parse(table, "state", &state)).transpose()?,
        by,
        at: time(table, "proposed_at", at)?,
        expires_at: time(table, "expires_at", expires)?,
    })
}

pub(super) async fn contacts(tx: &mut Connection, party: &PartyId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    let sql = "-- registry::contacts\nupdate party set contacts = $2 where id = $1";
    one("party", query(sql).bind(party.as_str()).bind(sealed).execute(tx).await)
}

pub(super) async fn proposal(tx: &mut Connection, row: &ProposalRow) -> Result<(), StoreError> {
    let sql = "-- registry::proposal
        insert into party_proposal (id, kind, party_id, base_version, document, state, proposed_by, proposed_at,
            expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.kind.as_str())
        .bind(row.party.as_str())
        .bind(row.base)
        .bind(&row.document)
        .bind(row.state.map(crate::party::PartyState::as_str))
        .bind(&row.by)
        .bind(millis(row.at))
        .bind(millis(row.expires_at))
        .execute(tx)
        .await;
    one("party_proposal", inserted)
}

/// The row says once more what the flow has looked at: open, in time, not approved by who proposed it, taken back by
/// nobody else.
pub(super) async fn decision(tx: &mut Connection, decision: &Decision) -> Result<(), StoreError> {
    let sql = "-- registry::decision
        update party_proposal set decided_by = $2, decided_at = $3, decision = $4, reason = $5
        where id = $1 and decided_at is null and ($4 = 'rejected' or ($4 = 'withdrawn' and proposed_by = $2)
            or ($4 = 'approved' and proposed_by <> $2 and expires_at > $3))";
    let decided = query(sql)
        .bind(decision.id.to_string())
        .bind(&decision.by)
        .bind(millis(decision.at))
        .bind(decision.verdict.as_str())
        .bind(decision.reason.as_deref())
        .execute(tx)
        .await;
    one("party_proposal", decided)
}

/// The keys of who acts in person, as numbers of theirs: one key stands for one person in the whole registry.
pub(super) async fn own_keys(tx: &mut Connection, party: &Party) -> Result<(), StoreError> {
    if !party.role().always_binds() {
        return Ok(());
    }
    let mut thumbprints: Vec<String> = party.keys().iter().map(PublicJwk::thumbprint).collect();
    thumbprints.sort_unstable();
    thumbprints.dedup();
    for thumbprint in thumbprints {
        let sql = "-- registry::own_keys\ninsert into party_identifier (system, value, party_id) values ($1, $2, $3)";
        let inserted = query(sql).bind(OWN_KEY).bind(thumbprint).bind(party.id.as_str()).execute(&mut *tx).await;
        one("party_identifier", inserted)?;
    }
    Ok(())
}

/// An operator is gone; what they did stays in the audit trail under their name.
pub(super) async fn remove_operator(tx: &mut Connection, id: &PartyId, version: i64) -> Result<(), StoreError> {
    for sql in [
        "-- registry::forget_assertions\ndelete from assertion_use where party_id = $1",
        "-- registry::forget_identifiers\ndelete from party_identifier where party_id = $1",
        "-- registry::forget_operator_beginning\ndelete from party_beginning where party_id = $1",
    ] {
        query(sql).bind(id.as_str()).execute(&mut *tx).await?;
    }
    let sql = "-- registry::remove_operator\ndelete from party where id = $1 and version = $2 and role = 'operator'";
    one("party", query(sql).bind(id.as_str()).bind(version).execute(tx).await)
}

/// Notes when a registration begins to count: what waits for it is due then.
pub(super) async fn beginning(tx: &mut Connection, party: &Party, now: Timestamp) -> Result<(), StoreError> {
    let sql = "-- registry::forget_beginning\ndelete from party_beginning where party_id = $1";
    query(sql).bind(party.id.as_str()).execute(&mut *tx).await?;
    if let Some(begins) = party.term().begins.filter(|begins| now < *begins) {
        let sql = "-- registry::beginning\ninsert into party_beginning (party_id, at) values ($1, $2)";
        query(sql).bind(party.id.as_str()).bind(millis(begins)).execute(tx).await?;
    }
    Ok(())
}

/// Makes what waits due where a registration has begun to count since the last look.
pub(super) async fn begin(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = "-- registry::begun\nselect count(*) from party_beginning where at <= $1";
    let (begun,): (i64,) = query_as(sql).bind(millis(now)).fetch_one(&mut *connection).await?;
    if begun == 0 {
        return Ok(());
    }
    let mut tx = connection.begin().await?;
    let sql = "-- registry::forget_begun\ndelete from party_beginning where at <= $1";
    query(sql).bind(millis(now)).execute(&mut *tx).await?;
    let sql = "-- registry::wake_work\nupdate work set due_at = $1 where done_at is null and due_at > $1";
    query(sql).bind(millis(now)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}
