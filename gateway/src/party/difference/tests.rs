//! What an operator is shown of a change, and what one operator alone may make.

use claimgate_packet::jose::jwk::{JwkSet, KeyAlg, PrivateJwk};
use jiff::Timestamp;
use serde_json::Value;

use super::super::{Contact, ContactKind, PartyIdentifier, PartyState, Role};
use super::*;

fn key(usage: KeyUse, alg: KeyAlg, kid: &str) -> PublicJwk {
    PrivateJwk::generate(usage, alg, Some(kid.to_owned()), Timestamp::UNIX_EPOCH).unwrap().public()
}

fn insurer(change: impl Fn(&mut Registration), keys: &[PublicJwk]) -> Party {
    let mut document = Registration::new("insurer-a", Role::Insurer, "安心人壽", JwkSet(keys.to_vec()).to_json());
    document.lines = vec!["life".parse().unwrap()];
    document.identifiers =
        vec![PartyIdentifier { system: "https://gcis.nat.gov.tw".to_owned(), value: "12345675".to_owned() }];
    change(&mut document);
    Party::new(document, PartyState::Live, 1).unwrap()
}

#[test]
fn one_operator_alone_changes_authentication_keys_and_contacts() {
    let (sig, enc) = (key(KeyUse::Sig, KeyAlg::Es256, "s1"), key(KeyUse::Enc, KeyAlg::EcdhEsA256kw, "e1"));
    let (next_sig, next_enc) = (key(KeyUse::Sig, KeyAlg::Es256, "s2"), key(KeyUse::Enc, KeyAlg::EcdhEsA256kw, "e1"));
    let both = [sig.clone(), enc.clone()];
    let old = insurer(|_| {}, &both);
    assert!(difference(Some(&old), &insurer(|_| {}, &both)).is_empty());

    let rotated = difference(Some(&old), &insurer(|_| {}, &[next_sig.clone(), enc.clone()]));
    assert!(rotated.iter().all(|one| one.alone), "{rotated:?}");
    let [gone, new] = rotated.as_slice() else { panic!("{rotated:?}") };
    assert!(gone.new.is_empty() && new.old.is_empty());
    let shown = format!("sig ES256 s2 thumbprint {} from 1970-01-01T00:00:00Z", next_sig.thumbprint());
    assert_eq!(new.new, shown);

    // The same kid with other bytes: an exchanged key never looks like none.
    let exchanged = difference(Some(&old), &insurer(|_| {}, &[sig.clone(), next_enc]));
    assert!(matches!(exchanged.as_slice(), [one] if !one.alone && one.old != one.new), "{exchanged:?}");

    let staff = Contact {
        kind: ContactKind::Privacy,
        name: "林小美".to_owned(),
        email: "dpo@insurer.example".to_owned(),
        phone: None,
    };
    let contacts = difference(Some(&old), &insurer(|document| document.contacts = vec![staff.clone()], &both));
    assert!(matches!(contacts.as_slice(), [one] if one.alone && one.new == "1 contacts"), "{contacts:?}");
}

type Step = (&'static str, fn(&mut Registration));

#[test]
fn everything_else_needs_a_second_operator() {
    let both = [key(KeyUse::Sig, KeyAlg::Es256, "s1"), key(KeyUse::Enc, KeyAlg::EcdhEsA256kw, "e1")];
    let old = insurer(|_| {}, &both);
    let steps: [Step; 8] = [
        ("name", |document| document.name = "別家人壽".to_owned()),
        ("lines", |document| document.lines.push("accident".parse().unwrap())),
        ("receipt", |document| document.receipt = Some(super::super::ReceiptRule::Required)),
        ("auth", |document| document.auth = Some(super::super::AuthProfile::Smart)),
        ("jwks_url", |document| document.jwks_url = Some("https://insurer.example/jwks".to_owned())),
        ("certificate", |document| document.certificate = Some(super::super::CertificateRule::SelfSigned)),
        ("effective_until", |document| document.effective_until = Some("2027-12-31".parse().unwrap())),
        ("identifiers", |document| {
            let code = |value: &str| PartyIdentifier { system: "urn:a".to_owned(), value: value.to_owned() };
            document.identifiers.push(code("1\u{202e}2\u{1b}[2J"));
        }),
    ];
    for (member, step) in steps {
        let found = difference(Some(&old), &insurer(step, &both));
        assert!(matches!(found.as_slice(), [one] if one.member == member && !one.alone), "{member}: {found:?}");
        assert!(found.iter().all(|one| !one.new.chars().any(|sign| sign == '\u{1b}' || sign == '\u{202e}')));
    }
    let suspended = old.clone().in_state(PartyState::Suspended).unwrap();
    let found = difference(Some(&suspended), &old);
    assert!(matches!(found.as_slice(), [one] if one.member == "state" && one.new == "live" && !one.alone));
    // A new party: everything it says is new.
    assert!(difference(None, &old).iter().any(|one| one.member == "role" && one.new == "insurer"));
    assert_eq!(shown(&Value::Bool(true)), "true");
}
