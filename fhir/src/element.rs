//! One element of a resource with its place: typed reads that report what has the wrong form, and go on.
//!
//! In: a JSON value. Out: texts, numbers, dates, children; a finding with its location for everything that
//! is not of FHIR's JSON form (FHIR R4 §2.6.2). Knows nothing of any resource type.

use std::str::FromStr;

use serde_json::{Map, Number, Value};

use crate::moment::Moment;
use crate::outcome::{Findings, Issue, IssueKind};

/// An object of a resource, its path from the root, and where findings go.
#[derive(Clone)]
pub struct Element<'a> {
    members: &'a Map<String, Value>,
    path: String,
    /// Which entry of the Bundle it belongs to; references are resolved from there.
    entry: usize,
    findings: &'a Findings,
}

claimgate_packet::opaque_debug!(Element<'_>);

impl<'a> Element<'a> {
    /// The object at a path of the entry with that number.
    #[must_use]
    pub fn new(members: &'a Map<String, Value>, path: String, entry: usize, findings: &'a Findings) -> Self {
        Self { members, path, entry, findings }
    }

    /// The object's members.
    #[must_use]
    pub fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// Where it stands, for example `Bundle.entry[3].resource`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where a member of it stands or would stand.
    #[must_use]
    pub fn place(&self, member: &str) -> String {
        // Written for every object that is read: put together without the machinery of formatting.
        let mut place = String::with_capacity(self.path.len() + 1 + member.len());
        place.push_str(&self.path);
        place.push('.');
        place.push_str(member);
        place
    }

    /// Where an item of a member stands.
    fn item(&self, member: &str, index: usize) -> String {
        let mut place = String::with_capacity(self.path.len() + member.len() + 6);
        place.push_str(&self.path);
        place.push('.');
        place.push_str(member);
        bracketed(&mut place, index);
        place
    }

    /// The number of the entry it belongs to.
    #[must_use]
    pub fn entry(&self) -> usize {
        self.entry
    }

    /// Where findings go.
    #[must_use]
    pub fn findings(&self) -> &'a Findings {
        self.findings
    }

    /// Whether the member is there at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// `resourceType`, or nothing where it is no resource.
    #[must_use]
    pub fn resource_type(&self) -> &'a str {
        self.members.get("resourceType").and_then(Value::as_str).unwrap_or_default()
    }

    /// A member that is an object.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<Self> {
        let value = self.members.get(name)?;
        self.object(value, || self.place(name))
    }

    /// The members of an array of objects; what is no object is reported and left out.
    #[must_use]
    pub fn children(&self, name: &str) -> Vec<Self> {
        let items = self.array(name).iter().enumerate();
        items.filter_map(|(index, value)| self.object(value, || self.item(name, index))).collect()
    }

    /// A text; a blank one is reported and counts as absent (FHIR: a string is never empty).
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&'a str> {
        let value = self.members.get(name)?;
        self.text(value, || self.place(name))
    }

    /// The texts of an array.
    #[must_use]
    pub fn strings(&self, name: &str) -> Vec<&'a str> {
        let items = self.array(name).iter().enumerate();
        items
            // A null beside an extension is how FHIR writes "no value here".
            .filter(|(_, value)| !value.is_null())
            .filter_map(|(index, value)| self.text(value, || self.item(name, index)))
            .collect()
    }

    /// A text that must be there.
    #[must_use]
    pub fn required_string(&self, name: &str) -> Option<&'a str> {
        if !self.has(name) {
            self.missing(name);
        }
        self.string(name)
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<&'a Number> {
        match self.members.get(name)? {
            Value::Number(number) => Some(number),
            _ => self.wrong(self.place(name), "a JSON number"),
        }
    }

    /// A positive whole number (FHIR `positiveInt`).
    #[must_use]
    pub fn positive(&self, name: &str) -> Option<u32> {
        let number = self.number(name)?;
        let positive = number.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        if positive.is_none() {
            return self.wrong(self.place(name), "a positive whole number");
        }
        positive
    }

    /// A whole number from nought (FHIR `unsignedInt`).
    #[must_use]
    pub fn whole(&self, name: &str) -> Option<u32> {
        let number = self.number(name)?.as_u64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            return self.wrong(self.place(name), "a whole number");
        }
        number
    }

    /// Whether the member is a JSON array.
    #[must_use]
    pub fn is_array(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Value::is_array)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.members.get(name)? {
            Value::Bool(value) => Some(*value),
            _ => self.wrong(self.place(name), "true or false"),
        }
    }

    /// A date or time of any precision.
    #[must_use]
    pub fn moment(&self, name: &str) -> Option<Moment> {
        let text = self.string(name)?;
        Moment::from_str(text)
            .inspect_err(|error| {
                let text = format!("Not a FHIR date or time: {error}.");
                self.findings.report(
                    Issue::error(IssueKind::Value, "element.not-a-date", text)
                        .at(self.place(name))
                        .zh("日期或時間格式不正確"),
                );
            })
            .ok()
    }

    /// A day; a year or month alone is reported and left out.
    #[must_use]
    pub fn day(&self, name: &str) -> Option<jiff::civil::Date> {
        let moment = self.moment(name)?;
        if moment.day.is_none() {
            let text = "A year or month alone is not carried further. Give the full date.";
            self.findings.report(
                Issue::warning(IssueKind::Incomplete, "element.partial-date", text)
                    .at(self.place(name))
                    .zh("日期不完整"),
            );
        }
        moment.day
    }

    /// Reports at a member of this element.
    pub fn report(&self, issue: Issue, member: &str) {
        self.findings.report(issue.at(self.place(member)));
    }

    /// Reports a required member that is not there.
    pub fn missing(&self, name: &str) {
        let text = format!("The element {name} is required. Add it.");
        self.report(Issue::error(IssueKind::Required, "element.required", text).zh("缺少必要欄位"), name);
    }

    fn array(&self, name: &str) -> &'a [Value] {
        match self.members.get(name) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(_) => self.wrong(self.place(name), "a JSON array").unwrap_or_default(),
        }
    }

    fn object(&self, value: &'a Value, path: impl FnOnce() -> String) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self { members, path: path(), entry: self.entry, findings: self.findings }),
            _ => self.wrong(path(), "a JSON object"),
        }
    }

    fn text(&self, value: &'a Value, path: impl FnOnce() -> String) -> Option<&'a str> {
        let Value::String(text) = value else {
            return self.wrong(path(), "a JSON string");
        };
        let text = text.trim();
        if text.is_empty() {
            let reason = "An element is never an empty text. Leave it out.";
            let issue = Issue::warning(IssueKind::Value, "element.empty", reason);
            self.findings.report(issue.at(path()).zh("欄位為空字串"));
            return None;
        }
        Some(text)
    }

    fn wrong<T>(&self, path: String, expected: &str) -> Option<T> {
        let text = format!("The element must be {expected}. Write it as FHIR's JSON form asks, or leave it out.");
        self.findings
            .report(Issue::error(IssueKind::Structure, "element.wrong-type", text).at(path).zh("欄位型別不正確"));
        None
    }
}

/// Writes `[3]`.
fn bracketed(place: &mut String, index: usize) {
    place.push('[');
    let digit = |number: usize| u8::try_from(number).map_or('?', |number| char::from(b'0' + number));
    if index < 10 {
        place.push(digit(index));
    } else {
        place.push_str(&index.to_string());
    }
    place.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrong_forms_are_reported_with_their_place_and_left_out() {
        let value = json!({ "a": 1, "b": [1, {}, null], "c": {}, "d": " ", "e": "2023-02-30", "f": "2023", "g": 0 });
        let findings = Findings::default();
        let element = Element::new(value.as_object().unwrap(), "R".to_owned(), 0, &findings);
        assert!(element.string("a").is_none() && element.string("d").is_none() && element.string("z").is_none());
        assert_eq!(element.children("b").len(), 1);
        assert!(element.children("c").is_empty() && element.number("c").is_none());
        assert!(element.moment("e").is_none() && element.day("f").is_none() && element.positive("g").is_none());
        let issues = findings.into_issues();
        let found: Vec<_> = issues.iter().map(|issue| (&*issue.code, issue.expression[0].as_str())).collect();
        assert_eq!(
            found,
            [
                ("element.wrong-type", "R.a"),
                ("element.wrong-type", "R.b[0]"),
                ("element.wrong-type", "R.b[2]"),
                ("element.wrong-type", "R.c"),
                ("element.not-a-date", "R.e"),
                ("element.wrong-type", "R.g"),
                ("element.empty", "R.d"),
                ("element.partial-date", "R.f"),
            ]
        );
    }
}
