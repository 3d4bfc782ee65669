//! A FHIRPath expression over JSON: collections in, collections out, as FHIRPath N1 §5 and §6 say.
//!
//! Must end soon whatever the input: each thing touched is counted, and beyond the count everything is empty.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Call, Expression, Operator};
use crate::moment::Moment;
use crate::r4::{Primitive, Table};

/// One thing of a collection.
#[derive(Clone)]
pub(in crate::profile) enum Thing<'v> {
    /// An element: its value, what stands beside a primitive, and its type where that is known.
    Node {
        value: Option<&'v Value>,
        beside: Option<&'v Map<String, Value>>,
        of: &'v str,
    },
    Text(Cow<'v, str>),
    Number(f64),
    Bool(bool),
}

/// Where an expression is evaluated.
pub(in crate::profile) struct Scope<'s, 'v> {
    /// The resource the element belongs to.
    pub(in crate::profile) root: &'v Value,
    /// What a reference leads to in the input.
    pub(in crate::profile) resolve: &'s dyn Fn(&'v str) -> Option<&'v Value>,
    /// How much more may be touched.
    pub(in crate::profile) fuel: &'s Cell<u64>,
}

type Things<'v> = Vec<Thing<'v>>;

impl<'v> Thing<'v> {
    fn scalar(&self) -> Option<Thing<'v>> {
        match self {
            Self::Node { value, .. } => match value {
                Some(Value::String(text)) => Some(Thing::Text(Cow::Borrowed(text))),
                Some(Value::Number(number)) => number.as_f64().map(Thing::Number),
                Some(Value::Bool(truth)) => Some(Thing::Bool(*truth)),
                _ => None,
            },
            other => Some(other.clone()),
        }
    }

    fn text(&self) -> Option<Cow<'v, str>> {
        match self.scalar()? {
            Thing::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether two things are one value.
    fn equals(&self, other: &Self) -> bool {
        match (self.scalar(), other.scalar()) {
            (Some(Thing::Text(one)), Some(Thing::Text(other))) => one == other,
            (Some(Thing::Number(one)), Some(Thing::Number(other))) => (one - other).abs() < f64::EPSILON,
            (Some(Thing::Bool(one)), Some(Thing::Bool(other))) => one == other,
            (None, None) => match (self, other) {
                (Self::Node { value: one, .. }, Self::Node { value: other, .. }) => one.is_some() && one == other,
                _ => false,
            },
            _ => false,
        }
    }

    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self.scalar()?, other.scalar()?) {
            (Thing::Number(one), Thing::Number(other)) => one.partial_cmp(&other),
            (Thing::Text(one), Thing::Text(other)) => {
                let moments = (one.parse::<Moment>().ok(), other.parse::<Moment>().ok());
                match moments {
                    (Some(Moment { instant: Some(one), .. }), Some(Moment { instant: Some(other), .. })) => {
                        Some(one.cmp(&other))
                    }
                    (
                        Some(Moment { day: Some(one), instant: None, .. }),
                        Some(Moment { day: Some(other), instant: None, .. }),
                    ) => Some(one.cmp(&other)),
                    // Two precisions cannot be compared.
                    (Some(_), Some(_)) => None,
                    _ => Some(one.cmp(&other)),
                }
            }
            _ => None,
        }
    }

    fn is(&self, of: &str) -> bool {
        let Self::Node { value, of: own, .. } = self else {
            return matches!(
                (self, of),
                (Self::Text(_), "string" | "String")
                    | (Self::Bool(_), "boolean" | "Boolean")
                    | (Self::Number(_), "integer" | "Integer" | "decimal" | "Decimal")
            );
        };
        let resource = value.and_then(|value| value.get("resourceType")).and_then(Value::as_str);
        resource.map_or(*own == of, |resource| resource == of || matches!(of, "Resource" | "DomainResource"))
    }
}

impl Expression {
    /// Whether the constraint does not hold for a thing. What cannot be told (empty) holds.
    pub(in crate::profile) fn fails<'v>(&self, this: &Thing<'v>, scope: &Scope<'_, 'v>) -> bool {
        truth(&self.evaluate(this, scope)) == Some(false)
    }

    fn evaluate<'v>(&self, this: &Thing<'v>, scope: &Scope<'_, 'v>) -> Things<'v> {
        let Some(left) = scope.fuel.get().checked_sub(1) else { return Vec::new() };
        scope.fuel.set(left);
        match self {
            Self::This => vec![this.clone()],
            Self::Resource => vec![Thing::Node { value: Some(scope.root), beside: None, of: "" }],
            // The expression outlives no input, so its own texts are copied; they are short and few.
            Self::Text(text) => vec![Thing::Text(Cow::Owned(text.to_string()))],
            Self::Number(number) => vec![Thing::Number(*number)],
            Self::Bool(truth) => vec![Thing::Bool(*truth)],
            Self::Empty => Vec::new(),
            Self::Member(before, name) => {
                // A path may begin with the type it is about.
                if matches!(**before, Self::This) && name.starts_with(|first: char| first.is_ascii_uppercase()) {
                    return if this.is(name) { vec![this.clone()] } else { Vec::new() };
                }
                let mut found = Vec::new();
                for thing in before.evaluate(this, scope) {
                    members(&thing, name, scope, &mut found);
                }
                found
            }
            Self::Item(before, index) => before.evaluate(this, scope).into_iter().nth(*index).into_iter().collect(),
            Self::Is(before, of) => match before.evaluate(this, scope).as_slice() {
                [one] => vec![Thing::Bool(one.is(of))],
                _ => Vec::new(),
            },
            Self::As(before, of) => before.evaluate(this, scope).into_iter().filter(|thing| thing.is(of)).collect(),
            Self::Call(before, call) => call.evaluate(before.evaluate(this, scope), this, scope),
            Self::Binary(left, operator, right) => operator.evaluate(left, right, this, scope),
        }
    }
}

impl Call {
    fn evaluate<'v>(&self, before: Things<'v>, this: &Thing<'v>, scope: &Scope<'_, 'v>) -> Things<'v> {
        let yes = |criterion: &Expression, thing: &Thing<'v>| truth(&criterion.evaluate(thing, scope)) == Some(true);
        let text = |argument: &Expression, test: fn(&str, &str) -> bool| -> Things<'v> {
            match (before.as_slice(), argument.evaluate(this, scope).as_slice()) {
                ([one], [other]) => match (one.text(), other.text()) {
                    (Some(one), Some(other)) => vec![Thing::Bool(test(&one, &other))],
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            }
        };
        let bool = |truth: bool| vec![Thing::Bool(truth)];
        match self {
            Self::Exists(None) => bool(!before.is_empty()),
            Self::Exists(Some(criterion)) => bool(before.iter().any(|thing| yes(criterion, thing))),
            Self::Empty => bool(before.is_empty()),
            Self::Not => truth(&before).map(|truth| Thing::Bool(!truth)).into_iter().collect(),
            Self::Where(criterion) => before.into_iter().filter(|thing| yes(criterion, thing)).collect(),
            Self::All(criterion) => bool(before.iter().all(|thing| yes(criterion, thing))),
            Self::Select(projection) => before.iter().flat_map(|thing| projection.evaluate(thing, scope)).collect(),
            Self::Count => u32::try_from(before.len()).map(|count| Thing::Number(count.into())).into_iter().collect(),
            Self::First => before.into_iter().take(1).collect(),
            Self::HasValue => bool(matches!(before.as_slice(), [one] if one.scalar().is_some())),
            Self::IsDistinct => bool(distinct(&before, scope)),
            Self::AllTrue => bool(before.iter().all(|thing| matches!(thing.scalar(), Some(Thing::Bool(true))))),
            Self::Length => match before.as_slice() {
                [one] => one
                    .text()
                    .and_then(|text| u32::try_from(text.chars().count()).ok())
                    .map(|count| Thing::Number(count.into()))
                    .into_iter()
                    .collect(),
                _ => Vec::new(),
            },
            Self::ToText => match before.as_slice() {
                [one] => one.text().map(Thing::Text).into_iter().collect(),
                _ => Vec::new(),
            },
            Self::Resolve => before.iter().filter_map(|thing| resolve(thing, scope)).collect(),
            Self::Contains(other) => text(other, |one, other| one.contains(other)),
            Self::StartsWith(other) => text(other, |one, other| one.starts_with(other)),
            Self::EndsWith(other) => text(other, |one, other| one.ends_with(other)),
            Self::Intersect(other) => {
                let other = other.evaluate(this, scope);
                burn(scope, before.len().saturating_mul(other.len()));
                before.into_iter().filter(|one| other.iter().any(|other| one.equals(other))).collect()
            }
            Self::Matches(pattern) => match before.as_slice() {
                [one] => one
                    .text()
                    .and_then(|text| {
                        burn(scope, text.len());
                        pattern.matches(&text)
                    })
                    .map(Thing::Bool)
                    .into_iter()
                    .collect(),
                _ => Vec::new(),
            },
            Self::Extension(url) => {
                let mut found = Vec::new();
                for thing in &before {
                    members(thing, "extension", scope, &mut found);
                }
                found.retain(|thing| matches!(thing, Thing::Node { value: Some(value), .. } if value.get("url").and_then(Value::as_str) == Some(url)));
                found
            }
            Self::OfType(of) => before.into_iter().filter(|thing| thing.is(of)).collect(),
        }
    }
}

impl Operator {
    fn evaluate<'v>(
        self,
        left: &Expression,
        right: &Expression,
        this: &Thing<'v>,
        scope: &Scope<'_, 'v>,
    ) -> Things<'v> {
        let one = left.evaluate(this, scope);
        let logic = |found: Option<bool>| found.map(Thing::Bool).into_iter().collect();
        if matches!(self, Self::Implies | Self::Or | Self::Xor | Self::And) {
            let first = truth(&one);
            // What decides alone spares the other side.
            match (self, first) {
                (Self::Implies, Some(false)) | (Self::Or, Some(true)) => return logic(Some(true)),
                (Self::And, Some(false)) => return logic(Some(false)),
                _ => {}
            }
            let second = truth(&right.evaluate(this, scope));
            return logic(match (self, first, second) {
                (Self::Implies, Some(true), second) => second,
                (Self::Implies | Self::Or, _, Some(true)) => Some(true),
                (Self::And, _, Some(false)) => Some(false),
                (Self::Or | Self::And, Some(_), second) => second,
                (Self::Xor, Some(first), Some(second)) => Some(first != second),
                _ => None,
            });
        }
        let other = right.evaluate(this, scope);
        burn(scope, one.len().saturating_mul(other.len()));
        match self {
            Self::Union => {
                let mut all = one;
                all.extend(other);
                all
            }
            Self::Add => match (one.first().and_then(Thing::scalar), other.first().and_then(Thing::scalar)) {
                (Some(Thing::Number(one)), Some(Thing::Number(other))) => vec![Thing::Number(one + other)],
                (Some(Thing::Text(one)), Some(Thing::Text(other))) => vec![Thing::Text(one + other)],
                _ => Vec::new(),
            },
            Self::Concatenate => match (one.as_slice(), other.as_slice()) {
                ([] | [_], [] | [_]) => {
                    let part =
                        |things: &[Thing<'v>]| things.first().and_then(Thing::text).unwrap_or_default().into_owned();
                    vec![Thing::Text(Cow::Owned(part(&one) + &part(&other)))]
                }
                _ => Vec::new(),
            },
            _ if one.is_empty() || other.is_empty() && self != Self::In => Vec::new(),
            Self::In => match one.as_slice() {
                [one] => logic(Some(other.iter().any(|other| one.equals(other)))),
                _ => Vec::new(),
            },
            Self::Contains => match other.as_slice() {
                [other] => logic(Some(one.iter().any(|one| one.equals(other)))),
                _ => Vec::new(),
            },
            Self::Equal | Self::Unequal => {
                let same = one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| one.equals(other));
                logic(Some(same == (self == Self::Equal)))
            }
            _ => match (one.as_slice(), other.as_slice()) {
                ([one], [other]) => logic(one.order(other).map(|order| match self {
                    Self::Less => order.is_lt(),
                    Self::LessOrEqual => order.is_le(),
                    Self::Greater => order.is_gt(),
                    _ => order.is_ge(),
                })),
                _ => Vec::new(),
            },
        }
    }
}

/// The members of a name; of a choice, the one form that is there.
fn members<'v>(thing: &Thing<'v>, name: &str, scope: &Scope<'_, 'v>, into: &mut Things<'v>) {
    let Thing::Node { value, beside, .. } = thing else { return };
    // What stands beside a primitive is reached as if it were inside.
    let Some(object) = value.and_then(Value::as_object).or(*beside) else { return };
    if let Some(value) = object.get(name) {
        return push(value, object.get(&format!("_{name}")), "", scope, into);
    }
    for (key, value) in object {
        let Some(of) = key.strip_prefix(name).filter(|of| of.starts_with(|first: char| first.is_ascii_uppercase()))
        else {
            continue;
        };
        let (first, rest) = of.split_at(1);
        let primitive = Primitive::named(&format!("{}{rest}", first.to_ascii_lowercase())).map(Primitive::name);
        let complex = Table::r4().named(of).filter(|shape| !shape.resource).map(|_| of);
        if let Some(of) = primitive.or(complex) {
            return push(value, object.get(&format!("_{key}")), of, scope, into);
        }
    }
    if let Some(beside @ Value::Object(_)) = object.get(&format!("_{name}")) {
        into.push(Thing::Node { value: None, beside: beside.as_object(), of: "" });
    }
}

fn push<'v>(value: &'v Value, beside: Option<&'v Value>, of: &'v str, scope: &Scope<'_, 'v>, into: &mut Things<'v>) {
    match value {
        Value::Array(items) => {
            burn(scope, items.len());
            let besides = beside.and_then(Value::as_array);
            for (index, item) in items.iter().enumerate() {
                let beside = besides.and_then(|besides| besides.get(index)?.as_object());
                let value = Some(item).filter(|item| !item.is_null());
                if value.is_some() || beside.is_some() {
                    into.push(Thing::Node { value, beside, of });
                }
            }
        }
        Value::Null => {}
        value => into.push(Thing::Node { value: Some(value), beside: beside.and_then(Value::as_object), of }),
    }
}

fn resolve<'v>(thing: &Thing<'v>, scope: &Scope<'_, 'v>) -> Option<Thing<'v>> {
    let Thing::Node { value: Some(value), .. } = thing else { return None };
    let reference = value.as_str().or_else(|| value.get("reference")?.as_str())?;
    Some(Thing::Node { value: Some((scope.resolve)(reference)?), beside: None, of: "" })
}

fn distinct<'v>(things: &[Thing<'v>], scope: &Scope<'_, 'v>) -> bool {
    let texts: Option<Vec<Cow<'v, str>>> = things.iter().map(Thing::text).collect();
    if let Some(mut texts) = texts {
        texts.sort_unstable();
        return texts.windows(2).all(|pair| pair.first() != pair.last());
    }
    burn(scope, things.len().saturating_mul(things.len()));
    scope.fuel.get() == 0
        || things.iter().enumerate().all(|(at, one)| !things.iter().skip(at + 1).any(|other| one.equals(other)))
}

/// Counts work.
fn burn(scope: &Scope<'_, '_>, work: usize) {
    scope.fuel.set(scope.fuel.get().saturating_sub(u64::try_from(work).unwrap_or(u64::MAX)));
}

/// A collection as true, false, or empty; one thing that is no truth value is true (FHIRPath §4.5).
fn truth(things: &[Thing<'_>]) -> Option<bool> {
    match things {
        [one] => Some(!matches!(one.scalar(), Some(Thing::Bool(false)))),
        _ => None,
    }
}
