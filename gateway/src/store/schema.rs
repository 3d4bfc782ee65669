//! The schema: numbered migrations that never change after release, one text for each database under the same number
//! and name, and the check that a database has them.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Error, SqlSafeStr};

use super::StoreError;
use super::sql::{Connection, Opener, query_as};
use crate::config::Database;

/// A database this build cannot use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Migrations are missing.
    #[error("the database is at schema {found}, this build needs {wanted}; run: claimgate migrate up")]
    Behind {
        /// Of the database.
        found: i64,
        /// Of this build.
        wanted: i64,
    },
    /// A newer build wrote it.
    #[error("the database is at schema {found}, this build knows only {wanted}; run the newer build")]
    Ahead {
        /// Of the database.
        found: i64,
        /// Of this build.
        wanted: i64,
    },
    /// A migration that was applied is not the one this build knows.
    #[error("migration {0} of the database is not the one this build knows; restore the database or the build")]
    Changed(i64),
    /// The server cannot hold what the gateway keeps.
    #[error("{0}")]
    Unfit(&'static str),
}

/// Where a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaStatus {
    /// Schema of the database; 0 for an empty one.
    pub found: i64,
    /// Schema of this build.
    pub wanted: i64,
}

macro_rules! migrations {
    ($($version:literal $file:literal;)+) => {
        /// Version, name, text for SQLite, text for PostgreSQL.
        const MIGRATIONS: &[(i64, &str, &str, &str)] = &[$((
            $version,
            $file,
            include_str!(concat!("../../../migrations/sqlite/", $file, ".sql")),
            include_str!(concat!("../../../migrations/postgres/", $file, ".sql")),
        )),+];
    };
}

migrations! {
    1 "0001_first";
    2 "0002_search";
    3 "0003_open_deliveries";
    4 "0004_log";
    5 "0005_attachments";
    6 "0006_source_signature";
    7 "0007_receipts";
    8 "0008_webhooks";
    9 "0009_registry";
    10 "0010_published_keys";
    11 "0011_operators";
    12 "0012_handover";
    13 "0013_webhook_queue";
    14 "0014_retention";
    15 "0015_master_keys";
    16 "0016_wallet";
    17 "0017_ledger";
    18 "0018_growth";
    19 "0019_objects";
    20 "0020_leaving";
    21 "0021_mandate_use";
    22 "0022_packet_digest";
    23 "0023_requests";
    24 "0024_application";
    25 "0025_offset";
    26 "0026_application_page";
    27 "0027_records";
    28 "0028_revisions";
    29 "0029_deadlines";
    30 "0030_mandate_trust";
    31 "0031_accident";
    32 "0032_mydata";
    33 "0033_accident_channels";
    34 "0034_identity";
    35 "0035_cover";
    36 "0036_cases";
    37 "0037_owner";
    38 "0038_repair";
}

/// The migrations for the database of a connection, in order.
fn migrations(connection: &Connection) -> Vec<Migration> {
    MIGRATIONS
        .iter()
        .map(|(version, file, sqlite, postgres)| {
            let text = if matches!(connection, Connection::Sqlite(_)) { *sqlite } else { *postgres };
            let name = file.split_once('_').map_or(*file, |(_, name)| name);
            Migration::new(*version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
        })
        .collect()
}

/// Brings the database (SQLite's made if missing) to this build's schema; running it again changes nothing.
///
/// # Errors
/// No access, or a schema this build does not know.
pub async fn migrate(database: &Database) -> Result<SchemaStatus, StoreError> {
    let mut connection = Opener::new(database)?.create().await?;
    match check(&mut connection).await {
        Ok(_) | Err(StoreError::Schema(SchemaError::Behind { .. })) => {}
        Err(error) => return Err(error),
    }
    apply(&mut connection, MIGRATIONS.len()).await?;
    let status = check(&mut connection).await?;
    connection.close().await?;
    if let Database::Sqlite(path) = database {
        restrict(path)?;
    }
    Ok(status)
}

/// Where the database stands, without changing it; a file that is missing stands at 0.
///
/// # Errors
/// No access.
pub async fn status(database: &Database) -> Result<SchemaStatus, StoreError> {
    if matches!(database, Database::Sqlite(path) if !path.exists()) {
        return Ok(SchemaStatus { found: 0, wanted: wanted() });
    }
    let mut connection = Opener::new(database)?.read_only().connect().await?;
    let found = applied(&mut connection).await?.last().map_or(0, |last| last.0);
    connection.close().await?;
    Ok(SchemaStatus { found, wanted: wanted() })
}

/// Refuses a database of another schema.
///
/// # Errors
/// See [`SchemaError`].
pub(super) async fn require_current(connection: &mut Connection) -> Result<(), StoreError> {
    check(connection).await.map(|_| ())
}

async fn check(connection: &mut Connection) -> Result<SchemaStatus, StoreError> {
    if let Some(why) = connection.unfit().await? {
        return Err(SchemaError::Unfit(why).into());
    }
    let known = migrations(connection);
    let applied = applied(connection).await?;
    let found = applied.last().map_or(0, |last| last.0);
    for (version, checksum) in &applied {
        match known.iter().find(|migration| migration.version == *version) {
            None => return Err(SchemaError::Ahead { found, wanted: wanted() }.into()),
            Some(migration) if migration.checksum.as_ref() != checksum.as_slice() => {
                return Err(SchemaError::Changed(*version).into());
            }
            Some(_) => {}
        }
    }
    if applied.len() < known.len() {
        return Err(SchemaError::Behind { found, wanted: wanted() }.into());
    }
    Ok(SchemaStatus { found, wanted: wanted() })
}

fn wanted() -> i64 {
    MIGRATIONS.last().map_or(0, |last| last.0)
}

/// Applies the first so many migrations, as far as they are missing.
async fn apply(connection: &mut Connection, count: usize) -> Result<(), StoreError> {
    let migrator = Migrator::with_migrations(migrations(connection).into_iter().take(count).collect());
    let done = match connection {
        Connection::Sqlite(link) => Box::pin(migrator.run(link.ready().await?)).await,
        Connection::Postgres(link) => Box::pin(migrator.run(link.ready().await?)).await,
    };
    Ok(done.map_err(|error| Error::Migrate(Box::new(error)))?)
}

async fn applied(connection: &mut Connection) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    if !connection.has_table("_sqlx_migrations").await? {
        return Ok(Vec::new());
    }
    let sql = "-- schema::applied\nselect version, checksum from _sqlx_migrations order by version";
    Ok(query_as(sql).fetch_all(connection).await?)
}

fn restrict(path: &std::path::Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(Error::Io)?;
    Ok(())
}

#[cfg(test)]
mod tests;
