//! What comes late, or never: closed doors, old addresses, a rest that was asked for.

use claimgate_gateway::core::retention::Ground;
use claimgate_gateway::flows::registry::Operator;
use claimgate_gateway::flows::retention::Decided;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_met_a_closed_door_has_not_left_and_needs_consent_again() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let life = test.life();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    engine.set_endpoint(&id(life), &closed, (Content::Packet, Scheme::Ed25519)).await.unwrap();
    let pushed = test.push(&bytes(&case("DOOR-1")), &[]).await;
    let envelope = pull_all(&life.client, 1).await.remove(0);
    let made = wait_for_attempts(life, &envelope.id, 1).await;
    assert_eq!(made[0]["fault"], "network", "{}", made[0]);
    let claim = pushed.header("claimgate-claim-id").unwrap();
    let sent = get(&test.world.hospital, &format!("/hospital/v1/claims/{claim}/deliveries")).await;
    let sent: Value = sent.json("deliveries").unwrap();
    let sent = sent["deliveries"].as_array().unwrap().iter().find(|one| one["id"] == envelope.id.as_str()).unwrap();
    assert_eq!(sent["fetched"], Value::Null, "nothing has gone out: {sent:#}");
    let ack = post(&life.client, &format!("/insurer/v1/deliveries/{}/ack", envelope.id), &json!({})).await;
    assert_eq!((ack.status.as_u16(), &ack.json("p").unwrap()["code"]), (409, &json!("delivery.not-fetched")));

    let hospital: PartyId = test.world.hospital.id().parse().unwrap();
    engine.set_consent(&hospital, None).await.unwrap();
    let receiver = Receiver::start(Act::Status(200)).await;
    endpoint(&test, life, &receiver, Content::Packet).await;
    let told = receiver.wait_for(1).await.remove(0);
    assert_eq!(told.header("claimgate-event"), "delivery.withdrawn");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_while_an_attempt_knocks_has_left_whatever_the_attempt_meets() {
    let test = TestGateway::start().await;
    let engine = &test.world.gateway.app.engine;
    let life = test.life();
    // A door that opens, and shuts before a word of TLS is said.
    let door = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", door.local_addr().unwrap());
    engine.set_endpoint(&id(life), &url, (Content::Packet, Scheme::Ed25519)).await.unwrap();
    let pushed = test.push(&bytes(&case("DOOR-2")), &[]).await;
    let envelope = pull_all(&life.client, 1).await.remove(0);
    let (knocking, _) = door.accept().await.unwrap();
    must(insurer::fetch(&life.client, &envelope.id).await);
    drop(knocking);
    let made = wait_for_attempts(life, &envelope.id, 1).await;
    assert_eq!(made[0]["fault"], "network", "{}", made[0]);

    let claim = pushed.header("claimgate-claim-id").unwrap();
    let sent = get(&test.world.hospital, &format!("/hospital/v1/claims/{claim}/deliveries")).await;
    let sent: Value = sent.json("deliveries").unwrap();
    let sent = sent["deliveries"].as_array().unwrap().iter().find(|one| one["id"] == envelope.id.as_str()).unwrap();
    assert_ne!(sent["fetched"], Value::Null, "{sent:#}");
    let app = &test.world.app;
    let code = pushed.header("claimgate-tracking-code").unwrap();
    assert_eq!(post(app, "/claims/v1/links", &json!({ "tracking_code": code })).await.status, 201);
    let told: Value = get(app, &format!("/claims/v1/claims/{claim}/timeline")).await.json("timeline").unwrap();
    let told = told["timeline"].as_array().unwrap().iter().filter(|one| one["event"] == "delivery.fetched");
    assert_eq!(told.count(), 1, "the patient is told, and once");
    // Nobody takes back what the insurer holds.
    let hospital: PartyId = test.world.hospital.id().parse().unwrap();
    engine.set_consent(&hospital, None).await.unwrap();
    must(insurer::fetch(&life.client, &envelope.id).await);
    let ack = post(&life.client, &format!("/insurer/v1/deliveries/{}/ack", envelope.id), &json!({})).await;
    assert_eq!(ack.status, 200, "{}", String::from_utf8_lossy(&ack.body));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_itself_held_back_for_eight_days_goes_when_it_may() {
    let mut test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Status(200)).await;
    receiver.does([Act::Status(500)], Act::Status(200));
    endpoint(&test, test.life(), &receiver, Content::Packet).await;
    let pushed = test.push(&bytes(&case("HELD-1")), &[]).await;
    let claim = pushed.header("claimgate-claim-id").unwrap().parse().unwrap();
    let delivery = pull_all(&test.life().client, 1).await.remove(0).id;
    wait_for_attempts(test.life(), &delivery, 1).await;
    let engine = std::sync::Arc::clone(&test.world.gateway.app.engine);
    let alice = Operator::new("alice", &["alice".to_owned()], None).unwrap();
    let settings = &test.world.gateway.app.config.retention;
    let decided = engine.erase(&alice, claim, Ground::Disputed, settings).await.unwrap();
    assert!(matches!(decided, Decided::Restricted(_)), "{decided:?}");
    for (count, time) in [(2, Duration::from_secs(6)), (3, Duration::from_hours(8 * 24))] {
        pass(&mut test, time).await;
        let made = wait_for_attempts(test.life(), &delivery, count).await;
        assert_eq!(made[count - 1]["fault"], "gateway", "{made:?}");
    }
    engine.lift_restriction(&alice, claim).await.unwrap();
    assert_eq!(receiver.wait_for(2).await[1].header("claimgate-delivery-id"), delivery);
    let made = wait_for_attempts(test.life(), &delivery, 4).await;
    assert_eq!(made[3]["status"], 200, "{made:?}");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_told_at_once_and_the_old_ones_late_answer_changes_nothing() {
    let test = TestGateway::start().await;
    let life = test.life();
    let old = Receiver::start(Act::Silence).await;
    endpoint(&test, life, &old, Content::Event).await;
    test.push(&bytes(&case("MOVED-1")), &[]).await;
    old.wait_for(1).await;
    let new = Receiver::start(Act::Status(204)).await;
    endpoint(&test, life, &new, Content::Event).await;
    new.wait_for(1).await;
    let delivery = pull_all(&life.client, 1).await.remove(0).id;
    wait_for_attempts(life, &delivery, 1).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let shown: Value = get(&life.client, "/insurer/v1/endpoint").await.json("endpoint").unwrap();
    assert_eq!((&shown["state"], &shown["failures"], &shown["waiting"]), (&json!("on"), &json!(0), &json!(0)));
    assert_eq!(new.received().len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_that_was_asked_for_is_kept_whatever_another_attempt_meets() {
    let mut test = TestGateway::start_with(clock()).await;
    let receiver = Receiver::start(Act::Status(204)).await;
    endpoint(&test, test.life(), &receiver, Content::Event).await;
    // Two at once: the second asks for an hour's rest, then the first succeeds.
    let rest = b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n".to_vec();
    receiver.does([Act::Slow(Duration::from_millis(900)), Act::Raw(rest)], Act::Status(204));
    let cases = ["REST-1", "REST-2"].map(|name| bytes(&case(name)));
    for case in &cases {
        test.push(case, &[]).await;
    }
    receiver.wait_for(2).await;
    for envelope in pull_all(&test.life().client, 2).await {
        wait_for_attempts(test.life(), &envelope.id, 1).await;
    }
    test.push(&bytes(&case("REST-3")), &[]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(receiver.received().len(), 2, "nothing is sent during the rest");
    pass(&mut test, Duration::from_mins(61)).await;
    receiver.wait_for(4).await;
    test.stop().await;
}
