//! Narrative (XHTML in `text.div`) → plain text. Nothing is ever rendered: tags go, scripts and styles go with
//! what is in them, entities become their signs once, blocks become lines. Time and space are linear.

/// Elements whose content is no text for people.
const SILENT: [&str; 4] = ["script", "style", "head", "template"];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 21] = [
    "p",
    "div",
    "br",
    "hr",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "table",
    "tr",
    "caption",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
];

/// The text of a narrative, and whether its markup was whole.
///
/// What stands in the result may look like markup again (from `&lt;`): it is text, and whoever shows it escapes it.
#[must_use]
pub fn text(markup: &str) -> (String, bool) {
    let mut out = Text::default();
    let mut rest = markup;
    // The element whose content is left out.
    let mut silent: Option<&str> = None;
    while let Some((before, after)) = rest.split_once('<') {
        if silent.is_none() {
            out.words(before);
        }
        let Some((tag, following)) = end_of(after) else {
            return (out.finish(), false);
        };
        rest = following;
        let closing = tag.starts_with('/');
        let bare = tag.trim_start_matches('/');
        let name = bare.split(|sign: char| sign.is_whitespace() || sign == '/').next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        match silent {
            Some(open) if closing && local.eq_ignore_ascii_case(open) => silent = None,
            Some(_) => {}
            None => {
                let known = SILENT.iter().find(|known| local.eq_ignore_ascii_case(known));
                if let (Some(known), false, false) = (known, closing, tag.ends_with('/')) {
                    silent = Some(known);
                } else if BLOCKS.iter().any(|known| local.eq_ignore_ascii_case(known)) {
                    out.line();
                } else if local.eq_ignore_ascii_case("td") || local.eq_ignore_ascii_case("th") {
                    out.space();
                }
            }
        }
    }
    if silent.is_none() {
        out.words(rest);
    }
    (out.finish(), silent.is_none())
}

/// What a tag says, and what follows it. Comments and CDATA say nothing of their own.
fn end_of(after: &str) -> Option<(&str, &str)> {
    if let Some(comment) = after.strip_prefix("!--") {
        return comment.split_once("-->").map(|(_, following)| ("", following));
    }
    if let Some(data) = after.strip_prefix("![CDATA[") {
        return data.split_once("]]>").map(|(_, following)| ("", following));
    }
    // A `>` may stand in a quoted attribute.
    let mut quote = None;
    for (place, sign) in after.char_indices() {
        match (quote, sign) {
            (Some(open), _) if sign == open => quote = None,
            (None, '"' | '\'') => quote = Some(sign),
            (None, '>') => return Some((after.get(..place)?, after.get(place + 1..)?)),
            _ => {}
        }
    }
    None
}

/// Text under way: single spaces, no empty lines.
#[derive(Default)]
struct Text {
    done: String,
    /// What stands between the last word and the next.
    gap: Option<char>,
}

impl Text {
    fn words(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('&') {
            self.signs(before.chars());
            // The longest name taken is eight signs: a longer one is no entity we know.
            let end = after.char_indices().take(9).find(|(_, sign)| *sign == ';').map(|(place, _)| place);
            let entity = end.and_then(|end| Some((entity(after.get(..end)?)?, after.get(end + 1..)?)));
            if let Some((sign, following)) = entity {
                self.signs([sign]);
                rest = following;
            } else {
                self.signs(['&']);
                rest = after;
            }
        }
        self.signs(rest.chars());
    }

    fn signs(&mut self, signs: impl IntoIterator<Item = char>) {
        for sign in signs {
            if sign.is_whitespace() {
                self.space();
            } else if !is_hidden(sign) {
                if let Some(gap) = self.gap.take().filter(|_| !self.done.is_empty()) {
                    self.done.push(gap);
                }
                self.done.push(sign);
            }
        }
    }

    fn space(&mut self) {
        self.gap = self.gap.or(Some(' '));
    }

    fn line(&mut self) {
        self.gap = Some('\n');
    }

    fn finish(self) -> String {
        self.done
    }
}

/// Control signs, and those that turn the direction of text: what is shown must be what is read.
fn is_hidden(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "middot" => Some('·'),
        "deg" => Some('°'),
        "plusmn" => Some('±'),
        "times" => Some('×'),
        "micro" => Some('µ'),
        "le" => Some('≤'),
        "ge" => Some('≥'),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "hellip" => Some('…'),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay_in_lines() {
        let markup = r#"<div xmlns="http://www.w3.org/1999/xhtml"><h3><b>主訴</b></h3><p>發燒 &lt;38&#176;C&gt;<br/>咳嗽&amp;流鼻水</p>
            <table><tr><td>WBC</td><td>11.2</td></tr></table><!-- <p>x</p> --><a href="a>b" onclick='x()'>連結</a></div>"#;
        assert_eq!(text(markup), ("主訴\n發燒 <38°C>\n咳嗽&流鼻水\nWBC 11.2\n連結".to_owned(), true));
    }

    #[test]
    fn scripts_and_hidden_signs_go_with_what_is_in_them() {
        let markup = "<div>a<script>alert('<p>x</p>')</script><STYLE>p{}</STYLE>\u{202E}b&#8238;&#0;&bogus;&</div>";
        assert_eq!(text(markup), ("ab&bogus;&".to_owned(), true));
        assert_eq!(text("<div><script/>a<x:p>b</x:p></div>").0, "a\nb");
    }

    #[test]
    fn broken_markup_ends_where_it_breaks() {
        for broken in ["a<p", "a<!-- b", "a<p title=\"x>", "a<script>b", "a<![CDATA[b"] {
            assert_eq!(text(broken), ("a".to_owned(), false), "{broken}");
        }
        assert_eq!(text(""), (String::new(), true));
    }
}
