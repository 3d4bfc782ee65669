//! Composition with its sections → medical record (病歷): discharge summary, outpatient record. Narrative becomes
//! plain text; what sections refer to becomes diagnoses, procedures, measurements, or documents of its own.

use claimgate_packet::evidence::{MedicalRecord, RecordSection, RecordedProcedure};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::shape::Shape;
use crate::terms;

use super::narrative;
use super::reading::{Reading, none_carried, not_carried};

/// Parts of a Composition that evidence has no place for.
const NOT_CARRIED: [&str; 2] = ["event", "relatesTo"];

/// Parts of a Procedure that evidence has no place for.
const PROCEDURE_NOT_CARRIED: [&str; 6] =
    ["reasonCode", "outcome", "complication", "followUp", "usedCode", "focalDevice"];

impl<'a> Reading<'_, 'a> {
    /// The record, where the Bundle is one; beside it, diagnoses that have no place elsewhere are named.
    pub(super) fn records(&self) -> Vec<MedicalRecord> {
        match self.shape() {
            Shape::Record => self.record().into_iter().collect(),
            Shape::IClaim | Shape::Prescription => Vec::new(),
            Shape::Invoice => {
                self.no_certificates();
                Vec::new()
            }
        }
    }

    fn record(&self) -> Option<MedicalRecord> {
        let composition = self.bundle.all("Composition").next()?;
        let (patient, institution) = self.head()?;
        self.about(composition, "subject");
        none_carried(composition, &NOT_CARRIED);
        let number = composition.child("identifier").and_then(|number| terms::identifier(&number));
        let number = number.filter(|number| !self.is_case_number(number.system, number.value));
        let (authors, organisations) = self.authors();
        let (attesters, _) =
            self.performers(composition.children("attester").iter().filter_map(|attester| attester.child("party")));
        let (diagnoses, notes) = self.plain_diagnoses();
        Some(MedicalRecord {
            number: number.map(|number| number.value.to_owned()),
            code: terms::required_concept(composition, "type"),
            categories: terms::concepts(composition, "category"),
            title: composition.string("title").map(str::to_owned),
            status: composition.required_string("status").unwrap_or_default().to_owned(),
            confidentiality: composition.string("confidentiality").map(str::to_owned),
            patient,
            institution,
            visit: self.visit(self.encounter(composition.child("encounter")).as_ref()),
            written_on: composition.day("date"),
            authors,
            attesters,
            organisations,
            text: plain(composition),
            sections: sections(composition),
            diagnoses,
            procedures: self.procedures(),
            measurements: self.measurements(),
            notes,
        })
    }

    fn procedures(&self) -> Vec<RecordedProcedure> {
        self.bundle.all("Procedure").map(|procedure| self.procedure(procedure)).collect()
    }

    /// A procedure with its status: one that was planned or not done says so.
    fn procedure(&self, procedure: &Element<'a>) -> RecordedProcedure {
        self.about(procedure, "subject");
        self.mark(procedure);
        none_carried(procedure, &PROCEDURE_NOT_CARRIED);
        if procedure.string("status") == Some("entered-in-error") {
            let text = "A procedure entered in error is no evidence. Remove it.";
            let issue = Issue::error(IssueKind::BusinessRule, "procedure.not-in-force", text);
            procedure.report(issue.zh("處置紀錄登錄錯誤"), "status");
        }
        let period = procedure.child("performedPeriod");
        let actors = procedure.children("performer").into_iter().filter_map(|performer| performer.child("actor"));
        let (performers, _) = self.performers(actors);
        RecordedProcedure {
            code: terms::required_concept(procedure, "code"),
            status: procedure.required_string("status").unwrap_or_default().to_owned(),
            performed_on: match &period {
                Some(period) => period.day("start"),
                None => procedure.day("performedDateTime"),
            },
            performed_until: period.and_then(|period| period.day("end")),
            body_sites: terms::concepts(procedure, "bodySite"),
            performers,
            notes: terms::notes(procedure),
        }
    }

    /// Beside an Invoice a Condition without a serial number is neither a certificate nor part of a record.
    fn no_certificates(&self) {
        for condition in self.bundle.all("Condition").filter(|condition| !self.is_certificate(condition)) {
            let text = "The Condition has no serial number, so it is no certificate and is not carried further. \
                        Give it the certificate's number as identifier.";
            let issue = Issue::warning(IssueKind::Incomplete, "condition.not-a-certificate", text);
            condition.findings().report_once(issue.at(condition.place("identifier")).zh("沒有診斷證明書序號"));
        }
    }
}

/// Sections in reading order, however deep; an empty one is kept for its title.
fn sections(composition: &Element<'_>) -> Vec<RecordSection> {
    let mut sections = Vec::new();
    let mut waiting: Vec<(u32, Element<'_>)> = inside(composition, 1);
    while let Some((level, section)) = waiting.pop() {
        not_carried(&section, "emptyReason", "Say it in section.text.");
        let read = RecordSection {
            level,
            title: section.string("title").map(str::to_owned),
            code: section.child("code").and_then(|code| terms::concept(&code)),
            text: plain(&section),
        };
        if read.title.is_some() || read.code.is_some() || read.text.is_some() {
            sections.push(read);
        }
        waiting.extend(inside(&section, level + 1));
    }
    sections
}

/// The sections right inside, the last first.
fn inside<'a>(element: &Element<'a>, level: u32) -> Vec<(u32, Element<'a>)> {
    element.children("section").into_iter().rev().map(|section| (level, section)).collect()
}

/// The narrative of an element as plain text.
fn plain(element: &Element<'_>) -> Option<String> {
    let (text, whole) = narrative::text(element.child("text")?.string("div")?);
    if !whole {
        let reason =
            "The narrative's markup is broken, so the text after that is not carried further. Write valid XHTML.";
        let issue = Issue::warning(IssueKind::Structure, "composition.narrative-broken", reason);
        element.report(issue.zh("敘述文字的標記不完整"), "text.div");
    }
    (!text.is_empty()).then_some(text)
}
