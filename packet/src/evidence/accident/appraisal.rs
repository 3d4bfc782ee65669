//! Appraisal opinion (鑑定意見書) of a committee for vehicle accidents (車輛行車事故鑑定會), or its review (覆議).
//!
//! 車輛行車事故鑑定及覆議作業辦法 §8. Findings are words (肇事主因, 肇事次因); there is no percentage in the law and none here.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::place::Occurrence;
use crate::opaque_debug;

/// Appraisal opinion (鑑定意見書).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentAppraisal {
    /// Number of the opinion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Which committee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committee: Option<String>,
    /// A review of an earlier opinion (覆議意見書).
    pub review: bool,
    /// Who asked for it (囑託者或申請人).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commissioned_by: Option<String>,
    /// Day of the opinion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// When and where.
    pub occurrence: Occurrence,
    /// The parties and what was found of each.
    pub parties: Vec<AppraisedParty>,
    /// General conditions (一般狀況).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
    /// Course of the accident (肇事經過).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// The analysis (肇事分析).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<AppraisalAnalysis>,
    /// The opinion (鑑定意見) as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
}

/// A party and the finding on it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AppraisedParty {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Licence plate, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// What the committee found, where its opinion says one of the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<AppraisalFinding>,
}

/// The analysis (肇事分析), by the four headings of §8.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AppraisalAnalysis {
    /// Driving behaviour (駕駛行為).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driving: Option<String>,
    /// What supports it (佐證資料).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Right of way (路權歸屬).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right_of_way: Option<String>,
    /// Rules of law (法規依據).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
}

opaque_debug!(AccidentAppraisal, AppraisedParty, AppraisalAnalysis);

/// What a committee finds of a party (§8 II). The list may grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AppraisalFinding {
    /// 肇事原因: the only cause.
    Cause,
    /// 肇事主因.
    MainCause,
    /// 肇事次因.
    SecondaryCause,
    /// 同為肇事原因: equal with another.
    EqualCause,
    /// 無肇事因素.
    NoCause,
    /// A finding of a later list than this build's, kept as its word.
    #[serde(untagged)]
    Unknown(String),
}

opaque_debug!(AppraisalFinding);
