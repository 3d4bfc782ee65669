//! Public keys of issuers and holders: points on P-256, for ES256. Two keys are one when their points are.
//!
//! In: a JWK, a certificate's key, a set of keys. Out: keys that verify. A wallet spells one key in several ways
//! (member order, padding), so texts are never compared.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::json::parse_object;
use serde_json::{Map, Value};

use super::limits::DOCUMENT_JSON;

/// Keys of one set.
const MOST: usize = 100;
/// Members that only a private or symmetric key has (RFC 7518 §6).
const PRIVATE: [&str; 2] = ["d", "k"];

/// A point on P-256: read once, however often it verifies.
#[derive(Clone)]
pub struct PublicKey {
    parsed: ParsedPublicKey,
    /// The point, uncompressed (SEC 1 §2.3.3).
    point: [u8; 65],
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint())
    }
}

impl PublicKey {
    /// Reads a JWK: `EC`, `P-256`, strict base64url; `None` for every other key and for a private one.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        Self::read(jwk.as_object()?, |text| Some(text.to_owned()))
    }

    /// Reads a JWK whose numbers may be padded with `=`, as older wallets write them.
    #[must_use]
    pub fn from_padded_jwk(jwk: &Value) -> Option<Self> {
        Self::read(jwk.as_object()?, |text| {
            let bare = text.trim_end_matches('=');
            let whole = text.len() == bare.len() || (text.len() % 4 == 0 && text.len() - bare.len() <= 2);
            whole.then(|| bare.to_owned())
        })
    }

    /// Reads a point, uncompressed.
    #[must_use]
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let point: [u8; 65] = point.try_into().ok()?;
        // Whether it is on the curve is looked at here.
        let parsed =
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok().filter(|_| point.first() == Some(&4))?;
        Some(Self { parsed, point })
    }

    fn read(jwk: &Map<String, Value>, number: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let of_kind = member("kty") == Some("EC") && member("crv") == Some("P-256");
        let for_signing =
            jwk.get("alg").is_none_or(|alg| alg == "ES256") && jwk.get("use").is_none_or(|us| us == "sig");
        if !of_kind || !for_signing || PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return None;
        }
        let coordinate = |name: &str| base64url::decode(&number(member(name)?)?).filter(|bytes| bytes.len() == 32);
        Self::from_point(&[vec![4], coordinate("x")?, coordinate("y")?].concat())
    }

    /// Whether this key made an ES256 signature (RFC 7518 §3.4).
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// The SHA-256 thumbprint (RFC 7638), base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        sha256_text(self.canonical_jwk().as_bytes())
    }

    /// `kty`, `crv`, `x` and `y`, in this order: the canonical form (RFC 8785).
    #[must_use]
    pub fn canonical_jwk(&self) -> String {
        let (x, y) = self.point.get(1..).and_then(|both| both.split_at_checked(32)).unwrap_or_default();
        let (x, y) = (base64url::encode(x), base64url::encode(y));
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
    }
}

/// A set of keys by `kid`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<(Option<String>, PublicKey)>);

impl Keys {
    /// Reads a key set (RFC 7517 §5). Keys of other kinds are left out: they sign nothing here.
    #[must_use]
    pub fn from_jwks(bytes: &[u8]) -> Option<Self> {
        Self::from_json(&Value::Object(parse_object(bytes, DOCUMENT_JSON).ok()?))
    }

    /// Reads a key set that is parsed already.
    #[must_use]
    pub fn from_json(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array().filter(|keys| keys.len() <= MOST)?;
        let named = |key: &Value| {
            let kid = key.get("kid").and_then(Value::as_str).map(str::to_owned);
            Some((kid, PublicKey::from_jwk(key)?))
        };
        Some(Self(keys.iter().filter_map(named).collect()))
    }

    /// A set of one key without a name.
    #[must_use]
    pub fn one(key: PublicKey) -> Self {
        Self(vec![(None, key)])
    }

    /// The key of a `kid`; without one the only key there is.
    #[must_use]
    pub fn find(&self, kid: Option<&str>) -> Option<&PublicKey> {
        match (kid, self.0.as_slice()) {
            (None, [(_, only)]) | (Some(_), [(None, only)]) => Some(only),
            (None, _) => None,
            (Some(kid), all) => all.iter().find(|(known, _)| known.as_deref() == Some(kid)).map(|(_, key)| key),
        }
    }
}
