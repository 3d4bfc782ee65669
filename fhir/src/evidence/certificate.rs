//! Condition + Encounter → diagnosis certificate (診斷證明書), 醫師法 §11-1 and §17.
//!
//! One certificate carries several diagnoses: Conditions with the same serial number (序號) and the same
//! visit are one. Several serial numbers, or several visits, are several certificates.

use std::collections::{HashMap, HashSet};

use claimgate_packet::evidence::{Concept, DiagnosisCertificate};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::shape::Shape;
use crate::sources::Sourced;
use crate::terms::{self, Named};

use super::reading::{Made, Reading, none_carried, paths};

/// Parts of a Condition that evidence has no place for.
const NOT_CARRIED: [&str; 8] = [
    "severity",
    "bodySite",
    "evidence",
    "onsetDateTime",
    "onsetPeriod",
    "onsetString",
    "abatementDateTime",
    "abatementPeriod",
];

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
        for condition in self.bundle.all("Condition").filter(|condition| self.is_certificate(condition)) {
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
        groups.iter().map_while(|group| self.certificate(group)).collect()
    }

    /// iClaim's Condition is a certificate; elsewhere it needs the serial number that makes it one.
    pub(super) fn is_certificate(&self, condition: &Element<'a>) -> bool {
        self.shape() == Shape::IClaim || !terms::identifiers(condition, "identifier").is_empty()
    }

    /// Diagnoses that no certificate states: those of a record or prescription, with their remarks.
    pub(super) fn plain_diagnoses(&self) -> (Vec<Sourced<Concept>>, Vec<Sourced<String>>) {
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

    fn diagnosis(&self, condition: &Element<'a>) -> Sourced<Concept> {
        let mut from = self.sources();
        from.note("", || condition.place("code"));
        Sourced { value: terms::required_concept(condition, "code"), from }
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
        certificate.advice = (!advice.is_empty()).then(|| advice.join("\n"));
        from.rule("/advice", "notes, each once, a line each", || noted.iter().map(|note| note.place("text")).collect());
        let of = paths(group.conditions.iter().chain(&group.encounter));
        Some(Made { value: certificate, from, of })
    }
}

/// A diagnosis that was withdrawn or ruled out is no evidence; parts of one that have no place are named.
fn in_force(condition: &Element<'_>) {
    none_carried(condition, &NOT_CARRIED);
    let status = condition.child("verificationStatus").and_then(|status| terms::concept(&status)).unwrap_or_default();
    if status.codings.iter().any(|coding| matches!(&*coding.code, "entered-in-error" | "refuted")) {
        let text = "A diagnosis that was ruled out or entered in error is no evidence. Remove it.";
        let issue = Issue::error(IssueKind::BusinessRule, "condition.not-in-force", text);
        condition.report(issue.zh("診斷已排除或登錄錯誤"), "verificationStatus");
    }
}
