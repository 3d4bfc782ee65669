//! Medical record (病歷): a discharge summary (出院病摘), an outpatient record (門診病歷), in sections of plain text.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::laboratory::LabResult;
use super::terms::{Concept, Diagnosis, Institution, Organisation, Patient, Practitioner, Visit};
use crate::opaque_debug;

/// Medical record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MedicalRecord {
    /// Number of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What kind of record it is (Composition.type).
    pub code: Concept,
    /// Further classes (Composition.category).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Concept>,
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// FHIR Composition.status.
    pub status: String,
    /// HL7 confidentiality, for example N, R, V.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidentiality: Option<String>,
    /// Who was treated.
    pub patient: Patient,
    /// Who keeps the record.
    pub institution: Institution,
    /// The visit it records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Day it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_on: Option<Date>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Practitioner>,
    /// Who attested it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attesters: Vec<Practitioner>,
    /// Organisations that wrote it, beside the one that keeps it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<Organisation>,
    /// The document's own summary, as plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Sections in reading order.
    pub sections: Vec<RecordSection>,
    /// Diagnoses; no certificate of diagnosis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnoses: Vec<Diagnosis>,
    /// Operations and procedures (手術、處置).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub procedures: Vec<RecordedProcedure>,
    /// Measurements that are no laboratory result, for example vital signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<LabResult>,
    /// Remarks on the diagnoses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One section. Text is plain: the source's markup is taken out, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordSection {
    /// How deep it stands; 1 is the outermost.
    pub level: u32,
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Concept>,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A procedure, as far as its status says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordedProcedure {
    /// What was done.
    pub code: Concept,
    /// FHIR Procedure.status.
    pub status: String,
    /// Day, or first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performed_on: Option<Date>,
    /// Last day, where it took several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performed_until: Option<Date>,
    /// Where on the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_sites: Vec<Concept>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub performers: Vec<Practitioner>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

opaque_debug!(MedicalRecord, RecordSection, RecordedProcedure);
