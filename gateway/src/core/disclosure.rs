//! Disclosure policy (揭露政策): which evidence and which of its fields a recipient gets for a purpose. The default is
//! nothing (個人資料保護法 §5).
//!
//! In: a table in TOML and the schemas of the evidence. Out: a [`Grant`] for a recipient, a purpose and a type, which a
//! consent can only make less. Must not know: parties, documents of a claim, files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use claimgate_packet::jose::digest;
use claimgate_packet::words::Purpose;

use crate::consent::Limits;

pub mod explain;
pub mod fields;
pub mod share;
pub mod shown;
mod table;
mod words;

use fields::{Kind, UnreadableSchema, reaches};
pub use table::Fault;
pub use words::{Addressee, UnknownAddressee, chinese};

/// The table this build carries.
pub const BUILT_IN: &str = include_str!("../config/disclosure.toml");

/// Recipient, purpose and evidence type.
type Key = (Addressee, Purpose, &'static str);

/// Why something is given or withheld, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// In English.
    pub reason: String,
    /// 繁中.
    pub chinese: String,
    /// The statute or clause it rests on.
    pub basis: String,
}

impl Why {
    fn new(reason: &str, chinese: &str, basis: &str) -> Self {
        Self { reason: reason.to_owned(), chinese: chinese.to_owned(), basis: basis.to_owned() }
    }

    /// Of what no row names.
    #[must_use]
    pub fn not_listed() -> Self {
        Self::new(
            "No row of the table gives it: what is not listed is withheld.",
            "政策表未列者，不予揭露。",
            "個人資料保護法 §5",
        )
    }

    /// Of what was withheld and would be given by the table in force now.
    #[must_use]
    pub fn by_another_table() -> Self {
        Self::new(
            "Withheld by the table that was in force when the packet was signed; the one in force now gives it.",
            "依封包簽章當時之揭露政策未予提供；現行政策已可提供。",
            "個人資料保護法 §5",
        )
    }

    /// Of what the owner's consent takes away.
    #[must_use]
    pub fn by_consent() -> Self {
        Self::new(
            "The consent leaves it out; a consent can take away and never add.",
            "同意書未及於此；同意僅得限縮，不得擴張。",
            "個人資料保護法 §6、§7",
        )
    }
}

/// What a recipient gets of an evidence type: the document without these fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    why: Arc<Why>,
    withheld: BTreeMap<String, Option<Arc<Why>>>,
    files: bool,
}

impl Grant {
    /// Whether the document's files (附件) go with it. A scan shows what is withheld of the document, so that no table
    /// gives it by itself.
    #[must_use]
    pub fn gives_files(&self) -> bool {
        self.files
    }

    /// Why the type is given.
    #[must_use]
    pub fn why(&self) -> &Why {
        &self.why
    }

    /// The outermost fields that are not given: JSON pointers with `*` for every element of an array.
    pub fn withheld(&self) -> impl Iterator<Item = &str> {
        self.withheld.keys().map(String::as_str)
    }

    /// Whether a field is withheld, as such or with what is around it.
    #[must_use]
    pub fn withholds(&self, pointer: &str) -> bool {
        self.withheld().any(|outer| reaches(outer, pointer))
    }

    /// Why a field is withheld, where the table says it.
    #[must_use]
    pub fn why_not(&self, pointer: &str) -> Option<&Why> {
        self.withheld.get(pointer).and_then(|why| why.as_deref())
    }
}

/// Where a table came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The build's own.
    BuiltIn,
    /// The operator's file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built-in"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A table in force.
#[derive(Clone, Debug)]
pub struct Policy {
    origin: Origin,
    digest: String,
    kinds: Vec<Kind>,
    grants: BTreeMap<Key, Grant>,
    denied: BTreeMap<Key, Arc<Why>>,
    apart: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Why a table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// What is wrong with it, by line.
    #[error("{}", listed(.0, .1))]
    Faults(Origin, Vec<Fault>),
    /// A fault of the build.
    #[error(transparent)]
    Schema(#[from] UnreadableSchema),
}

fn listed(origin: &Origin, faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("{origin}:{}: {}", fault.line, fault.text)).collect();
    lines.join("\n")
}

impl Policy {
    /// The table this build carries.
    ///
    /// # Errors
    /// A fault of the build, found by its tests.
    pub fn built_in() -> Result<Self, PolicyError> {
        Self::read(Origin::BuiltIn, BUILT_IN)
    }

    /// Reads a table. It replaces the built-in one whole.
    ///
    /// # Errors
    /// Everything that is wrong with it, with line and nearest known words.
    pub fn read(origin: Origin, text: &str) -> Result<Self, PolicyError> {
        let kinds = Kind::all()?;
        let table = table::read(text, &kinds).map_err(|faults| PolicyError::Faults(origin.clone(), faults))?;
        let mut apart: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for ((_, _, kind), grant) in &table.grants {
            apart.entry(kind).or_default().extend(grant.withheld.keys().cloned());
        }
        let digest = digest::sha256_text(text.as_bytes());
        Ok(Self { origin, digest, kinds, grants: table.grants, denied: table.denied, apart })
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// SHA-256 of the table's text, base64url: which table was in force.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The evidence types a table can name.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    fn key(&self, to: Addressee, purpose: Purpose, kind: &str) -> Option<Key> {
        self.kinds.iter().find(|known| known.name == kind).map(|known| (to, purpose, known.name))
    }

    /// What a recipient gets of an evidence type; `None` is nothing.
    #[must_use]
    pub fn grant(&self, to: Addressee, purpose: Purpose, kind: &str) -> Option<&Grant> {
        self.grants.get(&self.key(to, purpose, kind)?)
    }

    /// Why a recipient gets nothing of a type, where the table says it.
    #[must_use]
    pub fn why_nothing(&self, to: Addressee, purpose: Purpose, kind: &str) -> Option<&Why> {
        self.denied.get(&self.key(to, purpose, kind)?).map(AsRef::as_ref)
    }

    /// What a consent leaves of a grant: never more.
    ///
    /// What cannot be withheld apart goes with what is around it; a field nobody knows takes the whole document away,
    /// because what the owner meant is not known.
    #[must_use]
    pub fn narrowed_by(&self, limits: &Limits, to: Addressee, purpose: Purpose, kind: &str) -> Option<Grant> {
        let mut grant = self.grant(to, purpose, kind).filter(|_| limits.leaves(kind))?.clone();
        let known = self.kinds.iter().find(|known| known.name == kind)?;
        for field in limits.fields(kind) {
            let away = &known.separable(field)?.pointer;
            if !grant.withholds(away) {
                grant.withheld.retain(|inner, _| !reaches(away, inner));
                grant.withheld.insert(away.clone(), Some(Arc::new(Why::by_consent())));
                grant.files = false;
            }
        }
        Some(grant)
    }

    /// The fields of a type that somebody may not get. They are disclosed apart whoever a packet is for: a document
    /// then looks the same to a recipient whether another one gets more of it or not.
    pub fn apart(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.apart.get(kind).into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests;
