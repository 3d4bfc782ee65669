//! What a check costs that was made before: the second insurer is answered from the gateway's receipt.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::police::Case;
use claimgate_packet::words::Line;
use claimgate_tests::gateway::{must, post};
use serde_json::json;

use super::{SLIP, motor, police, started, state, today, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_verified_once_is_read_again_in_no_time() {
    let test = started().await;
    let (source, _) = police(&test, "police-tpe", "24900001", "TW-TPE").await;
    let (one, on) = (motor(&test, 1, Line::MotorDamage).await, today(&test));
    source.put(Case { number: "REUSE-1".to_owned(), on, plates: Vec::new(), elsewhere: None });
    let inquiry = json!({
        "reference": "I-1", "occurrence": { "on": on, "place": {} }, "line": "motor-damage",
        "record": { "exists": true, "jurisdiction": "TW-TPE", "number": "REUSE-1" },
    });
    let asked = must(post(&one.client, "/insurer/v1/accidents", &inquiry).await.json("accident"));
    let claim = asked["claim_id"].as_str().unwrap().to_owned();
    until(&one.client, &format!("/insurer/v1/accidents/{claim}"), |seen| state(seen, SLIP) == "arrived").await;
    let (engine, clock) = (&test.world.gateway.app.engine, Clock::system());
    let (party, id) = (one.client.id().parse().unwrap(), claim.parse().unwrap());
    let mut took = Vec::new();
    for _ in 0..500 {
        let begun = clock.elapsed();
        must(engine.accident_of_insurer(&party, id).await);
        took.push(clock.elapsed().saturating_sub(begun));
    }
    took.sort_unstable();
    let p99 = took[took.len() * 99 / 100];
    let ratio = p99.as_secs_f64() / Duration::from_millis(2).as_secs_f64();
    println!("a receipt read again: p50 {:?}, p99 {p99:?}: {ratio:.2} of 2 ms", took[took.len() / 2]);
    assert!(p99 < Duration::from_millis(200), "{p99:?}");
    assert_eq!(source.asked().len(), 1);
    test.stop().await;
}
