//! The owner of a claim: hands in papers once for all insurers that ask, follows the claim on a page without scripts, shows who
//! it is by a wallet, and is told by webhook (`told`) and mail.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::party::Role;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::{app, insurer};
use claimgate_packet::evidence::{Document, Evidence, OwnerPaper};
use claimgate_packet::open::Opened;
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::gateway::{NewParty, get, must, open_all, post};
use claimgate_tests::kit::Kit;
use reqwest::Method;
use serde_json::{Value, json};

use crate::decisions::{is, said};
use crate::page::{Browser, Page, chromium};
use crate::wallets::{Desk, NUMBER};

mod told;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01";

/// A pushed case: its claim, its tracking code, the submissions of the life and the non-life insurer.
async fn pushed(test: &TestGateway, number: &str) -> (String, String, [String; 2]) {
    let answer = test.push(&bytes(&case(number)), &[]).await;
    let claim = answer.header("claimgate-claim-id").unwrap().to_owned();
    let code = answer.header("claimgate-tracking-code").unwrap().to_owned();
    let mut submissions = Vec::new();
    for client in [&test.life().client, &test.nonlife().client] {
        // A case before it may be there already: then the pull does not wait for this one.
        let mut after = 0;
        let found = loop {
            let page = must(insurer::pull(client, after, 5).await);
            if let Some(found) = page.iter().find(|one| one.claim_id == claim) {
                break found.submission_id.clone();
            }
            after = page.last().unwrap().position;
        };
        submissions.push(found);
    }
    (claim, code, submissions.try_into().unwrap())
}

async fn ask(client: &PartyClient, submission: &str, kinds: &[&str]) -> String {
    let documents: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
    let body = json!({ "documents": documents, "to": "person", "due_on": due(), "note": "請提供清晰影本" });
    let answer = post(client, &format!("/insurer/v1/submissions/{submission}/supplements"), &body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json("request").unwrap()["request_id"].as_str().unwrap().to_owned()
}

/// Two weeks from now.
fn due() -> String {
    let at = Clock::system().now() + Duration::from_hours(14 * 24);
    at.strftime("%Y-%m-%d").to_string()
}

fn paper(kind: &str, files: &[&[u8]]) -> Value {
    let files: Vec<String> = files.iter().map(|content| STANDARD.encode(content)).collect();
    json!({ "kind": kind, "files": files })
}

async fn hand_in(client: &PartyClient, claim: &str, request: &str, body: &Value) -> Answer {
    post(client, &format!("/claims/v1/claims/{claim}/requests/{request}/answer"), body).await
}

/// The person answers all that waits with one file.
async fn hand_in_bank_account(test: &TestGateway, claim: &str) {
    let asked = get(&test.world.app, &format!("/claims/v1/claims/{claim}/requests")).await.json("requests").unwrap();
    let ids: Vec<&Value> = asked["requests"].as_array().unwrap().iter().map(|one| &one["request_id"]).collect();
    let (first, also) = ids.split_first().unwrap();
    let body = json!({ "documents": [paper("bank-account", &[PDF])], "also": also });
    assert_eq!(hand_in(&test.world.app, claim, first.as_str().unwrap(), &body).await.status, 200);
}

/// Waits until an insurer has so many packets, and opens the newest.
async fn newest(test: &TestGateway, one: &Insurer, count: usize) -> Opened {
    for _ in 0..400 {
        let mut all = open_all(one, 0, test.clock.now()).await;
        if all.len() >= count {
            assert_eq!(all.len(), count);
            return all.pop().unwrap().1;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{count} packets did not come to {}", one.client.id());
}

fn papers<'a>(opened: &'a Opened) -> Vec<(&'a Evidence, &'a OwnerPaper)> {
    let paper = |evidence: &'a Evidence| match &evidence.document {
        Document::OwnerPaper(paper) => Some((evidence, &**paper)),
        _ => None,
    };
    opened.evidence.iter().filter_map(paper).collect()
}

async fn request_state(client: &PartyClient, submission: &str) -> Value {
    let all = get(client, &format!("/insurer/v1/submissions/{submission}/requests")).await.json("requests").unwrap();
    all["requests"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_answers_two_insurers_and_each_gets_its_own() {
    let test = TestGateway::start().await;
    let (claim, code, [life, nonlife]) = pushed(&test, "OWNER-1").await;
    let client = &test.world.app;
    assert_eq!(must(app::link(client, &code).await), claim);
    let first = ask(&test.life().client, &life, &["bank-account", "identity"]).await;
    let second = ask(&test.nonlife().client, &nonlife, &["bank-account"]).await;

    // What nobody asked for, what is no paper, what is not this app's.
    let wrong = |answer: Answer, code: &'static str| assert_eq!(said(&answer).1, code, "{}", answer.status);
    let odd = json!({ "documents": [paper("death-certificate", &[PDF])] });
    wrong(hand_in(client, &claim, &first, &odd).await, "request.papers");
    let zip = json!({ "documents": [paper("identity", &[b"PK\x03\x04aaaa"])] });
    wrong(hand_in(client, &claim, &first, &zip).await, "request.papers");
    wrong(hand_in(client, &claim, &first, &json!({ "documents": [] })).await, "request.papers");
    let broken = json!({ "documents": [{ "kind": "identity", "files": ["%%"] }] });
    assert_eq!(said(&hand_in(client, &claim, &first, &broken).await), is(422, "body.value", "/documents/0/files"));
    let other = NewParty { id: "app-other", role: Role::App, number: "24681357", lines: vec![], consent: false };
    let (other, _) = test.register(other).await;
    let mine = json!({ "documents": [paper("bank-account", &[PDF])], "also": [second], "note": "帳戶封面" });
    assert_eq!(hand_in(&other, &claim, &first, &mine).await.status, 404);
    assert_eq!(request_state(&test.life().client, &life).await["state"], "requested", "nothing was kept");

    let answered = hand_in(client, &claim, &first, &mine).await;
    assert_eq!(answered.status, 200, "{}", String::from_utf8_lossy(&answered.body));
    let states = answered.json("answered").unwrap();
    assert_eq!(
        (&states["requests"][0]["state"], &states["requests"][1]["state"]),
        (&json!("partly-answered"), &json!("answered"))
    );
    let again = hand_in(client, &claim, &first, &json!({ "documents": [paper("bank-account", &[PDF])] })).await;
    assert_eq!(again.json("again").unwrap()["requests"][0]["state"], "partly-answered", "the same again");

    // Each has its own document with the same file, and hears nothing of the other.
    for (one, submission, request) in [(test.life(), &life, &first), (test.nonlife(), &nonlife, &second)] {
        let opened = newest(&test, one, 2).await;
        let [(evidence, paper)] = papers(&opened).try_into().unwrap_or_else(|_| panic!("one paper"));
        assert_eq!((paper.insurer.as_str(), paper.request.as_str()), (one.client.id(), request.as_str()));
        assert_eq!((paper.asked_for.as_str(), paper.channel.as_str()), ("bank-account", "app"));
        assert_eq!((evidence.verified.method.as_str(), evidence.verified.result.as_str()), ("handed-in", "unverified"));
        assert_eq!(evidence.attachments[0].bytes, u64::try_from(PDF.len()).unwrap());
        assert!(opened.evidence.iter().any(|one| one.document.kind() == "medical-receipt"), "beside the hospital's");
        assert_eq!(request_state(&one.client, submission).await["answer"]["note"], "帳戶封面");
    }
    let rest = json!({ "documents": [paper("identity", &[JPEG, PDF])] });
    let whole = hand_in(client, &claim, &first, &rest).await;
    assert_eq!(whole.json("whole").unwrap()["requests"][0]["state"], "answered");
    let over = hand_in(client, &claim, &first, &json!({ "documents": [paper("identity", &[b"%PDF-other"])] })).await;
    assert_eq!(said(&over).1, "request.invalid-step");
    let opened = newest(&test, test.life(), 3).await;
    assert_eq!(papers(&opened).len(), 2);

    // What the person handed in stays, whatever the hospital sends next; the hospital's own number of revisions is its own.
    let mut bundle = case("OWNER-1");
    resource(&mut bundle, "Condition")["note"] = json!([{ "text": "宜休養二週" }]);
    let next = test.push(&bytes(&bundle), &[]).await;
    assert_eq!((next.status.as_u16(), next.header("etag")), (201, Some("W/\"2\"")));
    let opened = newest(&test, test.life(), 4).await;
    assert_eq!(papers(&opened).len(), 2);
    let seen = must(app::timeline(client, &claim).await);
    assert!(!seen.to_string().contains("帳戶封面"), "no text in the timeline");
    let on_turn: Vec<&Value> = seen["on_turn"].as_array().unwrap().iter().map(|turn| &turn["who"]).collect();
    assert!(!on_turn.contains(&&json!("person")), "{on_turn:?}");
    for secret in ["帳戶封面", "%PDF-1.7"] {
        assert!(!test.kept().holds(secret.as_bytes()).await, "in the database: {secret}");
    }
    test.stop().await;
}

/// The session's page, opened by a link an app asked for.
async fn by_link(test: &TestGateway, claim: &str) -> (Browser, Page, String) {
    let asked = post(&test.world.app, &format!("/claims/v1/claims/{claim}/page"), &json!({ "language": "en" })).await;
    assert_eq!(asked.status, 201);
    let link = asked.json("page").unwrap()["link"].as_str().unwrap().to_owned();
    let path = format!("/owner/link/{}", link.rsplit('/').next().unwrap());
    let mut browser = Browser::new(test);
    let page = browser.send(&path, &BTreeMap::new()).await;
    (browser, page, path)
}

/// A form with files as a browser sends it.
fn multipart(token: &str, files: &[(&str, &[u8])], more: &[(&str, &str)]) -> (&'static str, Vec<u8>) {
    let mut body = Vec::new();
    let mut part = |head: String, content: &[u8]| {
        body.extend_from_slice(format!("--xYz\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    part("name=\"token\"".to_owned(), token.as_bytes());
    for (name, content) in files {
        part(format!("name=\"{name}\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg"), content);
    }
    for (name, value) in more {
        part(format!("name=\"{name}\""), value.as_bytes());
    }
    body.extend_from_slice(b"--xYz--\r\n");
    ("multipart/form-data; boundary=xYz", body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_opens_by_link_once_and_answers_without_scripts() {
    let test = TestGateway::start().await;
    let (claim, code, [life, nonlife]) = pushed(&test, "OWNER-2").await;
    let asked = post(&test.world.app, &format!("/claims/v1/claims/{claim}/page"), &json!({})).await;
    assert_eq!(asked.status, 404, "not linked");
    must(app::link(&test.world.app, &code).await);
    ask(&test.life().client, &life, &["bank-account", "identity"]).await;
    ask(&test.nonlife().client, &nonlife, &["bank-account"]).await;

    let (mut browser, page, path) = by_link(&test, &claim).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.policy.contains("connect-src 'self'") && !page.policy.contains("unsafe"));
    assert!(page.text.contains("lang=\"en\"") && page.text.contains("Papers you are asked for"));
    assert_eq!(page.text.matches("name=\"file-bank-account\"").count(), 1, "asked by two, once on the page");
    assert!(page.text.contains("name=\"file-identity\"") && page.text.contains("請提供清晰影本"));
    assert_eq!(Browser::new(&test).send(&path, &BTreeMap::new()).await.status, 410, "a second browser");
    let token = page.token();

    // A form that is not ours, and files that are none, change nothing.
    let upload = |token: &str, files: &[(&str, &[u8])], more: &[(&str, &str)]| Some(multipart(token, files, more));
    let foreign = upload("x", &[("file-bank-account", JPEG)], &[]);
    assert_eq!(browser.go_with(Method::POST, "/owner/papers", foreign).await.0.status, 403);
    let (zip, _) = browser
        .go_with(Method::POST, "/owner/papers", upload(&token, &[("file-bank-account", b"PK\x03\x04")], &[]))
        .await;
    assert_eq!(zip.status, 422);
    assert!(zip.text.contains("no photo"), "{}", zip.text);
    let (none, _) =
        browser.go_with(Method::POST, "/owner/papers", upload(&token, &[("file-identity", b"")], &[])).await;
    assert!(none.status == 422 && none.text.contains("Choose at least one file"));
    assert_eq!(request_state(&test.life().client, &life).await["state"], "requested");

    // The other language, then both papers at once: two insurers are answered.
    let chinese = BTreeMap::from([("token", token.as_str()), ("step", "language-zh-TW")]);
    assert!(browser.send("/owner", &chinese).await.text.contains("請補件"));
    let files: [(&str, &[u8]); 3] = [("file-bank-account", PDF), ("file-identity", JPEG), ("file-identity", PDF)];
    let sent = browser.go_with(Method::POST, "/owner/papers", upload(&token, &files, &[("note", "已附")])).await;
    assert_eq!((sent.0.status, sent.1.as_deref()), (303, Some("/owner?done=papers")), "{}", sent.0.text);
    let after = browser.go(Method::GET, "/owner?done=papers", None).await.0;
    assert!(after.text.contains("文件已收到") && !after.text.contains("請補件"), "{}", after.text);
    for (client, submission) in [(&test.life().client, &life), (&test.nonlife().client, &nonlife)] {
        assert_eq!(request_state(client, submission).await["state"], "answered");
    }
    let opened = newest(&test, test.life(), 2).await;
    assert_eq!(papers(&opened).iter().map(|(_, paper)| paper.channel.as_str()).collect::<Vec<_>>(), ["page", "page"]);
    assert_eq!(papers(&newest(&test, test.nonlife(), 2).await).len(), 1);

    // The device goes to somebody else.
    let close = BTreeMap::from([("token", token.as_str()), ("step", "close")]);
    assert_eq!(browser.send("/owner", &close).await.status, 200);
    let over = browser.go(Method::GET, "/owner", None).await.0;
    assert!(over.status == 200 && over.text.contains("name=\"code\"") && !over.text.contains("insurer"));
    let (forbidden, _) = browser.go_with(Method::POST, "/owner/papers", upload(&token, &files, &[])).await;
    assert_eq!(forbidden.status, 403);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_a_page_and_stays_good_for_the_app_that_ends_it() {
    let test = TestGateway::start().await;
    let (claim, code, _) = pushed(&test, "OWNER-3").await;
    let mut browser = Browser::new(&test);
    assert!(browser.go(Method::GET, "/owner?lang=en", None).await.0.text.contains("Tracking code"));
    let wrong = BTreeMap::from([("code", "00000-00000-00000-00000-00000"), ("language", "en")]);
    let refused = browser.send("/owner", &wrong).await;
    assert!(refused.status == 404 && refused.text.contains("unknown") && refused.text.contains("code-wrong"));
    let typed = code.to_lowercase();
    let typed = BTreeMap::from([("code", typed.as_str()), ("language", "zh-TW")]);
    let page = browser.send("/owner", &typed).await;
    assert!(page.status == 200 && page.text.contains("輪到誰"), "{}", page.text);
    assert!(!page.text.contains(&code) && !page.text.contains("王"), "neither the code nor a name");
    let news = browser.go(Method::GET, "/owner/news", None).await.0;
    assert!(news.text.parse::<i64>().unwrap() > 0, "{}", news.text);

    // The code was not used up: the app takes it, and from then on it opens no page. The session that lasts goes on.
    assert_eq!(must(app::link(&test.world.app, &code).await), claim);
    assert_eq!(Browser::new(&test).send("/owner", &typed).await.status, 404);
    assert_eq!(browser.go(Method::GET, "/owner", None).await.0.status, 200);
    let other = BTreeMap::from([("token", "x"), ("step", "close")]);
    assert_eq!(browser.send("/owner", &other).await.status, 403, "a form that is not ours");
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_shows_who_the_person_is_and_the_papers_say_so() {
    let desk = Desk::trusting("health-claim", Clock::system(), &[]).await;
    let test = &desk.test;
    let mut bundle = case("OWNER-4");
    for identifier in resource(&mut bundle, "Patient")["identifier"].as_array_mut().unwrap() {
        if identifier["type"]["coding"][0]["code"] == "NNxxx" {
            identifier["value"] = json!(NUMBER);
        }
    }
    let answer = test.push(&bytes(&bundle), &[]).await;
    let code = answer.header("claimgate-tracking-code").unwrap().to_owned();
    let submission = must(insurer::pull(&test.life().client, 0, 5).await).remove(0).submission_id;
    ask(&test.life().client, &submission, &["identity"]).await;
    let mut browser = Browser::new(test);
    let page = browser.send("/owner", &BTreeMap::from([("code", code.as_str())])).await;
    let token = page.token();
    let ask_wallet = BTreeMap::from([("token", token.as_str()), ("step", "wallet")]);
    let link = |page: &Page| {
        let (_, rest) = page.text.split_once("<a href=\"haip-vp:").unwrap();
        format!("haip-vp:{}", rest.split('"').next().unwrap()).replace("&amp;", "&")
    };
    let asking = browser.send("/owner", &ask_wallet).await;
    assert!(asking.text.contains("<svg") && asking.text.contains("每 4 秒"), "{}", asking.text);

    // Somebody else's wallet does not count.
    let now = test.clock.now();
    assert_eq!(must(desk.wallet("A123456789", None).answer(&link(&asking), now).await).status, 200);
    assert!(browser.go(Method::GET, "/owner", None).await.0.text.contains("不符或無法比對"));
    let asking = browser.send("/owner", &ask_wallet).await;
    assert_eq!(must(desk.wallet(NUMBER, None).answer(&link(&asking), now).await).status, 200);
    let known = browser.go(Method::GET, "/owner", None).await.0;
    assert!(known.text.contains("已由皮夾確認"), "{}", known.text);
    assert!(!known.text.contains("陳筱玲") && !known.text.contains(NUMBER), "nothing of the person is shown");

    let upload = Some(multipart(&token, &[("file-identity", JPEG)], &[]));
    assert_eq!(browser.go_with(Method::POST, "/owner/papers", upload).await.0.status, 303);
    let opened = newest(test, test.life(), 2).await;
    assert_eq!(papers(&opened)[0].1.identified_by.as_deref(), Some("wallet"));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_used_in_a_browser_at_two_widths_and_asks_no_other_host() {
    let Some(program) = chromium() else {
        println!("skipped: there is no Chromium (deploy/prepare test)");
        return;
    };
    let test = TestGateway::start().await;
    let (_, code, [life, nonlife]) = pushed(&test, "OWNER-5").await;
    ask(&test.life().client, &life, &["bank-account", "identity"]).await;
    ask(&test.nonlife().client, &nonlife, &["bank-account"]).await;
    let address = format!("{}/owner", test.world.gateway.base_url());
    let output = tokio::task::spawn_blocking(move || {
        let kit = Kit::install("browser", Path::new(env!("CARGO_TARGET_TMPDIR")));
        // The pictures stay there for people to look at.
        let pictures = kit.folder.join("owner-pictures");
        std::fs::create_dir_all(&pictures).unwrap();
        let photo = pictures.join("photo.jpg");
        std::fs::write(&photo, JPEG).unwrap();
        let paths = [&pictures, &photo].map(|path| path.display().to_string());
        let arguments = [address, code, program.to_owned()];
        Command::new("node").arg(kit.folder.join("owner.mjs")).args(arguments).args(paths).output().unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("{seen:#}");
    let own = test.world.gateway.base_url().trim_start_matches("http://").to_owned();
    assert_eq!(seen["hosts"], json!([own]), "no other host is asked for anything");
    assert_eq!((&seen["errors"], &seen["violations"]), (&json!([]), &json!([])));
    assert_eq!((&seen["language"], &seen["notice"]), (&json!("en"), &json!(true)));
    assert_eq!((&seen["statuses"]["wrong"], &seen["news"]), (&json!(422), &json!("")));
    let sizes = seen["pictures"].as_object().unwrap();
    assert!(sizes.len() == 10 && sizes.values().all(|size| size.as_u64().unwrap() > 2_000), "{sizes:?}");
    let (weight, load) = (seen["weight"].as_u64().unwrap(), seen["load"].as_f64().unwrap());
    println!("the page: {weight} bytes with style and script, loaded in {load:.0} ms");
    assert!(weight < 60_000, "{weight}");
    for (client, submission) in [(&test.life().client, &life), (&test.nonlife().client, &nonlife)] {
        assert_eq!(request_state(client, submission).await["state"], "answered");
    }
    test.stop().await;
}
