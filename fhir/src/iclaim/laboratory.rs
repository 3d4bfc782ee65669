//! DiagnosticReport with its Observations → laboratory report (檢驗報告). No Observation is lost: those that
//! no report names become reports of their own, one for each accession number (收件編號) and visit.

use std::collections::{HashMap, HashSet};

use claimgate_packet::evidence::{Coding, Concept, LabReport, LabResult};

use crate::element::Element;

use super::reading::{Reading, not_carried};
use super::{result, terms};

/// LOINC "Laboratory report", the type of Taiwan's 檢驗檢查 exchange form.
const LABORATORY_REPORT: (&str, &str) = ("http://loinc.org", "11502-2");

impl<'a> Reading<'_, 'a> {
    /// The reports: first those the Bundle states, then the Observations that no report names.
    pub(super) fn laboratory_reports(&self) -> Vec<LabReport> {
        let mut used: HashSet<String> = HashSet::new();
        let mut reports = Vec::new();
        for report in self.bundle.all("DiagnosticReport") {
            self.about(report, "subject");
            for member in ["presentedForm", "media", "imagingStudy"] {
                not_carried(report, member, "Send files and images as attachments; links are never followed.");
            }
            not_carried(report, "conclusionCode", "Write the conclusion as text too.");
            let mut results = Vec::new();
            let mut named = HashSet::new();
            for reference in report.children("result") {
                self.gather(&reference, &mut named, &mut results);
            }
            used.extend(named);
            let Some((patient, institution)) = self.head() else { break };
            reports.push(LabReport {
                number: terms::identifiers(report, "identifier").first().map(|number| number.value.to_owned()),
                patient,
                institution,
                code: terms::required_concept(report, "code"),
                status: report.required_string("status").unwrap_or_default().to_owned(),
                results,
                conclusion: report.string("conclusion").map(str::to_owned),
            });
        }
        reports.extend(self.unnamed(used));
        reports
    }

    /// The Observations no DiagnosticReport names, by accession number, visit and status.
    fn unnamed(&self, mut used: HashSet<String>) -> Vec<LabReport> {
        // A member of a panel comes with its panel.
        let panels: Vec<&Element<'a>> = self.bundle.all("Observation").filter(|one| one.has("hasMember")).collect();
        let singles = self.bundle.all("Observation").filter(|one| !one.has("hasMember"));
        let mut reports: Vec<LabReport> = Vec::new();
        let mut known: HashMap<Key<'a>, usize> = HashMap::new();
        for observation in panels.into_iter().chain(singles) {
            let mut results = Vec::new();
            self.add(observation, &mut used, &mut results);
            let Some(first) = results.first() else { continue };
            let key = Key {
                number: terms::identifiers(observation, "identifier").first().map(|number| number.value),
                encounter: observation.child("encounter").and_then(|encounter| encounter.string("reference")),
                status: observation.string("status"),
            };
            let same = key.number.and_then(|_| known.get(&key).copied());
            if let Some(report) = same.and_then(|position| reports.get_mut(position)) {
                report.code = several();
                report.results.extend(results);
                continue;
            }
            let Some((patient, institution)) = self.head() else { break };
            known.insert(key, reports.len());
            reports.push(LabReport {
                number: first.number.clone(),
                patient,
                institution,
                code: first.code.clone(),
                status: first.status.clone(),
                results,
                conclusion: None,
            });
        }
        reports
    }

    fn gather(&self, reference: &Element<'a>, used: &mut HashSet<String>, results: &mut Vec<LabResult>) {
        if let Some(observation) = self.bundle.resolve(reference, &["Observation"]) {
            self.add(&observation, used, results);
        }
    }

    /// An Observation and, once each, the members of its panel.
    fn add(&self, observation: &Element<'a>, used: &mut HashSet<String>, results: &mut Vec<LabResult>) {
        let mut waiting = vec![observation.clone()];
        while let Some(observation) = waiting.pop() {
            if !used.insert(observation.path().to_owned()) {
                continue;
            }
            self.about(&observation, "subject");
            results.extend(result::read(self, &observation));
            let members = observation.children("hasMember");
            let found = members.iter().filter_map(|member| {
                self.bundle.resolve(member, &["Observation", "QuestionnaireResponse", "MolecularSequence"])
            });
            waiting.extend(found.filter(|found| found.resource_type() == "Observation"));
        }
    }
}

/// What makes unnamed Observations one report.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    number: Option<&'a str>,
    encounter: Option<&'a str>,
    status: Option<&'a str>,
}

fn several() -> Concept {
    let (system, code) = LABORATORY_REPORT;
    Concept {
        codings: vec![Coding { system: Some(system.to_owned()), code: code.to_owned(), display: None }],
        text: None,
    }
}
