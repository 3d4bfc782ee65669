//! A party's own statement of an accident (當事人陳述), as it opens a claim with it. Nobody has verified it.

use serde::{Deserialize, Serialize};

use super::place::Occurrence;
use crate::opaque_debug;

/// Statement of a party (當事人陳述): when, where, which vehicles, and whether the police recorded it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentStatement {
    /// When and where, as the party says.
    pub occurrence: Occurrence,
    /// What the party is in the accident.
    pub standing: Standing,
    /// Whether the police recorded it, as the party says.
    pub record: PoliceRecord,
    /// The vehicles the party names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vehicles: Vec<StatedVehicle>,
    /// What happened, in the party's words (事故經過).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What somebody is in an accident (身分). The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// 當事人: a driver, rider or pedestrian.
    Party,
    /// 乘客.
    Passenger,
    /// 車主.
    Owner,
    /// 繼承人.
    Heir,
    /// 法定代理人.
    Representative,
    /// 保險人, by its own inquiry.
    Insurer,
}

/// Whether the police recorded an accident (報案紀錄). Where nobody is hurt, parties may settle at the scene: then there is
/// none (道路交通事故處理辦法 §3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PoliceRecord {
    /// Whether there is a record.
    pub exists: bool,
    /// Whose (管轄): an ISO 3166-2 code such as `TW-TPE`, `highway-police` or `military-police`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
    /// The police case number (案件編號).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// A vehicle a party names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatedVehicle {
    /// Licence plate (車牌號碼), as written.
    pub plate: String,
    /// Whether the party was in it, or it is the party's.
    pub own: bool,
}

opaque_debug!(AccidentStatement, PoliceRecord, StatedVehicle);
