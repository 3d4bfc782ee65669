//! Public keys (RFC 7517): one key, one algorithm, one use.
//!
//! In: a JWK or a key set as JSON. Out: keys whose numbers are sound. Symmetric keys, private members and
//! unknown kinds of key are refused, never skipped.

use std::fmt;

#[cfg(feature = "open")]
use aws_lc_rs::agreement::{ParsedPublicKey, UnparsedPublicKey};
#[cfg(feature = "seal")]
use aws_lc_rs::rsa::OaepPublicEncryptingKey;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::json::JsonError;
use super::{base64url, digest};

mod alg;
mod material;
mod private;
mod rsa;
mod set;

pub(crate) use alg::Kind;
pub use alg::{KeyAlg, KeyUse};
use material::Material;
pub use private::PrivateJwk;
pub use set::JwkSet;

/// Characters of a `kid`.
const MAX_KID: usize = 128;
/// Members that only a private or symmetric key has (RFC 7518 §6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Not the JSON form of a key or of a key set.
    #[error("not a JWK or JWK set: {0}")]
    Json(#[from] JsonError),
    /// A private or symmetric member in a public key.
    #[error("a public key must not have private members")]
    PrivateMember,
    /// No private member in a private key.
    #[error("a private key needs the member d, and an RSA key also p, q, dp, dq and qi")]
    NoPrivateMember,
    /// `kty` or `crv` is not one this gateway takes.
    #[error("the key must be EC with P-256 or P-384, OKP with Ed25519 or X25519, or RSA")]
    Kind,
    /// `alg` is unknown or does not go with the kind of key.
    #[error(
        "the key's alg must be ES256, ES384, EdDSA, PS256, RS384, ECDH-ES+A256KW, ECDH-ES or RSA-OAEP-256 and go with its kind"
    )]
    Algorithm,
    /// `use` or `key_ops` is absent or disagrees with `alg`.
    #[error("the key's use and key_ops must agree with its alg")]
    Use,
    /// `kid` is absent, too long or has other characters than `A-Z a-z 0-9 . _ ~ -`.
    #[error("the key's kid must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ -")]
    Kid,
    /// The coordinates are no point on the curve, or not the private key's point.
    #[error("the key's coordinates are no point on its curve")]
    Point,
    /// An RSA number is missing, the modulus has not 2048 to 4096 bits or is a known weak one, the exponent is not
    /// 65537, or the private numbers do not belong to it.
    #[error("an RSA key has a sound modulus of 2048 to 4096 bits, the exponent AQAB, and numbers that go together")]
    Rsa,
    /// `nbf`, `exp` or `revoked_at` is no whole number of seconds, or `exp` is not after `nbf`.
    #[error("nbf, exp and revoked_at are whole seconds since 1970, exp after nbf")]
    Date,
    /// Two keys of a set have one `kid`.
    #[error("two keys have the same kid")]
    DuplicateKid,
    /// More than 100 keys.
    #[error("a key set has at most 100 keys")]
    TooMany,
    /// The cryptographic library refused.
    #[error("the key could not be made")]
    Failed,
}

/// A public key with its validity. The dates stand in the JSON as `nbf`, `exp` and `revoked_at`: whole seconds
/// since 1970 (`NumericDate`).
#[derive(Clone, PartialEq, Eq)]
pub struct PublicJwk {
    /// Key id: an index only.
    pub kid: String,
    /// What the key is for.
    pub usage: KeyUse,
    /// Its one algorithm.
    pub alg: KeyAlg,
    /// Not used before (`nbf`).
    pub not_before: Option<Timestamp>,
    /// Not used from then on (`exp`).
    pub not_after: Option<Timestamp>,
    /// Revoked from then on (`revoked_at`).
    pub revoked_at: Option<Timestamp>,
    material: Material,
}

impl fmt::Debug for PublicJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicJwk({}, {})", self.kid, self.alg.as_str())
    }
}

impl PublicJwk {
    /// Reads a public JWK. One of `alg` and `use` may be absent where the other and the curve decide it.
    ///
    /// # Errors
    /// [`JwkError`]. Members this crate does not know are ignored (RFC 7517 §4), private ones are not.
    pub fn from_json(value: &Value) -> Result<Self, JwkError> {
        let map = value.as_object().ok_or(JsonError::NotAnObject)?;
        if PRIVATE_MEMBERS.iter().any(|name| map.contains_key(*name)) {
            return Err(JwkError::PrivateMember);
        }
        Self::read(map)
    }

    fn read(map: &Map<String, Value>) -> Result<Self, JwkError> {
        let family = Kind::from_names(text(map, "kty")?, text(map, "crv")?).ok_or(JwkError::Kind)?;
        let alg = read_alg(map, family)?;
        check_operations(map, alg)?;
        let kid = text(map, "kid")?.ok_or(JwkError::Kid)?;
        let key = Self {
            kid: checked_kid(kid)?,
            usage: alg.usage(),
            alg,
            not_before: date(map, "nbf")?,
            not_after: date(map, "exp")?,
            revoked_at: date(map, "revoked_at")?,
            material: Material::read(map)?,
        };
        match (key.not_before, key.not_after) {
            (Some(from), Some(to)) if from >= to => Err(JwkError::Date),
            _ => Ok(key),
        }
    }

    /// The JSON form, with both `alg` and `use`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut key = json!({ "use": self.usage.as_str(), "alg": self.alg.as_str(), "kid": self.kid });
        if let Some(map) = key.as_object_mut() {
            for (name, text) in self.parameters() {
                map.insert(name.to_owned(), text.into());
            }
            for (name, at) in [("nbf", self.not_before), ("exp", self.not_after), ("revoked_at", self.revoked_at)] {
                if let Some(at) = at {
                    map.insert(name.to_owned(), at.as_second().into());
                }
            }
        }
        key
    }

    /// The coordinates x and y, base64url; none for a key that is no EC point.
    #[must_use]
    pub fn coordinates(&self) -> Option<(&str, &str)> {
        Some((self.material.member("x")?, self.material.member("y")?))
    }

    /// The point x of an Ed25519 key, base64url; none for any other.
    #[must_use]
    pub fn edwards_point(&self) -> Option<&str> {
        if self.kind() == Kind::Ed25519 { self.material.member("x") } else { None }
    }

    /// Modulus and exponent of an RSA key, base64url; none for any other.
    #[must_use]
    pub fn rsa_numbers(&self) -> Option<(&str, &str)> {
        Some((self.material.member("n")?, self.material.member("e")?))
    }

    /// `kty`, `crv` and the public numbers by name.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, &str)> {
        self.material.parameters()
    }

    /// The SHA-256 thumbprint (RFC 7638), base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members: Vec<String> =
            self.parameters().iter().map(|(name, text)| format!(r#""{name}":"{text}""#)).collect();
        digest::sha256_text(format!("{{{}}}", members.join(",")).as_bytes())
    }

    /// When the key ends: the earlier of `exp` and `revoked_at`.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.not_after.into_iter().chain(self.revoked_at).min()
    }

    /// Whether the key counts at a time.
    #[must_use]
    pub fn valid_at(&self, at: Timestamp) -> bool {
        self.not_before.is_none_or(|from| from <= at) && self.ends().is_none_or(|end| at < end)
    }

    /// Whether use, algorithm and kind still agree: the first two are public fields.
    pub(crate) fn is(&self, alg: KeyAlg) -> bool {
        self.alg == alg && self.usage == alg.usage() && alg.fits(self.kind())
    }

    pub(crate) fn kind(&self) -> Kind {
        self.material.kind
    }

    /// The other side of an agreement; none where this key is for something else.
    #[cfg(feature = "seal")]
    pub(crate) fn agreement_key(&self) -> Option<ParsedPublicKey> {
        let curve = self.kind().agreement()?;
        ParsedPublicKey::try_from(UnparsedPublicKey::new(curve, self.bytes())).ok()
    }

    /// The key that wraps with RSA-OAEP; none where this key is for something else.
    #[cfg(feature = "seal")]
    pub(crate) fn oaep_key(&self) -> Option<OaepPublicEncryptingKey> {
        (self.kind() == Kind::Rsa).then(|| rsa::oaep_key(self.bytes()))?
    }

    /// The point, uncompressed (SEC 1 §2.3.3) or 32 bytes, or the RSA modulus.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.material.bytes()
    }
}

/// A member that is a text, absent, or a fault of its kind.
fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwkError> {
    match map.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(match name {
            "alg" => JwkError::Algorithm,
            "use" => JwkError::Use,
            "kid" => JwkError::Kid,
            "x" | "y" | "d" => JwkError::Point,
            "n" | "e" | "p" | "q" | "dp" | "dq" | "qi" => JwkError::Rsa,
            _ => JwkError::Kind,
        }),
    }
}

fn read_alg(map: &Map<String, Value>, kind: Kind) -> Result<KeyAlg, JwkError> {
    let usage = match text(map, "use")? {
        None => None,
        Some("sig") => Some(KeyUse::Sig),
        Some("enc") => Some(KeyUse::Enc),
        Some(_) => return Err(JwkError::Use),
    };
    let alg = match (text(map, "alg")?, usage) {
        (Some(name), _) => KeyAlg::from_name(name),
        // Two would go with it.
        (None, Some(KeyUse::Sig)) if kind == Kind::Rsa => None,
        (None, Some(usage)) => KeyAlg::ALL.into_iter().find(|alg| alg.usage() == usage && alg.fits(kind)),
        (None, None) => return Err(JwkError::Use),
    };
    let alg = alg.filter(|alg| alg.fits(kind)).ok_or(JwkError::Algorithm)?;
    if usage.is_some_and(|usage| usage != alg.usage()) { Err(JwkError::Use) } else { Ok(alg) }
}

fn check_operations(map: &Map<String, Value>, alg: KeyAlg) -> Result<(), JwkError> {
    match map.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) => {
            let allowed = alg.operations();
            let agrees = operations.iter().all(|word| word.as_str().is_some_and(|word| allowed.contains(&word)));
            if agrees { Ok(()) } else { Err(JwkError::Use) }
        }
        Some(_) => Err(JwkError::Use),
    }
}

fn checked_kid(kid: &str) -> Result<String, JwkError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    let fits = (1..=MAX_KID).contains(&kid.len()) && kid.bytes().all(allowed);
    if fits { Ok(kid.to_owned()) } else { Err(JwkError::Kid) }
}

fn date(map: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, JwkError> {
    let Some(value) = map.get(name) else { return Ok(None) };
    let seconds = value.as_i64().ok_or(JwkError::Date)?;
    Timestamp::from_second(seconds).map(Some).map_err(|_| JwkError::Date)
}

/// Reads an ephemeral public key of a JWE header: exactly `kty`, `crv` and the coordinates, on P-256 or X25519.
#[cfg(feature = "open")]
pub(crate) fn ephemeral(value: &Value) -> Option<(Kind, ParsedPublicKey)> {
    let map = value.as_object()?;
    let kind = Kind::from_names(text(map, "kty").ok()?, text(map, "crv").ok()?)?;
    let key = match kind {
        Kind::P256 if map.len() == 4 => material::point(kind, 32, text(map, "x").ok()??, text(map, "y").ok()??).ok()?.1,
        Kind::X25519 if map.len() == 3 => {
            let curve = kind.agreement()?;
            ParsedPublicKey::try_from(UnparsedPublicKey::new(curve, Material::read(map).ok()?.bytes())).ok()?
        }
        _ => return None,
    };
    Some((kind, key))
}

#[cfg(test)]
mod tests;
