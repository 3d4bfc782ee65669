//! A person's card (自然人憑證) over a challenge: whose signature it is, and whose it is not.

use rcgen::{CertificateParams, CustomExtension, DnType};

use super::hierarchy::{Hierarchy, leaf_params, list, oid, sequence, tlv};
use super::*;
use crate::signature::{Authorities, Claimed, NotPerson, PERSON_ATTRIBUTES, check_person};

const CHALLENGE: &[u8] = b"claimgate-identity-1.a-challenge";
const PERSON: Claimed<'_> = Claimed { name: "王小明", number: "A123456789" };

/// The certificate of a person's card: the name, and the last four of the national ID.
fn card(name: &str, tail: Option<&str>) -> CertificateParams {
    let mut params = leaf_params();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "TW");
    params.distinguished_name.push(DnType::CommonName, name);
    if let Some(tail) = tail {
        let attribute =
            sequence(&[oid(&[2, 16, 886, 1, 100, 2, 51]), tlv(0x31, &[tlv(0x13, &[tail.as_bytes().to_vec()])])]);
        let extension = CustomExtension::from_oid_content(&[2, 5, 29, 9], sequence(&[attribute]));
        params.custom_extensions.push(extension);
    }
    params
}

fn trusted(hierarchy: &Hierarchy, lists: &[Vec<u8>]) -> Authorities {
    let attributes = PERSON_ATTRIBUTES.map(str::to_owned);
    Authorities::new(&[hierarchy.root.der().to_vec()], lists, &attributes).unwrap()
}

#[test]
fn a_card_signs_for_its_holder_and_for_nobody_else() {
    let made = |name: &str, tail| Hierarchy::with(&card(name, tail), &rcgen::PKCS_ECDSA_P256_SHA256);
    let own = made("王小明", Some("6789"));
    let authorities = trusted(&own, &[]);
    let check = |der: &[u8], content: &[u8], person| check_person(der, content, person, Some(&authorities), now());
    let der = own.sign(CHALLENGE);
    let signer = check(&der, CHALLENGE, PERSON).unwrap();
    assert_eq!((signer.algorithm.as_str(), signer.revocation), ("ecdsa-sha256", Revocation::Unchecked));
    // Another challenge, another name, another number.
    assert!(matches!(check(&der, b"another", PERSON), Err(NotPerson::Invalid(_))));
    for (name, number) in [("王大明", "A123456789"), ("王小明", "A123456780"), ("", "A123456789"), ("王小明", "89")]
    {
        assert_eq!(check(&der, CHALLENGE, Claimed { name, number }), Err(NotPerson::Other), "{name} {number}");
    }
    // A certificate without the number is no person's (工商憑證), and one nobody trusts is nobody's.
    let organisation = made("王小明", None);
    let foreign = check(&organisation.sign(CHALLENGE), CHALLENGE, PERSON);
    assert!(matches!(foreign, Err(NotPerson::Invalid(_))), "another authority's");
    let of_own = trusted(&organisation, &[]);
    let found = check_person(&organisation.sign(CHALLENGE), CHALLENGE, PERSON, Some(&of_own), now());
    assert_eq!(found, Err(NotPerson::Other));
    assert!(matches!(check_person(&der, CHALLENGE, PERSON, None, now()), Err(NotPerson::Invalid(_))));
    // Lists in force say whether it was revoked.
    let lists = [list(&own.root, &[], 2030), list(&own.middle, &[], 2030)];
    let good = check_person(&der, CHALLENGE, PERSON, Some(&trusted(&own, &lists)), now()).unwrap();
    assert_eq!(good.revocation, Revocation::Good);
    let lists = [list(&own.root, &[], 2030), list(&own.middle, &[&[0x91, 2, 3, 4]], 2030)];
    let revoked = check_person(&der, CHALLENGE, PERSON, Some(&trusted(&own, &lists)), now());
    assert!(matches!(revoked, Err(NotPerson::Invalid(text)) if text.contains("revoked")));
}
