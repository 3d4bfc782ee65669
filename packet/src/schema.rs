//! JSON Schemas (2020-12) of the evidence documents, from the types themselves; published in `docs/schemas`.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::evidence::{
    self, AccidentAppraisal, AccidentCertificate, AccidentNotice, AccidentPaperCheck, AccidentPreliminaryAnalysis,
    AccidentRegistrationSlip, AccidentReport, AccidentScenePhotos, AccidentSceneSketch, AccidentStatement,
    ClaimApplication, Consent, DiagnosisCertificate, LabReport, MedicalReceipt, MedicalRecord, OwnerPaper,
    Prescription, RevisionNote, VehicleRegistration,
};

/// Every document type with its schema.
#[must_use]
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        (evidence::DIAGNOSIS_CERTIFICATE, of::<DiagnosisCertificate>(evidence::DIAGNOSIS_CERTIFICATE)),
        (evidence::MEDICAL_RECEIPT, of::<MedicalReceipt>(evidence::MEDICAL_RECEIPT)),
        (evidence::LAB_REPORT, of::<LabReport>(evidence::LAB_REPORT)),
        (evidence::PRESCRIPTION, of::<Prescription>(evidence::PRESCRIPTION)),
        (evidence::MEDICAL_RECORD, of::<MedicalRecord>(evidence::MEDICAL_RECORD)),
        (evidence::ACCIDENT_REGISTRATION_SLIP, of::<AccidentRegistrationSlip>(evidence::ACCIDENT_REGISTRATION_SLIP)),
        (evidence::ACCIDENT_SCENE_SKETCH, of::<AccidentSceneSketch>(evidence::ACCIDENT_SCENE_SKETCH)),
        (evidence::ACCIDENT_SCENE_PHOTOS, of::<AccidentScenePhotos>(evidence::ACCIDENT_SCENE_PHOTOS)),
        (
            evidence::ACCIDENT_PRELIMINARY_ANALYSIS,
            of::<AccidentPreliminaryAnalysis>(evidence::ACCIDENT_PRELIMINARY_ANALYSIS),
        ),
        (evidence::ACCIDENT_CERTIFICATE, of::<AccidentCertificate>(evidence::ACCIDENT_CERTIFICATE)),
        (evidence::ACCIDENT_APPRAISAL, of::<AccidentAppraisal>(evidence::ACCIDENT_APPRAISAL)),
        (evidence::ACCIDENT_REPORT, of::<AccidentReport>(evidence::ACCIDENT_REPORT)),
        (evidence::ACCIDENT_STATEMENT, of::<AccidentStatement>(evidence::ACCIDENT_STATEMENT)),
        (evidence::ACCIDENT_NOTICE, of::<AccidentNotice>(evidence::ACCIDENT_NOTICE)),
        (evidence::ACCIDENT_PAPER_CHECK, of::<AccidentPaperCheck>(evidence::ACCIDENT_PAPER_CHECK)),
        (evidence::VEHICLE_REGISTRATION, of::<VehicleRegistration>(evidence::VEHICLE_REGISTRATION)),
        (evidence::CLAIM_APPLICATION, of::<ClaimApplication>(evidence::CLAIM_APPLICATION)),
        (evidence::CONSENT, of::<Consent>(evidence::CONSENT)),
        (evidence::REVISION_NOTE, of::<RevisionNote>(evidence::REVISION_NOTE)),
        (evidence::OWNER_PAPER, of::<OwnerPaper>(evidence::OWNER_PAPER)),
    ]
}

/// The file a type's schema stands in.
#[must_use]
pub fn file_name(kind: &str) -> String {
    format!("{kind}-1.schema.json")
}

/// A schema as the text of its file.
#[must_use]
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn of<T: JsonSchema>(kind: &str) -> Value {
    let mut schema: Schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), json!(format!("urn:claimgate:schema:{kind}:1")));
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_published_schemas_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas");
        for (kind, schema) in all() {
            let published = std::fs::read_to_string(folder.join(file_name(kind))).unwrap_or_default();
            let how = "write it anew: cargo run -p claimgate-packet --features schema --example schemas docs/schemas";
            // As JSON: the order of members depends on how serde_json was built.
            let published: Value = serde_json::from_str(&published).unwrap_or_default();
            assert!(published == schema, "{} is out of date; {how}", file_name(kind));
        }
        // Beside the documents': the form of a delivery in fields.
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), all().len() + 1, "a schema of no type");
    }
}
