//! The rules of compulsory motor insurance over real HTTP, and the page that shows their tables.

use claimgate_adapters::motor::page::tables;
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_tests::gateway::{TestGateway, must, post};
use claimgate_tests::shared::project;
use serde_json::{Value, json};

const PATH: &str = "/claims/v1/assessments";

/// An insured car, an uninsured scooter, a car that fled; their drivers, a passenger and a pedestrian.
fn facts(on: &str) -> Value {
    json!({
        "accident": {
            "on": on,
            "vehicles": [
                { "id": "car", "cover": { "state": "insured", "by": "insurer-a" } },
                { "id": "scooter", "cover": { "state": "uninsured" } },
                { "id": "fled", "cover": { "state": "untraceable" } },
            ],
            "persons": [
                { "id": "driver", "position": { "as": "driver", "of": "car" }, "harm": "injury" },
                { "id": "rider", "position": { "as": "driver", "of": "scooter" }, "harm": "disability" },
                { "id": "pillion", "position": { "as": "passenger", "of": "scooter" }, "harm": "death" },
                { "id": "walker", "position": { "as": "outside" }, "harm": "damage" },
            ],
        },
    })
}

async fn assessed(client: &PartyClient, path: &str, body: &Value) -> Value {
    let answer = post(client, path, body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    must(answer.json("assessment"))
}

#[test]
fn the_page_shows_the_tables_of_this_build() {
    let page = std::fs::read_to_string(project().join("docs/motor-rules.md")).unwrap();
    let (_, rest) = page.split_once("<!-- tables -->\n\n").unwrap();
    let (shown, _) = rest.split_once("\n<!-- end of tables -->").unwrap();
    let how = "cargo run -p claimgate-adapters --example motor docs/motor-rules.md";
    assert!(shown == tables(), "docs/motor-rules.md is out of date: {how}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_person_of_an_accident_is_told_who_must_pay_and_by_which_article() {
    let test = TestGateway::start().await;
    let mut body = facts("2026-06-30");
    body["first"] = json!("insurer-a");
    body["victims"] = json!([
        { "id": "pillion", "relatives": [
            { "id": "mother", "kinship": "parent" }, { "id": "son", "kinship": "child", "capacity": "minor" },
            { "id": "wife", "kinship": "spouse", "identity": "resident" }, { "id": "brother", "kinship": "sibling" } ],
          "losses": { "costs": [ { "kind": "emergency", "amount": "9000" } ] }, "documents": ["claim-application"] },
        { "id": "rider", "identity": "passport",
          "losses": { "disability_levels": [7, 8], "costs": [ { "kind": "nursing", "amount": "60000", "units": 40 } ],
            "paid": [ { "benefit": "disability", "amount": "600000", "by": "compulsory-cover" } ] } },
        { "id": "walker" },
    ]);
    let before = test.counts().await;
    let found = assessed(&test.world.app, PATH, &body).await;
    let outcomes: Vec<&str> =
        found["persons"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["fund", "insurers-and-fund-jointly", "insurers-and-fund-jointly", "nobody"]);
    let pillion = &found["persons"][2];
    assert_eq!(
        pillion["payers"],
        json!([
            { "who": { "kind": "insurer", "id": "insurer-a" }, "vehicles": ["car"], "share": { "of": 1, "over": 3 } },
            { "who": { "kind": "fund" }, "vehicles": ["scooter", "fled"], "share": { "of": 2, "over": 3 } },
        ])
    );
    let rests = pillion["basis"].as_array().unwrap().iter().map(|one| one["article"].as_str().unwrap());
    let rests: Vec<&str> = rests.collect();
    for article in ["強制汽車責任保險法 §36 I (3)", "強制汽車責任保險承保及理賠作業處理辦法 §22-1 (1)"]
    {
        assert!(rests.contains(&article), "{rests:?}");
    }
    assert_eq!(found["persons"][3]["exclusions"][0]["code"], "damage-only");
    // Three heirs of the first rank, to the dollar; the brother is none of them.
    let heirs = &found["victims"][0]["claimants"];
    assert_eq!(
        (heirs["rank"].as_u64(), heirs["joint"].as_bool(), heirs["left_over"].as_str()),
        (Some(1), Some(true), Some("2"))
    );
    let amounts: Vec<&str> =
        heirs["claimants"].as_array().unwrap().iter().map(|one| one["amount"].as_str().unwrap()).collect();
    assert_eq!(amounts, ["666666"; 3]);
    let papers = found["victims"][0]["documents"].as_array().unwrap();
    let state = |code: &str| papers.iter().find(|one| one["code"] == code).map(|one| one["state"].as_str().unwrap());
    assert_eq!(
        [
            state("claim-application"),
            state("death-certificate"),
            state("joint-statement"),
            state("representative-household")
        ],
        [Some("there"), Some("missing"), Some("missing"), Some("missing")]
    );
    assert_eq!((state("resident-certificate"), state("compensation-application")), (Some("missing"), None));
    // Levels 7 and 8 are level 5; what was paid is off; nursing ends after thirty days.
    let rider = &found["victims"][1]["estimate"];
    assert_eq!(
        (&rider["disability"], &rider["medical"], &rider["due"]),
        (&json!("1070000"), &json!("36000"), &json!("506000"))
    );
    assert!(rider["estimate"] == true && rider["status"] == "confirmed");
    assert!(found["victims"][2]["claimants"].is_null());
    assert_eq!(found["notify"]["payers"], json!([{ "kind": "fund" }]));
    // The same a day later: other limits, and it says what of them is not verified.
    body["accident"]["on"] = json!("2026-07-01");
    let later = assessed(&test.world.app, PATH, &body).await;
    assert_eq!(later["victims"][0]["estimate"]["death"], "3000000");
    assert_eq!(later["victims"][1]["estimate"]["status"], "unverified");
    // An insurer is answered the same, and nothing of it is kept.
    assert_eq!(assessed(&test.life().client, "/insurer/v1/assessments", &body).await, later);
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_that_do_not_hold_together_are_refused_with_their_places() {
    let test = TestGateway::start().await;
    let vehicles: Vec<Value> =
        (0..21).map(|number| json!({ "id": number.to_string(), "cover": { "state": "uninsured" } })).collect();
    for (pointer, change, at) in [
        ("/accident/on", json!("2999-01-01"), "/accident/on"),
        ("/accident/on", json!("2011-01-01"), "/accident/on"),
        ("/accident/vehicles", json!([]), "/accident/vehicles"),
        ("/accident/vehicles", json!(vehicles), "/accident/vehicles"),
        ("/accident/persons/0/position/of", json!("bicycle"), "/accident/persons/0/position/of"),
        ("/accident/persons/1/id", json!("driver"), "/accident/persons/1/id"),
        ("/victims", json!([{ "id": "stranger" }]), "/victims/0/id"),
        (
            "/victims",
            json!([{ "id": "rider", "losses": { "disability_levels": [0] } }]),
            "/victims/0/losses/disability_levels",
        ),
        (
            "/victims",
            json!([{ "id": "rider", "losses": { "costs": [{ "kind": "meals", "amount": "-1", "units": 1 }] } }]),
            "/victims/0/losses/costs/0/amount",
        ),
        ("/first", json!("nobody"), "/first"),
    ] {
        let mut body = facts("2026-11-01");
        body["victims"] = json!([]);
        body["first"] = Value::Null;
        *body.pointer_mut(pointer).unwrap() = change;
        let refused = post(&test.world.app, PATH, &body).await;
        let problem = must(refused.json("problem"));
        assert_eq!(
            (refused.status.as_u16(), &problem["code"], &problem["pointer"]),
            (422, &json!("assessment.facts"), &json!(at))
        );
        assert!(!problem["detail"].as_str().unwrap().contains("stranger"), "no value is repeated");
    }
    // Another form, and more than is taken at once.
    for (pointer, change) in [("/accident/on", json!("30/6")), ("/accident/persons/0/harm", json!("scratch"))] {
        let mut body = facts("2026-11-01");
        *body.pointer_mut(pointer).unwrap() = change;
        assert_eq!(must(post(&test.world.app, PATH, &body).await.json("problem"))["code"], "body.form");
    }
    let mut body = facts("2026-11-01");
    body["victims"] = json!([{ "id": "x".repeat(300_000) }]);
    assert_eq!(post(&test.world.app, PATH, &body).await.status, 413);
    test.stop().await;
}

/// Each route of the rules once, for the contract.
pub(crate) async fn each_route(test: &TestGateway) {
    let body = facts("2026-06-30");
    assessed(&test.world.app, PATH, &body).await;
    assessed(&test.life().client, "/insurer/v1/assessments", &body).await;
}
