//! Puts every disclosure where its digest stands (RFC 9901 §7.1): nested ones, array elements, decoys dropped.
//!
//! In: the signed payload and the disclosures. Out: the payload without digests, which claims were disclosed, and where
//! something could have been hidden. Refuses what stands twice, collides, or belongs nowhere.

use std::collections::{HashMap, HashSet};

use claimgate_packet::opaque_debug;
use serde_json::{Map, Value};

use super::disclosure::{Disclosure, is_reserved};
use crate::wallet::limits::DEPTH;
use crate::wallet::reason::Reason;

/// One step of a path through claims.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into an object.
    Name(String),
    /// Into an array, from 0.
    Index(usize),
}

/// Where a claim stands.
pub type Path = Vec<Step>;

/// A payload with its disclosures in place.
pub struct Unfolded {
    /// The claims.
    pub claims: Map<String, Value>,
    /// The claims that came by a disclosure, outer ones first.
    pub disclosed: Vec<Path>,
    /// The objects and arrays that hold digests, disclosed or not: what stands in them could have been hidden.
    pub concealing: Vec<Path>,
}

opaque_debug!(Unfolded);

/// Where a credential says by which algorithm its digests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmAt {
    /// At the top (RFC 9901 §4.1.1).
    Top,
    /// In `vc.credentialSubject`, as TWDIW has it.
    CredentialSubject,
}

/// Takes `_sd_alg` out and checks it; absent means `sha-256`.
///
/// # Errors
/// [`Reason::SdAlgUnsupported`].
pub fn check_algorithm(payload: &mut Map<String, Value>, at: AlgorithmAt) -> Result<(), Reason> {
    let holder = match at {
        AlgorithmAt::Top => Some(payload),
        AlgorithmAt::CredentialSubject => {
            payload.get_mut("vc").and_then(|vc| vc.get_mut("credentialSubject")).and_then(Value::as_object_mut)
        }
    };
    match holder.and_then(|holder| holder.shift_remove("_sd_alg")) {
        None => Ok(()),
        Some(Value::String(algorithm)) if algorithm == "sha-256" => Ok(()),
        Some(_) => Err(Reason::SdAlgUnsupported),
    }
}

/// Replaces digests by what they disclose.
///
/// # Errors
/// [`Reason::DisclosureInvalid`], [`Reason::ClaimCollision`], [`Reason::DigestDuplicate`],
/// [`Reason::DisclosureUnreferenced`].
pub fn unfold(mut payload: Map<String, Value>, disclosures: &[&str]) -> Result<Unfolded, Reason> {
    let read = disclosures.iter().map(|text| Disclosure::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let count = read.len();
    let open: HashMap<String, Disclosure> = read.into_iter().map(|one| (one.digest.clone(), one)).collect();
    if open.len() != count {
        return Err(Reason::DigestDuplicate);
    }
    let mut walk = Walk { open, seen: HashSet::new(), at: Vec::new(), disclosed: Vec::new(), concealing: Vec::new() };
    walk.object(&mut payload, DEPTH)?;
    if !walk.open.is_empty() {
        return Err(Reason::DisclosureUnreferenced);
    }
    Ok(Unfolded { claims: payload, disclosed: walk.disclosed, concealing: walk.concealing })
}

struct Walk {
    /// Disclosures not yet in a place.
    open: HashMap<String, Disclosure>,
    /// Every digest met so far.
    seen: HashSet<String>,
    /// Where the walk stands.
    at: Path,
    disclosed: Vec<Path>,
    concealing: Vec<Path>,
}

impl Walk {
    /// The disclosure of a digest, if it was disclosed.
    fn take(&mut self, digest: Value) -> Result<Option<Disclosure>, Reason> {
        let Value::String(digest) = digest else { return Err(Reason::DisclosureInvalid) };
        let disclosure = self.open.remove(&digest);
        if self.seen.insert(digest) { Ok(disclosure) } else { Err(Reason::DigestDuplicate) }
    }

    fn inside(&mut self, step: Step, value: &mut Value, depth: usize) -> Result<(), Reason> {
        self.at.push(step);
        let done = match value {
            Value::Object(map) => self.deeper(depth).and_then(|depth| self.object(map, depth)),
            Value::Array(array) => self.deeper(depth).and_then(|depth| self.array(array, depth)),
            _ => Ok(()),
        };
        self.at.pop();
        done
    }

    #[expect(clippy::unused_self, reason = "reads as a step of the walk")]
    fn deeper(&self, depth: usize) -> Result<usize, Reason> {
        depth.checked_sub(1).ok_or(Reason::DisclosureInvalid)
    }

    fn object(&mut self, map: &mut Map<String, Value>, depth: usize) -> Result<(), Reason> {
        let digests = match map.shift_remove("_sd") {
            None => Vec::new(),
            Some(Value::Array(digests)) => {
                self.concealing.push(self.at.clone());
                digests
            }
            Some(_) => return Err(Reason::DisclosureInvalid),
        };
        for (name, value) in map.iter_mut() {
            if is_reserved(name) {
                return Err(Reason::DisclosureInvalid);
            }
            self.inside(Step::Name(name.clone()), value, depth)?;
        }
        for digest in digests {
            let Some(mut disclosure) = self.take(digest)? else { continue };
            let name = disclosure.name.ok_or(Reason::DisclosureInvalid)?;
            if map.contains_key(&name) {
                return Err(Reason::ClaimCollision);
            }
            self.disclosed(Step::Name(name.clone()), &mut disclosure.value, depth)?;
            map.insert(name, disclosure.value);
        }
        Ok(())
    }

    fn disclosed(&mut self, step: Step, value: &mut Value, depth: usize) -> Result<(), Reason> {
        let mut path = self.at.clone();
        path.push(step.clone());
        self.disclosed.push(path);
        self.inside(step, value, depth)
    }

    fn array(&mut self, array: &mut Vec<Value>, depth: usize) -> Result<(), Reason> {
        if array.iter().any(|element| element.get("...").is_some()) {
            self.concealing.push(self.at.clone());
        }
        for element in std::mem::take(array) {
            let step = Step::Index(array.len());
            match digest_of(element)? {
                Element::Plain(mut value) => {
                    self.inside(step, &mut value, depth)?;
                    array.push(value);
                }
                Element::Digest(digest) => match self.take(digest)? {
                    None => {}
                    Some(Disclosure { name: None, mut value, .. }) => {
                        self.disclosed(step, &mut value, depth)?;
                        array.push(value);
                    }
                    Some(_) => return Err(Reason::DisclosureInvalid),
                },
            }
        }
        Ok(())
    }
}

enum Element {
    Plain(Value),
    Digest(Value),
}

/// An array element is a digest when it is exactly `{ "...": digest }`.
fn digest_of(element: Value) -> Result<Element, Reason> {
    match element {
        Value::Object(mut map) if map.contains_key("...") => match (map.len(), map.shift_remove("...")) {
            (1, Some(digest)) => Ok(Element::Digest(digest)),
            _ => Err(Reason::DisclosureInvalid),
        },
        plain => Ok(Element::Plain(plain)),
    }
}
