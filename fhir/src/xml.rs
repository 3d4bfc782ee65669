//! FHIR XML in and out (R4 §2.6.1), by way of FHIR's JSON form, so that everything else knows one form only.
//!
//! In: bytes, bounded as JSON is. Out: a JSON value; and back. What is no FHIR is refused: a DTD, an entity, a
//! processing instruction, another namespace, an unknown element. Knows the types of R4, not what they mean.

use serde_json::Value;

use crate::limits::Limits;
use crate::outcome::Issue;

mod stop;
mod text;
mod tokens;

mod narrative;
mod read;
mod write;

pub use write::{Unwritable, XmlError, write};

use stop::{Stop, Why};

/// Reads one resource in FHIR XML into its JSON form. A leading byte order mark is skipped.
///
/// [`Limits`] count as they do for the JSON form: objects and arrays inside one another, items of an array,
/// values in all. Numbers become what [`crate::parse::parse`] makes of them.
///
/// # Errors
/// One issue: `xml.too-large`, `xml.not-utf8`, `xml.syntax`, `xml.dtd`, `xml.processing-instruction`,
/// `xml.entity`, `xml.character`, `xml.too-deep`, `xml.too-many-items`, `xml.too-many-values`,
/// `xml.too-many-attributes`, `xml.namespace`, `xml.duplicate-attribute`, `xml.attribute-unknown`,
/// `xml.element-unknown`, `xml.element-repeated`, `xml.resource-unknown`, `xml.text`. Line, column and path are
/// told, never a value.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, Issue> {
    if bytes.len() > limits.bytes {
        return Err(Stop::new(Why::TooLarge(limits.bytes), 0).issue(bytes));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| Stop::new(Why::NotUtf8, error.valid_up_to()).issue(bytes))?;
    // UTF-16 without a mark is valid UTF-8 full of zeros.
    if text.get(..4).is_some_and(|head| head.contains('\0')) {
        return Err(Stop::new(Why::NotUtf8, 0).issue(bytes));
    }
    if let Some(at) = text::foreign_char(text) {
        return Err(Stop::new(Why::Character, at).issue(bytes));
    }
    read::document(text, limits).map_err(|stop| stop.issue(bytes))
}

#[cfg(test)]
mod tests;
