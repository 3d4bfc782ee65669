//! Laboratory report (檢驗報告) → DiagnosticReport with Observations; measurements of records and prescriptions.

use claimgate_packet::evidence::{LabReport, LabResult, LabValue, ReferenceRange};
use serde_json::{Value, json};

use super::Writing;
use super::parts::{
    HL7, code, concept, concepts, date, filled, instant, maybe, notes, numbered, object, period, quantity, reference,
    text,
};

impl Writing<'_> {
    /// Writes a report and says where it stands.
    pub(super) fn laboratory(&mut self, report: &LabReport) -> String {
        let results: Vec<Value> =
            report.results.iter().map(|result| reference(&self.observation(result, "laboratory"))).collect();
        let performers = self.performers(&report.performers, &report.organisations);
        let interpreters = self.people(&report.interpreters);
        let subject = reference(&self.patient);
        let spans = report.sampled_until.is_some();
        let (first, last) = (date(report.sampled_on), date(report.sampled_until));
        self.list(
            "DiagnosticReport",
            [
                ("identifier", numbered(report.number.as_ref())),
                ("status", Some(json!(report.status))),
                ("code", Some(concept(&report.code))),
                ("subject", Some(subject)),
                ("effectiveDateTime", first.clone().filter(|_| !spans)),
                ("effectivePeriod", period(first, last).filter(|_| spans)),
                ("issued", report.reported.map(|at| json!(instant(at)))),
                ("performer", filled(performers)),
                ("resultsInterpreter", filled(interpreters)),
                ("result", filled(results)),
                ("conclusion", text(report.conclusion.as_ref())),
            ],
        )
    }

    /// Writes one result under a category and says where it stands.
    pub(super) fn observation(&mut self, result: &LabResult, category: &str) -> String {
        let performers = self.performers(&result.performers, &result.organisations);
        let subject = reference(&self.patient);
        let (quantities, coded, words) = match &result.value {
            Some(LabValue::Quantity(value)) => (Some(quantity(value)), None, None),
            Some(LabValue::Concept(value)) => (None, Some(concept(value)), None),
            Some(LabValue::Text(value)) => (None, None, Some(json!(value))),
            None => (None, None, None),
        };
        self.list(
            "Observation",
            [
                ("identifier", numbered(result.number.as_ref())),
                ("status", Some(json!(result.status))),
                ("category", Some(json!([code(&format!("{HL7}/observation-category"), category)]))),
                ("code", Some(concept(&result.code))),
                ("subject", Some(subject)),
                ("effectiveDateTime", date(result.sampled_on)),
                ("issued", result.reported.map(|at| json!(instant(at)))),
                ("performer", filled(performers)),
                ("valueQuantity", quantities),
                ("valueCodeableConcept", coded),
                ("valueString", words),
                ("interpretation", concepts(&result.interpretation)),
                ("note", notes(&result.notes)),
                ("bodySite", maybe(result.body_site.as_ref())),
                ("referenceRange", filled(result.reference.iter().map(range))),
            ],
        )
    }
}

fn range(range: &ReferenceRange) -> Value {
    object([
        ("low", range.low.as_ref().map(quantity)),
        ("high", range.high.as_ref().map(quantity)),
        ("text", text(range.text.as_ref())),
    ])
}
