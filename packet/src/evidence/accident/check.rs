//! What a check of a police paper at its source found (查證回條): by whom, when, of which version, until when it is relied on.
//!
//! It says that a paper exists and holds nothing of the paper. The gateway's signature over the same is in `receipt`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::opaque_debug;

/// A verification receipt of a police paper (警方文件查證回條).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentPaperCheck {
    /// The accident in the gateway, `acc_` + UUIDv7.
    pub accident: String,
    /// The paper: its evidence type, for example `accident-registration-slip`.
    pub paper: String,
    /// Whose record it is (管轄): an ISO 3166-2 code such as `TW-TPE`, `highway-police` or `military-police`.
    pub jurisdiction: String,
    /// Party id of the police source that answered; `mydata` where a data provider behind MyData signed the paper.
    pub source: String,
    /// How it was checked: `police-api`, `number-check` of its number alone, or `mydata`.
    pub method: String,
    /// What was found.
    pub result: CheckResult,
    /// The source's version of the paper, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// SHA-256 of the paper as the source signed it (docs/police-api.md), or of the provider's archive, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// SHA-256 of the source's signed answer, or of MyData's package, base64url: what it was checked against.
    pub answer: String,
    /// When it was checked (UTC), in whole seconds.
    pub checked_at: Timestamp,
    /// Until when it is relied on without asking again (UTC), in whole seconds.
    pub valid_until: Timestamp,
    /// The gateway's signature over all of this: a compact JWS, `typ` `police-check+jws`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// What a check found. The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// The source signed this very version.
    Authentic,
    /// The source has another version by now.
    Superseded,
    /// The source has no such paper.
    NotFound,
}

opaque_debug!(AccidentPaperCheck);
