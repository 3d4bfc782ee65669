//! Not ours: return and forward; and one case that came by two ways.

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::demo::{LIFE_UBN, NON_LIFE_UBN};
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::words::Line;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, codes, get, must, post, pull_all};
use serde_json::{Value, json};

const OTHER_UBN: &str = "22099131";

/// An insurer of both lines that takes part beside the two of the demo.
async fn other(test: &TestGateway) -> PartyClient {
    let lines = vec![Line::Accident, Line::HealthReimbursement];
    let new = NewParty { id: "insurer-other", role: Role::Insurer, number: OTHER_UBN, lines, consent: false };
    test.register(new).await.0
}

/// The demo's case with the other insurer in the place of the non-life one.
fn with_other(number: &str) -> Vec<u8> {
    case(number).to_string().replace(NON_LIFE_UBN, OTHER_UBN).into_bytes()
}

async fn give_back(client: &PartyClient, delivery: &str, body: Value) -> Answer {
    post(client, &format!("/insurer/v1/deliveries/{delivery}/return"), &body).await
}

fn suggesting(ubn: &str) -> Value {
    json!({ "reason": "not-insured-here", "suggested_recipient": { "value": ubn } })
}

async fn trace(client: &PartyClient, side: &str, submission: &str) -> Value {
    get(client, &format!("/{side}/v1/submissions/{submission}/trace")).await.json("trace").unwrap()
}

fn code(answer: &Answer) -> Value {
    serde_json::from_slice::<Value>(&answer.body).unwrap()["code"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_goes_back_and_both_sides_see_the_same() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("RETURN-1")), &[]).await;
    let life = &test.life().client;
    let delivery = pull_all(life, 1).await.remove(0);
    let reason = json!({ "reason": "not-insured-here" });
    assert_eq!(code(&give_back(life, &delivery.id, reason.clone()).await), "delivery.not-fetched");
    must(insurer::fetch(life, &delivery.id).await);
    assert_eq!(
        code(&give_back(life, &delivery.id, json!({ "reason": "do not like it" })).await),
        "return.unknown-reason"
    );
    let answer = give_back(life, &delivery.id, reason.clone()).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let counts = test.counts().await;
    // The same again is the same; another reason is not.
    assert_eq!(give_back(life, &delivery.id, reason).await.body, answer.body);
    assert_eq!(code(&give_back(life, &delivery.id, json!({ "reason": "other" })).await), "return.otherwise");
    assert_eq!(test.counts().await, counts);
    // A tombstone for every way of the pull, and no status any more.
    let gone = get(life, &format!("/insurer/v1/deliveries/{}", delivery.id)).await;
    assert_eq!((gone.status.as_u16(), code(&gone)), (410, json!("delivery.returned")));
    let listed = get(life, "/insurer/v1/deliveries").await.json("list").unwrap();
    assert_eq!(listed["deliveries"][0]["state"], "returned");
    let open = get(life, "/insurer/v1/deliveries?state=open").await.json("list").unwrap();
    assert_eq!(open["deliveries"], json!([]));
    let status = format!("/insurer/v1/submissions/{}/status", delivery.submission_id);
    assert_eq!(post(life, &status, &json!({ "state": "received" })).await.status, 409);
    // One trace for both, by one id.
    let (seen, told) = (
        trace(life, "insurer", &delivery.submission_id).await,
        trace(&test.world.hospital, "hospital", &delivery.submission_id).await,
    );
    assert_eq!(seen, told);
    assert_eq!(
        (&seen["state"], &seen["deliveries"][0]["returned"]["reason"]),
        (&json!("returned"), &json!("not-insured-here"))
    );
    assert_eq!(
        get(&test.nonlife().client, &format!("/insurer/v1/submissions/{}/trace", delivery.submission_id)).await.status,
        404
    );
    // The same content is not sent to it again; other content is.
    let mut changed = case("RETURN-1");
    changed["timestamp"] = json!("2026-11-20T10:00:00+08:00");
    test.push(&bytes(&changed), &[]).await;
    assert_eq!(must(insurer::pull(life, delivery.position, 1).await).len(), 0);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_revision_given_back_leaves_the_newer_one_alive() {
    let test = TestGateway::start().await;
    let first = case("STALE-1").to_string();
    test.push(first.as_bytes(), &[]).await;
    let life = &test.life().client;
    let old = pull_all(life, 1).await.remove(0);
    must(insurer::fetch(life, &old.id).await);
    test.push(first.replace("宜休養六週", "宜休養八週").as_bytes(), &[]).await;
    let new = must(insurer::pull(life, old.position, 10).await).remove(0);
    assert_eq!((new.revision, &new.submission_id), (2, &old.submission_id));
    let reason = json!({ "reason": "not-insured-here" });
    let back = give_back(life, &old.id, reason.clone()).await;
    assert_eq!(back.status, 200, "{}", String::from_utf8_lossy(&back.body));
    let seen = trace(life, "insurer", &old.submission_id).await;
    assert_eq!((&seen["state"], &seen["deliveries"][0]["state"]), (&json!("sent"), &json!("returned")), "{seen}");
    // The newer one can be had, reported on, and given back: then nothing is left.
    let status = format!("/insurer/v1/submissions/{}/status", old.submission_id);
    assert_eq!(post(life, &status, &json!({ "state": "received" })).await.status, 200);
    must(insurer::fetch(life, &new.id).await);
    assert_eq!(give_back(life, &new.id, reason).await.status, 200);
    assert_eq!(trace(life, "insurer", &old.submission_id).await["state"], "returned");
    assert_eq!(post(life, &status, &json!({ "state": "in-review" })).await.status, 409);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_handed_on_to_another_payor_of_the_consent_and_never_in_a_circle() {
    let test = TestGateway::start().await;
    let other = other(&test).await;
    let pushed = test.push(&with_other("FORWARD-1"), &[]).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    let life = &test.life().client;
    let first = pull_all(life, 1).await.remove(0);
    let own = pull_all(&other, 1).await.remove(0);
    assert_eq!(own.line, Line::Accident);
    must(insurer::fetch(life, &first.id).await);
    let answer = give_back(life, &first.id, suggesting(OTHER_UBN)).await.json("returned").unwrap();
    assert_eq!(answer["forwarded_to"]["recipient"], "insurer-other", "{answer}");
    assert_eq!(answer["forwarded_to"]["line"], "health-reimbursement");
    assert_eq!(give_back(life, &first.id, suggesting(OTHER_UBN)).await.json("again").unwrap(), answer);
    // A new delivery in the line that was returned, and nothing twice.
    let second = must(insurer::pull(&other, own.position, 10).await).remove(0);
    assert_eq!((second.line, &second.claim_id), (Line::HealthReimbursement, &first.claim_id));
    assert_eq!(must(insurer::pull(&other, second.position, 1).await).len(), 0);
    let seen = trace(&other, "insurer", &second.submission_id).await;
    let from = &seen["deliveries"][0]["forwarded_from"];
    assert_eq!((&from["recipient"], &from["hops"]), (&json!(life.id()), &json!(1)));
    assert_eq!(from["submission_id"], first.submission_id);
    assert_eq!(seen, trace(&test.world.hospital, "hospital", &second.submission_id).await);
    let back = trace(&test.world.hospital, "hospital", &first.submission_id).await;
    assert_eq!(back["deliveries"][0]["forwarded_to"]["submission_id"], second.submission_id);
    // Never back to one who gave it back, and the return counts all the same.
    must(insurer::fetch(&other, &second.id).await);
    let refused = give_back(&other, &second.id, suggesting(LIFE_UBN)).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (409, json!("forward.returned-before")));
    assert_eq!(trace(&other, "insurer", &second.submission_id).await["state"], "returned");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_outside_the_consent_gets_nothing_and_the_hospital_is_told() {
    let test = TestGateway::start().await;
    let other = other(&test).await;
    let pushed = test.push(&bytes(&case("FORWARD-2")), &[]).await;
    assert_eq!(pushed.status, 201);
    let life = &test.life().client;
    let delivery = pull_all(life, 1).await.remove(0);
    must(insurer::fetch(life, &delivery.id).await);
    let refused = give_back(life, &delivery.id, suggesting(OTHER_UBN)).await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (409, json!("forward.outside-consent")));
    assert_eq!(code(&give_back(life, &delivery.id, suggesting(OTHER_UBN)).await), "forward.outside-consent");
    // Without the suggestion it is the return that was made.
    assert_eq!(give_back(life, &delivery.id, json!({ "reason": "not-insured-here" })).await.status, 200);
    assert_eq!(must(insurer::pull(&other, 0, 1).await).len(), 0);
    let told = trace(&test.world.hospital, "hospital", &delivery.submission_id).await;
    assert_eq!(told["deliveries"][0]["returned"]["not_forwarded"], "forward.outside-consent");
    // A corrected Coverage is the way: then it goes there as any claim does.
    let corrected = case("FORWARD-2").to_string().replace(LIFE_UBN, OTHER_UBN).into_bytes();
    assert_eq!(test.push(&corrected, &[]).await.status, 201);
    assert_eq!(pull_all(&other, 1).await.remove(0).claim_id, delivery.claim_id);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_receipt_under_two_case_numbers_is_told_and_linked_as_one_case() {
    let test = TestGateway::start().await;
    let first = test.push(&bytes(&case("TWICE-1")), &[]).await;
    assert!(!codes(&first.json("outcome").unwrap()).contains(&"claim.same-receipt".to_owned()));
    let second = test.push(&bytes(&case("TWICE-2")), &[]).await.json("outcome").unwrap();
    assert!(codes(&second).contains(&"claim.same-receipt".to_owned()), "{second}");
    let life = &test.life().client;
    pull_all(life, 2).await;
    // Read once both have a position: each names the other.
    let all = must(insurer::pull(life, 0, 0).await);
    // The warning names the other claim and no value.
    assert!(second.to_string().contains(&all[0].claim_id) && !second.to_string().contains("TWICE-1"));
    assert_eq!(all[0].same_receipt_as, [all[1].claim_id.clone()]);
    assert_eq!(all[1].same_receipt_as, [all[0].claim_id.clone()]);

    let link = |submission: &str| format!("/insurer/v1/submissions/{submission}/link");
    let status = |submission: &str| format!("/insurer/v1/submissions/{submission}/status");
    let own = json!({ "rail": "alliance-chain", "number": "AC-2026-0007" });
    assert_eq!(
        code(&post(life, &link(&all[0].submission_id), &json!({ "rail": "pigeon", "number": "1" })).await),
        "link.unknown-rail"
    );
    let one = post(life, &link(&all[0].submission_id), &own).await.json("link").unwrap();
    assert_eq!((&one["linked"], &one["same_case"]), (&json!(["alliance-chain"]), &json!([])));
    assert_eq!(post(life, &status(&all[0].submission_id), &json!({ "state": "in-review" })).await.status, 200);
    let two = post(life, &link(&all[1].submission_id), &own).await.json("link").unwrap();
    assert_eq!((&two["same_case"], &two["state"]), (&json!([all[0].submission_id]), &json!("in-review")));
    assert_eq!(post(life, &link(&all[1].submission_id), &own).await.json("again").unwrap(), two);
    // A report of one is a report of both.
    assert_eq!(post(life, &status(&all[1].submission_id), &json!({ "state": "accepted" })).await.status, 200);
    for envelope in &all {
        let seen = trace(life, "insurer", &envelope.submission_id).await;
        assert_eq!((&seen["state"], &seen["linked"][0]["number"]), (&json!("accepted"), &json!("AC-2026-0007")));
        let told = trace(&test.world.hospital, "hospital", &envelope.submission_id).await;
        assert_eq!((&told["state"], &told["linked"][0]["rail"]), (&json!("accepted"), &json!("alliance-chain")));
        assert!(!told.to_string().contains("AC-2026"), "{told}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_takes_over_no_end_undoes_no_decision_and_misses_no_report() {
    const AFTER: usize = 8;
    let test = TestGateway::start().await;
    for number in 0..4 + AFTER {
        assert_eq!(test.push(&bytes(&case(&format!("LINK-{number}"))), &[]).await.status, 201);
    }
    let life = &test.life().client;
    let all = pull_all(life, 4 + AFTER).await;
    let own = json!({ "rail": "paper", "number": "P-7" });
    let link = async |number: usize| {
        let path = format!("/insurer/v1/submissions/{}/link", all[number].submission_id);
        let linked = post(life, &path, &own).await;
        assert_eq!(linked.status, 200, "{}", String::from_utf8_lossy(&linked.body));
        linked.json("link").unwrap()["state"].as_str().unwrap().to_owned()
    };
    let report = async |number: usize, state: &str| {
        let path = format!("/insurer/v1/submissions/{}/status", all[number].submission_id);
        assert_eq!(post(life, &path, &json!({ "state": state })).await.status, 200);
    };
    // The first was given back: that says nothing of the second.
    must(insurer::fetch(life, &all[0].id).await);
    assert_eq!(give_back(life, &all[0].id, json!({ "reason": "other" })).await.status, 200);
    assert_eq!(link(0).await, "returned");
    assert_eq!(link(1).await, "sent");
    report(1, "received").await;
    // What is decided stays so; what was given back does not come back to life.
    report(2, "accepted").await;
    assert_eq!(link(2).await, "accepted");
    must(insurer::fetch(life, &all[2].id).await);
    let decided = give_back(life, &all[2].id, json!({ "reason": "other" })).await.json("problem").unwrap();
    assert_eq!((&decided["code"], decided.get("pointer")), (&json!("submission.invalid-step"), None), "no such member");
    must(insurer::fetch(life, &all[3].id).await);
    assert_eq!(give_back(life, &all[3].id, json!({ "reason": "other" })).await.status, 200);
    assert_eq!(link(3).await, "returned");
    // Reported of the first at the same moment.
    let states = ["in-review", "supplement-requested"];
    for (number, state) in (4..).zip(states.into_iter().cycle()).take(AFTER) {
        tokio::join!(link(number), report(1, state));
        assert_eq!(trace(life, "insurer", &all[number].submission_id).await["state"], state, "{number}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_number_that_stands_on_everything_links_nothing() {
    let test = TestGateway::start().await;
    for number in 1..=10 {
        assert_eq!(test.push(&bytes(&case(&format!("CONSTANT-{number}"))), &[]).await.status, 201);
        pull_all(&test.life().client, number).await;
        let seen = must(insurer::pull(&test.life().client, 0, 0).await);
        let linked = seen.iter().filter(|one| !one.same_receipt_as.is_empty()).count();
        // Nine claims may be one case sent again and again; ten are a program that writes a constant.
        let expected = if (2..=9).contains(&number) { number } else { 0 };
        assert_eq!(linked, expected, "{number}");
    }
    test.stop().await;
}
