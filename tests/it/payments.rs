//! Payments: each is added once, none is changed, and the state follows the ledger.

use claimgate_gateway::sandbox::client::Answer;
use claimgate_tests::TestGateway;
use claimgate_tests::gateway::{must, post};
use reqwest::Method;
use serde_json::{Value, json};

use crate::decisions::{correcting, decision, is, report, said, standing, submission};

pub(crate) fn payment(kind: &str, amount: &str, reference: &str) -> Value {
    json!({
        "kind": kind, "amount": amount, "value_date": "2026-11-24", "reference": reference,
        "payee": { "kind": "claimant-account" },
    })
}

pub(crate) fn back(kind: &str, amount: &str, reference: &str, reverses: &str) -> Value {
    json!({ "kind": kind, "amount": amount, "value_date": "2026-11-25", "reference": reference, "reverses": reverses })
}

pub(crate) async fn pay(test: &TestGateway, id: &str, body: &Value) -> Answer {
    post(&test.life().client, &format!("/insurer/v1/submissions/{id}/payments"), body).await
}

pub(crate) fn entry(answer: &Answer) -> String {
    answer.json("booked").unwrap()["payment_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_follows_the_ledger_there_and_back() {
    let test = TestGateway::start().await;
    let id = submission(&test, "PAY-1").await;
    assert_eq!(said(&report(&test, &id, "partly-accepted", Some(decision(1_200))).await).0, 200);
    // The word alone pays nothing.
    assert_eq!(said(&report(&test, &id, "paid", None).await), is(409, "submission.not-paid", "/state"));
    let mut undisputed = payment("undisputed", "1000", "T-1");
    undisputed["sheet"] = json!([{ "item": "病房費差額", "amount": "1100" }, { "item": "自負額", "amount": "-100" }]);
    assert_eq!(said(&pay(&test, &id, &undisputed).await), is(200, "partly-accepted", ""));
    let rest = pay(&test, &id, &payment("final", "200", "T-2")).await;
    assert_eq!(said(&rest), is(200, "paid", ""));
    // The bank gives it back: not paid any more, until it is paid again.
    let returned = pay(&test, &id, &back("returned", "200", "T-3", &entry(&rest))).await;
    assert_eq!(said(&returned), is(200, "partly-accepted", ""));
    let too_much = pay(&test, &id, &back("returned", "0.01", "T-4", &entry(&rest))).await;
    assert_eq!(said(&too_much), is(409, "payment.reverses-too-much", "/amount"));
    assert_eq!(said(&pay(&test, &id, &payment("final", "200", "T-5")).await), is(200, "paid", ""));
    // A correction to less leaves too much paid, which is taken back.
    let less = report(&test, &id, "partly-accepted", Some(correcting(1_100, 1))).await;
    assert_eq!(said(&less), is(200, "paid", ""));
    let kept = standing(&test, &id).await;
    assert_eq!(kept["sums"], json!({ "accepted": "1100", "paid": "1400", "came_back": "200", "open": "-100" }));
    let first = kept["payments"][0]["payment_id"].as_str().unwrap();
    assert_eq!(said(&pay(&test, &id, &back("reclaimed", "100", "T-6", first)).await), is(200, "paid", ""));
    let kept = standing(&test, &id).await;
    assert_eq!((&kept["sums"]["open"], kept["payments"].as_array().unwrap().len()), (&json!("0"), 5));
    assert_eq!(kept["payments"][0]["payment"], undisputed);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_count_is_refused_precisely_and_keeps_nothing() {
    let test = TestGateway::start().await;
    let id = submission(&test, "PAY-2").await;
    assert_eq!(said(&report(&test, &id, "in-review", None).await).0, 200);
    let no_decision = is(409, "payment.no-decision", "/kind");
    assert_eq!(said(&pay(&test, &id, &payment("final", "100", "T-1")).await), no_decision);
    assert_eq!(said(&pay(&test, &id, &payment("provisional", "100", "T-1")).await), no_decision);
    assert_eq!(said(&report(&test, &id, "partly-accepted", Some(decision(1_200))).await).0, 200);
    let before = standing(&test, &id).await;
    let third = |instruction: Option<&str>| {
        let mut body = payment("final", "100", "T-2");
        body["payee"] = json!({ "kind": "third-account" });
        if let Some(instruction) = instruction {
            body["payee"]["instruction"] = json!(instruction);
        }
        body
    };
    let with = |change: fn(&mut Value)| {
        let mut body = payment("final", "100", "T-3");
        change(&mut body);
        body
    };
    let cases = [
        (third(None), is(422, "payment.instruction", "/payee/instruction")),
        (payment("final", "1200.01", "T-3"), is(409, "payment.above-accepted", "/amount")),
        (payment("provisional", "1201", "T-3"), is(409, "payment.above-accepted", "/amount")),
        (payment("final", "0", "T-3"), is(422, "payment.amount", "/amount")),
        (payment("final", "-5", "T-3"), is(422, "payment.amount", "/amount")),
        (payment("returned", "5", "T-3"), is(422, "payment.form", "/kind")),
        (with(|body| body["reverses"] = json!("pmt_x")), is(422, "payment.form", "/kind")),
        (with(|body| body["ahead_of_decision"] = json!(true)), is(422, "payment.form", "/kind")),
        (with(|body| body["sheet"] = json!([{ "item": "x", "amount": "99" }])), is(422, "payment.sheet", "/sheet")),
        (back("returned", "5", "T-3", "pmt_x"), is(409, "payment.reverses-unknown", "/reverses")),
    ];
    for (body, expected) in cases {
        assert_eq!(said(&pay(&test, &id, &body).await), expected, "{body}");
    }
    assert_eq!(said(&pay(&test, &id, &json!({ "kind": "gift" })).await).1, "body.form");
    assert_eq!(standing(&test, &id).await, before, "nothing was kept");
    // On the claimant's instruction it is one.
    assert_eq!(said(&pay(&test, &id, &third(Some("給付指示書 115-0007"))).await), is(200, "partly-accepted", ""));
    assert_eq!(said(&pay(&test, &id, &payment("final", "5", "T-2")).await), is(409, "payment.reference", "/reference"));
    // Beyond the decision only where it is meant so.
    let mut ahead = payment("provisional", "1101", "T-4");
    ahead["ahead_of_decision"] = json!(true);
    assert_eq!(said(&pay(&test, &id, &ahead).await), is(200, "paid", ""));
    assert_eq!(standing(&test, &id).await["sums"]["open"], "-1");
    for state in ["closed", "reopened", "withdrawn-by-claimant"] {
        assert_eq!(said(&report(&test, &id, state, None).await).0, 200);
    }
    assert_eq!(said(&pay(&test, &id, &payment("final", "5", "T-5")).await), is(409, "payment.state", "/kind"));
    // Another insurer's submission is not there for it.
    let path = format!("/insurer/v1/submissions/{id}/payments");
    assert_eq!(post(&test.nonlife().client, &path, &payment("final", "5", "T-6")).await.status, 404);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_payments_under_one_key_at_once_are_one_and_answered_alike() {
    let test = TestGateway::start().await;
    let id = submission(&test, "PAY-3").await;
    assert_eq!(said(&report(&test, &id, "accepted", Some(decision(1_500))).await).0, 200);
    let path = format!("/insurer/v1/submissions/{id}/payments");
    let send = |body: Value| {
        let (path, client) = (&path, &test.life().client);
        async move {
            let headers = [("content-type", "application/json"), ("idempotency-key", "once")];
            must(client.call(Method::POST, path, &headers, body.to_string().into_bytes()).await)
        }
    };
    let answers = futures_util::future::join_all((0..20).map(|_| send(payment("final", "500", "T-1")))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(standing(&test, &id).await["sums"]["paid"], "500");
    // More is paid and decided since; the answer is the first one.
    assert_eq!(said(&pay(&test, &id, &payment("final", "1000", "T-2")).await), is(200, "paid", ""));
    assert_eq!(said(&report(&test, &id, "partly-accepted", Some(correcting(1_200, 1))).await).0, 200);
    assert_eq!(send(payment("final", "500", "T-1")).await.body, answers[0].body);
    let reused = send(payment("final", "501", "T-1")).await;
    assert_eq!(said(&reused).1, "idempotency.key-reused");
    test.stop().await;
}
