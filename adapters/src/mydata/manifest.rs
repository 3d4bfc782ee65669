//! META-INFO/manifest.xml: `files/file` with plain members. No document type, no entity, no attribute that means anything.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::FILES;
use super::refusal::Refusal;

/// Bytes of a manifest.
const BYTES: usize = 256 << 10;
/// Members of one file.
const MEMBERS: usize = 16;

/// The members of one file.
pub(super) struct Listed(BTreeMap<String, String>);

claimgate_packet::opaque_debug!(Listed);

impl Listed {
    /// A member that must be there.
    pub(super) fn member(&self, name: &str) -> Result<&str, Refusal> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty()).ok_or(Refusal::ManifestForm)
    }
}

/// Where the reader stands.
enum At {
    Outside,
    Files,
    File(BTreeMap<String, String>),
    Member(BTreeMap<String, String>, String, String),
    Behind,
}

/// Reads a manifest.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Listed>, Refusal> {
    if bytes.len() > BYTES {
        return Err(Refusal::ManifestForm);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::ManifestForm)?;
    let mut reader = Reader::from_str(text);
    let mut at = At::Outside;
    let mut files = Vec::new();
    loop {
        let start = reader.buffer_position() == 0;
        at = match (reader.read_event().map_err(|_| Refusal::ManifestForm)?, at) {
            (Event::DocType(_), _) => return Err(Refusal::ManifestDtd),
            (Event::GeneralRef(_), _) => return Err(Refusal::ManifestEntity),
            (Event::Decl(_), at) if start => at,
            (Event::Comment(_), at) => at,
            (Event::Start(tag), At::Outside) if tag.name().0 == "files" => At::Files,
            (Event::Empty(tag), At::Outside) if tag.name().0 == "files" => At::Behind,
            (Event::Start(tag), At::Files) if tag.name().0 == "file" && files.len() < FILES => {
                At::File(BTreeMap::new())
            }
            (Event::Start(tag), At::File(members)) if members.len() < MEMBERS => {
                At::Member(members, tag.name().0.to_owned(), String::new())
            }
            (Event::Empty(tag), At::File(mut members)) if members.len() < MEMBERS => {
                once(&mut members, tag.name().0.to_owned(), String::new())?;
                At::File(members)
            }
            (Event::Text(piece), At::Member(members, name, value)) => {
                let piece: &str = &piece;
                At::Member(members, name, value + piece)
            }
            (Event::Text(piece), at) if piece.trim().is_empty() => at,
            (Event::End(_), At::Member(mut members, name, value)) => {
                once(&mut members, name, value.trim().to_owned())?;
                At::File(members)
            }
            (Event::End(_), At::File(members)) => {
                files.push(Listed(members));
                At::Files
            }
            (Event::End(_), At::Files) => At::Behind,
            (Event::Eof, At::Behind) => return Ok(files),
            _ => return Err(Refusal::ManifestForm),
        };
    }
}

fn once(members: &mut BTreeMap<String, String>, name: String, value: String) -> Result<(), Refusal> {
    if members.insert(name, value).is_some() { Err(Refusal::ManifestForm) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<Refusal> {
        read(text.as_bytes()).err()
    }

    #[test]
    fn members_are_read_as_they_stand() {
        let text = "\u{FEFF}<?xml version=\"1.0\"?>\n<!-- made up -->\n<files>\n <file><filename> a.json </filename>\
                    <digest>00</digest><note/></file>\n<file><filename>b</filename></file></files>\n";
        let files = read(text.as_bytes()).unwrap();
        assert_eq!((files.len(), files[0].member("filename"), files[1].member("filename")), (2, Ok("a.json"), Ok("b")));
        assert_eq!(files[1].member("digest"), Err(Refusal::ManifestForm));
        assert_eq!(files[0].member("note"), Err(Refusal::ManifestForm));
        assert!(read(b"<files/>").unwrap().is_empty());
    }

    #[test]
    fn whatever_could_mean_more_than_it_says_is_refused() {
        let file = |inside: &str| format!("<files><file>{inside}</file></files>");
        for text in [
            "<!DOCTYPE files SYSTEM \"http://127.0.0.1/x\"><files/>",
            "<!DOCTYPE files [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><files/>",
            "<?xml version=\"1.0\"?><!DOCTYPE files [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><files/>",
        ] {
            assert_eq!(refused(text), Some(Refusal::ManifestDtd), "{text}");
        }
        for text in ["<filename>&x;</filename>", "<filename>a&amp;b</filename>", "<filename>&#65;</filename>"] {
            assert_eq!(refused(&file(text)), Some(Refusal::ManifestEntity), "{text}");
        }
        for text in [
            String::new(),
            "<files>".to_owned(),
            "<files/><files/>".to_owned(),
            "<other/>".to_owned(),
            "<files>text</files>".to_owned(),
            file("<filename><a/></filename>"),
            file("<filename>a</filename><filename>b</filename>"),
            file("<filename><![CDATA[a]]></filename>"),
            file("<?php x?>"),
            file(&(0..20).map(|number| format!("<m{number}/>")).collect::<Vec<_>>().concat()),
            format!("<files>{}</files>", "<file></file>".repeat(FILES + 1)),
            file(&"x".repeat(BYTES)),
            "<a>".repeat(10_000),
        ] {
            assert_eq!(refused(&text), Some(Refusal::ManifestForm), "{}", text.get(..60).unwrap_or(&text));
        }
    }
}
