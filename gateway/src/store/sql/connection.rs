//! Connections and transactions to either database.
//!
//! Transactions are counted here: a nested one is a savepoint. One that is dropped without an end, because a step in it
//! failed, is rolled back before the connection does anything else.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Error, PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::watch;

use super::{postgres, sqlite};
use crate::config::Database;
use crate::store::told::Told;

/// How a database is connected to.
#[derive(Clone, Debug)]
pub(in crate::store) enum Opener {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// Connections that only read.
#[derive(Clone, Debug)]
pub(in crate::store) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// One connection, in a transaction or not.
pub(in crate::store) enum Connection {
    Sqlite(Link<SqliteConnection>),
    Postgres(Link<PgConnection>),
}

/// A connection with how deep it is in transactions.
pub(in crate::store) struct Link<C> {
    connection: C,
    depth: usize,
    /// The depth to which a dropped transaction is still to be rolled back.
    dropped: Option<usize>,
}

/// Where a statement runs.
pub(in crate::store) enum Target<'c> {
    Pool(&'c Pool),
    Connection(&'c mut Connection),
}

impl<'c> From<&'c Pool> for Target<'c> {
    fn from(pool: &'c Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'c> From<&'c mut Connection> for Target<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        Self::Connection(connection)
    }
}

impl Opener {
    /// How to connect to a database.
    ///
    /// # Errors
    /// An address that is none.
    pub(in crate::store) fn new(database: &Database) -> Result<Self, Error> {
        Ok(match database {
            Database::Sqlite(path) => Self::Sqlite(Box::new(sqlite::options(path))),
            Database::Postgres(url) => Self::Postgres(Box::new(postgres::options(url.text())?)),
        })
    }

    /// Opens a connection to a database that is to be migrated; a file that is missing is made.
    pub(in crate::store) async fn create(&self) -> Result<Connection, Error> {
        Ok(match self {
            Self::Sqlite(options) => Connection::Sqlite(Link::new(sqlite::create(options).await?)),
            Self::Postgres(options) => Connection::Postgres(Link::new(Box::pin(postgres::create(options)).await?)),
        })
    }

    /// The same, for connections that only read.
    pub(in crate::store) fn read_only(self) -> Self {
        match self {
            Self::Sqlite(options) => Self::Sqlite(Box::new(options.read_only(true))),
            Self::Postgres(options) => Self::Postgres(Box::new(postgres::read_only(&options))),
        }
    }

    /// The same, for looking alone: of a file nothing is changed, not even how it keeps its journal.
    pub(in crate::store) fn untouched(self, database: &Database) -> Self {
        match database {
            Database::Sqlite(path) => Self::Sqlite(Box::new(sqlite::untouched(path))),
            Database::Postgres(_) => self.read_only(),
        }
    }

    /// Opens a connection that may write.
    pub(in crate::store) async fn connect(&self) -> Result<Connection, Error> {
        Ok(match self {
            Self::Sqlite(options) => Connection::Sqlite(Link::new(sqlite::connect(options).await?)),
            Self::Postgres(options) => Connection::Postgres(Link::new(Box::pin(postgres::connect(options)).await?)),
        })
    }

    /// Connections that only read, at most so many.
    pub(in crate::store) async fn readers(&self, most: u32) -> Result<Pool, Error> {
        Ok(match self {
            Self::Sqlite(options) => Pool::Sqlite(sqlite::readers(options, most).await?),
            Self::Postgres(options) => Pool::Postgres(Box::pin(postgres::readers(options, most)).await?),
        })
    }
}

impl Opener {
    /// Counts up whenever another process has given positions, until the store is closed or gone.
    pub(in crate::store) fn listen(&self, placed: (watch::Sender<u64>, Arc<Told>), open: watch::Receiver<()>) {
        if let Self::Postgres(options) = self {
            tokio::spawn(postgres::listen(options.clone(), placed, open));
        }
    }
}

/// A server as `doctor` looks at it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// Whether what it says is committed outlives a power cut.
    pub durable: bool,
    /// Whether nobody on the way can read along: TLS, or this machine.
    pub private: bool,
    /// How many connections it takes in all.
    pub connections: i64,
}

impl Pool {
    /// The server, where there is one.
    pub(in crate::store) async fn server(&self) -> Result<Option<Server>, Error> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(_) => postgres::facts(self).await.map(Some),
        }
    }

    /// Closes them all; later reads fail.
    pub(in crate::store) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// The savepoints, by depth. A transaction, a change in it, a step of that: never deeper.
const SAVEPOINTS: [[&str; 3]; 3] = [
    ["savepoint s1", "release savepoint s1", "rollback to savepoint s1"],
    ["savepoint s2", "release savepoint s2", "rollback to savepoint s2"],
    ["savepoint s3", "release savepoint s3", "rollback to savepoint s3"],
];

/// A driver's connection, as far as transactions go.
pub(in crate::store) trait Speak {
    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// Says a word that has neither values nor rows.
    async fn say(&mut self, word: &'static str) -> Result<(), Error>;
}

impl<C: Speak> Link<C> {
    fn new(connection: C) -> Self {
        Self { connection, depth: 0, dropped: None }
    }

    /// The connection, with nothing dropped left to roll back.
    pub(in crate::store) async fn ready(&mut self) -> Result<&mut C, Error> {
        if let Some(depth) = self.dropped.take() {
            let [_, _, rollback] = Self::words(depth)?;
            self.connection.say(rollback).await?;
        }
        Ok(&mut self.connection)
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let [begin, _, _] = Self::words(self.depth)?;
        self.ready().await?.say(begin).await?;
        self.depth += 1;
        Ok(())
    }

    async fn end(&mut self, commit: bool) -> Result<(), Error> {
        let depth = self.depth.saturating_sub(1);
        let [_, keep, undo] = Self::words(depth)?;
        self.ready().await?.say(if commit { keep } else { undo }).await?;
        self.depth = depth;
        Ok(())
    }

    fn drop_one(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.dropped = Some(self.depth);
    }

    /// Opens, ends and undoes the transaction at a depth.
    fn words(depth: usize) -> Result<[&'static str; 3], Error> {
        match depth.checked_sub(1) {
            None => Ok([C::BEGIN, "commit", "rollback"]),
            Some(place) => SAVEPOINTS.get(place).copied().ok_or(Error::InvalidSavePointStatement),
        }
    }
}

impl Connection {
    /// A transaction that may write, or a savepoint within one.
    pub(in crate::store) async fn begin(&mut self) -> Result<Transaction<'_>, Error> {
        match self {
            Self::Sqlite(link) => link.begin().await?,
            Self::Postgres(link) => link.begin().await?,
        }
        Ok(Transaction { connection: self, open: true })
    }

    /// Looks after it when a job is done: rolls back what was dropped without an end, so that it holds no locks meanwhile.
    pub(in crate::store) async fn settle(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(link) => link.ready().await.map(drop),
            Self::Postgres(link) => link.ready().await.map(drop),
        }
    }

    /// Whether the database is still there, on this connection.
    pub(in crate::store) async fn answers(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(link) => match link.ready().await {
                Ok(connection) => postgres::answers(connection).await,
                Err(_) => false,
            },
        }
    }

    /// Whether this transaction alone gives positions, until its end.
    pub(in crate::store) async fn alone(&mut self) -> Result<bool, Error> {
        match self {
            Self::Sqlite(_) => Ok(true),
            Self::Postgres(_) => postgres::alone(self).await,
        }
    }

    /// Tells the other processes, when this transaction is committed, that deliveries have got positions.
    pub(in crate::store) async fn tell_others(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => postgres::tell_others(self).await,
        }
    }

    /// Tells the other processes, when this transaction is committed, whose timelines have grown.
    pub(in crate::store) async fn tell_of_entries(&mut self, streams: &BTreeSet<String>) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(_) => postgres::tell_of_entries(self, streams).await,
        }
    }

    /// Why the server cannot hold what the gateway keeps, if it cannot.
    pub(in crate::store) async fn unfit(&mut self) -> Result<Option<&'static str>, Error> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(_) => postgres::unfit(self).await,
        }
    }

    /// Whether there is such a table.
    pub(in crate::store) async fn has_table(&mut self, name: &'static str) -> Result<bool, Error> {
        let sql = match self {
            Self::Sqlite(_) => sqlite::HAS_TABLE,
            Self::Postgres(_) => postgres::HAS_TABLE,
        };
        let (found,): (i64,) = super::query_as(sql).bind(name).fetch_one(self).await?;
        Ok(found > 0)
    }

    /// Closes it, cleanly.
    pub(in crate::store) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(link) => sqlx::Connection::close(link.connection).await,
            Self::Postgres(link) => sqlx::Connection::close(link.connection).await,
        }
    }

    /// Ends a subselect that picks rows to change, so that it passes over those another process has in hand; nothing
    /// where there is one writer only.
    pub(in crate::store) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => postgres::SKIP_LOCKED,
        }
    }

    /// Ends a read whose answer must stay so until the end of the transaction.
    pub(in crate::store) fn for_share(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => postgres::FOR_SHARE,
        }
    }

    /// The clock leases run by, in milliseconds since 1970: with several processes the database's own, whatever theirs
    /// say; else the one that was handed in.
    pub(in crate::store) async fn lease_clock(&mut self, handed_in: i64) -> Result<i64, Error> {
        match self {
            Self::Sqlite(_) => Ok(handed_in),
            Self::Postgres(_) => postgres::clock(self).await,
        }
    }

    async fn end(&mut self, commit: bool) -> Result<(), Error> {
        match self {
            Self::Sqlite(link) => link.end(commit).await,
            Self::Postgres(link) => link.end(commit).await,
        }
    }
}

/// A transaction or savepoint. Dropped without an end it is rolled back.
pub(in crate::store) struct Transaction<'c> {
    connection: &'c mut Connection,
    open: bool,
}

impl Transaction<'_> {
    /// Keeps what was done in it.
    pub(in crate::store) async fn commit(mut self) -> Result<(), Error> {
        self.connection.end(true).await?;
        self.open = false;
        Ok(())
    }

    /// Undoes what was done in it.
    pub(in crate::store) async fn rollback(mut self) -> Result<(), Error> {
        self.connection.end(false).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open {
            match &mut *self.connection {
                Connection::Sqlite(link) => link.drop_one(),
                Connection::Postgres(link) => link.drop_one(),
            }
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
    }
}
