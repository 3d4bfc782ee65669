//! Processes that stand still (SIGSTOP) and go on later: a backend of PostgreSQL, a gateway that holds leases.

use std::time::Duration;

use claimgate_tests::crash::chance::Chance;
use claimgate_tests::crash::{Database, Stage};
use claimgate_tests::database::on_postgres;
use claimgate_tests::gateway::must;
use claimgate_tests::tools::signal;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::say;

/// The server's processes for the gateways, those that write.
async fn writing(stage: &Stage) -> Vec<u32> {
    let url = &stage.cluster.as_ref().unwrap().url;
    let mut connection = must(must(url.parse::<PgConnectOptions>()).connect().await);
    let sql =
        "select pid from pg_stat_activity where application_name = 'claimgate' and query in ('commit', 'rollback')";
    let found: Vec<(i32,)> = must(sqlx::query_as(sql).fetch_all(&mut connection).await);
    must(connection.close().await);
    found.into_iter().map(|(pid,)| u32::try_from(pid).unwrap()).collect()
}

async fn judged(stage: Stage, what: &str) {
    let (requests, acked, verdict) = Box::pin(stage.finish()).await;
    say(format_args!("{what}: {requests} requests, {acked} answered, none lost, none doubled"));
    assert!(verdict.is_good(), "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_stand_still_for_ten_seconds_lose_nothing() {
    if !on_postgres() {
        return;
    }
    let folder = must(tempfile::tempdir());
    let mut stage = Box::pin(Stage::set(Database::Postgres, folder, &mut Chance::new(47))).await;
    stage.load().await;
    let stopped = writing(&stage).await;
    assert!(!stopped.is_empty(), "no process of the server writes");
    for process in &stopped {
        signal(*process, "STOP");
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    for process in &stopped {
        signal(*process, "CONT");
    }
    stage.load().await;
    stage.servers.iter_mut().for_each(claimgate_tests::crash::server::Server::must_run);
    judged(stage, &format!("{} backends stopped for 10 s", stopped.len())).await;
}

/// Longer than a step's lease (15 s), a message's (2 s and 25 s), and what the server lets a transaction stand still.
const STANDSTILL: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_stood_still_past_its_leases_doubles_nothing() {
    if !on_postgres() {
        return;
    }
    let folder = must(tempfile::tempdir());
    let stage = Box::pin(Stage::set(Database::Postgres, folder, &mut Chance::new(53))).await;
    stage.load().await;
    // Requests in hand there wait; the other one takes over what its workers had leased.
    signal(stage.servers[0].id(), "STOP");
    tokio::time::sleep(STANDSTILL).await;
    signal(stage.servers[0].id(), "CONT");
    stage.load().await;
    judged(stage, "a gateway stopped past its leases").await;
}
