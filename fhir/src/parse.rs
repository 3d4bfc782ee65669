//! Bytes → JSON in one pass, bounded: size, depth, items, values, and no member name twice in an object.
//!
//! RFC 8259 leaves duplicate names open and readers differ (first or last wins), so a signed text could
//! mean two things; here it means none. Knows nothing of FHIR beyond how an element's name looks.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::limits::Limits;
use crate::outcome::{Issue, IssueKind};

/// Reads one JSON text. A leading byte order mark is skipped (RFC 8259 §8.1 permits it).
///
/// Integers stay exact; a decimal becomes the nearest double, which writes back the digits it came with
/// as long as there are at most fifteen of them.
///
/// # Errors
/// One issue: `json.too-large`, `json.not-utf8`, `json.syntax`, `json.too-deep`, `json.duplicate-member`,
/// `json.too-many-items`, `json.too-many-values`. Line, column and path are told, never a value. The path begins with
/// `Bundle` where `resourceType` says so before the fault.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, Issue> {
    if bytes.len() > limits.bytes {
        let text = format!("The body is larger than {} bytes. Split it or leave out attachments.", limits.bytes);
        return Err(Issue::fatal(IssueKind::TooCostly, "json.too-large", text).zh("內容超過大小上限"));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = position(bytes, error.valid_up_to());
        let text = format!("Not UTF-8 at line {line}, column {column}. Send JSON in UTF-8.");
        Issue::fatal(IssueKind::Structure, "json.not-utf8", text).zh("不是 UTF-8 編碼")
    })?;

    let reading = Reading { limits, state: RefCell::default() };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Seed { reading: &reading, depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| reading.issue(&error))
}

/// Why we stopped the reader ourselves.
enum Stop {
    TooDeep,
    TooManyItems,
    TooManyValues,
    /// The name, where it looks like the name of a FHIR element.
    Duplicate(Option<String>),
}

#[derive(Default)]
struct State {
    values: usize,
    stop: Option<Stop>,
    /// Segments from the inside out, gathered while the error climbs: a good text costs nothing.
    path: Vec<String>,
}

struct Reading<'a> {
    limits: &'a Limits,
    state: RefCell<State>,
}

impl Reading<'_> {
    fn stop<E: serde::de::Error>(&self, stop: Stop) -> E {
        self.state.borrow_mut().stop = Some(stop);
        E::custom("stopped")
    }

    fn climb(&self, segment: String) {
        self.state.borrow_mut().path.push(segment);
    }

    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let mut state = self.state.borrow_mut();
        state.values += 1;
        let full = state.values > self.limits.values;
        drop(state);
        if full { Err(self.stop(Stop::TooManyValues)) } else { Ok(()) }
    }

    fn issue(&self, error: &serde_json::Error) -> Issue {
        let limits = self.limits;
        let place = format!("line {}, column {}", error.line(), error.column());
        let state = self.state.borrow();
        let path = state.path.iter().rev().map(String::as_str).collect::<String>();
        let issue = match &state.stop {
            Some(Stop::TooDeep) => {
                let text = format!("Nested deeper than {} levels at {place}. Flatten the structure.", limits.depth);
                Issue::fatal(IssueKind::Structure, "json.too-deep", text).zh("巢狀層數過深")
            }
            Some(Stop::TooManyItems) => {
                let text = format!("An array holds more than {} items at {place}. Send less at once.", limits.items);
                Issue::fatal(IssueKind::TooCostly, "json.too-many-items", text).zh("陣列項目過多")
            }
            Some(Stop::TooManyValues) => {
                let text = format!("More than {} JSON values at {place}. Send less at once.", limits.values);
                Issue::fatal(IssueKind::TooCostly, "json.too-many-values", text).zh("內容項目過多")
            }
            Some(Stop::Duplicate(name)) => {
                let name = name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
                let text = format!("The member{name} stands twice in one object at {place}. Send each member once.");
                Issue::fatal(IssueKind::Structure, "json.duplicate-member", text).zh("物件內有重複的欄位名稱")
            }
            None if error.is_eof() => {
                let text = format!("The JSON text ends too early at {place}. Send the whole document.");
                Issue::fatal(IssueKind::Structure, "json.syntax", text).zh("JSON 內容不完整")
            }
            None => {
                let text = format!("Not a JSON text (RFC 8259) at {place}. Correct the syntax there.");
                Issue::fatal(IssueKind::Structure, "json.syntax", text).zh("不是正確的 JSON 格式")
            }
        };
        match path.strip_prefix('.').unwrap_or(&path) {
            "" => issue,
            path => issue.at(path),
        }
    }
}

/// How an element of FHIR is named; anything else could be personal data and is not repeated.
pub(crate) fn element_name(name: &str) -> Option<&str> {
    let letters = name.strip_prefix('_').unwrap_or(name);
    let like = letters.len() <= 48
        && letters.starts_with(|first: char| first.is_ascii_lowercase())
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    like.then_some(name)
}

fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = bytes.get(..at).unwrap_or(bytes);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
    (line, column)
}

/// Reads one value at a depth: the number of objects and arrays around it.
#[derive(Clone, Copy)]
struct Seed<'a> {
    reading: &'a Reading<'a>,
    depth: usize,
}

impl<'a> Seed<'a> {
    /// The seed for what is inside, if that is not too deep.
    fn inside<E: serde::de::Error>(self) -> Result<Seed<'a>, E> {
        let depth = self.depth + 1;
        if depth > self.reading.limits.depth.min(Limits::DEEPEST) {
            return Err(self.reading.stop(Stop::TooDeep));
        }
        Ok(Seed { reading: self.reading, depth })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.reading.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        loop {
            match items.next_element_seed(inside) {
                Ok(Some(item)) if array.len() < self.reading.limits.items => array.push(item),
                Ok(Some(_)) => return Err(self.reading.stop(Stop::TooManyItems)),
                Ok(None) => return Ok(Value::Array(array)),
                Err(error) => {
                    self.reading.climb(format!("[{}]", array.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            // One search for both: is it there, and where does it go.
            let slot = match object.entry(name) {
                Entry::Vacant(slot) => slot,
                Entry::Occupied(twice) => {
                    return Err(self.reading.stop(Stop::Duplicate(element_name(twice.key()).map(str::to_owned))));
                }
            };
            let value = match members.next_value_seed(inside) {
                Ok(value) => value,
                Err(error) => {
                    self.reading.climb(format!(".{}", element_name(slot.key()).unwrap_or("*")));
                    // As all later findings say it; where the type stands after the fault, it is not known.
                    if self.depth == 0 && object.get("resourceType").and_then(Value::as_str) == Some("Bundle") {
                        self.reading.climb("Bundle".to_owned());
                    }
                    return Err(error);
                }
            };
            slot.insert(value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
pub(crate) mod tests;
