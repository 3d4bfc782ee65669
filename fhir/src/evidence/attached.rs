//! Which document a file belongs to: `DocumentReference`, DiagnosticReport.presentedForm and .media,
//! Claim.supportingInfo.
//!
//! A file inside a resource belongs to the document made of it. A `DocumentReference` belongs to the one document of
//! the type it names; where there are several, or it names none, to the one it refers to or is referred to by
//! (`context.related`); otherwise it is a medical record (病歷) of its own.

use claimgate_packet::evidence::{
    Concept, DIAGNOSIS_CERTIFICATE, Document, LAB_REPORT, MEDICAL_RECEIPT, MEDICAL_RECORD, MedicalRecord, PRESCRIPTION,
    WithdrawalReason,
};
use claimgate_packet::limits::ATTACHMENTS;

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::terms;

use super::file::File;
use super::reading::{Made, Reading, none_carried, not_carried};
use super::{Read, finished, withdrawal};

/// Our own words for the type of a document: the evidence types.
const EVIDENCE_TYPE: &str = "urn:claimgate:evidence-type";
const LOINC: &str = "http://loinc.org";

/// Parts of a `DocumentReference` that evidence has no place for.
const NOT_CARRIED: [&str; 1] = ["securityLabel"];

impl<'a> Reading<'_, 'a> {
    /// Keeps a file for the document made of this resource.
    pub(super) fn attach(&self, resource: &Element<'a>, attachment: &Element<'a>) {
        if let Some(file) = self.file(attachment) {
            self.attached.borrow_mut().push((resource.path().to_owned(), file));
        }
    }

    /// Gives every file its document; what has none becomes one.
    pub(super) fn attachments(&self, read: &mut Vec<Read>) {
        for (path, file) in self.attached.take() {
            match read.iter_mut().find(|read| read.of.contains(&path)) {
                Some(read) => read.files.push(file),
                None => self.nowhere(&file),
            }
        }
        for reference in self.bundle.all("DocumentReference") {
            self.mark(reference);
            self.about(reference, "subject");
            let own = number(reference).map(|number| number.value.to_owned());
            let of = kind(reference).unwrap_or(MEDICAL_RECORD);
            let reason = withdrawal::reason(reference, "docStatus").or_else(|| withdrawal::reason(reference, "status"));
            if let Some(reason) = reason {
                self.take_back(reference, of, own, reason);
                continue;
            }
            self.replaced(reference, of, own.as_deref());
            none_carried(reference, &NOT_CARRIED);
            let contents = reference.children("content");
            let files: Vec<File> =
                contents.iter().filter_map(|content| self.file(&content.child("attachment")?)).collect();
            if files.is_empty() {
                continue;
            }
            match self.document(reference, read).and_then(|position| read.get_mut(position)) {
                Some(read) => read.files.extend(files),
                None => read.extend(self.own_record(reference, files)),
            }
        }
        if read.iter().map(|read| read.files.len()).sum::<usize>() > ATTACHMENTS {
            let text =
                format!("There are more than {ATTACHMENTS} attachments. Send fewer, or use a second case number.");
            let issue = Issue::error(IssueKind::TooCostly, "bundle.too-many-attachments", text);
            self.bundle.head().report(issue.zh("附件超過 200 個"), "entry");
        }
    }

    /// Notes what a `DocumentReference` replaces, by the number that stands there or the one of what it refers to.
    fn replaced(&self, reference: &Element<'a>, kind: &'static str, own: Option<&str>) {
        for relation in reference.children("relatesTo") {
            let target = relation.child("target").filter(|_| relation.string("code") == Some("replaces"));
            let logical = target.as_ref().and_then(|target| terms::identifier(&target.child("identifier")?));
            let logical = logical.map(|number| number.value.to_owned());
            let there = || number(&self.bundle.any(&target.clone()?)?).map(|number| number.value.to_owned());
            match logical.or_else(there) {
                Some(old) => self.take_place(kind, old, own, WithdrawalReason::Amended),
                None => not_carried(&relation, "code", "Only what is replaced is read, by its identifier."),
            }
        }
    }

    /// A file of a resource that became no document.
    fn nowhere(&self, file: &File) {
        let text = "The attachment's resource became no document, so it is not carried further.";
        let issue = Issue::warning(IssueKind::Incomplete, "attachment.no-document", text);
        self.bundle.head().findings().report(issue.at(file.place.clone()).zh("附件沒有所屬文件，不會轉送"));
    }

    /// The position of the document a `DocumentReference` belongs to.
    fn document(&self, reference: &Element<'a>, read: &[Read]) -> Option<usize> {
        let related = self.related(reference);
        let refers = |read: &Read| related.iter().any(|path| read.of.contains(path));
        let positions = |wanted: &dyn Fn(&Read) -> bool| -> Vec<usize> {
            read.iter().enumerate().filter(|(_, read)| wanted(read)).map(|(position, _)| position).collect()
        };
        let Some(kind) = kind(reference) else { return positions(&refers).first().copied() };
        let of_kind = |read: &Read| read.document.kind() == kind;
        let same_visit = |read: &Read| {
            let context = reference.child("context");
            let visits = context.map(|context| context.children("encounter")).unwrap_or_default();
            visits
                .iter()
                .filter_map(|visit| self.bundle.any(visit))
                .any(|visit| read.of.iter().any(|it| it == visit.path()))
        };
        let any = |_: &Read| true;
        let narrower: [&dyn Fn(&Read) -> bool; 3] = [&any, &refers, &same_visit];
        for narrower in narrower {
            if let [only] = positions(&|read| of_kind(read) && narrower(read)).as_slice() {
                return Some(*only);
            }
        }
        if read.iter().any(of_kind) {
            let text = "Several documents are of this type, so the attachment is carried as a medical record of its own. \
                        Say which one is meant: refer to its resource in context.related.";
            let issue = Issue::warning(IssueKind::MultipleMatches, "attachment.ambiguous", text);
            reference.report(issue.zh("附件所屬文件不明，請以 context.related 指明"), "type");
            return None;
        }
        positions(&refers).first().copied()
    }

    /// The paths of what a `DocumentReference` refers to and of what refers to it.
    fn related(&self, reference: &Element<'a>) -> Vec<String> {
        let context = reference.child("context");
        let named = context.map(|context| context.children("related")).unwrap_or_default();
        let mut paths: Vec<String> =
            named.iter().filter_map(|named| Some(self.bundle.any(named)?.path().to_owned())).collect();
        let mut refers = |resource: &Element<'a>, element: Option<Element<'a>>| {
            let target = element.and_then(|element| self.bundle.any(&element));
            if target.is_some_and(|target| target.path() == reference.path()) {
                paths.push(resource.path().to_owned());
            }
        };
        for claim in self.bundle.all("Claim") {
            claim.children("supportingInfo").iter().for_each(|info| refers(claim, info.child("valueReference")));
        }
        for condition in self.bundle.all("Condition") {
            let details = condition.children("evidence");
            details.iter().flat_map(|evidence| evidence.children("detail")).for_each(|it| refers(condition, Some(it)));
        }
        if let Some(composition) = self.bundle.all("Composition").next() {
            let mut sections = composition.children("section");
            while let Some(section) = sections.pop() {
                section.children("entry").into_iter().for_each(|entry| refers(composition, Some(entry)));
                sections.extend(section.children("section"));
            }
        }
        paths
    }

    /// A medical record (病歷) that is a file and what its `DocumentReference` says of it.
    fn own_record(&self, reference: &Element<'a>, files: Vec<File>) -> Option<Read> {
        let (patient, institution, mut from) = self.head()?;
        let (authors, organisations) = self.performers(reference.children("author"));
        let (attesters, _) = self.performers(reference.child("authenticator"));
        let context = reference.child("context");
        let visits = context.as_ref().map(|context| context.children("encounter")).unwrap_or_default();
        let visit = visits.first().and_then(|visit| self.bundle.resolve(visit, &["Encounter"]));
        let title = from.text("/title", reference, "description").or_else(|| {
            let contents = reference.children("content");
            contents.iter().find_map(|content| from.text("/title", &content.child("attachment")?, "title"))
        });
        let code = from.child("/code", reference, "type", terms::concept).unwrap_or_else(|| {
            from.rule("/code", "the title, where no type is given", || vec![reference.path().to_owned()]);
            Concept { codings: Vec::new(), text: Some(title.clone().unwrap_or_else(|| "附件".to_owned())) }
        });
        let number = number_element(reference);
        let value = MedicalRecord {
            number: number.and_then(|number| from.text("/number", &number, "value")),
            code,
            categories: from.children("/categories", reference, "category", terms::concept),
            title,
            status: from
                .text("/status", reference, "docStatus")
                .or_else(|| from.text("/status", reference, "status"))
                .unwrap_or_default(),
            confidentiality: None,
            patient,
            institution,
            visit: self.visit(visit.as_ref(), &mut from),
            written_on: from.day("/written_on", reference, "date"),
            authors: from.list("/authors", authors),
            attesters: from.list("/attesters", attesters),
            organisations: from.list("/organisations", organisations),
            text: None,
            sections: Vec::new(),
            diagnoses: Vec::new(),
            procedures: Vec::new(),
            measurements: Vec::new(),
            notes: Vec::new(),
        };
        let made = Made { value, from, of: vec![reference.path().to_owned()] };
        Some(Read { files, ..finished(self, made, Document::MedicalRecord) })
    }
}

/// The number a document is known by.
fn number_element<'a>(reference: &Element<'a>) -> Option<Element<'a>> {
    reference.child("masterIdentifier").or_else(|| reference.children("identifier").into_iter().next())
}

fn number<'a>(reference: &Element<'a>) -> Option<terms::Named<'a>> {
    terms::identifier(&number_element(reference)?)
}

/// The evidence type its type or category names, in our words, LOINC of the exchange forms, or Chinese.
fn kind(reference: &Element<'_>) -> Option<&'static str> {
    let mut concepts: Vec<Concept> =
        reference.child("type").and_then(|kind| terms::concept(&kind)).into_iter().collect();
    concepts.extend(terms::concepts(reference, "category"));
    concepts.iter().find_map(of_concept)
}

/// The evidence type a concept names.
pub(super) fn of_concept(concept: &Concept) -> Option<&'static str> {
    let coded = terms::codes(concept).find_map(|pair| match pair {
        (EVIDENCE_TYPE, DIAGNOSIS_CERTIFICATE) => Some(DIAGNOSIS_CERTIFICATE),
        (EVIDENCE_TYPE, MEDICAL_RECEIPT) => Some(MEDICAL_RECEIPT),
        (EVIDENCE_TYPE, LAB_REPORT) | (LOINC, "11502-2") => Some(LAB_REPORT),
        (EVIDENCE_TYPE, PRESCRIPTION) | (LOINC, "57833-6" | "29304-3") => Some(PRESCRIPTION),
        (EVIDENCE_TYPE, MEDICAL_RECORD) => Some(MEDICAL_RECORD),
        _ => None,
    });
    coded.or_else(|| {
        terms::words(concept).find_map(|words| match words {
            "診斷證明書" | "診斷書" => Some(DIAGNOSIS_CERTIFICATE),
            "醫療費用收據" | "醫療收據" | "收據" => Some(MEDICAL_RECEIPT),
            "檢驗報告" | "檢驗檢查報告" => Some(LAB_REPORT),
            "處方箋" | "調劑單張" => Some(PRESCRIPTION),
            _ => None,
        })
    })
}
