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
#[error("no warning has the code {name:?}. Known are: {}", Policy::names().join(", "))]
pub struct UnknownCode {
    /// As it was written.
    pub name: String,
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
    /// [`UnknownCode`] for the first name that no warning of ours has; its text lists those there are.
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
    fn an_unknown_name_is_refused_with_those_that_are_known() {
        for name in ["structur", "patient.id", "json", "bundle.no-claim", ""] {
            let error = Policy::errors([name]).unwrap_err();
            assert!(error.to_string().contains("structure, "), "{error}");
        }
        for name in Policy::names() {
            assert!(Policy::errors([name]).is_ok(), "{name}");
        }
    }
}
