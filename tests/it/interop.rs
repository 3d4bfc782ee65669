//! Other people's software: packets opened, keys and receipts made, packets issued, by Python (jwcrypto, sd-jwt) and by
//! Node (jose, @sd-jwt). The scripts are the examples of the guides; their libraries are installed at exact versions.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use claimgate_adapters::insurer::webhook::Scheme;
use claimgate_gateway::clock::Clock;
use claimgate_gateway::core::push::Content;
use claimgate_gateway::party::ReceiptRule;
use claimgate_gateway::sandbox::client::{Answer, PartyClient};
use claimgate_gateway::sandbox::demo::Insurer;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::draft::{ClaimRef, Draft, RecipientDraft};
use claimgate_packet::evidence::{Document, Evidence, Source, Verification};
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::{Opened, TrustedKeys, open};
use claimgate_packet::receipt::{self, Expected, Verdict};
use claimgate_packet::words::{ClaimKind, Line, Purpose};
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, post};
use claimgate_tests::kit::Kit;
use claimgate_tests::receiver::{Act, Receiver};
use claimgate_tests::shared::project;
use claimgate_tests::signing::Signed;
use serde_json::{Value, json};

const ISSUER: &str = "https://gate.example";
const PARTY: &str = "insurer-b";
pub(crate) const LANGUAGES: [&str; 2] = ["py", "mjs"];
/// Cases the scripts let pass: they check signatures, addresses and grants, not the form of every member, and run on
/// today's clock.
const FORM: [&str; 4] = ["packet.malformed", "packet.schema", "packet.attachment", "packet.future"];

/// The scripts with their libraries, installed once per run.
pub(crate) struct Scripts(Kit);

pub(crate) fn kit() -> &'static Scripts {
    static KIT: OnceLock<Scripts> = OnceLock::new();
    KIT.get_or_init(|| Scripts(Kit::install("interop", Path::new(env!("CARGO_TARGET_TMPDIR")))))
}

impl Scripts {
    pub(crate) fn run(&self, language: &str, script: &str, arguments: &[&str], input: &str) -> Output {
        let program = if language == "py" { self.0.python.as_path() } else { Path::new("node") };
        let mut command = Command::new(program);
        command.arg(self.0.folder.join(format!("{script}.{language}"))).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A script that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// What a script prints.
    pub(crate) fn prints(&self, language: &str, script: &str, arguments: &[&str], input: &str) -> String {
        let output = self.run(language, script, arguments, input);
        assert!(output.status.success(), "{script}.{language}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// A folder with the files the scripts are given.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub(crate) fn put(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }
}

/// Compares what a script printed with what this crate opened.
fn same(printed: &str, opened: &Value, what: &str) {
    let printed: Value = serde_json::from_str(printed).unwrap();
    for name in ["packet_id", "claim", "recipient", "evidence", "presentation_digest"] {
        assert_eq!(printed[name], opened[name], "{what}: {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_the_gateway_open_in_python_and_in_node() {
    let test = TestGateway::start().await;
    assert_eq!(test.push(&bytes(&case("INTEROP-1")), &[]).await.status, 201);
    let (one, desk) = (test.life(), Desk::new());
    let envelope = must(insurer::pull(&one.client, 0, 10).await).pop().unwrap();
    let sealed = must(insurer::fetch(&one.client, &envelope.id).await);
    let trusted = must(insurer::trusted_keys(&one.client).await);
    let opened = must(insurer::verify(&one.client, (&sealed, &envelope), &one.keys, &trusted, test.clock.now()));
    let key = desk.put("key.json", &one.keys[0].to_json().to_string());
    let trust = desk.put("trust.json", &trusted.to_json().to_string());
    let packet = desk.put("packet.jose", &sealed);
    for language in LANGUAGES {
        let printed = kit().prints(language, "open", &[&key, &trust, &packet, one.client.id()], "");
        same(&printed, &opened.to_json().unwrap(), language);
        attachment(language, (&desk, &key), (one, &envelope.id), &opened, &printed).await;
        let refused = kit().run(language, "open", &[&key, &trust, &packet, "insurer-other"], "");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("packet.not_addressed"), "{language}");
    }
    test.stop().await;
}

/// Fetches the attachment the packet names and opens it by the script.
async fn attachment(
    language: &str,
    (desk, key): (&Desk, &str),
    (one, delivery): (&Insurer, &str),
    opened: &Opened,
    printed: &str,
) {
    let named = opened.attachments().next().unwrap();
    let path = format!("/insurer/v1/deliveries/{delivery}/attachments/{}", named.id);
    let sealed = String::from_utf8(get(&one.client, &path).await.body).unwrap();
    let claim = desk.put("opened.json", printed);
    let run = |sealed: &str, id: &str, claim: &str| {
        let file = desk.put("attachment.jose", sealed);
        kit().run(language, "attachment", &[key, claim, &file, id], "")
    };
    let output = run(&sealed, &named.id, &claim);
    assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(sha256_text(&output.stdout), named.digest, "{language}");

    let refused = |output: Output, code: &str| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty() && said.contains(code), "{language}: {said}");
    };
    refused(run(&sealed, "att_other", &claim), "attachment.unknown");
    let packet = std::fs::read_to_string(desk.path("packet.jose")).unwrap();
    refused(run(&packet, &named.id, &claim), "attachment.header");
    let other = desk.put("other.json", &printed.replace(&named.digest, &"A".repeat(43)));
    refused(run(&sealed, &named.id, &other), "attachment.digest");
    let middle = sealed.len() - sealed.len() / 4;
    let sign = if sealed.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let mut changed = sealed.clone();
    changed.replace_range(middle..=middle, sign);
    refused(run(&changed, &named.id, &claim), "");
}

#[test]
fn the_vectors_open_or_are_refused_in_python_and_in_node() {
    let read = |name: &str| std::fs::read_to_string(project().join("packet/vectors").join(name)).unwrap();
    let file = |name: &str| serde_json::from_str::<Value>(&read(name)).unwrap();
    let (desk, keys) = (Desk::new(), file("keys.json"));
    let trust = desk.put("trust.json", &read("claim-packet-keys.json"));
    let mut tried = 0;
    for case in file("packets.json")["cases"].as_array().unwrap() {
        let Some(text) = case["text"].as_str().filter(|_| case["kept"].is_null() && case["line"].is_null()) else {
            continue;
        };
        let name = case["name"].as_str().unwrap();
        let kind =
            ["x25519", "rsa"].into_iter().find(|kind| name.starts_with("sealed") && name.to_lowercase().contains(kind));
        let key = &keys["recipients"][format!("alpha-{}", kind.unwrap_or("p256"))];
        let (key, packet) = (desk.put("key.json", &key.to_string()), desk.put("packet.jose", text));
        for language in LANGUAGES {
            let output = kit().run(language, "open", &[&key, &trust, &packet, case["aud"].as_str().unwrap()], "");
            match case["expect"].as_str().unwrap() {
                "opened" => {
                    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
                    same(std::str::from_utf8(&output.stdout).unwrap(), &case["opened"], name);
                }
                code => assert!(!output.status.success() || FORM.contains(&code), "{language} opens: {name}"),
            }
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
}

/// A packet for one recipient, signed by a key, with the list that publishes the key.
fn packet(signer: &PrivateJwk, to: &claimgate_packet::jose::jwk::PublicJwk) -> (String, TrustedKeys) {
    let now = Clock::system().now();
    let evidence = Evidence {
        id: "evd_1".to_owned(),
        source: Source { party: "hospital-a".to_owned(), form: "test".to_owned() },
        obtained: now,
        verified: Verification {
            method: "authenticated-channel".to_owned(),
            result: "accepted".to_owned(),
            at: now,
            key: None,
        },
        attachments: Vec::new(),
        document: Document::from_json("moon-rock", "moon-rock/1", json!({"colour": "灰", "grams": "2.5"})).unwrap(),
    };
    let draft = Draft {
        issuer: ISSUER.to_owned(),
        issued_at: now,
        packet_id: "pkt_interop".to_owned(),
        claim: ClaimRef { id: "clm_interop".to_owned(), kind: ClaimKind::Health },
        evidence: vec![evidence],
        parts: Vec::new(),
        recipients: vec![RecipientDraft {
            aud: PARTY.to_owned(),
            party: PARTY.to_owned(),
            line: Line::Life,
            purpose: Purpose::ClaimAssessment,
            revision: 1,
            supersedes: None,
            evidence: vec!["evd_1".to_owned()],
            parts: Vec::new(),
            coordination: None,
        }],
    };
    let random = claimgate_gateway::id::Random::system();
    let signed = draft.sign(signer, &mut |buffer: &mut [u8]| random.fill(buffer)).unwrap();
    let sealed = signed.presentation(PARTY, Line::Life).unwrap().seal(to).unwrap();
    (sealed.as_str().to_owned(), TrustedKeys::new(ISSUER.to_owned(), vec![signer.public()]))
}

fn signers() -> [PrivateJwk; 2] {
    [KeyAlg::Es256, KeyAlg::EdDsa]
        .map(|alg| PrivateJwk::generate(KeyUse::Sig, alg, Some("gw".to_owned()), Clock::system().now()).unwrap())
}

#[test]
fn keys_made_in_python_and_in_node_are_sealed_to_and_open_in_both() {
    let desk = Desk::new();
    for (language, signer) in LANGUAGES.into_iter().zip(signers()) {
        for kind in ["P-256", "X25519", "RSA"] {
            kit().prints(language, "keys", &[&desk.path(""), PARTY, kind], "");
            let set = JwkSet::from_json(&desk.json("insurer-b.jwks.json")).unwrap();
            let to = set.newest(KeyUse::Enc, Clock::system().now()).unwrap();
            let private = PrivateJwk::from_json(&desk.json("insurer-b.enc.json")).unwrap();
            assert_eq!(&private.public(), to, "{language} {kind}");
            let (sealed, trusted) = packet(&signer, to);
            let opened = open(&sealed, &[private], &trusted, PARTY, None, Clock::system().now()).unwrap();
            let (key, text) = (desk.path("insurer-b.enc.json"), desk.put("packet.jose", &sealed));
            let trust = desk.put("trust.json", &trusted.to_json().to_string());
            for opener in LANGUAGES {
                let printed = kit().prints(opener, "open", &[&key, &trust, &text, PARTY], "");
                same(&printed, &opened.to_json().unwrap(), &format!("{language} {kind} {opener}"));
            }
        }
    }
}

#[test]
fn receipts_made_in_python_and_in_node_verify() {
    let (desk, digest) = (Desk::new(), "A".repeat(43));
    for language in LANGUAGES {
        kit().prints(language, "keys", &[&desk.path(""), PARTY, "P-256"], "");
        let keys = JwkSet::from_json(&desk.json("insurer-b.jwks.json")).unwrap().0;
        let key = desk.path("insurer-b.sig.json");
        let arguments = [key.as_str(), "dlv_1", "pkt_1", "health-reimbursement", digest.as_str(), "accepted"];
        let text = kit().prints(language, "receipt", &arguments, "");
        let now = Clock::system().now();
        let expected = Expected {
            delivery_id: "dlv_1",
            packet_id: "pkt_1",
            line: Line::HealthReimbursement,
            presentation_digest: &digest,
            issued_at: now,
            now,
        };
        assert_eq!(receipt::verify(&text, &keys, &expected).unwrap().result, Verdict::Accepted);
        let other = Expected { delivery_id: "dlv_2", ..expected };
        assert_eq!(receipt::verify(&text, &keys, &other).unwrap_err().code(), "receipt.delivery");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_signed_in_python_is_taken_and_its_signed_answer_believed_there() {
    let test = TestGateway::start().await;
    let one = test.nonlife();
    let engine = &test.world.gateway.app.engine;
    let id = one.client.id().parse().unwrap();
    let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
    registration.signature_required = true;
    must(engine.replace_registration(&id, registration).await);
    assert_eq!(test.push(&bytes(&case("CALL-PY")), &[]).await.status, 201);
    let envelope = must(insurer::pull(&one.client, 0, 10).await).pop().unwrap();
    must(insurer::fetch(&one.client, &envelope.id).await);

    let desk = Desk::new();
    let key = desk.put("key.json", &one.client.key().to_json().to_string());
    let trust = get(&one.client, "/.well-known/claim-packet-keys").await;
    let trust = desk.put("trust.json", &String::from_utf8(trust.body).unwrap());
    let authorization = format!("Bearer {}", one.client.access_token().unwrap());
    let gate = test.world.gateway.base_url();
    let status = format!("{gate}/insurer/v1/submissions/{}/status", envelope.submission_id);
    for (address, body, expected) in [
        (format!("{gate}/insurer/v1/deliveries/{}/ack", envelope.id), "{}", "acknowledged"),
        (status.clone(), r#"{"state":"in-review"}"#, "in-review"),
    ] {
        let printed = kit().prints("py", "call", &[&key, &authorization, &trust, &address], body);
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["state"], expected);
    }
    // Somebody in the middle who answers with what was confirmed to another request is not believed.
    let genuine = signed_post(&one.client, gate, status.strip_prefix(gate).unwrap()).await;
    let head: Vec<String> = ["content-type", "content-digest", "signature-input", "signature"]
        .map(|name| format!("{name}: {}", genuine.header(name).unwrap()))
        .into();
    let told = String::from_utf8(genuine.body.clone()).unwrap();
    let raw = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n\r\n{told}", told.len(), head.join("\r\n"));
    let between = Receiver::start(Act::Raw(raw.into_bytes())).await;
    let refused = kit().run("py", "call", &[&key, &authorization, &trust, between.url()], r#"{"state":"in-review"}"#);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("InvalidSignature"), "{said}");
    test.stop().await;
}

async fn signed_post(client: &PartyClient, gate: &str, path: &str) -> Answer {
    let body = br#"{"state":"in-review"}"#;
    let signed = Signed::of(client, gate, path, body);
    let fields = signed.fields();
    let headers: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    must(client.call(reqwest::Method::POST, path, &headers, body.to_vec()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_made_in_python_and_in_node_are_taken_by_the_gateway() {
    let (test, desk) = (TestGateway::start().await, Desk::new());
    let one = test.life();
    let (party, engine) = (one.client.id(), &test.world.gateway.app.engine);
    let mut registration = must(engine.store.party(&party.parse().unwrap()).await).unwrap().registration().clone();
    registration.receipt = Some(ReceiptRule::Required);
    for (place, language) in LANGUAGES.into_iter().enumerate() {
        kit().prints(language, "keys", &[&desk.path(""), party, "P-256"], "");
        registration.jwks = desk.json(&format!("{party}.jwks.json"));
        must(engine.replace_registration(&party.parse().unwrap(), registration.clone()).await);
        assert_eq!(test.push(&bytes(&case(&format!("INTEROP-R{place}"))), &[]).await.status, 201);
        let envelope = must(insurer::pull(&one.client, i64::try_from(place).unwrap(), 10).await).pop().unwrap();
        let sealed = must(insurer::fetch(&one.client, &envelope.id).await);
        let trust = desk.put("trust.json", &must(insurer::trusted_keys(&one.client).await).to_json().to_string());
        let (key, packet) = (desk.path(&format!("{party}.enc.json")), desk.put("packet.jose", &sealed));
        let opened: Value =
            serde_json::from_str(&kit().prints(language, "open", &[&key, &trust, &packet, party], "")).unwrap();

        let key = desk.path(&format!("{party}.sig.json"));
        let digest = opened["presentation_digest"].as_str().unwrap();
        let (line, path) = (envelope.line.as_str(), format!("/insurer/v1/deliveries/{}/ack", envelope.id));
        let sign = |delivery: &str| {
            let arguments = [&key, delivery, &envelope.packet_id, line, digest, "accepted"];
            kit().prints(language, "receipt", &arguments, "")
        };
        for (receipt, code) in [(None, "receipt.required"), (Some(sign("dlv_other")), "receipt.delivery")] {
            let refused = post(&one.client, &path, &json!({ "receipt": receipt })).await;
            assert_eq!((refused.status.as_u16(), &refused.json("p").unwrap()["code"]), (422, &json!(code)));
        }
        let text = sign(&envelope.id);
        assert_eq!(post(&one.client, &path, &json!({ "receipt": text })).await.status, 200, "{language}");
        let kept = get(&one.client, &path.replace("/ack", "/receipt")).await.json("receipt").unwrap();
        assert_eq!(kept["receipt"], text, "{language}");
    }
    test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_bound_by_node_is_taken_with_its_proofs_with_and_without_nonces() {
    for nonces in ["false", "true"] {
        let settings = [("CLAIMGATE_TOKENS__DPOP_NONCE", nonces.to_owned())];
        let (test, desk) = (TestGateway::start_with_settings(Clock::system(), &settings).await, Desk::new());
        assert_eq!(test.push(&bytes(&case("INTEROP-D")), &[]).await.status, 201);
        let one = &test.life().client;
        assert_eq!(must(insurer::pull(one, 0, 10).await).len(), 1);
        let mut key = one.key().to_json();
        key["party"] = json!(one.id());
        let (key, gate) = (desk.put("key.json", &key.to_string()), test.world.gateway.base_url());
        let printed = kit().prints("mjs", "dpop", &[&key, gate, "/insurer/v1/deliveries?after=0"], "");
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((&printed["token_type"], &printed["next_after"]), (&json!("DPoP"), &json!(1)), "nonces {nonces}");
        test.stop().await;
    }
}

#[test]
fn packets_issued_in_python_and_in_node_open() {
    let desk = Desk::new();
    let receipt = json!({
        "type": "medical-receipt", "schema": "medical-receipt/1", "attachments": [],
        "source": {"party": "hospital-a", "form": "test"}, "obtained": "2026-01-01T00:00:00Z",
        "verified": {"method": "authenticated-channel", "result": "accepted", "at": "2026-01-01T00:00:00Z"},
        "document": {
            "number": "R-1", "patient": {"name": "王小明", "identifiers": []}, "institution": {"code": "1101010012"},
            "currency": "TWD", "lines": [], "totals": {"self_pay": "0", "nhi": "0", "unstated": "0"}
        }
    });
    let evidence = json!({"evd_1": receipt, "evd_2": receipt}).to_string();
    for language in LANGUAGES {
        for (signer, kind) in signers().iter().zip(["P-256", "X25519"]) {
            kit().prints(language, "keys", &[&desk.path(""), PARTY, kind], "");
            let private = PrivateJwk::from_json(&desk.json("insurer-b.enc.json")).unwrap();
            let to = desk.put("to.json", &private.public().to_json().to_string());
            let from = desk.put("from.json", &signer.to_json().to_string());
            let sealed = kit().prints(language, "issue", &[&from, ISSUER, &to, PARTY], &evidence);
            let trusted = TrustedKeys::new(ISSUER.to_owned(), vec![signer.public()]);
            let opened: Opened = open(&sealed, &[private], &trusted, PARTY, None, Clock::system().now()).unwrap();
            assert_eq!((opened.evidence.len(), opened.recipient.line), (2, Line::HealthReimbursement), "{language}");
            assert_eq!(opened.evidence[0].document.to_json().unwrap(), receipt["document"], "{language}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_believed_in_python_and_in_node_and_changed_ones_are_not() {
    let test = TestGateway::start().await;
    let receiver = Receiver::start(Act::Status(204)).await;
    let (engine, desk) = (&test.world.gateway.app.engine, Desk::new());
    let party = test.life().client.id().parse().unwrap();
    for (number, scheme) in [Scheme::Ed25519, Scheme::Hmac].into_iter().enumerate() {
        let key = must(engine.set_endpoint(&party, receiver.url(), (Content::Event, scheme)).await);
        let before = receiver.received().len();
        assert_eq!(test.push(&bytes(&case(&format!("HOOK-{number}"))), &[]).await.status, 201);
        // Setting the endpoint tells of what is open as well, under the new key.
        let told = receiver.wait_for(before + 1 + number).await.pop().unwrap();
        let headers = desk.put("headers.json", &json!(told.headers).to_string());
        let body = std::str::from_utf8(&told.body).unwrap();
        for language in ["py", "mjs"] {
            let printed = kit().prints(language, "webhook", &[&key, &headers], body);
            assert_eq!(printed, told.header("claimgate-delivery-id"), "{language}");
            let changed = body.replace("\"revision\":1", "\"revision\":2");
            assert_ne!(changed, body);
            assert!(!kit().run(language, "webhook", &[&key, &headers], &changed).status.success(), "{language}");
        }
    }
    test.stop().await;
}

#[test]
fn the_guide_shows_the_program_that_is_tested() {
    let guide = std::fs::read_to_string(project().join("docs/insurer.md")).unwrap();
    let program = std::fs::read_to_string(project().join("tests/interop/call.py")).unwrap();
    assert!(guide.contains(&format!("```python\n{program}```")), "docs/insurer.md and tests/interop/call.py differ");
}
