//! How a claim of an accident ends, and what an insurer cannot ask of it: erased, its papers go with the last claim of the
//! accident; restricted, they wait; joined to another accident, its key goes; there is no hospital to ask.

use claimgate_gateway::sandbox::insurer;
use claimgate_gateway::sandbox::police::Case;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{get, must, post};
use serde_json::json;

use super::{CHECK, DAY, SKETCH, SLIP, filing, later, motor, newest, police, started, state, today, until};
use crate::retention::operate;

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_claim_takes_the_papers_with_it_when_it_is_the_last_of_its_accident() {
    let test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (one, on) = (motor(&test, 1, Line::MotorDamage).await, today(&test));
    source.put(Case { number: "END-1".to_owned(), on, plates: vec!["ABC-1234".to_owned()], elsewhere: None });
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let mut claims = Vec::new();
    for reference in ["A", "B"] {
        let mut body = filing(reference, on, "END-1", &recipients);
        body["occurrence"]["at"] = json!(test.clock.now().round(jiff::Unit::Second).unwrap());
        let filed =
            must(must(post(&test.world.app, "/claims/v1/accidents", &body).await.expect("file", 201)).json("accident"));
        let claim = filed["claim_id"].as_str().unwrap().to_owned();
        until(&test.world.app, &format!("/claims/v1/accidents/{claim}"), |seen| state(seen, SLIP) == "arrived").await;
        newest(&test, &one, &claim, &[SLIP, CHECK]).await;
        claims.push(claim);
    }
    // No hospital is asked for papers of an accident.
    let envelope = must(insurer::pull(&one.client, 0, 0).await).remove(0);
    let due_on = today(&test).tomorrow().unwrap();
    let supplements = format!("/insurer/v1/submissions/{}/supplements", envelope.submission_id);
    let mut asking = json!({ "documents": [{ "kind": "receipt" }], "to": "hospital", "due_on": due_on });
    let refused = post(&one.client, &supplements, &asking).await;
    let status = refused.status.as_u16();
    assert_eq!((status, must(refused.json("problem"))["code"].as_str()), (422, Some("request.no-hospital")));
    asking["to"] = json!("person");
    let asked = must(must(post(&one.client, &supplements, &asking).await.expect("ask", 200)).json("request"));
    let requests = format!("/claims/v1/claims/{}/requests", envelope.claim_id);
    let seen = must(get(&test.world.app, &requests).await.json("requests"));
    assert!(seen.to_string().contains(asked["request_id"].as_str().unwrap()), "the person's app reads it: {seen}");
    let close = format!("/insurer/v1/requests/{}/close", asked["request_id"].as_str().unwrap());
    assert_eq!(post(&one.client, &close, &json!({ "result": "cancelled" })).await.status, 200);

    for delivery in must(insurer::pull(&one.client, 0, 0).await) {
        must(insurer::fetch(&one.client, &delivery.id).await);
        let status = format!("/insurer/v1/submissions/{}/status", delivery.submission_id);
        assert_eq!(post(&one.client, &status, &json!({ "state": "closed", "number": "N-1" })).await.status, 200);
    }
    let kept = async |of: &'static str| test.kept().number(of).await;
    let keys = "select count(*) from accident a join claim_key k on k.claim_id = a.key_id";
    for (claim, left) in claims.iter().zip([1, 0]) {
        let (exit, said, heard) =
            operate(test.folder(), &["erase", claim, "--ground", "request", "--as", "alice"], &[]);
        assert!(exit == 0 && !said.contains("restricted"), "{said}{heard}");
        assert_eq!(kept("select count(*) from accident_paper where content is not null").await, left);
        assert_eq!(kept("select count(*) from accident_paper where due_at is not null").await, 3 * left);
        assert_eq!(kept("select count(*) from accident where case_mac is not null").await, left);
        assert_eq!(kept(keys).await, left, "the key of the accident goes with the last claim");
        assert_eq!(kept("select count(*) from accident_filing").await, left);
        assert_eq!(kept("select count(*) from accident_trace").await, 2 * left);
        assert_eq!(get(&test.world.app, &format!("/claims/v1/accidents/{claim}")).await.status, 404);
    }
    // Who got what of whose papers stays for the source: parties and ids, no person.
    assert!(kept("select count(*) from accident_use").await > 0);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_a_claim_was_restricted_goes_out_when_that_is_lifted() {
    let mut test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (mut one, on) = (motor(&test, 1, Line::MotorDamage).await, today(&test));
    source.put(Case { number: "BAR-1".to_owned(), on, plates: Vec::new(), elsewhere: None });
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let filed = post(&test.world.app, "/claims/v1/accidents", &filing("BAR-1", on, "BAR-1", &recipients)).await;
    let claim = must(must(filed.expect("file", 201)).json("accident"))["claim_id"].as_str().unwrap().to_owned();
    newest(&test, &one, &claim, &[SLIP, CHECK]).await;
    let (exit, said, heard) = operate(test.folder(), &["erase", &claim, "--ground", "disputed", "--as", "alice"], &[]);
    assert!(exit == 0 && said.contains("restricted"), "{said}{heard}");
    // The day of the sketch comes: nobody is to get it now, and it is not asked for.
    later(&mut test, 7 * DAY, &mut [&mut one.client]).await;
    let left = "select count(*) from accident_paper where reason = 'no-recipient'";
    for _ in 0..100 {
        if test.kept().number(left).await == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!((test.kept().number(left).await, source.asked().len()), (2, 1));
    let (exit, said, heard) = operate(test.folder(), &["retention", "lift", &claim, "--as", "alice"], &[]);
    assert_eq!(exit, 0, "{said}{heard}");
    newest(&test, &one, &claim, &[SLIP, SKETCH]).await;
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accident_that_joins_another_leaves_no_key_behind() {
    let test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (highway, _) = police(&test, "police-highway", "24900002", "highway-police").await;
    let (one, on) = (motor(&test, 1, Line::MotorDamage).await, today(&test));
    let case = |elsewhere: Option<&str>| {
        let elsewhere = elsewhere.map(ToOwned::to_owned);
        Case { number: "JOIN-1".to_owned(), on, plates: Vec::new(), elsewhere }
    };
    source.put(case(Some("highway-police")));
    highway.put(case(None));
    let recipients =
        json!([{ "party": "motor-1", "line": "motor-damage", "ground": { "kind": "consent", "reference": "C-1" } }]);
    let mut accidents = Vec::new();
    for whose in ["highway-police", "TW-TPE"] {
        let mut body = filing(whose, on, "JOIN-1", &recipients);
        body["record"]["jurisdiction"] = json!(whose);
        let filed = post(&test.world.app, "/claims/v1/accidents", &body).await;
        let claim = must(must(filed.expect("file", 201)).json("accident"))["claim_id"].as_str().unwrap().to_owned();
        let path = format!("/claims/v1/accidents/{claim}");
        let seen = until(&test.world.app, &path, |seen| {
            seen["jurisdiction"] == "highway-police" && state(seen, SLIP) == "arrived"
        });
        accidents.push(seen.await["accident_id"].clone());
        newest(&test, &one, &claim, &[SLIP, CHECK]).await;
    }
    assert_eq!((accidents[0] == accidents[1], highway.asked().len()), (true, 1), "one accident, asked once");
    let kept = async |of: &'static str| test.kept().number(of).await;
    assert_eq!(kept("select count(*) from accident").await, 2);
    assert_eq!(kept("select count(*) from accident a join claim_key k on k.claim_id = a.key_id").await, 1);
    test.stop().await;
}
