//! Other algorithms on the same way, the order of grants, replay, and that every code is its own.

use std::collections::HashSet;

use super::*;
use crate::jose::jwk::{KeyAlg, KeyUse, PrivateJwk};
use crate::open::{Arrival, Trace};

#[test]
fn a_packet_signed_with_ed25519_opens_with_every_kind_of_key() {
    let signer = PrivateJwk::generate(KeyUse::Sig, KeyAlg::EdDsa, Some("gw-ed".to_owned()), at(-1000)).unwrap();
    let packet = draft().sign(&signer, &mut crate::fixture::counting()).unwrap();
    let trust = TrustedKeys::new(ISSUER.to_owned(), vec![signing_key().public(), signer.public()]);
    let presentation = packet.presentation(ALPHA, Line::HealthReimbursement).unwrap();
    let keys = [
        sealing_key("alpha-p256"),
        PrivateJwk::generate_x25519(Some("alpha-x25519".to_owned()), at(-1000)).unwrap(),
        crate::fixture::rsa_key(),
    ];
    for key in &keys {
        let sealed = presentation.seal(&key.public()).unwrap();
        let opened = open(sealed.as_str(), &keys, &trust, ALPHA, None, at(10)).unwrap();
        assert_eq!((opened.kid.as_str(), opened.evidence == draft().evidence), ("gw-ed", true));
    }
    assert_eq!(TrustedKeys::parse(trust.to_json().to_string().as_bytes()), Ok(trust.clone()));
    // The other key's name over this signature: the key decides which algorithm counts.
    let renamed = TrustedKeys::new(
        ISSUER.to_owned(),
        vec![{
            let mut key = signing_key().public();
            key.kid = "gw-ed".to_owned();
            key
        }],
    );
    let sealed = presentation.seal(&keys[0].public()).unwrap();
    assert_eq!(refused(open(sealed.as_str(), &keys, &renamed, ALPHA, None, at(10))), "packet.signature");
}

#[test]
fn grants_stand_in_ascending_order_each_once() {
    let world = world();
    let evidence = [json!(["c2FsdA", "evd_1", value(&receipt())]), json!(["c2FsdB", "evd_2", value(&receipt())])];
    assert!(world.pass(&handmade(&world, &evidence, &[0, 1], &[0, 1])).is_ok());
    let grants = |change: fn(&mut Vec<Value>)| {
        let whole = handmade(&world, &evidence, &[0, 1], &[0, 1]);
        let parts: Vec<&str> = whole.trim_end_matches('~').split('~').collect();
        let mut element: Value = serde_json::from_slice(&base64url::decode(parts[1]).unwrap()).unwrap();
        change(element[1]["grants"].as_array_mut().unwrap());
        let element = base64url::encode(element.to_string().as_bytes());
        let digest = digest::sha256_text(element.as_bytes());
        let text = format!("{}~{element}~{}~{}~", parts[0], parts[2], parts[3]);
        resigned(&world, &text, |payload| payload["recipients"] = json!([{ "...": digest }]))
    };
    assert!(world.pass(&grants(|_| ())).is_ok());
    assert_eq!(refused(world.pass(&grants(|grants| grants.reverse()))), "packet.order");
    assert_eq!(refused(world.pass(&grants(|grants| grants[1] = grants[0].clone()))), "packet.order");
}

#[test]
fn a_packet_that_came_before_is_the_same_or_refused() {
    let world = world();
    let whole = world.for_alpha();
    let first = world.pass(&whole).unwrap().trace();
    assert_eq!((first.packet_id.as_str(), first.line), ("pkt_1", Line::HealthReimbursement));
    assert_eq!(first.arrival(None), Ok(Arrival::First));
    // Sealed again, it is the same presentation.
    let again = world.pass(&whole).unwrap().trace();
    assert_eq!(again.arrival(Some(&first.presentation_digest)), Ok(Arrival::Again));
    // In another order it opens too, and is another presentation.
    let parts: Vec<&str> = whole.trim_end_matches('~').split('~').collect();
    let turned: Trace = world.pass(&format!("{}~{}~{}~{}~", parts[0], parts[3], parts[2], parts[1])).unwrap().trace();
    assert_eq!(turned.arrival(Some(&first.presentation_digest)).map_err(OpenError::code), Err("packet.replayed"));
}

#[test]
fn a_presentation_cut_at_any_byte_is_refused() {
    let world = world();
    let whole = world.for_beta();
    for cut in 0..whole.len() {
        let sealed = world.seal(&whole[..cut]);
        let keys = std::slice::from_ref(&world.alpha);
        assert!(open(&sealed, keys, &world.trust, BETA, None, at(10)).is_err(), "cut at {cut}");
    }
}

#[test]
fn every_code_is_stable_and_its_own() {
    let place = |error: OpenError| match error {
        OpenError::TooLarge(_) => 0,
        OpenError::Malformed => 1,
        OpenError::Header => 2,
        OpenError::Decrypt => 3,
        OpenError::UnknownKey => 4,
        OpenError::Signature => 5,
        OpenError::Version => 6,
        OpenError::Issuer => 7,
        OpenError::Future => 8,
        OpenError::Key => 9,
        OpenError::NotAddressed => 10,
        OpenError::Order => 11,
        OpenError::Digest => 12,
        OpenError::Duplicate => 13,
        OpenError::Incomplete => 14,
        OpenError::NotGranted => 15,
        OpenError::Schema => 16,
        OpenError::Attachment => 17,
        OpenError::Replayed => 18,
    };
    assert_eq!(OpenError::ALL.map(place), std::array::from_fn(|place| place));
    let codes: HashSet<&str> = OpenError::ALL.into_iter().map(OpenError::code).collect();
    assert_eq!(codes.len(), OpenError::ALL.len());
    assert!(codes.iter().all(|code| code.starts_with("packet.")));
}
