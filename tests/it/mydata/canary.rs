//! A whole story with a person's number and a vehicle leaves none of it in the clear: not in the database, the log, metrics or
//! errors.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::sandbox::app;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, get, must, post, push_as};
use claimgate_tests::shared::binary;
use serde_json::json;

use super::{Desk, PERSON, Platform};
use crate::canary::{dumped, everything, forms, signs};

/// What the made-up vehicle says of its made-up owner.
const VALUES: [&str; 5] = [PERSON, "陳筱玲", "ABC-1234", "SANDBOX0001", "測試路1號"];

#[tokio::test(flavor = "multi_thread")]
async fn a_story_with_mydata_leaves_no_personal_value_behind() {
    let platform = Platform::open("");
    let settings = platform.settings();
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    let Desk { test, platform, http } = Desk::of(test, platform);
    let (world, kept) = test.into_parts();
    let (mut hospital, mut app, address) = (world.hospital, world.app, world.gateway.address);
    must(world.gateway.stop().await);
    let mut server = Command::new(binary())
        .arg("serve")
        .env("CLAIMGATE_GATEWAY__DATA_DIR", kept.path())
        .envs(database::settings(kept.path()))
        .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
        .env("CLAIMGATE_GATEWAY__BASE_URL", format!("http://{address}"))
        .env("CLAIMGATE_GATEWAY__SANDBOX", "true")
        .env("CLAIMGATE_WEBHOOKS__ALLOW_LOOPBACK", "true")
        .env("CLAIMGATE_LOG__LEVEL", "trace")
        .env("CLAIMGATE_LOG__FORMAT", "json")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = server.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes).unwrap();
        bytes
    });
    for _ in 0..100 {
        if hospital.authenticate().await.is_ok() && app.authenticate().await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let pushed = push_as(&hospital, &bytes(&case("MYDATA-CANARY")), &[]).await;
    let claim = must(app::link(&app, pushed.header("claimgate-tracking-code").unwrap()).await);
    let mut errors = Vec::new();
    let mut encrypted = Vec::new();
    for (claim, wrong) in [(Some(&claim), None), (None, None), (None, Some("digest"))] {
        let mut order = json!({ "person": PERSON, "purpose": "motor-claim", "datasets": ["vehicle-registration"] });
        if let Some(claim) = claim {
            order["claim_id"] = json!(claim);
        }
        let begun = must(post(&app, "/mydata/v1/transactions", &order).await.json("begun"));
        let address = begun["address"].as_str().unwrap();
        encrypted.push(address.split("pid=").nth(1).unwrap().to_owned());
        let says = json!({ "address": address, "wrong": wrong }).to_string();
        let said = http.post(format!("{}/sandbox/consent", platform.place)).body(says).send().await.unwrap();
        let said: serde_json::Value = serde_json::from_slice(&said.bytes().await.unwrap()).unwrap();
        assert_eq!(http.get(said["back"].as_str().unwrap()).send().await.unwrap().status(), 200);
        let path = format!("/mydata/v1/transactions/{}", begun["transaction_id"].as_str().unwrap());
        let ends = if wrong.is_some() { "refused" } else { "verified" };
        for turn in 0.. {
            let read = get(&app, &path).await;
            if must(read.json("read"))["state"] == ends {
                errors.extend_from_slice(&read.body);
                break;
            }
            assert!(turn < 150, "never {ends}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // The number where it does not belong.
    for body in [json!({ "person": PERSON }), json!({ "person": PERSON, "purpose": PERSON, "datasets": [PERSON] })] {
        errors.extend_from_slice(&post(&app, "/mydata/v1/transactions", &body).await.body);
    }
    let notice = json!({ "tx_id": PERSON, "permission_ticket": PERSON, "secret_key": PERSON });
    errors.extend_from_slice(&post(&app, "/mydata/v1/notifications", &notice).await.body);
    let path = format!("/mydata/v1/return?code=200&tx_id={PERSON}");
    errors.extend_from_slice(&get(&app, &path).await.body);
    errors.extend_from_slice(&get(&app, "/metrics").await.body);
    let running = [kept.bytes().await, everything(kept.path()), dumped(kept.path())].concat();

    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success(), "SIGTERM ends it well");
    let log = reading.join().unwrap();
    // What is in the clear is found: this story is in them.
    assert!([&running, &log].iter().all(|all| signs(all).contains("mydata")), "{} {}", running.len(), log.len());
    assert!(running.len() > 50_000 && errors.len() > 500, "{} {}", running.len(), errors.len());
    for (name, bytes) in [("database and folder", &running), ("log", &log), ("answers and metrics", &errors)] {
        let searched = signs(bytes);
        for value in VALUES {
            for form in forms(value) {
                assert!(!searched.contains(signs(&form).as_str()), "{name}: {value}");
            }
        }
        for pid in &encrypted {
            assert!(!searched.contains(pid.as_str()), "{name}: the encrypted number");
        }
    }
}
