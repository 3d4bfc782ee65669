//! A mandate (委託書) as a credential: who may do what for whom, within which limits.
//!
//! In: a verified credential. Out: a [`Mandate`], with its limits proved to stand in the clear (check M2). What it allows
//! is judged in [`decision`]. Only names, ids and birth dates of persons may be disclosed selectively: a mandatary must
//! not be able to hide a limit.

use claimgate_packet::opaque_debug;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::credential::Credential;
use super::reason::Reason;
use super::sdjwt::unfold::{Path, Step};

pub mod decision;
pub mod own;
pub mod scope;
pub mod terms;

use terms::{Assurance, Evidence, Kind, Limits, Person, Power, Substitution};

/// A mandate, read.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// Its id.
    pub id: String,
    /// Between whom.
    pub kind: Kind,
    /// When it was signed.
    pub executed_on: Date,
    /// From when on.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
    /// Who gives it (委託人).
    pub mandator: Person,
    /// Who has it (受託人).
    pub mandatary: Person,
    /// What it allows.
    pub powers: Vec<Power>,
    /// Within what.
    pub limits: Limits,
    /// Whether it may be passed on.
    pub substitution: Substitution,
    /// How far, where that is limited.
    #[serde(default)]
    pub substitution_detail: Option<String>,
    /// The law, such as `TW`.
    pub law: String,
    /// How it was signed.
    pub assurance: Assurance,
    /// The signed documents.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// The mandate it replaces.
    #[serde(default)]
    pub supersedes: Option<String>,
}

opaque_debug!(Mandate);

impl Mandate {
    /// Reads the mandate of a credential.
    ///
    /// # Errors
    /// [`Reason::MandateLimitConcealed`] where something outside the persons could be hidden,
    /// [`Reason::MandateMalformed`].
    pub fn read(credential: &Credential) -> Result<Self, Reason> {
        if !credential.concealing.iter().all(may_conceal) || !credential.disclosed.iter().all(may_be_disclosed) {
            return Err(Reason::MandateLimitConcealed);
        }
        let mandate = credential.claims.get("mandate").cloned().ok_or(Reason::MandateMalformed)?;
        let is_object = |name: &str| mandate.get(name).is_none_or(Value::is_object);
        if !["limits", "mandator", "mandatary", "assurance"].into_iter().all(is_object) {
            return Err(Reason::MandateMalformed);
        }
        let mandate: Self = serde_json::from_value(mandate).map_err(|_| Reason::MandateMalformed)?;
        if mandate.is_sound() { Ok(mandate) } else { Err(Reason::MandateMalformed) }
    }

    fn is_sound(&self) -> bool {
        let detailed = self.substitution != Substitution::Limited || self.substitution_detail.is_some();
        let amount = self.limits.max_amount.as_ref();
        let counted = amount.is_none_or(|amount| amount.currency == "TWD" && scope::cents(&amount.value).is_some());
        let distinct = self.powers.iter().collect::<std::collections::HashSet<_>>().len() == self.powers.len();
        let law = self.law.len() == 2 && self.law.bytes().all(|byte| byte.is_ascii_uppercase());
        (16..=128).contains(&self.id.len())
            && !self.powers.is_empty()
            && distinct
            && !self.limits.case_refs.is_empty()
            && self.limits.max_uses != Some(0)
            && detailed
            && counted
            && law
    }
}

fn names(path: &Path) -> Vec<&str> {
    path.iter().map(|step| if let Step::Name(name) = step { name.as_str() } else { "[]" }).collect()
}

/// Where digests may stand: in the persons, their ids and the documents.
fn may_conceal(path: &Path) -> bool {
    matches!(
        names(path).as_slice(),
        ["mandate", "mandator" | "mandatary"]
            | ["mandate", "mandator" | "mandatary", "id"]
            | ["mandate", "evidence", "[]"]
    )
}

/// What a disclosure may carry there.
fn may_be_disclosed(path: &Path) -> bool {
    matches!(
        names(path).as_slice(),
        ["mandate", "mandator" | "mandatary", "name" | "birthdate"]
            | ["mandate", "mandator" | "mandatary", "id", "value"]
            | ["mandate", "evidence", "[]", "uri"]
    )
}
