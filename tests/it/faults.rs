//! What the machine does to a gateway (docs/faults.md): disks that fail, clocks that jump, networks and processes that stand
//! still. Each fault is made by a real tool, under load; a story that cannot make it says so and is skipped.

use std::sync::atomic::Ordering;
use std::time::Duration;

use claimgate_tests::crash::Stage;

mod clock;
mod disk;
mod edited;
mod network;
mod standstill;
mod twice;

#[expect(clippy::print_stdout, reason = "figures for who runs the test")]
fn say(words: std::fmt::Arguments<'_>) {
    println!("{words}");
}

/// Waits until all clients are refused, with 503 and a time to come again; gives how many writes were answered in the
/// second after that.
async fn refused(stage: &Stage) -> u64 {
    let refused = stage.scene.refused.load(Ordering::SeqCst);
    stage.scene.wait_for_refusal(refused + 40).await;
    let writes = stage.scene.writes.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.scene.writes.load(Ordering::SeqCst) - writes
}
