//! Blind indexes: equality of personal values without storing them (HMAC-SHA-256 under the index key).

use aws_lc_rs::hmac;
use unicode_normalization::UnicodeNormalization;

use super::master::{KeyPurpose, MasterKey};

/// Computes keyed digests; each domain is apart from every other.
pub struct BlindIndex(hmac::Key);

claimgate_packet::opaque_debug!(BlindIndex);

/// A keyed digest: equal values give equal digests, and nothing else can be learnt without the key.
pub type Mac = [u8; 32];

impl BlindIndex {
    /// The index under the master key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self::keyed(&master.derive(KeyPurpose::Index))
    }

    /// Under a key of its own, which outlives the master key.
    #[must_use]
    pub fn keyed(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The digest of bytes as they are, for "the same body again".
    #[must_use]
    pub fn exact(&self, domain: &str, parts: &[&[u8]]) -> Mac {
        self.digest(domain, parts.iter().copied())
    }

    /// The digest of text parts, normalised first (NFKC, no surrounding white space).
    #[must_use]
    pub fn text(&self, domain: &str, parts: &[&str]) -> Mac {
        let normal: Vec<String> = parts.iter().map(|part| part.nfkc().collect::<String>().trim().to_owned()).collect();
        self.digest(domain, normal.iter().map(String::as_bytes))
    }

    fn digest<'a>(&self, domain: &'a str, parts: impl Iterator<Item = &'a [u8]>) -> Mac {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(domain.as_bytes()).chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut mac = [0; 32];
        for (to, from) in mac.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Random;

    #[test]
    fn equal_values_meet_and_domains_stay_apart() {
        let index = BlindIndex::new(&MasterKey::generate(&Random::system()));
        assert_eq!(index.text("case", &["h", "Ａ０００１"]), index.text("case", &["h", "A0001 "]));
        assert_ne!(index.text("case", &["h", "A0001"]), index.text("plate", &["h", "A0001"]));
        assert_ne!(index.text("case", &["ab", "c"]), index.text("case", &["a", "bc"]));
        assert_ne!(index.exact("body", &[b"{ }"]), index.exact("body", &[b"{}"]));
    }
}
