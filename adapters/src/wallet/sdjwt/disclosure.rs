//! One disclosure (RFC 9901 §4.2): `[salt, name, value]` under `_sd`, `[salt, value]` in an array.

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::jose::json::parse;
use serde_json::Value;

use crate::wallet::limits::DISCLOSURE_JSON;
use crate::wallet::reason::Reason;

/// A disclosure, read.
pub(super) struct Disclosure {
    /// The digest of its text, base64url.
    pub(super) digest: String,
    /// The claim's name; none for an array element.
    pub(super) name: Option<String>,
    /// The claim's value.
    pub(super) value: Value,
}

impl Disclosure {
    /// Reads one.
    pub(super) fn parse(text: &str) -> Result<Self, Reason> {
        let bytes = base64url::decode(text).ok_or(Reason::DisclosureInvalid)?;
        let parts = parse(&bytes, DISCLOSURE_JSON).map_err(|_| Reason::DisclosureInvalid)?;
        let Value::Array(parts) = parts else { return Err(Reason::DisclosureInvalid) };
        let digest = sha256_text(text.as_bytes());
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::String(_)), Some(value), None, None) => Ok(Self { digest, name: None, value }),
            (Some(Value::String(_)), Some(Value::String(name)), Some(value), None) if !is_reserved(&name) => {
                Ok(Self { digest, name: Some(name), value })
            }
            _ => Err(Reason::DisclosureInvalid),
        }
    }
}

/// Names no claim may have.
pub(super) fn is_reserved(name: &str) -> bool {
    name == "_sd" || name == "..."
}
