//! What parties publish at their `jwks_url`, as it was fetched last, so that a restart finds it while the URL is down.

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::change::PublishedRow;
use crate::party::{Party, PartyId};

type Row = (String, String, Option<Vec<u8>>, Option<i64>, Option<i64>, i64, Option<String>);

impl Store {
    /// What was fetched for a party last.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn published(&self, party: &PartyId) -> Result<Option<PublishedRow>, StoreError> {
        let sql = "-- published::published
            select party_id, url, body, fetched_at, fresh_until, tried_at, failure from party_keys where party_id = $1";
        let row: Option<Row> = query_as(sql).bind(party.as_str()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }
}

fn from_row((party, url, body, fetched, fresh, tried, failure): Row) -> Result<PublishedRow, StoreError> {
    let table = "party_keys";
    Ok(PublishedRow {
        party: parse(table, "party_id", &party)?,
        url,
        body,
        fetched_at: fetched.map(|at| time(table, "fetched_at", at)).transpose()?,
        fresh_until: fresh.map(|at| time(table, "fresh_until", at)).transpose()?,
        tried_at: time(table, "tried_at", tried)?,
        failure,
    })
}

/// Writes how a try went; of one that failed the last good key set of the same URL stays.
pub(super) async fn tried(tx: &mut Connection, row: &PublishedRow) -> Result<(), StoreError> {
    let sql = "-- published::tried
        insert into party_keys (party_id, url, body, fetched_at, fresh_until, tried_at, failure)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (party_id) do update set
            body = case when excluded.failure is null or party_keys.url <> excluded.url then excluded.body
                else party_keys.body end,
            fetched_at = case when excluded.failure is null or party_keys.url <> excluded.url then excluded.fetched_at
                else party_keys.fetched_at end,
            fresh_until = case when excluded.failure is null or party_keys.url <> excluded.url then excluded.fresh_until
                else party_keys.fresh_until end,
            url = excluded.url, tried_at = excluded.tried_at, failure = excluded.failure";
    let written = query(sql)
        .bind(row.party.as_str())
        .bind(&row.url)
        .bind(&row.body)
        .bind(row.fetched_at.map(millis))
        .bind(row.fresh_until.map(millis))
        .bind(millis(row.tried_at))
        .bind(&row.failure)
        .execute(tx)
        .await;
    one("party_keys", written)
}

/// Forgets what another URL than the registered one answered.
pub(super) async fn forget_other(tx: &mut Connection, party: &Party) -> Result<(), StoreError> {
    let sql = "-- published::forget_other\ndelete from party_keys where party_id = $1 and url <> $2";
    let url = party.registration().jwks_url.as_deref().unwrap_or_default();
    query(sql).bind(party.id.as_str()).bind(url).execute(tx).await?;
    Ok(())
}
