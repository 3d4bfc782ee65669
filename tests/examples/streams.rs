//! What following costs: two thousand streams of events open at once against the memory of the gateway's process, and the
//! timeline of a claim with five hundred events. The clients are plain sockets in the same process: their share counts too.

use std::process::ExitCode;
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::change::Change;
use claimgate_gateway::core::timeline::{Event, entries};
use claimgate_gateway::id::{ClaimId, Random};
use claimgate_gateway::sandbox::app;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Events of the long timeline, and how often it is read.
const EVENTS: usize = 500;
const READS: usize = 200;
/// Streams opened one after another before a pause.
const TOGETHER: usize = 50;

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command that says what it found")]
async fn main() -> ExitCode {
    let Ok(count) = std::env::args().nth(1).map_or(Ok(2_000), |word| word.parse::<usize>()) else {
        eprintln!("streams [COUNT]");
        return ExitCode::from(2);
    };
    let most = |name: &'static str| (name, "10000".to_owned());
    let settings = [
        most("CLAIMGATE_EVENTS__PER_PARTY"),
        most("CLAIMGATE_EVENTS__TOTAL"),
        ("CLAIMGATE_LIMITS__REQUESTS_PER_SECOND", "1000000".to_owned()),
        ("CLAIMGATE_LIMITS__BURST", "1000000".to_owned()),
    ];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let pushed = test.push(&bytes(&case("STREAMS-1")), &[]).await;
    let code = pushed.header("claimgate-tracking-code").unwrap_or_default().to_owned();
    let claim = must(app::link(&test.world.app, &code).await);

    let address = test.world.gateway.base_url().trim_start_matches("http://").to_owned();
    let head = format!(
        "GET /claims/v1/claims/{claim}/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
        test.world.app.access_token().unwrap_or_default()
    );
    let mut open = Vec::with_capacity(count);
    // Whatever the first ones set up once is no cost of a stream.
    for _ in 0..20 {
        open.extend(stream(&address, &head).await);
    }
    let before = memory();
    let warm = open.len();
    for number in 0..count {
        open.extend(stream(&address, &head).await);
        if number % TOGETHER == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    // Every stream has had a heartbeat and stands still again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let more = memory() - before;
    let count_open = open.len() - warm;
    println!("{count_open} streams of events: {more:.1} MB more resident, their clients among it (limit 100)");

    let (p50, p99) = timeline(&test, &claim).await;
    println!("the timeline of {EVENTS} events over HTTP: p50 {p50:.1} ms, p99 {p99:.1} ms (limit 10)");
    drop(open);
    test.stop().await;
    if count_open == count && more <= 100.0 && p50 <= 10.0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// An open stream whose first piece has come.
#[expect(clippy::disallowed_methods, reason = "a client as small as can be: its memory is counted too")]
async fn stream(address: &str, head: &str) -> Option<TcpStream> {
    let mut socket = TcpStream::connect(address).await.ok()?;
    socket.write_all(head.as_bytes()).await.ok()?;
    let mut piece = [0; 512];
    let read = socket.read(&mut piece).await.ok()?;
    piece.get(..read)?.starts_with(b"HTTP/1.1 200").then_some(socket)
}

/// How long it takes to read a claim's long timeline, in milliseconds: the middle, and the slowest but one in a hundred.
async fn timeline(test: &TestGateway, claim: &str) -> (f64, f64) {
    let engine = &test.world.gateway.app.engine;
    let (id, hospital): (ClaimId, _) = (must(claim.parse()), must("hospital-demo".parse()));
    let random = Random::system();
    for _ in 0..EVENTS / 10 {
        let mut change = Change::new("measure");
        for _ in 0..10 {
            change.tell(entries(id, &hospital, &Event::Unchanged, engine.now(), &random));
        }
        must(engine.store.commit(change).await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let path = format!("/claims/v1/claims/{claim}/timeline");
    let mut took = Vec::with_capacity(READS);
    for _ in 0..READS {
        let began = test.clock.elapsed();
        let read = get(&test.world.app, &path).await;
        took.push(test.clock.elapsed().saturating_sub(began));
        assert!(read.status == 200 && read.body.len() > EVENTS * 50, "{} bytes", read.body.len());
    }
    took.sort_unstable();
    let of = |percent: usize| took.get(READS * percent / 100).map_or(0.0, |one| one.as_secs_f64() * 1_000.0);
    (of(50), of(99))
}

/// Resident memory in megabytes.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
}
