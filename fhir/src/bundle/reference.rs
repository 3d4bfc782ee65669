//! Which resource a reference means: by full URL, beside the referring entry, by type and id, or contained.

use super::Bundle;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};

/// Where a reference leads.
pub(super) enum Leads {
    /// To one resource.
    Somewhere,
    /// To nothing in the Bundle.
    Nowhere,
    /// To several entries of that type and id, and nothing tells them apart.
    Apart,
}

/// What a reference means: an entry by its number, or a resource contained in the one that refers.
enum Target<'a> {
    Entry(usize),
    Contained(Element<'a>),
    Missing,
    Ambiguous,
}

impl<'a> Bundle<'a> {
    /// The resource a `Reference` element means, if it is in the Bundle and of one of these types.
    ///
    /// A missing target was reported when the Bundle was opened; a target of another type is reported here.
    #[must_use]
    pub fn resolve(&self, reference: &Element<'a>, types: &[&str]) -> Option<Element<'a>> {
        let text = reference.string("reference")?;
        let target = self.at_url(reference.entry(), text)?;
        if types.contains(&target.resource_type()) {
            return Some(target);
        }
        let text = format!("The reference must lead to: {}. Refer to such a resource.", types.join(", "));
        reference.report(
            Issue::error(IssueKind::Value, "reference.wrong-type", text).zh("參照的資源型別不正確"),
            "reference",
        );
        None
    }

    /// The resource a `Reference` element means, of whatever type.
    #[must_use]
    pub fn any(&self, reference: &Element<'a>) -> Option<Element<'a>> {
        self.at_url(reference.entry(), reference.string("reference")?)
    }

    /// The resource a URL written in the entry with that number means: relative, by URN, or the fullUrl of an entry.
    #[must_use]
    pub fn at_url(&self, from: usize, url: &str) -> Option<Element<'a>> {
        match self.target(from, url) {
            Target::Entry(position) => self.entries.get(position).map(|entry| entry.resource.clone()),
            Target::Contained(resource) => Some(resource),
            Target::Missing | Target::Ambiguous => None,
        }
    }

    /// Whether a reference written in the entry with that number leads somewhere.
    pub(super) fn leads(&self, from: usize, reference: &str) -> Leads {
        match self.target(from, reference) {
            Target::Entry(_) | Target::Contained(_) => Leads::Somewhere,
            Target::Missing => Leads::Nowhere,
            Target::Ambiguous => Leads::Apart,
        }
    }

    fn target(&self, from: usize, reference: &str) -> Target<'a> {
        if let Some(id) = reference.strip_prefix('#') {
            return self.contained(from, id).map_or(Target::Missing, Target::Contained);
        }
        // A version or fragment narrows what is meant, never which entry.
        let bare = reference.split_once('#').map_or(reference, |(bare, _)| bare);
        let bare = bare.split_once("/_history/").map_or(bare, |(bare, _)| bare);
        let by_url = |url: &str| self.by_full_url.get(url).copied();
        if is_absolute(bare) {
            return by_url(bare).map_or(Target::Missing, Target::Entry);
        }
        let beside = self.base(from).and_then(|base| by_url(&[base, bare].concat())).or_else(|| by_url(bare));
        if let Some(found) = beside {
            return Target::Entry(found);
        }
        let candidates = bare.split_once('/').and_then(|type_and_id| self.by_type_and_id.get(&type_and_id));
        match candidates.map(Vec::as_slice) {
            Some([one]) => Target::Entry(*one),
            Some([_, ..]) => Target::Ambiguous,
            _ => Target::Missing,
        }
    }

    /// `https://host/fhir/` of the referring entry's `https://host/fhir/Type/id`.
    fn base(&self, from: usize) -> Option<&'a str> {
        let entry = self.entries.get(from)?;
        let url = entry.full_url?;
        let (before, _id) = url.rsplit_once('/')?;
        before.strip_suffix(entry.resource_type()).filter(|base| base.ends_with('/'))
    }

    fn contained(&self, from: usize, id: &str) -> Option<Element<'a>> {
        let container = &self.entries.get(from)?.resource;
        if id.is_empty() {
            return Some(container.clone());
        }
        let position = *self.contained.get(&(from, id))?;
        let found = container.members().get("contained")?.as_array()?.get(position)?;
        let path = format!("{}[{position}]", container.place("contained"));
        Some(Element::new(found.as_object()?, path, from, container.findings()))
    }
}

/// Whether a text is a URL or URN of its own, by scheme.
pub(super) fn is_absolute(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(fits)
}
