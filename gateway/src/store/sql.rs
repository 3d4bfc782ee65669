//! One way to say SQL to either database: the same text, the same bound values, the same rows.
//!
//! In: statements with `$1` placeholders. Out: rows as tuples. What the two databases say differently stands in
//! `sqlite` and `postgres`, and nowhere else.

use std::marker::PhantomData;

use sqlx::error::ErrorKind;
use sqlx::{Error, SqlSafeStr as _, SqlStr};

mod builder;
mod connection;
mod meter;
mod postgres;
mod row;
mod sqlite;
mod value;

pub(super) use builder::{Builder, Separated};
pub use connection::Server;
pub(super) use connection::{Connection, Opener, Pool, Target};
pub(super) use meter::collector;
pub(super) use row::{Done, Row};

use row::FromRow;
use value::Value;

/// A statement with what is bound to it.
#[derive(Clone)]
pub(super) struct Query<'q> {
    name: &'static str,
    sql: SqlStr,
    values: Vec<Value<'q>>,
}

/// A statement whose rows are read as tuples.
pub(super) struct QueryAs<'q, O> {
    query: Query<'q>,
    read: PhantomData<O>,
}

/// A statement.
pub(super) fn query<'q>(sql: &'static str) -> Query<'q> {
    Query { name: meter::name(sql), sql: sql.into_sql_str(), values: Vec::new() }
}

/// A statement whose rows are read as tuples.
pub(super) fn query_as<'q, O: FromRow>(sql: &'static str) -> QueryAs<'q, O> {
    QueryAs { query: query(sql), read: PhantomData }
}

impl<'q> Query<'q> {
    /// Binds the next placeholder.
    pub(super) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(super) async fn execute<'c>(self, on: impl Into<Target<'c>>) -> Result<Done, Error> {
        let _running = meter::running(self.name);
        match on.into() {
            Target::Connection(Connection::Sqlite(link)) => sqlite::execute(self, link.ready().await?).await,
            Target::Connection(Connection::Postgres(link)) => postgres::execute(self, link.ready().await?).await,
            Target::Pool(Pool::Sqlite(pool)) => sqlite::execute(self, pool).await,
            Target::Pool(Pool::Postgres(pool)) => {
                let mut hold = postgres::Hold::new(pool).await?;
                let done = postgres::execute(self, hold.connection()?).await;
                hold.end(done)
            }
        }
    }

    pub(super) async fn fetch_all<'c>(self, on: impl Into<Target<'c>>) -> Result<Vec<Row>, Error> {
        let _running = meter::running(self.name);
        match on.into() {
            Target::Connection(Connection::Sqlite(link)) => sqlite::rows(self, link.ready().await?).await,
            Target::Connection(Connection::Postgres(link)) => postgres::rows(self, link.ready().await?).await,
            Target::Pool(Pool::Sqlite(pool)) => sqlite::rows(self, pool).await,
            Target::Pool(Pool::Postgres(pool)) => postgres::read(self, pool).await,
        }
    }

    pub(super) async fn fetch_optional<'c>(self, on: impl Into<Target<'c>>) -> Result<Option<Row>, Error> {
        Ok(self.fetch_all(on).await?.into_iter().next())
    }
}

impl<'q, O: FromRow> QueryAs<'q, O> {
    /// Binds the next placeholder.
    pub(super) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.query = self.query.bind(value);
        self
    }

    pub(super) async fn fetch_all<'c>(self, on: impl Into<Target<'c>>) -> Result<Vec<O>, Error> {
        self.query.fetch_all(on).await?.iter().map(O::from_row).collect()
    }

    pub(super) async fn fetch_optional<'c>(self, on: impl Into<Target<'c>>) -> Result<Option<O>, Error> {
        self.query.fetch_optional(on).await?.as_ref().map(O::from_row).transpose()
    }

    pub(super) async fn fetch_one<'c>(self, on: impl Into<Target<'c>>) -> Result<O, Error> {
        self.fetch_optional(on).await?.ok_or(Error::RowNotFound)
    }
}

/// Whether the database refused what this one statement says; anything else is a fault of the database itself.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        !matches!(error.kind(), ErrorKind::Other) || error.code().is_some_and(|code| postgres::is_bad_value(&code))
    })
}

/// The code a database gave its fault (SQLSTATE, or SQLite's number), in brackets, for the log.
pub(super) fn state(error: &Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.map(|code| format!(" [{code}]")).unwrap_or_default()
}

/// Whether processes got into one another's way, so that doing it again makes sense. The transaction is gone.
pub(super) fn is_contention(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().is_some_and(|code| postgres::is_contention(&code)))
}
