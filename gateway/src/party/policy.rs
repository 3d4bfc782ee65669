//! What a hospital (醫院) is held to beyond what everyone is: which warnings on its bundles refuse them.
//!
//! In: the member `policy` of its registration. Out: the [`Policy`] its bundles are read under. It must not know what
//! the codes mean: the engine lists them.

use claimgate_fhir::outcome::{Policy, UnknownCode};
use serde::{Deserialize, Serialize};

/// The member `policy` of a hospital's registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HospitalPolicy {
    /// Codes of warnings (`patient.id-checksum`), or families of them (`structure`), that are errors for this hospital.
    pub errors: Vec<String>,
}

impl HospitalPolicy {
    /// Checks that each name is one that a warning has.
    ///
    /// # Errors
    /// The first that is none; its text names the nearest.
    pub fn check(&self) -> Result<(), UnknownCode> {
        Policy::errors(&self.errors).map(|_| ())
    }

    /// The names no warning has any more: each was known when the hospital was registered.
    #[must_use]
    pub fn outdated(&self) -> Vec<&str> {
        self.errors.iter().map(String::as_str).filter(|name| Policy::errors([name]).is_err()).collect()
    }

    /// The policy its bundles are read under. A name no warning has any more raises none: that a later build dropped a
    /// code must not keep a hospital from pushing.
    pub(super) fn effective(&self) -> Policy {
        let known = self.errors.iter().filter(|name| Policy::errors([name.as_str()]).is_ok());
        Policy::errors(known).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_when_it_is_registered_and_passed_over_when_it_is_gone() {
        let policy = |names: &[&str]| HospitalPolicy { errors: names.iter().map(|name| (*name).to_owned()).collect() };
        let good = policy(&["patient.id-checksum", "structure"]);
        assert!(good.check().is_ok() && good.outdated().is_empty());
        let old = policy(&["patient.id-checksum", "patient.id-chcksum"]);
        assert!(old.check().unwrap_err().to_string().contains("patient.id-checksum"));
        assert_eq!(old.outdated(), ["patient.id-chcksum"]);
        assert_eq!(old.effective(), Policy::errors(["patient.id-checksum"]).unwrap());
        assert!(serde_json::from_str::<HospitalPolicy>(r#"{ "errors": [], "warnings": [] }"#).is_err());
    }
}
