//! Speed of the conversion: one bundle parsed, checked and turned into evidence, in JSON and in XML, as ratios to
//! `serde_json::Value` of the same bytes; how it grows with the entries; and dry runs over HTTP per second.
//!
//! Asserts nothing about time. `make bench`.

use std::hint::black_box;
use std::time::Duration;

use claimgate_adapters::hospital::{Settings, read, read_format};
use claimgate_fhir::format::Format;
use claimgate_fhir::xml;
use claimgate_gateway::clock::Clock;
use claimgate_tests::bundles::{FIXTURES, bytes, case};
use claimgate_tests::gateway::{TestGateway, must};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const ROUNDS: u32 = 300;
const REQUESTS: usize = 4_000;
const AT_ONCE: usize = 8;

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let clock = Clock::system();
    for (name, body) in FIXTURES.iter().filter(|(name, _)| ["outpatient", "demo"].contains(name)) {
        let value: Value = must(serde_json::from_slice(body));
        let compact = value.to_string().into_bytes();
        let markup = must(xml::write(&value)).into_bytes();
        let floor = time(&clock, || drop(black_box(serde_json::from_slice::<Value>(&compact))));
        let from_json = time(&clock, || drop(black_box(read(&compact, &Settings::default()))));
        let from_xml = time(&clock, || drop(black_box(read_format(&markup, Format::Xml, &Settings::default()))));
        println!(
            "{name:<12} {:>6} bytes   serde_json::Value {:>6.0} us   JSON to evidence {:>4.1} x   XML to evidence {:>4.1} x",
            compact.len(),
            micros(floor),
            ratio(from_json, floor),
            ratio(from_xml, floor)
        );
    }
    growth(&clock);
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    let (took, size) = runtime.block_on(dry_runs());
    let count = u32::try_from(REQUESTS).unwrap_or(u32::MAX);
    println!(
        "$validate over HTTP, {size} bytes, client included: {:.0} per second",
        f64::from(count) / took.as_secs_f64()
    );
}

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn growth(clock: &Clock) {
    for entries in [500_u32, 1_000, 2_000, 4_000] {
        let body = grown(entries);
        let before = clock.elapsed();
        let accepted = black_box(read(&body, &Settings::default())).is_ok();
        let took = clock.elapsed().saturating_sub(before);
        println!(
            "{entries:>5} more entries: {:>7.1} ms, {:>5.1} us each ({})",
            took.as_secs_f64() * 1e3,
            micros(took) / f64::from(entries),
            if accepted { "accepted" } else { "refused" }
        );
    }
}

/// The demo bundle with more laboratory results in its report.
fn grown(entries: u32) -> Vec<u8> {
    let mut bundle = case("BENCH");
    let list = bundle.get_mut("entry").and_then(Value::as_array_mut);
    let Some(list) = list else { return Vec::new() };
    let observation = list.iter().find(|entry| entry.pointer("/resource/resourceType") == Some(&json!("Observation")));
    let Some(observation) = observation.cloned() else { return Vec::new() };
    for number in 0..entries {
        let mut another = observation.clone();
        if let Some(members) = another.as_object_mut() {
            members.insert("fullUrl".to_owned(), json!(format!("urn:uuid:00000000-0000-4000-8000-{number:012}")));
        }
        list.push(another);
    }
    bytes(&bundle)
}

async fn dry_runs() -> (Duration, usize) {
    let test = TestGateway::start().await;
    let body = bytes(&case("BENCH"));
    let headers = [("content-type", "application/fhir+json")];
    let hospital = &test.world.hospital;
    let before = test.clock.elapsed();
    let lanes = (0..AT_ONCE).map(|_| async {
        for _ in 0..REQUESTS / AT_ONCE {
            let answer = must(hospital.call(Method::POST, "/fhir/Bundle/$validate", &headers, body.clone()).await);
            assert_eq!(answer.status, 200);
        }
    });
    join_all(lanes).await;
    let took = test.clock.elapsed().saturating_sub(before);
    test.stop().await;
    (took, body.len())
}

/// The median of many rounds.
fn time(clock: &Clock, work: impl Fn()) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let before = clock.elapsed();
            work();
            clock.elapsed().saturating_sub(before)
        })
        .collect();
    rounds.sort_unstable();
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
