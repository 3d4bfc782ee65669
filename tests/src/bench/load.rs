//! wrk (Debian's package) with a script of `tests/wrk`: out come requests a second and their latency.

use std::process::Command;
use std::time::Duration;

use crate::gateway::must;
use crate::shared::project;

/// What one run of wrk gave.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Answers.
    pub answers: u32,
    /// Answers a second.
    pub rate: f64,
    /// Answers that were none, or of status 400 and more.
    pub wrong: u64,
    /// Median from request to answer.
    pub p50: Duration,
    /// 99 of a hundred are below.
    pub p99: Duration,
}

/// Runs wrk with one thread, and waits for its end.
///
/// # Panics
/// wrk is not installed (`deploy/prepare bench`), or says nothing.
pub async fn wrk(script: &str, base: &str, connections: u32, seconds: u32, arguments: &[&str]) -> Run {
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--timeout", "30s", "-s"]);
    command.arg(project().join("tests/wrk").join(script)).arg(base).arg("--").args(arguments);
    let output = must(tokio::task::spawn_blocking(move || command.output()).await);
    let output = output.unwrap_or_else(|error| panic!("wrk: {error}; deploy/prepare bench installs it"));
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("figures "));
    let line = line.unwrap_or_else(|| panic!("wrk says: {text}{}", String::from_utf8_lossy(&output.stderr)));
    let numbers: Vec<u32> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [requests, micros, wrong, p50, p99] = numbers[..] else { panic!("wrk says: {line}") };
    Run {
        answers: requests,
        rate: f64::from(requests) / (f64::from(micros) / 1e6),
        wrong: wrong.into(),
        p50: Duration::from_micros(p50.into()),
        p99: Duration::from_micros(p99.into()),
    }
}
