//! A copy of the database as it is at one moment, made while others write.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use sqlx::Error;

use super::rows::time;
use super::sql::{Connection, Opener, query, query_as};
use super::{Store, StoreError};
use crate::config::Database;

/// Where a database ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Claims.
    pub claims: i64,
    /// Of these erased.
    pub erased: i64,
    /// When the newest claim was made.
    pub newest_claim: Option<Timestamp>,
    /// When the last line of the audit trail was written.
    pub last_line: Option<Timestamp>,
    /// The last position of each recipient, by party.
    pub positions: Vec<(String, i64)>,
}

impl Store {
    /// What is damaged of the file; nothing where it is whole, or where a server looks after it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn damage(&self) -> Result<Option<String>, StoreError> {
        if self.server().await?.is_some() {
            return Ok(None);
        }
        let sql = "-- backup::integrity\nselect integrity_check from pragma_integrity_check limit 1";
        let said: Option<(String,)> = match query_as(sql).fetch_optional(self.readers()).await {
            Ok(said) => said,
            // Damaged beyond its own check.
            Err(error) => return Ok(Some(error.to_string())),
        };
        let sql = "-- backup::references\nselect count(*) from pragma_foreign_key_check";
        let (broken,): (i64,) = query_as(sql).fetch_one(self.readers()).await?;
        Ok(match said {
            Some((word,)) if word == "ok" && broken == 0 => None,
            Some((word,)) if word == "ok" => Some(format!("{broken} rows refer to what is not there")),
            Some((word,)) => Some(word),
            None => Some("its own check says nothing".to_owned()),
        })
    }

    /// Where it ends: what was written last.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn ends(&self) -> Result<Ends, StoreError> {
        let sql = "-- backup::ends
            select count(*), cast(coalesce(sum(case when barred = 'erased' then 1 else 0 end), 0) as bigint),
                max(created_at), (select max(at) from audit) from claim";
        let (claims, erased, newest, last): (i64, i64, Option<i64>, Option<i64>) =
            query_as(sql).fetch_one(self.readers()).await?;
        let sql = "-- backup::positions
            select substr(name, 10), position from stream where name like 'delivery:%' order by name";
        let positions = query_as(sql).fetch_all(self.readers()).await?;
        Ok(Ends {
            claims,
            erased,
            newest_claim: newest.map(|at| time("claim", "created_at", at)).transpose()?,
            last_line: last.map(|at| time("audit", "at", at)).transpose()?,
            positions,
        })
    }
}

/// Writes a whole, compact copy of a SQLite database into a new file only its owner can read; on disk when it returns.
/// `false` where the database is on a server, whose own tools make copies. A copy that fails leaves no file.
///
/// # Errors
/// The file exists or cannot be written, or the database is away.
pub async fn copy(database: &Database, to: &Path) -> Result<bool, StoreError> {
    let mut connection = Opener::new(database)?.connect().await?;
    if !matches!(connection, Connection::Sqlite(_)) {
        connection.close().await?;
        return Ok(false);
    }
    let name = to.to_str().ok_or_else(|| Error::Protocol("the file's name is not UTF-8".to_owned()))?;
    // Made here, so that it is never readable by others; SQLite writes into a file that is empty.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(Error::Io)?;
    let written = match query("-- backup::copy\nvacuum into $1").bind(name).execute(&mut connection).await {
        Ok(_) => synced(to).map_err(Error::Io),
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        // What stands there looks like a copy and is none. Where it cannot be removed either, the first fault says more.
        let _ = std::fs::remove_file(to);
        return Err(error.into());
    }
    connection.close().await?;
    Ok(true)
}

fn synced(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_that_fails_leaves_nothing_that_looks_like_one() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("claimgate.db"), folder.path().join("copy.db"));
        // It opens, and the first page of one table is none.
        crate::store::schema::migrate(&Database::Sqlite(from.clone())).await.unwrap();
        let connect = || async { Opener::new(&Database::Sqlite(from.clone())).unwrap().connect().await.unwrap() };
        let mut connection = connect().await;
        query("pragma wal_checkpoint(truncate)").fetch_all(&mut connection).await.unwrap();
        let sql = "select rootpage from sqlite_master where name = 'party'";
        let (page,): (i64,) = query_as(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let (mut bytes, size) = (std::fs::read(&from).unwrap(), 4_096);
        let first = usize::try_from(page - 1).unwrap() * size;
        bytes[first..first + size].fill(0xee);
        std::fs::write(&from, bytes).unwrap();
        connect().await.close().await.unwrap();
        copy(&Database::Sqlite(from.clone()), &to).await.unwrap_err();
        assert!(!to.exists());
    }
}
