//! A copy of the database as it is at one moment, made while others write.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::Error;

use super::StoreError;
use super::sql::{Connection, Opener, query};
use crate::config::Database;

/// Writes a whole, compact copy of a SQLite database into a new file only its owner can read; on disk when it returns.
/// `false` where the database is on a server, whose own tools make copies.
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
    query("-- backup::copy\nvacuum into $1").bind(name).execute(&mut connection).await?;
    connection.close().await?;
    File::open(to).and_then(|file| file.sync_all()).map_err(Error::Io)?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::Io)?;
    }
    Ok(true)
}
