//! The table at the end of many files: how they fared, and which findings came up most.

use std::collections::BTreeMap;

use claimgate_fhir::outcome::{Issue, Severity};

/// Codes the table lists.
const TOP: usize = 10;

#[derive(Default)]
pub(super) struct Summary {
    outcomes: BTreeMap<&'static str, usize>,
    /// By severity and code: findings, and files that have one.
    codes: BTreeMap<(Severity, String), (usize, usize)>,
}

impl Summary {
    /// Counts a file: `accepted`, `warnings` or `refused`, with its findings.
    pub(super) fn add(&mut self, outcome: &'static str, issues: &[Issue]) {
        *self.outcomes.entry(outcome).or_default() += 1;
        let mut once: BTreeMap<(Severity, &str), usize> = BTreeMap::new();
        for issue in issues {
            *once.entry((issue.severity, &issue.code)).or_default() += 1;
        }
        for ((severity, code), count) in once {
            let (findings, files) = self.codes.entry((severity, code.to_owned())).or_default();
            *findings += count;
            *files += 1;
        }
    }

    pub(super) fn refused(&self) -> usize {
        self.count("refused")
    }

    fn count(&self, outcome: &str) -> usize {
        self.outcomes.get(outcome).copied().unwrap_or_default()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let all: usize = self.outcomes.values().sum();
        let mut lines = Vec::new();
        if !self.codes.is_empty() {
            let mut top: Vec<_> = self.codes.iter().collect();
            // Worst first, then by how many files have it.
            top.sort_by_key(|((severity, _), (findings, files))| {
                (*severity, usize::MAX - files, usize::MAX - findings)
            });
            lines.push(format!("{:>8}  {:>8}  {:<11}  code", "files", "findings", "severity"));
            for ((severity, code), (findings, files)) in top.iter().take(TOP) {
                lines.push(format!("{files:>8}  {findings:>8}  {:<11}  {code}", severity.as_str()));
            }
            if let Some(more) = top.len().checked_sub(TOP).filter(|more| *more > 0) {
                lines.push(format!("{:>8}  {:>8}  {:<11}  and {more} codes more", "", "", ""));
            }
        }
        lines.push(format!("{:>8}  {:>8}  {:>8}  {:>8}", "files", "accepted", "warnings", "refused"));
        let (accepted, warnings, refused) = (self.count("accepted"), self.count("warnings"), self.refused());
        lines.push(format!("{all:>8}  {accepted:>8}  {warnings:>8}  {refused:>8}"));
        lines
    }
}

#[cfg(test)]
mod tests {
    use claimgate_fhir::outcome::IssueKind;

    use super::*;

    #[test]
    fn the_table_counts_files_and_findings_worst_first() {
        let warning = |code: &'static str| Issue::warning(IssueKind::Value, code, "");
        let mut summary = Summary::default();
        summary.add("accepted", &[]);
        summary.add("warnings", &[warning("a.rare"), warning("b.often"), warning("b.often")]);
        summary.add("warnings", &[warning("b.often")]);
        summary.add("refused", &[Issue::error(IssueKind::Value, "c.wrong", "")]);
        assert_eq!(
            summary.lines(),
            [
                "   files  findings  severity     code",
                "       1         1  error        c.wrong",
                "       2         3  warning      b.often",
                "       1         1  warning      a.rare",
                "   files  accepted  warnings   refused",
                "       4         1         2         1",
            ]
        );
        let codes: Vec<String> = (0..13).map(|number| format!("x.{number}")).collect();
        let issues: Vec<Issue> = codes.iter().map(|code| Issue::information(code.clone(), "")).collect();
        summary.add("accepted", &issues);
        assert!(summary.lines().iter().any(|line| line.ends_with("and 6 codes more")));
    }
}
