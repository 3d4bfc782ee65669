//! Diagnosis certificate (診斷證明書).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::record::RecordedProcedure;
use super::terms::{Diagnosis, Institution, Patient, Practitioner, Visit};
use crate::opaque_debug;

/// Diagnosis certificate (診斷證明書), iClaim ClaimFormModel.certificateOfDiagnosis.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiagnosisCertificate {
    /// Serial number (診斷證明書序號).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who was treated.
    pub patient: Patient,
    /// Who issued it.
    pub institution: Institution,
    /// The visit it certifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Diagnoses (病名) with their codes; at least one.
    pub diagnoses: Vec<Diagnosis>,
    /// Operations and procedures (手術、處置) at that visit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub procedures: Vec<RecordedProcedure>,
    /// Doctor's orders (醫囑).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Day of issue (開立日期).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// Who signed: attending and issuing physicians.
    pub physicians: Vec<Practitioner>,
}

opaque_debug!(DiagnosisCertificate);
