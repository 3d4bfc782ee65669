//! Bytes of a table → text: UTF-8 strictly, or Big5 with its codes that have no sign of their own kept and marked.
//!
//! In Taiwan the user-defined areas of Big5 hold each hospital's own signs (造字). HKSCS of Hong Kong has other signs
//! at the same codes, and the usual decoders (Encoding Standard, Big5) show those: a name would silently become
//! another name. So the areas are read as own signs unless the mapping says that ETEN or HKSCS is meant.

use std::collections::BTreeMap;

use encoding_rs::BIG5;
use serde::Deserialize;

/// What stands in the place of a sign that is not known (〓, 下駄).
pub(crate) const GETA: char = '\u{3013}';

/// A code without a sign travels as a sign of plane 16, which no source has otherwise, until its cell is known.
const MARK: u32 = 0x10_0000;

/// How the bytes of an input are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, strictly; a byte order mark is skipped.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Big5 as Microsoft's code page 950 has it; everything in the user-defined areas is 造字.
    Big5,
    /// Big5 with the signs of 倚天 (ETEN) at C6A1 to C875: numbers in circles, kana, Cyrillic.
    Big5Eten,
    /// Big5-HKSCS of Hong Kong.
    Big5Hkscs,
}

/// Bytes that are not of the encoding, at a line counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8 {
    pub(crate) line: usize,
}

/// The whole text, with marks where a code has no sign. `own` are the hospital's own signs by their code.
pub(crate) fn text(bytes: &[u8], encoding: Encoding, own: &BTreeMap<u16, char>) -> Result<String, NotUtf8> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if encoding != Encoding::Utf8 {
        return Ok(big5(bytes, encoding, own));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        NotUtf8 { line: before.split(|byte| *byte == b'\n').count() }
    })?;
    Ok(if own.is_empty() { text.to_owned() } else { text.chars().map(|sign| known(sign, own)).collect() })
}

/// An own sign of the private use area by the hospital's list.
fn known(sign: char, own: &BTreeMap<u16, char>) -> char {
    let code = u16::try_from(u32::from(sign)).ok().filter(|_| is_private(sign));
    code.and_then(|code| own.get(&code)).copied().unwrap_or(sign)
}

fn big5(bytes: &[u8], encoding: Encoding, own: &BTreeMap<u16, char>) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 2);
    let mut rest = bytes.iter().copied().peekable();
    while let Some(lead) = rest.next() {
        if lead.is_ascii() {
            out.push(char::from(lead));
            continue;
        }
        let is_trail = |byte: &u8| matches!(*byte, 0x40..=0x7E | 0xA1..=0xFE);
        let trail = if matches!(lead, 0x81..=0xFE) { rest.next_if(is_trail) } else { None };
        let Some(trail) = trail else {
            out.push(mark(u16::from(lead)));
            continue;
        };
        let code = u16::from_be_bytes([lead, trail]);
        if let Some(sign) = own.get(&code) {
            out.push(*sign);
        } else if is_own(code, encoding) {
            out.push(mark(code));
        } else {
            match BIG5.decode_without_bom_handling_and_without_replacement(&[lead, trail]) {
                Some(signs) => out.push_str(&signs),
                None => out.push(mark(code)),
            }
        }
    }
    out
}

/// Whether a code stands in one of the user-defined areas (使用者造字區): 8140–A0FE, C6A1–C8FE, FA40–FEFE.
fn is_own(code: u16, encoding: Encoding) -> bool {
    match encoding {
        Encoding::Utf8 | Encoding::Big5Hkscs => false,
        Encoding::Big5Eten => matches!(code, 0x8140..=0xA0FE | 0xC876..=0xC8FE | 0xFA40..=0xFEFE),
        Encoding::Big5 => matches!(code, 0x8140..=0xA0FE | 0xC6A1..=0xC8FE | 0xFA40..=0xFEFE),
    }
}

fn mark(code: u16) -> char {
    char::from_u32(MARK + u32::from(code)).unwrap_or(GETA)
}

/// Private use areas: in a UTF-8 export, 造字 that were carried over.
fn is_private(sign: char) -> bool {
    matches!(sign, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// A cell with 〓 for every code without a sign, and those codes in hexadecimal.
pub(super) fn settle(cell: &str, encoding: Encoding) -> (String, Vec<String>) {
    if !cell.contains(is_private) && !cell.contains('\u{FFFD}') {
        return (cell.to_owned(), Vec::new());
    }
    let mut codes = Vec::new();
    let mut signs = String::with_capacity(cell.len());
    for sign in cell.chars() {
        if !is_private(sign) && sign != '\u{FFFD}' {
            signs.push(sign);
            continue;
        }
        let code = u32::from(sign);
        codes.push(match code.checked_sub(MARK) {
            Some(code) if encoding != Encoding::Utf8 => format!("{code:02X}"),
            _ => format!("U+{code:04X}"),
        });
        signs.push(GETA);
    }
    (signs, codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: Encoding) -> (String, Vec<String>) {
        settle(&text(bytes, encoding, &BTreeMap::new()).unwrap(), encoding)
    }

    #[test]
    fn big5_keeps_what_it_knows_and_names_what_it_does_not() {
        // The second byte of 許功蓋 is a backslash; 碁銹裏墻恒粧嫺 are ETEN's, and Microsoft's too.
        let (bytes, _, lossy) = BIG5.encode("許功蓋,碁銹裏墻恒粧嫺");
        assert!(!lossy && bytes.contains(&b'\\'));
        assert_eq!(read(&bytes, Encoding::Big5), ("許功蓋,碁銹裏墻恒粧嫺".to_owned(), vec![]));
        let name = [0xAA, 0x4C, 0xFA, 0x40, 0xFE, 0xFE, 0x81, 0x40, b'!'];
        let (text, codes) = read(&name, Encoding::Big5);
        assert_eq!((text.as_str(), codes.join(" ").as_str()), ("林〓〓〓!", "FA40 FEFE 8140"));
        assert_eq!(read(&[0x80, 0xFF, 0xAA, b'\n', 0xAA], Encoding::Big5).1, ["80", "FF", "AA", "AA"]);
    }

    #[test]
    fn eten_and_hkscs_are_told_apart_from_own_signs() {
        // C6A1 is ① of ETEN; C6E7 hiragana; FA40 𠕇 of HKSCS; 8840 of HKSCS.
        for (bytes, plain, eten, hkscs) in [
            (&[0xC6, 0xA1][..], "〓", "①", "①"),
            (&[0xC6, 0xE7], "〓", "ぁ", "ぁ"),
            (&[0xFA, 0x40], "〓", "〓", "𠕇"),
            (&[0xC8, 0xFE], "〓", "〓", "鵧"),
            (&[0x88, 0x62], "〓", "〓", "\u{CA}\u{304}"),
            (&[0xA4, 0x40], "一", "一", "一"),
        ] {
            let all = [Encoding::Big5, Encoding::Big5Eten, Encoding::Big5Hkscs];
            let found = all.map(|encoding| read(bytes, encoding).0);
            if hkscs == "鵧" {
                assert_eq!([&*found[0], &*found[1]], [plain, eten], "{bytes:X?}");
                assert_ne!(found[2], "〓", "{bytes:X?}");
            } else {
                assert_eq!(found, [plain, eten, hkscs].map(str::to_owned), "{bytes:X?}");
            }
        }
    }

    #[test]
    fn a_hospitals_own_list_goes_first() {
        let own = BTreeMap::from([(0xFA40, '喆'), (0xE000, '堃')]);
        assert_eq!(text(&[0xFA, 0x40, 0xFA, 0x41], Encoding::Big5, &own).unwrap(), "喆\u{10FA41}");
        assert_eq!(text("\u{E000}\u{E001}".as_bytes(), Encoding::Utf8, &own).unwrap(), "堃\u{E001}");
    }

    #[test]
    fn utf8_is_strict_and_private_signs_are_named() {
        assert_eq!(text(b"a\nb\xA4\x40", Encoding::Utf8, &BTreeMap::new()), Err(NotUtf8 { line: 2 }));
        assert_eq!(read("\u{FEFF}林\u{E123}\u{FFFD}".as_bytes(), Encoding::Utf8).0, "林〓〓");
        assert_eq!(read("\u{E123}\u{10FA40}".as_bytes(), Encoding::Utf8).1, ["U+E123", "U+10FA40"]);
    }
}
