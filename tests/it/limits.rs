//! Bounds of a request: size, pace, media type, method; each refused in our own shape.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use claimgate_gateway::config::Config;
use claimgate_gateway::sandbox::client::http_client;
use claimgate_gateway::{clock::Clock, id::Random, keys::ring, lifecycle, store::schema};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, codes, get, must};
use reqwest::Method;
use serde_json::json;

use crate::uploads::{MIB, append, begin, broken, photo, refused};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_ten_megabytes_is_refused_with_413() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    let mut body = bytes(&case("LARGE-1"));
    body.extend(std::iter::repeat_n(b' ', 10 * 1024 * 1024));
    let answer = test.push(&body, &[]).await;
    assert_eq!(answer.status, 413);
    assert_eq!(codes(&answer.json("outcome").unwrap()), ["body.too-large"]);
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_media_type_an_encoding_and_another_method_are_refused() {
    let test = TestGateway::start().await;
    let hospital = &test.world.hospital;
    let send = async |method, path: &str, headers: &[(&str, &str)]| {
        must(hospital.call(method, path, headers, bytes(&case("TYPE-1"))).await)
    };
    let plain = send(Method::POST, "/fhir/Bundle", &[("content-type", "text/plain")]).await;
    assert_eq!(plain.status, 415);
    let told = plain.json("outcome").unwrap()["issue"][0]["details"]["text"].clone();
    assert_eq!(told, "請使用訊息所列的 Content-Type。");
    let gzip = [("content-type", "application/fhir+json"), ("content-encoding", "gzip")];
    assert_eq!(send(Method::POST, "/fhir/Bundle", &gzip).await.status, 415);
    let deleted = send(Method::DELETE, "/fhir/Bundle", &[]).await;
    assert_eq!(
        (deleted.status.as_u16(), codes(&deleted.json("o").unwrap())),
        (405, vec!["method.not-allowed".to_owned()])
    );
    let lost = get(hospital, "/nowhere").await;
    let problem = lost.json("problem").unwrap();
    assert_eq!((lost.status.as_u16(), lost.header("content-type")), (404, Some("application/problem+json")));
    assert_eq!(problem["code"], "route.unknown");
    assert_eq!(problem["request_id"].as_str(), lost.header("x-request-id"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uuid_as_request_id_is_taken_over_and_another_is_replaced() {
    let test = TestGateway::start().await;
    let ask = async |id: &str| {
        let answer = test.world.hospital.call(Method::GET, "/healthz", &[("x-request-id", id)], Vec::new()).await;
        must(answer).header("x-request-id").unwrap().to_owned()
    };
    let theirs = "0190c0de-0000-7000-8000-0000000000ff";
    assert_eq!(ask(theirs).await, theirs);
    assert!(ask("A123456789").await.starts_with("req_"), "a person's number does not reach the log");
    assert!(ask("<script>alert(1)</script>").await.starts_with("req_"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_metrics_answer() {
    let test = TestGateway::start().await;
    let client = &test.world.hospital;
    assert_eq!(get(client, "/healthz").await.json("h").unwrap(), json!({ "status": "ok" }));
    assert_eq!(get(client, "/readyz").await.json("r").unwrap(), json!({ "status": "ready" }));
    let metrics = get(client, "/metrics").await;
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains("claimgate_http_requests_total{") && text.contains("claimgate_claims 0"), "{text}");
    let proxied = client.call(Method::GET, "/metrics", &[("x-forwarded-for", "203.0.113.9")], Vec::new()).await;
    assert_eq!(must(proxied).status, 404);
    test.world.gateway.app.unready();
    assert_eq!(get(client, "/readyz").await.status, 503);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dribbled_body_is_cut_off_while_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let set = |name: &str, value: &str| (format!("CLAIMGATE_{name}"), value.to_owned());
    let layers = [
        set("GATEWAY__DATA_DIR", &folder.path().display().to_string()),
        set("HTTP__LISTEN", "127.0.0.1:0"),
        set("HTTP__BODY_DEADLINE_SECONDS", "2"),
    ];
    let config = must(Config::from_layers(None, layers));
    let (clock, random) = (Clock::system(), Random::system());
    must(ring::ensure(&config, &random, clock.now()));
    must(schema::migrate(&config.database()).await);
    let running = must(lifecycle::start(config, clock.clone(), random).await);
    let address = running.address;

    let slow = tokio::task::spawn_blocking(move || dribble(address));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let healthy = must(must(http_client()).get(format!("http://{address}/healthz")).send().await);
    assert_eq!(healthy.status(), 200);
    let answer = slow.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    must(running.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_room_are_asked_to_come_again_and_nothing_stays_taken() {
    let test = TestGateway::start().await;
    let room = &test.world.gateway.app.room;
    let all = room.available_permits();
    let taken = room.try_acquire_many(u32::try_from(all - 8).unwrap()).unwrap();
    let answer = test.push(&bytes(&case("ROOM-1")), &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
    drop(taken);
    assert_eq!(test.push(&bytes(&case("ROOM-1")), &[]).await.status, 201);
    assert_eq!(room.available_permits(), all, "all room is free again");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_uploads_of_one_hospital_take_no_room_of_pushes_and_a_quarter_of_their_own() {
    // Room for four uploads: one hospital has one in hand.
    let settings = [("CLAIMGATE_HTTP__BODIES_TOTAL_BYTES", (12 * MIB).to_string())];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let app = &test.world.gateway.app;
    let (pushes, all) = (app.room.available_permits(), app.uploads.available_permits());
    let content = photo(2 * MIB);
    let (slow, other) = (begin(&test, &content).await, begin(&test, &content).await);
    let held = broken((test.world.gateway.address, &test.world.hospital), &slow, 0, content.len(), &content[..9]);
    while app.uploads.available_permits() == all {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.room.available_permits(), pushes);
    let answer = append(&test.world.hospital, &other, 0, &content).await;
    assert_eq!(refused(&answer), (429, "limit.concurrent".to_owned()));
    assert_eq!(test.push(&bytes(&case("ROOM-3")), &[]).await.status, 201);
    drop(held);
    while app.uploads.available_permits() < all {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(append(&test.world.hospital, &other, 0, &content).await.status, 204);
    let taken = app.uploads.try_acquire_many(u32::try_from(all).unwrap()).unwrap();
    let third = begin(&test, &content).await;
    assert_eq!(refused(&append(&test.world.hospital, &third, 0, &content).await), (503, "busy".to_owned()));
    assert_eq!(test.push(&bytes(&case("ROOM-4")), &[]).await.status, 201);
    drop(taken);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_nobody_known_take_no_room_of_a_hospitals() {
    let settings = [
        ("CLAIMGATE_HTTP__BODY_LIMIT_BYTES", (1 << 20).to_string()),
        ("CLAIMGATE_HTTP__BODIES_TOTAL_BYTES", (1 << 20).to_string()),
    ];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let app = &test.world.gateway.app;
    let (all, of_strangers) = (app.room.available_permits(), app.strangers.available_permits());
    let address = test.world.gateway.address;
    // Twice what the hospitals' room holds, none of them finished.
    let held = tokio::task::spawn_blocking(move || {
        (0..64).map(|_| unfinished(address, "/oauth/token", 60_000, 33_000)).collect::<Vec<_>>()
    });
    let held = held.await.unwrap();
    while app.strangers.available_permits() > of_strangers - 64 * 33 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.room.available_permits(), all);
    assert_eq!(test.push(&bytes(&case("ROOM-2")), &[]).await.status, 201);
    // One address has so many, whatever it asks for.
    let refused = tokio::task::spawn_blocking(move || answer(unfinished(address, "/oauth/token", 1_000, 0)));
    assert!(refused.await.unwrap().starts_with("HTTP/1.1 429"));
    drop(held);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_often_for_tokens_is_refused_before_its_body_is_read() {
    let settings = [
        ("CLAIMGATE_LIMITS__TOKEN_PEER_REQUESTS_PER_SECOND", "1".to_owned()),
        ("CLAIMGATE_LIMITS__TOKEN_PEER_BURST", "20".to_owned()),
    ];
    let test = TestGateway::start_with_settings(Clock::test(Clock::system().now()), &settings).await;
    let address = test.world.gateway.address;
    let answers = tokio::task::spawn_blocking(move || {
        for _ in 0..20 {
            drop(answer(unfinished(address, "/oauth/token", 1, 1)));
        }
        answer(unfinished(address, "/oauth/token", 1_000, 0))
    });
    assert!(answers.await.unwrap().starts_with("HTTP/1.1 429"));
    test.stop().await;
}

/// Begins a form of so many bytes, and sends so many of them.
#[expect(clippy::disallowed_methods, reason = "a raw socket is the only way to send half a body")]
fn unfinished(address: std::net::SocketAddr, path: &str, length: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'a'; sent]).unwrap();
    stream
}

/// What is answered within three seconds: an answer that waits for the rest of a body takes longer.
fn answer(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut answer = [0; 1_024];
    let read = stream.read(&mut answer).unwrap_or_default();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// Sends a form one byte at a time until the server answers.
#[expect(clippy::disallowed_methods, reason = "a raw socket is the only way to be this slow")]
fn dribble(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let head = "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 1_024];
    for _ in 0..100 {
        match stream.read(&mut answer) {
            Ok(read) if read > 0 => return String::from_utf8_lossy(&answer[..read]).into_owned(),
            Ok(_) => return "closed".to_owned(),
            Err(_) => {
                // A closed connection shows at the next read.
                let _ = stream.write_all(b"a");
            }
        }
    }
    "no answer".to_owned()
}
