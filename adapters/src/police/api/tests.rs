//! An answer counts only for the request it answers, from who signed it, in these minutes, and whole.

use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nsketch";

fn key() -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, Timestamp::UNIX_EPOCH).unwrap()
}

fn request(op: Operation) -> Request {
    Request {
        iss: "https://gate.example".to_owned(),
        aud: "police-tpe".to_owned(),
        iat: NOW.as_second(),
        nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        op,
        jurisdiction: "TW-TPE".to_owned(),
        case: "11509A0001".to_owned(),
        on: None,
        item: (op != Operation::List).then_some(Item::AccidentSceneSketch),
        ground: Some(Ground { kind: GroundKind::Consent, reference: "C-1".to_owned() }),
    }
}

fn sketch() -> Paper {
    let document = json!({ "occurrence": { "on": "2026-11-01", "place": {} }, "unit": {}, "drawing": "sketch.png" });
    let files = [("sketch.png", "image/png", PNG.to_vec())];
    Paper::of(Item::AccidentSceneSketch, 1, NOW, document.to_string().as_bytes(), &files)
}

fn found(sent: &Sent) -> Answer {
    Answer { paper: Some(sketch()), ..Answer::to(sent, Outcome::Found, NOW) }
}

#[test]
fn a_request_is_read_by_whom_it_is_for_and_in_its_minute() {
    let gateway = key();
    let sent = request(Operation::Fetch).sign(&gateway).unwrap();
    let (keys, names) = ([gateway.public()], ("https://gate.example", "police-tpe"));
    let read = asked(&sent.text, &keys, names, NOW).unwrap();
    assert!(read.request == sent.request && read.digest == sent.digest);
    let refused = |text: &str, names, now| asked(text, &keys, names, now).err();
    assert_eq!(refused(&sent.text, ("https://gate.example", "police-nwt"), NOW), Some(Reason::Audience));
    assert_eq!(refused(&sent.text, names, NOW + SignedDuration::from_secs(61)), Some(Reason::Stale));
    assert_eq!(refused("a.b", names, NOW), Some(Reason::Form));
    assert_eq!(asked(&sent.text, &[key().public()], names, NOW).err(), Some(Reason::UnknownKey));
}

#[test]
fn each_thing_wrong_with_an_answer_has_its_reason() {
    let (gateway, source, other) = (key(), key(), key());
    let sent = request(Operation::Fetch).sign(&gateway).unwrap();
    let keys = [source.public()];
    let read_at = |status, text: &str, now| {
        read(status, text.as_bytes(), &Expected { source: "police-tpe", keys: &keys, sent: &sent, now }).err()
    };
    let told = |change: &dyn Fn(&mut Answer)| {
        let mut answer = found(&sent);
        change(&mut answer);
        read_at(200, &answer.sign(&source).unwrap(), NOW)
    };
    assert_eq!(told(&|_| {}), None);
    assert_eq!(told(&|answer| answer.iss = "police-nwt".to_owned()), Some(Reason::Issuer));
    assert_eq!(told(&|answer| answer.aud = "https://other.example".to_owned()), Some(Reason::Audience));
    assert_eq!(told(&|answer| answer.nonce = "BBBBBBBBBBBBBBBBBBBBBB".to_owned()), Some(Reason::Request));
    assert_eq!(told(&|answer| answer.request = "x".to_owned()), Some(Reason::Request));
    assert_eq!(told(&|answer| answer.iat -= 301), Some(Reason::Stale));
    assert_eq!(told(&|answer| answer.iat += 61), Some(Reason::Stale));
    assert_eq!(told(&|answer| answer.outcome = Outcome::Withheld), Some(Reason::Status));
    assert_eq!(told(&|answer| answer.paper = None), Some(Reason::Item));
    let paper = |change: &dyn Fn(&mut Paper)| told(&|answer| answer.paper.iter_mut().for_each(change));
    assert_eq!(paper(&|paper| paper.item = Item::AccidentScenePhotos), Some(Reason::Item));
    assert_eq!(paper(&|paper| paper.digest = "x".to_owned()), Some(Reason::Digest));
    assert_eq!(paper(&|paper| paper.files.clear()), Some(Reason::Digest));
    assert_eq!(paper(&|paper| paper.version = 0), Some(Reason::Content));
    assert_eq!(paper(&|paper| paper.files[0].media_type = "image/jpeg".to_owned()), Some(Reason::Content));
    assert_eq!(paper(&|paper| paper.files[0].name = "../sketch.png".to_owned()), Some(Reason::Content));
    let report = Paper::of(Item::AccidentSceneSketch, 1, NOW, br#"{"parties":[]}"#, &[]);
    assert_eq!(paper(&|paper| *paper = report.clone()), Some(Reason::Content));

    let good = found(&sent).sign(&source).unwrap();
    assert_eq!(read_at(404, &good, NOW), Some(Reason::Status));
    assert_eq!(read_at(200, &found(&sent).sign(&other).unwrap(), NOW), Some(Reason::UnknownKey));
    let (input, _) = good.rsplit_once('.').unwrap();
    assert_eq!(read_at(200, &format!("{input}.{}", "A".repeat(86)), NOW), Some(Reason::Signature));
    for text in ["", "not a jws", "{\"outcome\":\"found\"}"] {
        assert_eq!(read_at(200, text, NOW), Some(Reason::Form));
    }
    // A request of the gateway is no answer, whoever signs it.
    let request = request(Operation::Fetch).sign(&source).unwrap();
    assert_eq!(read_at(200, &request.text, NOW), Some(Reason::Form));
    // A key for another algorithm, or one that has ended.
    let ed = PrivateJwk::generate(KeyUse::Sig, KeyAlg::EdDsa, None, Timestamp::UNIX_EPOCH).unwrap();
    let mut ended = source.public();
    ended.revoked_at = Some(NOW);
    for (keys, text, reason) in [
        ([ed.public()], found(&sent).sign(&ed).unwrap(), Reason::Algorithm),
        ([ended], good.clone(), Reason::UnknownKey),
    ] {
        let expected = Expected { source: "police-tpe", keys: &keys, sent: &sent, now: NOW };
        assert_eq!(read(200, text.as_bytes(), &expected).err(), Some(reason));
    }
}

#[test]
fn what_is_not_given_is_said_under_signature_too() {
    let (gateway, source) = (key(), key());
    let keys = [source.public()];
    for (op, answer, status) in [
        (Operation::Fetch, Outcome::Unknown, 404),
        (Operation::Fetch, Outcome::NotYet, 409),
        (Operation::Fetch, Outcome::Withheld, 409),
        (Operation::List, Outcome::Found, 200),
        (Operation::Fetch, Outcome::Refused, 403),
    ] {
        let sent = request(op).sign(&gateway).unwrap();
        let text = Answer::to(&sent, answer, NOW).sign(&source).unwrap();
        let expected = Expected { source: "police-tpe", keys: &keys, sent: &sent, now: NOW };
        assert_eq!(read(status, text.as_bytes(), &expected).unwrap().outcome, answer);
    }
    let sent = request(Operation::Fetch).sign(&gateway).unwrap();
    let expected = Expected { source: "police-tpe", keys: &keys, sent: &sent, now: NOW };
    let mut elsewhere = Answer::to(&sent, Outcome::Elsewhere, NOW);
    let told = |answer: &Answer| read(421, answer.sign(&source).unwrap().as_bytes(), &expected).err();
    assert_eq!(told(&elsewhere), Some(Reason::Item), "it names nobody");
    elsewhere.jurisdiction = Some("highway-police".to_owned());
    assert_eq!(told(&elsewhere), None);
}

#[test]
fn the_page_lists_every_reason() {
    let page = include_str!("../../../../docs/police-api.md");
    for reason in Reason::ALL {
        let row = format!("| `{}` | {reason} |", reason.code());
        assert!(page.contains(&row), "docs/police-api.md lacks {row}");
    }
}

#[test]
fn names_of_files_become_ids() {
    let (bytes, _) = sketch().bytes().unwrap();
    let ids = [("sketch.png".to_owned(), "att_1".to_owned())];
    let document = document(Item::AccidentSceneSketch, &bytes, &ids).unwrap();
    assert_eq!(document.to_json().unwrap()["drawing"], "att_1");
}
