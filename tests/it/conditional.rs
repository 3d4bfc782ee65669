//! PUT to a case number: made where it is new, replaced where it is known, and one order however many come at once.

use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{NewParty, TestGateway, codes, get, must, pull_all};
use reqwest::Method;
use serde_json::{Value, json};

const SYSTEM: &str = "https://hospital.example/case";

async fn put(client: &PartyClient, query: &str, body: &[u8], more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("content-type", "application/fhir+json"), ("prefer", "return=OperationOutcome")];
    headers.extend_from_slice(more);
    must(client.call(Method::PUT, &format!("/fhir/Bundle{query}"), &headers, body.to_vec()).await)
}

fn named(number: &str) -> String {
    format!("?identifier={SYSTEM}%7C{number}")
}

fn noted(number: &str, note: &str) -> Vec<u8> {
    let mut bundle = case(number);
    resource(&mut bundle, "Condition")["note"] = json!([{ "text": note }]);
    bytes(&bundle)
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), codes(&answer.json("outcome").unwrap()).remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_to_a_case_number_makes_the_case_and_then_replaces_it() {
    let test = TestGateway::start().await;
    let hospital = &test.world.hospital;
    let query = named("PUT-1");
    let first = put(hospital, &query, &noted("PUT-1", "一"), &[]).await;
    assert_eq!((first.status.as_u16(), first.header("etag")), (201, Some("W/\"1\"")));
    let again = put(hospital, &query, &noted("PUT-1", "一"), &[]).await;
    assert_eq!((again.status.as_u16(), again.header("location")), (200, first.header("location")));
    assert_eq!(again.body, first.body);
    let counts = test.counts().await;
    assert_eq!((counts.claims, counts.packets), (1, 1));

    let second = put(hospital, &query, &noted("PUT-1", "二"), &[]).await;
    assert_eq!((second.status.as_u16(), second.header("etag")), (200, Some("W/\"2\"")));
    assert_eq!(first.header("claimgate-claim-id"), second.header("claimgate-claim-id"));
    // A late repetition of the first must not undo the second; who means it says so.
    let late = put(hospital, &query, &noted("PUT-1", "一"), &[]).await;
    assert_eq!(code(&late), (428, "bundle.if-match-missing".to_owned()));
    let stale = put(hospital, &query, &noted("PUT-1", "三"), &[("if-match", "W/\"1\"")]).await;
    assert_eq!(code(&stale), (412, "bundle.revision-mismatch".to_owned()));
    let back = put(hospital, &query, &noted("PUT-1", "一"), &[("if-match", "W/\"2\"")]).await;
    assert_eq!((back.status.as_u16(), back.header("etag")), (200, Some("W/\"3\"")));
    let never = put(hospital, &named("PUT-2"), &noted("PUT-2", "一"), &[("if-match", "W/\"1\"")]).await;
    assert_eq!(code(&never), (412, "bundle.revision-mismatch".to_owned()));

    // A push and a put know each other's revisions; a value alone looks in every system.
    let pushed = test.push(&noted("PUT-1", "四"), &[]).await;
    assert_eq!(pushed.header("etag"), Some("W/\"4\""));
    let anywhere = put(hospital, "?identifier=PUT-1&_format=json", &noted("PUT-1", "五"), &[]).await;
    assert_eq!((anywhere.status.as_u16(), anywhere.header("etag")), (200, Some("W/\"5\"")));
    let revisions: Vec<i64> = pull_all(&test.life().client, 5).await.iter().map(|one| one.revision).collect();
    assert_eq!(revisions, [1, 2, 3, 4, 5]);

    let metadata = get(hospital, "/fhir/metadata").await.json("metadata").unwrap();
    assert_eq!(metadata["rest"][0]["resource"][0]["conditionalUpdate"], true);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_in_the_address_is_one_case_and_the_bundles_own() {
    let test = TestGateway::start().await;
    let hospital = &test.world.hospital;
    let mut elsewhere = case("PUT-3");
    elsewhere["identifier"]["system"] = json!("https://hospital.example/other");
    for body in [bytes(&case("PUT-3")), bytes(&elsewhere)] {
        assert_eq!(test.push(&body, &[]).await.status, 201);
    }
    let before = test.counts().await;
    let body = noted("PUT-3", "更正");
    for (query, headers, status, awaited) in [
        ("?identifier=PUT-3", None, 412, "bundle.many-exist"),
        ("?identifier=PUT-4", None, 422, "bundle.identifier-differs"),
        ("?identifier=https://hospital.example/other%7CPUT-3", None, 422, "bundle.identifier-differs"),
        ("?identifier=%7CPUT-3", None, 422, "bundle.identifier-differs"),
        ("", None, 400, "bundle.update-address"),
        ("?_id=1", None, 400, "bundle.update-address"),
        ("?identifier=a%7C1&identifier=a%7C2", None, 400, "bundle.update-address"),
        ("?identifier=a%7CPUT-3&patient.identifier=1", None, 400, "bundle.update-address"),
        ("?identifier=PUT-3", Some(("if-match", "1,2")), 400, "bundle.if-match-form"),
        ("?identifier=PUT-3", Some(("if-none-exist", "identifier=PUT-3")), 400, "bundle.if-none-exist"),
    ] {
        let answer = put(hospital, query, &body, headers.as_slice()).await;
        assert_eq!(code(&answer), (status, awaited.to_owned()), "{query}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("PUT-3"), "{query}: no number comes back");
    }
    let empty = put(hospital, &named("PUT-3"), b"{", &[]).await;
    assert_eq!(code(&empty), (400, "json.syntax".to_owned()));
    assert_eq!(test.counts().await, before);
    // Nor does a PUT to an address obey a condition that is for POST.
    let pushed = test.push(&bytes(&case("PUT-5")), &[]).await;
    let address = format!("/{}", pushed.header("claimgate-claim-id").unwrap().trim_start_matches("clm_"));
    let other = [("if-match", "W/\"1\""), ("if-none-exist", "identifier=https://hospital.example/other%7CPUT-3")];
    let conditional = put(hospital, &address, &noted("PUT-5", "更正"), &other).await;
    assert_eq!(code(&conditional), (400, "bundle.if-none-exist".to_owned()));
    assert_eq!(get(hospital, &format!("/fhir/Bundle{address}")).await.header("etag"), Some("W/\"1\""));

    let number = "1101010012";
    let other = NewParty { id: "hospital-other", role: Role::Hospital, number, lines: vec![], consent: true };
    let (other, _) = test.register(other).await;
    let theirs =
        bytes(&serde_json::from_str::<Value>(&case("PUT-3").to_string().replace("1199990014", number)).unwrap());
    let made = put(&other, &named("PUT-3"), &theirs, &[]).await;
    assert_eq!(
        (made.status.as_u16(), made.header("etag")),
        (201, Some("W/\"1\"")),
        "another hospital's case is another"
    );
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_are_one_case_in_one_order() {
    let test = TestGateway::start().await;
    let hospital = &test.world.hospital;
    let count = |answers: &[Answer], status: u16| answers.iter().filter(|one| one.status == status).count();

    let (query, body) = (named("PUT-50"), noted("PUT-50", "同"));
    let same = (0..50).map(|_| put(hospital, &query, &body, &[]));
    let answers = futures_util::future::join_all(same).await;
    assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 49));
    assert!(answers.iter().all(|one| one.header("etag") == Some("W/\"1\"")));

    let query = named("PUT-51");
    let bodies: Vec<Vec<u8>> = (0..50).map(|number| noted("PUT-51", &number.to_string())).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| put(hospital, &query, body, &[]))).await;
    assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 49));
    let mut etags: Vec<&str> = answers.iter().filter_map(|one| one.header("etag")).collect();
    etags.sort_unstable();
    etags.dedup();
    assert_eq!(etags.len(), 50, "each made a revision of its own");

    // Under one key all get the answer of the first; the key is bound to the address too.
    let (query, key) = (named("PUT-52"), [("idempotency-key", "put-52")]);
    let body = noted("PUT-52", "鍵");
    let answers = futures_util::future::join_all((0..50).map(|_| put(hospital, &query, &body, &key))).await;
    assert_eq!(count(&answers, 201), 50);
    let other = put(hospital, "?identifier=PUT-52", &body, &key).await;
    assert_eq!(code(&other), (422, "idempotency.key-reused".to_owned()));
    assert_eq!(test.counts().await.claims, 3);
    test.stop().await;
}
