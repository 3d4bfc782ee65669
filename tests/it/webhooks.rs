//! Webhooks: told once and for all, under one id, by a schedule, to the right address; and every failure is told of.

use std::time::Duration;

use claimgate_adapters::insurer::webhook::{Scheme, Verifier, WebhookEvent, verify};
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::party::PartyId;
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database::on_postgres;
use claimgate_tests::gateway::{get, must, open_all, post, pull_all};
use claimgate_tests::receiver::{Act, Received, Receiver};
use jiff::Timestamp;
use serde_json::{Value, json};

mod late;

fn id(one: &Insurer) -> PartyId {
    one.client.id().parse().unwrap()
}

async fn endpoint(test: &TestGateway, one: &Insurer, receiver: &Receiver, content: Content) -> Verifier {
    let engine = &test.world.gateway.app.engine;
    let key = engine.set_endpoint(&id(one), receiver.url(), (content, Scheme::Ed25519)).await.unwrap();
    assert!(key.starts_with("whpk_"), "{}", &key[..5]);
    Verifier::parse(&key).unwrap()
}

fn genuine(received: &Received, known: &[Verifier], now: Timestamp) -> bool {
    let head =
        (received.header("webhook-id"), received.header("webhook-timestamp"), received.header("webhook-signature"));
    verify(head, &received.body, known, now).is_ok()
}

async fn attempts(one: &Insurer, delivery: &str) -> Vec<Value> {
    let answer =
        get(&one.client, &format!("/insurer/v1/deliveries/{delivery}/attempts")).await.json("attempts").unwrap();
    answer["attempts"].as_array().unwrap().clone()
}

/// Waits until an attempt is written: the receiver knows of it before the database does.
async fn wait_for_attempts(one: &Insurer, delivery: &str, count: usize) -> Vec<Value> {
    for _ in 0..250 {
        let found = attempts(one, delivery).await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{count} attempts were not written");
}

/// A clock of the test's own, at the present, so that the machine's and the test's parties agree on tokens.
fn clock() -> Clock {
    Clock::test(Clock::system().now())
}

/// Moves the clock and gives everybody a new token.
async fn pass(test: &mut TestGateway, time: Duration) {
    test.clock.advance(time);
    for one in &mut test.world.insurers {
        must(one.client.authenticate().await);
    }
    must(test.world.hospital.authenticate().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_is_told_at_once_by_a_thin_signed_event() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Status(204)).await;
    let known = [endpoint(&test, test.life(), &receiver, Content::Event).await];
    assert_eq!(test.push(&bytes(&case("HOOK-1")), &[]).await.status, 201);
    let received = receiver.wait_for(1).await.remove(0);
    assert!(genuine(&received, &known, test.clock.now()));
    let event: WebhookEvent = serde_json::from_slice(&received.body).unwrap();
    let envelope = pull_all(&test.life().client, 1).await.remove(0);
    assert_eq!((&event.data.delivery_id, event.data.position), (&envelope.id, envelope.position));
    assert_eq!((&event.data.submission_id, event.data.line), (&envelope.submission_id, envelope.line));
    assert_eq!(received.header("webhook-id"), format!("{}_ready", envelope.id));
    // Nothing of the patient or the treatment is in it: ids and words alone.
    assert!(received.body.len() < 600);
    let text = String::from_utf8(received.body).unwrap();
    for personal in ["A123456789", "王", "S52", "1199990014"] {
        assert!(!text.contains(personal), "{personal}");
    }
    let made = wait_for_attempts(test.life(), &envelope.id, 1).await.remove(0);
    assert_eq!((&made["status"], &made["fault"], &made["number"]), (&json!(204), &Value::Null, &json!(1)));
    // The other insurer has no endpoint and pulls as before.
    assert_eq!(pull_all(&test.nonlife().client, 1).await.len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_down_for_six_days_gets_everything_afterwards_under_the_same_id() {
    let mut test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Status(500)).await;
    let known = [endpoint(&test, test.life(), &receiver, Content::Event).await];
    test.push(&bytes(&case("DOWN-1")), &[]).await;
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    // 5 s, 5 min, 30 min, 2 h, 5 h, then every 10 h: with the latest of the jitter each is surely due.
    let waits = [6, 360, 2_160, 8_640, 21_600].into_iter().chain(std::iter::repeat_n(43_200, 10));
    let mut count = 1;
    receiver.wait_for(count).await;
    let began = test.clock.now();
    for seconds in waits {
        wait_for_attempts(test.life(), &delivery, count).await;
        pass(&mut test, Duration::from_secs(seconds)).await;
        count += 1;
        receiver.wait_for(count).await;
    }
    wait_for_attempts(test.life(), &delivery, count).await;
    let days = test.clock.now().duration_since(began).as_hours() / 24;
    assert!((5..7).contains(&days), "{days}");
    receiver.does([], Act::Status(200));
    pass(&mut test, Duration::from_hours(13)).await;
    let received = receiver.wait_for(count + 1).await;
    let made = wait_for_attempts(test.life(), &delivery, count + 1).await;

    let mut ids: Vec<&str> = received.iter().map(|one| one.header("webhook-id")).collect();
    let mut times: Vec<&str> = received.iter().map(|one| one.header("webhook-timestamp")).collect();
    ids.dedup();
    times.dedup();
    assert_eq!((ids.len(), times.len()), (1, received.len()));
    assert!(genuine(received.last().unwrap(), &known, test.clock.now()));
    assert!(!genuine(&received[0], &known, test.clock.now()), "an old attempt is stale");
    assert!(made[..count].iter().all(|one| one["status"] == 500 && one["fault"] == "recipient"));
    assert_eq!(made.last().unwrap()["fault"], Value::Null);
    // The sender sees the same trace under the same delivery id.
    let claim = pull_all(&test.life().client, 1).await.remove(0).claim_id;
    let sent =
        get(&test.world.hospital, &format!("/hospital/v1/claims/{claim}/deliveries")).await.json("sent").unwrap();
    let ours = sent["deliveries"].as_array().unwrap().iter().find(|one| one["id"] == delivery.as_str()).unwrap();
    assert_eq!(ours["attempts"], json!(made));
    let shown = get(&test.life().client, "/insurer/v1/endpoint").await.json("endpoint").unwrap();
    assert_eq!((&shown["state"], &shown["waiting"], &shown["failures"]), (&json!("on"), &json!(0), &json!(0)));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_seven_days_an_endpoint_is_off_pulling_stays_and_one_call_brings_everything() {
    let mut test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Slam).await;
    let known = [endpoint(&test, test.life(), &receiver, Content::Event).await];
    test.push(&bytes(&case("OFF-1")), &[]).await;
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    wait_for_attempts(test.life(), &delivery, 1).await;
    pass(&mut test, Duration::from_hours(7 * 24)).await;
    let made = wait_for_attempts(test.life(), &delivery, 2).await;
    assert_eq!(made[1]["fault"], "network");
    let shown = get(&test.life().client, "/insurer/v1/endpoint").await.json("endpoint").unwrap();
    assert_eq!((&shown["state"], &shown["waiting"]), (&json!("failing"), &json!(1)));
    let failing = test.world.gateway.app.engine.store.endpoints_failing().await.unwrap();
    assert_eq!(failing, [id(test.life())]);

    // While it is off, pulling works and what comes is kept for it.
    test.push(&bytes(&case("OFF-2")), &[]).await;
    pull_all(&test.life().client, 2).await;
    let before = receiver.received().len();
    pass(&mut test, Duration::from_hours(24)).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(receiver.received().len(), before, "nothing is sent to an endpoint that is off");

    receiver.does([], Act::Status(200));
    let answer = post(&test.life().client, "/insurer/v1/endpoint/redrive", &json!({ "open": true })).await;
    assert_eq!(answer.json("redrive").unwrap()["state"], "on");
    let received = receiver.wait_for(before + 2).await;
    assert!(received[before..].iter().all(|one| genuine(one, &known, test.clock.now())));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn liars_are_told_apart_and_none_slows_the_other_insurer() {
    let mut test = TestGateway::start_with(clock()).await;
    let (bad, good) = (Receiver::start(Act::Silence).await, Receiver::start(Act::Status(200)).await);
    let inside = Receiver::start(Act::Status(200)).await;
    endpoint(&test, test.life(), &bad, Content::Event).await;
    endpoint(&test, test.nonlife(), &good, Content::Event).await;
    let moved = format!("HTTP/1.1 301 Moved\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", inside.url());
    let page = "<h1>系統錯誤</h1> customer A123456789 王小明 ".repeat(40);
    let huge = format!("HTTP/1.1 500 Oops\r\nContent-Length: 1073741824\r\n\r\n{page}");
    let acts = [
        Act::Raw(moved.into_bytes()),
        Act::Raw(huge.into_bytes()),
        Act::Raw(b"\x15\x03\x03\x00\x02\x02\x28 no http at all\r\n\r\n".to_vec()),
        Act::Slam,
        Act::Raw(b"HTTP/1.1 429 Slow\r\nRetry-After: 999999999\r\nContent-Length: 0\r\n\r\n".to_vec()),
    ];
    let count = acts.len();
    bad.does(acts, Act::Status(200));
    test.push(&bytes(&case("LIAR-1")), &[]).await;
    good.wait_for(1).await;
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    for tries in 1..=count {
        bad.wait_for(tries).await;
        wait_for_attempts(test.life(), &delivery, tries).await;
        pass(&mut test, Duration::from_hours(13)).await;
    }
    let made = wait_for_attempts(test.life(), &delivery, count + 1).await;
    let told: Vec<(Option<i64>, Option<&str>)> =
        made.iter().map(|one| (one["status"].as_i64(), one["fault"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(301), Some("recipient")),
            (Some(500), Some("recipient")),
            (None, Some("network")),
            (None, Some("network")),
            (Some(429), Some("recipient")),
            (Some(200), None),
        ]
    );
    assert_eq!(inside.received().len(), 0, "a redirect is not followed");
    let words = made[1]["answer"].as_str().unwrap();
    assert!(words.contains("customer") && !words.contains("A123456789") && !words.contains('王'), "{words}");
    assert!(words.chars().count() <= 1_024);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_endpoint_holds_up_only_itself_and_a_410_stops_it() {
    let test = TestGateway::start().await;
    let (bad, good) = (Receiver::start(Act::Silence).await, Receiver::start(Act::Status(200)).await);
    endpoint(&test, test.life(), &bad, Content::Event).await;
    endpoint(&test, test.nonlife(), &good, Content::Event).await;
    for number in 0..20 {
        test.push(&bytes(&case(&format!("SLOW-{number}"))), &[]).await;
    }
    good.wait_for(20).await;
    // No more than the configured number are in hand at the silent one.
    assert!(bad.received().len() <= 8, "{}", bad.received().len());
    let gone = Receiver::start(Act::Status(410)).await;
    endpoint(&test, test.nonlife(), &gone, Content::Event).await;
    let told_again = gone.wait_for(1).await.len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let shown = get(&test.nonlife().client, "/insurer/v1/endpoint").await.json("endpoint").unwrap();
    assert_eq!(shown["state"], "gone");
    assert!(told_again <= 8 && gone.received().len() <= 8);
    let before = gone.received().len();
    test.push(&bytes(&case("SLOW-99")), &[]).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(gone.received().len(), before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_of_a_claim_are_told_in_order_and_a_failed_one_holds_the_next() {
    let mut test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Status(200)).await;
    receiver.does([Act::Status(503)], Act::Status(200));
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    let first = case("ORDER-1");
    test.push(&bytes(&first), &[]).await;
    receiver.wait_for(1).await;
    let mut second = first;
    let claim = claimgate_tests::bundles::resource(&mut second, "Condition");
    claim["note"] = json!([{ "text": "複診" }]);
    claim["code"]["text"] = json!("右側橈骨遠端骨折（複診）");
    assert_eq!(test.push(&bytes(&second), &[]).await.status, 201);
    let pulled = pull_all(&test.life().client, 2).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(receiver.received().len(), 1, "the next revision waits for the one before");
    wait_for_attempts(test.life(), &pulled[0].id, 1).await;
    pass(&mut test, Duration::from_secs(7)).await;
    let received = receiver.wait_for(3).await;
    let ids: Vec<&str> = received.iter().map(|one| one.header("claimgate-delivery-id")).collect();
    assert_eq!(ids, [&pulled[0].id, &pulled[0].id, &pulled[1].id]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packet_itself_can_be_pushed_and_a_withdrawn_one_never_leaves() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Status(200)).await;
    let known = [endpoint(&test, test.life(), &receiver, Content::Packet).await];
    test.push(&bytes(&case("PACKET-1")), &[]).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert!(genuine(&received, &known, test.clock.now()));
    assert_eq!(received.header("content-type"), "application/jose");
    let envelope = pull_all(&test.life().client, 1).await.remove(0);
    let trust = insurer::trusted_keys(&test.life().client).await.unwrap();
    let one = test.life();
    let sealed = std::str::from_utf8(&received.body).unwrap();
    let opened = insurer::verify(&one.client, (sealed, &envelope), &one.keys, &trust, test.clock.now());
    assert!(opened.is_ok(), "{opened:?}");
    // A push of the packet is a fetch: it left, and can be acknowledged.
    let ack = post(&one.client, &format!("/insurer/v1/deliveries/{}/ack", envelope.id), &json!({})).await;
    assert_eq!(ack.status, 200);

    let engine = &test.world.gateway.app.engine;
    engine.switch_endpoint(&id(one), false).await.unwrap();
    test.push(&bytes(&case("PACKET-2")), &[]).await;
    let second = pull_all(&one.client, 2).await.remove(1);
    let hospital: PartyId = test.world.hospital.id().parse().unwrap();
    engine.set_consent(&hospital, None).await.unwrap();
    engine.switch_endpoint(&id(one), true).await.unwrap();
    let made = wait_for_attempts(one, &second.id, 1).await;
    assert!(made[0]["answer"].as_str().unwrap().starts_with("withdrawn"), "{}", made[0]);
    assert_eq!(receiver.received().iter().filter(|one| one.header("content-type") == "application/jose").count(), 1);
    // That it was withdrawn is told, thin.
    let told = receiver.wait_for(2).await.remove(1);
    assert_eq!(told.header("claimgate-event"), "delivery.withdrawn");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_old_and_new_key_both_verify_and_afterwards_only_the_new() {
    let mut test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Status(200)).await;
    let old = [endpoint(&test, test.life(), &receiver, Content::Event).await];
    let party = id(test.life());
    let text = test.world.gateway.app.engine.rotate_endpoint_key(&party, Scheme::Hmac).await.unwrap();
    let new = [Verifier::parse(&text).unwrap()];
    test.push(&bytes(&case("ROTATE-1")), &[]).await;
    let first = receiver.wait_for(1).await.remove(0);
    assert!(genuine(&first, &old, test.clock.now()) && genuine(&first, &new, test.clock.now()));
    pass(&mut test, Duration::from_hours(25)).await;
    test.push(&bytes(&case("ROTATE-2")), &[]).await;
    let second = receiver.wait_for(2).await.remove(1);
    assert!(!genuine(&second, &old, test.clock.now()) && genuine(&second, &new, test.clock.now()));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_hand_when_the_gateway_dies_is_sent_by_the_next_one() {
    let test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Silence).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    test.push(&bytes(&case("CRASH-1")), &[]).await;
    receiver.wait_for(1).await;
    let (engine, clock) = (test.world.gateway.app.engine.clone(), test.clock.clone());
    // Leased by the worker, which waits for the silent endpoint: nobody else gets it until the lease has run out.
    assert!(engine.due_pushes().await.unwrap().is_empty());
    clock.advance(Duration::from_secs(46));
    receiver.does([], Act::Status(200));
    if on_postgres() {
        // Leases run by the database's clock there.
        assert_eq!(test.kept().run("update webhook set lease_until = 1 where lease_until > 1").await, 1);
    }
    // Taken over by whoever comes first, the running worker or this one.
    for due in engine.due_pushes().await.unwrap() {
        engine.push(&due).await.unwrap();
    }
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    // The late one meets silence until its time is over, and then changes nothing any more.
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    let made = wait_for_attempts(test.life(), &delivery, 1).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(attempts(test.life(), &delivery).await, made);
    assert_eq!((made.len(), &made[0]["status"]), (1, &json!(200)));
    drop(engine);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redriving_by_time_position_or_id_keeps_the_ids_and_a_vague_wish_is_refused() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Status(200)).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    let one = test.life();
    for number in 0..3 {
        test.push(&bytes(&case(&format!("AGAIN-{number}"))), &[]).await;
    }
    let pulled = pull_all(&one.client, 3).await;
    receiver.wait_for(3).await;
    wait_for_attempts(one, &pulled[2].id, 1).await;
    open_all(one, 0, test.clock.now()).await;
    post(&one.client, &format!("/insurer/v1/deliveries/{}/ack", pulled[0].id), &json!({})).await;

    let again = |body: Value| async move { post(&one.client, "/insurer/v1/endpoint/redrive", &body).await };
    assert_eq!(again(json!({ "after": 2 })).await.status, 200);
    assert_eq!(receiver.wait_for(4).await[3].header("claimgate-delivery-id"), pulled[2].id);
    let single = post(&one.client, &format!("/insurer/v1/deliveries/{}/redrive", pulled[0].id), &json!({})).await;
    assert_eq!(single.status, 200);
    assert_eq!(receiver.wait_for(5).await[4].header("webhook-id"), format!("{}_ready", pulled[0].id));
    wait_for_attempts(one, &pulled[0].id, 2).await;
    assert_eq!(again(json!({ "open": true })).await.status, 200);
    receiver.wait_for(7).await;
    wait_for_attempts(one, &pulled[2].id, 3).await;
    assert_eq!(again(json!({ "from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z" })).await.status, 200);
    assert_eq!(again(json!({ "from": "2020-01-01T00:00:00Z" })).await.status, 200);
    receiver.wait_for(10).await;
    for vague in [
        json!({}),
        json!({ "open": false }),
        json!({ "after": 1, "open": true }),
        json!({ "to": "2020-01-01T00:00:00Z" }),
    ] {
        let refused = again(vague.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json("p").unwrap()["code"]),
            (422, &json!("redrive.which")),
            "{vague}"
        );
    }
    assert_eq!(again(json!({ "after": -1 })).await.status, 422);
    // Another insurer's delivery is not there, and without an endpoint there is nothing to redrive.
    let theirs =
        post(&test.nonlife().client, &format!("/insurer/v1/deliveries/{}/redrive", pulled[0].id), &json!({})).await;
    assert_eq!(theirs.status, 404);
    let none = post(&test.nonlife().client, "/insurer/v1/endpoint/redrive", &json!({ "open": true })).await;
    assert_eq!((none.status.as_u16(), &none.json("p").unwrap()["code"]), (404, &json!("endpoint.none")));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_inside_is_refused_when_it_is_named_and_keys_rest_encrypted() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let party = id(test.life());
    for url in [
        "http://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://db.internal/",
        "https://user@x.example.tw/",
        "x",
    ] {
        let refused =
            engine.set_endpoint(&party, url, (Content::Event, Scheme::Ed25519)).await.unwrap_err().to_string();
        assert!(!refused.contains("10.0.0.1") && !refused.contains("example"), "{refused}");
    }
    let receiver = Receiver::start(Act::Status(200)).await;
    let secret = engine.set_endpoint(&party, receiver.url(), (Content::Event, Scheme::Hmac)).await.unwrap();
    let hospital: PartyId = test.world.hospital.id().parse().unwrap();
    assert!(engine.set_endpoint(&hospital, receiver.url(), (Content::Event, Scheme::Hmac)).await.is_err());
    let secret = secret.to_string();
    let kept = test.stop().await;
    let core = secret.trim_start_matches("whsec_").trim_end_matches('=');
    assert!(!kept.holds(core.as_bytes()).await);
}
