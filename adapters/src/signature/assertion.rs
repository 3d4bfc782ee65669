//! What an identity provider signs of a login (`TW FidO` 行動自然人憑證): a JWT in the form of an `OpenID` Connect ID token.
//!
//! In: the token, who must have signed it for whom over which nonce, the provider's registered keys. Out: the person's number,
//! or what is wrong. No public specification of the provider's own form is known: this one asks for everything an ID token may
//! have (`OpenID` Connect Core 1.0 §2, §3.1.3.7) and follows no address in it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents};
use claimgate_packet::jose::base64url;
use claimgate_packet::jose::json::{Limits, parse_object};
use claimgate_packet::jose::jwk::PublicJwk;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::key::{Hash, PublicKey, Scheme};

/// Bytes of a token.
const BYTES: usize = 16 << 10;
const HEADER: Limits = Limits { bytes: 4 << 10, depth: 4, members: 32 };
const PAYLOAD: Limits = Limits { bytes: 12 << 10, depth: 8, members: 256 };
const KEY_SET: Limits = Limits { bytes: 64 << 10, depth: 8, members: 1024 };
/// Keys of one provider.
const KEYS: usize = 16;
/// Seconds a login may be old, and ahead of the clock.
const OLDEST: i64 = 600;
const AHEAD: i64 = 60;

/// The registered keys of a provider, each with its id.
#[derive(Clone, Debug, Default)]
pub struct AssertionKeys(Vec<(String, Key)>);

#[derive(Clone, Debug)]
enum Key {
    P256(PublicKey),
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// What a token must say.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`, alone.
    pub audience: &'a str,
    /// `nonce`.
    pub nonce: &'a str,
    /// The claim that holds the person's number.
    pub number: &'a str,
}

claimgate_packet::opaque_debug!(Asked<'_>, Asserted);

/// A login, proved.
#[derive(Clone, PartialEq, Eq)]
pub struct Asserted {
    /// The person's number.
    pub number: String,
    /// The key that signed.
    pub key: String,
    /// When (`iat`).
    pub at: Timestamp,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsserted {
    /// Not a JWT of this form.
    #[error("the assertion is no signed JWT with iss, aud, nonce, iat, exp and the person's number, of at most 16 KiB")]
    Form,
    /// Signed otherwise than with a registered key.
    #[error(
        "the assertion is not signed by a key registered for the identity provider (ES256, RS256 or PS256, by kid)"
    )]
    Signature,
    /// Of another provider, or for another party.
    #[error(
        "the assertion is of another provider, or for another party: iss and aud are those the operator registered"
    )]
    Party,
    /// Over another challenge.
    #[error("the assertion's nonce is not the challenge it is sent with")]
    Nonce,
    /// Too old, over, or ahead.
    #[error("the assertion is older than ten minutes, over, or from the future")]
    Time,
}

impl AssertionKeys {
    /// Reads a key set (RFC 7517 §5): keys for signatures on P-256, and RSA of 2048 bits or more. Others are left out; one
    /// without a `kid`, or with a private part, makes the set unusable.
    #[must_use]
    pub fn from_jwks(bytes: &[u8]) -> Option<Self> {
        let set = parse_object(bytes, KEY_SET).ok()?;
        let all = set.get("keys")?.as_array().filter(|all| all.len() <= KEYS)?;
        let mut keys = Vec::new();
        for one in all {
            let member = |name: &str| one.get(name).and_then(Value::as_str);
            let id = member("kid")?.to_owned();
            if ["d", "k"].iter().any(|name| one.get(name).is_some()) || keys.iter().any(|(known, _)| *known == id) {
                return None;
            }
            if member("use").is_none_or(|usage| usage == "sig") {
                keys.extend(Key::read(one).map(|key| (id, key)));
            }
        }
        (!keys.is_empty()).then_some(Self(keys))
    }
}

impl Key {
    fn read(jwk: &Value) -> Option<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        match member("kty")? {
            "EC" => {
                let (x, y) = (member("x")?, member("y")?);
                let jwk = json!({ "kty": "EC", "crv": member("crv")?, "x": x, "y": y, "alg": "ES256", "kid": "k" });
                PublicKey::from_jwk(&PublicJwk::from_json(&jwk).ok()?).map(Self::P256)
            }
            "RSA" => {
                let (n, e) = (member("n")?, member("e")?);
                // What is asked is whether the numbers are sound: the packet's reader knows.
                let jwk = json!({ "kty": "RSA", "n": n, "e": e, "alg": "RSA-OAEP-256", "kid": "k" });
                PublicJwk::from_json(&jwk).ok()?;
                Some(Self::Rsa { modulus: base64url::decode(n)?, exponent: base64url::decode(e)? })
            }
            _ => None,
        }
    }

    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::P256(key), "ES256") => key.verifies(Scheme::EcdsaFixed(Hash::Sha256), message, signature),
            (Self::Rsa { modulus, exponent }, "RS256" | "PS256") => {
                let way = if algorithm == "RS256" { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PSS_2048_8192_SHA256 };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(way, message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// Checks a token.
///
/// # Errors
/// [`NotAsserted`], in the order of the checks.
pub fn check_assertion(
    text: &str,
    asked: Asked<'_>,
    keys: &AssertionKeys,
    now: Timestamp,
) -> Result<Asserted, NotAsserted> {
    let (input, header, payload, signature) = parts(text).ok_or(NotAsserted::Form)?;
    let of = |members: &Map<String, Value>, name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let typed = of(&header, "typ").is_none_or(|typ| typ == "JWT");
    if !typed || header.contains_key("crit") || header.contains_key("b64") {
        return Err(NotAsserted::Form);
    }
    let (algorithm, id) = of(&header, "alg").zip(of(&header, "kid")).ok_or(NotAsserted::Signature)?;
    let key = keys.0.iter().find(|(known, _)| *known == id).map(|(_, key)| key).ok_or(NotAsserted::Signature)?;
    if !key.verifies(&algorithm, input.as_bytes(), &signature) {
        return Err(NotAsserted::Signature);
    }
    let alone = |audience: &Value| match audience {
        Value::String(one) => one == asked.audience,
        Value::Array(all) => matches!(all.as_slice(), [Value::String(one)] if one == asked.audience),
        _ => false,
    };
    if of(&payload, "iss").as_deref() != Some(asked.issuer) || !payload.get("aud").is_some_and(alone) {
        return Err(NotAsserted::Party);
    }
    let nonce = of(&payload, "nonce").unwrap_or_default();
    if asked.nonce.is_empty() || verify_slices_are_equal(nonce.as_bytes(), asked.nonce.as_bytes()).is_err() {
        return Err(NotAsserted::Nonce);
    }
    let second = |name: &str| payload.get(name).and_then(Value::as_i64);
    let (made, ends) = second("iat").zip(second("exp")).ok_or(NotAsserted::Form)?;
    let present = now.as_second();
    if made < present - OLDEST || made > present + AHEAD || ends <= present {
        return Err(NotAsserted::Time);
    }
    let number = of(&payload, asked.number).filter(|number| !number.is_empty()).ok_or(NotAsserted::Form)?;
    let at = Timestamp::from_second(made).map_err(|_| NotAsserted::Time)?;
    Ok(Asserted { number, key: id, at })
}

type Parts<'a> = (&'a str, Map<String, Value>, Map<String, Value>, Vec<u8>);

fn parts(text: &str) -> Option<Parts<'_>> {
    if text.len() > BYTES {
        return None;
    }
    let (input, signature) = text.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let header = parse_object(&base64url::decode(header)?, HEADER).ok()?;
    let payload = parse_object(&base64url::decode(payload)?, PAYLOAD).ok()?;
    Some((input, header, payload, base64url::decode(signature)?))
}
