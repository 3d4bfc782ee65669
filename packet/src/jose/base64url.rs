//! Strict base64url without padding (RFC 7515 §2): one text for one byte string.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::NO_PAD;

/// The instructions of this machine where it has them; on others the library's own loop. Both read the same texts.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<base64::engine::Simd> = LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Writes bytes as base64url without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Writes bytes as base64url without padding behind what a buffer holds.
pub(crate) fn append(text: &mut Vec<u8>, bytes: &[u8]) {
    let start = text.len();
    text.resize(start + (bytes.len() * 4).div_ceil(3), 0);
    if let Some(room) = text.get_mut(start..) {
        // The room is exactly what the bytes take.
        let _ = ENGINE.encode_slice(bytes, room);
    }
}

/// Reads base64url; `None` for padding, whitespace, another alphabet or nonzero trailing bits.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_string_has_one_text() {
        for length in 0..=255_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn a_long_text_is_read_as_strictly_as_a_short_one() {
        let scalar = base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD);
        for length in [47, 48, 49, 95, 96, 97, 200] {
            let text = encode(&(0..length).collect::<Vec<u8>>());
            assert_eq!(text, scalar.encode((0..length).collect::<Vec<u8>>()));
            for place in 0..text.len() {
                for byte in 0..=0x7f_u8 {
                    let mut changed = text.clone().into_bytes();
                    changed[place] = byte;
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(decode(&changed), scalar.decode(&changed).ok(), "{changed:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for text in ["Zg==", "Zh", "Zm9", "Z", " Zg", "Zg\n", "Z g", "+_A", "a/b", "Zm9v=", "Zｇ", "Zg\0"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(decode("Zg"), Some(b"f".to_vec()));
        assert_eq!(decode(""), Some(Vec::new()));
    }
}
