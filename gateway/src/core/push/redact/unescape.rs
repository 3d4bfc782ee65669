//! Escapes of JSON, URLs and HTML read as the signs they mean, so that a name does not hide behind them.

/// The text of some bytes with its escapes read; an escape that means no sign stays as it is.
pub(super) fn plain(bytes: &[u8]) -> String {
    let percent = percent(bytes);
    let text = String::from_utf8_lossy(&percent);
    let text = json(&text);
    html(&text)
}

/// `%E7%8E%8B`: bytes, before they are read as UTF-8.
fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let byte = match after {
            [high, low, ..] if *first == b'%' => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
            }
            _ => None,
        };
        plain.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    plain
}

/// `\u738b`, and pairs of them above the first plane.
fn json(text: &str) -> String {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        let (before, escapes) = rest.split_at(at);
        plain.push_str(before);
        rest = escapes;
        let mut units = Vec::new();
        while let Some(found) = unit(rest) {
            units.push(found);
            rest = rest.get(6..).unwrap_or_default();
        }
        if units.is_empty() {
            plain.push_str("\\u");
            rest = rest.get(2..).unwrap_or_default();
        }
        plain.push_str(&String::from_utf16_lossy(&units));
    }
    plain + rest
}

/// `&#29579;` and `&#x738b;`.
fn html(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("&#") {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let body = escape.get(2..).unwrap_or_default();
        let found = body.split_once(';').and_then(|(number, after)| {
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((char::from_u32(number)?, after))
        });
        if let Some((sign, after)) = found {
            plain.push(sign);
            rest = after;
        } else {
            plain.push_str("&#");
            rest = body;
        }
    }
    plain + rest
}
