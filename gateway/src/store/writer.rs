//! The one writer: takes what waits, commits it in one transaction with a savepoint each (group commit).

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::rows::{DuePush, DueWork};
use super::sequence::{self, Placed};
use super::sql::{Connection, Opener};
use super::{StoreError, apply, inserts, push, retention, sql};
use crate::core::change::Change;

/// The most changes one transaction takes.
const GROUP: usize = 128;

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    Change(Change, oneshot::Sender<Result<(), StoreError>>),
    Sequence(oneshot::Sender<Result<Option<Placed>, StoreError>>),
    Lease {
        now: Timestamp,
        until: Timestamp,
        reply: oneshot::Sender<Result<Option<DueWork>, StoreError>>,
    },
    LeasePushes {
        now: Timestamp,
        until: Timestamp,
        at_once: u32,
        reply: oneshot::Sender<Result<Vec<DuePush>, StoreError>>,
    },
    Forget {
        now: Timestamp,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    EmptyLog(oneshot::Sender<Result<(), StoreError>>),
    Probe(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<()>),
}

/// The writer's connection, made again after a fault.
///
/// When the disk is full or fails, SQLite ends the transaction by itself and leaves the driver's count of open
/// transactions behind; such a connection is dropped, never used again.
struct Writer {
    opener: Opener,
    connection: Option<Connection>,
}

impl Writer {
    /// The connection; a new one where the server has gone away meanwhile.
    async fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        if let Some(connection) = &mut self.connection
            && !connection.answers().await
        {
            self.connection = None;
        }
        if self.connection.is_none() {
            tracing::warn!("the writing connection is made again");
            self.connection = Some(self.opener.connect().await?);
        }
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    /// Runs something on the connection and drops the connection where it met a fault of the database.
    async fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection().await?;
        let outcome = work(connection).await;
        let fault = matches!(&outcome, Err(StoreError::Database(error)) if !sql::is_contention(error));
        if fault || connection.settle().await.is_err() {
            self.connection = None;
        }
        outcome
    }
}

/// Starts a writer and gives the way to it.
pub(super) fn start(opener: Opener, connection: Connection) -> mpsc::Sender<Job> {
    let (jobs, queue) = mpsc::channel(1_024);
    tokio::spawn(run(opener, connection, queue));
    jobs
}

/// Runs until told to close or until every [`super::Store`] is dropped.
async fn run(opener: Opener, connection: Connection, mut queue: mpsc::Receiver<Job>) {
    let mut writer = Writer { opener, connection: Some(connection) };
    let mut closing = None;
    while let Some(job) = queue.recv().await {
        let mut group = Group::default();
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Change(change, reply) => {
                    if group.changes.len() >= GROUP {
                        commit_group(&mut writer, std::mem::take(&mut group)).await;
                    }
                    group.changes.push((change, reply));
                }
                // Whoever waits for positions gets them with all that is written before, in the same transaction.
                Job::Sequence(reply) => group.sequences.push(reply),
                Job::Close(reply) => {
                    queue.close();
                    closing = Some(reply);
                }
                other => {
                    commit_group(&mut writer, std::mem::take(&mut group)).await;
                    one(&mut writer, other).await;
                }
            }
            next = queue.try_recv().ok();
        }
        commit_group(&mut writer, group).await;
    }
    if let Some(connection) = writer.connection {
        write_back(connection).await;
    }
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

/// The last connection that closes writes the log back into the database file, which alone is whole then.
async fn write_back(connection: Connection) {
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the writing connection did not close cleanly");
    }
}

async fn one(writer: &mut Writer, job: Job) {
    // A reply nobody waits for any more is no fault: the work is done all the same.
    match job {
        Job::Lease { now, until, reply } => {
            let lease = async |connection: &mut Connection| sequence::lease(connection, now, until).await;
            let _ = reply.send(writer.run(lease).await);
        }
        Job::LeasePushes { now, until, at_once, reply } => {
            let lease = async |connection: &mut Connection| push::lease(connection, (now, until, at_once)).await;
            let _ = reply.send(writer.run(lease).await);
        }
        Job::Forget { now, reply } => {
            let forget = async |connection: &mut Connection| sequence::forget(connection, now).await;
            let _ = reply.send(writer.run(forget).await);
        }
        Job::EmptyLog(reply) => {
            let _ = reply.send(writer.run(retention::empty_log).await);
        }
        Job::Probe(reply) => {
            let _ = reply.send(writer.run(probe).await);
        }
        // The loop takes them before.
        Job::Change(..) | Job::Sequence(_) | Job::Close(_) => {}
    }
}

/// Whether a write could begin now.
async fn probe(connection: &mut Connection) -> Result<(), StoreError> {
    let tx = connection.begin().await?;
    tx.rollback().await?;
    Ok(())
}

type Positions = Result<Option<Placed>, StoreError>;

/// What is done in one transaction.
#[derive(Default)]
struct Group {
    changes: Vec<(Change, oneshot::Sender<Result<(), StoreError>>)>,
    /// Who waits for positions. On PostgreSQL another writer gives them, which has no changes.
    sequences: Vec<oneshot::Sender<Positions>>,
}

async fn commit_group(writer: &mut Writer, group: Group) {
    let Group { changes, sequences } = group;
    let (changes, replies): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
    let mut placed = None;
    if !changes.is_empty() {
        meter::group(changes.len());
        match commit_together(writer, &changes, !sequences.is_empty()).await {
            Ok((outcomes, positions)) => {
                placed = positions;
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    let _ = reply.send(outcome);
                }
            }
            // The transaction itself failed: no change of the group is on disk.
            Err(error) => {
                let error = error.to_string();
                for reply in replies {
                    let _ = reply.send(Err(StoreError::Together(error.clone())));
                }
            }
        }
    }
    for reply in sequences {
        // Everyone after the first finds what that one did.
        let positions = match placed {
            Some(placed) => Ok(Some(placed)),
            None => writer.run(sequence::run).await,
        };
        placed = positions.as_ref().ok().cloned().flatten();
        let _ = reply.send(positions);
    }
}

type Outcomes = (Vec<Result<(), StoreError>>, Option<Placed>);

/// Commits the changes together; each alone where they get into the way of another process's.
async fn commit_together(writer: &mut Writer, changes: &[Change], sequence: bool) -> Result<Outcomes, StoreError> {
    match writer.run(async |connection: &mut Connection| commit(connection, changes, sequence).await).await {
        Err(StoreError::Database(error)) if sql::is_contention(&error) => {}
        outcome => return outcome,
    }
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        let alone = writer
            .run(async |connection: &mut Connection| commit(connection, std::slice::from_ref(change), false).await);
        outcomes.push(match alone.await {
            Ok((mut one, _)) => one.pop().unwrap_or(Err(StoreError::Closed)),
            // The step is done again, on what the other has written.
            Err(StoreError::Database(error)) if sql::is_contention(&error) => {
                Err(StoreError::Conflict { table: "(another process)" })
            }
            Err(error) => Err(error),
        });
    }
    Ok((outcomes, None))
}

/// One transaction. Changes that only add rows share a savepoint where none of them is refused; each other one has its own.
/// A conflict is the change's own; any other fault ends them all. At its end come the positions, where somebody waits.
async fn commit(connection: &mut Connection, changes: &[Change], sequence: bool) -> Result<Outcomes, StoreError> {
    let mut tx = connection.begin().await?;
    let adding: Vec<&Change> = changes.iter().filter(|change| inserts::only_adds(change)).collect();
    let added = !adding.is_empty() && apply::together(&mut tx, &adding).await?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        if added && inserts::only_adds(change) {
            outcomes.push(Ok(()));
            continue;
        }
        outcomes.push(match apply::change(&mut tx, change).await {
            Err(StoreError::Database(error)) => return Err(error.into()),
            outcome => outcome,
        });
    }
    let placed = if sequence { positions(&mut tx).await? } else { None };
    tx.commit().await?;
    Ok((outcomes, placed))
}

/// Positions within the group's transaction. Where they cannot be given the changes do not suffer: whoever waits for the
/// positions has them tried again alone, and is told why.
async fn positions(tx: &mut Connection) -> Result<Option<Placed>, StoreError> {
    match sequence::run(tx).await {
        Err(StoreError::Database(error)) if !sql::is_refusal(&error) => Err(error.into()),
        Err(_) => Ok(None),
        placed => placed,
    }
}

mod meter;
#[cfg(test)]
mod tests;

pub(super) use meter::collectors;
