//! Decisions: they balance or are refused with the place, a correction reverses and keeps what was before, and nothing is
//! decided of what was withdrawn.

use claimgate_gateway::sandbox::client::Answer;
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, post};
use serde_json::{Value, json};

/// The newest submission of the life insurer, after a push.
pub(crate) async fn submission(test: &TestGateway, number: &str) -> String {
    let client = &test.life().client;
    let before = get(client, "/insurer/v1/deliveries?limit=200").await.json("list").unwrap();
    let before = before["next_after"].as_i64().unwrap();
    assert_eq!(test.push(&bytes(&case(number)), &[]).await.status, 201);
    must(insurer::pull(client, before, 5).await).remove(0).submission_id
}

/// A decision over 1,500: so much is accepted, the rest declined as no medical fee.
pub(crate) fn decision(accepted: i64) -> Value {
    let declined = 1_500 - accepted;
    let reasons =
        if declined == 0 { json!([]) } else { json!([{ "code": "non-medical-fee", "amount": declined.to_string() }]) };
    json!({
        "decided_on": "2026-11-23", "decided_by": "健康險理賠科",
        "claimed": "1500", "accepted": accepted.to_string(), "declined": declined.to_string(),
        "lines": [{
            "receipt": "R-115-000123", "item": "病房費差額", "policy": "P-1",
            "claimed": "1500", "accepted": accepted.to_string(), "declined": declined.to_string(), "reasons": reasons,
        }],
    })
}

pub(crate) fn correcting(accepted: i64, version: i64) -> Value {
    let mut decision = decision(accepted);
    decision["corrects"] = json!(version);
    decision["correction"] = json!("收據明細補正後重新核算");
    decision
}

pub(crate) async fn report(test: &TestGateway, id: &str, state: &str, decision: Option<Value>) -> Answer {
    let mut body = json!({ "state": state });
    if let Some(decision) = decision {
        body["decision"] = decision;
    }
    post(&test.life().client, &format!("/insurer/v1/submissions/{id}/status"), &body).await
}

pub(crate) fn said(answer: &Answer) -> (u16, String, String) {
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    let word = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let is_problem = answer.status.as_u16() >= 400;
    (answer.status.as_u16(), word(if is_problem { "code" } else { "state" }), word("pointer"))
}

pub(crate) fn is(status: u16, word: &str, pointer: &str) -> (u16, String, String) {
    (status, word.to_owned(), pointer.to_owned())
}

pub(crate) async fn standing(test: &TestGateway, id: &str) -> Value {
    get(&test.life().client, &format!("/insurer/v1/submissions/{id}")).await.json("submission").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_reverses_and_keeps_what_was_before() {
    let test = TestGateway::start().await;
    let id = submission(&test, "DECIDE-1").await;
    let first = report(&test, &id, "partly-accepted", Some(decision(1_200))).await;
    assert_eq!(said(&first), is(200, "partly-accepted", ""));
    let before = standing(&test, &id).await;
    // The same again is the same; another one says what it corrects.
    assert_eq!(report(&test, &id, "partly-accepted", Some(decision(1_200))).await.body, first.body);
    assert_eq!(standing(&test, &id).await, before);
    let refused = is(409, "decision.corrects", "/decision/corrects");
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await), refused);
    assert_eq!(said(&report(&test, &id, "accepted", Some(correcting(1_500, 2))).await), refused);
    assert_eq!(standing(&test, &id).await, before);
    let corrected = report(&test, &id, "accepted", Some(correcting(1_500, 1))).await;
    assert_eq!(said(&corrected), is(200, "accepted", ""));
    // A bare state cannot contradict what stands.
    assert_eq!(said(&report(&test, &id, "in-review", None).await).0, 200);
    assert_eq!(said(&report(&test, &id, "declined", None).await), refused);
    assert_eq!(said(&report(&test, &id, "accepted", None).await), is(200, "accepted", ""));

    let kept = standing(&test, &id).await;
    let decisions = kept["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), 2);
    assert_eq!((&decisions[0]["stands"], &decisions[0]["decision"]), (&json!(false), &decision(1_200)));
    assert_eq!((&decisions[1]["stands"], &decisions[1]["decision"]["corrects"]), (&json!(true), &json!(1)));
    assert_eq!(kept["sums"], json!({ "accepted": "1500", "paid": "0", "came_back": "0", "open": "1500" }));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_balance_is_refused_with_its_place() {
    let test = TestGateway::start().await;
    let id = submission(&test, "DECIDE-2").await;
    let before = standing(&test, &id).await;
    let cases: [(&str, &str, Value, &str); 5] = [
        ("/lines/0/accepted", "partly-accepted", json!("1199"), "/decision/lines/0/claimed"),
        ("/lines/0/reasons", "partly-accepted", json!([]), "/decision/lines/0/reasons"),
        ("/accepted", "partly-accepted", json!("1201"), "/decision/accepted"),
        ("/corrects", "partly-accepted", json!(1), "/decision/correction"),
        ("/lines/0/reasons/0/amount", "partly-accepted", json!("-300"), "/decision/lines/0"),
    ];
    for (place, state, value, pointer) in cases {
        let mut wrong = decision(1_200);
        if place == "/corrects" {
            wrong["corrects"] = value;
        } else {
            *wrong.pointer_mut(place).unwrap() = value;
        }
        assert_eq!(
            said(&report(&test, &id, state, Some(wrong)).await),
            is(422, "decision.unbalanced", pointer),
            "{place}"
        );
    }
    let other = report(&test, &id, "accepted", Some(decision(1_200))).await;
    assert_eq!(said(&other), is(422, "decision.outcome", "/state"));
    let mut unknown = decision(1_200);
    unknown["lines"][0]["reasons"][0]["code"] = json!("do-not-like-it");
    assert_eq!(said(&report(&test, &id, "partly-accepted", Some(unknown)).await).1, "body.form");
    assert_eq!(standing(&test, &id).await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decided_of_a_withdrawn_claim_until_it_is_reopened() {
    let test = TestGateway::start().await;
    let id = submission(&test, "DECIDE-3").await;
    for state in ["received", "withdrawn-by-claimant"] {
        assert_eq!(said(&report(&test, &id, state, None).await), is(200, state, ""));
    }
    let refused = report(&test, &id, "accepted", Some(decision(1_500))).await;
    assert_eq!(said(&refused), is(409, "submission.invalid-step", "/state"));
    let text = String::from_utf8(refused.body).unwrap();
    assert!(text.contains("it can become reopened"), "{text}");
    for state in ["reopened", "supplement-requested", "closed-incomplete", "reopened"] {
        assert_eq!(said(&report(&test, &id, state, None).await), is(200, state, ""));
    }
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await), is(200, "accepted", ""));
    for state in ["appealed", "closed", "appealed"] {
        assert_eq!(said(&report(&test, &id, state, None).await), is(200, state, ""));
    }
    let upheld = report(&test, &id, "declined", Some(correcting(0, 1))).await;
    assert_eq!(said(&upheld), is(200, "declined", ""));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_number_and_handler_are_kept_for_the_insurer_alone() {
    let test = TestGateway::start().await;
    let id = submission(&test, "DECIDE-4").await;
    let client = &test.life().client;
    let body = json!({
        "state": "in-review", "number": "C-2026-000123", "complete_on": "2026-11-20",
        "policies": [
            { "number": "P-1", "result": "matched", "product": "住院醫療實支實付" },
            { "number": "P-2", "result": "not-in-force" },
            { "result": "not-found" },
        ],
        "handler": { "desk": "健康險理賠科", "phone": "02-2345-6789", "email": "claims@life.example" },
    });
    let path = format!("/insurer/v1/submissions/{id}/status");
    assert_eq!(post(client, &path, &body).await.status, 200);
    let kept = standing(&test, &id).await;
    for name in ["number", "policies", "handler"] {
        assert_eq!(kept[name], body[name], "{name}");
    }
    // Fifteen days from the day after; nothing is late, so no interest is shown.
    let due = &kept["due"];
    assert_eq!((&due["complete_on"], &due["due_on"]), (&json!("2026-11-20"), &json!("2026-12-05")));
    assert!(due["rule"].as_str().unwrap().contains("not verified") && due.get("interest").is_none(), "{due}");
    // What a report leaves out stays.
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    assert_eq!(standing(&test, &id).await["policies"], body["policies"]);
    // No amount, policy or contact stands in the clear anywhere.
    // What is missing stops the term.
    for state in ["in-review", "supplement-requested"] {
        assert_eq!(said(&report(&test, &id, state, None).await).0, 200);
    }
    assert!(standing(&test, &id).await.get("due").is_none());
    let other = get(&test.nonlife().client, &format!("/insurer/v1/submissions/{id}")).await;
    assert_eq!(other.status, 404);
    let trace = get(&test.world.hospital, &format!("/hospital/v1/submissions/{id}/trace")).await;
    let trace = String::from_utf8(trace.body).unwrap();
    for secret in ["C-2026-000123", "P-1", "健康險理賠科", "1500"] {
        assert!(!trace.contains(secret), "{secret}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_bears_interest_and_an_unknown_year_has_no_day() {
    let desk = tempfile::tempdir().unwrap();
    let file = desk.path().join("terms.toml");
    let table = r#"
        [[term]]
        lines = ["health-reimbursement"]
        from = "2026-01-01"
        days = 5
        count = "working"
        interest_percent = 10
        source = "made up"
        [[year]]
        year = 2026
        source = "made up"
        off = ["2026-11-12"]
        [[closure]]
        date = "2026-11-13"
        counties = ["臺北市"]
        source = "made up"
    "#;
    std::fs::write(&file, table).unwrap();
    let settings =
        [("CLAIMGATE_CLAIMS__TERMS", file.display().to_string()), ("CLAIMGATE_CLAIMS__COUNTY", "臺北市".to_owned())];
    let clock = claimgate_gateway::clock::Clock::test("2026-11-28T02:00:00Z".parse().unwrap());
    let test = TestGateway::start_with_settings(clock, &settings).await;
    let id = submission(&test, "DECIDE-5").await;
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    let complete = |day: &str| json!({ "state": "accepted", "complete_on": day });
    let path = format!("/insurer/v1/submissions/{id}/status");
    // Wednesday the 11th: 12 is off, 13 a typhoon, the weekend, then 16 to 20. Eight days late.
    assert_eq!(post(&test.life().client, &path, &complete("2026-11-11")).await.status, 200);
    let due = standing(&test, &id).await["due"].clone();
    assert_eq!((&due["due_on"], &due["interest"]), (&json!("2026-11-20"), &json!("3.28")), "{due}");
    assert_eq!(post(&test.life().client, &path, &complete("2026-12-29")).await.status, 200);
    let due = standing(&test, &id).await["due"].clone();
    assert_eq!((due.get("due_on"), &due["unknown"]), (None, &json!("the list of working days of 2027 is missing")));
    test.stop().await;
}
