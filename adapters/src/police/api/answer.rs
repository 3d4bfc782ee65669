//! An answer: what the source says of a request, signed over the exact body. Nothing unsigned is believed; a status without a
//! signature says at most that it is to be asked again.

use claimgate_packet::jose::json::parse_object;
use claimgate_packet::jose::jwk::{KeyAlg, KeyUse, PrivateJwk, PublicJwk};
use claimgate_packet::jose::jws::{self, Jws};
use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paper::Paper;
use super::{ANSWER_JSON, ANSWER_TYP, Item, MOST_BYTES, Operation, Reason, Sent};

/// How old an answer may be.
const OLDEST: SignedDuration = SignedDuration::from_mins(5);
/// How far the source's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);
/// Papers in a list.
const MOST_LISTED: usize = 32;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What was asked for is in the answer.
    Found,
    /// There is no such case or paper.
    Unknown,
    /// It is not given yet; `from` says from which day, where the source knows.
    NotYet,
    /// It is not given while a criminal investigation goes on (偵查不公開).
    Withheld,
    /// The record is of another jurisdiction, which `jurisdiction` names.
    Elsewhere,
    /// Not on this ground.
    Refused,
}

impl Outcome {
    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Found => 200,
            Self::Unknown => 404,
            Self::NotYet | Self::Withheld => 409,
            Self::Elsewhere => 421,
            Self::Refused => 403,
        }
    }
}

/// A paper of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Which.
    pub item: Item,
    /// How it stands.
    pub state: PaperState,
    /// From which day it is given, in Taiwan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Its version, from 1, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// SHA-256 of that version, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// How a paper stands at its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaperState {
    /// It can be fetched.
    Available,
    /// Not yet.
    NotYet,
    /// Not while a criminal investigation goes on.
    Withheld,
    /// There will be none.
    None,
}

/// What is signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Party id of the source.
    pub iss: String,
    /// The gateway.
    pub aud: String,
    /// When, in whole seconds since 1970.
    pub iat: i64,
    /// The nonce of the request.
    pub nonce: String,
    /// SHA-256 of the request's compact JWS, base64url.
    pub request: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose record it is, where another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
    /// From which day it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The papers of the case, or the one that was checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Listed>,
    /// The paper that was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
}

opaque_debug!(Answer);

/// What an answer is held to.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// Party id of the source.
    pub source: &'a str,
    /// Its registered keys.
    pub keys: &'a [PublicJwk],
    /// The request.
    pub sent: &'a Sent,
    /// The present.
    pub now: Timestamp,
}

opaque_debug!(Expected<'_>);

impl Answer {
    /// An answer to a request, with nothing in it yet.
    #[must_use]
    pub fn to(sent: &Sent, outcome: Outcome, now: Timestamp) -> Self {
        Self {
            iss: sent.request.aud.clone(),
            aud: sent.request.iss.clone(),
            iat: now.as_second(),
            nonce: sent.request.nonce.clone(),
            request: sent.digest.clone(),
            outcome,
            jurisdiction: None,
            from: None,
            papers: Vec::new(),
            paper: None,
        }
    }

    /// Signs it.
    ///
    /// # Errors
    /// A key that cannot sign.
    pub fn sign(&self, key: &PrivateJwk) -> Result<String, jws::JwsError> {
        let payload = serde_json::to_vec(self).map_err(|_| jws::JwsError::Malformed)?;
        jws::sign(&payload, ANSWER_TYP, key)
    }
}

/// Verifies an answer: bounded, signed with ES256 by a registered key, from this source for this gateway, to this very
/// request, of these minutes, and whole.
///
/// # Errors
/// The first [`Reason`], in the order of [`Reason::ALL`].
pub fn read(status: u16, body: &[u8], expected: &Expected<'_>) -> Result<Answer, Reason> {
    if body.len() > MOST_BYTES {
        return Err(Reason::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| Reason::Form)?.trim_ascii_end();
    let jws = Jws::parse(text, Some(ANSWER_TYP), ANSWER_JSON.bytes).map_err(|_| Reason::Form)?;
    let mut keys = expected.keys.iter().filter(|key| key.usage == KeyUse::Sig && key.valid_at(expected.now));
    let key = keys.find(|key| key.kid == jws.kid()).ok_or(Reason::UnknownKey)?;
    if key.alg != KeyAlg::Es256 {
        return Err(Reason::Algorithm);
    }
    let payload = jws.verify(key).map_err(|_| Reason::Signature)?;
    let payload = parse_object(&payload, ANSWER_JSON).map_err(|_| Reason::Json)?;
    let answer: Answer = serde_json::from_value(Value::Object(payload)).map_err(|_| Reason::Json)?;
    let request = &expected.sent.request;
    let checks = [
        (answer.papers.len() <= MOST_LISTED, Reason::Json),
        (answer.iss == expected.source, Reason::Issuer),
        (answer.aud == request.iss, Reason::Audience),
        (answer.nonce == request.nonce && answer.request == expected.sent.digest, Reason::Request),
        (is_fresh(answer.iat, expected.now), Reason::Stale),
        (answer.outcome.status() == status, Reason::Status),
        (holds_what_was_asked(&answer, request.op, request.item), Reason::Item),
    ];
    checks.into_iter().try_for_each(|(holds, reason)| if holds { Ok(()) } else { Err(reason) })?;
    if let Some(paper) = &answer.paper {
        paper.check()?;
    }
    Ok(answer)
}

fn is_fresh(iat: i64, now: Timestamp) -> bool {
    Timestamp::from_second(iat).is_ok_and(|at| now.duration_since(at) <= OLDEST && at.duration_since(now) <= AHEAD)
}

fn holds_what_was_asked(answer: &Answer, op: Operation, item: Option<Item>) -> bool {
    let (paper, listed) = (answer.paper.as_ref(), answer.papers.as_slice());
    match (answer.outcome, op) {
        (Outcome::Found, Operation::Fetch) => paper.is_some_and(|paper| Some(paper.item) == item),
        (Outcome::Found, Operation::Check) => {
            paper.is_none() && matches!(listed, [one] if Some(one.item) == item && one.version.is_some())
        }
        (Outcome::Elsewhere, _) => paper.is_none() && answer.jurisdiction.is_some(),
        _ => paper.is_none(),
    }
}
