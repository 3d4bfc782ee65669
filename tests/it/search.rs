//! A hospital searches its own claims, tries a push out, and sees how the insurers stand.

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, must, post};
use reqwest::Method;
use serde_json::{Value, json};

async fn find(test: &TestGateway, path: &str) -> Value {
    let answer = get(&test.world.hospital, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    let set = answer.json("searchset").unwrap();
    assert_eq!((&set["resourceType"], &set["type"]), (&json!("Bundle"), &json!("searchset")));
    set
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_finds_its_own_claims_by_case_patient_and_visit() {
    let test = TestGateway::start().await;
    let mut bundle = case("SEARCH-1");
    let pushed = test.push(&bytes(&bundle), &[]).await;
    let id = pushed.header("claimgate-claim-id").unwrap().strip_prefix("clm_").unwrap().to_owned();
    test.push(&bytes(&case("SEARCH-2")), &[]).await;
    let system = bundle["identifier"]["system"].as_str().unwrap().to_owned();
    let patient = resource(&mut bundle, "Patient")["identifier"][0].clone();
    let (namespace, number) = (patient["system"].as_str().unwrap(), patient["value"].as_str().unwrap());
    let visit = resource(&mut bundle, "Encounter")["identifier"][0]["value"].as_str().unwrap().to_owned();

    let set = find(&test, &format!("/fhir/Bundle?identifier={system}%7CSEARCH-1")).await;
    assert_eq!((&set["total"], &set["entry"][0]["resource"]), (&json!(1), &bundle));
    assert_eq!(find(&test, &format!("/fhir/Bundle?_id={id}")).await["total"], 1);
    assert_eq!(find(&test, "/fhir/Bundle?identifier=SEARCH-404").await["total"], 0);
    assert_eq!(find(&test, "/fhir/Bundle?_id=not-one-of-ours").await["total"], 0);
    let cut = find(&test, &format!("/fhir/Composition?patient.identifier={number}&_count=1")).await;
    assert_eq!(cut["entry"].as_array().unwrap().len(), 2, "{cut:#}");
    assert_eq!((&cut["entry"][1]["search"]["mode"], cut.get("total")), (&json!("outcome"), None));
    for query in [
        format!("patient.identifier={namespace}%7C{number}"),
        format!("patient.identifier={number}"),
        format!("entry:Encounter.identifier={visit}"),
        format!("entry%3AEncounter.identifier=https://hospital.example/x%7C{visit}"),
    ] {
        let set = find(&test, &format!("/fhir/Composition?{query}")).await;
        assert_eq!(set["total"], 2, "{query}");
        assert_eq!(set["entry"][0]["resource"]["resourceType"], "Composition");
    }
    let form = format!("patient.identifier={namespace}%7C{number}").into_bytes();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let by_form = must(test.world.hospital.call(Method::POST, "/fhir/Composition/_search", &headers, form).await);
    assert_eq!(by_form.json("searchset").unwrap()["total"], 2);

    let number_of_other = "1101010012";
    let new =
        NewParty { id: "hospital-other", role: Role::Hospital, number: number_of_other, lines: vec![], consent: true };
    let (other, _) = test.register(new).await;
    let theirs = get(&other, &format!("/fhir/Composition?patient.identifier={number}")).await;
    assert_eq!(theirs.json("searchset").unwrap()["total"], 0);
    for wrong in [
        "/fhir/Bundle",
        "/fhir/Bundle?name=x",
        "/fhir/Bundle?_id=1&identifier=2",
        "/fhir/Composition?patient.identifier=",
    ] {
        let answer = get(&test.world.hospital, wrong).await;
        assert_eq!(
            (answer.status.as_u16(), codes(&answer.json("o").unwrap())),
            (400, vec!["search.parameter".to_owned()])
        );
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_removed_by_a_correction_is_no_longer_found() {
    let test = TestGateway::start().await;
    let mut bundle = case("SEARCH-3");
    test.push(&bytes(&bundle), &[]).await;
    let before = resource(&mut bundle, "Encounter")["identifier"][0]["value"].as_str().unwrap().to_owned();
    resource(&mut bundle, "Encounter")["identifier"][0]["value"] = json!("V-CORRECTED");
    test.push(&bytes(&bundle), &[]).await;
    assert_eq!(find(&test, &format!("/fhir/Composition?entry:Encounter.identifier={before}")).await["total"], 0);
    assert_eq!(find(&test, "/fhir/Composition?entry:Encounter.identifier=V-CORRECTED").await["total"], 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_a_push_would_and_keeps_nothing() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    let run = async |body: Vec<u8>| {
        let headers = [("content-type", "application/fhir+json")];
        let answer = must(test.world.hospital.call(Method::POST, "/fhir/Bundle/$validate", &headers, body).await);
        assert_eq!(answer.status, 200);
        codes(&answer.json("outcome").unwrap())
    };
    assert_eq!(run(bytes(&case("DRY-1"))).await, ["ok"]);
    assert_eq!(run(b"{".to_vec()).await, ["json.syntax"]);
    let mut foreign = case("DRY-1").to_string().replace("1199990014", "1101020018");
    foreign = foreign.replace("12345676", "22099131");
    assert_eq!(run(foreign.into_bytes()).await, ["bundle.foreign-hospital", "insurer.unknown"]);
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_sees_how_each_insurer_stands() {
    let test = TestGateway::start().await;
    test.push(&bytes(&case("ANSWER-1")), &[]).await;
    let client = &test.life().client;
    let envelope = must(insurer::pull(client, 0, 5).await).pop().unwrap();
    let path = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
    for state in ["in-review", "declined"] {
        assert_eq!(post(client, &path, &json!({ "state": state })).await.status, 200);
    }
    let set = find(&test, "/fhir/ClaimResponse?request.identifier=https://hospital.example/case%7CANSWER-1").await;
    let outcomes: Vec<(&str, &str)> = set["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .map(|one| (one["insurer"]["identifier"]["value"].as_str().unwrap(), one["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("12345675", "complete"), ("12345676", "queued")]);
    test.stop().await;
}
