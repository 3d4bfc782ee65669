//! What it costs to answer a later filing of an accident from the receipt that is kept (verification reuse): reading the
//! accident with its receipts and comparison, and filing it with the durable write.
//!
//! Prints p50, p99 and the ratio of p99 to the limit of 2 ms, beside the floor measured in the same run (one durable write of
//! the same file system); asserts nothing about time, only that the source was asked once.
//! `cargo bench -p claimgate-tests --bench receipt`.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use claimgate_adapters::police::api::GroundKind;
use claimgate_gateway::core::accident::FiledRecipient;
use claimgate_gateway::core::accident::source::POLICE_JURISDICTION;
use claimgate_gateway::flows::accident::Opening;
use claimgate_gateway::party::{Party, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::police::{Case, Police};
use claimgate_packet::jose::jwk::JwkSet;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, TestGateway, must};
use serde_json::json;

const ROUNDS: usize = 500;
const LIMIT: Duration = Duration::from_millis(2);

#[expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
fn main() {
    let runtime = must(tokio::runtime::Builder::new_multi_thread().enable_all().build());
    println!("{ROUNDS} later answers from one kept receipt, SQLite (WAL, synchronous=FULL); limit at p99: {LIMIT:?}");
    for line in runtime.block_on(run()) {
        println!("{line}");
    }
}

async fn run() -> Vec<String> {
    let test = TestGateway::start_without_limits().await;
    let (engine, clock) = (&test.world.gateway.app.engine, &test.clock);
    let base = test.world.gateway.base_url().to_owned();
    let source = must(Police::new("police-tpe", (&base, &base), clock.clone()));
    let listener = must(TcpListener::bind("127.0.0.1:0"));
    let address = must(listener.local_addr());
    tokio::spawn(must(source.serve(listener)));
    let identifier = |system: &str, value: &str| PartyIdentifier { system: system.to_owned(), value: value.to_owned() };
    let registration = Registration {
        identifiers: vec![identifier("https://gcis.nat.gov.tw", "24900001"), identifier(POLICE_JURISDICTION, "TW-TPE")],
        records_url: Some(format!("http://{address}/v1")),
        ..Registration::new("police-tpe", Role::Police, "示範警察局", JwkSet(vec![source.key().public()]).to_json())
    };
    must(engine.register(registration).await);
    let mut insurers: Vec<std::sync::Arc<Party>> = Vec::new();
    for (id, number) in [("motor-1", "34900001"), ("motor-2", "34900002")] {
        let lines = vec![Line::MotorCompulsory];
        test.register(NewParty { id, role: Role::Insurer, number, lines, consent: false }).await;
        let party = must(engine.store.party(&must(id.parse())).await);
        insurers.extend(party.map(std::sync::Arc::new));
    }
    let [first, second] = insurers.as_slice() else { return vec!["no insurers".to_owned()] };
    let on = jiff::tz::offset(8).to_datetime(clock.now()).date();
    source.put(Case { number: "BENCH-1".to_owned(), on, plates: vec!["ABC-1234".to_owned()], elsewhere: None });
    let opening = |party: &Party, reference: String| Opening {
        statement: must(serde_json::from_value(json!({
            "occurrence": { "on": on, "place": {} }, "standing": "insurer", "vehicles": [{ "plate": "ABC-1234", "own": false }],
            "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "BENCH-1" } }))),
        recipients: vec![FiledRecipient {
            party: party.id.to_string(),
            line: Line::MotorCompulsory,
            number: None,
            ground: Some((GroundKind::Statutory, reference.clone())),
        }],
        reference,
    };
    let (seen, _) = must(engine.open_accident(first, opening(first, "FIRST".to_owned())).await);
    for _ in 0..200 {
        let seen = must(engine.accident_of_insurer(&first.id, seen.claim).await);
        if seen.papers.iter().any(|paper| paper.version.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = source.asked().len();

    let mut file = must(OpenOptions::new().create(true).append(true).open(test.folder().join("floor")));
    let (mut floor, mut read, mut filed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let before = clock.elapsed();
        must(file.write_all(&[b'x'; 4_096]));
        must(file.sync_data());
        floor.push(clock.elapsed().saturating_sub(before));
        let later = opening(second, format!("LATER-{round}"));
        let before = clock.elapsed();
        let (later, new) = must(engine.open_accident(second, later).await);
        filed.push(clock.elapsed().saturating_sub(before));
        assert!(new && later.papers.iter().any(|paper| paper.version.is_some()), "answered at once");
        let before = clock.elapsed();
        must(engine.accident_of_insurer(&second.id, later.claim).await);
        read.push(clock.elapsed().saturating_sub(before));
    }
    assert_eq!(source.asked().len(), asked, "the source is not asked again");
    let lines = vec![
        format!("one append + fsync          {}", spread(&floor)),
        format!("read from the receipt       {}", spread(&read)),
        format!("filed, durable, answered    {}", spread(&filed)),
        format!("requests to the source      {asked}"),
    ];
    test.stop().await;
    lines
}

fn spread(figures: &[Duration]) -> String {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| {
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or_default()
    };
    let (middle, late) = (at(50).as_secs_f64() * 1_000.0, at(99).as_secs_f64());
    format!("p50 {middle:>7.3} ms   p99 {:>7.3} ms   {:.2} of the limit", late * 1_000.0, late / LIMIT.as_secs_f64())
}
