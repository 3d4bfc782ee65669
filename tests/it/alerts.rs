//! Alerts: an endpoint goes off, somebody is told once by mail over a real SMTP server, and the end of it is told too.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::party::{Contact, ContactKind, Registration};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use claimgate_tests::TestGateway;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{get, must, post};
use claimgate_tests::kit::Kit;
use claimgate_tests::receiver::{Act, Receiver};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

fn kit() -> &'static Kit {
    static KIT: OnceLock<Kit> = OnceLock::new();
    KIT.get_or_init(|| Kit::install("smtp", Path::new(env!("CARGO_TARGET_TMPDIR"))))
}

/// A running mail server (aiosmtpd) and what came to it.
pub(crate) struct Post {
    child: Child,
    pub(crate) port: u16,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Post {
    pub(crate) fn start(busy: u32, secure: &[String]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&kit().python);
        command.arg(kit().folder.join("sink.py")).arg(port.to_string()).arg(busy.to_string()).args(secure);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut read = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        read.read_line(&mut first).unwrap();
        assert!(first.contains("ready"), "{first}");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in read.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, port, lines }
    }

    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Value> {
        for _ in 0..600 {
            let lines = self.lines.lock().unwrap().clone();
            if lines.len() >= count {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{count} mails did not come: {:?}", self.lines.lock().unwrap());
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway that mails to this server, whose life insurer has a contact.
async fn mailing(post: &Post, more: &[(&str, String)]) -> TestGateway {
    let mut settings = vec![
        ("CLAIMGATE_ALERTS__LOOK_SECONDS", "1".to_owned()),
        ("CLAIMGATE_MAIL__HOST", "localhost".to_owned()),
        ("CLAIMGATE_MAIL__PORT", post.port.to_string()),
        ("CLAIMGATE_MAIL__FROM", "claimgate@gateway.example".to_owned()),
        ("CLAIMGATE_MAIL__OPERATORS", "ops@gateway.example".to_owned()),
    ];
    settings.extend_from_slice(more);
    let test = TestGateway::start_with_settings(Clock::test(Clock::system().now()), &settings).await;
    let contact = Contact {
        kind: ContactKind::Technical,
        name: "林小美".to_owned(),
        email: "it@insurer.example".to_owned(),
        phone: None,
    };
    change(&test, |registration| registration.contacts = vec![contact.clone()]).await;
    test
}

async fn change(test: &TestGateway, how: impl FnOnce(&mut Registration)) {
    let engine = &test.world.gateway.app.engine;
    let id = test.life().client.id().parse().unwrap();
    let mut registration = must(engine.party_with_contacts(&id).await).unwrap().registration().clone();
    how(&mut registration);
    must(engine.replace_registration(&id, registration).await);
}

async fn open_alerts(test: &TestGateway, query: &str) -> Vec<Value> {
    let answer = get(&test.life().client, &format!("/insurer/v1/alerts{query}")).await;
    assert_eq!(answer.status, 200);
    answer.json("alerts").unwrap()["alerts"].as_array().unwrap().clone()
}

async fn wait_for_alert(test: &TestGateway, kind: &str) -> Value {
    for _ in 0..300 {
        if let Some(found) = open_alerts(test, "").await.into_iter().find(|alert| alert["kind"] == kind) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no alert {kind}: {:?}", open_alerts(test, "?closed=true").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_goes_off_is_told_of_once_and_its_return_too() {
    let mails = Post::start(1, &[]);
    let test = mailing(&mails, &[("CLAIMGATE_MAIL__TLS", "none".to_owned())]).await;
    let operator = test.operator("alice").await;
    let engine = &test.world.gateway.app.engine;
    let receiver = Receiver::start(Act::Status(410)).await;
    let party = test.life().client.id().parse().unwrap();
    must(engine.set_endpoint(&party, receiver.url(), (Content::Event, Scheme::Ed25519)).await);
    assert_eq!(test.push(&bytes(&case("ALERT-1")), &[]).await.status, 201);
    let alert = wait_for_alert(&test, "endpoint.gone").await;
    assert_eq!((&alert["party"], &alert["state"]), (&json!("insurer-life"), &json!("open")));

    // The server is busy for one of the two: that one comes a minute later.
    let first = mails.wait_for(2).await;
    assert_eq!(first.iter().filter(|mail| mail["busy"] == true).count(), 1);
    test.clock.advance(Duration::from_secs(61));
    let told: Vec<Value> = mails.wait_for(3).await.into_iter().filter(|mail| mail.get("busy").is_none()).collect();
    let mut to: Vec<&Value> = told.iter().map(|mail| &mail["to"][0]).collect();
    to.sort_by_key(ToString::to_string);
    assert_eq!(to, [&json!("it@insurer.example"), &json!("ops@gateway.example")]);
    for mail in &told {
        let text = mail["text"].as_str().unwrap();
        assert!(mail["subject"].as_str().unwrap().contains("endpoint.gone"), "{mail}");
        assert!(
            text.contains("已停止發送") && text.contains("switched off") && text.contains("insurer-life"),
            "{text}"
        );
        for private in ["林小美", "insurer.example", "whpk_", "A123456789", "tenant=7"] {
            assert!(!text.contains(private), "{private}: {text}");
        }
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(mails.wait_for(3).await.len(), 3, "each once");

    let id = alert["id"].as_str().unwrap();
    let path = format!("/operator/v1/alerts/{id}/acknowledge");
    for _ in 0..2 {
        assert_eq!(post(&operator, &path, &json!({})).await.json("alert").unwrap()["state"], "acknowledged");
    }
    let metrics = String::from_utf8(get(&operator, "/metrics").await.body).unwrap();
    assert!(metrics.contains("claimgate_alerts_open 1"), "{metrics}");

    // Sent to again: the alert is over, and both are told.
    receiver.does([], Act::Status(204));
    let resumed = post(&operator, "/operator/v1/parties/insurer-life/endpoint/resume", &json!({})).await;
    assert_eq!(resumed.json("endpoint").unwrap()["state"], "on");
    let all = mails.wait_for(5).await;
    assert!(all.iter().skip(3).all(|mail| mail["subject"].as_str().unwrap().contains("alert over")), "{all:?}");
    assert!(open_alerts(&test, "").await.is_empty());
    let closed = open_alerts(&test, "?closed=true").await;
    assert_eq!((closed.len(), &closed[0]["state"]), (1, &json!("closed")));
    assert_eq!(post(&operator, &path, &json!({})).await.status, 409);
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_endpoint_and_a_key_near_its_end_are_alerts_and_mail_goes_over_tls_after_a_login() {
    let desk = tempfile::tempdir().unwrap();
    let secure = certificates(desk.path());
    let mails = Post::start(0, &secure);
    let path = |name: &str| desk.path().join(name).display().to_string();
    std::fs::write(path("password"), "s3cret\n").unwrap();
    let settings = [
        ("CLAIMGATE_MAIL__AUTHORITIES", path("ca.pem")),
        ("CLAIMGATE_MAIL__USER", "claimgate".to_owned()),
        ("CLAIMGATE_MAIL__PASSWORD_FILE", path("password")),
    ];
    let mut test = mailing(&mails, &settings).await;
    let receiver = Receiver::start(Act::Status(500)).await;
    let party = test.life().client.id().parse().unwrap();
    let engine = &test.world.gateway.app.engine;
    must(engine.set_endpoint(&party, receiver.url(), (Content::Event, Scheme::Ed25519)).await);
    test.push(&bytes(&case("ALERT-2")), &[]).await;
    receiver.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(open_alerts(&test, "").await.is_empty(), "an hour has not passed");
    test.clock.advance(Duration::from_secs(3_700));
    for one in &mut test.world.insurers {
        must(one.client.authenticate().await);
    }
    wait_for_alert(&test, "endpoint.failing").await;
    let told = mails.wait_for(2).await;
    assert!(told.iter().all(|mail| mail["tls"] == true && mail["login"] == true), "{told:?}");

    let now = test.clock.now();
    change(&test, |registration| {
        let mut next = must(PrivateJwk::generate(KeyUse::Enc, KeyAlg::EcdhEsA256kw, None, now)).public();
        next.not_after = Some(now + jiff::SignedDuration::from_hours(5 * 24));
        let keys = registration.jwks["keys"].as_array_mut().unwrap();
        keys.retain(|key| key["use"] == "sig");
        keys.push(next.to_json());
    })
    .await;
    let alert = wait_for_alert(&test, "key.expires-7-days").await;
    assert_eq!(alert["subject"], "insurer-life enc");
    test.stop().await;
}

/// A certificate authority and a server's certificate by it, as files; what the server is started with.
fn certificates(folder: &Path) -> [String; 4] {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&server_key, &issuer).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("ca.pem"), pem("CERTIFICATE", authority.der())).unwrap();
    std::fs::write(path("server.pem"), pem("CERTIFICATE", server.der())).unwrap();
    std::fs::write(path("server.key"), pem("PRIVATE KEY", &server_key.serialize_der())).unwrap();
    [path("server.pem"), path("server.key"), "claimgate".to_owned(), "s3cret".to_owned()]
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
