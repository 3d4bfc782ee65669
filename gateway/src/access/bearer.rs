//! Access tokens (RFC 9068): five-minute ES256 JWTs the gateway gives and reads itself. A token may be bound to a key of
//! its bearer (`cnf`, RFC 7800; RFC 9449 §6.1): then it counts only beside a proof of that key.

use claimgate_packet::jose::jwk::PrivateJwk;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::jwt::{self, JwtError};
use super::scope::{Scope, grant, to_text};
use crate::id::RequestId;
use crate::keys::ring::{KeyRing, SigningUse};
use crate::party::{PartyId, Role};

const TYP: &str = "at+jwt";

/// What a token says of its bearer.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The party.
    pub party: PartyId,
    /// The role it had when the token was given.
    pub role: String,
    /// Thumbprint of the key the token is bound to.
    pub jkt: Option<String>,
    scope: String,
}

impl Bearer {
    /// Whether the token carries a scope.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scope.split(' ').any(|word| word == scope.as_str())
    }
}

/// For whom and how long a token is given.
#[derive(Debug)]
pub struct Grant<'a> {
    /// Issuer, which is also the audience.
    pub issuer: &'a str,
    /// The party.
    pub party: &'a PartyId,
    /// Its role.
    pub role: Role,
    /// What it may do.
    pub scopes: &'a [Scope],
    /// From when.
    pub now: Timestamp,
    /// Seconds.
    pub lasts: i64,
    /// Token id.
    pub id: RequestId,
    /// Thumbprint of the key it is bound to.
    pub jkt: Option<&'a str>,
}

/// Gives a token.
///
/// # Errors
/// A key that cannot sign.
pub fn give(key: &PrivateJwk, grant: &Grant<'_>) -> Result<String, JwtError> {
    let now = grant.now.as_second();
    let mut claims = json!({
        "iss": grant.issuer,
        "aud": grant.issuer,
        "sub": grant.party.as_str(),
        "client_id": grant.party.as_str(),
        "role": grant.role.as_str(),
        "scope": to_text(grant.scopes),
        "iat": now,
        "exp": now + grant.lasts,
        "jti": grant.id.to_string(),
    });
    if let (Some(jkt), Some(members)) = (grant.jkt, claims.as_object_mut()) {
        members.insert("cnf".to_owned(), json!({ "jkt": jkt }));
    }
    jwt::write(key, TYP, &claims)
}

/// Reads a token the gateway gave.
///
/// # Errors
/// Anything else, and tokens past their time.
pub fn read(token: &str, ring: &KeyRing, issuer: &str, now: Timestamp, leeway: i64) -> Result<Bearer, JwtError> {
    let unverified = jwt::read(token, &[TYP])?;
    let key = ring
        .keys(SigningUse::Token)
        .iter()
        .map(PrivateJwk::public)
        .find(|key| key.kid == unverified.kid() && key.revoked_at.is_none())
        .ok_or(JwtError::Signature)?;
    let claims = unverified.verify(&key)?;
    claims.exactly("iss", issuer)?;
    claims.exactly("aud", issuer)?;
    claims.times(now, leeway, 900)?;
    let party = claims.text("sub")?.parse().map_err(|_| JwtError::Claim("sub"))?;
    claims.text("jti")?;
    let jkt = match claims.get("cnf") {
        None => None,
        // A binding that cannot be read must not be taken for none.
        Some(cnf) => Some(cnf.get("jkt").and_then(Value::as_str).ok_or(JwtError::Claim("cnf"))?.to_owned()),
    };
    Ok(Bearer { party, role: claims.text("role")?.to_owned(), jkt, scope: claims.text("scope")?.to_owned() })
}

/// The scopes a role may ask for, for discovery documents.
#[must_use]
pub fn supported() -> Vec<&'static str> {
    [Role::Hospital, Role::Insurer, Role::App, Role::Operator]
        .into_iter()
        .flat_map(|role| grant(role, None).unwrap_or_default())
        .map(Scope::as_str)
        .collect()
}
