//! Key sets (RFC 7517 §5): each `kid` once, at most 100 keys.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{JwkError, KeyUse, PublicJwk};
use crate::jose::json::{JsonError, parse_object};
use crate::limits::KEYS_JSON;

/// Keys in one set.
const MAX_KEYS: usize = 100;

/// A set of public keys, each `kid` once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet(pub Vec<PublicJwk>);

impl JwkSet {
    /// Reads the text of a key set, refusing duplicate members.
    ///
    /// # Errors
    /// As [`JwkSet::from_json`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkError> {
        Self::from_json(&Value::Object(parse_object(bytes, KEYS_JSON)?))
    }

    /// Reads `{ "keys": [..] }`.
    ///
    /// # Errors
    /// [`JwkError`] of the first bad key; one bad key refuses the set.
    pub fn from_json(value: &Value) -> Result<Self, JwkError> {
        let keys = value.get("keys").and_then(Value::as_array).ok_or(JsonError::NotAnObject)?;
        if keys.len() > MAX_KEYS {
            return Err(JwkError::TooMany);
        }
        let keys = keys.iter().map(PublicJwk::from_json).collect::<Result<Vec<_>, _>>()?;
        let mut kids = HashSet::new();
        if !keys.iter().all(|key| kids.insert(key.kid.as_str())) {
            return Err(JwkError::DuplicateKid);
        }
        Ok(Self(keys))
    }

    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.0.iter().map(PublicJwk::to_json).collect::<Vec<_>>() })
    }

    /// The key of a `kid`.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicJwk> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// The valid key for a use with the newest `nbf`; of encryption keys those alone that packets are sealed to
    /// (packet.md, layer 5).
    #[must_use]
    pub fn newest(&self, usage: KeyUse, now: Timestamp) -> Option<&PublicJwk> {
        let fits = |key: &&PublicJwk| key.usage == usage && (usage == KeyUse::Sig || key.alg.seals_packets());
        self.0.iter().filter(fits).filter(|key| key.valid_at(now)).max_by_key(|key| key.not_before)
    }
}
