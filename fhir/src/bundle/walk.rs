//! One walk over every resource: references that lead nowhere, and content we must not ignore.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Bundle;
use super::reference::Leads;
use crate::outcome::{Issue, IssueKind};
use crate::place::Place;

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
            self.walk(entry.resource.members(), position, &Place::root(entry.resource.path()), &mut nowhere);
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

    fn walk(&self, members: &'a Map<String, Value>, entry: usize, place: &Place<'_>, nowhere: &mut Nowhere<'a>) {
        if let Some(Value::String(reference)) = members.get("reference") {
            let reference = reference.trim();
            match self.leads(entry, reference) {
                Leads::Somewhere => {}
                Leads::Nowhere => nowhere.add(false, entry, reference, place),
                Leads::Apart => nowhere.add(true, entry, reference, place),
            }
        }
        for (name, value) in members {
            // FHIR R4 §2.1.0.5.0: what a reader does not understand here changes the meaning of the rest.
            if name == "modifierExtension" || name == "implicitRules" {
                let text = "Content that changes the meaning of the rest is not understood here. Send the resource without it.";
                self.head.findings().report(
                    Issue::error(IssueKind::NotSupported, "resource.modifier-extension", text)
                        .at(place.member(name).to_string())
                        .zh("不支援會改變語意的擴充欄位"),
                );
            }
            match value {
                Value::Object(inside) => self.walk(inside, entry, &place.member(name), nowhere),
                Value::Array(items) => {
                    let list = place.member(name);
                    for (index, item) in items.iter().enumerate() {
                        let Value::Object(inside) = item else { continue };
                        self.walk(inside, entry, &list.item(index), nowhere);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'a> Nowhere<'a> {
    fn add(&mut self, ambiguous: bool, entry: usize, reference: &'a str, place: &Place<'_>) {
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
            places.push(place.to_string());
        }
    }
}
