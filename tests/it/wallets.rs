//! Wallets over real HTTP: an app asks, a made-up wallet of a made-up issuer answers well and in every wrong way, status
//! lists come and go.

use std::time::Duration;

use claimgate_gateway::clock::Clock;
use claimgate_gateway::id::Random;
use claimgate_gateway::sandbox::app;
use claimgate_gateway::sandbox::issuer::{Issuer, Order};
use claimgate_gateway::sandbox::wallet::{Fault, Wallet};
use claimgate_packet::jose::base64url;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::receiver::{Act, Receiver};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const ADDRESS: &str = "https://gate.example";
const ISSUER: &str = "https://dmv.example";
pub(crate) const VCT: &str = "urn:claimgate:driving-licence:1";
pub(crate) const MANDATE: &str = "urn:claimgate:claim-mandate:1";
/// Made up, with a valid check digit.
pub(crate) const NUMBER: &str = "A234567893";

/// A gateway that asks wallets, an issuer it trusts, the place the issuer's lists come from.
pub(crate) struct Desk {
    pub(crate) test: TestGateway,
    pub(crate) issuer: Issuer,
    lists: Receiver,
    _files: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn open(more: &[(&str, &str)]) -> Self {
        Self::at(Clock::test(Timestamp::from_second(1_790_000_000).unwrap()), more).await
    }

    pub(crate) async fn at(clock: Clock, more: &[(&str, &str)]) -> Self {
        Self::trusting("motor-claim", clock, more).await
    }

    /// The same with the purpose its issuer is trusted for.
    pub(crate) async fn trusting(purpose: &str, clock: Clock, more: &[(&str, &str)]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let issuer = must(Issuer::new(ISSUER, clock.now(), Random::system()));
        std::fs::write(files.path().join("root.pem"), issuer.anchor()).unwrap();
        let entry = format!(
            "[[issuer]]\nid = \"{ISSUER}\"\ntypes = [\"{VCT}\", \"{MANDATE}\"]\npurposes = [\"{purpose}\"]\ndomain = \"demo\"\n\
             certificates = \"root.pem\"\n"
        );
        std::fs::write(files.path().join("trust.toml"), entry).unwrap();
        let lists = Receiver::start_by(Act::Status(503), clock.clone()).await;
        let stand_in = lists.url().split('/').take(3).collect::<Vec<_>>().join("/");
        let mut settings = vec![
            ("CLAIMGATE_WALLET__ADDRESS", ADDRESS.to_owned()),
            ("CLAIMGATE_WALLET__TRUST", files.path().join("trust.toml").display().to_string()),
            ("CLAIMGATE_WALLET__STAND_IN", stand_in),
        ];
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let test = TestGateway::start_with_settings(clock, &settings).await;
        let desk = Self { test, issuer, lists, _files: files };
        desk.lists_say(&[], 3_600);
        desk
    }

    /// From now on the issuer's list says this.
    pub(crate) fn lists_say(&self, entries: &[(usize, u8)], life: i64) {
        let list = must(self.issuer.status_list(entries, self.test.clock.now(), life));
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/statuslist+jwt\r\nconnection: close\r\ncontent-length";
        self.lists.does([], Act::Raw(format!("{head}: {}\r\n\r\n{list}", list.len()).into_bytes()));
    }

    /// A wallet with a licence.
    pub(crate) fn wallet(&self, number: &str, index: Option<u64>) -> Wallet {
        let now = self.test.clock.now();
        let mut wallet = must(Wallet::new(self.test.world.gateway.base_url(), now, Random::system()));
        let claims = json!({ "name": "陳筱玲", "id_number": number, "classes": ["普通小型車"], "address": "臺北市" });
        let claims: Map<String, Value> = claims.as_object().unwrap().clone();
        let holder = wallet.holder();
        let order = Order { vct: VCT, claims: &claims, holder: &holder, index, clear: None };
        wallet.put(must(self.issuer.issue(&order, now)));
        wallet
    }

    pub(crate) async fn ask(&self, more: Value) -> Value {
        let mut body = json!({ "query": "driving-licence", "purpose": "motor-claim" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = post(&self.test.world.app, "/wallet/v1/sessions", &body).await;
        must(must(answer.expect("ask", 201)).json("session"))
    }

    async fn refused(&self, body: &Value) -> (u16, String) {
        let answer = post(&self.test.world.app, "/wallet/v1/sessions", body).await;
        (answer.status.as_u16(), must(answer.json("refusal"))["code"].as_str().unwrap().to_owned())
    }

    /// Reads a session until it stands so: the gateway looks at held ones behind the requests.
    pub(crate) async fn until(&self, session: &Value, state: &str) -> Value {
        for _ in 0..100 {
            let read = self.read(session, "").await;
            if read["state"] == state {
                return read;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never {state}: {}", self.read(session, "").await)
    }

    pub(crate) async fn read(&self, session: &Value, query: &str) -> Value {
        let path = format!("/wallet/v1/sessions/{}{query}", session["session_id"].as_str().unwrap());
        must(must(get(&self.test.world.app, &path).await.expect("session", 200)).json("session"))
    }
}

pub(crate) fn link(session: &Value) -> &str {
    session["link"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_proves_a_licence_for_a_claim_and_consents() {
    let desk = Desk::open(&[("CLAIMGATE_WALLET__UNIVERSAL_LINK", "https://wallet.example/open")]).await;
    let pushed = desk.test.push(&bytes(&case("WALLET-1")), &[]).await;
    let code = pushed.header("claimgate-tracking-code").unwrap().to_owned();
    let claim = must(app::link(&desk.test.world.app, &code).await);
    let number = resource(&mut case("WALLET-1"), "Patient")["identifier"][0]["value"].as_str().unwrap().to_owned();

    let consent = json!({ "what": ["駕照", "理賠申請書"], "with": ["平安產物"], "for": "車險理賠申請" });
    let session = desk.ask(json!({ "claim_id": claim, "consent": consent })).await;
    assert!(link(&session).starts_with("haip-vp://?client_id=x509_hash%3A"), "{}", link(&session));
    assert!(session["universal_link"].as_str().unwrap().starts_with("https://wallet.example/open?client_id="));
    assert!(session["qr_svg"].as_str().unwrap().starts_with("<svg ") && session["qr_png"].is_string());
    assert_eq!(desk.read(&session, "").await["state"], "waiting");

    let wallet = desk.wallet(&number, Some(7));
    let request = must(wallet.open(link(&session)).await);
    assert_eq!(desk.read(&session, "").await["state"], "opened");
    let shown = base64url::decode(request.claims["transaction_data"][0].as_str().unwrap()).unwrap();
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(
        (&shown["type"], &shown["with"][0]),
        (&json!("urn:claimgate:transaction:consent-to-file"), &json!("平安產物"))
    );

    let unsigned = must(wallet.present(&request, &[Fault::Surplus], desk.test.clock.now()));
    let taken = must(wallet.send(&request, &unsigned).await);
    assert_eq!((taken.status.as_u16(), must(taken.json("taken"))), (200, json!({})));
    let read = desk.read(&session, "").await;
    assert_eq!(read["state"], "verified", "{read}");
    assert_eq!(read["claims"], json!(["id_number", "licence_classes", "name"]));
    assert_eq!((&read["surplus"], &read["assurance"]), (&json!(["address"]), &json!("wallet")));
    assert_eq!((&read["person_matches"], &read["claim_id"]), (&json!(true), &json!(claim)));
    assert!(!read.to_string().contains(&number) && !read.to_string().contains("陳筱玲"), "names, never values");

    // The same answer again, another one, and the request itself: each takes one answer.
    for body in [&unsigned, &must(wallet.present(&request, &[], desk.test.clock.now()))] {
        let again = must(wallet.send(&request, body).await);
        assert_eq!(
            (again.status.as_u16(), must(again.json("replay"))["code"].as_str()),
            (409, Some("wallet.answered-before"))
        );
    }
    assert!(wallet.open(link(&session)).await.is_err(), "what was answered is not shown again");
    assert_eq!(desk.read(&session, "").await["state"], "verified");

    // Another person's licence is no proof for this claim, and nothing of it is kept.
    let session = desk.ask(json!({ "claim_id": claim })).await;
    let other = desk.wallet(NUMBER, None);
    assert_ne!(number, NUMBER);
    assert_eq!(must(other.answer(link(&session), desk.test.clock.now()).await).status, 400);
    let read = desk.read(&session, "").await;
    assert_eq!((&read["state"], &read["reason"]), (&json!("refused"), &json!("subject_mismatch")));
    assert_eq!((&read["person_matches"], &read["claims"]), (&json!(false), &json!([])));

    // Nothing personal stands in the clear.
    for secret in [number.as_str(), NUMBER, "陳筱玲", request.text("nonce").unwrap(), request.text("state").unwrap()]
    {
        assert!(!desk.test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_wallet_does_wrong_is_refused_with_its_reason() {
    let desk = Desk::open(&[]).await;
    let wallet = desk.wallet(NUMBER, None);
    let consent = json!({ "consent": { "what": ["駕照"], "with": ["平安產物"], "for": "車險理賠申請" } });
    for (fault, reason) in [
        (Fault::Nonce, "nonce_mismatch"),
        (Fault::Audience, "audience_mismatch"),
        (Fault::NoConsent, "transaction_data_mismatch"),
    ] {
        let session = desk.ask(consent.clone()).await;
        let request = must(wallet.open(link(&session)).await);
        let body = must(wallet.present(&request, &[fault], desk.test.clock.now()));
        let answer = must(wallet.send(&request, &body).await);
        assert_eq!(
            (answer.status.as_u16(), must(answer.json("refusal"))["code"].as_str()),
            (400, Some("wallet.answer-refused"))
        );
        let read = desk.read(&session, "").await;
        assert_eq!((&read["state"], &read["reason"]), (&json!("refused"), &json!(reason)), "{fault:?}");
        assert!(read["reason_text_zh"].is_string() && read["claims"] == json!([]));
        let good = must(wallet.present(&request, &[], desk.test.clock.now()));
        assert_eq!(must(wallet.send(&request, &good).await).status, 409, "the nonce is gone with the first answer");
    }
    // What is no answer to this session does not end it: whoever sees the address could.
    let session = desk.ask(json!({})).await;
    let request = must(wallet.open(link(&session)).await);
    for fault in [Fault::State, Fault::Open] {
        let body = must(wallet.present(&request, &[fault], desk.test.clock.now()));
        assert_eq!(must(wallet.send(&request, &body).await).status, 400, "{fault:?}");
    }
    for body in ["error=access_denied", "error=access_denied&state=another", "response=x.y.z", "", "a=1&a=2"] {
        assert_eq!(must(wallet.send(&request, body).await).status, 400, "{body}");
    }
    assert_eq!(desk.read(&session, "").await["state"], "opened");
    let other = desk.ask(json!({})).await;
    let stolen = must(wallet.open(link(&other)).await);
    let body = must(wallet.present(&request, &[], desk.test.clock.now()));
    assert_eq!(must(wallet.send(&stolen, &body).await).status, 400, "the answer to another session");
    let short = must(wallet.present(&request, &[Fault::Short], desk.test.clock.now()));
    assert_eq!(must(wallet.send(&request, &short).await).status, 200);
    assert_eq!(desk.read(&session, "").await["state"], "verified");
    let no = format!("error=access_denied&state={}", stolen.text("state").unwrap());
    assert_eq!(must(wallet.send(&stolen, &no).await).status, 200);
    let read = desk.read(&other, "").await;
    assert_eq!((&read["reason"], &read["wallet_said"]), (&json!("wallet_error"), &json!("access-denied")));

    // Its time is over.
    let session = desk.ask(json!({})).await;
    let request = must(wallet.open(link(&session)).await);
    desk.test.clock.advance(Duration::from_secs(301));
    let body = must(wallet.present(&request, &[], desk.test.clock.now()));
    assert_eq!(must(wallet.send(&request, &body).await).status, 400);
    assert!(wallet.open(link(&session)).await.is_err());
    let path = format!("/wallet/v1/sessions/{}", session["session_id"].as_str().unwrap());
    let mut app = desk.test.client(claimgate_gateway::sandbox::client::Identity {
        id: desk.test.world.app.id().to_owned(),
        profile: claimgate_gateway::party::AuthProfile::Fapi,
        key: desk.test.world.app.key().clone(),
    });
    must(app.authenticate().await);
    assert_eq!(must(get(&app, &path).await.json("session"))["state"], "expired");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_nobody_can_say_holds_until_somebody_can() {
    let desk = Desk::open(&[]).await;
    desk.lists.does([], Act::Status(503));
    let (valid, revoked) = (desk.wallet(NUMBER, Some(7)), desk.wallet(NUMBER, Some(8)));
    let sessions = [desk.ask(json!({})).await, desk.ask(json!({})).await];
    for (wallet, session) in [&valid, &revoked].into_iter().zip(&sessions) {
        assert_eq!(must(wallet.answer(link(session), desk.test.clock.now()).await).status, 200);
        let read = desk.read(session, "").await;
        assert_eq!((&read["state"], &read["reason"]), (&json!("held"), &json!("status_unavailable")));
        assert_eq!(read["claims"], json!(["id_number", "licence_classes", "name"]));
    }
    assert_eq!(desk.lists.received().len(), 1, "a host that failed is left alone for a while");
    desk.lists_say(&[(8, 1), (9, 2)], 3_600);
    desk.test.clock.advance(Duration::from_secs(61));
    assert_eq!(desk.until(&sessions[0], "verified").await["reason"], Value::Null);
    let refused = desk.until(&sessions[1], "refused").await;
    assert_eq!((&refused["reason"], &refused["claims"]), (&json!("credential_revoked"), &json!([])), "nothing is kept");
    // Kept: the next one asks nobody, also where the host is down again.
    let asked = desk.lists.received().len();
    desk.lists.does([], Act::Status(503));
    let session = desk.ask(json!({})).await;
    assert_eq!(must(valid.answer(link(&session), desk.test.clock.now()).await).status, 200);
    assert_eq!(
        (desk.read(&session, "").await["state"].as_str(), desk.lists.received().len()),
        (Some("verified"), asked)
    );
    // Another purpose has no such issuer, and a suspended licence is refused at once.
    let session = desk.ask(json!({ "query": "identity", "purpose": "health-claim" })).await;
    assert_eq!(must(valid.answer(link(&session), desk.test.clock.now()).await).status, 400);
    assert_eq!(desk.read(&session, "").await["reason"], "issuer_untrusted");
    let session = desk.ask(json!({})).await;
    let suspended = desk.wallet(NUMBER, Some(9));
    assert_eq!(must(suspended.answer(link(&session), desk.test.clock.now()).await).status, 400);
    assert_eq!(desk.read(&session, "").await["reason"], "credential_suspended");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_answers_at_once_fetch_a_list_once() {
    let desk = Desk::open(&[]).await;
    let wallet = desk.wallet(NUMBER, Some(7));
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(desk.ask(json!({})).await);
    }
    let now = desk.test.clock.now();
    let answers =
        futures_util::future::join_all(sessions.iter().map(|session| wallet.answer(link(session), now))).await;
    assert!(answers.into_iter().all(|answer| must(answer).status == 200));
    for session in &sessions {
        assert_eq!(desk.read(session, "").await["state"], "verified");
    }
    assert_eq!(desk.lists.received().len(), 1, "one asks, the others wait for it");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_that_ended_while_a_session_was_held_verifies_nothing() {
    let desk = Desk::open(&[]).await;
    desk.lists.does([], Act::Status(503));
    let person = |number: &str| json!({ "entity": "natural", "id": { "scheme": "tw_national_id", "value": number } });
    let cases = json!({ "case_refs": [{ "system": "https://insurer.example/claims", "value": "C-1" }] });
    let id = "7f0c0d3e-6d55-4f3e-9a43-0a4f3d7a1b11";
    let mandate = json!({ "mandate": {
        "id": id, "kind": "individual_to_individual", "executed_on": "2026-09-20",
        "valid_from": "2026-09-20T00:00:00+08:00", "valid_until": "2026-10-20T23:59:59+08:00",
        "mandator": person("A123456789"), "mandatary": person(NUMBER), "powers": ["submit_claim"], "limits": cases,
        "substitution": "not_allowed", "law": "TW",
        "assurance": { "level": "wallet_key_only", "mandator_signature": "kb", "identity_proof": "wallet" },
    } });
    let mut wallet = desk.wallet(NUMBER, None);
    let (holder, none) = (wallet.holder(), Map::new());
    let order = Order { vct: MANDATE, claims: &none, clear: mandate.as_object(), holder: &holder, index: Some(7) };
    wallet.put(must(desk.issuer.issue(&order, desk.test.clock.now())));
    let action =
        json!({ "power": "submit_claim", "case_system": "https://insurer.example/claims", "case_number": "C-1" });
    let session = desk.ask(json!({ "query": "claim-mandate", "action": action })).await;
    assert_eq!(must(wallet.answer(link(&session), desk.test.clock.now()).await).status, 200);
    assert_eq!(desk.read(&session, "").await["state"], "held");
    // The mandator takes it back meanwhile; then the list comes, and has nothing against it.
    let operator = desk.test.operator("alice").await;
    let end = json!({ "issuer": ISSUER, "mandate": id });
    assert_eq!(post(&operator, "/operator/v1/mandate-ends", &end).await.status, 204);
    desk.lists_say(&[], 3_600);
    desk.test.clock.advance(Duration::from_secs(61));
    let read = desk.until(&session, "refused").await;
    assert_eq!(read["reason"], "mandate_revoked");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_allows_what_it_names_to_whom_it_was_given() {
    let desk = Desk::open(&[]).await;
    let pushed = desk.test.push(&bytes(&case("WALLET-2")), &[]).await;
    let code = pushed.header("claimgate-tracking-code").unwrap().to_owned();
    let claim = must(app::link(&desk.test.world.app, &code).await);
    let patient = resource(&mut case("WALLET-2"), "Patient")["identifier"][0]["value"].as_str().unwrap().to_owned();
    let person = |number: &str| json!({ "entity": "natural", "id": { "scheme": "tw_national_id", "value": number } });
    let wallet = |mandator: &str, mandatary: &str, limits: Value| {
        let mut wallet = desk.wallet(NUMBER, None);
        let mandate = json!({ "mandate": {
            "id": "3f0c0d3e-6d55-4f3e-9a43-0a4f3d7a1b11", "kind": "individual_to_individual", "executed_on": "2026-09-20",
            "valid_from": "2026-09-20T00:00:00+08:00", "valid_until": "2026-10-20T23:59:59+08:00",
            "mandator": person(mandator), "mandatary": person(mandatary),
            "powers": ["submit_claim", "receive_payment"], "limits": limits, "substitution": "not_allowed", "law": "TW",
            "assurance": { "level": "issuer_verified_electronic_signature", "mandator_signature": "pades", "identity_proof": "wallet" },
        } });
        let (holder, none) = (wallet.holder(), Map::new());
        let clear = mandate.as_object();
        let order = Order { vct: MANDATE, claims: &none, clear, holder: &holder, index: None };
        wallet.put(must(desk.issuer.issue(&order, desk.test.clock.now())));
        wallet
    };
    let cases = json!({ "case_refs": [{ "system": "https://insurer.example/claims", "value": "C-1" }] });
    let mut twice = cases.clone();
    twice["max_uses"] = json!(2);
    let counted = wallet(&patient, NUMBER, twice);
    let own = wallet(&patient, NUMBER, cases.clone());
    for (wallet, power, case, reason) in [
        (&own, "submit_claim", "C-1", ""),
        (&own, "withdraw_claim", "C-1", "power_missing"),
        (&own, "receive_payment", "C-1", "assurance_insufficient"),
        (&own, "submit_claim", "C-2", "mandate_scope_exceeded"),
        (&wallet("B123456780", NUMBER, cases.clone()), "submit_claim", "C-1", "mandator_mismatch"),
        (&wallet(&patient, "B123456780", cases.clone()), "submit_claim", "C-1", "mandatary_mismatch"),
        (&counted, "submit_claim", "C-1", ""),
        (&counted, "submit_claim", "C-2", "mandate_scope_exceeded"),
        (&counted, "submit_claim", "C-1", ""),
        (&counted, "submit_claim", "C-1", "mandate_scope_exceeded"),
    ] {
        let action = json!({ "power": power, "case_system": "https://insurer.example/claims", "case_number": case });
        let session = desk.ask(json!({ "query": "claim-mandate", "claim_id": claim, "action": action })).await;
        let answer = must(wallet.answer(link(&session), desk.test.clock.now()).await);
        let read = desk.read(&session, "").await;
        assert_eq!(read["reason"].as_str().unwrap_or_default(), reason, "{read}");
        assert_eq!(answer.status, if reason.is_empty() { 200 } else { 400 });
        if reason.is_empty() {
            assert_eq!((&read["state"], &read["person_matches"]), (&json!("verified"), &json!(true)));
            assert_eq!(read["mandate_id"], "3f0c0d3e-6d55-4f3e-9a43-0a4f3d7a1b11");
            assert_eq!(read["mandate_level"], "issuer_verified_electronic_signature");
        }
    }
    let alone = json!({ "query": "claim-mandate", "purpose": "motor-claim" });
    assert_eq!(desk.refused(&alone).await, (422, "wallet.action".to_owned()));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_same_device_only_who_came_back_is_told() {
    let desk = Desk::open(&[("CLAIMGATE_WALLET__CLIENT", "x509_san_dns")]).await;
    let wallet = desk.wallet(NUMBER, None);
    let session = desk.ask(json!({ "return_to": "https://app.example/back" })).await;
    assert!(link(&session).contains("client_id=x509_san_dns%3Agate.example"));
    let taken = must(must(wallet.answer(link(&session), desk.test.clock.now()).await).json("taken"));
    let code = taken["redirect_uri"].as_str().unwrap().strip_prefix("https://app.example/back#response_code=").unwrap();
    for query in ["", "?response_code=another"] {
        let read = desk.read(&session, query).await;
        assert_eq!((&read["state"], &read["claims"]), (&json!("opened"), &json!([])), "{query}");
    }
    let read = desk.read(&session, &format!("?response_code={code}")).await;
    assert_eq!(
        (&read["state"], &read["claims"]),
        (&json!("verified"), &json!(["id_number", "licence_classes", "name"]))
    );

    let base = json!({ "query": "driving-licence", "purpose": "motor-claim" });
    let with = |name: &str, value: Value| {
        let mut body = base.clone();
        body[name] = value;
        body
    };
    let unknown = "clm_01980000-0000-7000-8000-000000000000";
    for (body, status, code) in [
        (with("query", json!("everything")), 422, "wallet.query-unknown"),
        (with("purpose", json!("marketing")), 422, "wallet.purpose"),
        (with("at_least", json!("tw-fido")), 422, "wallet.assurance"),
        (with("at_least", json!("very")), 422, "body.value"),
        (with("claim_id", json!(unknown)), 404, "not-found"),
        (with("return_to", json!("http://app.example")), 422, "wallet.return-to"),
        (with("return_to", json!("https://a@app.example/")), 422, "wallet.return-to"),
        (with("consent", json!({ "what": [], "with": ["x"], "for": "y" })), 422, "body.value"),
        (with("dcql", json!({})), 422, "body.form"),
    ] {
        assert_eq!(desk.refused(&body).await, (status, code.to_owned()), "{body}");
    }
    desk.test.stop().await;

    // Without an address wallets can reach, nothing is asked.
    let test = TestGateway::start().await;
    let answer = post(&test.world.app, "/wallet/v1/sessions", &base).await;
    assert_eq!((answer.status.as_u16(), must(answer.json("off"))["code"].as_str()), (503, Some("wallet.off")));
    test.stop().await;
}
