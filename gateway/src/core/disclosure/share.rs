//! What of one document a grant leaves: patterns become places of that document.
//!
//! In: a document as JSON and patterns (JSON pointers with `*`). Out: pointers that exist in it, or the document without
//! them. Must not know: who asks.

use std::collections::BTreeSet;

use serde_json::Value;

/// The members of a document that patterns name, as its own JSON pointers.
#[must_use]
pub fn places<'a>(document: &Value, patterns: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let mut here = vec![(String::new(), document)];
        for step in pattern.split('/').skip(1) {
            here = here.into_iter().flat_map(|(pointer, value)| steps(&pointer, value, step)).collect();
        }
        found.extend(here.into_iter().map(|(pointer, _)| pointer).filter(|pointer| !pointer.is_empty()));
    }
    found
}

fn steps<'a>(pointer: &str, value: &'a Value, step: &str) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(elements) if step == "*" => {
            elements.iter().enumerate().map(|(place, one)| (format!("{pointer}/{place}"), one)).collect()
        }
        Value::Object(members) => {
            let name = step.replace("~1", "/").replace("~0", "~");
            members.get(&name).map(|one| (format!("{pointer}/{step}"), one)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// A document without some of its members.
#[must_use]
pub fn without(mut document: Value, places: &BTreeSet<String>) -> Value {
    for place in places {
        let Some((object, step)) = place.rsplit_once('/') else { continue };
        if let Some(Value::Object(members)) = document.pointer_mut(object) {
            let name = step.replace("~1", "/").replace("~0", "~");
            // Not `remove`, which may move another member: what is left keeps its order, and so its digest.
            members.retain(|known, _| *known != name);
        }
    }
    document
}

/// Whether a place is one of some places, or stands inside one.
#[must_use]
pub fn is_within(place: &str, places: &BTreeSet<String>) -> bool {
    let ends = place.match_indices('/').map(|(at, _)| at).skip(1).chain([place.len()]);
    ends.filter_map(|end| place.get(..end)).any(|outer| places.contains(outer))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_become_places_and_places_go() {
        let document = json!({ "a": { "b": 1, "c": 2 }, "list": [{ "x": 1 }, { "y": 2 }, { "x": 3 }] });
        let found = places(&document, ["/a/b", "/list/*/x", "/none", "/a/b/c", "/list/*", "/a/*"]);
        let expected = ["/a/b", "/list/0", "/list/0/x", "/list/1", "/list/2", "/list/2/x"];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        let gone = places(&document, ["/a/b", "/list/*/x"]);
        assert_eq!(without(document, &gone), json!({ "a": { "c": 2 }, "list": [{}, { "y": 2 }, {}] }));
    }

    #[test]
    fn a_place_is_within_itself_and_what_is_around_it() {
        let places = BTreeSet::from(["/visit".to_owned(), "/list/0/x".to_owned()]);
        for inside in ["/visit", "/visit/start", "/list/0/x", "/list/0/x/y"] {
            assert!(is_within(inside, &places), "{inside}");
        }
        for outside in ["/visits", "/list", "/list/0", "/list/1/x"] {
            assert!(!is_within(outside, &places), "{outside}");
        }
    }
}
