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
    payload: Map<String, Value>,
    disclosures: Vec<Disclosure>,
) -> Result<Map<String, Value>, Mismatch> {
    let count = disclosures.len();
    let open: HashMap<String, Disclosure> = disclosures.into_iter().map(|one| (one.digest.clone(), one)).collect();
    if open.len() != count {
        return Err(Mismatch::Twice);
    }
    let mut walk = Walk { open, seen: HashSet::new() };
    let unfolded = walk.object(payload, UNFOLDED_DEPTH)?;
    if walk.open.is_empty() { Ok(unfolded) } else { Err(Mismatch::Nowhere) }
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

    fn value(&mut self, value: Value, depth: usize) -> Result<Value, Mismatch> {
        match value {
            Value::Object(map) => self.object(map, depth.checked_sub(1).ok_or(Mismatch::Nowhere)?).map(Value::Object),
            Value::Array(array) => self.array(array, depth.checked_sub(1).ok_or(Mismatch::Nowhere)?).map(Value::Array),
            plain => Ok(plain),
        }
    }

    fn object(&mut self, mut map: Map<String, Value>, depth: usize) -> Result<Map<String, Value>, Mismatch> {
        let digests = match map.remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(Mismatch::Nowhere),
        };
        let mut unfolded = Map::new();
        for (name, value) in map {
            if is_reserved(&name) {
                return Err(Mismatch::Nowhere);
            }
            let value = self.value(value, depth)?;
            unfolded.insert(name, value);
        }
        for digest in digests {
            let Some(disclosure) = self.take(digest)? else { continue };
            let name = disclosure.name.ok_or(Mismatch::Nowhere)?;
            if unfolded.contains_key(&name) {
                return Err(Mismatch::Twice);
            }
            let value = self.value(disclosure.value, depth)?;
            unfolded.insert(name, value);
        }
        Ok(unfolded)
    }

    fn array(&mut self, array: Vec<Value>, depth: usize) -> Result<Vec<Value>, Mismatch> {
        let mut unfolded = Vec::with_capacity(array.len());
        for element in array {
            let value = match digest_of(element)? {
                Element::Plain(value) => value,
                Element::Digest(digest) => match self.take(digest)? {
                    None => continue,
                    Some(Disclosure { name: None, value, .. }) => value,
                    Some(_) => return Err(Mismatch::Nowhere),
                },
            };
            unfolded.push(self.value(value, depth)?);
        }
        Ok(unfolded)
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
