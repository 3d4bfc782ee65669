//! Mandates: recorded ones, how often each was used, and those that ended before their time.

use super::rows::parse;
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError, wallet};
use crate::core::mandate::{Ending, MandateWrite};
use crate::id::MandateId;
use crate::keys::index::Mac;
use crate::party::PartyId;

const TABLE: &str = "mandate";

/// A recorded mandate: who recorded it, and the sealed document.
#[derive(Clone)]
pub struct KeptMandate {
    /// Its id.
    pub id: MandateId,
    /// Who recorded it.
    pub party: PartyId,
    /// The digest of its issuer and id.
    pub mandate: Vec<u8>,
    /// A [`MandateDocument`](crate::core::mandate::MandateDocument), sealed.
    pub document: Vec<u8>,
}

claimgate_packet::opaque_debug!(KeptMandate);

type Row = (String, String, Vec<u8>, Vec<u8>);

impl Store {
    /// A recorded mandate, whoever recorded it.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn mandate(&self, id: MandateId) -> Result<Option<KeptMandate>, StoreError> {
        let sql = "-- mandate::one\nselect id, party_id, mandate_mac, document from mandate where id = $1";
        let row: Option<Row> = query_as(sql).bind(id.to_string()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// The same by its issuer and id, as a party recorded it.
    ///
    /// # Errors
    /// The database is away or the row damaged.
    pub async fn mandate_of(&self, party: &PartyId, mandate: &Mac) -> Result<Option<KeptMandate>, StoreError> {
        let sql = "-- mandate::of_party
            select id, party_id, mandate_mac, document from mandate where party_id = $1 and mandate_mac = $2";
        let row: Option<Row> =
            query_as(sql).bind(party.as_str()).bind(mandate.as_slice()).fetch_optional(self.readers()).await?;
        row.map(from_row).transpose()
    }

    /// How often a mandate was used.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mandate_uses(&self, mandate: &Mac) -> Result<u64, StoreError> {
        let sql = "-- mandate::uses\nselect uses from mandate_use where mandate_mac = $1";
        let row: Option<(i64,)> = query_as(sql).bind(mandate.as_slice()).fetch_optional(self.readers()).await?;
        Ok(row.map_or(0, |(uses,)| u64::try_from(uses).unwrap_or(u64::MAX)))
    }

    /// Why one of these mandates or persons ended; none where none did.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn mandate_ends(&self, whats: &[Mac]) -> Result<Option<Ending>, StoreError> {
        for what in whats {
            let sql = "-- mandate::ended\nselect reason from mandate_end where what_mac = $1";
            let row: Option<(String,)> = query_as(sql).bind(what.as_slice()).fetch_optional(self.readers()).await?;
            if let Some((reason,)) = row {
                return parse("mandate_end", "reason", &reason).map(Some);
            }
        }
        Ok(None)
    }
}

fn from_row((id, party, mandate, document): Row) -> Result<KeptMandate, StoreError> {
    Ok(KeptMandate { id: parse(TABLE, "id", &id)?, party: parse(TABLE, "party_id", &party)?, mandate, document })
}

/// Writes one thing of mandates.
pub(super) async fn apply(tx: &mut Connection, write: &MandateWrite) -> Result<(), StoreError> {
    match write {
        MandateWrite::Record(row) => {
            let sql = "-- mandate::record
                insert into mandate (id, party_id, mandate_mac, document, recorded_at, forget_at)
                values ($1, $2, $3, $4, $5, $6)";
            let inserted = query(sql)
                .bind(row.id.to_string())
                .bind(row.party.as_str())
                .bind(row.mandate.as_slice())
                .bind(&row.document)
                .bind(millis(row.at))
                .bind(millis(row.forget_at))
                .execute(tx)
                .await;
            one(TABLE, inserted)
        }
        MandateWrite::Use(uses) => wallet::count_use(tx, uses).await,
        MandateWrite::End(end) => {
            let sql = "-- mandate::end
                insert into mandate_end (what_mac, reason, recorded_by, recorded_at, forget_at) values ($1, $2, $3, $4, $5)
                on conflict (what_mac) do nothing";
            query(sql)
                .bind(end.what.as_slice())
                .bind(end.reason.as_str())
                .bind(&end.by)
                .bind(millis(end.at))
                .bind(end.forget_at.map(millis))
                .execute(tx)
                .await?;
            Ok(())
        }
    }
}
