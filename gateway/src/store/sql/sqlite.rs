//! What SQLite alone says: one file, one writer, a write-ahead log with full synchronisation.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments as _, ConnectOptions as _, Error, Row as _, SqliteConnection, SqliteExecutor, SqlitePool};

use super::connection::Speak;
use super::value::Value;
use super::{Done, Query, Row};

pub(super) const HAS_TABLE: &str =
    "-- sqlite::has_table\nselect count(*) from sqlite_master where type = 'table' and name = $1";

/// Prepared statements kept for each connection; the store has fewer.
const STATEMENTS: usize = 512;
/// Pages the writing connection keeps, in kilobytes below zero: the upper levels of every index. Readers keep the usual
/// 2 MB each: a check of the whole trail would fill whatever they may have, and it would stay.
const CACHE: &str = "-12000";

/// Pages of the log after which it is written back into the file, 16 MB: the upper pages of every index stand in each
/// commit, and are written back once for all of them.
const CHECKPOINT: &str = "4000";

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(STATEMENTS)
        .pragma("trusted_schema", "off")
        .pragma("secure_delete", "on")
        .pragma("journal_size_limit", "67108864")
}

pub(super) fn untouched(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).immutable(true).pragma("trusted_schema", "off")
}

pub(super) async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    options.clone().pragma("cache_size", CACHE).pragma("wal_autocheckpoint", CHECKPOINT).connect().await
}

pub(super) async fn create(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    if let Some(folder) = options.get_filename().parent() {
        std::fs::create_dir_all(folder)?;
    }
    options.clone().create_if_missing(true).connect().await
}

pub(super) async fn readers(options: &SqliteConnectOptions, most: u32) -> Result<SqlitePool, Error> {
    SqlitePoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options.clone().read_only(true))
        .await
}

impl Speak for SqliteConnection {
    // A deferred one would fail at its first write, without waiting, where it has read before.
    const BEGIN: &'static str = "begin immediate";

    async fn say(&mut self, word: &'static str) -> Result<(), Error> {
        sqlx::raw_sql(word).execute(self).await.map(drop)
    }
}

pub(super) async fn execute(query: Query<'_>, on: impl SqliteExecutor<'_>) -> Result<Done, Error> {
    let values = arguments(query.values)?;
    Ok(Done::new(sqlx::query_with(query.sql, values).execute(on).await?.rows_affected()))
}

pub(super) async fn rows(query: Query<'_>, on: impl SqliteExecutor<'_>) -> Result<Vec<Row>, Error> {
    let values = arguments(query.values)?;
    let rows = sqlx::query_with(query.sql, values).fetch_all(on).await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

fn arguments(values: Vec<Value<'_>>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(text),
            Value::Number(number) => arguments.add(number),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(Error::Encode)?;
    }
    Ok(arguments)
}

pub(super) fn number(row: &SqliteRow, place: usize) -> Result<Option<i64>, Error> {
    row.try_get(place)
}
