//! Limits of a party: each bites, says when to come again, and touches nobody else.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::{PartyLimits, Role};
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, must, post, push_as};
use reqwest::Method;
use serde_json::json;

/// A gateway on a clock that stands still, where one party may less than the others.
async fn limited(party: &str, limits: PartyLimits) -> TestGateway {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    limit(&test, party, limits).await;
    test
}

async fn limit(test: &TestGateway, party: &str, limits: PartyLimits) {
    let engine = &test.world.gateway.app.engine;
    let id = party.parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    registration.limits = Some(limits);
    must(engine.replace_registration(&id, registration).await);
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.json("problem").unwrap()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code)
}

async fn validate(client: &PartyClient, body: &[u8]) -> Answer {
    let headers = [("content-type", "application/fhir+json")];
    must(client.call(Method::POST, "/fhir/Bundle/$validate", &headers, body.to_vec()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_burst_wait_and_other_parties_do_not() {
    let limits = PartyLimits { requests_per_second: Some(2), burst: Some(3), ..PartyLimits::default() };
    let test = limited("insurer-life", limits).await;
    let (life, other) = (&test.life().client, &test.nonlife().client);
    let path = "/insurer/v1/deliveries";
    let first = get(life, path).await;
    assert_eq!(
        first.header("ratelimit-policy"),
        Some(
            "\"requests\";q=3;w=2, \"bytes\";q=1073741824;qu=\"content-bytes\";w=60, \
             \"concurrent\";q=64;qu=\"concurrent-requests\""
        )
    );
    assert_eq!(
        first.header("ratelimit"),
        Some("\"requests\";r=2;t=1, \"bytes\";r=1073741824;t=0, \"concurrent\";r=63")
    );
    for _ in 0..2 {
        assert_eq!(get(life, path).await.status, 200);
    }
    let refused = get(life, path).await;
    assert_eq!(code(&refused), (429, "limit.requests".to_owned()));
    assert_eq!((refused.header("retry-after"), refused.header("cache-control")), (Some("1"), Some("no-store")));
    assert!(refused.header("ratelimit").unwrap().starts_with("\"requests\";r=0;t=2"), "{:?}", refused.headers);
    // What it may not do at all counts as well.
    assert_eq!(get(life, "/fhir/Bundle?_id=x").await.status, 429);
    assert_eq!(get(other, path).await.status, 200);
    test.clock.advance(Duration::from_millis(500));
    assert_eq!(get(life, path).await.status, 200);
    assert_eq!(get(life, path).await.status, 429);
    assert_eq!(get(life, "/.well-known/claim-packet-keys").await.header("ratelimit"), None, "nobody's request");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_fhir_a_limit_is_an_operation_outcome() {
    let limits = PartyLimits { requests_per_second: Some(1), burst: Some(1), ..PartyLimits::default() };
    let test = limited("hospital-demo", limits).await;
    assert_eq!(test.push(&bytes(&case("LIMIT-1")), &[]).await.status, 201);
    let before = test.counts().await;
    let refused = test.push(&bytes(&case("LIMIT-2")), &[]).await;
    let outcome = refused.json("outcome").unwrap();
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("1")));
    assert_eq!(
        (codes(&outcome), &outcome["issue"][0]["code"]),
        (vec!["limit.requests".to_owned()], &json!("throttled"))
    );
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_beyond_a_minutes_worth_wait_and_other_parties_do_not() {
    let limits = PartyLimits { bytes_per_minute: Some(65_536), ..PartyLimits::default() };
    let test = limited("hospital-demo", limits).await;
    let number = "1101010012";
    let other = NewParty { id: "hospital-other", role: Role::Hospital, number, lines: vec![], consent: true };
    let (other, _) = test.register(other).await;
    let mut body = bytes(&case("BYTES-1"));
    body.resize(65_536, b' ');
    let hospital = &test.world.hospital;
    assert_eq!(validate(hospital, &body).await.status, 200);
    let refused = validate(hospital, &body).await;
    assert_eq!(codes(&refused.json("outcome").unwrap()), ["limit.bytes"]);
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("1")));
    assert_eq!(get(hospital, "/fhir/Bundle?_id=x").await.status, 200, "what has no body goes on");
    assert_eq!(validate(&other, &body).await.status, 200);
    test.clock.advance(Duration::from_secs(1));
    assert_eq!(validate(hospital, &body).await.status, 200, "one body may go over");
    assert_eq!(validate(hospital, &body).await.header("retry-after"), Some("60"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_hand_are_counted_until_they_are_answered() {
    let test = TestGateway::start().await;
    limit(&test, "insurer-life", PartyLimits { concurrent: Some(2), ..PartyLimits::default() }).await;
    let (life, other) = (&test.life().client, &test.nonlife().client);
    let waits =
        async { tokio::join!(get(life, "/insurer/v1/deliveries?wait=3"), get(life, "/insurer/v1/deliveries?wait=3")) };
    let beside = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let refused = get(life, "/insurer/v1/deliveries").await;
        assert_eq!(code(&refused), (429, "limit.concurrent".to_owned()));
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(get(other, "/insurer/v1/deliveries").await.status, 200);
    };
    let ((one, two), ()) = tokio::join!(waits, beside);
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    for _ in 0..4 {
        assert_eq!(get(life, "/insurer/v1/deliveries").await.status, 200, "each place is free again");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_for_few_tokens_and_others_get_theirs() {
    let clock = Clock::test("2026-11-23T02:00:00Z".parse().unwrap());
    let settings = [("CLAIMGATE_LIMITS__TOKEN_BURST", "3".to_owned())];
    let mut test = TestGateway::start_with_settings(clock, &settings).await;
    for _ in 0..2 {
        must(test.world.hospital.authenticate().await);
    }
    let refused = test.world.hospital.authenticate().await.unwrap_err().to_string();
    assert!(refused.contains("429") && refused.contains("limit.requests"), "{refused}");
    must(test.world.app.authenticate().await);
    test.clock.advance(Duration::from_millis(200));
    must(test.world.hospital.authenticate().await);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_nothing_is_refused_and_taken_away_limits_are_those_of_all() {
    let test = TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await;
    let engine = &test.world.gateway.app.engine;
    let id = "hospital-demo".parse().unwrap();
    let before = must(engine.store.party(&id).await).unwrap().registration().clone();
    for wrong in [
        PartyLimits { requests_per_second: Some(0), ..PartyLimits::default() },
        PartyLimits { burst: Some(0), ..PartyLimits::default() },
        PartyLimits { concurrent: Some(0), ..PartyLimits::default() },
        PartyLimits { bytes_per_minute: Some(1_000), ..PartyLimits::default() },
    ] {
        let mut registration = before.clone();
        registration.limits = Some(wrong);
        let refused = engine.replace_registration(&id, registration).await.unwrap_err().to_string();
        assert!(refused.contains("limits:"), "{refused}");
    }
    limit(&test, "hospital-demo", PartyLimits { burst: Some(1), ..PartyLimits::default() }).await;
    let ask = async || push_as(&test.world.hospital, b"{}", &[]).await.status.as_u16();
    assert_eq!((ask().await, ask().await), (422, 429));
    must(engine.replace_registration(&id, before).await);
    assert_eq!(ask().await, 422);
    let posted = post(&test.world.hospital, "/insurer/v1/acks", &json!({})).await;
    assert_eq!(posted.status, 403);
    test.stop().await;
}
