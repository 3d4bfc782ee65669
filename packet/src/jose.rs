//! Strict JOSE: the few forms a packet is written in, and nothing else.
//!
//! In: text and JSON from outsiders. Out: checked values. Knows nothing of claims or evidence; the key
//! decides which algorithm counts, never the header (RFC 8725 §3.1).

pub mod base64url;
pub mod digest;
pub mod json;
pub mod jwk;
pub mod jws;

#[cfg(feature = "open")]
pub mod jwe;

#[cfg(test)]
#[cfg(feature = "open")]
mod wycheproof;
