//! A writer of HTML: elements opened and closed by their names, attributes and texts escaped, always.

use crate::http::qr::Square;

/// HTML as it is written.
#[derive(Default)]
pub struct Html(String);

claimgate_packet::opaque_debug!(Html);

impl Html {
    /// An empty document.
    #[must_use]
    pub fn document() -> Self {
        Self("<!doctype html>\n".to_owned())
    }

    /// What was written.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }

    /// An element with what is written into it.
    pub fn within(&mut self, name: &'static str, attributes: &[(&'static str, &str)], inside: impl FnOnce(&mut Self)) {
        self.void(name, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        if !matches!(name, "span" | "strong" | "a" | "button" | "option" | "label") {
            self.0.push('\n');
        }
    }

    /// An element that holds a text.
    pub fn element(&mut self, name: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.within(name, attributes, |html| html.text(text));
    }

    /// An element that holds nothing, such as `input`.
    pub fn void(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// A text; nothing in it is read as HTML.
    pub fn text(&mut self, text: &str) {
        for sign in text.chars() {
            match sign {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // What HTML cannot hold.
                '\0' => self.0.push('\u{fffd}'),
                sign => self.0.push(sign),
            }
        }
    }

    /// A QR code, drawn by this gateway: the one picture that is not text.
    pub fn square(&mut self, square: &Square) {
        self.0.push_str(&square.svg());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_typed_is_read_as_html() {
        let mut html = Html::default();
        html.within("p", &[("title", "\"><script>")], |html| html.text("<b>&'\0"));
        let written = html.into_text();
        assert_eq!(written, "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;&amp;&#39;\u{fffd}</p>\n");
    }
}
