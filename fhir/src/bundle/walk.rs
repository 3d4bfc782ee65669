//! One walk over every resource: references that lead nowhere, and content we must not ignore.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Bundle;
use super::reference::Target;
use crate::outcome::{Issue, IssueKind};
use crate::parse::element_name;

/// How many places of one missing target are listed, and of how many targets.
const PLACES: usize = 100;
const TARGETS: usize = 250;

/// References that lead nowhere, by what they say, in the order met.
#[derive(Default)]
struct Nowhere<'a> {
    positions: HashMap<(bool, usize, &'a str), usize>,
    places: Vec<(bool, Vec<String>)>,
}

impl<'a> Bundle<'a> {
    /// Reports each distinct target that is not in the Bundle once, with every place that refers to it.
    pub(super) fn look_through(&self) {
        let mut nowhere = Nowhere::default();
        for (position, entry) in self.entries.iter().enumerate() {
            let mut path = entry.resource.path().to_owned();
            self.walk(entry.resource.members(), position, &mut path, &mut nowhere);
        }
        for (ambiguous, places) in nowhere.places {
            let mut issue = if ambiguous {
                let text = "Several entries have the type and id referred to. Refer by fullUrl.";
                Issue::warning(IssueKind::MultipleMatches, "reference.ambiguous", text).zh("參照對象不唯一")
            } else {
                let text =
                    "The resource referred to is not in the Bundle. Add it as an entry, or remove the reference.";
                Issue::warning(IssueKind::NotFound, "reference.unresolved", text).zh("參照的資源不在 Bundle 內")
            };
            issue.expression = places;
            self.head.findings().report(issue);
        }
    }

    fn walk(&self, members: &'a Map<String, Value>, entry: usize, path: &mut String, nowhere: &mut Nowhere<'a>) {
        if let Some(Value::String(reference)) = members.get("reference") {
            match self.target(entry, reference.trim()) {
                Target::Found(_) => {}
                Target::Missing => nowhere.add(false, entry, reference.trim(), path),
                Target::Ambiguous => nowhere.add(true, entry, reference.trim(), path),
            }
        }
        for (name, value) in members {
            let length = path.len();
            path.push('.');
            path.push_str(element_name(name).unwrap_or("*"));
            // FHIR R4 §2.1.0.5.0: what a reader does not understand here changes the meaning of the rest.
            if name == "modifierExtension" || name == "implicitRules" {
                let text = "Content that changes the meaning of the rest is not understood here. Send the resource without it.";
                self.head.findings().report(
                    Issue::error(IssueKind::NotSupported, "resource.modifier-extension", text)
                        .at(path.clone())
                        .zh("不支援會改變語意的擴充欄位"),
                );
            }
            match value {
                Value::Object(inside) => self.walk(inside, entry, path, nowhere),
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        let Value::Object(inside) = item else { continue };
                        let length = path.len();
                        path.push('[');
                        path.push_str(&index.to_string());
                        path.push(']');
                        self.walk(inside, entry, path, nowhere);
                        path.truncate(length);
                    }
                }
                _ => {}
            }
            path.truncate(length);
        }
    }
}

impl<'a> Nowhere<'a> {
    fn add(&mut self, ambiguous: bool, entry: usize, reference: &'a str, path: &str) {
        // `#id` means another thing in every resource.
        let entry = if reference.starts_with('#') { entry } else { usize::MAX };
        let position = *self.positions.entry((ambiguous, entry, reference)).or_insert_with(|| {
            self.places.push((ambiguous, Vec::new()));
            self.places.len() - 1
        });
        if let Some((_, places)) = self.places.get_mut(position)
            && places.len() < PLACES
            && position < TARGETS
        {
            places.push(path.to_owned());
        }
    }
}
