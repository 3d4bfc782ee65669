//! TWDIW: real credentials of the demo issuer, and presentations made with throw-away keys.

use super::*;
use crate::wallet::Reason;
use crate::wallet::cases::{judge, judge_one};
use crate::wallet::credential::Credential;
use crate::wallet::key::Keys;
use crate::wallet::oid4vp::client::Client;
use crate::wallet::oid4vp::response::Form;
use crate::wallet::session::{Asked, Dialect, Question, ResponseMode};
use crate::wallet::status::{Outcome, Reference, list2021, outcome};
use crate::wallet::trust::{Domain, Trust};
use crate::wallet::twdiw::definition::{Definition, Descriptor, Purpose, Requirement};
use crate::wallet::twdiw::presentation::{Presentation, verify, verify_credential};
use crate::wallet::twdiw::registry::{SnapshotError, snapshot, status_in};
use crate::wallet::verify::binding::Proof;

fn trust_of_entry(entry: &Value) -> Trust {
    let issuers = snapshot(json!({ "issuers": [entry] }).to_string().as_bytes()).unwrap();
    let domain = issuers[0].domain;
    Trust { issuers, domain }
}

/// The registry the generated cases are judged by.
pub(super) fn generated() -> Option<(Value, Trust)> {
    let cases = json_of(&shared("twdiw/generated/twdiw-presentations.json")?);
    let entry = json!({
        "did": cases["issuer_did"], "status": 1, "host": "issuer.example",
        "types": [cases["requested_type"]], "list_keys": cases["issuer_jwks"],
    });
    let trust = trust_of_entry(&entry);
    Some((cases, trust))
}

fn presented(cases: &Value, id: &str, trust: &Trust) -> Result<Vec<Credential>, Reason> {
    let case = cases["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
    let types = [cases["requested_type"].as_str().unwrap().to_owned()];
    let expected = Presentation {
        nonce: cases["expected_nonce"].as_str().unwrap(),
        audience: cases["expected_client_id"].as_str().unwrap(),
        types: &types,
        opened_at: None,
    };
    verify(case["vp_token"].as_str().unwrap(), &expected, trust, at(cases["now"].as_i64().unwrap()))
}

/// The outcome of a credential's status by the generated lists, of which one may stand for the revocation list.
fn status_of(cases: &Value, credential: &Credential, trust: &Trust, revocation: &str) -> Outcome {
    let lists = &cases["status_lists"];
    let read = |reference: &Reference| {
        let name = if reference.uri == lists["suspension_list_url"] { "suspension" } else { revocation };
        let body = lists.get(name).ok_or(Reason::StatusUnavailable)?.to_string();
        let token = list2021::token_in(body.as_bytes()).ok_or(Reason::StatusMalformed)?;
        list2021::read(&token, reference, &credential.issuer, trust, at(NOW))
    };
    let lists: Vec<_> = credential.status.iter().map(|one| (one.clone(), read(one))).collect();
    let find =
        |wanted: &Reference| lists.iter().find(|(one, _)| one == wanted).unwrap().1.as_ref().map_err(|reason| *reason);
    outcome(&credential.status, find, at(NOW))
}

#[test]
fn every_generated_presentation_has_its_verdict() {
    let Some((cases, trust)) = generated() else { return };
    let table = [
        ("bad-issuer-signature", Reason::IssuerSignatureInvalid),
        ("bad-vp-signature", Reason::KeyBindingSignatureInvalid),
        ("bad-nonce", Reason::NonceMismatch),
        ("bad-aud", Reason::AudienceMismatch),
        ("bad-vp-expired", Reason::KeyBindingStale),
        ("bad-vp-future", Reason::KeyBindingFuture),
        ("bad-vc-expired", Reason::CredentialExpired),
        ("bad-unreferenced-disclosure", Reason::DisclosureUnreferenced),
        ("bad-duplicate-disclosure", Reason::DigestDuplicate),
        ("bad-alg-none", Reason::AlgNotAllowed),
        ("bad-typ", Reason::TypUnsupported),
        ("revoked-index-9", Reason::CredentialRevoked),
        ("suspended-index-11", Reason::CredentialSuspended),
        ("index-out-of-range", Reason::StatusIndexOutOfRange),
    ];
    let all = cases["cases"].as_array().unwrap();
    for case in all {
        let id = case["id"].as_str().unwrap();
        let found = presented(&cases, id, &trust).and_then(|credentials| {
            for credential in &credentials {
                match status_of(&cases, credential, &trust, "revocation") {
                    Outcome::Valid => {}
                    Outcome::Refused(reason) | Outcome::Unknown(reason) => return Err(reason),
                }
            }
            Ok(credentials)
        });
        let expected = table.iter().find(|(name, _)| *name == id).map(|(_, reason)| *reason);
        assert_eq!(found.as_ref().err().copied(), expected, "{id}");
        if id == "ok-selective" {
            let claims = &found.as_ref().unwrap()[0].claims;
            assert_eq!(claims["id_number"], "A123456789");
        }
        if id == "ok-same-credential-twice" {
            let both = found.unwrap();
            assert_eq!(both[0].digest, both[1].digest);
        }
    }
    assert_eq!(all.len(), 18);
    println!("TWDIW presentations: {} judged as they should be", all.len());
}

#[test]
fn a_list_that_proves_nothing_leaves_the_status_unknown() {
    let Some((cases, trust)) = generated() else { return };
    let credential = presented(&cases, "ok-selective", &trust).unwrap().remove(0);
    for (list, expected) in [
        ("revocation", Outcome::Valid),
        ("revocation_signed_with_did_key", Outcome::Valid),
        ("revocation_expired", Outcome::Unknown(Reason::StatusStale)),
        ("revocation_wrong_purpose", Outcome::Unknown(Reason::StatusMismatch)),
        ("revocation_bad_signature", Outcome::Unknown(Reason::StatusUntrusted)),
        ("nothing", Outcome::Unknown(Reason::StatusUnavailable)),
    ] {
        assert_eq!(status_of(&cases, &credential, &trust, list), expected, "{list}");
    }
    // Without the host's pinned keys nobody can say.
    let entry = json!({ "did": cases["issuer_did"], "status": 1, "host": "issuer.example" });
    let unpinned = trust_of_entry(&entry);
    let found = status_of(&cases, &credential, &unpinned, "revocation");
    assert_eq!(found, Outcome::Unknown(Reason::StatusUntrusted));
}

#[test]
fn the_registry_decides_who_is_an_issuer_and_where_it_lives() {
    let Some((cases, real)) = generated() else { return };
    let entry = |change: Value| {
        let mut entry = object(json!({ "did": cases["issuer_did"], "status": 1, "host": "issuer.example" }));
        entry.extend(object(change));
        trust_of_entry(&Value::Object(entry))
    };
    let refused = |trust: &Trust| presented(&cases, "ok-selective", trust).unwrap_err();
    assert_eq!(refused(&entry(json!({ "status": 2 }))), Reason::IssuerNotEffective);
    assert_eq!(refused(&entry(json!({ "status": 0 }))), Reason::IssuerNotEffective);
    assert_eq!(refused(&entry(json!({ "host": "elsewhere.example" }))), Reason::IssuerUntrusted);
    assert_eq!(refused(&entry(json!({ "types": ["other"] }))), Reason::IssuerUntrusted);
    assert_eq!(refused(&entry(json!({ "did": cases["expected_client_id"] }))), Reason::IssuerUntrusted);
    let mut demo = entry(json!({ "domain": "demo" }));
    assert!(presented(&cases, "ok-selective", &demo).is_ok());
    demo.domain = Domain::Production;
    assert_eq!(refused(&demo), Reason::IssuerUntrusted);
    let twice = json!({ "issuers": [
        { "did": cases["issuer_did"], "status": 1, "host": "a.example" },
        { "did": cases["issuer_did"], "status": 1, "host": "b.example" },
    ] });
    assert_eq!(snapshot(twice.to_string().as_bytes()).unwrap_err(), SnapshotError::Did(1));
    let host = json!({ "issuers": [{ "did": cases["issuer_did"], "status": 1, "host": "a.example/x" }] });
    assert_eq!(snapshot(host.to_string().as_bytes()).unwrap_err(), SnapshotError::Host(0));
    let did = cases["issuer_did"].as_str().unwrap();
    let answer = json!({ "code": 0, "data": { "id": did, "status": 2 } }).to_string();
    assert_eq!(status_in(answer.as_bytes(), did), Some(2));
    assert_eq!(status_in(answer.as_bytes(), cases["expected_client_id"].as_str().unwrap()), None);
    assert!(presented(&cases, "ok-selective", &real).is_ok());
}

#[test]
fn real_credentials_of_the_demo_issuer_verify_in_their_own_world_alone() {
    let Some(path) = shared("twdiw/real/demo-driving-licence.json") else { return };
    let mut count = 0;
    for vector in json_of(&path)["vectors"].as_array().unwrap() {
        let entry = json!({
            "did": vector["payload"]["iss"], "status": 1, "host": "issuer-vc.wallet.gov.tw", "domain": "demo",
        });
        let mut trust = trust_of_entry(&entry);
        let text = vector["token"].as_str().unwrap();
        let credential = verify_credential(text, &trust, at(NOW)).unwrap();
        assert_eq!(Value::Object(credential.claims), vector["expected"]["claims"], "{}", vector["id"]);
        assert_eq!(credential.kind, vector["expected"]["credential_type"].as_str().unwrap());
        trust.domain = Domain::Production;
        assert_eq!(verify_credential(text, &trust, at(NOW)).unwrap_err(), Reason::IssuerUntrusted);
        count += 1;
    }
    let Some(path) = shared("twdiw/real/uat-old-credential.json") else { return };
    let old = json_of(&path);
    let entry = json!({
        "did": old["payload"]["iss"], "status": 1, "host": "issuer-vc-uat.wallet.gov.tw", "domain": "demo",
    });
    let credential = verify_credential(old["token"].as_str().unwrap(), &trust_of_entry(&entry), at(NOW)).unwrap();
    assert!(credential.claims.is_empty() && credential.holder.is_some());
    println!("TWDIW: {} real credentials verified", count + 1);
}

fn definition(kind: &str, claims: &[&str]) -> Definition {
    let text = |text: &str| text.to_owned();
    Definition {
        id: text("00000000_claim"),
        purpose: Purpose {
            client: text("範例產險"),
            terms_uri: text("https://gate.example/terms"),
            scenario: text("車險理賠"),
            purpose: text("核對駕照"),
        },
        descriptors: vec![Descriptor {
            id: text("00000000_claim_1"),
            kind: kind.to_owned(),
            issuer_name: text("公路局"),
            credential_name: text("駕照"),
            groups: vec![text("Group_1")],
            claims: claims.iter().map(|name| (*name).to_owned()).collect(),
        }],
        requirements: vec![Requirement { name: text("一張"), from: text("Group_1"), pick: Some(1) }],
    }
}

#[test]
fn a_session_answers_a_definition_and_drops_what_nobody_asked_for() {
    let Some((cases, trust)) = generated() else { return };
    let kind = cases["requested_type"].as_str().unwrap();
    let asked = |claims: &[&str]| Asked {
        dialect: Dialect::Twdiw,
        client: Client::BareDid(cases["expected_client_id"].as_str().unwrap().to_owned()),
        response_uri: "https://gate.example/wallet/answer".to_owned(),
        response_mode: ResponseMode::DirectPost,
        nonce: cases["expected_nonce"].as_str().unwrap().to_owned(),
        state: "state-1".to_owned(),
        question: Question::Definition(definition(kind, claims)),
        transactions: Vec::new(),
        one_holder: true,
        opened_at: at(NOW),
        closes_at: at(NOW + 300),
    };
    let token = cases["cases"][0]["vp_token"].as_str().unwrap();
    let submission = |definition: &str, place: usize| {
        let nested = json!({ "id": "00000000_claim_1", "format": "jwt_vc", "path": format!("$.vp.verifiableCredential[{place}]") });
        json!({ "id": "s", "definition_id": definition, "descriptor_map": [
            { "id": "00000000_claim_1", "format": "jwt_vp", "path": "$", "path_nested": nested },
        ] })
    };
    let form = |submission: &Value| {
        let body =
            format!("state=state-1&vp_token={token}&presentation_submission={}", escape(&submission.to_string()));
        Form::read("application/x-www-form-urlencoded", body.as_bytes()).unwrap()
    };
    let good = form(&submission("00000000_claim", 0));
    let judged = asked(&["name", "id_number"]).judge(&good, &[], &trust, at(NOW)).unwrap();
    assert_eq!(judged[0].surplus, ["type"]);
    assert_eq!(judged[0].credential.claims.keys().collect::<Vec<_>>(), ["name", "id_number"]);
    let refused = |claims: &[&str], form: &Form| asked(claims).judge(form, &[], &trust, at(NOW)).unwrap_err();
    assert_eq!(refused(&["birthday"], &good), Reason::QueryNotSatisfied);
    assert_eq!(refused(&["name"], &form(&submission("other", 0))), Reason::VpTokenMalformed);
    assert_eq!(refused(&["name"], &form(&submission("00000000_claim", 1))), Reason::VpTokenMalformed);
    let json = asked(&["name"]).question;
    let Question::Definition(definition) = json else { panic!("a definition") };
    let written = definition.to_json();
    assert_eq!(written["input_descriptors"][0]["constraints"]["fields"][0]["path"], json!(["$.type"]));
    assert_eq!(written["submission_requirements"][0]["rule"], "pick");
    // The dialect is the request's: the same answer under another one is no answer.
    let strict = Asked { dialect: Dialect::Oid4vp, ..asked(&["name"]) };
    assert_eq!(strict.judge(&good, &[], &trust, at(NOW)).unwrap_err(), Reason::VpTokenMalformed);
    let late = Asked { opened_at: at(NOW + 100), ..asked(&["name"]) };
    assert_eq!(late.judge(&good, &[], &trust, at(NOW + 120)).unwrap_err(), Reason::KeyBindingStale);
}

fn escape(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
}

#[test]
fn a_file_of_cases_is_judged_as_the_cases_are() {
    let Some(path) = shared("twdiw/generated/twdiw-presentations.json") else { return };
    let bytes = std::fs::read(path).unwrap();
    let verdicts = judge(&bytes).unwrap();
    for (verdict, case) in verdicts.iter().zip(json_of_bytes(&bytes)["cases"].as_array().unwrap()) {
        let word = case["expected"].as_str().unwrap().split([' ', ';', ':']).next().unwrap();
        assert_eq!(verdict.verdict, word, "{}", verdict.id);
    }
    assert_eq!(verdicts[0].claims, ["name", "id_number", "type"]);
    assert_eq!(verdicts.len(), 18);
    assert!(judge(b"{}").is_err());
    let licence = Licence::new();
    let keys = Keys::one(public(&licence.issuer));
    let proof = Proof { nonce: NONCE, audience: CLIENT, transactions: &[] };
    assert_eq!(judge_one(&licence.presented(), keys.clone(), Some(proof), at(NOW)).verdict, "accept");
    let unproved = judge_one(&licence.issued(), keys, Some(proof), at(NOW));
    assert_eq!((unproved.verdict, unproved.reason), ("reject", Some("key_binding_missing")));
}

fn json_of_bytes(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
