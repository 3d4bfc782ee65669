//! The one writer: takes what waits, commits it in one transaction with a savepoint each (group commit).

use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::rows::DueWork;
use super::sequence::{self, Sequenced};
use super::{StoreError, apply};
use crate::core::change::Change;

/// The most changes one transaction takes.
const GROUP: usize = 128;

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    Change(Change, oneshot::Sender<Result<(), StoreError>>),
    Sequence(oneshot::Sender<Result<Sequenced, StoreError>>),
    Lease { now: Timestamp, until: Timestamp, reply: oneshot::Sender<Result<Option<DueWork>, StoreError>> },
    Forget { now: Timestamp, reply: oneshot::Sender<Result<(), StoreError>> },
}

/// Runs until every [`super::Store`] is dropped.
pub(super) async fn run(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Job>) {
    while let Some(job) = queue.recv().await {
        let mut group = Vec::new();
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Change(change, reply) if group.len() < GROUP => group.push((change, reply)),
                other => {
                    commit_group(&mut connection, std::mem::take(&mut group)).await;
                    one(&mut connection, other).await;
                }
            }
            next = queue.try_recv().ok();
        }
        commit_group(&mut connection, group).await;
    }
    // So that the database file alone is whole after a normal stop.
    let sql = "-- writer::checkpoint\npragma wal_checkpoint(truncate)";
    if let Err(error) = sqlx::query(sql).execute(&mut connection).await {
        tracing::warn!(%error, "the log could not be written back; it is at the next start");
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the writing connection did not close cleanly");
    }
}

async fn one(connection: &mut SqliteConnection, job: Job) {
    // A reply nobody waits for any more is no fault: the work is done all the same.
    match job {
        Job::Change(change, reply) => commit_group(connection, vec![(change, reply)]).await,
        Job::Sequence(reply) => {
            let _ = reply.send(sequence::run(connection).await);
        }
        Job::Lease { now, until, reply } => {
            let _ = reply.send(sequence::lease(connection, now, until).await);
        }
        Job::Forget { now, reply } => {
            let _ = reply.send(sequence::forget(connection, now).await);
        }
    }
}

type Waiting = (Change, oneshot::Sender<Result<(), StoreError>>);

async fn commit_group(connection: &mut SqliteConnection, group: Vec<Waiting>) {
    if group.is_empty() {
        return;
    }
    let mut replies = Vec::with_capacity(group.len());
    let committed = async {
        let mut tx = connection.begin_with("begin immediate").await?;
        for (change, reply) in group {
            let outcome = apply::change(&mut tx, &change).await;
            replies.push((reply, outcome));
        }
        tx.commit().await
    }
    .await;
    // When the transaction itself fails, no change of the group is on disk, whatever each one said.
    let failed = committed.err().map(|error| error.to_string());
    for (reply, outcome) in replies {
        let _ = reply.send(match &failed {
            Some(error) => Err(StoreError::Database(sqlx::Error::Protocol(error.clone()))),
            None => outcome,
        });
    }
}
