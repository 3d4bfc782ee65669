//! Status reports: every state against every report over HTTP, and what an `Idempotency-Key` keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::submission::{ALL, REPORTABLE, SubmissionState};
use claimgate_gateway::sandbox::client::Answer;
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, post, pull_all};
use reqwest::Method;
use serde_json::{Value, json};

/// How a state is reached from `sent`, by the shortest way the state machine has; none for one nobody reports.
fn ways() -> BTreeMap<&'static str, Vec<SubmissionState>> {
    let mut ways = BTreeMap::from([(SubmissionState::Sent.as_str(), Vec::new())]);
    let mut next = vec![SubmissionState::Sent];
    while let Some(from) = next.pop() {
        for to in from.successors() {
            if !ways.contains_key(to.as_str()) {
                let mut way = ways[from.as_str()].clone();
                way.push(*to);
                ways.insert(to.as_str(), way);
                next.insert(0, *to);
            }
        }
    }
    ways
}

fn path(submission: &str) -> String {
    format!("/insurer/v1/submissions/{submission}/status")
}

/// A new submission of the life insurer.
async fn submission(test: &TestGateway, number: &mut i64) -> String {
    *number += 1;
    assert_eq!(test.push(&bytes(&case(&format!("STATUS-{number}"))), &[]).await.status, 201);
    must(insurer::pull(&test.life().client, *number - 1, 5).await).remove(0).submission_id
}

async fn reached(test: &TestGateway, number: &mut i64, way: &[SubmissionState]) -> String {
    let id = submission(test, number).await;
    for step in way {
        assert_eq!(post(&test.life().client, &path(&id), &json!({ "state": step.as_str() })).await.status, 200);
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn every_report_in_every_state_is_taken_or_refused_as_the_table_says() {
    let test = TestGateway::start_without_limits().await;
    let client = &test.life().client;
    let (ways, mut number, mut tried) = (ways(), 0, 0);
    for from in ALL {
        let Some(way) = ways.get(from.as_str()) else { continue };
        let mut id = reached(&test, &mut number, way).await;
        for report in REPORTABLE.split(", ") {
            let answer = post(client, &path(&id), &json!({ "state": report })).await;
            let told = answer.json("answer").unwrap();
            let expected = match from.step(report.parse().unwrap()) {
                Ok(next) => (200, json!(next.as_str())),
                Err(_) => (409, json!("submission.invalid-step")),
            };
            let said = if expected.0 == 200 { &told["state"] } else { &told["code"] };
            assert_eq!((answer.status.as_u16(), said), (expected.0, &expected.1), "{from} {report}");
            if expected.0 == 200 && report != from.as_str() {
                id = reached(&test, &mut number, way).await;
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 13 * 12, "all states but withdrawn and returned, all reports");

    // Withdrawn: the consent basis went before the packet left.
    let id = submission(&test, &mut number).await;
    let engine = &test.world.gateway.app.engine;
    must(engine.set_consent(&test.world.hospital.id().parse().unwrap(), None).await);
    let delivery = pull_all(client, usize::try_from(number).unwrap()).await.pop().unwrap().id;
    assert_eq!(get(client, &format!("/insurer/v1/deliveries/{delivery}")).await.status, 410);
    for report in REPORTABLE.split(", ") {
        assert_eq!(post(client, &path(&id), &json!({ "state": report })).await.status, 409, "withdrawn {report}");
    }
    test.stop().await;
}

async fn report(test: &TestGateway, id: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let body = body.to_string().into_bytes();
    must(test.life().client.call(Method::POST, &path(id), &headers, body).await)
}

fn code(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json("problem").unwrap()["code"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gets_its_first_answer_again_and_refuses_other_bytes() {
    let test = TestGateway::start().await;
    let id = submission(&test, &mut 0).await;
    let received = json!({ "state": "received", "note": "收件" });
    let first = report(&test, &id, "k-1", &received).await;
    assert_eq!(first.status, 200);
    assert_eq!(report(&test, &id, "k-2", &json!({ "state": "accepted" })).await.status, 200);
    // The claim has moved on; the old report moves nothing back and is answered as it was.
    let again = report(&test, &id, "k-1", &received).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(
        report(&test, &id, "k-3", &json!({ "state": "accepted" })).await.json("a").unwrap()["state"],
        "accepted"
    );
    let reused = (422, json!("idempotency.key-reused"));
    assert_eq!(code(&report(&test, &id, "k-1", &json!({ "state": "received" })).await), reused);
    // Another submission is another request, and so is another insurer.
    let other = submission(&test, &mut 1).await;
    assert_eq!(code(&report(&test, &other, "k-1", &received).await), reused);
    let theirs = must(insurer::pull(&test.nonlife().client, 0, 5).await).remove(0).submission_id;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k-1")];
    let body = json!({ "state": "closed" }).to_string().into_bytes();
    let answer = must(test.nonlife().client.call(Method::POST, &path(&theirs), &headers, body).await);
    assert_eq!(answer.status, 200);
    // A refusal is not remembered: the same key goes on once the step is possible.
    let paid = json!({ "state": "paid" });
    assert_eq!(report(&test, &other, "k-4", &paid).await.status, 409);
    assert_eq!(report(&test, &other, "k-5", &json!({ "state": "accepted" })).await.status, 200);
    assert_eq!(report(&test, &other, "k-4", &paid).await.status, 200);
    for wrong in ["", &"k".repeat(256), "鍵"] {
        let headers = [("content-type", "application/json"), ("idempotency-key", wrong)];
        let answer = test.life().client.call(Method::POST, &path(&id), &headers, b"{}".to_vec()).await;
        // A client may refuse to send it at all.
        if let Ok(answer) = answer {
            assert_eq!(code(&answer), (400, json!("idempotency.key-form")));
        }
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_reports_under_one_key_at_once_are_one_step() {
    let test = TestGateway::start().await;
    let id = submission(&test, &mut 0).await;
    let body = json!({ "state": "in-review", "number": "C-1" });
    let answers = futures_util::future::join_all((0..20).map(|_| report(&test, &id, "once", &body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    let engine = &test.world.gateway.app.engine;
    let party = test.life().client.id().parse().unwrap();
    let kept = must(engine.store.submission(&party, id.parse().unwrap()).await).unwrap();
    assert_eq!(kept.version, 2, "one step after the first version");
    // Two bodies under one key at once: one wins, the other is told.
    let bodies = [json!({ "state": "accepted" }), json!({ "state": "declined" })];
    let answers = futures_util::future::join_all(bodies.iter().map(|body| report(&test, &id, "either", body))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_forgotten_after_thirty_days() {
    let mut test = TestGateway::start_with(Clock::test(Clock::system().now())).await;
    let id = submission(&test, &mut 0).await;
    assert_eq!(report(&test, &id, "old", &json!({ "state": "received" })).await.status, 200);
    for (days, status) in [(29, 422), (2, 200)] {
        test.clock.advance(Duration::from_hours(24 * days));
        must(test.world.insurers[0].client.authenticate().await);
        let answer = report(&test, &id, "old", &json!({ "state": "in-review" })).await;
        assert_eq!(answer.status.as_u16(), status, "after {days} more days");
    }
    test.stop().await;
}
