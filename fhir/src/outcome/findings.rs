//! Collects findings while an input is read: all of them, each once, and a bounded number.

use std::cell::RefCell;
use std::collections::HashMap;

use super::{Issue, Severity};

/// More findings than this are counted but no longer listed.
const LISTED: usize = 200;

/// More locations of one finding than this are counted but no longer listed.
const LOCATIONS: usize = 100;

/// Findings of one reading. Shared by reference, so that every reader of the input can add to them.
#[derive(Debug, Default)]
pub struct Findings {
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    issues: Vec<Issue>,
    /// (code, first location) → position, so that reading an element twice reports it once.
    seen: HashMap<(String, Option<String>), usize>,
    refused: bool,
    left_out: usize,
}

impl Findings {
    /// Adds a finding; the same code at the same place is added once.
    pub fn report(&self, issue: Issue) {
        let mut inner = self.inner.borrow_mut();
        inner.refused |= issue.refuses();
        let key = (issue.code.clone().into_owned(), issue.expression.first().cloned());
        inner.add(key, issue);
    }

    /// Adds a finding that is reported once however often it occurs; further locations are added to it.
    pub fn report_once(&self, issue: Issue) {
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
            self.issues.push(issue);
            return;
        }
        self.left_out += 1;
        // An error must not be pushed out by warnings that came first.
        let spare = self.issues.iter().rposition(|listed| listed.severity > Severity::Error);
        if let (true, Some(slot)) = (issue.refuses(), spare.and_then(|position| self.issues.get_mut(position))) {
            *slot = issue;
        }
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
}
