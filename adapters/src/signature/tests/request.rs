//! HTTP message signatures over a push: what must be covered, when, by whom, and what breaks them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};

use super::*;

const BODY: &[u8] = br#"{"resourceType":"Bundle"}"#;
const TARGET: [&str; 4] = ["@method", "@target-uri", "content-digest", "content-type"];

/// A request in the making.
struct Request {
    key: PrivateJwk,
    components: Vec<&'static str>,
    parameters: String,
    digest: String,
    query: Option<&'static str>,
}

fn request() -> Request {
    let since = "2026-01-01T00:00:00Z".parse().unwrap();
    let key = PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es384, Some("hospital-1".to_owned()), since).unwrap();
    Request {
        key,
        components: TARGET.to_vec(),
        parameters: format!(";created={};keyid=\"hospital-1\"", now().as_second()),
        digest: digest(BODY),
        query: None,
    }
}

fn digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(claimgate_packet::jose::digest::sha256(body)))
}

impl Request {
    fn values(&self) -> Vec<(&'static str, String)> {
        let query = self.query.map(|query| format!("?{query}")).unwrap_or_default();
        vec![
            ("@method", "POST".to_owned()),
            ("@target-uri", format!("https://gate.example/fhir/Bundle{query}")),
            ("@authority", "gate.example".to_owned()),
            ("@path", "/fhir/Bundle".to_owned()),
            ("@query", if query.is_empty() { "?".to_owned() } else { query }),
            ("content-digest", self.digest.clone()),
            ("content-type", "application/fhir+json".to_owned()),
            ("x-note", "a, b".to_owned()),
        ]
    }

    /// The two fields, by an independent writing of the signature base.
    fn sign(&self) -> (String, String) {
        let names = self.components.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" ");
        let input = format!("({names}){}", self.parameters);
        let values = self.values();
        let mut base = String::new();
        for name in &self.components {
            let (_, value) = values.iter().find(|(known, _)| known == name).unwrap();
            base.push_str(&[&format!("\"{name}\": "), value.as_str(), "\n"].concat());
        }
        base.push_str("\"@signature-params\": ");
        base.push_str(&input);
        let pkcs8 = self.key.pkcs8_der().unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &pkcs8).unwrap();
        let signature = pair.sign(&SystemRandom::new(), base.as_bytes()).unwrap();
        (format!("sig1={input}"), format!("sig1=:{}:", STANDARD.encode(signature.as_ref())))
    }

    fn check_with(&self, change: impl FnOnce(&mut Push<'_>)) -> Result<Checked, Rejection> {
        let (input, signature) = self.sign();
        let headers = [
            ("Content-Type", "application/fhir+json"),
            ("X-Note", " a"),
            ("x-note", "b "),
            ("Content-Digest", self.digest.as_str()),
            ("Signature-Input", input.as_str()),
            ("Signature", signature.as_str()),
        ];
        let keys = [self.key.public()];
        let mut push = Push { query: self.query, ..push(BODY, &headers) };
        change(&mut push);
        checked(&push, &Trust { keys: &keys, ..NOTHING })
    }

    fn check(&self) -> Result<Checked, Rejection> {
        self.check_with(|_| {})
    }

    #[track_caller]
    fn assert_refused(&self, words: &str) {
        let issue = self.check().unwrap_err().issues.remove(0);
        assert_eq!(issue.code, "signature.invalid");
        assert!(issue.diagnostics.contains(words), "{}", issue.diagnostics);
    }
}

#[test]
fn a_signed_request_says_who_and_when_and_keeps_its_base() {
    let request = request();
    let found = request.check().unwrap().signatures.remove(0);
    assert_eq!((found.method, found.covers), (Method::HttpMessageSignature, Covers::Body));
    assert_eq!((found.key.as_str(), found.algorithm.as_str()), ("hospital-1", "ecdsa-p384-sha384"));
    assert_eq!(found.signed_at, Some(now()));
    assert!(found.base.as_ref().unwrap().starts_with("\"@method\": POST\n"));
    let kept = SourceKey::from_jwk(&PublicJwk::from_json(found.public_key.as_ref().unwrap()).unwrap()).unwrap();
    let again = found.covered(BODY).unwrap();
    assert!(kept.verifies(&again.content, &again.signature));
    let words = found.verification();
    assert_eq!((words.method.as_str(), words.result.as_str()), ("http-message-signature", "verified"));
}

#[test]
fn less_than_the_profile_asks_for_is_refused() {
    for left_out in TARGET {
        let mut request = request();
        request.components.retain(|name| *name != left_out);
        request.assert_refused("must cover");
    }
    let mut parts = request();
    parts.components = vec!["@method", "@authority", "@path", "content-digest", "content-type", "x-note"];
    assert!(parts.check().is_ok());
    parts.query = Some("_format=json");
    parts.assert_refused("must cover");
    parts.components.push("@query");
    assert!(parts.check().is_ok());
}

#[test]
fn a_signature_counts_around_its_time_alone() {
    let at = |offset: i64, more: &str| {
        let mut request = request();
        request.parameters = format!(";created={};keyid=\"hospital-1\"{more}", now().as_second() + offset);
        request.check().is_ok()
    };
    assert!(at(-300, "") && at(60, ""));
    assert!(!at(-301, "") && !at(61, ""));
    let seconds = now().as_second();
    assert!(at(0, &format!(";expires={}", seconds + 1)));
    assert!(!at(0, &format!(";expires={seconds}")));
}

#[test]
fn parameters_are_those_of_the_profile_and_agree_with_the_key() {
    let created = now().as_second();
    let with = |parameters: String| Request { parameters, ..request() };
    for fine in [r#";alg="ecdsa-p384-sha384""#, r#";nonce="n-1";tag="claimgate""#] {
        assert!(with(format!(";created={created};keyid=\"hospital-1\"{fine}")).check().is_ok(), "{fine}");
    }
    for (parameters, words) in [
        (format!(";created={created};keyid=\"hospital-1\";alg=\"ecdsa-p256-sha256\""), "alg"),
        (format!(";created={created};keyid=\"hospital-1\";alg=\"hmac-sha256\""), "alg"),
        (format!(";created={created};keyid=\"hospital-2\""), "keyid"),
        (format!(";created={created}"), "parameters"),
        (";keyid=\"hospital-1\"".to_owned(), "parameters"),
        (format!(";created=\"{created}\";keyid=\"hospital-1\""), "parameters"),
        (format!(";created={created};keyid=\"hospital-1\";other=1"), "parameters"),
    ] {
        with(parameters).assert_refused(words);
    }
}

#[test]
fn the_digest_is_that_of_the_body() {
    let with = |digest: String| Request { digest, ..request() };
    with(digest(b"{}")).assert_refused("Content-Digest");
    with("sha-1=:AAAA:".to_owned()).assert_refused("Content-Digest");
    with(String::new()).assert_refused("Content-Digest");
    // One right digest does not make up for a wrong one.
    with(format!("{}, sha-512=:AAAA:", digest(BODY))).assert_refused("Content-Digest");
    assert!(with(format!("{}, crc32c=:AAAA:", digest(BODY))).check().is_ok());
}

#[test]
fn what_was_changed_on_the_way_does_not_verify() {
    let request = request();
    let refused = |change: fn(&mut Push<'_>)| request.check_with(change).is_err();
    assert!(refused(|push| push.method = "PUT"));
    assert!(refused(|push| push.authority = "other.example"));
    assert!(refused(|push| push.path = "/fhir/Bundle/1"));
    assert!(refused(|push| push.query = Some("a=b")));
    assert!(refused(|push| push.scheme = "http"));
    assert!(refused(|push| push.body = b"{}"));
    // The same address in another spelling.
    assert!(request.check_with(|push| push.authority = "GATE.example:443").is_ok());
}

#[test]
fn more_than_one_signature_or_a_component_twice_is_refused() {
    let one = request();
    let (input, signature) = one.sign();
    let (other, more) = (input.replace("sig1", "sig2"), signature.replace("sig1", "sig2"));
    let keys = [one.key.public()];
    let trust = Trust { keys: &keys, ..NOTHING };
    let both = [
        ("Signature-Input", input.as_str()),
        ("Signature-Input", &other),
        ("Signature", &signature),
        ("Signature", &more),
    ];
    assert_refused(&push(BODY, &both), &trust, "one signature");
    assert_refused(&push(BODY, &[("Signature-Input", &input), ("Signature", &more)]), &trust, "one signature");
    assert_refused(&push(BODY, &[("Signature-Input", &input)]), &trust, "one signature");
    let mut twice = request();
    twice.components.push("@method");
    twice.assert_refused("twice");
    let mut unknown = request();
    unknown.components.push("x-note");
    unknown.components.push("x-note");
    unknown.assert_refused("twice");
}

#[test]
fn a_line_break_in_a_field_cannot_write_into_the_base() {
    let request = request();
    let (input, signature) = request.sign();
    let digest = request.digest.clone();
    let keys = [request.key.public()];
    let headers = [
        ("content-type", "application/fhir+json\n\"@path\": /"),
        ("content-digest", digest.as_str()),
        ("signature-input", input.as_str()),
        ("signature", signature.as_str()),
    ];
    assert_refused(&push(BODY, &headers), &Trust { keys: &keys, ..NOTHING }, "component");
}
