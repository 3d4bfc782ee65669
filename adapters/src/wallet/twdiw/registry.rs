//! The trust registry (信任清單): a snapshot the operator pinned, each issuer bound to one host, demo apart from real.
//!
//! In: the snapshot's JSON, or one answer of the registry. Out: issuers for [`Trust`](crate::wallet::trust::Trust).

use claimgate_packet::jose::json::parse_object;
use serde::Deserialize;
use serde_json::Value;

use super::did;
use crate::wallet::key::Keys;
use crate::wallet::limits::DOCUMENT_JSON;
use crate::wallet::trust::{Domain, Issuer, IssuerKeys, Registered};

/// Issuers of one snapshot.
const MOST: usize = 1000;

/// Why a snapshot cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not the JSON of a snapshot.
    #[error("not a registry snapshot: {{\"issuers\": [{{did, status, host, types, domain, list_keys}}]}}")]
    Malformed,
    /// An issuer's DID has no P-256 key in it, or stands twice under another spelling.
    #[error("issuer {0}: the DID holds no P-256 key, or the key stands twice")]
    Did(usize),
    /// An issuer's host is none.
    #[error("issuer {0}: host is one DNS name, without scheme or port")]
    Host(usize),
    /// More than 1000 issuers.
    #[error("a snapshot has at most 1000 issuers")]
    Count,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    #[serde(default)]
    #[expect(dead_code, reason = "for whoever reads the file")]
    taken_at: Option<String>,
    issuers: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    did: String,
    status: u8,
    host: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for whoever reads the file")]
    name: Option<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    domain: World,
    #[serde(default)]
    list_keys: Option<Value>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum World {
    #[default]
    Production,
    Demo,
}

/// Reads a snapshot. `list_keys` is the key set of the host's `jku`; without it the status of its credentials stays
/// unknown.
///
/// # Errors
/// [`SnapshotError`] with the issuer's position, from 0.
pub fn snapshot(bytes: &[u8]) -> Result<Vec<Issuer>, SnapshotError> {
    let document = parse_object(bytes, DOCUMENT_JSON).map_err(|_| SnapshotError::Malformed)?;
    let read: Snapshot = serde_json::from_value(document.into()).map_err(|_| SnapshotError::Malformed)?;
    if read.issuers.len() > MOST {
        return Err(SnapshotError::Count);
    }
    let mut seen = Vec::new();
    let mut issuers = Vec::new();
    for (place, entry) in read.issuers.into_iter().enumerate() {
        let key = did::key_of(&entry.did).filter(|key| !seen.contains(key)).ok_or(SnapshotError::Did(place))?;
        seen.push(key);
        let host = crate::wallet::trust::host_of(&format!("https://{}", entry.host));
        let host = host.filter(|host| *host == entry.host).ok_or(SnapshotError::Host(place))?;
        let list_keys = match &entry.list_keys {
            None => Keys::default(),
            Some(set) => Keys::from_json(set).ok_or(SnapshotError::Malformed)?,
        };
        let domain = match entry.domain {
            World::Production => Domain::Production,
            World::Demo => Domain::Demo,
        };
        let keys = IssuerKeys::Registered(Registered { status: entry.status, host, list_keys });
        issuers.push(Issuer { id: entry.did, types: entry.types, domain, keys });
    }
    Ok(issuers)
}

/// The status in one answer of the registry's `/api/did/{did}`; `None` where it is for another key or not an answer.
#[must_use]
pub fn status_in(body: &[u8], asked: &str) -> Option<u8> {
    let answer = parse_object(body, DOCUMENT_JSON).ok()?;
    if answer.get("code")?.as_i64()? != 0 {
        return None;
    }
    let data = answer.get("data")?;
    let same = did::key_of(data.get("id")?.as_str()?)? == did::key_of(asked)?;
    same.then_some(())?;
    u8::try_from(data.get("status")?.as_u64()?).ok()
}
