//! Proofs of possession (DPoP, RFC 9449): a caller shows with each request that it holds the key its token is bound to.
//!
//! In: the proof and the request it came with. Out: the key's thumbprint and what to remember so that the proof counts
//! once. The proof brings its own key, which proves nothing but itself: it counts because a token names its thumbprint.

use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::json::Limits;
use claimgate_packet::jose::jwk::{KeyAlg, PrivateJwk, PublicJwk};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::jwt::{self, Claims, JwtError, Members, Unverified};

mod target;

/// What keys prove possession (FAPI 2.0 Security Profile §5.4.1); which one, the key in the proof decides.
pub const ALGORITHMS: [KeyAlg; 2] = [KeyAlg::Es256, KeyAlg::EdDsa];

const TYP: &str = "dpop+jwt";
const PROOF_BYTES: usize = 4_096;
const HEADER: Limits = Limits { bytes: 1_024, depth: 2, members: 16 };
const CLAIMS: Limits = Limits { bytes: 3_072, depth: 4, members: 32 };
/// How long ago a proof may have been made, in seconds.
const OLDEST: i64 = 60;

/// Why a proof is refused. No text repeats a value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// No proof beside a token that needs one.
    #[error("there is no DPoP header; a proof is made anew for each request")]
    Missing,
    /// More than one.
    #[error("there is more than one DPoP header")]
    Several,
    /// Not a compact JWS, or too large.
    #[error("it is not a compact JWS of at most 4096 bytes with JSON header and claims, each member once")]
    Malformed,
    /// A header of another kind.
    #[error("its header must be typ \"dpop+jwt\", alg and jwk, and nothing else")]
    Header,
    /// Another algorithm.
    #[error("its alg must be ES256 or EdDSA")]
    Alg,
    /// No usable key, or more than a key.
    #[error(
        "its jwk must be a public key for its alg, kty, crv, x, y of EC P-256 or kty, crv, x of OKP Ed25519, and \
         nothing else"
    )]
    Key,
    /// The signature does not verify.
    #[error("its signature does not verify with its jwk")]
    Signature,
    /// A claim is missing, of the wrong type, or of another request.
    #[error("its claim {0} is missing, of the wrong type, or not the one of this request")]
    Claim(&'static str),
    /// Made too long ago.
    #[error("it was made more than 60 seconds ago (iat), or has expired; make a new one for each request")]
    Stale,
    /// Made in the future.
    #[error("it is dated ahead (iat, nbf); check the clock")]
    Ahead,
    /// No nonce, or one that no longer counts.
    #[error("it needs the nonce of the header DPoP-Nonce of this answer")]
    Nonce,
    /// Its key is not the token's.
    #[error("the access token is bound to another key than the one of the proof")]
    OtherKey,
    /// Used before.
    #[error("it was used before (jti); make a new one for each request")]
    Replayed,
    /// The library.
    #[error("the cryptography backend is not the one this build relies on")]
    Backend,
}

/// The request a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its address as parties write it; a query says nothing.
    pub url: &'a str,
    /// The access token it came with; none at the token endpoint.
    pub token: Option<&'a str>,
    /// The nonces that count, where one is asked for.
    pub nonces: Option<&'a [String]>,
}

/// What an accepted proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Thumbprint of its key (RFC 7638).
    pub jkt: String,
    /// Digest of key and `jti`: to be used once.
    pub digest: String,
    /// After this it is stale anyway.
    pub expires: Timestamp,
}

/// Checks a proof; whether it was used before is the store's to say.
///
/// # Errors
/// The first fault, in the order of [`DpopError`].
pub fn check(proof: &str, wanted: &Wanted<'_>, now: Timestamp, leeway: i64) -> Result<Proof, DpopError> {
    if proof.len() > PROOF_BYTES {
        return Err(DpopError::Malformed);
    }
    let (header, claims) = jwt::parts(proof, HEADER, CLAIMS)?;
    let key = key(&header)?;
    let claims = Unverified::with_own_key(proof, &key, claims).verify(&key)?;
    let jti = claims.text("jti")?;
    if !(8..=128).contains(&jti.len()) || !jti.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(DpopError::Claim("jti"));
    }
    claims.exactly("htm", wanted.method)?;
    if !target::same(claims.text("htu")?, wanted.url) {
        return Err(DpopError::Claim("htu"));
    }
    let made = times(&claims, now.as_second(), leeway)?;
    if let Some(token) = wanted.token {
        claims.exactly("ath", &sha256_text(token.as_bytes()))?;
    }
    if let Some(nonces) = wanted.nonces {
        let given = claims.get("nonce").and_then(Value::as_str).ok_or(DpopError::Nonce)?;
        if !nonces.iter().any(|nonce| nonce == given) {
            return Err(DpopError::Nonce);
        }
    }
    let jkt = key.thumbprint();
    let digest = sha256_text(format!("{jkt} {jti}").as_bytes());
    Ok(Proof { jkt, digest, expires: made + SignedDuration::from_secs(OLDEST) })
}

/// The key a proof brings: exactly the members that make it, so that none can say more of it.
fn key(header: &Members) -> Result<PublicJwk, DpopError> {
    let (Some(typ), Some(alg), Some(jwk), 3) = (header.get("typ"), header.get("alg"), header.get("jwk"), header.len())
    else {
        return Err(DpopError::Header);
    };
    if typ.as_str() != Some(TYP) {
        return Err(DpopError::Header);
    }
    let named = alg.as_str().and_then(KeyAlg::from_name).filter(|alg| ALGORITHMS.contains(alg));
    let named = named.ok_or(DpopError::Alg)?;
    let mut jwk = jwk.as_object().cloned().ok_or(DpopError::Key)?;
    let members: &[&str] = if named == KeyAlg::Es256 { &["kty", "crv", "x", "y"] } else { &["kty", "crv", "x"] };
    if jwk.len() != members.len() || !members.iter().all(|member| jwk.contains_key(*member)) {
        return Err(DpopError::Key);
    }
    jwk.insert("alg".to_owned(), named.as_str().into());
    jwk.insert("kid".to_owned(), "proof".into());
    PublicJwk::from_json(&Value::Object(jwk)).map_err(|_| DpopError::Key)
}

/// When the proof was made: within the last minute, and not ahead of us by more than clocks may differ.
fn times(claims: &Claims, now: i64, leeway: i64) -> Result<Timestamp, DpopError> {
    let made = claims.seconds("iat")?.ok_or(DpopError::Claim("iat"))?;
    if made < now - OLDEST || claims.seconds("exp")?.is_some_and(|end| end <= now - leeway) {
        return Err(DpopError::Stale);
    }
    if made > now + leeway || claims.seconds("nbf")?.is_some_and(|from| from > now + leeway) {
        return Err(DpopError::Ahead);
    }
    Timestamp::from_second(made).map_err(|_| DpopError::Claim("iat"))
}

impl From<JwtError> for DpopError {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::Claim(name) => Self::Claim(name),
            JwtError::Signature => Self::Signature,
            JwtError::Alg => Self::Alg,
            JwtError::Backend => Self::Backend,
            _ => Self::Malformed,
        }
    }
}

/// A proof's claims but its times and nonce, and who makes them: for clients.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Method of the request.
    pub method: &'a str,
    /// Its address.
    pub url: &'a str,
    /// The token sent with it.
    pub token: Option<&'a str>,
    /// The nonce the server gave last.
    pub nonce: Option<&'a str>,
    /// An id of its own.
    pub jti: &'a str,
}

/// Makes a proof: the client's side.
///
/// # Errors
/// A key that cannot sign.
pub fn write(key: &PrivateJwk, draft: &Draft<'_>, now: Timestamp) -> Result<String, JwtError> {
    let mut claims = json!({ "jti": draft.jti, "htm": draft.method, "htu": draft.url, "iat": now.as_second() });
    let further =
        [("ath", draft.token.map(|token| sha256_text(token.as_bytes()))), ("nonce", draft.nonce.map(Into::into))];
    if let Some(members) = claims.as_object_mut() {
        members.extend(further.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    }
    jwt::write_with_own_key(key, TYP, &claims, bare(&key.public()))
}

/// A public key as a proof carries it.
fn bare(key: &PublicJwk) -> Value {
    let mut jwk = key.to_json();
    if let Some(members) = jwk.as_object_mut() {
        members.retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
    }
    jwk
}

#[cfg(test)]
mod tests;
