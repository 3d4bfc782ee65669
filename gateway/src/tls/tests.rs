//! The files of `[tls]`: read, changed, broken; and behind whom an authority stands.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;

use super::*;

struct Files(TempDir);

impl Files {
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn pair(&self, name: &str) -> config::Tls {
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["gateway.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let certificate = self.write(&format!("{name}.pem"), &own.pem());
        settings(certificate, self.write(&format!("{name}.key"), &key.serialize_pem()))
    }
}

fn settings(certificate: PathBuf, key: PathBuf) -> config::Tls {
    config::Tls {
        certificate,
        key,
        client_authorities: Vec::new(),
        handshake_seconds: 5,
        handshakes_at_once: 16,
        client_cert_from: Vec::new(),
    }
}

fn authority() -> (rcgen::Certificate, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), Issuer::new(params, key))
}

fn client(issuer: &Issuer<'static, KeyPair>, purpose: ExtendedKeyUsagePurpose) -> Vec<Vec<u8>> {
    let mut params = CertificateParams::new(vec!["claims.example".to_owned()]).unwrap();
    params.extended_key_usages = vec![purpose];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    vec![params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().to_vec()]
}

#[test]
fn files_are_read_again_when_they_change_and_never_half() {
    let files = Files(tempfile::tempdir().unwrap());
    let first = files.pair("one");
    let tls = Tls::open(first.clone()).unwrap();
    let shown = |tls: &Tls| tls.certified().unwrap().cert[0].to_vec();
    let before = shown(&tls);
    assert!(tls.server().unwrap().is_some() && !tls.reload().unwrap());

    let other = files.pair("two");
    fs::copy(&other.certificate, &first.certificate).unwrap();
    // The new certificate with the old key: what was read before stays.
    assert!(matches!(tls.reload(), Err(TlsError::Mismatch)));
    assert_eq!(shown(&tls), before);
    fs::copy(&other.key, &first.key).unwrap();
    assert!(tls.reload().unwrap());
    assert_ne!(shown(&tls), before);
    fs::remove_file(&first.certificate).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Unreadable { .. })));
    assert!(tls.certified().is_some());
}

#[test]
fn what_is_no_certificate_or_key_is_named() {
    let files = Files(tempfile::tempdir().unwrap());
    let good = files.pair("one");
    let empty = files.write("empty.pem", "");
    let garbage = files.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let large = files.write("large.pem", &"x".repeat(1 << 20 | 1));
    let open = |certificate: &Path, key: &Path| Tls::open(settings(certificate.to_owned(), key.to_owned())).map(|_| ());
    assert!(matches!(open(&empty, &good.key), Err(TlsError::Certificate(_))));
    assert!(matches!(open(&good.certificate, &empty), Err(TlsError::Key(_))));
    assert!(matches!(open(&large, &good.key), Err(TlsError::TooLarge(_))));
    assert!(open(&garbage, &good.key).is_err());
    let authorities = config::Tls { client_authorities: vec![garbage], ..good };
    assert!(matches!(Tls::open(authorities), Err(TlsError::Certificate(_))));
    let none = Tls::open(settings(PathBuf::new(), PathBuf::new())).unwrap();
    assert!(none.server().unwrap().is_none() && !none.reload().unwrap());
}

#[test]
fn an_authority_stands_behind_its_own_for_clients_in_their_time() {
    let files = Files(tempfile::tempdir().unwrap());
    let ((root, issuer), (_, stranger)) = (authority(), authority());
    let path = files.write("clients.pem", &root.pem());
    let tls = Tls::open(config::Tls { client_authorities: vec![path], ..files.pair("one") }).unwrap();
    let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
    let good = client(&issuer, ExtendedKeyUsagePurpose::ClientAuth);
    assert!(tls.knows_authorities() && tls.trusts(&good, now));
    assert!(!tls.trusts(&good, "2027-11-23T02:00:00Z".parse().unwrap()));
    assert!(!tls.trusts(&good, "2025-11-23T02:00:00Z".parse().unwrap()));
    assert!(!tls.trusts(&client(&issuer, ExtendedKeyUsagePurpose::ServerAuth), now));
    assert!(!tls.trusts(&client(&stranger, ExtendedKeyUsagePurpose::ClientAuth), now));
    assert!(!tls.trusts(&[], now) && !tls.trusts(&[vec![0; 8]], now));
    let without = Tls::open(files.pair("two")).unwrap();
    assert!(!without.knows_authorities() && !without.trusts(&good, now));
}
