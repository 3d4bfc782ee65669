//! The rules of the guides' profiles: FHIR packages compiled once, and held against every input.
//!
//! In: packages an operator names, then resources in FHIR's JSON form. Out: a finding `profile.*` for each rule that
//! does not hold, with the profile and the element; and, once, a count of what the packages ask for that is not
//! evaluated here. Nothing is fetched. Knows no guide by name: iClaim and TW Core are packages like others.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::outcome::Findings;
use crate::package::{self, NamedBytes, PackageError, PackageLimits};

mod check;
mod compile;
mod definition;
mod fault;
mod path;
mod rule;
mod terms;

use compile::Compiler;
use definition::{Definition, unversioned};
use rule::Node;
use terms::{Set, Terms};

/// Profiles on profiles on profiles: deeper than this is a ring.
const DEEPEST: usize = 16;

/// Compiled rules of all packages. Made once, used by every reading at once.
pub struct Rules {
    profiles: Vec<Profile>,
    /// Places in `profiles`, by canonical without a version, the one loaded last at the end.
    by_url: HashMap<Box<str>, Vec<usize>>,
    sets: Vec<Set>,
    packages: Vec<String>,
    unevaluated: Vec<Unevaluated>,
}

/// One profile's rules.
struct Profile {
    id: Box<str>,
    version: Box<str>,
    /// The type it is a profile of.
    of: Box<str>,
    /// The places in [`Rules::profiles`] it stands on, the nearest first.
    bases: Vec<usize>,
    root: Node,
}

/// What a package can ask for that is not evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// A constraint in FHIRPath beyond what is understood here.
    Invariant,
    /// A required binding to a value set whose codes are not all in the packages.
    Binding,
    /// An extensible binding: another code may be right, so none is wrong.
    ExtensibleBinding,
    /// A slice that nothing evaluable tells.
    Slice,
    /// The order of slices.
    SliceOrder,
    /// A profile of a data type or extension that no package has, or one of several types.
    TypeProfile,
    /// A profile that a reference must lead to and no package has.
    ReferenceTarget,
    /// `aggregation` or `versioning` of a reference.
    Aggregation,
    /// `minValue` or `maxValue`.
    Bounds,
    /// An element built as another is (`contentReference`): its inner rules.
    ContentReference,
    /// A profile whose base no package has: the rules of the base.
    Base,
}

impl Asked {
    /// A word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invariant => "invariant",
            Self::Binding => "binding",
            Self::ExtensibleBinding => "extensible-binding",
            Self::Slice => "slice",
            Self::SliceOrder => "slice-order",
            Self::TypeProfile => "type-profile",
            Self::ReferenceTarget => "reference-target",
            Self::Aggregation => "aggregation",
            Self::Bounds => "bounds",
            Self::ContentReference => "content-reference",
            Self::Base => "base",
        }
    }
}

/// How often a package asks for something that is not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unevaluated {
    /// `name#version` of the package.
    pub package: String,
    /// What it asks for.
    pub asked: Asked,
    /// On how many elements.
    pub count: usize,
    /// Up to ten of them: keys of constraints, canonicals, ids of elements.
    pub examples: Vec<String>,
}

/// Counts while compiling, by package and kind.
#[derive(Default)]
struct Counts {
    all: BTreeMap<(usize, Asked), (usize, Vec<String>)>,
}

impl Counts {
    fn add(&mut self, package: usize, asked: Asked, what: &str) {
        let (count, examples) = self.all.entry((package, asked)).or_default();
        *count += 1;
        if examples.len() < 10 && !examples.iter().any(|known| known == what) {
            examples.push(what.to_owned());
        }
    }
}

impl Rules {
    /// Compiles the profiles of packages. What one names of another is found whatever their order.
    ///
    /// # Errors
    /// [`PackageError`] for the first package that cannot be read or is over a bound.
    pub fn load(packages: &[NamedBytes<'_>], limits: &PackageLimits) -> Result<Self, PackageError> {
        if packages.len() > limits.packages {
            return Err(PackageError::TooMany(limits.packages));
        }
        let (mut definitions, mut terms, mut names) = (Vec::new(), Terms::default(), Vec::new());
        for (number, named) in packages.iter().enumerate() {
            names.push(package::read(*named, limits, |resource| {
                definitions.extend(Definition::read(resource, number));
                terms.take(resource);
            })?);
            if terms.codes > limits.codes {
                return Err(PackageError::TooMuch(format!("{} codes", limits.codes)));
            }
        }
        let mut counts = Counts::default();
        let bases = lay_over_bases(&mut definitions, &mut counts);
        let elements: usize = definitions.iter().map(|definition| definition.elements.len()).sum();
        if elements > limits.rules {
            return Err(PackageError::TooMuch(format!("{} elements of profiles", limits.rules)));
        }
        let last: HashMap<Box<str>, usize> =
            definitions.iter().enumerate().map(|(place, definition)| (definition.url.clone(), place)).collect();
        let mut compiler = Compiler::new(&definitions, &last, &terms);
        compiler.counts = counts;
        let mut rules = Self {
            profiles: Vec::new(),
            by_url: HashMap::new(),
            sets: Vec::new(),
            packages: names,
            unevaluated: Vec::new(),
        };
        for (definition, bases) in definitions.iter().zip(bases) {
            let root = compiler.profile(definition);
            let (id, version, of) = (definition.id.clone(), definition.version.clone(), definition.of.clone());
            rules.by_url.entry(definition.url.clone()).or_default().push(rules.profiles.len());
            rules.profiles.push(Profile { id, version, of, bases, root });
        }
        rules.sets = compiler.sets;
        let package = |number: usize| rules.packages.get(number).cloned().unwrap_or_default();
        rules.unevaluated = compiler
            .counts
            .all
            .into_iter()
            .map(|((number, asked), (count, examples))| Unevaluated {
                package: package(number),
                asked,
                count,
                examples,
            })
            .collect();
        Ok(rules)
    }

    /// Holds a resource and everything in it against the profiles it names and those that these lead to.
    ///
    /// Findings are warnings; what a profile only recommends is a remark. Run it after the readers and after
    /// [`crate::structure::check`], so that no fault is told twice. The work is bounded by the input, whatever the
    /// packages say: beyond the bound one warning `profile.too-costly` says that not all was checked.
    pub fn check(&self, root: &Value, findings: &Findings) {
        check::run(self, root, findings);
    }

    /// What the packages ask for and this engine does not evaluate, by package and kind.
    #[must_use]
    pub fn unevaluated(&self) -> &[Unevaluated] {
        &self.unevaluated
    }

    /// `name#version` of the packages, in the order they were given.
    #[must_use]
    pub fn packages(&self) -> &[String] {
        &self.packages
    }

    /// How many profiles there are.
    #[must_use]
    pub fn profiles(&self) -> usize {
        self.profiles.len()
    }

    /// The profile of a canonical: with a version that one, without the one loaded last.
    fn find(&self, canonical: &str) -> Option<usize> {
        let all = self.by_url.get(unversioned(canonical))?;
        match canonical.split_once('|') {
            None => all.last().copied(),
            Some((_, version)) => {
                let versioned =
                    |place: &&usize| self.profiles.get(**place).is_some_and(|profile| *profile.version == *version);
                all.iter().find(versioned).copied()
            }
        }
    }
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("packages", &self.packages)
            .field("profiles", &self.profiles.len())
            .finish_non_exhaustive()
    }
}

/// Gives every profile that says only what differs the elements of its base too. Returns what each stands on.
fn lay_over_bases(definitions: &mut [Definition], counts: &mut Counts) -> Vec<Vec<usize>> {
    let by_url: HashMap<Box<str>, usize> =
        definitions.iter().enumerate().map(|(place, definition)| (definition.url.clone(), place)).collect();
    let base = |definitions: &[Definition], place: usize| {
        let definition = definitions.get(place)?;
        by_url.get(unversioned(&definition.base)).copied().filter(|base| *base != place)
    };
    let chain = |place: usize| {
        let mut chain = Vec::new();
        let mut next = base(definitions, place);
        while let Some(below) = next.filter(|below| *below != place && !chain.contains(below) && chain.len() < DEEPEST)
        {
            chain.push(below);
            next = base(definitions, below);
        }
        chain
    };
    let chains: Vec<Vec<usize>> = (0..definitions.len()).map(chain).collect();
    for (place, chain) in chains.iter().enumerate() {
        // From the bottom up, so that a base is whole before another is laid over it.
        let mut below: Option<Definition> = None;
        for place in chain.iter().rev().chain([&place]) {
            let Some(definition) = definitions.get_mut(*place) else { continue };
            if definition.differential {
                let core = definition.base.starts_with("http://hl7.org/fhir/StructureDefinition/");
                match &below {
                    Some(base) => definition.lay_over(base),
                    None if core => definition.differential = false,
                    None => {
                        definition.differential = false;
                        counts.add(definition.package, Asked::Base, &definition.base);
                    }
                }
            }
            below = Some(definition.clone());
        }
    }
    chains
}

#[cfg(test)]
mod tests;
