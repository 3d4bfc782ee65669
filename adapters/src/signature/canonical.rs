//! A Bundle → the bytes its own signature covers: FHIR's canonical JSON, written as RFC 8785 (JCS) writes it.
//!
//! R4 asks for sorted members and no white space (json.html#canonical) and leaves numbers open; RFC 8785 writes
//! 100.0 as 100. Both spellings occur, so both are offered: numbers as the hospital wrote them, and as RFC 8785
//! does where that changes no value. A signature that fits neither does not verify.

use std::cell::Cell;
use std::fmt;

use claimgate_packet::opaque_debug;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

mod number;

/// Which parts of the Bundle are covered, by FHIR's name. Its signature never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Canonicalization {
    /// `http://hl7.org/fhir/canonicalization/json`: everything.
    Everything,
    /// `…/json#document`: everything but the Bundle's own `id` and `meta`.
    Document,
}

impl Canonicalization {
    fn leaves_out(self, name: &str) -> bool {
        name == "signature" || (self == Self::Document && (name == "id" || name == "meta"))
    }
}

/// How numbers were written when the signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Letter for letter as in the Bundle: `100.0` stays.
    AsWritten,
    /// As RFC 8785 §3.2.2.3 writes them: `100.0` is `100`.
    Rfc8785,
}

/// A canonical form that may have been signed.
pub(super) struct Form {
    /// How its numbers are written.
    pub(super) numbers: Numbers,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

opaque_debug!(Form);

/// The forms of a Bundle, one or two. `None` for what is no JSON object; the caller has read it before with all
/// bounds.
pub(super) fn forms(bundle: &[u8], covered: Canonicalization) -> Option<Vec<Form>> {
    let Node::Object(mut members) = read(bundle)? else { return None };
    members.retain(|(name, _)| !covered.leaves_out(name));
    let root = Node::Object(members);
    let (jcs, exact) = root.text(Numbers::Rfc8785)?;
    let (written, _) = root.text(Numbers::AsWritten)?;
    let mut forms = Vec::new();
    let differs = jcs != written;
    if exact {
        forms.push(Form { numbers: Numbers::Rfc8785, bytes: jcs.into_bytes() });
    }
    if differs || !exact {
        forms.push(Form { numbers: Numbers::AsWritten, bytes: written.into_bytes() });
    }
    Some(forms)
}

/// JSON with the spelling of its numbers.
enum Node {
    /// `null`, `true`, `false`.
    Word(&'static str),
    Number(String),
    Text(String),
    Array(Vec<Node>),
    /// Sorted by name, each name once.
    Object(Vec<(String, Node)>),
}

fn read(bytes: &[u8]) -> Option<Node> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let rest = Cell::new(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let node = Seed { rest: &rest }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(node)
}

impl Node {
    /// The canonical text, and whether every number in it still has its value.
    fn text(&self, numbers: Numbers) -> Option<(String, bool)> {
        let mut writer = Writer { text: String::new(), numbers, exact: true };
        writer.write(self)?;
        Some((writer.text, writer.exact))
    }
}

struct Writer {
    text: String,
    numbers: Numbers,
    exact: bool,
}

impl Writer {
    fn write(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Word(word) => self.text.push_str(word),
            Node::Number(written) if self.numbers == Numbers::AsWritten => self.text.push_str(written),
            Node::Number(written) => {
                let canonical = number::canonical(written)?;
                self.exact &= number::same_value(written, &canonical);
                self.text.push_str(&canonical);
            }
            Node::Text(text) => self.string(text)?,
            Node::Array(items) => {
                self.text.push('[');
                for (place, item) in items.iter().enumerate() {
                    self.comma(place);
                    self.write(item)?;
                }
                self.text.push(']');
            }
            Node::Object(members) => {
                self.text.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    self.comma(place);
                    self.string(name)?;
                    self.text.push(':');
                    self.write(value)?;
                }
                self.text.push('}');
            }
        }
        Some(())
    }

    fn comma(&mut self, place: usize) {
        if place > 0 {
            self.text.push(',');
        }
    }

    /// `serde_json` escapes exactly what RFC 8785 §3.2.2.2 does.
    fn string(&mut self, text: &str) -> Option<()> {
        self.text.push_str(&serde_json::to_string(text).ok()?);
        Some(())
    }
}

/// Reads one value. `serde_json` hands numbers out without their spelling, but in the order of the text: the
/// spelling is found by walking along behind it.
#[derive(Clone, Copy)]
struct Seed<'a, 'b> {
    rest: &'b Cell<&'a [u8]>,
}

impl Seed<'_, '_> {
    fn number<E: serde::de::Error>(self) -> Result<Node, E> {
        let (spelling, rest) = number::next(self.rest.get()).ok_or_else(|| E::custom("no number"))?;
        self.rest.set(rest);
        Ok(Node::Number(spelling.to_owned()))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Word("null"))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Word(if value { "true" } else { "false" }))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Node, E> {
        self.number()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Node, E> {
        self.number()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Node, E> {
        self.number()
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            object.push((name, members.next_value_seed(self)?));
        }
        // By UTF-16 code units, as RFC 8785 §3.2.3 wants it.
        object.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
        if object.iter().zip(object.iter().skip(1)).any(|((one, _), (next, _))| one == next) {
            return Err(serde::de::Error::custom("a member twice"));
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests;
