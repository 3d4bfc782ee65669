//! Signed PDFs: over the whole file or not at all.

use super::hierarchy::Hierarchy;
use super::*;

/// A PDF of which nothing but its signature is looked at; `room` is what is left for it.
fn pdf(hierarchy: &Hierarchy, form: &str, change: impl FnOnce(&mut Vec<u8>), trailer: &str) -> Vec<u8> {
    const ROOM: usize = 8_192;
    let head = format!("%PDF-1.7\n1 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /{form} /Contents ");
    let range_room = 60;
    let tail = |range: &str| format!(" {range:<range_room$} >>\nendobj\n% 委託書\n{trailer}%%EOF\n");
    let (start, end) = (head.len(), head.len() + ROOM + 2);
    let rest = tail("").len();
    let tail = tail(&format!("/ByteRange [0 {start} {end} {rest}]"));
    let der = hierarchy.sign(&[head.as_bytes(), tail.as_bytes()].concat());
    let mut hex: Vec<u8> = der.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    hex.resize(ROOM, b'0');
    change(&mut hex);
    [head.as_bytes(), b"<", &hex, b">", tail.as_bytes()].concat()
}

#[test]
fn a_signature_over_the_whole_file_names_its_certificate() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    for form in ["adbe.pkcs7.detached", "ETSI.CAdES.detached"] {
        let file = pdf(&hierarchy, form, |_| {}, "");
        let PdfStanding::Signed(signer) = check_pdf(&file, Some(&authorities), now()) else {
            panic!("{:?}", check_pdf(&file, Some(&authorities), now()));
        };
        assert_eq!((signer.certificate.len(), signer.revocation), (43, Revocation::Unchecked));
        assert!(matches!(check_pdf(&file, None, now()), PdfStanding::Unchecked(_)));
        // Nobody trusts another's authority.
        let other = Hierarchy::new().authorities();
        assert!(matches!(check_pdf(&file, Some(&other), now()), PdfStanding::Invalid(_)));
    }
}

#[test]
fn what_was_changed_or_appended_nobody_signed_and_a_scan_proves_nothing() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let judged = |file: &[u8]| check_pdf(file, Some(&authorities), now());
    let good = pdf(&hierarchy, "adbe.pkcs7.detached", |_| {}, "");
    assert!(matches!(judged(&good), PdfStanding::Signed(_)));
    let appended = [good.as_slice(), b"2 0 obj\n<< /Type /Page >>\nendobj\n%%EOF\n"].concat();
    let mut changed = good.clone();
    let place = changed.len() - 12;
    changed[place] ^= 1;
    let two = pdf(&hierarchy, "adbe.pkcs7.detached", |_| {}, "/ByteRange [0 1 2 3]");
    let wrong = [
        appended,
        changed,
        good[..good.len() - 1].to_vec(),
        pdf(&hierarchy, "adbe.pkcs7.sha1", |_| {}, ""),
        pdf(&hierarchy, "adbe.pkcs7.detached", |hex| hex[100] = b'z', ""),
        // Something hidden behind the signature, in bytes it does not cover.
        pdf(&hierarchy, "adbe.pkcs7.detached", |hex| *hex.last_mut().unwrap() = b'1', ""),
        pdf(&hierarchy, "adbe.pkcs7.detached", |hex| hex.fill(b'0'), ""),
        pdf(&hierarchy, "adbe.pkcs7.detached", |_| {}, &"/ByteRange [0 1 2 3]".repeat(20)),
        b"%PDF-1.7\n/ByteRange [0 18446744073709551615 18446744073709551615 1]".to_vec(),
        b"%PDF-1.7\n/ByteRange".to_vec(),
    ];
    for (place, file) in wrong.iter().enumerate() {
        assert!(matches!(judged(file), PdfStanding::Invalid(_)), "{place}: {:?}", judged(file));
    }
    assert!(matches!(judged(&two), PdfStanding::Signed(_)), "one that covers all of it is enough");
    for scan in [&b"%PDF-1.7\n%%EOF\n"[..], b"\x89PNG\r\n", b""] {
        assert_eq!(judged(scan), PdfStanding::Unsigned);
    }
}
