//! What the route of a proof takes in a log of 10,000 packets, over HTTP, and without it.
//!
//! Asserts nothing about time; the limit printed is 1 ms. `make bench`.

use std::time::Duration;

use claimgate_gateway::core::change::{Change, PacketRow, Write};
use claimgate_gateway::flows::log::prove;
use claimgate_gateway::id::{PacketId, Random};
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must};

const PACKETS: u64 = 10_000;
const ROUNDS: usize = 1_000;

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    let (route, alone) = runtime.block_on(run());
    println!("a proof out of {PACKETS} packets, {ROUNDS} times, SQLite, loopback; limit 1000 us");
    for (name, mut figures) in [("read and put together", alone), ("GET .../proof over HTTP", route)] {
        figures.sort_unstable();
        let at = |percent: usize| figures.get(figures.len() * percent / 100).copied().unwrap_or_default();
        let micros = |took: Duration| took.as_secs_f64() * 1e6;
        println!("{name:<24} p50 {:>7.1} us   p99 {:>7.1} us", micros(at(50)), micros(at(99)));
    }
}

async fn run() -> (Vec<Duration>, Vec<Duration>) {
    let test = TestGateway::start_without_limits().await.with_bearer_life().await;
    let (clock, engine) = (test.clock.clone(), &test.world.gateway.app.engine);
    let answer = test.push(&bytes(&case("PROOF-0")), &[]).await;
    assert_eq!(answer.status, 201);
    let claim = must(answer.header("claimgate-claim-id").unwrap_or_default().parse());
    let random = Random::system();
    // Packets without content: what counts are their leaves.
    for _ in 0..PACKETS / 500 {
        let mut change = Change::new("bench_packets");
        for _ in 0..500 {
            let id = PacketId::new(clock.now(), &random);
            let row = PacketRow {
                id,
                claim,
                revision: 1,
                body: Vec::new(),
                manifest_digest: random.bytes(),
                at: clock.now(),
            };
            change.push(Write::Packet(row));
        }
        must(engine.store.commit(change).await);
    }
    while must(engine.store.log_size().await) <= PACKETS {
        must(engine.store.sequence().await);
    }
    must(engine.checkpoint().await);
    let envelope = must(insurer::pull(&test.life().client, 0, 5).await).remove(0);
    let path = format!("/insurer/v1/deliveries/{}/proof", envelope.id);
    let (mut route, mut alone) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let before = clock.elapsed();
        assert_eq!(get(&test.life().client, &path).await.status, 200);
        route.push(clock.elapsed().saturating_sub(before));
        let index = u64::try_from(round).unwrap_or_default() * 7_919 % PACKETS;
        let before = clock.elapsed();
        assert!(must(prove(&engine.store, index).await).is_some());
        alone.push(clock.elapsed().saturating_sub(before));
    }
    test.stop().await;
    (route, alone)
}
