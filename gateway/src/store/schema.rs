//! The schema: numbered migrations that never change after release, and the check that a database has them.

use std::path::Path;

use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, SqlSafeStr, SqliteConnection};

use super::StoreError;

const ATTACHMENTS: &str = include_str!("../../../migrations/sqlite/0005_attachments.sql");
const FIRST: &str = include_str!("../../../migrations/sqlite/0001_first.sql");
const LOG: &str = include_str!("../../../migrations/sqlite/0004_log.sql");
const RECEIPTS: &str = include_str!("../../../migrations/sqlite/0007_receipts.sql");
const OPEN_DELIVERIES: &str = include_str!("../../../migrations/sqlite/0003_open_deliveries.sql");
const WEBHOOKS: &str = include_str!("../../../migrations/sqlite/0008_webhooks.sql");
const OPERATORS: &str = include_str!("../../../migrations/sqlite/0011_operators.sql");
const REGISTRY: &str = include_str!("../../../migrations/sqlite/0009_registry.sql");
const SEARCH: &str = include_str!("../../../migrations/sqlite/0002_search.sql");
const SOURCE_SIGNATURE: &str = include_str!("../../../migrations/sqlite/0006_source_signature.sql");

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
}

/// Where a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaStatus {
    /// Schema of the database; 0 for an empty one.
    pub found: i64,
    /// Schema of this build.
    pub wanted: i64,
}

fn migrations() -> Vec<Migration> {
    vec![
        Migration::new(1, "first".into(), MigrationType::Simple, FIRST.into_sql_str(), false),
        Migration::new(2, "search".into(), MigrationType::Simple, SEARCH.into_sql_str(), false),
        Migration::new(3, "open_deliveries".into(), MigrationType::Simple, OPEN_DELIVERIES.into_sql_str(), false),
        Migration::new(4, "log".into(), MigrationType::Simple, LOG.into_sql_str(), false),
        Migration::new(5, "attachments".into(), MigrationType::Simple, ATTACHMENTS.into_sql_str(), false),
        Migration::new(6, "source_signature".into(), MigrationType::Simple, SOURCE_SIGNATURE.into_sql_str(), false),
        Migration::new(7, "receipts".into(), MigrationType::Simple, RECEIPTS.into_sql_str(), false),
        Migration::new(8, "webhooks".into(), MigrationType::Simple, WEBHOOKS.into_sql_str(), false),
        Migration::new(9, "registry".into(), MigrationType::Simple, REGISTRY.into_sql_str(), false),
        Migration::new(11, "operators".into(), MigrationType::Simple, OPERATORS.into_sql_str(), false),
    ]
}

/// Brings the database (made if missing) to this build's schema; running it again changes nothing.
///
/// # Errors
/// No access, or a schema this build does not know.
pub async fn migrate(path: &Path) -> Result<SchemaStatus, StoreError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
    }
    let mut connection = super::connect_options(path).create_if_missing(true).connect().await?;
    match check(&mut connection).await {
        Ok(_) | Err(StoreError::Schema(SchemaError::Behind { .. })) => {}
        Err(error) => return Err(error),
    }
    Migrator::with_migrations(migrations())
        .run(&mut connection)
        .await
        .map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    let status = check(&mut connection).await?;
    connection.close().await?;
    restrict(path)?;
    Ok(status)
}

/// Where the database stands, without changing it; a missing one stands at 0.
///
/// # Errors
/// No access.
pub async fn status(path: &Path) -> Result<SchemaStatus, StoreError> {
    if !path.exists() {
        return Ok(SchemaStatus { found: 0, wanted: wanted() });
    }
    let mut connection = super::connect_options(path).read_only(true).connect().await?;
    let found = applied(&mut connection).await?.last().map_or(0, |last| last.0);
    connection.close().await?;
    Ok(SchemaStatus { found, wanted: wanted() })
}

/// Refuses a database of another schema.
///
/// # Errors
/// See [`SchemaError`].
pub(super) async fn require_current(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    check(connection).await.map(|_| ())
}

async fn check(connection: &mut SqliteConnection) -> Result<SchemaStatus, StoreError> {
    let known = migrations();
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
    migrations().last().map_or(0, |last| last.version)
}

async fn applied(connection: &mut SqliteConnection) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    const TABLE: &str = "_sqlx_migrations";
    let exists: (i64,) =
        sqlx::query_as("-- schema::applied\nselect count(*) from sqlite_master where type = 'table' and name = $1")
            .bind(TABLE)
            .fetch_one(&mut *connection)
            .await?;
    if exists.0 == 0 {
        return Ok(Vec::new());
    }
    let mut rows: Vec<(i64, Vec<u8>)> = connection
        .list_applied_migrations(TABLE)
        .await
        .map_err(|error| sqlx::Error::Migrate(Box::new(error)))?
        .into_iter()
        .map(|row| (row.version, row.checksum.into_owned()))
        .collect();
    rows.sort_unstable();
    Ok(rows)
}

fn restrict(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(sqlx::Error::Io)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::query;

    use super::*;

    #[tokio::test]
    async fn a_database_of_each_version_before_comes_up_with_what_it_holds() {
        let folder = std::env::temp_dir().join(format!("claimgate-schema-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for before in 1..migrations().len() {
            let path = folder.join(format!("{before}.db"));
            let mut old = super::super::connect_options(&path).create_if_missing(true).connect().await.unwrap();
            let first: Vec<Migration> = migrations().into_iter().take(before).collect();
            Migrator::with_migrations(first).run(&mut old).await.unwrap();
            for sql in [
                "insert into party (id, role, state, document, version, created_at, changed_at)
                    values ('p', 'hospital', 'live', '{}', 1, 0, 0)",
                "insert into party (id, role, state, document, version, created_at, changed_at)
                    values ('q', 'insurer', 'suspended', '{}', 7, 1, 2)",
                "insert into party_identifier values ('s', 'v', 'q')",
                "insert into idempotency values ('p', 'r', x'00', x'00', '', 0)",
                "insert into assertion_use values ('q', 'j', 0)",
                "insert into claim values ('c', 'p', x'00', 'health', 1, 1, 0, 0)",
                "insert into packet values ('k', 'c', 1, x'00', x'00', 0)",
                "insert into delivery values ('d', 'k', 'c', 'p', 'life', 1, 'ready', 1, x'00', 'kid', x'00', 1, '', '', 0,
                    null, null, null)",
            ] {
                query(sql).execute(&mut old).await.unwrap();
            }
            // Tables that refer to a party since a later version.
            if before >= 8 {
                for sql in [
                    "insert into endpoint values ('q', 'https://x', 'event', x'00', 'on', 0, null, null, 1, 0, 0)",
                    "insert into webhook values ('m', 'q', 'd', 'c', 'delivery.ready', 2, 'due', 0, null, 0, null, 0, 0,
                        null)",
                ] {
                    query(sql).execute(&mut old).await.unwrap();
                }
            }
            let found = i64::try_from(before).unwrap();
            assert!(matches!(check(&mut old).await, Err(StoreError::Schema(SchemaError::Behind { .. }))));
            old.close().await.unwrap();
            assert_eq!(status(&path).await.unwrap().found, found);
            assert_eq!(migrate(&path).await.unwrap().found, wanted());
            let mut new = super::super::connect_options(&path).connect().await.unwrap();
            let kept: (i64,) = sqlx::query_as("select count(*) from delivery").fetch_one(&mut new).await.unwrap();
            assert_eq!(kept, (1,));
            let parties: Vec<(String, String, String, i64)> =
                sqlx::query_as("select id, role, state, version from party order by id")
                    .fetch_all(&mut new)
                    .await
                    .unwrap();
            let text = |text: &str| text.to_owned();
            assert_eq!(
                parties,
                [(text("p"), text("hospital"), text("live"), 1), (text("q"), text("insurer"), text("suspended"), 7)]
            );
            // References hold as before: what refers to a party is whole, and refers to nobody who is not there.
            let broken: Vec<(String,)> =
                sqlx::query_as("select \"table\" from pragma_foreign_key_check").fetch_all(&mut new).await.unwrap();
            assert!(broken.is_empty(), "{broken:?}");
            assert!(query("delete from party where id = 'q'").execute(&mut new).await.is_err());
            assert!(query("insert into party_identifier values ('s', 'w', 'nobody')").execute(&mut new).await.is_err());
            query("insert into party values ('f', 'fund', 'invited', '{}', 1, 0, 0, null)")
                .execute(&mut new)
                .await
                .unwrap();
            let wrong = query("insert into party values ('g', 'fund', 'gone', '{}', 1, 0, 0, null)");
            assert!(wrong.execute(&mut new).await.is_err());
            new.close().await.unwrap();
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
