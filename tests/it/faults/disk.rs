//! A disk that does not sync, and one that became read-only: `strace` lets the calls of a running gateway fail.

use std::path::PathBuf;

use claimgate_tests::crash::chance::Chance;
use claimgate_tests::crash::patience::Asked;
use claimgate_tests::crash::{Database, Stage};
use claimgate_tests::database::on_postgres;
use claimgate_tests::gateway::must;
use claimgate_tests::tools::Failing;

use super::{refused, say};

/// The files of the database.
fn files(stage: &Stage) -> Vec<PathBuf> {
    ["", "-wal"].map(|end| stage.folder().join(format!("claimgate.db{end}"))).into()
}

/// Lets the calls fail three times under load: nothing is answered 2xx meanwhile, reads go on, all is well afterwards and
/// without a restart.
async fn fails(what: &str, calls: (&str, &str), seed: u64) {
    if on_postgres() {
        return;
    }
    let folder = must(tempfile::tempdir());
    let mut stage = Box::pin(Stage::set(Database::Sqlite, folder, &mut Chance::new(seed))).await;
    let mut reader = stage.hospital();
    for round in 1..=3 {
        stage.load().await;
        // A token from before: a new one is a write.
        let asked = Asked { path: "/fhir/Bundle?identifier=CRASH-0-0", headers: &[], body: None };
        let _ = reader.ask(&stage.scene, asked).await;
        let Some(failing) = Failing::attach(stage.servers[0].id(), calls, &files(&stage)) else { return };
        assert_eq!(refused(&stage).await, 0, "{what}: writes were answered");
        let read = must(reader.client.call(reqwest::Method::GET, asked.path, &[], Vec::new()).await);
        assert_eq!(read.status, 200, "{what}: a read by who has a token");
        failing.detach();
        stage.servers[0].must_run();
        stage.load().await;
        say(format_args!("{what}, round {round}: no write was answered 2xx, reads were, and it goes on by itself"));
    }
    let log = stage.servers[0].logged();
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains("disk I/O error")), "{log}");
    let (requests, acked, verdict) = Box::pin(stage.finish()).await;
    say(format_args!("{what} three times: {requests} requests, {acked} answered"));
    assert!(verdict.is_good(), "{verdict:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_fsync_that_fails_is_never_answered_2xx_and_the_gateway_comes_back() {
    fails("fsync fails", ("fsync,fdatasync", "EIO"), 41).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_that_became_read_only_refuses_writes_and_serves_reads() {
    fails("read-only", ("write,pwrite64,ftruncate,fsync,fdatasync", "EROFS"), 43).await;
}
