//! Delivery (傳送): packet × recipient with a life of its own.

use std::str::FromStr;

use claimgate_packet::evidence::Evidence;

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
/// # Errors
/// A document that cannot be JSON.
pub fn content_digest<'a>(
    index: &BlindIndex,
    granted: impl IntoIterator<Item = &'a Evidence>,
) -> Result<Mac, serde_json::Error> {
    let mut parts = Vec::new();
    for evidence in granted {
        parts.push(format!("{} {}", evidence.document.schema(), evidence.document.to_json()?).into_bytes());
    }
    parts.sort();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(index.exact("delivery.content", &parts))
}
