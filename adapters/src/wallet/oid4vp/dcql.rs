//! The query of a request (DCQL, OpenID4VP 1.0 §6): which credentials, which claims of them, which values.
//!
//! The gateway writes queries and reads them from its configuration; `check` refuses what no wallet could answer.

use std::collections::HashSet;

use claimgate_packet::opaque_debug;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub mod evaluate;

/// The one format that is verified.
pub const SD_JWT_VC: &str = "dc+sd-jwt";

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// What may be presented.
    pub credentials: Vec<CredentialQuery>,
    /// Which combinations are enough; without any, every credential is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_sets: Vec<CredentialSet>,
}

/// One credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialQuery {
    /// Its name in the answer.
    pub id: String,
    /// Its format.
    pub format: String,
    /// Whether several may be presented.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multiple: bool,
    /// What the format asks for: `vct_values`.
    pub meta: Map<String, Value>,
    /// Issuers that are taken, by `aki` (HAIP) and others; judged by the registry here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_authorities: Vec<Value>,
    /// Whether the holder proves the key.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub require_cryptographic_holder_binding: bool,
    /// Which claims; none asks for those that are always disclosed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimQuery>,
    /// Which combinations of claims are enough, the best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_sets: Vec<Vec<String>>,
}

/// One claim.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimQuery {
    /// Its name in `claim_sets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The way to it.
    pub path: Vec<PathElement>,
    /// The values that are taken; none for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

// Its values may be a person's.
opaque_debug!(ClaimQuery);

/// One step of a path (§7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathElement {
    /// The member of an object.
    Name(String),
    /// The element of an array, from 0.
    Index(u64),
    /// Every element of an array.
    All,
}

/// A set of combinations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSet {
    /// The combinations, each of credential ids.
    pub options: Vec<Vec<String>>,
    /// Whether one of them is needed.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub required: bool,
}

/// Why a query cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No credentials, too many, or too many claims.
    #[error("a query has 1 to 16 credentials with at most 64 claims each")]
    Count,
    /// An id is absent, twice there, or has other characters.
    #[error("id {0}: ids are letters, digits, _ and -, and each stands once")]
    Id(String),
    /// An id that is referred to is not there.
    #[error("id {0} is referred to and not there")]
    Dangling(String),
    /// A format nobody verifies here.
    #[error("credential {0}: the format must be dc+sd-jwt, with meta.vct_values")]
    Format(String),
    /// A path without elements, or a value that is no text, whole number or truth value.
    #[error("credential {0}: a path has elements, values are texts, whole numbers, true or false")]
    Claim(String),
}

impl Query {
    /// Whether it can be asked and its answer verified.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn check(&self) -> Result<(), QueryError> {
        if !(1..=16).contains(&self.credentials.len()) || self.credentials.iter().any(|one| one.claims.len() > 64) {
            return Err(QueryError::Count);
        }
        let ids = unique(self.credentials.iter().map(|one| one.id.as_str()))?;
        for credential in &self.credentials {
            if credential.format != SD_JWT_VC || credential.vct_values().is_empty() {
                return Err(QueryError::Format(credential.id.clone()));
            }
            credential.check_claims()?;
        }
        let mut named = self.credential_sets.iter().flat_map(|set| set.options.iter().flatten());
        named.try_for_each(|id| known(&ids, id))
    }

    /// The credential query of an id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&CredentialQuery> {
        self.credentials.iter().find(|one| one.id == id)
    }
}

impl CredentialQuery {
    /// The types that are taken.
    #[must_use]
    pub fn vct_values(&self) -> Vec<String> {
        let values = self.meta.get("vct_values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    fn check_claims(&self) -> Result<(), QueryError> {
        let value = |value: &Value| value.is_string() || value.is_i64() || value.is_u64() || value.is_boolean();
        let sound = |claim: &ClaimQuery| !claim.path.is_empty() && claim.values.iter().all(value);
        if !self.claims.iter().all(sound) {
            return Err(QueryError::Claim(self.id.clone()));
        }
        let ids = unique(self.claims.iter().filter_map(|claim| claim.id.as_deref()))?;
        self.claim_sets.iter().flatten().try_for_each(|id| known(&ids, id))
    }
}

fn unique<'a>(ids: impl Iterator<Item = &'a str>) -> Result<HashSet<&'a str>, QueryError> {
    let mut seen = HashSet::new();
    for id in ids {
        let fits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !fits || !seen.insert(id) {
            return Err(QueryError::Id(id.to_owned()));
        }
    }
    Ok(seen)
}

fn known(ids: &HashSet<&str>, id: &str) -> Result<(), QueryError> {
    if ids.contains(id) { Ok(()) } else { Err(QueryError::Dangling(id.to_owned())) }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_false(value: &bool) -> bool {
    !*value
}
