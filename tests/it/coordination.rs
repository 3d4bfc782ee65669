//! Coordination (損害填補): insurers that reimburse the same receipts know that there are others and what they paid, under a
//! consent that names it, and never who they are.

use claimgate_gateway::party::ConsentBasis;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{get, must, open_all, post, pull_all};
use serde_json::{Value, json};

use crate::application::{application, apply, gateway, withdraw};
use crate::decisions::{decision, is, report, said};
use crate::payments::{back, entry, pay, payment};

/// An application whose consents name coordination, but for those of some parties.
fn naming(number: &str, without: &[&str]) -> Value {
    let mut body = application(number);
    for recipient in body["recipients"].as_array_mut().unwrap() {
        recipient["coordination"] = json!(!without.iter().any(|party| recipient["party"] == *party));
    }
    body
}

async fn now(client: &PartyClient, submission: &str) -> Answer {
    get(client, &format!("/insurer/v1/submissions/{submission}/coordination")).await
}

async fn known(client: &PartyClient, submission: &str) -> Value {
    must(must(now(client, submission).await.expect("coordination", 200)).json("coordination"))
}

/// What counts of an element: printing, number, of, others, paid by others.
fn of(element: &Value) -> Value {
    json!([element["copy"], element["number"], element["of"], element["others"], element["paid_by_others"]])
}

/// Reads an element once, in a gateway whose hospital attests: the basis is the patient's consent for that long.
pub(crate) async fn seen(test: &TestGateway, number: &str) {
    let (engine, hospital) = (&test.world.gateway.app.engine, "hospital-demo".parse().unwrap());
    let before = must(engine.store.party(&hospital).await).unwrap().registration().consent.clone();
    let basis = ConsentBasis::Patient { reference: "院內申請合作契約 115-11".to_owned() };
    must(engine.set_consent(&hospital, Some(basis)).await);
    let client = &test.life().client;
    let list = get(client, "/insurer/v1/deliveries?limit=200").await.json("list").unwrap();
    assert_eq!(apply(test, &naming(number, &[])).await.status, 201);
    assert_eq!(test.push(&bytes(&case(number)), &[]).await.status, 201);
    let own = must(insurer::pull(client, list["next_after"].as_i64().unwrap(), 1).await).remove(0);
    known(client, &own.submission_id).await;
    must(engine.set_consent(&hospital, before).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_by_one_is_known_to_the_other_and_so_is_money_that_came_back() {
    let test = gateway().await;
    assert_eq!(apply(&test, &naming("SHARE-1", &[])).await.status, 201);
    assert_eq!(test.push(&bytes(&case("SHARE-1")), &[]).await.status, 201);
    pull_all(&test.life().client, 1).await;
    let (first, packet) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let signed = packet.recipient.coordination.clone().unwrap();
    assert_eq!(of(&signed), json!(["original", 1, 2, 1, "0"]));
    assert_eq!(signed["receipts"].as_array().unwrap().len(), 1);
    assert_eq!(signed["receipts"][0]["elsewhere"], json!(false));
    assert!(!signed.to_string().contains("nonlife"), "nobody is named: {signed}");
    let (second, packet) = open_all(test.nonlife(), 0, test.clock.now()).await.pop().unwrap();
    assert_eq!(of(packet.recipient.coordination.as_ref().unwrap()), json!(["copy", 2, 2, 1, "0"]));

    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let (id, other) = (first.submission_id.as_str(), second.submission_id.as_str());
    assert_eq!(said(&report(&test, id, "accepted", Some(decision(1_500))).await), is(200, "accepted", ""));
    let paid = pay(&test, id, &payment("undisputed", "800", "S-1")).await;
    assert_eq!(paid.status, 200);
    assert_eq!(of(&known(nonlife, other).await), json!(["copy", 2, 2, 1, "800"]));
    assert_eq!(of(&known(life, id).await), json!(["original", 1, 2, 1, "0"]), "its own is none of others");
    // A payment alone makes no packet; the next revision has it as of its signature.
    assert_eq!(test.counts().await.deliveries, 2);
    assert_eq!(pay(&test, id, &back("returned", "300", "S-2", &entry(&paid))).await.status, 200);
    let mut corrected = case("SHARE-1");
    resource(&mut corrected, "Condition")["note"] = json!([{ "text": "宜休養一週" }]);
    assert_eq!(test.push(&bytes(&corrected), &[]).await.status, 201);
    let later = pull_all(nonlife, 2).await;
    assert_eq!(later.len(), 2);
    let (_, packet) = open_all(test.nonlife(), second.position, test.clock.now()).await.pop().unwrap();
    assert_eq!(of(packet.recipient.coordination.as_ref().unwrap()), json!(["copy", 2, 2, 1, "500"]));
    // Another's submission is none of one's own.
    assert_eq!(said(&now(nonlife, id).await), is(404, "not-found", ""));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_consent_that_names_it_and_stands_tells_anything() {
    let test = gateway().await;
    let applied = apply(&test, &naming("SHARE-2", &["insurer-nonlife"])).await.json("application").unwrap();
    assert_eq!(test.push(&bytes(&case("SHARE-2")), &[]).await.status, 201);
    pull_all(&test.life().client, 1).await;
    let (first, packet) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    // The other counts, though it may not know.
    assert_eq!(of(packet.recipient.coordination.as_ref().unwrap()), json!(["original", 1, 2, 1, "0"]));
    let id = applied["id"].as_str().unwrap();
    // Taken back before it left: it is none of those that reimburse, and the one that is left is told by a packet.
    withdraw(&test, id, "insurer-nonlife").await;
    let all = pull_all(&test.life().client, 2).await;
    assert_eq!(all[1].revision, 2);
    let (_, packet) = open_all(test.life(), first.position, test.clock.now()).await.pop().unwrap();
    assert_eq!(of(packet.recipient.coordination.as_ref().unwrap()), json!(["original", 1, 1, 0, "0"]));
    // Its own consent gone, it knows nothing any more.
    withdraw(&test, id, "insurer-life").await;
    assert_eq!(said(&now(&test.life().client, &first.submission_id).await), is(409, "coordination.none", ""));
    test.stop().await;

    let test = TestGateway::start().await;
    assert_eq!(test.push(&bytes(&case("SHARE-3")), &[]).await.status, 201);
    pull_all(&test.life().client, 1).await;
    let (envelope, packet) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    assert!(packet.recipient.coordination.is_none(), "the hospital's attestation names no coordination");
    assert_eq!(said(&now(&test.life().client, &envelope.submission_id).await), is(409, "coordination.none", ""));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_another_case_is_flagged_and_a_new_order_says_whose_is_the_original() {
    let test = gateway().await;
    for number in ["SHARE-4", "SHARE-5"] {
        assert_eq!(apply(&test, &naming(number, &[])).await.status, 201);
        assert_eq!(test.push(&bytes(&case(number)), &[]).await.status, 201);
    }
    pull_all(&test.life().client, 2).await;
    let mut opened = open_all(test.life(), 0, test.clock.now()).await;
    let (later, packet) = opened.pop().unwrap();
    let element = packet.recipient.coordination.unwrap();
    assert_eq!(element["receipts"][0]["elsewhere"], json!(true), "{element}");
    // One that takes no copy is named first in a new application: its printing is the original then.
    let (nonlife, mut other) = (&test.nonlife().client, naming("SHARE-5", &[]));
    other["recipients"].as_array_mut().unwrap().reverse();
    pull_all(nonlife, 2).await;
    assert_eq!(apply(&test, &other).await.status, 201);
    let all = pull_all(nonlife, 3).await;
    let (_, packet) = open_all(test.nonlife(), all[1].position, test.clock.now()).await.pop().unwrap();
    assert_eq!(of(packet.recipient.coordination.as_ref().unwrap()), json!(["original", 1, 2, 1, "0"]));
    assert_eq!(of(&known(&test.life().client, &later.submission_id).await), json!(["copy", 2, 2, 1, "0"]));
    let nothing = post(nonlife, "/insurer/v1/submissions/sub_x/coordination", &json!({})).await;
    assert_eq!(nothing.status, 405);
    test.stop().await;
}
