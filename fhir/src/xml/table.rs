//! Which elements each FHIR R4 type has: their order, which repeat, and what JSON form a value takes.
//!
//! In: `r4.txt`, compiled in. Out: one table for the whole process, built at first use (660 types).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Number, Value};

/// What an element holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An XML attribute of its parent: `id` of an element, `url` of an extension.
    Attribute,
    /// A primitive that is a JSON string.
    Text,
    /// A primitive that is a JSON number.
    Number,
    /// A primitive that is `true` or `false`.
    Boolean,
    /// The `div` of a narrative.
    Xhtml,
    /// Any resource.
    Resource,
    /// Elements of the shape with this number.
    Complex(usize),
}

impl Kind {
    /// The JSON form of a value's text. What is not of its type stays a text, and its reader will say so.
    pub(super) fn scalar(self, text: &str) -> Value {
        let trimmed = text.trim_ascii();
        match self {
            Self::Boolean if trimmed == "true" => Value::Bool(true),
            Self::Boolean if trimmed == "false" => Value::Bool(false),
            Self::Number => {
                // FHIR lets an integer have a plus sign, JSON does not.
                let digits = trimmed.strip_prefix('+').filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
                let number = serde_json::from_str::<Number>(digits.unwrap_or(trimmed));
                number.map_or_else(|_| Value::String(text.to_owned()), Value::Number)
            }
            _ => Value::String(text.to_owned()),
        }
    }

    pub(super) fn primitive(self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Boolean)
    }
}

/// One element of a type; of an element with several types, one for each.
pub(super) struct Element {
    pub(super) name: Box<str>,
    pub(super) repeats: bool,
    pub(super) kind: Kind,
}

/// The elements of one type.
#[derive(Default)]
pub(super) struct Shape {
    /// Whether it is a resource.
    pub(super) resource: bool,
    /// In the order of the standard.
    elements: Vec<Element>,
    /// Places in `elements`, by name.
    sorted: Vec<usize>,
}

impl Shape {
    /// The element of that name and its place in the order.
    pub(super) fn element(&self, name: &str) -> Option<(usize, &Element)> {
        let order = |place: &usize| self.elements.get(*place).map(|element| (*element.name).cmp(name));
        let found = self.sorted.binary_search_by(|place| order(place).unwrap_or(std::cmp::Ordering::Less)).ok()?;
        let place = *self.sorted.get(found)?;
        Some((place, self.elements.get(place)?))
    }

    fn add(&mut self, text: &str, numbers: &HashMap<&str, usize>) {
        let Some((name, types)) = text.split_once(':') else { return };
        let (name, repeats) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
        let Some(name) = name.strip_suffix("[x]") else {
            self.elements.push(Element { name: name.into(), repeats, kind: kind(types, numbers) });
            return;
        };
        for one in types.split('|') {
            let (first, rest) = one.split_at(1);
            let name = format!("{name}{}{rest}", first.to_ascii_uppercase()).into();
            self.elements.push(Element { name, repeats, kind: kind(one, numbers) });
        }
    }

    fn sort(&mut self) {
        let mut named: Vec<_> =
            self.elements.iter().enumerate().map(|(place, element)| (&element.name, place)).collect();
        named.sort();
        self.sorted = named.into_iter().map(|(_, place)| place).collect();
    }
}

fn kind(name: &str, numbers: &HashMap<&str, usize>) -> Kind {
    match name {
        "@" => Kind::Attribute,
        "boolean" => Kind::Boolean,
        "integer" | "positiveInt" | "unsignedInt" | "decimal" => Kind::Number,
        "xhtml" => Kind::Xhtml,
        "Resource" => Kind::Resource,
        name => numbers.get(name).map_or(Kind::Text, |number| Kind::Complex(*number)),
    }
}

/// Every type of R4.
pub(super) struct Table {
    shapes: Vec<Shape>,
    numbers: HashMap<&'static str, usize>,
    empty: Shape,
}

static R4: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("r4.txt")));

const RESOURCE: &str = "id:id meta:Meta implicitRules:uri language:code";
const DOMAIN: &str = "text:Narrative contained*:Resource extension*:Extension modifierExtension*:Extension";
const ELEMENT: &str = "id:@ extension*:Extension";
const MODIFIER: &str = "modifierExtension*:Extension";

impl Table {
    /// The one table.
    pub(super) fn r4() -> &'static Self {
        &R4
    }

    /// The shape of a complex element.
    pub(super) fn shape(&self, number: usize) -> &Shape {
        self.shapes.get(number).unwrap_or(&self.empty)
    }

    /// The shape of a resource, if there is one of that name.
    pub(super) fn resource(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(*self.numbers.get(name)?).filter(|shape| shape.resource)
    }

    /// What may stand beside a primitive's value: `id` and `extension`.
    pub(super) fn beside(&self) -> &Shape {
        self.numbers.get("Element").map_or(&self.empty, |number| self.shape(*number))
    }

    fn read(text: &'static str) -> Self {
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let numbers: HashMap<_, _> =
            lines().enumerate().filter_map(|(number, line)| Some((line.split(' ').next()?, number))).collect();
        let shapes = lines().map(|line| {
            let mut words = line.split(' ').skip(1);
            let base = words.next().unwrap_or_default();
            let inherited: &[&str] = match base {
                "Resource" => &[RESOURCE],
                "DomainResource" => &[RESOURCE, DOMAIN],
                "BackboneElement" => &[ELEMENT, MODIFIER],
                _ => &[ELEMENT],
            };
            let mut shape = Shape { resource: base.ends_with("Resource"), ..Shape::default() };
            for element in inherited.iter().flat_map(|group| group.split(' ')).chain(words) {
                shape.add(element, &numbers);
            }
            shape.sort();
            shape
        });
        Self { shapes: shapes.collect(), numbers, empty: Shape::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_named_in_the_table_is_there() {
        let text = include_str!("r4.txt");
        let known = "base64Binary boolean canonical code date dateTime decimal id instant integer markdown oid positiveInt \
                     string time unsignedInt uri url uuid xhtml @ Resource";
        let known: Vec<&str> = known.split_whitespace().collect();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            for element in line.split(' ').skip(2) {
                let (_, types) = element.split_once(':').unwrap();
                for one in types.split('|') {
                    assert!(known.contains(&one) || Table::r4().numbers.contains_key(one), "{element}");
                }
            }
        }
        assert_eq!(Table::r4().shapes.iter().filter(|shape| shape.resource).count(), 148 - 2);
    }

    #[test]
    fn elements_are_found_with_their_form() {
        let patient = Table::r4().resource("Patient").unwrap();
        let names: Vec<&str> = patient.elements.iter().take(12).map(|element| &*element.name).collect();
        assert_eq!(names[..4], ["id", "meta", "implicitRules", "language"]);
        assert_eq!(names[8..], ["identifier", "active", "name", "telecom"]);
        assert_eq!(patient.element("deceasedBoolean").unwrap().1.kind, Kind::Boolean);
        assert_eq!(patient.element("deceasedDateTime").unwrap().1.kind, Kind::Text);
        assert!(patient.element("identifier").unwrap().1.repeats);
        assert!(patient.element("deceased").is_none());
        assert!(Table::r4().resource("HumanName").is_none());
        assert_eq!(Table::r4().beside().elements.len(), 2);
    }

    #[test]
    fn a_value_takes_the_form_of_its_type() {
        for (text, json) in [("+12", "12"), (" 1.50 ", "1.5"), ("-0.10", "-0.1"), ("1e3", "1000.0"), ("x", "\"x\"")] {
            assert_eq!(Kind::Number.scalar(text).to_string(), json);
        }
        assert_eq!(Kind::Boolean.scalar("true"), true);
        assert_eq!(Kind::Boolean.scalar("1"), "1");
        assert_eq!(Kind::Text.scalar(" 12 "), " 12 ");
    }
}
