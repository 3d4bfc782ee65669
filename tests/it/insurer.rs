//! The insurer's side: a repeatable log, a pull that waits, acknowledgement, status.

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, open_all, post, pull_all};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_repeatable_and_pages() {
    let test = TestGateway::start().await;
    for number in 0..5 {
        assert_eq!(test.push(&bytes(&case(&format!("LOG-{number}"))), &[]).await.status, 201);
    }
    // All five have their places: an envelope names what stands on the same receipt, as far as it is there.
    must(test.world.gateway.app.engine.store.sequence().await);
    let client = &test.life().client;
    let all = pull_all(client, 5).await;
    assert_eq!(all.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(must(insurer::pull(client, 0, 0).await), all);
    let page = get(client, "/insurer/v1/deliveries?after=2&limit=2").await.json("page").unwrap();
    assert_eq!(page["deliveries"][0]["position"], 3);
    assert_eq!((&page["next_after"], &page["more"]), (&json!(4), &json!(true)));
    for wrong in ["limit=0", "limit=100000", "after=-1", "wait=61", "state=lost", "x=1", "after=a"] {
        let answer = get(client, &format!("/insurer/v1/deliveries?{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.json("problem").unwrap()["code"], "query.invalid");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_pull_is_answered_when_something_comes() {
    let test = TestGateway::start().await;
    let body = bytes(&case("WAIT-1"));
    let push = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        test.push(&body, &[]).await
    };
    let (found, pushed) = tokio::join!(insurer::pull(&test.life().client, 0, 20), push);
    assert_eq!(pushed.status, 201);
    assert_eq!(must(found).len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_settles_once() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("ACK-1")), &[]).await;
    let one = test.life();
    let (envelope, opened) = open_all(one, 0, test.clock.now()).await.pop().unwrap();
    let path = format!("/insurer/v1/deliveries/{}/ack", envelope.id);

    let foreign = "A".repeat(43);
    let mismatch = post(&one.client, &path, &json!({ "presentation_digest": foreign })).await;
    assert_eq!(
        (mismatch.status.as_u16(), &mismatch.json("p").unwrap()["code"]),
        (409, &json!("delivery.digest-mismatch"))
    );
    let body = json!({ "result": "accepted", "presentation_digest": opened.presentation_digest });
    let first = post(&one.client, &path, &body).await.json("ack").unwrap();
    assert_eq!(first["state"], "acknowledged");
    assert_eq!(post(&one.client, &path, &body).await.json("ack").unwrap(), first);
    assert_eq!(post(&one.client, &path, &json!({ "result": "rejected" })).await.status, 409);
    assert_eq!(post(&one.client, &path, &json!({ "reslt": "rejected" })).await.status, 422);

    let open = get(&one.client, "/insurer/v1/deliveries?state=open").await.json("open").unwrap();
    assert_eq!(open["deliveries"], json!([]));
    let all = must(insurer::pull(&one.client, 0, 0).await);
    assert_eq!(all.first().and_then(|envelope| envelope.acknowledgement.as_deref()), Some("accepted"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_is_fetched_before_and_as_often_as_wanted_after_its_acknowledgement() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("ACK-2")), &[]).await;
    let client = &test.life().client;
    let envelope = must(insurer::pull(client, 0, 5).await).pop().unwrap();
    let path = format!("/insurer/v1/deliveries/{}", envelope.id);
    let early = post(client, &format!("{path}/ack"), &json!({})).await;
    assert_eq!((early.status.as_u16(), &early.json("p").unwrap()["code"]), (409, &json!("delivery.not-fetched")));
    assert_eq!(get(client, &path).await.status, 200);
    assert_eq!(post(client, &format!("{path}/ack"), &json!({})).await.status, 200);
    assert_eq!(get(client, &path).await.status, 200);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_insurer_could_not_open_is_sent_again() {
    let test = TestGateway::start().await;
    let bundle = bytes(&case("ACK-3"));
    test.push(&bundle, &[]).await;
    let one = test.life();
    let (envelope, _) = open_all(one, 0, test.clock.now()).await.pop().unwrap();
    let path = format!("/insurer/v1/deliveries/{}/ack", envelope.id);
    assert_eq!(post(&one.client, &path, &json!({ "result": "rejected" })).await.status, 200);
    let mut again = case("ACK-3");
    again["timestamp"] = json!("2026-11-23T11:00:00+08:00");
    assert_eq!(test.push(&bytes(&again), &[]).await.header("etag"), Some("W/\"2\""));
    let (envelope, opened) = open_all(one, 1, test.clock.now()).await.pop().unwrap();
    assert_eq!((envelope.revision, opened.recipient.revision), (2, 2));
    assert_eq!(must(insurer::pull(&test.nonlife().client, 1, 0).await), [], "the other had opened it");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_follows_the_state_machine() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("STATUS-1")), &[]).await;
    let client = &test.life().client;
    let envelope = must(insurer::pull(client, 0, 5).await).pop().unwrap();
    let path = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
    let report = async |state: &str| post(client, &path, &json!({ "state": state, "number": "L-1" })).await;

    assert_eq!(report("paid").await.status, 409);
    for state in ["received", "received", "in-review", "supplement-requested", "in-review", "accepted", "paid"] {
        let answer = report(state).await;
        assert_eq!(answer.status, 200, "{state}");
        assert_eq!(answer.json("submission").unwrap()["state"], state);
    }
    let unknown = report("lost").await;
    assert_eq!((unknown.status.as_u16(), &unknown.json("p").unwrap()["pointer"]), (422, &json!("/state")));
    assert_eq!(post(client, &path, &json!({ "state": "closed", "note": "x".repeat(1_001) })).await.status, 422);
    assert_eq!(report("closed").await.status, 200);
    assert_eq!(report("in-review").await.status, 409);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_packet_carries_its_digest() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("DIGEST-1")), &[]).await;
    let client = &test.life().client;
    let envelope = must(insurer::pull(client, 0, 5).await).pop().unwrap();
    let fetched = get(client, &format!("/insurer/v1/deliveries/{}", envelope.id)).await;
    assert_eq!(fetched.header("content-type"), Some("application/jose"));
    assert_eq!(claimgate_packet::jose::digest::sha256_text(&fetched.body), envelope.digest);
    assert!(fetched.header("content-digest").unwrap().starts_with("sha-256=:"));
    assert_eq!(i64::try_from(fetched.body.len()).unwrap(), envelope.bytes);
    test.stop().await;
}
