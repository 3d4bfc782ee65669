//! The two written forms of FHIR and the media types that ask for them (FHIR R4 §3.1.0.1.9).

use serde_json::Value;

use crate::limits::Limits;
use crate::xml;

/// A written form of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// `application/fhir+json`.
    #[default]
    Json,
    /// `application/fhir+xml`.
    Xml,
}

impl Format {
    /// What a `Content-Type`, one range of an `Accept`, or a `_format` names; parameters are not looked at.
    #[must_use]
    pub fn from_media_type(text: &str) -> Option<Self> {
        let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            // With a space: `_format=application/fhir+json` whose plus sign was taken for one.
            "application/fhir+json" | "application/fhir json" | "application/json" | "text/json" | "json" => {
                Some(Self::Json)
            }
            "application/fhir+xml" | "application/fhir xml" | "application/xml" | "text/xml" | "xml" => Some(Self::Xml),
            _ => None,
        }
    }

    /// The form of a text, by its first sign: XML begins with an angle bracket, JSON never does.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'<') => Self::Xml,
            _ => Self::Json,
        }
    }

    /// A resource that was accepted before, read again in FHIR's JSON form; nothing where it cannot be read.
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> Option<Value> {
        match self {
            Self::Json => serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok(),
            Self::Xml => xml::parse(bytes, &Limits { bytes: bytes.len(), ..Limits::default() }).ok(),
        }
    }

    /// What we call it in our own answers.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/fhir+json",
            Self::Xml => "application/fhir+xml",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_name_a_format() {
        for text in ["application/fhir+json", "Application/JSON; charset=utf-8", " json", "text/json"] {
            assert_eq!(Format::from_media_type(text), Some(Format::Json), "{text}");
        }
        for text in
            ["application/fhir+xml;fhirVersion=4.0", "application/xml", "text/xml", "xml", "application/fhir xml"]
        {
            assert_eq!(Format::from_media_type(text), Some(Format::Xml), "{text}");
        }
        for text in ["", "*/*", "text/html", "text/turtle", "application/fhir+jsonx"] {
            assert_eq!(Format::from_media_type(text), None, "{text}");
        }
        for format in [Format::Json, Format::Xml] {
            assert_eq!(Format::from_media_type(format.media_type()), Some(format));
        }
    }
}
