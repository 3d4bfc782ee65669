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
    /// Given back by its recipient as not its own (退件); stays as a tombstone.
    Returned,
}

/// The mark that a delivery has left. It stands before the first byte goes, so that nothing takes the delivery back
/// meanwhile; until somebody knows that a byte went, it is a mark of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// An attempt is to begin. One that finds the mark of another moves it on: then neither can take it away.
    Begins,
    /// Its bytes go out with the answer; nothing else may have happened to the delivery.
    Goes,
    /// Its bytes went out.
    Went,
    /// It was marked by this attempt at that time, and no byte of it went out.
    Stayed,
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
            Self::Returned => "returned",
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
            "returned" => Self::Returned,
            _ => return Err(UnknownState),
        })
    }
}

/// What a recipient gets of one evidence document.
#[derive(Debug)]
pub struct Content<'a> {
    /// The document's schema.
    pub schema: &'a str,
    /// The document, without what is withheld.
    pub document: &'a Value,
    /// SHA-256 of each file that goes with it, base64url.
    pub files: Vec<&'a str>,
}

/// A keyed digest of what a recipient gets, whatever ids and times surround it: equal digests of two revisions
/// mean that nothing changed for this recipient, so that the new manifest does not name it.
///
/// In: schema and document of each evidence, the document without the fields the recipient does not get, and the digests
/// of the files it gets with it. What is withheld is no content: a change in it makes no delivery, and a policy that
/// gives more or less of it does.
#[must_use]
pub fn content_digest<'a>(index: &BlindIndex, granted: impl IntoIterator<Item = Content<'a>>) -> Mac {
    let mut parts = Vec::new();
    for Content { schema, document, mut files } in granted {
        let mut part = format!("{schema} {document}");
        // Files by content, whatever their ids and order.
        files.sort_unstable();
        for file in files {
            part.push(' ');
            part.push_str(file);
        }
        parts.push(part.into_bytes());
    }
    parts.sort();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    index.exact("delivery.content", &parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::Random;
    use crate::keys::master::MasterKey;

    #[test]
    fn what_a_recipient_gets_is_its_documents_and_its_files_by_content() {
        let index = BlindIndex::new(&MasterKey::generate(&Random::system()));
        let document = json!({ "grams": "2.5" });
        let digest = |files: &[&'static str]| {
            content_digest(&index, [Content { schema: "moon-rock/1", document: &document, files: files.to_vec() }])
        };
        let none = digest(&[]);
        // What was delivered before there were files compares as it did.
        assert_eq!(none, index.exact("delivery.content", &[br#"moon-rock/1 {"grams":"2.5"}"#]));
        let both = digest(&["one", "two"]);
        assert_eq!(both, digest(&["two", "one"]));
        for other in [digest(&["one"]), digest(&["one", "tw0"]), none] {
            assert_ne!(both, other);
        }
    }
}
