//! One value against what is wanted of it: a pattern, a value set, what tells a slice.

use serde_json::Value;

use super::{Check, Item};
use crate::profile::rule::{Test, Want};
use crate::profile::terms::{Holds, Set};

/// Whether a value has everything a pattern says (ElementDefinition.pattern\[x\]): more is allowed, less is not.
pub(super) fn contains(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(value), Value::Object(pattern)) => {
            pattern.iter().all(|(name, pattern)| value.get(name).is_some_and(|value| contains(value, pattern)))
        }
        (Value::Array(values), Value::Array(patterns)) => {
            patterns.iter().all(|pattern| values.iter().any(|value| contains(value, pattern)))
        }
        (Value::Number(value), Value::Number(pattern)) => value.as_f64() == pattern.as_f64(),
        (value, pattern) => value == pattern,
    }
}

/// Whether a coded value is in a value set; nothing where that cannot be told.
pub(super) fn bound(set: &Set, item: &Item<'_>) -> Option<bool> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let coding = |coding: &Value| match text(coding, "code") {
        Some(code) => set.holds(text(coding, "system").as_deref(), &code),
        None => Holds::No,
    };
    let holds = match item.value? {
        Value::String(code) => set.holds(None, code),
        value @ Value::Object(members) => match members.get("coding").and_then(Value::as_array) {
            Some(codings) => {
                let mut all = codings.iter().map(coding).collect::<Vec<_>>();
                all.sort_by_key(|holds| match holds {
                    Holds::Yes => 0,
                    Holds::Unknown => 1,
                    Holds::No => 2,
                });
                all.first().copied().unwrap_or(Holds::No)
            }
            // A Coding or Quantity has its code itself; a concept in words alone has none.
            None if item.of == "CodeableConcept" || members.contains_key("code") => coding(value),
            None => return None,
        },
        _ => return None,
    };
    match holds {
        Holds::Yes => Some(true),
        Holds::No => Some(false),
        Holds::Unknown => None,
    }
}

/// Whether a test tells an occurrence; nothing where that cannot be told. `kept` answers for resources and profiles.
pub(super) fn tells<'v>(
    check: &Check<'_, 'v>,
    test: &Test,
    item: &Item<'v>,
    kept: &dyn Fn(&'v Value, &[usize]) -> bool,
) -> Option<bool> {
    let mut reached = Vec::new();
    reach(item, &test.path, &mut reached);
    let any = |fits: &dyn Fn(&Item<'v>) -> Option<bool>| {
        let mut told = Some(false);
        for item in &reached {
            match fits(item) {
                Some(true) => return Some(true),
                None => told = None,
                Some(false) => {}
            }
        }
        told
    };
    match &test.want {
        Want::Fixed(fixed) => any(&|item| Some(item.value == Some(fixed))),
        Want::Pattern(pattern) => any(&|item| Some(item.value.is_some_and(|value| contains(value, pattern)))),
        Want::Bound(number) => {
            let set = check.rules.sets.get(*number)?;
            any(&|item| bound(set, item))
        }
        Want::Of(types) => any(&|item| Some(types.iter().any(|of| **of == *item.of))),
        Want::Exists(wanted) => Some(reached.is_empty() != *wanted),
        Want::Keeps(profiles) => any(&|item| Some(item.value.is_some_and(|value| kept(value, profiles)))),
    }
}

/// What lies at the end of a way from an occurrence.
fn reach<'v>(item: &Item<'v>, path: &[Box<str>], into: &mut Vec<Item<'v>>) {
    let Some((first, rest)) = path.split_first() else {
        into.push(*item);
        return;
    };
    let Some(object) = item.value.and_then(Value::as_object).or(item.beside) else { return };
    // A choice is reached by its bare name.
    let found = object.get_key_value(&**first).or_else(|| {
        object.iter().find(|(name, _)| {
            name.strip_prefix(&**first).is_some_and(|of| of.starts_with(|sign: char| sign.is_ascii_uppercase()))
        })
    });
    let Some((name, value)) = found else { return };
    let of = name.strip_prefix(&**first).unwrap_or_default();
    let one = |value: &'v Value| Item { value: Some(value), beside: None, name, of, index: None };
    match value {
        Value::Array(items) => items.iter().for_each(|value| reach(&one(value), rest, into)),
        value => reach(&one(value), rest, into),
    }
}

/// `value` of `valueQuantity`, where the rest is the type.
pub(super) fn has_member_of<'n>(name: &'n str, of: &str) -> Option<&'n str> {
    let split = name.len().checked_sub(of.len())?;
    let (bare, rest) = name.split_at_checked(split)?;
    rest.eq_ignore_ascii_case(of).then_some(bare)
}
