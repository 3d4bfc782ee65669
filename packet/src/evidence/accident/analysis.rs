//! Preliminary analysis (道路交通事故初步分析研判表), 30 days after the accident: 道路交通事故處理辦法 §13(3).
//!
//! The police's first view of possible causes, for reference only: no apportionment of fault.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::code::PoliceCode;
use super::place::{Occurrence, PoliceUnit};
use crate::opaque_debug;

/// Preliminary analysis (初步分析研判表): what each party may have caused.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentPreliminaryAnalysis {
    /// Number of the paper, or the police case number (案件編號) it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When and where.
    pub occurrence: Occurrence,
    /// Who handled it (處理單位).
    pub unit: PoliceUnit,
    /// Day of the analysis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysed_on: Option<Date>,
    /// The parties in the order of the paper.
    pub parties: Vec<AnalysedParty>,
    /// What the police say of its use (僅供參考).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What the police think of one party.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnalysedParty {
    /// Its place in the police's order, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Licence plate, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// Kind of vehicle or person (當事者區分).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<PoliceCode>,
    /// Possible causes (初步研判), by code where the paper has codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<PoliceCode>,
    /// The possible cause in the police's words, for example 尚未發現肇事因素.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

opaque_debug!(AccidentPreliminaryAnalysis, AnalysedParty);
