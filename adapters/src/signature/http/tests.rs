//! The vectors of RFC 9421 Appendix B: bases and signatures by rsa-pss-sha512, ecdsa-p256-sha256 and ed25519.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_fhir::format::Format;

use super::*;
use crate::signature::source_key::HttpAlgorithm;

const BODY: &[u8] = br#"{"hello": "world"}"#;
const HEADERS: [(&str, &str); 5] = [
    ("Host", "example.com"),
    ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("Content-Type", "application/json"),
    (
        "Content-Digest",
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    ),
    ("Content-Length", "18"),
];

/// The blocks of the appendix, long lines put together again (RFC 8792).
#[expect(clippy::disallowed_methods, reason = "a test may be told where the shared data lies")]
fn appendix() -> Option<String> {
    let shared = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| PathBuf::from("../shared"), PathBuf::from);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(shared)
        .join("data/vectors/rfc9421/appendix-b-blocks.txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is absent", path.display());
        return None;
    };
    let mut whole = String::new();
    let mut continued = false;
    for line in text.lines() {
        let line = if continued { line.trim_start() } else { line };
        continued = line.ends_with('\\');
        whole.push_str(line.trim_end_matches('\\'));
        if !continued {
            whole.push('\n');
        }
    }
    Some(whole)
}

/// Signature-Input and Signature of a label.
fn fields(appendix: &str, label: &str) -> (InnerList, Vec<u8>) {
    let field = |name: &str| {
        let start = format!("{name}: {label}=");
        let line = appendix.lines().find(|line| line.starts_with(&start)).unwrap();
        line.strip_prefix(&format!("{name}: ")).unwrap().to_owned()
    };
    let Some((_, ListEntry::InnerList(covered))) = one(&field("Signature-Input")) else { panic!("{label}") };
    let signature = one(&field("Signature")).and_then(|(_, entry)| bytes(entry)).unwrap();
    (covered, signature)
}

/// The public key under a heading.
fn key(appendix: &str, heading: &str, algorithm: HttpAlgorithm) -> SourceKey {
    let after = appendix.split(heading).nth(1).unwrap();
    let pem = after.split("-----BEGIN PUBLIC KEY-----").nth(1).unwrap().split("-----END").next().unwrap();
    let spki = STANDARD.decode(pem.replace('\n', "")).unwrap();
    SourceKey::from_spki("test-key", algorithm, &spki).unwrap()
}

fn request() -> Push<'static> {
    Push {
        method: "POST",
        scheme: "https",
        authority: "example.com",
        path: "/foo",
        query: Some("param=Value&Pet=dog"),
        headers: &HEADERS,
        body: BODY,
        format: Format::Json,
    }
}

#[test]
fn the_requests_of_appendix_b_verify_and_nothing_near_them() {
    let Some(appendix) = appendix() else { return };
    let pss = key(&appendix, "### Example RSA PSS Key", HttpAlgorithm::RsaPssSha512);
    let edwards = key(&appendix, "### Example Ed25519 Test Key", HttpAlgorithm::Ed25519);
    for (label, key) in [("sig-b21", &pss), ("sig-b23", &pss), ("sig-b26", &edwards)] {
        let (covered, signature) = fields(&appendix, label);
        let base = base::signature_base(&request(), &covered).unwrap();
        assert!(appendix.contains(&base), "{label}: {base}");
        assert!(key.verifies(base.as_bytes(), &signature), "{label}");
        assert!(!key.verifies(base.replace("1618884473", "1618884474").as_bytes(), &signature));
        let mut broken = signature.clone();
        broken[0] ^= 1;
        assert!(!key.verifies(base.as_bytes(), &broken));
        assert_eq!(base::check_coverage(&request(), &covered, Profile::Push).is_ok(), label == "sig-b23", "{label}");
    }
    assert!(check_digest(&request()).is_ok());
    assert!(check_digest(&Push { body: b"{}", ..request() }).is_err());
}

#[test]
fn a_response_and_a_parameter_of_a_component_are_outside_the_profile() {
    let Some(appendix) = appendix() else { return };
    let curve = key(&appendix, "### Example ECC P-256 Test Key", HttpAlgorithm::EcdsaP256Sha256);
    let (covered, signature) = fields(&appendix, "sig-b24");
    assert!(base::signature_base(&request(), &covered).is_err(), "@status");
    let base = appendix.split("\"@status\": 200").nth(1).unwrap().split("\n-----").next().unwrap();
    assert!(curve.verifies(format!("\"@status\": 200{base}").as_bytes(), &signature));
    let (covered, _) = fields(&appendix, "sig-b22");
    assert!(base::signature_base(&request(), &covered).is_err(), "@query-param;name");
}

#[test]
fn rsa_with_the_older_padding_verifies_by_its_own_algorithm_alone() {
    use rcgen::{PublicKeyData, SigningKey};
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let signature = pair.sign(b"base").unwrap();
    let spki = pair.subject_public_key_info();
    let key = |algorithm| SourceKey::from_spki("k", algorithm, &spki).unwrap();
    assert!(key(HttpAlgorithm::RsaV15Sha256).verifies(b"base", &signature));
    assert!(!key(HttpAlgorithm::RsaPssSha512).verifies(b"base", &signature));
}

#[test]
fn a_key_goes_with_its_algorithm() {
    let Some(appendix) = appendix() else { return };
    let after = appendix.split("### Example RSA PSS Key").nth(1).unwrap();
    let pem = after.split("-----BEGIN PUBLIC KEY-----").nth(1).unwrap().split("-----END").next().unwrap();
    let spki = STANDARD.decode(pem.replace('\n', "")).unwrap();
    assert!(SourceKey::from_spki("k", HttpAlgorithm::RsaV15Sha256, &spki).is_ok());
    assert!(SourceKey::from_spki("k", HttpAlgorithm::Ed25519, &spki).is_err());
    assert!(SourceKey::from_spki("", HttpAlgorithm::RsaPssSha512, &spki).is_err());
    assert!(SourceKey::from_spki("k", HttpAlgorithm::RsaPssSha512, &spki[1..]).is_err());
    assert_eq!(HttpAlgorithm::from_name("rsa-pss-sha512"), Some(HttpAlgorithm::RsaPssSha512));
    assert_eq!(HttpAlgorithm::from_name("hmac-sha256"), None);
}

#[test]
fn a_short_modulus_is_refused_when_it_is_registered() {
    let spki = concat!(
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDLw3yuzgKz4c958WSSz1tPslut34698iO8mr7UsGSTwA9UkSZbQOgvbjQfoIHUjoT61BlP",
        "pVbvLBR01qcwqTtbM85pfMHkKaHLToguhMSeLIavM/nAdRhy5ieaFOF0YadKAJOFrlhNbkXbyGNG4p12CjW0c8v3naDWfvv4CGEbywIDAQAB",
    );
    let spki = STANDARD.decode(spki).unwrap();
    assert!(SourceKey::from_spki("k", HttpAlgorithm::RsaPssSha512, &spki).is_err());
}
