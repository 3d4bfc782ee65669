//! The organisation's own verifier module (驗證端模組) as the second way to today's digital wallet, over real HTTP: the sandbox's
//! module asks and verifies, the app's backend sees the sessions it knows.

use std::net::TcpListener;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::app;
use claimgate_gateway::sandbox::office::Office;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{TestGateway, get, must, post};
use serde_json::{Value, json};

const KIND: &str = "00000000_demo_drivinglicense_202504251418";
/// Made up, with a valid check digit.
const NUMBER: &str = "A234567893";

const QUERIES: &str = r#"
[[module]]
name = "licence-by-module"
purposes = ["motor-claim"]
reference = "12345675_claim"
types = ["00000000_demo_drivinglicense_202504251418"]
assurance = "wallet-twdiw"
subject = "id_number"
fields = { name = "name", id_number = "id_number" }

[[module]]
name = "module-down"
purposes = ["motor-claim"]
reference = "12345675_down"
types = ["t"]
assurance = "wallet-twdiw"
fields = {}

[[module]]
name = "module-other"
purposes = ["motor-claim"]
reference = "12345675_other"
types = ["t"]
assurance = "wallet-twdiw"
fields = {}
"#;

struct Desk {
    test: TestGateway,
    place: String,
    http: reqwest::Client,
    _files: tempfile::TempDir,
}

impl Desk {
    async fn open(token: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::write(files.path().join(name), text).unwrap();
            files.path().join(name).display().to_string()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        let office = must(Office::new("https://dmv.example", Clock::system(), &Random::system()));
        tokio::spawn(office.serve(listener).unwrap());
        let settings = [
            ("CLAIMGATE_WALLET__QUERIES", put("queries.toml", QUERIES)),
            ("CLAIMGATE_WALLET__MODULE_ADDRESS", place.clone()),
            ("CLAIMGATE_WALLET__MODULE_TOKEN_FILE", put("token", token)),
        ];
        let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
        let http = claimgate_gateway::sandbox::client::http_client().unwrap();
        Self { test, place, http, _files: files }
    }

    async fn ask(&self, more: Value) -> (u16, Value) {
        let mut body = json!({ "query": "licence-by-module", "purpose": "motor-claim" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = post(&self.test.world.app, "/wallet/v1/sessions", &body).await;
        (answer.status.as_u16(), must(answer.json("session")))
    }

    async fn read(&self, session: &Value) -> Value {
        let path = format!("/wallet/v1/sessions/{}", session["session_id"].as_str().unwrap());
        must(must(get(&self.test.world.app, &path).await.expect("session", 200)).json("session"))
    }

    /// What the person's wallet does at the module.
    async fn present(&self, session: &Value, what: &Value) {
        let transaction = session["session_id"].as_str().unwrap().strip_prefix("wse_").unwrap();
        let address = format!("{}/module/{transaction}", self.place);
        let sent = self.http.post(address).body(what.to_string()).send().await.unwrap();
        assert_eq!(sent.status(), 204);
    }
}

fn licence(number: &str) -> Value {
    json!({ "credentialType": KIND, "claims": { "name": "陳筱玲", "id_number": number, "controlnumber": "C-1" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_by_module_looks_like_every_other() {
    let desk = Desk::open("sandbox").await;
    let pushed = desk.test.push(&bytes(&case("MODULE-1")), &[]).await;
    let code = pushed.header("claimgate-tracking-code").unwrap().to_owned();
    let claim = must(app::link(&desk.test.world.app, &code).await);
    let number = resource(&mut case("MODULE-1"), "Patient")["identifier"][0]["value"].as_str().unwrap().to_owned();

    let (status, session) = desk.ask(json!({ "claim_id": claim })).await;
    assert_eq!(status, 201, "{session}");
    assert!(session["link"].as_str().unwrap().starts_with("modadigitalwallet://authorize?"), "{session}");
    assert!(session["qr_svg"].as_str().unwrap().starts_with("<svg "));
    assert_eq!(desk.read(&session).await["state"], "waiting");
    desk.present(&session, &licence(&number)).await;
    // Several read at once: the module tells it one time only.
    let all = futures_util::future::join_all((0..5).map(|_| desk.read(&session))).await;
    for read in all {
        assert_eq!((&read["state"], &read["person_matches"]), (&json!("verified"), &json!(true)), "{read}");
        assert_eq!((&read["claims"], &read["surplus"]), (&json!(["id_number", "name"]), &json!(["controlnumber"])));
        assert_eq!(read["assurance"], "wallet-twdiw");
    }
    for (what, reason) in [
        (licence(NUMBER), "subject_mismatch"),
        (json!({ "credentialType": "another", "claims": {} }), "credential_type_mismatch"),
        (json!({ "credentialType": KIND, "claims": { "name": "陳筱玲" } }), "query_not_satisfied"),
        (json!({ "credentialType": KIND, "wrong": true }), "module_refused"),
        (json!({ "code": 2005 }), "module_refused"),
        (json!({ "code": 2001 }), "wallet_error"),
        (json!({ "code": 4003 }), "session_expired"),
    ] {
        let (_, session) = desk.ask(json!({ "claim_id": claim })).await;
        desk.present(&session, &what).await;
        let read = desk.read(&session).await;
        assert_eq!((&read["state"], &read["reason"]), (&json!("refused"), &json!(reason)), "{read}");
        assert_eq!(read["claims"], json!([]));
    }
    for secret in [number.as_str(), NUMBER, "陳筱玲"] {
        assert!(!desk.test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    let consent = json!({ "consent": { "what": ["駕照"], "with": ["平安產物"], "for": "車險理賠申請" } });
    for (more, status, code) in [
        (json!({ "query": "module-down" }), 503, "wallet.module-away"),
        (json!({ "query": "module-other" }), 503, "wallet.module-away"),
        (json!({ "purpose": "marketing" }), 422, "wallet.purpose"),
        (consent, 422, "wallet.consent"),
    ] {
        let (found, said) = desk.ask(more.clone()).await;
        assert_eq!((found, said["code"].as_str()), (status, Some(code)), "{more}: {said}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_refuses_us_is_away_and_not_the_persons_fault() {
    let desk = Desk::open("another-token").await;
    let (status, said) = desk.ask(json!({})).await;
    assert_eq!((status, said["code"].as_str()), (503, Some("wallet.module-away")), "{said}");
    desk.test.stop().await;
}
