//! What we found wrong, where, and how to fix it: FHIR `OperationOutcome`, without a value from the input.

use std::borrow::Cow;

use serde_json::{Value, json};

mod codes;
mod findings;
mod list;
mod policy;

pub use codes::{CODES, Code};
pub use findings::Findings;
pub use list::page;
pub use policy::{Policy, UnknownCode};

/// The system of our own stable codes in `OperationOutcome.issue.details.coding`.
pub const CODE_SYSTEM: &str = "urn:claimgate:code";

/// `OperationOutcome.issue.severity` (FHIR R4 issue-severity).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input could not be read at all.
    Fatal,
    /// The input is refused.
    Error,
    /// Accepted, but somebody should look.
    Warning,
    /// Accepted; worth knowing.
    Information,
}

impl Severity {
    /// The FHIR code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)+) => {
        /// `OperationOutcome.issue.code` (FHIR R4 issue-type).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum IssueKind {
            $($(#[$doc])* $variant,)+
        }

        impl IssueKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The FHIR code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

kinds! {
    /// Content that breaks a rule.
    Invalid = "invalid";
    /// Not the form expected.
    Structure = "structure";
    /// Something required is missing.
    Required = "required";
    /// A value out of its range or form.
    Value = "value";
    /// A rule of a profile is broken.
    Invariant = "invariant";
    /// A security problem.
    Security = "security";
    /// Who is calling is not known.
    Login = "login";
    /// A user or system is not known.
    Unknown = "unknown";
    /// A credential or session has run out.
    Expired = "expired";
    /// Known, but not allowed.
    Forbidden = "forbidden";
    /// Something was left out for privacy.
    Suppressed = "suppressed";
    /// Processing failed.
    Processing = "processing";
    /// Not supported here.
    NotSupported = "not-supported";
    /// A duplicate.
    Duplicate = "duplicate";
    /// More than one match.
    MultipleMatches = "multiple-matches";
    /// Not found.
    NotFound = "not-found";
    /// Was there, is deleted.
    Deleted = "deleted";
    /// Longer than accepted.
    TooLong = "too-long";
    /// A code that is not in its list.
    CodeInvalid = "code-invalid";
    /// An extension that is not acceptable.
    Extension = "extension";
    /// More than we are willing to process.
    TooCostly = "too-costly";
    /// A business rule is broken.
    BusinessRule = "business-rule";
    /// Somebody else changed it first.
    Conflict = "conflict";
    /// Try again.
    Transient = "transient";
    /// A lock could not be had.
    LockError = "lock-error";
    /// The store is not available.
    NoStore = "no-store";
    /// An error of ours.
    Exception = "exception";
    /// It took too long.
    Timeout = "timeout";
    /// Not all of it is there.
    Incomplete = "incomplete";
    /// Too many requests.
    Throttled = "throttled";
    /// For information.
    Informational = "informational";
}

/// One finding. No field ever holds a value from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// FHIR's own kind.
    pub kind: IssueKind,
    /// Our stable code, for example `bundle.no-claim`.
    pub code: Cow<'static, str>,
    /// What is wrong and how to fix it, in English.
    pub diagnostics: String,
    /// The same in a few words for a person in Taiwan (正體中文).
    pub text: Option<Cow<'static, str>>,
    /// Where: `FHIRPath` from the root, for example `Bundle.entry[3].resource.item[0].net.value`.
    pub expression: Vec<String>,
}

impl Issue {
    /// A finding of any severity.
    pub fn new(
        severity: Severity,
        kind: IssueKind,
        code: impl Into<Cow<'static, str>>,
        diagnostics: impl Into<String>,
    ) -> Self {
        Self { severity, kind, code: code.into(), diagnostics: diagnostics.into(), text: None, expression: Vec::new() }
    }

    /// The input could not be read at all.
    pub fn fatal(kind: IssueKind, code: impl Into<Cow<'static, str>>, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Fatal, kind, code, diagnostics)
    }

    /// The input is refused.
    pub fn error(kind: IssueKind, code: impl Into<Cow<'static, str>>, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Error, kind, code, diagnostics)
    }

    /// Accepted, but somebody should look.
    pub fn warning(kind: IssueKind, code: impl Into<Cow<'static, str>>, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Warning, kind, code, diagnostics)
    }

    /// Accepted; worth knowing.
    pub fn information(code: impl Into<Cow<'static, str>>, diagnostics: impl Into<String>) -> Self {
        Self::new(Severity::Information, IssueKind::Informational, code, diagnostics)
    }

    /// Adds a location.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression.push(expression.into());
        self
    }

    /// Adds the Chinese short text.
    #[must_use]
    pub fn zh(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Whether the input is refused because of it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        matches!(self.severity, Severity::Fatal | Severity::Error)
    }

    /// One `OperationOutcome.issue`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut details = json!({ "coding": [{ "system": CODE_SYSTEM, "code": self.code }] });
        let mut issue = json!({ "severity": self.severity.as_str(), "code": self.kind.as_str() });
        if let (Some(text), Some(details)) = (&self.text, details.as_object_mut()) {
            details.insert("text".to_owned(), json!(text));
        }
        if let Some(issue) = issue.as_object_mut() {
            issue.insert("details".to_owned(), details);
            issue.insert("diagnostics".to_owned(), json!(self.diagnostics));
            if !self.expression.is_empty() {
                issue.insert("expression".to_owned(), json!(self.expression));
            }
        }
        issue
    }
}

/// FHIR `OperationOutcome`: the answer to a refused input, and the findings on an accepted one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationOutcome {
    /// The findings.
    pub issues: Vec<Issue>,
}

impl OperationOutcome {
    /// The resource. FHIR wants at least one issue, so nothing found is said as such.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut issues: Vec<Value> = self.issues.iter().map(Issue::to_json).collect();
        if issues.is_empty() {
            issues.push(Issue::information("ok", "Nothing to report.").zh("無異常").to_json());
        }
        json!({ "resourceType": "OperationOutcome", "issue": issues })
    }
}

impl From<Issue> for OperationOutcome {
    fn from(issue: Issue) -> Self {
        Self { issues: vec![issue] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_becomes_json_with_code_text_and_location() {
        let issue =
            Issue::error(IssueKind::Required, "bundle.no-claim", "Add a Claim.").at("Bundle.entry").zh("缺 Claim");
        assert_eq!(
            OperationOutcome::from(issue).to_json(),
            json!({ "resourceType": "OperationOutcome", "issue": [{
                "severity": "error", "code": "required",
                "details": { "coding": [{ "system": "urn:claimgate:code", "code": "bundle.no-claim" }], "text": "缺 Claim" },
                "diagnostics": "Add a Claim.", "expression": ["Bundle.entry"],
            }] })
        );
    }

    #[test]
    fn nothing_found_is_still_a_valid_outcome() {
        let outcome = OperationOutcome::default().to_json();
        assert_eq!(outcome.pointer("/issue/0/severity"), Some(&json!("information")));
    }
}
