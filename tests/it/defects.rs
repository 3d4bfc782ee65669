//! What others got wrong (docs/known-defects.md): the table names tests that exist, and those that no other story holds.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::core::change::{Change, Write as Row};
use claimgate_gateway::core::push::{AttemptRow, Content, Next, PushWrite};
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_gateway::party::PartyId;
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::store::StoreError;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{get, must, pull_all};
use claimgate_tests::receiver::{Act, Receiver};
use claimgate_tests::shared::{claimgate, project};

fn id(one: &Insurer) -> PartyId {
    one.client.id().parse().unwrap()
}

async fn endpoint(test: &TestGateway, one: &Insurer, receiver: &Receiver, content: Content) {
    let engine = &test.world.gateway.app.engine;
    must(engine.set_endpoint(&id(one), receiver.url(), (content, Scheme::Ed25519)).await);
}

/// The text of every Rust source of a folder.
fn sources(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "fuzz") {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The names of all functions that are tests and are run.
fn tests() -> BTreeSet<String> {
    let mut text = String::new();
    for name in ["packet", "fhir", "adapters", "gateway", "tests"] {
        sources(&project().join(name), &mut text);
    }
    let markers = text.match_indices("#[test]\n").chain(text.match_indices("#[tokio::test"));
    let named = markers.filter_map(|(at, _)| {
        let (between, after) = text[at..].split_once("fn ")?;
        let runs = between.len() < 120 && !between.contains("#[ignore");
        runs.then(|| after.split('(').next().unwrap_or_default().to_owned())
    });
    named.collect()
}

#[test]
fn each_of_the_twenty_defects_has_tests_that_exist() {
    let tests = tests();
    assert!(tests.len() > 300, "the sources were read: {}", tests.len());
    let page = std::fs::read_to_string(project().join("docs/known-defects.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")).collect();
    assert_eq!(rows.len(), 20);
    for (place, row) in rows.iter().enumerate() {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!((cells.len(), cells[0]), (4, (place + 1).to_string().as_str()), "{row}");
        let named: Vec<&str> = cells[3].split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            assert!(tests.contains(name), "{name} is no test that is run");
        }
    }
}

#[test]
fn each_fault_has_tests_that_exist_or_says_what_is_not_covered() {
    let tests = tests();
    let page = std::fs::read_to_string(project().join("docs/faults.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| F")).collect();
    let numbers = (1..=7).chain([12, 13]).chain(17..=24).map(|number| format!("F{number}"));
    let found: Vec<&str> = rows.iter().filter_map(|row| row.split(' ').nth(1)).collect();
    assert_eq!(found, numbers.collect::<Vec<_>>());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        let quoted = cells[3].split('`').skip(1).step_by(2);
        let named: Vec<&str> = quoted.filter(|word| word.matches('_').count() > 2).collect();
        for name in &named {
            assert!(tests.contains(*name), "{name} is no test that is run");
        }
        assert!(!named.is_empty() || cells[3].contains("not "), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_lease_writes_nothing() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Silence).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    test.push(&bytes(&case("LEASE-1")), &[]).await;
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    receiver.wait_for(1).await;
    let engine = &test.world.gateway.app.engine;
    // The worker has it under the first number; whoever comes with another one is too late, or never had it.
    for fence in [0, 2] {
        let mut change = Change::new("late_attempt");
        change.push(Row::Push(PushWrite::Attempt(Box::new(AttemptRow {
            message: format!("{delivery}_ready"),
            fence,
            party: id(test.life()),
            endpoint: 1,
            at: test.clock.now(),
            millis: 1,
            status: Some(200),
            fault: None,
            words: String::new(),
            next: Next::Done,
        }))));
        assert!(matches!(engine.store.commit(change).await, Err(StoreError::Conflict { .. })), "{fence}");
    }
    let path = format!("/insurer/v1/deliveries/{delivery}/attempts");
    let attempts = get(&test.life().client, &path).await.json("attempts").unwrap();
    assert_eq!(attempts["attempts"].as_array().unwrap().len(), 0);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_claims_at_once_reach_each_insurer_with_its_own_content() {
    const CLAIMS: usize = 40;
    let test = TestGateway::start_without_limits().await;
    let receivers = [Receiver::start(Act::Status(200)).await, Receiver::start(Act::Status(200)).await];
    let insurers = [test.life(), test.nonlife()];
    for (one, receiver) in insurers.into_iter().zip(&receivers) {
        endpoint(&test, one, receiver, Content::Packet).await;
    }
    let bodies: Vec<Vec<u8>> = (0..CLAIMS)
        .map(|number| {
            let mut bundle = case(&format!("OWN-{number}"));
            resource(&mut bundle, "Condition")["code"]["text"] = format!("診斷 {number}").into();
            bytes(&bundle)
        })
        .collect();
    let pushed = futures_util::future::join_all(bodies.iter().map(|body| test.push(body, &[]))).await;
    let number_of =
        |claim: &str| pushed.iter().position(|answer| answer.header("claimgate-claim-id") == Some(claim)).unwrap();
    for (one, receiver) in insurers.into_iter().zip(&receivers) {
        let envelopes = pull_all(&one.client, CLAIMS).await;
        let trust = must(insurer::trusted_keys(&one.client).await);
        let mut seen = BTreeSet::new();
        for received in receiver.wait_for(CLAIMS).await {
            let delivery = received.header("claimgate-delivery-id");
            let envelope = envelopes.iter().find(|envelope| envelope.id == delivery).unwrap();
            let sealed = std::str::from_utf8(&received.body).unwrap();
            let opened = must(insurer::verify(&one.client, (sealed, envelope), &one.keys, &trust, test.clock.now()));
            assert_eq!(opened.packet_id, envelope.packet_id);
            let text = opened.to_json().unwrap().to_string();
            let own = format!("\"診斷 {}\"", number_of(&envelope.claim_id));
            assert!(text.contains(&own) && text.matches("\"診斷 ").count() == text.matches(&own).count(), "{delivery}");
            seen.insert(delivery.to_owned());
        }
        assert_eq!(seen.len(), CLAIMS);
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quotation_mark_is_a_sign_like_any_other() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("QUOTE-1")), &[]).await;
    let before = test.counts().await;
    for text in
        ["'%20OR%20'1'='1", "';drop%20table%20claim;--", "%22%20or%201=1--", "%00'", "QUOTE-1'--", "%25", "_______"]
    {
        for path in [
            format!("/fhir/Bundle?identifier={text}"),
            format!("/fhir/Composition?patient.identifier={text}"),
            format!("/fhir/Bundle/{text}"),
        ] {
            let answer = get(&test.world.hospital, &path).await;
            let found = answer.json("answer").unwrap();
            let none = answer.status == 404 || answer.status == 400 || found["total"] == 0;
            assert!(none, "{path}: {} {found}", answer.status);
        }
        for path in [
            format!("/insurer/v1/deliveries/{text}"),
            format!("/insurer/v1/deliveries?claim={text}"),
            format!("/insurer/v1/deliveries?line={text}"),
        ] {
            let answer = get(&test.life().client, &path).await;
            assert!([400, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        }
    }
    // As a case number it is kept and found as it is.
    let name = "'; drop table claim; --";
    assert_eq!(test.push(&bytes(&case(name)), &[]).await.status, 201);
    let set = get(&test.world.hospital, "/fhir/Bundle?identifier=%27%3B%20drop%20table%20claim%3B%20--").await;
    assert_eq!(set.json("set").unwrap()["total"], 1);
    assert_eq!(test.counts().await.claims, before.claims + 1);
    test.stop().await;
}

#[test]
fn without_a_key_of_its_own_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let refused = claimgate(folder.path(), &["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("master.key"), "{said}");
    assert!(!folder.path().join("data/claimgate.db").exists());
}

#[test]
fn no_private_key_stands_in_what_is_shipped() {
    let mut text = String::new();
    for folder in ["gateway/src", "gateway/config", "deploy", "adapters/src", "fhir/src", "packet/src"] {
        collect(&project().join(folder), &mut text);
    }
    assert!(text.len() > 500_000, "the files were read");
    for word in ["BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY", "BEGIN EC PRIVATE KEY", "\"d\":\"", "\"d\": \""] {
        assert!(!text.contains(word), "{word}");
    }
}

/// Everything that is shipped: sources without their tests, configuration, units.
fn collect(folder: &Path, found: &mut String) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            collect(&path, found);
        } else if !path.is_dir() && name != "tests.rs" && name != "wycheproof.rs" && name != "fixture.rs" {
            let text = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text).into_owned();
            found.push_str(text.split("\n#[cfg(test)]\nmod ").next().unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_endpoint_survives_a_restart() {
    const WAITING: usize = 30;
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Slam).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    for number in 0..WAITING {
        assert_eq!(test.push(&bytes(&case(&format!("WAITS-{number}"))), &[]).await.status, 201);
    }
    let ids: BTreeSet<String> =
        pull_all(&test.life().client, WAITING).await.into_iter().map(|one| format!("{}_ready", one.id)).collect();
    let party = id(test.life());
    let folder = test.stop().await;
    receiver.does([], Act::Status(200));
    let before = receiver.received().len();

    // A clock a day on: whatever was tried and put off is due.
    let clock = Clock::test(Clock::system().now());
    clock.advance(Duration::from_hours(24));
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR".to_owned(), folder.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK".to_owned(), "true".to_owned()),
    ];
    let running = must(
        lifecycle::start(
            must(Config::from_layers(None, layers.into_iter().chain(folder.settings()))),
            clock,
            Random::system(),
        )
        .await,
    );
    let came: BTreeSet<String> = receiver
        .wait_for(before + WAITING)
        .await
        .drain(before..)
        .map(|one| one.header("webhook-id").to_owned())
        .collect();
    assert_eq!(came, ids);
    assert!(must(running.app.engine.store.endpoint(&party).await).is_some());
    must(running.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_off_is_told_of_to_party_and_operator() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Status(410)).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    test.push(&bytes(&case("TOLD-1")), &[]).await;
    receiver.wait_for(1).await;
    let mut shown = serde_json::Value::Null;
    for _ in 0..250 {
        shown = get(&test.life().client, "/insurer/v1/endpoint").await.json("endpoint").unwrap();
        if shown["state"] == "gone" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((&shown["state"], &shown["waiting"]), (&"gone".into(), &1.into()), "the message is kept");
    let (party, kept) = (id(test.life()), test.stop().await);
    assert!(kept.holds(b"endpoint.switched-off").await);
    let mut doctor = std::process::Command::new(claimgate_tests::shared::binary());
    let doctor =
        doctor.arg("doctor").env("CLAIMGATE_GATEWAY__DATA_DIR", kept.path()).envs(kept.settings()).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains(party.as_str()) && said.contains("switched off"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_event_and_a_whole_packet_are_tried_again_alike() {
    let mut made = Vec::new();
    for content in [Content::Event, Content::Packet] {
        let test = TestGateway::start_with(Clock::test(Clock::system().now())).await;
        let receiver = Receiver::start(Act::Status(500)).await;
        endpoint(&test, test.life(), &receiver, content).await;
        test.push(&bytes(&case("ALIKE-1")), &[]).await;
        receiver.wait_for(1).await;
        let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
        // 5 s, 5 min, 30 min, each with a fifth of jitter: not before, and then soon.
        for (count, early, late) in [(1, 3, 4), (2, 200, 200), (3, 1_300, 1_000)] {
            wait_for_attempts(&test, &delivery, count).await;
            test.clock.advance(Duration::from_secs(early));
            tokio::time::sleep(Duration::from_millis(700)).await;
            assert_eq!(receiver.received().len(), count, "not before its time");
            test.clock.advance(Duration::from_secs(late));
            receiver.wait_for(count + 1).await;
        }
        let ids: BTreeSet<String> = receiver.received().iter().map(|one| one.header("webhook-id").to_owned()).collect();
        made.push((receiver.received().len(), ids.len()));
        test.stop().await;
    }
    assert_eq!(made, [(4, 1), (4, 1)]);
}

async fn wait_for_attempts(test: &TestGateway, delivery: &str, count: usize) {
    let engine = &test.world.gateway.app.engine;
    let (party, delivery) = (id(test.life()), delivery.parse().unwrap());
    for _ in 0..250 {
        if must(engine.store.attempts(&party, delivery).await).len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{count} attempts were not written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unknown_length_is_taken_and_ours_says_its_length() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Status(200)).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    let body = bytes(&case("CHUNKED-1"));
    let token = test.world.hospital.access_token().unwrap().to_owned();
    let address = test.world.gateway.address;
    let answered = tokio::task::spawn_blocking(move || chunked(address, &token, &body));
    let answered = answered.await.unwrap();
    assert!(answered.starts_with("HTTP/1.1 201"), "{answered}");
    let told = receiver.wait_for(1).await.remove(0);
    assert_eq!(told.header("content-length"), told.body.len().to_string());
    assert_eq!(told.header("transfer-encoding"), "");
    test.stop().await;
}

/// Pushes a body in chunks, without a length; the answer as text.
#[expect(clippy::disallowed_methods, reason = "no client sends what this test is about")]
fn chunked(address: SocketAddr, token: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /fhir/Bundle HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/fhir+json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for piece in body.chunks(1_000) {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).unwrap();
        stream.write_all(piece).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
