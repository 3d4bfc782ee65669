//! Data types of FHIR → the words of evidence: Coding, `CodeableConcept`, Quantity, Identifier, Annotation.

use claimgate_packet::evidence::{Coding, Concept, Identifier, Quantity};

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::Sources;
use crate::taiwan::{Namespace, canonical};

/// An `Identifier` with a value.
#[derive(Clone)]
pub struct Named<'a> {
    /// The system in its one spelling.
    pub system: Option<&'a str>,
    /// What that system means to us.
    pub namespace: Option<Namespace>,
    /// Codes of `Identifier.type`, for example `MR`, `PRN`, `UBN`.
    pub types: Vec<&'a str>,
    /// The value.
    pub value: &'a str,
    /// Where the value stands.
    pub place: String,
}

claimgate_packet::opaque_debug!(Named<'_>);

impl Named<'_> {
    /// As it stands in evidence, its kind by its first type code.
    #[must_use]
    pub fn to_identifier(&self) -> Identifier {
        Identifier {
            kind: self.types.first().map(|code| (*code).to_owned()),
            system: self.system.map(str::to_owned),
            value: self.value.to_owned(),
        }
    }

    /// Notes where an identifier at this pointer came from.
    pub fn note(&self, to: impl std::fmt::Display, from: &mut Sources) {
        let whole = || self.place.strip_suffix(".value").unwrap_or(&self.place).to_owned();
        from.note(format_args!("{to}/value"), || self.place.clone());
        from.rule(format_args!("{to}/kind"), "by system, then by type", || vec![whole()]);
        from.rule(format_args!("{to}/system"), "the system in its official spelling", || vec![whole() + ".system"]);
    }

    /// Whether one of its type codes is this.
    #[must_use]
    pub fn is_type(&self, code: &str) -> bool {
        self.types.contains(&code)
    }
}

/// One `Identifier`; nothing where it has no value.
#[must_use]
pub fn identifier<'a>(element: &Element<'a>) -> Option<Named<'a>> {
    let types = element.child("type").map(|kind| kind.children("coding")).unwrap_or_default();
    let system = element.string("system");
    Some(Named {
        system: system.map(canonical),
        namespace: system.and_then(Namespace::of),
        types: types.iter().filter_map(|coding| coding.string("code")).collect(),
        value: element.string("value")?,
        place: element.place("value"),
    })
}

/// The `Identifier`s of an array that have a value.
#[must_use]
pub fn identifiers<'a>(element: &Element<'a>, member: &str) -> Vec<Named<'a>> {
    element.children(member).iter().filter_map(identifier).collect()
}

/// One `Coding`; nothing where it has no code.
#[must_use]
pub fn coding(element: &Element<'_>) -> Option<Coding> {
    Some(Coding {
        system: element.string("system").map(str::to_owned),
        code: element.string("code")?.to_owned(),
        display: element.string("display").map(str::to_owned),
    })
}

/// One `CodeableConcept`; nothing where it has neither code nor text.
#[must_use]
pub fn concept(element: &Element<'_>) -> Option<Concept> {
    let all = element.children("coding");
    let codings: Vec<Coding> = all.iter().filter_map(coding).collect();
    // A coding without a code still says something in words.
    let shown = || all.iter().filter(|coding| !coding.has("code")).find_map(|coding| coding.string("display"));
    let text = element.string("text").or_else(shown).map(str::to_owned);
    (!codings.is_empty() || text.is_some()).then_some(Concept { codings, text })
}

/// The concepts of an array.
#[must_use]
pub fn concepts(element: &Element<'_>, member: &str) -> Vec<Concept> {
    element.children(member).iter().filter_map(concept).collect()
}

/// A concept that must be there.
#[must_use]
pub fn required_concept(element: &Element<'_>, member: &str) -> Concept {
    let found = element.child(member).and_then(|child| concept(&child));
    if found.is_none() {
        let text = format!("The element {member} needs a code or a text. Add one.");
        element.report(Issue::error(IssueKind::Required, "element.required", text).zh("缺少代碼或文字"), member);
    }
    found.unwrap_or_default()
}

/// One `Quantity`; nothing, and a warning, where it has no number.
#[must_use]
pub fn quantity(element: &Element<'_>) -> Option<Quantity> {
    let text = |name| element.string(name).map(str::to_owned);
    if !element.has("value") {
        let reason = "A quantity without a number is not carried further. Give its value.";
        element.report(Issue::warning(IssueKind::Incomplete, "element.no-number", reason).zh("缺少數值"), "value");
    }
    Some(Quantity {
        value: decimal::text(element.number("value")?),
        unit: text("unit"),
        code: text("code"),
        system: text("system"),
        comparator: text("comparator"),
    })
}

/// The texts of `note`.
#[must_use]
pub fn notes(element: &Element<'_>) -> Vec<String> {
    element.children("note").iter().filter_map(|note| note.string("text")).map(str::to_owned).collect()
}

/// The extension whose URL is this, or ends in this: guides moved, their extensions' names did not.
#[must_use]
pub fn extension<'a>(element: &Element<'a>, url: &str) -> Option<Element<'a>> {
    element
        .children("extension")
        .into_iter()
        .find(|found| found.string("url").is_some_and(|found| found == url || found.rsplit('/').next() == Some(url)))
}

/// The codes of a concept with their systems, without the slash some write at the end.
pub fn codes(concept: &Concept) -> impl Iterator<Item = (&str, &str)> {
    concept
        .codings
        .iter()
        .map(|coding| (coding.system.as_deref().unwrap_or_default().trim_end_matches('/'), coding.code.as_str()))
}

/// What a concept says in words: its text, then the displays of its codes.
pub fn words(concept: &Concept) -> impl Iterator<Item = &str> {
    concept.text.as_deref().into_iter().chain(concept.codings.iter().filter_map(|coding| coding.display.as_deref()))
}

/// Units that count days.
const DAYS: [&str; 5] = ["d", "day", "days", "天", "日"];

/// A count of days, in the source's own digits; another unit is reported under that code and left out.
pub fn days(from: &mut Sources, to: &str, element: &Element<'_>, member: &str, code: &'static str) -> Option<String> {
    let length = quantity(&element.child(member)?)?;
    let unit = length.code.as_deref().or(length.unit.as_deref());
    if unit.is_none_or(|unit| DAYS.contains(&unit.to_ascii_lowercase().as_str())) {
        from.note(to, || element.place(member) + ".value");
        return Some(length.value);
    }
    let text = "The length is not in days, so it is not carried further. Use the UCUM code d.";
    element.report(Issue::warning(IssueKind::Value, code, text).zh("天數的單位不是天"), member);
    None
}

/// A range or a ratio (titre 1:160, strength 20 mg : 1 ml) as it is written in words.
#[must_use]
pub fn pair(element: &Element<'_>, members: [&str; 2], between: &str) -> Option<String> {
    let [one, other] = members.map(|member| {
        let quantity = element.child(member).and_then(|value| quantity(&value))?;
        let (comparator, unit) = (quantity.comparator.unwrap_or_default(), quantity.unit.or(quantity.code));
        Some(format!("{comparator}{} {}", quantity.value, unit.unwrap_or_default()).trim_end().to_owned())
    });
    if one.is_none() && other.is_none() {
        return None;
    }
    Some(format!("{}{between}{}", one.unwrap_or_default(), other.unwrap_or_default()))
}
