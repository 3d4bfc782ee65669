//! Who saw what, after the fact: by time, by recipient, by hospital, by key, by claim.

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{TestGateway, must, pull_all};
use claimgate_tests::shared::tell;
use serde_json::{Value, json};

use crate::retention::operate;

/// Claims of the story.
const CLAIMS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn what_left_is_told_by_recipient_key_and_time_and_names_only_where_asked_for() {
    let test = TestGateway::start_without_limits().await;
    let folder = test.folder().to_owned();
    for number in 0..CLAIMS {
        let mut bundle = case(&format!("EXP-{number}"));
        resource(&mut bundle, "Patient")["name"] = json!([{ "use": "official", "text": format!("外洩者{number}") }]);
        assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    }
    let list = |arguments: &[&str]| {
        let (exit, said, heard) = operate(&folder, &[&["audit", "exposure", "--json"], arguments].concat(), &[]);
        assert_eq!(exit, 0, "{heard}");
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    assert!(list(&[]).is_empty(), "nothing has left yet");

    // The life insurer fetches all, the other one nothing.
    let before = test.clock.now();
    let life = &test.life().client;
    let waiting = pull_all(life, CLAIMS).await;
    for envelope in &waiting {
        must(insurer::fetch(life, &envelope.id).await);
    }
    let began = test.clock.elapsed();
    let all = list(&[]);
    tell(&format!(
        "{CLAIMS} claims told of in {:?}, with the start of the command",
        test.clock.elapsed().saturating_sub(began)
    ));
    assert_eq!(all.len(), CLAIMS);
    let one = &all[0];
    assert_eq!((&one["recipient"], &one["hospital"]), (&json!(life.id()), &json!("hospital-demo")));
    assert_eq!((&one["person"], &one["erased"]), (&Value::Null, &json!(false)));
    let shown = &one["evidence"]["diagnosis-certificate"];
    assert!(shown.as_array().is_some_and(|fields| fields.contains(&json!("patient.name"))), "{one}");
    let whole = json!(all).to_string();
    assert!(!whole.contains("外洩者"), "no name unless it is asked for");

    let named = list(&["--persons", "--claim", one["claim"].as_str().unwrap()]);
    assert_eq!(named.len(), 1);
    assert!(named[0]["person"].as_str().unwrap().starts_with("外洩者"), "{named:?}");
    assert_eq!(list(&["--party", "hospital-demo"]).len(), CLAIMS);
    assert_eq!(list(&["--party", test.nonlife().client.id()]).len(), 0);
    assert_eq!(list(&["--key", one["sealed_to"].as_str().unwrap()]).len(), CLAIMS);
    assert_eq!(list(&["--key", one["signed_by"].as_str().unwrap()]).len(), CLAIMS);
    assert_eq!(list(&["--key", "nobody"]).len(), 0);
    assert_eq!(list(&["--to", &before.to_string()]).len(), 0);
    assert_eq!(list(&["--from", &before.to_string()]).len(), CLAIMS);

    let (_, table, heard) = operate(&folder, &["audit", "exposure", "--csv", "--persons"], &[]);
    assert_eq!(table.lines().count(), CLAIMS + 1);
    assert!(table.contains("\"外洩者0\"") && heard.contains(&format!("of {CLAIMS} claims")), "{table} {heard}");
    let (_, text, _) = operate(&folder, &["audit", "exposure"], &[]);
    assert!(text.contains("diagnosis-certificate (") && !text.contains("外洩者"), "{text}");
    let kept = test.kept();
    let looked = "select count(*) from audit where action = 'exposure.listed' and detail like '%\"persons\":\"true\"%'";
    assert_eq!(kept.number(looked).await, 2, "each look is on record");
    test.stop().await;
}
