//! A police record that is named only after the claims were sent, and who may fill a case in for somebody else.

use claimgate_gateway::sandbox::police;

use super::*;
use crate::accidents;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_named_later_brings_its_papers_and_an_heir_claims_for_who_died() {
    let test = TestGateway::start().await;
    let (source, _) = accidents::police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let other = motor(&test, "motor-other", "34900002", &[Line::MotorCompulsory]).await;
    let on = accidents::today(&test);
    let plates = vec!["ABC-1234".to_owned()];
    source.put(police::Case { number: "11511A0009".to_owned(), on, plates, elsewhere: None });
    let client = &test.world.app;
    let nobody = json!({ "client_id": "M", "person": "P", "filed_by": { "kind": "family",
        "mandate": "mdt_01a20795-d752-7a9f-a283-ad7df04b8ac1" } });
    assert_eq!(read(&post(client, "/claims/v1/cases", &nobody).await, 422)["code"], "case.mandate");

    let by = json!({ "client_id": "HEIR", "person": "P-HEIR", "filed_by": { "kind": "counter" } });
    let seen = read(&post(client, "/claims/v1/cases", &by).await, 201);
    let path = format!("/claims/v1/cases/{}", seen["case_id"].as_str().unwrap());
    saved(
        client,
        &path,
        &[
            ("occurrence.date", json!(on)),
            ("vehicle.plate", json!("ABC-1234")),
            ("person.dead", json!({ "name": "王大明", "died": true })),
            (
                "person.heir",
                json!({ "name": "Nguyen Van A", "capacity": "heir", "stands_for": "dead",
            "identity": { "kind": "resident-certificate", "value": "A800000014" } }),
            ),
            (
                "claim.death",
                json!({ "kind": "injury-compulsory", "insurer": "motor-other", "claimant": "heir", "victim": "dead" }),
            ),
        ],
    )
    .await;
    let seen = sent(client, &path, &["death"], "now").await;
    let id = claim(&seen, "death")["claim_id"].as_str().unwrap().to_owned();
    let missing: Vec<&str> = claim(&seen, "death")["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["document"].as_str().unwrap())
        .collect();
    assert!(missing.contains(&"death-certificate") && missing.contains(&"household-record"), "{missing:?}");
    let opened = packet(&test, &other, &id, |opened| document(opened, "accident-notice").is_some()).await;
    let notice = document(&opened, "accident-notice").unwrap();
    assert_eq!((&notice["capacity"], &notice["victim"]["name"]), (&json!("heir"), &json!("王大明")));
    assert_eq!(notice["filed_by"], json!({ "kind": "counter" }));
    assert!(source.asked().is_empty(), "nobody is asked without a number");

    // The number of the slip comes later: its papers are asked for, and reach the insurer as the next revision.
    saved(client, &path, &[("police.jurisdiction", json!("TW-TPE")), ("police.number", json!("11511A0009"))]).await;
    let seen = read(&post(client, &format!("{path}/submit"), &json!({})).await, 200);
    assert_eq!(seen["unsent"], json!([]));
    let slip = |opened: &Opened| document(opened, "accident-registration-slip").is_some();
    let opened = packet(&test, &other, &id, slip).await;
    assert_eq!(document(&opened, "accident-statement").unwrap()["record"]["number"], "11511A0009");
    assert_eq!(source.asked().len(), 1);
    // Who died is not among the parties the police wrote down: a flag, and nothing more.
    assert_eq!(codes(&read(&get(client, &path).await, 200)), ["not-on-police-list"]);
    test.stop().await;
}
