//! Reminders of last days, each said once to whoever is on turn; how long steps take, and what a consortium's report tells.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, open_all, post, pull_all};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::application::{application, apply};
use crate::decisions::{decision, report, said, submission};
use crate::payments::{pay, payment};
use crate::retention::operate;

async fn started() -> TestGateway {
    TestGateway::start_with(Clock::test("2026-11-23T02:00:00Z".parse().unwrap())).await
}

/// Lets time pass, with new tokens for everybody.
async fn until(test: &mut TestGateway, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    let by = at.duration_since(test.clock.now());
    pass(test, by.unsigned_abs()).await;
}

async fn pass(test: &mut TestGateway, by: Duration) {
    test.clock.advance(by);
    must(test.world.hospital.authenticate().await);
    for one in &mut test.world.insurers {
        must(one.client.authenticate().await);
    }
}

async fn deadlines(client: &PartyClient, side: &str) -> Vec<(String, String, String)> {
    let listed = get(client, &format!("/{side}/v1/deadlines")).await.json("deadlines").unwrap();
    assert_eq!(listed["more"], false);
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let rows = listed["deadlines"].as_array().unwrap().iter();
    rows.map(|one| (text(one, "kind"), text(one, "due_on"), text(one, "told"))).collect()
}

fn row(kind: &str, due_on: &str, told: &str) -> (String, String, String) {
    (kind.to_owned(), due_on.to_owned(), told.to_owned())
}

/// Two gateways look at once, and once more.
async fn remind(test: &TestGateway) {
    let engine = &test.world.gateway.app.engine;
    let (one, other) = tokio::join!(engine.remind(), engine.remind());
    must(one);
    must(other);
    must(engine.remind().await);
    must(engine.look_at_deadlines().await);
}

async fn told(test: &TestGateway, role: &'static str) -> i64 {
    let sql = match role {
        "insurer" => "select count(*) from timeline where event = 'deadline.near' and audience_role = 'insurer'",
        "hospital" => "select count(*) from timeline where event = 'deadline.near' and audience_role = 'hospital'",
        _ => "select count(*) from timeline where event = 'deadline.near'",
    };
    test.kept().number(sql).await
}

async fn alerts(test: &TestGateway) -> Vec<String> {
    let open = get(&test.life().client, "/insurer/v1/alerts").await.json("alerts").unwrap();
    open["alerts"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_turn_is_reminded_before_and_after_the_last_day_once() {
    let mut test = started().await;
    let (paying, asking) = (submission(&test, "REMIND-1").await, submission(&test, "REMIND-2").await);
    let complete = json!({ "state": "in-review", "complete_on": "2026-11-23" });
    let path = format!("/insurer/v1/submissions/{paying}/status");
    assert_eq!(post(&test.life().client, &path, &complete).await.status, 200);
    let asked = json!({ "documents": [{ "kind": "receipt" }], "to": "hospital", "due_on": "2026-12-07" });
    let path = format!("/insurer/v1/submissions/{asking}/supplements");
    assert_eq!(post(&test.life().client, &path, &asked).await.status, 200);
    assert_eq!(deadlines(&test.life().client, "insurer").await, [row("payment", "2026-12-08", "nothing")]);
    assert_eq!(deadlines(&test.world.hospital, "hospital").await, [row("papers", "2026-12-07", "nothing")]);
    assert!(deadlines(&test.nonlife().client, "insurer").await.is_empty());

    // Monday the 7th: three working days before is Wednesday the 2nd; of Tuesday the 8th, Thursday the 3rd.
    until(&mut test, "2026-12-01T15:59:59Z").await;
    remind(&test).await;
    assert_eq!(told(&test, "all").await, 0);
    until(&mut test, "2026-12-01T16:00:01Z").await;
    remind(&test).await;
    assert_eq!((told(&test, "hospital").await, told(&test, "insurer").await), (1, 0));
    assert_eq!(deadlines(&test.world.hospital, "hospital").await, [row("papers", "2026-12-07", "soon")]);
    assert!(alerts(&test).await.is_empty());
    until(&mut test, "2026-12-02T16:00:01Z").await;
    remind(&test).await;
    assert_eq!((told(&test, "hospital").await, told(&test, "insurer").await), (1, 1));
    assert_eq!(alerts(&test).await, ["term.ends-soon"]);
    // The same day said again is no other deadline.
    let again = json!({ "state": "in-review", "complete_on": "2026-11-23", "note": "審核中" });
    let path = format!("/insurer/v1/submissions/{paying}/status");
    assert_eq!(post(&test.life().client, &path, &again).await.status, 200);
    remind(&test).await;
    assert_eq!(deadlines(&test.life().client, "insurer").await, [row("payment", "2026-12-08", "soon")]);

    // Over: said once, however often it is looked at.
    for at in ["2026-12-08T16:00:01Z", "2026-12-09T16:00:02Z", "2026-12-10T16:00:03Z"] {
        until(&mut test, at).await;
        remind(&test).await;
        assert_eq!((told(&test, "hospital").await, told(&test, "insurer").await), (1, 2), "{at}");
        assert_eq!(deadlines(&test.life().client, "insurer").await, [row("payment", "2026-12-08", "past")]);
        assert_eq!(alerts(&test).await, ["term.past"]);
    }
    assert!(deadlines(&test.world.hospital, "hospital").await.is_empty(), "the request has expired");
    let detail = "select count(*) from audit where action = 'deadline.reminded'";
    assert_eq!(test.kept().number(detail).await, 3);

    // Paid: nothing is waited for, and the alert is over.
    assert_eq!(said(&report(&test, &paying, "accepted", Some(decision(1_500))).await).0, 200);
    assert_eq!(deadlines(&test.life().client, "insurer").await.len(), 1, "accepted is not paid");
    assert_eq!(said(&pay(&test, &paying, &payment("final", "1500", "T-1")).await).1, "paid");
    assert!(deadlines(&test.life().client, "insurer").await.is_empty());
    remind(&test).await;
    assert!(alerts(&test).await.is_empty());
    pass(&mut test, Duration::from_hours(25)).await;
    remind(&test).await;
    assert_eq!(test.kept().number("select count(*) from deadline").await, 0);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_that_are_asked_for_stop_the_reminder_and_an_offset_has_its_own() {
    let mut test = started().await;
    let id = submission(&test, "REMIND-3").await;
    let complete = json!({ "state": "in-review", "complete_on": "2026-11-23" });
    let path = format!("/insurer/v1/submissions/{id}/status");
    assert_eq!(post(&test.life().client, &path, &complete).await.status, 200);
    let asked = json!({ "documents": [{ "kind": "receipt" }], "to": "person", "due_on": "2026-12-31" });
    let path = format!("/insurer/v1/submissions/{id}/supplements");
    assert_eq!(post(&test.life().client, &path, &asked).await.status, 200);
    assert!(deadlines(&test.life().client, "insurer").await.is_empty(), "no term runs while papers are missing");
    assert!(deadlines(&test.world.hospital, "hospital").await.is_empty(), "the person is on turn");
    crate::offsets::owed(&test, "REMIND-4").await;
    assert_eq!(deadlines(&test.life().client, "insurer").await, [row("offset", "2026-12-08", "nothing")]);
    until(&mut test, "2026-12-02T16:00:01Z").await;
    remind(&test).await;
    assert_eq!(told(&test, "insurer").await, 2, "both insurers of the case");
    until(&mut test, "2026-12-27T16:00:01Z").await;
    remind(&test).await;
    let owner = "select count(*) from timeline where event = 'deadline.near' and audience_role = 'owner'";
    assert_eq!(test.kept().number(owner).await, 1);
    test.stop().await;
}

/// Five claims on their whole way: a minute for each step, and the receipts one minute after another.
async fn five_claims(test: &mut TestGateway) {
    let minute = Duration::from_mins(1);
    for number in 0..5 {
        assert_eq!(apply(test, &application(&format!("REPORT-{number}"))).await.status, 201);
    }
    pass(test, minute).await;
    for number in 0..5 {
        assert_eq!(test.push(&bytes(&case(&format!("REPORT-{number}"))), &[]).await.status, 201);
    }
    pull_all(&test.life().client, 5).await;
    let opened = open_all(test.life(), 0, test.clock.now()).await;
    for (envelope, opened) in &opened {
        pass(test, minute).await;
        must(insurer::acknowledge(&test.life().client, &envelope.id, opened).await);
    }
    pass(test, minute).await;
    for (envelope, _) in &opened {
        assert_eq!(said(&report(test, &envelope.submission_id, "received", None).await).0, 200);
    }
    pass(test, minute).await;
    for (envelope, _) in &opened {
        assert_eq!(said(&report(test, &envelope.submission_id, "accepted", Some(decision(1_500))).await).0, 200);
    }
    pass(test, minute).await;
    for (number, (envelope, _)) in opened.iter().enumerate() {
        let paid = payment("final", "1500", &format!("T-{number}"));
        assert_eq!(said(&pay(test, &envelope.submission_id, &paid).await).1, "paid");
    }
}

/// Cases and the three percentiles of each step.
fn steps(report: &Value) -> Vec<(&str, Value)> {
    let steps = report["steps"].as_array().unwrap().iter();
    let figures = |one: &Value| json!([one["count"], one["p50_seconds"], one["p90_seconds"], one["p99_seconds"]]);
    steps.map(|one| (one["step"].as_str().unwrap(), figures(one))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_member_reads_its_own_times_and_the_report_tells_of_no_few_cases() {
    let mut test = started().await;
    five_claims(&mut test).await;
    // The other insurer asks once for papers, which come after two minutes.
    let other = must(insurer::pull(&test.nonlife().client, 0, 5).await).remove(0);
    let asked = json!({ "documents": [{ "kind": "receipt" }], "to": "hospital", "due_on": "2026-12-07" });
    let path = format!("/insurer/v1/submissions/{}/supplements", other.submission_id);
    let asked = post(&test.nonlife().client, &path, &asked).await.json("request").unwrap();
    pass(&mut test, Duration::from_mins(2)).await;
    let close = format!("/insurer/v1/requests/{}/close", asked["request_id"].as_str().unwrap());
    assert_eq!(post(&test.nonlife().client, &close, &json!({ "result": "answered" })).await.status, 200);

    // Records that are asked for are no claim, and count nowhere.
    let (_, requests) = crate::records::asked(&test, &["hospital-demo"]).await;
    crate::records::approve(&test.world.hospital, &requests[0]).await;
    let given = crate::records::give(&test.world.hospital, &requests[0], &case("REPORT-RECORDS")).await;
    assert_eq!(given.status, 201);
    pull_all(&test.life().client, 6).await;
    assert_eq!(open_all(test.life(), 0, test.clock.now()).await.len(), 6);

    let window = "from=2026-11-23&to=2026-11-23";
    let own = get(&test.life().client, &format!("/insurer/v1/turnaround?{window}")).await.json("own").unwrap();
    let life = [
        ("acknowledged", json!([5, 180, 300, 300])),
        ("application-to-paid", json!([5, 540, 540, 540])),
        ("decided", json!([5, 60, 60, 60])),
        ("delivered", json!([5, 60, 60, 60])),
        ("paid", json!([5, 60, 60, 60])),
        ("received", json!([5, 180, 300, 300])),
    ];
    assert_eq!((steps(&own), &own["party"]), (life.to_vec(), &json!("insurer-life")));
    let own = get(&test.nonlife().client, &format!("/insurer/v1/turnaround?{window}")).await.json("own").unwrap();
    assert_eq!(steps(&own), [("papers-answered", json!([1, 120, 120, 120]))], "its own few it may see");
    let hospital = get(&test.world.hospital, &format!("/hospital/v1/turnaround?{window}")).await.json("own").unwrap();
    assert_eq!(steps(&hospital)[..6], life);
    let today = get(&test.life().client, "/insurer/v1/turnaround").await.json("own").unwrap();
    assert_eq!((&today["to"], today["steps"].as_array().unwrap().len()), (&json!("2026-11-23"), 6));
    let before = get(&test.life().client, "/insurer/v1/turnaround?from=2026-11-22&to=2026-11-22").await;
    assert_eq!(before.json("own").unwrap()["steps"], json!([]));

    let operator = test.operator("alice").await;
    let path = format!("/operator/v1/reports/consortium?{window}");
    let whole = get(&operator, &path).await.json("report").unwrap();
    assert_eq!(whole["application_to_payment_days"], json!(["0.01", "0.01", "0.01"]));
    assert_eq!(steps(&whole)[..6], life);
    assert_eq!(steps(&whole)[6], ("papers-answered", json!([null, null, null, null])), "one case is nobody else's");
    let trips = &whole["paper_trips"];
    assert_eq!((&trips["saved"], &trips["submissions"], &trips["answered"]), (&json!(10), &json!(5), &json!(null)));
    assert!(trips["source"].as_str().unwrap().contains("assumption"), "{trips}");
    let member = |id: &str| whole["members"].as_array().unwrap().iter().find(|one| one["party"] == id).unwrap().clone();
    let shared = |one: &Value| json!([one["handled"], one["cost_share_percent"], one["supplements_per_100"]]);
    assert_eq!(shared(&member("insurer-life")), json!([5, "100.00", "0.0"]));
    assert_eq!(shared(&member("insurer-nonlife")), json!([null, "0.00", null]));
    assert_eq!(shared(&member("hospital-demo")), json!([5, "100.00", "20.0"]));
    assert_eq!(steps(&member("insurer-nonlife")), [("papers-answered", json!([null, null, null, null]))]);

    // The same as a table, over HTTP and at the command line.
    let table = String::from_utf8(get(&operator, &format!("{path}&format=csv")).await.body).unwrap();
    let arguments = ["report", "consortium", "--from", "2026-11-23", "--to", "2026-11-23", "--csv"];
    let (exit, printed, heard) = operate(test.folder(), &arguments, &[]);
    assert_eq!((exit, printed.trim_end()), (0, table.trim_end()), "{heard}");
    let (exit, printed, heard) = operate(test.folder(), &arguments[..6], &[]);
    assert_eq!((exit, serde_json::from_str::<Value>(&printed).unwrap()), (0, whole), "{heard}");
    assert!(
        table.contains("step,2026-11-23,2026-11-23,insurer-life,insurer,acknowledged,5,180,300,300,\r\n"),
        "{table}"
    );
    assert!(table.contains("paper-trips,2026-11-23,2026-11-23,,,saved,,,,,10\r\n"), "{table}");

    for wrong in ["from=2026-11-24&to=2026-11-23", "from=2020-01-01", "from=today", "days=3", "format=csv"] {
        let answer = get(&test.life().client, &format!("/insurer/v1/turnaround?{wrong}")).await;
        assert_eq!(said(&answer), (400, "query.invalid".to_owned(), String::new()), "{wrong}");
    }
    let answer = get(&operator, &format!("{path}&format=pdf")).await;
    assert_eq!(said(&answer).0, 400);
    test.stop().await;
}
