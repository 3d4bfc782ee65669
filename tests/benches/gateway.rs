//! `make bench`: a whole gateway under load, beside what bounds it in the same run; figures go to `target/bench.json`.
//!
//! wrk drives a process of its own; the limit of an ingest is the same work done bare, the limit of a fetch nginx. Two
//! cores have it all, the client included. Asserts nothing about time. PostgreSQL: run it by `deploy/with-postgres`.
//! `SECONDS` and `CLAIMS` in the environment make a trial of it.

use std::path::Path;
use std::time::Duration;

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bench::load::{Run, wrk};
use claimgate_tests::bench::nginx::Nginx;
use claimgate_tests::bench::{Figure, Stage, equal, figure, floor, grow};
use claimgate_tests::bundles::{bytes, fixture};
use claimgate_tests::database::server;
use claimgate_tests::gateway::{get, must};
use serde_json::Value;

const CONNECTIONS: u32 = 64;
/// What the demo's bundle numbers its case and its receipt by.
const NUMBERS: [&str; 2] = ["DEMO-2026-000001", "R1150803-0042"];
/// How long wrk drives each part, in seconds, where `SECONDS` says nothing else.
const USUAL_SECONDS: u32 = 10;
/// Claims in the database where start-up and memory are measured, where `CLAIMS` says nothing else.
const USUAL_CLAIMS: u64 = 100_000;
/// A well-known FHIR server on the same cores: transactions a second of a bundle of 25 KB.
const FHIR_SERVER: f64 = 85.0;

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    let parent = std::env::current_exe().unwrap_or_default();
    let parent = parent.parent().unwrap_or(Path::new(".")).to_owned();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{CONNECTIONS} connections, {} s a run, two recipients a bundle; load {}", seconds(), load.trim());
    // Each part is written when it is done: what a later one meets costs none of it.
    tell(&runtime.block_on(sqlite(&parent)));
    match server() {
        Some(server) => tell(&runtime.block_on(postgres(&parent, &server))),
        None => println!("ingest_postgres is left out: deploy/with-postgres runs it"),
    }
    tell(&runtime.block_on(large(&parent)));
    println!("{}", figure::file().display());
}

#[expect(clippy::disallowed_methods, reason = "how long it runs is said by who starts it")]
fn told<T: std::str::FromStr>(name: &str, usual: T) -> T {
    std::env::var(name).ok().and_then(|word| word.parse().ok()).unwrap_or(usual)
}

fn seconds() -> u32 {
    told("SECONDS", USUAL_SECONDS).max(2)
}

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn tell(figures: &[Figure]) {
    for one in figures {
        println!("{}", one.line());
    }
    figure::write(figures);
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn push(stage: &Stage, prefix: &str, seconds: u32, pause: u32) -> Run {
    let file = stage.folder().join("bundle.json");
    must(std::fs::write(&file, bytes(&fixture("demo"))));
    let (file, token) = (file.display().to_string(), stage.hospital.access_token().unwrap_or_default());
    let [case, receipt] = NUMBERS;
    let pause = pause.to_string();
    let arguments = [file.as_str(), case, receipt, token, prefix, &pause];
    wrk("push.lua", &stage.base, CONNECTIONS, seconds, &arguments).await
}

/// Sizes of what the two insurers get of the bundle.
async fn sizes(stage: &Stage) -> [usize; 2] {
    let mut sizes = [0; 2];
    for (one, size) in stage.insurers.iter().zip(&mut sizes) {
        let found = must(insurer::pull(&one.client, 0, 5).await);
        *size = found.first().map_or(0, |envelope| usize::try_from(envelope.bytes).unwrap_or_default());
    }
    sizes
}

/// Top rate and limit; the limit is measured before and after, and the better counts.
async fn ingest(stage: &Stage, [name, processor]: [&'static str; 2]) -> (Vec<Figure>, Run) {
    push(stage, "WARM-", 3, 0).await;
    let body = bytes(&fixture("demo"));
    let (sizes, group) = (sizes(stage).await, usize::try_from(CONNECTIONS).unwrap_or(1));
    let before = floor::rate(&body, sizes, group, stage.folder());
    let start = stage.processor();
    let top = push(stage, "TOP-", seconds(), 0).await;
    let each = (stage.processor() - start) / f64::from(top.answers);
    let limit = before.max(floor::rate(&body, sizes, group, stage.folder()));
    assert_eq!(top.wrong, 0, "{top:?}");
    let bare = 1e3 / limit;
    (vec![Figure::more(name, top.rate, "bundles/s", limit), Figure::less(processor, each, "ms", bare)], top)
}

async fn sqlite(parent: &Path) -> Vec<Figure> {
    let mut stage = Box::pin(Stage::set(parent, None, async |_| {})).await;
    stage.start().await;
    let (mut figures, top) = ingest(&stage, ["ingest_sqlite", "push_processor_ms"]).await;
    figures.push(Figure::more("ingest_to_fhir_server", top.rate, "bundles/s", FHIR_SERVER * 10.0));
    // Half of the top rate: each connection waits so long on the average that all together ask as often.
    let cycle = f64::from(CONNECTIONS) / (top.rate / 2.0);
    let pause = Duration::from_secs_f64(cycle).as_millis() * 2;
    let half = push(&stage, "HALF-", seconds(), u32::try_from(pause).unwrap_or(1)).await;
    assert_eq!(half.wrong, 0, "{half:?}");
    let spread = half.p99.as_secs_f64() / half.p50.as_secs_f64();
    figures.push(Figure::less("p99_over_p50", spread, "ratio", 10.0));
    figures.push(Figure::less("half_rate_p99_ms", half.p99.as_secs_f64() * 1e3, "ms", half.p50.as_secs_f64() * 1e4));
    figures.push(Figure::less("rss_load_mb", stage.memory().1, "MB", 200.0));
    figures.extend(fetch(&stage).await);
    let effects = number(equal::effects(&stage.hospital).await);
    figures.push(Figure::less("equal_effects", effects, "claims", 2.0 * f64::from(equal::ROUNDS)));
    figures
}

/// 200 deliveries again and again, beside nginx with 200 equal files.
async fn fetch(stage: &Stage) -> Vec<Figure> {
    let Some(one) = stage.insurers.get(1) else { return Vec::new() };
    let page = get(&one.client, "/insurer/v1/deliveries?after=0&limit=200").await;
    let page = must(page.json("page"));
    let (mut files, mut paths) = (Vec::new(), String::new());
    for delivery in page.get("deliveries").and_then(Value::as_array).into_iter().flatten() {
        let id = delivery.get("id").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/insurer/v1/deliveries/{id}");
        let answer = get(&one.client, &path).await;
        assert_eq!(answer.status, 200);
        paths.push_str(&path);
        paths.push('\n');
        files.push((path, answer.body));
    }
    assert_eq!(files.len(), 200);
    let list = stage.folder().join("paths");
    must(std::fs::write(&list, paths));
    let list = list.display().to_string();
    let token = format!("Bearer {}", one.client.access_token().unwrap_or_default());
    let nginx = Nginx::serve(&files).await;
    let before = wrk("get.lua", &nginx.base, CONNECTIONS, seconds() / 2, &[&list]).await;
    let start = stage.processor();
    let ours = wrk("get.lua", &stage.base, CONNECTIONS, seconds(), &[&list, &token]).await;
    let each = (stage.processor() - start) / f64::from(ours.answers);
    let after = wrk("get.lua", &nginx.base, CONNECTIONS, seconds() / 2, &[&list]).await;
    assert_eq!((before.wrong, ours.wrong, after.wrong), (0, 0, 0));
    let kilobytes = number(files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()) / 200.0 / 1_000.0;
    let limit = before.rate.max(after.rate);
    vec![
        Figure::more("pull_bytes", ours.rate * kilobytes / 1_000.0, "MB/s", limit * kilobytes / 1_000.0),
        // All processors of nginx and its client, of which it leaves none idle.
        Figure::less("pull_processor_ms", each, "ms", 2e3 / limit),
    ]
}

async fn postgres(parent: &Path, server: &str) -> Vec<Figure> {
    let mut stage = Box::pin(Stage::set(parent, Some(server), async |_| {})).await;
    stage.start().await;
    let (figures, _) = ingest(&stage, ["ingest_postgres", "push_processor_postgres_ms"]).await;
    figures
}

/// Start-up and idle memory with many claims in the database.
async fn large(parent: &Path) -> Vec<Figure> {
    let mut stage = Box::pin(Stage::set(parent, None, async |world| {
        let claims = told("CLAIMS", USUAL_CLAIMS);
        grow::load(world, claims, claims.saturating_sub(grow::WHOLE), |_| {}).await;
    }))
    .await;
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(stage.start().await);
        if starts.len() < 5 {
            stage.server.kill();
        }
    }
    starts.sort_unstable();
    let median = starts.get(2).copied().unwrap_or_default();
    // The first look at trail and log is over then.
    tokio::time::sleep(Duration::from_secs(20)).await;
    vec![
        Figure::less("startup_ms", median.as_secs_f64() * 1e3, "ms", 300.0),
        Figure::less("rss_idle_mb", stage.memory().0, "MB", 60.0),
    ]
}
