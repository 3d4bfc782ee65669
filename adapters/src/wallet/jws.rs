//! A compact JWS as issuers and wallets write it: header and payload read, the signature not yet verified.
//!
//! The packet's own form allows three header members; here a header also carries `jwk`, `x5c` or `jku`. None of them
//! decides which key counts: the caller does.

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::json::{Limits, parse_object};
use claimgate_packet::opaque_debug;
use serde_json::{Map, Value};

use super::key::PublicKey;
use super::limits::HEADER_JSON;
use super::reason::Reason;

/// A JWS in three parts.
pub(super) struct Compact<'a> {
    input: &'a str,
    signature: Vec<u8>,
    /// The protected header.
    pub(super) header: Map<String, Value>,
    /// The payload, a JSON object.
    pub(super) payload: Map<String, Value>,
}

opaque_debug!(Compact<'_>);

impl<'a> Compact<'a> {
    /// Reads three parts of strict base64url, JSON objects without a member twice; `None` for anything else.
    pub(super) fn parse(text: &'a str, limits: Limits) -> Option<Self> {
        let (input, signature) = text.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let longest = |bytes: usize| bytes / 3 * 4 + 4;
        if header.len() > longest(HEADER_JSON.bytes) || payload.len() > longest(limits.bytes) || signature.len() > 128 {
            return None;
        }
        Some(Self {
            input,
            header: parse_object(&base64url::decode(header)?, HEADER_JSON).ok()?,
            payload: parse_object(&base64url::decode(payload)?, limits).ok()?,
            signature: base64url::decode(signature)?,
        })
    }

    /// A text of the header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A text of the payload.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.payload.get(name)?.as_str()
    }

    /// Whether `typ` is one of some, and no extension must be understood (RFC 7515 §4.1.11).
    pub(super) fn has_typ(&self, known: &[&str]) -> bool {
        self.header("typ").is_some_and(|typ| known.contains(&typ)) && self.is_plain()
    }

    /// Whether no extension must be understood to read it.
    pub(super) fn is_plain(&self) -> bool {
        !self.header.contains_key("crit") && !self.header.contains_key("b64")
    }

    /// The one algorithm: never `none`, never a symmetric one.
    pub(super) fn check_algorithm(&self) -> Result<(), Reason> {
        if self.header("alg") == Some("ES256") { Ok(()) } else { Err(Reason::AlgNotAllowed) }
    }

    /// Whether a key made the signature.
    pub(super) fn verified_by(&self, key: &PublicKey) -> bool {
        key.verifies(self.input.as_bytes(), &self.signature)
    }
}

/// A `NumericDate` (RFC 7519 §2), in whole seconds. `Err` where it is there and none.
pub(super) fn seconds(payload: &Map<String, Value>, name: &str) -> Result<Option<i64>, ()> {
    match payload.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().filter(|seconds| *seconds >= 0).map(Some).ok_or(()),
    }
}
