//! Gateways killed at any moment under load: what was answered is there, once. `make crash` kills more often.

use std::sync::atomic::Ordering;
use std::time::Duration;

use claimgate_tests::crash::chance::Chance;
use claimgate_tests::crash::disk::Disk;
use claimgate_tests::crash::{Database, Plan, Stage, run};
use claimgate_tests::database::on_postgres;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_answered_is_lost_or_doubled() {
    let database = if on_postgres() { Database::Postgres } else { Database::Sqlite };
    let outcome = run(Plan { database, kills: 12, seed: 20_261 }).await;
    say(format_args!("{outcome}"));
    assert!(outcome.verdict.is_good(), "{:#?}", outcome.verdict);
    assert!(outcome.acked > 50, "too little load: {outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_half_writes_nothing_and_an_emptied_one_serves_again() {
    if on_postgres() {
        return;
    }
    let Some(disk) = Disk::mount(48) else {
        say(format_args!("skipped: only root can mount a small disk"));
        return;
    };
    let mut chance = Chance::new(7);
    let mut stage = Box::pin(Stage::set(Database::Sqlite, disk.folder(), &mut chance)).await;
    for _ in 0..3 {
        stage.load().await;
        disk.fill();
        let squeezed = refuses(&stage).await;
        say(format_args!("a second of a full disk: {squeezed} writes answered all the same"));
        disk.free();
        stage.servers.iter_mut().for_each(claimgate_tests::crash::server::Server::must_run);
    }
    stage.load().await;
    let (requests, acked, verdict) = Box::pin(stage.finish()).await;
    say(format_args!("disk full three times: {requests} requests, {acked} answered"));
    assert!(verdict.is_good(), "{verdict:#?}");
}

/// Waits until all clients are refused, with 503 and a time to come again; gives how many writes were answered in the
/// second after that. On a full disk a small one may find room in a page that is there.
async fn refuses(stage: &Stage) -> u64 {
    let refused = stage.scene.refused.load(Ordering::SeqCst);
    stage.scene.wait_for_refusal(refused + 40).await;
    let writes = stage.scene.writes.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.scene.writes.load(Ordering::SeqCst) - writes
}

#[expect(clippy::print_stdout, reason = "figures for who runs the test")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}
