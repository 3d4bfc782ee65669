//! Applications of patients (院內申請): nothing leaves without the patient's consent, for nobody it does not name.

use claimgate_gateway::party::ConsentBasis;
use claimgate_gateway::sandbox::client::Answer;
use claimgate_packet::evidence::{Document, Evidence};
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{TestGateway, codes, get, must, open_all, pull_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::decisions::{is, report, said};

const SYSTEM: &str = "https://hospital.example/case";

/// A gateway whose hospital sends on the patient's consent alone.
pub(crate) async fn gateway() -> TestGateway {
    let test = TestGateway::start().await;
    let basis = ConsentBasis::Patient { reference: "院內申請合作契約 115-11".to_owned() };
    must(test.world.gateway.app.engine.set_consent(&"hospital-demo".parse().unwrap(), Some(basis)).await);
    test
}

/// The demo's patient, as the documents have it.
fn patient(number: &str) -> Value {
    let mut bundle = case(number);
    let patient = resource(&mut bundle, "Patient").clone();
    let id = patient["identifier"].as_array().unwrap().iter().find(|one| one["type"]["coding"][0]["code"] == "NNxxx");
    json!({ "name": patient["name"][0]["text"], "birth_date": patient["birthDate"],
        "identifiers": [{ "kind": "national-id", "value": id.unwrap()["value"] }] })
}

/// An application for both insurers of the demo's bundle.
pub(crate) fn application(number: &str) -> Value {
    let insured = patient(number);
    json!({
        "case_system": SYSTEM, "case_number": number, "signed_at": "2026-11-23T02:00:00Z", "channel": "bedside",
        "identified_by": "hospital", "applicant": { "capacity": "insured" },
        "account": { "bank": "822", "number": "123456789012", "holder": insured["name"] }, "insured": insured,
        "accident": { "at": "2026-11-01", "description": "跌倒" },
        "signature": { "kind": "paper", "reference": "SCAN-1" }, "form": "同意書 115-11",
        "recipients": [
            { "party": "insurer-life", "line": "health-reimbursement", "policies": ["P-1"], "coordination": true },
            { "party": "insurer-nonlife", "line": "accident" } ] })
}

async fn post(test: &TestGateway, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    must(test.world.hospital.call(Method::POST, path, &headers, bytes(body)).await)
}

pub(crate) async fn apply(test: &TestGateway, body: &Value) -> Answer {
    post(test, "/hospital/v1/applications", body).await
}

pub(crate) async fn withdraw(test: &TestGateway, id: &str, party: &str) -> Value {
    let path = format!("/hospital/v1/applications/{id}/recipients/{party}/withdraw");
    let answer = post(test, &path, &json!({})).await;
    assert_eq!(answer.status, 200);
    answer.json("application").unwrap()
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json("problem").unwrap()["code"].as_str().unwrap().to_owned())
}

async fn held(test: &TestGateway, number: &str) -> Vec<String> {
    let answer = test.push(&bytes(&case(number)), &[]).await;
    assert_eq!(answer.status, 201);
    codes(&answer.json("outcome").unwrap())
}

fn kinds(evidence: &[Evidence]) -> Vec<&str> {
    evidence.iter().map(|one| one.document.kind()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_is_sent_when_the_patient_has_signed_and_each_insurer_sees_its_own_consent() {
    let test = gateway().await;
    assert!(held(&test, "APPLY-1").await.contains(&"consent.not-given".to_owned()));
    let first = apply(&test, &application("APPLY-1")).await;
    assert_eq!(first.status, 201);
    let shown = first.json("application").unwrap();
    let again = apply(&test, &application("APPLY-1")).await;
    assert_eq!((again.status.as_u16(), &again.json("application").unwrap()["id"]), (200, &shown["id"]), "once");

    pull_all(&test.life().client, 1).await;
    let (_, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let signed = |document: &Document| match document {
        Document::Consent(consent) => Some((consent.insurer.clone(), consent.policies.clone())),
        _ => None,
    };
    let own: Vec<_> = opened.evidence.iter().filter_map(|one| signed(&one.document)).collect();
    assert_eq!(own, [("insurer-life".to_owned(), vec!["P-1".to_owned()])]);
    assert!(kinds(&opened.evidence).contains(&"claim-application"), "{:?}", kinds(&opened.evidence));

    // The one has received it, the other not yet: only the latter can be kept back.
    let id = shown["id"].as_str().unwrap();
    let after = withdraw(&test, id, "insurer-nonlife").await;
    let of = |shown: &Value, party: &str| {
        shown["recipients"].as_array().unwrap().iter().find(|one| one["party"] == party).unwrap().clone()
    };
    let nonlife = of(&after, "insurer-nonlife");
    assert!(nonlife["withdrawn"].is_string() && nonlife["received"].is_null(), "{nonlife}");
    assert_eq!(nonlife["kept_back"], 1);
    let life = of(&withdraw(&test, id, "insurer-life").await, "insurer-life");
    assert!(life["withdrawn"].is_string() && life["received"].is_string(), "what has left is said to have: {life}");
    // A correction goes to nobody any more.
    let mut corrected = case("APPLY-1");
    resource(&mut corrected, "Condition")["note"] = json!([{ "text": "宜休養一週" }]);
    let answer = test.push(&bytes(&corrected), &[]).await;
    assert!(codes(&answer.json("outcome").unwrap()).contains(&"consent.not-given".to_owned()));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_may_come_first_and_names_who_gets_anything() {
    let test = gateway().await;
    let mut only_life = application("APPLY-2");
    only_life["recipients"].as_array_mut().unwrap().pop();
    assert_eq!(apply(&test, &only_life).await.status, 201);
    assert_eq!(held(&test, "APPLY-2").await, ["consent.not-named"]);
    assert_eq!(test.counts().await.deliveries, 1);
    let basis = "select count(*) from consent where basis = 'patient' and purpose = 'claim-assessment'";
    assert_eq!(test.kept().number(basis).await, 1, "beside the packet stands whose consent it was");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_in_a_replaced_application_is_taken_back_in_the_one_that_counts() {
    let test = gateway().await;
    let first = apply(&test, &application("APPLY-9")).await.json("application").unwrap();
    let mut other = application("APPLY-9");
    other["form"] = json!("同意書 115-12");
    let second = apply(&test, &other).await;
    assert_eq!(second.status, 201);
    let second = second.json("application").unwrap();
    assert_ne!(first["id"], second["id"]);
    withdraw(&test, first["id"].as_str().unwrap(), "insurer-nonlife").await;
    assert_eq!(held(&test, "APPLY-9").await, ["consent.not-named"]);
    assert_eq!(test.counts().await.deliveries, 1, "to the other insurer alone");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_under_a_key_brings_no_replaced_application_back() {
    let test = gateway().await;
    let send = async |key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        must(test.world.hospital.call(Method::POST, "/hospital/v1/applications", &headers, bytes(body)).await)
    };
    let (first, mut second) = (application("APPLY-11"), application("APPLY-11"));
    second["recipients"].as_array_mut().unwrap().pop();
    let made = send("a", &first).await;
    assert_eq!(made.status, 201);
    assert_eq!(send("b", &second).await.status, 201);
    let again = send("a", &first).await;
    assert_eq!(
        (again.status.as_u16(), again.json("application").unwrap()["id"].clone()),
        (200, made.json("application").unwrap()["id"].clone())
    );
    assert_eq!(held(&test, "APPLY-11").await, ["consent.not-named"], "the second one counts");
    assert_eq!(refused(&send("a", &second).await), (422, "idempotency.key-reused".to_owned()));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_packet_could_carry_or_no_clock_has_seen_is_refused() {
    let test = gateway().await;
    for (pointer, value, code) in [
        ("/applicant/ground", json!("長".repeat(201)), "application.text"),
        ("/recipients/0/policies", json!(vec!["P"; 11]), "application.text"),
        ("/signed_at", json!("2999-01-01T00:00:00Z"), "application.signed-at"),
        ("/accident/at", json!("yesterday"), "application.accident"),
        ("/insured/birth_date", json!(null), "application.applicant"),
        ("/signature", json!({ "kind": "wallet", "reference": "wse_x" }), "application.signature"),
    ] {
        let mut body = application("APPLY-12");
        body["applicant"]["ground"] = json!("-");
        *body.pointer_mut(pointer).unwrap() = value;
        assert_eq!(refused(&apply(&test, &body).await), (422, code.to_owned()), "{pointer}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_kept_back_does_not_end_the_submission_of_the_one_that_left() {
    let test = gateway().await;
    let applied = apply(&test, &application("APPLY-13")).await.json("application").unwrap();
    assert_eq!(test.push(&bytes(&case("APPLY-13")), &[]).await.status, 201);
    pull_all(&test.life().client, 1).await;
    let (left, _) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let mut corrected = case("APPLY-13");
    resource(&mut corrected, "Condition")["note"] = json!([{ "text": "宜休養一週" }]);
    assert_eq!(test.push(&bytes(&corrected), &[]).await.status, 201);
    let kept_back = pull_all(&test.life().client, 2).await.pop().unwrap();
    withdraw(&test, applied["id"].as_str().unwrap(), "insurer-life").await;
    let path = format!("/insurer/v1/deliveries/{}", kept_back.id);
    assert_eq!(get(&test.life().client, &path).await.status, 410);
    assert_eq!(said(&report(&test, &left.submission_id, "received", None).await), is(200, "received", ""));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_under_an_application_does_not_leave_once_a_narrower_one_replaces_it() {
    let test = gateway().await;
    assert_eq!(apply(&test, &application("APPLY-14")).await.status, 201);
    assert_eq!(test.push(&bytes(&case("APPLY-14")), &[]).await.status, 201);
    let (life, nonlife) = (&test.life().client, &test.nonlife().client);
    let waits = pull_all(life, 1).await.remove(0);
    let other = pull_all(nonlife, 1).await.remove(0);
    let mut narrower = application("APPLY-14");
    narrower["form"] = json!("同意書 115-12");
    narrower["recipients"][0]["without"] = json!(["medical-receipt"]);
    narrower["recipients"].as_array_mut().unwrap().pop();
    assert_eq!(apply(&test, &narrower).await.status, 201);
    for (client, one) in [(life, &waits), (nonlife, &other)] {
        let answer = get(client, &format!("/insurer/v1/deliveries/{}", one.id)).await;
        assert_eq!(answer.status, 410, "it went out under a consent that was replaced");
    }
    pull_all(life, 2).await;
    let (anew, opened) = open_all(test.life(), waits.position, test.clock.now()).await.pop().unwrap();
    assert!(!kinds(&opened.evidence).contains(&"medical-receipt"), "{:?}", kinds(&opened.evidence));
    assert_eq!(said(&report(&test, &anew.submission_id, "received", None).await), is(200, "received", ""));
    assert_eq!(test.counts().await.deliveries, 3, "nothing more for the one that is not named");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_earlier_and_comes_late_restores_no_consent() {
    let test = gateway().await;
    let (first, mut second) = (application("APPLY-15"), application("APPLY-15"));
    assert_eq!(apply(&test, &first).await.status, 201);
    second["signed_at"] = json!("2026-11-23T03:00:00Z");
    second["recipients"].as_array_mut().unwrap().pop();
    let counts = apply(&test, &second).await;
    assert_eq!(counts.status, 201);
    let late = (422, "application.superseded".to_owned());
    assert_eq!(refused(&apply(&test, &first).await), late, "a retry without a key");
    assert_eq!(held(&test, "APPLY-15").await, ["consent.not-named"], "the second one counts");
    // Signed after that, and before the patient took the consent back.
    let id = counts.json("application").unwrap()["id"].as_str().unwrap().to_owned();
    withdraw(&test, &id, "insurer-life").await;
    second["form"] = json!("同意書 115-12");
    assert_eq!(refused(&apply(&test, &second).await), late);
    second["signed_at"] = json!(test.clock.now());
    assert_eq!(apply(&test, &second).await.status, 201, "what is signed anew counts");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_persons_consent_opens_nothing() {
    let test = gateway().await;
    let mut other = application("APPLY-3");
    other["insured"]["identifiers"][0]["value"] = json!("A223456781");
    assert_eq!(apply(&test, &other).await.status, 201, "before the documents nobody can tell");
    assert!(held(&test, "APPLY-3").await.contains(&"consent.other-person".to_owned()));
    other["form"] = json!("another");
    assert_eq!(refused(&apply(&test, &other).await), (422, "application.other-person".to_owned()));
    assert_eq!(test.counts().await.deliveries, 0);
    assert_eq!(apply(&test, &application("APPLY-3")).await.status, 201);
    pull_all(&test.life().client, 1).await;
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_sign_alone_is_represented_and_who_cannot_write_is_witnessed() {
    let test = gateway().await;
    let representative = json!({ "name": "林美玉", "ground": "戶籍謄本 1",
        "identifiers": [{ "kind": "national-id", "value": "A223456781" }] });
    let with = |capacity: &str| {
        let mut one = representative.clone();
        one["capacity"] = json!(capacity);
        one
    };
    let account = json!({ "bank": "0081234", "number": "123456789012", "holder": "林美玉" });
    let of = |number: &str, insured: Value, applicant: Value, signature: Value| {
        let mut body = application(number);
        (body["insured"], body["applicant"], body["signature"]) = (insured, applicant, signature);
        body["account"] = account.clone();
        body
    };
    let paper = json!({ "kind": "paper", "reference": "SCAN-2" });
    let minor = json!({ "name": "林小寶", "birth_date": "2015-02-03", "identifiers": [] });
    let alone = of("APPLY-4", minor.clone(), json!({ "capacity": "insured" }), paper.clone());
    assert_eq!(refused(&apply(&test, &alone).await), (422, "application.applicant".to_owned()));
    let newborn = json!({ "name": "林美玉之女", "birth_date": "2026-11-20", "identifiers": [] });
    let foreigner = json!({ "name": "NGUYEN THI", "birth_date": "1990-01-01",
        "identifiers": [{ "kind": "resident-certificate", "value": "A800000014" }] });
    let thumb = json!({ "kind": "thumbprint", "witnesses": ["護理師 甲", "社工師 乙"] });
    for (number, insured, applicant, signature) in [
        ("APPLY-5", minor, with("representative-of-minor"), paper.clone()),
        ("APPLY-6", newborn, with("parent-of-newborn"), paper.clone()),
        ("APPLY-7", foreigner.clone(), with("guardian"), paper),
        ("APPLY-8", foreigner, with("guardian"), thumb),
    ] {
        let answer = apply(&test, &of(number, insured, applicant, signature)).await;
        assert_eq!(answer.status, 201, "{number}");
    }
    let mut third = application("APPLY-9");
    third["account"]["holder"] = json!("陳大文");
    assert_eq!(refused(&apply(&test, &third).await), (422, "application.third-account".to_owned()));
    third["account"]["instruction"] = json!("給付指示 115-1");
    third["recipients"][0]["party"] = json!("insurer-unknown");
    let unknown = apply(&test, &third).await;
    assert_eq!(refused(&unknown), (422, "application.recipient".to_owned()));
    assert_eq!(unknown.json("problem").unwrap()["pointer"], "/recipients/0");
    test.stop().await;
}
