//! The public half of a key: coordinates, or an RSA modulus, checked once when it is read.
//!
//! In: the members of a JWK that carry numbers. Out: the same as text and as bytes. What is no point of its curve,
//! or a weak RSA modulus, never becomes a key.

use aws_lc_rs::agreement::{ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree};
use serde_json::{Map, Value};

use super::alg::Kind;
use super::{JwkError, base64url, rsa, text};

/// The public numbers of a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) kind: Kind,
    /// The members that carry them, in the order of the thumbprint (RFC 7638 §3.2).
    members: Vec<(&'static str, String)>,
    /// The uncompressed point (SEC 1 §2.3.3), the 32 bytes of an Edwards or Montgomery point, or an RSA modulus.
    bytes: Vec<u8>,
}

impl Material {
    pub(super) fn read(map: &Map<String, Value>) -> Result<Self, JwkError> {
        let kind = Kind::from_names(text(map, "kty")?, text(map, "crv")?).ok_or(JwkError::Kind)?;
        let member =
            |name: &str| text(map, name)?.ok_or(if kind == Kind::Rsa { JwkError::Rsa } else { JwkError::Point });
        match kind {
            Kind::P256 => Self::curve_point(kind, 32, member("x")?, member("y")?),
            Kind::P384 => Self::curve_point(kind, 48, member("x")?, member("y")?),
            Kind::Ed25519 | Kind::X25519 if map.contains_key("y") => Err(JwkError::Point),
            Kind::Ed25519 | Kind::X25519 => Self::curve25519(kind, member("x")?),
            Kind::Rsa => Self::modulus(member("n")?, member("e")?),
        }
    }

    fn curve_point(kind: Kind, size: usize, x: &str, y: &str) -> Result<Self, JwkError> {
        let (bytes, _) = point(kind, size, x, y)?;
        Ok(Self { kind, members: vec![("x", x.to_owned()), ("y", y.to_owned())], bytes })
    }

    fn curve25519(kind: Kind, x: &str) -> Result<Self, JwkError> {
        let bytes = base64url::decode(x).filter(|bytes| bytes.len() == 32).ok_or(JwkError::Point)?;
        let weak = if kind == Kind::Ed25519 { has_small_order(&bytes) } else { agrees_on_nothing(kind, &bytes) };
        if weak { Err(JwkError::Point) } else { Ok(Self { kind, members: vec![("x", x.to_owned())], bytes }) }
    }

    fn modulus(n: &str, e: &str) -> Result<Self, JwkError> {
        let bytes = rsa::modulus(n, e).ok_or(JwkError::Rsa)?;
        Ok(Self { kind: Kind::Rsa, members: vec![("e", e.to_owned()), ("n", n.to_owned())], bytes })
    }

    /// From the members of a key that was just made.
    pub(super) fn made(kind: Kind, bytes: &[u8]) -> Result<Self, JwkError> {
        match kind {
            Kind::P256 | Kind::P384 => {
                let half = bytes.len() / 2;
                let (x, y) =
                    bytes.strip_prefix(&[4]).and_then(|rest| rest.split_at_checked(half)).ok_or(JwkError::Failed)?;
                Self::curve_point(kind, half, &base64url::encode(x), &base64url::encode(y))
            }
            Kind::Ed25519 | Kind::X25519 => Self::curve25519(kind, &base64url::encode(bytes)),
            Kind::Rsa => Err(JwkError::Algorithm),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str())
    }

    /// `kty`, `crv` and the numbers: what makes the key, in the order of the thumbprint.
    pub(super) fn parameters(&self) -> Vec<(&'static str, &str)> {
        let kty = match self.kind {
            Kind::P256 | Kind::P384 => "EC",
            Kind::Ed25519 | Kind::X25519 => "OKP",
            Kind::Rsa => "RSA",
        };
        let mut all: Vec<(&'static str, &str)> = vec![("kty", kty)];
        all.extend(self.kind.curve().map(|curve| ("crv", curve)));
        all.extend(self.members.iter().map(|(name, text)| (*name, text.as_str())));
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }
}

/// A point of a curve, uncompressed, and the same in the library's form, which is only had where it is on the curve.
pub(super) fn point(kind: Kind, size: usize, x: &str, y: &str) -> Result<(Vec<u8>, ParsedPublicKey), JwkError> {
    let coordinate = |text: &str| base64url::decode(text).filter(|bytes| bytes.len() == size).ok_or(JwkError::Point);
    let bytes = [vec![4], coordinate(x)?, coordinate(y)?].concat();
    let curve = kind.agreement().ok_or(JwkError::Kind)?;
    let key = ParsedPublicKey::try_from(UnparsedPublicKey::new(curve, &bytes)).map_err(|_| JwkError::Point)?;
    Ok((bytes, key))
}

/// Whether an X25519 point makes the shared secret zero with every key (RFC 7748 §6.1).
fn agrees_on_nothing(kind: Kind, bytes: &[u8]) -> bool {
    let Some(algorithm) = kind.agreement() else { return true };
    let Ok(any) = PrivateKey::generate(algorithm) else { return true };
    agree(&any, UnparsedPublicKey::new(algorithm, bytes), (), |_| Ok(())).is_err()
}

/// The `y` of every Ed25519 point of small order, little-endian, with `p` and `p + 1` for 0 and 1: signatures under
/// such a key verify for many messages at once.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    end(1, 0, 0),
    end(0xec, 0xff, 0x7f),
    end(0xed, 0xff, 0x7f),
    end(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// 32 bytes: a first, 30 in the middle, a last.
const fn end(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

fn has_small_order(point: &[u8]) -> bool {
    // The last bit is the sign of x and says nothing about y.
    let same = |known: &[u8; 32]| {
        let Some((last, rest)) = point.split_last() else { return true };
        known.split_last().is_some_and(|(end, start)| start == rest && *end == last & 0x7f)
    };
    SMALL_ORDER.iter().any(same)
}
