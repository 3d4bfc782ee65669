//! The gateway's published packet keys: `/.well-known/claim-packet-keys`.
//!
//! In: `{ "issuer": "https://..", "keys": [jwk ..] }`, each key ES256 or EdDSA with `nbf`, `exp`, `revoked_at` as
//! whole seconds since 1970 (`NumericDate`). Out: keys found by `kid`.

use serde_json::{Value, json};

use crate::jose::json::{JsonError, parse_object};
use crate::jose::jwk::{JwkError, JwkSet, PublicJwk};
use crate::limits::KEYS_JSON;
use crate::manifest::is_text;

/// The keys of one gateway that may sign packets. Retired and revoked ones stay listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKeys {
    issuer: String,
    keys: JwkSet,
}

impl TrustedKeys {
    /// Trusts these keys for this issuer.
    #[must_use]
    pub fn new(issuer: String, keys: Vec<PublicJwk>) -> Self {
        Self { issuer, keys: JwkSet(keys) }
    }

    /// Reads the text of the published document, refusing duplicate members.
    ///
    /// # Errors
    /// As [`TrustedKeys::from_json`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkError> {
        Self::from_json(&Value::Object(parse_object(bytes, KEYS_JSON)?))
    }

    /// Reads the published document.
    ///
    /// # Errors
    /// [`JwkError`]; [`JwkError::Algorithm`] for a key that is neither ES256 nor EdDSA.
    pub fn from_json(value: &Value) -> Result<Self, JwkError> {
        let issuer = value.get("issuer").and_then(Value::as_str).filter(|issuer| is_text(issuer));
        let keys = JwkSet::from_json(value)?;
        if keys.0.iter().all(|key| key.alg.signs_packets()) {
            Ok(Self { issuer: issuer.ok_or(JsonError::Malformed)?.to_owned(), keys })
        } else {
            Err(JwkError::Algorithm)
        }
    }

    /// The document as it is published.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "issuer": self.issuer, "keys": self.keys.0.iter().map(PublicJwk::to_json).collect::<Vec<_>>() })
    }

    /// The issuer the keys are trusted for.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys.0
    }

    /// The packet key of a `kid`.
    pub(crate) fn find(&self, kid: &str) -> Option<&PublicJwk> {
        self.keys.find(kid).filter(|key| key.alg.signs_packets())
    }
}
