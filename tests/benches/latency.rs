//! Latency of a push: from the request to the durable answer, and on to the delivery an insurer can read.
//!
//! Prints figures and their ratio to the floor measured in the same run (one durable write of the same file
//! system); asserts nothing about time. `make bench`, 1,000 sequential pushes.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, must};

const PUSHES: usize = 1_000;

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    let (durable, delivered, floor) = runtime.block_on(run());
    println!("{PUSHES} sequential pushes over HTTP, two recipients each, SQLite (WAL, synchronous=FULL), loopback");
    let base = percentile(&floor, 50);
    for (name, figures) in
        [("one append + fsync", &floor), ("request to durable", &durable), ("request to delivered", &delivered)]
    {
        let (half, most) = (percentile(figures, 50), percentile(figures, 99));
        let ratio = half.as_secs_f64() / base.as_secs_f64();
        println!("{name:<22} p50 {:>8.2} ms   p99 {:>8.2} ms   {ratio:>5.1} x the floor", millis(half), millis(most));
    }
}

async fn run() -> (Vec<Duration>, Vec<Duration>, Vec<Duration>) {
    let test = TestGateway::start_without_limits().await;
    let clock = test.clock.clone();
    let mut file = must(OpenOptions::new().create(true).append(true).open(test.folder().join("floor")));
    let body_bytes = bytes(&case("BENCH-0000")).len();
    let (mut durable, mut delivered, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..PUSHES {
        let before = clock.elapsed();
        must(file.write_all(&vec![b'x'; body_bytes]));
        must(file.sync_data());
        floor.push(clock.elapsed().saturating_sub(before));

        let body = bytes(&case(&format!("BENCH-{number:04}")));
        let before = clock.elapsed();
        let answer = test.push(&body, &[]).await;
        durable.push(clock.elapsed().saturating_sub(before));
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let after = i64::try_from(number).unwrap_or(i64::MAX);
        let found = must(insurer::pull(&test.life().client, after, 5).await);
        delivered.push(clock.elapsed().saturating_sub(before));
        assert_eq!(found.len(), 1);
    }
    test.stop().await;
    (durable, delivered, floor)
}

fn percentile(figures: &[Duration], percent: usize) -> Duration {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
