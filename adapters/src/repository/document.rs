//! The Composition of a Bundle and everything it lists.

use claimgate_packet::evidence::{Document, MedicalRecord, Prescription, PrescriptionAct};
use serde_json::{Value, json};

use super::parts::{
    HL7, ICLAIM, LOINC, code, concept, concepts, date, entry, filled, instant, object, or_absent, reference, text,
};
use super::plan::{Kind, Planned};
use super::{DELIVERY_EXTENSION, DELIVERY_SYSTEM, Given, Letter, Writing, record};

/// iClaim's document type.
const CLAIM_DOCUMENT: &str = "64291-8";
const TITLE: &str = "理賠用收據-診斷證明-檢驗紀錄";
/// The profile that makes a document a record whatever its type says.
const RECORD: &str = "urn:claimgate:medical-record";

impl Writing<'_> {
    /// Writes the documents, and the Composition that lists them.
    pub(super) fn document(&mut self, planned: &Planned<'_>) -> Value {
        match (planned.kind, planned.given.as_slice()) {
            (Kind::Record, [Given { document: Document::MedicalRecord(record), .. }]) => {
                self.record(record, planned.given.first().copied())
            }
            (Kind::Prescription(act), [Given { document: Document::Prescription(prescription), .. }]) => {
                self.slip(act, prescription, planned.given.first().copied())
            }
            _ => self.claim(planned),
        }
    }

    fn claim(&mut self, planned: &Planned<'_>) -> Value {
        let coverage = self.coverage();
        let mut receipts = false;
        for given in &planned.given {
            let first = match &given.document {
                Document::DiagnosisCertificate(certificate) => self.certificate(certificate),
                Document::MedicalReceipt(receipt) => {
                    receipts = true;
                    Some(self.receipt(receipt, &coverage))
                }
                Document::LabReport(report) => Some(self.laboratory(report)),
                Document::Prescription(prescription) => self.prescription(prescription),
                Document::MedicalRecord(record) => {
                    let contents = self.contents(&given.files);
                    self.file_record(record, contents);
                    None
                }
                // A paper of an accident has no form in FHIR, nor has what this build does not know.
                _ => None,
            };
            if let Some(first) = first {
                self.files(given, &first);
            }
        }
        let kind = code(LOINC, CLAIM_DOCUMENT);
        let listed = std::mem::take(&mut self.listed);
        let mut sections =
            vec![object([("title", Some(json!(TITLE))), ("code", Some(kind.clone())), ("entry", filled(listed))])];
        if !receipts {
            // iClaim asks for a receipt; that there is none here is no mistake.
            let none = code("urn:claimgate:evidence-type", claimgate_packet::evidence::MEDICAL_RECEIPT);
            let reason = code(&format!("{HL7}/list-empty-reason"), "withheld");
            sections.push(json!({ "title": "醫療費用收據", "code": none, "emptyReason": reason }));
        }
        let hospital = reference(&self.hospital);
        let id = self.id("Composition");
        entry(
            &id,
            "Composition",
            Some(&format!("{ICLAIM}/StructureDefinition/composition-iclaim")),
            [
                ("extension", Some(delivery(self.letter))),
                ("identifier", Some(json!({ "system": DELIVERY_SYSTEM, "value": self.number }))),
                ("status", Some(json!("final"))),
                ("type", Some(kind)),
                ("subject", Some(reference(&self.patient))),
                ("date", Some(json!(instant(self.letter.created)))),
                ("author", Some(json!([hospital]))),
                ("title", Some(json!(TITLE))),
                ("section", Some(Value::Array(sections))),
            ],
        )
    }

    fn record(&mut self, record: &MedicalRecord, given: Option<&Given>) -> Value {
        let coverage = self.coverage();
        let id = self.id("Composition");
        if let Some(given) = given {
            self.files(given, &id);
        }
        let encounter = self.beside(record);
        let attesters = self.people(&record.attesters);
        let attesters = attesters.into_iter().map(|who| json!({ "mode": "professional", "party": who }));
        let authors = self.performers(&record.authors, &record.organisations);
        let hospital = reference(&self.hospital);
        let [written, no_date] = or_absent(date(record.written_on));
        let [title, no_title] = or_absent(text(record.title.as_ref()));
        let listed = std::mem::take(&mut self.listed);
        let mut sections: Vec<Value> =
            record::sections(&record.sections).and_then(|all| all.as_array().cloned()).unwrap_or_default();
        // Without title, code and text a section says nothing of its own.
        sections.push(object([("entry", filled(listed.into_iter().chain([reference(&coverage)])))]));
        let number = record.number.as_ref().map(|number| json!({ "value": number }));
        let case = json!({ "system": DELIVERY_SYSTEM, "value": self.number });
        entry(
            &id,
            "Composition",
            Some(RECORD),
            [
                ("extension", Some(delivery(self.letter))),
                ("identifier", Some(number.unwrap_or(case))),
                ("status", Some(json!(record.status))),
                ("type", Some(concept(&record.code))),
                ("category", concepts(&record.categories)),
                ("subject", Some(reference(&self.patient))),
                ("encounter", encounter),
                ("date", written),
                ("_date", no_date),
                ("author", Some(Value::Array([hospital.clone()].into_iter().chain(authors).collect()))),
                ("title", title),
                ("_title", no_title),
                ("confidentiality", text(record.confidentiality.as_ref())),
                ("attester", filled(attesters)),
                ("custodian", Some(hospital)),
                ("text", record.text.as_deref().map(record::narrative)),
                ("section", Some(Value::Array(sections))),
            ],
        )
    }

    fn slip(&mut self, act: PrescriptionAct, prescription: &Prescription, given: Option<&Given>) -> Value {
        let coverage = self.coverage();
        let first = self.prescription(prescription);
        if let (Some(given), Some(first)) = (given, first) {
            self.files(given, &first);
        }
        let here = self.visit(prescription.visit.as_ref(), super::visit::Use::Shared);
        let shared = super::clinical::Shared {
            number: None,
            encounter: here,
            recorded: None,
            notes: &prescription.notes,
            people: Vec::new(),
        };
        self.conditions(&prescription.diagnoses, shared);
        for one in &prescription.measurements {
            self.observation(one, "vital-signs");
        }
        let organisations = self.organisations(&prescription.organisations);
        let hospital = reference(&self.hospital);
        let [issued, no_date] = or_absent(date(prescription.issued_on));
        let (kind, title) = match act {
            PrescriptionAct::Prescribed => ("57833-6", "電子處方箋"),
            PrescriptionAct::Dispensed => ("29304-3", "調劑單張"),
        };
        let listed = std::mem::take(&mut self.listed);
        let id = self.id("Composition");
        entry(
            &id,
            "Composition",
            None,
            [
                ("extension", Some(delivery(self.letter))),
                ("identifier", Some(json!({ "system": DELIVERY_SYSTEM, "value": self.number }))),
                ("status", Some(json!("final"))),
                ("type", Some(code(LOINC, kind))),
                ("subject", Some(reference(&self.patient))),
                ("date", issued),
                ("_date", no_date),
                ("author", Some(Value::Array([hospital.clone()].into_iter().chain(organisations).collect()))),
                ("title", Some(json!(title))),
                ("custodian", Some(hospital)),
                ("section", Some(json!([{ "entry": filled(listed.into_iter().chain([reference(&coverage)])) }]))),
            ],
        )
    }

    /// The Coverage of this recipient and line, and nobody else's.
    fn coverage(&mut self) -> String {
        let (system, value) = self.letter.recipient;
        let number = object([("system", Some(json!(system))), ("value", Some(json!(value)))]);
        let insurer = self.list(
            "Organization",
            [
                ("identifier", Some(json!([number]))),
                ("type", Some(json!([code(&format!("{HL7}/organization-type"), "ins")]))),
                ("name", Some(json!(self.letter.name))),
            ],
        );
        let patient = reference(&self.patient);
        self.list_as(
            "Coverage",
            &format!("{ICLAIM}/StructureDefinition/coverage-iclaim"),
            [
                ("status", Some(json!("active"))),
                ("type", Some(code(crate::hospital::LINE_SYSTEM, self.letter.line.as_str()))),
                ("beneficiary", Some(patient)),
                ("payor", Some(json!([reference(&insurer)]))),
            ],
        )
    }
}

/// Which delivery it is, as an extension of the Composition: the signature covers it.
fn delivery(letter: &Letter<'_>) -> Value {
    let word = |url: &str, value: &str| json!({ "url": url, "valueString": value });
    let mut parts = vec![
        word("delivery", &letter.delivery),
        word("packet", &letter.packet),
        word("claim", &letter.claim),
        word("submission", &letter.submission),
        word("line", letter.line.as_str()),
        word("revision", &letter.revision.to_string()),
        word("presentation-digest", &letter.presentation_digest),
    ];
    parts.extend(letter.forwarded_from.iter().map(|from| word("forwarded-from", from)));
    parts.extend(letter.same_receipt_as.iter().map(|claim| word("same-receipt-as", claim)));
    json!([{ "url": DELIVERY_EXTENSION, "extension": parts }])
}
