//! Whether a resource is built as FHIR R4 says: its elements, their types, how often, and how values are written.
//!
//! In: any resource in FHIR's JSON form. Out: a warning with its place for each fault, `structure.*`; where a reader
//! already told of the place, nothing. Knows the table of R4, no guide and no business. One walk, and no allocation
//! where nothing is wrong.

use serde_json::{Map, Value};

use crate::outcome::{Findings, Severity};
use crate::place::Place;
use crate::r4::{Element, Fit, Kind, Primitive, Shape, Table, bit};

mod fault;

use fault::Fault;

/// Checks a resource and everything in it. Findings are warnings; what has no place in R4 is not looked into.
///
/// Run it after the readers of the resource, so that it can leave out what they told.
pub fn check(root: &Value, findings: &Findings) {
    let name = root.get("resourceType").and_then(Value::as_str).unwrap_or_default();
    let walk = Walk { table: Table::r4(), findings };
    // An unknown type at the root is the reader's to tell.
    if let (Some(shape), Some(members)) = (walk.table.resource(name), root.as_object()) {
        walk.object(shape, members, &Place::root(name), false);
    }
}

struct Walk<'a> {
    table: &'static Table,
    findings: &'a Findings,
}

impl Walk<'_> {
    fn tell(&self, place: &Place<'_>, fault: Fault<'_>) {
        self.findings.report_untold(Severity::Warning, fault.code(), || fault.issue().at(place.to_string()));
    }

    fn object(&self, shape: &'static Shape, members: &Map<String, Value>, place: &Place<'_>, contained: bool) {
        if members.is_empty() {
            return self.tell(place, Fault::Empty);
        }
        let mut seen = 0;
        // Few objects have members beside their primitives; only there a name is put together.
        let asides = members.keys().any(|key| key.starts_with('_'));
        for (key, value) in members {
            let name = key.strip_prefix('_').unwrap_or(key);
            let plain = name.len() == key.len();
            if shape.resource && key == "resourceType" {
                continue;
            }
            let here = place.member(name);
            let Some((_, element)) = shape.element(name).filter(|(_, found)| plain || found.kind.primitive()) else {
                self.tell(&here, Fault::UnknownElement);
                continue;
            };
            // Looked at together with the value.
            if !plain && members.contains_key(name) {
                continue;
            }
            let group = bit(element.group);
            if seen & group != 0 {
                self.tell(&here, Fault::Choice);
            }
            seen |= group;
            if !plain {
                self.member(element, None, Some(value), &here, contained);
            } else if element.kind.primitive() {
                let beside = asides.then(|| members.get(&format!("_{name}")));
                self.member(element, Some(value), beside.flatten(), &here, contained);
            } else {
                self.member(element, Some(value), None, &here, contained);
            }
        }
        for group in shape.missing(seen) {
            self.tell(&place.member(group.name), Fault::Missing(group.name));
        }
        if shape.extension {
            let value = shape.forms("value").next().is_some_and(|form| seen & bit(form.group) != 0);
            if value == members.contains_key("extension") {
                self.tell(place, Fault::Extension);
            }
        }
    }

    /// All there is of one element: its value and what stands beside it.
    fn member(
        &self,
        element: &Element,
        value: Option<&Value>,
        beside: Option<&Value>,
        place: &Place<'_>,
        contained: bool,
    ) {
        let array = |value: Option<&Value>| value.is_none_or(Value::is_array);
        let single = |value: Option<&Value>| value.is_none_or(|value| !value.is_array());
        match (element.repeats, value, beside) {
            (true, value, beside) if array(value) && array(beside) => {
                self.items(element, value, beside, place, contained);
            }
            (false, value, beside) if single(value) && single(beside) => {
                self.one(element, value, beside, place, contained);
            }
            (true, ..) => self.tell(place, Fault::WrongType("a JSON array")),
            (false, ..) => self.tell(place, Fault::Repeats),
        }
    }

    fn items(
        &self,
        element: &Element,
        values: Option<&Value>,
        besides: Option<&Value>,
        place: &Place<'_>,
        contained: bool,
    ) {
        let (mut values, mut besides) = (list(values), list(besides));
        let count = values.len().max(besides.len());
        if count == 0 {
            return self.tell(place, Fault::Empty);
        }
        for index in 0..count {
            let here = place.item(index);
            let said = |value: Option<&&Value>| value.is_some_and(|value| !value.is_null());
            let (value, beside) = (values.next(), besides.next());
            match (said(value.as_ref()), said(beside.as_ref())) {
                (false, false) if element.kind.primitive() => self.tell(&here, Fault::Padding),
                (false, false) => self.tell(&here, Fault::Empty),
                (value_said, beside_said) => {
                    let (value, beside) = (value.filter(|_| value_said), beside.filter(|_| beside_said));
                    self.one(element, value, beside, &here, contained);
                }
            }
        }
    }

    /// One occurrence of an element.
    fn one(
        &self,
        element: &Element,
        value: Option<&Value>,
        beside: Option<&Value>,
        place: &Place<'_>,
        contained: bool,
    ) {
        match (element.kind, value) {
            (_, Some(Value::Null)) => return self.tell(place, Fault::Empty),
            (Kind::Primitive(primitive), Some(value)) => self.primitive(primitive, value, place),
            (Kind::Attribute, Some(value)) => self.primitive(Primitive::Uri, value, place),
            (Kind::Xhtml, Some(Value::String(text))) if text.trim_start().starts_with("<div") => {}
            (Kind::Xhtml, Some(Value::String(_))) => self.tell(place, Fault::Form("xhtml")),
            (Kind::Xhtml, Some(_)) => self.tell(place, Fault::WrongType("a JSON string")),
            (Kind::Complex(number), Some(Value::Object(members))) => {
                self.object(self.table.shape(number), members, place, contained);
            }
            (Kind::Resource, Some(Value::Object(members))) => self.resource(element, members, place, contained),
            (Kind::Complex(_) | Kind::Resource, Some(_)) => self.tell(place, Fault::WrongType("a JSON object")),
            (_, None) => {}
        }
        match beside {
            Some(Value::Object(members)) => self.object(self.table.beside(), members, place, contained),
            Some(_) => self.tell(place, Fault::WrongType("a JSON object")),
            None => {}
        }
    }

    fn primitive(&self, primitive: Primitive, value: &Value, place: &Place<'_>) {
        match primitive.fit(value) {
            Fit::Fits => {}
            Fit::WrongType => self.tell(place, Fault::WrongType(primitive.form().words())),
            Fit::WrongForm => self.tell(place, Fault::Form(primitive.name())),
            Fit::Empty => self.tell(place, Fault::Empty),
        }
    }

    fn resource(&self, element: &Element, members: &Map<String, Value>, place: &Place<'_>, contained: bool) {
        let inside = &*element.name == "contained";
        if inside && contained {
            return self.tell(place, Fault::Contained);
        }
        match members.get("resourceType") {
            None => self.tell(&place.member("resourceType"), Fault::Missing("resourceType")),
            Some(name) => match name.as_str().and_then(|name| self.table.resource(name)) {
                Some(shape) => self.object(shape, members, place, inside),
                None => self.tell(place, Fault::UnknownResource),
            },
        }
    }
}

/// The items of an array, or none.
fn list(value: Option<&Value>) -> std::slice::Iter<'_, Value> {
    value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter()
}

#[cfg(test)]
mod tests;
