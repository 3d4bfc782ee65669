//! Access tokens (RFC 9068): five-minute ES256 JWTs the gateway gives and reads itself. A token may be bound (`cnf`, RFC
//! 7800) to a key of its bearer (RFC 9449 §6.1): then it counts only beside a proof of that key; or to a client
//! certificate (RFC 8705 §3.1): then it counts only on a connection that showed it; or to both.

use claimgate_packet::jose::jwk::PrivateJwk;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::jwt::{self, JwtError, Members, Verified};
use super::scope::{Scope, grant, to_text};
use crate::id::RequestId;
use crate::keys::ring::{KeyRing, SigningUse};
use crate::party::{PartyId, Role};

const TYP: &str = "at+jwt";
/// Member of `cnf`: thumbprint of a key.
const KEY: &str = "jkt";
/// Member of `cnf`: thumbprint of a certificate.
const CERTIFICATE: &str = "x5t#S256";

/// What a token says of its bearer.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The party.
    pub party: PartyId,
    /// The role it had when the token was given.
    pub role: String,
    /// Thumbprint of the key the token is bound to.
    pub jkt: Option<String>,
    /// Thumbprint of the client certificate the token is bound to.
    pub x5t: Option<String>,
    /// Until when it counts.
    pub expires: Timestamp,
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
    /// Thumbprint of the client certificate it is bound to.
    pub x5t: Option<&'a str>,
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
    let bound = [(KEY, grant.jkt), (CERTIFICATE, grant.x5t)];
    let cnf: Members = bound.into_iter().filter_map(|(name, print)| Some((name.to_owned(), print?.into()))).collect();
    if let Some(members) = claims.as_object_mut().filter(|_| !cnf.is_empty()) {
        members.insert("cnf".to_owned(), Value::Object(cnf));
    }
    jwt::write(key, TYP, &claims)
}

/// Reads a token the gateway gave.
///
/// # Errors
/// Anything else, and tokens past their time.
pub fn read(
    token: &str,
    (ring, verified): (&KeyRing, &Verified),
    issuer: &str,
    now: Timestamp,
    leeway: i64,
) -> Result<Bearer, JwtError> {
    let unverified = jwt::read(token, &[TYP])?;
    let key = ring
        .keys(SigningUse::Token)
        .iter()
        .map(PrivateJwk::public)
        .find(|key| key.kid == unverified.kid() && key.revoked_at.is_none())
        .ok_or(JwtError::Signature)?;
    let claims = unverified.verify_once(&key, verified)?;
    claims.exactly("iss", issuer)?;
    claims.exactly("aud", issuer)?;
    claims.times(now, leeway, 900)?;
    let party = claims.text("sub")?.parse().map_err(|_| JwtError::Claim("sub"))?;
    claims.text("jti")?;
    let (jkt, x5t) = bound(claims.get("cnf")).ok_or(JwtError::Claim("cnf"))?;
    let expires = claims.get("exp").and_then(Value::as_i64).and_then(|at| Timestamp::from_second(at).ok());
    let expires = expires.ok_or(JwtError::Claim("exp"))?;
    let (role, scope) = (claims.text("role")?.to_owned(), claims.text("scope")?.to_owned());
    Ok(Bearer { party, role, jkt, x5t, expires, scope })
}

/// What a token is bound to. A binding that cannot be read must not be taken for none.
fn bound(cnf: Option<&Value>) -> Option<(Option<String>, Option<String>)> {
    let Some(cnf) = cnf else { return Some((None, None)) };
    let (mut jkt, mut x5t) = (None, None);
    for (name, print) in cnf.as_object().filter(|members| !members.is_empty())? {
        match name.as_str() {
            KEY => jkt = Some(print.as_str()?.to_owned()),
            CERTIFICATE => x5t = Some(print.as_str()?.to_owned()),
            _ => return None,
        }
    }
    Some((jkt, x5t))
}

/// The scopes a role may ask for, for discovery documents.
#[must_use]
pub fn supported() -> Vec<&'static str> {
    let mut all: Vec<&'static str> = Vec::new();
    for role in [Role::Hospital, Role::Insurer, Role::App, Role::Police, Role::Operator] {
        for scope in grant(role, None).unwrap_or_default() {
            if !all.contains(&scope.as_str()) {
                all.push(scope.as_str());
            }
        }
    }
    all
}
