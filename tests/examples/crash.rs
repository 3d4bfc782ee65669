//! `make crash`: gateways killed again and again under load, on SQLite and on PostgreSQL; a line each, exit code 1 where
//! anything answered was lost or doubled.

use std::process::ExitCode;

use claimgate_tests::crash::{Database, Outcome, Plan, run};

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that says what it found")]
async fn main() -> ExitCode {
    let mut given = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Ok(kills), Ok(seed)) = (given.next().unwrap_or(Ok(200)), given.next().unwrap_or(Ok(1))) else {
        eprintln!("crash [KILLS [SEED]]");
        return ExitCode::from(2);
    };
    let kills = u32::try_from(kills).unwrap_or(u32::MAX);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for database in [Database::Sqlite, Database::Postgres] {
        println!("{database}: {kills} kills, seed {seed}");
        outcomes.push(Box::pin(run(Plan { database, kills, seed })).await);
    }
    for outcome in &outcomes {
        let verdict = &outcome.verdict;
        let faults = [("lost", &verdict.lost), ("doubled", &verdict.doubled), ("wrong", &verdict.wrong)];
        for (kind, fault) in faults.iter().flat_map(|(kind, list)| list.iter().map(move |fault| (kind, fault))) {
            println!("{}: {kind}: {fault}", outcome.plan.database);
        }
    }
    for outcome in &outcomes {
        println!("{outcome}");
    }
    if outcomes.iter().all(|outcome| outcome.verdict.is_good()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
