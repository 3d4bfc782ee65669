//! Keys a party publishes at a URL (`jwks_url`): what such a document says, how long it counts, and who is fetching it.
//!
//! In: bytes and headers that somebody else fetched. Out: keys for signatures, each under its `kid`. Keys for packets are
//! not taken from here: packets are sealed to what an operator approved.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claimgate_packet::jose::json::{JsonError, Limits, parse_object};
use claimgate_packet::jose::jwk::{JwkError, KeyAlg, KeyUse, PublicJwk};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use tokio::sync::Mutex as Turn;

use crate::sender::SendError;

/// The largest document read.
pub const MOST_BYTES: usize = 64 << 10;
/// The longest keys that were fetched count while the URL does not answer.
pub const STALE: SignedDuration = SignedDuration::from_hours(24);
/// The least time between two tries.
pub const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// Keys in one document.
const MOST_KEYS: usize = 50;
const DOCUMENT: Limits = Limits { bytes: MOST_BYTES, depth: 8, members: 4_096 };
/// How long a document counts: what its `Cache-Control` says, within these bounds.
const LIFE: (i64, i64) = (60, 3_600);
/// Where it says nothing.
const USUAL_LIFE: i64 = 300;

/// Why what a URL answers is no key set. No text repeats a value of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishedError {
    /// It is not reached.
    #[error("{0}")]
    Send(#[from] SendError),
    /// The URL may not be asked.
    #[error("the URL is not one that may be asked")]
    Address,
    /// Another status than 200; redirects are not followed.
    #[error("it answers {0}, not 200; redirects are not followed")]
    Status(u16),
    /// Another kind of document.
    #[error("its Content-Type is neither application/json nor application/jwk-set+json")]
    ContentType,
    /// No JSON within the bounds.
    #[error("it is no key set: {0}")]
    Json(#[from] JsonError),
    /// More keys than read.
    #[error("it has more than 50 keys")]
    TooMany,
    /// A private key lies open.
    #[error("it publishes a private or symmetric key: no key of it counts, and that one is to be replaced")]
    Private,
    /// One `kid`, two keys.
    #[error("two of its keys for signatures have the same kid")]
    Twice,
    /// Nothing to prove oneself by.
    #[error("it has no key for signatures that can be used here")]
    Empty,
}

/// Reads a document: the keys for signatures that can be used here. Others are left out (RFC 7517 §5); a key that names
/// neither `alg` nor `use` is one for signatures, an RSA key without `alg` is for `rsa`.
///
/// # Errors
/// See [`PublishedError`].
pub fn read(body: &[u8], rsa: KeyAlg) -> Result<Vec<PublicJwk>, PublishedError> {
    let document = parse_object(body, DOCUMENT)?;
    let all = document.get("keys").and_then(Value::as_array).ok_or(JsonError::NotAnObject)?;
    if all.len() > MOST_KEYS {
        return Err(PublishedError::TooMany);
    }
    let mut keys = Vec::new();
    for one in all.iter().filter_map(Value::as_object) {
        match PublicJwk::from_json(&Value::Object(completed(one, rsa))) {
            Ok(key) if key.usage == KeyUse::Sig => keys.push(key),
            Err(JwkError::PrivateMember) => return Err(PublishedError::Private),
            _ => {}
        }
    }
    let mut kids = HashSet::new();
    if !keys.iter().all(|key| kids.insert(key.kid.as_str())) {
        return Err(PublishedError::Twice);
    }
    if keys.is_empty() { Err(PublishedError::Empty) } else { Ok(keys) }
}

fn completed(key: &Map<String, Value>, rsa: KeyAlg) -> Map<String, Value> {
    let mut key = key.clone();
    let is_rsa = key.get("kty").and_then(Value::as_str) == Some("RSA");
    if !key.contains_key("alg") && !key.contains_key("use") {
        key.insert("use".to_owned(), KeyUse::Sig.as_str().into());
    }
    let signs = key.get("use").is_none_or(|usage| usage == KeyUse::Sig.as_str());
    if is_rsa && signs && !key.contains_key("alg") {
        key.insert("alg".to_owned(), rsa.as_str().into());
    }
    key
}

/// Whether a `Content-Type` is that of a key set.
#[must_use]
pub fn is_key_set(content_type: Option<&str>) -> bool {
    let kind = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    ["application/json", "application/jwk-set+json"].iter().any(|known| known.eq_ignore_ascii_case(kind))
}

/// How long a document counts by its `Cache-Control` (RFC 9111 §5.2.2): a minute to an hour, five minutes where it says
/// nothing.
#[must_use]
pub fn life(cache_control: Option<&str>) -> SignedDuration {
    let (least, most) = LIFE;
    let words: Vec<String> =
        cache_control.unwrap_or_default().split(',').map(|word| word.trim().to_lowercase()).collect();
    let seconds = if words.iter().any(|word| word == "no-store" || word == "no-cache") {
        least
    } else {
        let age = words.iter().find_map(|word| word.strip_prefix("max-age="));
        age.map_or(USUAL_LIFE, |age| age.trim_matches('"').parse().unwrap_or(least))
    };
    SignedDuration::from_secs(seconds.clamp(least, most))
}

/// A document that was fetched and read.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its keys for signatures.
    pub keys: Vec<PublicJwk>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// Until when it is not asked for again, unless a key is missing.
    pub fresh_until: Timestamp,
}

impl Kept {
    /// Whether its keys still count although nothing newer could be had.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        now < self.fetched_at.saturating_add(STALE).unwrap_or(Timestamp::MAX)
    }
}

/// What is known of one party's URL.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The URL it is of.
    pub url: String,
    /// The last good document.
    pub kept: Option<Arc<Kept>>,
    /// The last try, good or not.
    pub tried_at: Option<Timestamp>,
}

impl Known {
    /// Whether the last try is too recent for another.
    #[must_use]
    pub fn rests(&self, now: Timestamp) -> bool {
        self.tried_at.is_some_and(|at| at <= now && now < at.saturating_add(PAUSE).unwrap_or(Timestamp::MAX))
    }
}

/// One party's place.
#[derive(Debug, Default)]
pub struct Slot {
    /// Held by who fetches: one at a time.
    pub turn: Arc<Turn<()>>,
    known: Mutex<Option<Known>>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of this URL; nothing where it has not been looked at since the start.
    #[must_use]
    pub fn known(&self, url: &str) -> Option<Known> {
        self.lock().clone().filter(|known| known.url == url)
    }

    /// Keeps what the database holds, unless more has become known meanwhile; what counts then.
    #[must_use]
    pub fn remember(&self, known: Known) -> Known {
        let mut place = self.lock();
        match &*place {
            Some(newer) if newer.url == known.url => newer.clone(),
            _ => place.insert(known).clone(),
        }
    }

    /// Keeps what is known.
    pub fn keep(&self, known: Known) {
        *self.lock() = Some(known);
    }
}

/// All parties' places, by party id.
#[derive(Debug, Default)]
pub struct PublishedKeys(Mutex<HashMap<String, Arc<Slot>>>);

impl PublishedKeys {
    /// A party's place.
    #[must_use]
    pub fn of(&self, party: &str) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(party.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests;
