//! The whole way of a packet, and every refusal on it.

use serde_json::{Map, Value, json};

use super::*;
use crate::evidence::Document;
use crate::fixture::{ALPHA, BETA, ISSUER, PHOTO, World, at, draft, receipt, sealing_key, signing_key, world};
use crate::jose::jwk::PublicJwk;
use crate::jose::{base64url, digest, jws};
use crate::manifest::TYP;

mod more;

fn refused(outcome: Result<Opened, OpenError>) -> &'static str {
    outcome.expect_err("the packet must be refused").code()
}

/// Signs a changed payload with the gateway's own key and keeps the disclosures.
fn resigned(world: &World, presentation: &str, change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let (jwt, rest) = presentation.split_once('~').unwrap();
    let payload = base64url::decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let Value::Object(mut payload) = serde_json::from_slice(&payload).unwrap() else { panic!("no object") };
    change(&mut payload);
    let jwt = jws::sign(Value::Object(payload).to_string().as_bytes(), TYP, &world.signer).unwrap();
    format!("{jwt}~{rest}")
}

/// A presentation built by hand: evidence disclosures as JSON, one recipient granted some digests.
fn handmade(world: &World, evidence: &[Value], top: &[usize], granted: &[usize]) -> String {
    let encoded: Vec<String> = evidence.iter().map(|one| base64url::encode(one.to_string().as_bytes())).collect();
    let digests: Vec<String> = encoded.iter().map(|one| digest::sha256_text(one.as_bytes())).collect();
    let mut grants: Vec<&String> = granted.iter().map(|place| &digests[*place]).collect();
    grants.sort();
    let element = json!(["c2FsdA", {
        "aud": ALPHA, "party": "p", "line": "life", "purpose": "claim-assessment", "revision": 1,
        "supersedes": null, "grants": grants
    }]);
    let element = base64url::encode(element.to_string().as_bytes());
    let payload = json!({
        "iss": ISSUER, "iat": at(0).as_second(), "jti": "pkt_1", "ver": 1,
        "claim": {"id": "clm_1", "kind": "health"}, "_sd_alg": "sha-256",
        "evidence": {"_sd": top.iter().map(|place| &digests[*place]).collect::<Vec<_>>()},
        "recipients": [{"...": digest::sha256_text(element.as_bytes())}]
    });
    let jwt = jws::sign(payload.to_string().as_bytes(), TYP, &world.signer).unwrap();
    format!("{jwt}~{element}~{}~", encoded.join("~"))
}

fn value(document: &Value) -> Value {
    json!({
        "type": "medical-receipt", "schema": "medical-receipt/1", "attachments": [],
        "source": {"party": "h", "form": "f"}, "obtained": "2026-01-01T00:00:00Z",
        "verified": {"method": "m", "result": "r", "at": "2026-01-01T00:00:00Z"}, "document": document
    })
}

#[test]
fn two_recipients_open_exactly_what_each_was_granted() {
    let world = world();
    let alpha = world.pass(&world.for_alpha()).unwrap();
    let ids: Vec<&str> = alpha.evidence.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["evd_1", "evd_2"]);
    assert!(alpha.evidence == draft().evidence);
    assert_eq!((alpha.issuer.as_str(), alpha.packet_id.as_str(), alpha.kid.as_str()), (ISSUER, "pkt_1", "gw-1"));
    assert_eq!(alpha.issued_at, at(0));
    assert_eq!(alpha.claim, draft().claim);
    assert_eq!((alpha.recipient.line, alpha.recipient.revision), (Line::HealthReimbursement, 1));
    assert_eq!(alpha.presentation_digest, digest::sha256_text(world.for_alpha().as_bytes()));

    let presentation = world.signed.presentation(BETA, Line::HealthDaily).unwrap();
    let sealed = presentation.seal(&world.beta.public()).unwrap();
    let keys = [world.alpha.clone(), world.beta.clone()];
    let beta = open(sealed.as_str(), &keys, &world.trust, BETA, Some(Line::HealthDaily), at(10)).unwrap();
    assert_eq!(beta.evidence.len(), 1);
    assert_eq!(beta.presentation_digest, presentation.digest());
    assert!(!presentation.as_str().contains(&base64url::encode(b"moon-rock")[..8]));
}

#[test]
fn an_unknown_type_opens_whole_and_prints_as_json() {
    let world = world();
    let opened = world.pass(&world.for_alpha()).unwrap();
    assert!(matches!(&opened.evidence[1].document, Document::Other { kind, .. } if kind == "moon-rock"));
    let json = opened.to_json().unwrap();
    assert_eq!(json["evidence"][0]["document"], receipt());
    assert_eq!(json["evidence"][1]["document"]["deep"], json!([{"a": [1, 2.5, null]}]));
    assert_eq!(json["recipient"]["aud"], ALPHA);
    assert_eq!(format!("{opened:?}"), "Opened(..)");
}

#[test]
fn an_attachment_is_its_size_and_digest() {
    let world = world();
    let opened = world.pass(&world.for_alpha()).unwrap();
    assert_eq!(opened.check_attachment("att_1", PHOTO).unwrap().media_type, "image/jpeg");
    for (id, bytes) in [("att_2", PHOTO), ("att_1", b"other bytes".as_slice()), ("att_1", b"")] {
        assert_eq!(opened.check_attachment(id, bytes).unwrap_err().code(), "packet.attachment");
    }
}

#[test]
fn another_recipients_packet_does_not_open() {
    let world = world();
    let beta = world.signed.presentation(BETA, Line::HealthDaily).unwrap();
    let sealed = beta.seal(&world.beta.public()).unwrap();
    assert_eq!(refused(world.open_as_alpha(sealed.as_str())), "packet.decrypt");
    // Beta forwards what it got, sealed to Alpha (surreptitious forwarding): aud names Beta.
    assert_eq!(refused(world.pass(beta.as_str())), "packet.not_addressed");
    // The right address, the wrong line.
    let keys = [world.alpha.clone()];
    let line = Some(Line::Life);
    let outcome = open(&world.seal(&world.for_alpha()), &keys, &world.trust, ALPHA, line, at(10));
    assert_eq!(refused(outcome), "packet.not_addressed");
}

#[test]
fn a_key_of_the_same_name_does_not_open() {
    let world = world();
    let other = [sealing_key("alpha-1")];
    let sealed = world.seal(&world.for_alpha());
    assert_eq!(refused(open(&sealed, &other, &world.trust, ALPHA, None, at(10))), "packet.decrypt");
    assert_eq!(refused(open(&sealed, &[], &world.trust, ALPHA, None, at(10))), "packet.decrypt");
    let signing = [signing_key()];
    assert_eq!(refused(open(&sealed, &signing, &world.trust, ALPHA, None, at(10))), "packet.decrypt");
}

#[test]
fn a_dropped_disclosure_is_incomplete_and_a_foreign_one_is_not_granted() {
    let world = world();
    let whole = world.for_alpha();
    let parts: Vec<&str> = whole.trim_end_matches('~').split('~').collect();
    // parts: jwt, recipient, two evidence disclosures.
    assert_eq!(parts.len(), 4);
    for dropped in 2..4 {
        let mut left = parts.clone();
        left.remove(dropped);
        assert_eq!(refused(world.pass(&format!("{}~", left.join("~")))), "packet.incomplete");
    }
    assert_eq!(refused(world.pass(&format!("{}~", parts[0]))), "packet.not_addressed");
    assert_eq!(refused(world.pass(&format!("{}~{}~", parts[0], parts[2]))), "packet.not_addressed");

    let beta = world.for_beta();
    let (_, beta_rest) = beta.split_once('~').unwrap();
    let (beta_element, _) = beta_rest.split_once('~').unwrap();
    // Both recipient elements.
    assert_eq!(refused(world.pass(&format!("{whole}{beta_element}~"))), "packet.not_addressed");
    // Beta's element with Alpha's evidence, opened as Beta.
    let more = format!("{}~{beta_element}~{}~{}~", parts[0], parts[2], parts[3]);
    let keys = [world.alpha.clone()];
    let outcome = open(&world.seal(&more), &keys, &world.trust, BETA, None, at(10));
    assert_eq!(refused(outcome), "packet.not_granted");
    // A disclosure twice, and one that belongs nowhere.
    assert_eq!(refused(world.pass(&format!("{whole}{}~", parts[2]))), "packet.duplicate");
    let foreign = base64url::encode(br#"["c2FsdA","evd_9",{}]"#);
    assert_eq!(refused(world.pass(&format!("{whole}{foreign}~"))), "packet.digest");
    assert_eq!(refused(world.pass(&format!("{whole}e30~"))), "packet.digest");
}

#[test]
fn the_order_of_disclosures_does_not_matter() {
    let world = world();
    let whole = world.for_alpha();
    let parts: Vec<&str> = whole.trim_end_matches('~').split('~').collect();
    let turned = format!("{}~{}~{}~{}~", parts[0], parts[3], parts[2], parts[1]);
    assert!(world.pass(&turned).unwrap().evidence == draft().evidence);
}

#[test]
fn sub_disclosures_are_granted_one_by_one() {
    let world = world();
    let inner = json!(["c2FsdA", "number", "R-1"]);
    let inner_digest = digest::sha256_text(base64url::encode(inner.to_string().as_bytes()).as_bytes());
    let mut document = receipt();
    document.as_object_mut().unwrap().remove("number");
    document["_sd"] = json!([inner_digest, "decoy"]);
    let evidence = [json!(["c2FsdA", "evd_1", value(&document)]), inner];

    let both = world.pass(&handmade(&world, &evidence, &[0], &[0, 1])).unwrap();
    assert_eq!(both.evidence[0].to_json().unwrap()["document"], receipt());
    assert_eq!(refused(world.pass(&handmade(&world, &evidence, &[0], &[0]))), "packet.not_granted");
    let outer_only = world.pass(&handmade(&world, &evidence[..1], &[0], &[0])).unwrap();
    assert!(outer_only.evidence[0].to_json().unwrap()["document"].get("number").is_none());
    // The inner one without the outer one it stands in.
    let digests_only_inner = handmade(&world, &evidence[1..], &[], &[0]);
    assert_eq!(refused(world.pass(&digests_only_inner)), "packet.digest");
}

#[test]
fn evidence_must_fit_the_schema_it_names() {
    let world = world();
    let mut unknown_member = value(&receipt());
    unknown_member["surprise"] = json!(1);
    let mut bad_attachment = value(&receipt());
    bad_attachment["attachments"] = json!([{"id": "a", "digest": "AAAA", "media_type": "image/png", "bytes": 1}]);
    let cases = [
        ("evd_1", value(&json!({"colour": "grey"})), "packet.schema"),
        ("evd_1", json!("text"), "packet.schema"),
        ("evd_1", unknown_member, "packet.schema"),
        ("../evd", value(&receipt()), "packet.schema"),
        ("evd_1", bad_attachment, "packet.attachment"),
    ];
    for (id, value, code) in cases {
        let evidence = [json!(["c2FsdA", id, value])];
        assert_eq!(refused(world.pass(&handmade(&world, &evidence, &[0], &[0]))), code, "{id} {value}");
    }
    let twice = [json!(["c2FsdA", "evd_1", value(&receipt())]), json!(["c2FsdB", "evd_1", value(&receipt())])];
    assert_eq!(refused(world.pass(&handmade(&world, &twice, &[0, 1], &[0, 1]))), "packet.duplicate");
}

#[test]
fn a_fee_category_of_a_later_list_opens_and_stays_as_it_was_signed() {
    let world = world();
    let mut document = receipt();
    document["lines"][0]["category"] = json!({"code": "TELE", "name": "視訊診療費"});
    let evidence = [json!(["c2FsdA", "evd_1", value(&document)])];
    let opened = world.pass(&handmade(&world, &evidence, &[0], &[0])).unwrap();
    assert_eq!(opened.evidence[0].to_json().unwrap()["document"], document);
}

#[test]
fn a_digest_twice_in_the_payload_is_refused() {
    let world = world();
    let changed = resigned(&world, &world.for_alpha(), |payload| {
        let first = payload["evidence"]["_sd"][0].clone();
        payload["evidence"]["_sd"].as_array_mut().unwrap().push(first);
    });
    assert_eq!(refused(world.pass(&changed)), "packet.duplicate");
}

#[test]
fn a_payload_of_another_form_is_malformed() {
    let world = world();
    let cases: [(&str, Value, &str); 14] = [
        ("_sd_alg", json!("sha-512"), "packet.malformed"),
        ("_sd_alg", Value::Null, "packet.malformed"),
        ("_sd", json!(["x"]), "packet.malformed"),
        ("iss", json!(7), "packet.malformed"),
        ("iss", json!("https://other.example"), "packet.issuer"),
        ("iat", json!("1"), "packet.malformed"),
        ("iat", json!(1.5), "packet.malformed"),
        ("jti", json!("pkt_../x"), "packet.malformed"),
        ("ver", json!(2), "packet.version"),
        ("ver", json!("1"), "packet.malformed"),
        ("claim", json!({"id": "clm_1", "kind": "pets"}), "packet.malformed"),
        ("evidence", json!({"_sd": [], "evd_1": {}}), "packet.malformed"),
        ("recipients", json!([{"aud": ALPHA}]), "packet.malformed"),
        ("iat", json!(at(10 + 61).as_second()), "packet.future"),
    ];
    for (name, value, code) in cases {
        let changed = resigned(&world, &world.for_alpha(), |payload| {
            payload.insert(name.to_owned(), value.clone());
        });
        assert_eq!(refused(world.pass(&changed)), code, "{name} {value}");
    }
    for name in ["iss", "iat", "jti", "ver", "claim", "evidence", "recipients", "_sd_alg"] {
        let changed = resigned(&world, &world.for_alpha(), |payload| {
            payload.remove(name);
        });
        assert_eq!(refused(world.pass(&changed)), "packet.malformed", "{name}");
    }
    let ahead = resigned(&world, &world.for_alpha(), |payload| {
        payload.insert("iat".to_owned(), json!(at(10 + 60).as_second()));
    });
    assert!(world.pass(&ahead).is_ok());
}

#[test]
fn the_inner_header_is_exactly_the_expected_one() {
    let world = world();
    let whole = world.for_alpha();
    let (jwt, rest) = whole.split_once('~').unwrap();
    let parts: Vec<&str> = jwt.split('.').collect();
    let good = r#"{"alg":"ES256","kid":"gw-1","typ":"claim-packet+sd-jwt""#;
    let headers = [
        r#"{"alg":"none","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#.to_owned(),
        r#"{"alg":"None","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#.to_owned(),
        r#"{"alg":"","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#.to_owned(),
        r#"{"alg":1,"kid":"gw-1","typ":"claim-packet+sd-jwt"}"#.to_owned(),
        r#"{"alg":"HS256","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#.to_owned(),
        r#"{"alg":"ES256","kid":"gw-1","typ":"JWT"}"#.to_owned(),
        r#"{"alg":"ES256","kid":"gw-1"}"#.to_owned(),
        r#"{"alg":"ES256","typ":"claim-packet+sd-jwt"}"#.to_owned(),
        format!(r#"{good},"alg":"ES256"}}"#),
        format!(r#"{good},"crit":["b64"],"b64":false}}"#),
        format!(r#"{good},"crit":[]}}"#),
        format!(r#"{good},"jku":"http://127.0.0.1/"}}"#),
        format!(r#"{good},"jwk":{{}}}}"#),
        format!(r#"{good},"pad":"{}"}}"#, "x".repeat(4096)),
        "[".repeat(100_000),
    ];
    for header in headers {
        // Signed by the right key, so that only the header is at fault.
        let input = format!("{}.{}", base64url::encode(header.as_bytes()), parts[1]);
        let signature = base64url::encode(&world.signer.sign(input.as_bytes()).unwrap());
        let code = refused(world.pass(&format!("{input}.{signature}~{rest}")));
        assert!(matches!(code, "packet.header" | "packet.too_large"), "{code} {}", &header[..60.min(header.len())]);
    }
    // Another algorithm of this crate than the key's own, and an unknown kid.
    for (header, code) in [
        (r#"{"alg":"ES384","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#, "packet.signature"),
        (r#"{"alg":"EdDSA","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#, "packet.signature"),
        (r#"{"alg":"ECDH-ES+A256KW","kid":"gw-1","typ":"claim-packet+sd-jwt"}"#, "packet.signature"),
        (r#"{"alg":"ES256","kid":"gw-2","typ":"claim-packet+sd-jwt"}"#, "packet.unknown_key"),
    ] {
        let input = format!("{}.{}", base64url::encode(header.as_bytes()), parts[1]);
        let signature = base64url::encode(&world.signer.sign(input.as_bytes()).unwrap());
        assert_eq!(refused(world.pass(&format!("{input}.{signature}~{rest}"))), code);
    }
}

#[test]
fn a_key_counts_only_within_its_time() {
    let world = world();
    let sealed = Sealed::parse(&world.seal(&world.for_alpha())).unwrap();
    let with = |change: fn(&mut PublicJwk)| {
        let mut key = world.signer.public();
        change(&mut key);
        TrustedKeys::new(ISSUER.to_owned(), vec![key])
    };
    let verify = |trust: &TrustedKeys, now: i64| {
        let decrypted = sealed.decrypt(std::slice::from_ref(&world.alpha)).unwrap();
        decrypted.verify(trust, at(now)).err().map(OpenError::code)
    };
    let logged = |trust: &TrustedKeys, now: i64, logged: i64| {
        let decrypted = sealed.decrypt(std::slice::from_ref(&world.alpha)).unwrap();
        decrypted.verify_logged(trust, at(now), at(logged)).err().map(OpenError::code)
    };
    assert_eq!(verify(&with(|_| ()), 10), None);
    assert_eq!(verify(&with(|key| key.not_before = Some(at(1))), 10), Some("packet.key"));
    assert_eq!(verify(&with(|key| key.not_before = Some(at(0))), 10), None);
    assert_eq!(verify(&with(|key| key.not_after = Some(at(0))), 10), Some("packet.key"));
    assert_eq!(verify(&with(|key| key.revoked_at = Some(at(-5))), 10), Some("packet.key"));
    // Ended since: only with a proof from before the end.
    let ended = with(|key| key.revoked_at = Some(at(100)));
    assert_eq!(verify(&ended, 99), None);
    assert_eq!(verify(&ended, 100), Some("packet.key"));
    assert_eq!(logged(&ended, 5000, 20), None);
    assert_eq!(logged(&ended, 5000, 100), Some("packet.key"));
    assert_eq!(logged(&ended, 5000, -100), Some("packet.future"));
    assert_eq!(verify(&with(|_| ()), -61), Some("packet.future"));
}

#[test]
fn only_the_trusted_keys_count() {
    let world = world();
    let sealed = world.seal(&world.for_alpha());
    let keys = [world.alpha.clone()];
    let stranger = TrustedKeys::new(ISSUER.to_owned(), vec![signing_key().public()]);
    assert_eq!(refused(open(&sealed, &keys, &stranger, ALPHA, None, at(10))), "packet.signature");
    let renamed = TrustedKeys::new("https://other.example".to_owned(), vec![world.signer.public()]);
    assert_eq!(refused(open(&sealed, &keys, &renamed, ALPHA, None, at(10))), "packet.issuer");
}

#[test]
fn trusted_keys_read_back_from_their_document() {
    let world = world();
    let text = world.trust.to_json().to_string();
    assert_eq!(TrustedKeys::parse(text.as_bytes()), Ok(world.trust.clone()));
    let twice = text.replacen("{\"issuer\"", "{\"issuer\":\"x\",\"issuer\"", 1);
    let twice = if twice == text { format!("{{\"issuer\":\"x\",{}", &text[1..]) } else { twice };
    assert!(TrustedKeys::parse(twice.as_bytes()).is_err());
    let mut encryption = world.trust.to_json();
    encryption["keys"][0] = world.alpha.public().to_json();
    assert!(TrustedKeys::from_json(&encryption).is_err());
    let mut private = world.trust.to_json();
    private["keys"][0] = world.signer.to_json();
    assert!(TrustedKeys::from_json(&private).is_err());
}

#[test]
fn every_changed_byte_of_a_sealed_packet_is_refused() {
    let world = world();
    let sealed = world.seal(&world.for_beta());
    let keys = [world.alpha.clone()];
    assert!(open(&sealed, &keys, &world.trust, BETA, None, at(10)).is_ok());
    let mut bytes = sealed.clone().into_bytes();
    for place in 0..bytes.len() {
        for mask in [1, 2] {
            bytes[place] ^= mask;
            let text = std::str::from_utf8(&bytes).unwrap();
            assert!(open(text, &keys, &world.trust, BETA, None, at(10)).is_err(), "byte {place}");
            bytes[place] ^= mask;
        }
    }
    for cut in 0..sealed.len() {
        assert!(open(&sealed[..cut], &keys, &world.trust, BETA, None, at(10)).is_err(), "cut at {cut}");
    }
}

#[test]
fn every_changed_byte_of_a_presentation_is_refused() {
    let world = world();
    let mut bytes = world.for_beta().into_bytes();
    for place in 0..bytes.len() {
        bytes[place] ^= 1;
        let sealed = world.seal(std::str::from_utf8(&bytes).unwrap());
        let keys = std::slice::from_ref(&world.alpha);
        assert!(open(&sealed, keys, &world.trust, BETA, None, at(10)).is_err(), "byte {place}");
        bytes[place] ^= 1;
    }
}

#[test]
fn what_was_sealed_without_a_signature_is_refused() {
    let world = world();
    for (text, code) in [
        ("", "packet.malformed"),
        ("~", "packet.malformed"),
        ("hello", "packet.malformed"),
        ("hello~", "packet.malformed"),
        ("a.b.c~", "packet.malformed"),
        ("..~", "packet.header"),
    ] {
        assert_eq!(refused(world.pass(text)), code, "{text}");
    }
    // A signed manifest that was never sealed is not a packet.
    assert_eq!(refused(world.open_as_alpha(&world.for_alpha())), "packet.malformed");
}

#[test]
fn what_is_too_large_is_refused_by_name() {
    let long = "a".repeat(crate::limits::SEALED_BYTES + 1);
    assert_eq!(Sealed::parse(&long).unwrap_err().code(), "packet.too_large");
    let world = world();
    let long = "a".repeat(crate::limits::PRESENTATION_BYTES + 1);
    let presentation = crate::signed::Presentation(long);
    let sealed = presentation.seal(&world.alpha.public()).unwrap();
    assert_eq!(refused(world.open_as_alpha(sealed.as_str())), "packet.too_large");
}

#[test]
fn a_thousand_packets_have_a_thousand_ephemeral_keys() {
    let world = world();
    let presentation = world.signed.presentation(ALPHA, Line::HealthReimbursement).unwrap();
    let mut headers = std::collections::HashSet::new();
    let mut digests = std::collections::HashSet::new();
    for _ in 0..1000 {
        let sealed = presentation.seal(&world.alpha.public()).unwrap();
        assert!(headers.insert(sealed.as_str().split('.').next().unwrap().to_owned()));
        assert!(digests.insert(sealed.digest()));
        assert!(world.open_as_alpha(sealed.as_str()).is_ok());
    }
}
