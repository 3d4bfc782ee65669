//! Whether credentials answer a query (OpenID4VP 1.0 §6.4, §7), and which of their claims nobody asked for.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{ClaimQuery, CredentialQuery, PathElement, Query};
use crate::wallet::reason::Reason;
use crate::wallet::sdjwt::unfold::{Path, Step};

impl CredentialQuery {
    /// The claims that answer this query: all of them, or the first claim set that is whole (check Q1).
    ///
    /// # Errors
    /// [`Reason::QueryNotSatisfied`].
    pub fn satisfied_by(&self, claims: &Map<String, Value>) -> Result<Vec<&ClaimQuery>, Reason> {
        let there = |claim: &&ClaimQuery| claim.matches(claims);
        if self.claim_sets.is_empty() {
            let all: Vec<_> = self.claims.iter().collect();
            return if all.iter().all(there) { Ok(all) } else { Err(Reason::QueryNotSatisfied) };
        }
        let named = |id: &String| self.claims.iter().find(|claim| claim.id.as_ref() == Some(id));
        let sets = self.claim_sets.iter().filter_map(|set| set.iter().map(named).collect::<Option<Vec<_>>>());
        sets.into_iter().find(|set| set.iter().all(there)).ok_or(Reason::QueryNotSatisfied)
    }
}

impl ClaimQuery {
    fn matches(&self, claims: &Map<String, Value>) -> bool {
        let found = select(claims, &self.path);
        let wanted = |value: &&Value| self.values.is_empty() || self.values.contains(value);
        found.iter().any(wanted)
    }
}

impl Query {
    /// Whether the queries that were answered are enough (check T3).
    ///
    /// # Errors
    /// [`Reason::QueryNotSatisfied`].
    pub fn complete_with(&self, answered: &HashSet<&str>) -> Result<(), Reason> {
        let has = |id: &String| answered.contains(id.as_str());
        let enough = if self.credential_sets.is_empty() {
            self.credentials.iter().all(|one| has(&one.id))
        } else {
            let fits = |options: &Vec<Vec<String>>| options.iter().any(|option| option.iter().all(has));
            self.credential_sets.iter().all(|set| !set.required || fits(&set.options))
        };
        if enough { Ok(()) } else { Err(Reason::QueryNotSatisfied) }
    }
}

/// The values at a path; empty where it leads nowhere (§7.1.1).
#[must_use]
pub fn select<'a>(claims: &'a Map<String, Value>, path: &[PathElement]) -> Vec<&'a Value> {
    let Some((PathElement::Name(first), rest)) = path.split_first() else { return Vec::new() };
    let Some(start) = claims.get(first) else { return Vec::new() };
    rest.iter().fold(vec![start], |found, element| {
        let step = |value: &'a Value| -> Vec<&'a Value> {
            match (element, value) {
                (PathElement::Name(name), Value::Object(map)) => map.get(name).into_iter().collect(),
                (PathElement::Index(index), Value::Array(array)) => {
                    usize::try_from(*index).ok().and_then(|index| array.get(index)).into_iter().collect()
                }
                (PathElement::All, Value::Array(array)) => array.iter().collect(),
                _ => Vec::new(),
            }
        };
        found.into_iter().flat_map(step).collect()
    })
}

/// Takes out what was disclosed and not asked for, and names it (check Q1): nothing surplus is ever kept.
pub fn drop_surplus(claims: &mut Map<String, Value>, disclosed: &[Path], asked: &[&[PathElement]]) -> Vec<String> {
    let wanted = |path: &Path| asked.iter().any(|asked| asked.iter().zip(path).all(|(asked, step)| agree(asked, step)));
    let mut surplus: Vec<&Path> = disclosed.iter().filter(|path| !wanted(path)).collect();
    let names = surplus.iter().map(|path| written(path)).collect();
    // From the back, so that places in arrays stay what they are until they are used.
    surplus.sort_by_key(|path| std::cmp::Reverse(place(path)));
    for path in surplus {
        remove(claims, path);
    }
    names
}

/// Two steps agree where one claim may be on the way of both.
fn agree(asked: &PathElement, step: &Step) -> bool {
    match (asked, step) {
        (PathElement::Name(asked), Step::Name(name)) => asked == name,
        (PathElement::Index(asked), Step::Index(index)) => u64::try_from(*index).is_ok_and(|index| index == *asked),
        (PathElement::All, Step::Index(_)) => true,
        _ => false,
    }
}

/// A path in the order arrays are emptied.
fn place(path: &Path) -> Vec<(String, usize)> {
    let key = |step: &Step| match step {
        Step::Name(name) => (name.clone(), 0),
        Step::Index(index) => (String::new(), *index),
    };
    path.iter().map(key).collect()
}

/// A path as text, names joined by points.
fn written(path: &Path) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => name.clone(),
        Step::Index(index) => index.to_string(),
    };
    path.iter().map(step).collect::<Vec<_>>().join(".")
}

fn remove(claims: &mut Map<String, Value>, path: &Path) {
    let Some((Step::Name(first), rest)) = path.split_first() else { return };
    let Some((last, between)) = rest.split_last() else {
        claims.shift_remove(first);
        return;
    };
    let mut holder = claims.get_mut(first);
    for step in between {
        holder = holder.and_then(|value| match step {
            Step::Name(name) => value.get_mut(name),
            Step::Index(index) => value.get_mut(index),
        });
    }
    match (holder, last) {
        (Some(Value::Object(map)), Step::Name(name)) => {
            map.shift_remove(name);
        }
        (Some(Value::Array(array)), Step::Index(index)) if *index < array.len() => {
            array.remove(*index);
        }
        _ => {}
    }
}
