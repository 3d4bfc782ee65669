//! The number of a paper that was handed in: its source is asked about it, and the label says what it found. A number nobody
//! knew before becomes the accident's.

use std::time::Duration;

use claimgate_adapters::police::api::Operation;
use claimgate_gateway::sandbox::police::{Case, Fault};
use claimgate_packet::evidence::Document;
use claimgate_packet::open::Opened;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{must, post};
use serde_json::{Value, json};

use super::{ANALYSIS, CHECK, SKETCH, SLIP, filing, later, motor, newest, police, started, state, today, until};

const PDF: &str = "JVBERi0xLjcK";

fn label<'a>(seen: &'a Value, item: &str) -> (&'a str, &'a str) {
    let all = seen["documents"].as_array().unwrap();
    let one = all.iter().find(|one| one["item"] == item).unwrap();
    let word = |name: &str| one["handed_in"][name].as_str().unwrap_or_default();
    (word("method"), word("result"))
}

fn proof(opened: &Opened, kind: &str) -> Vec<(String, String)> {
    let found = opened.evidence.iter().filter(|one| one.document.kind() == kind);
    found.map(|one| (one.verified.method.clone(), one.verified.result.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_does_not_give_a_paper_confirms_its_number_and_others_need_not_ask() {
    let mut test = started().await;
    let (mut one, mut two) = (motor(&test, 1, Line::MotorDamage).await, motor(&test, 2, Line::MotorLiability).await);
    let on = today(&test);
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed = must(
        post(&test.world.app, "/claims/v1/accidents", &filing("NUM-1", on, "NUM-1", &recipients))
            .await
            .expect("file", 201),
    );
    let claim = must(filed.json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let path = format!("/claims/v1/accidents/{claim}");
    let hand = async |body: Value| {
        let answer = must(post(&test.world.app, &format!("{path}/papers"), &body).await.expect("hand in", 200));
        must(answer.json("accident"))
    };
    until(&test.world.app, &path, |seen| seen["documents"][0]["reason"] == "no-source").await;
    // Nobody is registered as the source: what was handed in goes out as what it is.
    let seen = hand(json!({ "item": SLIP, "content": PDF, "number": "num-1" })).await;
    assert_eq!(label(&seen, SLIP), ("handed-in", "unverified"));
    // A number that is not the accident's is shown, and nothing is refused.
    hand(json!({ "item": SKETCH, "content": PDF, "number": "OTHER-1" })).await;
    let seen = until(&test.world.app, &path, |seen| label(seen, SKETCH).0 == "number-check").await;
    assert_eq!(
        (label(&seen, SKETCH), label(&seen, SLIP)),
        (("number-check", "other-number"), ("handed-in", "unverified"))
    );
    let wrong =
        post(&test.world.app, &format!("{path}/papers"), &json!({ "item": SLIP, "content": PDF, "number": "a b" }))
            .await;
    assert_eq!((wrong.status.as_u16(), must(wrong.json("problem"))["pointer"].as_str()), (422, Some("/number")));

    // It is registered later, and does not take the ground: it is asked about the number alone.
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    source.put(Case { number: "NUM-1".to_owned(), on, plates: Vec::new(), elsewhere: None });
    source.does(&[Fault::Refused]);
    later(&mut test, Duration::from_mins(10), &mut [&mut one.client, &mut two.client]).await;
    let seen = until(&test.world.app, &path, |seen| label(seen, SLIP).0 == "number-check").await;
    assert_eq!((label(&seen, SLIP), state(&seen, SLIP)), (("number-check", "confirmed"), "arrived"));
    let opened = newest(&test, &one, &claim, &[SLIP, CHECK]).await;
    assert_eq!(proof(&opened, SLIP), [("number-check".to_owned(), "confirmed".to_owned())]);
    let checks = opened.evidence.iter().filter_map(|one| match &one.document {
        Document::AccidentPaperCheck(check) => Some((check.method.clone(), check.receipt.is_some())),
        _ => None,
    });
    assert_eq!(checks.collect::<Vec<_>>(), [("number-check".to_owned(), true)]);
    let asked: Vec<Operation> = source.asked().into_iter().map(|(op, _)| op).collect();
    assert_eq!(asked, [Operation::Fetch, Operation::Check]);
    // An insurer of a voluntary line has no statute: it gets the check, without another word to the source.
    let inquiry = json!({
        "reference": "INQ-1", "occurrence": { "on": on, "place": {} }, "line": "motor-liability",
        "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "NUM-1" },
    });
    let own =
        must(must(post(&two.client, "/insurer/v1/accidents", &inquiry).await.expect("inquire", 200)).json("accident"));
    assert_eq!(own["recipients"][0]["share"], "check");
    let other = newest(&test, &two, own["claim_id"].as_str().unwrap(), &[CHECK]).await;
    assert_eq!(other.evidence.len(), 1);
    assert_eq!(source.asked().len(), 2);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_not_known_becomes_the_accidents_and_joins_the_one_that_has_it() {
    let test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (one, two) = (motor(&test, 1, Line::MotorDamage).await, motor(&test, 2, Line::MotorDamage).await);
    let on = today(&test);
    for number in ["LATE-1", "LATE-2"] {
        source.put(Case { number: number.to_owned(), on, plates: Vec::new(), elsewhere: None });
    }
    let file = async |reference: &str, insurer: &str, number: Option<&str>| -> Value {
        let ground = json!({ "kind": "consent", "reference": "C-1" });
        let recipients = json!([{ "party": insurer, "line": "motor-damage", "ground": ground }]);
        let mut body = filing(reference, on, "x", &recipients);
        match number {
            Some(number) => body["record"]["number"] = json!(number),
            None => _ = body["record"].as_object_mut().unwrap().remove("number"),
        }
        must(must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201)).json("accident"))
    };
    // Without a number each paper has its day all the same; then it is told that nobody can be asked.
    let filed = file("A", "motor-1", None).await;
    assert_eq!(filed["documents"].as_array().unwrap().len(), 4);
    let claim = filed["claim_id"].as_str().unwrap().to_owned();
    let path = format!("/claims/v1/accidents/{claim}");
    until(&test.world.app, &path, |seen| seen["documents"][0]["reason"] == "no-number").await;
    assert_eq!(source.asked().len(), 0);
    let handed = json!({ "item": SLIP, "content": PDF, "number": "LATE-1" });
    assert_eq!(post(&test.world.app, &format!("{path}/papers"), &handed).await.status, 200);
    let seen = until(&test.world.app, &path, |seen| state(seen, SLIP) == "arrived").await;
    assert_eq!((state(&seen, ANALYSIS), &seen["accident_id"]), ("expected", &filed["accident_id"]));
    let opened = newest(&test, &one, &claim, &[SLIP, CHECK]).await;
    assert_eq!(
        proof(&opened, SLIP),
        [("police-api".to_owned(), "authentic".to_owned())],
        "the police's own took its place"
    );

    // One that is known already is joined: the source is not asked again.
    let known = file("B", "motor-1", Some("LATE-2")).await;
    let known_path = format!("/claims/v1/accidents/{}", known["claim_id"].as_str().unwrap());
    until(&test.world.app, &known_path, |seen| state(seen, SLIP) == "arrived").await;
    let asked = source.asked().len();
    let late = file("C", "motor-2", None).await;
    assert_ne!(late["accident_id"], known["accident_id"]);
    let late_claim = late["claim_id"].as_str().unwrap().to_owned();
    let handed = json!({ "item": SLIP, "content": PDF, "number": "late-2" });
    let joined = post(&test.world.app, &format!("/claims/v1/accidents/{late_claim}/papers"), &handed).await;
    assert_eq!(must(must(joined.expect("hand in", 200)).json("accident"))["accident_id"], known["accident_id"]);
    let opened = newest(&test, &two, &late_claim, &[SLIP, CHECK]).await;
    assert_eq!(proof(&opened, SLIP), [("police-api".to_owned(), "authentic".to_owned())]);
    assert_eq!(source.asked().len(), asked);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_its_source_does_not_know_is_told_after_two_weeks_and_nothing_is_refused() {
    let mut test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (mut one, on) = (motor(&test, 1, Line::MotorCompulsory).await, today(&test));
    let recipients = json!([{ "party": "motor-1", "line": "motor-compulsory", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed = post(&test.world.app, "/claims/v1/accidents", &filing("GONE-1", on, "GONE-1", &recipients)).await;
    let claim = must(must(filed.expect("file", 201)).json("accident"))["claim_id"].as_str().unwrap().to_owned();
    let handed = json!({ "item": SLIP, "content": PDF });
    assert_eq!(post(&test.world.app, &format!("/claims/v1/accidents/{claim}/papers"), &handed).await.status, 200);
    let slips = |source: &claimgate_gateway::sandbox::police::Police| {
        source.asked().iter().filter(|(_, item)| item.is_some_and(|item| item.as_str() == SLIP)).count()
    };
    for day in 1..=14 {
        for _ in 0..100 {
            if slips(&source) == day {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(slips(&source), day, "once a day");
        later(&mut test, Duration::from_hours(24), &mut [&mut one.client]).await;
    }
    let path = format!("/claims/v1/accidents/{claim}");
    let seen = until(&test.world.app, &path, |seen| label(seen, SLIP).1 == "not-found").await;
    assert_eq!(state(&seen, SLIP), "not-available");
    for _ in 0..50 {
        let opened = newest(&test, &one, &claim, &[SLIP]).await;
        if proof(&opened, SLIP) == [("number-check".to_owned(), "not-found".to_owned())] {
            test.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the label never went out");
}
