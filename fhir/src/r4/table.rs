//! Which elements each FHIR R4 type has: their order, which repeat, which must be there, and what a value is.
//!
//! In: `types.txt`, compiled in. Out: one table for the whole process, built at first use (660 types).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Number, Value};

use super::primitive::{Form, Primitive};

/// What an element holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An XML attribute of its parent: `id` of an element, `url` of an extension.
    Attribute,
    /// A value of its own.
    Primitive(Primitive),
    /// The `div` of a narrative.
    Xhtml,
    /// Any resource.
    Resource,
    /// Elements of the shape with this number.
    Complex(usize),
}

impl Kind {
    /// The JSON form of a value's text. What is not of its type stays a text, and its reader will say so.
    pub(crate) fn scalar(self, text: &str) -> Value {
        let trimmed = text.trim_ascii();
        let form = match self {
            Self::Primitive(primitive) => primitive.form(),
            _ => Form::Text,
        };
        match form {
            Form::Boolean if trimmed == "true" => Value::Bool(true),
            Form::Boolean if trimmed == "false" => Value::Bool(false),
            Form::Number => {
                // FHIR lets an integer have a plus sign, JSON does not.
                let digits = trimmed.strip_prefix('+').filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
                let number = serde_json::from_str::<Number>(digits.unwrap_or(trimmed));
                number.map_or_else(|_| Value::String(text.to_owned()), Value::Number)
            }
            _ => Value::String(text.to_owned()),
        }
    }

    pub(crate) fn primitive(self) -> bool {
        matches!(self, Self::Primitive(_))
    }
}

/// One element of a type; of an element with several types, one for each.
pub(crate) struct Element {
    pub(crate) name: Box<str>,
    pub(crate) repeats: bool,
    pub(crate) kind: Kind,
    /// Which of the shape's [`Group`]s it belongs to; the forms of one choice share theirs.
    pub(crate) group: usize,
    /// The type as the standard names it; a part of another type has the name of its own shape.
    pub(crate) of: &'static str,
}

/// One element as the standard lists it: for a choice all its forms together.
pub(crate) struct Group {
    /// Its name without `[x]`.
    pub(crate) name: &'static str,
}

/// The elements of one type.
#[derive(Default)]
pub(crate) struct Shape {
    /// Whether it is a resource.
    pub(crate) resource: bool,
    /// Whether it is the `Extension` type, which holds a value or extensions.
    pub(crate) extension: bool,
    /// In the order of the standard.
    elements: Vec<Element>,
    /// Places in `elements`, by the beginning of their names, so that a search touches no text but the one it finds.
    sorted: Vec<(u64, usize)>,
    groups: Vec<Group>,
    /// A bit for each group that must be there.
    required: u64,
}

impl Shape {
    /// The element of that name and its place in the order.
    pub(crate) fn element(&self, name: &str) -> Option<(usize, &Element)> {
        let key = beginning(name);
        let first = self.sorted.partition_point(|(known, _)| *known < key);
        let alike = self.sorted.get(first..)?.iter().take_while(|(known, _)| *known == key);
        alike
            .filter_map(|(_, place)| Some((*place, self.elements.get(*place)?)))
            .find(|(_, element)| *element.name == *name)
    }

    /// The forms of a choice, or the one element of that name.
    pub(crate) fn forms<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Element> {
        let named = move |element: &&Element| self.group(element.group).is_some_and(|group| group.name == name);
        self.elements.iter().filter(named)
    }

    /// The group of that number.
    pub(crate) fn group(&self, number: usize) -> Option<&Group> {
        self.groups.get(number)
    }

    /// Whether a group must be there.
    pub(crate) fn requires(&self, group: usize) -> bool {
        self.required & bit(group) != 0
    }

    /// The groups that must be there and are not among those seen, a bit for each.
    pub(crate) fn missing(&self, seen: u64) -> impl Iterator<Item = &Group> {
        let mut left = self.required & !seen;
        std::iter::from_fn(move || {
            let number = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            self.groups.get(usize::try_from(number).ok()?)
        })
    }

    fn add(&mut self, text: &'static str, numbers: &HashMap<&str, usize>) {
        let Some((name, types)) = text.split_once(':') else { return };
        let mark = name.chars().next_back().filter(|mark| "!*+".contains(*mark));
        let name = name.trim_end_matches(['!', '*', '+']);
        let (repeats, group) = (matches!(mark, Some('*' | '+')), self.groups.len());
        if matches!(mark, Some('!' | '+')) {
            self.required |= bit(group);
        }
        let Some(name) = name.strip_suffix("[x]") else {
            self.groups.push(Group { name });
            self.elements.push(Element { name: name.into(), repeats, kind: kind(types, numbers), group, of: types });
            return;
        };
        self.groups.push(Group { name });
        for one in types.split('|') {
            let (first, rest) = one.split_at(1);
            let name = format!("{name}{}{rest}", first.to_ascii_uppercase()).into();
            self.elements.push(Element { name, repeats, kind: kind(one, numbers), group, of: one });
        }
    }

    fn sort(&mut self) {
        let key = |(place, element): (usize, &Element)| (beginning(&element.name), place);
        self.sorted = self.elements.iter().enumerate().map(key).collect();
        self.sorted.sort_unstable();
    }
}

/// The first eight bytes of a name, as a number that sorts as they do.
fn beginning(name: &str) -> u64 {
    name.bytes().chain(std::iter::repeat(0)).take(8).fold(0, |key, byte| key << 8 | u64::from(byte))
}

/// The bit of a group; no type has more than 64.
pub(crate) fn bit(group: usize) -> u64 {
    u32::try_from(group).ok().and_then(|group| 1_u64.checked_shl(group)).unwrap_or(0)
}

fn kind(name: &str, numbers: &HashMap<&str, usize>) -> Kind {
    match name {
        "@" => Kind::Attribute,
        "xhtml" => Kind::Xhtml,
        "Resource" => Kind::Resource,
        name => match (Primitive::named(name), numbers.get(name)) {
            (None, Some(number)) => Kind::Complex(*number),
            (primitive, _) => Kind::Primitive(primitive.unwrap_or(Primitive::String)),
        },
    }
}

/// Every type of R4.
pub(crate) struct Table {
    shapes: Vec<Shape>,
    numbers: HashMap<&'static str, usize>,
    empty: Shape,
}

static R4: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("types.txt")));

const RESOURCE: &str = "id:id meta:Meta implicitRules:uri language:code";
const DOMAIN: &str = "text:Narrative contained*:Resource extension*:Extension modifierExtension*:Extension";
const ELEMENT: &str = "id:@ extension*:Extension";
const MODIFIER: &str = "modifierExtension*:Extension";

impl Table {
    /// The one table.
    pub(crate) fn r4() -> &'static Self {
        &R4
    }

    /// The shape of a complex element.
    pub(crate) fn shape(&self, number: usize) -> &Shape {
        self.shapes.get(number).unwrap_or(&self.empty)
    }

    /// The shape of a resource, if there is one of that name.
    pub(crate) fn resource(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(*self.numbers.get(name)?).filter(|shape| shape.resource)
    }

    /// The shape of a type of that name, resource or not.
    pub(crate) fn named(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(*self.numbers.get(name)?)
    }

    /// What may stand beside a primitive's value: `id` and `extension`.
    pub(crate) fn beside(&self) -> &Shape {
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
            let resource = base.ends_with("Resource");
            let extension = line.starts_with("Extension ");
            let mut shape = Shape { resource, extension, ..Shape::default() };
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
        let text = include_str!("types.txt");
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
        assert!(Table::r4().shapes.iter().all(|shape| shape.groups.len() <= 64), "a group has a bit of its own");
    }

    #[test]
    fn elements_are_found_with_their_form() {
        let patient = Table::r4().resource("Patient").unwrap();
        let names: Vec<&str> = patient.elements.iter().take(12).map(|element| &*element.name).collect();
        assert_eq!(names[..4], ["id", "meta", "implicitRules", "language"]);
        assert_eq!(names[8..], ["identifier", "active", "name", "telecom"]);
        assert_eq!(patient.element("deceasedBoolean").unwrap().1.kind, Kind::Primitive(Primitive::Boolean));
        assert_eq!(patient.element("deceasedDateTime").unwrap().1.kind, Kind::Primitive(Primitive::DateTime));
        assert!(patient.element("identifier").unwrap().1.repeats);
        assert!(patient.element("deceased").is_none());
        let claim = Table::r4().resource("Claim").unwrap();
        let missing: Vec<&str> = claim.missing(0).map(|group| group.name).collect();
        assert_eq!(missing, ["status", "type", "use", "patient", "created", "provider", "priority", "insurance"]);
        assert_eq!(claim.missing(u64::MAX).count(), 0);
        assert_eq!(patient.forms("deceased").count(), 2);
        assert!(Table::r4().resource("HumanName").is_none());
        assert_eq!(Table::r4().beside().elements.len(), 2);
    }

    #[test]
    fn a_value_takes_the_form_of_its_type() {
        let [number, boolean, string] =
            [Primitive::Decimal, Primitive::Boolean, Primitive::String].map(Kind::Primitive);
        for (text, json) in [("+12", "12"), (" 1.50 ", "1.5"), ("-0.10", "-0.1"), ("1e3", "1000.0"), ("x", "\"x\"")] {
            assert_eq!(number.scalar(text).to_string(), json);
        }
        assert_eq!(boolean.scalar("true"), true);
        assert_eq!(boolean.scalar("1"), "1");
        assert_eq!(string.scalar(" 12 "), " 12 ");
    }
}
