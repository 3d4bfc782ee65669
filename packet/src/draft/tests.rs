//! What a manifest shows, what a draft may not hold, how a signed packet is stored.

use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::fixture::{ALPHA, BETA, at, counting, draft, evidence, photo, recipient, signing_key};
use crate::jose::base64url;
use crate::jose::jwk::{KeyAlg, KeyUse};

fn payload(signed: &Signed) -> Value {
    let payload = base64url::decode(signed.jwt().split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

fn sign(draft: &Draft) -> Result<Signed, SignError> {
    draft.sign(&signing_key(), &mut counting())
}

fn refusal(change: impl FnOnce(&mut Draft)) -> SignError {
    let mut draft = draft();
    change(&mut draft);
    sign(&draft).expect_err("the draft must be refused")
}

#[test]
fn the_signed_part_shows_digests_and_nothing_personal() {
    let signed = sign(&draft()).unwrap();
    let payload = payload(&signed);
    let mut names: Vec<&String> = payload.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["_sd_alg", "claim", "evidence", "iat", "iss", "jti", "recipients", "ver"]);
    assert_eq!(payload["evidence"].as_object().unwrap().len(), 1);
    let text = payload.to_string();
    for personal in ["evd_", ALPHA, BETA, "王小明", "medical-receipt"] {
        assert!(!text.contains(personal), "{personal}");
    }
    let header = base64url::decode(signed.jwt().split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, json!({"alg": "ES256", "kid": "gw-1", "typ": "claim-packet+sd-jwt"}));
}

#[test]
fn digests_are_padded_sorted_and_distinct() {
    for (documents, shown) in [(0, 8), (1, 8), (8, 8), (9, 16), (17, 32), (33, 64), (64, 64)] {
        let mut draft = draft();
        draft.evidence = (0..documents).map(|n| evidence(&format!("evd_{n}"), "moon-rock", json!(n))).collect();
        draft.recipients = vec![recipient(ALPHA, Line::Life, &[])];
        let payload = payload(&sign(&draft).unwrap());
        let digests: Vec<&str> =
            payload["evidence"]["_sd"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert_eq!(digests.len(), shown);
        assert!(digests.is_sorted_by(|one, next| one < next));
        assert!(digests.iter().all(|digest| digest.len() == 43));
        let recipients: Vec<&str> =
            payload["recipients"].as_array().unwrap().iter().map(|one| one["..."].as_str().unwrap()).collect();
        assert_eq!(recipients.len(), 8);
        assert!(recipients.is_sorted_by(|one, next| one < next));
    }
}

#[test]
fn salts_have_128_bits_and_never_repeat() {
    let signed = sign(&draft()).unwrap();
    let stored = String::from_utf8(signed.to_stored()).unwrap();
    let salts: HashSet<String> = stored
        .trim_end_matches('~')
        .split('~')
        .skip(1)
        .map(|encoded| {
            let json: Value = serde_json::from_slice(&base64url::decode(encoded).unwrap()).unwrap();
            json[0].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(salts.len(), 4);
    assert!(salts.iter().all(|salt| base64url::decode(salt).unwrap().len() == 16));
    let constant = draft().sign(&signing_key(), &mut |buffer: &mut [u8]| buffer.fill(7));
    assert_eq!(constant.err(), Some(SignError::Randomness));
}

#[test]
fn a_draft_that_breaks_a_rule_is_not_signed() {
    let form = |error: SignError| matches!(error, SignError::Form(_));
    assert!(form(refusal(|draft| draft.issuer = String::new())));
    assert!(form(refusal(|draft| draft.packet_id = "1".to_owned())));
    assert!(form(refusal(|draft| draft.claim.id = "clm_".to_owned())));
    assert!(form(refusal(|draft| draft.evidence[0].id = "evd_a/b".to_owned())));
    assert!(form(refusal(|draft| draft.recipients[0].aud = "a\nb".to_owned())));
    assert!(form(refusal(|draft| draft.recipients[0].revision = 0)));
    assert!(form(refusal(|draft| draft.recipients[0].revision = 2)));
    assert!(form(refusal(|draft| draft.recipients[0].supersedes = Some("pkt_0".to_owned()))));
    assert!(form(refusal(|draft| draft.recipients.clear())));
    let twice = |error: SignError| matches!(error, SignError::Twice(_));
    assert!(twice(refusal(|draft| draft.evidence[1].id = "evd_1".to_owned())));
    assert!(twice(refusal(|draft| draft.recipients[0].evidence.push("evd_1".to_owned()))));
    assert!(twice(refusal(|draft| {
        let again = recipient(ALPHA, Line::HealthReimbursement, &[]);
        draft.recipients.push(again);
    })));
    let unknown = refusal(|draft| draft.recipients[0].evidence.push("evd_9".to_owned()));
    assert_eq!(unknown, SignError::UnknownEvidence);
    for document in [json!({"_sd": []}), json!({"a": [{"...": "x"}]})] {
        let reserved = refusal(|draft| draft.evidence[1] = evidence("evd_2", "moon-rock", document));
        assert_eq!(reserved, SignError::ReservedName);
    }
    let reserved = refusal(|draft| draft.recipients[0].coordination = Some(json!({"_sd": 1})));
    assert_eq!(reserved, SignError::ReservedName);
}

#[test]
fn a_draft_over_a_bound_is_not_signed() {
    let too_large = |error: SignError| matches!(error, SignError::TooLarge(_));
    assert!(too_large(refusal(|draft| {
        draft.evidence = (0..65).map(|n| evidence(&format!("evd_{n}"), "moon-rock", json!(n))).collect();
    })));
    assert!(too_large(refusal(|draft| {
        draft.evidence[1] = evidence("evd_2", "moon-rock", json!("x".repeat(1 << 20)));
    })));
    assert!(too_large(refusal(|draft| {
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!([deep]);
        }
        draft.evidence[1] = evidence("evd_2", "moon-rock", deep);
    })));
    assert!(too_large(refusal(|draft| draft.evidence[1].attachments = vec![photo(); 201])));
    let attached = |change: fn(&mut crate::evidence::Attachment)| {
        refusal(|draft| change(&mut draft.evidence[1].attachments[0])) == SignError::Form("an attachment")
    };
    assert!(attached(|photo| photo.id = "photo-1".to_owned()));
    assert!(attached(|photo| photo.digest.truncate(42)));
    assert!(attached(|photo| photo.bytes = crate::limits::VIDEO_BYTES + 1));
    assert!(attached(|photo| photo.media_type.clear()));
    assert_eq!(refusal(|draft| draft.evidence[0].attachments = vec![photo()]), SignError::Form("an attachment"));
    assert!(too_large(refusal(|draft| {
        draft.recipients = (0..65).map(|n| recipient(&format!("https://{n}.example"), Line::Life, &[])).collect();
    })));
    // Seven documents of a mebibyte are over 8 MiB once in base64url.
    assert!(too_large(refusal(|draft| {
        let ids: Vec<String> = (0..7).map(|n| format!("evd_{n}")).collect();
        let large = json!("x".repeat((1 << 20) - 500));
        draft.evidence = ids.iter().map(|id| evidence(id, "moon-rock", large.clone())).collect();
        draft.recipients[0].evidence = ids;
        draft.recipients.truncate(1);
    })));
}

#[test]
fn only_a_packet_key_within_its_time_signs() {
    let signer = |usage, alg, from| PrivateJwk::generate(usage, alg, None, at(from)).unwrap();
    for key in [
        signer(KeyUse::Sig, KeyAlg::Es384, 0),
        signer(KeyUse::Enc, KeyAlg::EcdhEsA256kw, 0),
        signer(KeyUse::Sig, KeyAlg::Es256, 1),
        signer(KeyUse::Sig, KeyAlg::Es256, -10).with_not_after(Some(at(0))),
    ] {
        assert_eq!(draft().sign(&key, &mut counting()).err(), Some(SignError::Key));
    }
    assert!(draft().sign(&signer(KeyUse::Sig, KeyAlg::Es256, 0), &mut counting()).is_ok());
}

#[test]
fn a_stored_packet_reads_back_and_presents_the_same() {
    let signed = sign(&draft()).unwrap();
    let again = Signed::from_stored(&signed.to_stored()).unwrap();
    assert_eq!(again.jwt(), signed.jwt());
    assert_eq!(again.manifest_digest(), signed.manifest_digest());
    assert_eq!(again.packet_id(), "pkt_1");
    assert_eq!(again.recipients().count(), 2);
    let presented = |signed: &Signed| signed.presentation(ALPHA, Line::HealthReimbursement).unwrap();
    assert!(presented(&again) == presented(&signed));
    let none = again.presentation(ALPHA, Line::Life).err();
    assert_eq!(none, Some(SignedError::NoRecipient));
    let mut stored = signed.to_stored();
    stored.truncate(stored.len() - 10);
    assert_eq!(Signed::from_stored(&stored).err(), Some(SignedError::Malformed));
    assert_eq!(Signed::from_stored(b"\xff").err(), Some(SignedError::Malformed));
    assert_eq!(format!("{signed:?} {:?} {:?}", draft(), presented(&signed)), "Signed(..) Draft(..) Presentation(..)");
}
