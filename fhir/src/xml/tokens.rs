//! XML text → start tags, end tags and text, with the namespaces resolved; comments are left out.
//!
//! In: UTF-8 without what XML does not have. Out: one token at a time. No DTD, no entity, no processing
//! instruction passes here; quick-xml is named in this file alone.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use super::stop::{Stop, Why};
use super::text;

/// The namespace of every FHIR element.
pub(super) const FHIR: &str = "http://hl7.org/fhir";
/// The namespace of a narrative's `div` and what is in it.
pub(super) const XHTML: &str = "http://www.w3.org/1999/xhtml";
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// More namespaces in scope than any sender needs; it keeps the search for one short.
const NAMESPACES: usize = 16;

/// What a prefix stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Fhir,
    Xhtml,
    Schema,
    Other,
}

/// A piece of the text.
pub(super) enum Token<'a> {
    Open(Tag<'a>),
    Close,
    /// Character data as written; references are pieces of their own.
    Text(&'a str),
    /// The name of a reference that stands for a character.
    Reference,
    /// The end of the whole text.
    End,
}

/// A start tag.
pub(super) struct Tag<'a> {
    /// Its name as written.
    pub(super) name: &'a str,
    /// The part of the name after the prefix.
    pub(super) local: &'a str,
    /// All attributes with raw values, those that declare namespaces too.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    /// Whether it is its own end.
    pub(super) empty: bool,
    /// The byte it begins at.
    pub(super) at: usize,
}

/// The reader.
pub(super) struct Tokens<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where the last token began.
    at: usize,
    /// Declared prefixes from the outside in; the empty one is the default.
    scope: Vec<(&'a str, Space)>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Self { text, reader, at: 0, scope: Vec::new() }
    }

    /// A refusal at the last token.
    pub(super) fn stop(&self, why: Why) -> Stop {
        Stop::new(why, self.at)
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token<'a>, Stop> {
        loop {
            self.at = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.broken(&error)),
            };
            let why = match event {
                Event::Start(tag) => return self.tag(tag.name().as_ref().len(), false),
                Event::Empty(tag) => return self.tag(tag.name().as_ref().len(), true),
                Event::End(_) => return Ok(Token::Close),
                Event::Text(_) => return Ok(Token::Text(self.since(self.at))),
                Event::GeneralRef(name) => match text::resolve(&name) {
                    Ok(_) => return Ok(Token::Reference),
                    Err(why) => why,
                },
                Event::Comment(_) => continue,
                Event::Decl(_) if self.at == 0 => match self.declaration() {
                    Ok(()) => continue,
                    Err(why) => why,
                },
                Event::Decl(_) | Event::PI(_) => Why::Instruction,
                Event::DocType(_) => Why::Dtd,
                Event::CData(_) => Why::Text,
                Event::Eof => return Ok(Token::End),
            };
            return Err(self.stop(why));
        }
    }

    /// What was read since a place.
    pub(super) fn since(&self, at: usize) -> &'a str {
        self.text.get(at..self.position()).unwrap_or_default()
    }

    /// How many prefixes are in scope, to come back to with [`Tokens::leave`].
    pub(super) fn scope(&self) -> usize {
        self.scope.len()
    }

    /// Leaves an element's scope.
    pub(super) fn leave(&mut self, scope: usize) {
        self.scope.truncate(scope);
    }

    /// Takes the declarations of a tag into scope, and says which namespace the tag is in.
    pub(super) fn enter(&mut self, tag: &Tag<'a>) -> Result<Option<Space>, Stop> {
        for (name, uri) in &tag.attributes {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    // `xml` and `xmlns` are fixed; a prefix cannot be undeclared (Namespaces in XML 1.0 §3, §5).
                    Some("xml" | "xmlns") => return Err(Stop::new(Why::Namespace, tag.at)),
                    Some(_) if uri.is_empty() => return Err(Stop::new(Why::Namespace, tag.at)),
                    Some(prefix) => prefix,
                    None => continue,
                },
                None => continue,
            };
            if self.scope.len() == NAMESPACES {
                return Err(Stop::new(Why::TooManyAttributes, tag.at));
            }
            self.scope.push((prefix, space(uri)));
        }
        Ok(self.resolve(tag.name.split_once(':').map_or("", |(prefix, _)| prefix)))
    }

    /// Whether an attribute declares a namespace, or says where a schema is, which is never looked at.
    pub(super) fn is_space(&self, name: &str) -> bool {
        match name.split_once(':') {
            None => name == "xmlns",
            Some(("xmlns", _)) => true,
            Some((prefix, "schemaLocation")) => self.resolve(prefix) == Some(Space::Schema),
            Some(_) => false,
        }
    }

    fn resolve(&self, prefix: &str) -> Option<Space> {
        self.scope.iter().rev().find(|(known, _)| *known == prefix).map(|(_, space)| *space)
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn tag(&self, length: usize, empty: bool) -> Result<Token<'a>, Stop> {
        let whole = self.since(self.at).strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let whole = if empty { whole.and_then(|text| text.strip_suffix('/')) } else { whole };
        let (name, rest) =
            whole.and_then(|text| text.split_at_checked(length)).ok_or_else(|| self.stop(Why::Syntax))?;
        if !text::is_name(name) {
            return Err(self.stop(Why::Syntax));
        }
        let attributes = text::attributes(rest).map_err(|why| self.stop(why))?;
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        Ok(Token::Open(Tag { name, local, attributes, empty, at: self.at }))
    }

    /// The XML declaration: version 1.0, and no other encoding than UTF-8.
    fn declaration(&self) -> Result<(), Why> {
        let whole = self.since(self.at).strip_prefix("<?xml").and_then(|text| text.strip_suffix("?>"));
        let found = text::attributes(whole.ok_or(Why::Syntax)?)?;
        let mut order = ["version", "encoding", "standalone"].into_iter();
        for (name, value) in &found {
            let right = match *name {
                "version" => *value == "1.0",
                "encoding" if !value.eq_ignore_ascii_case("utf-8") => return Err(Why::NotUtf8),
                "standalone" => matches!(*value, "yes" | "no"),
                _ => true,
            };
            if !right || !order.any(|known| known == *name) {
                return Err(Why::Syntax);
            }
        }
        if found.first().is_some_and(|(name, _)| *name == "version") { Ok(()) } else { Err(Why::Syntax) }
    }

    fn broken(&self, error: &Error) -> Stop {
        let why = match error {
            Error::Syntax(SyntaxError::UnclosedDoctype) | Error::IllFormed(IllFormedError::MissingDoctypeName) => {
                Why::Dtd
            }
            Error::IllFormed(IllFormedError::UnclosedReference) => Why::Entity,
            Error::Syntax(SyntaxError::InvalidBangMarkup) | Error::IllFormed(_) => Why::Syntax,
            Error::Syntax(_) => Why::EndsEarly,
            _ => Why::Syntax,
        };
        self.stop(why)
    }
}

fn space(uri: &str) -> Space {
    match uri {
        FHIR => Space::Fhir,
        XHTML => Space::Xhtml,
        SCHEMA_INSTANCE => Space::Schema,
        _ => Space::Other,
    }
}

/// Whether character data is white space only.
pub(super) fn blank(text: &str) -> bool {
    text::skip(text).is_empty()
}
