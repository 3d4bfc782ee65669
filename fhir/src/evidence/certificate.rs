//! Condition + Encounter → diagnosis certificate (診斷證明書), 醫師法 §11-1 and §17.
//!
//! One certificate carries several diagnoses: Conditions with the same serial number (序號) and the same
//! visit are one. Several serial numbers, or several visits, are several certificates.

use std::collections::{HashMap, HashSet};

use claimgate_packet::evidence::{Concept, DIAGNOSIS_CERTIFICATE, Diagnosis, DiagnosisCertificate, WithdrawalReason};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::shape::Shape;
use crate::sources::Sourced;
use crate::terms::{self, Named};

use super::attached;
use super::diagnosis::{entered_in_error, in_force};
use super::reading::{Made, Reading, none_carried, paths};
use super::{result, withdrawal};

/// What makes Conditions one certificate.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    number: Option<(Option<&'a str>, &'a str)>,
    encounter: Option<String>,
}

/// Conditions that make one certificate.
struct Group<'a> {
    number: Option<Named<'a>>,
    encounter: Option<Element<'a>>,
    conditions: Vec<Element<'a>>,
}

impl<'a> Reading<'_, 'a> {
    /// The certificates, in the order of their first Condition.
    pub(super) fn certificates(&self) -> Vec<Made<DiagnosisCertificate>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut known: HashMap<Key<'a>, usize> = HashMap::new();
        let mut gone: Vec<(&Element<'a>, WithdrawalReason)> = Vec::new();
        for condition in self.bundle.all("Condition").filter(|condition| self.is_certificate(condition)) {
            if let Some(reason) = entered_in_error(condition) {
                gone.push((condition, reason));
                continue;
            }
            self.about(condition, "subject");
            in_force(condition);
            let number = terms::identifiers(condition, "identifier").into_iter().next();
            let encounter = self.encounter(condition.child("encounter"));
            let key = Key {
                number: number.as_ref().map(|number| (number.system, number.value)),
                encounter: encounter.as_ref().map(|encounter| encounter.path().to_owned()),
            };
            let position = *known.entry(key).or_insert(groups.len());
            match groups.get_mut(position) {
                Some(group) => group.conditions.push(condition.clone()),
                None => groups.push(Group { number, encounter, conditions: vec![condition.clone()] }),
            }
        }
        self.certificates_gone(&gone, &groups);
        let mut certificates: Vec<_> = groups.iter().map_while(|group| self.certificate(group)).collect();
        let reports = self.bundle.all("DiagnosticReport").filter(|report| is_certificate_report(report));
        let reports = reports.filter(|report| match withdrawal::reason(report, "status") {
            Some(reason) => {
                let number = result::number(report, &mut self.sources());
                self.take_back(report, DIAGNOSIS_CERTIFICATE, number, reason);
                false
            }
            None => true,
        });
        certificates.extend(reports.map_while(|report| self.certificate_report(report)));
        certificates
    }

    /// Certificates all of whose diagnoses are withdrawn. Where one is left, the certificate says something else now.
    fn certificates_gone(&self, gone: &[(&Element<'a>, WithdrawalReason)], groups: &[Group<'a>]) {
        let mut said: HashSet<Option<String>> = HashSet::new();
        for (condition, reason) in gone {
            let number = terms::identifiers(condition, "identifier").into_iter().next().map(|it| it.value.to_owned());
            let stays = |group: &Group<'a>| group.number.as_ref().map(|it| it.value) == number.as_deref();
            if groups.iter().any(stays) || !said.insert(number.clone()) {
                self.mark(condition);
                continue;
            }
            self.take_back(condition, DIAGNOSIS_CERTIFICATE, number, reason.clone());
        }
    }

    /// iClaim's Condition is a certificate; elsewhere it needs the serial number that makes it one.
    pub(super) fn is_certificate(&self, condition: &Element<'a>) -> bool {
        self.shape() == Shape::IClaim || !terms::identifiers(condition, "identifier").is_empty()
    }

    /// Diagnoses that no certificate states: those of a record or prescription, with their remarks.
    pub(super) fn plain_diagnoses(&self) -> (Vec<Sourced<Diagnosis>>, Vec<Sourced<String>>) {
        let (mut diagnoses, mut notes) = (Vec::new(), Vec::new());
        for condition in self.bundle.all("Condition").filter(|condition| !self.is_certificate(condition)) {
            self.about(condition, "subject");
            in_force(condition);
            diagnoses.push(self.diagnosis(condition));
            for note in condition.children("note") {
                let mut from = self.sources();
                notes.extend(from.text("", &note, "text").map(|value| Sourced { value, from }));
            }
        }
        (diagnoses, notes)
    }

    /// The draft of 2023 sends the certificate as a DiagnosticReport: the conclusion in codes are the diagnoses, in
    /// words the advice (醫囑).
    fn certificate_report(&self, report: &Element<'a>) -> Option<Made<DiagnosisCertificate>> {
        let (patient, institution, mut from) = self.head()?;
        self.about(report, "subject");
        none_carried(report, &["specimen", "imagingStudy"]);
        self.report_files(report);
        let encounter = self.encounter(report.child("encounter"));
        let (mut physicians, _) = self.performers(report.children("performer"));
        physicians.extend(self.performers(report.children("resultsInterpreter")).0);
        let plain =
            |concept: Concept| Diagnosis { codings: concept.codings, text: concept.text, ..Diagnosis::default() };
        let mut diagnoses =
            from.children("/diagnoses", report, "conclusionCode", |code| terms::concept(code).map(plain));
        let mut advice = from.text("/advice", report, "conclusion");
        if diagnoses.is_empty() {
            // Words alone are the diagnosis itself.
            let text = advice.take();
            if text.is_none() {
                report.missing("conclusionCode");
            }
            from.note("/diagnoses/0/text", || report.place("conclusion"));
            diagnoses.push(Diagnosis { text, ..Diagnosis::default() });
        }
        let value = DiagnosisCertificate {
            number: result::number(report, &mut from),
            patient,
            institution,
            visit: self.visit(encounter.as_ref(), &mut from),
            diagnoses,
            procedures: Vec::new(),
            advice,
            issued_on: from.first("/issued_on", report, &["issued", "effectiveDateTime"], Element::day),
            physicians: from.list("/physicians", physicians),
        };
        Some(Made { value, from, of: paths(std::iter::once(report).chain(&encounter)) })
    }

    fn certificate(&self, group: &Group<'a>) -> Option<Made<DiagnosisCertificate>> {
        let (patient, institution, mut from) = self.head()?;
        if let Some(number) = &group.number {
            from.note("/number", || number.place.clone());
        }
        let mut certificate = DiagnosisCertificate {
            number: group.number.as_ref().map(|number| number.value.to_owned()),
            patient,
            institution,
            visit: self.visit(group.encounter.as_ref(), &mut from),
            diagnoses: Vec::new(),
            procedures: Vec::new(),
            advice: None,
            issued_on: None,
            physicians: Vec::new(),
        };
        let (mut advice, mut said, mut noted) = (Vec::new(), HashSet::new(), Vec::new());
        for condition in &group.conditions {
            from.append("/diagnoses", &mut certificate.diagnoses, [self.diagnosis(condition)]);
            for note in condition.children("note") {
                if let Some(text) = note.string("text").filter(|text| said.insert((*text).to_owned())) {
                    advice.push(text);
                    noted.push(note);
                }
            }
            let issued_on = from.day("/issued_on", condition, "recordedDate");
            if let (Some(one), Some(other)) = (certificate.issued_on, issued_on)
                && one != other
            {
                let text =
                    "Conditions of one certificate name different days of issue; the first is taken. Make them equal.";
                let issue = Issue::warning(IssueKind::Value, "condition.issue-dates-differ", text);
                condition.report(issue.zh("同一診斷證明書的開立日期不一致"), "recordedDate");
            }
            certificate.issued_on = certificate.issued_on.or(issued_on);
            for member in ["recorder", "asserter"] {
                let physician = condition.child(member).and_then(|who| self.professional(&who));
                let physician = physician.filter(|physician| !certificate.physicians.contains(&physician.value));
                from.append("/physicians", &mut certificate.physicians, physician);
            }
        }
        let mut of = paths(group.conditions.iter().chain(&group.encounter));
        // In a record they stand in the record.
        if self.shape() != Shape::Record {
            for procedure in self.procedures_at(group.encounter.as_ref()) {
                from.append("/procedures", &mut certificate.procedures, [self.procedure(&procedure)]);
                of.push(procedure.path().to_owned());
            }
        }
        certificate.advice = (!advice.is_empty()).then(|| advice.join("\n"));
        from.rule("/advice", "notes, each once, a line each", || noted.iter().map(|note| note.place("text")).collect());
        Some(Made { value: certificate, from, of })
    }
}

/// Whether a DiagnosticReport says of itself that it is a certificate of diagnosis (診斷證明書).
pub(super) fn is_certificate_report(report: &Element<'_>) -> bool {
    let code = report.child("code").and_then(|code| terms::concept(&code));
    let categories = terms::concepts(report, "category");
    code.iter().chain(&categories).any(|concept| attached::of_concept(concept) == Some(DIAGNOSIS_CERTIFICATE))
}
