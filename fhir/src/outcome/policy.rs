//! Which warnings are errors for one hospital (醫事機構): the operator's choice, checked against the known codes.

use super::codes::{CODES, known};
use super::{Issue, Severity};

/// What is said of a warning that the policy made an error.
const RAISED: &str = " The gateway's policy for this hospital makes it an error: nothing of this input was accepted.";

/// Codes, or the part before their dot, whose warnings are errors. Without any, none are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    errors: Vec<Box<str>>,
}

/// A name in a policy that no warning has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no warning has the code {name:?}; the nearest are: {}. All stand in docs/fhir-issues.md", self.nearest().join(", "))]
pub struct UnknownCode {
    /// As it was written.
    pub name: String,
}

impl UnknownCode {
    /// The five names a policy may have that differ in the fewest signs, the nearest first.
    #[must_use]
    pub fn nearest(&self) -> Vec<&'static str> {
        // A name is at most a few dozen signs: what is longer is cut before it is compared with each.
        let written: Vec<char> = self.name.to_lowercase().chars().take(80).collect();
        let mut names = Policy::names();
        names.sort_by_cached_key(|known| apart(&written, known));
        names.truncate(5);
        names
    }
}

/// How many signs have to be put in, taken out or exchanged to make one text of the other (Levenshtein). A code that
/// holds all that was written, or has its last part, stands before those that only look alike.
fn apart(written: &[char], known: &str) -> (bool, usize) {
    let mut row: Vec<usize> = (0..=written.len()).collect();
    for (line, sign) in known.chars().enumerate() {
        let (mut corner, mut left) = (line, line + 1);
        let mut next = vec![left];
        for (one, above) in written.iter().zip(row.iter().skip(1)) {
            left = (left.min(*above) + 1).min(corner + usize::from(*one != sign));
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    let text: String = written.iter().collect();
    let last = text.rsplit_once('.').map_or("", |(_, last)| last);
    let part = text.len() > 2 && known.contains(&text) || last.len() > 2 && known.ends_with(last);
    (!part, row.last().copied().unwrap_or_default())
}

impl Policy {
    /// A policy that leaves every warning a warning.
    #[must_use]
    pub const fn lenient() -> Self {
        Self { errors: Vec::new() }
    }

    /// A policy that makes errors of these: whole codes (`patient.id-checksum`) or families (`structure`).
    ///
    /// # Errors
    /// [`UnknownCode`] for the first name that no warning of ours has; its text names the nearest.
    pub fn errors<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, UnknownCode> {
        let check = |name: S| {
            let name = name.as_ref();
            let mut warnings = CODES.iter().filter(|code| code.severity == Severity::Warning);
            let found = warnings.any(|code| covers(name, code.code));
            if found { Ok(name.into()) } else { Err(UnknownCode { name: name.to_owned() }) }
        };
        Ok(Self { errors: names.into_iter().map(check).collect::<Result<_, _>>()? })
    }

    /// What a policy may name: every family that has a warning, then every warning.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        let warnings = || CODES.iter().filter(|code| code.severity == Severity::Warning).map(|code| code.code);
        let mut families: Vec<&str> = warnings().filter_map(|code| Some(code.split_once('.')?.0)).collect();
        families.sort_unstable();
        families.dedup();
        families.into_iter().chain(warnings()).collect()
    }

    /// The severity a finding has under this policy.
    pub(super) fn severity(&self, code: &str, severity: Severity) -> Severity {
        let raised = severity == Severity::Warning && self.errors.iter().any(|name| covers(name, code));
        if raised { Severity::Error } else { severity }
    }

    /// The finding as it is under this policy.
    pub(super) fn apply(&self, mut issue: Issue) -> Issue {
        debug_assert!(cfg!(test) || known(&issue.code), "{} is not in the list of codes", issue.code);
        let severity = self.severity(&issue.code, issue.severity);
        if severity != issue.severity {
            issue.severity = severity;
            issue.diagnostics.push_str(RAISED);
        }
        issue
    }
}

fn covers(name: &str, code: &str) -> bool {
    code.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::IssueKind;
    use super::*;

    #[test]
    fn a_family_or_a_code_is_raised_and_nothing_else() {
        let policy = Policy::errors(["structure", "patient.id-checksum"]).unwrap();
        let severity = |code| policy.severity(code, Severity::Warning);
        assert_eq!(severity("structure.missing"), Severity::Error);
        assert_eq!(severity("patient.id-checksum"), Severity::Error);
        assert_eq!(severity("patient.id-form"), Severity::Warning);
        assert_eq!(policy.severity("structure.missing", Severity::Information), Severity::Information);
        let issue = policy.apply(Issue::warning(IssueKind::Value, "patient.id-checksum", "Compare it."));
        assert_eq!((issue.severity, &*issue.code), (Severity::Error, "patient.id-checksum"));
        assert!(issue.diagnostics.ends_with("nothing of this input was accepted."));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_that_are_known() {
        for (name, nearest) in [
            ("structur", "structure"),
            ("patient.id", "patient.id-form"),
            ("Patient.ID-Checksum", "patient.id-checksum"),
            ("identifier.id-checksum", "patient.id-checksum"),
            ("profil.binding", "profile.binding"),
        ] {
            let error = Policy::errors([name]).unwrap_err();
            assert_eq!(error.nearest().first(), Some(&nearest), "{error}");
            assert!(error.to_string().contains(nearest), "{error}");
        }
        for name in ["json", "bundle.no-claim", "", &"x".repeat(10_000)] {
            assert_eq!(Policy::errors([name]).unwrap_err().nearest().len(), 5);
        }
        for name in Policy::names() {
            assert!(Policy::errors([name]).is_ok(), "{name}");
        }
    }
}
