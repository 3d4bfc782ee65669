//! Signed calls of recipients: what must be covered, what makes one count once, and the answer bound to one.

use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};

use super::super::{Answer, CallRefused, SignedCall, check_call};
use super::*;

const BODY: &[u8] = br#"{"result":"accepted"}"#;
const URL: &str = "https://gate.example/insurer/v1/deliveries/dlv_1/ack";
const COVERED: [&str; 5] = ["@method", "@target-uri", "content-digest", "content-type", "authorization"];

/// A call in the making.
struct Call {
    key: PrivateJwk,
    components: Vec<&'static str>,
    parameters: String,
    token: &'static str,
    content_type: Option<&'static str>,
}

fn call() -> Call {
    let since = "2026-01-01T00:00:00Z".parse().unwrap();
    Call {
        key: PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, Some("insurer-1".to_owned()), since).unwrap(),
        components: COVERED.to_vec(),
        parameters: format!(";created={};keyid=\"insurer-1\";nonce=\"0123456789abcdef\"", now().as_second()),
        token: "Bearer token-a",
        content_type: Some("application/json"),
    }
}

impl Call {
    /// Signed by an independent writing of the signature base, then changed on its way, then checked.
    fn sent(&self, change: impl FnOnce(&mut Vec<(&'static str, String)>)) -> Result<Option<SignedCall>, CallRefused> {
        self.sent_to(&[self.key.public()], change)
    }

    fn sent_to(
        &self,
        known: &[PublicJwk],
        change: impl FnOnce(&mut Vec<(&'static str, String)>),
    ) -> Result<Option<SignedCall>, CallRefused> {
        let digest = format!("sha-256=:{}:", STANDARD.encode(claimgate_packet::jose::digest::sha256(BODY)));
        let value = |name: &str| match name {
            "@method" => "POST".to_owned(),
            "@target-uri" => URL.to_owned(),
            "content-digest" => digest.clone(),
            "content-type" => self.content_type.unwrap_or_default().to_owned(),
            _ => self.token.to_owned(),
        };
        let names = self.components.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
        let input = format!("({names}){}", self.parameters);
        let mut base: Vec<String> = self.components.iter().map(|name| format!("\"{name}\": {}", value(name))).collect();
        base.push(format!("\"@signature-params\": {input}"));
        let signature = STANDARD.encode(self.key.sign(base.join("\n").as_bytes()).unwrap());
        let mut headers = vec![
            ("Authorization", self.token.to_owned()),
            ("Content-Digest", digest.clone()),
            ("Signature-Input", format!("any={input}")),
            ("Signature", format!("any=:{signature}:")),
        ];
        headers.extend(self.content_type.map(|value| ("Content-Type", value.to_owned())));
        change(&mut headers);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = URL.strip_prefix("https://gate.example").unwrap();
        check_call(&Push { path, ..push(BODY, &headers) }, known, &[], now())
    }

    #[track_caller]
    fn refused(&self, words: &str) {
        let reason = self.sent(|_| {}).unwrap_err().to_string();
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_signed_call_says_who_and_what_to_remember() {
    let call = call();
    let first = call.sent(|_| {}).unwrap().unwrap();
    assert_eq!(first.key, "insurer-1");
    assert_eq!(first.nonce, call.sent(|_| {}).unwrap().unwrap().nonce, "the same nonce is the same use");
    let parameters = call.parameters.replace("0123", "3210");
    assert_ne!(first.nonce, Call { parameters, ..call }.sent(|_| {}).unwrap().unwrap().nonce);
    assert!(first.expires > now() + jiff::SignedDuration::from_mins(6), "remembered beyond the last moment it counts");
}

#[test]
fn each_component_must_be_covered_and_the_nonce_be_there() {
    for left_out in COVERED {
        let mut call = call();
        call.components.retain(|name| *name != left_out);
        call.refused("must cover");
    }
    let created = now().as_second();
    for parameters in ["", ";nonce=\"short\"", ";nonce=16", ";nonce=\"0123456789abcdef\";other=1"] {
        let parameters = format!(";created={created};keyid=\"insurer-1\"{parameters}");
        Call { parameters, ..call() }.refused("nonce");
    }
    for (offset, fine) in [(-300, true), (-301, false), (60, true), (61, false)] {
        let parameters = format!(";created={};keyid=\"insurer-1\";nonce=\"0123456789abcdef\"", created + offset);
        assert_eq!(Call { parameters, ..call() }.sent(|_| {}).is_ok(), fine, "{offset}");
    }
}

#[test]
fn a_call_without_a_body_needs_no_type_and_gets_none_on_the_way() {
    let mut bare = call();
    bare.content_type = None;
    bare.components.retain(|name| *name != "content-type");
    assert!(bare.sent(|_| {}).is_ok());
    let added = bare.sent(|headers| headers.push(("Content-Type", "application/json".to_owned())));
    assert!(added.unwrap_err().to_string().contains("content-type"));
}

#[test]
fn what_is_changed_moved_or_taken_away_on_the_way_is_refused() {
    type Step = fn(&mut Vec<(&'static str, String)>);
    let steps: [(&str, Step); 6] = [
        ("another token", |headers| headers[0].1 = "Bearer token-b".to_owned()),
        ("another digest", |headers| headers[1].1 = "sha-256=:AAAA:".to_owned()),
        ("no digest", |headers| drop(headers.remove(1))),
        ("no input", |headers| drop(headers.remove(2))),
        ("no signature", |headers| drop(headers.remove(3))),
        ("a second token", |headers| headers.push(("Authorization", "Bearer token-b".to_owned()))),
    ];
    for (what, step) in steps {
        assert!(call().sent(step).is_err(), "{what}");
    }
    // Without either field it is no signed call; whether that is enough is not decided here.
    assert_eq!(call().sent(|headers| headers.retain(|(name, _)| !name.starts_with("Signature"))), Ok(None));
    // The same id with another key behind it, and no key of that id.
    assert!(call().sent_to(&[call().key.public()], |_| {}).is_err());
    assert!(call().sent_to(&[], |_| {}).unwrap_err().to_string().contains("keyid"));
}

#[test]
fn an_answer_covers_its_request_and_the_signature_of_it() {
    let headers = [("Signature-Input", "a=()"), ("Signature", " a=:AAAA: ")];
    let request = Push { path: "/x", ..push(BODY, &headers) };
    let answer = Answer { status: 200, content_type: "application/json", body: b"{}", request: &request };
    let draft = answer.draft("k1", "ecdsa-p256-sha256", now());
    let lines: Vec<&str> = draft.base.lines().collect();
    assert_eq!(lines[0], "\"@status\": 200");
    assert!(lines[1].starts_with("\"content-digest\": sha-256=:"));
    assert_eq!(
        lines[2..6],
        [
            "\"content-type\": application/json",
            "\"@method\";req: POST",
            "\"@target-uri\";req: https://gate.example/x",
            "\"signature\";req: a=:AAAA:",
        ]
    );
    assert!(lines[6].ends_with(";keyid=\"k1\";alg=\"ecdsa-p256-sha256\";tag=\"claimgate-answer\""), "{}", lines[6]);
    let fields = draft.clone().fields(b"\x01");
    assert_eq!(fields[2], ("Signature", "answer=:AQ==:".to_owned()));
    assert!(draft.base.ends_with(fields[1].1.strip_prefix("answer=").unwrap()));
    // An unsigned request is bound by method and target alone.
    let bare = Answer { request: &push(BODY, &[]), ..answer }.draft("k1", "ed25519", now());
    assert!(!bare.base.contains("signature\";req"));
}
