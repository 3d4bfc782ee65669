//! TLS of the gateway's own listener, client certificates (RFC 8705), and what no handshake can do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use claimgate_gateway::access::dpop::{self, Draft};
use claimgate_gateway::party::TokenRule;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_tests::gateway::must;
use rcgen::KeyPair;
use serde_json::{Value, json};

mod desk;

use desk::{Authority, Desk, claims_of, http, key_of, pem_of};

const LIST: &str = "/insurer/v1/deliveries";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_authority_gets_a_token_that_is_worth_nothing_without_it() {
    let desk = Desk::start(&[]).await;
    let subject = "CN=claims,O=安心人壽\\, Inc.";
    desk.insurer("insurer-mtls", "04595257", json!({ "subject_dn": subject }), None).await;
    let own = desk.authority.client("claims", Some("claims.anxin.example"), 2040);
    let shown = http(&desk, Some(&own));
    let (status, token) = desk.ask(&shown, &[("client_id", "insurer-mtls")]).await;
    assert_eq!((status, &token["token_type"]), (200, &json!("Bearer")), "{token}");
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims_of(&token)["cnf"], json!({ "x5t#S256": sha256_text(&own.der) }));
    assert_eq!(desk.list(&shown, &token).await, (200, String::new()));

    // Stolen: on a connection without the certificate, or with another of the same authority and name.
    let bare = http(&desk, None);
    let twin = http(&desk, Some(&desk.authority.client("claims", Some("claims.anxin.example"), 2040)));
    for thief in [&bare, &twin] {
        assert_eq!(desk.list(thief, &token).await, (401, "token.certificate".to_owned()));
    }
    // The twin is the same party by its name, and gets a token of its own.
    assert_eq!(desk.ask(&twin, &[("client_id", "insurer-mtls")]).await.0, 200);

    let stranger = Authority::new();
    let rogue = stranger.client("claims", Some("claims.anxin.example"), 2040);
    let refused = [
        ("no certificate", None),
        ("another subject", Some(desk.authority.client("claim", None, 2040))),
        ("another authority", Some(rogue)),
        ("ended", Some(desk.authority.client("claims", None, 2025))),
        ("self-signed", Some(desk::self_signed(&KeyPair::generate().unwrap(), 2040))),
    ];
    for (what, certificate) in refused {
        let (status, answer) = desk.ask(&http(&desk, certificate.as_ref()), &[("client_id", "insurer-mtls")]).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "{what}");
    }
    for other in ["insurer-life", "nobody-here", "-", "hospital-demo"] {
        let (status, answer) = desk.ask(&shown, &[("client_id", other)]).await;
        assert_eq!((status, &answer["error"]), (401, &json!("invalid_client")), "{other}");
    }
    // One way alone: its key for receipts is no way in.
    let assertion = desk.assertion("insurer-mtls");
    let (status, _) = desk.ask(&shown, &desk::with_assertion(&assertion)).await;
    assert_eq!(status, 401);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_name_of_a_certificate_can_be_the_registered_one() {
    let desk = Desk::start(&[]).await;
    let own = desk.authority.client("claims", Some("claims.anxin.example"), 2040);
    let shown = http(&desk, Some(&own));
    let rules = [
        ("insurer-dns", "04595257", json!({ "san_dns": "claims.anxin.example" }), 200),
        ("insurer-uri", "22099131", json!({ "san_uri": "urn:claims.anxin.example" }), 401),
        ("insurer-ip", "10000009", json!({ "san_ip": "192.0.2.7" }), 401),
    ];
    for (id, number, rule, expected) in rules {
        desk.insurer(id, number, rule, None).await;
        assert_eq!(desk.ask(&shown, &[("client_id", id)]).await.0, expected, "{id}");
    }
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_signed_certificate_counts_by_its_registered_key() {
    let desk = Desk::start(&[]).await;
    let key = KeyPair::generate().unwrap();
    desk.insurer("insurer-self", "04595257", json!("self_signed"), Some(key_of(&key))).await;
    let own = desk::self_signed(&key, 2040);
    let shown = http(&desk, Some(&own));
    let (status, token) = desk.ask(&shown, &[("client_id", "insurer-self")]).await;
    assert_eq!(status, 200, "{token}");
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.list(&shown, &token).await.0, 200);
    // Renewed under the same key: the token stays with the certificate it was got with, a new one is had at once.
    let renewed = http(&desk, Some(&desk::self_signed(&key, 2041)));
    assert_eq!(desk.list(&renewed, &token).await, (401, "token.certificate".to_owned()));
    assert_eq!(desk.ask(&renewed, &[("client_id", "insurer-self")]).await.0, 200);
    let other = desk::self_signed(&KeyPair::generate().unwrap(), 2040);
    for wrong in [other, desk::self_signed(&key, 2025), desk.authority.client("claims", None, 2040)] {
        assert_eq!(desk.ask(&http(&desk, Some(&wrong)), &[("client_id", "insurer-self")]).await.0, 401);
    }
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_over_mtls_binds_too_and_a_proof_beside_it() {
    let desk = Desk::start(&[]).await;
    desk.insurer("insurer-jwt", "04595257", Value::Null, None).await;
    desk.set_token_rule("insurer-jwt", TokenRule::Mtls).await;
    let (bare, own) = (http(&desk, None), desk.authority.client("whoever", None, 2040));
    let shown = http(&desk, Some(&own));
    let ask = async |client: &reqwest::Client| {
        let assertion = desk.assertion("insurer-jwt");
        desk.ask(client, &desk::with_assertion(&assertion)).await
    };
    let (status, answer) = ask(&bare).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
    let (status, answer) = ask(&shown).await;
    assert_eq!((status, &answer["token_type"]), (200, &json!("Bearer")));
    let token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.list(&shown, &token).await.0, 200);
    assert_eq!(desk.list(&bare, &token).await.0, 401);

    // With a proof as well the token is bound to both, and needs both.
    let key = desk.dpop_key();
    let proof = |method: &str, path: &str, token: Option<&str>| {
        let (url, jti) = (format!("{}{path}", desk.base()), desk.jti());
        let draft = Draft { method, url: &url, token, nonce: None, jti: &jti };
        must(dpop::write(&key, &draft, desk.now()))
    };
    let assertion = desk.assertion("insurer-jwt");
    let made = proof("POST", "/oauth/token", None);
    let (status, answer) = desk.ask_with(&shown, &desk::with_assertion(&assertion), &[("dpop", &made)]).await;
    assert_eq!((status, &answer["token_type"]), (200, &json!("DPoP")));
    let token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims_of(&token)["cnf"].as_object().unwrap().len(), 2);
    assert_eq!(desk.list(&shown, &token).await, (401, "token.bound".to_owned()));
    let send = async |client: &reqwest::Client| {
        let request = client.get(format!("{}{LIST}", desk.base())).header("authorization", format!("DPoP {token}"));
        must(request.header("dpop", proof("GET", LIST, Some(&token))).send().await).status().as_u16()
    };
    assert_eq!((send(&shown).await, send(&bare).await), (200, 401));

    let metadata = must(bare.get(format!("{}/.well-known/oauth-authorization-server", desk.base())).send().await);
    let metadata: Value = must(serde_json::from_slice(&must(metadata.bytes().await)));
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    let methods = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(methods));
    assert_eq!(metadata["issuer"], desk.base());
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_at_once_and_no_connection_drops() {
    let desk = Desk::start(&[]).await;
    let old = http(&desk, None);
    let alive = |client: reqwest::Client, base: String| async move {
        client.get(format!("{base}/healthz")).send().await.map(|answer| answer.status().as_u16())
    };
    assert_eq!(must(alive(old.clone(), desk.base()).await), 200);
    let renewed = Authority::new();
    desk.renew(&renewed);
    let trusting = desk::client_of(&renewed, None);
    let mut taken = false;
    for _ in 0..60 {
        // The connection from before goes on all the while.
        assert_eq!(must(alive(old.clone(), desk.base()).await), 200);
        if alive(trusting.clone(), desk.base()).await.is_ok() {
            taken = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(taken, "the new certificate was not taken up");
    assert_eq!(must(alive(old, desk.base()).await), 200, "kept open");
    let fresh = http(&desk, None);
    assert!(alive(fresh, desk.base()).await.is_err(), "who trusts the old authority alone sees the new certificate");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a raw socket is the only way to say nothing, or nonsense")]
async fn slow_and_broken_handshakes_hold_nobody_up() {
    let desk = Desk::start(&[("CLAIMGATE_TLS__HANDSHAKE_SECONDS", "2".to_owned())]).await;
    let address = desk.address();
    let silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(address).unwrap()).collect();
    let nonsense: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        &[0; 512],
        &[0x16, 0x03, 0x01, 0xff, 0xff],
        &[0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00],
        &[0x80, 0x2e, 0x01, 0x00, 0x02],
        &[0xff; 9_000],
    ];
    for bytes in nonsense.iter().cycle().take(120) {
        let mut stream = TcpStream::connect(address).unwrap();
        let _ = stream.write_all(bytes);
    }
    for _ in 0..5 {
        let fresh = http(&desk, None);
        let healthy =
            tokio::time::timeout(Duration::from_secs(2), fresh.get(format!("{}/healthz", desk.base())).send());
        assert_eq!(must(healthy.await.expect("held up")).status(), 200);
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let closed = silent.into_iter().filter(|stream| {
        let mut stream = stream;
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        matches!(stream.read(&mut [0; 16]), Ok(0))
    });
    assert_eq!(closed.count(), 300, "a handshake ends with its time");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_header_counts_from_a_named_proxy_alone() {
    for (proxies, expected) in [("127.0.0.1", 200), ("127.0.0.9", 401), ("", 401)] {
        let mut settings = vec![("CLAIMGATE_TLS__CERTIFICATE", String::new()), ("CLAIMGATE_TLS__KEY", String::new())];
        if !proxies.is_empty() {
            settings.push(("CLAIMGATE_TLS__CLIENT_CERT_FROM", proxies.to_owned()));
        }
        let desk = Desk::start(&settings).await;
        desk.insurer("insurer-mtls", "04595257", json!({ "san_dns": "claims.anxin.example" }), None).await;
        let own = desk.authority.client("claims", Some("claims.anxin.example"), 2040);
        let header = desk::byte_sequence(&own.der);
        let client = http(&desk, None);
        let headers = [("client-cert", header.as_str())];
        let (status, answer) = desk.ask_with(&client, &[("client_id", "insurer-mtls")], &headers).await;
        assert_eq!(status, expected, "{proxies}: {answer}");
        if expected == 200 {
            let token = answer["access_token"].as_str().unwrap();
            let send = async |header: Option<&str>| {
                let mut request = client.get(format!("{}{LIST}", desk.base())).bearer_auth(token);
                if let Some(header) = header {
                    request = request.header("client-cert", header);
                }
                must(request.send().await).status().as_u16()
            };
            let other = desk::byte_sequence(&desk.authority.client("claims", None, 2040).der);
            let twice = format!("{header}, {header}");
            assert_eq!(send(Some(&header)).await, 200);
            for wrong in [None, Some(other.as_str()), Some(twice.as_str()), Some("::"), Some("garbage"), Some(":!!:")] {
                assert_eq!(send(wrong).await, 401, "{wrong:?}");
            }
        }
        desk.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_gets_a_token_and_openssl_no_weak_handshake() {
    let found = |name: &str, argument: &str| Command::new(name).arg(argument).output().is_ok();
    if !found("curl", "--version") || !found("openssl", "version") {
        println!("skipped: curl or openssl is not here");
        return;
    }
    let desk = Desk::start(&[]).await;
    desk.insurer("insurer-mtls", "04595257", json!({ "san_dns": "claims.anxin.example" }), None).await;
    let own = desk.authority.client("claims", Some("claims.anxin.example"), 2040);
    let file = |name: &str, text: &str| desk.file(name, text);
    let (cert, key) = (file("client.pem", &pem_of(&own.der)), file("client.key", &own.key));
    let ca = file("trusted.pem", &desk.server.pem());
    let curl = |arguments: Vec<String>| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--cacert", &ca, "--cert", &cert, "--key", &key]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let form = "grant_type=client_credentials&client_id=insurer-mtls";
    let token = tokio::task::block_in_place(|| {
        curl(vec!["--data".to_owned(), form.to_owned(), format!("{}/oauth/token", desk.base())])
    });
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().unwrap());
    let listed =
        tokio::task::block_in_place(|| curl(vec!["--header".to_owned(), bearer, format!("{}{LIST}", desk.base())]));
    assert_eq!(listed["deliveries"], json!([]), "{listed}");

    let handshake = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-brief", "-connect", &desk.address().to_string()]).args(arguments);
        command.stdin(std::process::Stdio::null());
        tokio::task::block_in_place(|| command.output().unwrap().status.success())
    };
    assert!(handshake(&["-tls1_3"]));
    for suite in ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"] {
        assert!(handshake(&["-tls1_2", "-cipher", suite]), "{suite}");
    }
    for suite in
        ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256"]
    {
        assert!(!handshake(&["-tls1_2", "-cipher", suite]), "{suite}");
    }
    assert!(!handshake(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]));
    desk.stop().await;
}
