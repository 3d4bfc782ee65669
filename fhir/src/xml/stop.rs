//! Why an XML text is refused: one stable code each, with the place and how to fix it, never a value.

use crate::outcome::{Issue, IssueKind};
use crate::parse::element_name;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Syntax,
    EndsEarly,
    NotUtf8,
    Dtd,
    Instruction,
    Entity,
    Character,
    TooLarge(usize),
    TooDeep,
    TooManyItems(usize),
    TooManyValues(usize),
    TooManyAttributes,
    Namespace,
    DuplicateAttribute,
    UnknownAttribute,
    UnknownElement(String),
    UnknownResource,
    RepeatedElement,
    Text,
}

/// What is wrong, and where. Boxed, because a good text should not pay for it.
#[derive(Debug)]
pub(super) struct Stop(Box<Found>);

#[derive(Debug)]
struct Found {
    why: Why,
    /// The byte it stands at.
    at: usize,
    /// Segments from the inside out, gathered while the error climbs.
    path: Vec<String>,
}

impl Stop {
    pub(super) fn new(why: Why, at: usize) -> Self {
        Self(Box::new(Found { why, at, path: Vec::new() }))
    }

    pub(super) fn climb(mut self, segment: String) -> Self {
        self.0.path.push(segment);
        self
    }

    /// The finding, for the text it came from.
    pub(super) fn issue(&self, bytes: &[u8]) -> Issue {
        let before = bytes.get(..self.0.at).unwrap_or(bytes);
        let line = before.split(|byte| *byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let (kind, code, what, fix, zh) = self.0.why.words();
        let place = match self.0.why {
            Why::TooLarge(_) => String::new(),
            _ => format!(" at line {line}, column {column}"),
        };
        let text = format!("{what}{place}. {fix}");
        let issue = Issue::fatal(kind, code, text).zh(zh);
        let path: String = self.0.path.iter().rev().map(String::as_str).collect();
        if path.is_empty() { issue } else { issue.at(path) }
    }
}

impl Why {
    #[rustfmt::skip]
    fn words(&self) -> (IssueKind, &'static str, String, &'static str, &'static str) {
        use IssueKind::{Security, Structure, TooCostly};
        let (kind, code, what, fix, zh) = match self {
            Self::Syntax => (Structure, "xml.syntax", "Not an XML 1.0 text", "Correct the syntax there.", "不是正確的 XML 格式"),
            Self::EndsEarly => (Structure, "xml.syntax", "The XML text ends too early", "Send the whole document.", "XML 內容不完整"),
            Self::NotUtf8 => (Structure, "xml.not-utf8", "Not UTF-8, or declared as another encoding", "Send XML in UTF-8 and declare no other encoding.", "不是 UTF-8 編碼"),
            Self::Dtd => (Security, "xml.dtd", "A document type declaration", "Send no DOCTYPE and no entities; FHIR has none.", "不接受 DTD 宣告"),
            Self::Instruction => (Structure, "xml.processing-instruction", "A processing instruction, or an XML declaration that is not the first thing", "Leave it out.", "不接受處理指令"),
            Self::Entity => (Structure, "xml.entity", "A reference to an entity that XML does not define", "Write the character itself; only amp, lt, gt, quot and apos exist.", "使用了未定義的實體"),
            Self::Character => (Structure, "xml.character", "A character that XML 1.0 does not have", "Leave control characters out.", "含有 XML 不允許的字元"),
            Self::TooLarge(bytes) => return (TooCostly, "xml.too-large", format!("The body is larger than {bytes} bytes"), "Split it or leave out attachments.", "內容超過大小上限"),
            Self::TooDeep => (Structure, "xml.too-deep", "Elements nested too deep", "Flatten the structure.", "巢狀層數過深"),
            Self::TooManyItems(items) => return (TooCostly, "xml.too-many-items", format!("An element is repeated more than {items} times"), "Send less at once.", "重複項目過多"),
            Self::TooManyValues(values) => return (TooCostly, "xml.too-many-values", format!("More than {values} elements and values"), "Send less at once.", "內容項目過多"),
            Self::TooManyAttributes => (TooCostly, "xml.too-many-attributes", "Too many attributes or namespaces on one element", "Leave out what FHIR does not define.", "屬性過多"),
            Self::Namespace => (Structure, "xml.namespace", "An element outside the namespaces of FHIR and XHTML", "Use http://hl7.org/fhir, and http://www.w3.org/1999/xhtml as the default namespace on the div of a narrative.", "命名空間不正確"),
            Self::DuplicateAttribute => (Structure, "xml.duplicate-attribute", "An attribute stands twice on one element", "Send each attribute once.", "屬性重複"),
            Self::UnknownAttribute => (Structure, "xml.attribute-unknown", "An attribute that FHIR R4 does not have there", "Leave it out, or write it as the element FHIR defines.", "FHIR 未定義此屬性"),
            Self::UnknownElement(name) => {
                let name = element_name(name).map(|name| format!(" \"{name}\"")).unwrap_or_default();
                let what = format!("FHIR R4 has no element{name} there");
                return (Structure, "xml.element-unknown", what, "Remove it or correct its name.", "FHIR 未定義此元素");
            }
            Self::UnknownResource => (Structure, "xml.resource-unknown", "Not exactly one resource of FHIR R4", "Put one resource of R4 there.", "不是 FHIR R4 的資源"),
            Self::RepeatedElement => (Structure, "xml.element-repeated", "An element stands twice that FHIR R4 has at most once there", "Send it once.", "元素不得重複"),
            Self::Text => (Structure, "xml.text", "Text outside an attribute", "FHIR writes values as the attribute \"value\".", "值應寫在 value 屬性"),
        };
        (kind, code, what.to_owned(), fix, zh)
    }
}
