//! Attributes, references and characters of XML 1.0, read strictly and written escaped.
//!
//! In: the text of one start tag, or of one value. Out: attributes, values, or what is wrong with them.
//! Only the five predefined entities exist (XML 1.0 §4.6): without a DTD there can be no others.

use std::borrow::Cow;

use super::stop::Why;

/// More attributes than any element of FHIR or of its XHTML needs.
pub(super) const ATTRIBUTES: usize = 32;

/// Name and raw value of every attribute; a name twice is refused.
pub(super) fn attributes(mut rest: &str) -> Result<Vec<(&str, &str)>, Why> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    loop {
        let next = skip(rest);
        if next.is_empty() {
            return Ok(found);
        }
        if next.len() == rest.len() || found.len() == ATTRIBUTES {
            return Err(if found.len() == ATTRIBUTES { Why::TooManyAttributes } else { Why::Syntax });
        }
        let (name, after) = next.split_once('=').ok_or(Why::Syntax)?;
        let name = name.trim_end_matches(SPACE);
        let after = skip(after);
        let quote = after.chars().next().filter(|sign| matches!(sign, '"' | '\'')).ok_or(Why::Syntax)?;
        let (value, after) = after.get(1..).and_then(|after| after.split_once(quote)).ok_or(Why::Syntax)?;
        if !is_name(name) || value.contains('<') {
            return Err(Why::Syntax);
        }
        if found.iter().any(|(known, _)| *known == name) {
            return Err(Why::DuplicateAttribute);
        }
        found.push((name, value));
        rest = after;
    }
}

/// White space of XML 1.0 §2.3.
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Without leading white space.
pub(super) fn skip(text: &str) -> &str {
    let blank = text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    text.get(blank..).unwrap_or_default()
}

/// A name as FHIR and XHTML have them: ASCII letters, digits, `-`, `_`, `.`, and at most one prefix.
pub(super) fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.split_once(':').map_or_else(|| part(name), |(prefix, local)| part(prefix) && part(local))
}

/// The value of an attribute: references resolved, white space of the source as spaces (XML 1.0 §3.3.3).
pub(super) fn value(raw: &str) -> Result<Cow<'_, str>, Why> {
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(reference) = from.strip_prefix('&') {
            let (name, after) = reference.split_once(';').ok_or(Why::Entity)?;
            out.push(resolve(name)?);
            rest = after;
        } else {
            out.push(' ');
            rest = from.strip_prefix("\r\n").or_else(|| from.get(1..)).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// What a reference stands for, between `&` and `;`.
pub(super) fn resolve(name: &str) -> Result<char, Why> {
    let number = |digits: &str, radix| {
        let plain = digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let code = if plain { u32::from_str_radix(digits, radix).ok() } else { None };
        code.and_then(char::from_u32).filter(|sign| is_char(*sign)).ok_or(Why::Character)
    };
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (None, Some(digits)) => number(digits, 10),
            (None, None) => Err(Why::Entity),
        },
    }
}

/// Whether XML 1.0 has the character at all (§2.2).
fn is_char(sign: char) -> bool {
    matches!(sign, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Where the first character stands that XML does not have.
pub(super) fn foreign_char(text: &str) -> Option<usize> {
    let suspect = |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0xEF;
    if !text.bytes().any(suspect) {
        return None;
    }
    text.char_indices().find(|(_, sign)| !is_char(*sign)).map(|(at, _)| at)
}

/// Appends a value as Canonical XML 1.1 §2.3 escapes it in an attribute; false where XML cannot hold it.
pub(super) fn escape(text: &str, out: &mut String) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '"', '\t', '\n', '\r']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (sign, after) = from.split_at(1);
        out.push_str(match sign {
            "&" => "&amp;",
            "<" => "&lt;",
            "\"" => "&quot;",
            "\t" => "&#x9;",
            "\n" => "&#xA;",
            _ => "&#xD;",
        });
        rest = after;
    }
    out.push_str(rest);
    foreign_char(text).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_strictly() {
        assert_eq!(attributes(" a=\"1\"\n b = '\"' ").unwrap(), [("a", "1"), ("b", "\"")]);
        for (text, why) in [
            (" a", Why::Syntax),
            (" a=1", Why::Syntax),
            (" a=\"1", Why::Syntax),
            (" a=\"1\"b=\"2\"", Why::Syntax),
            (" a=\"<\"", Why::Syntax),
            (" =\"1\"", Why::Syntax),
            (" a:b:c=\"1\"", Why::Syntax),
            (" a=\"1\" a=\"1\"", Why::DuplicateAttribute),
        ] {
            assert_eq!(attributes(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn values_come_back_as_they_were() {
        let text = "a & b <c> \"d\" 'e'\t\n\r\n王小明 𠮷";
        let mut out = String::new();
        assert!(escape(text, &mut out));
        assert_eq!(value(&out).unwrap(), text);
        assert_eq!(value("a\r\nb\tc&#32;&#x4E00;").unwrap(), "a b c 一");
        assert!(!escape("\u{1}", &mut out) && !escape("\u{FFFF}", &mut out));
    }

    #[test]
    fn only_the_five_entities_and_real_characters_exist() {
        for name in ["nbsp", "", "AMP", "lol9"] {
            assert_eq!(resolve(name), Err(Why::Entity));
        }
        for name in ["#0", "#1", "#xFFFE", "#xD800", "#x110000", "#", "#x", "#+65", "#x+41", "#99999999999"] {
            assert_eq!(resolve(name), Err(Why::Character), "{name}");
        }
        assert_eq!(value("a & b"), Err(Why::Entity));
    }
}
