//! Broken on purpose: no change of a valid signature verifies, and none panics.

use super::hierarchy::Hierarchy;
use super::*;
use crate::signature::cms;

const CONTENT: &[u8] = b"{}";

fn accepted(der: &[u8], authorities: &Authorities) -> bool {
    cms::verify(der, &[CONTENT], Some(authorities), now()).is_ok()
}

#[test]
fn no_truncated_or_extended_signature_verifies() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let der = hierarchy.sign(CONTENT);
    assert!(accepted(&der, &authorities));
    for end in 0..der.len() {
        assert!(!accepted(&der[..end], &authorities), "{end}");
        assert!(!accepted(&der[end + 1..], &authorities), "{end}");
    }
    for more in [0, 0x30, 0xFF] {
        assert!(!accepted(&[der.as_slice(), &[more]].concat(), &authorities));
    }
}

#[test]
fn no_flipped_bit_verifies() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let der = hierarchy.sign(CONTENT);
    let mut still = Vec::new();
    for place in 0..der.len() {
        for bit in 0..8 {
            let mut changed = der.clone();
            changed[place] ^= 1 << bit;
            if accepted(&changed, &authorities) {
                still.push(place);
            }
        }
    }
    still.dedup();
    let shown: Vec<_> = still.iter().map(|place| (*place, der[*place])).collect();
    assert!(still.is_empty(), "{shown:x?}");
}

#[test]
fn random_bytes_are_no_signature() {
    let hierarchy = Hierarchy::new();
    let authorities = hierarchy.authorities();
    let der = hierarchy.sign(CONTENT);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    for _ in 0..2_000 {
        // A stretch of the valid signature moved elsewhere.
        let (from, to, length) = (next() % der.len(), next() % der.len(), 1 + next() % 40);
        let stretch: Vec<u8> = der.iter().skip(from).take(length).copied().collect();
        let changed: Vec<u8> =
            der.iter().take(to).copied().chain(stretch).chain(der.iter().skip(to).copied()).collect();
        assert!(!accepted(&changed, &authorities), "{from} {to} {length}");
    }
    // Deep nesting and absurd lengths.
    for bytes in [[0x30, 0x80].repeat(30_000), vec![0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], vec![0xA0; 60_000], vec![]] {
        assert!(!accepted(&bytes, &authorities));
    }
}

#[test]
fn hostile_headers_are_refused_and_bounded() {
    let long = "a".repeat(9_000);
    let many = format!("s=({});created=1;keyid=\"k\"", "\"a\" ".repeat(2_000));
    for input in [long.as_str(), many.as_str(), "s=();created=1", "=", "\u{0}", "s=((", "s;a", "s=(\"@method\";bs)"] {
        let headers = [("Signature-Input", input), ("Signature", "s=:AAAA:")];
        let (code, _) = refused(&push(b"{}", &headers), &NOTHING);
        assert_eq!(code, "signature.invalid");
    }
}
