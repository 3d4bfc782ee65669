//! What has not left yet leaves no more once the hospital drops its recipient's coverage or takes the case back; whoever
//! holds something is told all the same, with or without a packet.

use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{get, open_all, post};
use serde_json::{Value, json};

/// What waits for an insurer, not fetched: id and state of each delivery.
async fn waiting(one: &Insurer) -> Vec<(String, u16)> {
    let list = get(&one.client, "/insurer/v1/deliveries").await.json("list").unwrap();
    let mut seen = Vec::new();
    for delivery in list["deliveries"].as_array().unwrap() {
        let id = delivery["id"].as_str().unwrap().to_owned();
        let fetched = get(&one.client, &format!("/insurer/v1/deliveries/{id}")).await;
        seen.push((id, fetched.status.as_u16()));
    }
    seen
}

/// The same case without the coverage named last, which is the non-life insurer's.
fn without_nonlife(number: &str) -> Value {
    let mut bundle = case(number);
    let entries = bundle["entry"].as_array_mut().unwrap();
    let last = entries.iter().rposition(|it| it["resource"]["resourceType"] == "Coverage").unwrap();
    let gone = entries.remove(last);
    let insurance = resource(&mut bundle, "Claim")["insurance"].as_array_mut().unwrap();
    insurance.retain(|one| one["coverage"]["reference"] != gone["fullUrl"]);
    bundle
}

fn voided(number: &str) -> Vec<u8> {
    let mut bundle = case(number);
    resource(&mut bundle, "Composition")["status"] = json!("entered-in-error");
    bytes(&bundle)
}

async fn taken(test: &TestGateway, body: &[u8]) {
    let pushed = test.push(body, &[]).await;
    assert!(pushed.status.is_success(), "{}", String::from_utf8_lossy(&pushed.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_revision_drops_and_nobody_fetched_leaves_no_more() {
    let test = TestGateway::start().await;
    taken(&test, &bytes(&case("RECALL-1"))).await;
    taken(&test, &bytes(&without_nonlife("RECALL-1"))).await;
    assert!(waiting(test.nonlife()).await.iter().all(|(_, status)| *status == 410), "withdrawn before it left");
    assert!(waiting(test.life()).await.iter().any(|(_, status)| *status == 200), "the other one is meant still");
    // Named again, it gets the whole again.
    let mut again = case("RECALL-1");
    again["timestamp"] = json!("2026-11-23T09:57:00+08:00");
    taken(&test, &bytes(&again)).await;
    // Waits for what comes after the one that was withdrawn.
    assert_eq!(open_all(test.nonlife(), 1, test.clock.now()).await.len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_taken_back_before_anybody_fetched_it_never_leaves() {
    let test = TestGateway::start().await;
    taken(&test, &bytes(&case("RECALL-2"))).await;
    // One holds it, the other does not.
    assert_eq!(open_all(test.life(), 0, test.clock.now()).await.len(), 1);
    taken(&test, &voided("RECALL-2")).await;
    let told = open_all(test.life(), 1, test.clock.now()).await;
    assert_eq!(told.len(), 1, "it is told that the case is taken back");
    let of_nonlife: Vec<u16> = waiting(test.nonlife()).await.into_iter().map(|(_, status)| status).collect();
    assert!(of_nonlife.iter().all(|status| *status == 410), "nothing of it is left to fetch: {of_nonlife:?}");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_holder_that_decided_sees_the_flag_and_on_what() {
    let test = TestGateway::start().await;
    taken(&test, &bytes(&case("RECALL-3"))).await;
    let (envelope, _) = open_all(test.nonlife(), 0, test.clock.now()).await.pop().unwrap();
    let path = format!("/insurer/v1/submissions/{}", envelope.submission_id);
    let client = &test.nonlife().client;
    let decided = post(client, &format!("{path}/status"), &json!({ "state": "accepted" })).await;
    assert_eq!(decided.status, 200, "{}", String::from_utf8_lossy(&decided.body));
    test.clock.advance(std::time::Duration::from_mins(1));
    // Its coverage is gone, and the certificate it decided on is withdrawn.
    let mut second = without_nonlife("RECALL-3");
    for entry in second["entry"].as_array_mut().unwrap() {
        if entry["resource"]["resourceType"] == "Condition" {
            entry["resource"]["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
        }
    }
    taken(&test, &bytes(&second)).await;
    let seen = get(client, &path).await.json("submission").unwrap();
    assert_eq!(seen["flags"][0]["flag"], "decided-on-withdrawn-evidence", "{seen}");
    assert_eq!(seen["flags"][0]["documents"][0]["type"], "diagnosis-certificate", "{seen}");
    test.stop().await;
}
