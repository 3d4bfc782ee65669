//! Several processes over one PostgreSQL, each with a store of its own: nothing twice, nothing lost, no gap.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::postgres;
use crate::config::Database;
use crate::core::change::{AuditLine, Change, Write};
use crate::id::{AuditId, ClaimId, Random, WorkId};
use crate::store::sql::{Connection, Opener, query, query_as};
use crate::store::{Store, StoreError, schema};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

async fn stores(name: &str, count: usize) -> Option<(Database, Vec<Store>)> {
    let database = postgres(&format!("{name}_{}", std::process::id())).await?;
    schema::migrate(&database).await.unwrap();
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(Store::open(&database, 2).await.unwrap());
    }
    Some((database, stores))
}

async fn connection(database: &Database) -> Connection {
    Opener::new(database).unwrap().connect().await.unwrap()
}

async fn party(connection: &mut Connection, id: &str) {
    let sql = "insert into party (id, role, state, document, version, created_at, changed_at)
        values ($1, 'hospital', 'live', '{}', 1, 0, 0)";
    query(sql).bind(id).execute(connection).await.unwrap();
}

fn line(actor: &str) -> Change {
    let mut change = Change::new("test");
    change.push(Write::Audit(AuditLine {
        id: AuditId::new(AT, &Random::system()),
        at: AT,
        actor: actor.to_owned(),
        action: "test",
        subject: String::new(),
        detail: BTreeMap::new(),
    }));
    change
}

#[tokio::test(flavor = "multi_thread")]
async fn three_sequencers_give_one_chain_without_a_gap() {
    let Some((_, stores)) = stores("chain", 3).await else { return };
    let work = stores.iter().map(|store| async move {
        for _ in 0..40 {
            store.commit(line("a\0b")).await.unwrap();
            store.sequence().await.unwrap();
        }
    });
    futures_util::future::join_all(work).await;
    assert_eq!(stores[0].check_audit().await.unwrap(), Ok(120));
    for store in &stores {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_leased_once_however_many_ask_for_it() {
    let Some((database, stores)) = stores("lease", 3).await else { return };
    let (claim, mut connection) = (ClaimId::new(AT, &Random::system()).to_string(), connection(&database).await);
    party(&mut connection, "p").await;
    let sql = "insert into claim values ($1, 'p', $2, 'health', 1, 1, 0, 0)";
    query(sql).bind(&claim).bind(vec![0]).execute(&mut connection).await.unwrap();
    for _ in 0..60 {
        let sql = "insert into work (id, claim_id, due_at, fence) values ($1, $2, 0, 0)";
        let id = WorkId::new(AT, &Random::system()).to_string();
        query(sql).bind(id).bind(&claim).execute(&mut connection).await.unwrap();
    }
    let until = AT + SignedDuration::from_secs(60);
    let work = stores.iter().map(|store| async move {
        let mut leased = Vec::new();
        while let Some(due) = store.lease_work(AT, until).await.unwrap() {
            assert_eq!(due.fence, 1);
            leased.push(due.id.to_string());
        }
        leased
    });
    let mut leased = futures_util::future::join_all(work).await.concat();
    leased.sort();
    leased.dedup();
    assert_eq!(leased.len(), 60, "each once");
    // By the database's clock: one whose process thinks it is 1970 holds it all the same.
    let (later,): (i64,) = query_as("select max(lease_until) from work").fetch_one(&mut connection).await.unwrap();
    assert!(later > 1_700_000_000_000, "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changed_or_holds_is_a_conflict_and_never_written_over() {
    let Some((database, stores)) = stores("conflict", 2).await else { return };
    let mut holder = connection(&database).await;
    party(&mut holder, "hospital-p").await;
    let rely = |version| {
        let mut change = line("relies");
        change.push(Write::RelyOnParty("hospital-p".parse().unwrap(), version));
        change
    };
    stores[0].commit(rely(1)).await.unwrap();
    // Changed and not committed yet: waited for, then seen.
    let mut tx = holder.begin().await.unwrap();
    query("update party set version = 2 where id = 'hospital-p'").execute(&mut *tx).await.unwrap();
    let (waiting, ()) = tokio::join!(stores[1].commit(rely(1)), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tx.commit().await.unwrap();
    });
    assert!(matches!(waiting, Err(StoreError::Conflict { table: "party" })), "{waiting:?}");
    // Held for longer than one waits: a conflict for who needs it, and no harm to who does not.
    let mut tx = holder.begin().await.unwrap();
    query("update party set version = 3 where id = 'hospital-p'").execute(&mut *tx).await.unwrap();
    let (held, free) = tokio::join!(stores[1].commit(rely(2)), stores[1].commit(line("free")));
    assert!(matches!(held, Err(StoreError::Conflict { .. })), "{held:?}");
    assert!(free.is_ok(), "{free:?}");
    tx.rollback().await.unwrap();
    stores[1].commit(rely(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_again_and_waiters_hear_of_it() {
    let Some((database, stores)) = stores("lost", 2).await else { return };
    let mut other = connection(&database).await;
    for round in 0..3 {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()";
        let (ended,): (i64,) = query_as(sql).fetch_one(&mut other).await.unwrap();
        assert!(ended >= 4, "writers and listeners of both: {ended}");
        let mut heard = stores[1].placed();
        stores[0].commit(line("again")).await.unwrap();
        stores[0].sequence().await.unwrap();
        assert_eq!(stores[1].check_audit().await.unwrap(), Ok(round + 1));
        // The listener is back after a second, and then says so.
        tokio::time::timeout(Duration::from_secs(5), heard.changed()).await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
