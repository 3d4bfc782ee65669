//! Elements of FHIR XML → FHIR JSON (R4 §2.6.1, §2.6.2), by the table of types.
//!
//! In: tokens. Out: a JSON value, as deep and as large as the same resource in JSON may be. Elements may stand in
//! any order; a value that is not of its type stays a text, so that the reader of the element reports it.

use serde_json::{Map, Value};

use super::narrative;
use super::stop::{Stop, Why};
use super::text;
use super::tokens::{Space, Tag, Token, Tokens, blank};
use crate::limits::Limits;
use crate::r4::{Element, Kind, Shape, Table};

/// Reads the one resource of a text.
pub(super) fn document(text: &str, limits: &Limits) -> Result<Value, Stop> {
    let mut reading = Reading { tokens: Tokens::new(text), table: Table::r4(), limits, values: 0 };
    let tag = loop {
        match reading.tokens.next()? {
            Token::Open(tag) => break tag,
            Token::Text(text) if blank(text) => {}
            Token::End => return Err(reading.tokens.stop(Why::EndsEarly)),
            _ => return Err(reading.tokens.stop(Why::Syntax)),
        }
    };
    let value = reading.resource(&tag, 0)?;
    loop {
        match reading.tokens.next()? {
            Token::End => return Ok(value),
            Token::Text(text) if blank(text) => {}
            _ => return Err(reading.tokens.stop(Why::Syntax)),
        }
    }
}

struct Reading<'a, 'l> {
    tokens: Tokens<'a>,
    table: &'static Table,
    limits: &'l Limits,
    values: usize,
}

impl<'a> Reading<'a, '_> {
    /// The next start tag, or nothing at the parent's end tag.
    fn child(&mut self) -> Result<Option<Tag<'a>>, Stop> {
        loop {
            match self.tokens.next()? {
                Token::Open(tag) => return Ok(Some(tag)),
                Token::Close => return Ok(None),
                Token::End => return Err(self.tokens.stop(Why::EndsEarly)),
                Token::Text(text) if blank(text) => {}
                Token::Text(_) | Token::Reference => return Err(self.tokens.stop(Why::Text)),
            }
        }
    }

    /// A resource whose start tag this is.
    fn resource(&mut self, tag: &Tag<'a>, depth: usize) -> Result<Value, Stop> {
        let scope = self.tokens.scope();
        if self.tokens.enter(tag)? != Some(Space::Fhir) {
            return Err(Stop::new(Why::Namespace, tag.at));
        }
        let Some(shape) = self.table.resource(tag.local) else { return Err(Stop::new(Why::UnknownResource, tag.at)) };
        self.count(tag)?;
        let mut object = Map::new();
        object.insert("resourceType".to_owned(), Value::String(tag.local.to_owned()));
        self.members(tag, shape, depth, &mut object)
            .map_err(|stop| if depth == 0 { stop.climb(tag.local.to_owned()) } else { stop })?;
        self.tokens.leave(scope);
        Ok(Value::Object(object))
    }

    /// The resource inside `contained`, `resource` or `outcome`.
    fn wrapped(&mut self, wrapper: &Tag<'a>, depth: usize) -> Result<Value, Stop> {
        if wrapper.attributes.iter().any(|(name, _)| !self.tokens.is_space(name)) {
            return Err(Stop::new(Why::UnknownAttribute, wrapper.at));
        }
        let inside = if wrapper.empty { None } else { self.child()? };
        let Some(tag) = inside else { return Err(Stop::new(Why::UnknownResource, wrapper.at)) };
        let value = self.resource(&tag, depth)?;
        match self.child()? {
            None => Ok(value),
            Some(second) => Err(Stop::new(Why::UnknownResource, second.at)),
        }
    }

    /// Attributes and children of a complex element.
    fn members(
        &mut self,
        tag: &Tag<'a>,
        shape: &Shape,
        depth: usize,
        object: &mut Map<String, Value>,
    ) -> Result<(), Stop> {
        for (name, raw) in &tag.attributes {
            if self.tokens.is_space(name) {
                continue;
            }
            if shape.element(name).is_none_or(|(_, element)| element.kind != Kind::Attribute) {
                return Err(Stop::new(Why::UnknownAttribute, tag.at));
            }
            object.insert((*name).to_owned(), Value::String(decode(tag, raw)?));
            self.count(tag)?;
        }
        self.children(tag, shape, depth, object)
    }

    fn children(
        &mut self,
        tag: &Tag<'a>,
        shape: &Shape,
        depth: usize,
        object: &mut Map<String, Value>,
    ) -> Result<(), Stop> {
        self.count(tag)?;
        if depth >= self.deepest() {
            return Err(Stop::new(Why::TooDeep, tag.at));
        }
        if tag.empty {
            return Ok(());
        }
        let mut holes = Vec::new();
        while let Some(child) = self.child()? {
            let scope = self.tokens.scope();
            let space = self.tokens.enter(&child)?;
            let Some((_, element)) = shape.element(child.local).filter(|(_, found)| found.kind != Kind::Attribute)
            else {
                let why = if space == Some(Space::Fhir) {
                    Why::UnknownElement(child.local.to_owned())
                } else {
                    Why::Namespace
                };
                return Err(Stop::new(why, child.at));
            };
            let wanted = if element.kind == Kind::Xhtml { Space::Xhtml } else { Space::Fhir };
            let count = length(object, &element.name);
            let read = if space == Some(wanted) {
                self.element(&child, element, depth + 1, object, &mut holes)
            } else {
                Err(Stop::new(Why::Namespace, child.at))
            };
            read.map_err(|stop| stop.climb(segment(element, count)))?;
            self.tokens.leave(scope);
        }
        for name in holes {
            // FHIR leaves an array of nothing but nulls out.
            if object.get(name).and_then(Value::as_array).is_some_and(|items| items.iter().all(Value::is_null)) {
                object.remove(name);
            }
        }
        Ok(())
    }

    /// One child, put where JSON has it.
    fn element<'t>(
        &mut self,
        tag: &Tag<'a>,
        element: &'t Element,
        depth: usize,
        object: &mut Map<String, Value>,
        holes: &mut Vec<&'t str>,
    ) -> Result<(), Stop> {
        let name = &*element.name;
        let depth = depth + usize::from(element.repeats);
        if element.kind.primitive() {
            let (value, beside) = self.primitive(tag, element.kind, depth)?;
            if value.is_null() && element.repeats && !holes.contains(&name) {
                holes.push(name);
            }
            if !element.repeats && object.keys().any(|key| key.strip_prefix('_') == Some(name)) {
                return Err(Stop::new(Why::RepeatedElement, tag.at));
            }
            aside(object, name, beside, element.repeats);
            return match value {
                value if element.repeats => self.push(object, name, value, tag),
                Value::Null => Ok(()),
                value => place(object, name, value, tag),
            };
        }
        let value = match element.kind {
            Kind::Resource => self.wrapped(tag, depth)?,
            Kind::Xhtml => {
                let deepest = self.deepest();
                let (div, elements) = narrative::read(&mut self.tokens, tag, deepest)?;
                self.values += elements;
                Value::String(div.to_owned())
            }
            Kind::Complex(number) => {
                let mut inner = Map::new();
                self.members(tag, self.table.shape(number), depth, &mut inner)?;
                Value::Object(inner)
            }
            _ => return Err(Stop::new(Why::UnknownElement(name.to_owned()), tag.at)),
        };
        if element.repeats {
            return self.push(object, name, value, tag);
        }
        place(object, name, value, tag)
    }

    /// A primitive: its value, and what stands beside it. Without either it is a blank text, which its reader reports.
    fn primitive(
        &mut self,
        tag: &Tag<'a>,
        kind: Kind,
        depth: usize,
    ) -> Result<(Value, Option<Map<String, Value>>), Stop> {
        let mut value = Value::Null;
        let mut beside = Map::new();
        for (name, raw) in &tag.attributes {
            match *name {
                "value" => value = kind.scalar(&text::value(raw).map_err(|why| Stop::new(why, tag.at))?),
                "id" => drop(beside.insert("id".to_owned(), Value::String(decode(tag, raw)?))),
                name if self.tokens.is_space(name) => {}
                _ => return Err(Stop::new(Why::UnknownAttribute, tag.at)),
            }
        }
        if tag.empty {
            self.count(tag)?;
        } else {
            self.children(tag, self.table.beside(), depth, &mut beside)?;
        }
        match (value, beside.is_empty()) {
            (Value::Null, true) => Ok((Value::String(String::new()), None)),
            (value, true) => Ok((value, None)),
            (value, false) => Ok((value, Some(beside))),
        }
    }

    fn push(&mut self, object: &mut Map<String, Value>, name: &str, value: Value, tag: &Tag<'a>) -> Result<(), Stop> {
        match object.get_mut(name) {
            Some(Value::Array(items)) if items.len() >= self.limits.items => {
                return Err(Stop::new(Why::TooManyItems(self.limits.items), tag.at));
            }
            Some(Value::Array(items)) => items.push(value),
            _ => {
                self.count(tag)?;
                object.insert(name.to_owned(), Value::Array(vec![value]));
            }
        }
        Ok(())
    }

    fn count(&mut self, tag: &Tag<'a>) -> Result<(), Stop> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Stop::new(Why::TooManyValues(self.limits.values), tag.at));
        }
        Ok(())
    }

    fn deepest(&self) -> usize {
        self.limits.depth.min(Limits::DEEPEST)
    }
}

fn decode(tag: &Tag<'_>, raw: &str) -> Result<String, Stop> {
    text::value(raw).map(std::borrow::Cow::into_owned).map_err(|why| Stop::new(why, tag.at))
}

/// What stands beside a primitive, as the member with a low line before its name; in an array at the same place.
fn aside(object: &mut Map<String, Value>, name: &str, beside: Option<Map<String, Value>>, repeats: bool) {
    let before = length(object, name);
    let other = || format!("_{name}");
    let beside = beside.map(Value::Object);
    match (beside, repeats) {
        (Some(value), false) => drop(object.insert(other(), value)),
        // As long as nothing stood beside any item, there is no such array.
        (beside, true) if beside.is_some() || object.keys().any(|key| key.strip_prefix('_') == Some(name)) => {
            let items = object.entry(other()).or_insert_with(|| Value::Array(vec![Value::Null; before]));
            if let Value::Array(items) = items {
                items.push(beside.unwrap_or_default());
            }
        }
        (None, _) | (Some(_), true) => {}
    }
}

fn place(object: &mut Map<String, Value>, name: &str, value: Value, tag: &Tag<'_>) -> Result<(), Stop> {
    let twice = object.insert(name.to_owned(), value).is_some();
    if twice { Err(Stop::new(Why::RepeatedElement, tag.at)) } else { Ok(()) }
}

fn length(object: &Map<String, Value>, name: &str) -> usize {
    object.get(name).and_then(Value::as_array).map_or(0, Vec::len)
}

fn segment(element: &Element, count: usize) -> String {
    if element.repeats { format!(".{}[{count}]", element.name) } else { format!(".{}", element.name) }
}
