//! The store: the only SQL. One door in ([`Store::commit`]), named reads out.
//!
//! SQLite in WAL mode with full synchronisation: one connection writes and groups what waits into one
//! transaction, a few read beside it. A commit that was answered is on disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::core::change::Change;

mod alert;
mod apply;
mod attachments;
mod log;
mod push;
pub mod read;
mod receipt;
mod registry;
pub mod rows;
pub mod schema;
mod sequence;
mod sql;
mod writer;
mod written;

pub use alert::AlertQuery;
pub use attachments::Disclosed;
pub use receipt::KeptReceipt;
pub use registry::Decided;
pub use rows::{
    AppView, AttemptView, ClaimHead, DeliveryView, DuePush, DueWork, EndpointView, EvidenceOfRevision, HospitalAnswer,
    SentView, StoredAnswer, SubmissionView, TimelineLine,
};
pub use schema::SchemaStatus;
pub use sequence::Sequenced;

use sql::Pool;
use writer::Job;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something the change relied on is no longer so; do the step again.
    #[error("a row of {table} changed meanwhile")]
    Conflict {
        /// The table.
        table: &'static str,
    },
    /// The database refused or is away.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that cannot be.
    #[error("a row of {table} is inconsistent in {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The schema is not the one this build knows.
    #[error("{0}")]
    Schema(#[from] schema::SchemaError),
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}

/// The open database.
#[derive(Clone, Debug)]
pub struct Store {
    readers: Pool,
    jobs: mpsc::Sender<Job>,
    unsequenced: Arc<Notify>,
    sequenced: watch::Sender<u64>,
}

impl Store {
    /// Opens the database, which must have the schema of this build; [`schema::migrate`] brings it there.
    ///
    /// # Errors
    /// No such file, another schema, no access.
    pub async fn open(path: &Path, readers: u32) -> Result<Self, StoreError> {
        let options = connect_options(path);
        let mut writer = open_writer(&options).await?;
        schema::require_current(&mut writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone().read_only(true))
            .await?;
        let (jobs, queue) = mpsc::channel(1_024);
        tokio::spawn(writer::run(options, writer, queue));
        Ok(Self { readers, jobs, unsequenced: Arc::new(Notify::new()), sequenced: watch::Sender::new(0) })
    }

    /// Commits a change whole, together with whatever else waits. `Ok` means it is on disk.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something it relied on is no longer so: nothing was written.
    pub async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Change(change, reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)??;
        self.unsequenced.notify_one();
        Ok(())
    }

    /// Gives positions to what was committed without one: deliveries per recipient, the audit trail as a whole.
    ///
    /// # Errors
    /// The database is away.
    pub async fn sequence(&self) -> Result<Sequenced, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Sequence(reply)).await.map_err(|_| StoreError::Closed)?;
        let sequenced = answer.await.map_err(|_| StoreError::Closed)??;
        if sequenced.deliveries > 0 {
            self.sequenced.send_modify(|count| *count += 1);
        }
        Ok(sequenced)
    }

    /// Tells when deliveries have got positions.
    #[must_use]
    pub fn placed(&self) -> watch::Receiver<u64> {
        self.sequenced.subscribe()
    }

    /// Leases the due step that waited longest, until the lease runs out.
    ///
    /// # Errors
    /// The database is away.
    pub async fn lease_work(
        &self,
        now: jiff::Timestamp,
        until: jiff::Timestamp,
    ) -> Result<Option<DueWork>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Lease { now, until, reply }).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Leases messages that are due, for each endpoint at most so many at once, one where it failed last.
    /// Of one claim never two at once, and the earlier first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn lease_pushes(
        &self,
        now: jiff::Timestamp,
        until: jiff::Timestamp,
        at_once: u32,
    ) -> Result<Vec<DuePush>, StoreError> {
        // Looked at beside the writer first: mostly nothing is due.
        let sql = "-- push::any_due
            select exists (select 1 from endpoint e join webhook w on w.party_id = e.party_id
                where e.state = 'on' and coalesce(e.rest_until, 0) <= $1 and w.state = 'due' and w.due_at <= $1)";
        let (any,): (bool,) = sqlx::query_as(sql).bind(written::millis(now)).fetch_one(self.readers()).await?;
        if !any {
            return Ok(Vec::new());
        }
        self.ask(|reply| Job::LeasePushes { now, until, at_once, reply }).await
    }

    /// Puts a job to the writer and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Whether the database can be read and a write could begin now.
    ///
    /// # Errors
    /// It cannot.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Probe(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)??;
        self.ping().await
    }

    /// Forgets what has expired: used assertions, idempotency keys, tracking codes.
    ///
    /// # Errors
    /// The database is away.
    pub async fn forget_expired(&self, now: jiff::Timestamp) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Forget { now, reply }).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Does what is in the queue, writes the log back into the database file and closes it. Later calls get
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        // Readers hold the log open.
        self.readers.close().await;
        if self.jobs.send(Job::Close(reply)).await.is_ok() {
            // A writer that is gone has closed already.
            let _ = done.await;
        }
    }

    /// Waits until something was committed that has no position yet.
    pub async fn until_unsequenced(&self) {
        self.unsequenced.notified().await;
    }

    /// Changes each time new deliveries can be read: what a waiting pull listens to.
    #[must_use]
    pub fn deliveries_changed(&self) -> watch::Receiver<u64> {
        self.sequenced.subscribe()
    }

    fn readers(&self) -> &Pool {
        &self.readers
    }
}

fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("trusted_schema", "off")
        .pragma("secure_delete", "on")
        .pragma("journal_size_limit", "67108864")
}

async fn open_writer(options: &SqliteConnectOptions) -> Result<sql::Connection, sqlx::Error> {
    use sqlx::ConnectOptions;
    options.connect().await
}
