//! The page a patient applies on: by forms as a browser without scripts sends them, by a wallet, and in Chromium.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use claimgate_gateway::clock::Clock;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, post, pull_all};
use claimgate_tests::kit::Kit;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::application::gateway;
use crate::wallets::{Desk, NUMBER};

/// A browser without scripts: it keeps its cookie and sends what the form holds.
pub(crate) struct Browser {
    client: reqwest::Client,
    base: String,
    cookie: Option<String>,
}

/// A page as it came.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) policy: String,
}

impl Page {
    /// What a form field of the page holds: hidden ones, lines, texts.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"token\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    #[expect(clippy::disallowed_methods, reason = "a browser has a cookie and no token")]
    pub(crate) fn new(test: &TestGateway) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, base: test.world.gateway.base_url().to_owned(), cookie: None }
    }

    pub(crate) async fn go(&mut self, method: Method, path: &str, body: Option<String>) -> (Page, Option<String>) {
        let kind = "application/x-www-form-urlencoded";
        self.go_with(method, path, body.map(|body| (kind, body.into_bytes()))).await
    }

    pub(crate) async fn go_with(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> (Page, Option<String>) {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
        }
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if let Some(cookie) = header("set-cookie") {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        let (status, to) = (answer.status().as_u16(), header("location"));
        let policy = header("content-security-policy").unwrap_or_default();
        (Page { status, text: answer.text().await.unwrap(), policy }, to)
    }

    async fn show(&mut self) -> Page {
        self.go(Method::GET, "/apply", None).await.0
    }

    /// Sends a form, and follows where it leads.
    pub(crate) async fn send(&mut self, path: &str, fields: &BTreeMap<&str, &str>) -> Page {
        let (page, to) = self.go(Method::POST, path, Some(encoded(fields))).await;
        match to {
            Some(to) => self.go(Method::GET, &to, None).await.0,
            None => page,
        }
    }
}

fn encoded(fields: &BTreeMap<&str, &str>) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let mut text = String::new();
    for (name, value) in fields {
        let _ = write!(text, "{}{name}=", if text.is_empty() { "" } else { "&" });
        for byte in value.bytes() {
            let _ = if plain(byte) { write!(text, "{}", char::from(byte)) } else { write!(text, "%{byte:02X}") };
        }
    }
    text
}

/// What a patient types.
fn typed() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("insured-name", "王小明"),
        ("insured-birth", "1990-04-22"),
        ("insured-kind", "national-id"),
        ("insured-number", NUMBER),
        ("capacity", "insured"),
        ("cause", "accident"),
        ("accident-at", "2026-01-02"),
        ("accident-told", "跌倒"),
        ("bank", "822"),
        ("account", "123456789012"),
        ("holder", "王小明"),
        ("to-0", "yes"),
        ("share-0", "yes"),
        ("document-0-diagnosis-certificate", "yes"),
        ("document-0-medical-receipt", "yes"),
    ])
}

async fn asked(test: &TestGateway, number: &str) -> Value {
    let body = json!({
        "case_system": "https://hospital.example/case", "case_number": number, "channel": "bedside",
        "insured": { "name": "王<b>小明", "birth_date": "1990-04-22", "identifiers": [] },
        "offered": [{ "party": "insurer-life", "line": "health-reimbursement" },
            { "party": "insurer-nonlife", "line": "accident" }] });
    let answer = post(&test.world.hospital, "/hospital/v1/application-pages", &body).await;
    must(must(answer.expect("page", 201)).json("page"))
}

fn path(page: &Value) -> String {
    let link = page["link"].as_str().unwrap();
    format!("/apply/link/{}", link.rsplit('/').next().unwrap())
}

async fn state(test: &TestGateway, page: &Value) -> Value {
    let path = format!("/hospital/v1/application-pages/{}", page["id"].as_str().unwrap());
    must(get(&test.world.hospital, &path).await.json("state"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_one_session_and_what_is_typed_is_kept_until_it_is_signed() {
    let test = gateway().await;
    let page = asked(&test, "PAGE-1").await;
    let (link, mut browser) = (path(&page), Browser::new(&test));
    // Looking uses nothing up: a preview or a scanner is no session.
    for language in ["", "?lang=en"] {
        let (looked, _) = browser.go(Method::GET, &format!("{link}{language}"), None).await;
        assert_eq!(looked.status, 200);
        assert!(looked.policy.contains("frame-ancestors 'none'") && !looked.policy.contains("unsafe"));
    }
    assert_eq!(state(&test, &page).await["state"], "waiting");
    assert_eq!(browser.show().await.status, 403, "no session, no page");
    let begun = browser.send(&link, &BTreeMap::new()).await;
    assert_eq!(begun.status, 200);
    assert!(
        begun.text.contains("王&lt;b&gt;小明") && !begun.text.contains("<b>小明"),
        "what the hospital knows, as text"
    );
    assert!(begun.text.contains("lang=\"zh-TW\""));
    let mut second = Browser::new(&test);
    assert_eq!(second.send(&link, &BTreeMap::new()).await.status, 410, "a second browser");
    assert_eq!(state(&test, &page).await["state"], "open");

    // A form that is not ours changes nothing.
    let token = begun.token();
    let mut fields = typed();
    fields.insert("step", "review");
    assert_eq!(browser.send("/apply", &fields).await.status, 403);
    fields.insert("token", "x");
    assert_eq!(browser.send("/apply", &fields).await.status, 403);
    fields.insert("token", &token);

    // All that is wrong at once, and nothing typed is lost.
    for (name, value) in [("bank", "82"), ("accident-at", ""), ("to-0", ""), ("insured-birth", "2015-01-01")] {
        fields.insert(name, value);
    }
    let wrong = browser.send("/apply", &fields).await;
    assert_eq!(wrong.status, 422);
    for id in ["bank-wrong", "accident-at-wrong", "to-0-wrong", "capacity-wrong"] {
        assert!(wrong.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(wrong.text.contains("value=\"82\"") && wrong.text.contains("跌倒"));
    assert!(wrong.text.contains("未滿十八歲"), "in the language of the page");
    fields.insert("step", "language-en");
    let english = browser.send("/apply", &fields).await;
    assert!(english.text.contains("lang=\"en\"") && english.text.contains("跌倒"), "typed and not lost");

    let mut fields = typed();
    fields.extend([("step", "review"), ("token", token.as_str())]);
    let review = browser.send("/apply", &fields).await;
    assert_eq!(review.status, 200);
    assert!(review.text.contains("Assessment") || review.text.contains("assessment"));
    assert!(!review.text.contains("agree-1"), "nobody who is not chosen");

    // Without agreeing and a signature nothing is sent.
    let bare = BTreeMap::from([("token", token.as_str()), ("step", "sign"), ("sign", "typed")]);
    let unsigned = browser.send("/apply", &bare).await;
    assert_eq!(unsigned.status, 422);
    for id in ["agree-form-wrong", "agree-0-wrong", "confirm-wrong", "sign-wrong"] {
        assert!(unsigned.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    let mut sign = bare;
    sign.extend([("agree-form", "yes"), ("agree-0", "yes"), ("confirm", "王 小明"), ("witness-1", "護理師 甲")]);
    let sent = browser.send("/apply", &sign).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert!(sent.text.contains("Has not received anything yet"), "{}", sent.text);
    let signed = state(&test, &page).await;
    assert_eq!(signed["state"], "signed");

    // The documents come; the insurer receives, the patient sees it and takes the rest back.
    let id = signed["application_id"].as_str().unwrap();
    let applied = must(get(&test.world.hospital, &format!("/hospital/v1/applications/{id}")).await.json("application"));
    assert_eq!(applied["recipients"].as_array().unwrap().len(), 1);
    let withdraw = BTreeMap::from([("token", token.as_str()), ("withdraw", "insurer-life")]);
    let after = browser.send("/apply", &withdraw).await;
    assert!(after.text.contains("nothing was sent"), "{}", after.text);
    // The tablet goes to the next patient.
    let close = BTreeMap::from([("token", token.as_str()), ("step", "close")]);
    assert_eq!(browser.send("/apply", &close).await.status, 200);
    assert_eq!(browser.show().await.status, 403);
    assert_eq!(state(&test, &page).await["state"], "signed");
    for secret in ["王小明", NUMBER, "123456789012", "跌倒"] {
        assert!(!test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_signed_sends_the_documents_and_a_link_ends() {
    let test = gateway().await;
    let mut refused = json!({ "case_number": "PAGE-2", "channel": "phone" });
    let answer = post(&test.world.hospital, "/hospital/v1/application-pages", &refused).await;
    assert_eq!(answer.status, 422, "by telephone there is no page");
    refused["channel"] = json!("counter");
    refused["offered"] = json!([{ "party": "insurer-unknown", "line": "life" }]);
    let answer = post(&test.world.hospital, "/hospital/v1/application-pages", &refused).await;
    assert_eq!(answer.json("problem").unwrap()["code"], "application.recipient");

    let page = asked(&test, "PAGE-2").await;
    let mut browser = Browser::new(&test);
    let token = browser.send(&path(&page), &BTreeMap::new()).await.token();
    // The patient of the documents, who cannot sign: two witnesses.
    let mut bundle = case("PAGE-2");
    let patient = crate::application::application("PAGE-2")["insured"].clone();
    let (name, number) = (patient["name"].as_str().unwrap(), patient["identifiers"][0]["value"].as_str().unwrap());
    let mut fields = typed();
    fields.extend([("insured-name", name), ("insured-number", number), ("holder", name)]);
    fields.extend([("insured-birth", patient["birth_date"].as_str().unwrap()), ("token", &token), ("step", "review")]);
    assert_eq!(browser.send("/apply", &fields).await.status, 200);
    let mut sign = BTreeMap::from([("token", token.as_str()), ("step", "sign"), ("sign", "thumbprint")]);
    sign.extend([("agree-form", "yes"), ("agree-0", "yes"), ("witness-1", "護理師 甲")]);
    assert_eq!(browser.send("/apply", &sign).await.status, 422, "one witness is too few");
    sign.insert("witness-2", "社工師 乙");
    assert_eq!(browser.send("/apply", &sign).await.status, 200);
    claimgate_tests::bundles::resource(&mut bundle, "Condition")["note"] = json!([{ "text": "宜休養一週" }]);
    assert_eq!(test.push(&bytes(&bundle), &[]).await.status, 201);
    pull_all(&test.life().client, 1).await;
    let (_, packet) = claimgate_tests::gateway::open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
    let kinds: Vec<&str> = packet.evidence.iter().map(|one| one.document.kind()).collect();
    assert!(kinds.contains(&"consent") && kinds.contains(&"medical-receipt"), "{kinds:?}");
    assert!(!kinds.contains(&"lab-report"), "what was switched off: {kinds:?}");
    assert!(packet.recipient.coordination.is_some(), "what was switched on");
    assert!(browser.show().await.text.contains("已於下列時間收到文件"));
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_signed_once_however_often_it_is_sent_and_nothing_is_agreed_to_beforehand() {
    let test = gateway().await;
    let page = asked(&test, "PAGE-4").await;
    let mut browser = Browser::new(&test);
    let token = browser.send(&path(&page), &BTreeMap::new()).await.token();
    let mut fields = typed();
    fields.extend([("token", token.as_str()), ("step", "review")]);
    assert!(browser.send("/apply", &fields).await.text.contains("agree-form"));
    // Ticked and named, not signed yet: back, and what was agreed to is another text.
    let mut sign = BTreeMap::from([("token", token.as_str()), ("step", "back"), ("sign", "typed")]);
    sign.extend([("agree-form", "yes"), ("agree-0", "yes"), ("confirm", "王 小明"), ("witness-1", "護理師 甲")]);
    browser.send("/apply", &sign).await;
    fields.insert("account", "999999999999");
    let review = browser.send("/apply", &fields).await;
    assert!(review.text.contains("999999999999"), "{}", review.text);
    assert!(!review.text.contains("checked") && !review.text.contains("王 小明"), "{}", review.text);
    assert!(!review.text.contains("護理師"), "{}", review.text);

    // Sent eight times at once.
    sign.insert("step", "sign");
    let cookie = browser.cookie.clone().unwrap();
    let sent = (0..8).map(|_| {
        let request = browser.client.post(format!("{}/apply", browser.base)).header("cookie", &cookie);
        request.header("content-type", "application/x-www-form-urlencoded").body(encoded(&sign)).send()
    });
    for answer in futures_util::future::join_all(sent).await {
        assert_eq!(answer.unwrap().status(), 303);
    }
    assert_eq!(test.kept().number("select count(*) from application").await, 1);
    let signed = state(&test, &page).await;
    assert_eq!(signed["state"], "signed");
    let kept = format!("/hospital/v1/applications/{}", signed["application_id"].as_str().unwrap());
    assert_eq!(get(&test.world.hospital, &kept).await.status, 200);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_signs_what_the_page_holds_and_nothing_else() {
    let desk = Desk::trusting("health-claim", Clock::system(), &[]).await;
    let page = asked(&desk.test, "PAGE-3").await;
    let mut browser = Browser::new(&desk.test);
    let token = browser.send(&path(&page), &BTreeMap::new()).await.token();
    let mut fields = typed();
    fields.extend([("token", token.as_str()), ("step", "review")]);
    let review = browser.send("/apply", &fields).await;
    assert!(review.text.contains("value=\"wallet\""), "a wallet may sign here");
    let mut sign = BTreeMap::from([("token", token.as_str()), ("step", "wallet"), ("sign", "wallet")]);
    sign.extend([("agree-form", "yes"), ("agree-0", "yes")]);
    let asking = browser.send("/apply", &sign).await;
    let wallet_link = |page: &Page| {
        let (_, rest) = page.text.split_once("<a href=\"haip-vp:").unwrap();
        format!("haip-vp:{}", rest.split('"').next().unwrap()).replace("&amp;", "&")
    };
    let link = wallet_link(&asking);
    sign.insert("step", "sign");
    assert_eq!(browser.send("/apply", &sign).await.status, 422, "it has not answered");
    let now = desk.test.clock.now();
    assert_eq!(must(desk.wallet("A123456789", None).answer(&link, now).await).status, 200);
    assert_eq!(browser.send("/apply", &sign).await.status, 422, "it is another person's");

    sign.insert("step", "wallet");
    let link = wallet_link(&browser.send("/apply", &sign).await);
    let wallet = desk.wallet(NUMBER, None);
    let request = must(wallet.open(&link).await);
    assert!(request.consents()[0]["application"].is_string(), "{:?}", request.consents());
    let body = must(wallet.present(&request, &[], now));
    assert_eq!(must(wallet.send(&request, &body).await).status, 200);
    // What was changed since is not what was signed.
    sign.insert("step", "back");
    browser.send("/apply", &sign).await;
    let mut other = fields.clone();
    other.insert("account", "999999999999");
    browser.send("/apply", &other).await;
    sign.insert("step", "sign");
    assert_eq!(browser.send("/apply", &sign).await.status, 422);
    sign.insert("step", "back");
    browser.send("/apply", &sign).await;
    browser.send("/apply", &fields).await;
    sign.insert("step", "sign");
    assert_eq!(browser.send("/apply", &sign).await.status, 200);
    assert_eq!(state(&desk.test, &page).await["state"], "signed");
    desk.test.stop().await;
}

/// Chromium, where it is installed.
pub(crate) fn chromium() -> Option<&'static str> {
    ["/usr/bin/chromium", "/usr/bin/google-chrome"].into_iter().find(|program| Path::new(program).exists())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_filled_in_and_signed_in_a_browser() {
    let Some(program) = chromium() else {
        println!("skipped: there is no Chromium (deploy/prepare test)");
        return;
    };
    let test = gateway().await;
    let page = asked(&test, "PAGE-4").await;
    let link = format!("{}{}", test.world.gateway.base_url(), path(&page));
    // The pictures stay there for people to look at.
    let output = tokio::task::spawn_blocking(move || {
        let kit = Kit::install("browser", Path::new(env!("CARGO_TARGET_TMPDIR")));
        let pictures = kit.folder.join("pictures");
        std::fs::create_dir_all(&pictures).unwrap();
        let arguments = [link, pictures.display().to_string(), program.to_owned()];
        Command::new("node").arg(kit.folder.join("page.mjs")).args(arguments).output().unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("{seen:#}");
    let own = test.world.gateway.base_url().trim_start_matches("http://").to_owned();
    assert_eq!(seen["hosts"], json!([own]), "no other host is asked for anything");
    assert_eq!((&seen["errors"], &seen["violations"]), (&json!([]), &json!([])));
    assert_eq!((&seen["language"], &seen["kept"], &seen["drawn"]), (&json!("en"), &json!("王小明"), &json!(true)));
    assert_eq!(seen["faults"], json!(["to-0-wrong", "bank-wrong"]));
    let sizes = seen["pictures"].as_object().unwrap();
    assert!(sizes.len() == 12 && sizes.values().all(|size| size.as_u64().unwrap() > 2_000), "{sizes:?}");
    assert_eq!((&seen["statuses"]["wrong"], &seen["statuses"]["second"]), (&json!(422), &json!(410)));
    assert_eq!(state(&test, &page).await["state"], "signed");
    test.stop().await;
}
