//! The master key: 32 bytes from which a key per purpose is derived (HKDF-SHA-256, RFC 5869). There may be several: one
//! encrypts what is new, those before it open what they encrypted.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hkdf;
use claimgate_packet::jose::base64url;
use zeroize::Zeroizing;

use crate::id::Random;

/// The root of everything encrypted or indexed. Kept outside the database.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Names a master key: a digest of it, which tells nothing of the key. Sixteen hexadecimal digits as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MasterKeyId([u8; 8]);

impl MasterKeyId {
    /// From its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:016x}", u64::from_be_bytes(self.0)))
    }
}

impl FromStr for MasterKeyId {
    type Err = MasterKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let whole = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(text, 16).map_err(|_| MasterKeyError)?;
        if whole { Ok(Self(number.to_be_bytes())) } else { Err(MasterKeyError) }
    }
}

/// What a derived key is for. Each purpose gets its own key; the words never change.
#[derive(Clone, Copy, Debug)]
pub enum KeyPurpose {
    /// Wrapping the data keys of claims.
    ClaimKeys,
    /// Blind indexes and equality of bodies.
    Index,
    /// Tracking codes.
    Tracking,
    /// The gateway's own private keys in their files.
    KeyFiles,
    /// Nonces clients put into their proofs (DPoP).
    Nonces,
    /// What the registry keeps of parties' staff, and the keys of their endpoints.
    Registry,
    /// Its name.
    Id,
}

/// A text that is no master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 bytes as base64url (43 characters)")]
pub struct MasterKeyError;

struct Length32;

impl hkdf::KeyType for Length32 {
    fn len(&self) -> usize {
        32
    }
}

impl MasterKey {
    /// A new key.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes()))
    }

    /// Reads the base64url text; surrounding white space (the file's last newline) is allowed.
    ///
    /// # Errors
    /// Anything but 32 bytes.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let bytes = Zeroizing::new(base64url::decode(text.trim()).ok_or(MasterKeyError)?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| MasterKeyError)?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// The text form, for the key file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url::encode(self.0.as_slice()))
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> MasterKeyId {
        let derived = self.derive(KeyPurpose::Id);
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(derived.iter()) {
            *to = *from;
        }
        MasterKeyId(id)
    }

    /// The key for one purpose.
    ///
    /// # Panics
    /// Never: HKDF-SHA-256 gives 32 bytes for any input.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the length is fixed and allowed, RFC 5869 §2.3")]
    pub fn derive(&self, purpose: KeyPurpose) -> Zeroizing<[u8; 32]> {
        let label: &[u8] = match purpose {
            KeyPurpose::ClaimKeys => b"claimgate/v1/claim-keys",
            KeyPurpose::Index => b"claimgate/v1/index",
            KeyPurpose::Tracking => b"claimgate/v1/tracking",
            KeyPurpose::KeyFiles => b"claimgate/v1/key-files",
            KeyPurpose::Nonces => b"claimgate/v1/nonces",
            KeyPurpose::Registry => b"claimgate/v1/registry",
            KeyPurpose::Id => b"claimgate/v1/id",
        };
        let mut derived = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"claimgate")
            .extract(self.0.as_slice())
            .expand(&[label], Length32)
            .and_then(|output| output.fill(derived.as_mut_slice()))
            .expect("32 bytes fit HKDF-SHA-256");
        derived
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_derives_one_key_per_purpose() {
        let key = MasterKey::generate(&Random::system());
        let again = MasterKey::parse(&format!("{}\n", key.to_text().as_str())).unwrap();
        assert_eq!(key.derive(KeyPurpose::Index), again.derive(KeyPurpose::Index));
        assert_ne!(key.derive(KeyPurpose::Index), key.derive(KeyPurpose::ClaimKeys));
        assert!(MasterKey::parse("c2hvcnQ").is_err());
        assert_eq!(key.id().to_string().parse(), Ok(again.id()));
        assert_ne!(key.id(), MasterKey::generate(&Random::system()).id());
        assert!("00000000000000G0".parse::<MasterKeyId>().is_err() && "12".parse::<MasterKeyId>().is_err());
    }
}
