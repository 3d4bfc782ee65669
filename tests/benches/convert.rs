//! Speed of the conversion, as ratios to `serde_json::Value` of the same bytes: a bundle parsed, checked and turned into
//! evidence, in JSON, with FHIR packages, in XML; how that grows with the entries; what loading packages costs, in a
//! process of its own; and dry runs over HTTP per second.
//!
//! Asserts nothing about time: it prints each figure beside its limit. The ways are measured in turn, round by round,
//! so that what else the machine does falls on all of them. `make bench`.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use claimgate_adapters::hospital::{Settings, read, read_format};
use claimgate_fhir::format::Format;
use claimgate_fhir::package::{NamedBytes, PackageLimits};
use claimgate_fhir::profile::Rules;
use claimgate_fhir::xml;
use claimgate_gateway::clock::Clock;
use claimgate_tests::bundles::{FIXTURES, bytes, case};
use claimgate_tests::gateway::{TestGateway, must};
use claimgate_tests::shared::shared;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const ROUNDS: u32 = 1_000;
const REQUESTS: usize = 4_000;
const AT_ONCE: usize = 8;

/// TW Core and iClaim.
const PACKAGES: [&str; 2] =
    ["fhir/packages/tw.gov.mohw.twcore-0.3.2-partial.tgz", "fhir/packages/iclaim-1.0.0-reconstructed.tgz"];

/// The word that makes this program load the packages and say what that took.
const LOAD: &str = "load-packages";

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let clock = Clock::system();
    if std::env::args().any(|word| word == LOAD) {
        return loading(&clock);
    }
    println!("load average {}", proc("/proc/loadavg", |text| text.split(' ').take(3).collect::<Vec<_>>().join(" ")));
    let rules = rules();
    for name in ["outpatient", "demo", "two-receipts"] {
        conversion(&clock, name, rules.as_ref());
    }
    growth();
    if rules.is_some() {
        let program = must(std::env::current_exe());
        must(Command::new(program).arg(LOAD).status());
    }
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    for _ in 0..3 {
        let before = worked();
        let (took, size) = runtime.block_on(dry_runs());
        let work = (worked() - before) / f64::from(u32::try_from(REQUESTS).unwrap_or(u32::MAX));
        println!(
            "$validate over HTTP, {size} bytes, client included: {:.0} per second at load average {}; {:.2} ms of processor \
             time each, so {:.0} per second on two cores of one's own (at least 1000)",
            f64::from(u32::try_from(REQUESTS).unwrap_or(u32::MAX)) / took.as_secs_f64(),
            proc("/proc/loadavg", |text| text.split(' ').next().unwrap_or_default().to_owned()),
            work * 1e3,
            2.0 / work
        );
    }
}

/// Seconds of processor time of this process so far, from the kernel's count of hundredths.
fn worked() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn conversion(clock: &Clock, name: &str, rules: Option<&Rules>) {
    let Some((_, body)) = FIXTURES.iter().find(|(known, _)| *known == name) else { return };
    let value: Value = must(serde_json::from_slice(body));
    let compact = value.to_string().into_bytes();
    let markup = must(xml::write(&value)).into_bytes();
    let guided = Settings { rules, ..Settings::default() };
    let [floor, plain, packages, from_xml] = medians(
        clock,
        [
            &|| drop(black_box(serde_json::from_slice::<Value>(&compact))),
            &|| drop(black_box(read(&compact, &Settings::default()))),
            &|| drop(black_box(read(&compact, &guided))),
            &|| drop(black_box(read_format(&markup, Format::Xml, &Settings::default()))),
        ],
    );
    println!("{name}, {} bytes: serde_json::Value {:.0} us; to evidence", compact.len(), micros(floor));
    println!("    from JSON                {:>5.2} x  (at most  4)", ratio(plain, floor));
    if rules.is_some() {
        println!("    from JSON, with packages {:>5.2} x  (at most 10)", ratio(packages, floor));
    }
    println!("    from XML, {:>6} bytes   {:>5.2} x  (at most 12)", markup.len(), ratio(from_xml, floor));
}

fn rules() -> Option<Rules> {
    let [core, claim] = PACKAGES.map(shared);
    let (core, claim) = (core?, claim?);
    let named = [NamedBytes { name: "twcore", bytes: &core }, NamedBytes { name: "iclaim", bytes: &claim }];
    Some(must(Rules::load(&named, &PackageLimits::default())))
}

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn loading(clock: &Clock) {
    let before = clock.elapsed();
    let rules = black_box(rules());
    let took = clock.elapsed().saturating_sub(before);
    // Resident at the end, and the most there ever was.
    let memory = |name: &str| {
        proc("/proc/self/status", |text| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim()
                .trim_end_matches(" kB")
                .parse::<f64>()
                .map_or_else(|_| "?".to_owned(), |kb| format!("{:.0}", kb / 1024.0))
        })
    };
    println!(
        "packages, {} profiles, in a process of its own: loaded in {:.2} s (at most 1.5), resident {} MB, at most {} MB (at most 120)",
        rules.as_ref().map_or(0, Rules::profiles),
        took.as_secs_f64(),
        memory("VmRSS:"),
        memory("VmHWM:")
    );
}

/// Something the system tells of itself.
fn proc(path: &str, read: impl Fn(&str) -> String) -> String {
    std::fs::read_to_string(path).map_or_else(|_| "unknown".to_owned(), |text| read(&text))
}

/// In processor time: a single reading takes longer here than a busy machine leaves anybody alone.
#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn growth() {
    for entries in [500_u32, 1_000, 2_000, 4_000, 4_970] {
        let body = grown(entries);
        let rounds = 60_000 / entries;
        let worked_for = |way: &dyn Fn()| {
            let before = worked();
            (0..rounds).for_each(|_| way());
            (worked() - before) / f64::from(rounds)
        };
        let floor = worked_for(&|| drop(black_box(serde_json::from_slice::<Value>(&body))));
        let whole = worked_for(&|| drop(black_box(read(&body, &Settings::default()))));
        println!(
            "{entries:>5} more entries, {:>5} KB: {:>6.1} ms of processor time, {:>5.1} us each, {:>4.2} x ({})",
            body.len() / 1024,
            whole * 1e3,
            whole * 1e6 / f64::from(entries),
            whole / floor,
            if read(&body, &Settings::default()).is_ok() { "accepted" } else { "refused" }
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
    let test = TestGateway::start_without_limits().await;
    let body = grown(3);
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

/// The median of each way over many rounds, in each of which every way is gone twice: the first time fetches what
/// another way displaced.
fn medians<const WAYS: usize>(clock: &Clock, ways: [&dyn Fn(); WAYS]) -> [Duration; WAYS] {
    let mut all = ways.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (way, times) in ways.iter().zip(&mut all) {
            way();
            let before = clock.elapsed();
            way();
            times.push(clock.elapsed().saturating_sub(before));
        }
    }
    all.map(|mut times| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    })
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
