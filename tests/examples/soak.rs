//! `make soak`: gateways under steady load for so many seconds, on SQLite and on PostgreSQL; what they hold is printed ten
//! times, and at the end every answer is looked for. Nothing that stands still in the load may grow in the process.

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use claimgate_gateway::sandbox::client::http_client;
use claimgate_tests::crash::chance::Chance;
use claimgate_tests::crash::{Database, Stage};

/// How often the figures are taken.
const LOOKS: u32 = 10;

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that says what it found")]
async fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).map_or(Ok(120), |word| word.parse::<u64>());
    let (Ok(seconds), Ok(http)) = (seconds, http_client()) else {
        eprintln!("soak [SECONDS]");
        return ExitCode::from(2);
    };
    let mut good = true;
    for database in [Database::Sqlite, Database::Postgres] {
        let Ok(folder) = tempfile::tempdir() else { return ExitCode::FAILURE };
        let mut stage = Box::pin(Stage::set(database, folder, &mut Chance::new(1))).await;
        println!(
            "{database}: seconds, answered writes, RSS MiB, open files, WAL KiB, deliveries open, messages waiting"
        );
        for look in 0..=LOOKS {
            if look > 0 {
                tokio::time::sleep(Duration::from_millis(seconds * 1_000 / u64::from(LOOKS))).await;
            }
            stage.load().await;
            let log = std::fs::metadata(stage.folder().join("claimgate.db-wal")).map_or(0, |file| file.len() / 1_024);
            let writes = stage.scene.writes.load(Ordering::SeqCst);
            for server in &mut stage.servers {
                server.must_run();
                let metrics = match http.get(format!("{}/metrics", server.door())).send().await {
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(_) => String::new(),
                };
                let gauge = |name: &str| {
                    let found = metrics.lines().find_map(|line| line.strip_prefix(name));
                    found.map_or("?", str::trim).to_owned()
                };
                let (open, waiting) = (gauge("claimgate_deliveries_open "), gauge("claimgate_webhooks_waiting "));
                let at = seconds * u64::from(look) / u64::from(LOOKS);
                let (memory, files) = (memory(server.id()), files(server.id()));
                println!("{at:>8} {writes:>8} {memory:>6} {files:>5} {log:>7} {open:>5} {waiting:>5}");
            }
        }
        let (requests, acked, verdict) = Box::pin(stage.finish()).await;
        println!("{database}: {requests} requests, {acked} writes answered, good: {}", verdict.is_good());
        good &= verdict.is_good();
        if !verdict.is_good() {
            println!("{verdict:#?}");
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Resident memory in MiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok()).unwrap_or_default() / 1_024
}

fn files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}
