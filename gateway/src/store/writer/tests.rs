//! A full disk: nothing answered is lost, nothing refused is kept, and the writer goes on when there is room.

use super::*;
use crate::config::Database;
use crate::core::change::{AuditLine, Write};
use crate::id::{AuditId, Random};
use crate::store::schema;
use crate::store::sql::{query, query_as};
use crate::store::tests::Databases;

fn line(number: usize, bytes: usize) -> Change {
    let mut change = Change::new("test");
    change.push(Write::Audit(AuditLine {
        id: AuditId::new(Timestamp::UNIX_EPOCH, &Random::system()),
        at: Timestamp::UNIX_EPOCH,
        actor: format!("actor-{number}"),
        action: "test",
        subject: "x".repeat(bytes),
        detail: std::collections::BTreeMap::new(),
    }));
    change
}

async fn send(jobs: &mpsc::Sender<Job>, change: Change) -> Result<(), StoreError> {
    let (reply, answer) = oneshot::channel();
    jobs.send(Job::Change(change, reply)).await.unwrap();
    answer.await.unwrap()
}

async fn probe_of(jobs: &mpsc::Sender<Job>) -> Result<(), StoreError> {
    let (reply, answer) = oneshot::channel();
    jobs.send(Job::Probe(reply)).await.unwrap();
    answer.await.unwrap()
}

async fn kept(database: &Database) -> i64 {
    let mut reader = Opener::new(database).unwrap().connect().await.unwrap();
    let (count,): (i64,) = query_as("select count(*) from audit").fetch_one(&mut reader).await.unwrap();
    count
}

#[tokio::test]
async fn a_full_disk_ends_a_group_and_not_the_writer() {
    let folder = std::env::temp_dir().join(format!("claimgate-full-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = Database::Sqlite(folder.join("full.db"));
    schema::migrate(&database).await.unwrap();
    // The database may grow by so many pages: what lies beyond is "disk full" to SQLite.
    let most = std::fs::metadata(folder.join("full.db")).unwrap().len() / 4_096 + 60;
    let opener = match Opener::new(&database).unwrap() {
        Opener::Sqlite(options) => Opener::Sqlite(Box::new(options.pragma("max_page_count", most.to_string()))),
        Opener::Postgres(_) => unreachable!(),
    };
    let connection = opener.connect().await.unwrap();
    let (jobs, queue) = mpsc::channel(64);
    let writer = tokio::spawn(run(opener, connection, queue));

    let mut answered = 0;
    let mut refused = 0;
    for round in 0..20 {
        let group = (0..6).map(|number| send(&jobs, line(round * 6 + number, 8_000)));
        for outcome in futures_util::future::join_all(group).await {
            match outcome {
                Ok(()) => answered += 1,
                Err(StoreError::Together(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(probe_of(&jobs).await.is_ok(), "the writer can begin after a full disk");
    }
    assert!(answered > 0 && refused > 0, "{answered} answered, {refused} refused");
    assert_eq!(kept(&database).await, answered, "what was refused was not kept");

    // Room again: the writer goes on without a restart.
    let mut cleaner = Opener::new(&database).unwrap().connect().await.unwrap();
    query("delete from audit").execute(&mut cleaner).await.unwrap();
    cleaner.close().await.unwrap();
    send(&jobs, line(999, 8_000)).await.unwrap();
    drop(jobs);
    writer.await.unwrap();
    assert_eq!(kept(&database).await, 1);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn one_that_is_refused_is_refused_alone_of_its_group() {
    for database in &Databases::new("writer_group").await.all {
        schema::migrate(database).await.unwrap();
        let mut connection = Opener::new(database).unwrap().connect().await.unwrap();
        let id = AuditId::new(Timestamp::UNIX_EPOCH, &Random::system());
        let the_same = |number| {
            let mut change = line(number, 1);
            let Some(Write::Audit(audit)) = change.writes.first_mut() else { unreachable!() };
            audit.id = id;
            change
        };
        let mut stale = line(2, 1);
        stale.push(Write::RelyOnParty("nobody".parse().unwrap(), 1));
        let group = [line(0, 1), the_same(1), stale, the_same(3), line(4, 1)];
        let (outcomes, positions) = commit(&mut connection, &group, false).await.unwrap();
        assert!(positions.is_none());
        let [first, same, relied, again, last] = <[_; 5]>::try_from(outcomes).unwrap();
        assert!(first.is_ok() && same.is_ok() && last.is_ok(), "{first:?} {same:?} {last:?}");
        assert!(matches!(relied, Err(StoreError::Conflict { table: "party" })), "{relied:?}");
        assert!(matches!(again, Err(StoreError::Conflict { table: "audit" })), "{again:?}");
        assert_eq!(kept(database).await, 3);
        // Where none is refused they are written with few statements, in pieces of several sizes.
        let group: Vec<_> = (0..127).map(|number| line(number, 1)).collect();
        let (outcomes, _) = commit(&mut connection, &group, false).await.unwrap();
        assert!(outcomes.len() == 127 && outcomes.iter().all(Result::is_ok));
        assert_eq!(kept(database).await, 130);
        let done = sequence::run(&mut connection).await.unwrap().unwrap();
        assert_eq!(done.done.audit, 130);
        let sql = "select count(*), min(position), max(position) from audit where hash is not null";
        let placed: (i64, i64, i64) = query_as(sql).fetch_one(&mut connection).await.unwrap();
        assert_eq!(placed, (130, 1, 130));
        // Where somebody waits for positions they come with the group, to those that are not refused.
        let mut refused = line(0, 1);
        refused.push(Write::RelyOnParty("nobody".parse().unwrap(), 1));
        let (outcomes, positions) = commit(&mut connection, &[line(1, 1), refused], true).await.unwrap();
        assert!(matches!(outcomes.as_slice(), [Ok(()), Err(StoreError::Conflict { table: "party" })]));
        assert_eq!(positions.unwrap().done.audit, 1);
        let placed: (i64, i64, i64) = query_as(sql).fetch_one(&mut connection).await.unwrap();
        assert_eq!(placed, (131, 1, 131));
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn who_waits_for_positions_gets_them_with_what_is_written_before() {
    let folder = std::env::temp_dir().join(format!("claimgate-positions-{}", std::process::id()));
    let database = Database::Sqlite(folder.join("positions.sqlite"));
    schema::migrate(&database).await.unwrap();
    let opener = Opener::new(&database).unwrap();
    let connection = opener.connect().await.unwrap();
    let (jobs, queue) = mpsc::channel(1_024);
    let mut answers = Vec::new();
    let mut waiting = Vec::new();
    // More than one transaction takes, with two who wait among them.
    for number in 0..200 {
        let (reply, answer) = oneshot::channel();
        jobs.send(Job::Change(line(number, 1), reply)).await.unwrap();
        answers.push(answer);
        if number % 90 == 89 {
            let (reply, answer) = oneshot::channel();
            jobs.send(Job::Sequence(reply)).await.unwrap();
            waiting.push(answer);
        }
    }
    let writer = tokio::spawn(run(opener, connection, queue));
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    let mut placed = 0;
    for answer in waiting {
        placed += answer.await.unwrap().unwrap().unwrap().done.audit;
    }
    assert!(placed >= 180, "{placed}");
    drop(jobs);
    writer.await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}
