//! FHIR packages the operator names: their rules are checked at every push, and doctor says what is not evaluated.

use claimgate_fhir::format::Format;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::config::Config;
use claimgate_gateway::flows::health::Request;
use claimgate_gateway::id::Random;
use claimgate_gateway::lifecycle;
use claimgate_tests::bundles::FIXTURES;
use claimgate_tests::database;
use claimgate_tests::gateway::{TestGateway, must};
use claimgate_tests::shared::{binary, shared};

const PACKAGES: [&str; 2] =
    ["fhir/packages/tw.gov.mohw.twcore-0.3.2-partial.tgz", "fhir/packages/iclaim-1.0.0-reconstructed.tgz"];

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_named_packages_are_checked_as_warnings() {
    let folder = TestGateway::start().await.stop().await;
    let mut paths = Vec::new();
    for name in PACKAGES {
        let Some(bytes) = shared(name) else { return };
        let path = folder.path().join(name.rsplit('/').next().unwrap());
        std::fs::write(&path, bytes).unwrap();
        paths.push(path.display().to_string());
    }
    let layers = [
        ("CLAIMGATE_GATEWAY__DATA_DIR", folder.path().display().to_string()),
        ("CLAIMGATE_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("CLAIMGATE_FHIR__PACKAGES", paths.join(", ")),
    ];
    let doctor = must(
        std::process::Command::new(binary())
            .arg("doctor")
            .envs(layers.clone())
            .envs(folder.settings())
            .current_dir(folder.path())
            .output(),
    );
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(text.contains("FHIR packages: tw.gov.mohw.twcore") && text.contains("not evaluated"), "{text}");

    let layers = layers.map(|(name, value)| (name.to_owned(), value));
    let running = must(
        lifecycle::start(
            must(Config::from_layers(None, layers.into_iter().chain(folder.settings()))),
            Clock::system(),
            Random::system(),
        )
        .await,
    );
    let engine = &running.app.engine;
    let hospital = must(engine.store.party(&"hospital-demo".parse().unwrap()).await).unwrap();
    let (_, body) = FIXTURES.iter().find(|(name, _)| *name == "prescription").unwrap();
    let issues = engine.validate(&hospital, Format::Json, body, Request::default()).await.unwrap();
    let found: Vec<_> = issues.iter().filter(|issue| issue.code.starts_with("profile.")).collect();
    assert!(!found.is_empty() && found.iter().all(|issue| !issue.refuses()), "{issues:?}");
    must(running.stop().await);
}

#[test]
fn a_package_that_cannot_be_read_is_named_at_the_start() {
    let folder = must(tempfile::tempdir());
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("CLAIMGATE_GATEWAY__DATA_DIR", folder.path())
            .envs(database::settings(folder.path()));
        must(command.env("CLAIMGATE_FHIR__PACKAGES", "missing.tgz").output())
    };
    assert!(run(&["migrate", "up"]).status.success() && run(&["keys", "new", "token"]).status.success());
    let doctor = run(&["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("fhir.packages: missing.tgz cannot be read"));
}
