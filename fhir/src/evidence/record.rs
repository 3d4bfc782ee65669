//! Composition with its sections → medical record (病歷): discharge summary, outpatient record. Narrative becomes
//! plain text; what sections refer to becomes diagnoses, procedures, measurements, or documents of its own.

use claimgate_packet::evidence::{MedicalRecord, RecordSection};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::shape::Shape;
use crate::sources::{Sourced, Sources};
use crate::terms;

use super::narrative;
use super::reading::{Made, Reading, none_carried, not_carried, paths};

/// Parts of a Composition that evidence has no place for.
const NOT_CARRIED: [&str; 1] = ["event"];

impl Reading<'_, '_> {
    /// The record, where the Bundle is one; beside it, diagnoses that have no place elsewhere are named.
    pub(super) fn records(&self) -> Vec<Made<MedicalRecord>> {
        match self.shape() {
            Shape::Record => self.record().into_iter().collect(),
            Shape::IClaim | Shape::Prescription => Vec::new(),
            Shape::Invoice => {
                self.no_certificates();
                Vec::new()
            }
        }
    }

    fn record(&self) -> Option<Made<MedicalRecord>> {
        let composition = self.bundle.all("Composition").next()?;
        let (patient, institution, mut from) = self.head()?;
        self.about(composition, "subject");
        none_carried(composition, &NOT_CARRIED);
        let number = composition.child("identifier").and_then(|number| terms::identifier(&number));
        let number = number.filter(|number| !self.is_case_number(number.system, number.value));
        let (authors, organisations) = self.authors();
        let (attesters, _) =
            self.performers(composition.children("attester").iter().filter_map(|attester| attester.child("party")));
        let (diagnoses, notes) = self.plain_diagnoses();
        let encounter = self.encounter(composition.child("encounter"));
        from.note("/code", || composition.place("type"));
        from.note("/status", || composition.place("status"));
        let value = MedicalRecord {
            number: number.map(|number| {
                from.note("/number", || number.place.clone());
                number.value.to_owned()
            }),
            code: terms::required_concept(composition, "type"),
            categories: from.children("/categories", composition, "category", terms::concept),
            title: from.text("/title", composition, "title"),
            status: composition.required_string("status").unwrap_or_default().to_owned(),
            confidentiality: from.text("/confidentiality", composition, "confidentiality"),
            patient,
            institution,
            visit: self.visit(encounter.as_ref(), &mut from),
            written_on: from.day("/written_on", composition, "date"),
            authors: from.list("/authors", authors),
            attesters: from.list("/attesters", attesters),
            organisations: from.list("/organisations", organisations),
            text: plain(composition, &mut from),
            sections: sections(composition, &mut from),
            diagnoses: from.list("/diagnoses", diagnoses),
            procedures: from.list("/procedures", self.bundle.all("Procedure").map(|it| self.procedure(it))),
            measurements: from.list("/measurements", self.measurements()),
            notes: from.list("/notes", notes),
        };
        let inside = ["Condition", "Procedure"].into_iter().flat_map(|kind| self.bundle.all(kind));
        let of = paths(std::iter::once(composition).chain(inside).chain(&encounter));
        Some(Made { value, from, of })
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
fn sections(composition: &Element<'_>, from: &mut Sources) -> Vec<RecordSection> {
    let mut sections = Vec::new();
    let mut waiting: Vec<(u32, Element<'_>)> = inside(composition, 1);
    while let Some((level, section)) = waiting.pop() {
        not_carried(&section, "emptyReason", "Say it in section.text.");
        let mut own = from.part();
        own.rule("/level", "how deep the section stands", || vec![section.path().to_owned()]);
        let read = RecordSection {
            level,
            title: own.text("/title", &section, "title"),
            code: own.child("/code", &section, "code", terms::concept),
            text: plain(&section, &mut own),
        };
        if read.title.is_some() || read.code.is_some() || read.text.is_some() {
            from.append("/sections", &mut sections, [Sourced { value: read, from: own }]);
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
fn plain(element: &Element<'_>, from: &mut Sources) -> Option<String> {
    let narrative = element.child("text")?;
    let (text, whole) = narrative::text(narrative.string("div")?);
    from.rule("/text", "the narrative without its markup", || vec![narrative.place("div")]);
    if !whole {
        let reason =
            "The narrative's markup is broken, so the text after that is not carried further. Write valid XHTML.";
        let issue = Issue::warning(IssueKind::Structure, "composition.narrative-broken", reason);
        element.report(issue.zh("敘述文字的標記不完整"), "text.div");
    }
    (!text.is_empty()).then_some(text)
}
