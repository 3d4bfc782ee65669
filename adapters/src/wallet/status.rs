//! Whether a credential still counts: references out of it, lists handed in, and one of three outcomes.
//!
//! *Unknown* is an outcome of its own: it holds a claim and never passes nor refuses it. Fetching lists, and keeping
//! them until [`List::refresh_after`], is the caller's; a list whose address is not [`Reference::fetchable`] is never
//! fetched.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::reason::{Effect, Reason};
use super::trust::host_of;

pub mod list;
pub mod list2021;
pub mod token;

pub use list::{Form, List};

/// What a `StatusList2021` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A set bit means revoked.
    Revocation,
    /// A set bit means suspended.
    Suspension,
}

impl Purpose {
    /// The word in credentials and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A Token Status List.
    Token,
    /// A `StatusList2021`.
    List2021(Purpose),
}

/// One entry of one list, as a credential names it; it may be kept, to be looked up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Which kind of list.
    pub kind: Kind,
    /// The list's address.
    pub uri: String,
    /// The entry, from 0.
    pub index: u64,
    /// Whether the address is https and, for TWDIW, at the issuer's pinned host: any other is never fetched.
    pub fetchable: bool,
}

impl Reference {
    /// Reads `status.status_list` (Token Status List §6.2); none where there is no `status`.
    pub(super) fn of_token(claims: &Map<String, Value>) -> Result<Vec<Self>, Reason> {
        let Some(status) = claims.get("status") else { return Ok(Vec::new()) };
        let entry = status.get("status_list").ok_or(Reason::StatusMalformed)?;
        let index = entry.get("idx").and_then(Value::as_u64).ok_or(Reason::StatusMalformed)?;
        let uri = entry.get("uri").and_then(Value::as_str).ok_or(Reason::StatusMalformed)?;
        Ok(vec![Self { kind: Kind::Token, uri: uri.to_owned(), index, fetchable: host_of(uri).is_some() }])
    }

    /// Reads `vc.credentialStatus`, one entry or several (TWDIW); none where there is none.
    pub(super) fn of_2021(status: Option<&Value>, host: &str) -> Result<Vec<Self>, Reason> {
        let entries = match status {
            None => return Ok(Vec::new()),
            Some(Value::Array(entries)) if entries.len() <= 4 => entries.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            Some(_) => return Err(Reason::StatusMalformed),
        };
        entries.iter().map(|entry| Self::entry(entry, host).ok_or(Reason::StatusMalformed)).collect()
    }

    fn entry(entry: &Value, host: &str) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let purpose = match text("statusPurpose")? {
            "revocation" => Purpose::Revocation,
            "suspension" => Purpose::Suspension,
            _ => return None,
        };
        let index = text("statusListIndex").filter(|index| index.bytes().all(|byte| byte.is_ascii_digit()))?;
        let uri = text("statusListCredential").filter(|_| text("type") == Some("StatusList2021Entry"))?;
        Some(Self {
            kind: Kind::List2021(purpose),
            uri: uri.to_owned(),
            index: index.parse().ok()?,
            fetchable: host_of(uri).is_some_and(|found| found == host),
        })
    }
}

/// What the status lists say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every list says valid, or the issuer keeps none.
    Valid,
    /// Revoked, suspended, or named an entry that is not there.
    Refused(Reason),
    /// Nobody can say: the claim waits.
    Unknown(Reason),
}

/// A list as the caller has it: read, or why not ([`Reason::StatusUnavailable`] where it could not be fetched).
pub type Kept<'a> = Result<&'a List, Reason>;

/// Looks every reference up. One refusal decides; otherwise one unknown does.
///
/// `find` hands out the list of a reference.
pub fn outcome<'a>(references: &[Reference], find: impl Fn(&Reference) -> Kept<'a>, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::Valid;
    for reference in references {
        match one(reference, &find, now) {
            Ok(()) => {}
            Err(reason) if reason.effect() == Effect::Refuse && reason != Reason::StatusMalformed => {
                return Outcome::Refused(reason);
            }
            Err(reason) => outcome = Outcome::Unknown(reason),
        }
    }
    outcome
}

fn one<'a>(reference: &Reference, find: impl Fn(&Reference) -> Kept<'a>, now: Timestamp) -> Result<(), Reason> {
    if !reference.fetchable {
        return Err(Reason::StatusUntrusted);
    }
    let list = find(reference)?;
    if list.uri != reference.uri || list.kind() != reference.kind {
        return Err(Reason::StatusMismatch);
    }
    if !list.counts_at(now) {
        return Err(Reason::StatusStale);
    }
    let value = list.get(reference.index).ok_or(Reason::StatusIndexOutOfRange)?;
    match (reference.kind, value) {
        (_, 0) => Ok(()),
        (Kind::Token, 1) | (Kind::List2021(Purpose::Revocation), _) => Err(Reason::CredentialRevoked),
        (Kind::Token, 2) | (Kind::List2021(Purpose::Suspension), _) => Err(Reason::CredentialSuspended),
        (Kind::Token, _) => Err(Reason::StatusUnknown),
    }
}
