//! Told of what happens: app backends by webhooks, signed and tried again as insurers' are; people by mail, once they have
//! confirmed their address, and no more when they say so.

use std::collections::BTreeMap;
use std::time::Duration;

use claimgate_adapters::insurer::webhook::{ClaimEvent, EventKind, Scheme, Verifier, verify};
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::sandbox::app;
use claimgate_tests::TestGateway;
use claimgate_tests::gateway::{get, must, post};
use claimgate_tests::receiver::{Act, Received, Receiver};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, by_link, pushed};
use crate::alerts::Post;
use crate::page::Browser;

fn event(received: &Received) -> ClaimEvent {
    serde_json::from_slice(&received.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_told_of_its_claims_signed_in_order_and_again_where_it_failed() {
    let test = TestGateway::start_with(Clock::test(Clock::system().now())).await;
    let receiver = Receiver::start(Act::Status(200)).await;
    let engine = &test.world.gateway.app.engine;
    let party = test.world.app.id().parse().unwrap();
    let packets = engine.set_endpoint(&party, receiver.url(), (Content::Packet, Scheme::Ed25519)).await;
    assert!(packets.is_err(), "no packets for an app");
    assert_eq!(get(&test.world.app, "/claims/v1/endpoint").await.status, 404);
    let key = must(engine.set_endpoint(&party, receiver.url(), (Content::Event, Scheme::Ed25519)).await);
    let known = [Verifier::parse(&key).unwrap()];

    // A claim of somebody else is not told of; from the link on, every entry is.
    let (_, _, _) = pushed(&test, "TOLD-0").await;
    let (claim, code, [life, _]) = pushed(&test, "TOLD-1").await;
    assert!(receiver.received().is_empty());
    must(app::link(&test.world.app, &code).await);
    let watch = Clock::system();
    let began = watch.elapsed();
    ask(&test.life().client, &life, &["bank-account"]).await;
    let told = receiver.wait_for(2).await;
    let took = watch.elapsed().saturating_sub(began);
    println!("webhook to the app: {} ms after the request was sent (limit 1000)", took.as_millis());
    // A machine that does much beside it may take longer; an idle one never does.
    assert!(took < Duration::from_secs(5), "{took:?}");
    let events: Vec<ClaimEvent> = told.iter().map(event).collect();
    let names: Vec<&str> = events.iter().map(|one| one.data.event.as_str()).collect();
    assert_eq!(names, ["submission.status", "submission.request"]);
    for (received, one) in told.iter().zip(&events) {
        let head =
            (received.header("webhook-id"), received.header("webhook-timestamp"), received.header("webhook-signature"));
        assert!(verify(head, &received.body, &known, test.clock.now()).is_ok());
        assert_eq!((one.kind, one.data.claim_id.as_str()), (EventKind::ClaimEvent, claim.as_str()));
        assert_eq!(received.header("claimgate-event"), "claim.event");
        assert_eq!(received.header("claimgate-delivery-id"), "");
    }
    assert_eq!(events[1].data.position, events[0].data.position + 1);

    // One that fails waits, keeps the order, and is told again when asked for.
    receiver.does([Act::Status(500)], Act::Status(200));
    super::hand_in_bank_account(&test, &claim).await;
    receiver.wait_for(3).await;
    let waiting = |shown: &Value| shown["waiting"].as_i64().unwrap();
    let shown = get(&test.world.app, "/claims/v1/endpoint").await.json("endpoint").unwrap();
    assert!(waiting(&shown) > 0 && shown["state"] == "on", "{shown}");
    let refused = post(&test.world.app, "/claims/v1/endpoint/redrive", &json!({ "after": 1 })).await;
    assert_eq!(refused.status, 422);
    let again = post(&test.world.app, "/claims/v1/endpoint/redrive", &json!({ "open": true })).await;
    assert_eq!(again.status, 200, "{}", String::from_utf8_lossy(&again.body));
    let all = receiver.wait_for(4).await;
    assert_eq!(all[2].header("webhook-id"), all[3].header("webhook-id"), "the same message again");
    for _ in 0..200 {
        let shown = get(&test.world.app, "/claims/v1/endpoint").await.json("endpoint").unwrap();
        if waiting(&shown) == 0 {
            test.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("messages wait still");
}

/// A gateway that mails to this server.
async fn mailing(post: &Post) -> TestGateway {
    let settings = [
        ("CLAIMGATE_MAIL__HOST", "localhost".to_owned()),
        ("CLAIMGATE_MAIL__PORT", post.port.to_string()),
        ("CLAIMGATE_MAIL__FROM", "claimgate@gateway.example".to_owned()),
        ("CLAIMGATE_MAIL__TLS", "none".to_owned()),
    ];
    TestGateway::start_with_settings(Clock::test(Clock::system().now()), &settings).await
}

/// The link to the address in a mail.
fn link(test: &TestGateway, mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let base = test.world.gateway.base_url();
    let start = text.find(&format!("{base}/owner/mail/")).unwrap();
    text[start + base.len()..].split_whitespace().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_told_once_it_is_confirmed_and_no_more_when_it_says_so() {
    let mails = Post::start(0, &[]);
    let test = mailing(&mails).await;
    let (claim, code, [life, nonlife]) = pushed(&test, "TOLD-2").await;
    must(app::link(&test.world.app, &code).await);
    let (mut browser, page, _) = by_link(&test, &claim).await;
    let token = page.token();
    let mut note = BTreeMap::from([("token", token.as_str()), ("step", "address"), ("email", "wang@mail example")]);
    assert_eq!(browser.send("/owner", &note).await.status, 422, "no address");
    note.insert("email", "wang.xiaoming@mail.example");
    let noted = browser.send("/owner", &note).await;
    assert!(noted.text.contains("press Confirm") && noted.text.contains("w…@mail.example"), "{}", noted.text);
    assert!(!noted.text.contains("wang.xiaoming"), "not shown whole");
    browser.send("/owner", &note).await;
    let asked = mails.wait_for(1).await;
    let confirm = link(&test, &asked[0]);

    // Nothing is told before it is confirmed; looking at the link, as scanners do, is no confirmation.
    ask(&test.life().client, &life, &["bank-account"]).await;
    let mut reader = Browser::new(&test);
    let (looked, _) = reader.go(Method::GET, &confirm, None).await;
    assert!(looked.status == 200 && looked.text.contains("value=\"confirm\""));
    assert_eq!(reader.go(Method::GET, "/owner/mail/oml_x.y", None).await.0.status, 404);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(mails.wait_for(1).await.len(), 1, "one mail, though it was asked for twice");
    assert!(reader.send(&confirm, &BTreeMap::from([("step", "confirm")])).await.text.contains("Confirmed"));

    let watch = Clock::system();
    let began = watch.elapsed();
    ask(&test.nonlife().client, &nonlife, &["bank-account"]).await;
    let told = mails.wait_for(2).await;
    let took = watch.elapsed().saturating_sub(began);
    println!("mail to the owner: {} ms after the request was sent (limit 1000)", took.as_millis());
    // A machine that does much beside it may take longer; an idle one never does.
    assert!(took < Duration::from_secs(5), "{took:?}");
    let mail = &told[1];
    assert_eq!(mail["to"], json!(["wang.xiaoming@mail.example"]));
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("An insurer asks for papers") && text.contains("保險公司要求補件"), "{text}");
    let short = claim[claim.len() - 6..].to_uppercase();
    assert!(text.contains(&short) && !text.contains(&claim), "{text}");
    for word in ["insurer-", "王小明", "人壽", "產險"] {
        assert!(!text.contains(word) && !mail["subject"].to_string().contains(word), "{word}: {text}");
    }
    assert!(!test.kept().holds(b"wang.xiaoming").await, "sealed in the database");

    // Taken off: nothing is kept of it, and nothing is sent.
    assert!(reader.send(&confirm, &BTreeMap::from([("step", "remove")])).await.text.contains("forgotten"));
    assert_eq!(reader.go(Method::GET, &confirm, None).await.0.status, 404);
    super::hand_in_bank_account(&test, &claim).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(mails.wait_for(2).await.len(), 2);
    test.stop().await;
}
