//! Parts that several documents share: people, institutions, visits, codes, quantities.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::opaque_debug;

/// One code in one code system, as the source wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coding {
    /// URI of the code system; absent where the source named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// The source's own text for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// One meaning in one or more code systems, with the source's text.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Concept {
    /// The codes, in the source's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codings: Vec<Coding>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A diagnosis (診斷): codes and words, and what the source says of where, how bad and since when.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    /// The codes, in the source's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codings: Vec<Coding>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where on the body (部位).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_sites: Vec<Concept>,
    /// How severe (嚴重程度).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Concept>,
    /// Since when (發病日), as written: a date in FHIR precision, or words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<String>,
    /// Until when, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abated: Option<String>,
}

/// A number or code that somebody gave to a person or thing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// What it is: `national-id`, `resident-certificate`, `passport`, `medical-record`, or the source's type code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// URI of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The value.
    pub value: String,
}

/// The person treated (病人).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Patient {
    /// Name as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// FHIR administrative gender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Date of birth; FHIR precision (`1990`, `1990-04` or `1990-04-22`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
    /// National ID, resident certificate, chart number.
    pub identifiers: Vec<Identifier>,
    /// Address in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Occupation (職業).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupation: Option<Concept>,
}

/// A medical institution (醫事機構).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Institution {
    /// Ten-character institution code (醫事機構代碼).
    pub code: String,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A health professional (醫事人員).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Practitioner {
    /// Name as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Licence or staff number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// In what capacity, for example attending physician.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Concept>,
}

/// An organisation that took part, by its number and name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Institution code or another number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Identifier>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A visit or a stay (就醫/住院).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// Visit or admission number (住院號/就醫號).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Further numbers of it, for example NHI's visit identifier (就醫識別碼) and card sequence (就醫序號).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_numbers: Vec<Identifier>,
    /// Patient source (病人來源), FHIR Encounter.class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Coding>,
    /// Special diagnosis category (特殊診斷類別), FHIR Encounter.type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special_diagnosis: Vec<Concept>,
    /// Identity at this visit (就醫身分), for example self-pay, of iClaim's extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medical_identity: Option<Concept>,
    /// Department (科別).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Concept>,
    /// Where the patient was admitted from (入院來源), FHIR Encounter.hospitalization.admitSource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted_from: Option<Concept>,
    /// How or where to the patient left (出院情況), FHIR Encounter.hospitalization.dischargeDisposition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discharged_to: Option<Concept>,
    /// Why the patient came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Concept>,
    /// Start (應診日期始), as an instant where the source gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// End (應診日期末).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// First day, in the source's own offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<Date>,
    /// Last day, in the source's own offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<Date>,
    /// Days (應診天數) as the source counted them, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// Who took part (應診醫師).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub professionals: Vec<Practitioner>,
}

/// A measured quantity; the number is kept as a decimal string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// The number.
    pub value: String,
    /// Unit as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// UCUM (or other) code of the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// System of that code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// `<`, `<=`, `>=` or `>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparator: Option<String>,
}

opaque_debug!(Concept, Diagnosis, Identifier, Patient, Practitioner, Organisation, Visit, Quantity);
