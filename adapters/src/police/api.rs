//! Our police API (docs/police-api.md): no public one exists, so this is the form a police source is asked to speak.
//!
//! In: what is asked for, and an answer's bytes with the source's registered keys. Out: a signed request, and an answer that
//! was verified against it or one coded reason. Requests and answers are compact JWS; an answer is bound to its request by
//! nonce and digest. Must not know: claims, recipients, when to ask again.

use std::str::FromStr;

use claimgate_packet::evidence;
use claimgate_packet::jose::json::Limits;
use serde::{Deserialize, Serialize};

mod answer;
mod paper;
mod reason;
mod request;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Expected, Listed, Outcome, PaperState, read};
pub use paper::{Paper, PaperFile, digest, document};
pub use reason::Reason;
pub use request::{Ground, GroundKind, Operation, Request, Sent, asked};

/// The `typ` of a request.
pub const REQUEST_TYP: &str = "police-request+jws";
/// The `typ` of an answer.
pub const ANSWER_TYP: &str = "police-answer+jws";
/// The media type of both.
pub const MEDIA_TYPE: &str = "application/jose";
/// Bytes of the largest answer.
pub const MOST_BYTES: usize = 24 << 20;
/// Bytes of the largest request.
pub const MOST_REQUEST_BYTES: usize = 16 << 10;
const ANSWER_JSON: Limits = Limits { bytes: MOST_BYTES, depth: 6, members: 2_000 };
const REQUEST_JSON: Limits = Limits { bytes: MOST_REQUEST_BYTES, depth: 4, members: 64 };

/// A paper that can be asked for: its evidence type. The police's own report is none, it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// 登記聯單.
    AccidentRegistrationSlip,
    /// 現場圖.
    AccidentSceneSketch,
    /// 現場照片.
    AccidentScenePhotos,
    /// 初步分析研判表.
    AccidentPreliminaryAnalysis,
}

impl Item {
    /// All of them, in the order in which they are released.
    pub const ALL: [Self; 4] = [
        Self::AccidentRegistrationSlip,
        Self::AccidentSceneSketch,
        Self::AccidentScenePhotos,
        Self::AccidentPreliminaryAnalysis,
    ];

    /// The evidence type.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccidentRegistrationSlip => evidence::ACCIDENT_REGISTRATION_SLIP,
            Self::AccidentSceneSketch => evidence::ACCIDENT_SCENE_SKETCH,
            Self::AccidentScenePhotos => evidence::ACCIDENT_SCENE_PHOTOS,
            Self::AccidentPreliminaryAnalysis => evidence::ACCIDENT_PRELIMINARY_ANALYSIS,
        }
    }

    /// The official term.
    #[must_use]
    pub fn chinese(self) -> &'static str {
        match self {
            Self::AccidentRegistrationSlip => "登記聯單",
            Self::AccidentSceneSketch => "現場圖",
            Self::AccidentScenePhotos => "現場照片",
            Self::AccidentPreliminaryAnalysis => "初步分析研判表",
        }
    }
}

/// A word that is no paper that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no paper that can be asked for")]
pub struct UnknownItem;

impl FromStr for Item {
    type Err = UnknownItem;

    fn from_str(word: &str) -> Result<Self, UnknownItem> {
        Self::ALL.into_iter().find(|item| item.as_str() == word).ok_or(UnknownItem)
    }
}

/// Whether a text is a number of a police case (案件編號): 1 to 40 letters, digits and hyphens.
#[must_use]
pub fn is_case_number(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
