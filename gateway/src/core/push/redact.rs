//! What is kept of a failed answer: enough to mend it, nothing of a person.
//!
//! A receiver only got ids from us, yet its error page may name its own customer. Escapes (`\u738b`, `%E7%8E%8B`,
//! `&#29579;`) are read first. Then numbers of four and more digits, identity numbers, e-mail addresses, every run of
//! Han signs and every word that begins with a capital letter and is none of HTTP's are masked; control characters become spaces.

mod unescape;

const MASK: &str = "▮";
/// Kept of the masked text, in characters.
const MOST_CHARACTERS: usize = 1_024;

/// The words of an answer's beginning that may be kept.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    let text = unescape::plain(bytes);
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
    kept.push_str(if is_harmless(word) { word } else { MASK });
    word.clear();
}

/// Whether a word tells of a fault and of nobody: in small letters, or one that HTTP servers begin sentences with.
fn is_harmless(word: &str) -> bool {
    const CAPITAL: [&str; 41] = [
        "API",
        "Accept",
        "Access",
        "Bad",
        "Bearer",
        "Body",
        "Cannot",
        "Content-Length",
        "Content-Type",
        "Could",
        "Denied",
        "Error",
        "Exception",
        "Expired",
        "Failed",
        "Forbidden",
        "Gateway",
        "HTTP",
        "ID",
        "Internal",
        "Invalid",
        "JSON",
        "Method",
        "Missing",
        "No",
        "Not",
        "OperationOutcome",
        "Request",
        "Server",
        "Service",
        "Signature",
        "TLS",
        "The",
        "This",
        "Timeout",
        "Too",
        "URL",
        "Unauthorized",
        "Unavailable",
        "Unknown",
        "Unsupported",
    ];
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let small = !word.chars().any(|sign| sign.is_ascii_uppercase());
    digits < 4 && !word.contains('@') && (small || CAPITAL.contains(&word))
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
    fn a_name_goes_however_it_is_written() {
        for page in [
            r#"{"error":"no such customer","name":"\u738b\u5c0f\u660e"}"#,
            r#"{"error":"no such customer","name":"Wang Hsiao-Ming"}"#,
            r#"{"error":"no such customer","name":"\u0057ang \ud842\udfb7"}"#,
            "no such customer: q=%E7%8E%8B%E5%B0%8F%E6%98%8E",
            "<p>no such customer: &#29579;&#x5C0F;&#26126; &amp; WANG",
        ] {
            let kept = excerpt(page.as_bytes());
            assert!(kept.contains("no such customer"), "{kept}");
            for part in ["738", "5c0f", "5C0F", "E7", "29579", "王", "小", "ang", "ANG", "Ming"] {
                assert!(!kept.contains(part), "{part} in {kept}");
            }
        }
        assert_eq!(excerpt(b"Bad Request: Invalid signature"), "Bad Request: Invalid signature");
    }

    #[test]
    fn any_bytes_become_a_short_text() {
        let kept = excerpt(&[0xff; 5_000]);
        assert!(kept.chars().count() <= MOST_CHARACTERS);
        assert_eq!(excerpt("José 𠮷野家 Åsa".as_bytes()), "▮▮ ▮ ▮sa");
        assert_eq!(excerpt(b""), "");
    }
}
