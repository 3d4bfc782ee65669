//! Each check of a presentation broken once: exactly its reason comes, and nothing passes.

use super::*;
use crate::wallet::Reason;
use crate::wallet::key::Keys;
use crate::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use crate::wallet::verify::binding::Proof;
use crate::wallet::verify::{Expected, Strictness, verify};

pub(super) fn trust_of(licence: &Licence) -> Trust {
    let keys = Keys::from_json(&json!({ "keys": [licence.issuer.public().to_json()] })).unwrap();
    let issuer = Issuer {
        id: ISSUER.to_owned(),
        types: vec![VCT.to_owned()],
        domain: Domain::Production,
        keys: IssuerKeys::Published(keys),
    };
    Trust { issuers: vec![issuer], domain: Domain::Production }
}

fn judged_with(text: &str, trust: &Trust, transactions: &[String]) -> Result<Map<String, Value>, Reason> {
    let proof = Proof { nonce: NONCE, audience: CLIENT, transactions };
    let types = [VCT.to_owned()];
    let expected = Expected { strictness: Strictness::Credential, types: &types, proof: Some(proof) };
    verify(text, &expected, trust, at(NOW)).map(|credential| credential.claims)
}

fn judged(licence: &Licence) -> Result<Map<String, Value>, Reason> {
    judged_with(&licence.presented(), &trust_of(licence), &[])
}

#[test]
fn a_licence_that_is_in_order_passes() {
    let claims = judged(&Licence::new()).unwrap();
    assert_eq!(claims["name"], "陳筱玲");
    assert_eq!(claims["classes"], json!(["普通小型車"]));
    assert!(!claims.contains_key("_sd") && !claims.contains_key("_sd_alg"));
}

type Change = fn(&mut Licence);

/// Adds a disclosure with its digest.
fn with(licence: &mut Licence, parts: &Value) {
    let text = disclosure(parts);
    licence.payload["_sd"].as_array_mut().unwrap().push(sha256_text(text.as_bytes()).into());
    licence.disclosures.push(text);
}

#[test]
fn each_broken_check_gives_its_own_reason() {
    let table: &[(&str, Reason, Change)] = &[
        ("S1 empty part", Reason::SdJwtMalformed, |one| one.disclosures.push(String::new())),
        ("S1 too many", Reason::SdJwtMalformed, |one| one.disclosures = vec!["e30".to_owned(); 300]),
        ("S2 typ", Reason::TypUnsupported, |one| one.header["typ"] = "vc+sd-jwt".into()),
        ("S2 no typ", Reason::TypUnsupported, |one| _ = one.header.as_object_mut().unwrap().remove("typ")),
        ("S2 crit", Reason::TypUnsupported, |one| one.header["crit"] = json!(["exp"])),
        ("S4 issuer", Reason::IssuerUntrusted, |one| one.payload["iss"] = "https://other.example".into()),
        ("S4 kid", Reason::IssuerKeyUnresolved, |one| one.header["kid"] = "key-9".into()),
        ("S6 type of issuer", Reason::IssuerUntrusted, |one| one.payload["vct"] = "https://dmv.example/other".into()),
        ("S7", Reason::SdAlgUnsupported, |one| one.payload["_sd_alg"] = "md5".into()),
        ("S8 not base64url", Reason::DisclosureInvalid, |one| one.disclosures[0].push('=')),
        ("S8 four members", Reason::DisclosureInvalid, |one| with(one, &json!(["s", "n", 1, 2]))),
        ("S8 array form under _sd", Reason::DisclosureInvalid, |one| with(one, &json!(["s", "x"]))),
        ("S8 reserved _sd", Reason::DisclosureInvalid, |one| with(one, &json!(["s", "_sd", []]))),
        ("S8 reserved ...", Reason::DisclosureInvalid, |one| with(one, &json!(["s", "...", "x"]))),
        ("S8 digest is no text", Reason::DisclosureInvalid, |one| one.payload["_sd"] = json!([1])),
        ("S8 _sd is no array", Reason::DisclosureInvalid, |one| one.payload["_sd"] = json!("x")),
        ("S8 collision", Reason::ClaimCollision, |one| one.payload["name"] = "別人".into()),
        ("S8 collision of two", Reason::ClaimCollision, |one| with(one, &json!(["s", "name", "別人"]))),
        ("S9 digest twice", Reason::DigestDuplicate, |one| {
            let first = one.payload["_sd"][0].clone();
            one.payload["_sd"].as_array_mut().unwrap().push(first);
        }),
        ("S9 disclosure twice", Reason::DigestDuplicate, |one| one.disclosures.push(one.disclosures[0].clone())),
        ("S9 unreferenced", Reason::DisclosureUnreferenced, |one| {
            one.disclosures.push(disclosure(&json!(["s", "age", 30])));
        }),
        ("S10 status", Reason::RegisteredClaimDisclosable, |one| with(one, &json!(["s", "status", {}]))),
        ("S10 aka", Reason::RegisteredClaimDisclosable, |one| with(one, &json!(["s", "aka_vcts", []]))),
        ("S10 _sd_alg", Reason::RegisteredClaimDisclosable, |one| with(one, &json!(["s", "_sd_alg", "sha-256"]))),
        ("S11 no exp", Reason::CredentialMalformed, |one| _ = one.payload.as_object_mut().unwrap().remove("exp")),
        ("S11 exp is text", Reason::CredentialMalformed, |one| one.payload["exp"] = "soon".into()),
        ("S11 nbf", Reason::CredentialNotYetValid, |one| one.payload["nbf"] = (NOW + 31).into()),
        ("S11 iat", Reason::CredentialNotYetValid, |one| one.payload["iat"] = (NOW + 31).into()),
        ("S11 exp", Reason::CredentialExpired, |one| one.payload["exp"] = NOW.into()),
        ("L1 status", Reason::StatusMalformed, |one| one.payload["status"] = json!({ "status_list": { "idx": -1 } })),
        ("K1 no cnf", Reason::KeyBindingMissing, |one| _ = one.payload.as_object_mut().unwrap().remove("cnf")),
        ("K2 cnf no point", Reason::HolderKeyMismatch, |one| one.payload["cnf"]["jwk"]["x"] = "AAAA".into()),
        ("K2 other key", Reason::KeyBindingSignatureInvalid, |one| one.signs = new_key()),
        ("K3", Reason::KeyBindingTyp, |one| one.kb_header["typ"] = "JWT".into()),
        ("K4 old", Reason::KeyBindingStale, |one| one.kb["iat"] = (NOW - 601).into()),
        ("K4 a year old", Reason::KeyBindingStale, |one| one.kb["iat"] = (NOW - 31_536_000).into()),
        ("K4 none", Reason::KeyBindingStale, |one| _ = one.kb.as_object_mut().unwrap().remove("iat")),
        ("K4 future", Reason::KeyBindingFuture, |one| one.kb["iat"] = (NOW + 61).into()),
        ("K5", Reason::NonceMismatch, |one| one.kb["nonce"] = "other".into()),
        ("K5 none", Reason::NonceMismatch, |one| _ = one.kb.as_object_mut().unwrap().remove("nonce")),
        ("K6", Reason::AudienceMismatch, |one| one.kb["aud"] = "gate.example".into()),
        ("K6 array", Reason::AudienceMismatch, |one| one.kb["aud"] = json!([CLIENT])),
        ("K7", Reason::SdHashMismatch, |one| one.kb["sd_hash"] = sha256_text(b"").into()),
        ("K8 unasked", Reason::TransactionDataMismatch, |one| one.kb["transaction_data_hashes"] = json!(["x"])),
    ];
    for (name, reason, change) in table {
        let mut licence = Licence::new();
        change(&mut licence);
        assert_eq!(judged(&licence).unwrap_err(), *reason, "{name}");
    }
    println!("{} broken presentations, each with its own reason", table.len());
}

#[test]
fn what_is_done_to_the_text_has_its_reason_too() {
    let licence = Licence::new();
    let (trust, text) = (trust_of(&licence), licence.presented());
    let judge = |text: &str| judged_with(text, &trust, &[]).unwrap_err();
    let (issued, proof) = text.rsplit_once('~').unwrap();
    assert_eq!(judge(&text.replace('~', "")), Reason::SdJwtMalformed);
    assert_eq!(judge(&format!("{issued}~")), Reason::KeyBindingMissing);
    assert_eq!(judge(&format!("{issued}~a.b.c")), Reason::SdJwtMalformed);
    assert_eq!(judge(&"~".repeat(100)), Reason::SdJwtMalformed);
    assert_eq!(judge(&format!("{text}{}", "A".repeat(300_000))), Reason::SdJwtMalformed);
    // One disclosure less than the holder signed for.
    let mut fewer: Vec<&str> = issued.split('~').collect();
    fewer.pop();
    assert_eq!(judge(&format!("{}~{proof}", fewer.join("~"))), Reason::SdHashMismatch);
    // The same with algorithms nobody may use, and another issuer's key.
    let none = base64url::encode(br#"{"typ":"dc+sd-jwt","alg":"none"}"#);
    let body = issued.split('.').nth(1).unwrap();
    assert_eq!(judge(&format!("{none}.{body}.~")), Reason::AlgNotAllowed);
    let hmac = base64url::encode(br#"{"typ":"dc+sd-jwt","alg":"HS256"}"#);
    assert_eq!(judge(&format!("{hmac}.{body}.AAAA~")), Reason::AlgNotAllowed);
    let twice = base64url::encode(br#"{"typ":"dc+sd-jwt","alg":"none","alg":"ES256"}"#);
    assert_eq!(judge(&format!("{twice}.{body}.AAAA~")), Reason::SdJwtMalformed);
    let other = Licence { payload: licence.payload.clone(), ..Licence::new() };
    assert_eq!(judge(&other.presented()), Reason::IssuerSignatureInvalid);
}

#[test]
fn types_worlds_and_transactions_are_the_requests() {
    let licence = Licence::new();
    let mut trust = trust_of(&licence);
    let types = ["https://dmv.example/other".to_owned()];
    let expected = Expected { strictness: Strictness::Credential, types: &types, proof: None };
    assert_eq!(verify(&licence.issued(), &expected, &trust, at(NOW)).unwrap_err(), Reason::CredentialTypeMismatch);
    let haip = Expected { strictness: Strictness::Haip, types: &[], proof: None };
    assert_eq!(verify(&licence.issued(), &haip, &trust, at(NOW)).unwrap_err(), Reason::IssuerKeyUnresolved);
    let sent = vec!["eyJ0eXBlIjoiYSJ9".to_owned()];
    assert_eq!(judged_with(&licence.presented(), &trust, &sent).unwrap_err(), Reason::TransactionDataMismatch);
    let mut agreed = Licence { payload: licence.payload.clone(), ..Licence::new() };
    agreed.payload["cnf"]["jwk"] = bare_jwk(&agreed.holder);
    agreed.kb["transaction_data_hashes"] = json!([sha256_text(sent[0].as_bytes())]);
    assert!(judged_with(&agreed.presented(), &trust_of(&agreed), &sent).is_ok());
    agreed.kb["transaction_data_hashes_alg"] = "sha-512".into();
    let refused = judged_with(&agreed.presented(), &trust_of(&agreed), &sent);
    assert_eq!(refused.unwrap_err(), Reason::TransactionDataMismatch);
    let any = Trust::of_keys(Keys::one(public(&licence.issuer)));
    assert_eq!(judged_with(&licence.presented(), &any, &[]).unwrap_err(), Reason::IssuerUntrusted);
    trust.issuers[0].domain = Domain::Demo;
    assert_eq!(judged_with(&licence.presented(), &trust, &[]).unwrap_err(), Reason::IssuerUntrusted);
}

#[test]
fn an_alias_counts_where_its_issuer_does() {
    let mut licence = Licence::new();
    let alias = "https://dmv.example/mandate";
    licence.payload["aka_vcts"] = json!([alias]);
    let types = [alias.to_owned()];
    let expected = Expected { strictness: Strictness::Credential, types: &types, proof: None };
    let mut trust = trust_of(&licence);
    let judged = |trust: &Trust| verify(&licence.issued(), &expected, trust, at(NOW)).map(|_| ());
    assert_eq!(judged(&trust).unwrap_err(), Reason::CredentialTypeMismatch, "trusted for licences alone");
    trust.issuers[0].types.push(alias.to_owned());
    assert_eq!(judged(&trust), Ok(()));
}

#[test]
fn nested_and_listed_disclosures_unfold_and_tell_where_they_stood() {
    let mut licence = Licence::new();
    let inner = disclosure(&json!(["i", "city", "臺北市"]));
    let outer = disclosure(&json!(["o", "address", { "_sd": [sha256_text(inner.as_bytes())], "country": "TW" }]));
    let element = disclosure(&json!(["e", { "note": "second" }]));
    licence.payload["_sd"].as_array_mut().unwrap().push(sha256_text(outer.as_bytes()).into());
    licence.payload["list"] =
        json!(["first", { "...": sha256_text(b"hidden") }, { "...": sha256_text(element.as_bytes()) }]);
    licence.disclosures.extend([inner, outer, element]);
    let expected = Expected { strictness: Strictness::Credential, types: &[], proof: None };
    let credential = verify(&licence.issued(), &expected, &trust_of(&licence), at(NOW)).unwrap();
    assert_eq!(credential.claims["address"], json!({ "country": "TW", "city": "臺北市" }));
    assert_eq!(credential.claims["list"], json!(["first", { "note": "second" }]));
    assert_eq!(credential.disclosed.len(), 6);
    assert_eq!(credential.concealing.len(), 3);
    // A digest object with company, and one with a disclosure that has a name.
    for list in [json!([{ "...": "x", "more": 1 }]), json!([{ "...": licence.payload["_sd"][0] }])] {
        let mut broken = Licence { payload: licence.payload.clone(), ..Licence::new() };
        broken.payload["_sd"] = json!([]);
        broken.payload["list"] = list;
        broken.disclosures = vec![licence.disclosures[0].clone()];
        let refused = verify(&broken.issued(), &expected, &trust_of(&broken), at(NOW));
        assert_eq!(refused.unwrap_err(), Reason::DisclosureInvalid);
    }
}
