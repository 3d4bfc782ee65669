//! Offset at discharge (理賠抵繳) from the provisional bill to the last refund: each way it can go is a story.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::ledger::day;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, post};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::decisions::{decision, report};
use crate::payments::payment;

mod known;

/// Opens a case on a claim: first the life insurer, then the other.
pub(crate) async fn open(test: &TestGateway, claim: &str, bill: i64) -> String {
    let answer = post(&test.world.hospital, "/hospital/v1/offsets", &opening(test, claim, bill)).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json("offset").unwrap()["offset_id"].as_str().unwrap().to_owned()
}

pub(crate) fn opening(test: &TestGateway, claim: &str, bill: i64) -> Value {
    json!({
        "claim_id": claim, "bill": bill.to_string(), "discharge_on": today(test),
        "insurers": [
            { "party": test.life().client.id(), "line": "health-reimbursement" },
            { "party": test.nonlife().client.id(), "line": "accident" },
        ],
    })
}

fn today(test: &TestGateway) -> String {
    day(test.clock.now()).to_string()
}

async fn claim(test: &TestGateway, number: &str) -> String {
    let pushed = test.push(&bytes(&case(number)), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    pushed.header("claimgate-claim-id").unwrap().to_owned()
}

/// A claim and its case of so much.
async fn begun(test: &TestGateway, number: &str, bill: i64) -> String {
    let claim = claim(test, number).await;
    open(test, &claim, bill).await
}

async fn hospital(test: &TestGateway, id: &str, what: &str, body: Value) -> Answer {
    let path = format!("/hospital/v1/offsets/{id}/{what}");
    if what != "bill" {
        return post(&test.world.hospital, &path, &body).await;
    }
    let headers = [("content-type", "application/json")];
    must(test.world.hospital.call(Method::PUT, &path, &headers, body.to_string().into_bytes()).await)
}

async fn insurer(client: &PartyClient, id: &str, what: &str, body: Value) -> Answer {
    post(client, &format!("/insurer/v1/offsets/{id}/{what}"), &body).await
}

fn in_hours(test: &TestGateway, hours: i64) -> Timestamp {
    test.clock.now() + SignedDuration::from_hours(hours)
}

fn promise(test: &TestGateway, amount: &str) -> Value {
    json!({ "amount": amount, "expires_at": in_hours(test, 48), "conditions": "以最終收據為準" })
}

fn money(amount: &str, reference: &str) -> Value {
    json!({ "amount": amount, "value_date": "2026-11-24", "reference": reference })
}

fn instruction(test: &TestGateway, by: &str) -> Value {
    json!({ "method": "paper", "reference": format!("給付指示-{by}"), "signed_at": test.clock.now(), "by": by })
}

fn last(kind: &str, amount: &str) -> Value {
    json!({ "kind": kind, "amount": amount })
}

/// Status, and the state or the code.
fn said(answer: &Answer) -> (u16, String) {
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    let word = if answer.status.as_u16() >= 400 { "code" } else { "state" };
    (answer.status.as_u16(), told[word].as_str().unwrap_or_default().to_owned())
}

fn is(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

async fn read(test: &TestGateway, id: &str) -> Value {
    get(&test.world.hospital, &format!("/hospital/v1/offsets/{id}")).await.json("offset").unwrap()
}

/// What each insurer bears, and what is left to the patient.
fn borne(view: &Value) -> (Vec<&str>, &str) {
    let parts = view["insurers"].as_array().unwrap().iter().map(|part| part["bears"].as_str().unwrap());
    (parts.collect(), view["patient_part"].as_str().unwrap())
}

/// Who is on turn with what.
fn turns(view: &Value) -> Vec<String> {
    let one = |turn: &Value| {
        let party = turn["party"].as_str().map(|party| format!(" {party}")).unwrap_or_default();
        format!("{}{party}: {}", turn["role"].as_str().unwrap(), turn["what"].as_str().unwrap())
    };
    view["on_turn"].as_array().unwrap().iter().map(one).collect()
}

/// As far as the hospital's acceptance: 700 promised first, 500 after it, of a bill of 1,000.
async fn accepted(test: &TestGateway, number: &str) -> String {
    let id = begun(test, number, 1_000).await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    assert_eq!(said(&insurer(nonlife, &id, "promise", promise(test, "500")).await), is(200, "promised"));
    assert_eq!(said(&insurer(life, &id, "promise", promise(test, "700")).await), is(200, "promised"));
    let given = hospital(test, &id, "instruction", instruction(test, "insured")).await;
    assert_eq!(said(&given), is(200, "instructed"));
    assert_eq!(said(&hospital(test, &id, "accept", json!({})).await), is(200, "accepted"));
    id
}

/// A case whose final bill waits for the payments of both insurers.
pub(crate) async fn owed(test: &TestGateway, number: &str) {
    let id = accepted(test, number).await;
    assert_eq!(said(&hospital(test, &id, "bill", last("final", "1000")).await), is(200, "billed"));
}

/// The steps that led somewhere, by their names.
type Steps = Vec<(&'static str, Value)>;

/// A case with a refund in it, and the steps of hospital and insurer that were made.
pub(crate) async fn refunded(test: &TestGateway, number: &str) -> (String, Steps, Steps) {
    let life = &test.life().client;
    let id = begun(test, number, 1_000).await;
    let mut ours = vec![("promise", promise(test, "700"))];
    let mut theirs = vec![("instruction", instruction(test, "insured")), ("accept", json!({}))];
    assert_eq!(insurer(life, &id, "promise", ours[0].1.clone()).await.status, 200);
    for (what, body) in &theirs {
        assert_eq!(hospital(test, &id, what, body.clone()).await.status, 200);
    }
    theirs.push(("discharge", json!({ "on": today(test) })));
    assert_eq!(hospital(test, &id, "discharge", theirs[2].1.clone()).await.status, 200);
    assert_eq!(hospital(test, &id, "bill", last("final", "800")).await.status, 200);
    ours.push(("settle", money("700", "C-1")));
    assert_eq!(insurer(life, &id, "settle", ours[1].1.clone()).await.status, 200);
    theirs.push(("bill", last("final", "600")));
    assert_eq!(hospital(test, &id, "bill", theirs[3].1.clone()).await.status, 200);
    ours.push(("refund", money("100", "C-2")));
    assert_eq!(insurer(life, &id, "refund", ours[2].1.clone()).await.status, 200);
    (id, theirs, ours)
}

/// A case after a death, in which one insurer declined.
pub(crate) async fn dead(test: &TestGateway, number: &str) -> (String, Steps, Steps) {
    let id = begun(test, number, 1_000).await;
    let on = json!({ "on": today(test) });
    assert_eq!(hospital(test, &id, "death", on.clone()).await.status, 200);
    assert_eq!(insurer(&test.life().client, &id, "decline", json!({})).await.status, 200);
    (id, vec![("death", on)], vec![("decline", json!({}))])
}

/// A case that was called off, after an insurer had taken its promise back.
pub(crate) async fn off(test: &TestGateway, number: &str) -> (String, Steps, Steps) {
    let life = &test.life().client;
    let id = begun(test, number, 1_000).await;
    assert_eq!(insurer(life, &id, "promise", promise(test, "700")).await.status, 200);
    let ours = vec![("cancel", json!({}))];
    assert_eq!(insurer(life, &id, "cancel", json!({})).await.status, 200);
    let cancel = json!({ "by": "patient" });
    assert_eq!(hospital(test, &id, "cancel", cancel.clone()).await.status, 200);
    (id, vec![("cancel", cancel)], ours)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_and_the_books_of_both_insurers() {
    let test = TestGateway::start().await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let claim = claim(&test, "OFFSET-1").await;
    let id = open(&test, &claim, 1_000).await;
    // The same again is the same case; another one of this claim is none.
    let again = post(&test.world.hospital, "/hospital/v1/offsets", &opening(&test, &claim, 1_000)).await;
    assert_eq!((again.status.as_u16(), &again.json("offset").unwrap()["offset_id"]), (200, &json!(id)));
    let mut by_number = opening(&test, &claim, 2_000);
    by_number.as_object_mut().unwrap().remove("claim_id");
    by_number["case_number"] = json!({ "value": "OFFSET-1" });
    let other = post(&test.world.hospital, "/hospital/v1/offsets", &by_number).await;
    assert_eq!(said(&other), is(409, "offset.exists"));
    let asked = read(&test, &id).await;
    let both = [life, nonlife].map(|one| format!("insurer {}: promise", one.id()));
    assert_eq!(turns(&asked), both);
    assert!(asked["next_deadline"].is_string(), "the end of the day of discharge");

    // An insurer finds it, and sees nothing of the other.
    let listed = get(nonlife, "/insurer/v1/offsets").await.json("page").unwrap();
    assert_eq!(listed["offsets"][0]["offset_id"], json!(id));
    assert_eq!(said(&insurer(life, &id, "promise", promise(&test, "700")).await), is(200, "promised"));
    let own = insurer(nonlife, &id, "promise", promise(&test, "500")).await;
    assert!(!String::from_utf8_lossy(&own.body).contains("700"), "what another promised stands nowhere");
    let seen = read(&test, &id).await;
    assert_eq!((borne(&seen), &seen["flags"]), ((vec!["700", "300"], "0"), &json!(["promised-beyond-bill"])));
    assert_eq!(turns(&seen), ["patient: instruct"]);
    // Without the instruction the hospital cannot be paid.
    assert_eq!(said(&hospital(&test, &id, "accept", json!({})).await), is(409, "offset.no-instruction"));
    let given = instruction(&test, "insured");
    assert_eq!(said(&hospital(&test, &id, "instruction", given).await), is(200, "instructed"));
    assert_eq!(turns(&read(&test, &id).await), ["hospital: accept"]);
    let accepted = hospital(&test, &id, "accept", json!({})).await;
    assert_eq!(said(&accepted), is(200, "accepted"));
    assert_eq!(hospital(&test, &id, "accept", json!({})).await.body, accepted.body, "said twice");
    assert_eq!(said(&insurer(life, &id, "settle", money("700", "T-0")).await), is(409, "offset.state"));
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1100")).await), is(200, "billed"));
    let billed = read(&test, &id).await;
    assert_eq!(borne(&billed), (vec!["700", "400"], "0"));
    assert!(billed["on_turn"][0]["by"].is_string(), "the term of the line runs from the final bill");

    // What the decision leaves open is its payment; anything else goes on account.
    let submission = billed["insurers"][0]["submission_id"].as_str().unwrap().to_owned();
    assert_eq!(report(&test, &submission, "partly-accepted", Some(decision(1_200))).await.status, 200);
    assert_eq!(said(&insurer(life, &id, "settle", money("701", "T-1")).await), is(409, "offset.above-due"));
    let paid = insurer(life, &id, "settle", money("700", "T-1")).await;
    assert_eq!(said(&paid), is(200, "billed"));
    assert_eq!(insurer(life, &id, "settle", money("700", "T-1")).await.body, paid.body, "paid once");
    assert_eq!(said(&insurer(nonlife, &id, "settle", money("400", "N-1")).await), is(200, "settled"));
    let books = get(life, &format!("/insurer/v1/submissions/{submission}")).await.json("submission").unwrap();
    let entry = &books["payments"][0]["payment"];
    assert_eq!((&entry["kind"], &entry["payee"]["kind"]), (&json!("final"), &json!("third-account")));
    assert_eq!(entry["payee"]["instruction"], "給付指示-insured");
    assert_eq!(books["sums"], json!({ "accepted": "1200", "paid": "700", "came_back": "0", "open": "500" }));
    // The rest goes to the claimant, as ever.
    let rest = crate::payments::pay(&test, &submission, &payment("final", "500", "T-2")).await;
    assert_eq!(rest.json("booked").unwrap()["state"], "paid");

    // FHIR: one ClaimResponse for each promise, beside those of the claim.
    let query = "/fhir/ClaimResponse?request.identifier=OFFSET-1";
    let found = get(&test.world.hospital, query).await.json("set").unwrap();
    let mut promised: Vec<&Value> = Vec::new();
    for entry in found["entry"].as_array().unwrap() {
        if entry["resource"]["use"] == "preauthorization" {
            promised.push(&entry["resource"]);
        }
    }
    assert_eq!(promised.len(), 2, "{found}");
    assert_eq!((&promised[0]["preAuthRef"], &promised[0]["outcome"]), (&json!(id), &json!("complete")));
    assert_eq!(promised[0]["total"][0]["amount"], json!({ "value": 700, "currency": "TWD" }));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_change_of_the_bill_is_computed_again_and_the_surplus_goes_back() {
    let test = TestGateway::start().await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let id = accepted(&test, "OFFSET-2").await;
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1000")).await), is(200, "billed"));
    for (client, amount, reference) in [(life, "700", "T-1"), (nonlife, "300", "N-1")] {
        assert_eq!(insurer(client, &id, "settle", money(amount, reference)).await.status, 200);
    }
    assert_eq!(said(&hospital(&test, &id, "bill", last("provisional", "900")).await), is(409, "offset.final-bill"));
    // More: the second insurer bears what it promised and did not need. Less: the last in the order is freed first.
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1300")).await), is(200, "billed"));
    assert_eq!(borne(&read(&test, &id).await), (vec!["700", "500"], "100"));
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "650")).await), is(200, "refunding"));
    let seen = read(&test, &id).await;
    assert_eq!((borne(&seen), turns(&seen)), ((vec!["650", "0"], "0"), vec!["hospital: give-back".to_owned()]));
    assert_eq!(said(&insurer(life, &id, "refund", money("50.01", "T-2")).await), is(409, "offset.above-due"));
    assert_eq!(said(&insurer(life, &id, "refund", money("50", "T-2")).await), is(200, "refunding"));
    for (client, flags) in [(life, json!([])), (nonlife, json!(["paid-too-much"]))] {
        let own = get(client, &format!("/insurer/v1/offsets/{id}")).await.json("offset").unwrap();
        let flags_of = own["flags"].as_array().unwrap().iter().filter(|flag| *flag == "paid-too-much");
        assert_eq!(json!(flags_of.collect::<Vec<_>>()), flags, "whoever paid too much is told, nobody else");
    }
    assert_eq!(said(&insurer(nonlife, &id, "refund", money("300", "N-2")).await), is(200, "settled"));
    let submission = seen["insurers"][1]["submission_id"].as_str().unwrap();
    let books = get(nonlife, &format!("/insurer/v1/submissions/{submission}")).await.json("submission").unwrap();
    assert_eq!(books["sums"]["open"], "0");
    assert_eq!(books["payments"][1]["payment"]["reverses"], books["payments"][0]["payment_id"]);
    assert_eq!(read(&test, &id).await["bills"].as_array().unwrap().len(), 4, "no bill is lost");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refund_of_two_payments_is_two_entries_under_one_reference() {
    let test = TestGateway::start().await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let id = accepted(&test, "OFFSET-9").await;
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1000")).await), is(200, "billed"));
    for (client, amount, reference) in [(life, "700", "T-1"), (nonlife, "300", "N-1")] {
        assert_eq!(insurer(client, &id, "settle", money(amount, reference)).await.status, 200);
    }
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1200")).await), is(200, "billed"));
    assert_eq!(said(&insurer(nonlife, &id, "settle", money("200", "N-2")).await), is(200, "settled"));
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "750")).await), is(200, "refunding"));
    for _ in 0..2 {
        assert_eq!(said(&insurer(nonlife, &id, "refund", money("450", "N-3")).await), is(200, "settled"));
    }
    let submission = read(&test, &id).await["insurers"][1]["submission_id"].as_str().unwrap().to_owned();
    let books = get(nonlife, &format!("/insurer/v1/submissions/{submission}")).await.json("submission").unwrap();
    let entries: Vec<_> = books["payments"].as_array().unwrap().iter().map(|one| &one["payment"]).collect();
    let ids: Vec<_> = books["payments"].as_array().unwrap().iter().map(|one| &one["payment_id"]).collect();
    assert_eq!(entries.len(), 4, "{books}");
    let back = |place: usize| (&entries[place]["amount"], &entries[place]["reverses"], &entries[place]["reference"]);
    assert_eq!(back(2), (&json!("200"), ids[1], &json!("N-3")));
    assert_eq!(back(3), (&json!("250"), ids[0], &json!("N-3")));
    assert_eq!(books["sums"]["open"], "-50");
    // The reference is used up, for payments as well.
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "800")).await), is(200, "billed"));
    assert_eq!(said(&insurer(nonlife, &id, "settle", money("50", "N-2")).await), is(409, "payment.reference"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patient_hospital_and_insurer_cancel_at_every_step() {
    let test = TestGateway::start_without_limits().await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let steps: [(&str, Value, &str); 5] = [
        ("promise", promise(&test, "800"), "cancelled"),
        ("instruction", instruction(&test, "insured"), "cancelled"),
        ("accept", json!({}), "cancelled"),
        ("bill", last("final", "1000"), "cancelled"),
        ("settle", money("800", ""), "refunding"),
    ];
    for reached in 0..=steps.len() {
        for who in ["patient", "hospital", "insurer"] {
            let id = begun(&test, &format!("OFFSET-3-{reached}-{who}"), 1_000).await;
            let reference = format!("T-{reached}-{who}");
            for (what, body, _) in steps.iter().take(reached) {
                let mut body = body.clone();
                let answer = match *what {
                    "promise" => insurer(life, &id, what, body).await,
                    "settle" => {
                        body["reference"] = json!(reference);
                        insurer(life, &id, what, body).await
                    }
                    _ => hospital(&test, &id, what, body).await,
                };
                assert_eq!(answer.status, 200, "{what}: {}", String::from_utf8_lossy(&answer.body));
            }
            let paid = reached == steps.len();
            let ended = if who == "insurer" {
                // The other one says no as well, where it could still have promised.
                insurer(nonlife, &id, "decline", json!({})).await;
                insurer(life, &id, "cancel", json!({ "reason": "保單停效" })).await
            } else {
                hospital(&test, &id, "cancel", json!({ "by": who, "reason": "改為自行負擔" })).await
            };
            let end = if who == "insurer" { "lapsed" } else { "cancelled" };
            assert_eq!(said(&ended), is(200, if paid { "refunding" } else { end }), "{reached} {who}");
            if paid {
                let back = insurer(life, &id, "refund", money("800", &format!("{reference}-back"))).await;
                assert_eq!(said(&back), is(200, end));
            }
            let seen = read(&test, &id).await;
            assert_eq!(borne(&seen), (vec!["0", "0"], "1000"), "the patient pays");
            assert!(seen["history"].as_array().unwrap().len() > reached, "every step is kept");
            assert_eq!(said(&insurer(life, &id, "promise", promise(&test, "1")).await), is(409, "offset.state"));
        }
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_death_the_promise_is_held_until_the_heirs_instruct() {
    let test = TestGateway::start().await;
    let life = &test.life().client;
    let id = accepted(&test, "OFFSET-4").await;
    let on = json!({ "on": today(&test) });
    assert_eq!(said(&hospital(&test, &id, "death", on.clone()).await), is(200, "held"));
    let seen = read(&test, &id).await;
    assert_eq!((&seen["flags"][1], turns(&seen)), (&json!("heirs"), vec!["patient: instruct-as-heirs".to_owned()]));
    assert_eq!(said(&hospital(&test, &id, "bill", last("final", "1000")).await), is(200, "held"));
    assert_eq!(said(&hospital(&test, &id, "discharge", on).await), is(200, "held"), "nothing lapses");
    assert_eq!(said(&insurer(life, &id, "settle", money("700", "T-1")).await), is(409, "offset.state"));
    let wrong = hospital(&test, &id, "instruction", instruction(&test, "representative")).await;
    assert_eq!(said(&wrong), is(409, "offset.heirs"));
    let heirs = hospital(&test, &id, "instruction", instruction(&test, "heirs")).await;
    assert_eq!(said(&heirs), is(200, "billed"));
    assert_eq!(said(&insurer(life, &id, "settle", money("700", "T-1")).await), is(200, "billed"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_by_discharge_the_patient_pays_and_the_claim_goes_on() {
    // Two minutes before midnight in Taiwan.
    let test = TestGateway::start_with(Clock::test("2026-11-23T15:58:00Z".parse().unwrap())).await;
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let id = begun(&test, "OFFSET-5", 1_000).await;
    let on = json!({ "on": today(&test) });
    assert_eq!(said(&hospital(&test, &id, "discharge", on).await), is(200, "lapsed"));
    let seen = read(&test, &id).await;
    assert_eq!((borne(&seen), turns(&seen)), ((vec!["0", "0"], "1000"), Vec::new()));
    assert_eq!(said(&insurer(life, &id, "promise", promise(&test, "1")).await), is(409, "offset.state"));
    let submission = seen["insurers"][0]["submission_id"].as_str().unwrap();
    assert_eq!(report(&test, submission, "partly-accepted", Some(decision(1_200))).await.status, 200);
    let path = format!("/insurer/v1/submissions/{submission}/payments");
    assert_eq!(post(life, &path, &payment("final", "1200", "T-1")).await.json("paid").unwrap()["state"], "paid");

    // A promise expires by itself, and midnight ends what nobody accepted.
    let id = begun(&test, "OFFSET-6", 1_000).await;
    let soon = json!({ "amount": "700", "expires_at": test.clock.now() + SignedDuration::from_mins(1) });
    assert_eq!(said(&insurer(nonlife, &id, "promise", soon).await), is(200, "promised"));
    test.clock.advance(Duration::from_secs(61));
    assert_eq!(expired(&test, &id, "asked").await["insurers"][1]["state"], "expired");
    test.clock.advance(Duration::from_mins(1));
    let lapsed = expired(&test, &id, "lapsed").await;
    let words: Vec<&Value> = lapsed["history"].as_array().unwrap().iter().map(|one| &one["step"]).collect();
    assert_eq!(words, ["open", "promise", "time", "time"]);
    test.stop().await;
}

/// The case when the background work has written down that it is so.
async fn expired(test: &TestGateway, id: &str, state: &str) -> Value {
    for _ in 0..100 {
        let seen = read(test, id).await;
        let written = test.world.gateway.app.engine.store.due_offsets(test.clock.now(), 10).await.unwrap();
        if seen["state"] == state && written.is_empty() {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never was {state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_precisely_and_keeps_nothing() {
    let test = TestGateway::start().await;
    let life = &test.life().client;
    let claim = claim(&test, "OFFSET-7").await;
    let with = |change: fn(&mut Value)| {
        let mut body = opening(&test, &claim, 1_000);
        change(&mut body);
        body
    };
    let cases = [
        (with(|body| body["insurers"][1]["line"] = json!("life")), is(422, "offset.insurer")),
        (with(|body| body["insurers"][1] = body["insurers"][0].clone()), is(422, "offset.insurers")),
        (with(|body| body["bill"] = json!("0")), is(422, "offset.amount")),
        (with(|body| body["bill"] = json!(10.5)), is(422, "body.form")),
        (with(|body| body["discharge_on"] = json!("2020-01-01")), is(422, "offset.day")),
        (with(|body| body["case_number"] = json!({ "value": "OFFSET-7" })), is(422, "offset.claim")),
        (with(|body| body["claim_id"] = json!("clm_x")), is(404, "not-found")),
    ];
    for (body, expected) in cases {
        assert_eq!(said(&post(&test.world.hospital, "/hospital/v1/offsets", &body).await), expected, "{body}");
    }
    let mut unpushed = opening(&test, &claim, 1_000);
    unpushed.as_object_mut().unwrap().remove("claim_id");
    unpushed["case_number"] = json!({ "value": "OFFSET-NONE" });
    let problem = post(&test.world.hospital, "/hospital/v1/offsets", &unpushed).await.json("problem").unwrap();
    assert_eq!((&problem["code"], &problem["pointer"]), (&json!("not-found"), &json!("/case_number")));
    let id = open(&test, &claim, 1_000).await;
    let before = read(&test, &id).await;
    let past = json!({ "amount": "1", "expires_at": "2020-01-01T00:00:00Z" });
    let refused = [
        (insurer(life, &id, "promise", promise(&test, "1000.01")).await, is(409, "offset.above-bill")),
        (insurer(life, &id, "promise", promise(&test, "0")).await, is(422, "offset.amount")),
        (insurer(life, &id, "promise", past).await, is(422, "offset.expires")),
        (insurer(life, &id, "settle", money("1", "T-1")).await, is(409, "offset.state")),
        (hospital(&test, &id, "accept", json!({})).await, is(409, "offset.state")),
        (hospital(&test, &id, "instruction", instruction(&test, "insured")).await, is(409, "offset.state")),
        (hospital(&test, &id, "bill", last("provisional", "0")).await, is(422, "offset.amount")),
        (hospital(&test, &id, "death", json!({ "on": "2099-01-01" })).await, is(422, "offset.day")),
    ];
    for (answer, expected) in refused {
        assert_eq!(said(&answer), expected);
    }
    assert_eq!(read(&test, &id).await, before, "nothing was kept");
    // Nothing is promised of a claim the claimant withdrew.
    let submission = before["insurers"][0]["submission_id"].as_str().unwrap();
    assert_eq!(report(&test, submission, "withdrawn-by-claimant", None).await.status, 200);
    let withdrawn = insurer(life, &id, "promise", promise(&test, "1")).await;
    assert_eq!(said(&withdrawn), is(409, "offset.submission"));
    // Two hospitals' desks at once open one case.
    let claim = self::claim(&test, "OFFSET-8").await;
    let body = opening(&test, &claim, 1_000);
    let opened = (0..8).map(|_| post(&test.world.hospital, "/hospital/v1/offsets", &body));
    let opened = futures_util::future::join_all(opened).await;
    assert_eq!(opened.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(opened.iter().all(|answer| answer.json("offset").unwrap()["offset_id"].is_string()));
    test.stop().await;
}
