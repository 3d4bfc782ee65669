//! Signed receipts (簽收回條): one per delivery, as it came, with the key that verified it.

use jiff::Timestamp;
use serde_json::Value;

use super::rows::time;
use super::sql::{Connection, Done, query, query_as};
use super::written::millis;
use super::{Store, StoreError};
use crate::core::change::ReceiptRow;
use crate::id::DeliveryId;
use crate::party::PartyId;

/// A receipt as it is kept.
#[derive(Clone, Debug)]
pub struct KeptReceipt {
    /// The compact JWS.
    pub text: String,
    /// SHA-256 of it, base64url.
    pub digest: String,
    /// The public key that verified it, a JWK.
    pub key: Value,
    /// What it says: `accepted` or `rejected`.
    pub result: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// When it came in.
    pub received_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Connection, row: &ReceiptRow) -> Result<Done, sqlx::Error> {
    let sql = "-- receipt::insert
        insert into receipt (delivery_id, result, receipt, digest, key, signed_at, received_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    query(sql)
        .bind(row.delivery.to_string())
        .bind(row.result.as_str())
        .bind(&row.text)
        .bind(&row.digest)
        .bind(&row.key)
        .bind(millis(row.signed_at))
        .bind(millis(row.at))
        .execute(tx)
        .await
}

type Row = (String, String, String, String, i64, i64);

impl Store {
    /// The receipt of a recipient's delivery.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn receipt(&self, recipient: &PartyId, id: DeliveryId) -> Result<Option<KeptReceipt>, StoreError> {
        let sql = "-- receipt::receipt
            select r.receipt, r.digest, r.key, r.result, r.signed_at, r.received_at
            from receipt r join delivery d on d.id = r.delivery_id where d.party_id = $1 and d.id = $2";
        let row: Option<Row> =
            query_as(sql).bind(recipient.as_str()).bind(id.to_string()).fetch_optional(self.readers()).await?;
        let Some((text, digest, key, result, signed_at, received_at)) = row else { return Ok(None) };
        Ok(Some(KeptReceipt {
            text,
            digest,
            key: serde_json::from_str(&key)
                .map_err(|_| StoreError::Inconsistent { table: "receipt", column: "key" })?,
            result,
            signed_at: time("receipt", "signed_at", signed_at)?,
            received_at: time("receipt", "received_at", received_at)?,
        }))
    }
}
