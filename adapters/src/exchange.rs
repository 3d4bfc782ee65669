//! A signed question to a partner and its signed answer (compact JWS), as the police API has them: bound to one another by nonce
//! and digest, so that neither can stand for another.
//!
//! In: what is asked, an answer's bytes with the partner's registered keys. Out: a question that can be proved later, an answer that
//! counts or one coded reason. Must not know: what is asked.

use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::json::{Limits, parse_object};
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk, PublicJwk};
use claimgate_packet::jose::jws::{self, Jws};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::police::api::Reason;

/// The media type of question and answer.
pub const MEDIA_TYPE: &str = "application/jose";
/// Bytes of the largest question or answer.
pub const MOST_BYTES: usize = 64 << 10;
const JSON: Limits = Limits { bytes: MOST_BYTES, depth: 6, members: 1_000 };
/// Characters of a nonce: 16 bytes, base64url.
const NONCE: usize = 22;
/// How old an answer may be, and how far a clock may be ahead.
const OLDEST: SignedDuration = SignedDuration::from_mins(5);
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// Whose form it is: the `typ` of questions and that of answers.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Of a question.
    pub question: &'static str,
    /// Of an answer.
    pub answer: &'static str,
}

/// What is signed of a question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question<T> {
    /// The gateway.
    pub iss: String,
    /// Party id of the partner.
    pub aud: String,
    /// When, in whole seconds since 1970.
    pub iat: i64,
    /// 16 bytes of chance, base64url.
    pub nonce: String,
    /// What is asked.
    pub ask: T,
}

/// A question on its way, and what its answer is held to.
#[derive(Clone)]
pub struct Sent<T> {
    /// What was asked.
    pub question: Question<T>,
    /// The compact JWS.
    pub text: String,
    /// SHA-256 of it, base64url.
    pub digest: String,
}

/// What is signed of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer<T> {
    /// Party id of the partner.
    pub iss: String,
    /// The gateway.
    pub aud: String,
    /// When, in whole seconds since 1970.
    pub iat: i64,
    /// The nonce of the question.
    pub nonce: String,
    /// SHA-256 of the question's compact JWS, base64url.
    pub question: String,
    /// What is answered.
    pub answer: T,
}

impl<T> std::fmt::Debug for Question<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question(..)")
    }
}

impl<T> std::fmt::Debug for Sent<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sent(..)")
    }
}

impl<T> std::fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(..)")
    }
}

impl<T: Serialize> Question<T> {
    /// Signs it.
    ///
    /// # Errors
    /// A key that cannot sign.
    pub fn sign(self, form: Form, key: &PrivateJwk) -> Result<Sent<T>, jws::JwsError> {
        let payload = serde_json::to_vec(&self).map_err(|_| jws::JwsError::Malformed)?;
        let text = jws::sign(&payload, form.question, key)?;
        Ok(Sent { question: self, digest: sha256_text(text.as_bytes()), text })
    }
}

impl<T: Serialize> Answer<T> {
    /// An answer to a question.
    #[must_use]
    pub fn to<Q>(sent: &Sent<Q>, answer: T, now: Timestamp) -> Self {
        Self {
            iss: sent.question.aud.clone(),
            aud: sent.question.iss.clone(),
            iat: now.as_second(),
            nonce: sent.question.nonce.clone(),
            question: sent.digest.clone(),
            answer,
        }
    }

    /// Signs it.
    ///
    /// # Errors
    /// A key that cannot sign.
    pub fn sign(&self, form: Form, key: &PrivateJwk) -> Result<String, jws::JwsError> {
        let payload = serde_json::to_vec(self).map_err(|_| jws::JwsError::Malformed)?;
        jws::sign(&payload, form.answer, key)
    }
}

/// Reads a question as a partner does: signed by one of the gateway's keys, for this partner, of this minute.
///
/// # Errors
/// The first [`Reason`].
pub fn asked<T: DeserializeOwned>(
    text: &str,
    form: Form,
    keys: &[PublicJwk],
    (gateway, partner): (&str, &str),
    now: Timestamp,
) -> Result<Sent<T>, Reason> {
    let jws = jws_of(text, form.question)?;
    let signs = |key: &&PublicJwk| matches!(key.alg, KeyAlg::Es256 | KeyAlg::EdDsa) && key.valid_at(now);
    let key = keys.iter().filter(signs).find(|key| key.kid == jws.kid()).ok_or(Reason::UnknownKey)?;
    let question: Question<T> = payload(jws, key)?;
    let checks = [
        (question.iss == gateway && question.aud == partner, Reason::Audience),
        (question.nonce.len() == NONCE, Reason::Json),
        ((now.as_second() - question.iat).abs() <= 60, Reason::Stale),
    ];
    checks.into_iter().try_for_each(|(holds, reason)| if holds { Ok(()) } else { Err(reason) })?;
    Ok(Sent { digest: sha256_text(text.as_bytes()), text: text.to_owned(), question })
}

/// What an answer is held to.
#[derive(Clone, Copy)]
pub struct Expected<'a, Q> {
    /// Its form.
    pub form: Form,
    /// The partner's registered keys.
    pub keys: &'a [PublicJwk],
    /// The question.
    pub sent: &'a Sent<Q>,
    /// The present.
    pub now: Timestamp,
}

impl<Q> std::fmt::Debug for Expected<'_, Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expected(..)")
    }
}

/// Verifies an answer: bounded, signed with ES256 by a registered key, by whom the question was for, to this very question, of
/// these minutes.
///
/// # Errors
/// The first [`Reason`].
pub fn read<Q, A: DeserializeOwned>(status: u16, body: &[u8], expected: &Expected<'_, Q>) -> Result<A, Reason> {
    let text = std::str::from_utf8(body).map_err(|_| Reason::Form)?.trim_ascii_end();
    let jws = jws_of(text, expected.form.answer)?;
    let mut keys = expected.keys.iter().filter(|key| key.usage == KeyUse::Sig && key.valid_at(expected.now));
    let key = keys.find(|key| key.kid == jws.kid()).ok_or(Reason::UnknownKey)?;
    if key.alg != KeyAlg::Es256 {
        return Err(Reason::Algorithm);
    }
    let answer: Answer<A> = payload(jws, key)?;
    let question = &expected.sent.question;
    let checks = [
        (answer.iss == question.aud, Reason::Issuer),
        (answer.aud == question.iss, Reason::Audience),
        (answer.nonce == question.nonce && answer.question == expected.sent.digest, Reason::Request),
        (is_fresh(answer.iat, expected.now), Reason::Stale),
        (status == 200, Reason::Status),
    ];
    checks.into_iter().try_for_each(|(holds, reason)| if holds { Ok(()) } else { Err(reason) })?;
    Ok(answer.answer)
}

fn jws_of<'a>(text: &'a str, typ: &str) -> Result<Jws<'a>, Reason> {
    if text.len() > MOST_BYTES {
        return Err(Reason::TooLarge);
    }
    Jws::parse(text, Some(typ), MOST_BYTES).map_err(|_| Reason::Form)
}

fn payload<T: DeserializeOwned>(jws: Jws<'_>, key: &PublicJwk) -> Result<T, Reason> {
    let payload = jws.verify(key).map_err(|_| Reason::Signature)?;
    let payload = parse_object(&payload, JSON).map_err(|_| Reason::Json)?;
    serde_json::from_value(Value::Object(payload)).map_err(|_| Reason::Json)
}

fn is_fresh(iat: i64, now: Timestamp) -> bool {
    Timestamp::from_second(iat).is_ok_and(|at| now.duration_since(at) <= OLDEST && at.duration_since(now) <= AHEAD)
}
