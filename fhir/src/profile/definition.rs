//! What we take from a package's `StructureDefinition`: the elements with what they ask for, no prose.
//!
//! In: JSON. Out: plain values; the differential of a profile without a snapshot laid over its base. A resource that
//! is not of the form of a `StructureDefinition` gives nothing, as a reader of many guides must.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// A profile: a constraint on a resource or a data type.
#[derive(Clone)]
pub(super) struct Definition {
    pub(super) url: Box<str>,
    pub(super) version: Box<str>,
    pub(super) id: Box<str>,
    /// The type it is a profile of.
    pub(super) of: Box<str>,
    pub(super) base: Box<str>,
    pub(super) elements: Vec<Defined>,
    /// The elements say only what differs from the base.
    pub(super) differential: bool,
    /// The package it came in.
    pub(super) package: usize,
}

/// One `ElementDefinition`.
#[derive(Clone, Default)]
pub(super) struct Defined {
    /// `Patient.identifier:idCardNumber.type`.
    pub(super) id: Box<str>,
    pub(super) min: Option<u32>,
    /// `*` is the largest number.
    pub(super) max: Option<u32>,
    pub(super) types: Vec<Typed>,
    pub(super) fixed: Option<Value>,
    pub(super) pattern: Option<Value>,
    pub(super) max_length: Option<u32>,
    /// A bound on a number or date, which is not evaluated.
    pub(super) bounds: bool,
    pub(super) binding: Option<Binding>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) slicing: Option<Slicing>,
    pub(super) content: Option<Box<str>>,
}

/// `ElementDefinition.type`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) code: Box<str>,
    pub(super) profiles: Vec<Box<str>>,
    pub(super) targets: Vec<Box<str>>,
    pub(super) aggregated: bool,
}

/// `ElementDefinition.binding`.
#[derive(Clone)]
pub(super) struct Binding {
    pub(super) strength: Box<str>,
    pub(super) set: Option<Box<str>>,
}

/// `ElementDefinition.constraint`.
#[derive(Clone)]
pub(super) struct Constraint {
    pub(super) key: Box<str>,
    pub(super) warning: bool,
    pub(super) expression: Box<str>,
}

/// `ElementDefinition.slicing`.
#[derive(Clone)]
pub(super) struct Slicing {
    /// (type, path).
    pub(super) discriminators: Vec<(Box<str>, Box<str>)>,
    pub(super) closed: bool,
    pub(super) ordered: bool,
}

impl Definition {
    /// Reads a profile; nothing where it is no constraint on a resource or data type.
    pub(super) fn read(value: &Value, package: usize) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let shaped = matches!(text("kind"), "resource" | "complex-type" | "primitive-type");
        if text("resourceType") != "StructureDefinition" || text("derivation") != "constraint" || !shaped {
            return None;
        }
        let elements = |part: &str| Some(value.get(part)?.get("element")?.as_array()?.as_slice());
        let snapshot = elements("snapshot");
        let elements = snapshot.or_else(|| elements("differential")).unwrap_or_default();
        Some(Self {
            url: text("url").into(),
            version: text("version").into(),
            id: text("id").chars().filter(|sign| !sign.is_control()).take(64).collect::<String>().into(),
            of: text("type").into(),
            base: text("baseDefinition").into(),
            elements: elements.iter().filter_map(|element| Some(Defined::read(element.as_object()?))).collect(),
            differential: snapshot.is_none(),
            package,
        })
    }

    /// Lays the elements of a differential over those of its base.
    pub(super) fn lay_over(&mut self, base: &Self) {
        let mut elements = base.elements.clone();
        let mut places: HashMap<Box<str>, usize> =
            elements.iter().enumerate().map(|(place, element)| (element.id.clone(), place)).collect();
        for own in std::mem::take(&mut self.elements) {
            if let Some(element) = places.get(&own.id).and_then(|place| elements.get_mut(*place)) {
                element.take_over(own);
            } else {
                places.insert(own.id.clone(), elements.len());
                elements.push(own);
            }
        }
        self.elements = elements;
        self.differential = false;
    }
}

impl Defined {
    fn read(element: &Map<String, Value>) -> Self {
        let text = |name: &str| element.get(name).and_then(Value::as_str);
        let number =
            |name: &str| element.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        let starting = |prefix: &str| {
            let one = element.iter().find(|(name, _)| name.starts_with(prefix) && name.len() > prefix.len());
            one.map(|(name, value)| spelled(value, name))
        };
        let system = text("path").is_some_and(|path| path.ends_with(".system"));
        let spelt = |value: Option<Value>| match value {
            Some(Value::String(text)) if system => Some(Value::String(crate::taiwan::canonical(&text).to_owned())),
            value => value,
        };
        Self {
            id: text("id").or_else(|| text("path")).unwrap_or_default().into(),
            min: number("min"),
            max: text("max").map(|max| max.parse().unwrap_or(u32::MAX)),
            types: objects(element, "type").map(Typed::read).collect(),
            fixed: spelt(starting("fixed")),
            pattern: spelt(starting("pattern")),
            max_length: number("maxLength"),
            bounds: element.keys().any(|name| name.starts_with("minValue") || name.starts_with("maxValue")),
            binding: element.get("binding").and_then(Value::as_object).map(|binding| Binding {
                strength: binding.get("strength").and_then(Value::as_str).unwrap_or_default().into(),
                set: binding.get("valueSet").and_then(Value::as_str).map(|set| unversioned(set).into()),
            }),
            constraints: objects(element, "constraint").filter_map(Constraint::read).collect(),
            slicing: element.get("slicing").and_then(Value::as_object).map(Slicing::read),
            content: text("contentReference").map(Into::into),
        }
    }

    fn take_over(&mut self, own: Self) {
        self.min = own.min.or(self.min);
        self.max = own.max.or(self.max);
        if !own.types.is_empty() {
            self.types = own.types;
        }
        self.fixed = own.fixed.or(self.fixed.take());
        self.pattern = own.pattern.or(self.pattern.take());
        self.max_length = own.max_length.or(self.max_length);
        self.bounds |= own.bounds;
        self.binding = own.binding.or(self.binding.take());
        self.constraints.extend(own.constraints);
        self.slicing = own.slicing.or(self.slicing.take());
        self.content = own.content.or(self.content.take());
    }
}

impl Typed {
    fn read(value: &Map<String, Value>) -> Self {
        let texts = |name: &str| {
            let all = value.get(name).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(|text| Some(text.as_str()?.into())).collect()
        };
        // A primitive's own value has a type of FHIRPath, which says nothing about FHIR.
        let code = value.get("code").and_then(Value::as_str).unwrap_or_default();
        let code = code.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or(code);
        let aggregated = value.contains_key("aggregation") || value.contains_key("versioning");
        Self { code: code.into(), profiles: texts("profile"), targets: texts("targetProfile"), aggregated }
    }
}

impl Constraint {
    fn read(value: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        Some(Self {
            key: text("key").unwrap_or_default().into(),
            warning: text("severity") == Some("warning"),
            expression: text("expression")?.into(),
        })
    }
}

impl Slicing {
    fn read(value: &Map<String, Value>) -> Self {
        let discriminator = |one: &Map<String, Value>| {
            let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().into();
            (text("type"), text("path"))
        };
        Self {
            discriminators: objects(value, "discriminator").map(discriminator).collect(),
            closed: value.get("rules").and_then(Value::as_str) == Some("closed"),
            ordered: value.get("ordered").and_then(Value::as_bool) == Some(true)
                || value.get("rules").and_then(Value::as_str) == Some("openAtEnd"),
        }
    }
}

fn objects<'v>(value: &'v Map<String, Value>, name: &str) -> impl Iterator<Item = &'v Map<String, Value>> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// A canonical without its version.
pub(super) fn unversioned(canonical: &str) -> &str {
    canonical.split_once('|').map_or(canonical, |(url, _)| url)
}

/// The value with each `system` in it in its one spelling, as those of an input are.
fn spelled(value: &Value, name: &str) -> Value {
    match value {
        Value::String(text) if name == "system" => Value::String(crate::taiwan::canonical(text).to_owned()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), spelled(value, name))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| spelled(item, "")).collect()),
        other => other.clone(),
    }
}
