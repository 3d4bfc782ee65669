//! Keys a party publishes at a URL: rotated by the party alone, and what happens when the URL fails or lies.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_gateway::party::{AuthProfile, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::client::{ClientError, Identity, PartyClient};
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_tests::gateway::{TestGateway, get, must};
use claimgate_tests::receiver::{Act, Receiver};
use claimgate_tests::shared::binary;
use serde_json::{Value, json};

const ID: &str = "hospital-url";

struct Desk {
    test: TestGateway,
    url: Receiver,
}

fn clock() -> Clock {
    Clock::test("2026-11-23T02:00:00Z".parse().unwrap())
}

fn settings() -> Vec<(&'static str, String)> {
    let names = [
        "CLAIMGATE_LIMITS__TOKEN_REQUESTS_PER_SECOND",
        "CLAIMGATE_LIMITS__TOKEN_BURST",
        "CLAIMGATE_LIMITS__TOKEN_PEER_REQUESTS_PER_SECOND",
        "CLAIMGATE_LIMITS__TOKEN_PEER_BURST",
    ];
    names.map(|name| (name, "1000000".to_owned())).to_vec()
}

fn document(url: &str) -> Registration {
    let institution = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/organization-identifier-tw";
    Registration {
        identifiers: vec![PartyIdentifier { system: institution.to_owned(), value: "1101010012".to_owned() }],
        jwks_url: Some(url.to_owned()),
        ..Registration::new(ID, Role::Hospital, "網址醫院", Value::Null)
    }
}

async fn desk(first: Act) -> Desk {
    let test = TestGateway::start_with_settings(clock(), &settings()).await;
    let url = Receiver::start(first).await;
    must(test.world.gateway.app.engine.register(document(url.url())).await);
    Desk { test, url }
}

fn key(kid: &str) -> PrivateJwk {
    must(PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es384, Some(kid.to_owned()), clock().now()))
}

fn answer(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Raw(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes())
}

fn publish(keys: &[&PrivateJwk]) -> Act {
    let set = JwkSet(keys.iter().map(|key| key.public()).collect()).to_json();
    answer("200 OK", "Content-Type: application/jwk-set+json\r\nCache-Control: max-age=60\r\n", &set.to_string())
}

impl Desk {
    fn client(&self, key: &PrivateJwk) -> PartyClient {
        self.test.client(Identity { id: ID.to_owned(), profile: AuthProfile::Smart, key: key.clone() })
    }

    async fn ask(&self, key: &PrivateJwk) -> Result<(), ClientError> {
        self.client(key).authenticate().await
    }

    fn pass(&self, seconds: u64) {
        self.test.clock.advance(Duration::from_secs(seconds));
    }

    fn asked(&self) -> usize {
        self.url.received().len()
    }

    async fn failure(&self) -> Option<String> {
        must(self.test.world.gateway.app.engine.store.published(&ID.parse().unwrap()).await)?.failure
    }
}

fn refused(outcome: &Result<(), ClientError>) -> bool {
    matches!(outcome, Err(ClientError::Unexpected { status: 401, .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_exchanges_its_keys_alone_and_nobody_waits() {
    let (old, new, stranger) = (key("old"), key("new"), key("stranger"));
    let desk = desk(publish(&[&old])).await;
    let hand_in = |key: &PrivateJwk, count: usize| {
        let clients: Vec<PartyClient> = (0..count).map(|_| desk.client(key)).collect();
        futures_util::future::join_all(clients.into_iter().map(|mut one| async move { one.authenticate().await }))
    };
    assert!(hand_in(&old, 50).await.into_iter().all(|one| one.is_ok()));
    assert_eq!(desk.asked(), 1, "fifty at once are one fetch");
    assert!(refused(&desk.ask(&new).await) && desk.asked() == 1, "asked a moment ago");

    // The overlap, under load: both keys work, from the first use of the new one on.
    desk.url.does([], publish(&[&old, &new]));
    desk.pass(31);
    let (by_old, by_new) = tokio::join!(hand_in(&old, 60), hand_in(&new, 60));
    assert!(by_old.into_iter().chain(by_new).all(|one| one.is_ok()));
    assert_eq!(desk.asked(), 2);

    // Taken out: it works no longer than the header says.
    desk.url.does([], publish(&[&new]));
    must(desk.ask(&old).await);
    desk.pass(61);
    // While one fetches, others use what is there: nobody waits, and the old key ends with that fetch.
    let (_, by_new) = tokio::join!(hand_in(&old, 30), hand_in(&new, 60));
    assert!(by_new.into_iter().all(|one| one.is_ok()));
    assert_eq!(desk.asked(), 3);
    assert!(hand_in(&old, 30).await.into_iter().all(|one| refused(&one)), "what is fetched anew has it no more");
    assert_eq!(desk.asked(), 3);
    assert!(refused(&desk.ask(&old).await));

    // Whoever names kids nobody has makes the gateway ask once in thirty seconds.
    assert!(hand_in(&stranger, 50).await.into_iter().all(|one| refused(&one)));
    assert_eq!(desk.asked(), 3);
    desk.pass(31);
    assert!(hand_in(&stranger, 50).await.into_iter().all(|one| refused(&one)));
    assert_eq!(desk.asked(), 4);
    assert!(desk.url.received().iter().all(|one| one.body.is_empty() && !one.headers.contains_key("authorization")));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_fetched_before_count_for_a_day_while_the_url_is_down() {
    let key = key("one");
    let desk = desk(publish(&[&key])).await;
    must(desk.ask(&key).await);
    desk.url.does([], Act::Slam);
    desk.pass(3_600);
    must(desk.ask(&key).await);
    assert!(desk.failure().await.is_some());
    assert_eq!(desk.test.counts().await.failing_keys, 1);
    let metrics = get(&desk.test.world.hospital, "/metrics").await.body;
    assert!(String::from_utf8(metrics).unwrap().contains("claimgate_party_keys_failing 1\n"));
    let asked = desk.asked();
    for _ in 0..5 {
        must(desk.ask(&key).await);
    }
    assert_eq!(desk.asked(), asked, "a URL that is down is not asked at every token");

    // A restart finds them, and the operator is told.
    let Desk { test, url } = desk;
    let clock = test.clock.clone();
    let folder = test.stop().await;
    let doctor = Command::new(binary())
        .args(["doctor"])
        .env("CLAIMGATE_GATEWAY__DATA_DIR", folder.path())
        .env("CLAIMGATE_GATEWAY__SANDBOX", "true")
        .env("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true")
        .envs(folder.settings())
        .output();
    let said = String::from_utf8(doctor.unwrap().stdout).unwrap();
    assert!(said.lines().any(|line| line.contains("hospital-url: jwks_url failed at")), "{said}");
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR", folder.path().display().to_string()),
        ("CLAIMGATE_GATEWAY__SANDBOX", "true".to_owned()),
        ("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true".to_owned()),
        ("CLAIMGATE_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let layers = layers.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(folder.settings());
    let config = must(Config::from_layers(None, layers));
    let running = must(lifecycle::start(config, clock.clone(), Random::system()).await);
    let ask = || async {
        let identity = Identity { id: ID.to_owned(), profile: AuthProfile::Smart, key: key.clone() };
        let mut client = must(PartyClient::new(running.base_url(), identity, clock.clone(), Random::system()));
        client.authenticate().await
    };
    must(ask().await);
    clock.advance(Duration::from_hours(23) + Duration::from_mins(1));
    assert!(refused(&ask().await), "a day later they count no more");
    url.does([], publish(&[&key]));
    clock.advance(Duration::from_secs(31));
    must(ask().await);
    assert_eq!(must(running.app.engine.store.counts().await).failing_keys, 0);
    must(running.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_url_answers_wrongly_counts_for_nothing_and_harms_nobody_else() {
    let key = key("one");
    let set = JwkSet(vec![key.public()]).to_json().to_string();
    let inside = Receiver::start(publish(&[&key])).await;
    let desk = desk(Act::Status(500)).await;
    let json = "Content-Type: application/json\r\n";
    let private = json!({ "keys": [key.to_json()] }).to_string();
    let large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(70_000));
    let many = json!({ "keys": vec![json!({}); 51] }).to_string();
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let cases = [
        ("status", Act::Status(500), "answers 500"),
        ("redirect", answer("302 Found", &format!("Location: {}\r\n", inside.url()), ""), "answers 302"),
        ("permanent redirect", answer("308 X", &format!("Location: {}\r\n", inside.url()), &set), "answers 308"),
        ("another type", answer("200 OK", "Content-Type: text/html\r\n", &set), "Content-Type"),
        ("no type", answer("200 OK", "", &set), "Content-Type"),
        ("garbage", answer("200 OK", json, "<html>down for maintenance</html>"), "no key set"),
        ("no http", Act::Raw(vec![0; 4_096]), "no HTTP"),
        ("huge", answer("200 OK", json, &large), "larger"),
        ("endless headers", Act::Raw([b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &vec![b'x'; 2 << 20]].concat()), "no HTTP"),
        ("many keys", answer("200 OK", json, &many), "more than 50"),
        ("deep", answer("200 OK", json, &deep), "no key set"),
        ("a private key", answer("200 OK", json, &private), "private"),
        ("nobody", Act::Slam, "the connection broke"),
        ("silence", Act::Silence, "no complete answer within 5 seconds"),
    ];
    for (what, act, said) in cases {
        desk.url.does([], act);
        desk.pass(31);
        let mut other = desk.test.client(Identity {
            id: desk.test.world.hospital.id().to_owned(),
            profile: AuthProfile::Smart,
            key: desk.test.world.hospital.key().clone(),
        });
        let waits = tokio::time::timeout(Duration::from_secs(2), other.authenticate());
        let (outcome, elsewhere) = tokio::join!(desk.ask(&key), waits);
        assert!(refused(&outcome), "{what}");
        must(elsewhere.unwrap_or_else(|_| panic!("{what}: another party waits")));
        let failure = desk.failure().await.unwrap_or_default();
        assert!(failure.contains(said) && !failure.contains("maintenance"), "{what}: {failure}");
    }
    assert!(inside.received().is_empty(), "no redirect is followed");
    // And afterwards it simply works.
    desk.url.does([], publish(&[&key]));
    desk.pass(31);
    must(desk.ask(&key).await);
    assert_eq!(desk.failure().await, None);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_is_one_an_operator_may_approve_and_packets_need_more() {
    let live =
        [("CLAIMGATE_GATEWAY__SANDBOX", "false".to_owned()), ("CLAIMGATE_OPERATORS__FOUR_EYES", "false".to_owned())];
    let test = TestGateway::start_with_settings(clock(), &live).await;
    let engine = Arc::clone(&test.world.gateway.app.engine);
    for url in [
        "http://hospital.example/jwks",
        "http://127.0.0.1:8080/jwks",
        "https://127.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://2130706433/jwks",
        "https://10.0.0.7/jwks",
        "https://metadata.internal/jwks",
        "https://localhost/jwks",
        "https://user:secret@hospital.example/jwks",
        "https://hospital.example:22/jwks",
        "file:///etc/passwd",
        "jwks",
        "",
    ] {
        let refused = engine.register(document(url)).await.err().map(|error| error.to_string());
        assert!(refused.as_ref().is_some_and(|text| text.contains("jwks_url")), "{url}: {refused:?}");
    }
    must(engine.register(document("https://hospital.example/jwks")).await);

    // What an insurer publishes for encryption seals no packet: that key stands in the document.
    let mut insurer = must(engine.store.party(&"insurer-life".parse().unwrap()).await).unwrap().registration().clone();
    insurer.jwks_url = Some("https://insurer.example/jwks".to_owned());
    insurer.jwks = Value::Null;
    let id = "insurer-life".parse().unwrap();
    let refused = engine.replace_registration(&id, insurer).await.unwrap_err().to_string();
    assert!(refused.contains("use \"enc\""), "{refused}");
    test.stop().await;
}
