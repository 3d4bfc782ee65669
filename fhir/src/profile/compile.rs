//! Elements of a profile → the tree of its rules; what cannot be evaluated is counted, never dropped in silence.

use std::collections::{BTreeMap, HashMap};

use super::definition::{Binding, Constraint, Defined, Definition, Slicing, Typed, unversioned};
use super::path::Expression;
use super::rule::{Form, Invariant, Node, Own, Slice, Test, Want};
use super::terms::{Set, Terms};
use super::{Asked, Counts};
use crate::r4::{Kind, Shape, Table};

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The one profile of a data type that the standard itself uses; what it asks for is one constraint.
const SIMPLE_QUANTITY: &str = "http://hl7.org/fhir/StructureDefinition/SimpleQuantity";

/// Constraints of the standard that the check of structure tells of.
const TOLD_BY_STRUCTURE: [&str; 3] = ["ele-1", "ext-1", "dom-2"];

/// What all profiles of a load share.
pub(super) struct Compiler<'d> {
    pub(super) definitions: &'d [Definition],
    /// Places in `definitions`, by canonical without a version; of several versions the one loaded last.
    pub(super) by_url: &'d HashMap<Box<str>, usize>,
    pub(super) terms: &'d Terms,
    /// Value sets asked for so far: their number by canonical.
    pub(super) bound: HashMap<Box<str>, usize>,
    pub(super) sets: Vec<Set>,
    pub(super) counts: Counts,
    /// Nodes made.
    pub(super) nodes: usize,
    package: usize,
}

/// An element and those below it, before they are rules.
#[derive(Default)]
struct Draft<'d> {
    defined: Option<&'d Defined>,
    children: BTreeMap<&'d str, Draft<'d>>,
    slices: BTreeMap<&'d str, Draft<'d>>,
}

impl<'d> Draft<'d> {
    fn of(elements: &'d [Defined]) -> Self {
        let mut root = Self::default();
        for element in elements {
            let mut place = &mut root;
            for segment in element.id.split('.').skip(1) {
                let (name, slice) =
                    segment.split_once(':').map_or((segment, None), |(name, slice)| (name, Some(slice)));
                place = place.children.entry(name).or_default();
                if let Some(slice) = slice {
                    place = place.slices.entry(slice).or_default();
                }
            }
            place.defined = Some(element);
        }
        root
    }
}

impl<'d> Compiler<'d> {
    pub(super) fn new(definitions: &'d [Definition], by_url: &'d HashMap<Box<str>, usize>, terms: &'d Terms) -> Self {
        let (bound, sets, counts) = (HashMap::new(), Vec::new(), Counts::default());
        Self { definitions, by_url, terms, bound, sets, counts, nodes: 0, package: 0 }
    }

    /// The rules of one profile.
    pub(super) fn profile(&mut self, definition: &'d Definition) -> Node {
        self.package = definition.package;
        let draft = Draft::of(&definition.elements);
        let shape = Table::r4().named(&definition.of);
        let form = Form { name: definition.of.clone(), of: definition.of.clone(), allowed: true };
        let mut node = self.inside(&draft, vec![form], shape);
        // How often the whole stands is for its user to say.
        (node.min, node.max) = (0, u32::MAX);
        self.contents(definition);
        node
    }

    fn unevaluated(&mut self, asked: Asked, what: &str) {
        self.counts.add(self.package, asked, what);
    }

    /// The rules of an element whose forms are known, whatever its number.
    fn inside(&mut self, draft: &Draft<'d>, forms: Vec<Form>, shape: Option<&'static Shape>) -> Node {
        self.nodes += 1;
        let nothing = Defined::default();
        let defined = draft.defined.unwrap_or(&nothing);
        let own = self.own(defined);
        let mut children = Vec::new();
        for (name, child) in &draft.children {
            let (node, required, repeats) = self.child(name, child, shape);
            let node = pruned(node, required, repeats);
            children.extend(node);
        }
        let mut node = Node {
            id: defined.id.clone(),
            forms,
            min: defined.min.unwrap_or(0),
            max: defined.max.unwrap_or(u32::MAX),
            own,
            children,
            slices: Vec::new(),
            closed: defined.slicing.as_ref().is_some_and(|slicing| slicing.closed),
        };
        self.slices(draft, defined.slicing.as_ref(), shape, &mut node);
        node
    }

    /// A child element, and what R4 itself says of its number.
    fn child(&mut self, name: &str, draft: &Draft<'d>, shape: Option<&'static Shape>) -> (Node, bool, bool) {
        let types: &[Typed] = draft.defined.map_or(&[], |defined| &defined.types);
        let bare = name.strip_suffix("[x]").unwrap_or(name);
        let mut forms = Vec::new();
        let (mut inner, mut required, mut repeats) = (None, false, true);
        for element in shape.into_iter().flat_map(|shape| shape.forms(bare)) {
            let allowed = types.is_empty() || bare == name || types.iter().any(|one| *one.code == *element.of);
            if allowed {
                inner = if let Kind::Complex(number) = element.kind { Some(Table::r4().shape(number)) } else { None };
            }
            required = shape.is_some_and(|shape| shape.requires(element.group));
            repeats = element.repeats;
            forms.push(Form { name: element.name.clone(), of: element.of.into(), allowed });
        }
        if forms.iter().filter(|form| form.allowed).count() > 1 {
            inner = None;
        }
        if forms.is_empty() {
            match (bare == name, types) {
                // `Observation.valueQuantity`, or an element of something whose shape is not known.
                (true, _) => {
                    let element = shape.and_then(|shape| shape.element(name)).map(|(_, element)| element);
                    if let Some(Kind::Complex(number)) = element.map(|element| element.kind) {
                        inner = Some(Table::r4().shape(number));
                    }
                    let of = element.map_or_else(|| types.first().map_or("", |one| &one.code), |element| element.of);
                    forms.push(Form { name: name.into(), of: of.into(), allowed: true });
                }
                (false, types) => forms.extend(types.iter().map(|one| {
                    let mut signs = one.code.chars();
                    let first = signs.next().map(|first| first.to_ascii_uppercase());
                    let upper: String = first.into_iter().chain(signs).collect();
                    Form { name: format!("{bare}{upper}").into(), of: one.code.clone(), allowed: true }
                })),
            }
        }
        if inner.is_none()
            && let [one] = types
        {
            inner = Table::r4().named(&one.code);
        }
        (self.inside(draft, forms, inner), required, repeats)
    }

    fn own(&mut self, defined: &Defined) -> Own {
        let mut own = Own {
            fixed: defined.fixed.clone(),
            pattern: defined.pattern.clone(),
            max_length: defined.max_length,
            ..Own::default()
        };
        if defined.bounds {
            self.unevaluated(Asked::Bounds, &defined.id);
        }
        if let Some(Binding { strength, set }) = &defined.binding {
            match (&**strength, set) {
                ("required", set) => own.binding = set.as_deref().and_then(|set| self.bind(set, &defined.id)),
                ("extensible", set) => {
                    self.unevaluated(Asked::ExtensibleBinding, set.as_deref().unwrap_or(&defined.id));
                }
                _ => {}
            }
            if &**strength == "required" && set.is_none() {
                self.unevaluated(Asked::Binding, &defined.id);
            }
        }
        self.types(&defined.types, &mut own, &defined.id);
        for Constraint { key, warning, expression } in &defined.constraints {
            if TOLD_BY_STRUCTURE.contains(&&**key) {
                continue;
            }
            match Expression::parse(expression) {
                // A narrative is a matter of taste to the standard itself, and every resource here lacks one.
                Some(_) if &**key == "dom-6" => self.unevaluated(Asked::Invariant, key),
                Some(expression) => own.invariants.push(Invariant { key: key.clone(), advice: *warning, expression }),
                None => self.unevaluated(Asked::Invariant, key),
            }
        }
        own
    }

    /// The number of a value set, where a package has it.
    fn bind(&mut self, url: &str, id: &str) -> Option<usize> {
        if let Some(number) = self.bound.get(url).copied() {
            let whole = self.sets.get(number).is_some_and(Set::whole);
            if !whole {
                self.unevaluated(Asked::Binding, url);
            }
            return Some(number);
        }
        let Some(set) = self.terms.set(url) else {
            self.unevaluated(Asked::Binding, if url.is_empty() { id } else { url });
            return None;
        };
        if !set.whole() {
            self.unevaluated(Asked::Binding, url);
        }
        self.sets.push(set);
        self.bound.insert(url.into(), self.sets.len() - 1);
        Some(self.sets.len() - 1)
    }

    fn types(&mut self, types: &[Typed], own: &mut Own, id: &str) {
        if types.iter().any(|one| one.aggregated) {
            self.unevaluated(Asked::Aggregation, id);
        }
        for typed in types {
            let known: Vec<_> = typed.profiles.iter().map(|url| self.by_url.get(unversioned(url)).copied()).collect();
            if known.contains(&None) {
                // One of those that are not here may be the one that is kept.
                for url in &typed.profiles {
                    if unversioned(url) == SIMPLE_QUANTITY && typed.profiles.len() == 1 {
                        let (key, advice) = ("sqty-1".into(), false);
                        let rule = Expression::parse("comparator.empty()");
                        own.invariants.extend(rule.map(|expression| Invariant { key, advice, expression }));
                    } else if self.by_url.get(unversioned(url)).is_none() {
                        self.unevaluated(Asked::TypeProfile, url);
                    }
                }
                continue;
            }
            let of: Option<Box<str>> = (types.len() > 1).then(|| typed.code.clone());
            own.profiles.extend(known.into_iter().flatten().map(|number| (of.clone(), number)));
        }
        let Some(reference) = types.iter().find(|one| &*one.code == "Reference") else { return };
        for url in &reference.targets {
            let url = unversioned(url);
            let known = self.by_url.get(url).and_then(|number| Some((*number, self.definitions.get(*number)?)));
            match (known, url.strip_prefix(CORE)) {
                (Some((number, definition)), _) => {
                    own.targets.push(definition.of.clone());
                    own.target_profile = (reference.targets.len() == 1).then_some(number);
                }
                (None, Some(of)) if of == "Resource" || Table::r4().resource(of).is_some() => {
                    own.targets.push(of.into());
                }
                _ => {
                    self.unevaluated(Asked::ReferenceTarget, url);
                    own.targets.clear();
                    return;
                }
            }
        }
        if own.targets.iter().any(|of| &**of == "Resource") {
            own.targets.clear();
        }
    }

    fn slices(&mut self, draft: &Draft<'d>, slicing: Option<&Slicing>, shape: Option<&'static Shape>, node: &mut Node) {
        if draft.slices.is_empty() {
            return;
        }
        let id = node.id.clone();
        if slicing.is_some_and(|slicing| slicing.ordered) {
            self.unevaluated(Asked::SliceOrder, &id);
        }
        // A guide may name slices of a choice, or of extensions, without saying what tells them.
        let implied = [(Box::from("value"), Box::from("url"))];
        let by_type = [(Box::from("type"), Box::from("$this"))];
        let told: &[(Box<str>, Box<str>)] = match slicing {
            Some(slicing) if !slicing.discriminators.is_empty() => &slicing.discriminators,
            _ if id.ends_with("xtension") => &implied,
            _ if id.ends_with("[x]") => &by_type,
            _ => &[],
        };
        let mut untold = 0;
        for (name, slice) in &draft.slices {
            let forms =
                node.forms.iter().map(|form| Form { name: form.name.clone(), of: form.of.clone(), allowed: true });
            let inner = match slice.defined.map(|defined| defined.types.as_slice()) {
                Some([one]) => Table::r4().named(&one.code).or(shape),
                _ => shape,
            };
            let compiled = self.inside(slice, forms.collect(), inner);
            let tests: Option<Vec<Test>> = told.iter().map(|(kind, path)| self.test(kind, path, slice)).collect();
            if let Some(tests) = tests.filter(|tests| !tests.is_empty() && !name.contains('/')) {
                node.slices.push(Slice { node: compiled, tests });
            } else {
                untold += 1;
                self.unevaluated(Asked::Slice, slice.defined.map_or(&id, |defined| &defined.id));
            }
        }
        // What is in a slice that cannot be told would seem to be in none.
        node.closed &= untold == 0;
        let idle = |slice: &Slice| slice.node.is_empty();
        if !node.closed {
            node.slices.retain(|slice| !idle(slice));
        }
    }

    /// What tells a slice by one discriminator; nothing where that cannot be evaluated.
    fn test(&mut self, kind: &str, path: &str, slice: &Draft<'d>) -> Option<Test> {
        if path.contains('(') {
            return None;
        }
        let steps: Vec<&str> = path.split('.').filter(|step| *step != "$this").collect();
        let boxed = |steps: &[&str]| steps.iter().map(|step| Box::from(*step)).collect::<Vec<Box<str>>>();
        // The nearest element on the way that says what is wanted.
        let mut way = vec![slice];
        for step in &steps {
            let next = way.last()?.children.iter().find(|(name, _)| name.strip_suffix("[x]").unwrap_or(name) == *step);
            let Some((_, next)) = next else { break };
            way.push(next);
        }
        let reached = way.len() == steps.len() + 1;
        let last = way.last().and_then(|draft| draft.defined).filter(|_| reached);
        let want = match kind {
            "exists" => {
                let defined = last?;
                match (defined.min, defined.max) {
                    (_, Some(0)) => Want::Exists(false),
                    (Some(min), _) if min > 0 => Want::Exists(true),
                    _ => return None,
                }
            }
            "type" => Want::Of(last?.types.iter().map(|one| one.code.clone()).collect()),
            "profile" => {
                let urls = last?.types.iter().flat_map(|one| &one.profiles);
                let known: Option<Vec<usize>> = urls.map(|url| self.by_url.get(unversioned(url)).copied()).collect();
                Want::Keeps(known.filter(|known| !known.is_empty())?)
            }
            "value" | "pattern" => {
                let Some((depth, want)) = self.value(slice, &steps) else {
                    return Self::extension_test(slice, &steps);
                };
                return Some(Test { path: boxed(steps.get(..depth).unwrap_or_default()), want });
            }
            _ => return None,
        };
        Some(Test { path: boxed(&steps), want })
    }

    /// The nearest element on a way that says which value is wanted, and how many steps lead there.
    fn value(&mut self, draft: &Draft<'d>, steps: &[&str]) -> Option<(usize, Want)> {
        if let Some((step, rest)) = steps.split_first() {
            let named = |name: &&str| name.strip_suffix("[x]").unwrap_or(name) == *step;
            let next = draft.children.iter().find(|(name, _)| named(name)).map(|(_, next)| next);
            // A slice that must be there says as much as the element itself.
            let must = |slice: &&Draft<'d>| slice.defined.and_then(|defined| defined.min).is_some_and(|min| min > 0);
            let ways = next.into_iter().chain(next.into_iter().flat_map(|next| next.slices.values().filter(must)));
            for way in ways {
                if let Some((depth, want)) = self.value(way, rest) {
                    return Some((depth + 1, want));
                }
            }
        }
        let defined = draft.defined?;
        if let Some(fixed) = &defined.fixed {
            return Some((0, Want::Fixed(fixed.clone())));
        }
        if let Some(pattern) = &defined.pattern {
            return Some((0, Want::Pattern(pattern.clone())));
        }
        let required = defined.binding.as_ref().filter(|binding| &*binding.strength == "required")?;
        let number = self.bind(required.set.as_deref()?, &defined.id)?;
        Some((0, Want::Bound(number)))
    }

    /// An extension is told by the URL its profile fixes, which is the profile's own.
    fn extension_test(slice: &Draft<'d>, steps: &[&str]) -> Option<Test> {
        let [typed] = slice.defined?.types.as_slice() else { return None };
        let ([url], "Extension", ["url"]) = (typed.profiles.as_slice(), &*typed.code, steps) else { return None };
        let want = Want::Fixed(unversioned(url).into());
        Some(Test { path: vec!["url".into()], want })
    }

    /// Elements that are built as another is; what is asked of that one is not asked of them.
    fn contents(&mut self, definition: &Definition) {
        for element in definition.elements.iter().filter(|element| element.content.is_some()) {
            let target = element.content.as_deref().and_then(|content| content.rsplit('#').next()).unwrap_or_default();
            let below = format!("{target}.");
            let own = |constraint: &Constraint| !TOLD_BY_STRUCTURE.contains(&&*constraint.key);
            let asks =
                |other: &Defined| other.fixed.is_some() || other.pattern.is_some() || other.constraints.iter().any(own);
            if definition.elements.iter().any(|other| other.id.starts_with(&below) && asks(other)) {
                self.unevaluated(Asked::ContentReference, &element.id);
            }
        }
    }
}

/// A node without what R4 itself asks for; nothing where nothing is left.
fn pruned(mut node: Node, required: bool, repeats: bool) -> Option<Node> {
    if node.min <= u32::from(required) {
        node.min = 0;
    }
    if node.max == 1 && !repeats {
        node.max = u32::MAX;
    }
    (!node.is_empty()).then_some(node)
}
