//! The guide's walk-through, as it stands there: each call is made, in its order.

use claimgate_tests::shared::project;

use super::*;

/// The bodies of the guide's calls, in their order.
fn bodies(text: &str) -> Vec<String> {
    let block = text.split("```sh").nth(1).unwrap().split("```").next().unwrap();
    let quoted = |part: &str, sign: char| part.split_once(sign).unwrap().1.rsplit_once(sign).unwrap().0.to_owned();
    block
        .split("curl ")
        .skip(1)
        .filter_map(|call| call.split_once("-d ").map(|(_, body)| body.split("| tee").next().unwrap().to_owned()))
        .map(|body| {
            let body = body.lines().take_while(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
            if body.starts_with('\'') { quoted(&body, '\'') } else { quoted(&body, '"').replace("\\\"", "\"") }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_of_the_guide_works_as_it_stands() {
    let text = std::fs::read_to_string(project().join("docs/cases.md")).unwrap();
    let bodies = bodies(&text);
    assert_eq!(bodies.len(), 3, "{bodies:#?}");
    let test = TestGateway::start().await;
    let own = motor(&test, "motor-1", "34900001", &[Line::MotorDamage]).await;
    let client = &test.world.app;
    let call = async |method: Method, path: &str, body: &str| {
        let headers = [("content-type", "application/json")];
        must(client.call(method, path, &headers, body.as_bytes().to_vec()).await)
    };
    let case = read(&call(Method::POST, "/claims/v1/cases", &bodies[0]).await, 201);
    let path = format!("/claims/v1/cases/{}", case["case_id"].as_str().unwrap());
    let saved = read(&call(Method::PATCH, &path, &bodies[1]).await, 200);
    assert_eq!((&saved["faults"], &saved["conflicts"]), (&json!([]), &json!([])));
    let consents = read(&get(client, &format!("{path}/consents")).await, 200);
    let body = bodies[2].replace("$(jq .policy consents.json)", &consents["policy"].to_string());
    let sent = read(&call(Method::POST, &format!("{path}/submit"), &body).await, 200);
    let id = claim(&sent, "own")["claim_id"].as_str().unwrap();
    let opened = packet(&test, &own, id, |opened| document(opened, "accident-notice").is_some()).await;
    assert_eq!(document(&opened, "accident-notice").unwrap()["claimant"]["name"], "王小明");
    assert_eq!(read(&get(client, &path).await, 200)["claims"][0]["state"], "filed");
    // Every field of the table is one the gateway reads, and no other is.
    let table = text.split("| field | value |").nth(1).unwrap().split("Keys are yours").next().unwrap();
    let names: Vec<String> = table.lines().skip(2).filter_map(|line| line.split('|').nth(1)).flat_map(named).collect();
    assert!(names.len() > 45, "{names:?}");
    for name in names {
        let name = name.replace("<key>", "k");
        let edit = json!({ "fields": { name.clone(): { "value": { "no": ["such", "value"] }, "base": 0 } } });
        let faults = read(&patch(client, &path, &edit).await, 200)["faults"].clone();
        assert_ne!(faults[0]["code"], "unknown-field", "{name}");
        assert_eq!(faults.as_array().unwrap().len(), 1, "{name}");
    }
    test.stop().await;
}

/// The names of a cell: `.x` goes on from the group of the first.
fn named(cell: &str) -> Vec<String> {
    let words: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let group = words.first().and_then(|word| word.split('.').next()).unwrap_or_default().to_owned();
    words
        .into_iter()
        .map(|word| if word.starts_with('.') { format!("{group}{word}") } else { word.to_owned() })
        .collect()
}
