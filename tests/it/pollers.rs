//! Two programs of one insurer pull, fetch and acknowledge at once, while hospitals push.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use claimgate_adapters::insurer::Envelope;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, post};
use serde_json::json;

const CLAIMS: usize = 40;

/// Ids whose acknowledgement was answered, shared by both.
type Settled = Mutex<BTreeSet<String>>;

/// Takes whatever is open until everything is settled; how often it saw each delivery.
async fn poll(client: &PartyClient, settled: &Settled, bulk: bool) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    loop {
        // What was settled before the question may not stand in the answer.
        let before = settled.lock().unwrap().clone();
        if before.len() == CLAIMS {
            return seen;
        }
        let page = get(client, "/insurer/v1/deliveries?state=open&limit=7&wait=1").await.json("page").unwrap();
        let open: Vec<Envelope> = serde_json::from_value(page["deliveries"].clone()).unwrap();
        for one in &open {
            assert!(!before.contains(&one.id), "{} was listed as open after it was acknowledged", one.id);
            *seen.entry(one.id.clone()).or_default() += 1;
            assert_eq!(get(client, &format!("/insurer/v1/deliveries/{}", one.id)).await.status, 200);
            if !bulk {
                let answer = post(client, &format!("/insurer/v1/deliveries/{}/ack", one.id), &json!({})).await;
                assert_eq!(answer.status, 200, "the same acknowledgement of both is one");
                settled.lock().unwrap().insert(one.id.clone());
            }
        }
        if bulk && !open.is_empty() {
            let acks: Vec<_> = open.iter().map(|one| json!({ "delivery_id": one.id })).collect();
            let answer = post(client, "/insurer/v1/acks", &json!({ "acks": acks })).await.json("acks").unwrap();
            for outcome in answer["outcomes"].as_array().unwrap() {
                assert_eq!(outcome["status"], 200, "{outcome}");
                settled.lock().unwrap().insert(outcome["delivery_id"].as_str().unwrap().to_owned());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pollers_miss_nothing_and_see_nothing_again_that_was_acknowledged() {
    let test = TestGateway::start_without_limits().await;
    let settled = Settled::default();
    let client = &test.nonlife().client;
    let push = async {
        for number in 0..CLAIMS {
            assert_eq!(test.push(&bytes(&case(&format!("POLL-{number}"))), &[]).await.status, 201);
        }
    };
    let ((), one, other) = tokio::join!(push, poll(client, &settled, false), poll(client, &settled, true));
    let all: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    assert_eq!(all.len(), CLAIMS, "none is missing");
    let counts = test.counts().await;
    // The life insurer has acknowledged none of its own.
    assert_eq!((counts.deliveries, counts.open_deliveries), (2 * 40, 40));
    let page = get(client, "/insurer/v1/deliveries?limit=200").await.json("page").unwrap();
    let listed = page["deliveries"].as_array().unwrap();
    let positions: Vec<i64> = listed.iter().map(|one| one["position"].as_i64().unwrap()).collect();
    assert_eq!(positions, (1..=40).collect::<Vec<_>>());
    assert!(listed.iter().all(|one| one["state"] == "acknowledged"));
    test.stop().await;
}
