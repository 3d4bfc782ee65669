//! Transactions with MyData: one row each, taken up by one process at a time; and a row for each data set that came.

use jiff::Timestamp;

use super::rows::{mac, parse, time};
use super::sql::{Connection, Row, query, query_as};
use super::wallet::check_claim;
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::mydata::{DatasetRow, Ended, MydataWrite, Transaction, dataset_id};
use crate::id::{ClaimId, MydataId};

const TABLE: &str = "mydata_transaction";

impl Store {
    /// A transaction.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn mydata_transaction(&self, id: MydataId) -> Result<Option<Transaction>, StoreError> {
        let sql = "-- mydata::transaction
            select id, party_id, purpose, claim_id, state, reason, returned, ticket_mac, request, package_digest, unsure,
                fence, closes_at, notified_at, fetched_at
            from mydata_transaction where id = $1";
        let row = query(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(|row| transaction(&row)).transpose()
    }

    /// Transactions somebody must take up.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn due_mydata(&self, now: Timestamp, limit: i64) -> Result<Vec<MydataId>, StoreError> {
        let sql = "-- mydata::due
            select id from mydata_transaction where due_at <= $1 order by due_at limit $2";
        let rows: Vec<(String,)> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(id,)| parse(TABLE, "id", &id)).collect()
    }

    /// The package of a transaction, sealed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mydata_package(&self, id: MydataId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- mydata::package\nselect package from mydata_transaction where id = $1 and package is not null";
        let row: Option<(Vec<u8>,)> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        Ok(row.map(|(package,)| package))
    }

    /// The data sets of a transaction, in the order they were asked for.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn mydata_datasets(&self, id: MydataId) -> Result<Vec<DatasetRow>, StoreError> {
        let sql = "-- mydata::datasets
            select name, resource_id, state, code, reason, provider, fingerprint, revocation, pinned, kind, documents,
                person, content, archive
            from mydata_dataset where transaction_id = $1 order by place";
        let rows = query(sql).bind(id.to_string()).fetch_all(self.readers()).await?;
        rows.iter().map(dataset).collect()
    }
}

fn transaction(row: &Row) -> Result<Transaction, StoreError> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let claim: Option<String> = row.try_get("claim_id")?;
    let ticket: Option<Vec<u8>> = row.try_get("ticket_mac")?;
    let at = |name: &'static str| -> Result<Option<Timestamp>, StoreError> {
        row.try_get::<Option<i64>, _>(name)?.map(|at| time(TABLE, name, at)).transpose()
    };
    Ok(Transaction {
        id: parse(TABLE, "id", &text("id")?)?,
        party: parse(TABLE, "party_id", &text("party_id")?)?,
        purpose: text("purpose")?,
        claim: claim.map(|claim| parse(TABLE, "claim_id", &claim)).transpose()?,
        state: parse(TABLE, "state", &text("state")?)?,
        reason: row.try_get("reason")?,
        returned: row.try_get("returned")?,
        ticket: ticket.map(|ticket| mac(TABLE, "ticket_mac", &ticket)).transpose()?,
        request: row.try_get("request")?,
        package_digest: row.try_get("package_digest")?,
        unsure: row.try_get::<i64, _>("unsure")? != 0,
        fence: row.try_get("fence")?,
        closes_at: time(TABLE, "closes_at", row.try_get("closes_at")?)?,
        notified_at: at("notified_at")?,
        fetched_at: at("fetched_at")?,
    })
}

fn dataset(row: &Row) -> Result<DatasetRow, StoreError> {
    Ok(DatasetRow {
        name: row.try_get("name")?,
        resource: row.try_get("resource_id")?,
        state: parse("mydata_dataset", "state", &row.try_get::<String, _>("state")?)?,
        code: row.try_get("code")?,
        reason: row.try_get("reason")?,
        provider: row.try_get("provider")?,
        fingerprint: row.try_get("fingerprint")?,
        revocation: row.try_get("revocation")?,
        pinned: row.try_get::<i64, _>("pinned")? != 0,
        kind: row.try_get("kind")?,
        documents: row.try_get("documents")?,
        person: row.try_get("person")?,
        content: row.try_get("content")?,
        archive: row.try_get("archive")?,
    })
}

/// Writes one thing of transactions.
pub(super) async fn apply(tx: &mut Connection, write: &MydataWrite) -> Result<(), StoreError> {
    match write {
        MydataWrite::New(row, at, forget_at) => new(tx, row, *at, *forget_at).await,
        MydataWrite::Returned(id, word) => {
            // The first word stays: anybody can repeat a return.
            let sql = "-- mydata::returned
                update mydata_transaction set returned = $2 where id = $1 and returned is null";
            query(sql).bind(id.to_string()).bind(*word).execute(tx).await?;
            Ok(())
        }
        MydataWrite::Notified(id, request, ticket, at) => {
            let sql = "-- mydata::notified
                update mydata_transaction set state = 'ready', reason = null, request = $2, ticket_mac = $3,
                    notified_at = $4, due_at = $4, ended_at = null
                where id = $1 and ticket_mac is null and state in ('waiting', 'unavailable') and closes_at > $4";
            let written = query(sql)
                .bind(id.to_string())
                .bind(request)
                .bind(ticket.as_slice())
                .bind(millis(*at))
                .execute(tx)
                .await;
            one(TABLE, written)
        }
        MydataWrite::Unable(id, request, all, at) => {
            let sql = "-- mydata::unable
                update mydata_transaction set request = $2,
                    state = case when $3 = 1 then 'unavailable' else state end,
                    reason = case when $3 = 1 then 'unable-to-deliver' else reason end,
                    ended_at = case when $3 = 1 then $4 else ended_at end
                where id = $1 and state = 'waiting' and closes_at > $4";
            let written =
                query(sql).bind(id.to_string()).bind(request).bind(i64::from(*all)).bind(millis(*at)).execute(tx).await;
            one(TABLE, written)
        }
        MydataWrite::Leased(id, fence, at, until) => {
            let clock = tx.lease_clock(millis(*at)).await?;
            let sql = "-- mydata::leased
                update mydata_transaction set fence = fence + 1, lease_until = $4, due_at = $5,
                    state = case when state = 'ready' then 'fetching' else state end
                where id = $1 and fence = $2 and coalesce(lease_until, 0) <= $3
                    and state in ('ready', 'fetching', 'fetched')";
            let written = query(sql)
                .bind(id.to_string())
                .bind(fence)
                .bind(clock)
                .bind(clock + millis(*until) - millis(*at))
                .bind(millis(*until))
                .execute(tx)
                .await;
            one(TABLE, written)
        }
        MydataWrite::Again(id, fence, due_at, unsure) => {
            let sql = "-- mydata::again
                update mydata_transaction set lease_until = null, due_at = $3, unsure = $4,
                    state = case when state = 'fetching' then 'ready' else state end
                where id = $1 and fence = $2 and state in ('fetching', 'fetched')";
            let written = query(sql)
                .bind(id.to_string())
                .bind(fence)
                .bind(millis(*due_at))
                .bind(i64::from(*unsure))
                .execute(tx)
                .await;
            one(TABLE, written)
        }
        MydataWrite::Fetched(id, fence, package, digest, at) => {
            let sql = "-- mydata::fetched
                update mydata_transaction set state = 'fetched', package = $3, package_digest = $4, fetched_at = $5
                where id = $1 and fence = $2 and state = 'fetching'";
            let written = query(sql)
                .bind(id.to_string())
                .bind(fence)
                .bind(package)
                .bind(digest)
                .bind(millis(*at))
                .execute(tx)
                .await;
            one(TABLE, written)
        }
        MydataWrite::Ended(ended) => end(tx, ended).await,
    }
}

async fn new(tx: &mut Connection, row: &Transaction, at: Timestamp, forget_at: Timestamp) -> Result<(), StoreError> {
    if let Some(claim) = row.claim {
        check_claim(tx, claim).await?;
    }
    let sql = "-- mydata::new
        insert into mydata_transaction (id, party_id, purpose, claim_id, state, request, unsure, fence, created_at,
            closes_at, forget_at)
        values ($1, $2, $3, $4, 'waiting', $5, 0, 0, $6, $7, $8)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.party.as_str())
        .bind(&row.purpose)
        .bind(row.claim.map(|claim| claim.to_string()))
        .bind(&row.request)
        .bind(millis(at))
        .bind(millis(row.closes_at))
        .bind(millis(forget_at))
        .execute(tx)
        .await;
    one(TABLE, inserted)
}

async fn end(tx: &mut Connection, ended: &Ended) -> Result<(), StoreError> {
    if let Some(claim) = ended.claim {
        check_claim(tx, claim).await?;
    }
    let sql = "-- mydata::ended
        update mydata_transaction set state = $3, reason = $4, request = $5, package = null, ended_at = $6,
            forget_at = $7, due_at = null, lease_until = null
        where id = $1 and fence = $2 and state in ('fetching', 'fetched')";
    let written = query(sql)
        .bind(ended.id.to_string())
        .bind(ended.fence)
        .bind(ended.state.as_str())
        .bind(ended.reason)
        .bind(&ended.request)
        .bind(millis(ended.at))
        .bind(ended.forget_at.map(millis))
        .execute(&mut *tx)
        .await;
    one(TABLE, written)?;
    for (place, row) in (0_i64..).zip(&ended.datasets) {
        insert(tx, ended.id, ended.claim, place, row).await?;
    }
    Ok(())
}

async fn insert(
    tx: &mut Connection,
    id: MydataId,
    claim: Option<ClaimId>,
    place: i64,
    row: &DatasetRow,
) -> Result<(), StoreError> {
    let sql = "-- mydata::dataset
        insert into mydata_dataset (id, transaction_id, claim_id, place, name, resource_id, state, code, reason, provider,
            fingerprint, revocation, pinned, kind, documents, person, content, archive)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let inserted = query(sql)
        .bind(dataset_id(id, place))
        .bind(id.to_string())
        .bind(claim.map(|claim| claim.to_string()))
        .bind(place)
        .bind(&row.name)
        .bind(&row.resource)
        .bind(row.state.as_str())
        .bind(row.code.as_deref())
        .bind(row.reason.as_deref())
        .bind(row.provider.as_deref())
        .bind(row.fingerprint.as_deref())
        .bind(row.revocation.as_deref())
        .bind(i64::from(row.pinned))
        .bind(row.kind.as_deref())
        .bind(row.documents)
        .bind(row.person.as_deref())
        .bind(row.content.as_deref())
        .bind(row.archive.as_deref())
        .execute(tx)
        .await;
    one("mydata_dataset", inserted)
}

/// Forgets transactions whose time is over; an erasure deletes those of its claim itself.
pub(super) async fn forget(connection: &mut Connection, now: Timestamp) -> Result<(), StoreError> {
    for sql in [
        "-- mydata::forget_datasets
            delete from mydata_dataset
            where transaction_id in (select id from mydata_transaction where forget_at <= $1)",
        "-- mydata::forget\ndelete from mydata_transaction where forget_at <= $1",
    ] {
        query(sql).bind(millis(now)).execute(&mut *connection).await?;
    }
    Ok(())
}
