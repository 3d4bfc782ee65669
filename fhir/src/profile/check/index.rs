//! The resources of an input by what refers to them: entries, contained resources and the root.

use std::collections::HashMap;

use serde_json::Value;

use crate::r4::Table;

/// A resource and where it stands.
pub(in crate::profile) struct Home<'v> {
    pub(super) value: &'v Value,
    /// Its type.
    pub(super) kind: &'v str,
    pub(super) place: String,
    /// The resource around it.
    pub(super) above: Option<usize>,
    /// `fullUrl` of its entry.
    full_url: Option<&'v str>,
}

impl<'v> Home<'v> {
    /// What `meta.profile` names, with the place in that list.
    pub(super) fn profiles(&self) -> impl Iterator<Item = (usize, &'v str)> + use<'v> {
        let list = self.value.get("meta").and_then(|meta| meta.get("profile")).and_then(Value::as_array);
        list.into_iter().flatten().enumerate().filter_map(|(place, one)| Some((place, one.as_str()?)))
    }
}

/// All resources of an input.
pub(super) struct Index<'v> {
    pub(super) homes: Vec<Home<'v>>,
    /// Values in the whole input.
    pub(super) values: u64,
    by_address: HashMap<usize, usize>,
    by_url: HashMap<&'v str, usize>,
    by_type_and_id: HashMap<(&'v str, &'v str), usize>,
    /// (container, id) of contained resources.
    contained: HashMap<(usize, &'v str), usize>,
    /// How many of a type stand in one resource.
    alike: HashMap<(Option<usize>, &'v str), usize>,
}

impl<'v> Index<'v> {
    pub(super) fn new(root: &'v Value) -> Self {
        let mut index = Self {
            homes: Vec::new(),
            values: count(root),
            by_address: HashMap::new(),
            by_url: HashMap::new(),
            by_type_and_id: HashMap::new(),
            contained: HashMap::new(),
            alike: HashMap::new(),
        };
        index.add(root, String::new(), None, None);
        index
    }

    fn add(&mut self, value: &'v Value, place: String, above: Option<usize>, full_url: Option<&'v str>) {
        // The type is looked up, so that what is not one is never repeated.
        let kind =
            value.get("resourceType").and_then(Value::as_str).filter(|kind| Table::r4().resource(kind).is_some());
        let Some(kind) = kind else { return };
        let number = self.homes.len();
        let place = if place.is_empty() { kind.to_owned() } else { place };
        self.by_address.insert(std::ptr::from_ref(value).addr(), number);
        *self.alike.entry((above, kind)).or_default() += 1;
        let id = value.get("id").and_then(Value::as_str);
        if let (Some(above), Some(id), None) = (above, id, full_url) {
            self.contained.entry((above, id)).or_insert(number);
        }
        if let Some(url) = full_url.filter(|url| !url.is_empty()) {
            self.by_url.entry(url).or_insert(number);
        }
        if let Some(id) = id.filter(|_| full_url.is_some() || above.is_none()) {
            self.by_type_and_id.entry((kind, id)).or_insert(number);
        }
        let list = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
        self.homes.push(Home { value, kind, place: place.clone(), above, full_url });
        for (index, inside) in list("contained") {
            self.add(inside, format!("{place}.contained[{index}]"), Some(number), None);
        }
        if kind == "Bundle" {
            for (index, entry) in list("entry") {
                let url = entry.get("fullUrl").and_then(Value::as_str).or(Some(""));
                if let Some(resource) = entry.get("resource") {
                    self.add(resource, format!("{place}.entry[{index}].resource"), Some(number), url);
                }
            }
        }
    }

    /// The resource that is this value.
    pub(super) fn of(&self, value: &Value) -> Option<(usize, &Home<'v>)> {
        let number = *self.by_address.get(&std::ptr::from_ref(value).addr())?;
        Some((number, self.homes.get(number)?))
    }

    /// Whether a resource is the only one of its type where it stands.
    pub(super) fn alone(&self, home: &Home<'v>) -> bool {
        self.alike.get(&(home.above, home.kind)) == Some(&1)
    }

    /// What a reference written in a resource leads to.
    pub(super) fn resolve(&self, reference: &str, home: &Home<'v>) -> Option<(usize, &Home<'v>)> {
        let found = |number: usize| Some((number, self.homes.get(number)?));
        if let Some(id) = reference.strip_prefix('#') {
            let (own, _) = self.of(home.value)?;
            // A contained resource refers to its container's as its own.
            let container = home.above.filter(|_| home.full_url.is_none());
            let inside = |container: usize| self.contained.get(&(container, id)).copied();
            return found(inside(own).or_else(|| container.and_then(inside))?);
        }
        let bare = reference.split(['#', '|']).next().unwrap_or_default();
        let bare = bare.split_once("/_history/").map_or(bare, |(bare, _)| bare);
        if let Some(number) = self.by_url.get(bare) {
            return found(*number);
        }
        let (kind, id) = bare.split_once('/').filter(|_| !bare.contains(':'))?;
        // Beside an entry with a URL of its own, `Type/id` is under the same base.
        let folder = home.full_url.and_then(|url| url.strip_suffix(&format!("/{}", home.value.get("id")?.as_str()?)));
        let server = folder.and_then(|folder| folder.strip_suffix(home.kind));
        let beside = server.and_then(|server| self.by_url.get(&*format!("{server}{bare}")));
        found(*beside.or_else(|| self.by_type_and_id.get(&(kind, id)))?)
    }

    /// The type a reference leads to: of the resource, or of the text where the resource is not here.
    pub(super) fn kind<'k>(&'k self, reference: &'k str, home: &Home<'v>) -> Option<&'k str> {
        if let Some((_, found)) = self.resolve(reference, home) {
            return Some(found.kind);
        }
        let bare = reference.split_once("/_history/").map_or(reference, |(bare, _)| bare);
        let mut steps = bare.rsplit('/');
        let (_id, kind) = (steps.next()?, steps.next()?);
        Table::r4().resource(kind).map(|_| kind)
    }
}

fn count(value: &Value) -> u64 {
    match value {
        Value::Object(members) => 1 + members.values().map(count).sum::<u64>(),
        Value::Array(items) => 1 + items.iter().map(count).sum::<u64>(),
        _ => 1,
    }
}
