//! An auditor goes from a figure an insurer opened back to its place in the bytes the hospital sent.

use std::path::Path;
use std::process::{Command, Output};

use claimgate_packet::amount::Twd;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, must, open_all};
use claimgate_tests::shared::binary;
use serde_json::Value;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command
        .arg("evidence")
        .arg("trace")
        .args(arguments)
        .env("CLAIMGATE_GATEWAY__DATA_DIR", folder)
        .envs(database::settings(folder));
    must(command.current_dir(folder).output())
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The member of a bundle at a place such as `Bundle.entry[3].resource.total.value`.
fn at<'v>(bundle: &'v Value, place: &str) -> Option<&'v Value> {
    let pointer = place.strip_prefix("Bundle")?.replace(['.', '['], "/").replace(']', "");
    bundle.pointer(&pointer)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_a_packet_leads_to_its_place_in_the_bundle() {
    let test = TestGateway::start().await;
    let sent = case("TRACE-1");
    let first = test.push(&bytes(&sent), &[]).await;
    let mut changed = sent.clone();
    resource(&mut changed, "Condition")["note"] = serde_json::json!([{ "text": "更正" }]);
    test.push(&bytes(&changed), &[]).await;
    let claim = first.header("claimgate-claim-id").unwrap().to_owned();
    let (_, opened) = open_all(test.life(), 0, test.clock.now()).await.remove(0);
    let receipt = opened.evidence.iter().find(|one| one.document.kind() == "medical-receipt").unwrap().clone();
    let folder = test.stop().await;

    let found = json(&run(folder.path(), &["--json", &receipt.id]));
    let one = &found[0];
    assert_eq!((&one["evidence"], &one["converted_again"]), (&receipt.id.as_str().into(), &"same".into()));
    assert_eq!(
        (&one["revision"], &one["superseded_by"], &one["claim"]),
        (&1.into(), &2.into(), &claim.as_str().into())
    );
    let fields = one["fields"].as_array().unwrap();
    let document = receipt.document.to_json().unwrap();
    let mut figures = 0;
    for field in fields {
        assert!(field.get("value").is_none(), "no value unless it is asked for");
        let pointer = field["field"].as_str().unwrap();
        let stands = document.pointer(pointer);
        // What the policy withholds of a receipt is traced for the operator all the same.
        let withheld =
            ["/patient/address", "/patient/occupation", "/visit/"].iter().any(|one| pointer.starts_with(one));
        assert!(stands.is_some() || withheld, "{field}");
        for place in field["from"].as_array().unwrap() {
            let source = at(&sent, place.as_str().unwrap());
            assert!(source.is_some(), "{field}");
            let amount = stands.and_then(Value::as_str).zip(source.filter(|one| one.is_number()));
            if let Some((amount, source)) = amount.filter(|_| field["rule"].is_null()) {
                assert_eq!(amount.parse::<Twd>().unwrap(), source.to_string().parse::<Twd>().unwrap(), "{field}");
                figures += 1;
            }
        }
    }
    assert!(figures >= 3, "amounts were followed to the numbers they are ({figures})");

    let text = run(folder.path(), &[&receipt.id]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("give this very document") && text.contains("/totals/"), "{text}");
    let name = document["patient"]["name"].as_str().unwrap();
    assert!(!text.contains(name));
    let shown = run(folder.path(), &["--values", &receipt.id]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains(name));

    let newest = json(&run(folder.path(), &["--claim", &claim, "--json"]));
    let newest = newest.as_array().unwrap();
    assert!(newest.len() >= 3 && newest.iter().all(|one| one["revision"] == 2 && one["converted_again"] == "same"));
    let old = json(&run(folder.path(), &["--claim", &claim, "--revision", "1", "--json"]));
    assert!(old.as_array().unwrap().iter().any(|one| one["evidence"] == receipt.id.as_str()));

    let nothing = run(folder.path(), &["evd_0190c0de-0000-7000-8000-000000000000"]);
    assert_eq!(nothing.status.code(), Some(1));
    for misused in [&[][..], &["evd_1"], &["--revision", "1"], &[receipt.id.as_str(), "--claim", claim.as_str()]] {
        assert_eq!(run(folder.path(), misused).status.code(), Some(2), "{misused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looked_is_in_the_audit_trail_and_a_changed_converter_is_said() {
    let test = TestGateway::start().await;
    let pushed = test.push(&bytes(&case("TRACE-2")), &[]).await;
    let claim = pushed.header("claimgate-claim-id").unwrap().to_owned();
    let folder = test.stop().await;
    let doctor = |folder: &Path| {
        let run = must(
            Command::new(binary())
                .arg("doctor")
                .env("CLAIMGATE_GATEWAY__DATA_DIR", folder)
                .envs(database::settings(folder))
                .output(),
        );
        String::from_utf8_lossy(&run.stdout).into_owned()
    };
    let lines = |text: &str| -> usize {
        let line = text.lines().find(|line| line.contains("audit trail")).unwrap();
        line.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
    };
    let before = lines(&doctor(folder.path()));
    let found = json(&run(folder.path(), &["--claim", &claim, "--json"]));
    let after = doctor(folder.path());
    assert_eq!(lines(&after), before + found.as_array().unwrap().len());
    assert!(after.contains("unbroken"), "{after}");

    // Another configuration reads the same bytes otherwise: that is said, with the places and without a value.
    let mut sent = case("TRACE-2");
    let system = resource(&mut sent, "Patient")["identifier"][0]["system"].as_str().unwrap().to_owned();
    let config = folder.path().join("other.toml");
    std::fs::write(&config, format!("[fhir]\naliases = {{ {system:?} = \"https://elsewhere.example/id\" }}\n"))
        .unwrap();
    let path = config.display().to_string();
    let other = run(folder.path(), &["--config", &path, "--claim", &claim, "--json"]);
    assert_eq!(other.status.code(), Some(1), "{}", String::from_utf8_lossy(&other.stderr));
    let rows: Value = serde_json::from_slice(&other.stdout).unwrap();
    let differs = rows[0]["differs"].as_array().unwrap();
    assert_eq!(rows[0]["converted_again"], "differs");
    assert!(differs.contains(&"/patient/identifiers/0/system".into()), "{differs:?}");
    let said =
        String::from_utf8_lossy(&run(folder.path(), &["--config", &path, "--claim", &claim]).stdout).into_owned();
    assert!(said.contains("NOT the document stored"), "{said}");
}
