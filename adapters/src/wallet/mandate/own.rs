//! A mandate its mandator signed with the own wallet's key (委託人自行簽署), instead of an issuer everybody trusts.
//!
//! In: the credential, and the key another credential of the mandator is bound to. Out: the verified credential. Whose key that
//! is, and whether it is the mandator's, is the caller's to prove first: the mandate by itself says it of anybody.

use serde_json::Value;

use super::Mandate;
use super::terms::Level;
use crate::wallet::credential::Credential;
use crate::wallet::jws::Compact;
use crate::wallet::key::{Keys, PublicKey};
use crate::wallet::limits::PAYLOAD_JSON;
use crate::wallet::reason::Reason;
use crate::wallet::sdjwt::SdJwt;
use crate::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use crate::wallet::twdiw::did;
use crate::wallet::verify::{Expected, verify};

/// What an issuer's name begins with that is a key by its thumbprint (RFC 9278), the key standing in the header.
const THUMBPRINT: &str = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";
/// The level a mandator's own signature has, whatever the mandate says of itself.
const LEVEL: &str = "wallet_key_only";

/// Whom a credential names as its issuer; nothing is verified.
#[must_use]
pub fn issuer_of(text: &str) -> Option<String> {
    let parts = SdJwt::parse(text).ok()?;
    Compact::parse(parts.jwt, PAYLOAD_JSON)?.text("iss").map(str::to_owned)
}

/// The issuer and key of a mandate that names a key as its issuer: a `did:key`, or a thumbprint (RFC 9278) with the key in
/// the header. None for every other issuer. Nothing is verified.
#[must_use]
pub fn signer(text: &str) -> Option<(String, PublicKey)> {
    let parts = SdJwt::parse(text).ok()?;
    let jwt = Compact::parse(parts.jwt, PAYLOAD_JSON)?;
    let id = jwt.text("iss")?.to_owned();
    let key = match id.strip_prefix(THUMBPRINT) {
        Some(thumbprint) => PublicKey::from_jwk(jwt.header.get("jwk")?).filter(|key| key.thumbprint() == thumbprint),
        None => did::key_of(&id),
    };
    Some((id, key?))
}

/// Verifies a mandate with the key it names, and puts it at the level such a signature has.
///
/// # Errors
/// The first [`Reason`]; [`Reason::MandateIssuerUntrusted`] where it binds its mandator to another key.
pub fn verify_own(
    text: &str,
    (id, key): (&str, &PublicKey),
    expected: &Expected<'_>,
    domain: Domain,
    now: jiff::Timestamp,
) -> Result<Credential, Reason> {
    let keys = IssuerKeys::Published(Keys::one(key.clone()));
    let own = Issuer { id: id.to_owned(), types: Vec::new(), domain, keys };
    let mut credential = verify(text, expected, &Trust { issuers: vec![own], domain }, now)?;
    let mandate = Mandate::read(&credential)?;
    if mandate.mandator.key_thumbprint.is_some_and(|named| named != key.thumbprint()) {
        return Err(Reason::MandateIssuerUntrusted);
    }
    if mandate.assurance.level > Level::WalletKeyOnly
        && let Some(level) = credential.claims.get_mut("mandate").and_then(|one| one.pointer_mut("/assurance/level"))
    {
        *level = Value::from(LEVEL);
    }
    Ok(credential)
}
