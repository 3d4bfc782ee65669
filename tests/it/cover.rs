//! Who covers a vehicle of an accident, over real HTTP: the institute's desk, insurers' desks, an app that asks. Desks are programs
//! of their own; time is the test's.

use std::net::TcpListener;
use std::time::Duration;

use claimgate_adapters::insurer::cover::PairKey;
use claimgate_adapters::police::api::Item;
use claimgate_gateway::party::{AuthProfile, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::client::{Identity, PartyClient};
use claimgate_gateway::sandbox::cover::{Desk, Fault, Policy};
use claimgate_gateway::sandbox::demo;
use claimgate_gateway::sandbox::police::Case;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, post};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::accidents::{filing, later, police, started, today, until};

const INSTITUTE: &str = "institute-tii";

/// A desk that runs and is registered; an insurer's has the key of its pair.
async fn desk(test: &TestGateway, id: &str, ubn: &str, role: Role) -> Desk {
    let base = test.world.gateway.base_url().to_owned();
    let now = test.clock.now();
    let key = must(demo::signing_key(role, now));
    let desk = must(Desk::new((id, key.clone()), (&base, &base), test.clock.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(desk.serve(listener).unwrap());
    let (mut keys, mut lines) = (vec![key.public()], Vec::new());
    if role == Role::Insurer {
        keys.push(must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, now)).public());
        lines = vec![Line::MotorCompulsory, Line::MotorDamage];
    }
    let number = PartyIdentifier { system: "https://gcis.nat.gov.tw".to_owned(), value: ubn.to_owned() };
    let registration = Registration {
        identifiers: vec![number],
        lines,
        records_url: Some(format!("http://{address}/v1")),
        ..Registration::new(id, role, "示範查詢窗口", JwkSet(keys).to_json())
    };
    must(test.world.gateway.app.engine.register(registration).await);
    if role == Role::Insurer {
        let mut client = test.client(Identity { id: id.to_owned(), profile: AuthProfile::Fapi, key });
        must(client.authenticate().await);
        let given = must(must(get(&client, "/insurer/v1/cover-key").await.expect("key", 200)).json("key"));
        desk.keyed(PairKey::from_text(given["key"].as_str().unwrap()).unwrap());
    }
    desk
}

fn policy(plate: &str, insurer: &str, on: Date, lines: &[Line]) -> Policy {
    let term = (on.checked_sub(jiff::Span::new().days(100)).unwrap(), on);
    Policy { plate: plate.to_owned(), insurer: insurer.to_owned(), term, lines: lines.to_vec() }
}

/// Files an accident with two vehicles, and gives the address of its look-ups.
async fn filed(test: &TestGateway, reference: &str, recipients: &Value) -> String {
    let mut body = filing(reference, today(test), "COVER-1", recipients);
    body["record"] = json!({ "exists": false });
    body["vehicles"] = json!([{ "plate": "ABC-1234", "own": true }, { "plate": "xyz9999", "own": false }]);
    let filed = must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201));
    format!("/claims/v1/accidents/{}/cover", must(filed.json("accident"))["claim_id"].as_str().unwrap())
}

fn asking(plate: &str) -> Value {
    json!({ "plate": plate, "ground": { "kind": "consent", "reference": "C-1" } })
}

async fn looked(client: &PartyClient, path: &str, plate: &str) -> Value {
    let answer = post(client, path, &asking(plate)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    must(answer.json("cover"))
}

fn recipients() -> Value {
    json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }])
}

#[tokio::test(flavor = "multi_thread")]
async fn compulsory_cover_comes_from_the_institute_and_insurers_see_a_digest_alone() {
    let test = started().await;
    let institute = desk(&test, INSTITUTE, "24900010", Role::Institute).await;
    let (first, second) = (
        desk(&test, "motor-1", "34900001", Role::Insurer).await,
        desk(&test, "motor-2", "34900002", Role::Insurer).await,
    );
    let on = today(&test);
    institute.put(policy("ABC-1234", "34900001", on, &[Line::MotorCompulsory]));
    first.put(policy("ABC-1234", "34900001", on, &[Line::MotorCompulsory, Line::MotorDamage]));
    second.put(policy("XYZ-9999", "34900002", on, &[Line::MotorLiability]));
    let path = filed(&test, "COVER-1", &recipients()).await;

    let own = looked(&test.world.app, &path, "abc 1234").await;
    assert_eq!(
        (&own["compulsory"]["covers"], &own["compulsory"]["party"], &own["compulsory"]["certificate"]),
        (&json!("yes"), &json!("motor-1"), &json!("DEMO-0001"))
    );
    assert_eq!(
        own["insurers"],
        json!([
            { "party": "motor-1", "covers": "yes", "lines": ["motor-compulsory", "motor-damage"], "reason": null },
            { "party": "motor-2", "covers": "no", "lines": [], "reason": null },
        ])
    );
    // The other's: not insured by compulsory cover, yet somebody's voluntary one.
    let other = looked(&test.world.app, &path, "XYZ-9999").await;
    assert_eq!((&other["compulsory"]["covers"], &other["insurers"][1]["covers"]), (&json!("no"), &json!("yes")));
    // The institute was told the plate, insurers a digest that is another for each of them and for each plate.
    assert_eq!(institute.asked(), ["ABC1234", "XYZ9999"]);
    let mut digests = [first.asked(), second.asked()].concat();
    assert_eq!(digests.len(), 4);
    assert!(digests.iter().all(|digest| digest.len() == 43 && !digest.contains("1234")));
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 4);
    // What is known is given again, and nobody is asked.
    let again = looked(&test.world.app, &path, "ABC-1234").await;
    assert_eq!((&again["number"], &again["answered_at"]), (&own["number"], &own["answered_at"]));
    assert_eq!((institute.asked().len(), first.asked().len()), (2, 2));
    let all = must(get(&test.world.app, &path).await.json("covers"));
    assert_eq!(all["lookups"].as_array().unwrap().len(), 2);
    // Each disclosure has its line: one of the plate and two of digests for each look-up, under the consent.
    let alice = test.operator("alice").await;
    let trail = must(get(&alice, "/operator/v1/audit?action=cover.asked&limit=200").await.json("audit"));
    let text = trail.to_string();
    assert_eq!((text.matches("\"plate\"").count(), text.matches("\"digest\"").count()), (2, 4), "{text}");
    assert!(text.contains("\"consent\"") && !text.contains("ABC"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_filed_asks_about_its_vehicles_under_a_consent() {
    let test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let insurer = desk(&test, "motor-1", "34900001", Role::Insurer).await;
    let path = filed(&test, "COVER-2", &recipients()).await;
    let new = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let (other, _) = test.register(new).await;
    assert_eq!(post(&other, &path, &asking("ABC-1234")).await.status, 404);
    assert_eq!(get(&other, &path).await.status, 404);
    for (change, code) in [
        (json!({ "plate": "DEF-5678" }), "cover.plate"),
        (json!({ "plate": "not a plate" }), "cover.plate"),
        (json!({ "plate": "ABC-1234; --" }), "cover.plate"),
        (json!({ "plate": "1".repeat(100) }), "body.value"),
        (json!({ "ground": { "kind": "statutory", "reference": "S-1" } }), "cover.ground"),
        (json!({ "ground": { "kind": "consent", "reference": "" } }), "body.value"),
        (json!({ "ground": null }), "body.form"),
    ] {
        let mut body = asking("ABC-1234");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = post(&test.world.app, &path, &body).await;
        let problem = must(refused.json("problem"));
        assert_eq!((refused.status.as_u16(), &problem["code"]), (422, &json!(code)), "{change}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("5678"), "no plate is repeated");
    }
    assert!(insurer.asked().is_empty(), "nothing left");
    // Where no institute takes part, that is said by its absence; an insurer's line alone is known.
    assert!(looked(&test.world.app, &path, "ABC-1234").await["compulsory"].is_null());
    // A plate of the registration slip counts as well, once it is here.
    let on = today(&test);
    source.put(Case { number: "SLIP-1".to_owned(), on, plates: vec!["QRS-4567".to_owned()], elsewhere: None });
    let body = filing("COVER-3", on, "SLIP-1", &recipients());
    let filed = must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201));
    let claim = must(filed.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let arrived = |seen: &Value| seen["documents"][0]["state"] == "arrived";
    until(&test.world.app, &format!("/claims/v1/accidents/{claim}"), arrived).await;
    looked(&test.world.app, &format!("/claims/v1/accidents/{claim}/cover"), "QRS-4567").await;
    assert_eq!(source.asked().iter().filter(|(_, item)| *item == Some(Item::AccidentRegistrationSlip)).count(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_as_it_should_is_unknown_and_a_case_asks_ten_times_a_day() {
    let mut test = started().await;
    let institute = desk(&test, INSTITUTE, "24900010", Role::Institute).await;
    let insurer = desk(&test, "motor-1", "34900001", Role::Insurer).await;
    let on = today(&test);
    for of in [&institute, &insurer] {
        of.put(policy("ABC-1234", "34900001", on, &[Line::MotorCompulsory]));
    }
    let path = filed(&test, "COVER-4", &recipients()).await;
    for (fault, reasons) in [
        (Fault::Busy, ["busy", "busy"]),
        (Fault::Away, ["away", "away"]),
        (Fault::WrongKey, ["answer-key", "answer-key"]),
        (Fault::OtherQuestion, ["answer-request", "answer-request"]),
        (Fault::Strange, ["answer-content", "answer-content"]),
        (Fault::Unknown, ["unknown", "unknown"]),
        (Fault::Refused, ["refused", "unknown"]),
        (Fault::Slow, ["timed-out", "timed-out"]),
    ] {
        institute.does(&[fault]);
        insurer.does(&[fault]);
        // Both are waited for at once, four seconds.
        let within = tokio::time::timeout(Duration::from_secs(7), looked(&test.world.app, &path, "ABC-1234"));
        let found = within.await.unwrap();
        for (one, reason) in [&found["compulsory"], &found["insurers"][0]].into_iter().zip(reasons) {
            assert_eq!((&one["covers"], &one["reason"]), (&json!("unknown"), &json!(reason)), "{fault:?}");
        }
        println!("{fault:?}: unknown, {}", reasons[0]);
    }
    let found = looked(&test.world.app, &path, "ABC-1234").await;
    assert_eq!((&found["number"], &found["compulsory"]["covers"]), (&json!(9), &json!("yes")));
    looked(&test.world.app, &path, "XYZ-9999").await;
    // The tenth was the last of this day; what is known still comes.
    institute.does(&[Fault::Unknown]);
    let asked = institute.asked().len();
    assert_eq!(looked(&test.world.app, &path, "xyz9999").await["number"], 10, "known");
    later(&mut test, Duration::from_hours(25), &mut []).await;
    assert_eq!(looked(&test.world.app, &path, "XYZ-9999").await["number"], 11);
    assert_eq!(institute.asked().len(), asked + 1);
    for number in 12..=20 {
        institute.does(&[Fault::Unknown]);
        assert_eq!(looked(&test.world.app, &path, "ABC-1234").await["number"], number);
    }
    let refused = post(&test.world.app, &path, &asking("ABC-1234")).await;
    assert_eq!((refused.status.as_u16(), &must(refused.json("problem"))["code"]), (429, &json!("cover.limit")));
    assert!(refused.header("retry-after").unwrap().parse::<i64>().unwrap() > 80_000);
    assert_eq!(institute.asked().len(), asked + 10, "nothing left");
    test.stop().await;
}

/// Each route of look-ups once, for the contract.
pub(crate) async fn each_route(test: &TestGateway) {
    desk(test, "motor-cover", "34900078", Role::Insurer).await;
    let recipients = json!([{ "party": "motor-cover", "line": "motor-damage" }]);
    let path = filed(test, "COVER-9", &recipients).await;
    looked(&test.world.app, &path, "ABC-1234").await;
    assert_eq!(get(&test.world.app, &path).await.status, 200);
}
