//! What an insurer says of a case beside its state, sealed in one: its number, a note, policies, whom to ask.

use claimgate_adapters::insurer::decision::{Handler, PolicyFound};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Fault, Status};
use crate::core::submission::SubmissionState;
use crate::id::SubmissionId;
use crate::keys::at_rest::{ClaimKey, Place};

/// As it stands in the database, under the claim's key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Detail {
    /// The insurer's own case number (受理編號).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was found of policies (保單).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyFound>,
    /// Whom to ask (承辦窗口).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<Handler>,
    /// The day all papers were there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_on: Option<Date>,
}

claimgate_packet::opaque_debug!(Detail);

impl Detail {
    pub(super) fn open(key: &ClaimKey, id: SubmissionId, sealed: Option<&[u8]>) -> Result<Self, Fault> {
        let Some(sealed) = sealed else { return Ok(Self::default()) };
        let row = id.to_string();
        serde_json::from_slice(&key.open(place(&row), sealed)?).map_err(|_| Fault::Stored("submission"))
    }

    /// Sealed, where this report changes it.
    pub(super) fn merged(self, key: &ClaimKey, id: SubmissionId, status: &Status) -> Result<Option<Vec<u8>>, Fault> {
        let mut after = self.clone();
        after.number = status.number.clone().or(after.number);
        after.note = status.note.clone().or(after.note);
        after.handler = status.handler.clone().or(after.handler);
        if let Some(policies) = &status.policies {
            after.policies.clone_from(policies);
        }
        // What is asked for is missing: no term runs until the insurer says that all is there.
        if status.state == SubmissionState::SupplementRequested {
            after.complete_on = None;
        }
        after.complete_on = status.complete_on.or(after.complete_on);
        if after == self {
            return Ok(None);
        }
        let (row, plain) = (id.to_string(), serde_json::to_vec(&after).map_err(|_| Fault::Stored("submission"))?);
        Ok(Some(key.seal(place(&row), &plain)?))
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "submission", row, column: "detail" }
}
