//! Look-ups of who covers a vehicle, by claim.

use crate::core::accident::cover::{KeptLookUp, LookUpWrite};
use crate::id::ClaimId;
use crate::store::rows::{mac, time};
use crate::store::sql::{Connection, query, query_as};
use crate::store::written::{millis, one};
use crate::store::{Store, StoreError};

const TABLE: &str = "cover_lookup";

type LookUpRow = (i64, Vec<u8>, Vec<u8>, i64, Option<i64>);

impl Store {
    /// The look-ups of a claim, oldest first; a claim has few.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn cover_lookups(&self, claim: ClaimId) -> Result<Vec<KeptLookUp>, StoreError> {
        let sql = "-- cover::of_claim
            select number, plate_mac, body, asked_at, answered_at from cover_lookup where claim_id = $1 order by number";
        let rows: Vec<LookUpRow> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(number, plate, body, asked, answered)| {
                Ok(KeptLookUp {
                    number,
                    plate: mac(TABLE, "plate_mac", &plate)?,
                    body,
                    asked_at: time(TABLE, "asked_at", asked)?,
                    answered_at: answered.map(|at| time(TABLE, "answered_at", at)).transpose()?,
                })
            })
            .collect()
    }
}

/// Writes one thing of look-ups.
pub(super) async fn apply(tx: &mut Connection, write: &LookUpWrite) -> Result<(), StoreError> {
    let written = match write {
        LookUpWrite::Begun { claim, number, plate, body, at } => {
            let sql = "-- cover::begun
                insert into cover_lookup (claim_id, number, plate_mac, body, asked_at) values ($1, $2, $3, $4, $5)
                on conflict (claim_id, number) do nothing";
            query(sql)
                .bind(claim.to_string())
                .bind(number)
                .bind(plate.as_slice())
                .bind(body)
                .bind(millis(*at))
                .execute(tx)
                .await
        }
        LookUpWrite::Answered { claim, number, body, at } => {
            let sql = "-- cover::answered
                update cover_lookup set body = $3, answered_at = $4
                where claim_id = $1 and number = $2 and answered_at is null";
            query(sql).bind(claim.to_string()).bind(number).bind(body).bind(millis(*at)).execute(tx).await
        }
    };
    one(TABLE, written)
}
