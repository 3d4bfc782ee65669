//! The faults of structure in words: code, what, how to fix it. No value of the input.

use crate::outcome::{Issue, IssueKind};

/// What is wrong with an element.
#[derive(Clone, Copy)]
pub(super) enum Fault<'a> {
    UnknownElement,
    UnknownResource,
    /// Another JSON type than this.
    WrongType(&'static str),
    /// An array where R4 has one value.
    Repeats,
    /// Two forms of one choice.
    Choice,
    /// This element is not there.
    Missing(&'a str),
    /// Not of the form of this type.
    Form(&'static str),
    Empty,
    /// A null that nothing stands beside.
    Padding,
    /// A contained resource inside another.
    Contained,
    /// An extension with a value and extensions, or neither.
    Extension,
}

impl Fault<'_> {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::UnknownElement => "structure.unknown-element",
            Self::UnknownResource => "structure.unknown-resource",
            Self::WrongType(_) => "structure.wrong-type",
            Self::Repeats => "structure.repeats",
            Self::Choice => "structure.choice",
            Self::Missing(_) => "structure.missing",
            Self::Form(_) => "structure.primitive-form",
            Self::Empty => "structure.empty",
            Self::Padding => "structure.null-padding",
            Self::Contained => "structure.contained",
            Self::Extension => "structure.extension",
        }
    }

    pub(super) fn issue(self) -> Issue {
        let (kind, text, chinese) = match self {
            Self::UnknownElement => (
                IssueKind::Structure,
                "FHIR R4 has no such element here. Correct its name, or leave it out.".to_owned(),
                "FHIR R4 沒有此欄位",
            ),
            Self::UnknownResource => (
                IssueKind::Structure,
                "FHIR R4 has no resource of this type. Correct resourceType.".to_owned(),
                "FHIR R4 沒有此資源型別",
            ),
            Self::WrongType(expected) => (
                IssueKind::Structure,
                format!("The element must be {expected}. Write it as FHIR's JSON form asks."),
                "欄位的 JSON 型別不正確",
            ),
            Self::Repeats => (
                IssueKind::Structure,
                "FHIR R4 has this element at most once here, so it is no JSON array. Write one value.".to_owned(),
                "欄位最多只能有一個值，不可為陣列",
            ),
            Self::Choice => (
                IssueKind::Structure,
                "The element takes one value of one type, and another form of it stands here too. Keep one.".to_owned(),
                "同一欄位只能選用一種型別",
            ),
            Self::Missing(name) => (
                IssueKind::Required,
                format!("FHIR R4 requires the element {name} here. Add it."),
                "缺少 FHIR R4 必要欄位",
            ),
            Self::Form(name) => (
                IssueKind::Value,
                format!("Not of the form of a FHIR {name}{}. Correct the value.", pattern(name)),
                "值的格式不符合 FHIR R4",
            ),
            Self::Empty => (
                IssueKind::Structure,
                "Nothing stands here: FHIR has no empty object, array or text, and no null. Leave it out.".to_owned(),
                "欄位是空的",
            ),
            Self::Padding => (
                IssueKind::Structure,
                "A null keeps a place only where the array beside it (its name with _) says something there. Remove it."
                    .to_owned(),
                "陣列中的 null 沒有對應的擴充內容",
            ),
            Self::Contained => (
                IssueKind::Structure,
                "A contained resource contains no other. Contain it in the outer resource.".to_owned(),
                "contained 資源內不可再有 contained",
            ),
            Self::Extension => (
                IssueKind::Structure,
                "An extension has either a value or extensions of its own. Give it one of them.".to_owned(),
                "擴充欄位必須有值或子擴充其中之一",
            ),
        };
        Issue::warning(kind, self.code(), text).zh(chinese)
    }
}

/// How a type is written, for those people get wrong.
fn pattern(name: &str) -> &'static str {
    match name {
        "date" => " (YYYY, YYYY-MM or YYYY-MM-DD, 西元)",
        "dateTime" => " (YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+08:00, 西元)",
        "instant" => " (YYYY-MM-DDThh:mm:ss+08:00)",
        "time" => " (hh:mm:ss)",
        "id" => " (1 to 64 letters, digits, - and .)",
        "code" => " (no space at either end, none doubled)",
        "uri" | "url" | "canonical" => " (no white space)",
        "positiveInt" => " (a whole number from 1)",
        "unsignedInt" => " (a whole number from 0)",
        "integer" => " (a whole number)",
        "base64Binary" => " (groups of four signs of base64)",
        "oid" => " (urn:oid: and the number)",
        "uuid" => " (urn:uuid: and 36 signs, lower case)",
        "xhtml" => " (one div element)",
        "string" | "markdown" => " (no control characters)",
        _ => "",
    }
}
