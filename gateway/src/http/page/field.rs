//! Fields of a form: each with its label, what was typed before, and what is wrong with it beside it. Labels, hints and
//! errors are tied to their field (WCAG 2.2: 1.3.1, 3.3.1, 3.3.2).

use std::collections::BTreeMap;

use super::html::Html;
use crate::core::application::page::Language;

/// A text in Chinese and English.
pub type Both<'a> = (&'a str, &'a str);

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: String,
    /// In Chinese.
    pub chinese: String,
    /// In English.
    pub english: String,
}

impl Wrong {
    /// Of a field, with what is wrong in Chinese and English.
    #[must_use]
    pub fn new(field: impl Into<String>, (chinese, english): Both<'_>) -> Self {
        Self { field: field.into(), chinese: chinese.to_owned(), english: english.to_owned() }
    }

    fn say(&self, language: Language) -> &str {
        language.say((&self.chinese, &self.english))
    }
}

/// How one line of text is typed.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// `type` of the input.
    pub kind: &'a str,
    /// `autocomplete`.
    pub autocomplete: &'a str,
    /// `inputmode`.
    pub mode: &'a str,
    /// The most characters.
    pub most: &'a str,
}

/// A line of any text.
pub const TEXT: Line<'_> = Line { kind: "text", autocomplete: "off", mode: "text", most: "200" };
/// A day.
pub const DAY: Line<'_> = Line { kind: "date", ..TEXT };
/// Digits.
pub const DIGITS: Line<'_> = Line { mode: "numeric", most: "16", ..TEXT };

/// A form that is written: the page, what was typed, what is wrong.
pub struct Fields<'a> {
    /// The language.
    pub language: Language,
    /// What was typed, by field.
    pub typed: &'a BTreeMap<String, String>,
    /// What is wrong.
    pub wrong: &'a [Wrong],
}

claimgate_packet::opaque_debug!(Fields<'_>);

impl Fields<'_> {
    /// What was typed into a field.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.typed.get(name).map_or("", String::as_str)
    }

    /// All that is wrong, above the form, each with a link to its field.
    pub fn summary(&self, html: &mut Html) {
        if self.wrong.is_empty() {
            return;
        }
        html.within("div", &[("class", "wrong"), ("role", "alert"), ("id", "summary")], |html| {
            html.element("h2", &[], self.language.say(("請更正下列項目", "Please correct these")));
            html.within("ul", &[], |html| {
                for one in self.wrong {
                    let to = format!("#{}", one.field);
                    html.within("li", &[], |html| html.element("a", &[("href", &to)], one.say(self.language)));
                }
            });
        });
    }

    fn beside(&self, html: &mut Html, name: &str) {
        for (place, one) in self.wrong.iter().filter(|one| one.field == name).enumerate() {
            let id = if place == 0 { format!("{name}-wrong") } else { format!("{name}-wrong-{place}") };
            html.element("p", &[("class", "fault"), ("id", &id)], one.say(self.language));
        }
    }

    fn described(&self, name: &str, hint: bool) -> String {
        let mut ids = Vec::new();
        if hint {
            ids.push(format!("{name}-hint"));
        }
        if self.is_wrong(name) {
            ids.push(format!("{name}-wrong"));
        }
        ids.join(" ")
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|one| one.field == name)
    }

    fn label(&self, html: &mut Html, name: &str, label: Both<'_>, hint: Option<Both<'_>>) {
        html.element("label", &[("for", name)], self.language.say(label));
        if let Some(hint) = hint {
            let id = format!("{name}-hint");
            html.element("p", &[("class", "hint"), ("id", &id)], self.language.say(hint));
        }
        self.beside(html, name);
    }

    /// One line.
    pub fn line(&self, html: &mut Html, name: &str, label: Both<'_>, hint: Option<Both<'_>>, line: Line<'_>) {
        html.within("div", &[("class", "field")], |html| {
            self.label(html, name, label, hint);
            let described = self.described(name, hint.is_some());
            let mut attributes = vec![
                ("type", line.kind),
                ("id", name),
                ("name", name),
                ("value", self.value(name)),
                ("autocomplete", line.autocomplete),
            ];
            if line.kind == "text" {
                attributes.extend([("inputmode", line.mode), ("maxlength", line.most)]);
            }
            self.tie(&mut attributes, name, &described);
            html.void("input", &attributes);
        });
    }

    fn tie<'t>(&self, attributes: &mut Vec<(&'static str, &'t str)>, name: &str, described: &'t str) {
        if !described.is_empty() {
            attributes.push(("aria-describedby", described));
        }
        if self.is_wrong(name) {
            attributes.push(("aria-invalid", "true"));
        }
    }

    /// Several lines.
    pub fn area(&self, html: &mut Html, name: &str, label: Both<'_>) {
        html.within("div", &[("class", "field")], |html| {
            self.label(html, name, label, None);
            let described = self.described(name, false);
            let mut attributes = vec![("id", name), ("name", name), ("rows", "4"), ("maxlength", "2000")];
            self.tie(&mut attributes, name, &described);
            html.element("textarea", &attributes, self.value(name));
        });
    }

    /// One of a list; the first where nothing was chosen.
    pub fn select(&self, html: &mut Html, name: &str, label: Both<'_>, choices: &[(&str, Both<'_>)]) {
        html.within("div", &[("class", "field")], |html| {
            self.label(html, name, label, None);
            let described = self.described(name, false);
            let mut attributes = vec![("id", name), ("name", name)];
            self.tie(&mut attributes, name, &described);
            html.within("select", &attributes, |html| {
                for (value, text) in choices {
                    let mut attributes = vec![("value", *value)];
                    if self.value(name) == *value {
                        attributes.push(("selected", ""));
                    }
                    html.element("option", &attributes, self.language.say(*text));
                }
            });
        });
    }

    /// A switch: on where it was, or where nothing was typed yet and it begins so.
    pub fn switch(&self, html: &mut Html, name: &str, label: &str, begins: bool) {
        html.within("div", &[("class", "switch")], |html| {
            let described = self.described(name, false);
            let mut attributes = vec![("type", "checkbox"), ("id", name), ("name", name), ("value", "yes")];
            if self.typed.contains_key(name) || begins {
                attributes.push(("checked", ""));
            }
            self.tie(&mut attributes, name, &described);
            html.void("input", &attributes);
            html.element("label", &[("for", name)], label);
            self.beside(html, name);
        });
    }
}
