//! Which master key encrypts, and what each of them encrypted.

use std::collections::BTreeMap;

use super::rows::{parse, time};
use super::sql::{Connection, query, query_as};
use super::written::{millis, one};
use super::{Store, StoreError};
use crate::core::master::{Encrypted, MasterWrite, ROOTS};
use crate::keys::at_rest::{MARK, encrypted_by};
use crate::keys::master::MasterKeyId;

/// A master key that encrypts or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyRow {
    /// Its id.
    pub id: MasterKeyId,
    /// From 1.
    pub number: i64,
    /// Since when it encrypts.
    pub since: jiff::Timestamp,
}

macro_rules! columns {
    ($($column:ident $table:literal $key:literal $value:literal $where:literal;)+) => {
        /// Rows behind one, counts by master key, one value exchanged.
        const fn sql(column: Encrypted) -> [&'static str; 3] {
            match column {$(
                Encrypted::$column => [
                    concat!("-- master::page\nselect ", $key, ", ", $value, " from ", $table, " where ", $key,
                        " > $1 and length(", $value, ") > 0", $where, " order by ", $key, " limit $2"),
                    concat!("-- master::counts\nselect by_key, count(*) from (select case when substr(", $value,
                        ", 1, 4) = $1 then substr(", $value, ", 1, 12) else $2 end as by_key from ", $table,
                        " where length(", $value, ") > 0", $where, ") as each_value group by by_key"),
                    concat!("-- master::rewrap\nupdate ", $table, " set ", $value, " = $3 where ", $key,
                        " = $1 and ", $value, " = $2"),
                ],
            )+}
        }
    };
}

columns! {
    ClaimKey "claim_key" "claim_id" "wrapped" "";
    Contacts "party" "id" "contacts" "";
    Proposal "party_proposal" "id" "document" "";
    Rejection "party_proposal" "id" "reason" "";
    Endpoint "endpoint" "party_id" "secrets" "";
    Hold "claim_hold" "claim_id" "reason" "";
    Upload "upload" "id" "secret" "";
    Tail "upload" "id" "tail" "";
    Asked "wallet_session" "id" "request" "";
    Answered "wallet_session" "id" "outcome" " and claim_id is null";
    Application "application" "id" "body" "";
    MydataAsked "mydata_transaction" "id" "request" "";
    MydataPackage "mydata_transaction" "id" "package" " and claim_id is null";
    MydataContent "mydata_dataset" "id" "content" " and claim_id is null";
    MydataArchive "mydata_dataset" "id" "archive" " and claim_id is null";
    Mandate "mandate" "id" "document" "";
    ApplicationPage "application_page" "id" "body" "";
    Root "key_root" "id" "wrapped" "";
}

impl Store {
    /// The master keys that encrypt or did, in their order: the last one encrypts.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn master_keys(&self) -> Result<Vec<MasterKeyRow>, StoreError> {
        let sql = "-- master::keys\nselect id, number, since from master_key order by number";
        let rows: Vec<(String, i64, i64)> = query_as(sql).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(id, number, since)| {
                let table = "master_key";
                Ok(MasterKeyRow { id: parse(table, "id", &id)?, number, since: time(table, "since", since)? })
            })
            .collect()
    }

    /// The encrypted roots.
    ///
    /// # Errors
    /// The database is away.
    pub async fn roots(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "-- master::roots\nselect wrapped from key_root where id = $1";
        let row: Option<(Vec<u8>,)> = query_as(sql).bind(ROOTS).fetch_optional(self.readers()).await?;
        Ok(row.map(|(wrapped,)| wrapped))
    }

    /// Encrypted values of a column in rows behind one, by row.
    ///
    /// # Errors
    /// The database is away.
    pub async fn encrypted(
        &self,
        column: Encrypted,
        behind: &str,
        limit: i64,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let [page, ..] = sql(column);
        Ok(query_as(page).bind(behind).bind(limit).fetch_all(self.readers()).await?)
    }

    /// How many values of a column each master key encrypted; those that name none came before keys had ids. It reads
    /// the whole column.
    ///
    /// # Errors
    /// The database is away.
    pub async fn encrypted_by(&self, column: Encrypted) -> Result<BTreeMap<Option<MasterKeyId>, i64>, StoreError> {
        let [_, counts, _] = sql(column);
        let nothing: &[u8] = &[];
        let rows: Vec<(Vec<u8>, i64)> =
            query_as(counts).bind(MARK.as_slice()).bind(nothing).fetch_all(self.readers()).await?;
        Ok(rows.into_iter().map(|(by, count)| (encrypted_by(&by), count)).collect())
    }
}

pub(super) async fn apply(tx: &mut Connection, write: &MasterWrite) -> Result<(), StoreError> {
    match write {
        MasterWrite::Lead(id, number, at) => {
            let sql = "-- master::lead
                insert into master_key (id, number, since)
                select $1, $2, $3 where (select count(*) from master_key) = $2 - 1";
            one("master_key", query(sql).bind(id.to_string()).bind(number).bind(millis(*at)).execute(tx).await)
        }
        MasterWrite::Roots(wrapped) => {
            let sql = "-- master::new_roots\ninsert into key_root (id, wrapped) values ($1, $2)";
            one("key_root", query(sql).bind(ROOTS).bind(wrapped).execute(tx).await)
        }
        MasterWrite::Rewrap(one) => {
            let [_, _, rewrap] = sql(one.column);
            // Nothing where it was erased or written anew meanwhile.
            query(rewrap).bind(&one.row).bind(&one.before).bind(&one.after).execute(tx).await?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_places_name_the_same_columns() {
        for column in Encrypted::ALL {
            let (table, value) = column.column();
            let [page, counts, rewrap] = sql(column);
            assert!(page.contains(&format!(", {value} from {table} where")), "{page}");
            assert!(counts.contains(&format!("from {table} where length({value})")), "{counts}");
            assert!(rewrap.contains(&format!("update {table} set {value} = $3")), "{rewrap}");
        }
    }
}
