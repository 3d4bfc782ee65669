//! Legal holds, restriction, erasure, and that an erasure outlives a restore.

use std::path::Path;
use std::process::Command;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::shared::binary;
use reqwest::Method;
use serde_json::{Value, json};

use crate::application::{application, apply};

/// Runs `claimgate` on the data of a gateway, running or not: exit code, what it printed, what it said.
pub(crate) fn operate(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(binary());
    command.args(arguments).env("CLAIMGATE_GATEWAY__DATA_DIR", folder).envs(database::settings(folder));
    let output = command.env("CLAIMGATE_OPERATORS__NAMES", "alice").envs(settings.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A claim as its hospital and one insurer know it.
struct Known {
    claim: String,
    delivery: String,
    submission: String,
}

async fn pushed(test: &TestGateway, number: &str) -> Known {
    let answer = test.push(&bytes(&case(number)), &[]).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    let envelope = must(insurer::pull(&test.life().client, 0, 5).await).pop().unwrap();
    let text = |value: &dyn std::fmt::Display| value.to_string();
    Known { claim: text(&envelope.claim_id), delivery: text(&envelope.id), submission: text(&envelope.submission_id) }
}

/// Every insurer fetches what waits and closes it.
pub(crate) async fn closed(test: &TestGateway) {
    for one in &test.world.insurers {
        for envelope in must(insurer::pull(&one.client, 0, 5).await) {
            let packet = format!("/insurer/v1/deliveries/{}", envelope.id);
            let fetched = get(&one.client, &packet).await.status;
            if fetched == 410 {
                continue;
            }
            assert_eq!(fetched, 200);
            let status = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
            let answer = post(&one.client, &status, &json!({ "state": "closed", "number": "CLOSED-1" })).await;
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        }
    }
}

async fn code(test: &TestGateway, path: &str) -> (u16, String) {
    let answer = if path.starts_with("/fhir") {
        must(test.world.hospital.call(Method::GET, path, &[], Vec::new()).await)
    } else {
        get(&test.life().client, path).await
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body["code"].as_str().or(body["issue"][0]["details"]["coding"][0]["code"].as_str());
    (answer.status.into(), code.unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_claim_is_restricted_a_closed_one_erased_and_a_restore_brings_nothing_back() {
    let test = TestGateway::start().await;
    let folder = test.folder().to_owned();
    let alice = |arguments: &[&str]| operate(&folder, arguments, &[]);
    let known = pushed(&test, "RET-1").await;
    let claim = known.claim.as_str();
    let packet = format!("/insurer/v1/deliveries/{}", known.delivery);
    let bundle = format!("/fhir/Bundle/{}", claim.trim_start_matches("clm_"));
    assert_eq!(code(&test, &bundle).await.0, 200);

    // Not closed: it becomes a restriction, and nothing of it leaves.
    let (exit, said, _) = alice(&["erase", claim, "--ground", "request", "--as", "alice"]);
    assert!(exit == 0 && said.contains("restricted: it is not closed"), "{said}");
    assert_eq!(code(&test, &packet).await, (451, "claim.restricted".to_owned()));
    assert_eq!(code(&test, &bundle).await, (451, "claim.restricted".to_owned()));
    let again = test.push(&bytes(&case("RET-1")), &[]).await;
    assert_eq!(again.status, 451, "{}", String::from_utf8_lossy(&again.body));
    let (exit, said, _) = alice(&["retention", "lift", claim, "--as", "alice"]);
    assert!(exit == 0 && said.contains("in use again"), "{said}");
    closed(&test).await;

    // A backup of this moment, made beside the running gateway.
    let backup = folder.join("backup.db");
    let (exit, _, heard) = alice(&["backup", backup.to_str().unwrap()]);
    assert_eq!(exit == 0, !database::on_postgres(), "{heard}");
    if exit == 0 {
        assert_ne!(alice(&["backup", backup.to_str().unwrap()]).0, 0, "it overwrites nothing");
    }

    // Closed, but under a hold.
    assert_ne!(alice(&["retention", "hold", claim, "--reason", "lawsuit", "--as", "mallory"]).0, 0);
    assert_eq!(alice(&["retention", "hold", claim, "--reason", "LAWSUITCANARY 王", "--as", "alice"]).0, 0);
    let (_, said, _) = alice(&["erase", claim, "--ground", "request", "--as", "alice"]);
    assert!(said.contains("legal hold"), "{said}");
    let (_, said, _) = alice(&["retention", "run", "--as", "alice"]);
    assert!(said.starts_with("0 claims erased"), "{said}");

    // What a backup of this moment holds comes back further down.
    let store = &test.world.gateway.app.engine.store;
    let before = must(store.standing(claim.parse().unwrap()).await).unwrap();
    assert!(before.held && !before.open, "{before:?}");
    assert_eq!(alice(&["retention", "release", claim, "--reason", "over", "--as", "alice"]).0, 0);
    let (_, shown, _) = alice(&["retention", "run", "--dry-run", "--json"]);
    let kinds: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&kinds[0]["kind"], &kinds[0]["due"]), (&json!("requested-erasures"), &json!(1)), "{shown}");
    let (_, said, heard) = alice(&["retention", "run", "--as", "alice"]);
    assert!(said.starts_with("1 claims erased"), "{said} {heard}");

    assert_eq!(code(&test, &packet).await, (410, "claim.erased".to_owned()));
    assert_eq!(code(&test, &bundle).await, (410, "claim.erased".to_owned()));
    let status = format!("/insurer/v1/submissions/{}/status", known.submission);
    assert_eq!(post(&test.life().client, &status, &json!({ "state": "closed" })).await.status, 410);
    let kept = test.kept();
    for sql in [
        "select count(*) from claim_key",
        "select count(*) from claim_search",
        "select count(*) from evidence where length(body) > 0",
        "select count(*) from bundle where length(body) > 0",
        "select count(*) from packet where length(body) > 0",
        "select count(*) from delivery where length(sealed) > 0",
        "select count(*) from submission where detail is not null",
    ] {
        assert_eq!(kept.number(sql).await, 0, "{sql}");
    }
    assert_eq!(kept.number("select count(*) from claim").await, 1);
    // Under the same number it is another claim.
    assert_eq!(test.push(&bytes(&case("RET-1")), &[]).await.status, 201);
    closed(&test).await;
    let (exit, doctor, _) = alice(&["doctor"]);
    assert!(exit == 0 && doctor.contains("unbroken"), "{doctor}");

    // As after a restore: the database knows nothing of the erasure, the list does.
    let list = folder.join("erasures.jsonl");
    let line = std::fs::read_to_string(&list).unwrap();
    assert!(line.contains(claim) && line.lines().count() == 1, "{line}");
    let second = kept_claim(&test, claim).await;
    std::fs::write(&list, format!("{line}{}\nbroken", line.trim().replace(claim, &second))).unwrap();
    let (exit, said, heard) = alice(&["retention", "replay"]);
    assert_eq!(exit, 0, "{heard}");
    assert!(said.starts_with("1 claims erased again") && heard.contains("1 lines"), "{said} {heard}");
    assert_eq!(
        code(&test, &format!("/fhir/Bundle/{}", second.trim_start_matches("clm_"))).await,
        (410, "claim.erased".to_owned())
    );
    let (exit, doctor, _) = alice(&["doctor"]);
    assert!(exit == 0, "{doctor}");
    if backup.exists() {
        let url = format!("sqlite:{}", backup.display());
        let restored = |arguments: &[&str]| alice(&[&["--database-url", &url], arguments].concat());
        let (_, said, heard) = restored(&["retention", "replay"]);
        assert!(said.starts_with("1 claims erased again"), "{said} {heard}");
        let (exit, doctor, _) = restored(&["doctor"]);
        assert!(exit == 0 && doctor.contains("unbroken"), "{doctor}");
    }
    // Only now: reading the file beside a running gateway of this process would take its locks away.
    let kept = test.stop().await;
    assert!(!kept.holds(b"LAWSUITCANARY").await, "a hold's reason was kept encrypted");
}

/// The claim that is not this one.
async fn kept_claim(test: &TestGateway, not: &str) -> String {
    let envelopes = must(insurer::pull(&test.life().client, 0, 5).await);
    envelopes.iter().map(|one| one.claim_id.clone()).find(|id| id != not).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_end_closed_claims_and_never_what_is_undelivered_for_less_than_a_month() {
    let clock = Clock::system();
    let test = TestGateway::start_with(clock.clone()).await;
    let known = pushed(&test, "RET-2").await;
    let folder = test.folder().to_owned();
    let run = |days: &str| {
        let settings = [("CLAIMGATE_RETENTION__IDLE_DAYS", days), ("CLAIMGATE_RETENTION__CLOSED_DAYS", days)];
        operate(&folder, &["retention", "run", "--as", "alice"], &settings).1
    };
    let age = "update claim set changed_at = changed_at - 2592000000";
    let aged = [age, "update delivery set created_at = created_at - 2592000000"];
    for sql in aged.into_iter().chain(["update submission set changed_at = changed_at - 2592000000"]) {
        assert!(test.kept().run(sql).await > 0);
    }
    // Thirty days quiet, never fetched: a period of one day does not take it.
    assert!(run("1").starts_with("0 claims erased"));
    assert!(test.kept().run("update delivery set created_at = created_at - 172800000").await > 0);
    assert!(run("0").starts_with("0 claims erased"), "0 is for ever");
    assert!(run("60").starts_with("0 claims erased"));
    assert!(run("1").starts_with("1 claims erased"));
    let packet = format!("/insurer/v1/deliveries/{}", known.delivery);
    assert_eq!(code(&test, &packet).await, (410, "claim.erased".to_owned()));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_whose_documents_never_came_is_forgotten_and_no_other() {
    let test = TestGateway::start().await;
    for number in ["RET-3", "RET-4", "RET-5"] {
        assert_eq!(apply(&test, &application(number)).await.status, 201, "{number}");
    }
    assert_eq!(test.push(&bytes(&case("RET-3")), &[]).await.status, 201);
    let age = "update application set created_at = created_at - 17280000000";
    assert_eq!(test.kept().run(age).await, 3);
    // The patient applied again of late: the case's others stay with it.
    let mut again = application("RET-5");
    again["form"] = json!("同意書 115-12");
    assert_eq!(apply(&test, &again).await.status, 201);
    let run = |arguments: &[&str], days: &str| {
        let settings = [("CLAIMGATE_RETENTION__APPLICATION_DAYS", days)];
        operate(test.folder(), &[&["retention", "run"], arguments].concat(), &settings).1
    };
    let due: Value = serde_json::from_str(&run(&["--dry-run", "--json"], "180")).unwrap();
    assert_eq!((&due[3]["kind"], &due[3]["due"]), (&json!("unused-applications"), &json!(1)), "{due}");
    for (days, deleted) in [("0", 0), ("201", 0), ("180", 1), ("180", 0)] {
        let said = run(&["--as", "alice"], days);
        assert!(said.starts_with(&format!("0 claims erased, {deleted} applications")), "{days}: {said}");
    }
    let kept = test.kept();
    assert_eq!(kept.number("select count(*) from application").await, 3);
    assert_eq!(kept.number("select count(*) from application_recipient").await, 6);
    assert_eq!(kept.number("select count(*) from audit where action = 'retention.applications-deleted'").await, 1);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_offset_goes_on_is_not_erased_under_it() {
    let test = TestGateway::start().await;
    let known = pushed(&test, "RET-6").await;
    let offset = crate::offsets::open(&test, &known.claim, 1_000).await;
    closed(&test).await;
    let alice = |arguments: &[&str]| operate(test.folder(), &[arguments, &["--as", "alice"]].concat(), &[]).1;
    let said = alice(&["erase", &known.claim, "--ground", "request"]);
    assert!(said.contains("restricted: it is not closed"), "{said}");
    alice(&["retention", "lift", &known.claim]);
    let off = format!("/hospital/v1/offsets/{offset}/cancel");
    assert_eq!(post(&test.world.hospital, &off, &json!({ "by": "patient" })).await.status, 200);
    let said = alice(&["erase", &known.claim, "--ground", "request"]);
    assert!(said.contains("erased"), "{said}");
    test.stop().await;
}
