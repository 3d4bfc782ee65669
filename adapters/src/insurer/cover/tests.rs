//! A question goes out, is answered, and counts only as what it is; the vector of docs/cover-api.md holds.

use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use jiff::Timestamp;
use jiff::civil::date;

use super::*;
use crate::exchange::{self, Answer, Expected, Question};

const NOW: i64 = 1_800_000_000;

fn key() -> PrivateJwk {
    PrivateJwk::generate(KeyUse::Sig, KeyAlg::Es256, None, now()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn question(probe: &str) -> Question<CoverQuestion> {
    Question {
        iss: "https://gate.example".to_owned(),
        aud: "insurer-a".to_owned(),
        iat: NOW,
        nonce: "A".repeat(22),
        ask: CoverQuestion { on: date(2026, 11, 1), probes: vec![probe.to_owned()] },
    }
}

#[test]
fn the_vector_of_the_document_holds_and_pairs_stay_apart() {
    let key = PairKey::new([7; 32]);
    let probe = key.probe("ABC1234", date(2026, 11, 1));
    let document = include_str!("../../../../docs/cover-api.md");
    assert!(
        document.contains(&key.to_text()) && document.contains(&probe),
        "docs/cover-api.md: {} {probe}",
        key.to_text()
    );
    assert_ne!(probe, PairKey::new([8; 32]).probe("ABC1234", date(2026, 11, 1)));
    assert_ne!(probe, key.probe("ABC1234", date(2026, 11, 2)));
    assert_eq!(PairKey::from_text(&key.to_text()).unwrap().to_text(), key.to_text());
    assert!(PairKey::from_text("AAAA").is_none());
}

#[test]
fn an_answer_counts_for_its_own_question_alone() {
    let (gateway, insurer, stranger) = (key(), key(), key());
    let sent = question("p").sign(FORM, &gateway).unwrap();
    let keys = [gateway.public()];
    let parties = ("https://gate.example", "insurer-a");
    let read: exchange::Sent<CoverQuestion> = exchange::asked(&sent.text, FORM, &keys, parties, now()).unwrap();
    assert_eq!((read.question.ask.probes.as_slice(), &read.digest), (&["p".to_owned()][..], &sent.digest));
    let other = exchange::asked::<CoverQuestion>(&sent.text, FORM, &keys, ("https://gate.example", "insurer-b"), now());
    assert_eq!(other.unwrap_err(), Reason::Audience);
    let late = Timestamp::from_second(NOW + 61).unwrap();
    assert_eq!(exchange::asked::<CoverQuestion>(&sent.text, FORM, &keys, parties, late).unwrap_err(), Reason::Stale);

    let told = CoverAnswer {
        answers: vec![ProbeAnswer { probe: "p".to_owned(), covers: Covers::Yes, lines: vec![Line::MotorCompulsory] }],
    };
    let answer = Answer::to(&read, told.clone(), now());
    let registered = [insurer.public()];
    let expected = Expected { form: FORM, keys: &registered, sent: &sent, now: now() };
    let counts = |status: u16, text: &str| exchange::read::<_, CoverAnswer>(status, text.as_bytes(), &expected);
    let good = answer.sign(FORM, &insurer).unwrap();
    assert!(counts(200, &good).unwrap() == told);
    assert_eq!(counts(201, &good).unwrap_err(), Reason::Status);
    assert_eq!(counts(200, &answer.sign(FORM, &stranger).unwrap()).unwrap_err(), Reason::UnknownKey);
    let changed = |change: fn(&mut Answer<CoverAnswer>)| {
        let mut answer = answer.clone();
        change(&mut answer);
        counts(200, &answer.sign(FORM, &insurer).unwrap()).unwrap_err()
    };
    assert_eq!(changed(|answer| answer.nonce = "B".repeat(22)), Reason::Request);
    assert_eq!(changed(|answer| answer.question = "x".to_owned()), Reason::Request);
    assert_eq!(changed(|answer| answer.iat -= 301), Reason::Stale);
    assert_eq!(changed(|answer| answer.iss = "insurer-b".to_owned()), Reason::Issuer);
    assert_eq!(changed(|answer| answer.aud = "another".to_owned()), Reason::Audience);
    assert_eq!(counts(200, &sent.text).unwrap_err(), Reason::Form, "a question is no answer");
    assert_eq!(counts(200, &"a".repeat(exchange::MOST_BYTES + 1)).unwrap_err(), Reason::TooLarge);
    // Yes with lines, no and unknown without, each digest once.
    let ask = &sent.question.ask;
    let one = |covers, lines: &[Line]| ProbeAnswer { probe: "p".to_owned(), covers, lines: lines.to_vec() };
    let all = |answers: Vec<ProbeAnswer>| CoverAnswer { answers }.check(ask);
    assert_eq!(all(vec![one(Covers::No, &[])]), Ok(()));
    for wrong in [
        vec![],
        vec![one(Covers::Yes, &[])],
        vec![one(Covers::No, &[Line::MotorDamage])],
        vec![one(Covers::Yes, &[Line::Life])],
        vec![one(Covers::No, &[]), one(Covers::No, &[])],
        vec![ProbeAnswer { probe: "q".to_owned(), covers: Covers::No, lines: Vec::new() }],
    ] {
        assert_eq!(all(wrong), Err(Reason::Content));
    }
}
