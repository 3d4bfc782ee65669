//! Client assertions (`private_key_jwt`, RFC 7523): how a party proves itself at the token endpoint.
//!
//! SMART Backend Services wants `aud` = the token URL and ES384 or RS384; FAPI 2.0 wants `aud` = the issuer and ES256,
//! EdDSA or PS256.
//! Which rule holds is a property of the registered party, never of the token.

use claimgate_packet::jose::jwk::{KeyAlg, PublicJwk};
use jiff::Timestamp;

use super::jwt::{self, JwtError, Unverified};
use crate::party::{AuthProfile, Party};

/// The longest an assertion may be valid, in seconds (SMART Backend Services §5.3, FAPI 2.0).
const LONGEST: i64 = 300;

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What an accepted assertion says.
#[derive(Debug)]
pub struct Proof {
    /// Its id: to be used once.
    pub jti: String,
    /// Its end.
    pub expires: Timestamp,
}

/// Where assertions are sent.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// Issuer identifier.
    pub issuer: &'a str,
    /// Token URL.
    pub token_url: &'a str,
}

/// Reads an assertion; gives the client id it claims, to find the party by.
///
/// # Errors
/// A form or header that is never accepted.
pub fn read(assertion: &str) -> Result<(Unverified<'_>, String), JwtError> {
    let unverified = jwt::read(assertion, &["JWT", "client-authentication+jwt"])?;
    let client = unverified.hint("sub").ok_or(JwtError::Claim("sub"))?.to_owned();
    Ok((unverified, client))
}

/// What keys a profile takes (SMART Backend Services §5.3; FAPI 2.0 Security Profile §5.4.1). Which one counts for an
/// assertion is the registered key's to say, never its header's.
#[must_use]
pub fn algorithms(profile: AuthProfile) -> &'static [KeyAlg] {
    match profile {
        AuthProfile::Smart => &[KeyAlg::Es384, KeyAlg::Rs384],
        AuthProfile::Fapi => &[KeyAlg::Es256, KeyAlg::EdDsa, KeyAlg::Ps256],
    }
}

/// The algorithm of an RSA key that does not name one: a profile takes one alone.
#[must_use]
pub fn rsa_algorithm(profile: AuthProfile) -> KeyAlg {
    match profile {
        AuthProfile::Smart => KeyAlg::Rs384,
        AuthProfile::Fapi => KeyAlg::Ps256,
    }
}

/// Checks an assertion against the registered party it names, with the party's key of the `kid` it names, if there is one.
///
/// # Errors
/// A foreign key, a wrong audience or algorithm, times out of bounds, a missing claim.
pub fn check(
    unverified: Unverified<'_>,
    party: &Party,
    key: Option<&PublicJwk>,
    endpoint: Endpoint<'_>,
    now: Timestamp,
    leeway: i64,
) -> Result<Proof, JwtError> {
    let key = key.ok_or(JwtError::Signature)?;
    let audience = match party.auth() {
        AuthProfile::Smart => endpoint.token_url,
        AuthProfile::Fapi => endpoint.issuer,
    };
    if !algorithms(party.auth()).contains(&key.alg) {
        return Err(JwtError::Signature);
    }
    let claims = unverified.verify(key)?;
    claims.exactly("iss", party.id.as_str())?;
    claims.exactly("sub", party.id.as_str())?;
    claims.exactly("aud", audience)?;
    let expires = claims.times(now, leeway, LONGEST)?;
    let jti = claims.text("jti")?;
    if !(8..=128).contains(&jti.len()) || !jti.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(JwtError::Claim("jti"));
    }
    Ok(Proof { jti: jti.to_owned(), expires })
}
