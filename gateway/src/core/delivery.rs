//! Delivery (傳送): packet × recipient with a life of its own.

use std::str::FromStr;

use serde_json::Value;

use crate::keys::index::{BlindIndex, Mac};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits to be pulled.
    Ready,
    /// Acknowledged by the recipient (簽收).
    Acknowledged,
    /// Taken back before it left; stays as a tombstone.
    Withdrawn,
}

/// A word that is no state: the row is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such delivery state")]
pub struct UnknownState;

impl DeliveryState {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Acknowledged => "acknowledged",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Ok(match text {
            "ready" => Self::Ready,
            "acknowledged" => Self::Acknowledged,
            "withdrawn" => Self::Withdrawn,
            _ => return Err(UnknownState),
        })
    }
}

/// A keyed digest of what a recipient gets, whatever ids and times surround it: equal digests of two revisions
/// mean that nothing changed for this recipient, so that the new manifest does not name it.
///
/// In: schema and document of each evidence, the document without the fields the recipient does not get. What is
/// withheld is no content: a change in it makes no delivery, and a policy that gives more or less of it does.
#[must_use]
pub fn content_digest<'a>(index: &BlindIndex, granted: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Mac {
    let mut parts: Vec<Vec<u8>> =
        granted.into_iter().map(|(schema, document)| format!("{schema} {document}").into_bytes()).collect();
    parts.sort();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    index.exact("delivery.content", &parts)
}
