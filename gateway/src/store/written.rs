//! What every write of a row shares: how times are stored, and that as many rows were written as were meant.

use jiff::Timestamp;

use super::StoreError;
use super::sql::Done;

/// Milliseconds since 1970: how every time is stored.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Exactly one row must have been written; none, or one that is already there, is a conflict.
pub(super) fn one(table: &'static str, result: Result<Done, sqlx::Error>) -> Result<(), StoreError> {
    exactly(table, 1, result)
}

/// Exactly so many rows must have been written; less, or one that is already there, is a conflict.
pub(super) fn exactly(table: &'static str, rows: usize, result: Result<Done, sqlx::Error>) -> Result<(), StoreError> {
    match result {
        Ok(done) if usize::try_from(done.rows_affected()) == Ok(rows) => Ok(()),
        Ok(_) => Err(StoreError::Conflict { table }),
        Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
            Err(StoreError::Conflict { table })
        }
        Err(error) => Err(error.into()),
    }
}
