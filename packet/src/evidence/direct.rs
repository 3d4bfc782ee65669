//! Evidence read from its text at once, where nothing about it can be in doubt.
//!
//! In: the JSON of a disclosure. Out: its name and its evidence, or nothing; then it is read step by step, which also
//! tells what is wrong with it. No member may be unknown or stand twice: every type of a document refuses both.

use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::{
    ACCIDENT_APPRAISAL, ACCIDENT_CERTIFICATE, ACCIDENT_NOTICE, ACCIDENT_PAPER_CHECK, ACCIDENT_PRELIMINARY_ANALYSIS,
    ACCIDENT_REGISTRATION_SLIP, ACCIDENT_REPORT, ACCIDENT_SCENE_PHOTOS, ACCIDENT_SCENE_SKETCH, ACCIDENT_STATEMENT,
    Attachment, CLAIM_APPLICATION, CONSENT, DIAGNOSIS_CERTIFICATE, Document, Evidence, LAB_REPORT, MEDICAL_RECEIPT,
    MEDICAL_RECORD, OWNER_PAPER, PRESCRIPTION, REVISION_NOTE, Source, VEHICLE_REGISTRATION, Verification,
};

/// The longest text read so: its members cannot be more than a disclosure may have.
const LONGEST: usize = crate::limits::DISCLOSURE_JSON.members;

impl Evidence {
    /// Reads `[salt, id, value]` of a document whose type and schema this build knows.
    pub(crate) fn direct(json: &[u8]) -> Option<Self> {
        if json.len() > LONGEST {
            return None;
        }
        let (_salt, id, value): (String, String, Value) = serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
        Some(Self { id, ..value.0 })
    }
}

/// The value, still without its id.
struct Value(Evidence);

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Type,
    Schema,
    Source,
    Obtained,
    Verified,
    Attachments,
    Document,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("evidence")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut kind, mut schema) = (None::<String>, None::<String>);
        let (mut source, mut obtained, mut verified) = (None::<Source>, None::<Timestamp>, None::<Verification>);
        let (mut attachments, mut document) = (None::<Vec<Attachment>>, None::<Document>);
        while let Some(member) = map.next_key()? {
            match member {
                Member::Type => once(&mut kind, map.next_value()?)?,
                Member::Schema => once(&mut schema, map.next_value()?)?,
                Member::Source => once(&mut source, map.next_value()?)?,
                Member::Obtained => once(&mut obtained, map.next_value()?)?,
                Member::Verified => once(&mut verified, map.next_value()?)?,
                Member::Attachments => once(&mut attachments, map.next_value()?)?,
                Member::Document => once(&mut document, known(kind.as_deref(), schema.as_deref(), &mut map)?)?,
            }
        }
        let missing = || A::Error::custom("a member is missing");
        Ok(Value(Evidence {
            id: String::new(),
            source: source.ok_or_else(missing)?,
            obtained: obtained.ok_or_else(missing)?,
            verified: verified.ok_or_else(missing)?,
            attachments: attachments.ok_or_else(missing)?,
            document: document.ok_or_else(missing)?,
        }))
    }
}

fn once<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    if place.replace(value).is_some() { Err(E::custom("a member stands twice")) } else { Ok(()) }
}

/// The document of a type that came before it, as the gateway writes it.
fn known<'de, A: MapAccess<'de>>(kind: Option<&str>, schema: Option<&str>, map: &mut A) -> Result<Document, A::Error> {
    Ok(match (kind, schema) {
        (Some(DIAGNOSIS_CERTIFICATE), Some("diagnosis-certificate/1")) => {
            Document::DiagnosisCertificate(map.next_value()?)
        }
        (Some(MEDICAL_RECEIPT), Some("medical-receipt/1")) => Document::MedicalReceipt(map.next_value()?),
        (Some(LAB_REPORT), Some("lab-report/1")) => Document::LabReport(map.next_value()?),
        (Some(PRESCRIPTION), Some("prescription/1")) => Document::Prescription(map.next_value()?),
        (Some(MEDICAL_RECORD), Some("medical-record/1")) => Document::MedicalRecord(map.next_value()?),
        (Some(ACCIDENT_REGISTRATION_SLIP), Some("accident-registration-slip/1")) => {
            Document::AccidentRegistrationSlip(map.next_value()?)
        }
        (Some(ACCIDENT_SCENE_SKETCH), Some("accident-scene-sketch/1")) => {
            Document::AccidentSceneSketch(map.next_value()?)
        }
        (Some(ACCIDENT_SCENE_PHOTOS), Some("accident-scene-photos/1")) => {
            Document::AccidentScenePhotos(map.next_value()?)
        }
        (Some(ACCIDENT_PRELIMINARY_ANALYSIS), Some("accident-preliminary-analysis/1")) => {
            Document::AccidentPreliminaryAnalysis(map.next_value()?)
        }
        (Some(ACCIDENT_CERTIFICATE), Some("accident-certificate/1")) => {
            Document::AccidentCertificate(map.next_value()?)
        }
        (Some(ACCIDENT_APPRAISAL), Some("accident-appraisal/1")) => Document::AccidentAppraisal(map.next_value()?),
        (Some(ACCIDENT_REPORT), Some("accident-report/1")) => Document::AccidentReport(map.next_value()?),
        (Some(ACCIDENT_STATEMENT), Some("accident-statement/1")) => Document::AccidentStatement(map.next_value()?),
        (Some(ACCIDENT_NOTICE), Some("accident-notice/1")) => Document::AccidentNotice(map.next_value()?),
        (Some(ACCIDENT_PAPER_CHECK), Some("accident-paper-check/1")) => Document::AccidentPaperCheck(map.next_value()?),
        (Some(VEHICLE_REGISTRATION), Some("vehicle-registration/1")) => {
            Document::VehicleRegistration(map.next_value()?)
        }
        (Some(CLAIM_APPLICATION), Some("claim-application/1")) => Document::ClaimApplication(map.next_value()?),
        (Some(CONSENT), Some("consent/1")) => Document::Consent(map.next_value()?),
        (Some(REVISION_NOTE), Some("revision-note/1")) => Document::RevisionNote(map.next_value()?),
        (Some(OWNER_PAPER), Some("owner-paper/1")) => Document::OwnerPaper(map.next_value()?),
        _ => return Err(A::Error::custom("a type to be read step by step")),
    })
}

#[cfg(test)]
#[cfg(feature = "open")]
mod tests;
