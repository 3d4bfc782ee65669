//! Papers of an accident over MyData: the person is told on the day, consents, and what comes is taken into the claim; others
//! are answered from its check. No police source is registered.

use claimgate_adapters::mydata::DataFile;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::{app, insurer};
use claimgate_packet::check;
use claimgate_packet::evidence::Document;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{NewParty, get, must, post};
use serde_json::{Value, json};

use super::{CHECK, SLIP, STATEMENT, filing, kinds, motor, newest, state, today, until};
use crate::mydata::{Desk, PERSON, SLIP as SLIP_DATA};

fn slip(number: &str, on: jiff::civil::Date, plate: &str) -> Vec<DataFile> {
    let slip = json!({
        "number": number, "occurrence": { "on": on, "place": { "text": "示範路一段" } }, "unit": { "name": "示範分局" },
        "parties": [{ "order": 1, "plate": plate, "phone": "0900000000" }],
    });
    vec![DataFile { name: "slip.json".to_owned(), bytes: slip.to_string().into_bytes() }]
}

/// A transaction that ends well.
async fn proved(desk: &Desk, begun: &Value) -> String {
    desk.says(begun, json!({})).await;
    desk.until(begun, "verified").await;
    begun["transaction_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, in its order")]
async fn a_paper_comes_over_mydata_on_its_day_and_others_are_answered_from_its_check() {
    let desk = Desk::open().await;
    let (test, client) = (&desk.test, &desk.test.world.app);
    let first = motor(test, 1, Line::MotorLiability).await;
    let second = motor(test, 2, Line::MotorCompulsory).await;
    let on = today(test);
    let recipients = json!([{ "party": "motor-1", "line": "motor-liability", "number": "POL-77", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed =
        must(post(client, "/claims/v1/accidents", &filing("MD-1", on, "MD-1", &recipients)).await.expect("file", 201));
    let filed = must(filed.json("accident"));
    let claim = filed["claim_id"].as_str().unwrap().to_owned();
    assert_eq!(filed["recipients"][0]["number"], "POL-77", "its policy number is shown back");
    let path = format!("/claims/v1/accidents/{claim}");

    // Nobody is registered for the jurisdiction: the person is told that the slip is given now, once, and where to begin.
    until(client, &path, |seen| seen["documents"][0]["reason"] == "no-source").await;
    let told = async || {
        let timeline = must(app::timeline(client, &claim).await);
        let all = timeline["timeline"].as_array().unwrap().clone();
        let all: Vec<Value> = all.into_iter().filter(|one| one["event"] == "accident.mydata").collect();
        all
    };
    let reminders = told().await;
    assert_eq!(reminders.len(), 1, "{reminders:?}");
    assert_eq!(reminders[0]["parameters"]["item"], SLIP);
    let link = reminders[0]["parameters"]["link"].as_str().unwrap().to_owned();
    desk.platform.put(SLIP_DATA, slip("md-1", on, "abc1234"));
    let begun = must(post(client, &link, &json!({ "person": PERSON })).await.expect("begin", 201));
    let begun = must(begun.json("transaction"));
    assert!(begun["consent"]["zh"].as_str().unwrap().contains("登記聯單"));
    let take = |transaction: &str| format!("{path}/mydata/{transaction}");
    let early = post(client, &take(begun["transaction_id"].as_str().unwrap()), &json!({})).await;
    assert_eq!(
        (early.status.as_u16(), must(early.json("problem"))["code"].as_str()),
        (409, Some("mydata.nothing-proved"))
    );
    let transaction = proved(&desk, &begun).await;
    for result in ["taken", "there-already"] {
        let taken = must(post(client, &take(&transaction), &json!({})).await.expect("take", 200));
        let taken = must(taken.json("taken"));
        assert_eq!((&taken["results"][0]["result"], &taken["results"][0]["evidence"]), (&json!(result), &json!(SLIP)));
        assert_eq!(state(&taken["accident"], SLIP), "arrived");
    }
    let opened = newest(test, &first, &claim, &[STATEMENT, SLIP, CHECK]).await;
    let came = opened.evidence.iter().find(|one| one.document.kind() == SLIP).unwrap();
    assert_eq!(
        (came.verified.method.as_str(), came.verified.result.as_str()),
        ("mydata-provider-signature", "accepted")
    );
    let trust = must(insurer::trusted_keys(&first.client).await);
    let receipt = |opened: &claimgate_packet::open::Opened| {
        let found = opened.evidence.iter().find_map(|one| match &one.document {
            Document::AccidentPaperCheck(check) => Some(check.clone()),
            _ => None,
        });
        found.unwrap()
    };
    let checked = receipt(&opened);
    assert!(check::verify(&checked, &trust, test.clock.now()).is_ok());
    assert_eq!((checked.source.as_str(), checked.paper.as_str()), ("mydata", SLIP));

    // Another insurer inquires: it is answered from the check, and gets nothing of a paper whose consent does not name it.
    let inquiry = json!({
        "reference": "INQ-1", "occurrence": { "on": on, "place": {} }, "line": "motor-compulsory",
        "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "MD-1" },
    });
    let inquired = must(post(&second.client, "/insurer/v1/accidents", &inquiry).await.expect("inquire", 200));
    let own = must(inquired.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let other = newest(test, &second, &own, &[CHECK]).await;
    assert!(!kinds(&other).contains(&SLIP), "{:?}", kinds(&other));
    assert_eq!(receipt(&other).receipt, checked.receipt, "the same receipt");

    // A paper of another accident, and a transaction for another claim, change nothing.
    for (number, day, plate) in
        [("MD-2", on, "ABC-1234"), ("MD-1", on.yesterday().unwrap(), "ABC-1234"), ("MD-1", on, "XYZ-9999")]
    {
        desk.platform.put(SLIP_DATA, slip(number, day, plate));
        let begun = desk.ask(json!({ "datasets": ["slip"] })).await;
        let transaction = proved(&desk, &begun).await;
        let refused = post(client, &take(&transaction), &json!({})).await;
        let status = refused.status.as_u16();
        assert_eq!(
            (status, must(refused.json("problem"))["code"].as_str()),
            (422, Some("accident.other")),
            "{number} {day} {plate}"
        );
    }
    let elsewhere =
        must(post(client, "/claims/v1/accidents", &filing("MD-3", on, "MD-3", &recipients)).await.expect("file", 201));
    let elsewhere = must(elsewhere.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let begun = desk.ask(json!({ "claim_id": elsewhere })).await;
    let vehicle = proved(&desk, &begun).await;
    let refused = post(client, &take(&vehicle), &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), must(refused.json("problem"))["code"].as_str()),
        (409, Some("accident.mydata-claim"))
    );

    // The vehicle the claim names, of the person who consented.
    let begun = desk.ask(json!({})).await;
    let vehicle = proved(&desk, &begun).await;
    let taken = must(must(post(client, &take(&vehicle), &json!({})).await.expect("take", 200)).json("taken"));
    assert_eq!(taken["results"][0]["result"], "taken", "{taken}");
    let opened = newest(test, &first, &claim, &[SLIP, "vehicle-registration"]).await;
    assert!(kinds(&opened).contains(&CHECK));

    // Another app sees nothing of claim or transaction.
    let new = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let (other, _) = test.register(new).await;
    assert_eq!(post(&other, &take(&vehicle), &json!({})).await.status, 404);
    assert_eq!(post(&other, &link, &json!({ "person": PERSON })).await.status, 404);
    assert_eq!(get(&other, &path).await.status, 404);
    assert_eq!(told().await.len(), 1, "reminded once");
    assert!(!test.kept().holds(PERSON.as_bytes()).await);
    desk.test.stop().await;
}
