//! Public keys of signers and the few ways they sign. The key decides what counts, never the message.

use aws_lc_rs::signature as aws;
use aws_lc_rs::signature::VerificationAlgorithm;
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::jwk::{KeyAlg, PublicJwk};
use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode, Tag};
use serde_json::{Value, json};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::tlv;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Bytes of a `SubjectPublicKeyInfo`; RSA with 8192 bits has about 1100.
const SPKI_BYTES: usize = 2048;

/// SHA-2 (FIPS 180-4); anything older proves nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The digest of some bytes.
    pub(super) fn digest(self, bytes: &[u8]) -> aws_lc_rs::digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &aws_lc_rs::digest::SHA256,
            Self::Sha384 => &aws_lc_rs::digest::SHA384,
            Self::Sha512 => &aws_lc_rs::digest::SHA512,
        };
        aws_lc_rs::digest::digest(algorithm, bytes)
    }

    /// Bytes of a digest.
    pub(super) fn bytes(self) -> u8 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS with the salt as long as the hash.
    RsaPss(Hash),
    /// ECDSA, the signature as DER (X9.62).
    EcdsaDer(Hash),
    /// ECDSA, the signature as r and s of fixed length (RFC 7518 §3.4).
    EcdsaFixed(Hash),
    /// Ed25519.
    Ed25519,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// A signer's public key: RSA of at least 2048 bits, P-256, P-384 or Ed25519.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    kind: Kind,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7); `None` for any other key.
    pub(super) fn from_spki(spki: &[u8]) -> Option<Self> {
        if spki.len() > SPKI_BYTES {
            return None;
        }
        let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        let curve = || spki.algorithm.parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
        let kind = match spki.algorithm.oid {
            RSA => Kind::Rsa,
            EC => match curve()? {
                P256 => Kind::P256,
                P384 => Kind::P384,
                _ => return None,
            },
            ED25519 => Kind::Ed25519,
            _ => return None,
        };
        let bytes = spki.subject_public_key.as_bytes()?;
        (kind != Kind::Rsa || is_usual_exponent(bytes)).then(|| Self { kind, bytes: bytes.to_vec() })
    }

    /// The key of a JWK that signs.
    pub(super) fn from_jwk(key: &PublicJwk) -> Option<Self> {
        let kind = match key.alg {
            KeyAlg::Es256 => Kind::P256,
            KeyAlg::Es384 => Kind::P384,
            KeyAlg::EdDsa => Kind::Ed25519,
            // RSA keys that sign requests are registered apart (source_keys), with the algorithm RFC 9421 names.
            KeyAlg::Ps256 | KeyAlg::Rs384 | KeyAlg::EcdhEsA256kw | KeyAlg::EcdhEs | KeyAlg::RsaOaep256 => {
                return None;
            }
        };
        let members = key.to_json();
        let number = |name: &str| base64url::decode(members.get(name)?.as_str()?);
        let bytes = match kind {
            Kind::Ed25519 => number("x")?,
            Kind::Rsa | Kind::P256 | Kind::P384 => [vec![4], number("x")?, number("y")?].concat(),
        };
        Some(Self { kind, bytes })
    }

    /// Whether it is one a party may register: the checks are those of a JWK (point on its curve, no small order, no
    /// weak modulus), so that both ways to register a key take the same keys.
    pub(super) fn is_sound(&self) -> bool {
        self.as_jwk().is_some_and(|jwk| PublicJwk::from_json(&jwk).is_ok())
    }

    fn as_jwk(&self) -> Option<Value> {
        let point = |curve: &str, algorithm: &str| {
            let coordinates = self.bytes.strip_prefix(&[4])?;
            let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
            let (x, y) = (base64url::encode(x), base64url::encode(y));
            Some(json!({ "kty": "EC", "crv": curve, "x": x, "y": y, "alg": algorithm, "kid": "k" }))
        };
        match self.kind {
            Kind::P256 => point("P-256", "ES256"),
            Kind::P384 => point("P-384", "ES384"),
            Kind::Ed25519 => {
                let x = base64url::encode(&self.bytes);
                Some(json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "kid": "k" }))
            }
            Kind::Rsa => {
                // The one RSA algorithm a JWK may have here; what is asked is whether the numbers are sound.
                let (n, e) = rsa_numbers(&self.bytes)?;
                let (n, e) = (base64url::encode(n), base64url::encode(e));
                Some(json!({ "kty": "RSA", "n": n, "e": e, "alg": "RSA-OAEP-256", "kid": "k" }))
            }
        }
    }

    /// Whether this key made this signature in this way.
    pub(super) fn verifies(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let Some(algorithm) = self.algorithm(scheme) else { return false };
        aws::UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
    }

    /// Whether a key of this kind can sign in this way.
    pub(super) fn signs_by(&self, scheme: Scheme) -> bool {
        self.algorithm(scheme).is_some()
    }

    fn algorithm(&self, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
        use Hash::{Sha256, Sha384, Sha512};
        Some(match (self.kind, scheme) {
            (Kind::Rsa, Scheme::RsaPkcs1(Sha256)) => &aws::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Scheme::RsaPkcs1(Sha384)) => &aws::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Scheme::RsaPkcs1(Sha512)) => &aws::RSA_PKCS1_2048_8192_SHA512,
            (Kind::Rsa, Scheme::RsaPss(Sha256)) => &aws::RSA_PSS_2048_8192_SHA256,
            (Kind::Rsa, Scheme::RsaPss(Sha384)) => &aws::RSA_PSS_2048_8192_SHA384,
            (Kind::Rsa, Scheme::RsaPss(Sha512)) => &aws::RSA_PSS_2048_8192_SHA512,
            (Kind::P256, Scheme::EcdsaDer(Sha256)) => &aws::ECDSA_P256_SHA256_ASN1,
            (Kind::P256, Scheme::EcdsaDer(Sha384)) => &aws::ECDSA_P256_SHA384_ASN1,
            (Kind::P256, Scheme::EcdsaDer(Sha512)) => &aws::ECDSA_P256_SHA512_ASN1,
            (Kind::P384, Scheme::EcdsaDer(Sha256)) => &aws::ECDSA_P384_SHA256_ASN1,
            (Kind::P384, Scheme::EcdsaDer(Sha384)) => &aws::ECDSA_P384_SHA384_ASN1,
            (Kind::P384, Scheme::EcdsaDer(Sha512)) => &aws::ECDSA_P384_SHA512_ASN1,
            (Kind::P256, Scheme::EcdsaFixed(Sha256)) => &aws::ECDSA_P256_SHA256_FIXED,
            (Kind::P384, Scheme::EcdsaFixed(Sha384)) => &aws::ECDSA_P384_SHA384_FIXED,
            (Kind::Ed25519, Scheme::Ed25519) => &aws::ED25519,
            _ => return None,
        })
    }
}

/// Whether an `RSAPublicKey` (RFC 8017 A.1.1) has an odd exponent of at least 65537.
fn is_usual_exponent(key: &[u8]) -> bool {
    rsa_numbers(key)
        .is_some_and(|(_, exponent)| exponent.len() >= 3 && exponent.last().is_some_and(|last| last % 2 == 1))
}

/// Modulus and exponent of an `RSAPublicKey`, without leading zeros.
fn rsa_numbers(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let whole = AnyRef::from_der(key).ok().filter(|whole| der::Tagged::tag(whole) == Tag::Sequence)?;
    let parts = tlv::elements(whole.value())?;
    let [modulus, exponent] = parts.as_slice() else { return None };
    Some((UintRef::from_der(modulus.whole).ok()?.as_bytes(), UintRef::from_der(exponent.whole).ok()?.as_bytes()))
}
