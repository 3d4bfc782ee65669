//! FHIR JSON → FHIR XML in the canonical form of R4 §2.6.1: one line, elements in the order of the standard.
//!
//! In: a resource. Out: its XML, or the one place that XML cannot say. Writes only what reading gives back, so
//! nothing is lost or changed on the way: no unknown member, no value of another type, no broken narrative.

use serde_json::{Map, Value};

use super::narrative;
use super::text::escape;
use super::tokens::FHIR;
use crate::limits::Limits;
use crate::parse::element_name;
use crate::r4::{Element, Kind, Shape, Table};

/// Why a resource cannot be written as XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Not a resource of FHIR R4.
    #[error("not a resource of FHIR R4")]
    Resource,
    /// A member that FHIR R4 does not define there.
    #[error("an element that FHIR R4 does not define there")]
    Element,
    /// An array where one value belongs, a text where a number belongs, something empty.
    #[error("a value of another form than FHIR R4 has there")]
    Form,
    /// A control character, which XML 1.0 does not have.
    #[error("a character that XML does not have")]
    Character,
    /// A `div` that is not one well-formed element in the namespace of XHTML.
    #[error("a narrative that is not well-formed XHTML")]
    Narrative,
    /// Deeper than anything we read.
    #[error("elements nested too deep")]
    TooDeep,
}

/// What cannot be written as XML, and where; never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} at {path}")]
pub struct XmlError {
    /// What is wrong.
    pub why: Unwritable,
    /// `FHIRPath` from the resource.
    pub path: String,
}

/// Path segments gathered from the inside out.
struct Failed {
    why: Unwritable,
    path: Vec<String>,
}

type Outcome = Result<(), Box<Failed>>;

fn fail<T>(why: Unwritable) -> Result<T, Box<Failed>> {
    Err(Box::new(Failed { why, path: Vec::new() }))
}

fn climb(segment: impl FnOnce() -> String) -> impl FnOnce(Box<Failed>) -> Box<Failed> {
    |mut failed| {
        failed.path.push(segment());
        failed
    }
}

/// Writes a resource, given in FHIR's JSON form.
///
/// # Errors
/// [`XmlError`] with the first place that cannot be said in XML.
pub fn write(resource: &Value) -> Result<String, XmlError> {
    let mut writing = Writing { table: Table::r4(), out: r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned() };
    match writing.resource(resource, 0) {
        Ok(()) => Ok(writing.out),
        Err(failed) => {
            let name = resource.get("resourceType").and_then(Value::as_str);
            let known = name.filter(|name| Table::r4().resource(name).is_some()).unwrap_or("Resource");
            let inside: String = failed.path.iter().rev().map(String::as_str).collect();
            Err(XmlError { why: failed.why, path: format!("{known}{inside}") })
        }
    }
}

struct Writing {
    table: &'static Table,
    out: String,
}

impl Writing {
    fn resource(&mut self, value: &Value, depth: usize) -> Outcome {
        let Some(object) = value.as_object() else { return fail(Unwritable::Resource) };
        let name = object.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let Some(shape) = self.table.resource(name) else { return fail(Unwritable::Resource) };
        self.out.push('<');
        self.out.push_str(name);
        if depth == 0 {
            self.out.push_str(" xmlns=\"");
            self.out.push_str(FHIR);
            self.out.push('"');
        }
        self.content(name, object, shape, depth)
    }

    /// From after a start tag's name to the end of the element.
    fn content(&mut self, name: &str, object: &Map<String, Value>, shape: &Shape, depth: usize) -> Outcome {
        if depth > Limits::DEEPEST {
            return fail(Unwritable::TooDeep);
        }
        let mut members = Vec::with_capacity(object.len());
        for key in object.keys().filter(|key| !shape.resource || *key != "resourceType") {
            let plain = key.strip_prefix('_');
            let found = shape.element(plain.unwrap_or(key));
            let Some(member) = found.filter(|(_, element)| plain.is_none() || element.kind.primitive()) else {
                let segment = || format!(".{}", element_name(key).unwrap_or("*"));
                return fail(Unwritable::Element).map_err(climb(segment));
            };
            members.push(member);
        }
        members.sort_by_key(|(place, _)| *place);
        members.dedup_by_key(|(place, _)| *place);
        let (attributes, children): (Vec<_>, Vec<_>) =
            members.into_iter().map(|(_, element)| element).partition(|element| element.kind == Kind::Attribute);
        for element in attributes {
            let at = || format!(".{}", element.name);
            match object.get(&*element.name).and_then(Value::as_str) {
                Some(text) => self.attribute(&element.name, text).map_err(climb(at))?,
                None => return fail(Unwritable::Form).map_err(climb(at)),
            }
        }
        if children.is_empty() {
            self.out.push_str("/>");
            return Ok(());
        }
        self.out.push('>');
        for element in children {
            self.member(object, element, depth + 1)?;
        }
        self.end(name);
        Ok(())
    }

    /// All there is of one element.
    fn member(&mut self, object: &Map<String, Value>, element: &Element, depth: usize) -> Outcome {
        let value = object.get(&*element.name);
        let other = element.kind.primitive().then(|| object.get(&format!("_{}", element.name))).flatten();
        if !element.repeats {
            return self.one(element, value, other, depth).map_err(climb(|| format!(".{}", element.name)));
        }
        let whole = || climb(|| format!(".{}", element.name));
        let (Some(values), Some(others)) = (items(value), items(other)) else {
            return fail(Unwritable::Form).map_err(whole());
        };
        for index in 0..values.len().max(others.len()) {
            let (value, other) = (item(values, index), item(others, index));
            self.one(element, value, other, depth + 1).map_err(climb(|| format!(".{}[{index}]", element.name)))?;
        }
        Ok(())
    }

    /// One occurrence of an element.
    fn one(&mut self, element: &Element, value: Option<&Value>, other: Option<&Value>, depth: usize) -> Outcome {
        let name = &*element.name;
        if let (Kind::Xhtml, Some(Value::String(div))) = (element.kind, value) {
            if !narrative::is_div(div, Limits::default().depth) {
                return fail(Unwritable::Narrative);
            }
            self.out.push_str(div);
            return Ok(());
        }
        self.out.push('<');
        self.out.push_str(name);
        match (element.kind, value) {
            (Kind::Complex(number), Some(Value::Object(object))) => {
                self.content(name, object, self.table.shape(number), depth)
            }
            (Kind::Resource, Some(resource)) => {
                self.out.push('>');
                self.resource(resource, depth)?;
                self.end(name);
                Ok(())
            }
            (kind, value) if kind.primitive() => self.primitive(name, kind, value, other, depth),
            _ => fail(Unwritable::Form),
        }
    }

    fn primitive(
        &mut self,
        name: &str,
        kind: Kind,
        value: Option<&Value>,
        other: Option<&Value>,
        depth: usize,
    ) -> Outcome {
        let none = Map::new();
        let beside = match other {
            None => &none,
            Some(Value::Object(beside)) if !beside.is_empty() => beside,
            Some(_) => return fail(Unwritable::Form),
        };
        let text = match value {
            None if beside.is_empty() => return fail(Unwritable::Form),
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Bool(truth)) => Some(truth.to_string()),
            Some(_) => return fail(Unwritable::Form),
        };
        if let (Some(value), Some(text)) = (value, &text) {
            if kind.scalar(text) != *value {
                return fail(Unwritable::Form);
            }
            self.attribute("value", text)?;
        }
        self.content(name, beside, self.table.beside(), depth)
    }

    fn attribute(&mut self, name: &str, text: &str) -> Outcome {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        if !escape(text, &mut self.out) {
            return fail(Unwritable::Character);
        }
        self.out.push('"');
        Ok(())
    }

    fn end(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }
}

/// The items of an array; none where there is no member, nothing where it is no array or an empty one.
fn items(value: Option<&Value>) -> Option<&[Value]> {
    match value {
        None => Some(&[]),
        Some(Value::Array(items)) if !items.is_empty() => Some(items),
        Some(_) => None,
    }
}

fn item(items: &[Value], index: usize) -> Option<&Value> {
    items.get(index).filter(|item| !item.is_null())
}
