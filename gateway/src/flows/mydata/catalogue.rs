//! The data sets (資料集) that may be asked for: the operator's file, or the built-in ones.
//!
//! In: TOML. Out: each with the platform's id, what for, what it becomes, whose it is.

use std::collections::BTreeMap;
use std::path::Path;

use claimgate_adapters::mydata::Mapping;
use serde::Deserialize;

use crate::core::wallet::Assurance;

const BUILT_IN: &str = include_str!("../../config/mydata-datasets.toml");
/// Bytes of a file of data sets.
const FILE_BYTES: u64 = 1 << 20;

/// Why a file of data sets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It cannot be read.
    #[error("the file of data sets cannot be read, or has more than 1 MiB")]
    Unreadable,
    /// Not of the form.
    #[error("the file of data sets is not of its form: {0}")]
    Form(String),
    /// A name, or an id, is none or stands twice.
    #[error("data set {0}: name, title, resource and purposes are needed, name and resource once in the file")]
    Name(String),
    /// A type that no data set may be.
    #[error("an evidence type is none a data set may become; docs/mydata.md lists them")]
    Evidence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dataset: Vec<Named>,
}

/// One data set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name here.
    pub name: String,
    /// Its official title, for the person who consents.
    pub title: String,
    /// The platform's id.
    pub resource: String,
    /// What it may be asked for.
    pub purposes: Vec<String>,
    /// The evidence type it becomes.
    pub evidence: Option<String>,
    /// The subject of its provider's certificate, as RFC 4514 writes it.
    pub provider: Option<String>,
    /// The least sure means of identification its provider accepts; the least there is where nothing is said.
    #[serde(default, deserialize_with = "crate::core::wallet::level_if_any")]
    pub assurance: Option<Assurance>,
}

/// All that may be asked for.
#[derive(Debug)]
pub struct Catalogue {
    all: Vec<Named>,
    /// What each becomes.
    pub mapping: Mapping,
    /// The registered subject of each that has one, by the platform's id.
    pub providers: BTreeMap<String, String>,
}

impl Catalogue {
    /// Reads a file; the built-in one where the path is empty.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn open(path: &Path) -> Result<Self, CatalogueError> {
        if path.as_os_str().is_empty() {
            return Self::parse(BUILT_IN);
        }
        let fits = std::fs::metadata(path).is_ok_and(|about| about.len() <= FILE_BYTES);
        let text = fits.then(|| std::fs::read_to_string(path).ok()).flatten();
        Self::parse(&text.ok_or(CatalogueError::Unreadable)?)
    }

    fn parse(text: &str) -> Result<Self, CatalogueError> {
        let file: File = toml::from_str(text).map_err(|error| CatalogueError::Form(error.message().to_owned()))?;
        let all = file.dataset;
        for one in &all {
            let word = |text: &str| {
                (1..=64).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            };
            let once = all.iter().filter(|other| other.name == one.name || other.resource == one.resource).count() == 1;
            let titled = !one.title.is_empty() && !one.purposes.is_empty();
            if !once || !titled || !word(&one.name) || !word(&one.resource) {
                return Err(CatalogueError::Name(one.name.clone()));
            }
        }
        let kinds = all.iter().filter_map(|one| Some((one.resource.clone(), one.evidence.clone()?)));
        let mapping = Mapping::default().with(kinds).ok_or(CatalogueError::Evidence)?;
        let providers = all.iter().filter_map(|one| Some((one.resource.clone(), one.provider.clone()?))).collect();
        Ok(Self { all, mapping, providers })
    }

    /// The data set of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Named> {
        self.all.iter().find(|one| one.name == name)
    }

    /// The data set that becomes an evidence type, for a purpose.
    #[must_use]
    pub fn gives(&self, kind: &str, purpose: &str) -> Option<&Named> {
        let is = |one: &&Named| {
            self.mapping.kind(&one.resource) == Some(kind) && one.purposes.iter().any(|known| known == purpose)
        };
        self.all.iter().find(is)
    }

    /// The names of those without a registered provider.
    #[must_use]
    pub fn unregistered(&self) -> Vec<&str> {
        self.all.iter().filter(|one| one.provider.is_none()).map(|one| one.name.as_str()).collect()
    }

    /// The names, for who asks for one that is not there.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.all.iter().map(|one| one.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_data_sets_can_be_asked_for_and_faults_are_told() {
        let built_in = Catalogue::parse(BUILT_IN).unwrap();
        assert_eq!(built_in.names(), ["vehicle-registration", "driving-licence"]);
        assert_eq!(built_in.mapping.kind("API.60GGfgGX1A"), Some("vehicle-registration"));
        let refused = |from: &str, to: &str| {
            assert!(BUILT_IN.contains(from), "{from}");
            Catalogue::parse(&BUILT_IN.replacen(from, to, 1)).unwrap_err()
        };
        assert!(matches!(refused("driving-licence", "vehicle-registration"), CatalogueError::Name(_)));
        assert!(matches!(refused("API.n0c9qVZBQI", "API.60GGfgGX1A"), CatalogueError::Name(_)));
        assert!(matches!(refused("API.n0c9qVZBQI", "API:x"), CatalogueError::Name(_)), "a colon parts them");
        assert!(matches!(refused("[\"motor-claim\"]", "[]"), CatalogueError::Name(_)));
        assert!(matches!(
            refused("evidence = \"vehicle-registration\"", "evidence = \"accident-report\""),
            CatalogueError::Evidence
        ));
        assert!(matches!(refused("title =", "titel ="), CatalogueError::Form(_)));
    }
}
