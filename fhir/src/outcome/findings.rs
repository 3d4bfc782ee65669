//! Collects findings while an input is read: all of them, each once, and a bounded number.

use std::cell::RefCell;
use std::collections::HashMap;

use super::policy::Policy;
use super::{Issue, Severity};

/// More findings than this are counted but no longer listed.
const LISTED: usize = 200;

/// More locations of one finding than this are counted but no longer listed.
const LOCATIONS: usize = 100;

/// Findings of one reading. Shared by reference, so that every reader of the input can add to them.
#[derive(Debug, Default)]
pub struct Findings {
    policy: Policy,
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    issues: Vec<Issue>,
    /// (code, first location) → position, so that reading an element twice reports it once.
    seen: HashMap<(String, Option<String>), usize>,
    /// The worst told of each place, from the first time somebody asks.
    places: Option<HashMap<String, Severity>>,
    refused: bool,
    left_out: usize,
}

impl Findings {
    /// Findings that are judged by a policy.
    #[must_use]
    pub fn under(policy: &Policy) -> Self {
        Self { policy: policy.clone(), inner: RefCell::default() }
    }

    /// Adds a finding; the same code at the same place is added once.
    pub fn report(&self, issue: Issue) {
        let issue = self.policy.apply(issue);
        let mut inner = self.inner.borrow_mut();
        inner.refused |= issue.refuses();
        let key = (issue.code.clone().into_owned(), issue.expression.first().cloned());
        inner.add(key, issue);
    }

    /// Adds a finding that is reported once however often it occurs; further locations are added to it.
    pub fn report_once(&self, issue: Issue) {
        let issue = self.policy.apply(issue);
        let mut inner = self.inner.borrow_mut();
        inner.refused |= issue.refuses();
        let key = (issue.code.clone().into_owned(), None);
        let known = inner.seen.get(&key).copied();
        let Some(known) = known.and_then(|position| inner.issues.get_mut(position)) else {
            return inner.add(key, issue);
        };
        for place in issue.expression {
            if known.expression.len() < LOCATIONS && !known.expression.contains(&place) {
                known.expression.push(place);
            }
        }
    }

    /// Adds a finding of the checks of form and profile, unless a reader told of something at least as bad at the
    /// same place: the sender would look twice for one fault.
    ///
    /// One that could not be listed is counted and never put in words, so that many cost little.
    pub fn report_untold(&self, severity: Severity, code: &str, describe: impl FnOnce() -> Issue) {
        let severity = self.policy.severity(code, severity);
        let mut inner = self.inner.borrow_mut();
        let refuses = severity <= Severity::Error;
        if inner.issues.len() >= LISTED && !(refuses && inner.spare().is_some()) {
            inner.refused |= refuses;
            inner.left_out += 1;
            return;
        }
        let issue = self.policy.apply(describe());
        let place = issue.expression.first().map(String::as_str).unwrap_or_default();
        if inner.told(place).is_some_and(|told| told <= severity) {
            return;
        }
        inner.refused |= refuses;
        let key = (issue.code.clone().into_owned(), Some(place.to_owned()));
        inner.add(key, issue);
    }

    /// Whether anything found refuses the input.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.inner.borrow().refused
    }

    /// All findings, the worst first, otherwise in the order found.
    #[must_use]
    pub fn into_issues(self) -> Vec<Issue> {
        let Inner { mut issues, left_out, .. } = self.inner.into_inner();
        issues.sort_by_key(|issue| issue.severity);
        if left_out > 0 {
            issues.push(
                Issue::information(
                    "issues.more",
                    format!("{left_out} further findings are not listed. Fix these first."),
                )
                .zh("尚有其他問題未列出"),
            );
        }
        issues
    }
}

impl Inner {
    fn add(&mut self, key: (String, Option<String>), mut issue: Issue) {
        if self.seen.contains_key(&key) {
            return;
        }
        issue.expression.truncate(LOCATIONS);
        if self.issues.len() < LISTED {
            self.seen.insert(key, self.issues.len());
            if let Some(places) = &mut self.places {
                note(places, &issue);
            }
            self.issues.push(issue);
            return;
        }
        self.left_out += 1;
        // An error must not be pushed out by warnings that came first.
        let spare = if issue.refuses() { self.spare() } else { None };
        if let Some(slot) = spare.and_then(|position| self.issues.get_mut(position)) {
            *slot = issue;
        }
    }

    /// The last listed finding that an error may take the place of.
    fn spare(&self) -> Option<usize> {
        self.issues.iter().rposition(|listed| listed.severity > Severity::Error)
    }

    /// The worst told of a place.
    fn told(&mut self, place: &str) -> Option<Severity> {
        let places = self.places.get_or_insert_with(|| {
            let mut places = HashMap::new();
            self.issues.iter().for_each(|issue| note(&mut places, issue));
            places
        });
        places.get(place).copied()
    }
}

/// That a part is not carried further says nothing of its form.
fn note(places: &mut HashMap<String, Severity>, issue: &Issue) {
    if issue.severity > Severity::Warning || issue.code.ends_with(".not-mapped") {
        return;
    }
    for place in &issue.expression {
        let worst = places.entry(place.clone()).or_insert(issue.severity);
        *worst = (*worst).min(issue.severity);
    }
}

#[cfg(test)]
mod tests {
    use super::super::IssueKind;
    use super::*;

    #[test]
    fn the_same_finding_at_the_same_place_is_reported_once() {
        let findings = Findings::default();
        for place in ["a", "a", "b"] {
            findings.report(Issue::warning(IssueKind::Value, "x", "y").at(place));
            findings.report_once(Issue::information("z", "y").at(place));
        }
        assert!(!findings.refused());
        let issues = findings.into_issues();
        assert_eq!(issues.len(), 3);
        assert_eq!(issues[2].expression, ["a", "b"]);
    }

    #[test]
    fn an_error_after_many_warnings_is_still_listed() {
        let findings = Findings::default();
        for place in 0..1000 {
            findings.report(Issue::warning(IssueKind::Value, "x", "y").at(place.to_string()));
        }
        findings.report(Issue::error(IssueKind::Value, "bad", "y").at("z"));
        assert!(findings.refused());
        let issues = findings.into_issues();
        assert_eq!(issues[0].code, "bad");
        assert_eq!(issues.len(), LISTED + 1);
    }

    #[test]
    fn a_fault_is_told_once_unless_the_second_telling_is_worse() {
        let reader = |findings: &Findings| {
            findings.report(Issue::warning(IssueKind::Value, "patient.id-form", "y").at("a"));
            findings.report(Issue::warning(IssueKind::Value, "element.not-mapped", "y").at("b"));
        };
        let again = |findings: &Findings, place: &str| {
            let issue = || Issue::warning(IssueKind::Value, "structure.missing", "y").at(place);
            findings.report_untold(Severity::Warning, "structure.missing", issue);
        };
        let findings = Findings::default();
        reader(&findings);
        for place in ["a", "b", "c", "c"] {
            again(&findings, place);
        }
        assert!(!findings.refused());
        let places: Vec<_> = findings.into_issues().into_iter().flat_map(|issue| issue.expression).collect();
        assert_eq!(places, ["a", "b", "b", "c"]);

        let findings = Findings::under(&Policy::errors(["structure"]).unwrap());
        reader(&findings);
        again(&findings, "a");
        assert!(findings.refused());
        assert_eq!(findings.into_issues()[0].code, "structure.missing");
    }

    #[test]
    fn what_cannot_be_listed_is_counted_and_never_put_in_words() {
        let findings = Findings::default();
        for place in 0..1000 {
            let issue = || Issue::warning(IssueKind::Value, "structure.missing", "y").at(place.to_string());
            findings.report_untold(Severity::Warning, "structure.missing", issue);
        }
        findings.report_untold(Severity::Warning, "structure.missing", || panic!("not asked for"));
        assert_eq!(
            findings.into_issues().last().unwrap().diagnostics,
            "801 further findings are not listed. Fix these first."
        );
    }
}
