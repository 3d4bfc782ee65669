//! Repairs: one row for each job of a shop, sealed, whose every step replaces the version it was read at.

use jiff::Timestamp;

use super::read::open_to_use;
use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::repair::{MOST_JOBS, RepairRow, RepairState, RepairWrite};
use crate::core::retention::Bar;
use crate::id::{ClaimId, RepairId};
use crate::keys::index::Mac;
use crate::party::PartyId;

const TABLE: &str = "repair";

/// Who asks for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairOf<'a> {
    /// Its shop.
    Shop(&'a PartyId),
    /// An insurer that bears damage of the owner's vehicle under this claim, and has not lost its ground.
    Insurer(&'a PartyId),
    /// The app that filed the claim.
    Owner(&'a PartyId),
}

/// A job as it is kept.
#[derive(Clone, Debug)]
pub struct KeptRepair {
    /// Id.
    pub id: RepairId,
    /// The claim.
    pub claim: ClaimId,
    /// The shop.
    pub shop: PartyId,
    /// Where it stands.
    pub state: RepairState,
    /// Counts changes.
    pub version: i64,
    /// All else, sealed.
    pub body: Vec<u8>,
    /// When it was changed last.
    pub changed: Timestamp,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

pub(super) async fn apply(tx: &mut Connection, write: &RepairWrite) -> Result<(), StoreError> {
    match write {
        RepairWrite::New(row) => insert(tx, row).await,
        RepairWrite::Step(row) => {
            let sql = "-- repair::step
                update repair set state = $3, body = $4, version = version + 1, changed_at = $5
                where id = $1 and version = $2";
            let updated = query(sql)
                .bind(row.id.to_string())
                .bind(row.version)
                .bind(row.state.as_str())
                .bind(&row.body)
                .bind(millis(row.at))
                .execute(tx)
                .await;
            one(TABLE, updated)
        }
        RepairWrite::Invoice(repair, number, at) => {
            let sql = "-- repair::invoice
                insert into repair_invoice (invoice_mac, repair_id, created_at) values ($1, $2, $3)";
            let inserted =
                query(sql).bind(number.as_slice()).bind(repair.to_string()).bind(millis(*at)).execute(tx).await;
            one("repair_invoice", inserted)
        }
    }
}

async fn insert(tx: &mut Connection, row: &RepairRow) -> Result<(), StoreError> {
    let sql = "-- repair::new
        insert into repair (id, claim_id, shop_id, state, body, version, created_at, changed_at)
        values ($1, $2, $3, $4, $5, 1, $6, $6)";
    let inserted = query(sql)
        .bind(row.id.to_string())
        .bind(row.claim.to_string())
        .bind(row.shop.as_str())
        .bind(row.state.as_str())
        .bind(&row.body)
        .bind(millis(row.at))
        .execute(tx)
        .await;
    one(TABLE, inserted)
}

type Row = (String, String, String, String, i64, Vec<u8>, i64, Option<Vec<u8>>, Option<String>);

macro_rules! jobs {
    ($name:literal, $where:literal) => {
        concat!(
            "-- repair::",
            $name,
            "\nselect r.id, r.claim_id, r.shop_id, r.state, r.version, r.body, r.changed_at, k.wrapped, c.barred
            from repair r join claim c on c.id = r.claim_id left join claim_key k on k.claim_id = r.claim_id
            where ",
            $where
        )
    };
}

impl Store {
    /// A job. Shop and owner read none of a claim that is restricted; an insurer goes on, or it would never close.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn repair(&self, of: RepairOf<'_>, id: RepairId) -> Result<Option<KeptRepair>, StoreError> {
        let (sql, party) = match of {
            RepairOf::Shop(party) => (jobs!("of_shop", "r.shop_id = $1 and r.id = $2"), party),
            RepairOf::Insurer(party) => (
                jobs!(
                    "of_insurer",
                    "r.id = $2 and exists (select 1 from accident_recipient a where a.claim_id = r.claim_id
                        and a.party_id = $1 and a.line = 'motor-damage' and a.ended_at is null)"
                ),
                party,
            ),
            RepairOf::Owner(party) => (
                jobs!(
                    "of_owner",
                    "r.id = $2 and exists (select 1 from accident_filing f where f.claim_id = r.claim_id
                        and f.opener = $1)"
                ),
                party,
            ),
        };
        let row: Option<Row> =
            query_as(sql).bind(party.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        let Some(row) = row else { return Ok(None) };
        if !matches!(of, RepairOf::Insurer(_)) {
            open_to_use(row.8.as_deref())?;
        }
        kept(row).map(Some)
    }

    /// The jobs of a claim, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn repairs_of_claim(&self, claim: ClaimId) -> Result<Vec<KeptRepair>, StoreError> {
        let sql = jobs!("of_claim", "r.claim_id = $1 order by r.id limit $2");
        let most = i64::try_from(MOST_JOBS).unwrap_or(i64::MAX);
        let rows: Vec<Row> = query_as(sql).bind(claim.to_string()).bind(most).fetch_all(self.readers()).await?;
        rows.into_iter().map(kept).collect()
    }

    /// A shop's or an insurer's jobs after an id, oldest first; an owner's app asks by claim.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn repairs_after(
        &self,
        of: RepairOf<'_>,
        after: Option<RepairId>,
        limit: i64,
    ) -> Result<Vec<KeptRepair>, StoreError> {
        let (sql, party) = match of {
            RepairOf::Shop(party) => (
                jobs!(
                    "listed_for_shop",
                    "r.shop_id = $1 and r.id > $2 and k.wrapped is not null and c.barred is null
                    order by r.id limit $3"
                ),
                party,
            ),
            RepairOf::Insurer(party) | RepairOf::Owner(party) => (
                jobs!(
                    "listed_for_insurer",
                    "r.id > $2 and k.wrapped is not null and r.claim_id in (select claim_id from accident_recipient
                        where party_id = $1 and line = 'motor-damage' and ended_at is null)
                    order by r.id limit $3"
                ),
                party,
            ),
        };
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows: Vec<Row> =
            query_as(sql).bind(party.as_str()).bind(after).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(kept).collect()
    }

    /// The job an invoice belongs to, by the keyed digest of its number.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn repair_of_invoice(&self, number: &Mac) -> Result<Option<RepairId>, StoreError> {
        let sql = "-- repair::of_invoice\nselect repair_id from repair_invoice where invoice_mac = $1";
        let row: Option<(String,)> = query_as(sql).bind(number.as_slice()).fetch_optional(self.readers()).await?;
        row.map(|(id,)| parse("repair_invoice", "repair_id", &id)).transpose()
    }
}

fn kept((id, claim, shop, state, version, body, changed, wrapped, _): Row) -> Result<KeptRepair, StoreError> {
    Ok(KeptRepair {
        id: parse(TABLE, "id", &id)?,
        claim: parse(TABLE, "claim_id", &claim)?,
        shop: parse(TABLE, "shop_id", &shop)?,
        state: parse(TABLE, "state", &state)?,
        version,
        body,
        changed: time(TABLE, "changed_at", changed)?,
        wrapped_key: wrapped.ok_or(StoreError::Barred(Bar::Erased))?,
    })
}
