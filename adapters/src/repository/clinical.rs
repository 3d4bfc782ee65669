//! Diagnosis certificate (診斷證明書) → Conditions with its number, as iClaim has it; diagnoses and procedures.

use claimgate_packet::evidence::{Diagnosis, DiagnosisCertificate, RecordedProcedure};
use serde_json::{Value, json};

use super::Writing;
use super::parts::{
    HL7, absent, code, codes, concept, concepts, date, filled, maybe, notes, numbered, period, reference, text,
};
use super::visit::Use;

/// Our own words for the type of a document: the evidence types.
pub(super) const EVIDENCE_TYPE: &str = "urn:claimgate:evidence-type";

/// What the Conditions of one document share.
pub(super) struct Shared<'a> {
    pub(super) number: Option<&'a String>,
    pub(super) encounter: Value,
    pub(super) recorded: Option<Value>,
    pub(super) notes: &'a [String],
    /// Recorder and asserter of each Condition, in order.
    pub(super) people: Vec<Value>,
}

impl Writing<'_> {
    /// Writes a certificate and says where its first resource stands.
    pub(super) fn certificate(&mut self, certificate: &DiagnosisCertificate) -> Option<String> {
        let encounter = self.visit(certificate.visit.as_ref(), Use::Certificate);
        let people = self.people(&certificate.physicians);
        if people.len() > 2 * certificate.diagnoses.len() {
            return Some(self.certificate_report(certificate, encounter, people));
        }
        let advice: Vec<String> = certificate.advice.iter().cloned().collect();
        let shared = Shared {
            number: certificate.number.as_ref(),
            encounter: encounter.clone(),
            recorded: date(certificate.issued_on),
            notes: &advice,
            people,
        };
        let first = self.conditions(&certificate.diagnoses, shared);
        self.procedures(&certificate.procedures, &encounter);
        first
    }

    /// More physicians than Conditions have places for: the form of the draft of 2023.
    fn certificate_report(
        &mut self,
        certificate: &DiagnosisCertificate,
        encounter: Value,
        people: Vec<Value>,
    ) -> String {
        let diagnoses = certificate.diagnoses.iter().map(|one| codes(&one.codings, one.text.as_deref()));
        let subject = reference(&self.patient);
        self.list(
            "DiagnosticReport",
            [
                ("identifier", numbered(certificate.number.as_ref())),
                ("status", Some(json!("final"))),
                ("code", Some(code(EVIDENCE_TYPE, claimgate_packet::evidence::DIAGNOSIS_CERTIFICATE))),
                ("subject", Some(subject)),
                ("encounter", Some(encounter)),
                ("effectiveDateTime", date(certificate.issued_on)),
                ("performer", filled(people)),
                ("conclusion", text(certificate.advice.as_ref())),
                ("conclusionCode", filled(diagnoses)),
            ],
        )
    }

    /// Writes diagnoses and says where the first one stands.
    pub(super) fn conditions(&mut self, diagnoses: &[Diagnosis], shared: Shared<'_>) -> Option<String> {
        let mut people = shared.people.into_iter();
        let mut first = None;
        for diagnosis in diagnoses {
            let is_first = first.is_none();
            let subject = reference(&self.patient);
            let [onset, onset_words] = since(diagnosis.onset.as_ref());
            let [abated, abated_words] = since(diagnosis.abated.as_ref());
            let url = self.list(
                "Condition",
                [
                    ("identifier", numbered(shared.number)),
                    ("category", Some(json!([code(&format!("{HL7}/condition-category"), "encounter-diagnosis")]))),
                    ("severity", maybe(diagnosis.severity.as_ref())),
                    ("code", Some(codes(&diagnosis.codings, diagnosis.text.as_deref()))),
                    ("bodySite", concepts(&diagnosis.body_sites)),
                    ("subject", Some(subject)),
                    ("encounter", Some(shared.encounter.clone())),
                    ("onsetDateTime", onset),
                    ("onsetString", onset_words),
                    ("abatementDateTime", abated),
                    ("abatementString", abated_words),
                    ("recordedDate", shared.recorded.clone()),
                    ("recorder", people.next()),
                    ("asserter", people.next()),
                    ("note", notes(shared.notes).filter(|_| is_first)),
                ],
            );
            first.get_or_insert(url);
        }
        first
    }

    pub(super) fn procedures(&mut self, all: &[RecordedProcedure], encounter: &Value) {
        for one in all {
            let performers = self.people(&one.performers);
            let subject = reference(&self.patient);
            let spans = one.performed_until.is_some();
            let (start, end) = (date(one.performed_on), date(one.performed_until));
            self.list(
                "Procedure",
                [
                    ("status", Some(json!(one.status))),
                    ("code", Some(concept(&one.code))),
                    ("subject", Some(subject)),
                    ("encounter", Some(encounter.clone()).filter(|found| *found != absent())),
                    ("performedDateTime", start.clone().filter(|_| !spans)),
                    ("performedPeriod", period(start, end).filter(|_| spans)),
                    ("performer", filled(performers.into_iter().map(|who| json!({ "actor": who })))),
                    ("bodySite", concepts(&one.body_sites)),
                    ("note", notes(&one.notes)),
                ],
            );
        }
    }
}

/// A date as precise as it was written, or words.
fn since(text: Option<&String>) -> [Option<Value>; 2] {
    let is_date = text.is_some_and(|text| text.parse::<claimgate_fhir::moment::Moment>().is_ok());
    let value = text.map(|text| json!(text));
    if is_date { [value, None] } else { [None, value] }
}
