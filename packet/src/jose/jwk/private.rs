//! Private keys: opaque, wiped on drop, used only inside this crate.
//!
//! In: a private JWK, or the wish for a new key. Out: signatures, agreements, PKCS#8 for the client
//! assertions of the gateway. Key generation draws on AWS-LC's own randomness.

use std::fmt;

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{JwkError, KeyAlg, KeyUse, PRIVATE_MEMBERS, PublicJwk, base64url, checked_kid, text};
use crate::jose::json::JsonError;

/// A private key with its public part. `Debug` shows the `kid` only.
#[derive(Clone)]
pub struct PrivateJwk {
    public: PublicJwk,
    secret: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for PrivateJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateJwk({}, ..)", self.public.kid)
    }
}

impl PrivateJwk {
    /// A new key; without a `kid` it is named by its thumbprint. `not_before` is cut to whole seconds.
    ///
    /// # Errors
    /// [`JwkError::Use`] when use and algorithm disagree, [`JwkError::Kid`], [`JwkError::Failed`].
    pub fn generate(usage: KeyUse, alg: KeyAlg, kid: Option<String>, not_before: Timestamp) -> Result<Self, JwkError> {
        if alg.usage() != usage {
            return Err(JwkError::Use);
        }
        let (curve, named) = (alg.curve(), kid.is_some());
        let key = PrivateKey::generate(curve.agreement()).map_err(|_| JwkError::Failed)?;
        let number: EcPrivateKeyBin<'_> = key.as_be_bytes().map_err(|_| JwkError::Failed)?;
        let (point, x, y) = public_point(&key, curve.size())?;
        let not_before = Timestamp::from_second(not_before.as_second()).map_err(|_| JwkError::Date)?;
        let mut public = PublicJwk {
            kid: kid.map_or(Ok(String::new()), |kid| checked_kid(&kid))?,
            usage,
            alg,
            not_before: Some(not_before),
            not_after: None,
            revoked_at: None,
            curve,
            x,
            y,
            point,
        };
        if !named {
            public.kid = public.thumbprint();
        }
        Ok(Self { public, secret: Zeroizing::new(number.as_ref().to_vec()) })
    }

    /// Reads a private JWK: a public one (see [`PublicJwk::from_json`]) and `d`.
    ///
    /// # Errors
    /// [`JwkError`]; [`JwkError::Point`] when `d` does not make the public point.
    pub fn from_json(value: &Value) -> Result<Self, JwkError> {
        let map = value.as_object().ok_or(JsonError::NotAnObject)?;
        if PRIVATE_MEMBERS.iter().any(|name| *name != "d" && map.contains_key(*name)) {
            return Err(JwkError::NoPrivateMember);
        }
        let public = PublicJwk::read(map)?;
        let number = text(map, "d")?.ok_or(JwkError::NoPrivateMember)?;
        let secret = Zeroizing::new(base64url::decode(number).ok_or(JwkError::Point)?);
        let key = PrivateKey::from_private_key(public.curve.agreement(), &secret).map_err(|_| JwkError::Point)?;
        let (point, ..) = public_point(&key, public.curve.size())?;
        if point == public.point { Ok(Self { public, secret }) } else { Err(JwkError::Point) }
    }

    /// The JSON form **with** the private member `d`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut key = self.public.to_json();
        if let Some(map) = key.as_object_mut() {
            map.insert("d".to_owned(), base64url::encode(&self.secret).into());
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

    /// PKCS#8 DER, as `jsonwebtoken::EncodingKey::from_ec_der` takes it.
    ///
    /// # Errors
    /// [`JwkError::Failed`] when the library cannot write it.
    pub fn pkcs8_der(&self) -> Result<Vec<u8>, JwkError> {
        let der: Pkcs8V1Der<'_> = self.agreement_key()?.as_der().map_err(|_| JwkError::Failed)?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn agreement_key(&self) -> Result<PrivateKey, JwkError> {
        PrivateKey::from_private_key(self.public.curve.agreement(), &self.secret).map_err(|_| JwkError::Failed)
    }

    #[cfg(feature = "open")]
    pub(crate) fn is(&self, alg: KeyAlg) -> bool {
        self.public.is(alg)
    }

    pub(crate) fn alg(&self) -> KeyAlg {
        self.public.alg
    }

    /// A JOSE signature: r and s at full length (RFC 7518 §3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JwkError> {
        let algorithm = match self.public.alg {
            KeyAlg::Es256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            KeyAlg::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            KeyAlg::EcdhEsA256kw => return Err(JwkError::Use),
        };
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &self.secret, &self.public.point)
            .map_err(|_| JwkError::Failed)?;
        let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| JwkError::Failed)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// The public point of a private key: whole, and its two coordinates as base64url.
fn public_point(key: &PrivateKey, size: usize) -> Result<(Vec<u8>, String, String), JwkError> {
    let point = key.compute_public_key().map_err(|_| JwkError::Failed)?.as_ref().to_vec();
    let (x, y) = point.strip_prefix(&[4]).and_then(|rest| rest.split_at_checked(size)).ok_or(JwkError::Failed)?;
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    Ok((point, x, y))
}
