//! The timeline by role: each reads what concerns it and nothing else, who is on turn is always computed, and what is not
//! theirs is not found.

use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_gateway::sandbox::{app, insurer};
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, get, must, post};
use serde_json::{Value, json};

use crate::decisions::{decision, report};

const TODAY: &str = "2026-11-23T02:00:00Z";

/// A pushed case: its claim, and the submissions of the life and the non-life insurer.
async fn pushed(test: &TestGateway, number: &str) -> (String, String, String) {
    let pushed = test.push(&bytes(&case(number)), &[]).await;
    let claim = must(app::link(&test.world.app, pushed.header("claimgate-tracking-code").unwrap()).await);
    let mut submissions = Vec::new();
    for client in [&test.life().client, &test.nonlife().client] {
        let all = must(insurer::pull(client, 0, 5).await);
        submissions.push(all.iter().find(|one| one.claim_id == claim).unwrap().submission_id.clone());
    }
    let nonlife = submissions.pop().unwrap();
    (claim, submissions.pop().unwrap(), nonlife)
}

async fn read(client: &PartyClient, path: &str) -> Value {
    let answer = get(client, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    answer.json("timeline").unwrap()
}

/// Who is on turn, for what, until when.
fn turns(view: &Value) -> Vec<(String, String, String)> {
    let word = |turn: &Value, name: &str| turn[name].as_str().unwrap_or_default().to_owned();
    let all = view["on_turn"].as_array().unwrap();
    all.iter().map(|turn| (word(turn, "who"), word(turn, "what"), word(turn, "by"))).collect()
}

fn turn(who: &str, what: &str, by: &str) -> (String, String, String) {
    (who.to_owned(), what.to_owned(), by.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_turn_is_the_same_for_all_and_each_sees_its_own() {
    let test = TestGateway::start_with(Clock::test(TODAY.parse().unwrap())).await;
    let (claim, life, nonlife) = pushed(&test, "TURN-1").await;
    let hospital = format!("/hospital/v1/claims/{claim}/timeline");
    let of_life = format!("/insurer/v1/submissions/{life}/timeline");
    let of_nonlife = format!("/insurer/v1/submissions/{nonlife}/timeline");
    let owner = format!("/claims/v1/claims/{claim}/timeline");
    let receive = || turn("insurer", "receive", "");
    let seen = read(&test.world.hospital, &hospital).await;
    assert_eq!(turns(&seen), [receive(), receive()]);
    assert_eq!(seen["submissions"].as_array().unwrap().len(), 2);
    assert!(seen.get("next_deadline").is_none());

    // Papers are asked for: the hospital is on turn until the last day is over.
    let asked = json!({ "documents": [{ "kind": "receipt" }], "to": "hospital", "due_on": "2026-12-07" });
    let path = format!("/insurer/v1/submissions/{life}/supplements");
    let asked = post(&test.life().client, &path, &asked).await.json("request").unwrap();
    let papers = || turn("hospital", "papers", "2026-12-07T16:00:00Z");
    let seen = read(&test.world.hospital, &hospital).await;
    assert_eq!((turns(&seen), &seen["next_deadline"]), (vec![papers(), receive()], &json!("2026-12-07T16:00:00Z")));
    assert_eq!(turns(&read(&test.world.app, &owner).await), [papers(), receive()]);
    let own = read(&test.life().client, &of_life).await;
    assert_eq!(turns(&own), [papers()]);
    assert_eq!(own["submissions"].as_array().unwrap().len(), 1);
    // The other insurer knows neither of the request nor of who made it.
    let other = read(&test.nonlife().client, &of_nonlife).await;
    assert_eq!(turns(&other), [receive()]);
    assert!(!other.to_string().contains(test.life().client.id()), "{other}");
    assert!(!own.to_string().contains(test.nonlife().client.id()));

    // Answered by word: the insurer is on turn again; decided, it pays within the term of its line.
    let request = asked["request_id"].as_str().unwrap();
    let close = format!("/insurer/v1/requests/{request}/close");
    assert_eq!(post(&test.life().client, &close, &json!({ "result": "answered" })).await.status, 200);
    assert_eq!(turns(&read(&test.life().client, &of_life).await), [turn("insurer", "decide", "")]);
    let complete = json!({ "state": "in-review", "complete_on": "2026-11-23" });
    let path = format!("/insurer/v1/submissions/{life}/status");
    assert_eq!(post(&test.life().client, &path, &complete).await.status, 200);
    assert_eq!(report(&test, &life, "accepted", Some(decision(1_500))).await.status, 200);
    let due = turn("insurer", "pay", "2026-12-08T16:00:00Z");
    assert_eq!(turns(&read(&test.life().client, &of_life).await), std::slice::from_ref(&due));
    assert_eq!(turns(&read(&test.world.hospital, &hospital).await), [due, receive()]);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_what_is_anothers() {
    let test = TestGateway::start().await;
    let (claim, life, nonlife) = pushed(&test, "TURN-2").await;
    let number = "1101010012";
    let other = NewParty { id: "hospital-other", role: Role::Hospital, number, lines: vec![], consent: true };
    let (other, _) = test.register(other).await;
    let stranger = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let (stranger, _) = test.register(stranger).await;
    let unknown = "clm_01a20795-d752-7a9f-a283-ad7df04b8ac1";
    let nothing = "sub_01a20795-d752-7a9f-a283-ad7df04b8ac1";
    // What is another's and what is nowhere are told in the same words.
    for (client, theirs, nowhere) in [
        (&other, format!("/hospital/v1/claims/{claim}/timeline"), format!("/hospital/v1/claims/{unknown}/timeline")),
        (
            &test.nonlife().client,
            format!("/insurer/v1/submissions/{life}/timeline"),
            format!("/insurer/v1/submissions/{nothing}/timeline"),
        ),
        (
            &test.life().client,
            format!("/insurer/v1/submissions/{nonlife}/timeline"),
            format!("/insurer/v1/submissions/{nothing}/timeline"),
        ),
        (&stranger, format!("/claims/v1/claims/{claim}/timeline"), format!("/claims/v1/claims/{unknown}/timeline")),
        (
            &stranger,
            format!("/claims/v1/claims/{claim}/events?wait=0"),
            format!("/claims/v1/claims/{unknown}/events?wait=0"),
        ),
    ] {
        let (one, two) = (get(client, &theirs).await, get(client, &nowhere).await);
        assert_eq!((one.status.as_u16(), two.status.as_u16()), (404, 404), "{theirs}");
        let plain = |answer: &claimgate_gateway::sandbox::client::Answer| {
            let mut told = answer.json("problem").unwrap();
            told.as_object_mut().unwrap().remove("request_id");
            told
        };
        assert_eq!(plain(&one), plain(&two));
    }
    // A stream of one's own holds nothing of another's, and its places tell nothing of how much others have.
    let all = get(&other, "/hospital/v1/events?after=0&wait=0").await;
    let text = String::from_utf8_lossy(&all.body).into_owned();
    assert!(!text.contains("clm_") && text.contains("\"waited\"") && text.contains("\"last_event_id\":0"), "{text}");
    for (client, foreign) in [(&test.life().client, test.nonlife()), (&test.nonlife().client, test.life())] {
        let all = get(client, "/insurer/v1/events?after=0&wait=0").await;
        let text = String::from_utf8_lossy(&all.body).into_owned();
        assert!(text.contains(&claim) && !text.contains(foreign.client.id()), "{text}");
        assert!(text.contains("id: 1\n"), "places begin with one for everybody");
    }
    test.stop().await;
}
