//! PKCS#7 signatures in the Bundle and beside the body: what verifies, and what each fault is told.

use super::hierarchy::{Cms, Hierarchy};
use super::*;
use crate::signature::key::Hash;

fn beside(hierarchy: &Hierarchy, change: impl FnOnce(&mut Cms<'_>)) -> Result<Checked, Rejection> {
    let body = serde_json::to_vec(&bundle()).unwrap();
    let mut cms = hierarchy.cms();
    change(&mut cms);
    let field = STANDARD.encode(cms.sign(&body));
    let authorities = hierarchy.authorities();
    checked(&push(&body, &[("Content-Signature", &field)]), &Trust { authorities: Some(&authorities), ..NOTHING })
}

#[track_caller]
fn assert_fault(hierarchy: &Hierarchy, words: &str, change: impl FnOnce(&mut Cms<'_>)) {
    let rejection = beside(hierarchy, change).unwrap_err();
    assert_eq!(rejection.issues[0].code, "signature.invalid");
    assert!(rejection.issues[0].diagnostics.contains(words), "{}", rejection.issues[0].diagnostics);
    assert_eq!(rejection.issues[0].expression, ["http.content-signature"]);
}

#[test]
fn a_signature_over_the_canonical_bundle_names_signer_and_time() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let trust = Trust { authorities: Some(&authorities), required: true, ..NOTHING };
    let body = signed("application/pkcs7-signature", &hierarchy.sign(CANONICAL.as_bytes()));
    let found = verified(&push(&body, &[]), &trust);
    assert_eq!((found.method, found.covers), (Method::Cms, Covers::CanonicalBundle));
    assert_eq!(found.algorithm, "ecdsa-sha256");
    assert_eq!(found.institution.as_deref(), Some(INSTITUTION));
    assert_eq!(found.signed_at.unwrap().to_string(), "2026-08-21T09:59:00Z");
    assert_eq!(found.revocation, Some(Revocation::Unchecked));
    assert_eq!(found.numbers, Some(Numbers::Rfc8785));
    assert!(found.key.starts_with("x5t#S256:"));
    let verification = found.verification();
    assert_eq!(verification.method, "source-signature-cms");
    assert_eq!(verification.result, "verified-revocation-unchecked");
    assert_eq!(verification.key, Some(found.key));
}

#[test]
fn every_kind_of_key_verifies() {
    let rsa: &[u64] = &[1, 2, 840, 113_549, 1, 1, 11];
    let plain_rsa: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
    let ecdsa_384: &[u64] = &[1, 2, 840, 10_045, 4, 3, 3];
    for (key, hash, algorithm, name) in [
        (&rcgen::PKCS_RSA_SHA256, Hash::Sha256, rsa, "rsassa-pkcs1-v1_5-sha256"),
        (&rcgen::PKCS_RSA_SHA512, Hash::Sha512, plain_rsa, "rsassa-pkcs1-v1_5-sha512"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, Hash::Sha384, ecdsa_384, "ecdsa-sha384"),
    ] {
        let hierarchy = Hierarchy::with(&super::hierarchy::leaf_params(), key);
        let found = beside(&hierarchy, |cms| (cms.hash, cms.algorithm) = (hash, algorithm)).unwrap();
        assert_eq!(found.signatures[0].algorithm, name);
    }
}

#[test]
fn what_was_changed_after_signing_does_not_verify() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let trust = Trust { authorities: Some(&authorities), ..NOTHING };
    let body = String::from_utf8(signed("application/pkcs7-signature", &hierarchy.sign(CANONICAL.as_bytes()))).unwrap();
    assert!(checked(&push(body.replace("1250.5", "1250.50").as_bytes(), &[]), &trust).is_ok(), "the same number");
    assert!(
        checked(&push(body.replace("\"b1\"", "\"b2\"").as_bytes(), &[]), &trust).is_ok(),
        "the Bundle's own id is not covered"
    );
    for (from, to) in
        [("1250.5", "1250.6"), ("1250.5", "\"1250.5\""), ("TWD", "USD"), ("案件-1", "案件-2"), ("Claim", "claim")]
    {
        assert_refused(&push(body.replace(from, to).as_bytes(), &[]), &trust, "other bytes");
    }
    // Beside the body every byte counts.
    let plain = serde_json::to_vec(&bundle()).unwrap();
    let field = STANDARD.encode(hierarchy.sign(&plain));
    let spaced = [plain.as_slice(), b" "].concat();
    assert_refused(&push(&spaced, &[("Content-Signature", &field)]), &trust, "other bytes");
    assert_refused(&push(&plain, &[("Content-Signature", &field), ("Content-Signature", &field)]), &trust, "one line");
}

#[test]
fn a_form_outside_the_profile_is_refused_with_the_reason() {
    let hierarchy = Hierarchy::new();
    let signed_data: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
    let sha1: &[u64] = &[1, 2, 840, 10_045, 4, 1];
    let sha384: &[u64] = &[1, 2, 840, 10_045, 4, 3, 3];
    assert_fault(&hierarchy, "attributes", |cms| cms.attributes = false);
    assert_fault(&hierarchy, "attributes", |cms| cms.twice = true);
    assert_fault(&hierarchy, "contentType", |cms| cms.content_type = signed_data);
    assert_fault(&hierarchy, "algorithm", |cms| cms.algorithm = sha1);
    assert_fault(&hierarchy, "algorithm", |cms| cms.algorithm = sha384);
    assert_fault(&hierarchy, "does not fit", |cms| cms.algorithm = &[1, 2, 840, 113_549, 1, 1, 11]);
    let certificate = hierarchy.leaf.clone();
    assert_fault(&hierarchy, "detached", |cms| cms.certificates.extend(vec![certificate; 7]));
    let middle = hierarchy.middle.der().to_vec();
    assert_fault(&hierarchy, "does not fit", |cms| cms.certificates = vec![middle]);
}

#[test]
fn a_signature_by_another_key_does_not_count_for_the_certificate() {
    let (hierarchy, other) = (Hierarchy::new(), Hierarchy::new());
    assert_fault(&hierarchy, "does not fit", |cms| cms.key = Box::leak(Box::new(other.key)));
}

#[test]
fn a_content_signature_is_bounded_and_strict_base64() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let trust = Trust { authorities: Some(&authorities), ..NOTHING };
    let long = "A".repeat((12 << 10) + 4);
    for field in ["", "%", "MAA", long.as_str()] {
        let (code, _) = refused(&push(b"{}", &[("content-signature", field)]), &trust);
        assert_eq!(code, "signature.invalid");
    }
    let large = signed("application/pkcs7-signature", &vec![0x30; 80 << 10]);
    assert_refused(&push(&large, &[]), &trust, "64 KiB");
}
