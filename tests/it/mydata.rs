//! MyData over real HTTP: an app orders, a made-up person consents at a made-up platform, packages come well and in every
//! wrong way, notifications in any order.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use claimgate_adapters::mydata::DataFile;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::change::{Change, Write};
use claimgate_gateway::core::mydata::MydataWrite;
use claimgate_gateway::flows::mydata;
use claimgate_gateway::id::Random;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::app;
use claimgate_gateway::sandbox::client::http_client;
use claimgate_gateway::sandbox::mydata::{Agreed, Portal, Said};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{NewParty, TestGateway, get, must, post};
use jiff::Timestamp;
use serde_json::{Value, json};

mod canary;
mod kit;

/// Made up, with a valid check digit.
pub(crate) const PERSON: &str = "A234567893";
const OTHER: &str = "A123456789";
const PAGE: &str = "https://app.example/mydata?tab=1";
pub(crate) const SLIP: &str = "API.SandboxSlip";
const KEY: &str = "key-of-the-platform";

/// A made-up platform, where a gateway for it will listen, and the files both read.
pub(crate) struct Platform {
    portal: Arc<Portal>,
    pub(crate) place: String,
    door: SocketAddr,
    files: tempfile::TempDir,
    key: &'static str,
}

/// A gateway and the platform it fetches from.
pub(crate) struct Desk {
    pub(crate) test: TestGateway,
    pub(crate) platform: Platform,
    http: reqwest::Client,
}

impl Platform {
    /// One that shows this key when it notifies; empty: none.
    pub(crate) fn open(key: &'static str) -> Self {
        // The platform is told where the gateway listens, and the gateway where the platform does: a free port first.
        let door = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let agreed = Agreed {
            client_id: "CLI.Sandbox".to_owned(),
            client_secret: "0123456789abcdef".to_owned(),
            cbc_iv: "fedcba9876543210".to_owned(),
            notifications: format!("http://{door}/mydata/v1/notifications"),
            key: key.to_owned(),
        };
        let portal = must(Portal::new(agreed, Random::system()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(portal.serve(listener).unwrap());
        let platform = Self { portal, place, door, files: tempfile::tempdir().unwrap(), key };
        platform.write("anchors/root.pem", platform.portal.bureau().anchor());
        platform.write("lists/root.crl", platform.portal.bureau().list());
        platform
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.files.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// What its bureau has of a data set from now on.
    pub(crate) fn put(&self, resource: &str, files: Vec<DataFile>) {
        self.portal.put(resource, files);
    }

    /// The settings of a gateway that fetches from it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let datasets = format!(
            "[[dataset]]\nname = \"vehicle-registration\"\ntitle = \"車籍資料\"\nresource = \"API.60GGfgGX1A\"\n\
             purposes = [\"motor-claim\"]\nevidence = \"vehicle-registration\"\nprovider = \"CN=Sandbox bureau\"\n\
             assurance = \"tw-fido\"\n[[dataset]]\nname = \"slip\"\ntitle = \"登記聯單\"\nresource = \"{SLIP}\"\npurposes = [\"motor-claim\"]\n\
             evidence = \"accident-registration-slip\"\n[[dataset]]\nname = \"driving-licence\"\ntitle = \"駕籍資料\"\n\
             resource = \"API.n0c9qVZBQI\"\npurposes = [\"motor-claim\", \"identity\"]\n"
        );
        let folder = |name: &str| self.files.path().join(name).display().to_string();
        vec![
            ("CLAIMGATE_HTTP__LISTEN", self.door.to_string()),
            ("CLAIMGATE_MYDATA__PLATFORM", self.place.clone()),
            ("CLAIMGATE_MYDATA__CLIENT_ID", "CLI.Sandbox".to_owned()),
            ("CLAIMGATE_MYDATA__CLIENT_SECRET_FILE", self.write("secret", "0123456789abcdef\n")),
            ("CLAIMGATE_MYDATA__CBC_IV", "fedcba9876543210".to_owned()),
            ("CLAIMGATE_MYDATA__NOTIFICATION_KEY", self.key.to_owned()),
            ("CLAIMGATE_MYDATA__DATASETS", self.write("datasets.toml", &datasets)),
            ("CLAIMGATE_MYDATA__RETURN_PAGES", PAGE.to_owned()),
            ("CLAIMGATE_MYDATA__AUTHORITIES_DIR", folder("anchors")),
            ("CLAIMGATE_MYDATA__REVOCATION_LISTS_DIR", folder("lists")),
        ]
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let platform = Platform::open(KEY);
        let clock = Clock::test(Timestamp::from_second(1_790_000_000).unwrap());
        let test = TestGateway::start_with_settings(clock, &platform.settings()).await;
        Self::of(test, platform)
    }

    /// Of a gateway with the platform's settings.
    pub(crate) fn of(test: TestGateway, platform: Platform) -> Self {
        let http = must(http_client());
        Self { test, platform, http }
    }

    /// An order of the app; the transaction as it begins.
    pub(crate) async fn ask(&self, more: Value) -> Value {
        let mut body = json!({ "person": PERSON, "purpose": "motor-claim", "datasets": ["vehicle-registration"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = post(&self.test.world.app, "/mydata/v1/transactions", &body).await;
        must(must(answer.expect("ask", 201)).json("transaction"))
    }

    async fn refused(&self, body: &Value) -> (u16, String) {
        let answer = post(&self.test.world.app, "/mydata/v1/transactions", body).await;
        (answer.status.as_u16(), must(answer.json("refusal"))["code"].as_str().unwrap().to_owned())
    }

    /// The person says something at the portal.
    pub(crate) async fn says(&self, begun: &Value, more: Value) -> Said {
        let mut body = json!({ "address": begun["address"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = self.http.post(format!("{}/sandbox/consent", self.platform.place)).body(body.to_string());
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{body}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn read(&self, begun: &Value) -> Value {
        let path = format!("/mydata/v1/transactions/{}", begun["transaction_id"].as_str().unwrap());
        must(must(get(&self.test.world.app, &path).await.expect("transaction", 200)).json("transaction"))
    }

    /// Reads a transaction until it stands so: the gateway fetches behind the requests.
    pub(crate) async fn until(&self, begun: &Value, state: &str) -> Value {
        for _ in 0..150 {
            let read = self.read(begun).await;
            if read["state"] == state {
                return read;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never {state}: {}", self.read(begun).await)
    }

    /// A notification as anybody could send it.
    async fn notify(&self, body: &Value, key: &str) -> (u16, String) {
        let address = format!("{}/mydata/v1/notifications", self.test.world.gateway.base_url());
        let sent = self.http.post(address).header("apiKey", key).header("content-type", "application/json");
        let answer = sent.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// A browser comes back: status, where it is sent on, what it reads.
    async fn back(&self, address: &str) -> (u16, Option<String>, String) {
        let answer = self.http.get(address).send().await.unwrap();
        let status = answer.status().as_u16();
        let on = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (status, on, answer.text().await.unwrap())
    }
}

fn transaction(begun: &Value) -> String {
    begun["transaction_id"].as_str().unwrap().strip_prefix("myd_").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_consents_and_a_vehicle_is_proved_for_a_claim() {
    let desk = Desk::open().await;
    let pushed = desk.test.push(&bytes(&case("MYDATA-1")), &[]).await;
    let claim = must(app::link(&desk.test.world.app, pushed.header("claimgate-tracking-code").unwrap()).await);
    let datasets = json!(["vehicle-registration", "driving-licence"]);
    let begun = desk.ask(json!({ "claim_id": claim, "return_to": PAGE, "datasets": datasets })).await;
    let address = begun["address"].as_str().unwrap();
    assert!(address.starts_with(&format!("{}/service/CLI.Sandbox/", desk.platform.place)), "{address}");
    assert!(!address.contains(PERSON), "encrypted: {address}");
    assert!(begun["consent"]["zh"].as_str().unwrap().contains("車籍資料、駕籍資料"));
    let read = desk.read(&begun).await;
    assert_eq!((&read["state"], &read["datasets"][1]["state"]), (&json!("waiting"), &json!("waiting")));
    let documents = format!("/mydata/v1/transactions/{}/documents", begun["transaction_id"].as_str().unwrap());
    assert_eq!(get(&desk.test.world.app, &documents).await.status, 409);

    // A page for people, and the same for programs.
    let page = desk.http.get(address).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("API.60GGfgGX1A"));
    let said = desk.says(&begun, json!({})).await;
    assert_eq!(said.notified, [200]);
    let id = begun["transaction_id"].as_str().unwrap();
    let (status, on, _) = desk.back(&said.back).await;
    assert_eq!((status, on), (303, Some(format!("{PAGE}#transaction={id}&outcome=consented"))));

    let read = desk.until(&begun, "verified").await;
    let vehicle = &read["datasets"][0];
    assert_eq!((&vehicle["state"], &vehicle["provider"]), (&json!("verified"), &json!("CN=Sandbox bureau")));
    assert_eq!((&vehicle["revocation"], &vehicle["provider_registered"]), (&json!("good"), &json!(true)));
    assert_eq!((&vehicle["evidence"], &vehicle["documents"]), (&json!("vehicle-registration"), &json!(1)));
    assert_eq!(vehicle["person"], "same", "the owner is who consented");
    let licence = &read["datasets"][1];
    assert_eq!((&licence["state"], &licence["code"]), (&json!("unavailable"), &json!("204")));
    assert_eq!((&read["returned"], &read["claim_id"]), (&json!("consented"), &json!(claim)));
    assert_eq!(read["package_sha256"].as_str().unwrap().len(), 43);
    assert!(!read.to_string().contains(PERSON) && !read.to_string().contains("陳筱玲"), "states, never values");

    let came = must(must(get(&desk.test.world.app, &documents).await.expect("documents", 200)).json("documents"));
    let proved = &came["datasets"][0];
    assert_eq!(proved["documents"][0]["schema"], "vehicle-registration/1");
    assert_eq!(proved["documents"][0]["document"]["plate"], "ABC-1234");
    assert_eq!(proved["documents"][0]["document"]["owner"]["identifier"], PERSON);
    assert_eq!(proved["archive_sha256"].as_str().unwrap().len(), 43);
    // For the flows that take it in: whole, with what proves it.
    let engine = &desk.test.world.gateway.app.engine;
    let proved = must(mydata::documents(engine, id.parse().unwrap()).await);
    assert_eq!((proved.len(), proved[0].documents.len(), proved[0].verification().result.as_str()), (1, 1, "accepted"));
    assert!(claimgate_adapters::mydata::files(&proved[0].archive).is_ok());

    // Another app, and another role, see nothing of it.
    let new = NewParty { id: "app-other", role: Role::App, number: "", lines: vec![], consent: false };
    let (other, _) = desk.test.register(new).await;
    assert_eq!(get(&other, &documents).await.status, 404);
    assert_eq!(get(&desk.test.life().client, &documents).await.status, 403);
    let events = must(app::timeline(&desk.test.world.app, &claim).await);
    assert!(events.to_string().contains("claim.mydata"), "the owner is told: {events}");

    for secret in [PERSON, "陳筱玲", "ABC-1234", "SANDBOX0001", "0123456789abcdef"] {
        assert!(!desk.test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    // It goes with its claim.
    crate::retention::closed(&desk.test).await;
    let erase = ["erase", claim.as_str(), "--ground", "request", "--as", "alice"];
    let (exit, said, heard) = crate::retention::operate(desk.test.folder(), &erase, &[]);
    assert!(exit == 0 && !said.contains("restricted"), "{said}{heard}");
    assert_eq!(get(&desk.test.world.app, &documents).await.status, 404);
    assert_eq!(desk.test.kept().number("select count(*) from mydata_dataset").await, 0);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_package_is_refused_with_its_reason() {
    let desk = Desk::open().await;
    for (wrong, reason, of_dataset) in [
        ("self-signed", "certificate-unknown-issuer", "dp_certificate_untrusted"),
        ("signature", "signature-invalid", "dp_signature_invalid"),
        ("digest", "digest-mismatch", "dp_digest_mismatch"),
        ("unlisted", "file-unlisted", "mydata_manifest_invalid"),
        ("traversal", "archive-name", "mydata_manifest_invalid"),
        ("dtd", "manifest-dtd", "mydata_manifest_invalid"),
        ("other-resource", "resource-other", "mydata_manifest_invalid"),
        ("tampered", "jwe-open", "mydata_decrypt_failed"),
    ] {
        let begun = desk.ask(json!({})).await;
        assert_eq!(desk.says(&begun, json!({ "wrong": wrong })).await.notified, [200]);
        let read = desk.until(&begun, "refused").await;
        assert_eq!(read["reason"], reason, "{wrong}");
        assert!(read["reason_text"].is_string() && read["reason_text_zh"].is_string());
        let dataset = &read["datasets"][0];
        assert_eq!((&dataset["state"], &dataset["reason"]), (&json!("refused"), &json!(of_dataset)), "{wrong}");
        assert_eq!(read["package_sha256"].as_str().unwrap().len(), 43, "its digest stays");
        let id = begun["transaction_id"].as_str().unwrap().parse().unwrap();
        assert!(must(mydata::documents(&desk.test.world.gateway.app.engine, id).await).is_empty());
    }
    for (wrong, state, reason) in [
        ("no-data", "unavailable", Value::Null),
        ("failed", "unavailable", json!("providers-failed")),
        ("fetched", "failed", json!("already-fetched")),
        ("unknown", "failed", json!("ticket-unknown")),
        ("slow", "verified", Value::Null),
    ] {
        let begun = desk.ask(json!({})).await;
        desk.says(&begun, json!({ "wrong": wrong })).await;
        assert_eq!(desk.until(&begun, state).await["reason"], reason, "{wrong}");
    }
    // Where the platform says so, it is asked again; the package that broke off is lost, and that is said.
    for (wrong, seconds, state, reason) in
        [("busy", 2, "verified", Value::Null), ("broken", 61, "lost", json!("package-lost"))]
    {
        let begun = desk.ask(json!({})).await;
        desk.says(&begun, json!({ "wrong": wrong })).await;
        let mut read = Value::Null;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            read = desk.read(&begun).await;
            if read["state"] == state {
                break;
            }
            desk.test.clock.advance(Duration::from_secs(seconds));
        }
        assert_eq!((&read["state"], &read["reason"]), (&json!(state), &reason), "{wrong}");
    }
    // Another provider than the registered one, and the paper of another person.
    desk.platform.portal.put("API.60GGfgGX1A", vec![claimgate_gateway::sandbox::mydata::bureau::vehicle(OTHER)]);
    let begun = desk.ask(json!({})).await;
    desk.says(&begun, json!({})).await;
    assert_eq!(desk.until(&begun, "verified").await["datasets"][0]["person"], "other");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_and_returns_come_in_any_order_and_count_once() {
    let desk = Desk::open().await;
    // The browser first: it proves nothing, and the first word stays.
    let begun = desk.ask(json!({})).await;
    let said = desk.says(&begun, json!({ "notify": "later" })).await;
    let (status, on, text) = desk.back(&said.back).await;
    assert_eq!((status, on), (200, None));
    assert!(text.contains("您可以關閉此頁"), "{text}");
    let cancelled = said.back.replace("code=200", "code=205");
    assert_eq!(desk.back(&cancelled).await.0, 200);
    assert_eq!(desk.read(&begun).await["returned"], "consented");
    assert_eq!(desk.read(&begun).await["state"], "waiting");
    let sent = desk.http.post(format!("{}/sandbox/notify", desk.platform.place)).body(transaction(&begun)).send().await;
    assert_eq!(sent.unwrap().status(), 200);
    desk.until(&begun, "verified").await;
    // Twice the same: answered alike, fetched once. Two tickets: the first counts.
    let begun = desk.ask(json!({})).await;
    assert_eq!(desk.says(&begun, json!({ "notify": "twice" })).await.notified, [200, 200]);
    desk.until(&begun, "verified").await;
    let begun = desk.ask(json!({})).await;
    assert_eq!(desk.says(&begun, json!({ "notify": "two" })).await.notified, [200, 409]);
    desk.until(&begun, "verified").await;
    // Nobody's transaction, and one that nothing will come of.
    let begun = desk.ask(json!({})).await;
    assert_eq!(desk.says(&begun, json!({ "notify": "unknown" })).await.notified, [404]);
    assert_eq!(desk.read(&begun).await["state"], "waiting");
    assert_eq!(desk.says(&begun, json!({ "notify": "unable" })).await.notified, [200]);
    let read = desk.read(&begun).await;
    assert_eq!((&read["state"], &read["reason"]), (&json!("unavailable"), &json!("unable-to-deliver")));
    assert_eq!(read["datasets"][0]["state"], "unavailable");
    // Anybody could have said that: what proves itself by its key still counts.
    assert_eq!(desk.says(&begun, json!({})).await.notified, [200]);
    desk.until(&begun, "verified").await;

    // Every word of the contract, and nothing but it.
    for (code, word) in [("205", "cancelled"), ("401", "not-identified"), ("423", "locked"), ("504", "no-answer")] {
        let begun = desk.ask(json!({ "return_to": PAGE })).await;
        let said = desk.says(&begun, json!({ "code": code })).await;
        let id = begun["transaction_id"].as_str().unwrap();
        assert_eq!(desk.back(&said.back).await.1, Some(format!("{PAGE}#transaction={id}&outcome={word}")));
        assert_eq!((&desk.read(&begun).await["returned"], said.notified.len()), (&json!(word), 0));
    }
    let (path, _) = said.back.split_once('?').unwrap();
    for query in
        ["", "?code=200", "?code=999&tx_id=AAAA", "?code=200&tx_id=AAAA", "?code=200&tx_id=https://evil.example"]
    {
        let (status, on, text) = desk.back(&format!("{path}{query}")).await;
        assert_eq!((status, on), (400, None), "{query}");
        assert!(text.contains("mydata.return") && !text.contains("evil"), "{text}");
    }

    // Who does not prove itself, and what is none of the forms, changes nothing.
    let begun = desk.ask(json!({})).await;
    let (id, ticket) = (transaction(&begun), "5c2d7c62-8c63-4a6b-9a0c-9f1f2a4a9b11");
    let forged = json!({ "tx_id": id, "permission_ticket": ticket, "secret_key": "AAAA" });
    assert_eq!(desk.notify(&forged, "another").await, (403, "mydata.notifier".to_owned()));
    assert_eq!(desk.notify(&forged, KEY).await, (400, "mydata.notification".to_owned()));
    assert_eq!(desk.notify(&json!({ "tx_id": id }), KEY).await, (400, "mydata.notification".to_owned()));
    assert_eq!(desk.notify(&json!({ "tx_id": "x", "unable_to_deliver": [] }), KEY).await.0, 404);
    assert_eq!(desk.read(&begun).await["state"], "waiting");
    // Its time is over.
    desk.test.clock.advance(Duration::from_mins(31));
    assert_eq!(desk.says(&begun, json!({})).await.notified, [410]);
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_ended_with_its_process_is_told_from_one_that_never_began() {
    let desk = Desk::open().await;
    let engine = &desk.test.world.gateway.app.engine;
    for (wrong, state, reason) in
        [(json!("fetched"), "lost", json!("package-lost")), (Value::Null, "verified", Value::Null)]
    {
        let begun = loop {
            let begun = desk.ask(json!({})).await;
            desk.says(&begun, json!({ "wrong": wrong })).await;
            // Another process takes it up, unless the gateway was faster, and ends at once.
            let (id, now) = (begun["transaction_id"].as_str().unwrap().parse().unwrap(), desk.test.clock.now());
            let mut change = Change::new("lease_mydata");
            change.push(Write::Mydata(MydataWrite::Leased(id, 0, now, now)));
            if engine.store.commit(change).await.is_ok() {
                break begun;
            }
        };
        assert_eq!(desk.until(&begun, state).await["reason"], reason, "{wrong}");
    }
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_set_up_can_be_asked_for() {
    let desk = Desk::open().await;
    let order = |member: &str, value: Value| {
        let mut body = json!({ "person": PERSON, "purpose": "motor-claim", "datasets": ["vehicle-registration"] });
        body[member] = value;
        body
    };
    for (member, value, status, code) in [
        ("person", json!("A234567891"), 422, "mydata.person"),
        ("person", json!("A2345"), 422, "body.value"),
        ("purpose", json!("identity"), 422, "mydata.purpose"),
        ("datasets", json!(["income"]), 422, "mydata.dataset-unknown"),
        ("datasets", json!(["slip", "slip"]), 422, "mydata.dataset-unknown"),
        ("datasets", json!([]), 422, "body.value"),
        ("return_to", json!("https://app.example/mydata"), 422, "mydata.return-to"),
        ("return_to", json!("https://evil.example/"), 422, "mydata.return-to"),
        ("claim_id", json!("clm_01990000-0000-7000-8000-000000000000"), 404, "not-found"),
        ("more", json!(1), 422, "body.form"),
    ] {
        assert_eq!(desk.refused(&order(member, value)).await, (status, code.to_owned()), "{member}");
    }
    desk.test.stop().await;
    let test = TestGateway::start().await;
    let answer = post(&test.world.app, "/mydata/v1/transactions", &order("purpose", json!("motor-claim"))).await;
    assert_eq!((answer.status.as_u16(), must(answer.json("off"))["code"].as_str()), (501, Some("mydata.off")));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_of_an_accident_come_with_their_files_and_lists_are_read_again() {
    let desk = Desk::open().await;
    let slip = json!({
        "number": "11509A0001", "occurrence": { "on": "2026-09-01", "place": { "text": "示範路1號前" } },
        "unit": { "name": "示範分局" }, "parties": [{ "order": 1, "plate": "ABC-1234" }]
    });
    let file = |name: &str, bytes: &[u8]| DataFile { name: name.to_owned(), bytes: bytes.to_vec() };
    desk.platform
        .portal
        .put(SLIP, vec![file("slip.json", slip.to_string().as_bytes()), file("聯單.pdf", b"%PDF-1.7 made up")]);
    let begun = desk.ask(json!({ "datasets": ["slip"] })).await;
    desk.says(&begun, json!({})).await;
    let read = desk.until(&begun, "verified").await;
    assert_eq!(read["datasets"][0]["provider_registered"], false, "no subject is registered for it");
    let id: claimgate_gateway::id::MydataId = begun["transaction_id"].as_str().unwrap().parse().unwrap();
    let proved = must(mydata::documents(&desk.test.world.gateway.app.engine, id).await);
    assert_eq!(proved[0].documents[0].to_json().unwrap(), slip);
    assert_eq!((proved[0].files.len(), proved[0].files[0].name.as_str()), (1, "聯單.pdf"));
    // Without a list in force nothing is believed; the gateway notices that the folder changed.
    std::fs::remove_file(desk.platform.files.path().join("lists/root.crl")).unwrap();
    let mut reason = Value::Null;
    for _ in 0..50 {
        let begun = desk.ask(json!({ "datasets": ["slip"] })).await;
        desk.says(&begun, json!({})).await;
        for _ in 0..100 {
            let read = desk.read(&begun).await;
            if read["state"] == "refused" || read["state"] == "verified" {
                reason = read["reason"].clone();
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if reason == "revocation-unknown" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(reason, "revocation-unknown");
    // What no claim took is forgotten.
    desk.test.clock.advance(Duration::from_hours(73));
    let engine = &desk.test.world.gateway.app.engine;
    must(engine.store.forget_expired(desk.test.clock.now()).await);
    assert!(must(mydata::documents(engine, id).await).is_empty());
    desk.test.stop().await;
}
