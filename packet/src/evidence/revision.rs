//! Note of a revision (異動清單): what a packet changes of the one its recipient had before, document by document.
//!
//! The gateway writes it, for one recipient each; it stands in a packet as evidence does, so that an opener that does not
//! know it opens the packet all the same. It names documents by their ids and says nothing of what is in them.

use serde::{Deserialize, Serialize};

use crate::opaque_debug;
use crate::words::Line;

/// What a packet changes (異動清單).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RevisionNote {
    /// Party id of the recipient it is for.
    pub recipient: String,
    /// In which line (險種).
    pub line: Line,
    /// Id of the packet it is compared with: the newest one the recipient could open.
    pub compared_with: String,
    /// Whether the hospital takes the whole case back (全案作廢): no document of it is left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub voided: bool,
    /// Every document of either packet: those of this one first, then those that are withdrawn.
    pub documents: Vec<RevisedDocument>,
}

/// What became of one document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RevisedDocument {
    /// What became of it.
    pub mark: RevisionMark,
    /// Its evidence type.
    pub kind: String,
    /// Its evidence id in this packet; absent where it is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Its evidence id in the packet compared with; absent where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Why it is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<WithdrawalReason>,
    /// Evidence id in this packet of the document that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// What became of a document. The list may grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RevisionMark {
    /// It was not there before (新增).
    New,
    /// It was there, and says something else now (更正).
    Changed,
    /// It is as it was, or printed again (未變、補印).
    Unchanged,
    /// It counts no more (撤回).
    Withdrawn,
    /// A word of a later list than this build's, kept as it stands.
    #[serde(untagged)]
    Unknown(String),
}

/// Why a document counts no more. The list may grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WithdrawalReason {
    /// A receipt that was cancelled (作廢).
    Cancelled,
    /// A receipt whose money was given back (退費).
    Refunded,
    /// A receipt that was issued again under another number (換發).
    Reissued,
    /// A document that was replaced by a corrected one (更正).
    Amended,
    /// It was entered in error (登錄錯誤).
    EnteredInError,
    /// The hospital's newest revision holds it no more, and says nothing of why (未再附).
    LeftOut,
    /// A word of a later list than this build's, kept as it stands.
    #[serde(untagged)]
    Unknown(String),
}

impl RevisionMark {
    /// The word in packets and interfaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Withdrawn => "withdrawn",
            Self::Unknown(word) => word,
        }
    }
}

impl WithdrawalReason {
    /// Those this build knows.
    pub const KNOWN: [Self; 6] =
        [Self::Cancelled, Self::Refunded, Self::Reissued, Self::Amended, Self::EnteredInError, Self::LeftOut];

    /// The word in packets and interfaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Reissued => "reissued",
            Self::Amended => "amended",
            Self::EnteredInError => "entered-in-error",
            Self::LeftOut => "left-out",
            Self::Unknown(word) => word,
        }
    }

    /// The Chinese term.
    #[must_use]
    pub fn chinese(&self) -> &'static str {
        match self {
            Self::Cancelled => "作廢",
            Self::Refunded => "退費",
            Self::Reissued => "換發",
            Self::Amended => "更正",
            Self::EnteredInError => "登錄錯誤",
            Self::LeftOut => "未再附",
            Self::Unknown(_) => "",
        }
    }

    /// The reason of a word this build knows.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|reason| reason.as_str() == word)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(value: &bool) -> bool {
    !value
}

opaque_debug!(RevisionNote, RevisedDocument, RevisionMark, WithdrawalReason);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_of_a_later_list_opens_and_every_known_one_reads_back() {
        for reason in WithdrawalReason::KNOWN {
            assert!(WithdrawalReason::of(reason.as_str()) == Some(reason.clone()));
            assert_eq!(serde_json::to_value(&reason).unwrap(), json!(reason.as_str()));
        }
        assert!(WithdrawalReason::of("lost").is_none());
        let document: RevisedDocument =
            serde_json::from_value(json!({ "mark": "moved", "kind": "x", "reason": "lost" })).unwrap();
        assert_eq!(document.mark.as_str(), "moved");
        assert_eq!(document.reason.unwrap().as_str(), "lost");
    }
}
