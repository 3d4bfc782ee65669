//! Value sets as far as the loaded packages hold their codes: a code is in, is not in, or cannot be told.
//!
//! In: the `ValueSet`s and `CodeSystem`s of all packages. Out: sorted lists, kept only for the sets that a rule asks
//! for. Nothing is looked up elsewhere, so a filter, or a code system that is not here whole, cannot be told.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::definition::unversioned;
use crate::taiwan::canonical;

/// Whether a code is in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
    Unknown,
}

/// The codes of one include or code system.
#[derive(Clone)]
enum Codes {
    /// All there are.
    All(Arc<[Box<str>]>),
    /// Some; whether another code belongs to them cannot be told.
    Some(Arc<[Box<str>]>),
    Unknown,
}

#[derive(Clone)]
struct Part {
    /// Nothing where it is not known which.
    system: Option<Box<str>>,
    codes: Codes,
}

/// One value set.
#[derive(Clone, Default)]
pub(super) struct Set {
    parts: Vec<Part>,
    without: Vec<Part>,
}

impl Part {
    fn holds(&self, system: Option<&str>, code: &str) -> Holds {
        if let (Some(own), Some(system)) = (self.system.as_deref(), system)
            && own != system
        {
            return Holds::No;
        }
        let listed = |codes: &[Box<str>]| codes.binary_search_by(|known| (**known).cmp(code)).is_ok();
        match &self.codes {
            Codes::All(codes) | Codes::Some(codes) if listed(codes) => Holds::Yes,
            Codes::All(_) => Holds::No,
            _ => Holds::Unknown,
        }
    }
}

impl Set {
    /// Whether a code is in the set; without a system, whether it is under any.
    pub(super) fn holds(&self, system: Option<&str>, code: &str) -> Holds {
        let mut answer = Holds::No;
        for part in &self.parts {
            match part.holds(system, code) {
                Holds::Yes => {
                    answer = Holds::Yes;
                    break;
                }
                Holds::Unknown => answer = Holds::Unknown,
                Holds::No => {}
            }
        }
        if answer == Holds::No {
            return answer;
        }
        match self.without.iter().map(|part| part.holds(system, code)).find(|holds| *holds != Holds::No) {
            Some(Holds::Yes) => Holds::No,
            Some(_) => Holds::Unknown,
            None => answer,
        }
    }

    /// Whether every code can be told.
    pub(super) fn whole(&self) -> bool {
        self.parts.iter().chain(&self.without).all(|part| matches!(part.codes, Codes::All(_)))
    }
}

/// What the packages say of codes.
#[derive(Default)]
pub(super) struct Terms {
    systems: HashMap<Box<str>, Codes>,
    sets: HashMap<Box<str>, Vec<Include>>,
    /// Codes kept.
    pub(super) codes: usize,
}

/// One include or exclude, before the others it names are known.
struct Include {
    exclude: bool,
    system: Option<Box<str>>,
    listed: Option<Arc<[Box<str>]>>,
    filtered: bool,
    sets: Vec<Box<str>>,
}

impl Terms {
    /// Takes what a resource says of codes.
    pub(super) fn take(&mut self, resource: &Value) {
        let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("resourceType") {
            "CodeSystem" => {
                let mut codes = Vec::new();
                concepts(resource, "concept", &mut codes);
                let codes = self.sorted(codes);
                let codes = if text("content") == "complete" { Codes::All(codes) } else { Codes::Some(codes) };
                self.systems.insert(canonical(text("url")).into(), codes);
            }
            "ValueSet" => {
                let includes = self.value_set(resource);
                self.sets.insert(text("url").into(), includes);
            }
            _ => {}
        }
    }

    fn value_set(&mut self, resource: &Value) -> Vec<Include> {
        let mut includes = Vec::new();
        if let Some(expansion) = resource.get("expansion") {
            let mut by_system: HashMap<String, Vec<Box<str>>> = HashMap::new();
            expanded(expansion, &mut by_system);
            for (system, codes) in by_system {
                let listed = Some(self.sorted(codes));
                let system = Some(canonical(&system).into());
                includes.push(Include { exclude: false, system, listed, filtered: false, sets: Vec::new() });
            }
            return includes;
        }
        for (part, exclude) in [("include", false), ("exclude", true)] {
            let all = resource.get("compose").and_then(|compose| compose.get(part)).and_then(Value::as_array);
            for include in all.into_iter().flatten().filter_map(Value::as_object) {
                let include = self.include(include, exclude);
                includes.push(include);
            }
        }
        includes
    }

    fn include(&mut self, include: &Map<String, Value>, exclude: bool) -> Include {
        let concepts = include.get("concept").and_then(Value::as_array);
        let listed = concepts.map(|concepts| {
            let codes = concepts.iter().filter_map(|concept| Some(concept.get("code")?.as_str()?.into())).collect();
            self.sorted(codes)
        });
        let sets = include.get("valueSet").and_then(Value::as_array).into_iter().flatten();
        Include {
            exclude,
            system: include.get("system").and_then(Value::as_str).map(|system| canonical(system).into()),
            listed,
            filtered: include.contains_key("filter"),
            sets: sets.filter_map(|set| Some(unversioned(set.as_str()?).into())).collect(),
        }
    }

    fn sorted(&mut self, mut codes: Vec<Box<str>>) -> Arc<[Box<str>]> {
        codes.sort_unstable();
        codes.dedup();
        self.codes += codes.len();
        codes.into()
    }

    /// The value set of a canonical; nothing where no package has it.
    pub(super) fn set(&self, url: &str) -> Option<Set> {
        let mut set = Set::default();
        self.gather(url, &mut set, 0).then_some(set)
    }

    fn gather(&self, url: &str, set: &mut Set, depth: usize) -> bool {
        // Sets that name one another in a ring, or one within another too deep, cannot be told.
        let unknown = || Part { system: None, codes: Codes::Unknown };
        let Some(includes) = self.sets.get(url) else { return false };
        if includes.is_empty() || depth > 8 {
            set.parts.push(unknown());
        }
        for include in includes.iter().take(if depth > 8 { 0 } else { usize::MAX }) {
            let into = if include.exclude { &mut set.without } else { &mut set.parts };
            if let ([other], None, false) = (include.sets.as_slice(), &include.system, include.exclude) {
                if !self.gather(other, set, depth + 1) {
                    set.parts.push(unknown());
                }
                continue;
            }
            let codes = match &include.listed {
                _ if include.filtered || !include.sets.is_empty() => Codes::Unknown,
                Some(listed) => Codes::All(Arc::clone(listed)),
                None => include
                    .system
                    .as_ref()
                    .and_then(|system| self.systems.get(system))
                    .cloned()
                    .unwrap_or(Codes::Unknown),
            };
            into.push(Part { system: include.system.clone(), codes });
        }
        true
    }
}

fn concepts(value: &Value, member: &str, into: &mut Vec<Box<str>>) {
    for concept in value.get(member).and_then(Value::as_array).into_iter().flatten() {
        into.extend(concept.get("code").and_then(Value::as_str).map(Into::into));
        concepts(concept, "concept", into);
    }
}

fn expanded(value: &Value, into: &mut HashMap<String, Vec<Box<str>>>) {
    for one in value.get("contains").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| one.get(name).and_then(Value::as_str);
        if let (Some(system), Some(code)) = (text("system"), text("code")) {
            into.entry(system.to_owned()).or_default().push(code.into());
        }
        expanded(one, into);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_in_or_not_or_cannot_be_told() {
        let mut terms = Terms::default();
        for resource in [
            json!({ "resourceType": "CodeSystem", "url": "urn:whole", "content": "complete",
                "concept": [{ "code": "a", "concept": [{ "code": "b" }] }] }),
            json!({ "resourceType": "CodeSystem", "url": "urn:part", "content": "fragment", "concept": [{ "code": "c" }] }),
            json!({ "resourceType": "ValueSet", "url": "urn:vs", "compose": { "include": [
                { "system": "urn:whole" }, { "system": "urn:part" }, { "system": "urn:listed", "concept": [{ "code": "d" }] },
                { "system": "urn:away" }, { "system": "urn:filtered", "filter": [{}] } ],
                "exclude": [{ "system": "urn:whole", "concept": [{ "code": "b" }] }] } }),
            json!({ "resourceType": "ValueSet", "url": "urn:outer", "compose": { "include": [{ "valueSet": ["urn:vs|1"] }] } }),
            json!({ "resourceType": "ValueSet", "url": "urn:ring", "compose": { "include": [{ "valueSet": ["urn:ring"] }] } }),
            json!({ "resourceType": "ValueSet", "url": "urn:done", "compose": {}, "expansion": { "contains": [
                { "system": "urn:x", "code": "x", "contains": [{ "system": "urn:x", "code": "y" }] }] } }),
        ] {
            terms.take(&resource);
        }
        for name in ["urn:vs", "urn:outer"] {
            let set = terms.set(name).unwrap();
            assert!(!set.whole());
            for (system, code, holds) in [
                (Some("urn:whole"), "a", Holds::Yes),
                (Some("urn:whole"), "b", Holds::No),
                (Some("urn:whole"), "c", Holds::No),
                (Some("urn:part"), "c", Holds::Yes),
                (Some("urn:part"), "z", Holds::Unknown),
                (Some("urn:listed"), "d", Holds::Yes),
                (Some("urn:listed"), "e", Holds::No),
                (Some("urn:away"), "e", Holds::Unknown),
                (Some("urn:filtered"), "e", Holds::Unknown),
                (Some("urn:nobody"), "a", Holds::No),
                (None, "d", Holds::Yes),
            ] {
                assert_eq!(set.holds(system, code), holds, "{system:?} {code}");
            }
        }
        assert_eq!(terms.set("urn:ring").unwrap().holds(None, "a"), Holds::Unknown);
        let done = terms.set("urn:done").unwrap();
        assert!(done.whole() && done.holds(Some("urn:x"), "y") == Holds::Yes);
        assert!(terms.set("urn:none").is_none());
    }
}
