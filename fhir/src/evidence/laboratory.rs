//! DiagnosticReport with its Observations → laboratory report (檢驗報告). No Observation is lost: those that
//! no report names become reports of their own, one for each accession number (收件編號) and visit.

use std::collections::{HashMap, HashSet};

use claimgate_packet::evidence::{Coding, Concept, LAB_REPORT, LabReport, LabResult};

use crate::element::Element;
use crate::shape::Shape;
use crate::sources::Sourced;
use crate::terms;

use super::certificate::is_certificate_report;
use super::reading::{Made, Reading, none_carried, not_carried};
use super::{result, withdrawal};

/// LOINC "Laboratory report", the type of Taiwan's 檢驗檢查 exchange form.
const LABORATORY_REPORT: (&str, &str) = ("http://loinc.org", "11502-2");

impl<'a> Reading<'_, 'a> {
    /// The reports: first those the Bundle states, then the Observations that no report names.
    pub(super) fn laboratory_reports(&self) -> Vec<Made<LabReport>> {
        let mut used: HashSet<String> = HashSet::new();
        let mut reports = Vec::new();
        let reports_stated = self.bundle.all("DiagnosticReport");
        for report in reports_stated.filter(|report| !is_certificate_report(report)) {
            if let Some(reason) = withdrawal::reason(report, "status") {
                let number = result::number(report, &mut self.sources());
                self.take_back(report, LAB_REPORT, number, reason);
                let mut named = HashSet::new();
                report.children("result").iter().for_each(|it| self.gather(it, &mut named, &mut Vec::new()));
                used.extend(named);
                continue;
            }
            self.about(report, "subject");
            not_carried(report, "imagingStudy", "Send images as attachments; links are never followed.");
            self.report_files(report);
            none_carried(report, &["specimen"]);
            not_carried(report, "conclusionCode", "Write the conclusion as text too.");
            let mut results = Vec::new();
            let mut named = HashSet::new();
            for reference in report.children("result") {
                self.gather(&reference, &mut named, &mut results);
            }
            let mut of = vec![report.path().to_owned()];
            of.extend(named.iter().cloned());
            of.extend(self.encounter(report.child("encounter")).map(|visit| visit.path().to_owned()));
            used.extend(named);
            let Some((patient, institution, mut from)) = self.head() else { break };
            let (performers, organisations) = self.performers(report.children("performer"));
            let (interpreters, _) = self.performers(report.children("resultsInterpreter"));
            let period = report.child("effectivePeriod");
            let sampled_on = match &period {
                Some(period) => from.day("/sampled_on", period, "start"),
                None => from.day("/sampled_on", report, "effectiveDateTime"),
            };
            from.note("/code", || report.place("code"));
            from.note("/status", || report.place("status"));
            let value = LabReport {
                sampled_on,
                sampled_until: period.and_then(|period| from.day("/sampled_until", &period, "end")),
                reported: from.instant("/reported", report, "issued"),
                performers: from.list("/performers", performers),
                organisations: from.list("/organisations", organisations),
                interpreters: from.list("/interpreters", interpreters),
                number: result::number(report, &mut from),
                patient,
                institution,
                code: terms::required_concept(report, "code"),
                status: report.required_string("status").unwrap_or_default().to_owned(),
                results: from.list("/results", results),
                conclusion: from.text("/conclusion", report, "conclusion"),
            };
            reports.push(Made { value, from, of });
        }
        reports.extend(self.unnamed(&mut used));
        self.used.borrow_mut().extend(used);
        reports
    }

    /// The files of a report: its printed forms and its images.
    pub(super) fn report_files(&self, report: &Element<'a>) {
        report.children("presentedForm").iter().for_each(|form| self.attach(report, form));
        for link in report.children("media").iter().filter_map(|media| media.child("link")) {
            if let Some(media) = self.bundle.resolve(&link, &["Media"]) {
                self.mark(&media);
                media.child("content").iter().for_each(|content| self.attach(report, content));
            }
        }
    }

    /// The Observations no DiagnosticReport names, by accession number, visit and status.
    fn unnamed(&self, used: &mut HashSet<String>) -> Vec<Made<LabReport>> {
        // A member of a panel comes with its panel.
        let all = || self.bundle.all("Observation").filter(|one| self.is_laboratory(one));
        let panels: Vec<&Element<'a>> = all().filter(|one| one.has("hasMember")).collect();
        let singles = all().filter(|one| !one.has("hasMember"));
        let mut reports: Vec<Made<LabReport>> = Vec::new();
        let mut known: HashMap<Key<'a>, usize> = HashMap::new();
        for observation in panels.into_iter().chain(singles) {
            let mut results = Vec::new();
            self.add(observation, used, &mut results);
            let Some(first) = results.first().map(|first| &first.value) else { continue };
            let key = Key {
                number: terms::identifiers(observation, "identifier").first().map(|number| number.value),
                encounter: observation.child("encounter").and_then(|encounter| encounter.string("reference")),
                status: observation.string("status"),
            };
            let same = key.number.and_then(|_| known.get(&key).copied());
            if let Some(report) = same.and_then(|position| reports.get_mut(position)) {
                report.value.code = several();
                report.from.several("/code", "several results under one accession number");
                report.of.push(observation.path().to_owned());
                report.from.append("/results", &mut report.value.results, results);
                continue;
            }
            let Some((patient, institution, mut from)) = self.head() else { break };
            known.insert(key, reports.len());
            for (to, member) in [("/number", "identifier"), ("/code", "code"), ("/status", "status")] {
                from.rule(to, "as its only or first result", || vec![observation.place(member)]);
            }
            let mut value = LabReport {
                sampled_on: None,
                sampled_until: None,
                reported: None,
                performers: Vec::new(),
                organisations: Vec::new(),
                interpreters: Vec::new(),
                number: first.number.clone(),
                patient,
                institution,
                code: first.code.clone(),
                status: first.status.clone(),
                results: Vec::new(),
                conclusion: None,
            };
            from.append("/results", &mut value.results, results);
            let mut of = vec![observation.path().to_owned()];
            of.extend(self.encounter(observation.child("encounter")).map(|visit| visit.path().to_owned()));
            reports.push(Made { value, from, of });
        }
        reports
    }

    /// Beside a claim every Observation is a laboratory result; a record also writes down vital signs and the like.
    fn is_laboratory(&self, observation: &Element<'a>) -> bool {
        let categories = terms::concepts(observation, "category");
        let mut codes = categories.iter().flat_map(terms::codes).map(|(_, code)| code).peekable();
        !matches!(self.shape(), Shape::Record | Shape::Prescription)
            || codes.peek().is_none()
            || codes.any(|code| code == "laboratory")
    }

    /// Observations that stand in no laboratory report.
    pub(super) fn measurements(&self) -> Vec<Sourced<LabResult>> {
        let mut used = self.used.borrow_mut();
        let mut results = Vec::new();
        for observation in self.bundle.all("Observation") {
            self.add(observation, &mut used, &mut results);
        }
        results
    }

    fn gather(&self, reference: &Element<'a>, used: &mut HashSet<String>, results: &mut Vec<Sourced<LabResult>>) {
        if let Some(observation) = self.bundle.resolve(reference, &["Observation"]) {
            self.add(&observation, used, results);
        }
    }

    /// An Observation and, once each, the members of its panel.
    fn add(&self, observation: &Element<'a>, used: &mut HashSet<String>, results: &mut Vec<Sourced<LabResult>>) {
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
