//! Accidents over real HTTP: filed by an app and by insurers, police papers asked for once on their day, verified once, given
//! to each recipient by its ground. The police source is a program of its own; time is the test's.

use std::net::TcpListener;
use std::time::Duration;

use claimgate_adapters::police::api::{Item, Operation};
use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::{AuthProfile, PartyIdentifier, Registration, Role};
use claimgate_gateway::sandbox::client::{Identity, PartyClient};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::sandbox::police::{Case, Fault, Police};
use claimgate_packet::check;
use claimgate_packet::evidence::Document;
use claimgate_packet::jose::jwk::JwkSet;
use claimgate_packet::open::Opened;
use claimgate_packet::words::{ClaimKind, Line};
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, open_all, post};
use serde_json::{Value, json};

mod ends;
mod linking;
mod mydata;
mod numbers;
mod pictures;
mod reuse;

const DAY: Duration = Duration::from_hours(24);
const SLIP: &str = "accident-registration-slip";
const SKETCH: &str = "accident-scene-sketch";
const PHOTOS: &str = "accident-scene-photos";
const ANALYSIS: &str = "accident-preliminary-analysis";
const STATEMENT: &str = "accident-statement";
const CHECK: &str = "accident-paper-check";

/// A gateway on a clock of the test's.
pub(crate) async fn started() -> TestGateway {
    TestGateway::start_with(Clock::test(Clock::system().now())).await
}

/// A police source that runs and is registered for a jurisdiction, with its client.
pub(crate) async fn police(test: &TestGateway, id: &str, number: &str, jurisdiction: &str) -> (Police, PartyClient) {
    let base = test.world.gateway.base_url().to_owned();
    let source = must(Police::new(id, (&base, &base), test.clock.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(source.serve(listener).unwrap());
    let identifier = |system: &str, value: &str| PartyIdentifier { system: system.to_owned(), value: value.to_owned() };
    let registration = Registration {
        identifiers: vec![
            identifier("https://gcis.nat.gov.tw", number),
            identifier("urn:claimgate:police-jurisdiction", jurisdiction),
        ],
        records_url: Some(format!("http://{address}/v1")),
        ..Registration::new(id, Role::Police, "示範警察局", JwkSet(vec![source.key().public()]).to_json())
    };
    must(test.world.gateway.app.engine.register(registration).await);
    let identity = Identity { id: id.to_owned(), profile: AuthProfile::Fapi, key: source.key().clone() };
    let mut client = test.client(identity);
    must(client.authenticate().await);
    (source, client)
}

/// A motor insurer.
async fn motor(test: &TestGateway, number: usize, line: Line) -> Insurer {
    let (id, ubn) = (format!("motor-{number}"), format!("3490{number:04}"));
    let new = NewParty { id: &id, role: Role::Insurer, number: &ubn, lines: vec![line], consent: false };
    let (client, keys) = test.register(new).await;
    Insurer { client, keys, line }
}

pub(crate) fn today(test: &TestGateway) -> jiff::civil::Date {
    jiff::tz::offset(8).to_datetime(test.clock.now()).date()
}

pub(crate) fn filing(reference: &str, on: jiff::civil::Date, number: &str, recipients: &Value) -> Value {
    json!({
        "reference": reference, "occurrence": { "on": on, "place": { "text": "示範路一段" } }, "standing": "party",
        "record": { "exists": true, "jurisdiction": "TW-TPE", "number": number },
        "vehicles": [{ "plate": "ABC-1234", "own": true }], "recipients": recipients,
    })
}

/// Waits until an answer is as it is to be.
pub(crate) async fn until(client: &PartyClient, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..300 {
        let answer = get(client, path).await;
        assert_eq!(answer.status, 200, "{path}");
        last = must(answer.json("accident"));
        if holds(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} stays {last:#}");
}

fn state<'a>(seen: &'a Value, item: &str) -> &'a str {
    let all = seen["documents"].as_array().unwrap();
    all.iter().find(|one| one["item"] == item).map_or("none", |one| one["state"].as_str().unwrap())
}

fn kinds(opened: &Opened) -> Vec<&str> {
    opened.evidence.iter().map(|one| one.document.kind()).collect()
}

/// Waits until the newest packet of an insurer for a claim holds these types.
async fn newest(test: &TestGateway, one: &Insurer, claim: &str, wanted: &[&str]) -> Opened {
    for _ in 0..60 {
        let mut all = open_all(one, 0, test.clock.now()).await;
        all.retain(|(_, opened)| opened.claim.id == claim);
        if let Some((_, opened)) = all.pop()
            && wanted.iter().all(|kind| kinds(&opened).contains(kind))
        {
            return opened;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{} never got {wanted:?}", one.client.id());
}

pub(crate) async fn later(test: &mut TestGateway, by: Duration, clients: &mut [&mut PartyClient]) {
    test.clock.advance(by);
    must(test.world.app.authenticate().await);
    for client in clients {
        must(client.authenticate().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, in its order")]
async fn slip_at_once_sketch_on_day_7_analysis_on_day_30_and_the_police_are_asked_once() {
    let mut test = started().await;
    let (source, mut police) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let mut first = motor(&test, 1, Line::MotorCompulsory).await;
    let mut second = motor(&test, 2, Line::MotorLiability).await;
    let mut third = motor(&test, 3, Line::MotorDamage).await;
    let on = today(&test);
    let plates = vec!["ABC-1234".to_owned(), "XYZ-9999".to_owned()];
    source.put(Case { number: "11511A0001".to_owned(), on, plates, elsewhere: None });

    // The claim is filed at once, for three insurers on three grounds.
    let body = filing(
        "APP-1",
        on,
        "11511A0001",
        &json!([
            { "party": "motor-1", "line": "motor-compulsory", "ground": { "kind": "consent", "reference": "C-1" } },
            { "party": "motor-2", "line": "motor-liability", "ground": { "kind": "mandate", "reference": "M-1" } },
            { "party": "motor-3", "line": "motor-damage" },
        ]),
    );
    let filed = post(&test.world.app, "/claims/v1/accidents", &body).await;
    assert_eq!(filed.status, 201, "{}", String::from_utf8_lossy(&filed.body));
    let filed = must(filed.json("accident"));
    let claim = filed["claim_id"].as_str().unwrap().to_owned();
    let path = format!("/claims/v1/accidents/{claim}");
    assert_eq!(post(&test.world.app, "/claims/v1/accidents", &body).await.status, 200, "the same again");
    let mut other = body.clone();
    other["standing"] = json!("owner");
    assert_eq!(post(&test.world.app, "/claims/v1/accidents", &other).await.status, 409);
    let seen = until(&test.world.app, &path, |seen| state(seen, SLIP) == "arrived").await;
    assert_eq!(["expected"; 3], [SKETCH, PHOTOS, ANALYSIS].map(|item| state(&seen, item)));
    let at_scene = newest(&test, &first, &claim, &[STATEMENT, SLIP, CHECK]).await;
    assert_eq!(at_scene.claim.kind, ClaimKind::Motor);
    // Who has no ground gets what the check found, and nothing of the paper.
    let bare = newest(&test, &third, &claim, &[CHECK]).await;
    assert_eq!(kinds(&bare), [CHECK]);

    // A receipt counts by the gateway's published keys alone.
    let trust = must(insurer::trusted_keys(&first.client).await);
    for opened in [&at_scene, &bare] {
        let checks = opened.evidence.iter().filter_map(|one| match &one.document {
            Document::AccidentPaperCheck(check) => Some(check),
            _ => None,
        });
        assert!(checks.map(|one| check::verify(one, &trust, test.clock.now()).unwrap()).count() > 0);
    }

    // Day 7.
    let mut clients = [&mut first.client, &mut second.client, &mut third.client, &mut police];
    later(&mut test, 7 * DAY, &mut clients).await;
    until(&test.world.app, &path, |seen| state(seen, SKETCH) == "arrived" && state(seen, PHOTOS) == "arrived").await;
    let drawn = newest(&test, &first, &claim, &[SLIP, SKETCH]).await;
    assert!(!kinds(&drawn).contains(&PHOTOS), "compulsory cover gets no photos");
    let sketch = drawn.evidence.iter().find(|one| one.document.kind() == SKETCH).unwrap();
    let drawing = sketch.document.to_json().unwrap()["drawing"].as_str().unwrap().to_owned();
    assert_eq!(drawing, sketch.attachments[0].id, "the paper names its drawing by the attachment's id");
    let envelope = must(insurer::pull(&first.client, 0, 0).await).pop().unwrap();
    must(insurer::fetch(&first.client, &envelope.id).await);
    assert!(must(insurer::attachments(&first.client, &envelope.id, &drawn, &first.keys).await) > 20);
    newest(&test, &second, &claim, &[SLIP, SKETCH, PHOTOS]).await;

    // Another insurer inquires by its own ground: it is answered from what is here.
    let before = source.asked().len();
    let fourth = motor(&test, 4, Line::MotorCompulsory).await;
    let inquiry = json!({
        "reference": "INQ-1", "occurrence": { "on": on, "place": {} }, "line": "motor-compulsory",
        "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "11511-A0001" },
    });
    let inquired = post(&fourth.client, "/insurer/v1/accidents", &inquiry).await;
    assert_eq!(inquired.status, 200, "{}", String::from_utf8_lossy(&inquired.body));
    let inquired = must(inquired.json("accident"));
    assert_eq!(inquired["accident_id"], filed["accident_id"], "one accident, however its number is written");
    let own = inquired["claim_id"].as_str().unwrap().to_owned();
    assert_ne!(own, claim);
    newest(&test, &fourth, &own, &[SLIP, SKETCH, CHECK]).await;
    assert_eq!(source.asked().len(), before, "answered from receipts");
    let seen = until(&fourth.client, &format!("/insurer/v1/accidents/{own}"), |_| true).await;
    assert_eq!(seen["recipients"].as_array().unwrap().len(), 1, "no other recipient is named");
    assert!(seen["comparison"].as_array().unwrap().iter().any(|one| one["of"] == "day" && one["agrees"] == true));

    // What is another's is not found.
    assert_eq!(get(&fourth.client, &format!("/insurer/v1/accidents/{claim}")).await.status, 404);
    assert_eq!(get(&test.world.app, &format!("/claims/v1/accidents/{own}")).await.status, 404);

    // Day 30.
    let mut clients = [&mut first.client, &mut second.client, &mut third.client, &mut police];
    later(&mut test, 23 * DAY, &mut clients).await;
    until(&test.world.app, &path, |seen| state(seen, ANALYSIS) == "arrived").await;
    newest(&test, &first, &claim, &[SLIP, SKETCH, ANALYSIS]).await;
    newest(&test, &second, &claim, &[SLIP, SKETCH, PHOTOS, ANALYSIS]).await;
    let asked = source.asked();
    println!("police asked {} times for 4 papers, 4 insurers, 2 filings: {asked:?}", asked.len());
    let mut items: Vec<Item> =
        asked.iter().filter(|(op, _)| *op == Operation::Fetch).filter_map(|(_, item)| *item).collect();
    items.sort();
    assert_eq!((asked.len(), items.as_slice()), (4, Item::ALL.as_slice()), "each once");

    // The owner reads it all, the source sees who used it.
    let timeline = must(get(&test.world.app, &format!("/claims/v1/claims/{claim}/timeline")).await.json("timeline"));
    let told = timeline["timeline"].as_array().unwrap().iter().filter(|one| one["event"] == "accident.paper");
    let told: Vec<(&str, &str)> = told
        .map(|one| (one["parameters"]["item"].as_str().unwrap(), one["parameters"]["state"].as_str().unwrap()))
        .collect();
    for item in [SLIP, SKETCH, PHOTOS, ANALYSIS] {
        assert!(told.contains(&(item, "expected")) && told.contains(&(item, "arrived")), "{item}: {told:?}");
    }
    let uses = must(get(&police, "/police/v1/uses").await.json("uses"));
    let uses = uses["uses"].as_array().unwrap();
    let share = |party: &str, item: &str| {
        let one = uses.iter().find(|one| one["party"] == party && one["item"] == item);
        one.map_or("", |one| one["share"].as_str().unwrap())
    };
    assert_eq!(
        (share("motor-1", SKETCH), share("motor-1", PHOTOS), share("motor-3", SKETCH)),
        ("content", "check", "check")
    );

    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amended_paper_supersedes_the_receipt_and_reaches_who_has_the_old_one() {
    let test = started().await;
    let (source, police) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let one = motor(&test, 1, Line::MotorCompulsory).await;
    let on = today(&test).checked_sub(jiff::Span::new().days(40)).unwrap();
    source.put(Case { number: "AMEND-1".to_owned(), on, plates: vec!["ABC-1234".to_owned()], elsewhere: None });
    let recipients = json!([{ "party": "motor-1", "line": "motor-compulsory", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed = post(&test.world.app, "/claims/v1/accidents", &filing("AMEND-1", on, "AMEND-1", &recipients)).await;
    let claim = must(filed.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let path = format!("/claims/v1/accidents/{claim}");
    let notices = |opened: &Opened| -> Vec<Value> {
        let found = opened.evidence.iter().filter(|one| one.document.kind() == ANALYSIS);
        found.map(|one| one.document.to_json().unwrap()["notice"].clone()).collect()
    };
    until(&test.world.app, &path, |seen| state(seen, ANALYSIS) == "arrived").await;
    assert_eq!(notices(&newest(&test, &one, &claim, &[ANALYSIS]).await), [json!("僅供參考（第1版）")]);
    source.amend("AMEND-1", Item::AccidentPreliminaryAnalysis);
    let notice = json!({ "jurisdiction": "TW-TPE", "case": "AMEND-1", "item": ANALYSIS });
    assert_eq!(post(&police, "/police/v1/notices", &notice).await.status, 200);
    let version = |seen: &Value| {
        let all = seen["documents"].as_array().unwrap();
        all.iter().find(|one| one["item"] == ANALYSIS).unwrap()["version"].as_i64()
    };
    until(&test.world.app, &path, |seen| version(seen) == Some(2)).await;
    for _ in 0..100 {
        if notices(&newest(&test, &one, &claim, &[ANALYSIS]).await) == [json!("僅供參考（第2版）")] {
            test.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the amended analysis never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_at_the_source_is_said_and_mended() {
    let mut test = started().await;
    let (source, police_client) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (highway, _) = police(&test, "police-highway", "24900002", "highway-police").await;
    let mut one = motor(&test, 1, Line::MotorCompulsory).await;
    let on = today(&test);
    let recipients = json!([{ "party": "motor-1", "line": "motor-compulsory", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let file = async |test: &TestGateway, number: &str| -> String {
        let filed = post(&test.world.app, "/claims/v1/accidents", &filing(number, on, number, &recipients)).await;
        assert_eq!(filed.status, 201, "{}", String::from_utf8_lossy(&filed.body));
        format!("/claims/v1/accidents/{}", must(filed.json("accident"))["claim_id"].as_str().unwrap())
    };
    let case = |number: &str| Case { number: number.to_owned(), on, plates: Vec::new(), elsewhere: None };
    let slip = |reason: &'static str| {
        move |seen: &Value| seen["documents"][0]["item"] == SLIP && seen["documents"][0]["reason"] == reason
    };
    for (fault, reason) in [
        (Fault::WrongKey, "answer-key"),
        (Fault::OtherRequest, "answer-request"),
        (Fault::Busy, "source-busy"),
        (Fault::Timeout, "source-away"),
    ] {
        let number = format!("F-{reason}");
        source.put(case(&number));
        source.does(&[fault]);
        let path = file(&test, &number).await;
        let seen = until(&test.world.app, &path, slip(reason)).await;
        assert_eq!(state(&seen, SLIP), "asked", "{reason}");
        let asked = source.asked().len();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(source.asked().len(), asked, "{reason}: not asked again before its time");
        later(&mut test, Duration::from_secs(121), &mut [&mut one.client]).await;
        until(&test.world.app, &path, |seen| state(seen, SLIP) == "arrived").await;
        println!("{reason}: asked again after its time, arrived");
    }
    source.put(case("F-refused"));
    source.does(&[Fault::Refused]);
    let path = file(&test, "F-refused").await;
    until(&test.world.app, &path, |seen| state(seen, SLIP) == "not-available").await;
    // Withheld while a criminal investigation goes on: a state, looked at again after a week.
    source.put(case("F-withheld"));
    source.does(&[Fault::Withheld]);
    let path = file(&test, "F-withheld").await;
    until(&test.world.app, &path, |seen| state(seen, SLIP) == "withheld").await;
    later(&mut test, 7 * DAY + Duration::from_secs(1), &mut [&mut one.client]).await;
    until(&test.world.app, &path, |seen| state(seen, SLIP) == "arrived").await;
    // Another's record: the source names whose, and the accident passes there.
    let elsewhere = Some("highway-police".to_owned());
    source.put(Case { elsewhere, ..case("F-elsewhere") });
    highway.put(case("F-elsewhere"));
    let path = file(&test, "F-elsewhere").await;
    let seen = until(&test.world.app, &path, |seen| state(seen, SLIP) == "arrived").await;
    assert_eq!(seen["jurisdiction"], "highway-police");
    // No such case: asked once a day for two weeks.
    let path = file(&test, "F-unknown").await;
    until(&test.world.app, &path, slip("unknown")).await;
    // A notice of another's jurisdiction.
    let notice = json!({ "jurisdiction": "highway-police", "case": "F-elsewhere", "item": SLIP });
    let mut police_client = police_client;
    must(police_client.authenticate().await);
    assert_eq!(post(&police_client, "/police/v1/notices", &notice).await.status, 404);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accident_without_a_police_record_says_so() {
    let test = started().await;
    let one = motor(&test, 1, Line::MotorDamage).await;
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let mut body = filing("NONE-1", today(&test), "1", &recipients);
    body["record"] = json!({ "exists": false });
    let filed = must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201));
    let filed = must(filed.json("accident"));
    assert!(filed["jurisdiction"].is_null() && filed["documents"].as_array().unwrap().is_empty());
    let opened = newest(&test, &one, filed["claim_id"].as_str().unwrap(), &[STATEMENT]).await;
    let stated = opened.evidence[0].document.to_json().unwrap();
    assert_eq!(
        (&stated["record"]["exists"], opened.evidence[0].verified.result.as_str()),
        (&json!(false), "unverified")
    );
    for (change, pointer) in [
        (json!({ "occurrence": { "place": {} } }), "/occurrence"),
        (json!({ "record": { "exists": true, "jurisdiction": "TW-XXX" } }), "/record/jurisdiction"),
        (json!({ "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "a b" } }), "/record/number"),
        (json!({ "recipients": [{ "party": "motor-1", "line": "motor-theft" }] }), "/recipients"),
        (json!({ "recipients": [{ "party": "nobody", "line": "motor-damage" }] }), "/recipients"),
        (
            json!({ "recipients": [{ "party": "motor-1", "line": "motor-damage",
                "ground": { "kind": "statutory", "reference": "S-1" } }] }),
            "/recipients",
        ),
    ] {
        let mut wrong = body.clone();
        wrong["reference"] = json!("NONE-2");
        wrong.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = post(&test.world.app, "/claims/v1/accidents", &wrong).await;
        assert_eq!(refused.status, 422, "{change}");
        assert_eq!(must(refused.json("problem"))["pointer"], pointer);
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_handed_in_is_unverified_until_the_police_give_their_own() {
    let mut test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (mut one, on) = (motor(&test, 1, Line::MotorDamage).await, today(&test));
    source.put(Case { number: "HAND-1".to_owned(), on, plates: Vec::new(), elsewhere: None });
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed = post(&test.world.app, "/claims/v1/accidents", &filing("HAND-1", on, "HAND-1", &recipients)).await;
    let claim = must(filed.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let path = format!("/claims/v1/accidents/{claim}/papers");
    let text = json!({ "item": SKETCH, "content": "aGVsbG8gd29ybGQ=" });
    assert_eq!(post(&test.world.app, &path, &text).await.status, 422, "a text is no scan");
    let handed = json!({ "item": SKETCH, "content": "JVBERi0xLjcK" });
    for _ in 0..2 {
        assert_eq!(post(&test.world.app, &path, &handed).await.status, 200);
    }
    let proof = |opened: &Opened| {
        let found = opened.evidence.iter().filter(|one| one.document.kind() == SKETCH);
        let found: Vec<_> = found.map(|one| (one.verified.method.clone(), one.verified.result.clone())).collect();
        found
    };
    let pair = |method: &str, result: &str| vec![(method.to_owned(), result.to_owned())];
    let opened = newest(&test, &one, &claim, &[SLIP, SKETCH]).await;
    assert_eq!(proof(&opened), pair("handed-in", "unverified"));
    // The insurer asks the owner for one paper more: it stays beside those of the police when theirs arrives.
    let submission = must(insurer::pull(&one.client, 0, 0).await).pop().unwrap().submission_id;
    let due_on = on.saturating_add(jiff::Span::new().days(14));
    let asking = json!({ "documents": [{ "kind": "bank-account" }], "to": "person", "due_on": due_on });
    let asked = post(&one.client, &format!("/insurer/v1/submissions/{submission}/supplements"), &asking).await;
    let asked = must(asked.json("request"))["request_id"].as_str().unwrap().to_owned();
    let answer = json!({ "documents": [{ "kind": "bank-account", "files": ["JVBERi0xLjcK"] }] });
    let path = format!("/claims/v1/claims/{claim}/requests/{asked}/answer");
    assert_eq!(post(&test.world.app, &path, &answer).await.status, 200);
    newest(&test, &one, &claim, &[SLIP, SKETCH, "owner-paper"]).await;
    later(&mut test, 7 * DAY, &mut [&mut one.client]).await;
    until(&test.world.app, &format!("/claims/v1/accidents/{claim}"), |seen| state(seen, SKETCH) == "arrived").await;
    let opened = newest(&test, &one, &claim, &[SLIP, SKETCH, PHOTOS, "owner-paper"]).await;
    assert_eq!(proof(&opened), pair("police-api", "authentic"));
    // The consent is taken back before the analysis: nothing more leaves, and the police are not asked for it either.
    let ended = format!("/claims/v1/accidents/{claim}/recipients/motor-1/withdraw");
    assert_eq!(post(&test.world.app, &ended, &json!({})).await.status, 200);
    assert_eq!(get(&one.client, &format!("/insurer/v1/accidents/{claim}")).await.status, 404);
    let before = must(insurer::pull(&one.client, 0, 0).await).len();
    later(&mut test, 23 * DAY, &mut [&mut one.client]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(must(insurer::pull(&one.client, 0, 0).await).len(), before);
    assert!(!source.asked().contains(&(Operation::Fetch, Some(Item::AccidentPreliminaryAnalysis))));
    test.stop().await;
}

/// Each route of accidents once, for the contract.
pub(crate) async fn each_route(test: &TestGateway, transaction: &str) {
    let (source, client) = police(test, "police-tpe", "24900001", "TW-TPE").await;
    let (one, on) = (motor(test, 1, Line::MotorDamage).await, today(test));
    source.put(Case { number: "CONTRACT-1".to_owned(), on, plates: Vec::new(), elsewhere: None });
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let body = filing("CONTRACT-1", on, "CONTRACT-1", &recipients);
    let filed = must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201));
    let claim = must(filed.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    until(&test.world.app, &format!("/claims/v1/accidents/{claim}"), |seen| state(seen, SLIP) == "arrived").await;
    until(&one.client, &format!("/insurer/v1/accidents/{claim}"), |_| true).await;
    let inquiry = json!({
        "reference": "I-1", "occurrence": { "on": on, "place": {} }, "line": "motor-damage",
        "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "CONTRACT-1" },
    });
    assert_eq!(post(&one.client, "/insurer/v1/accidents", &inquiry).await.status, 200);
    let handed = json!({ "item": SKETCH, "content": "JVBERi0xLjcK" });
    assert_eq!(post(&test.world.app, &format!("/claims/v1/accidents/{claim}/papers"), &handed).await.status, 200);
    let begun = json!({ "person": "A234567893", "items": [SLIP] });
    assert_eq!(post(&test.world.app, &format!("/claims/v1/accidents/{claim}/mydata"), &begun).await.status, 201);
    let take = format!("/claims/v1/accidents/{claim}/mydata/{transaction}");
    assert_eq!(post(&test.world.app, &take, &json!({})).await.status, 200);
    let linking = format!("/claims/v1/accidents/{claim}/linking");
    assert_eq!(post(&test.world.app, &linking, &json!({ "same": false })).await.status, 200);
    let ended = format!("/claims/v1/accidents/{claim}/recipients/motor-1/withdraw");
    assert_eq!(post(&test.world.app, &ended, &json!({})).await.status, 200);
    assert_eq!(get(&one.client, &format!("/insurer/v1/accidents/{claim}")).await.status, 404);
    assert_eq!(get(&client, "/police/v1/uses?limit=5").await.status, 200);
    let notice = json!({ "jurisdiction": "TW-TPE", "case": "CONTRACT-1", "item": SLIP });
    assert_eq!(post(&client, "/police/v1/notices", &notice).await.status, 200);
}
