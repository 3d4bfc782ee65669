//! Gateways killed at any moment under load: what was answered is there, once. `make crash` kills more often.

use claimgate_tests::crash::{Database, Plan, run};
use claimgate_tests::database::on_postgres;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_answered_is_lost_or_doubled() {
    let database = if on_postgres() { Database::Postgres } else { Database::Sqlite };
    let outcome = run(Plan { database, kills: 12, seed: 20_261 }).await;
    say(format_args!("{outcome}"));
    assert!(outcome.verdict.is_good(), "{:#?}", outcome.verdict);
    assert!(outcome.acked > 50, "too little load: {outcome}");
}

#[expect(clippy::print_stdout, reason = "figures for who runs the test")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}
