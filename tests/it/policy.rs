//! What one hospital is held to and another is not: the same bundle warns here and is refused there.

use claimgate_gateway::flows::registry::NotRegistered;
use claimgate_gateway::party::{ConsentBasis, HospitalPolicy, Role};
use claimgate_gateway::sandbox::client::PartyClient;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, must, pull_all, push_as};
use claimgate_tests::shared::claimgate;
use reqwest::Method;
use serde_json::{Value, json};

const STRICT: &str = "1101010012";

fn policy(names: &[&str]) -> HospitalPolicy {
    HospitalPolicy { errors: names.iter().map(|name| (*name).to_owned()).collect() }
}

/// A bundle whose patient has a number with a wrong check digit, as one of two hospitals sends it.
fn of(number: &str, institution: &str) -> Vec<u8> {
    let mut bundle = case(number);
    resource(&mut bundle, "Patient")["identifier"][0]["value"] = json!("A223456789");
    bytes(&serde_json::from_str::<Value>(&bundle.to_string().replace("1199990014", institution)).unwrap())
}

async fn hold(test: &TestGateway, id: &str, names: &[&str]) -> Result<(), NotRegistered> {
    let engine = &test.world.gateway.app.engine;
    let id = id.parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    registration.policy = Some(policy(names));
    engine.replace_registration(&id, registration).await.map(|_| ())
}

async fn validated(client: &PartyClient, body: Vec<u8>) -> Vec<(String, String)> {
    let headers = [("content-type", "application/fhir+json")];
    let answer = must(client.call(Method::POST, "/fhir/Bundle/$validate", &headers, body).await);
    let outcome = answer.json("outcome").unwrap();
    let severities =
        outcome["issue"].as_array().unwrap().iter().map(|one| one["severity"].as_str().unwrap().to_owned());
    codes(&outcome).into_iter().zip(severities).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bundle_warns_at_one_hospital_and_is_refused_at_another() {
    let test = TestGateway::start().await;
    let new = NewParty { id: "hospital-strict", role: Role::Hospital, number: STRICT, lines: vec![], consent: true };
    let (strict, _) = test.register(new).await;
    let lenient = &test.world.hospital;
    let both = |answer: Vec<(String, String)>| {
        answer.into_iter().find(|(code, _)| code == "patient.id-checksum").map(|(_, severity)| severity)
    };
    assert_eq!(push_as(&strict, &of("POLICY-0", STRICT), &[]).await.status, 201, "without a policy nothing is refused");
    hold(&test, "hospital-strict", &["patient.id-checksum", "profile"]).await.unwrap();

    let warned = push_as(lenient, &of("POLICY-1", "1199990014"), &[]).await;
    assert_eq!(warned.status, 201);
    assert!(codes(&warned.json("outcome").unwrap()).contains(&"patient.id-checksum".to_owned()));
    let before = test.counts().await;
    let refused = push_as(&strict, &of("POLICY-1", STRICT), &[]).await;
    let outcome = refused.json("outcome").unwrap();
    assert_eq!((refused.status.as_u16(), &codes(&outcome)[0][..]), (422, "patient.id-checksum"));
    assert!(outcome["issue"][0]["diagnostics"].as_str().unwrap().contains("policy"));
    assert!(!outcome.to_string().contains("A223456789"));
    assert_eq!(test.counts().await, before);
    assert_eq!(both(validated(lenient, of("POLICY-2", "1199990014")).await).as_deref(), Some("warning"));
    assert_eq!(both(validated(&strict, of("POLICY-2", STRICT)).await).as_deref(), Some("error"));

    // The policy goes as it came: with the registration document.
    hold(&test, "hospital-strict", &[]).await.unwrap();
    assert_eq!(push_as(&strict, &of("POLICY-1", STRICT), &[]).await.status, 201);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_sent_though_the_policy_grew_stricter() {
    let test = TestGateway::start().await;
    let new = NewParty { id: "hospital-strict", role: Role::Hospital, number: STRICT, lines: vec![], consent: false };
    let (strict, _) = test.register(new).await;
    let held = push_as(&strict, &of("POLICY-3", STRICT), &[]).await;
    assert!(codes(&held.json("outcome").unwrap()).contains(&"consent_missing".to_owned()));
    hold(&test, "hospital-strict", &["patient"]).await.unwrap();
    assert_eq!(push_as(&strict, &of("POLICY-4", STRICT), &[]).await.status, 422);
    let basis = ConsentBasis::HospitalAttested { reference: "test form".to_owned() };
    let id = "hospital-strict".parse().unwrap();
    must(test.world.gateway.app.engine.set_consent(&id, Some(basis)).await);
    assert_eq!(pull_all(&test.life().client, 1).await.len(), 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_names_known_warnings_and_only_hospitals_have_one() {
    let test = TestGateway::start().await;
    let unknown = hold(&test, "hospital-demo", &["patient.id-chekcsum"]).await.unwrap_err().to_string();
    assert!(unknown.contains("policy.errors") && unknown.contains("patient.id-checksum"), "{unknown}");
    let insurer = hold(&test, "insurer-life", &["structure"]).await.unwrap_err().to_string();
    assert!(insurer.contains("only a hospital"), "{insurer}");
    hold(&test, "hospital-demo", &["structure"]).await.unwrap();
    let folder = test.stop().await;

    // At the command line: shown as a document that `replace` takes again.
    let data = [("CLAIMGATE_GATEWAY__DATA_DIR", folder.path().display().to_string())];
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(claimgate_tests::shared::binary());
        must(command.args(arguments).envs(data.clone()).envs(folder.settings()).current_dir(folder.path()).output())
    };
    let shown = run(&["party", "show", "hospital-demo"]);
    let document: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&document["policy"]["errors"], &document["id"]), (&json!(["structure"]), &json!("hospital-demo")));
    std::fs::write(folder.path().join("again.json"), &shown.stdout).unwrap();
    assert!(run(&["party", "replace", "again.json"]).status.success());
    let mut wrong = document;
    wrong["policy"]["errors"] = json!(["structur"]);
    std::fs::write(folder.path().join("wrong.json"), wrong.to_string()).unwrap();
    let refused = run(&["party", "replace", "wrong.json"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!((refused.status.code(), text.contains("structure")), (Some(1), true), "{text}");
    assert!(String::from_utf8_lossy(&run(&["party", "list"]).stdout).contains(" policy"));
    assert_eq!(claimgate(folder.path(), &["party", "show"]).status.code(), Some(2));
}
