//! Parts of a document that are disclosed apart: their digests take their place, and grants list them.
//!
//! In: a document and JSON pointers into it. Out: the document with `_sd` where its parts stood, and which digests a
//! recipient's grants are made of. Deeper parts go first, so that a part may stand inside a part.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::chance::Pool;
use super::{Part, RecipientDraft, SignError};

/// The digests of everything that can be granted.
#[derive(Default)]
pub(super) struct Granted {
    /// By evidence id.
    evidence: BTreeMap<String, String>,
    /// By evidence id and pointer.
    parts: BTreeMap<Part, String>,
}

impl Granted {
    pub(super) fn whole(&mut self, id: &str, digest: String) {
        self.evidence.insert(id.to_owned(), digest);
    }

    /// The digests of the documents.
    pub(super) fn evidence(&self) -> Vec<String> {
        self.evidence.values().cloned().collect()
    }

    /// Takes the parts of one document out of it. `value` is the disclosure's value, with its `document` inside.
    pub(super) fn separate(
        &mut self,
        id: &str,
        value: &mut Value,
        parts: &[Part],
        pool: &mut Pool<'_>,
    ) -> Result<(), SignError> {
        // Objects with parts, deepest first: by then no part of an outer one has been taken.
        let mut objects: BTreeMap<(std::cmp::Reverse<usize>, &str), Vec<&Part>> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.evidence == id) {
            let (object, _) = part.pointer.rsplit_once('/').ok_or(SignError::Part)?;
            objects.entry((std::cmp::Reverse(object.matches('/').count()), object)).or_default().push(part);
        }
        for ((_, object), mut parts) in objects {
            parts.sort_unstable();
            let mut digests = Vec::with_capacity(parts.len());
            for part in parts {
                let name = last_name(&part.pointer).ok_or(SignError::Part)?;
                let member = members(value, object).and_then(|members| members.remove(&name)).ok_or(SignError::Part)?;
                let digest = pool.disclose(Some(&name), &member)?;
                digests.push(digest.clone());
                self.parts.insert(part.clone(), digest);
            }
            let digests = pool.pad_to_power(digests)?.into_iter().map(Value::String).collect();
            members(value, object).ok_or(SignError::Part)?.insert("_sd".to_owned(), Value::Array(digests));
        }
        Ok(())
    }

    /// The sorted digests of what a recipient gets.
    pub(super) fn to(&self, recipient: &RecipientDraft) -> Result<Vec<String>, SignError> {
        let mut grants = Vec::with_capacity(recipient.evidence.len() + recipient.parts.len());
        for id in &recipient.evidence {
            grants.push(self.evidence.get(id).ok_or(SignError::UnknownEvidence)?.clone());
        }
        for part in &recipient.parts {
            let outer_granted =
                self.parts.keys().filter(|outer| holds(outer, part)).all(|outer| recipient.parts.contains(outer));
            if !outer_granted || !recipient.evidence.contains(&part.evidence) {
                return Err(SignError::Part);
            }
            grants.push(self.parts.get(part).ok_or(SignError::Part)?.clone());
        }
        grants.sort_unstable();
        Ok(grants)
    }
}

/// Whether a part stands inside another.
pub(super) fn holds(outer: &Part, inner: &Part) -> bool {
    let rest = inner.pointer.strip_prefix(outer.pointer.as_str());
    outer.evidence == inner.evidence && rest.is_some_and(|rest| rest.starts_with('/'))
}

/// A document without the parts a recipient does not get.
pub(super) fn without(mut document: Value, withheld: &[&Part]) -> Value {
    for part in withheld {
        let Some((object, _)) = part.pointer.rsplit_once('/') else { continue };
        let (Some(name), Some(Value::Object(members))) = (last_name(&part.pointer), document.pointer_mut(object))
        else {
            continue;
        };
        members.remove(&name);
    }
    document
}

/// The object at a pointer into the `document` of a disclosure's value.
fn members<'a>(value: &'a mut Value, pointer: &str) -> Option<&'a mut Map<String, Value>> {
    value.get_mut("document")?.pointer_mut(pointer)?.as_object_mut()
}

/// The last name of a JSON pointer, unescaped (RFC 6901 §4).
fn last_name(pointer: &str) -> Option<String> {
    let (_, name) = pointer.rsplit_once('/')?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests;
