//! Rules that do not hold, in words: the profile, the element, what it asks for. No value of the input.

use serde_json::Value;

use crate::outcome::{Issue, IssueKind, Severity};

/// What does not hold.
pub(super) enum Fault<'a> {
    TooFew(u32),
    TooMany(u32),
    /// A choice took a type the profile does not allow.
    Type,
    Fixed(&'a Value),
    Pattern(&'a Value),
    NoSlice,
    Binding,
    Target(&'a [Box<str>]),
    TooLong(u32),
    Invariant(&'a str),
    /// A constraint the profile only recommends.
    Advice(&'a str),
}

impl Fault<'_> {
    pub(super) fn severity(&self) -> Severity {
        if matches!(self, Self::Advice(_)) { Severity::Information } else { Severity::Warning }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::TooFew(_) | Self::TooMany(_) => "profile.cardinality",
            Self::Type => "profile.type",
            Self::Fixed(_) => "profile.fixed",
            Self::Pattern(_) => "profile.pattern",
            Self::NoSlice => "profile.slice",
            Self::Binding => "profile.binding",
            Self::Target(_) => "profile.reference-target",
            Self::TooLong(_) => "profile.max-length",
            Self::Invariant(_) => "profile.invariant",
            Self::Advice(_) => "profile.best-practice",
        }
    }

    /// The finding; `profile` and `element` are names the operator's packages give.
    pub(super) fn issue(&self, profile: &str, element: &str) -> Issue {
        let (kind, asks, chinese) = match self {
            Self::TooFew(min) => {
                (IssueKind::Required, format!("must stand at least {min} time(s). Add it."), "不足規範要求的次數")
            }
            Self::TooMany(0) => (IssueKind::Structure, "must not stand. Leave it out.".to_owned(), "規範不允許此欄位"),
            Self::TooMany(max) => {
                (IssueKind::Structure, format!("must stand at most {max} time(s)."), "超過規範允許的次數")
            }
            Self::Type => (
                IssueKind::Structure,
                "has another type there. Use one the profile names.".to_owned(),
                "規範不允許此型別",
            ),
            Self::Fixed(fixed) => (IssueKind::Value, format!("must be exactly {}.", shown(fixed)), "不是規範指定的值"),
            Self::Pattern(pattern) => {
                (IssueKind::Value, format!("must contain {}.", shown(pattern)), "不符合規範的樣式")
            }
            Self::NoSlice => (
                IssueKind::Structure,
                "has a closed list of kinds, and this is none of them.".to_owned(),
                "不屬於規範列出的任何一種",
            ),
            Self::Binding => (
                IssueKind::CodeInvalid,
                "must have a code of the value set that the profile requires.".to_owned(),
                "代碼不在規範的值集內",
            ),
            Self::Target(types) => {
                (IssueKind::Value, format!("must refer to: {}.", types.join(", ")), "參照的資源型別不符合規範")
            }
            Self::TooLong(most) => {
                (IssueKind::TooLong, format!("has at most {most} characters. Shorten it."), "超過規範的長度")
            }
            Self::Invariant(key) => {
                (IssueKind::Invariant, format!("must keep the rule {key} of the profile."), "不符合規範的條件")
            }
            Self::Advice(key) => {
                (IssueKind::Informational, format!("should keep the rule {key} of the profile."), "建議符合規範的條件")
            }
        };
        let text = format!("Profile {profile}: {element} {asks}");
        Issue::new(self.severity(), kind, self.code(), text).zh(chinese)
    }
}

/// A value of a profile, cut where it is long.
fn shown(value: &Value) -> String {
    let whole = value.to_string();
    if whole.chars().count() <= 200 { whole } else { whole.chars().take(200).chain(['…']).collect() }
}
