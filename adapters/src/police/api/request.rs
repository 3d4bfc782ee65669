//! A request: what is asked of which case, on what ground. Signed by the gateway, so that the source knows who asks and can
//! prove it later.

use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::json::parse_object;
use claimgate_packet::jose::jwk::{KeyAlg, PrivateJwk, PublicJwk};
use claimgate_packet::jose::jws::{self, Jws};
use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Item, MOST_REQUEST_BYTES, REQUEST_JSON, REQUEST_TYP, Reason, is_case_number};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Whether a paper exists, in which version (number check).
    Check,
    /// Which papers there are and from which day each is given.
    List,
    /// A paper.
    Fetch,
}

impl Operation {
    /// Where it is asked, under the source's address.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Check => "checks",
            Self::List => "lists",
            Self::Fetch => "papers",
        }
    }
}

/// On what ground a paper is asked for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Which kind.
    pub kind: GroundKind,
    /// The number of the consent or mandate, or the file number of the inquiry.
    pub reference: String,
}

/// A kind of ground. The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum GroundKind {
    /// A party's or interested person's consent (道路交通事故處理辦法 §13).
    Consent,
    /// A mandate (委託書).
    Mandate,
    /// An insurer's own inquiry (強制汽車責任保險法 §4; 承保及理賠作業處理辦法 §17(2)).
    Statutory,
}

impl GroundKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Consent, Self::Mandate, Self::Statutory];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Mandate => "mandate",
            Self::Statutory => "statutory",
        }
    }
}

/// What is signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The gateway.
    pub iss: String,
    /// Party id of the source.
    pub aud: String,
    /// When, in whole seconds since 1970.
    pub iat: i64,
    /// 16 bytes of chance, base64url: 22 characters.
    pub nonce: String,
    /// What is asked.
    pub op: Operation,
    /// Whose record (管轄).
    pub jurisdiction: String,
    /// The police case number (案件編號).
    pub case: String,
    /// The day of the accident, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
    /// The paper; absent for a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
    /// On what ground; absent for a number check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
}

/// A request on its way, and what its answer is held to.
#[derive(Clone)]
pub struct Sent {
    /// What was asked.
    pub request: Request,
    /// The compact JWS.
    pub text: String,
    /// SHA-256 of it, base64url.
    pub digest: String,
}

opaque_debug!(Ground, Request, Sent);

impl Request {
    /// Signs it.
    ///
    /// # Errors
    /// A key that cannot sign.
    pub fn sign(self, key: &PrivateJwk) -> Result<Sent, jws::JwsError> {
        let payload = serde_json::to_vec(&self).map_err(|_| jws::JwsError::Malformed)?;
        let text = jws::sign(&payload, REQUEST_TYP, key)?;
        Ok(Sent { request: self, digest: sha256_text(text.as_bytes()), text })
    }
}

/// Reads a request as a source does: signed by one of the gateway's keys, for this source, of this minute.
///
/// # Errors
/// The first [`Reason`].
pub fn asked(text: &str, keys: &[PublicJwk], (gateway, source): (&str, &str), now: Timestamp) -> Result<Sent, Reason> {
    if text.len() > MOST_REQUEST_BYTES {
        return Err(Reason::TooLarge);
    }
    let jws = Jws::parse(text, Some(REQUEST_TYP), REQUEST_JSON.bytes).map_err(|_| Reason::Form)?;
    let mut signing = keys.iter().filter(|key| matches!(key.alg, KeyAlg::Es256 | KeyAlg::EdDsa) && key.valid_at(now));
    let key = signing.find(|key| key.kid == jws.kid()).ok_or(Reason::UnknownKey)?;
    let payload = jws.verify(key).map_err(|_| Reason::Signature)?;
    let payload = parse_object(&payload, REQUEST_JSON).map_err(|_| Reason::Json)?;
    let request: Request = serde_json::from_value(Value::Object(payload)).map_err(|_| Reason::Json)?;
    if request.iss != gateway || request.aud != source {
        return Err(Reason::Audience);
    }
    if !is_case_number(&request.case) || request.nonce.len() != 22 {
        return Err(Reason::Json);
    }
    if (now.as_second() - request.iat).abs() > 60 {
        return Err(Reason::Stale);
    }
    Ok(Sent { digest: sha256_text(text.as_bytes()), text: text.to_owned(), request })
}
