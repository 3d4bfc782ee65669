//! Prescription (處方箋) and dispensing slip (調劑單張): drug, dose, frequency, route, quantity, days.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::laboratory::LabResult;
use super::terms::{Concept, Diagnosis, Institution, Organisation, Patient, Practitioner, Quantity, Visit};
use crate::opaque_debug;

/// A prescription, or the slip of what was dispensed on one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Prescription {
    /// Prescribed or dispensed.
    pub act: PrescriptionAct,
    /// Prescription number, where several drugs share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// For whom.
    pub patient: Patient,
    /// Who issued it.
    pub institution: Institution,
    /// Other institutions that took part, for example the clinic beside the pharmacy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<Organisation>,
    /// The visit it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Day of issue; of dispensing, on a slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// Physicians who prescribed; pharmacists who dispensed, on a slip.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub professionals: Vec<Practitioner>,
    /// Diagnoses written beside it; no certificate of diagnosis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnoses: Vec<Diagnosis>,
    /// Measurements written beside it, for example body weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<LabResult>,
    /// Remarks, for example a copay code (部分負擔代碼).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Drugs in the order of the source.
    pub drugs: Vec<PrescribedDrug>,
}

/// What a [`Prescription`] says was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PrescriptionAct {
    /// 處方箋: FHIR `MedicationRequest`.
    Prescribed,
    /// 調劑單張: FHIR `MedicationDispense`.
    Dispensed,
}

/// One drug of a prescription.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrescribedDrug {
    /// Its own numbers, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<String>,
    /// Drug (藥品) in every code system the source gives: NHI, TFDA licence, ATC, `RxNorm`.
    pub drug: Concept,
    /// Form (劑型).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Concept>,
    /// Ingredients (成分).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingredients: Vec<Ingredient>,
    /// FHIR status.
    pub status: String,
    /// Kinds of prescription, order and payer, as coded by the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Concept>,
    /// How it is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dosages: Vec<Dosage>,
    /// Total quantity (總量).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Days it lasts (天數), a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<String>,
    /// Days of one filling (給藥日份) where they differ from all days, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_per_filling: Option<String>,
    /// How often it may be filled again (連續處方可調劑次數).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// First day it may be filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day it may be filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// Why, in codes or words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Concept>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One ingredient of a drug.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ingredient {
    /// What.
    pub substance: Concept,
    /// How much, for example `20 mg : 1 ml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<String>,
}

/// How a drug is taken (用法用量).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Dosage {
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Dose of one taking (劑量).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose: Option<Quantity>,
    /// The most of one taking, where a range is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dose_most: Option<Quantity>,
    /// Frequency (頻率) as coded, for example TID, PC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Concept>,
    /// How many times in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The period, for example 1 d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Quantity>,
    /// Only when needed (PRN).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_needed: Option<bool>,
    /// Route (給藥途徑).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Concept>,
    /// How it is given, for example by drip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Concept>,
    /// Where on the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Concept>,
}

opaque_debug!(Prescription, PrescribedDrug, Ingredient, Dosage);
