//! Signed calls: a recipient's request that changes state (an acknowledgement 簽收, a status, a redrive) and its registered
//! keys → who signed it and what makes it count once.
//!
//! The token says who calls; the signature says, later and to anyone, that this very call was made by who holds the key.
//! It covers the token too, so that it cannot be moved to another. Must not know: what was used before, what the call does.

use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::jwk::PublicJwk;
use jiff::{SignedDuration, Timestamp};

use super::{Push, SourceKey, http};

/// A nonce is remembered until no signature that holds it could count any more.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(7);

/// A call whose signature verified. Whether it was used before is the store's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCall {
    /// The registered key's id.
    pub key: String,
    /// Digest of key and nonce: to be used once.
    pub nonce: String,
    /// After this it is stale anyway.
    pub expires: Timestamp,
    /// SHA-256 of the signature base, base64url: what the audit trail says of it.
    pub digest: String,
}

/// Why a signed call is refused. The text says what does not fit and how to sign instead; it repeats no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CallRefused(&'static str);

/// Checks the signature of a call with the caller's registered keys; `None` where it has none.
///
/// # Errors
/// [`CallRefused`] where one is there and does not verify.
pub fn check_call(
    call: &Push<'_>,
    keys: &[PublicJwk],
    further: &[SourceKey],
    now: Timestamp,
) -> Result<Option<SignedCall>, CallRefused> {
    let registered = keys.iter().filter(|key| key.valid_at(now)).filter_map(SourceKey::from_jwk);
    let keys: Vec<SourceKey> = registered.chain(further.iter().cloned()).collect();
    let Some(verified) = http::verify_call(call, &keys, now) else { return Ok(None) };
    let verified = verified.map_err(|fault| CallRefused(fault.text()))?;
    let nonce = verified.nonce.unwrap_or_default();
    Ok(Some(SignedCall {
        nonce: sha256_text(format!("{} {nonce}", verified.key).as_bytes()),
        key: verified.key,
        expires: verified.signed_at + REMEMBERED,
        digest: sha256_text(verified.base.as_bytes()),
    }))
}
