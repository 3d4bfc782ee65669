//! Signed receipts (簽收回條): taken with an acknowledgement, checked, kept, shown, and verified without a gateway.

use claimgate_adapters::insurer::Envelope;
use claimgate_gateway::party::ReceiptRule;
use claimgate_gateway::sandbox::insurer;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, KeyUse, PrivateJwk};
use claimgate_packet::open::Opened;
use claimgate_packet::receipt::{self, Receipt, Verdict};
use claimgate_packet::words::Line;
use claimgate_tests::bundles::{bytes, case};
use claimgate_tests::gateway::{TestGateway, get, must, open_all, post};
use claimgate_tests::shared::claimgate;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A delivery that was fetched and opened, and where it is acknowledged.
struct Desk {
    test: TestGateway,
    envelope: Envelope,
    opened: Opened,
}

impl Desk {
    async fn new(name: &str) -> Self {
        let test = TestGateway::start().await;
        assert_eq!(test.push(&bytes(&case(name)), &[]).await.status, 201);
        let (envelope, opened) = open_all(test.life(), 0, test.clock.now()).await.pop().unwrap();
        Self { test, envelope, opened }
    }

    fn receipt(&self) -> Receipt {
        Receipt::accepted(self.envelope.id.clone(), &self.opened, self.test.clock.now())
    }

    fn signed(&self, receipt: &Receipt) -> String {
        receipt::sign(receipt, self.test.life().client.key()).unwrap()
    }

    fn path(&self, end: &str) -> String {
        format!("/insurer/v1/deliveries/{}/{end}", self.envelope.id)
    }

    /// Status and code, or the answer.
    async fn ack(&self, body: Value) -> (u16, Value) {
        let answer = post(&self.test.life().client, &self.path("ack"), &body).await;
        let json = answer.json("ack").unwrap();
        let shown = if answer.status == 200 { json } else { json["code"].clone() };
        (answer.status.as_u16(), shown)
    }

    async fn register(&self, change: impl FnOnce(&mut claimgate_gateway::party::Registration)) {
        let engine = &self.test.world.gateway.app.engine;
        let id = self.test.life().client.id().parse().unwrap();
        let mut registration = must(engine.store.party(&id).await).unwrap().registration().clone();
        change(&mut registration);
        must(engine.replace_registration(&id, registration).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_kept_shown_and_audited_and_the_first_one_stays() {
    let desk = Desk::new("RECEIPT-1").await;
    let client = &desk.test.life().client;
    let none = get(client, &desk.path("receipt")).await;
    assert_eq!((none.status.as_u16(), &none.json("p").unwrap()["code"]), (404, &json!("receipt.none")));

    let first = desk.signed(&desk.receipt());
    let (status, answer) = desk.ack(json!({ "receipt": first })).await;
    assert_eq!((status, &answer["receipt"]), (200, &json!(sha256_text(first.as_bytes()))));
    let listed = must(insurer::pull(client, 0, 0).await).pop().unwrap();
    assert_eq!(listed.receipt, Some(sha256_text(first.as_bytes())));

    let kept = get(client, &desk.path("receipt")).await.json("receipt").unwrap();
    assert_eq!((&kept["receipt"], &kept["result"]), (&json!(first), &json!("accepted")));
    let keys = JwkSet::from_json(&kept).unwrap();
    let (receipt, key) = receipt::signed(kept["receipt"].as_str().unwrap(), &keys.0).unwrap();
    assert_eq!((receipt.delivery_id, key.kid.as_str()), (desk.envelope.id.clone(), client.key().kid()));

    // The same again, another text that says the same, and none at all: one answer.
    let again = desk.signed(&desk.receipt());
    assert_ne!(again, first, "ES256 signs anew");
    for body in [json!({ "receipt": first }), json!({ "receipt": again }), json!({})] {
        assert_eq!(desk.ack(body).await, (200, answer.clone()));
    }
    assert_eq!(get(client, &desk.path("receipt")).await.json("receipt").unwrap(), kept);
    let engine = &desk.test.world.gateway.app.engine;
    must(engine.store.sequence().await);
    assert!(must(engine.store.check_audit().await).is_ok());
    let trace = must(engine.store.audit_of(&desk.envelope.id).await);
    let receipts: Vec<&Value> = trace.iter().filter_map(|(_, detail)| detail.get("receipt")).collect();
    assert_eq!(receipts, [&json!(sha256_text(first.as_bytes()))], "{trace:?}");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_does_not_count_acknowledges_nothing() {
    let desk = Desk::new("RECEIPT-2").await;
    let now = desk.test.clock.now();
    let kid = Some(desk.test.life().client.key().kid().to_owned());
    let signed_by = |alg: KeyAlg, kid: Option<String>| {
        let key = PrivateJwk::generate(KeyUse::Sig, alg, kid, now - SignedDuration::from_hours(1)).unwrap();
        receipt::sign(&desk.receipt(), &key).unwrap()
    };
    let changed = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = desk.receipt();
        change(&mut receipt);
        desk.signed(&receipt)
    };
    let good = desk.signed(&desk.receipt());
    let [_, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let header = |header: Value| format!("{}.{payload}.{signature}", base64url::encode(header.to_string().as_bytes()));
    let typ = "claim-receipt+jws";
    let cases: Vec<(String, &str)> = vec![
        (String::new(), "receipt.malformed"),
        ("x".repeat(5_000), "receipt.too_large"),
        (format!("{good}="), "receipt.malformed"),
        (format!("{good}A"), "receipt.signature"),
        (header(json!({ "alg": "none", "kid": kid, "typ": typ })), "receipt.header"),
        (header(json!({ "alg": "HS256", "kid": kid, "typ": typ })), "receipt.header"),
        (header(json!({ "alg": "EdDSA", "kid": kid, "typ": typ })), "receipt.signature"),
        (header(json!({ "alg": "ES256", "kid": kid, "typ": "JWT" })), "receipt.header"),
        (signed_by(KeyAlg::Es256, None), "receipt.unknown_key"),
        (signed_by(KeyAlg::Es256, kid.clone()), "receipt.signature"),
        (signed_by(KeyAlg::EdDsa, kid.clone()), "receipt.signature"),
        (changed(&|one| one.delivery_id = "dlv_other".to_owned()), "receipt.delivery"),
        (changed(&|one| one.packet_id = "pkt_other".to_owned()), "receipt.packet"),
        (changed(&|one| one.line = Line::Life), "receipt.line"),
        (changed(&|one| one.presentation_digest = Some("A".repeat(43))), "receipt.digest"),
        (changed(&|one| one.signed_at += SignedDuration::from_mins(2)), "receipt.time"),
        (changed(&|one| one.result = Verdict::Rejected), "receipt.result"),
    ];
    for (text, code) in cases {
        assert_eq!(desk.ack(json!({ "receipt": text })).await, (422, json!(code)), "{text}");
    }
    let listed = must(insurer::pull(&desk.test.life().client, 0, 0).await).pop().unwrap();
    assert_eq!((listed.state.as_str(), &listed.receipt), ("ready", &None), "nothing was acknowledged");
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insurer_registered_to_sign_must_and_another_may_follow_with_one() {
    let desk = Desk::new("RECEIPT-3").await;
    // It may: acknowledged without one, and one follows.
    let (status, bare) = desk.ack(json!({})).await;
    assert_eq!((status, &bare["receipt"]), (200, &Value::Null));
    let text = desk.signed(&desk.receipt());
    assert_eq!(desk.ack(json!({ "receipt": text })).await.1["receipt"], sha256_text(text.as_bytes()));

    // It must: nothing is acknowledged without, not even a rejection.
    desk.register(|registration| registration.receipt = Some(ReceiptRule::Required)).await;
    assert_eq!(desk.test.push(&bytes(&case("RECEIPT-4")), &[]).await.status, 201);
    let (envelope, opened) = open_all(desk.test.life(), 1, desk.test.clock.now()).await.pop().unwrap();
    let desk = Desk { envelope, opened, ..desk };
    for body in [json!({}), json!({ "result": "rejected" })] {
        assert_eq!(desk.ack(body).await, (422, json!("receipt.required")));
    }
    let rejected = Receipt { presentation_digest: None, result: Verdict::Rejected, ..desk.receipt() };
    let (status, answer) = desk.ack(json!({ "result": "rejected", "receipt": desk.signed(&rejected) })).await;
    assert_eq!((status, &answer["acknowledgement"]), (200, &json!("rejected")));

    // A hospital acknowledges nothing.
    let engine = &desk.test.world.gateway.app.engine;
    let id = "hospital-demo".parse().unwrap();
    let mut hospital = must(engine.store.party(&id).await).unwrap().registration().clone();
    hospital.receipt = Some(ReceiptRule::Optional);
    assert!(engine.replace_registration(&id, hospital).await.unwrap_err().to_string().contains("only an insurer"));
    desk.test.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_signed_and_verified_at_the_desk() {
    let desk = Desk::new("RECEIPT-5").await;
    let one = desk.test.life();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let run = |arguments: &[&str]| {
        let output = claimgate(folder.path(), arguments);
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code().unwrap(), text[0].trim().to_owned(), text[1].clone())
    };
    write("packet.jose", &must(insurer::fetch(&one.client, &desk.envelope.id).await));
    write("trust.json", &must(insurer::trusted_keys(&one.client).await).to_json().to_string());
    write("enc.json", &one.keys[0].to_json().to_string());
    write("sig.json", &one.client.key().to_json().to_string());
    write("jwks.json", &JwkSet(vec![one.client.key().public()]).to_json().to_string());

    let common = ["--key", "enc.json", "--trust", "trust.json", "--me", one.client.id(), "packet.jose"];
    let sign = ["packet", "receipt", "sign", "--delivery", &desk.envelope.id, "--sign-with", "sig.json"];
    let (code, text, said) = run(&[sign.as_slice(), &common].concat());
    assert_eq!(code, 0, "{said}");
    assert_eq!(desk.ack(json!({ "receipt": text })).await.0, 200);
    write("receipt.jws", &text);
    write("answer.json", &get(&one.client, &desk.path("receipt")).await.json("receipt").unwrap().to_string());

    let verify = |more: &[&str]| run(&[&["packet", "receipt", "verify", "--jwks"], more].concat());
    let whole = ["jwks.json", "--packet", "packet.jose", "--key", "enc.json", "--delivery", &desk.envelope.id];
    let (code, text, said) = verify(&[whole.as_slice(), &["receipt.jws"]].concat());
    assert!(code == 0 && text.contains("what the packet holds"), "{text} {said}");
    assert_eq!(verify(&["answer.json", "answer.json"]).0, 0, "the answer of the gateway is enough");
    let refusals: [(&[&str], &str); 3] = [
        (&["jwks.json", "--delivery", "dlv_other", "receipt.jws"], "receipt.delivery"),
        (&["trust.json", "receipt.jws"], "receipt.unknown_key"),
        (&["jwks.json", "packet.jose"], "receipt.too_large"),
    ];
    for (arguments, reason) in refusals {
        let (code, _, said) = verify(arguments);
        assert!(code == 3 && said.contains(reason), "{arguments:?}: {code} {said}");
    }
    let reject = ["--delivery", &desk.envelope.id, "--packet-id", &desk.envelope.packet_id, "--line", "life"];
    let (code, text, said) =
        run(&[["packet", "receipt", "reject", "--sign-with", "sig.json"].as_slice(), &reject].concat());
    assert_eq!(code, 0, "{said}");
    write("rejected.jws", &text);
    let (code, text, _) = verify(&["jwks.json", "rejected.jws"]);
    assert!(code == 0 && text.contains("rejected"), "{text}");
    desk.test.stop().await;
}
