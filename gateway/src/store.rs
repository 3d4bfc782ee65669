//! The store: the only SQL. One door in ([`Store::commit`]), named reads out.
//!
//! SQLite in WAL mode with full synchronisation, or PostgreSQL under any number of gateways: one connection writes and
//! groups what waits into one transaction, a few read beside it. A commit that was answered is on disk.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::config::Database;
use crate::core::change::Change;
use crate::core::retention::Bar;

mod accident;
mod alert;
mod application;
mod apply;
mod attachments;
pub mod backup;
mod cases;
mod deadline;
mod handover;
mod identity;
mod inserts;
mod leaving;
mod ledger;
mod log;
mod mandate;
mod master;
mod mydata;
mod offset;
mod owner;
mod published;
mod push;
pub mod read;
mod receipt;
mod records;
mod registry;
mod repair;
mod report;
mod requests;
mod retention;
mod revision;
pub mod rows;
pub mod schema;
mod sequence;
mod sql;
mod timeline;
mod told;
mod trust;
mod uploads;
mod wallet;
mod writer;
mod written;

pub use accident::{DuePaper, FilingView, KeptAccident, KeptPaper, UseView};
pub use alert::AlertQuery;
pub use application::{ApplicationView, PageView};
pub use attachments::{Disclosed, SealedFile};
pub use cases::{CaseClaim, KeptCase, KeptFile};
pub use deadline::Standing as DeadlinesTold;
pub use handover::{LinkView, ReturnView, TracedDelivery, TracedSubmission};
pub use ledger::{Account, AccountsOf, KeptDecision, KeptPayment};
pub use mandate::KeptMandate;
pub use master::MasterKeyRow;
pub use offset::{KeptOffset, OffsetOf};
pub use owner::{OwnerMailView, OwnerPageView};
pub use receipt::KeptReceipt;
pub use records::{KeptPart, KeptRecords};
pub use registry::Decided;
pub use repair::{KeptRepair, RepairOf};
pub use report::TimesOf;
pub use requests::{KeptRequest, Supplements};
pub use retention::{Due, Expired, Periods};
pub use rows::{
    AppView, AttemptView, ClaimHead, DeliveryView, DuePush, DueWork, EndpointView, EvidenceOfRevision, HospitalAnswer,
    SentView, StoredAnswer, SubmissionView, TimelineLine,
};
pub use schema::SchemaStatus;
pub use sequence::Sequenced;

use sequence::Placed;

pub use sql::Server;
pub use timeline::{OpenSubmission, Stream, StreamLine};
pub use told::{Listening, Told};
pub use uploads::{NamedObject, StoredObject, UploadView};

use sql::{Opener, Pool};
use writer::Job;

/// How long to leave the positions to another process before looking again, and how often.
const NAP: Duration = Duration::from_millis(5);
const PATIENCE: u32 = 2_000;

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
    #[error("the database: {0}{state}", state = sql::state(.0))]
    Database(#[from] sqlx::Error),
    /// The transaction this change shared with others failed: none of them was written.
    #[error("all that was to be committed together: {0}")]
    Together(String),
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
    /// The claim is restricted (處理限制) or erased: what is sealed under its key is not given out.
    #[error("the claim is {0}")]
    Barred(Bar),
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}

/// How often each named statement ran in this process and how long it took, as metrics.
#[must_use]
pub fn meters() -> Vec<Box<dyn prometheus::core::Collector>> {
    writer::collectors().into_iter().chain(sql::collector()).collect()
}

/// The open database.
#[derive(Clone, Debug)]
pub struct Store {
    readers: Pool,
    parties: Arc<read::Parties>,
    /// Changes.
    jobs: mpsc::Sender<Job>,
    /// Everything else that writes: on SQLite the same writer, on PostgreSQL one of its own, so that commits and
    /// positions do not wait for one another.
    chores: mpsc::Sender<Job>,
    unsequenced: Arc<Notify>,
    sequenced: watch::Sender<u64>,
    told: Arc<Told>,
    /// Told when it closes, and gone when nobody has the store any more.
    open: Arc<watch::Sender<()>>,
}

impl Store {
    /// Opens the database, which must have the schema of this build; [`schema::migrate`] brings it there.
    ///
    /// # Errors
    /// No such file, another schema, no access.
    pub async fn open(database: &Database, readers: u32) -> Result<Self, StoreError> {
        let opener = Opener::new(database)?;
        let mut connection = opener.connect().await?;
        schema::require_current(&mut connection).await?;
        let readers = opener.readers(readers).await?;
        let jobs = writer::start(opener.clone(), connection);
        let chores = match opener {
            Opener::Sqlite(_) => jobs.clone(),
            Opener::Postgres(_) => writer::start(opener.clone(), opener.connect().await?),
        };
        let (sequenced, open) = (watch::Sender::new(0), watch::Sender::new(()));
        let told = Arc::<Told>::default();
        opener.listen((sequenced.clone(), Arc::clone(&told)), open.subscribe());
        let (parties, unsequenced, open) = (Arc::default(), Arc::new(Notify::new()), Arc::new(open));
        Ok(Self { readers, parties, jobs, chores, unsequenced, sequenced, told, open })
    }

    /// Opens a copy to look at it: nothing can be written, and a file stays as it is, byte for byte.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_copy(database: &Database) -> Result<Self, StoreError> {
        let opener = Opener::new(database)?.untouched(database);
        let mut connection = opener.connect().await?;
        schema::require_current(&mut connection).await?;
        let readers = opener.readers(2).await?;
        let jobs = writer::start(opener, connection);
        let (sequenced, open) = (watch::Sender::new(0), watch::Sender::new(()));
        let (chores, unsequenced) = (jobs.clone(), Arc::new(Notify::new()));
        let (parties, told, open) = (Arc::default(), Arc::default(), Arc::new(open));
        Ok(Self { readers, parties, jobs, chores, unsequenced, sequenced, told, open })
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
        let mut patience = PATIENCE;
        let Placed { done, streams } = loop {
            match self.ask(Job::Sequence).await? {
                Some(placed) => break placed,
                // Another process is at it, and may have begun before the newest commit.
                None if patience > 0 => patience -= 1,
                None => return Err(StoreError::Conflict { table: "stream" }),
            }
            tokio::time::sleep(NAP).await;
        };
        if done.deliveries > 0 {
            self.sequenced.send_modify(|count| *count += 1);
        }
        // A withdrawal is a message to an endpoint and no new delivery: it comes with entries.
        let endpoints = (done.entries > 0).then_some(Told::ENDPOINTS);
        self.told.wake(streams.iter().map(String::as_str).chain(endpoints));
        Ok(done)
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
        self.ask(|reply| Job::Lease { now, until, reply }).await
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
        let (any,): (bool,) = sql::query_as(sql).bind(written::millis(now)).fetch_one(self.readers()).await?;
        if !any {
            return Ok(Vec::new());
        }
        self.ask(|reply| Job::LeasePushes { now, until, at_once, reply }).await
    }

    /// Puts a chore to its writer and waits for the answer.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.chores.send(job(reply)).await.map_err(|_| StoreError::Closed)?;
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
        self.ask(|reply| Job::Forget { now, reply }).await
    }

    /// Does what is in the queue, writes the log back into the database file and closes it. Later calls get
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        self.open.send_replace(());
        // Readers hold the log open.
        self.readers.close().await;
        for writer in [&self.jobs, &self.chores] {
            let (reply, done) = oneshot::channel();
            if writer.send(Job::Close(reply)).await.is_ok() {
                // A writer that is gone has closed already.
                let _ = done.await;
            }
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

    /// Who waits for entries of timelines.
    #[must_use]
    pub fn told(&self) -> &Arc<Told> {
        &self.told
    }

    fn readers(&self) -> &Pool {
        &self.readers
    }
}

#[cfg(test)]
mod tests;
