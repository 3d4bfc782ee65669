//! SHA-256, the one hash of a packet (`_sd_alg: sha-256`); SHA-1 only to compare with what a source states.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::base64url;

/// SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    hash
}

/// SHA-256 of some bytes as base64url: 43 characters.
#[must_use]
pub fn sha256_text(bytes: &[u8]) -> String {
    base64url::encode(&sha256(bytes))
}

/// SHA-1 of some bytes, as FHIR R4 has it in `Attachment.hash`. It proves nothing: a transmission fault is all it finds.
#[must_use]
pub fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_of_nothing_is_the_known_one() {
        assert_eq!(super::sha256_text(b""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }
}
