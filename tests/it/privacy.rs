//! Personal data reaches no log, no error, no metric and no plain column: every value of a bundle is looked for.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use claimgate_gateway::sandbox::insurer;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::shared::binary;
use serde_json::json;

/// Values no one but a recipient may read; all stand in the bundle below.
fn canaries() -> Vec<String> {
    let mut bundle = canary_bundle();
    let patient = resource(&mut bundle, "Patient");
    let mut found =
        vec!["卡娜麗".to_owned(), "CANARYNOTE".to_owned(), "CANARYCASE".to_owned(), "CANARYINSURER".to_owned()];
    found.push(patient["birthDate"].as_str().unwrap().to_owned());
    for identifier in patient["identifier"].as_array().unwrap() {
        found.push(identifier["value"].as_str().unwrap().to_owned());
    }
    found.push(resource(&mut bundle, "Condition")["code"]["coding"][0]["code"].as_str().unwrap().to_owned());
    found
}

fn canary_bundle() -> serde_json::Value {
    let mut bundle = case("CANARYCASE-1");
    resource(&mut bundle, "Patient")["name"] = json!([{ "use": "official", "text": "卡娜麗" }]);
    resource(&mut bundle, "Patient")["birthDate"] = json!("1971-03-29");
    resource(&mut bundle, "Condition")["note"] = json!([{ "text": "CANARYNOTE" }]);
    bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_reaches_the_log_the_database_file_or_an_error() {
    let (world, folder) = TestGateway::start().await.into_parts();
    let (mut hospital, insurers, address) = (world.hospital, world.insurers, world.gateway.address);
    must(world.gateway.stop().await);
    let mut server = Command::new(binary())
        .arg("serve")
        .env("CLAIMGATE_GATEWAY__DATA_DIR", folder.path())
        .envs(database::settings(folder.path()))
        .env("CLAIMGATE_GATEWAY__BASE_URL", format!("http://{address}"))
        .env("CLAIMGATE_HTTP__LISTEN", address.to_string())
        .env("CLAIMGATE_LOG__LEVEL", "trace")
        .env("CLAIMGATE_LOG__FORMAT", "json")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = server.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let mut errors = String::new();
    for _ in 0..50 {
        if hospital.authenticate().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let headers = [("content-type", "application/fhir+json"), ("prefer", "return=OperationOutcome")];
    let mut broken = canary_bundle();
    resource(&mut broken, "Claim")["item"][0]["net"]["value"] = json!("CANARYNOTE");
    resource(&mut broken, "Patient")["birthDate"] = json!({ "卡娜麗": "卡娜麗" });
    for body in [bytes(&canary_bundle()), bytes(&broken), bytes(&canary_bundle())[..5_000].to_vec()] {
        let answer = must(hospital.call(reqwest::Method::POST, "/fhir/Bundle", &headers, body).await);
        errors.push_str(&String::from_utf8_lossy(&answer.body));
    }
    // A case number in the address, the bundle's own and another one.
    for path in ["/fhir/Bundle?identifier=CANARYCASE-1", "/fhir/Bundle?identifier=urn:x%7CCANARYCASE-2"] {
        let answer = must(hospital.call(reqwest::Method::PUT, path, &headers, bytes(&canary_bundle())).await);
        errors.push_str(&String::from_utf8_lossy(&answer.body));
    }
    let mut life = insurers.into_iter().next().unwrap().client;
    must(life.authenticate().await);
    let envelope = must(insurer::pull(&life, 0, 5).await).pop().unwrap();
    let status = format!("/insurer/v1/submissions/{}/status", envelope.submission_id);
    let report = json!({ "state": "received", "number": "CANARYINSURER-1", "note": "卡娜麗 CANARYINSURER" });
    assert_eq!(post(&life, &status, &report).await.status, 200);
    let wrong = json!({ "state": "CANARYINSURER", "note": "卡娜麗" });
    errors.push_str(&String::from_utf8_lossy(&post(&life, &status, &wrong).await.body));
    errors.push_str(&String::from_utf8_lossy(&get(&life, "/metrics").await.body));
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success(), "SIGTERM ends it well");
    let log = reading.join().unwrap();
    assert!(log.contains("answered") && log.contains("stopped"), "the log was read: {log}");

    let database = folder.bytes().await;
    assert!(database.len() > 50_000, "the database was read");
    for canary in canaries() {
        assert!(!log.contains(&canary), "{canary} is in the log");
        assert!(!errors.contains(&canary), "{canary} is in an answer: {errors}");
        let found = database.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "{canary} is in the database file");
    }
}
