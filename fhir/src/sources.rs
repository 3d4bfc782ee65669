//! Where each field of the evidence came from: JSON pointer in a document → `FHIRPath` in the Bundle, so that an
//! auditor can go from any figure in a packet to its place in what the hospital sent.
//!
//! Readers pass a [`Sources`] along and read through it. Off, it reads and writes nothing down: no place is put
//! together, nothing is allocated. It holds places only, never a value.

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use crate::element::Element;

/// Where one field came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Places in the Bundle, for example `Bundle.entry[3].resource.item[0].net.value`; none where only a rule speaks.
    pub from: Vec<String>,
    /// How the value was made of what stands there, where it is not simply that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
}

/// The origins of one document by JSON pointer (RFC 6901). A pointer speaks for all below it that have none of their
/// own: `/diagnoses/0` for its codes, their systems and displays.
pub type DocumentSources = BTreeMap<String, Origin>;

/// The origins of a value being read, by pointer relative to it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    on: bool,
    noted: DocumentSources,
}

/// A value with its origins.
#[derive(Clone)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where its fields came from.
    pub from: Sources,
}

impl<T> core::fmt::Debug for Sourced<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sourced(..)")
    }
}

impl Sources {
    /// A recorder; one that is off records nothing.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self { on, noted: BTreeMap::new() }
    }

    /// A recorder for a part: on where this one is.
    #[must_use]
    pub fn part(&self) -> Self {
        Self::new(self.on)
    }

    /// Notes one place; the first word on a pointer counts.
    pub fn note(&mut self, to: impl Display, from: impl FnOnce() -> String) {
        if self.on {
            self.noted.entry(to.to_string()).or_insert_with(|| Origin { from: vec![from()], rule: None });
        }
    }

    /// Notes a value that a rule made of what stands at these places.
    pub fn rule(&mut self, to: impl Display, rule: &'static str, from: impl FnOnce() -> Vec<String>) {
        if self.on {
            self.noted.entry(to.to_string()).or_insert_with(|| Origin { from: from(), rule: Some(rule) });
        }
    }

    /// Takes over the origins of a part that stands at this pointer.
    pub fn mount(&mut self, at: impl Display, part: &Self) {
        if self.on {
            let at = at.to_string();
            for (pointer, origin) in &part.noted {
                self.noted.entry(format!("{at}{pointer}")).or_insert_with(|| origin.clone());
            }
        }
    }

    /// Notes at a pointer what was noted at another.
    pub fn same(&mut self, to: &str, as_at: &str) {
        if let Some(origin) = self.noted.get(as_at).cloned() {
            self.noted.entry(to.to_owned()).or_insert(origin);
        }
    }

    /// Takes over single origins of another value: pairs of the pointer here and the pointer there.
    pub fn same_of(&mut self, other: &Self, pairs: &[(&str, &str)]) {
        for (to, at) in pairs {
            if let Some(origin) = other.noted.get(*at) {
                self.noted.entry((*to).to_owned()).or_insert_with(|| origin.clone());
            }
        }
    }

    /// Notes anew that a rule alone made this value.
    pub fn several(&mut self, to: &str, rule: &'static str) {
        if let Some(origin) = self.noted.get_mut(to) {
            origin.rule = Some(rule);
        }
    }

    /// The places noted at a pointer.
    #[must_use]
    pub fn places(&self, at: impl Display) -> Vec<String> {
        if !self.on {
            return Vec::new();
        }
        self.noted.get(&at.to_string()).map(|origin| origin.from.clone()).unwrap_or_default()
    }

    /// Puts parts into a list that stands at this pointer.
    pub fn append<T>(&mut self, to: &str, list: &mut Vec<T>, parts: impl IntoIterator<Item = Sourced<T>>) {
        for part in parts {
            self.mount(format_args!("{to}/{}", list.len()), &part.from);
            list.push(part.value);
        }
    }

    /// The list of some parts, which stands at this pointer.
    pub fn list<T>(&mut self, to: &str, parts: impl IntoIterator<Item = Sourced<T>>) -> Vec<T> {
        let mut list = Vec::new();
        self.append(to, &mut list, parts);
        list
    }

    /// Reads a member by any reader.
    pub fn member<'a, T>(
        &mut self,
        to: impl Display,
        element: &Element<'a>,
        member: &str,
        read: impl FnOnce(&Element<'a>, &str) -> Option<T>,
    ) -> Option<T> {
        let value = read(element, member)?;
        self.note(to, || element.place(member));
        Some(value)
    }

    /// Reads the first of these members that says something.
    pub fn first<'a, T>(
        &mut self,
        to: &str,
        element: &Element<'a>,
        members: &[&str],
        read: impl Fn(&Element<'a>, &str) -> Option<T>,
    ) -> Option<T> {
        members.iter().find_map(|member| self.member(to, element, member, &read))
    }

    /// Reads a text.
    pub fn text(&mut self, to: impl Display, element: &Element<'_>, member: &str) -> Option<String> {
        self.member(to, element, member, |element, member| element.string(member).map(str::to_owned))
    }

    /// Reads a day.
    pub fn day(&mut self, to: impl Display, element: &Element<'_>, member: &str) -> Option<Date> {
        self.member(to, element, member, Element::day)
    }

    /// Reads an instant.
    pub fn instant(&mut self, to: impl Display, element: &Element<'_>, member: &str) -> Option<Timestamp> {
        self.member(to, element, member, |element, member| element.moment(member)?.instant)
    }

    /// Reads a member that is an object.
    pub fn child<'a, T>(
        &mut self,
        to: impl Display,
        element: &Element<'a>,
        member: &str,
        read: impl FnOnce(&Element<'a>) -> Option<T>,
    ) -> Option<T> {
        let child = element.child(member)?;
        let value = read(&child)?;
        self.note(to, || child.path().to_owned());
        Some(value)
    }

    /// Reads the members of an array of objects.
    pub fn children<'a, T>(
        &mut self,
        to: &str,
        element: &Element<'a>,
        member: &str,
        read: impl Fn(&Element<'a>) -> Option<T>,
    ) -> Vec<T> {
        let mut list = Vec::new();
        for child in element.children(member) {
            if let Some(value) = read(&child) {
                self.note(format_args!("{to}/{}", list.len()), || child.path().to_owned());
                list.push(value);
            }
        }
        list
    }

    /// The texts of `note`.
    pub fn notes(&mut self, to: &str, element: &Element<'_>) -> Vec<String> {
        let mut list = Vec::new();
        for note in element.children("note") {
            if let Some(text) = self.text(format_args!("{to}/{}", list.len()), &note, "text") {
                list.push(text);
            }
        }
        list
    }

    /// What was noted of what stands in the finished document; a value may have been dropped after it was read.
    #[must_use]
    pub fn finish(self, document: &Value) -> DocumentSources {
        let mut noted = self.noted;
        noted.retain(|pointer, _| document.pointer(pointer).is_some());
        noted
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outcome::Findings;

    #[test]
    fn parts_keep_their_places_under_the_whole_and_the_first_word_counts() {
        let value = json!({ "a": "x", "b": [{ "text": "y" }, {}, { "text": "z" }], "note": [{ "text": "n" }] });
        let findings = Findings::default();
        let element = Element::new(value.as_object().unwrap(), "R".to_owned(), 0, &findings);
        let mut part = Sources::new(true);
        assert_eq!(part.text("/name", &element, "a").as_deref(), Some("x"));
        assert_eq!(part.text("/none", &element, "c"), None);
        part.note("/name", || "elsewhere".to_owned());
        let texts = part.children("/texts", &element, "b", |child| child.string("text").map(str::to_owned));
        assert_eq!(texts, ["y", "z"]);
        let mut whole = Sources::new(true);
        let list = whole.list("/parts", [Sourced { value: 1, from: part.clone() }, Sourced { value: 2, from: part }]);
        whole.rule("/sum", "sum", || whole_places(&["R.a"]));
        whole.notes("/parts/0/notes", &element);
        assert_eq!(list, [1, 2]);
        let document = json!({
            "sum": 3, "parts": [{ "name": "x", "texts": ["y", "z"], "notes": ["n"] }, { "texts": ["y"] }],
        });
        let found = serde_json::to_value(whole.finish(&document)).unwrap();
        assert_eq!(
            found,
            json!({
                "/sum": { "from": ["R.a"], "rule": "sum" },
                "/parts/0/name": { "from": ["R.a"] },
                "/parts/0/texts/0": { "from": ["R.b[0]"] },
                "/parts/0/texts/1": { "from": ["R.b[2]"] },
                "/parts/0/notes/0": { "from": ["R.note[0].text"] },
                "/parts/1/texts/0": { "from": ["R.b[0]"] },
            })
        );
    }

    fn whole_places(places: &[&str]) -> Vec<String> {
        places.iter().map(|place| (*place).to_owned()).collect()
    }

    #[test]
    fn a_recorder_that_is_off_asks_for_no_place() {
        let mut off = Sources::default();
        off.note("/a", || unreachable!());
        off.rule("/a", "r", || unreachable!());
        assert!(off.finish(&json!({ "a": 1 })).is_empty());
    }
}
