//! What a token bound to a key (DPoP) costs a request: an insurer's list, by bearer token and with a proof each, one
//! after the other and 32 at a time, and the check of a proof alone.
//!
//! Proofs are made before the clock runs: making them is the client's work. Prints figures and the floor measured in the
//! same run (one durable write of the same file system); asserts nothing about time. `make bench`.

use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use claimgate_gateway::access::dpop::{self, Wanted};
use claimgate_gateway::party::AuthProfile;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Identity, PartyClient};
use claimgate_gateway::sandbox::demo::signing_key;
use claimgate_tests::gateway::{TestGateway, must};
use futures_util::StreamExt;
use reqwest::Method;

const REQUESTS: usize = 1_000;
const AT_ONCE: usize = 32;
const PATH: &str = "/insurer/v1/deliveries";

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    println!("{REQUESTS} lists of an insurer over HTTP, loopback, SQLite (WAL, synchronous=FULL)");
    for line in runtime.block_on(run()) {
        println!("{line}");
    }
}

async fn run() -> Vec<String> {
    let test = TestGateway::start_without_limits().await;
    let clock = test.clock.clone();
    let key = must(signing_key(Role::App, clock.now()));
    let plain = test.client(Identity { id: "nobody".to_owned(), profile: AuthProfile::Fapi, key });
    let mut lines = Vec::new();

    let mut file = must(OpenOptions::new().create(true).append(true).open(test.folder().join("floor")));
    let mut floor = Vec::new();
    for _ in 0..REQUESTS {
        let before = clock.elapsed();
        must(file.write_all(&[b'x'; 4_096]));
        must(file.sync_data());
        floor.push(clock.elapsed().saturating_sub(before));
    }
    lines.push(format!("one append + fsync     {}", spread(&floor)));

    for (name, client) in [("bearer", &test.nonlife().client), ("DPoP", &test.life().client)] {
        let one = one_by_one(&plain, client, &clock).await;
        lines.push(format!("{name:<7} one by one     {}", spread(&one)));
        let headers: Vec<_> = (0..REQUESTS).map(|_| headers(client)).collect();
        let before = clock.elapsed();
        let calls = headers.iter().map(|headers| list(&plain, headers));
        futures_util::stream::iter(calls).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        let took = clock.elapsed().saturating_sub(before);
        let rate = f64::from(u32::try_from(REQUESTS).unwrap_or(u32::MAX)) / took.as_secs_f64();
        lines.push(format!("{name:<7} {AT_ONCE} at a time   {rate:>8.0} per second"));
    }

    let life = &test.life().client;
    let (url, token) = (format!("{}{PATH}", test.world.gateway.base_url()), life.access_token());
    let proof = must(life.proof(&Method::GET, PATH)).unwrap_or_default();
    let wanted = Wanted { method: "GET", url: &url, token, nonces: None };
    let mut checks = Vec::new();
    for _ in 0..REQUESTS {
        let before = clock.elapsed();
        let checked = black_box(dpop::check(&proof, &wanted, clock.now(), 10));
        checks.push(clock.elapsed().saturating_sub(before));
        assert!(checked.is_ok(), "{checked:?}");
    }
    lines.push(format!("check of a proof alone {}", spread(&checks)));
    test.stop().await;
    lines
}

async fn one_by_one(
    plain: &PartyClient,
    client: &PartyClient,
    clock: &claimgate_gateway::clock::Clock,
) -> Vec<Duration> {
    let mut figures = Vec::new();
    for _ in 0..REQUESTS {
        let headers = headers(client);
        let before = clock.elapsed();
        list(plain, &headers).await;
        figures.push(clock.elapsed().saturating_sub(before));
    }
    figures
}

fn headers(client: &PartyClient) -> Vec<(&'static str, String)> {
    let token = client.access_token().unwrap_or_default();
    match must(client.proof(&Method::GET, PATH)) {
        None => vec![("authorization", format!("Bearer {token}"))],
        Some(proof) => vec![("authorization", format!("DPoP {token}")), ("dpop", proof)],
    }
}

async fn list(plain: &PartyClient, headers: &[(&str, String)]) {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = must(plain.call(Method::GET, PATH, &headers, Vec::new()).await);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

fn spread(figures: &[Duration]) -> String {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or_default().as_secs_f64() * 1_000.0
    };
    format!("p50 {:>7.3} ms   p99 {:>7.3} ms", at(50), at(99))
}
