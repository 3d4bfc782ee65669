//! Laboratory report (檢驗報告) with its results.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::terms::{Concept, Institution, Organisation, Patient, Practitioner, Quantity};
use crate::opaque_debug;

/// Laboratory report (檢驗報告).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LabReport {
    /// Report number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who was examined.
    pub patient: Patient,
    /// Who issued it.
    pub institution: Institution,
    /// What was examined.
    pub code: Concept,
    /// FHIR DiagnosticReport.status.
    pub status: String,
    /// Day of sampling (採檢日期), or its first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_on: Option<Date>,
    /// Last day of sampling, where it took several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_until: Option<Date>,
    /// Time of report (報告日期).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Timestamp>,
    /// Who reported it (報告者/醫檢師).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub performers: Vec<Practitioner>,
    /// Organisations that did, for example an outside laboratory (代檢機構).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<Organisation>,
    /// Who interpreted the results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpreters: Vec<Practitioner>,
    /// Results.
    pub results: Vec<LabResult>,
    /// Conclusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
}

/// One result of a laboratory report.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LabResult {
    /// Accession number (收件編號).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What was measured.
    pub code: Concept,
    /// FHIR Observation.status.
    pub status: String,
    /// Day of sampling (採檢日期).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled_on: Option<Date>,
    /// Time of report (報告日期).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Timestamp>,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<LabValue>,
    /// Codes such as high or low.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpretation: Vec<Concept>,
    /// What is normal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<ReferenceRange>,
    /// Where on the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_site: Option<Concept>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Who reported it (報告者/醫檢師).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub performers: Vec<Practitioner>,
    /// Organisations that did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<Organisation>,
}

/// A measured value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LabValue {
    /// A number with a unit.
    Quantity(Quantity),
    /// A code.
    Concept(Concept),
    /// Text.
    Text(String),
}

/// What is normal for a result.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReferenceRange {
    /// Lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Quantity>,
    /// Upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Quantity>,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

opaque_debug!(LabReport, LabResult, LabValue, ReferenceRange);
