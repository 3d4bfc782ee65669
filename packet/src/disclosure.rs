//! One disclosure: `base64url(JSON [salt, name, value])`, or `[salt, value]` for an array element (RFC 9901 §4.2).
//!
//! In: a value and a salt, or the text. Out: the text with its digest, or the value. Knows nothing of
//! where the digest stands.

#[cfg(feature = "seal")]
use serde::Serialize;
use serde_json::Value;

use crate::evidence::Evidence;
use crate::jose::json::parse;
use crate::jose::{base64url, digest};
use crate::limits::DISCLOSURE_JSON;

/// A name no disclosed member may have: it would be read as a digest (RFC 9901 §7.1).
pub(crate) fn is_reserved(name: &str) -> bool {
    name == "_sd" || name == "..."
}

/// A disclosure that was read.
pub(crate) struct Disclosure {
    /// SHA-256 of its text, base64url: what stands in the signed part.
    pub(crate) digest: String,
    /// The member's name; `None` for an array element.
    pub(crate) name: Option<String>,
    /// The member's or element's value.
    pub(crate) value: Value,
    /// Evidence that was read at once; `value` is then null.
    pub(crate) evidence: Option<Box<Evidence>>,
}

crate::opaque_debug!(Disclosure);

impl Disclosure {
    /// Reads one; `None` when it is not exactly of one of the two forms, or over its bounds.
    #[cfg(any(feature = "seal", test))]
    pub(crate) fn read(encoded: &str) -> Option<Self> {
        Self::read_at(encoded, |_| false)
    }

    /// The same where `holds_evidence` says of a digest whether evidence stands in its place: that is read at once if it
    /// can be.
    pub(crate) fn read_at(encoded: &str, holds_evidence: impl FnOnce(&str) -> bool) -> Option<Self> {
        if encoded.len() / 4 * 3 > DISCLOSURE_JSON.bytes {
            return None;
        }
        let (digest, json) = (digest::sha256_text(encoded.as_bytes()), base64url::decode(encoded)?);
        if holds_evidence(&digest)
            && let Some(evidence) = Evidence::direct(&json)
            && !is_reserved(&evidence.id)
        {
            let name = Some(evidence.id.clone());
            return Some(Self { digest, name, value: Value::Null, evidence: Some(Box::new(evidence)) });
        }
        let Value::Array(parts) = parse(&json, DISCLOSURE_JSON).ok()? else { return None };
        let mut parts = parts.into_iter();
        let (name, value) = match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            (Value::String(_), Value::String(name), Some(value), None) => (Some(name), value),
            (Value::String(_), value, None, None) => (None, value),
            _ => return None,
        };
        if name.as_deref().is_some_and(is_reserved) {
            return None;
        }
        Some(Self { digest, name, value, evidence: None })
    }

    /// Writes one as JSON; base64url makes it what travels.
    ///
    /// # Errors
    /// As `serde_json`, for a value that cannot be JSON.
    #[cfg(feature = "seal")]
    pub(crate) fn json(salt: &str, name: Option<&str>, value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
        // Room for a document of the usual size, so that the text is not copied while it grows.
        let mut json = Vec::with_capacity(8192);
        match name {
            Some(name) => serde_json::to_writer(&mut json, &(salt, name, value))?,
            None => serde_json::to_writer(&mut json, &(salt, value))?,
        }
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_9901_has_its_digest() {
        // RFC 9901 §4.2.1 and §4.2.3.
        let text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        let disclosure = Disclosure::read(text).unwrap();
        assert_eq!(disclosure.name.as_deref(), Some("family_name"));
        assert_eq!(disclosure.value, Value::from("Möbius"));
        assert_eq!(disclosure.digest, "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
        // RFC 9901 §4.2.2.
        let element = Disclosure::read("WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0").unwrap();
        assert_eq!((element.name, element.value), (None, Value::from("FR")));
        assert_eq!(element.digest, "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs");
    }

    #[test]
    fn other_forms_are_refused() {
        for json in [
            "{}",
            "[]",
            r#"["salt"]"#,
            r#"["salt","name",1,2]"#,
            r#"[1,"name",2]"#,
            r#"["salt",2,3]"#,
            r#"["salt","_sd",[]]"#,
            r#"["salt","...","x"]"#,
            r#"["salt","name",{"a":1,"a":2}]"#,
            "no json",
        ] {
            assert!(Disclosure::read(&base64url::encode(json.as_bytes())).is_none(), "{json}");
        }
    }
}
