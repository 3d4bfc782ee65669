//! Private keys: opaque, wiped on drop, used only inside this crate.
//!
//! In: a private JWK, or the wish for a new key. Out: signatures, agreements, unwrapped content keys, PKCS#8 for the
//! client assertions of the gateway. Key generation draws on AWS-LC's own randomness.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::OaepPrivateDecryptingKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::rsa::{self, PrivateMembers};
use super::{JwkError, KeyAlg, KeyUse, Kind, Material, PRIVATE_MEMBERS, PublicJwk, base64url, checked_kid, text};
use crate::jose::json::JsonError;

/// A private key with its public part. `Debug` shows the `kid` only.
#[derive(Clone)]
pub struct PrivateJwk {
    public: PublicJwk,
    members: PrivateMembers,
    ready: Arc<Ready>,
}

/// The key in the library's form, made once: making it anew costs as much as a signature.
enum Ready {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Agreement(PrivateKey),
    Rsa(
        #[cfg_attr(not(feature = "open"), expect(dead_code, reason = "only the reader unwraps"))]
        OaepPrivateDecryptingKey,
    ),
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateJwk({}, ..)", self.public.kid)
    }
}

impl PrivateJwk {
    /// A new key; without a `kid` it is named by its thumbprint. `not_before` is cut to whole seconds.
    /// [`KeyAlg::EcdhEsA256kw`] makes a P-256 key, see [`PrivateJwk::generate_x25519`].
    ///
    /// # Errors
    /// [`JwkError::Use`] when use and algorithm disagree, [`JwkError::Algorithm`] for RSA, which is read and never
    /// made, [`JwkError::Kid`], [`JwkError::Failed`].
    pub fn generate(usage: KeyUse, alg: KeyAlg, kid: Option<String>, not_before: Timestamp) -> Result<Self, JwkError> {
        if alg.usage() != usage {
            return Err(JwkError::Use);
        }
        let family = match alg {
            KeyAlg::Es256 | KeyAlg::EcdhEsA256kw | KeyAlg::EcdhEs => Kind::P256,
            KeyAlg::Es384 => Kind::P384,
            KeyAlg::EdDsa => Kind::Ed25519,
            KeyAlg::RsaOaep256 | KeyAlg::Ps256 | KeyAlg::Rs384 => return Err(JwkError::Algorithm),
        };
        Self::make(alg, family, kid, not_before)
    }

    /// A new key for `ECDH-ES+A256KW` on X25519, otherwise as [`PrivateJwk::generate`].
    ///
    /// # Errors
    /// As [`PrivateJwk::generate`].
    pub fn generate_x25519(kid: Option<String>, not_before: Timestamp) -> Result<Self, JwkError> {
        Self::make(KeyAlg::EcdhEsA256kw, Kind::X25519, kid, not_before)
    }

    fn make(alg: KeyAlg, family: Kind, kid: Option<String>, not_before: Timestamp) -> Result<Self, JwkError> {
        let (number, point) = new_pair(family)?;
        let named = kid.is_some();
        let mut public = PublicJwk {
            kid: kid.map_or(Ok(String::new()), |kid| checked_kid(&kid))?,
            usage: alg.usage(),
            alg,
            not_before: Some(Timestamp::from_second(not_before.as_second()).map_err(|_| JwkError::Date)?),
            not_after: None,
            revoked_at: None,
            material: Material::made(family, &point)?,
        };
        if !named {
            public.kid = public.thumbprint();
        }
        let ready = Arc::new(ready(&public, &number)?);
        Ok(Self { public, members: vec![("d", Zeroizing::new(base64url::encode(&number)))], ready })
    }

    /// Reads a private JWK: a public one (see [`PublicJwk::from_json`]) and `d`, of RSA also the factors.
    ///
    /// # Errors
    /// [`JwkError`]; [`JwkError::Point`] or [`JwkError::Rsa`] when the private numbers do not make the public ones.
    pub fn from_json(value: &Value) -> Result<Self, JwkError> {
        let map = value.as_object().ok_or(JsonError::NotAnObject)?;
        let public = PublicJwk::read(map)?;
        let expected: &[&str] = if public.kind() == Kind::Rsa { &rsa::MEMBERS } else { &["d"] };
        if PRIVATE_MEMBERS.iter().any(|name| !expected.contains(name) && map.contains_key(*name)) {
            return Err(JwkError::NoPrivateMember);
        }
        if public.kind() == Kind::Rsa {
            if public.usage == KeyUse::Sig {
                // Verified with, never signed with: who signs here takes a curve.
                return Err(JwkError::Algorithm);
            }
            let (members, key) = rsa::private(map)?;
            return Ok(Self { public, members, ready: Arc::new(Ready::Rsa(key)) });
        }
        let member = Zeroizing::new(text(map, "d")?.ok_or(JwkError::NoPrivateMember)?.to_owned());
        let number = Zeroizing::new(base64url::decode(&member).ok_or(JwkError::Point)?);
        let ready = Arc::new(ready(&public, &number)?);
        Ok(Self { public, members: vec![("d", member)], ready })
    }

    /// The JSON form **with** the private members.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut key = self.public.to_json();
        if let Some(map) = key.as_object_mut() {
            for (name, member) in &self.members {
                map.insert((*name).to_owned(), member.as_str().into());
            }
        }
        key
    }

    /// The public part.
    #[must_use]
    pub fn public(&self) -> PublicJwk {
        self.public.clone()
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// The same key with an end of validity (`exp`), for a key that is being retired.
    #[must_use]
    pub fn with_not_after(mut self, not_after: Option<Timestamp>) -> Self {
        self.public.not_after = not_after;
        self
    }

    /// PKCS#8 DER of an EC key, as `jsonwebtoken::EncodingKey::from_ec_der` takes it, or of an Ed25519 key.
    ///
    /// # Errors
    /// [`JwkError::Use`] for another kind of key, [`JwkError::Failed`] when the library cannot write it.
    pub fn pkcs8_der(&self) -> Result<Vec<u8>, JwkError> {
        let failed = |_| JwkError::Failed;
        match self.ready.as_ref() {
            Ready::Ecdsa(pair) => Ok(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()),
            Ready::Ed25519(pair) => Ok(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()),
            Ready::Agreement(key) if self.public.kind() == Kind::P256 => {
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
                Ok(der.as_ref().to_vec())
            }
            Ready::Agreement(_) | Ready::Rsa(_) => Err(JwkError::Use),
        }
    }

    /// The key for an agreement; none where this key is for something else.
    #[cfg(feature = "open")]
    pub(crate) fn agreement_key(&self) -> Option<&PrivateKey> {
        match self.ready.as_ref() {
            Ready::Agreement(key) => Some(key),
            _ => None,
        }
    }

    /// The key that unwraps RSA-OAEP; none where this key is for something else.
    #[cfg(feature = "open")]
    pub(crate) fn rsa_key(&self) -> Option<&OaepPrivateDecryptingKey> {
        match self.ready.as_ref() {
            Ready::Rsa(key) => Some(key),
            _ => None,
        }
    }

    #[cfg(feature = "open")]
    pub(crate) fn is(&self, alg: KeyAlg) -> bool {
        self.public.is(alg)
    }

    #[cfg(feature = "open")]
    pub(crate) fn kind(&self) -> Kind {
        self.public.kind()
    }

    /// Whether the key counts at a time.
    #[cfg(any(feature = "open", feature = "seal"))]
    pub(crate) fn valid_at(&self, at: Timestamp) -> bool {
        self.public.valid_at(at)
    }

    pub(crate) fn alg(&self) -> KeyAlg {
        self.public.alg
    }

    /// A JOSE signature: r and s at full length (RFC 7518 §3.4), or Ed25519's 64 bytes (RFC 8037 §3.1). HTTP message
    /// signatures have the same form (RFC 9421 §3.3).
    ///
    /// # Errors
    /// [`JwkError::Use`] for another kind of key, [`JwkError::Failed`] when the library cannot sign.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JwkError> {
        match self.ready.as_ref() {
            Ready::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| JwkError::Failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Ready::Ed25519(pair) => Ok(pair.try_sign(message).map_err(|_| JwkError::Failed)?.as_ref().to_vec()),
            Ready::Agreement(_) | Ready::Rsa(_) => Err(JwkError::Use),
        }
    }
}

/// The library's form of a key that is no RSA key, checked to belong to the public part.
fn ready(public: &PublicJwk, number: &[u8]) -> Result<Ready, JwkError> {
    let ecdsa = |algorithm| {
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, number, public.bytes())
            .map(Ready::Ecdsa)
            .map_err(|_| JwkError::Point)
    };
    match public.alg {
        KeyAlg::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        KeyAlg::Es384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        KeyAlg::EdDsa => Ed25519KeyPair::from_seed_and_public_key(number, public.bytes())
            .map(Ready::Ed25519)
            .map_err(|_| JwkError::Point),
        KeyAlg::EcdhEsA256kw | KeyAlg::EcdhEs => {
            let algorithm = public.kind().agreement().ok_or(JwkError::Kind)?;
            let key = PrivateKey::from_private_key(algorithm, number).map_err(|_| JwkError::Point)?;
            let point = key.compute_public_key().map_err(|_| JwkError::Point)?;
            if point.as_ref() == public.bytes() { Ok(Ready::Agreement(key)) } else { Err(JwkError::Point) }
        }
        KeyAlg::RsaOaep256 | KeyAlg::Ps256 | KeyAlg::Rs384 => Err(JwkError::Kind),
    }
}

/// A new private number and its public point.
fn new_pair(kind: Kind) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), JwkError> {
    let failed = |_| JwkError::Failed;
    if kind == Kind::Ed25519 {
        let pair = Ed25519KeyPair::generate().map_err(failed)?;
        let seed: Curve25519SeedBin<'_> = pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(failed)?;
        return Ok((Zeroizing::new(seed.as_ref().to_vec()), pair.public_key().as_ref().to_vec()));
    }
    let key = PrivateKey::generate(kind.agreement().ok_or(JwkError::Algorithm)?).map_err(failed)?;
    let point = key.compute_public_key().map_err(failed)?.as_ref().to_vec();
    let number = if kind == Kind::X25519 {
        let seed: Curve25519SeedBin<'_> = key.as_be_bytes().map_err(failed)?;
        seed.as_ref().to_vec()
    } else {
        let number: EcPrivateKeyBin<'_> = key.as_be_bytes().map_err(failed)?;
        number.as_ref().to_vec()
    };
    Ok((Zeroizing::new(number), point))
}
