//! Certificates: path, time, purpose, revocation, and whose institution it is.

use rcgen::{
    CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::hierarchy::{Hierarchy, ca, leaf_params, list, list_issued, oid, sequence, tlv};
use super::*;

fn result(hierarchy: &Hierarchy, authorities: &Authorities, at: Timestamp) -> Result<Checked, Rejection> {
    let body = b"{}";
    let field = STANDARD.encode(hierarchy.sign(body));
    let trust = Trust { authorities: Some(authorities), ..NOTHING };
    check(&push(body, &[("Content-Signature", &field)]), INSTITUTION, &trust, &Limits::default(), at)
}

fn with(change: impl FnOnce(&mut CertificateParams)) -> Hierarchy {
    let mut params = leaf_params();
    change(&mut params);
    Hierarchy::with(&params, &rcgen::PKCS_ECDSA_P256_SHA256)
}

#[track_caller]
fn assert_fault(result: Result<Checked, Rejection>, code: &str, words: &str) {
    let issue = result.unwrap_err().issues.remove(0);
    assert_eq!(issue.code, code, "{}", issue.diagnostics);
    assert!(issue.diagnostics.contains(words), "{}", issue.diagnostics);
}

#[test]
fn a_certificate_counts_within_its_dates_alone() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let at = |text: &str| result(&hierarchy, &authorities, text.parse().unwrap());
    assert!(at("2025-01-01T00:00:00Z").is_ok() && at("2027-12-31T23:59:59Z").is_ok());
    assert_fault(at("2028-01-02T00:00:00Z"), "signature.invalid", "expired");
    assert_fault(at("2024-12-31T23:59:59Z"), "signature.invalid", "not valid yet");
}

#[test]
fn a_path_leads_to_a_trusted_authority_or_nowhere() {
    let (hierarchy, other) = (Hierarchy::new(), Hierarchy::new());
    assert_fault(result(&hierarchy, &other.authorities(), now()), "signature.invalid", "No path");
    // The authority in the middle may be the trusted one.
    let middle = Authorities::new(&[hierarchy.middle.der().to_vec()], &[], &[]).unwrap();
    assert!(result(&hierarchy, &middle, now()).is_ok());
    // Its certificate must come along where it is not.
    let body = b"{}";
    let mut cms = hierarchy.cms();
    cms.certificates.truncate(1);
    let field = STANDARD.encode(cms.sign(body));
    let authorities = hierarchy.authorities();
    let trust = Trust { authorities: Some(&authorities), ..NOTHING };
    assert_refused(&push(body, &[("Content-Signature", &field)]), &trust, "Include the issuing");
}

#[test]
fn a_path_of_more_than_four_certificates_is_refused() {
    let root = ca("Root", None);
    let authorities = Authorities::new(&[root.der().to_vec()], &[], &[]).unwrap();
    let trust = Trust { authorities: Some(&authorities), ..NOTHING };
    let mut chain = vec![ca("First", Some(&root))];
    for (name, fits) in [("Second", true), ("Third", false)] {
        chain.push(ca(name, Some(chain.last().unwrap())));
        let hierarchy = Hierarchy::new();
        let key = KeyPair::generate().unwrap();
        let leaf = leaf_params().signed_by(&key, chain.last().unwrap()).unwrap().der().to_vec();
        let mut cms = hierarchy.cms();
        cms.key = &key;
        cms.certificates = std::iter::once(leaf).chain(chain.iter().map(|ca| ca.der().to_vec())).collect();
        let field = STANDARD.encode(cms.sign(b"{}"));
        let headers = [("Content-Signature", field.as_str())];
        assert_eq!(checked(&push(b"{}", &headers), &trust).is_ok(), fits, "{name}");
    }
}

#[test]
fn a_certificate_for_something_else_does_not_sign() {
    let encryption = with(|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    assert_fault(result(&encryption, &encryption.authorities(), now()), "signature.invalid", "keyUsage");
    let server = with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    assert_fault(result(&server, &server.authorities(), now()), "signature.invalid", "extKeyUsage");
    for purpose in [ExtendedKeyUsagePurpose::EmailProtection, ExtendedKeyUsagePurpose::ClientAuth] {
        let fine = with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, purpose]);
        assert!(result(&fine, &fine.authorities(), now()).is_ok());
    }
    let authority = with(|params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    });
    assert_fault(result(&authority, &authority.authorities(), now()), "signature.invalid", "authority");
    let edwards = Hierarchy::with(&leaf_params(), &rcgen::PKCS_ED25519);
    assert_fault(result(&edwards, &edwards.authorities(), now()), "signature.invalid", "does not fit");
}

#[test]
fn revocation_is_good_only_with_lists_in_force_for_the_whole_path() {
    let hierarchy = Hierarchy::new();
    let serial: &[u8] = &[0x91, 2, 3, 4];
    let revocation = |lists: &[Vec<u8>]| {
        let checked = result(&hierarchy, &hierarchy.with_lists(lists), now())?;
        Ok::<_, Rejection>(checked.signatures[0].revocation.unwrap())
    };
    let of_root = list(&hierarchy.root, &[], 2027);
    let of_middle = list(&hierarchy.middle, &[], 2027);
    let stale = list(&hierarchy.middle, &[], 2026);
    assert_eq!(revocation(&[]).unwrap(), Revocation::Unchecked);
    assert_eq!(revocation(&[of_root.clone(), of_middle.clone()]).unwrap(), Revocation::Good);
    assert_eq!(revocation(std::slice::from_ref(&of_middle)).unwrap(), Revocation::Unchecked);
    assert_eq!(revocation(&[of_root.clone(), stale]).unwrap(), Revocation::Unchecked);
    // Revoked is revoked, also where the list is old or covers only a part.
    for until in [2027, 2026] {
        let revoked = list(&hierarchy.middle, &[serial], until);
        for lists in [vec![revoked.clone()], vec![of_root.clone(), revoked]] {
            let authorities = hierarchy.with_lists(&lists);
            assert_fault(result(&hierarchy, &authorities, now()), "signature.invalid", "revoked");
        }
    }
}

#[test]
fn of_two_lists_of_one_issuer_the_newer_counts_however_they_lie() {
    let hierarchy = Hierarchy::new();
    let serial: &[u8] = &[0x91, 2, 3, 4];
    let of_root = list(&hierarchy.root, &[], 2027);
    for older_until in [2026, 2027] {
        let older = list_issued(&hierarchy.middle, &[], 1, older_until);
        let newer = list_issued(&hierarchy.middle, &[serial], 2, 2027);
        for lists in [[of_root.clone(), older.clone(), newer.clone()], [of_root.clone(), newer, older]] {
            let authorities = hierarchy.with_lists(&lists);
            assert_fault(result(&hierarchy, &authorities, now()), "signature.invalid", "revoked");
        }
    }
    // Suspended before, no longer: and a list that is not issued yet says nothing.
    let suspended = list_issued(&hierarchy.middle, &[serial], 1, 2027);
    let released = list_issued(&hierarchy.middle, &[], 2, 2027);
    let later = list_issued(&hierarchy.middle, &[serial], 31, 2027);
    let authorities = hierarchy.with_lists(&[of_root, later, suspended, released]);
    let checked = result(&hierarchy, &authorities, "2026-01-15T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(checked.signatures[0].revocation, Some(Revocation::Good));
}

#[test]
fn the_certificate_is_the_institutions_own() {
    let other = with(|params| {
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), "1101100011");
    });
    assert_fault(result(&other, &other.authorities(), now()), "signature.institution-mismatch", "another institution");
    let unit = with(|params| {
        params.distinguished_name.remove(DnType::CustomDnType(vec![2, 5, 4, 5]));
        params.distinguished_name.push(DnType::OrganizationalUnitName, INSTITUTION);
    });
    assert!(result(&unit, &unit.authorities(), now()).is_ok());
    let person = with(|params| {
        params.distinguished_name.remove(DnType::CustomDnType(vec![2, 5, 4, 5]));
    });
    let checked = result(&person, &person.authorities(), now()).unwrap();
    assert!(checked.signatures.is_empty());
    assert_eq!(checked.warnings[0].code, "signature.not-checked");
}

#[test]
fn the_operator_names_the_attribute_that_carries_the_code() {
    // subjectDirectoryAttributes with one attribute of a made-up name.
    let name: &[u64] = &[1, 3, 6, 1, 4, 1, 99_999, 1];
    let value = tlv(0x31, &[tlv(0x0C, &[INSTITUTION.as_bytes().to_vec()])]);
    let content = sequence(&[sequence(&[oid(name), value])]);
    let hierarchy = with(|params| {
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), "99999999");
        params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 9], content));
    });
    let named = |name: &str| Authorities::new(&[hierarchy.root.der().to_vec()], &[], &[name.to_owned()]).unwrap();
    assert!(result(&hierarchy, &named("1.3.6.1.4.1.99999.1"), now()).is_ok());
    assert_fault(result(&hierarchy, &named("2.5.4.5"), now()), "signature.institution-mismatch", "another");
}

#[test]
fn the_operators_files_are_read_or_named() {
    let hierarchy = Hierarchy::new();
    let root = hierarchy.root.der().to_vec();
    let new = |certificates: &[Vec<u8>], lists: &[Vec<u8>], attributes: &[&str]| {
        let attributes: Vec<String> = attributes.iter().map(|text| (*text).to_owned()).collect();
        Authorities::new(certificates, lists, &attributes).unwrap_err()
    };
    assert_eq!(new(&[], &[], &[]), AuthorityError::Count);
    assert_eq!(new(&[root.clone(), b"x".to_vec()], &[], &[]), AuthorityError::Certificate(1));
    assert_eq!(new(std::slice::from_ref(&root), std::slice::from_ref(&root), &[]), AuthorityError::RevocationList(0));
    assert_eq!(new(&[root], &[], &["serialNumber"]), AuthorityError::Attribute(0));
}

#[test]
fn a_trusted_authority_counts_within_its_own_dates_alone() {
    // The signer outlives the authority, whose certificate no path validation looks at.
    let hierarchy = with(|params| params.not_after = date_time_ymd(2050, 1, 1));
    let middle =
        Authorities::new(&[hierarchy.middle.der().to_vec()], &[list(&hierarchy.middle, &[], 2030)], &[]).unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert!(result(&hierarchy, &middle, at("2039-12-31T00:00:00Z")).is_ok());
    assert_fault(result(&hierarchy, &middle, at("2040-01-02T00:00:00Z")), "signature.invalid", "has expired");
    let standing = middle.standing(at("2040-01-02T00:00:00Z"));
    assert_eq!((standing.authorities, standing.ended_authorities), (1, vec![0]));
    assert_eq!((standing.lists, standing.ended_lists), (1, vec![0]));
    assert_eq!(middle.standing(now()).ended_lists, Vec::<usize>::new());
}

#[test]
fn an_operators_file_is_pem_or_der() {
    let hierarchy = Hierarchy::new();
    let (root, middle) = (hierarchy.root.der().to_vec(), hierarchy.middle.der().to_vec());
    let pem =
        |label: &str, der: &[u8]| format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der));
    assert_eq!(certificates_in(&root), Some(vec![root.clone()]));
    let both = format!("a note\n{}{}", pem("CERTIFICATE", &root), pem("CERTIFICATE", &middle));
    assert_eq!(certificates_in(both.as_bytes()), Some(vec![root.clone(), middle]));
    let crl = list(&hierarchy.root, &[], 2027);
    assert_eq!(lists_in(pem("X509 CRL", &crl).as_bytes()), Some(vec![crl.clone()]));
    assert_eq!((certificates_in(b""), certificates_in(b"text"), lists_in(both.as_bytes())), (None, None, None));
}
