//! A Bundle of type `document`: its head, its entries, and which entry a reference means.
//!
//! In: a JSON value. Out: entries with their place, every structural finding. Nothing is ever fetched:
//! a reference means something in the Bundle or nothing (FHIR R4 §2.36.4 resolving references in Bundles).

use std::collections::HashMap;

use serde_json::Value;

use crate::element::Element;
use crate::limits::Limits;
use crate::outcome::{Findings, Issue, IssueKind};

mod reference;
mod walk;

/// A document Bundle, read in place.
#[derive(Clone)]
pub struct Bundle<'a> {
    head: Element<'a>,
    entries: Vec<Entry<'a>>,
    by_full_url: HashMap<&'a str, usize>,
    by_type_and_id: HashMap<(&'a str, &'a str), Vec<usize>>,
    /// (entry, id) → position among that entry's contained resources.
    contained: HashMap<(usize, &'a str), usize>,
}

/// One entry of a Bundle.
#[derive(Clone)]
pub struct Entry<'a> {
    /// Absolute URL or `urn:uuid:` of the resource.
    pub full_url: Option<&'a str>,
    /// The resource.
    pub resource: Element<'a>,
    /// Its type, which every reader asks for again and again.
    kind: &'a str,
}

claimgate_packet::opaque_debug!(Bundle<'_>, Entry<'_>);

impl<'a> Entry<'a> {
    /// `resource.resourceType`.
    #[must_use]
    pub fn resource_type(&self) -> &'a str {
        self.kind
    }

    /// `resource.id`.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.resource.members().get("id").and_then(Value::as_str)
    }
}

impl<'a> Bundle<'a> {
    /// Reads the structure of a document Bundle. Findings go to `findings`; `None` where there is no Bundle
    /// to speak of or it is too long to look at.
    #[must_use]
    pub fn open(root: &'a Value, limits: &Limits, findings: &'a Findings) -> Option<Self> {
        let Some(members) = root.as_object().filter(|root| root.get("resourceType") == Some(&"Bundle".into())) else {
            let text = "The body is not a FHIR Bundle. Send a resource with resourceType \"Bundle\".";
            findings.report(Issue::error(IssueKind::Structure, "bundle.not-a-bundle", text).zh("不是 FHIR Bundle"));
            return None;
        };
        let head = Element::new(members, "Bundle".to_owned(), usize::MAX, findings);
        if head.string("type") != Some("document") {
            let text = "The Bundle must be a document. Set Bundle.type to \"document\".";
            head.report(
                Issue::error(IssueKind::Value, "bundle.not-a-document", text).zh("Bundle.type 必須為 document"),
                "type",
            );
        }
        let count = members.get("entry").and_then(Value::as_array).map_or(0, Vec::len);
        if count > limits.entries {
            let text = format!("The Bundle has more than {} entries. Split it by medical event.", limits.entries);
            head.report(
                Issue::error(IssueKind::TooCostly, "bundle.too-many-entries", text).zh("Bundle 項目過多"),
                "entry",
            );
            return None;
        }
        let mut bundle = Self {
            head,
            entries: Vec::new(),
            by_full_url: HashMap::new(),
            by_type_and_id: HashMap::new(),
            contained: HashMap::new(),
        };
        for entry in bundle.head.children("entry") {
            bundle.add(&entry);
        }
        bundle.first_is_composition();
        bundle.look_through();
        Some(bundle)
    }

    /// The Bundle's own elements: `identifier`, `timestamp`, `meta`.
    #[must_use]
    pub fn head(&self) -> &Element<'a> {
        &self.head
    }

    /// The entries that hold a resource, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    /// The resources of one type, in order.
    pub fn all<'b>(&'b self, resource_type: &'b str) -> impl Iterator<Item = &'b Element<'a>> {
        self.entries.iter().filter(move |entry| entry.kind == resource_type).map(|entry| &entry.resource)
    }

    fn add(&mut self, entry: &Element<'a>) {
        let Some(members) = entry.members().get("resource").and_then(Value::as_object) else {
            let text = "The entry holds no resource. Put the resource in it, or remove the entry.";
            entry.report(Issue::error(IssueKind::Required, "entry.no-resource", text).zh("缺少 resource"), "resource");
            return;
        };
        let position = self.entries.len();
        let resource = Element::new(members, entry.place("resource"), position, self.head.findings());
        let kind = resource.resource_type();
        if kind.is_empty() {
            resource.missing("resourceType");
        }
        let full_url = entry.string("fullUrl");
        match full_url {
            None => {
                let text = "The entry has no fullUrl. Give every entry an absolute URL or a urn:uuid (iClaim: 1..1).";
                entry.report(
                    Issue::warning(IssueKind::Required, "entry.no-full-url", text).zh("缺少 fullUrl"),
                    "fullUrl",
                );
            }
            Some(url) if self.by_full_url.contains_key(url) => {
                let text = "Two entries have the same fullUrl. Give each resource its own.";
                entry.report(
                    Issue::error(IssueKind::Duplicate, "entry.duplicate-full-url", text).zh("fullUrl 重複"),
                    "fullUrl",
                );
            }
            Some(url) => {
                self.by_full_url.insert(url, position);
                if !reference::is_absolute(url) {
                    let text = "The fullUrl is relative. Write an absolute URL or a urn:uuid.";
                    entry.report(
                        Issue::warning(IssueKind::Value, "entry.relative-full-url", text).zh("fullUrl 必須為絕對網址"),
                        "fullUrl",
                    );
                }
            }
        }
        let inside = members.get("contained").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (index, value) in inside.iter().enumerate() {
            if let Some(id) = value.get("id").and_then(Value::as_str) {
                self.contained.entry((position, id)).or_insert(index);
            }
        }
        if let Some(id) = resource.string("id") {
            self.by_type_and_id.entry((kind, id)).or_default().push(position);
        }
        self.entries.push(Entry { full_url, resource, kind });
    }

    fn first_is_composition(&self) {
        let is_composition = |entry: &Entry<'_>| entry.resource_type() == "Composition";
        let first = self.entries.first();
        if first.is_some_and(is_composition) {
            return;
        }
        let place = first.map_or_else(|| self.head.place("entry"), |entry| entry.resource.path().to_owned());
        let issue = if self.entries.iter().any(is_composition) {
            let text = "The Composition is not the first entry. Move it to the front (FHIR document rule).";
            Issue::error(IssueKind::Structure, "composition.not-first", text).zh("Composition 必須為第一個項目")
        } else {
            let text = "A document begins with a Composition. Add one as the first entry.";
            Issue::error(IssueKind::Required, "bundle.no-composition", text).zh("缺少 Composition")
        };
        self.head.findings().report(issue.at(place));
    }
}

#[cfg(test)]
mod tests;
