//! Keys registered for a sender's HTTP message signatures: one id, one key, one algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::jwk::{KeyAlg, PublicJwk};
use serde_json::{Value, json};

use super::key::{Hash, PublicKey, Scheme};

/// Algorithms of RFC 9421 §6.2.2 that are taken; `hmac-sha256` is not, for a shared secret proves no sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpAlgorithm {
    /// `ecdsa-p256-sha256`.
    EcdsaP256Sha256,
    /// `ecdsa-p384-sha384`.
    EcdsaP384Sha384,
    /// `ed25519`.
    Ed25519,
    /// `rsa-pss-sha512`.
    RsaPssSha512,
    /// `rsa-v1_5-sha256`.
    RsaV15Sha256,
}

impl HttpAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] =
        [Self::EcdsaP256Sha256, Self::EcdsaP384Sha384, Self::Ed25519, Self::RsaPssSha512, Self::RsaV15Sha256];

    /// The name in the registry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::Ed25519 => "ed25519",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
        }
    }

    /// The algorithm of a name, by exact match.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    fn scheme(self) -> Scheme {
        match self {
            Self::EcdsaP256Sha256 => Scheme::EcdsaFixed(Hash::Sha256),
            Self::EcdsaP384Sha384 => Scheme::EcdsaFixed(Hash::Sha384),
            Self::Ed25519 => Scheme::Ed25519,
            Self::RsaPssSha512 => Scheme::RsaPss(Hash::Sha512),
            Self::RsaV15Sha256 => Scheme::RsaPkcs1(Hash::Sha256),
        }
    }
}

/// A key that does not go with its algorithm, or is none of those taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a source key is a SubjectPublicKeyInfo in DER: RSA of 2048 to 4096 bits with exponent 65537 and no known weak \
     modulus, P-256, P-384 or Ed25519, and goes with its algorithm; its id is 1 to 128 printable ASCII characters"
)]
pub struct SourceKeyError;

/// A public key for HTTP message signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceKey {
    id: String,
    algorithm: HttpAlgorithm,
    key: PublicKey,
    public: Value,
}

impl SourceKey {
    /// From a `SubjectPublicKeyInfo` in DER: what stands between the lines of a PEM `PUBLIC KEY`.
    ///
    /// # Errors
    /// [`SourceKeyError`].
    pub fn from_spki(id: &str, algorithm: HttpAlgorithm, spki: &[u8]) -> Result<Self, SourceKeyError> {
        let named = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        let key = PublicKey::from_spki(spki).filter(|key| named && key.signs_by(algorithm.scheme()) && key.is_sound());
        let public = json!({ "kid": id, "alg": algorithm.as_str(), "spki": STANDARD.encode(spki) });
        Ok(Self { id: id.to_owned(), algorithm, key: key.ok_or(SourceKeyError)?, public })
    }

    /// From a registered JWK for signatures; `None` for one that is for encryption.
    #[must_use]
    pub fn from_jwk(key: &PublicJwk) -> Option<Self> {
        let algorithm = match key.alg {
            KeyAlg::Es256 => HttpAlgorithm::EcdsaP256Sha256,
            KeyAlg::Es384 => HttpAlgorithm::EcdsaP384Sha384,
            KeyAlg::EdDsa => HttpAlgorithm::Ed25519,
            // RSA keys that sign requests are registered apart (source_keys), with the algorithm RFC 9421 names.
            KeyAlg::Ps256 | KeyAlg::Rs384 | KeyAlg::EcdhEsA256kw | KeyAlg::EcdhEs | KeyAlg::RsaOaep256 => {
                return None;
            }
        };
        Some(Self { id: key.kid.clone(), algorithm, key: PublicKey::from_jwk(key)?, public: key.to_json() })
    }

    /// The key itself as it was registered: a JWK, or `kid`, `alg` and `spki`.
    #[must_use]
    pub fn public(&self) -> &Value {
        &self.public
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its one algorithm.
    #[must_use]
    pub fn algorithm(&self) -> HttpAlgorithm {
        self.algorithm
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verifies(self.algorithm.scheme(), message, signature)
    }
}
