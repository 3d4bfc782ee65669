//! What an insurer asks of its log: filters that pass over nothing, age, many acknowledgements at once, and slow readers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, open_all, post, pull_all};
use serde_json::{Value, json};

async fn list(client: &PartyClient, query: &str) -> Value {
    get(client, &format!("/insurer/v1/deliveries?{query}")).await.json("page").unwrap()
}

fn positions(page: &Value) -> Vec<i64> {
    page["deliveries"].as_array().unwrap().iter().map(|one| one["position"].as_i64().unwrap()).collect()
}

/// A gateway whose insurer takes two lines; odd cases are for the one, even ones for the other.
async fn two_lines(count: usize) -> TestGateway {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let engine = &test.world.gateway.app.engine;
    let id = "insurer-life".parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    registration.lines = vec![Line::HealthReimbursement, Line::HealthDaily];
    must(engine.replace_registration(&id, registration).await);
    for number in 1..=count {
        let mut text = case(&format!("LINES-{number}")).to_string();
        if number % 2 == 0 {
            text = text.replace("\"health-reimbursement\"", "\"health-daily\"");
        }
        assert_eq!(test.push(text.as_bytes(), &[]).await.status, 201);
        test.clock.advance(Duration::from_mins(1));
    }
    test
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_lists_what_fits_and_says_how_far_it_looked() {
    let test = two_lines(5).await;
    let client = &test.life().client;
    let all = pull_all(client, 5).await;
    let daily = list(client, "line=health-daily").await;
    assert_eq!((positions(&daily), &daily["next_after"], &daily["more"]), (vec![2, 4], &json!(5), &json!(false)));
    let first = list(client, "line=health-daily&limit=1").await;
    assert_eq!((positions(&first), &first["next_after"], &first["more"]), (vec![2], &json!(2), &json!(true)));
    assert_eq!(positions(&list(client, "line=health-daily&limit=1&after=2").await), [4]);
    for both in ["line=health-daily,health-reimbursement", "line=health-daily&line=health-reimbursement"] {
        assert_eq!(positions(&list(client, both).await), [1, 2, 3, 4, 5]);
    }
    let none = list(client, "line=life").await;
    assert_eq!((positions(&none), &none["next_after"]), (vec![], &json!(5)), "nothing fits, all was looked at");

    let claim = list(client, &format!("claim={}", all[2].claim_id)).await;
    assert_eq!((positions(&claim), &claim["next_after"]), (vec![3], &json!(5)));
    let theirs = must(insurer::pull(&test.nonlife().client, 0, 0).await);
    assert_eq!(theirs.len(), 5);
    let foreign = list(client, "claim=clm_01a20795-d752-7a9f-a283-ad7df04b8ac1").await;
    assert!(positions(&foreign).is_empty());

    // What comes later for the line that was asked for is not passed over.
    let next = none["next_after"].as_i64().unwrap();
    test.push(&bytes(&case("LINES-6")), &[]).await;
    pull_all(client, 6).await;
    assert_eq!(positions(&list(client, &format!("line=health-reimbursement&after={next}")).await), [6]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_pull_with_a_filter_is_answered_by_what_fits_only() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let id = "insurer-life".parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    registration.lines.push(Line::HealthDaily);
    must(engine.replace_registration(&id, registration).await);
    let push = async {
        for (number, line) in [(1, "health-reimbursement"), (2, "health-daily")] {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let text = case(&format!("WAITS-{number}"))
                .to_string()
                .replace("\"health-reimbursement\"", &json!(line).to_string());
            assert_eq!(test.push(text.as_bytes(), &[]).await.status, 201);
        }
    };
    let (page, ()) = tokio::join!(list(&test.life().client, "line=health-daily&wait=60"), push);
    assert_eq!((positions(&page), &page["next_after"]), (vec![2], &json!(2)));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_too_long_is_listed_and_the_young_are_not_passed_over() {
    let test = two_lines(4).await;
    let client = &test.life().client;
    let all = pull_all(client, 4).await;
    // Made 240, 180, 120 and 60 seconds ago.
    let old = list(client, "state=open&older_than=100").await;
    assert_eq!((positions(&old), &old["next_after"]), (vec![1, 2, 3], &json!(3)));
    let path = format!("/insurer/v1/deliveries/{}", all[1].id);
    assert_eq!(get(client, &path).await.status, 200);
    assert_eq!(post(client, &format!("{path}/ack"), &json!({})).await.status, 200);
    assert_eq!(positions(&list(client, "state=open&older_than=100").await), [1, 3]);
    assert!(positions(&list(client, "state=open&older_than=100&line=health-daily").await).is_empty());
    test.clock.advance(Duration::from_mins(1));
    assert_eq!(positions(&list(client, "state=open&older_than=100&after=3").await), [4]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_acknowledged_at_once_each_as_if_alone() {
    let test = TestGateway::start().await;
    for number in 0..4 {
        test.push(&bytes(&case(&format!("ACKS-{number}"))), &[]).await;
    }
    let one = test.life();
    let all = pull_all(&one.client, 4).await;
    let opened = open_all(one, 0, test.clock.now()).await;
    test.push(&bytes(&case("ACKS-4")), &[]).await;
    let unread = pull_all(&one.client, 5).await.pop().unwrap();
    let foreign = must(insurer::pull(&test.nonlife().client, 0, 0).await).remove(0);
    let body = json!({ "acks": [
        { "delivery_id": all[0].id, "presentation_digest": opened[0].1.presentation_digest },
        { "delivery_id": all[1].id, "result": "rejected" },
        { "delivery_id": all[2].id, "presentation_digest": "A".repeat(43) },
        { "delivery_id": all[2].id },
        { "delivery_id": unread.id },
        { "delivery_id": foreign.id },
        { "delivery_id": "A123456789" },
        { "delivery_id": all[3].id, "presentation_digest": "short" },
    ] });
    let path = "/insurer/v1/acks";
    let first = post(&one.client, path, &body).await;
    assert_eq!(first.status, 200, "{}", String::from_utf8_lossy(&first.body));
    let first = first.json("acks").unwrap();
    let told: Vec<(u64, &str)> = first["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| (outcome["status"].as_u64().unwrap(), outcome["code"].as_str().unwrap()))
        .collect();
    let expected = [
        (200, "acknowledged"),
        (200, "acknowledged"),
        (409, "delivery.digest-mismatch"),
        (422, "ack.repeated"),
        (409, "delivery.not-fetched"),
        (404, "not-found"),
        (404, "not-found"),
        (422, "body.value"),
    ];
    assert_eq!(told, expected);
    assert_eq!(first["outcomes"][0]["delivery"]["state"], "acknowledged");
    assert!(!first.to_string().contains("A123456789"), "what is no id is not repeated");
    assert_eq!(post(&one.client, path, &body).await.json("acks").unwrap(), first, "the same again is the same answer");
    let open = list(&one.client, "state=open").await;
    assert_eq!(positions(&open), [3, 4, 5]);

    let alone = post(&one.client, &format!("/insurer/v1/deliveries/{}/ack", all[0].id), &json!({})).await;
    assert_eq!(alone.json("ack").unwrap(), first["outcomes"][0]["delivery"]);
    let many = |count: usize| json!({ "acks": vec![json!({ "delivery_id": unread.id }); count] });
    assert_eq!(post(&one.client, path, &many(200)).await.status, 200);
    for wrong in
        [many(201), many(0), json!({}), json!({ "acks": [{}] }), json!({ "acks": [{ "delivery_id": "x", "y": 1 }] })]
    {
        assert_eq!(post(&one.client, path, &wrong).await.status, 422);
    }
    test.stop().await;
}

/// A demo bundle with a file of so many bytes.
fn with_file(number: &str, size: usize) -> Vec<u8> {
    let mut bundle = case(number);
    let mut scan = b"\xFF\xD8\xFF\xE0".to_vec();
    scan.resize(size, b'x');
    let scan = json!({
        "resourceType": "DocumentReference", "id": "scan", "status": "current", "type": { "text": "收據" },
        "content": [{ "attachment": { "contentType": "image/jpeg", "data": STANDARD.encode(scan) } }],
    });
    let entry = json!({ "fullUrl": "urn:uuid:6b0f3c1a-0000-4000-8000-000000000001", "resource": scan });
    bundle["entry"].as_array_mut().unwrap().push(entry);
    bytes(&bundle)
}

/// Asks, reads the head of the answer, then stands still.
#[expect(clippy::disallowed_methods, reason = "a raw socket is the only way to stand still")]
fn stall(address: SocketAddr, path: &str, token: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 1_024];
    let read = stream.read(&mut answer).unwrap();
    (stream, String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// The middle of the times of fifty pulls with one fetch each.
async fn usual(clock: &Clock, client: &PartyClient) -> Duration {
    let mut times = Vec::new();
    for _ in 0..50 {
        let before = clock.elapsed();
        let found = must(insurer::pull(client, 0, 0).await);
        must(insurer::fetch(client, &found[0].id).await);
        times.push(clock.elapsed().saturating_sub(before));
    }
    times.sort_unstable();
    times[25]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_recipient_slows_no_other() {
    let test = TestGateway::start().await.with_bearer_life().await;
    let (life, other) = (test.life(), &test.nonlife().client);
    assert_eq!(test.push(&with_file("SLOW-1", 6 << 20), &[]).await.status, 201);
    pull_all(other, 1).await;
    let (envelope, opened) = open_all(life, 0, test.clock.now()).await.pop().unwrap();
    let file = opened.attachments().find(|file| file.bytes > 1 << 20).unwrap().id.clone();
    let alone = usual(&test.clock, other).await;

    let address = test.world.gateway.address;
    let token = life.client.access_token().unwrap().to_owned();
    let path = format!("/insurer/v1/deliveries/{}/attachments/{file}", envelope.id);
    let waiting = "/insurer/v1/deliveries?after=99&wait=60";
    let stalled = tokio::task::spawn_blocking(move || {
        let files: Vec<_> = (0..12).map(|_| stall(address, &path, &token)).collect();
        let head = format!("GET {waiting} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        #[expect(clippy::disallowed_methods, reason = "a raw socket is the only way to stand still")]
        let waits: Vec<TcpStream> = (0..30)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                stream
            })
            .collect();
        (files, waits)
    });
    let (files, waits) = stalled.await.unwrap();
    let refused = files.iter().filter(|(_, head)| head.starts_with("HTTP/1.1 429")).count();
    let served = files.iter().filter(|(_, head)| head.starts_with("HTTP/1.1 200")).count();
    assert_eq!((served + refused, served > 0, refused > 0), (12, true, true), "its own part is full, no more");
    let beside = usual(&test.clock, other).await;
    // Far from what a wait or a full pool would be; two cores may be shared with other tests.
    assert!(beside < alone * 5 + Duration::from_millis(50), "{alone:?} alone, {beside:?} beside a slow one");
    drop((files, waits));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_that_nobody_reads_take_room_that_is_given_back() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("ROOM-2")), &[]).await;
    let client = &test.life().client;
    let envelope = pull_all(client, 1).await.remove(0);
    let path = format!("/insurer/v1/deliveries/{}", envelope.id);
    let files = &test.world.gateway.app.files;
    let all = files.available_permits();
    let taken = files.try_acquire_many(u32::try_from(all - 8).unwrap()).unwrap();
    let answer = get(client, &path).await;
    assert_eq!((answer.status.as_u16(), &answer.json("p").unwrap()["code"]), (503, &json!("busy")));
    drop(taken);
    assert_eq!(get(client, &path).await.status, 200);
    for _ in 0..100 {
        if files.available_permits() == all {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(files.available_permits(), all, "all room is free again");
    let number = "04595257";
    let lines = vec![Line::Life];
    let other = NewParty { id: "insurer-other", role: Role::Insurer, number, lines, consent: false };
    assert_eq!(get(&test.register(other).await.0, &path).await.status, 404);
    test.stop().await;
}
