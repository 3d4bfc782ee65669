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
        let mut part = format!("{} {}", evidence.document.schema(), evidence.document.to_json()?);
        // Files by content, whatever their ids and order.
        let mut files: Vec<&str> = evidence.attachments.iter().map(|file| file.digest.as_str()).collect();
        files.sort_unstable();
        for file in files {
            part.push(' ');
            part.push_str(file);
        }
        parts.push(part.into_bytes());
    }
    parts.sort();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(index.exact("delivery.content", &parts))
}

#[cfg(test)]
mod tests {
    use claimgate_packet::evidence::{Attachment, Document, Source, Verification};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::id::Random;
    use crate::keys::master::MasterKey;

    fn evidence(id: &str, files: &[(&str, &[u8])]) -> Evidence {
        let at = Timestamp::UNIX_EPOCH;
        let (method, result) = ("authenticated-channel".to_owned(), "accepted".to_owned());
        Evidence {
            id: id.to_owned(),
            source: Source { party: "hospital-a".to_owned(), form: "test".to_owned() },
            obtained: at,
            verified: Verification { method, result, at, key: None },
            attachments: files.iter().map(|(id, file)| Attachment::of((*id).to_owned(), "image/png", file)).collect(),
            document: Document::from_json("moon-rock", "moon-rock/1", json!({ "grams": "2.5" })).unwrap(),
        }
    }

    #[test]
    fn what_a_recipient_gets_is_its_files_by_content() {
        let index = BlindIndex::new(&MasterKey::generate(&Random::system()));
        let digest = |files| content_digest(&index, &[evidence("evd_1", files)]).unwrap();
        let none = digest(&[]);
        // What was delivered before there were files compares as it did.
        assert_eq!(none, index.exact("delivery.content", &[br#"moon-rock/1 {"grams":"2.5"}"#]));
        let both = digest(&[("att_1", b"one"), ("att_2", b"two")]);
        assert_eq!(both, digest(&[("att_9", b"two"), ("att_8", b"one")]));
        assert_eq!(
            both,
            content_digest(&index, &[evidence("evd_2", &[("att_1", b"one"), ("att_2", b"two")])]).unwrap()
        );
        for other in [digest(&[("att_1", b"one")]), digest(&[("att_1", b"one"), ("att_2", b"tw0")]), none] {
            assert_ne!(both, other);
        }
    }
}
