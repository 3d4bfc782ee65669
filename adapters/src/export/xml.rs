//! A hospital's own XML → the form of JSON: attributes as `@name`, elements by name, repeated ones as arrays.
//!
//! As strict as the reader of FHIR XML: no DTD, no entity but XML's own five, no processing instruction; bounded in depth
//! and count. Unlike there, names may be Chinese, and CDATA is text.

use claimgate_fhir::outcome::{Issue, IssueKind};
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::table::Rows;
use super::tree::{TEXT, limits};
use crate::csv::CELL;

/// Elements inside one another.
const DEPTH: usize = 32;
/// Attributes of one element.
const ATTRIBUTES: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Syntax,
    Dtd,
    Instruction,
    Entity,
    TooDeep,
    TooMany,
}

/// An element that is not closed yet.
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// Reads a whole document; nothing, and an error, where it is none. The root element is the value.
pub(super) fn read(text: &str, rows: &Rows<'_>) -> Option<Value> {
    match document(text) {
        Ok(root) => Some(root),
        Err((why, at)) => {
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            let (kind, code, text, zh) = match why {
                Why::Syntax => {
                    (IssueKind::Structure, "xml.syntax", "Not a well-formed XML document.", "不是正確的 XML 格式")
                }
                Why::Dtd => {
                    (IssueKind::Security, "xml.dtd", "A document type declaration. Leave it out.", "不接受 DTD 宣告")
                }
                Why::Instruction => (
                    IssueKind::Structure,
                    "xml.processing-instruction",
                    "A processing instruction. Leave it out.",
                    "不接受處理指令",
                ),
                Why::Entity => {
                    let text = "A reference to an entity that XML does not define. Write the character itself.";
                    (IssueKind::Security, "xml.entity", text, "使用了未定義的實體")
                }
                Why::TooDeep => (IssueKind::Structure, "xml.too-deep", "Elements nested too deep.", "巢狀層數過深"),
                Why::TooMany => {
                    let text = "Too many elements or attributes, or one text too long. Export fewer cases at once.";
                    (IssueKind::TooCostly, "xml.too-many-values", text, "內容項目過多")
                }
            };
            rows.report(Some(line), None, Issue::error(kind, code, text).zh(zh));
            None
        }
    }
}

fn document(text: &str) -> Result<Value, (Why, usize)> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut reading = Reading { open: Vec::new(), root: None, values: 0 };
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|_| (Why::Syntax, at))?;
        let step = match event {
            Event::Start(tag) => reading.start(&tag),
            Event::Empty(tag) => reading.start(&tag).and_then(|()| reading.end()),
            Event::End(_) => reading.end(),
            Event::Text(piece) => reading.text(&piece),
            Event::CData(piece) => reading.text(&piece),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(sign)) => reading.text(sign.encode_utf8(&mut [0; 4])),
                Ok(None) => resolve_predefined_entity(&name).ok_or(Why::Entity).and_then(|sign| reading.text(sign)),
                Err(_) => Err(Why::Entity),
            },
            Event::Decl(_) if at == 0 => Ok(()),
            Event::Comment(_) => Ok(()),
            Event::Decl(_) | Event::PI(_) => Err(Why::Instruction),
            Event::DocType(_) => Err(Why::Dtd),
            Event::Eof => break,
        };
        step.map_err(|why| (why, at))?;
    }
    reading.root.filter(|_| reading.open.is_empty()).ok_or((Why::Syntax, text.len()))
}

struct Reading {
    open: Vec<Open>,
    root: Option<Value>,
    values: usize,
}

impl Reading {
    fn count(&mut self) -> Result<(), Why> {
        self.values += 1;
        if self.values > limits().values { Err(Why::TooMany) } else { Ok(()) }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Why> {
        if self.open.len() == DEPTH {
            return Err(Why::TooDeep);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(Why::Syntax);
        }
        self.count()?;
        let mut members = Map::new();
        for (attribute, number) in tag.attributes().zip(1_usize..) {
            if number > ATTRIBUTES {
                return Err(Why::TooMany);
            }
            self.count()?;
            let attribute = attribute.map_err(|_| Why::Syntax)?;
            let name: &str = attribute.key.as_ref();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = unescape(&attribute.value).map_err(|_| Why::Entity)?;
            if value.len() > CELL {
                return Err(Why::TooMany);
            }
            members.insert(format!("@{}", local(name)), Value::String(value.into_owned()));
        }
        let name: &str = tag.name().0;
        self.open.push(Open { name: local(name).to_owned(), members, text: String::new() });
        Ok(())
    }

    fn text(&mut self, piece: &str) -> Result<(), Why> {
        let Some(open) = self.open.last_mut() else {
            return if piece.trim().is_empty() { Ok(()) } else { Err(Why::Syntax) };
        };
        if open.text.len() + piece.len() > CELL {
            return Err(Why::TooMany);
        }
        open.text.push_str(piece);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Why> {
        let Open { name, mut members, text } = self.open.pop().ok_or(Why::Syntax)?;
        let value = if members.is_empty() {
            // A row without anything in it is still a row.
            if text.trim().is_empty() { Value::Null } else { Value::String(text) }
        } else {
            if !text.trim().is_empty() {
                members.insert(TEXT.to_owned(), Value::String(text));
            }
            Value::Object(members)
        };
        let Some(parent) = self.open.last_mut() else {
            // The path of the rows begins with the root element's name.
            self.root = Some(Value::Object(Map::from_iter([(name, value)])));
            return Ok(());
        };
        match parent.members.get_mut(&name) {
            None => drop(parent.members.insert(name, value)),
            Some(Value::Array(items)) => items.push(value),
            Some(other) => {
                let first = other.take();
                *other = Value::Array(vec![first, value]);
            }
        }
        Ok(())
    }
}

/// The part of a name after its prefix.
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_become_members_and_repeated_ones_arrays() {
        let text = "<?xml version=\"1.0\" encoding=\"Big5\"?><!-- x --><資料 xmlns:h=\"urn:x\"><h:列 號=\"1 &amp; 2\">\
                    <姓名>林<![CDATA[<小>]]>&#28204;</姓名><空/></h:列><列>a<b/></列></資料>\n";
        let expected = json!({ "資料": { "列": [
            { "@號": "1 & 2", "姓名": "林<小>測", "空": null }, { "b": null, "#text": "a" },
        ] } });
        assert_eq!(document(text), Ok(expected));
    }

    #[test]
    fn what_the_reader_of_fhir_refuses_is_refused_here() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>";
        let deep = format!("{}{}", "<a>".repeat(DEPTH + 1), "</a>".repeat(DEPTH + 1));
        let wide = format!("<a {}/>", (0..=ATTRIBUTES).map(|n| format!("b{n}=\"\"")).collect::<Vec<_>>().join(" "));
        let long = format!("<a>{}</a>", "x".repeat(CELL + 1));
        for (text, why) in [
            (laughs, Why::Dtd),
            ("<x>&b;</x>", Why::Entity),
            ("<x a=\"&b;\"/>", Why::Entity),
            ("<x>&#0;</x>", Why::Entity),
            ("<x><?php x?></x>", Why::Instruction),
            ("<a><b></a></b>", Why::Syntax),
            ("<a/><b/>", Why::Syntax),
            ("<a b=\"1\" b=\"2\"/>", Why::Syntax),
            ("<a>", Why::Syntax),
            ("", Why::Syntax),
            ("x<a/>", Why::Syntax),
            (&deep, Why::TooDeep),
            (&wide, Why::TooMany),
            (&long, Why::TooMany),
        ] {
            assert_eq!(
                document(text).map_err(|(why, _)| why),
                Err(why),
                "{}",
                text.chars().take(40).collect::<String>()
            );
        }
    }
}
