//! Whose certificate it is: names as they are registered, keys as they are published.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SanType, date_time_ymd,
};

use super::*;

fn made(params: &CertificateParams, key: &KeyPair) -> PeerCertificate {
    PeerCertificate::new(vec![params.self_signed(key).unwrap().der().to_vec()]).unwrap()
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "TW");
    params.distinguished_name.push(DnType::OrganizationName, "安心人壽, Inc.");
    params.distinguished_name.push(DnType::CommonName, "claims");
    params.subject_alt_names = vec![
        SanType::DnsName("claims.anxin.example".try_into().unwrap()),
        SanType::URI("urn:anxin:claims".try_into().unwrap()),
        SanType::Rfc822Name("it@anxin.example".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
    ];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn subject(text: &str) -> CertificateRule {
    CertificateRule::SubjectDn(text.to_owned())
}

#[test]
fn a_name_is_the_registered_one_or_none() {
    let key = KeyPair::generate().unwrap();
    let certificate = made(&params(), &key);
    let san_ip = |text: &str| CertificateRule::SanIp(text.parse().unwrap());
    let good = [
        subject("CN=claims,O=安心人壽\\, Inc.,C=TW"),
        CertificateRule::SanDns("Claims.Anxin.example".to_owned()),
        CertificateRule::SanUri("urn:anxin:claims".to_owned()),
        CertificateRule::SanEmail("it@anxin.example".to_owned()),
        san_ip("192.0.2.7"),
    ];
    for rule in good {
        assert!(certificate.is_named(&rule), "{rule:?}");
    }
    let bad = [
        subject("CN=claims"),
        subject("C=TW,O=安心人壽\\, Inc.,CN=claims"),
        subject("CN=Claims,O=安心人壽\\, Inc.,C=TW"),
        subject("CN=claims,O=安心人壽,C=TW"),
        subject("no name at all"),
        CertificateRule::SanDns("anxin.example".to_owned()),
        CertificateRule::SanDns("urn:anxin:claims".to_owned()),
        CertificateRule::SanUri("urn:anxin".to_owned()),
        CertificateRule::SanEmail("claims.anxin.example".to_owned()),
        san_ip("192.0.2.8"),
        san_ip("::ffff:192.0.2.7"),
        CertificateRule::SelfSigned,
    ];
    for rule in bad {
        assert!(!certificate.is_named(&rule), "{rule:?}");
    }
    // One without a subject is not the one of an empty name.
    let mut nameless = params();
    nameless.distinguished_name = DistinguishedName::new();
    assert!(!made(&nameless, &key).is_named(&subject("")));
}

#[test]
fn its_key_is_found_by_thumbprint() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let raw = key.public_key_raw();
        let jwk = if raw.len() == 32 {
            json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "k", "x": base64url::encode(raw) })
        } else {
            let [x, y] = [&raw[1..33], &raw[33..]].map(base64url::encode);
            json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": "k", "x": x, "y": y })
        };
        let expected = PublicJwk::from_json(&jwk).unwrap().thumbprint();
        assert_eq!(made(&params(), &key).key_thumbprint(), Some(expected));
    }
}

#[test]
fn it_holds_between_its_days() {
    let certificate = made(&params(), &KeyPair::generate().unwrap());
    let at = |text: &str| certificate.holds(text.parse().unwrap());
    assert!(at("2026-11-23T02:00:00Z"));
    assert!(!at("2025-12-31T23:59:59Z") && !at("2027-01-01T00:00:01Z"));
}

#[test]
fn what_is_no_certificate_is_nobodys() {
    let certificate = PeerCertificate::new(vec![vec![0x30, 0x03, 1, 2, 3]]).unwrap();
    assert!(!certificate.is_named(&subject("CN=claims")) && certificate.key_thumbprint().is_none());
    assert!(!certificate.holds(Timestamp::UNIX_EPOCH));
    assert!(PeerCertificate::new(Vec::new()).is_none());
    assert!(PeerCertificate::new(vec![Vec::new()]).is_none());
    assert!(PeerCertificate::new(vec![vec![1]; MOST_BETWEEN + 2]).is_none());
    assert!(PeerCertificate::new(vec![vec![1; MOST_BYTES + 1]]).is_none());
}
