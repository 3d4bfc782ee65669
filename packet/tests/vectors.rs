//! The test vectors: they are what the generator makes, and each gives the outcome written beside it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::collections::HashSet;
use std::path::Path;

use claimgate_packet::jose::jwk::PrivateJwk;
use claimgate_packet::open::{OpenError, Opened, TrustedKeys, open};
use claimgate_packet::receipt::{self, Expected};
use claimgate_packet::words::Line;
use jiff::Timestamp;
use serde_json::Value;

#[path = "../examples/vectors/make.rs"]
mod make;

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name)).ok()
}

fn file(name: &str) -> Value {
    serde_json::from_str(&read(name).unwrap()).unwrap()
}

fn alpha() -> Vec<PrivateJwk> {
    let keys = file("keys.json");
    ["alpha-p256", "alpha-x25519", "alpha-rsa"]
        .map(|name| PrivateJwk::from_json(&keys["recipients"][name]).unwrap())
        .to_vec()
}

fn opened(text: &str, case: &Value) -> Result<Opened, OpenError> {
    let trust = TrustedKeys::parse(read("claim-packet-keys.json").unwrap().as_bytes()).unwrap();
    let line = case["line"].as_str().map(|line| line.parse::<Line>().unwrap());
    let now = Timestamp::from_second(file("packets.json")["now"].as_i64().unwrap()).unwrap();
    open(text, &alpha(), &trust, case["aud"].as_str().unwrap(), line, now)
}

/// The text of a case, which may be one sign many times, or have to be sealed first.
fn text(case: &Value) -> String {
    let repeated =
        |part: &Value| part["sign"].as_str().unwrap().repeat(usize::try_from(part["times"].as_u64().unwrap()).unwrap());
    if case["repeat"].is_object() {
        return repeated(&case["repeat"]);
    }
    if case["seal_repeated"].is_object() {
        let part = &case["seal_repeated"];
        let around = |name: &str| part[name].as_str().unwrap();
        let plain = format!("{}{}{}", around("before"), repeated(part), around("after"));
        return make::bench::Bench::new(&file("keys.json")).unwrap().sealed("alpha-p256", &plain, |_| ()).unwrap();
    }
    case["text"].as_str().unwrap().to_owned()
}

#[test]
fn the_files_are_what_the_generator_makes() {
    for (name, text) in make::files(&read).unwrap() {
        let how = "write them anew: cargo run -p claimgate-packet --features seal --example vectors";
        assert!(read(name).is_some_and(|file| file == text), "{name} is out of date; {how}");
    }
}

#[test]
fn every_packet_gives_its_outcome() {
    let cases = file("packets.json")["cases"].as_array().unwrap().clone();
    let mut codes = HashSet::new();
    for case in &cases {
        let outcome = opened(&text(case), case).and_then(|opened| {
            opened.trace().arrival(case["kept"].as_str())?;
            Ok(opened)
        });
        match outcome {
            Ok(opened) => {
                assert_eq!(case["expect"], "opened", "{}", case["name"]);
                let expected = &case["opened"];
                assert!(expected.is_null() || *expected == opened.to_json().unwrap(), "{}", case["name"]);
            }
            Err(error) => assert_eq!(case["expect"], error.code(), "{}", case["name"]),
        }
        codes.insert(case["expect"].as_str().unwrap().to_owned());
    }
    assert!(cases.len() > 100, "{} cases", cases.len());
    let missing: Vec<&str> =
        OpenError::ALL.map(OpenError::code).into_iter().filter(|code| !codes.contains(*code)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn a_packet_cut_at_any_byte_is_refused() {
    let cases = file("packets.json")["cases"].as_array().unwrap().clone();
    for case in cases.iter().filter(|case| case["expect"] == "opened").take(2) {
        let whole = case["text"].as_str().unwrap();
        for cut in 0..whole.len() {
            let error = opened(&whole[..cut], case).err().map(OpenError::code);
            let expected = ["packet.malformed", "packet.header", "packet.decrypt"];
            assert!(error.is_some_and(|code| expected.contains(&code)), "{} cut at {cut}: {error:?}", case["name"]);
        }
    }
}

#[test]
fn every_receipt_gives_its_outcome() {
    let (file, keys) = (file("receipts.json"), file("keys.json"));
    let public = |name: &str| PrivateJwk::from_json(&keys["receipts"][name]).unwrap().public();
    let keys = [public("alpha-ed25519"), public("alpha-es256")];
    let at = |name: &str| Timestamp::from_second(file["expected"][name].as_i64().unwrap()).unwrap();
    let word = |name: &str| file["expected"][name].as_str().unwrap();
    let expected = Expected {
        delivery_id: word("delivery_id"),
        packet_id: word("packet_id"),
        line: word("line").parse().unwrap(),
        presentation_digest: word("presentation_digest"),
        issued_at: at("issued_at"),
        now: at("now"),
    };
    let mut codes = HashSet::new();
    for case in file["cases"].as_array().unwrap() {
        let outcome = receipt::verify(case["text"].as_str().unwrap(), &keys, &expected);
        let outcome = outcome.map_or_else(receipt::Refusal::code, |_| "verified");
        assert_eq!(case["expect"], outcome, "{}", case["name"]);
        codes.insert(outcome);
    }
    let missing: Vec<&str> =
        receipt::Refusal::ALL.map(receipt::Refusal::code).into_iter().filter(|code| !codes.contains(code)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
