//! Issuers by certificate: the path, the name, and what HAIP refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};

use super::*;
use crate::wallet::Reason;
use crate::wallet::credential::Credential;
use crate::wallet::key::Keys;
use crate::wallet::trust::chain::Anchors;
use crate::wallet::trust::metadata::{Published, address, check_type, read};
use crate::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use crate::wallet::verify::{Expected, Strictness, verify};

const HAIP: Expected<'static> = Expected { strictness: Strictness::Haip, types: &[], proof: None };

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Wallet root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A licence whose issuer has a certificate, changed before it is signed.
fn certified(root: &CertifiedIssuer<'static, KeyPair>, change: impl FnOnce(&mut CertificateParams)) -> Licence {
    let mut licence = Licence::new();
    let key = KeyPair::try_from(licence.issuer.pkcs8_der().unwrap().as_slice()).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Licence issuer");
    params.subject_alt_names = vec![SanType::DnsName("dmv.example".try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    change(&mut params);
    let leaf = params.signed_by(&key, root).unwrap();
    licence.header["x5c"] = json!([STANDARD.encode(leaf.der())]);
    licence
}

fn trust(root: &CertifiedIssuer<'static, KeyPair>) -> Trust {
    let keys = IssuerKeys::Certificates(Anchors::new(&[root.der().to_vec()]).unwrap());
    let issuer = Issuer { id: ISSUER.to_owned(), types: vec![VCT.to_owned()], domain: Domain::Production, keys };
    Trust { issuers: vec![issuer], domain: Domain::Production }
}

fn judged(licence: &Licence, trust: &Trust) -> Result<Credential, Reason> {
    verify(&licence.issued(), &HAIP, trust, at(NOW))
}

#[test]
fn a_certificate_counts_for_the_host_it_names() {
    let root = authority();
    let credential = judged(&certified(&root, |_| {}), &trust(&root)).unwrap();
    assert_eq!(credential.issuer, ISSUER);
    let by_uri = |params: &mut CertificateParams| {
        params.subject_alt_names = vec![SanType::URI(ISSUER.try_into().unwrap())];
    };
    assert!(judged(&certified(&root, by_uri), &trust(&root)).is_ok());
    let other = |params: &mut CertificateParams| {
        params.subject_alt_names = vec![SanType::DnsName("evil.example".try_into().unwrap())];
    };
    assert_eq!(judged(&certified(&root, other), &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2021, 1, 1);
    assert_eq!(judged(&certified(&root, expired), &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    let seals = |params: &mut CertificateParams| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    assert_eq!(judged(&certified(&root, seals), &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    assert_eq!(judged(&certified(&authority(), |_| {}), &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
}

#[test]
fn an_anchor_sent_along_a_leaf_of_its_own_and_another_key_are_refused() {
    let root = authority();
    let mut licence = certified(&root, |_| {});
    licence.header["x5c"].as_array_mut().unwrap().push(STANDARD.encode(root.der()).into());
    assert_eq!(judged(&licence, &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    licence.header["x5c"] = json!([STANDARD.encode(root.der())]);
    assert_eq!(judged(&licence, &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    licence.header["x5c"] = json!(["AAAA"]);
    assert_eq!(judged(&licence, &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    for broken in [json!([]), json!(["!"]), json!([1]), json!("x"), json!(["AA", "AA", "AA", "AA", "AA"])] {
        licence.header["x5c"] = broken;
        assert_eq!(judged(&licence, &trust(&root)).unwrap_err(), Reason::IssuerKeyUnresolved);
    }
    let mut other = certified(&root, |_| {});
    other.issuer = new_key();
    assert_eq!(judged(&other, &trust(&root)).unwrap_err(), Reason::IssuerSignatureInvalid);
}

#[test]
fn without_iss_the_certificate_names_the_issuer() {
    let root = authority();
    let mut licence = certified(&root, |_| {});
    licence.payload.as_object_mut().unwrap().remove("iss");
    assert_eq!(judged(&licence, &trust(&root)).unwrap_err(), Reason::IssuerUntrusted);
    let mut trust = trust(&root);
    trust.issuers[0].id = "https://dmv.example".to_owned();
    assert_eq!(judged(&licence, &trust).unwrap().issuer, "https://dmv.example");
    licence.header.as_object_mut().unwrap().remove("x5c");
    assert_eq!(judged(&licence, &trust).unwrap_err(), Reason::IssuerKeyUnresolved);
}

#[test]
fn issuer_metadata_is_of_the_issuer_asked() {
    assert_eq!(address("https://a.example").unwrap(), "https://a.example/.well-known/jwt-vc-issuer");
    assert_eq!(address("https://a.example/t/1/").unwrap(), "https://a.example/.well-known/jwt-vc-issuer/t/1");
    for other in ["http://a.example", "https://a.example?x", "https://a@b.example", "did:web:a"] {
        assert_eq!(address(other), None, "{other}");
    }
    let licence = Licence::new();
    let keys = json!({ "keys": [licence.issuer.public().to_json()] });
    let document = |issuer: &str, extra: Value| {
        let mut document = object(json!({ "issuer": issuer }));
        document.extend(object(extra));
        Value::Object(document).to_string().into_bytes()
    };
    let here = read(&document(ISSUER, json!({ "jwks": keys })), ISSUER).unwrap();
    assert_eq!(here, Published::Here(Keys::from_json(&keys).unwrap()));
    let there = read(&document(ISSUER, json!({ "jwks_uri": "https://a.example/k" })), ISSUER).unwrap();
    assert_eq!(there, Published::At("https://a.example/k".to_owned()));
    for broken in [
        document("https://other.example", json!({ "jwks": keys })),
        document(ISSUER, json!({})),
        document(ISSUER, json!({ "jwks": keys, "jwks_uri": "https://a.example/k" })),
        document(ISSUER, json!({ "jwks_uri": "http://169.254.169.254/" })),
    ] {
        assert_eq!(read(&broken, ISSUER).unwrap_err(), Reason::IssuerKeyUnresolved);
    }
}

#[test]
fn type_metadata_is_the_one_named_and_is_kept_to() {
    let document = json!({ "vct": VCT, "claims": [
        { "path": ["name"], "sd": "always", "mandatory": true }, { "path": ["iss"], "sd": "never" },
        { "path": ["classes", null] },
    ] });
    let bytes = document.to_string().into_bytes();
    let digest = claimgate_packet::jose::digest::sha256(&bytes);
    let mut licence = Licence::new();
    licence.payload["vct#integrity"] = format!("sha256-{}", STANDARD.encode(digest)).into();
    let expected = Expected { strictness: Strictness::Credential, types: &[], proof: None };
    let trust = super::order::trust_of(&licence);
    let credential = verify(&licence.issued(), &expected, &trust, at(NOW)).unwrap();
    assert_eq!(check_type(&bytes, &credential), Ok(()));
    let changed = [bytes.as_slice(), b" "].concat();
    assert_eq!(check_type(&changed, &credential), Err(Reason::SchemaMismatch));
    let free = Credential { integrity: None, ..credential };
    for (document, expected) in [
        (document.clone(), Ok(())),
        (json!({ "vct": "https://other.example" }), Err(Reason::SchemaMismatch)),
        (json!({ "vct": VCT, "claims": [{ "path": ["name"], "sd": "never" }] }), Err(Reason::SchemaMismatch)),
        (json!({ "vct": VCT, "claims": [{ "path": ["iss"], "sd": "always" }] }), Err(Reason::SchemaMismatch)),
    ] {
        assert_eq!(check_type(document.to_string().as_bytes(), &free), expected, "{document}");
    }
}
