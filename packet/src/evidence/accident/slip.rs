//! Registration slip (道路交通事故當事人登記聯單), handed to the parties at the scene: 道路交通事故處理辦法 §13(1).

use serde::{Deserialize, Serialize};

use super::place::{Occurrence, PoliceUnit};
use crate::opaque_debug;

/// Registration slip (登記聯單): time, place, each party with telephone and plate, the handling unit. No cause, no injury.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentRegistrationSlip {
    /// Number of the paper, or the police case number (案件編號) it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When and where.
    pub occurrence: Occurrence,
    /// Who handled it (處理單位).
    pub unit: PoliceUnit,
    /// The parties in the order of the slip.
    pub parties: Vec<SlipParty>,
}

/// A party on a slip.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SlipParty {
    /// Its place in the police's order, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Licence plate (車牌號碼), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
}

opaque_debug!(AccidentRegistrationSlip, SlipParty);
