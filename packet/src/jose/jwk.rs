//! Public keys (RFC 7517): one key, one algorithm, one use.
//!
//! In: a JWK or a key set as JSON. Out: keys whose point is on its curve. Symmetric keys, private
//! members and unknown kinds of key are refused, never skipped.

use std::fmt;

use aws_lc_rs::agreement::{ParsedPublicKey, UnparsedPublicKey};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::json::JsonError;
use super::{base64url, digest};

mod alg;
mod private;
mod set;

use alg::Curve;
pub use alg::{KeyAlg, KeyUse};
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
    #[error("a private key needs the member d alone")]
    NoPrivateMember,
    /// `kty` or `crv` is not one this gateway takes.
    #[error("the key must be EC with P-256, or P-384 for ES384")]
    Kind,
    /// `alg` is unknown or does not go with the curve.
    #[error("the key's alg must be ES256, ES384 or ECDH-ES+A256KW and go with its curve")]
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
    curve: Curve,
    x: String,
    y: String,
    point: Vec<u8>,
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
        if text(map, "kty")? != Some("EC") {
            return Err(JwkError::Kind);
        }
        let curve = match text(map, "crv")? {
            Some("P-256") => Curve::P256,
            Some("P-384") => Curve::P384,
            _ => return Err(JwkError::Kind),
        };
        let alg = read_alg(map, curve)?;
        check_operations(map, alg.usage())?;
        let kid = text(map, "kid")?.ok_or(JwkError::Kid)?;
        let (x, y) = (text(map, "x")?.ok_or(JwkError::Point)?, text(map, "y")?.ok_or(JwkError::Point)?);
        let key = Self {
            kid: checked_kid(kid)?,
            usage: alg.usage(),
            alg,
            not_before: date(map, "nbf")?,
            not_after: date(map, "exp")?,
            revoked_at: date(map, "revoked_at")?,
            curve,
            x: x.to_owned(),
            y: y.to_owned(),
            point: read_point(curve, x, y)?,
        };
        match (key.not_before, key.not_after) {
            (Some(from), Some(to)) if from >= to => Err(JwkError::Date),
            _ => Ok(key),
        }
    }

    /// The JSON form, with both `alg` and `use`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut key = json!({
            "kty": "EC", "crv": self.curve.name(), "x": self.x, "y": self.y,
            "use": self.usage.as_str(), "alg": self.alg.as_str(), "kid": self.kid,
        });
        if let Some(map) = key.as_object_mut() {
            for (name, at) in [("nbf", self.not_before), ("exp", self.not_after), ("revoked_at", self.revoked_at)] {
                if let Some(at) = at {
                    map.insert(name.to_owned(), at.as_second().into());
                }
            }
        }
        key
    }

    /// The x coordinate, base64url.
    #[must_use]
    pub fn x(&self) -> &str {
        &self.x
    }

    /// The y coordinate, base64url.
    #[must_use]
    pub fn y(&self) -> &str {
        &self.y
    }

    /// The SHA-256 thumbprint (RFC 7638), base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let (crv, x, y) = (self.curve.name(), &self.x, &self.y);
        digest::sha256_text(format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes())
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

    /// Whether use, algorithm and curve still agree: the first two are public fields.
    pub(crate) fn is(&self, alg: KeyAlg) -> bool {
        self.alg == alg && self.usage == alg.usage() && self.curve == alg.curve()
    }

    /// The uncompressed point (SEC 1 §2.3.3).
    pub(crate) fn point(&self) -> &[u8] {
        &self.point
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
            _ => JwkError::Kind,
        }),
    }
}

fn read_alg(map: &Map<String, Value>, curve: Curve) -> Result<KeyAlg, JwkError> {
    let usage = match text(map, "use")? {
        None => None,
        Some("sig") => Some(KeyUse::Sig),
        Some("enc") => Some(KeyUse::Enc),
        Some(_) => return Err(JwkError::Use),
    };
    let alg = match (text(map, "alg")?, usage) {
        (Some(name), _) => KeyAlg::from_name(name),
        (None, Some(usage)) => KeyAlg::ALL.into_iter().find(|alg| alg.usage() == usage && alg.curve() == curve),
        (None, None) => return Err(JwkError::Use),
    };
    let alg = alg.filter(|alg| alg.curve() == curve).ok_or(JwkError::Algorithm)?;
    if usage.is_some_and(|usage| usage != alg.usage()) { Err(JwkError::Use) } else { Ok(alg) }
}

fn check_operations(map: &Map<String, Value>, usage: KeyUse) -> Result<(), JwkError> {
    match map.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) => {
            let allowed = usage.operations();
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

fn read_point(curve: Curve, x: &str, y: &str) -> Result<Vec<u8>, JwkError> {
    let coordinate =
        |text: &str| base64url::decode(text).filter(|bytes| bytes.len() == curve.size()).ok_or(JwkError::Point);
    let point = [vec![4], coordinate(x)?, coordinate(y)?].concat();
    ParsedPublicKey::try_from(UnparsedPublicKey::new(curve.agreement(), &point)).map_err(|_| JwkError::Point)?;
    Ok(point)
}

/// Reads an ephemeral public key of a JWE header: exactly `kty`, `crv`, `x`, `y`, on P-256.
#[cfg(feature = "open")]
pub(crate) fn ephemeral_point(value: &Value) -> Option<Vec<u8>> {
    let map = value.as_object().filter(|map| map.len() == 4)?;
    let member = |name: &str| map.get(name).and_then(Value::as_str);
    (member("kty")? == "EC" && member("crv")? == "P-256").then_some(())?;
    read_point(Curve::P256, member("x")?, member("y")?).ok()
}

#[cfg(test)]
mod tests;
