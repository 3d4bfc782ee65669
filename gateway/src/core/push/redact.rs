//! What is kept of a failed answer: enough to mend it, nothing of a person.
//!
//! A receiver only got ids from us, yet its error page may name its own customer. Numbers of four and more digits,
//! identity numbers, e-mail addresses and every run of Han signs are masked; control characters become spaces.

const MASK: &str = "▮";
/// Kept of the masked text, in characters.
const MOST_CHARACTERS: usize = 1_024;

/// The words of an answer's beginning that may be kept.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = String::new();
    let mut word = String::new();
    let mut han = false;
    for sign in text.chars() {
        let is_han = matches!(sign, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
        let in_word = sign.is_ascii_alphanumeric() || matches!(sign, '@' | '.' | '-' | '_' | '+');
        if !in_word || is_han {
            flush(&mut kept, &mut word);
        }
        match sign {
            _ if is_han && han => {}
            _ if is_han => kept.push_str(MASK),
            _ if in_word => word.push(sign),
            // Letters of other scripts may be names as well.
            _ if sign.is_alphabetic() || sign.is_numeric() => kept.push_str(MASK),
            _ if sign.is_control() => kept.push(' '),
            _ => kept.push(sign),
        }
        han = is_han;
    }
    flush(&mut kept, &mut word);
    kept.chars().take(MOST_CHARACTERS).collect::<String>().trim().to_owned()
}

fn flush(kept: &mut String, word: &mut String) {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    kept.push_str(if digits >= 4 || word.contains('@') { MASK } else { word });
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_stays_and_what_names_a_person_goes() {
        let page = "{\"error\":\"tenant 7 unknown\", \"customer\":\"王小明\", \"id\":\"A123456789\", \
            \"mail\":\"ming@example.tw\", \"phone\":\"0912-345-678\", \"at\":\"2026\"}\r\n\x07";
        let kept = excerpt(page.as_bytes());
        assert!(kept.contains("\"error\":\"tenant 7 unknown\""), "{kept}");
        for personal in ["王", "小明", "A1234", "ming", "0912", "345", "2026", "\x07", "\n"] {
            assert!(!kept.contains(personal), "{personal} in {kept}");
        }
    }

    #[test]
    fn any_bytes_become_a_short_text() {
        let kept = excerpt(&[0xff; 5_000]);
        assert!(kept.chars().count() <= MOST_CHARACTERS);
        assert_eq!(excerpt("José 𠮷野家 Åsa".as_bytes()), "Jos▮ ▮ ▮sa");
        assert_eq!(excerpt(b""), "");
    }
}
