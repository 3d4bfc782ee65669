//! The database's own types under one name each: what the rest of the store says instead of the driver's words.

pub(super) use sqlx::{query, query_as};

/// One connection, in a transaction or not.
pub(super) type Connection = sqlx::SqliteConnection;

/// What a statement did.
pub(super) type Done = sqlx::sqlite::SqliteQueryResult;

/// A row as it came.
pub(super) type Row = sqlx::sqlite::SqliteRow;

/// Connections that only read.
pub(super) type Pool = sqlx::SqlitePool;

/// A statement whose length depends on what it says.
pub(super) type Builder = sqlx::QueryBuilder<sqlx::Sqlite>;
