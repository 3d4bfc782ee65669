//! Evidence (佐證文件): one verified document in typed form, as it stands in a packet.
//!
//! In: what an adapter read from a source. Out: the JSON a recipient sees. A type this build does not
//! know opens as [`Document::Other`], so that a new type breaks no old opener.

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jose::digest;
use crate::opaque_debug;

#[cfg(feature = "open")]
mod direct;
mod terms;

mod certificate;

mod category;
mod receipt;

mod laboratory;

mod prescription;
mod record;

pub mod accident;
pub mod application;
mod owner_paper;
mod revision;
mod vehicle;

pub use accident::{
    AccidentAppraisal, AccidentCertificate, AccidentNotice, AccidentPaperCheck, AccidentPreliminaryAnalysis,
    AccidentRegistrationSlip, AccidentReport, AccidentScenePhotos, AccidentSceneSketch, AccidentStatement,
};
pub use application::{ClaimApplication, Consent};
pub use category::{FEE_CATEGORY_SYSTEM, FeeCategory};
pub use certificate::DiagnosisCertificate;
pub use laboratory::{LabReport, LabResult, LabValue, ReferenceRange};
pub use owner_paper::OwnerPaper;
pub use prescription::{Dosage, Ingredient, PrescribedDrug, Prescription, PrescriptionAct};
pub use receipt::{
    CopyKind, Currency, Material, MedicalReceipt, Payer, ReceiptKey, ReceiptLine, ReceiptTotals, Reduction,
    ReductionKind,
};
pub use record::{MedicalRecord, RecordSection, RecordedProcedure};
pub use revision::{RevisedDocument, RevisionMark, RevisionNote, WithdrawalReason};
pub use terms::{
    Coding, Concept, Diagnosis, Identifier, Institution, Organisation, Patient, Practitioner, Quantity, Visit,
};
pub use vehicle::{RegistryCode, VehicleOwner, VehicleRegistration};

/// The type word of a [`DiagnosisCertificate`] (診斷證明書).
pub const DIAGNOSIS_CERTIFICATE: &str = "diagnosis-certificate";
/// The type word of a [`MedicalReceipt`] (醫療費用收據).
pub const MEDICAL_RECEIPT: &str = "medical-receipt";
/// The type word of a [`LabReport`] (檢驗報告).
pub const LAB_REPORT: &str = "lab-report";
/// The type word of a [`Prescription`] (處方箋).
pub const PRESCRIPTION: &str = "prescription";
/// The type word of a [`MedicalRecord`] (病歷).
pub const MEDICAL_RECORD: &str = "medical-record";
/// The type word of an [`AccidentRegistrationSlip`] (登記聯單).
pub const ACCIDENT_REGISTRATION_SLIP: &str = "accident-registration-slip";
/// The type word of an [`AccidentSceneSketch`] (現場圖).
pub const ACCIDENT_SCENE_SKETCH: &str = "accident-scene-sketch";
/// The type word of an [`AccidentScenePhotos`] (現場照片).
pub const ACCIDENT_SCENE_PHOTOS: &str = "accident-scene-photos";
/// The type word of an [`AccidentPreliminaryAnalysis`] (初步分析研判表).
pub const ACCIDENT_PRELIMINARY_ANALYSIS: &str = "accident-preliminary-analysis";
/// The type word of an [`AccidentCertificate`] (交通事故證明書).
pub const ACCIDENT_CERTIFICATE: &str = "accident-certificate";
/// The type word of an [`AccidentAppraisal`] (鑑定意見書).
pub const ACCIDENT_APPRAISAL: &str = "accident-appraisal";
/// The type word of an [`AccidentReport`] (調查報告表).
pub const ACCIDENT_REPORT: &str = "accident-report";
/// The type word of an [`AccidentStatement`] (當事人陳述).
pub const ACCIDENT_STATEMENT: &str = "accident-statement";
/// The type word of an [`AccidentNotice`] (出險通知).
pub const ACCIDENT_NOTICE: &str = "accident-notice";
/// The type word of an [`AccidentPaperCheck`] (查證回條).
pub const ACCIDENT_PAPER_CHECK: &str = "accident-paper-check";
/// The type word of a [`VehicleRegistration`] (車籍).
pub const VEHICLE_REGISTRATION: &str = "vehicle-registration";
/// The type word of a [`ClaimApplication`] (理賠申請書).
pub const CLAIM_APPLICATION: &str = "claim-application";
/// The type word of a [`Consent`] (同意書).
pub const CONSENT: &str = "consent";
/// The type word of a [`RevisionNote`] (異動清單).
pub const REVISION_NOTE: &str = "revision-note";
/// The type word of an [`OwnerPaper`] (自行補件文件).
pub const OWNER_PAPER: &str = "owner-paper";

/// One evidence document with how it came and how it was verified: the `value` of a packet's disclosure.
#[derive(Clone, PartialEq)]
pub struct Evidence {
    /// Evidence id, `evd_` + UUIDv7.
    pub id: String,
    /// Where it came from.
    pub source: Source,
    /// When the gateway obtained it (UTC).
    pub obtained: Timestamp,
    /// How it was verified.
    pub verified: Verification,
    /// Files that belong to it; the bytes travel apart.
    pub attachments: Vec<Attachment>,
    /// The document.
    pub document: Document,
}

/// Where evidence came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The registered party that handed it over.
    pub party: String,
    /// The form it came in, for example `fhir-r4-iclaim`.
    pub form: String,
}

/// How evidence was verified (查證): never silently upgraded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// For example `authenticated-channel`: a known party pushed it with its own key.
    pub method: String,
    /// For example `accepted`.
    pub result: String,
    /// When (UTC).
    pub at: Timestamp,
    /// The key that proved it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A file that belongs to an evidence document; its bytes are sealed and fetched by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Attachment id, `att_` + UUIDv7.
    pub id: String,
    /// SHA-256 of the bytes passed on, base64url.
    pub digest: String,
    /// The attachment it was made from, if it was transformed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<String>,
    /// What was done to the original, for example `metadata-removed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<String>,
    /// Media type found by content.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
}

impl Attachment {
    /// Describes some bytes that are passed on as they came.
    #[must_use]
    pub fn of(id: String, media_type: &str, content: &[u8]) -> Self {
        Self {
            id,
            digest: digest::sha256_text(content),
            derived_from: None,
            transform: None,
            media_type: media_type.to_owned(),
            bytes: content.len().try_into().unwrap_or(u64::MAX),
        }
    }
}

/// A document by type. Each has its own schema name and version: `<type>/<version>`.
#[derive(Clone, PartialEq)]
pub enum Document {
    /// 診斷證明書.
    DiagnosisCertificate(DiagnosisCertificate),
    /// 醫療費用收據.
    MedicalReceipt(MedicalReceipt),
    /// 檢驗報告.
    LabReport(LabReport),
    /// 處方箋, 調劑單張.
    Prescription(Prescription),
    /// 病歷.
    MedicalRecord(MedicalRecord),
    /// 登記聯單.
    AccidentRegistrationSlip(AccidentRegistrationSlip),
    /// 現場圖.
    AccidentSceneSketch(AccidentSceneSketch),
    /// 現場照片.
    AccidentScenePhotos(AccidentScenePhotos),
    /// 初步分析研判表.
    AccidentPreliminaryAnalysis(AccidentPreliminaryAnalysis),
    /// 交通事故證明書.
    AccidentCertificate(AccidentCertificate),
    /// 鑑定意見書.
    AccidentAppraisal(AccidentAppraisal),
    /// 調查報告表.
    AccidentReport(Box<AccidentReport>),
    /// 當事人陳述.
    AccidentStatement(Box<AccidentStatement>),
    /// 出險通知.
    AccidentNotice(Box<AccidentNotice>),
    /// 查證回條.
    AccidentPaperCheck(Box<AccidentPaperCheck>),
    /// 車籍.
    VehicleRegistration(VehicleRegistration),
    /// 理賠申請書.
    ClaimApplication(Box<ClaimApplication>),
    /// 同意書.
    Consent(Box<Consent>),
    /// 異動清單.
    RevisionNote(Box<RevisionNote>),
    /// 自行補件文件.
    OwnerPaper(Box<OwnerPaper>),
    /// A type (or schema version) this build does not know, kept whole.
    Other {
        /// The type word.
        kind: String,
        /// Schema name and version.
        schema: String,
        /// The document as it came.
        document: Value,
    },
}

opaque_debug!(Evidence, Document);

impl Document {
    /// The type word (glossary), for example `medical-receipt`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::DiagnosisCertificate(_) => DIAGNOSIS_CERTIFICATE,
            Self::MedicalReceipt(_) => MEDICAL_RECEIPT,
            Self::LabReport(_) => LAB_REPORT,
            Self::Prescription(_) => PRESCRIPTION,
            Self::MedicalRecord(_) => MEDICAL_RECORD,
            Self::AccidentRegistrationSlip(_) => ACCIDENT_REGISTRATION_SLIP,
            Self::AccidentSceneSketch(_) => ACCIDENT_SCENE_SKETCH,
            Self::AccidentScenePhotos(_) => ACCIDENT_SCENE_PHOTOS,
            Self::AccidentPreliminaryAnalysis(_) => ACCIDENT_PRELIMINARY_ANALYSIS,
            Self::AccidentCertificate(_) => ACCIDENT_CERTIFICATE,
            Self::AccidentAppraisal(_) => ACCIDENT_APPRAISAL,
            Self::AccidentReport(_) => ACCIDENT_REPORT,
            Self::AccidentStatement(_) => ACCIDENT_STATEMENT,
            Self::AccidentNotice(_) => ACCIDENT_NOTICE,
            Self::AccidentPaperCheck(_) => ACCIDENT_PAPER_CHECK,
            Self::VehicleRegistration(_) => VEHICLE_REGISTRATION,
            Self::ClaimApplication(_) => CLAIM_APPLICATION,
            Self::Consent(_) => CONSENT,
            Self::RevisionNote(_) => REVISION_NOTE,
            Self::OwnerPaper(_) => OWNER_PAPER,
            Self::Other { kind, .. } => kind,
        }
    }

    /// Schema name and version, for example `medical-receipt/1`.
    #[must_use]
    pub fn schema(&self) -> String {
        match self {
            Self::Other { schema, .. } => schema.clone(),
            known => format!("{}/1", known.kind()),
        }
    }

    /// The document as JSON.
    ///
    /// # Errors
    /// Only where a value cannot be JSON at all, which no constructor here produces.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::DiagnosisCertificate(document) => serde_json::to_value(document),
            Self::MedicalReceipt(document) => serde_json::to_value(document),
            Self::LabReport(document) => serde_json::to_value(document),
            Self::Prescription(document) => serde_json::to_value(document),
            Self::MedicalRecord(document) => serde_json::to_value(document),
            Self::AccidentRegistrationSlip(document) => serde_json::to_value(document),
            Self::AccidentSceneSketch(document) => serde_json::to_value(document),
            Self::AccidentScenePhotos(document) => serde_json::to_value(document),
            Self::AccidentPreliminaryAnalysis(document) => serde_json::to_value(document),
            Self::AccidentCertificate(document) => serde_json::to_value(document),
            Self::AccidentAppraisal(document) => serde_json::to_value(document),
            Self::AccidentReport(document) => serde_json::to_value(document),
            Self::AccidentStatement(document) => serde_json::to_value(document),
            Self::AccidentNotice(document) => serde_json::to_value(document),
            Self::AccidentPaperCheck(document) => serde_json::to_value(document),
            Self::VehicleRegistration(document) => serde_json::to_value(document),
            Self::ClaimApplication(document) => serde_json::to_value(document),
            Self::Consent(document) => serde_json::to_value(document),
            Self::RevisionNote(document) => serde_json::to_value(document),
            Self::OwnerPaper(document) => serde_json::to_value(document),
            Self::Other { document, .. } => Ok(document.clone()),
        }
    }

    /// Reads a document of a type and schema; unknown ones become [`Document::Other`].
    ///
    /// # Errors
    /// A known schema whose document does not fit it.
    pub fn from_json(kind: &str, schema: &str, document: Value) -> Result<Self, serde_json::Error> {
        Ok(match schema {
            "diagnosis-certificate/1" if kind == DIAGNOSIS_CERTIFICATE => {
                Self::DiagnosisCertificate(serde_json::from_value(document)?)
            }
            "medical-receipt/1" if kind == MEDICAL_RECEIPT => Self::MedicalReceipt(serde_json::from_value(document)?),
            "lab-report/1" if kind == LAB_REPORT => Self::LabReport(serde_json::from_value(document)?),
            "prescription/1" if kind == PRESCRIPTION => Self::Prescription(serde_json::from_value(document)?),
            "medical-record/1" if kind == MEDICAL_RECORD => Self::MedicalRecord(serde_json::from_value(document)?),
            "accident-registration-slip/1" if kind == ACCIDENT_REGISTRATION_SLIP => {
                Self::AccidentRegistrationSlip(serde_json::from_value(document)?)
            }
            "accident-scene-sketch/1" if kind == ACCIDENT_SCENE_SKETCH => {
                Self::AccidentSceneSketch(serde_json::from_value(document)?)
            }
            "accident-scene-photos/1" if kind == ACCIDENT_SCENE_PHOTOS => {
                Self::AccidentScenePhotos(serde_json::from_value(document)?)
            }
            "accident-preliminary-analysis/1" if kind == ACCIDENT_PRELIMINARY_ANALYSIS => {
                Self::AccidentPreliminaryAnalysis(serde_json::from_value(document)?)
            }
            "accident-certificate/1" if kind == ACCIDENT_CERTIFICATE => {
                Self::AccidentCertificate(serde_json::from_value(document)?)
            }
            "accident-appraisal/1" if kind == ACCIDENT_APPRAISAL => {
                Self::AccidentAppraisal(serde_json::from_value(document)?)
            }
            "accident-report/1" if kind == ACCIDENT_REPORT => Self::AccidentReport(serde_json::from_value(document)?),
            "accident-statement/1" if kind == ACCIDENT_STATEMENT => {
                Self::AccidentStatement(serde_json::from_value(document)?)
            }
            "accident-notice/1" if kind == ACCIDENT_NOTICE => Self::AccidentNotice(serde_json::from_value(document)?),
            "accident-paper-check/1" if kind == ACCIDENT_PAPER_CHECK => {
                Self::AccidentPaperCheck(serde_json::from_value(document)?)
            }
            "vehicle-registration/1" if kind == VEHICLE_REGISTRATION => {
                Self::VehicleRegistration(serde_json::from_value(document)?)
            }
            "claim-application/1" if kind == CLAIM_APPLICATION => {
                Self::ClaimApplication(serde_json::from_value(document)?)
            }
            "consent/1" if kind == CONSENT => Self::Consent(serde_json::from_value(document)?),
            "revision-note/1" if kind == REVISION_NOTE => Self::RevisionNote(serde_json::from_value(document)?),
            "owner-paper/1" if kind == OWNER_PAPER => Self::OwnerPaper(serde_json::from_value(document)?),
            _ => Self::Other { kind: kind.to_owned(), schema: schema.to_owned(), document },
        })
    }
}

/// The JSON form of [`Evidence`] without its id, which is the disclosure's name, and without its document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    schema: String,
    source: Source,
    obtained: Timestamp,
    verified: Verification,
    attachments: Vec<Attachment>,
}

/// The disclosure value: `{ type, schema, source, obtained, verified, attachments, document }`.
impl Serialize for Evidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serializer.serialize_struct("Evidence", 7)?;
        value.serialize_field("type", self.document.kind())?;
        value.serialize_field("schema", &self.document.schema())?;
        value.serialize_field("source", &self.source)?;
        value.serialize_field("obtained", &self.obtained)?;
        value.serialize_field("verified", &self.verified)?;
        value.serialize_field("attachments", &self.attachments)?;
        match &self.document {
            Document::DiagnosisCertificate(document) => value.serialize_field("document", document)?,
            Document::MedicalReceipt(document) => value.serialize_field("document", document)?,
            Document::LabReport(document) => value.serialize_field("document", document)?,
            Document::Prescription(document) => value.serialize_field("document", document)?,
            Document::MedicalRecord(document) => value.serialize_field("document", document)?,
            Document::AccidentRegistrationSlip(document) => value.serialize_field("document", document)?,
            Document::AccidentSceneSketch(document) => value.serialize_field("document", document)?,
            Document::AccidentScenePhotos(document) => value.serialize_field("document", document)?,
            Document::AccidentPreliminaryAnalysis(document) => value.serialize_field("document", document)?,
            Document::AccidentCertificate(document) => value.serialize_field("document", document)?,
            Document::AccidentAppraisal(document) => value.serialize_field("document", document)?,
            Document::AccidentReport(document) => value.serialize_field("document", document)?,
            Document::AccidentStatement(document) => value.serialize_field("document", document)?,
            Document::AccidentNotice(document) => value.serialize_field("document", document)?,
            Document::AccidentPaperCheck(document) => value.serialize_field("document", document)?,
            Document::VehicleRegistration(document) => value.serialize_field("document", document)?,
            Document::ClaimApplication(document) => value.serialize_field("document", document)?,
            Document::Consent(document) => value.serialize_field("document", document)?,
            Document::RevisionNote(document) => value.serialize_field("document", document)?,
            Document::OwnerPaper(document) => value.serialize_field("document", document)?,
            Document::Other { document, .. } => value.serialize_field("document", document)?,
        }
        value.end()
    }
}

impl Evidence {
    /// The disclosure value: `{ type, schema, source, obtained, verified, attachments, document }`.
    ///
    /// # Errors
    /// As [`Document::to_json`].
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    /// Reads a disclosure value back.
    ///
    /// # Errors
    /// A value that is not of the form [`Evidence::to_json`] writes.
    pub fn from_json(id: String, mut value: Value) -> Result<Self, serde_json::Error> {
        // Taken out first: read with the rest, a document would be rebuilt member by member.
        let document = value.as_object_mut().and_then(|members| members.remove("document"));
        let document = document.ok_or_else(|| serde::de::Error::missing_field("document"))?;
        let wire: Wire = serde_json::from_value(value)?;
        Ok(Self {
            id,
            source: wire.source,
            obtained: wire.obtained,
            verified: wire.verified,
            attachments: wire.attachments,
            document: Document::from_json(&wire.kind, &wire.schema, document)?,
        })
    }
}
