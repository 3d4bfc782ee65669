//! Streams of events: told within a second, gapless across reconnections, bounded, ended with the token and with the gateway.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::app;
use claimgate_gateway::sandbox::client::{PartyClient, http_client};
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must};
use reqwest::Response;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One event as it came.
#[derive(Debug)]
struct Event {
    id: Option<i64>,
    name: String,
    data: Value,
}

/// A stream being read.
struct Reader {
    response: Response,
    text: String,
}

impl Reader {
    async fn open(test: &TestGateway, token: &str, path: &str, last: Option<i64>) -> Self {
        let url = format!("{}{path}", test.world.gateway.base_url());
        let mut request = must(http_client()).get(url).header("authorization", format!("Bearer {token}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = must(request.send().await);
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        Self { response, text: String::new() }
    }

    /// The next event; nothing where the stream is over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let found = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.map(ToOwned::to_owned)
                };
                let Some(data) = field("data") else { continue };
                let id = field("id").map(|id| id.parse().unwrap());
                return Some(Event { id, name: field("event").unwrap(), data: serde_json::from_str(&data).unwrap() });
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&must(chunk)?).unwrap());
        }
    }

    async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("no {name} came"));
            if event.name == name {
                return event;
            }
        }
    }
}

fn token(client: &PartyClient) -> String {
    client.access_token().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_within_a_second_and_nothing_is_missed_between_two_streams() {
    let test = TestGateway::start().await.with_bearer_life().await;
    let (hospital, life) = (token(&test.world.hospital), token(&test.life().client));
    let mut own = Reader::open(&test, &hospital, "/hospital/v1/events", None).await;
    let mut theirs = Reader::open(&test, &life, "/insurer/v1/events", None).await;
    let began = Clock::system();
    let pushed = test.push(&bytes(&case("EVENTS-1")), &[]).await;
    let claim = pushed.header("claimgate-claim-id").unwrap().to_owned();
    let first = own.until("claim.received").await;
    let ready = theirs.until("delivery.ready").await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "told after {took:?}");
    assert_eq!((first.id, &first.data["claim_id"]), (Some(1), &Value::from(claim.as_str())));
    assert_eq!((ready.id, &ready.data["position"]), (Some(1), &Value::from(1)));
    assert!(ready.data["text_zh"].is_string() && ready.data["at_taipei"].is_string());

    // The owner's stream is of one claim.
    let code = pushed.header("claimgate-tracking-code").unwrap();
    assert_eq!(must(app::link(&test.world.app, code).await), claim);
    let path = format!("/claims/v1/claims/{claim}/events?after=0");
    let mut owner = Reader::open(&test, &token(&test.world.app), &path, None).await;
    assert_eq!(owner.until("claim.received").await.id, Some(1));

    // Away, and back with the last place: what happened meanwhile comes once, without a gap.
    let mut last = first.id.unwrap();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(300), own.next()).await {
        assert_eq!(event.id, Some(last + 1));
        last += 1;
    }
    drop(own);
    for number in ["EVENTS-2", "EVENTS-3"] {
        assert_eq!(test.push(&bytes(&case(number)), &[]).await.status, 201);
    }
    let mut again = Reader::open(&test, &hospital, "/hospital/v1/events?after=0", Some(last)).await;
    let mut received = 0;
    while received < 2 {
        let event = again.next().await.unwrap();
        assert_eq!(event.id, Some(last + 1), "{event:?}");
        last += 1;
        received += usize::from(event.name == "claim.received");
    }
    // Two streams of one party are told alike.
    let mut one = Reader::open(&test, &hospital, "/hospital/v1/events", None).await;
    assert_eq!(test.push(&bytes(&case("EVENTS-4")), &[]).await.status, 201);
    let (a, b) = (one.until("claim.received").await, again.until("claim.received").await);
    assert_eq!(a.id, b.id);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token_and_is_bounded_for_each_party() {
    let clock = Clock::test(Clock::system().now());
    let settings = [
        ("CLAIMGATE_EVENTS__PER_PARTY", "2".to_owned()),
        ("CLAIMGATE_EVENTS__TOTAL", "3".to_owned()),
        ("CLAIMGATE_EVENTS__HEARTBEAT_SECONDS", "1".to_owned()),
    ];
    let test = TestGateway::start_with_settings(clock, &settings).await;
    let hospital = token(&test.world.hospital);
    let mut one = Reader::open(&test, &hospital, "/hospital/v1/events", None).await;
    let two = Reader::open(&test, &hospital, "/hospital/v1/events", None).await;
    let third = get(&test.world.hospital, "/hospital/v1/events").await;
    assert_eq!((third.status.as_u16(), &third.json("problem").unwrap()["code"]), (429, &Value::from("limit.streams")));
    assert_eq!(get(&test.world.hospital, "/hospital/v1/events?after=x").await.status, 400);
    // A place is free again when its reader is gone.
    drop(two);
    let mut tries = 0;
    loop {
        let again = get(&test.world.hospital, "/hospital/v1/events?wait=0").await;
        if again.status == 200 {
            break;
        }
        tries += 1;
        assert!(tries < 200, "the place of a reader that is gone stays taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Other requests go on as if there were no streams.
    assert_eq!(get(&test.world.hospital, "/hospital/v1/requests").await.status, 200);
    test.clock.advance(Duration::from_secs(400));
    let end = one.until("end").await;
    assert_eq!((&end.data["reason"], end.id), (&Value::from("token-expired"), None));
    assert!(one.next().await.is_none());
    assert_eq!(test.world.gateway.app.streams.open(), 0);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_every_stream_at_once() {
    let test = TestGateway::start().await;
    let hospital = token(&test.world.hospital);
    let mut readers = Vec::new();
    for _ in 0..20 {
        readers.push(Reader::open(&test, &hospital, "/hospital/v1/events", None).await);
    }
    let began = Clock::system();
    let stopping = tokio::spawn(test.stop());
    for reader in &mut readers {
        let end = reader.until("end").await;
        assert_eq!(end.data["reason"], "stopping");
    }
    stopping.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(15), "streams held the stop up: {:?}", began.elapsed());
}

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a raw socket is the only way to stand still")]
async fn five_hundred_streams_cost_little_and_a_reader_that_stands_still_is_let_go() {
    const STREAMS: usize = 500;
    let settings = [
        ("CLAIMGATE_EVENTS__PER_PARTY", "600".to_owned()),
        ("CLAIMGATE_EVENTS__TOTAL", "700".to_owned()),
        ("CLAIMGATE_EVENTS__SLOW_SECONDS", "1".to_owned()),
        ("CLAIMGATE_EVENTS__HEARTBEAT_SECONDS", "2".to_owned()),
        ("CLAIMGATE_LIMITS__REQUESTS_PER_SECOND", "1000000".to_owned()),
        ("CLAIMGATE_LIMITS__BURST", "1000000".to_owned()),
    ];
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    assert_eq!(test.push(&bytes(&case("MANY-0")), &[]).await.status, 201);
    let address = test.world.gateway.address;
    let request = |path: &str| {
        let token = test.world.hospital.access_token().unwrap();
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n")
    };
    let before = resident();
    let mut readers = Vec::new();
    for _ in 0..STREAMS {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request("/hospital/v1/events").as_bytes()).await.unwrap();
        let mut head = [0; 2_048];
        let read = socket.read(&mut head).await.unwrap();
        assert!(head[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head[..read]));
        readers.push(socket);
    }
    assert_eq!(test.world.gateway.app.streams.open(), 500);
    // One stream of the party: woken by one entry, read by all.
    assert_eq!(test.world.gateway.app.engine.store.told().streams(), 2);
    let opened = resident();
    let began = Clock::system();
    assert_eq!(test.push(&bytes(&case("MANY-1")), &[]).await.status, 201);
    let mut slowest = Duration::ZERO;
    for socket in &mut readers {
        let mut seen = String::new();
        while !seen.contains("packet.signed") {
            let mut piece = [0; 4_096];
            let read = tokio::time::timeout(Duration::from_secs(30), socket.read(&mut piece)).await.unwrap().unwrap();
            assert!(read > 0);
            seen.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
        slowest = slowest.max(began.elapsed());
    }
    let each = (opened.saturating_sub(before)) / 500;
    println!("500 streams: {each} KiB each with both ends in this process; all told after {slowest:?}");
    assert!(each < 256, "{each} KiB for each stream");
    drop(readers);

    // Readers that take nothing, while much happens: their places come back, and no memory is held for them.
    let mut still = Vec::new();
    for _ in 0..20 {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request("/hospital/v1/events?after=0").as_bytes()).await.unwrap();
        still.push(socket);
    }
    let mut tries = 0;
    while test.world.gateway.app.streams.open() > 20 && tries < 400 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        tries += 1;
    }
    assert!(test.world.gateway.app.streams.open() <= 20, "readers that are gone keep no place");
    drop(still);
    test.stop().await;
}
