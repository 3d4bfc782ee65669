//! What a consent leaves of what a recipient could get. It takes away; nothing here can add.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What the owner does not want a recipient to get, whatever the disclosure policy would give.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The only evidence types the recipient may get; absent means that no type is ruled out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<BTreeSet<String>>,
    /// By evidence type, the fields it may not get: JSON pointers into the document, with `*` for every element of an
    /// array.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without: BTreeMap<String, BTreeSet<String>>,
}

impl Limits {
    /// Both at once: what either takes away is away.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.only = match (self.only, &other.only) {
            (Some(one), Some(other)) => Some(one.intersection(other).cloned().collect()),
            (one, other) => one.or_else(|| other.clone()),
        };
        for (kind, fields) in &other.without {
            self.without.entry(kind.clone()).or_default().extend(fields.iter().cloned());
        }
        self
    }

    /// Whether it leaves an evidence type.
    #[must_use]
    pub fn leaves(&self, kind: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(kind))
    }

    /// The fields of a type it takes away.
    pub fn fields(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.without.get(kind).into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(only: Option<&[&str]>, without: &[(&str, &str)]) -> Limits {
        let mut limits =
            Limits { only: only.map(|only| only.iter().map(|one| (*one).to_owned()).collect()), ..Limits::default() };
        for (kind, field) in without {
            limits.without.entry((*kind).to_owned()).or_default().insert((*field).to_owned());
        }
        limits
    }

    #[test]
    fn two_limits_take_away_what_either_does() {
        let one = limits(Some(&["a", "b"]), &[("a", "/x")]);
        let both = one.clone().and(&limits(Some(&["b", "c"]), &[("a", "/y")]));
        assert!(both.leaves("b") && !both.leaves("a") && !both.leaves("c"));
        assert_eq!(both.fields("a").collect::<Vec<_>>(), ["/x", "/y"]);
        assert_eq!(Limits::default().and(&one), one);
        assert_eq!(one.clone().and(&Limits::default()), one);
        let none = limits(Some(&[]), &[]);
        assert!(!none.leaves("a"), "an empty list leaves nothing");
    }
}
