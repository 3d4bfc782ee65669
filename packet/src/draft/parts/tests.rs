//! Parts disclosed apart: what each recipient sees, what it may not guess, and what is no part.

use serde_json::json;

use super::*;
use crate::draft::Draft;
use crate::fixture::{ALPHA, BETA, ISSUER, at, counting, draft, evidence, receipt, sealing_key, signing_key};
use crate::jose::base64url;
use crate::limits::PARTS;
use crate::open::{OpenError, Opened, TrustedKeys, open};
use crate::signed::{Presentation, Signed};
use crate::words::Line;

fn part(pointer: &str) -> Part {
    Part { evidence: "evd_1".to_owned(), pointer: pointer.to_owned() }
}

/// The fixture's draft, with some parts of its receipt apart, and which of them Alpha and Beta get.
fn draft_with(apart: &[&str], alpha: &[&str], beta: &[&str]) -> Draft {
    let parts = |pointers: &[&str]| pointers.iter().map(|pointer| part(pointer)).collect::<Vec<_>>();
    let mut draft = draft();
    draft.parts = parts(apart);
    draft.recipients[0].parts = parts(alpha);
    draft.recipients[1].parts = parts(beta);
    draft
}

/// Opens what a recipient is presented, as anybody with a key of that address would.
fn opened(text: &str, signed_by: &TrustedKeys, aud: &str) -> Result<Opened, OpenError> {
    let key = sealing_key("any");
    let sealed = Presentation(text.to_owned()).seal(&key.public()).unwrap();
    open(sealed.as_str(), &[key], signed_by, aud, None, at(10))
}

struct Made {
    signed: Signed,
    trust: TrustedKeys,
}

fn made(draft: &Draft) -> Made {
    let key = signing_key();
    let signed = draft.sign(&key, &mut counting()).unwrap();
    Made { signed, trust: TrustedKeys::new(ISSUER.to_owned(), vec![key.public()]) }
}

impl Made {
    fn text(&self, aud: &str) -> String {
        let line = if aud == ALPHA { Line::HealthReimbursement } else { Line::HealthDaily };
        self.signed.presentation(aud, line).unwrap().as_str().to_owned()
    }

    fn document(&self, aud: &str) -> Value {
        let opened = opened(&self.text(aud), &self.trust, aud).unwrap();
        opened.evidence[0].document.to_json().unwrap()
    }
}

#[test]
fn each_recipient_gets_its_parts_and_no_other() {
    let apart = ["/number", "/patient/name", "/lines/0/item/text"];
    let made = made(&draft_with(&apart, &apart, &["/patient/name"]));
    assert_eq!(made.document(ALPHA), receipt());
    let mut less = receipt();
    less.as_object_mut().unwrap().remove("number");
    less["lines"][0]["item"].as_object_mut().unwrap().remove("text");
    assert_eq!(made.document(BETA), less);
    let beta = made.text(BETA);
    assert_eq!(beta.matches('~').count(), 4, "jwt, element, document, one part");
    assert!(
        !beta
            .split('~')
            .any(|one| base64url::decode(one).is_some_and(|text| text.windows(3).any(|part| part == b"R-1")))
    );
}

#[test]
fn a_part_may_stand_inside_a_part() {
    let apart = ["/totals", "/totals/copay", "/patient/name"];
    let mut draft = draft_with(&apart, &apart, &["/totals"]);
    let mut document = receipt();
    document["totals"]["copay"] = json!("50");
    draft.evidence[0] = evidence("evd_1", "medical-receipt", document.clone());
    let made = made(&draft);
    assert_eq!(made.document(ALPHA), document);
    document["totals"].as_object_mut().unwrap().remove("copay");
    document["patient"].as_object_mut().unwrap().remove("name");
    assert_eq!(made.document(BETA), document);
}

#[test]
fn what_is_granted_is_bound_part_by_part() {
    let made = made(&draft_with(&["/number", "/patient/name"], &["/number", "/patient/name"], &["/number"]));
    let whole = made.text(ALPHA);
    let parts: Vec<&str> = whole.trim_end_matches('~').split('~').collect();
    assert_eq!(parts.len(), 6);
    for dropped in 2..6 {
        let mut left = parts.clone();
        left.remove(dropped);
        let code = opened(&format!("{}~", left.join("~")), &made.trust, ALPHA).unwrap_err().code();
        assert!(["packet.incomplete", "packet.digest"].contains(&code), "{code}");
    }
    // Beta with a part that only Alpha was granted.
    let beta = made.text(BETA);
    let more = parts[2..]
        .iter()
        .find(|one| {
            !beta.contains(**one) && String::from_utf8(base64url::decode(one).unwrap()).unwrap().contains("\"name\"")
        })
        .unwrap();
    assert_eq!(opened(&format!("{beta}{more}~"), &made.trust, BETA).unwrap_err().code(), "packet.not_granted");
}

#[test]
fn a_kept_packet_says_what_each_recipient_was_shown() {
    let apart = ["/number", "/patient/name"];
    let made = made(&draft_with(&apart, &apart, &["/number"]));
    let kept = Signed::from_stored(&made.signed.to_stored()).unwrap();
    for (aud, line, count) in [(ALPHA, Line::HealthReimbursement, 2), (BETA, Line::HealthDaily, 1)] {
        let shown = kept.disclosed(aud, line).unwrap();
        assert_eq!(shown.len(), count);
        assert_eq!(shown["evd_1"]["document"], made.document(aud));
    }
    assert!(kept.disclosed(BETA, Line::Life).is_err());
}

#[test]
fn an_object_shows_a_power_of_two_of_digests() {
    let members = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    for (apart, shown) in [(1, 2), (2, 2), (3, 4), (4, 4), (5, 8), (9, 16)] {
        let mut draft = draft();
        let document: Map<String, Value> = members.iter().map(|name| ((*name).to_owned(), json!(name))).collect();
        draft.evidence[0] = evidence("evd_1", "moon-rock", Value::Object(document));
        draft.parts = members[..apart].iter().map(|name| part(&format!("/{name}"))).collect();
        let stored = String::from_utf8(draft.sign(&signing_key(), &mut counting()).unwrap().to_stored()).unwrap();
        let documents = stored
            .split('~')
            .skip(1)
            .filter_map(base64url::decode)
            .filter_map(|text| serde_json::from_slice::<Value>(&text).ok());
        let document = documents.into_iter().find(|one| one[1] == "evd_1").unwrap();
        let digests: Vec<&str> =
            document[2]["document"]["_sd"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert_eq!(digests.len(), shown);
        assert!(digests.is_sorted_by(|one, next| one < next) && digests.iter().all(|one| one.len() == 43));
    }
}

#[test]
fn what_is_no_part_is_not_signed() {
    let refusal = |draft: &Draft| draft.sign(&signing_key(), &mut counting()).err();
    for pointer in ["/missing", "/lines/0", "/lines/7/item", "/number/x", "/patient/~2", "/lines/00/item"] {
        assert_eq!(refusal(&draft_with(&[pointer], &[], &[])), Some(SignError::Part), "{pointer}");
    }
    for pointer in ["", "number"] {
        assert!(matches!(refusal(&draft_with(&[pointer], &[], &[])), Some(SignError::Form(_))), "{pointer}");
    }
    // Granted, and not apart; inside a part that is not granted; of evidence that is not granted.
    assert_eq!(refusal(&draft_with(&[], &["/number"], &[])), Some(SignError::Part));
    assert_eq!(refusal(&draft_with(&["/visit", "/patient/name"], &[], &[])), Some(SignError::Part));
    let outer = ["/totals", "/totals/nhi"];
    assert_eq!(refusal(&draft_with(&outer, &["/totals/nhi"], &outer)), Some(SignError::Part));
    let mut foreign = draft_with(&["/number"], &[], &["/number"]);
    foreign.recipients[1].evidence.clear();
    assert_eq!(refusal(&foreign), Some(SignError::Part));
    // What the schema cannot do without.
    assert_eq!(refusal(&draft_with(&["/institution"], &["/institution"], &[])), Some(SignError::Part));
    assert!(refusal(&draft_with(&["/institution"], &["/institution"], &["/institution"])).is_none());
    assert!(matches!(refusal(&draft_with(&["/number", "/number"], &[], &[])), Some(SignError::Twice(_))));
    let mut unknown = draft();
    unknown.parts = vec![Part { evidence: "evd_9".to_owned(), pointer: "/a".to_owned() }];
    assert_eq!(refusal(&unknown), Some(SignError::UnknownEvidence));
    let mut many = draft();
    many.parts = (0..=PARTS).map(|place| part(&format!("/{place}"))).collect();
    assert!(matches!(refusal(&many), Some(SignError::TooLarge(_))));
}

#[test]
fn a_name_is_unescaped_as_rfc_6901_says() {
    let mut draft = draft();
    draft.evidence[0] = evidence("evd_1", "moon-rock", json!({"a/b": {"m~n": 1, "": 2}, "rest": 3}));
    draft.parts = vec![part("/a~1b"), part("/a~1b/m~0n"), part("/a~1b/")];
    draft.recipients[0].parts = vec![part("/a~1b"), part("/a~1b/")];
    let made = made(&draft);
    assert_eq!(made.document(ALPHA), json!({"a/b": {"": 2}, "rest": 3}));
    assert_eq!(made.document(BETA), json!({"rest": 3}));
}

/// Documents and parts by chance: what opens is the document without what was withheld.
#[test]
fn what_opens_is_the_document_without_what_was_withheld() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut chance = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for _ in 0..60 {
        let (mut document, mut pointers) = (json!({"kept": true}), Vec::new());
        for outer in 0..chance(5) {
            let mut inner = json!({"kept": 1});
            for place in 0..chance(4) {
                inner[format!("m{place}")] = json!({"value": chance(1000), "list": [{"x": chance(9)}]});
                pointers.push(format!("/o{outer}/m{place}"));
                pointers.push(format!("/o{outer}/m{place}/list/0/x"));
            }
            document[format!("o{outer}")] = inner;
            pointers.push(format!("/o{outer}"));
        }
        let apart: Vec<Part> = pointers.iter().filter(|_| chance(2) == 0).map(|pointer| part(pointer)).collect();
        let mut given: Vec<Part> = apart.iter().filter(|_| chance(3) > 0).cloned().collect();
        let all = given.clone();
        given.retain(|inner| apart.iter().filter(|outer| holds(outer, inner)).all(|outer| all.contains(outer)));
        let withheld: Vec<&Part> = apart.iter().filter(|part| !given.contains(part)).collect();
        let mut draft = draft();
        draft.evidence[0] = evidence("evd_1", "moon-rock", document.clone());
        draft.parts.clone_from(&apart);
        draft.recipients[0].parts.clone_from(&given);
        assert_eq!(made(&draft).document(ALPHA), without(document, &withheld));
    }
}
