//! SHA-256, the one hash of a packet (`_sd_alg: sha-256`).

use aws_lc_rs::digest::{SHA256, digest};

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

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_of_nothing_is_the_known_one() {
        assert_eq!(super::sha256_text(b""), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }
}
