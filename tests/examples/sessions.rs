//! What open sessions with wallets cost: so many are begun in a gateway of this process, then its memory is compared. They
//! live in the database; what grows is what the process holds of it.

use std::process::ExitCode;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::flows::wallet::NewSession;
use claimgate_tests::gateway::TestGateway;

/// Begun at once.
const TOGETHER: usize = 50;

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that says what it found")]
async fn main() -> ExitCode {
    let count = std::env::args().nth(1).map_or(Ok(5_000), |word| word.parse::<usize>());
    let Ok(count) = count else {
        eprintln!("sessions [COUNT]");
        return ExitCode::from(2);
    };
    let settings = [("CLAIMGATE_WALLET__ADDRESS", "https://gate.example".to_owned())];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let engine = &test.world.gateway.app.engine;
    let Ok(app) = test.world.app.id().parse() else { return ExitCode::FAILURE };
    let start = async |many: usize| {
        let mut open = 0;
        for _ in 0..many.div_ceil(TOGETHER) {
            let all = (0..TOGETHER).map(|_| {
                let new = NewSession {
                    query: "driving-licence".to_owned(),
                    purpose: "motor-claim".to_owned(),
                    ..NewSession::default()
                };
                engine.start_wallet_session(&app, new)
            });
            open += futures_util::future::join_all(all).await.into_iter().flatten().count();
        }
        open
    };
    // Whatever the first ones set up once is no cost of a session.
    start(200).await;
    let before = memory();
    let begun = start(count).await;
    let after = memory();
    println!(
        "{begun} open sessions: {:.1} MB more resident, from {before:.1} to {after:.1} (limit 40)",
        after - before
    );
    test.stop().await;
    if begun == count.div_ceil(TOGETHER) * TOGETHER { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Resident memory in megabytes.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
}
