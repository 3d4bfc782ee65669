//! What a hospital can push: the project's fixtures and, where they are, the real iClaim bundles.

use claimgate_gateway::party::Role;
use claimgate_packet::evidence::Document;
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{self, FIXTURES, case};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, open_all, push_as};
use claimgate_tests::shared::shared;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn every_fixture_is_accepted_without_reference_warnings_and_reaches_an_insurer() {
    let test = TestGateway::start().await;
    let mut after = [0, 0];
    for (name, body) in FIXTURES {
        let answer = test.push(body, &[]).await;
        let outcome = answer.json("outcome").unwrap();
        assert_eq!(answer.status, 201, "{name}: {outcome:#}");
        assert!(!codes(&outcome).iter().any(|code| code.starts_with("reference.")), "{name}: {outcome:#}");
        let mut kinds = Vec::new();
        for (one, after) in [test.life(), test.nonlife()].into_iter().zip(&mut after) {
            if let Some((envelope, opened)) = newest(one, *after, &test).await {
                *after = envelope;
                kinds.extend(opened.iter().map(|document| document.kind().to_owned()));
            }
        }
        let awaited = if *name == "prescription" { "prescription" } else { "diagnosis-certificate" };
        assert!(kinds.iter().any(|kind| kind == awaited), "{name}: {kinds:?}");
    }
    test.stop().await;
}

async fn newest(
    one: &claimgate_gateway::sandbox::demo::Insurer,
    after: i64,
    test: &TestGateway,
) -> Option<(i64, Vec<Document>)> {
    let listed = get(&one.client, &format!("/insurer/v1/deliveries?after={after}&wait=2")).await.json("list").unwrap();
    if listed["deliveries"].as_array().unwrap().is_empty() {
        return None;
    }
    let (envelope, opened) = open_all(one, after, test.clock.now()).await.pop()?;
    Some((envelope.position, opened.evidence.into_iter().map(|one| one.document).collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_an_insurer_opens_is_the_one_the_hospital_sent() {
    let test = TestGateway::start().await;
    assert_eq!(test.push(&bundles::bytes(&bundles::fixture("demo")), &[]).await.status, 201);
    let (_, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let receipt = opened.evidence.iter().find_map(|one| match &one.document {
        Document::MedicalReceipt(receipt) => Some(receipt.clone()),
        _ => None,
    });
    let receipt = receipt.unwrap();
    let mut sent = bundles::fixture("demo");
    let claim = bundles::resource(&mut sent, "Claim");
    let items = claim["item"].as_array().unwrap();
    assert_eq!(receipt.lines.len(), items.len());
    for (line, item) in receipt.lines.iter().zip(items) {
        assert_eq!(line.amount, item["net"]["value"].to_string().parse().unwrap());
    }
    assert_eq!(receipt.institution.code, bundles::HOSPITAL_CODE);
    assert_eq!(opened.recipient.aud, "insurer-life");
    assert_eq!(opened.recipient.line, Line::HealthReimbursement);
    assert_eq!(opened.recipient.revision, 1);
    test.stop().await;
}

/// The parties of the guide's example; its two bundles name two hospitals.
async fn with_iclaim_parties(test: &TestGateway, code: &str) -> claimgate_gateway::sandbox::client::PartyClient {
    let hospital = NewParty { id: "hospital-cgh", role: Role::Hospital, number: code, lines: vec![], consent: true };
    let lines = vec![Line::HealthReimbursement];
    let insurer = NewParty { id: "insurer-cathay", role: Role::Insurer, number: "03374707", lines, consent: false };
    test.register(insurer).await;
    test.register(hospital).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_iclaim_bundle_is_accepted_with_its_six_unresolved_references() {
    let path = "fhir/examples/iclaim-1.0.0/assembled/Bundle-iclaim-C1.assembled.json";
    let Some(body) = shared(path) else { return };
    let test = TestGateway::start().await;
    let hospital = with_iclaim_parties(&test, "0131060029").await;
    let answer = push_as(&hospital, &body, &[]).await;
    let outcome = answer.json("outcome").unwrap();
    assert_eq!(answer.status, 201, "{outcome:#}");
    let issues = outcome["issue"].as_array().unwrap();
    let unresolved: Vec<&Value> = issues
        .iter()
        .filter(|issue| issue.pointer("/details/coding/0/code").unwrap() == "reference.unresolved")
        .collect();
    assert_eq!(unresolved.len(), 6, "{outcome:#}");
    for issue in unresolved {
        assert_eq!(issue["severity"], "warning");
        assert!(!issue["expression"].as_array().unwrap().is_empty());
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filled_iclaim_bundle_is_accepted_without_reference_warnings() {
    let Some(body) = shared("fhir/examples/iclaim-derived/Bundle-C1.filled-SYNTHETIC.json") else { return };
    let test = TestGateway::start().await;
    let hospital = with_iclaim_parties(&test, "1101020018").await;
    let answer = push_as(&hospital, &body, &[]).await;
    let outcome = answer.json("outcome").unwrap();
    assert_eq!(answer.status, 201, "{outcome:#}");
    assert!(!codes(&outcome).iter().any(|code| code.starts_with("reference.")), "{outcome:#}");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_bundle_can_be_read_back_byte_for_byte() {
    let test = TestGateway::start().await;
    let body = bundles::bytes(&case("READ-1"));
    let pushed = test.push(&body, &[]).await;
    let location = pushed.header("location").unwrap().to_owned();
    assert_eq!(pushed.header("etag"), Some("W/\"1\""));
    let base = test.world.gateway.base_url().to_owned();
    let path = location.strip_prefix(&base).unwrap();
    let versioned = get(&test.world.hospital, path).await;
    assert_eq!((versioned.status.as_u16(), &versioned.body), (200, &body));
    let plain = get(&test.world.hospital, path.split("/_history/").next().unwrap()).await;
    assert_eq!((plain.status.as_u16(), &plain.body), (200, &body));
    assert_eq!(get(&test.world.hospital, "/fhir/Bundle/0190c0de-0000-7000-8000-000000000000").await.status, 404);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_can_do_is_published() {
    let test = TestGateway::start().await;
    let metadata = get(&test.world.hospital, "/fhir/metadata").await.json("metadata").unwrap();
    assert_eq!(metadata["resourceType"], "CapabilityStatement");
    assert_eq!(metadata["fhirVersion"], "4.0.1");
    for path in ["/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"] {
        let found = get(&test.world.hospital, path).await.json("smart").unwrap();
        assert!(found["token_endpoint"].as_str().unwrap().ends_with("/oauth/token"));
    }
    let token_keys = get(&test.world.hospital, "/.well-known/jwks.json").await.json("keys").unwrap();
    let packet_keys = get(&test.world.hospital, "/.well-known/claim-packet-keys").await.json("keys").unwrap();
    for keys in [&token_keys, &packet_keys] {
        assert!(keys["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()));
    }
    assert_ne!(token_keys["keys"][0]["kid"], packet_keys["keys"][0]["kid"]);
    test.stop().await;
}
