//! Accident certificate (交通事故證明書): that an accident took place. No national rule; some police bureaus issue it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::place::{Occurrence, PoliceUnit};
use crate::opaque_debug;

/// Accident certificate (交通事故證明書): time, place, parties.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentCertificate {
    /// Number of the paper, or the police case number (案件編號) it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When and where.
    pub occurrence: Occurrence,
    /// Who handled it (處理單位).
    pub unit: PoliceUnit,
    /// Day of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// The parties it names.
    pub parties: Vec<CertifiedParty>,
}

/// A party on a certificate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CertifiedParty {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Licence plate, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
}

opaque_debug!(AccidentCertificate, CertifiedParty);
