//! Cases of offset at discharge: one row each, sealed, whose every step replaces the version it was read at.

use jiff::Timestamp;

use super::read::open_to_use;
use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{exactly, millis, one};
use super::{Store, StoreError};
use crate::core::offset::{OffsetState, OffsetWrite};
use crate::core::retention::Bar;
use crate::id::{ClaimId, OffsetId};
use crate::party::PartyId;

const TABLE: &str = "discharge_offset";

/// Who asks for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetOf<'a> {
    /// Its hospital.
    Hospital(&'a PartyId),
    /// One of its insurers.
    Insurer(&'a PartyId),
    /// The gateway itself.
    Gateway,
}

/// A case as it is kept.
#[derive(Clone, Debug)]
pub struct KeptOffset {
    /// Id.
    pub id: OffsetId,
    /// The claim.
    pub claim: ClaimId,
    /// The hospital.
    pub hospital: PartyId,
    /// Where it stands.
    pub state: OffsetState,
    /// Counts changes.
    pub version: i64,
    /// All else, sealed.
    pub body: Vec<u8>,
    /// When it was changed last.
    pub changed: Timestamp,
    /// The claim's data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

pub(super) async fn apply(tx: &mut Connection, write: &OffsetWrite) -> Result<(), StoreError> {
    match write {
        OffsetWrite::New(row) => {
            let sql = "-- offset::new
                insert into discharge_offset
                    (id, claim_id, hospital_id, state, body, due_at, version, created_at, changed_at)
                values ($1, $2, $3, $4, $5, $6, 1, $7, $7)";
            let inserted = query(sql)
                .bind(row.id.to_string())
                .bind(row.claim.to_string())
                .bind(row.hospital.as_str())
                .bind(row.state.as_str())
                .bind(&row.body)
                .bind(row.due_at.map(millis))
                .bind(millis(row.at))
                .execute(&mut *tx)
                .await;
            one(TABLE, inserted)?;
            for insurer in &row.insurers {
                let sql = "-- offset::insurer
                    insert into discharge_offset_insurer (offset_id, party_id) values ($1, $2)";
                let inserted = query(sql).bind(row.id.to_string()).bind(insurer.as_str()).execute(&mut *tx).await;
                exactly("discharge_offset_insurer", 1, inserted)?;
            }
            Ok(())
        }
        OffsetWrite::Step(row) => {
            let sql = "-- offset::step
                update discharge_offset set state = $3, body = $4, due_at = $5, version = version + 1, changed_at = $6
                where id = $1 and version = $2";
            let updated = query(sql)
                .bind(row.id.to_string())
                .bind(row.version)
                .bind(row.state.as_str())
                .bind(&row.body)
                .bind(row.due_at.map(millis))
                .bind(millis(row.at))
                .execute(tx)
                .await;
            one(TABLE, updated)
        }
    }
}

type Row = (String, String, String, String, i64, Vec<u8>, i64, Option<Vec<u8>>, Option<String>);

macro_rules! cases {
    ($name:literal, $where:literal) => {
        concat!(
            "-- offset::",
            $name,
            "\nselect o.id, o.claim_id, o.hospital_id, o.state, o.version, o.body, o.changed_at, k.wrapped, c.barred
            from discharge_offset o join claim c on c.id = o.claim_id left join claim_key k on k.claim_id = o.claim_id
            where ",
            $where
        )
    };
}

impl Store {
    /// A case. A hospital reads none of a claim that is restricted; an insurer goes on, or it would never close.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn offset(&self, of: OffsetOf<'_>, id: OffsetId) -> Result<Option<KeptOffset>, StoreError> {
        let id = id.to_string();
        let found = match of {
            OffsetOf::Hospital(party) => {
                let sql = cases!("of_hospital", "o.hospital_id = $1 and o.id = $2");
                query_as(sql).bind(party.as_str()).bind(id).fetch_optional(self.readers()).await?
            }
            OffsetOf::Insurer(party) => {
                let sql = cases!(
                    "of_insurer",
                    "o.id = $2 and exists (select 1 from discharge_offset_insurer i
                        where i.offset_id = o.id and i.party_id = $1)"
                );
                query_as(sql).bind(party.as_str()).bind(id).fetch_optional(self.readers()).await?
            }
            OffsetOf::Gateway => {
                let sql = cases!("of_gateway", "o.id = $1");
                query_as(sql).bind(id).fetch_optional(self.readers()).await?
            }
        };
        let Some(row) = found else { return Ok(None) };
        let row: Row = row;
        if matches!(of, OffsetOf::Hospital(_)) {
            open_to_use(row.8.as_deref())?;
        }
        kept(row).map(Some)
    }

    /// The cases of a claim, newest first; few, since only one is open at a time.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn offsets_of_claim(&self, claim: ClaimId) -> Result<Vec<KeptOffset>, StoreError> {
        let sql = cases!("of_claim", "o.claim_id = $1 order by o.id desc limit 20");
        let rows: Vec<Row> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter().map(kept).collect()
    }

    /// An insurer's cases after an id, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn offsets_of_insurer(
        &self,
        insurer: &PartyId,
        after: Option<OffsetId>,
        limit: i64,
    ) -> Result<Vec<KeptOffset>, StoreError> {
        let sql = cases!(
            "listed",
            "k.wrapped is not null and o.id in (select offset_id from discharge_offset_insurer
                where party_id = $1 and offset_id > $2 order by offset_id limit $3) order by o.id"
        );
        let rows: Vec<Row> = query_as(sql)
            .bind(insurer.as_str())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        rows.into_iter().map(kept).collect()
    }

    /// Cases that time alone changes by now.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn due_offsets(&self, now: Timestamp, limit: i64) -> Result<Vec<OffsetId>, StoreError> {
        let sql = "-- offset::due\nselect id from discharge_offset where due_at <= $1 order by due_at limit $2";
        let rows: Vec<(String,)> = query_as(sql).bind(millis(now)).bind(limit).fetch_all(self.readers()).await?;
        rows.into_iter().map(|(id,)| parse(TABLE, "id", &id)).collect()
    }
}

fn kept((id, claim, hospital, state, version, body, changed, wrapped, _): Row) -> Result<KeptOffset, StoreError> {
    Ok(KeptOffset {
        id: parse(TABLE, "id", &id)?,
        claim: parse(TABLE, "claim_id", &claim)?,
        hospital: parse(TABLE, "hospital_id", &hospital)?,
        state: parse(TABLE, "state", &state)?,
        version,
        body,
        changed: time(TABLE, "changed_at", changed)?,
        wrapped_key: wrapped.ok_or(StoreError::Barred(Bar::Erased))?,
    })
}
