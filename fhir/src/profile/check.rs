//! A resource against the rules of profiles: each rule at each place it speaks of, and a bound on all the work.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Rules;
use super::fault::Fault;
use super::path::{Scope, Thing};
use super::rule::{Form, Invariant, Node, Own, Slice};
use crate::outcome::{Findings, Issue, IssueKind, Severity};
use crate::place::Place;

mod index;
mod value;

use index::{Home, Index};
use value::{bound, contains, has_member_of, tells};

/// Steps for each value of the input, and at least; a usual document takes four for each.
const STEPS: u64 = 64;
const LEAST: u64 = 200_000;

/// Resources inside one another that are looked at again for a profile of theirs.
const DEEPEST: usize = 8;

/// One occurrence of an element.
#[derive(Clone, Copy)]
pub(super) struct Item<'v> {
    pub(super) value: Option<&'v Value>,
    pub(super) beside: Option<&'v Map<String, Value>>,
    /// The name and type it stands under.
    name: &'v str,
    pub(super) of: &'v str,
    /// Its place in an array.
    index: Option<usize>,
}

/// One way through the input.
pub(super) struct Check<'r, 'v> {
    pub(super) rules: &'r Rules,
    index: &'r Index<'v>,
    /// Nothing where only the answer counts.
    findings: Option<&'r Findings>,
    failed: Cell<bool>,
    pub(super) fuel: &'r Cell<u64>,
    /// (resource, profile) that were looked at or stand in line.
    seen: &'r RefCell<HashSet<(usize, usize)>>,
    line: &'r RefCell<Vec<(usize, usize)>>,
    depth: usize,
    /// What stands beside most primitives.
    nothing: &'v Map<String, Value>,
}

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// Holds everything against everything it names.
pub(super) fn run(rules: &Rules, root: &Value, findings: &Findings) {
    let index = Index::new(root);
    let fuel = Cell::new(LEAST.max(index.values.saturating_mul(STEPS)));
    let (seen, line) = (RefCell::default(), RefCell::default());
    let check = Check {
        rules,
        index: &index,
        findings: Some(findings),
        failed: Cell::new(false),
        fuel: &fuel,
        seen: &seen,
        line: &line,
        depth: 0,
        nothing: &NOTHING,
    };
    for (number, home) in index.homes.iter().enumerate() {
        for (place, canonical) in home.profiles() {
            if let Some(profile) = rules.find(canonical) {
                check.want(number, profile);
            } else {
                let text = "No loaded package has the profile that is named here, so it was not checked.";
                let issue = Issue::information("profile.not-loaded", text);
                findings.report_once(issue.at(format!("{}.meta.profile[{place}]", home.place)).zh("未載入此規範"));
            }
        }
    }
    let mut next = 0;
    // Looking at one may put others in line.
    while let Some((number, profile)) = { line.borrow().get(next).copied() } {
        check.resource(number, profile);
        next += 1;
    }
    if fuel.get() == 0 {
        let text =
            "The loaded profiles ask for more work on this input than one input may cause; not all of it was checked.";
        let issue =
            || Issue::warning(IssueKind::TooCostly, "profile.too-costly", text).zh("規範檢核工作量過大，未完整檢核");
        findings.report(issue());
    }
}

impl<'v> Check<'_, 'v> {
    /// Puts a resource in line for a profile.
    fn want(&self, number: usize, profile: usize) {
        if self.findings.is_some() && self.seen.borrow_mut().insert((number, profile)) {
            self.line.borrow_mut().push((number, profile));
        }
    }

    /// Counts a step; false when there is none left, or the answer is known.
    fn step(&self) -> bool {
        let left = self.fuel.get().saturating_sub(1);
        self.fuel.set(left);
        left > 0 && !(self.failed.get() && self.findings.is_none())
    }

    fn tell(&self, profile: &str, node: &Node, place: &Place<'_>, fault: &Fault<'_>) {
        if fault.severity() == Severity::Warning {
            self.failed.set(true);
        }
        if let Some(findings) = self.findings {
            let issue = || fault.issue(profile, &node.id).at(place.to_string());
            findings.report_untold(fault.severity(), fault.code(), issue);
        }
    }

    fn resource(&self, number: usize, profile: usize) {
        let (Some(home), Some(profile)) = (self.index.homes.get(number), self.rules.profiles.get(profile)) else {
            return;
        };
        if *profile.of != *home.kind {
            return;
        }
        let item = Item { value: Some(home.value), beside: None, name: home.kind, of: home.kind, index: None };
        self.occurrence(&profile.id, &profile.root, &item, &Place::root(&home.place), home);
    }

    /// Whether a resource keeps a profile, without a word about why not.
    fn keeps(&self, number: usize, profile: usize) -> bool {
        if self.depth >= DEEPEST {
            return false;
        }
        let quiet = Check { findings: None, failed: Cell::new(false), depth: self.depth + 1, ..*self };
        quiet.resource(number, profile);
        !quiet.failed.get() && self.fuel.get() > 0
    }

    /// The children of an object.
    fn inside(
        &self,
        profile: &str,
        nodes: &[Node],
        object: &'v Map<String, Value>,
        place: &Place<'_>,
        home: &Home<'v>,
    ) {
        let asides = object.keys().any(|key| key.starts_with('_'));
        for node in nodes {
            if !self.step() {
                return;
            }
            self.element(profile, node, object, asides, place, home);
        }
    }

    /// All occurrences of one element.
    fn element(
        &self,
        profile: &str,
        node: &Node,
        object: &'v Map<String, Value>,
        asides: bool,
        above: &Place<'_>,
        home: &Home<'v>,
    ) {
        let mut items = Vec::new();
        for form in &node.forms {
            let before = items.len();
            occurrences(form, object, asides, &mut items);
            if !form.allowed && items.len() > before {
                items.truncate(before);
                self.tell(profile, node, &above.member(&form.name), &Fault::Type);
            }
        }
        let name = items
            .first()
            .map_or_else(|| node.forms.first().map_or("", |form| choice(&node.forms, form)), |item| item.name);
        let here = above.member(name);
        self.number(profile, node, items.len(), &here);
        for item in &items {
            let place = item.index.map_or(here, |index| here.item(index));
            self.occurrence(profile, node, item, &place, home);
        }
        if !node.slices.is_empty() {
            self.slices(profile, node, &items, &here, home);
        }
    }

    fn number(&self, profile: &str, node: &Node, count: usize, place: &Place<'_>) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count < node.min {
            self.tell(profile, node, place, &Fault::TooFew(node.min));
        }
        if count > node.max {
            self.tell(profile, node, place, &Fault::TooMany(node.max));
        }
    }

    fn slices(&self, profile: &str, node: &Node, items: &[Item<'v>], here: &Place<'_>, home: &Home<'v>) {
        let mut placed = vec![false; items.len()];
        for slice in &node.slices {
            let (mut sure, mut possible) = (0_u32, 0_u32);
            for (item, placed) in items.iter().zip(&mut placed) {
                if !self.step() {
                    return;
                }
                let told = self.told(slice, item);
                *placed |= told != Some(false);
                match told {
                    Some(true) => {
                        sure += 1;
                        let place = item.index.map_or(*here, |index| here.item(index));
                        self.occurrence(profile, &slice.node, item, &place, home);
                    }
                    None => possible += 1,
                    Some(false) => {}
                }
            }
            if sure + possible < slice.node.min {
                self.tell(profile, &slice.node, here, &Fault::TooFew(slice.node.min));
            }
            if sure > slice.node.max {
                self.tell(profile, &slice.node, here, &Fault::TooMany(slice.node.max));
            }
        }
        if node.closed {
            for (item, _) in items.iter().zip(&placed).filter(|(_, placed)| !**placed) {
                let place = item.index.map_or(*here, |index| here.item(index));
                self.tell(profile, node, &place, &Fault::NoSlice);
            }
        }
    }

    /// Whether an occurrence is of a slice; nothing where that cannot be told.
    fn told(&self, slice: &Slice, item: &Item<'v>) -> Option<bool> {
        let mut told = Some(true);
        for test in &slice.tests {
            match tells(self, test, item, &|value, profiles| self.kept(value, profiles, slice)) {
                Some(false) => return Some(false),
                None => told = None,
                Some(true) => {}
            }
        }
        told
    }

    /// Whether a resource is one a slice by profile means: it says so itself, or, saying nothing, it keeps the profile
    /// or is the only one of its type where there must be one.
    fn kept(&self, value: &'v Value, profiles: &[usize], slice: &Slice) -> bool {
        let Some((number, found)) = self.index.of(value) else { return false };
        let named: Vec<usize> = found.profiles().filter_map(|(_, canonical)| self.rules.find(canonical)).collect();
        profiles.iter().any(|wanted| {
            let Some(profile) = self.rules.profiles.get(*wanted) else { return false };
            if *profile.of != *found.kind {
                return false;
            }
            if !named.is_empty() {
                let stands = |own: &usize| self.rules.profiles.get(*own).is_some_and(|own| own.bases.contains(wanted));
                return named.iter().any(|own| own == wanted || stands(own));
            }
            slice.node.min > 0 && self.index.alone(found) || self.keeps(number, *wanted)
        })
    }

    /// Everything asked of one occurrence.
    fn occurrence(&self, profile: &str, node: &Node, item: &Item<'v>, place: &Place<'_>, home: &Home<'v>) {
        if !self.step() {
            return;
        }
        self.own(profile, node, item, place, home);
        match item.value {
            Some(Value::Object(object)) => self.inside(profile, &node.children, object, place, home),
            // Beside a primitive stand its id and extensions; its value is itself.
            _ if !node.children.is_empty() => {
                self.inside(profile, &node.children, item.beside.unwrap_or(self.nothing), place, home);
            }
            _ => {}
        }
    }

    fn own(&self, profile: &str, node: &Node, item: &Item<'v>, place: &Place<'_>, home: &Home<'v>) {
        let Own { fixed, pattern, max_length, binding, targets, target_profile, profiles, invariants } = &node.own;
        if let (Some(fixed), Some(value)) = (fixed, item.value)
            && fixed != value
        {
            self.tell(profile, node, place, &Fault::Fixed(fixed));
        }
        if let (Some(pattern), Some(value)) = (pattern, item.value)
            && !contains(value, pattern)
        {
            self.tell(profile, node, place, &Fault::Pattern(pattern));
        }
        if let (Some(most), Some(Value::String(text))) = (max_length, item.value)
            && text.chars().count() > usize::try_from(*most).unwrap_or(usize::MAX)
        {
            self.tell(profile, node, place, &Fault::TooLong(*most));
        }
        if let Some(set) = binding.and_then(|number| self.rules.sets.get(number))
            && bound(set, item) == Some(false)
        {
            self.tell(profile, node, place, &Fault::Binding);
        }
        if !targets.is_empty() {
            self.target(profile, node, item, place, home);
        }
        if let (Some(wanted), Some(value)) = (target_profile, item.value)
            && let Some((number, _)) =
                value.get("reference").and_then(Value::as_str).and_then(|to| self.index.resolve(to, home))
        {
            self.want(number, *wanted);
        }
        if !profiles.is_empty() {
            let of = |of: &Option<Box<str>>| of.as_deref().is_none_or(|of| of == item.of);
            let wanted: Vec<usize> = profiles.iter().filter(|(own, _)| of(own)).map(|(_, number)| *number).collect();
            self.profiles(&wanted, item, place, home);
        }
        for invariant in invariants {
            self.invariant(profile, node, invariant, item, place, home);
        }
    }

    fn target(&self, profile: &str, node: &Node, item: &Item<'v>, place: &Place<'_>, home: &Home<'v>) {
        let Some(reference) = item.value.and_then(|value| value.get("reference")).and_then(Value::as_str) else {
            return;
        };
        let Some(kind) = self.index.kind(reference, home) else { return };
        if !node.own.targets.iter().any(|of| **of == *kind) {
            self.tell(profile, node, &place.member("reference"), &Fault::Target(&node.own.targets));
        }
    }

    /// The profiles of the value's own type: one is enough.
    fn profiles(&self, profiles: &[usize], item: &Item<'v>, place: &Place<'_>, home: &Home<'v>) {
        let known = |wanted: &usize| self.rules.profiles.get(*wanted);
        let resource =
            item.value.and_then(|value| self.index.of(value)).filter(|_| !std::ptr::eq(item.name, home.kind));
        match (profiles, resource) {
            ([], _) => {}
            ([wanted], Some((number, found))) => {
                if known(wanted).is_some_and(|profile| *profile.of != *found.kind) {
                    return self.failed.set(true);
                }
                if self.findings.is_some() {
                    self.want(number, *wanted);
                } else if !self.keeps(number, *wanted) {
                    self.failed.set(true);
                }
            }
            ([wanted], None) => {
                if let Some(profile) = known(wanted) {
                    self.occurrence(&profile.id, &profile.root, item, place, home);
                }
            }
            (several, _) => {
                let quiet = |wanted: &usize| {
                    let Some(profile) = known(wanted) else { return true };
                    let quiet = Check { findings: None, failed: Cell::new(false), depth: self.depth + 1, ..*self };
                    quiet.occurrence(&profile.id, &profile.root, item, place, home);
                    !quiet.failed.get()
                };
                // Told by the first, whose faults are as good as another's.
                if self.depth < DEEPEST
                    && !several.iter().any(quiet)
                    && let Some(profile) = several.first().and_then(known)
                {
                    self.occurrence(&profile.id, &profile.root, item, place, home);
                }
            }
        }
    }

    fn invariant(
        &self,
        profile: &str,
        node: &Node,
        invariant: &Invariant,
        item: &Item<'v>,
        place: &Place<'_>,
        home: &Home<'v>,
    ) {
        let resolve = |reference: &'v str| self.index.resolve(reference, home).map(|(_, found)| found.value);
        let scope = Scope { root: home.value, resolve: &resolve, fuel: self.fuel };
        let this = Thing::Node { value: item.value, beside: item.beside, of: item.of };
        // An evaluation that was cut short says nothing.
        if invariant.expression.fails(&this, &scope) && self.fuel.get() > 0 {
            let key = &*invariant.key;
            let fault = if invariant.advice { Fault::Advice(key) } else { Fault::Invariant(key) };
            self.tell(profile, node, place, &fault);
        }
    }
}

/// The name a missing element is told by: of a choice the part before the type.
fn choice<'n>(forms: &'n [Form], first: &'n Form) -> &'n str {
    let bare = |form: &'n Form| has_member_of(&form.name, &form.of);
    if forms.len() > 1 { bare(first).unwrap_or(&first.name) } else { &first.name }
}

/// What stands under one name.
fn occurrences<'v>(form: &'v Form, object: &'v Map<String, Value>, asides: bool, into: &mut Vec<Item<'v>>) {
    let (name, of) = (&*form.name, &*form.of);
    let value = object.get(name).filter(|value| !value.is_null());
    let aside = if asides { object.get(&format!("_{name}")) } else { None };
    let single = |value: Option<&'v Value>, beside: Option<&'v Value>, index| {
        let (value, beside) = (value.filter(|value| !value.is_null()), beside.and_then(Value::as_object));
        (value.is_some() || beside.is_some()).then_some(Item { value, beside, name, of, index })
    };
    match (value.and_then(Value::as_array), aside.and_then(Value::as_array)) {
        (None, None) => into.extend(single(value, aside, None)),
        (values, asides) => {
            let (values, asides) = (values.map_or(&[][..], Vec::as_slice), asides.map_or(&[][..], Vec::as_slice));
            for index in 0..values.len().max(asides.len()) {
                into.extend(single(values.get(index), asides.get(index), Some(index)));
            }
        }
    }
}
