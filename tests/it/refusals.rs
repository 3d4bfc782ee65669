//! Bad bundles: the right status, a stable code, a place, how to fix it; no value repeated, the store unchanged.

use claimgate_tests::bundles::{bytes, case, resource, resources};
use claimgate_tests::gateway::{TestGateway, codes};
use serde_json::{Value, json};

/// Name, body, status, code.
type Case = (&'static str, Vec<u8>, u16, &'static str);

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut bundle = case("BAD-1");
    change(&mut bundle);
    bytes(&bundle)
}

fn without(kind: &'static str) -> Vec<u8> {
    changed(|bundle| {
        let entries = bundle["entry"].as_array_mut().unwrap();
        entries.retain(|entry| entry["resource"]["resourceType"] != kind);
    })
}

fn remove(bundle: &mut Value, member: &str) {
    bundle.as_object_mut().unwrap().remove(member);
}

fn cases() -> Vec<Case> {
    let text = case("BAD-1").to_string();
    vec![
        ("not JSON", b"{ this is not JSON".to_vec(), 400, "json.syntax"),
        ("empty", Vec::new(), 400, "json.syntax"),
        ("not UTF-8", b"{\"resourceType\":\"Bundle\xff\"}".to_vec(), 400, "json.not-utf8"),
        ("trailing data", [text.as_bytes(), b" {}"].concat(), 400, "json.syntax"),
        ("an array", b"[]".to_vec(), 422, "bundle.not-a-bundle"),
        ("another resource", br#"{"resourceType":"Patient"}"#.to_vec(), 422, "bundle.not-a-bundle"),
        ("another type", changed(|bundle| bundle["type"] = json!("collection")), 422, "bundle.not-a-document"),
        (
            "Composition not first",
            changed(|bundle| bundle["entry"].as_array_mut().unwrap().rotate_left(1)),
            422,
            "composition.not-first",
        ),
        ("no Claim", without("Claim"), 422, "bundle.no-claim"),
        ("no Patient", without("Patient"), 422, "bundle.no-patient"),
        ("no Coverage", without("Coverage"), 422, "bundle.no-coverage"),
        ("no identifier", changed(|bundle| remove(bundle, "identifier")), 422, "bundle.no-identifier"),
        (
            "no identifier value",
            changed(|bundle| remove(&mut bundle["identifier"], "value")),
            422,
            "bundle.no-identifier",
        ),
        ("no timestamp", changed(|bundle| remove(bundle, "timestamp")), 422, "bundle.no-timestamp"),
        (
            "amount as text",
            changed(|bundle| resource(bundle, "Claim")["item"][0]["net"]["value"] = json!("CANARY150")),
            422,
            "claim.amount-not-a-number",
        ),
        (
            "another currency",
            changed(|bundle| resource(bundle, "Claim")["item"][0]["net"]["currency"] = json!("USD")),
            422,
            "claim.currency",
        ),
        (
            "payor without a number",
            changed(|bundle| {
                for organization in resources(bundle, "Organization") {
                    if organization["identifier"][0]["system"] == "https://gcis.nat.gov.tw" {
                        remove(organization, "identifier");
                    }
                }
            }),
            422,
            "coverage.payor-no-identifier",
        ),
        (
            "duplicate fullUrl",
            changed(|bundle| {
                let first = bundle["entry"][1]["fullUrl"].clone();
                bundle["entry"][2]["fullUrl"] = first;
            }),
            422,
            "entry.duplicate-full-url",
        ),
        (
            "duplicate key",
            text.replacen("\"type\":\"document\"", "\"type\":\"document\",\"type\":\"batch\"", 1).into_bytes(),
            400,
            "json.duplicate-member",
        ),
        (
            "500 levels deep",
            text.replacen(
                "\"type\":\"document\"",
                &format!("\"x\":{}1{},\"type\":\"document\"", "[".repeat(500), "]".repeat(500)),
                1,
            )
            .into_bytes(),
            400,
            "json.too-deep",
        ),
        (
            "more than 5,000 entries",
            changed(|bundle| {
                let entries = bundle["entry"].as_array_mut().unwrap();
                for number in 0..5_001 {
                    entries.push(json!({
                        "fullUrl": format!("urn:uuid:00000000-0000-4000-8000-{number:012}"),
                        "resource": { "resourceType": "Observation", "status": "final" }
                    }));
                }
            }),
            413,
            "bundle.too-many-entries",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_bundle_is_told_what_where_and_how_and_nothing_is_kept() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    for (name, body, status, code) in cases() {
        let answer = test.push(&body, &[]).await;
        assert_eq!(answer.header("content-type"), Some("application/fhir+json; charset=utf-8"), "{name}");
        assert!(answer.header("x-request-id").is_some(), "{name}");
        let outcome = answer.json("outcome").unwrap();
        assert_eq!(answer.status.as_u16(), status, "{name}: {outcome:#}");
        assert!(codes(&outcome).contains(&code.to_owned()), "{name}: {outcome:#}");
        for issue in outcome["issue"].as_array().unwrap() {
            assert!(issue["diagnostics"].as_str().is_some_and(|text| text.len() > 10), "{name}: {issue}");
        }
        let text = outcome.to_string();
        for value in ["CANARY150", "BAD-1", "USD"] {
            assert!(!text.contains(value), "{name} repeats a value: {text}");
        }
    }
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_packet_carries_is_refused_with_the_bound() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    let many = changed(|bundle| {
        let entries = bundle["entry"].as_array().unwrap();
        let claim = entries.iter().find(|entry| entry["resource"]["resourceType"] == "Claim").unwrap().clone();
        for number in 0..64 {
            let mut another = claim.clone();
            another["fullUrl"] = json!(format!("urn:uuid:00000000-0000-4000-8000-{number:012}"));
            another["resource"]["id"] = json!(format!("claim-{number}"));
            another["resource"]["identifier"] =
                json!([{ "system": "https://hospital.example/r", "value": format!("R{number}") }]);
            bundle["entry"].as_array_mut().unwrap().push(another);
        }
    });
    let long = changed(|bundle| {
        resource(bundle, "Condition")["note"] = json!([{ "text": "長".repeat(400_000) }]);
    });
    for (body, bound) in [(many, "64"), (long, "1 MiB")] {
        let answer = test.push(&body, &[]).await;
        let outcome = answer.json("outcome").unwrap();
        assert_eq!((answer.status.as_u16(), codes(&outcome)), (413, vec!["bundle.too-much".to_owned()]), "{outcome:#}");
        assert!(outcome["issue"][0]["diagnostics"].as_str().unwrap().contains(bound));
    }
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_coverages_than_anyone_has_are_refused_quickly() {
    let test = TestGateway::start().await;
    let body = changed(|bundle| {
        let entries = bundle["entry"].as_array().unwrap();
        let coverage = entries.iter().find(|entry| entry["resource"]["resourceType"] == "Coverage").unwrap().clone();
        for number in 0..300 {
            let mut another = coverage.clone();
            another["fullUrl"] = json!(format!("urn:uuid:00000000-0000-4000-8000-{number:012}"));
            another["resource"]["id"] = json!(format!("coverage-{number}"));
            bundle["entry"].as_array_mut().unwrap().push(another);
        }
    });
    let answer = test.push(&body, &[]).await;
    let outcome = answer.json("outcome").unwrap();
    assert_eq!((answer.status.as_u16(), codes(&outcome)), (413, vec!["bundle.too-much".to_owned()]), "{outcome:#}");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_told_at_once() {
    let test = TestGateway::start().await;
    let body = changed(|bundle| {
        remove(bundle, "timestamp");
        resource(bundle, "Claim")["item"][1]["net"]["value"] = json!("many");
    });
    let outcome = test.push(&body, &[]).await.json("outcome").unwrap();
    let codes = codes(&outcome);
    for wanted in ["bundle.no-timestamp", "claim.amount-not-a-number"] {
        assert!(codes.contains(&wanted.to_owned()), "{codes:?}");
    }
    test.stop().await;
}
