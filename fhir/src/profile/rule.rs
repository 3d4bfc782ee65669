//! What a profile asks for, compiled: a tree of elements that holds only those with something to check.

use serde_json::Value;

use super::path::Expression;

/// One element with a rule on it or inside it.
pub(super) struct Node {
    /// Its id in the profile, `Patient.identifier:idCardNumber`.
    pub(super) id: Box<str>,
    /// How it is called in JSON: one form, or for a choice each.
    pub(super) forms: Vec<Form>,
    /// The fewest and the most there may be of it.
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) own: Own,
    pub(super) children: Vec<Node>,
    pub(super) slices: Vec<Slice>,
    /// What is in no slice is wrong.
    pub(super) closed: bool,
}

/// A member of JSON that is this element.
pub(super) struct Form {
    pub(super) name: Box<str>,
    /// Its type, where that is known; otherwise empty.
    pub(super) of: Box<str>,
    /// Whether the profile lets a choice take this type.
    pub(super) allowed: bool,
}

/// What is asked of each occurrence.
#[derive(Default)]
pub(super) struct Own {
    pub(super) fixed: Option<Value>,
    pub(super) pattern: Option<Value>,
    pub(super) max_length: Option<u32>,
    /// The number of a value set.
    pub(super) binding: Option<usize>,
    /// The types a reference may lead to, and the profile it leads to where there is one alone.
    pub(super) targets: Vec<Box<str>>,
    pub(super) target_profile: Option<usize>,
    /// The numbers of profiles that the value must keep, of several one; where a choice has several types, of which.
    pub(super) profiles: Vec<(Option<Box<str>>, usize)>,
    pub(super) invariants: Vec<Invariant>,
}

/// A constraint.
pub(super) struct Invariant {
    pub(super) key: Box<str>,
    /// The profile only recommends it.
    pub(super) advice: bool,
    pub(super) expression: Expression,
}

/// A named part of a list.
pub(super) struct Slice {
    pub(super) node: Node,
    pub(super) tests: Vec<Test>,
}

/// What tells the occurrences of a slice.
pub(super) struct Test {
    /// The way from an occurrence to what is looked at; empty is itself.
    pub(super) path: Vec<Box<str>>,
    pub(super) want: Want,
}

/// What is wanted there.
pub(super) enum Want {
    Fixed(Value),
    Pattern(Value),
    /// In the value set of that number.
    Bound(usize),
    /// Of one of these types.
    Of(Vec<Box<str>>),
    /// There, or not.
    Exists(bool),
    /// A resource that keeps one of these profiles.
    Keeps(Vec<usize>),
}

impl Own {
    pub(super) fn is_empty(&self) -> bool {
        let Self { fixed, pattern, max_length, binding, targets, target_profile, profiles, invariants } = self;
        fixed.is_none()
            && pattern.is_none()
            && max_length.is_none()
            && binding.is_none()
            && targets.is_empty()
            && target_profile.is_none()
            && profiles.is_empty()
            && invariants.is_empty()
    }
}

impl Node {
    /// Whether nothing would be checked.
    pub(super) fn is_empty(&self) -> bool {
        self.min == 0
            && self.max == u32::MAX
            && self.forms.iter().all(|form| form.allowed)
            && self.own.is_empty()
            && self.children.is_empty()
            && self.slices.is_empty()
    }
}
