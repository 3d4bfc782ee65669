//! What a hospital issues: diagnosis certificate, receipt, laboratory report.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::terms::{Concept, Institution, Patient, Practitioner, Quantity, Visit};
use crate::amount::Twd;
use crate::opaque_debug;

/// Diagnosis certificate (診斷證明書), iClaim ClaimFormModel.certificateOfDiagnosis.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub diagnoses: Vec<Concept>,
    /// Doctor's orders (醫囑).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Day of issue (開立日期).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// Who signed: attending and issuing physicians.
    pub physicians: Vec<Practitioner>,
}

/// Receipt of medical expenses (醫療費用收據), 醫療法 §22.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MedicalReceipt {
    /// Receipt number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who was treated.
    pub patient: Patient,
    /// Who issued it.
    pub institution: Institution,
    /// The visit it charges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// Day of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
    /// Lines in the order of the source.
    pub lines: Vec<ReceiptLine>,
    /// Sums.
    pub totals: ReceiptTotals,
}

/// One line of a receipt.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLine {
    /// Number of the line in the source.
    pub sequence: u32,
    /// What was charged (費用項目).
    pub item: Concept,
    /// Who pays this line.
    pub payer: Payer,
    /// Day of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serviced_on: Option<Date>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Price of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Twd>,
    /// Amount of the line.
    pub amount: Twd,
}

/// Who pays a receipt line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// The patient (自費 or 部分負擔).
    SelfPay,
    /// National Health Insurance (健保); the figure may be points.
    Nhi,
    /// The source does not say.
    Unstated,
}

/// Sums of a receipt. The stated total and the sums of the lines are kept apart: hospitals count differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptTotals {
    /// The total the source states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Twd>,
    /// Sum of the lines the patient pays.
    pub self_pay: Twd,
    /// Sum of the lines National Health Insurance pays.
    pub nhi: Twd,
    /// Sum of the lines whose payer is unstated.
    pub unstated: Twd,
}

/// Laboratory report (檢驗報告).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Results.
    pub results: Vec<LabResult>,
    /// Conclusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
}

/// One result of a laboratory report.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A measured value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

opaque_debug!(DiagnosisCertificate, MedicalReceipt, ReceiptLine, LabReport, LabResult, LabValue, ReferenceRange);
