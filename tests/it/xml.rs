//! The same interface in FHIR XML: pushed, answered, read back, searched.

use claimgate_fhir::xml;
use claimgate_tests::bundles::{FIXTURES, bytes, case, with_case};
use claimgate_tests::gateway::{TestGateway, must, open_all};
use reqwest::Method;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_in_xml_is_the_same_claim() {
    let test = TestGateway::start().await;
    let hospital = &test.world.hospital;
    let bundle = case("XML-1");
    let text = xml::write(&bundle).unwrap();
    let headers = [
        ("content-type", "application/fhir+xml"),
        ("accept", "application/fhir+xml"),
        ("prefer", "return=OperationOutcome"),
    ];
    let pushed = must(hospital.call(Method::POST, "/fhir/Bundle", &headers, text.clone().into_bytes()).await);
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.body));
    assert_eq!(pushed.header("content-type"), Some("application/fhir+xml; charset=utf-8"));
    assert!(String::from_utf8_lossy(&pushed.body).contains("<OperationOutcome"));

    let base = test.world.gateway.base_url().to_owned();
    let path = pushed.header("location").unwrap().strip_prefix(&base).unwrap().to_owned();
    let plain = must(hospital.call(Method::GET, &path, &[], Vec::new()).await);
    assert_eq!(plain.body, text.into_bytes(), "as it was sent, where nothing is asked for");
    let as_json = must(hospital.call(Method::GET, &format!("{path}?_format=json"), &[], Vec::new()).await);
    assert_eq!(as_json.json("bundle").unwrap(), bundle);

    let in_json = case("XML-2");
    test.push(&bytes(&in_json), &[]).await;
    let opened = claimgate_tests::gateway::pull_all(&test.life().client, 2).await;
    assert_eq!(opened.len(), 2);
    let opened = open_all(test.life(), 0, test.clock.now()).await;
    let documents = |place: usize| -> Vec<Value> {
        opened[place].1.evidence.iter().map(|one| one.document.to_json().unwrap()).collect()
    };
    let other: Vec<Value> = documents(1).iter().map(|one| with_text(one, "XML-2", "XML-1")).collect();
    assert_eq!(documents(0), other, "the form makes no difference to the evidence");
    test.stop().await;
}

fn with_text(value: &Value, from: &str, to: &str) -> Value {
    serde_json::from_str(&value.to_string().replace(from, to)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_the_form_that_is_asked_for() {
    let test = TestGateway::start().await;
    let hospital = &test.world.hospital;
    test.push(&bytes(&case("XML-3")), &[]).await;
    let get = async |path: &str, accept: &str| {
        must(hospital.call(Method::GET, path, &[("accept", accept)], Vec::new()).await)
    };
    for (path, root) in [
        ("/fhir/metadata", "<CapabilityStatement"),
        ("/fhir/Bundle?identifier=XML-3", "<Bundle"),
        ("/fhir/Composition?patient.identifier=nobody", "<Bundle"),
        ("/fhir/ClaimResponse?request.identifier=XML-3", "<ClaimResponse"),
        ("/fhir/Bundle/0190c0de-0000-7000-8000-000000000000", "<OperationOutcome"),
    ] {
        let answer = get(path, "text/html, application/fhir+xml;q=0.9").await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(text.contains(root), "{path}: {text}");
        assert_eq!(answer.header("content-type"), Some("application/fhir+xml; charset=utf-8"), "{path}");
    }
    assert!(get("/fhir/metadata?_format=json", "application/fhir+xml").await.json("metadata").is_ok());
    let weighed = get("/fhir/metadata", "application/fhir+xml;q=0.2, application/fhir+json;q=0.8").await;
    assert_eq!(weighed.header("content-type"), Some("application/fhir+json; charset=utf-8"));
    let path = "/fhir/Bundle/0190c0de-0000-7000-8000-000000000000?_format=ttl";
    for path in ["/fhir/metadata?_format=ttl", path, "/fhir/Bundle?identifier=x&_format=ttl"] {
        assert_eq!(get(path, "*/*").await.status, 406, "{path}");
    }
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let form = b"identifier=XML-3&_format=xml".to_vec();
    let by_form = must(hospital.call(Method::POST, "/fhir/Bundle/_search", &headers, form).await);
    assert_eq!(by_form.header("content-type"), Some("application/fhir+xml; charset=utf-8"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_xml_is_refused_and_nothing_is_kept() {
    let test = TestGateway::start().await;
    let before = test.counts().await;
    let laughs =
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\">]><Bundle xmlns=\"http://hl7.org/fhir\">&a;</Bundle>";
    for body in [laughs, "<Bundle>", "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", ""] {
        let headers = [("content-type", "application/fhir+xml")];
        let answer = must(test.world.hospital.call(Method::POST, "/fhir/Bundle", &headers, body.into()).await);
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{body}: {}", answer.status);
    }
    assert_eq!(test.counts().await, before);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fixture_is_accepted_in_xml() {
    let test = TestGateway::start().await;
    for (name, body) in FIXTURES {
        let bundle: Value = serde_json::from_slice(body).unwrap();
        let text = xml::write(&with_case(&bundle, &format!("XML-{name}"))).unwrap();
        let headers = [("content-type", "application/fhir+xml"), ("prefer", "return=OperationOutcome")];
        let answer = must(test.world.hospital.call(Method::POST, "/fhir/Bundle", &headers, text.into_bytes()).await);
        assert_eq!(answer.status, 201, "{name}: {}", String::from_utf8_lossy(&answer.body));
    }
    test.stop().await;
}
