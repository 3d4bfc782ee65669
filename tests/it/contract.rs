//! The OpenAPI description: written from the code, whole, sound by Spectral, and true by Schemathesis against a gateway.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::http::openapi;
use claimgate_gateway::sandbox::{app, insurer};
use claimgate_packet::jose::base64url;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::kit::Kit;
use claimgate_tests::receiver::{Act, Receiver};
use claimgate_tests::shared::project;
use reqwest::Method;
use serde_json::{Value, json};

use crate::mydata::Platform;

/// What Schemathesis does not look at: a schema cannot say that a receipt must verify or a form's value be known.
const UNCHECKED: &str = "positive_data_acceptance";
/// tus refuses a version it does not speak with 412, before it looks at the rest: that is a refusal too.
const TUS: &str = "checks.negative_data_rejection.expected-statuses = \
    [400, 401, 403, 404, 405, 406, 409, 412, 415, 422, 428, 429, \"5xx\"]\n";
/// Seconds after which it is stopped.
const LONGEST: u64 = 120;

fn kit() -> &'static Kit {
    static KIT: OnceLock<Kit> = OnceLock::new();
    KIT.get_or_init(|| Kit::install("contract", Path::new(env!("CARGO_TARGET_TMPDIR"))))
}

fn published() -> Value {
    serde_json::from_str(&std::fs::read_to_string(project().join("docs/openapi.json")).unwrap()).unwrap()
}

#[test]
fn the_published_description_is_that_of_the_code() {
    let how = "write it anew: cargo run -p claimgate-gateway --features schema --example contract docs";
    // As JSON: the order of members depends on how serde_json was built.
    assert!(published() == openapi::document(), "docs/openapi.json is out of date; {how}");
}

#[test]
fn every_route_has_an_operation_and_every_operation_a_route() {
    let table = include_str!("../../gateway/src/http.rs");
    let mut routes = BTreeSet::new();
    for call in table.split("at(\"").skip(1) {
        let mut texts = call.split('"').step_by(2);
        let (path, methods) = (texts.next().unwrap(), texts.next().unwrap());
        if !path.starts_with("/fhir/") {
            routes.extend(methods.split(", ").map(|method| (method.to_owned(), path.to_owned())));
        }
    }
    let operations = openapi::operations();
    let described: BTreeSet<(String, String)> =
        operations.iter().map(|one| (one.method.to_owned(), one.route.to_owned())).collect();
    assert!(routes.len() > 18, "the route table was read: {routes:?}");
    assert_eq!(routes, described, "gateway/src/http.rs and gateway/src/http/openapi/table.rs");
    assert_eq!(operations.len(), described.len(), "an operation stands twice");
}

#[test]
fn spectral_finds_nothing() {
    let folder = &kit().folder;
    let spectral = folder.join("node_modules/@stoplight/spectral-cli/dist/index.js");
    let document = project().join("docs/openapi.json");
    let mut command = Command::new("node");
    command.arg(spectral).arg("lint").arg(document).arg("--fail-severity").arg("hint");
    let output = command.arg("--ruleset").arg(folder.join("spectral.yaml")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A gateway with something behind every address, the description with ids that lead there, and the platform it fetches from.
#[expect(clippy::too_many_lines, reason = "one address after the other")]
async fn prepared() -> (TestGateway, Value, Platform) {
    let platform = Platform::open("");
    let mut settings = vec![
        ("CLAIMGATE_DELIVERY__MAX_WAIT_SECONDS", "1".to_owned()),
        ("CLAIMGATE_WALLET__ADDRESS", "https://gate.example".to_owned()),
    ];
    settings.extend(platform.settings());
    let test = TestGateway::start_with_settings(Clock::system(), &settings).await;
    // What came from MyData, one way back from there, and one that nothing came of.
    let desk = crate::mydata::Desk::of(test, platform);
    let (came, waits) = (desk.ask(json!({})).await, desk.ask(json!({})).await);
    let back = desk.says(&came, json!({})).await.back;
    desk.until(&came, "verified").await;
    let (code, back) = back.split_once("?code=").unwrap().1.split_once("&tx_id=").unwrap();
    let back = claimgate_gateway::http::form::percent_decoded(back).unwrap();
    let returned = [("code", code.to_owned()), ("tx_id", back)];
    let [came, waits] = [came, waits].map(|one| one["transaction_id"].as_str().unwrap().to_owned());
    let unable = json!({ "tx_id": waits.trim_start_matches("myd_"), "unable_to_deliver": ["API.60GGfgGX1A"] });
    let (test, platform) = (desk.test.with_bearer_life().await, desk.platform);
    let receiver = Receiver::start(Act::Status(204)).await;
    let told = (Content::Event, Scheme::Ed25519);
    let party = test.life().client.id().parse().unwrap();
    must(test.world.gateway.app.engine.set_endpoint(&party, receiver.url(), told).await);
    let code = |name: &'static str| {
        let test = &test;
        async move {
            let pushed = test.push(&bytes(&case(name)), &[]).await;
            pushed.header("claimgate-tracking-code").unwrap().to_owned()
        }
    };
    let (followed, spare) = (code("CONTRACT-1").await, code("CONTRACT-2").await);
    let claim = must(app::link(&test.world.app, &followed).await);
    let client = &test.life().client;
    let trust = must(insurer::trusted_keys(client).await);
    let envelope = must(insurer::pull(client, 0, 1).await).remove(0);
    let sealed = must(insurer::fetch(client, &envelope.id).await);
    let opened = must(insurer::verify(client, (&sealed, &envelope), &test.life().keys, &trust, test.clock.now()));
    must(insurer::acknowledge(client, &envelope.id, &opened).await);
    // Schemathesis tries ids it has seen in answers everywhere, also to give a delivery back: what works only before
    // that is done here once.
    let file = opened.attachments().next().unwrap().id.clone();
    let path = format!("/insurer/v1/deliveries/{}/attachments/{file}", envelope.id);
    assert_eq!(get(client, &path).await.status, 200);
    must(insurer::report(client, &envelope.submission_id, "in-review", "C-1").await);
    // One more, to be given back.
    let other = must(insurer::pull(client, envelope.position, 1).await).remove(0);
    must(insurer::fetch(client, &other.id).await);
    // A file in segments, and an application: what needs several steps is seen to work here.
    let (large, _) = crate::large::with_scan("CONTRACT-6");
    assert_eq!(test.push(&bytes(&large), &[]).await.status, 201);
    let scanned = must(insurer::pull(client, other.position, 1).await).remove(0);
    let sealed = must(insurer::fetch(client, &scanned.id).await);
    let scan = must(insurer::verify(client, (&sealed, &scanned), &test.life().keys, &trust, test.clock.now()));
    let scan = &scan.attachments().find(|file| file.media_type == "image/jpeg").unwrap().id;
    for part in ["key", "content"] {
        let path = format!("/insurer/v1/deliveries/{}/attachments/{scan}/{part}", scanned.id);
        assert_eq!(get(client, &path).await.status, 200, "{part}");
    }
    let begin = [("Range", "bytes=0-9")];
    let path = format!("/insurer/v1/deliveries/{}/attachments/{scan}/content", scanned.id);
    assert_eq!(must(client.call(Method::GET, &path, &begin, Vec::new()).await).status, 206);
    let applied = crate::application::apply(&test, &crate::application::application("CONTRACT-7")).await;
    let applied = applied.json("application").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(get(&test.world.hospital, &format!("/hospital/v1/applications/{applied}")).await.status, 200);
    crate::application::withdraw(&test, &applied, "insurer-nonlife").await;
    crate::accidents::each_route(&test, &came).await;
    let cases = crate::cases::prepared(&test).await;
    crate::shops::each_route(&test).await;
    crate::motor_rules::each_route(&test).await;
    crate::cover::each_route(&test).await;
    crate::coordination::seen(&test, "CONTRACT-8").await;
    let begun = json!({ "case_number": "CONTRACT-9", "channel": "bedside" });
    let begun = post(&test.world.hospital, "/hospital/v1/application-pages", &begun).await;
    let begun = begun.json("page").unwrap()["id"].as_str().unwrap().to_owned();
    let proof = format!("/insurer/v1/deliveries/{}/proof", envelope.id);
    let mut uploads = Vec::new();
    for _ in 0..2 {
        let metadata = "filetype aW1hZ2UvanBlZw==,sha256 \
                        ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==";
        let headers = [("Tus-Resumable", "1.0.0"), ("Upload-Length", "1000"), ("Upload-Metadata", metadata)];
        let hospital = &test.world.hospital;
        let begun = must(hospital.call(Method::POST, "/hospital/v1/uploads", &headers, Vec::new()).await);
        let id = begun.json("upload").unwrap()["id"].as_str().unwrap().to_owned();
        uploads.push((id, metadata.to_owned()));
    }
    // What papers are asked for: one request to be answered, one to be closed, one to the person.
    let due_on = claimgate_gateway::core::ledger::day(test.clock.now()).tomorrow().unwrap();
    let mut asking = json!({
        "documents": [{ "kind": "receipt" }], "to": "hospital", "due_on": due_on, "why_not_before": "…",
    });
    let supplements = format!("/insurer/v1/submissions/{}/supplements", envelope.submission_id);
    let mut requests = Vec::new();
    for to in ["hospital", "hospital", "person"] {
        asking["to"] = json!(to);
        let made = must(post(client, &supplements, &asking).await.json("request"));
        requests.push(made["request_id"].as_str().unwrap().to_owned());
    }
    // The person answers: said again it is the same.
    let papers = json!({ "documents": [{ "kind": "receipt", "files": ["JVBERi0xLjc="] }] });
    let path = format!("/claims/v1/claims/{claim}/requests/{}/answer", requests[2]);
    assert_eq!(post(&test.world.app, &path, &papers).await.status, 200);
    let party = test.world.app.id().parse().unwrap();
    must(test.world.gateway.app.engine.set_endpoint(&party, receiver.url(), told).await);
    // Each step of an offset was made in one of these: said again it answers the same.
    let paid = crate::offsets::refunded(&test, "CONTRACT-3").await;
    let (dead, off) = (crate::offsets::dead(&test, "CONTRACT-4").await, crate::offsets::off(&test, "CONTRACT-5").await);
    // Records asked for: one whose fee waits, one to close, and steps that are the same said again.
    let (record, records) = crate::records::asked(&test, &["hospital-demo"]).await;
    let (closed_record, _) = crate::records::asked(&test, &["hospital-demo"]).await;
    let (_, charged) = crate::records::asked(&test, &["hospital-demo"]).await;
    let fee = json!({ "amount": "300" });
    let stated = format!("/hospital/v1/requests/{}/fee", charged[0]);
    assert_eq!(post(&test.world.hospital, &stated, &fee).await.status, 200);
    let accepted_fee = json!({ "accept": true, "amount": "300" });
    let path = format!("/insurer/v1/requests/{}/fee", charged[0]);
    assert_eq!(post(client, &path, &accepted_fee).await.status, 200);
    let asking_records = crate::records::asking(&test, (client.id(), "health-reimbursement"), &["hospital-demo"]);
    // The log's next checkpoint.
    for _ in 0..100 {
        if get(client, &proof).await.status != 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let checkpoint = String::from_utf8(get(client, "/log/checkpoint").await.body).unwrap();
    let size = checkpoint.lines().nth(1).unwrap();
    let issuer = test.world.gateway.base_url();

    let asked = json!({ "query": "identity", "purpose": "health-claim" });
    let (session, refused) = (asked_wallet(&test, &asked).await, asked_wallet(&test, &asked).await);
    let request = String::from_utf8(get(client, &format!("/wallet/v1/requests/{}", refused.1)).await.body).unwrap();
    let claims = base64url::decode(request.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();

    let mut document = get(client, "/openapi.json").await.json("description").unwrap();
    let mut lead = |path: &str, method: &str, parameters: &[(&str, &str)], body: Option<Value>| {
        let operation = &mut document["paths"][path][method];
        for (name, value) in parameters {
            let all = operation["parameters"].as_array_mut().unwrap();
            let parameter = all.iter_mut().find(|parameter| parameter["name"] == *name).unwrap();
            parameter["example"] = json!(value);
        }
        if let Some(body) = body {
            let content = operation["requestBody"]["content"].as_object_mut().unwrap();
            content.values_mut().next().unwrap()["example"] = body;
        }
    };
    let id = ("id", envelope.id.as_str());
    for rest in ["", "/receipt", "/proof", "/attempts"] {
        lead(&format!("/insurer/v1/deliveries/{{id}}{rest}"), "get", &[id], None);
    }
    let attachment = opened.attachments().next().unwrap().id.as_str();
    let path = "/insurer/v1/deliveries/{id}/attachments/{attachment}";
    lead(path, "get", &[id, ("attachment", attachment)], None);
    lead("/insurer/v1/deliveries/{id}/ack", "post", &[id], Some(json!({ "result": "accepted" })));
    let back = Some(json!({ "reason": "not-insured-here" }));
    lead("/insurer/v1/deliveries/{id}/return", "post", &[("id", other.id.as_str())], back);
    let submission = ("id", envelope.submission_id.as_str());
    let linked = Some(json!({ "rail": "paper", "number": "P-1" }));
    lead("/insurer/v1/submissions/{id}", "get", &[submission], None);
    lead("/hospital/v1/application-pages/{id}", "get", &[("id", begun.as_str())], None);
    lead("/hospital/v1/application-pages", "post", &[], Some(json!({ "case_number": "C-10", "channel": "counter" })));
    let payment = json!({
        "kind": "provisional", "amount": "1", "value_date": "2026-01-01", "reference": "R-1", "ahead_of_decision": true,
        "payee": { "kind": "claimant-account" },
    });
    lead("/insurer/v1/submissions/{id}/payments", "post", &[submission], Some(payment));
    lead("/insurer/v1/submissions/{id}/supplements", "post", &[submission], Some(asking));
    lead("/insurer/v1/submissions/{id}/requests", "get", &[submission], None);
    let [answered, closed] = [&requests[0], &requests[1]].map(|id| ("id", id.as_str()));
    let close = Some(json!({ "result": "cancelled" }));
    lead("/insurer/v1/requests/{id}/close", "post", &[closed], close);
    lead("/hospital/v1/requests/{id}", "get", &[answered], None);
    let taken_on = Some(json!({ "result": "accepted" }));
    lead("/hospital/v1/requests/{id}/answer", "post", &[answered], taken_on);
    lead("/claims/v1/claims/{id}/requests", "get", &[("id", claim.as_str())], None);
    let both = [("id", claim.as_str()), ("request", requests[2].as_str())];
    lead("/claims/v1/claims/{id}/requests/{request}/answer", "post", &both, Some(papers));
    lead("/claims/v1/claims/{id}/page", "post", &[("id", claim.as_str())], Some(json!({})));
    lead("/claims/v1/endpoint/redrive", "post", &[], Some(json!({ "open": true })));
    let own = ("id", record.as_str());
    lead("/insurer/v1/record-requests", "post", &[], Some(asking_records));
    lead("/insurer/v1/record-requests/{id}", "get", &[own], None);
    lead("/insurer/v1/record-requests/{id}/comparison", "get", &[own], None);
    let cancelled = Some(json!({ "result": "cancelled" }));
    lead("/insurer/v1/record-requests/{id}/close", "post", &[("id", closed_record.as_str())], cancelled);
    lead("/insurer/v1/requests/{id}/fee", "post", &[("id", charged[0].as_str())], Some(accepted_fee));
    lead("/hospital/v1/requests/{id}/fee", "post", &[("id", charged[0].as_str())], Some(fee));
    lead("/hospital/v1/requests/{id}/consent", "get", &[("id", records[0].as_str())], None);
    lead("/hospital/v1/requests/{id}/withdraw", "post", &[("id", records[0].as_str())], None);
    let today = claimgate_gateway::core::ledger::day(test.clock.now()).to_string();
    for side in ["insurer", "hospital"] {
        lead(&format!("/{side}/v1/statements/{{date}}"), "get", &[("date", today.as_str())], None);
    }
    for side in ["insurer", "hospital"] {
        let window = [("from", today.as_str()), ("to", today.as_str())];
        lead(&format!("/{side}/v1/turnaround"), "get", &window, None);
    }
    let opening = crate::offsets::opening(&test, &claim, 1_000);
    lead("/hospital/v1/offsets", "post", &[], Some(opening));
    for ((id, side), steps) in [((&paid.0, "hospital"), &paid.1), ((&paid.0, "insurer"), &paid.2)].into_iter().chain([
        ((&dead.0, "hospital"), &dead.1),
        ((&dead.0, "insurer"), &dead.2),
        ((&off.0, "hospital"), &off.1),
        ((&off.0, "insurer"), &off.2),
    ]) {
        lead(&format!("/{side}/v1/offsets/{{id}}"), "get", &[("id", id)], None);
        for (what, body) in steps {
            let method = if *what == "bill" { "put" } else { "post" };
            lead(&format!("/{side}/v1/offsets/{{id}}/{what}"), method, &[("id", id)], Some(body.clone()));
        }
    }
    lead("/insurer/v1/submissions/{id}/link", "post", &[submission], linked);
    lead("/insurer/v1/submissions/{id}/trace", "get", &[submission], None);
    lead("/hospital/v1/submissions/{id}/trace", "get", &[submission], None);
    lead("/insurer/v1/deliveries/{id}/redrive", "post", &[id], None);
    lead("/insurer/v1/endpoint/redrive", "post", &[], Some(json!({ "open": true })));
    let many = json!({ "acks": [{ "delivery_id": envelope.id }] });
    lead("/insurer/v1/acks", "post", &[], Some(many));
    lead("/hospital/v1/claims/{id}/deliveries", "get", &[("id", claim.as_str())], None);
    let tus = ("Tus-Resumable", "1.0.0");
    let metadata = ("Upload-Metadata", uploads[0].1.as_str());
    lead("/hospital/v1/uploads", "post", &[tus, ("Upload-Length", "1000"), metadata], None);
    let [one, other] = [&uploads[0].0, &uploads[1].0].map(|id| ("id", id.as_str()));
    lead("/hospital/v1/uploads/{id}", "get", &[one], None);
    lead("/hospital/v1/uploads/{id}", "head", &[one], None);
    lead("/hospital/v1/uploads/{id}", "patch", &[one, tus, ("Upload-Offset", "0")], Some(json!("some bytes")));
    lead("/hospital/v1/uploads/{id}", "delete", &[other], None);
    let case = ("id", cases.case.as_str());
    lead("/claims/v1/cases", "post", &[], Some(json!({ "client_id": "C-1", "person": "P-1" })));
    lead("/claims/v1/cases/{id}", "get", &[case], None);
    let edits = json!({ "fields": { "remarks": { "value": "雨天", "base": 0 } } });
    lead("/claims/v1/cases/{id}", "patch", &[case], Some(edits));
    lead("/claims/v1/cases/{id}/invitations", "post", &[case], None);
    lead("/claims/v1/cases/{id}/consents", "get", &[case], None);
    lead("/claims/v1/cases/{id}/submit", "post", &[case], Some(json!({ "when": "now" })));
    let (joins, code) = &cases.joins;
    lead("/claims/v1/cases/{id}/join", "post", &[("id", joins.as_str())], Some(json!({ "code": code })));
    let metadata = ("Upload-Metadata", cases.uploads.1.as_str());
    lead("/claims/v1/uploads", "post", &[tus, ("Upload-Length", "1000"), metadata], None);
    let [one, other] = cases.uploads.0.each_ref().map(|id| ("id", id.as_str()));
    lead("/claims/v1/uploads/{id}", "get", &[one], None);
    lead("/claims/v1/uploads/{id}", "head", &[one], None);
    lead("/claims/v1/uploads/{id}", "patch", &[one, tus, ("Upload-Offset", "0")], Some(json!("some bytes")));
    lead("/claims/v1/uploads/{id}", "delete", &[other], None);
    let submission = ("id", envelope.submission_id.as_str());
    lead("/insurer/v1/submissions/{id}/status", "post", &[submission], Some(json!({ "state": "in-review" })));
    lead("/claims/v1/links", "post", &[], Some(json!({ "tracking_code": spare })));
    let report = json!({
        "claim_id": claim, "method": "app-login", "capacity": "statutory-representative", "ground": "戶籍謄本",
        "person": { "scheme": "passport", "value": "X12345678" },
    });
    lead("/identity/v1/challenges", "post", &[], Some(json!({ "claim_id": claim })));
    lead("/identity/v1/identifications", "post", &[], Some(report));
    lead("/identity/v1/claims/{id}", "get", &[("id", claim.as_str())], None);
    let scan = json!({ "purpose": "motor-claim", "documents": ["JVBERi0xLjc="] });
    lead("/mandates/v1/check", "post", &[], Some(scan));
    lead("/wallet/v1/sessions", "post", &[], Some(asked));
    lead("/wallet/v1/sessions/{id}", "get", &[("id", session.0.as_str())], None);
    let handle = ("id", session.1.as_str());
    lead("/wallet/v1/requests/{id}", "get", &[handle], None);
    lead("/wallet/v1/requests/{id}", "post", &[handle], Some(json!({ "wallet_nonce": "n" })));
    let no = json!({ "error": "access_denied", "state": claims["state"] });
    lead("/wallet/v1/responses/{id}", "post", &[("id", refused.1.as_str())], Some(no));
    let ordered = json!({ "person": "A234567893", "purpose": "motor-claim", "datasets": ["vehicle-registration"] });
    lead("/mydata/v1/transactions", "post", &[], Some(ordered));
    lead("/mydata/v1/transactions/{id}", "get", &[("id", came.as_str())], None);
    lead("/mydata/v1/transactions/{id}/documents", "get", &[("id", came.as_str())], None);
    lead("/mydata/v1/notifications", "post", &[], Some(unable));
    let returned = returned.each_ref().map(|(name, value)| (*name, value.as_str()));
    lead("/mydata/v1/return", "get", &returned, None);
    lead("/claims/v1/claims/{id}/timeline", "get", &[("id", claim.as_str())], None);
    lead("/hospital/v1/claims/{id}/timeline", "get", &[("id", claim.as_str())], None);
    lead("/insurer/v1/submissions/{id}/timeline", "get", &[submission], None);
    let number = format!("000.p/{size}");
    lead("/log/tile/{level}/{number}", "get", &[("level", "0"), ("number", number.as_str())], None);
    let form = json!({
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": must(client.assertion(issuer)),
    });
    lead("/oauth/token", "post", &[], Some(form));
    for (reader, path) in [
        (&test.world.hospital, "/hospital/v1/events?after=0&wait=0".to_owned()),
        (client, "/insurer/v1/events?after=0&wait=0".to_owned()),
        (&test.world.app, format!("/claims/v1/claims/{claim}/events?after=0&wait=0")),
    ] {
        assert_eq!(get(reader, &path).await.status, 200);
    }
    (test, document, platform)
}

/// A session with wallets: its id, and the handle in its link.
async fn asked_wallet(test: &TestGateway, body: &Value) -> (String, String) {
    let answer = post(&test.world.app, "/wallet/v1/sessions", body).await;
    let session = must(must(answer.expect("ask", 201)).json("session"));
    let (id, link) = (session["session_id"].as_str().unwrap(), session["link"].as_str().unwrap());
    let handle = link.split("requests%2F").nth(1).unwrap().split('&').next().unwrap();
    (id.to_owned(), handle.to_owned())
}

/// Runs Schemathesis with the tokens of an insurer and an app; what it says, and whether it found nothing.
fn schemathesis(test: &TestGateway, document: &Value, more: &[&str]) -> (bool, String) {
    let desk = tempfile::tempdir().unwrap();
    let of = |tag: &str, token: Option<&str>| {
        let token = token.unwrap();
        format!("[[operations]]\ninclude-tag = \"{tag}\"\nheaders = {{ Authorization = \"Bearer {token}\" }}\n")
    };
    let config = of("insurer", test.life().client.access_token())
        + &of("app", test.world.app.access_token())
        + &of("hospital", test.world.hospital.access_token())
        + TUS;
    std::fs::write(desk.path().join("schemathesis.toml"), config).unwrap();
    std::fs::write(desk.path().join("openapi.json"), document.to_string()).unwrap();
    let said = desk.path().join("said");
    let mut command = Command::new(&kit().python);
    command.args(["-m", "schemathesis.cli", "--no-color", "--config-file", "schemathesis.toml", "run", "openapi.json"]);
    command.args(["--url", test.world.gateway.base_url(), "--checks", "all", "--exclude-checks", UNCHECKED]);
    // Every request of an operator needs a proof of its own: the stories of operators walk those.
    command.args(["--exclude-tag", "operator"]);
    // A stream goes on: `prepared` reads each once.
    command.args(["--exclude-path-regex", "/events$"]);
    // People read pages, also where something is refused: the stories of pages walk those.
    command.args(["--exclude-tag", "page"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--seed", "1", "--request-timeout", "10"]);
    command.args(["--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"]).args(more);
    let (out, err) = (File::create(&said).unwrap(), File::options().append(true).open(&said).unwrap());
    let mut child = command.current_dir(desk.path()).stdout(out).stderr(err).spawn().unwrap();
    let mut status = None;
    for _ in 0..LONGEST * 10 {
        status = child.try_wait().unwrap();
        if status.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = std::fs::read_to_string(&said).unwrap();
    let Some(status) = status else {
        child.kill().unwrap();
        panic!("it did not end within {LONGEST} seconds: {said}");
    };
    (status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_does_what_its_description_says() {
    let (test, document, _platform) = Box::pin(prepared()).await;
    let run = |document: &Value, more: &[&str]| tokio::task::block_in_place(|| schemathesis(&test, document, more));
    let (fine, said) = run(&document, &["--max-examples", "30"]);
    assert!(fine, "{said}");
    // That nothing was found counts only where every address was seen to do its work.
    let metrics = String::from_utf8(get(&test.life().client, "/metrics").await.body).unwrap();
    let metrics: Vec<&str> =
        metrics.lines().filter(|line| line.starts_with("claimgate_http_requests_total{")).collect();
    // A mandate is recorded where its issuer is trusted: the story of mandates walks those.
    let elsewhere = ["/operator/", "/apply", "/owner", "/page/", "/mandates/v1/records"];
    let walked = |path: &str| !elsewhere.iter().any(|under| path.starts_with(under));
    for operation in openapi::operations().into_iter().filter(|one| walked(one.path)) {
        let seen = operation.succeeds_with().into_iter().filter(|status| *status != 304).any(|status| {
            let labels = [
                format!("method=\"{}\"", operation.method),
                format!("route=\"{}\"", operation.route),
                format!("status=\"{status}\""),
            ];
            metrics.iter().any(|line| labels.iter().all(|label| line.contains(label)))
        });
        assert!(seen, "{} {} never succeeded:\n{}", operation.method, operation.route, metrics.join("\n"));
    }

    // It would see a description that is not true.
    let mut wrong = document;
    wrong["components"]["schemas"]["Health"]["properties"]["status"]["type"] = json!("integer");
    let (fine, said) = run(&wrong, &["--max-examples", "1", "--include-path", "/healthz"]);
    assert!(!fine && said.contains("Response violates schema"), "{said}");
    test.stop().await;
}
