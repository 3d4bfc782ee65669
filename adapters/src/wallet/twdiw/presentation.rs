//! A TWDIW presentation: a VP as JWS of the holder's key, credentials inside (checks S1 to K6).
//!
//! The VP JWS is the holder's proof: there is no key binding JWT and no `sd_hash`, the disclosures are protected because
//! they stand inside. It is good for thirty days by itself; here it counts only while the session is open.

use jiff::Timestamp;
use serde_json::Value;

use super::{did, vc};
use crate::wallet::credential::Credential;
use crate::wallet::jws::{Compact, seconds};
use crate::wallet::key::PublicKey;
use crate::wallet::limits::{ANSWER_BYTES, ANSWER_JSON, PRESENTATIONS};
use crate::wallet::reason::Reason;
use crate::wallet::sdjwt::SdJwt;
use crate::wallet::trust::Trust;
use crate::wallet::verify::binding::check_nonce;

/// Seconds the wallet's clock may be ahead, or behind the moment it was asked.
const SKEW: i64 = 30;

/// What a request expects of a presentation.
#[derive(Clone, Copy)]
pub struct Presentation<'a> {
    /// The nonce of the request.
    pub nonce: &'a str,
    /// The client id of the request.
    pub audience: &'a str,
    /// The type ids that were asked for; empty for any.
    pub types: &'a [String],
    /// When it was asked: nothing older answers it. None where a file is checked.
    pub opened_at: Option<Timestamp>,
}

claimgate_packet::opaque_debug!(Presentation<'_>);

/// Verifies a presentation; its credentials in their order, which the submission refers to.
///
/// # Errors
/// The first [`Reason`], in the order of the checks.
pub fn verify(
    text: &str,
    expected: &Presentation<'_>,
    trust: &Trust,
    now: Timestamp,
) -> Result<Vec<Credential>, Reason> {
    if text.len() > ANSWER_BYTES {
        return Err(Reason::VpTokenMalformed);
    }
    let jwt = Compact::parse(text, ANSWER_JSON).ok_or(Reason::VpTokenMalformed)?;
    if !jwt.has_typ(&["JWT"]) {
        return Err(Reason::KeyBindingTyp);
    }
    jwt.check_algorithm()?;
    let inside = jwt.payload.get("vp").and_then(|vp| vp.get("verifiableCredential")).and_then(Value::as_array);
    let inside = inside.filter(|inside| (1..=PRESENTATIONS).contains(&inside.len()));
    let inside = inside.and_then(|inside| inside.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let mut credentials = Vec::new();
    for text in inside.ok_or(Reason::VpTokenMalformed)? {
        credentials.push(vc::verify(text, expected.types, trust, now)?);
    }
    let holder = one_holder(&credentials)?;
    check_holder(&jwt, holder)?;
    check_term(&jwt, expected.opened_at, now)?;
    check_nonce(jwt.text("nonce"), expected.nonce)?;
    if jwt.text("aud") != Some(expected.audience) {
        return Err(Reason::AudienceMismatch);
    }
    Ok(credentials)
}

/// Verifies one credential without a presentation: a file, in a test or at the desk. It proves no holder.
///
/// # Errors
/// The first [`Reason`].
pub fn verify_credential(text: &str, trust: &Trust, now: Timestamp) -> Result<Credential, Reason> {
    SdJwt::parse(text)?;
    vc::verify(text, &[], trust, now)
}

fn one_holder(credentials: &[Credential]) -> Result<&PublicKey, Reason> {
    let mut keys = credentials.iter().map(|one| one.holder.as_ref());
    let first = keys.next().flatten().ok_or(Reason::KeyBindingMissing)?;
    if keys.all(|key| key == Some(first)) { Ok(first) } else { Err(Reason::HolderKeyMismatch) }
}

/// Check K2: the key of the header and of the DIDs is the credentials', and it signed.
fn check_holder(jwt: &Compact<'_>, holder: &PublicKey) -> Result<(), Reason> {
    let of_header = jwt.header.get("jwk").map(PublicKey::from_padded_jwk);
    let of_dids = ["iss", "sub"].map(|name| jwt.text(name).map(did::key_of));
    let same = |found: &Option<PublicKey>| found.as_ref() == Some(holder);
    if !of_header.iter().chain(of_dids.iter().flatten()).all(same) {
        return Err(Reason::HolderKeyMismatch);
    }
    if jwt.verified_by(holder) { Ok(()) } else { Err(Reason::KeyBindingSignatureInvalid) }
}

/// Check K4: made after it was asked, and neither ahead of the clock nor at its end.
fn check_term(jwt: &Compact<'_>, opened_at: Option<Timestamp>, now: Timestamp) -> Result<(), Reason> {
    let date = |name: &str| seconds(&jwt.payload, name).ok().flatten().ok_or(Reason::KeyBindingStale);
    let (from, until, now) = (date("nbf")?, date("exp")?, now.as_second());
    if from > now + SKEW {
        return Err(Reason::KeyBindingFuture);
    }
    if until <= now || opened_at.is_some_and(|opened| from < opened.as_second() - SKEW) {
        return Err(Reason::KeyBindingStale);
    }
    Ok(())
}
