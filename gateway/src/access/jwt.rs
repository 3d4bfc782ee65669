//! One strict way to read a JWT, and one to write it (RFC 7519, RFC 8725).
//!
//! The key decides the algorithm; the header may only name the key. Every claim is required and typed by the
//! caller; times are checked against the handed-in clock, never the library's.

use std::collections::HashSet;
use std::sync::{OnceLock, PoisonError, RwLock};

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256;
use claimgate_packet::jose::json::{Limits, parse_object};
use claimgate_packet::jose::jwk::{KeyAlg, PrivateJwk, PublicJwk};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Map, Value};

/// The longest token read.
const TOKEN_BYTES: usize = 8_192;
const HEADER: Limits = Limits { bytes: 2_048, depth: 4, members: 32 };
const CLAIMS: Limits = Limits { bytes: 6_144, depth: 8, members: 128 };
/// Header members that point at keys or change the meaning of the token.
const REFUSED: [&str; 8] = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"];

/// Header or claims of a token.
pub(super) type Members = Map<String, Value>;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Not three base64url parts of JSON, too large, or members twice.
    #[error("it is not a compact JWS of at most 8192 bytes with JSON header and claims, each member once")]
    Malformed,
    /// A header member that is never accepted.
    #[error("its header has a member that is not accepted: {0}")]
    HeaderMember(&'static str),
    /// Another kind of token.
    #[error("its header member typ is not the one of this kind of token")]
    Typ,
    /// No key id.
    #[error("its header names no key (kid)")]
    NoKid,
    /// The key is for another algorithm.
    #[error("its alg is not the one of the key it names")]
    Alg,
    /// The signature does not verify.
    #[error("its signature does not verify with a registered, valid key of the algorithm the profile asks for")]
    Signature,
    /// A claim is missing or of the wrong type or value.
    #[error("its claim {0} is missing, of the wrong type, or not the expected value")]
    Claim(&'static str),
    /// Past its time.
    #[error("it has expired (exp)")]
    Expired,
    /// Before its time.
    #[error("it is not valid yet (nbf, iat); check the clock")]
    NotYet,
    /// Another cryptography backend was installed in this process first.
    #[error("the cryptography backend is not the one this build relies on")]
    Backend,
    /// It would be valid for too long.
    #[error("its exp is too far ahead")]
    TooLong,
}

/// A token whose form was checked and whose signature was not.
pub struct Unverified<'a> {
    token: &'a str,
    kid: String,
    alg: String,
    claims: Members,
}

claimgate_packet::opaque_debug!(Unverified<'_>, Claims);

/// Claims whose signature was verified.
pub struct Claims(Members);

/// Texts whose signature was verified, by their digest and the key's: the same token comes with request after request. It
/// saves the arithmetic alone; form, key, times and claims are looked at each time.
#[derive(Debug, Default)]
pub struct Verified(RwLock<HashSet<[u8; 32]>>);

impl Verified {
    /// More tokens than are in force at once; beyond it all are verified anew.
    const MOST: usize = 4_096;

    fn place(token: &str, key: &PublicJwk) -> [u8; 32] {
        sha256(format!("{}\n{}\n{token}", key.kid, key.thumbprint()).as_bytes())
    }

    fn has(&self, place: &[u8; 32]) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(place)
    }

    fn add(&self, place: [u8; 32]) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= Self::MOST {
            all.clear();
        }
        all.insert(place);
    }
}

/// Installs the one cryptography backend of jsonwebtoken, which has none by default and panics without. Safe to repeat.
///
/// # Errors
/// Something else in the process installed another one first.
pub fn install_backend() -> Result<(), JwtError> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let ours = INSTALLED.get_or_init(|| jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().is_ok());
    if *ours { Ok(()) } else { Err(JwtError::Backend) }
}

/// Reads form and header; nothing is believed yet.
///
/// # Errors
/// A form or header that is never accepted.
pub fn read<'a>(token: &'a str, typ: &[&str]) -> Result<Unverified<'a>, JwtError> {
    if token.len() > TOKEN_BYTES {
        return Err(JwtError::Malformed);
    }
    let (header, claims) = parts(token, HEADER, CLAIMS)?;
    if let Some(member) = REFUSED.into_iter().find(|member| header.contains_key(*member)) {
        return Err(JwtError::HeaderMember(member));
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    if !text("typ").is_some_and(|found| typ.iter().any(|wanted| wanted.eq_ignore_ascii_case(found))) {
        return Err(JwtError::Typ);
    }
    let kid = text("kid").filter(|kid| !kid.is_empty() && kid.len() <= 128).ok_or(JwtError::NoKid)?;
    let alg = text("alg").ok_or(JwtError::Alg)?;
    Ok(Unverified { token, kid: kid.to_owned(), alg: alg.to_owned(), claims })
}

/// Header and claims of a compact JWS: strict base64url, bounded JSON, each member once.
pub(super) fn parts(token: &str, header_limits: Limits, claims_limits: Limits) -> Result<(Members, Members), JwtError> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(JwtError::Malformed);
    };
    let object = |part: &str, limits| {
        let bytes = base64url::decode(part).ok_or(JwtError::Malformed)?;
        parse_object(&bytes, limits).map_err(|_| JwtError::Malformed)
    };
    Ok((object(header, header_limits)?, object(claims, claims_limits)?))
}

impl<'a> Unverified<'a> {
    /// A token that brings its key itself, whose header the caller has checked member by member.
    pub(super) fn with_own_key(token: &'a str, key: &PublicJwk, claims: Members) -> Self {
        Self { token, kid: key.kid.clone(), alg: key.alg.as_str().to_owned(), claims }
    }

    /// The key it names.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// A claim that is only used to find the key; nothing else may rest on it.
    #[must_use]
    pub fn hint(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// Verifies the signature with the key that was found.
    ///
    /// # Errors
    /// Another algorithm than the key's, or a signature that does not verify.
    pub fn verify(self, key: &PublicJwk) -> Result<Claims, JwtError> {
        install_backend()?;
        let (algorithm, name) = algorithm(key.alg).ok_or(JwtError::Alg)?;
        // One reason for a foreign key, another algorithm and a changed signature: nothing is learnt from it.
        if self.alg != name || self.kid != key.kid {
            return Err(JwtError::Signature);
        }
        let decoding = match (key.coordinates(), key.edwards_point(), key.rsa_numbers()) {
            (Some((x, y)), None, None) => DecodingKey::from_ec_components(x, y),
            (None, Some(x), None) => DecodingKey::from_ed_components(x),
            (None, None, Some((n, e))) => DecodingKey::from_rsa_components(n, e),
            _ => return Err(JwtError::Alg),
        };
        let decoding = decoding.map_err(|_| JwtError::Signature)?;
        let mut rules = Validation::new(algorithm);
        // Presence, types and times are checked below on the strictly parsed claims and the handed-in clock.
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        jsonwebtoken::decode::<Members>(self.token, &decoding, &rules).map_err(|_| JwtError::Signature)?;
        Ok(Claims(self.claims))
    }
}

impl Unverified<'_> {
    /// As [`Unverified::verify`]; of the same text under the same key, once.
    ///
    /// # Errors
    /// As there.
    pub fn verify_once(self, key: &PublicJwk, verified: &Verified) -> Result<Claims, JwtError> {
        let place = Verified::place(self.token, key);
        if verified.has(&place) {
            return Ok(Claims(self.claims));
        }
        let claims = self.verify(key)?;
        verified.add(place);
        Ok(claims)
    }
}

impl Claims {
    /// A claim that must be a string.
    ///
    /// # Errors
    /// Missing or of another type.
    pub fn text(&self, name: &'static str) -> Result<&str, JwtError> {
        self.0.get(name).and_then(Value::as_str).ok_or(JwtError::Claim(name))
    }

    /// A claim that must be exactly this string.
    ///
    /// # Errors
    /// Missing, of another type, or another value.
    pub fn exactly(&self, name: &'static str, value: &str) -> Result<(), JwtError> {
        if self.text(name)? == value { Ok(()) } else { Err(JwtError::Claim(name)) }
    }

    /// A time in whole seconds, if the claim is there.
    ///
    /// # Errors
    /// Of another type.
    pub fn seconds(&self, name: &'static str) -> Result<Option<i64>, JwtError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or(JwtError::Claim(name)),
        }
    }

    /// Another claim as it is.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Checks `exp` (required, at most `longest` ahead), `nbf` and `iat` (where given) and gives `exp`.
    ///
    /// # Errors
    /// Expired, not yet valid, valid for too long, or not whole seconds.
    pub fn times(&self, now: Timestamp, leeway: i64, longest: i64) -> Result<Timestamp, JwtError> {
        let exp = self.seconds("exp")?.ok_or(JwtError::Claim("exp"))?;
        let now = now.as_second();
        if exp <= now - leeway {
            return Err(JwtError::Expired);
        }
        if exp > now + longest + leeway {
            return Err(JwtError::TooLong);
        }
        for name in ["nbf", "iat"] {
            if self.seconds(name)?.is_some_and(|from| from > now + leeway) {
                return Err(JwtError::NotYet);
            }
        }
        Timestamp::from_second(exp).map_err(|_| JwtError::Claim("exp"))
    }
}

/// Signs claims.
///
/// # Errors
/// A key that cannot sign.
pub fn write(key: &PrivateJwk, typ: &str, claims: &Value) -> Result<String, JwtError> {
    sign(key, typ, claims, |header| {
        header.kid = Some(key.public().kid);
        Ok(())
    })
}

/// Signs claims and names the key by its public members, `jwk`, in place of `kid`.
pub(super) fn write_with_own_key(key: &PrivateJwk, typ: &str, claims: &Value, jwk: Value) -> Result<String, JwtError> {
    sign(key, typ, claims, |header| {
        header.jwk = Some(serde_json::from_value(jwk).map_err(|_| JwtError::Alg)?);
        Ok(())
    })
}

fn sign(
    key: &PrivateJwk,
    typ: &str,
    claims: &Value,
    name_key: impl FnOnce(&mut Header) -> Result<(), JwtError>,
) -> Result<String, JwtError> {
    install_backend()?;
    let (algorithm, _) = algorithm(key.public().alg).ok_or(JwtError::Alg)?;
    let mut header = Header::new(algorithm);
    header.typ = Some(typ.to_owned());
    name_key(&mut header)?;
    let der = key.pkcs8_der().map_err(|_| JwtError::Signature)?;
    let encoding =
        if algorithm == Algorithm::EdDSA { EncodingKey::from_ed_der(&der) } else { EncodingKey::from_ec_der(&der) };
    jsonwebtoken::encode(&header, claims, &encoding).map_err(|_| JwtError::Signature)
}

fn algorithm(alg: KeyAlg) -> Option<(Algorithm, &'static str)> {
    match alg {
        KeyAlg::Es256 => Some((Algorithm::ES256, "ES256")),
        KeyAlg::Es384 => Some((Algorithm::ES384, "ES384")),
        // Ed25519: no key on another Edwards curve is ever read.
        KeyAlg::EdDsa => Some((Algorithm::EdDSA, "EdDSA")),
        KeyAlg::Ps256 => Some((Algorithm::PS256, "PS256")),
        KeyAlg::Rs384 => Some((Algorithm::RS384, "RS384")),
        KeyAlg::EcdhEsA256kw | KeyAlg::EcdhEs | KeyAlg::RsaOaep256 => None,
    }
}
