//! Requests for papers (補件): asked of the fixed list, seen by the hospital by poll and as a FHIR Task, answered by the next
//! revision for several insurers at once; what is late closes the submission, and a late answer takes it up again.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::{app, insurer};
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, get, must, post};
use reqwest::Method;
use serde_json::{Value, json};

use crate::decisions::{is, report, said};

const TODAY: &str = "2026-11-23T02:00:00Z";

async fn started() -> TestGateway {
    TestGateway::start_with(Clock::test(TODAY.parse().unwrap())).await
}

/// A pushed case: its claim, and the submissions of the life and the non-life insurer.
async fn pushed(test: &TestGateway, number: &str) -> (String, String, String) {
    let pushed = test.push(&bytes(&case(number)), &[]).await;
    let claim = pushed.header("claimgate-claim-id").unwrap().to_owned();
    let mut submissions = Vec::new();
    for client in [&test.life().client, &test.nonlife().client] {
        let all = must(insurer::pull(client, 0, 5).await);
        submissions.push(all.iter().find(|one| one.claim_id == claim).unwrap().submission_id.clone());
    }
    let nonlife = submissions.pop().unwrap();
    (claim, submissions.pop().unwrap(), nonlife)
}

fn asking(due_on: &str) -> Value {
    json!({
        "documents": [{ "kind": "operation-record" }, { "kind": "other", "note": "術前照片甄姓病人" }],
        "to": "hospital", "due_on": due_on, "note": "請提供術前紀錄",
    })
}

async fn ask(client: &PartyClient, submission: &str, body: &Value) -> Answer {
    post(client, &format!("/insurer/v1/submissions/{submission}/supplements"), body).await
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json("request").unwrap()["request_id"].as_str().unwrap().to_owned()
}

async fn answered(test: &TestGateway, request: &str, body: &Value) -> Answer {
    post(&test.world.hospital, &format!("/hospital/v1/requests/{request}/answer"), body).await
}

async fn state(test: &TestGateway, submission: &str) -> String {
    let standing = get(&test.life().client, &format!("/insurer/v1/submissions/{submission}")).await;
    standing.json("submission").unwrap()["state"].as_str().unwrap().to_owned()
}

/// The next revision of a case: the same documents, written otherwise.
async fn next_revision(test: &TestGateway, number: &str) {
    let mut again = case(number);
    again["timestamp"] = json!("2026-11-23T09:59:00+08:00");
    let pushed = test.push(&bytes(&again), &[]).await;
    assert_eq!(pushed.status, 201);
    assert_eq!(pushed.header("etag"), Some("W/\"2\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_revision_answers_two_insurers() {
    let test = started().await;
    let (claim, life, nonlife) = pushed(&test, "SUPPLEMENT-1").await;
    let first = ask(&test.life().client, &life, &asking("2026-12-07")).await;
    assert_eq!(state(&test, &life).await, "supplement-requested");
    let (first, second) = (id(&first), id(&ask(&test.nonlife().client, &nonlife, &asking("2026-12-01")).await));

    // The poll has no texts, and does not count as a look.
    let hospital = &test.world.hospital;
    let list = get(hospital, "/hospital/v1/requests").await;
    assert!(!String::from_utf8_lossy(&list.body).contains("術前"));
    let list = list.json("list").unwrap();
    assert_eq!(list["requests"].as_array().unwrap().len(), 2);
    assert_eq!((&list["requests"][0]["state"], &list["more"]), (&json!("requested"), &json!(false)));
    let beyond = get(hospital, &format!("/hospital/v1/requests?limit=1&after={first}")).await.json("list").unwrap();
    assert_eq!(beyond["requests"][0]["request_id"], json!(second));
    assert_eq!(get(hospital, "/hospital/v1/requests?state=lost").await.status, 400);

    // As a Task: the first look is a step.
    let uuid = first.strip_prefix("tsk_").unwrap();
    let task = get(hospital, &format!("/fhir/Task/{uuid}")).await.json("task").unwrap();
    assert_eq!((&task["status"], &task["intent"]), (&json!("received"), &json!("order")));
    assert_eq!(task["focus"]["reference"], format!("Bundle/{}", claim.strip_prefix("clm_").unwrap()));
    assert_eq!(task["code"]["coding"][0]["code"], "attachment-request-code");
    assert_eq!(task["input"][0]["valueCodeableConcept"]["coding"][1]["code"], "11504-8");
    assert_eq!(task["restriction"]["period"]["end"], "2026-12-07");
    let found = get(hospital, "/fhir/Task?status=received").await.json("tasks").unwrap();
    assert_eq!((&found["total"], &found["entry"][0]["resource"]), (&json!(1), &task));
    assert_eq!(get(hospital, "/fhir/Task?patient=1").await.status, 400);

    // What is not there yet answers nothing.
    let complete = json!({ "result": "answered", "revision": 2, "also": [second] });
    assert_eq!(said(&answered(&test, &first, &complete).await), is(409, "request.revision", "/revision"));
    assert_eq!(answered(&test, &first, &json!({ "result": "accepted" })).await.status, 200);
    next_revision(&test, "SUPPLEMENT-1").await;
    let old = json!({ "result": "answered", "revision": 1 });
    assert_eq!(said(&answered(&test, &first, &old).await), is(409, "request.revision", "/revision"));
    let both = answered(&test, &first, &complete).await;
    assert_eq!(both.status, 200);
    let told = both.json("answered").unwrap();
    for place in [0, 1] {
        let one = &told["requests"][place];
        assert_eq!((&one["state"], &one["revision"]), (&json!("answered"), &json!(2)), "{one}");
    }
    assert_eq!(answered(&test, &first, &complete).await.body, both.body, "the same again changes nothing");
    let refuse = json!({ "result": "refused", "reason": "no-such-record" });
    assert_eq!(said(&answered(&test, &first, &refuse).await).1, "request.invalid-step");

    // Each insurer sees its own; the submission goes on when the insurer says so.
    let own = get(&test.nonlife().client, &format!("/insurer/v1/submissions/{nonlife}/requests")).await;
    let own = own.json("requests").unwrap();
    assert_eq!((&own["requests"][0]["request_id"], &own["requests"][0]["state"]), (&json!(second), &json!("answered")));
    assert_eq!(own["requests"][0]["documents"], asking("")["documents"]);
    assert_eq!(state(&test, &life).await, "supplement-requested");
    assert_eq!(said(&report(&test, &life, "in-review", None).await), is(200, "in-review", ""));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_closes_and_a_late_answer_reopens() {
    let mut test = started().await;
    let (_, life, _) = pushed(&test, "SUPPLEMENT-2").await;
    let request = id(&ask(&test.life().client, &life, &asking("2026-11-24")).await);
    next_revision(&test, "SUPPLEMENT-2").await;
    test.clock.advance(Duration::from_hours(37));
    must(test.world.insurers[0].client.authenticate().await);
    must(test.world.gateway.app.engine.expire_requests().await);
    assert_eq!(state(&test, &life).await, "supplement-requested", "the last day is not over");
    test.clock.advance(Duration::from_hours(1));
    must(test.world.insurers[0].client.authenticate().await);
    must(test.world.hospital.authenticate().await);
    must(test.world.gateway.app.engine.expire_requests().await);
    must(test.world.gateway.app.engine.expire_requests().await);
    assert_eq!(state(&test, &life).await, "closed-incomplete");
    let list = get(&test.world.hospital, "/hospital/v1/requests?state=expired").await.json("list").unwrap();
    assert_eq!(list["requests"][0]["request_id"], json!(request));
    // A supplement after closing.
    let after = ask(&test.life().client, &life, &asking("2026-12-07")).await;
    assert_eq!(said(&after), is(409, "submission.invalid-step", ""));
    let late = json!({ "result": "answered", "revision": 2, "note": "補寄" });
    let late = answered(&test, &request, &late).await;
    assert_eq!(late.status, 200, "{}", String::from_utf8_lossy(&late.body));
    assert_eq!(state(&test, &life).await, "reopened");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_says_why_and_what_does_not_count_changes_nothing() {
    let test = started().await;
    let (_, life, nonlife) = pushed(&test, "SUPPLEMENT-3").await;
    let client = &test.life().client;
    let wrong: [(&str, Value, u16, &str, &str); 5] = [
        ("/due_on", json!("2026-11-23"), 422, "request.due-on", "/due_on"),
        ("/due_on", json!("2027-06-30"), 422, "request.due-on", "/due_on"),
        ("/documents/1", json!({ "kind": "other" }), 422, "request.note-missing", "/documents/1/note"),
        ("/documents/0/kind", json!("diary"), 422, "body.form", "/documents/0/kind"),
        ("/documents", json!([]), 422, "body.value", "/documents"),
    ];
    for (place, value, status, code, pointer) in wrong {
        let mut body = asking("2026-12-07");
        *body.pointer_mut(place).unwrap() = value;
        assert_eq!(said(&ask(client, &life, &body).await), is(status, code, pointer), "{place}");
    }
    let unknown = json!({ "due_on": "2026-12-07", "documents": [{ "kind": "x-ray", "A123456789": 1 }] });
    let refused = ask(client, &life, &unknown).await;
    assert!(!String::from_utf8_lossy(&refused.body).contains("A123456789"), "no name the sender made up is repeated");
    assert_eq!(state(&test, &life).await, "sent", "nothing was kept");
    assert_eq!(ask(client, &nonlife, &asking("2026-12-07")).await.status, 404, "another insurer's submission");

    // Under a key the same is made once.
    let keyed = |body: Value| {
        let path = format!("/insurer/v1/submissions/{life}/supplements");
        async move {
            let headers = [("content-type", "application/json"), ("idempotency-key", "S-1")];
            must(client.call(Method::POST, &path, &headers, body.to_string().into_bytes()).await)
        }
    };
    let made = keyed(asking("2026-12-07")).await;
    let request = id(&made);
    assert_eq!(keyed(asking("2026-12-07")).await.body, made.body);
    assert_eq!(said(&keyed(asking("2026-12-08")).await).1, "idempotency.key-reused");

    let second = ask(client, &life, &asking("2026-12-07")).await;
    assert_eq!(said(&second), is(422, "request.why-not-before", "/why_not_before"));
    let mut why = asking("2026-12-07");
    why["why_not_before"] = json!("首次收件未附手術同意書，審核後始知");
    assert_eq!(ask(client, &life, &why).await.json("request").unwrap()["number"], 2);

    for (body, code, pointer) in [
        (json!({ "result": "answered" }), "request.revision-missing", "/revision"),
        (json!({ "result": "accepted", "revision": 2 }), "request.revision-missing", "/revision"),
        (json!({ "result": "refused" }), "request.reason", "/reason"),
        (json!({ "result": "refused", "reason": "other" }), "request.reason", "/reason"),
        (json!({ "result": "accepted", "also": [request] }), "request.also", "/also"),
    ] {
        assert_eq!(said(&answered(&test, &request, &body).await), is(422, code, pointer));
    }
    // A hospital that is not asked, and an insurer that did not ask.
    let other =
        NewParty { id: "hospital-other", role: Role::Hospital, number: "1101010012", lines: vec![], consent: true };
    let (other, _) = test.register(other).await;
    assert_eq!(get(&other, &format!("/hospital/v1/requests/{request}")).await.status, 404);
    let path = format!("/hospital/v1/requests/{request}/answer");
    assert_eq!(post(&other, &path, &json!({ "result": "accepted" })).await.status, 404);
    assert_eq!(get(&other, "/hospital/v1/requests").await.json("list").unwrap()["requests"], json!([]));
    let close = format!("/insurer/v1/requests/{request}/close");
    assert_eq!(post(&test.nonlife().client, &close, &json!({ "result": "cancelled" })).await.status, 404);
    assert_eq!(post(client, &close, &json!({ "result": "cancelled" })).await.status, 200);
    let over = answered(&test, &request, &json!({ "result": "accepted" })).await;
    assert_eq!(said(&over), is(409, "request.invalid-step", "/result"));

    // Nobody waits for papers of a closed case.
    assert_eq!(said(&report(&test, &life, "closed", None).await), is(200, "closed", ""));
    assert_eq!(get(&test.world.hospital, "/hospital/v1/requests").await.json("list").unwrap()["requests"], json!([]));
    // Two requests of one submission count.
    let (insurers, hospitals) = must(test.world.gateway.app.engine.store.supplements().await);
    let life_counts = insurers.iter().find(|one| one.party.as_str() == client.id()).unwrap();
    assert_eq!((life_counts.submissions, life_counts.requests, life_counts.tenths_of_100()), (1, 2, 2_000));
    assert_eq!(hospitals.iter().map(|one| one.requests).sum::<i64>(), 2);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_given_back_nothing_is_asked_for_any_more() {
    let test = started().await;
    let (_, submission, _) = pushed(&test, "ASK-BACK").await;
    let client = &test.life().client;
    let delivery = must(insurer::pull(client, 0, 5).await).remove(0);
    must(insurer::fetch(client, &delivery.id).await);
    id(&ask(client, &submission, &asking("2026-12-07")).await);
    let reason = json!({ "reason": "not-insured-here" });
    assert_eq!(post(client, &format!("/insurer/v1/deliveries/{}/return", delivery.id), &reason).await.status, 200);
    let all = get(client, &format!("/insurer/v1/submissions/{submission}/requests")).await.json("requests").unwrap();
    assert_eq!(all["requests"][0]["state"], "cancelled", "{all}");
    let waiting = get(&test.world.hospital, "/hospital/v1/requests").await.json("requests").unwrap();
    assert_eq!(waiting["requests"], json!([]));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_reads_in_the_app_what_only_the_person_can_bring() {
    let test = started().await;
    let number = "SUPPLEMENT-4";
    let pushed = test.push(&bytes(&case(number)), &[]).await;
    let code = pushed.header("claimgate-tracking-code").unwrap();
    let submission = must(insurer::pull(&test.life().client, 0, 5).await).remove(0).submission_id;
    let claim = must(app::link(&test.world.app, code).await);
    let mut body = asking("2026-12-07");
    body["to"] = json!("person");
    let request = id(&ask(&test.life().client, &submission, &body).await);
    let asked = get(&test.world.app, &format!("/claims/v1/claims/{claim}/requests")).await.json("requests").unwrap();
    assert_eq!((&asked["requests"][0]["request_id"], &asked["requests"][0]["note"]), (&json!(request), &body["note"]));
    // The hospital is not asked.
    assert_eq!(get(&test.world.hospital, &format!("/hospital/v1/requests/{request}")).await.status, 404);
    let close = format!("/insurer/v1/requests/{request}/close");
    let closed = post(&test.life().client, &close, &json!({ "result": "answered" })).await;
    assert_eq!(closed.json("request").unwrap()["state"], "answered");
    test.stop().await;
}
