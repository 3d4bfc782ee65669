//! Two parties file one accident and only one knows its number: where both say so, their filings are one accident. Until then
//! neither learns that there is another.

use std::time::Duration;

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::app;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::police::Case;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CHECK, SLIP, motor, newest, police, started, state, until};

struct Filer<'a> {
    client: &'a PartyClient,
    path: String,
    claim: String,
    accident: String,
}

async fn file<'a>(
    client: &'a PartyClient,
    (reference, insurer): (&str, &str),
    at: Timestamp,
    record: Value,
    plates: &[&str],
) -> Filer<'a> {
    let vehicles: Vec<Value> = plates.iter().map(|plate| json!({ "plate": plate, "own": false })).collect();
    let body = json!({
        "reference": reference, "occurrence": { "at": at, "place": {} }, "standing": "party", "record": record,
        "vehicles": vehicles, "recipients": [
            { "party": insurer, "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } } ],
    });
    let filed = must(must(post(client, "/claims/v1/accidents", &body).await.expect("file", 201)).json("accident"));
    assert_eq!(filed["linking"], "open");
    let claim = filed["claim_id"].as_str().unwrap().to_owned();
    let accident = filed["accident_id"].as_str().unwrap().to_owned();
    Filer { client, path: format!("/claims/v1/accidents/{claim}"), claim, accident }
}

impl Filer<'_> {
    async fn says(&self, same: bool) -> Value {
        let answer = post(self.client, &format!("{}/linking", self.path), &json!({ "same": same })).await;
        must(must(answer.expect("linking", 200)).json("accident"))
    }

    async fn accident(&self) -> String {
        must(get(self.client, &self.path).await.json("accident"))["accident_id"].as_str().unwrap().to_owned()
    }

    async fn told(&self) -> usize {
        let timeline = must(app::timeline(self.client, &self.claim).await);
        timeline["timeline"].as_array().unwrap().iter().filter(|one| one["event"] == "accident.linked").count()
    }
}

/// An answer without what is each filing's own: what could tell of another one.
fn shape(mut seen: Value) -> Value {
    for name in ["claim_id", "accident_id", "recipients", "documents", "jurisdiction", "jurisdiction_zh"] {
        seen.as_object_mut().unwrap().remove(name);
    }
    seen
}

async fn app_of(test: &TestGateway, id: &str) -> PartyClient {
    test.register(NewParty { id, role: Role::App, number: "", lines: vec![], consent: false }).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn filings_of_both_parties_become_one_accident_where_both_say_so_and_nobody_learns_of_the_other_before() {
    let test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (one, two) = (motor(&test, 1, Line::MotorDamage).await, motor(&test, 2, Line::MotorDamage).await);
    let other = app_of(&test, "app-two").await;
    let now = test.clock.now().round(jiff::Unit::Second).unwrap();
    let ago = |minutes: u64| now - Duration::from_mins(minutes);
    let on = jiff::tz::offset(8).to_datetime(ago(100)).date();
    source.put(Case { number: "LINK-1".to_owned(), on, plates: Vec::new(), elsewhere: None });
    let known = json!({ "exists": true, "jurisdiction": "TW-TPE", "number": "LINK-1" });
    let unknown = json!({ "exists": true, "jurisdiction": "TW-TPE" });
    let first = file(&test.world.app, ("A", "motor-1"), ago(100), known, &["ABC-1234", "XYZ-9999"]).await;
    until(first.client, &first.path, |seen| state(seen, SLIP) == "arrived").await;
    let asked = source.asked().len();
    // 25 minutes later by the other party's watch: the same half hour or the next.
    let second = file(&other, ("B", "motor-2"), ago(75), unknown.clone(), &["xyz 9999"]).await;
    // Filed by nobody else; an hour and more later; and one whose filer says no.
    let alone = file(&other, ("C", "motor-2"), ago(75), unknown.clone(), &["NOB-0001"]).await;
    let late = file(&other, ("D", "motor-2"), ago(10), unknown.clone(), &["XYZ-9999"]).await;
    let no = file(&other, ("E", "motor-2"), ago(100), unknown, &["ABC-1234"]).await;
    assert_ne!(first.accident, second.accident);

    // Whether there is another or not, the answer is the same; and nothing happens by one word alone.
    let mut shapes = Vec::new();
    for filer in [&second, &alone, &late] {
        let seen = filer.says(true).await;
        assert_eq!((&seen["linking"], seen["accident_id"].as_str()), (&json!("agreed"), Some(filer.accident.as_str())));
        shapes.push(shape(seen));
    }
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:#?}");
    assert_eq!(no.says(false).await["linking"], "refused");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    for filer in [&first, &second, &alone, &late, &no] {
        assert_eq!((filer.accident().await, filer.told().await), (filer.accident.clone(), 0));
    }

    // The other filer says so as well: one accident, and its papers are not asked for again.
    let seen = first.says(true).await;
    assert_eq!(seen["accident_id"], first.accident.as_str());
    until(second.client, &second.path, |seen| seen["accident_id"] == first.accident.as_str()).await;
    newest(&test, &two, &second.claim, &[SLIP, CHECK]).await;
    newest(&test, &one, &first.claim, &[SLIP, CHECK]).await;
    assert_eq!(source.asked().len(), asked, "asked once");
    assert_eq!((first.told().await, second.told().await), (1, 1));
    for filer in [&alone, &late, &no] {
        assert_eq!((filer.accident().await, filer.told().await), (filer.accident.clone(), 0));
    }
    // Still nothing of each other: each sees its own recipients, and neither reads the other's claim.
    let seen = must(get(second.client, &second.path).await.json("accident"));
    assert_eq!(seen["recipients"].as_array().unwrap().len(), 1);
    assert_eq!(seen["recipients"][0]["party"], "motor-2");
    assert_eq!(get(second.client, &first.path).await.status, 404);
    assert_eq!(get(&two.client, &format!("/insurer/v1/accidents/{}", first.claim)).await.status, 404);
    for plate in ["ABC-1234", "ABC1234", "XYZ9999"] {
        assert!(!test.kept().holds(plate.as_bytes()).await, "{plate} in the database");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_no_time_or_no_vehicle_cannot_be_linked_and_another_cannot_answer() {
    let test = started().await;
    motor(&test, 1, Line::MotorDamage).await;
    let recipients = json!([{ "party": "motor-1", "line": "motor-damage" }]);
    let body = super::filing("DAY", super::today(&test), "DAY-1", &recipients);
    let filed =
        must(must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201)).json("accident"));
    assert_eq!(filed["linking"], "not-possible");
    let path = format!("/claims/v1/accidents/{}/linking", filed["claim_id"].as_str().unwrap());
    let other = app_of(&test, "app-two").await;
    assert_eq!(post(&other, &path, &json!({ "same": true })).await.status, 404);
    assert_eq!(post(&test.world.app, &path, &json!({ "same": "yes" })).await.status, 422);
    test.stop().await;
}
