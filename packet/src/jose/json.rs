//! JSON from outsiders: bounded in size, depth and members, and never with a member twice.
//!
//! In: bytes. Out: a `serde_json::Value`. `serde_json` alone keeps the last of two equal members
//! (security.md J11), so headers, payloads, disclosures and keys are all read here.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How large a JSON text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Objects and arrays inside one another; a flat object has depth 1.
    pub depth: usize,
    /// Members of all objects and elements of all arrays together.
    pub members: usize,
}

/// Why a JSON text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or something after it.
    #[error("not a JSON text")]
    Malformed,
    /// Longer than the limit.
    #[error("the JSON text is too long")]
    TooLarge,
    /// Nested deeper than the limit.
    #[error("the JSON text is nested too deep")]
    TooDeep,
    /// More members than the limit.
    #[error("the JSON text has too many members")]
    TooManyMembers,
    /// Two members of one name in one object.
    #[error("a JSON object has a member twice")]
    DuplicateMember,
    /// JSON, but not an object.
    #[error("the JSON text is not an object")]
    NotAnObject,
}

/// Reads a JSON text that must be an object.
///
/// # Errors
/// [`JsonError`], with the first fault found.
pub fn parse_object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    match parse(bytes, limits)? {
        Value::Object(map) => Ok(map),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Reads a JSON text.
///
/// # Errors
/// [`JsonError`], with the first fault found.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError::TooLarge);
    }
    let budget = Budget { members: Cell::new(limits.members), fault: Cell::new(JsonError::Malformed) };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Bounded { budget: &budget, depth: limits.depth }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|_| budget.fault.get())
}

/// What is left to spend while one text is read, and why reading stopped.
struct Budget {
    members: Cell<usize>,
    fault: Cell<JsonError>,
}

impl Budget {
    fn refuse<E: serde::de::Error>(&self, fault: JsonError) -> E {
        self.fault.set(fault);
        E::custom(fault)
    }

    fn spend<E: serde::de::Error>(&self) -> Result<(), E> {
        let left = self.members.get().checked_sub(1).ok_or_else(|| self.refuse(JsonError::TooManyMembers))?;
        self.members.set(left);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Bounded<'a> {
    budget: &'a Budget,
    depth: usize,
}

impl Bounded<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| self.budget.refuse(JsonError::TooDeep))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
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

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            self.budget.spend()?;
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            self.budget.spend()?;
            let value = members.next_value_seed(inner)?;
            if map.insert(name, value).is_some() {
                return Err(self.budget.refuse(JsonError::DuplicateMember));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { bytes: 200, depth: 3, members: 6 };

    #[test]
    fn a_bounded_text_reads_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,2.5,"三"],"b":null}"#;
        assert_eq!(parse(text.as_bytes(), SMALL), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn each_fault_has_its_own_refusal() {
        let cases: [(&str, JsonError); 11] = [
            (r#"{"alg":"none","alg":"ES256"}"#, JsonError::DuplicateMember),
            (r#"{"a":{"b":1,"\u0062":2}}"#, JsonError::DuplicateMember),
            ("[[[[]]]]", JsonError::TooDeep),
            ("[1,2,3,4,5,6,7]", JsonError::TooManyMembers),
            ("{}{}", JsonError::Malformed),
            ("{", JsonError::Malformed),
            ("", JsonError::Malformed),
            ("[1e999]", JsonError::Malformed),
            ("NaN", JsonError::Malformed),
            (r#"{"a":"\ud800"}"#, JsonError::Malformed),
            ("[1]", JsonError::NotAnObject),
        ];
        for (text, fault) in cases {
            assert_eq!(parse_object(text.as_bytes(), SMALL), Err(fault), "{text}");
        }
        assert_eq!(parse(&[b' '; 201], SMALL), Err(JsonError::TooLarge));
        assert_eq!(parse(b"\"\xff\"", SMALL), Err(JsonError::Malformed));
    }

    #[test]
    fn a_hundred_thousand_brackets_end_at_the_depth_limit() {
        let limits = Limits { bytes: 1 << 20, depth: 16, members: 100 };
        assert_eq!(parse("[".repeat(100_000).as_bytes(), limits), Err(JsonError::TooDeep));
        assert_eq!(parse(r#"{"a":"#.repeat(100_000).as_bytes(), limits), Err(JsonError::TooDeep));
    }
}
