//! Puts every disclosure in the place its digest stands (RFC 9901 §7.1), nested ones too.
//!
//! In: the signed payload and the disclosures. Out: the payload without digests. Refuses whatever stands
//! twice, overwrites a member, or belongs nowhere. Knows nothing of recipients.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::disclosure::{Disclosure, is_reserved};
use crate::limits::UNFOLDED_DEPTH;

/// Why the payload and the disclosures do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// A digest, a disclosure or a name stands twice.
    Twice,
    /// A disclosure belongs nowhere or to the wrong kind of place, a digest is no text, or the whole nests too deep.
    Nowhere,
}

/// Replaces digests by what they disclose; digests of nothing disclosed (decoys among them) are dropped.
///
/// # Errors
/// [`Mismatch`].
pub(crate) fn unfold(
    mut payload: Map<String, Value>,
    disclosures: Vec<Disclosure>,
) -> Result<Map<String, Value>, Mismatch> {
    let count = disclosures.len();
    let open: HashMap<String, Disclosure> = disclosures.into_iter().map(|one| (one.digest.clone(), one)).collect();
    if open.len() != count {
        return Err(Mismatch::Twice);
    }
    let mut walk = Walk { open, seen: HashSet::new() };
    walk.object(&mut payload, UNFOLDED_DEPTH)?;
    if walk.open.is_empty() { Ok(payload) } else { Err(Mismatch::Nowhere) }
}

struct Walk {
    /// Disclosures not yet put in a place.
    open: HashMap<String, Disclosure>,
    /// Every digest met so far.
    seen: HashSet<String>,
}

impl Walk {
    /// The disclosure of a digest, if it was disclosed.
    fn take(&mut self, digest: Value) -> Result<Option<Disclosure>, Mismatch> {
        let Value::String(digest) = digest else { return Err(Mismatch::Nowhere) };
        let disclosure = self.open.remove(&digest);
        if self.seen.insert(digest) { Ok(disclosure) } else { Err(Mismatch::Twice) }
    }

    fn value(&mut self, value: &mut Value, depth: usize) -> Result<(), Mismatch> {
        match value {
            Value::Object(map) => self.object(map, depth.checked_sub(1).ok_or(Mismatch::Nowhere)?),
            Value::Array(array) => self.array(array, depth.checked_sub(1).ok_or(Mismatch::Nowhere)?),
            _ => Ok(()),
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>, depth: usize) -> Result<(), Mismatch> {
        let digests = match map.remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(Mismatch::Nowhere),
        };
        for (name, value) in map.iter_mut() {
            if is_reserved(name) {
                return Err(Mismatch::Nowhere);
            }
            self.value(value, depth)?;
        }
        for digest in digests {
            let Some(mut disclosure) = self.take(digest)? else { continue };
            let name = disclosure.name.ok_or(Mismatch::Nowhere)?;
            self.value(&mut disclosure.value, depth)?;
            if map.insert(name, disclosure.value).is_some() {
                return Err(Mismatch::Twice);
            }
        }
        Ok(())
    }

    fn array(&mut self, array: &mut Vec<Value>, depth: usize) -> Result<(), Mismatch> {
        if array.iter().any(|element| element.get("...").is_some()) {
            for element in std::mem::take(array) {
                match digest_of(element)? {
                    Element::Plain(value) => array.push(value),
                    Element::Digest(digest) => match self.take(digest)? {
                        None => {}
                        Some(Disclosure { name: None, value, .. }) => array.push(value),
                        Some(_) => return Err(Mismatch::Nowhere),
                    },
                }
            }
        }
        array.iter_mut().try_for_each(|element| self.value(element, depth))
    }
}

enum Element {
    Plain(Value),
    Digest(Value),
}

/// An array element is a digest when it is exactly `{ "...": digest }`.
fn digest_of(element: Value) -> Result<Element, Mismatch> {
    match element {
        Value::Object(mut map) if map.contains_key("...") => match (map.len(), map.remove("...")) {
            (1, Some(digest)) => Ok(Element::Digest(digest)),
            _ => Err(Mismatch::Nowhere),
        },
        plain => Ok(Element::Plain(plain)),
    }
}

#[cfg(test)]
mod tests;
