//! Data sets → evidence documents. Which data set is which paper is the operator's configuration: the platform gives the
//! ids, and for accident papers the form is ours (docs/schemas), as no public one exists.

use std::collections::BTreeMap;

use claimgate_packet::evidence::{self, Document};
use claimgate_packet::jose::json::{Limits, parse};

use super::package::{DataFile, Dataset};
use super::vehicle;

/// The data set 車籍 of the highway bureau.
const VEHICLE_REGISTRATION: &str = "API.60GGfgGX1A";
const PAPER: Limits = Limits { bytes: 1 << 20, depth: 32, members: 50_000 };
/// Papers a data set may be.
const PAPERS: [&str; 7] = [
    evidence::ACCIDENT_REGISTRATION_SLIP,
    evidence::ACCIDENT_SCENE_SKETCH,
    evidence::ACCIDENT_SCENE_PHOTOS,
    evidence::ACCIDENT_PRELIMINARY_ANALYSIS,
    evidence::ACCIDENT_CERTIFICATE,
    evidence::ACCIDENT_APPRAISAL,
    evidence::VEHICLE_REGISTRATION,
];

/// Which data set is which evidence type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping(BTreeMap<String, String>);

impl Default for Mapping {
    /// The one data set whose form is known.
    fn default() -> Self {
        Self(BTreeMap::from([(VEHICLE_REGISTRATION.to_owned(), evidence::VEHICLE_REGISTRATION.to_owned())]))
    }
}

/// What a data set became.
pub struct Mapped<'a> {
    /// One document, or one for each vehicle.
    pub documents: Vec<Document>,
    /// Files beside it, to be attached as they are.
    pub attachments: Vec<&'a DataFile>,
    /// Members of the source that have no place in the document; the names alone.
    pub left: Vec<String>,
}

claimgate_packet::opaque_debug!(Mapped<'_>);

/// Why a data set became no document. It stays proved; its archive is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmapped {
    /// The platform delivered nothing.
    #[error("the data set was not delivered")]
    Undelivered,
    /// Nobody configured what it is.
    #[error("no evidence type is configured for the data set")]
    Unknown,
    /// There is not exactly one JSON file in it.
    #[error("the data set has not exactly one JSON file")]
    Files,
    /// Its JSON is not of the form of its type.
    #[error("the JSON file is not of the form of its evidence type")]
    Form,
}

impl Unmapped {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
            Self::Files => "files",
            Self::Form => "form",
        }
    }
}

impl Mapping {
    /// Adds data sets: id → type word. `None` if a word is no paper a data set may be: never the police's own report.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        for (id, kind) in more {
            if !PAPERS.contains(&kind.as_str()) {
                return None;
            }
            self.0.insert(id, kind);
        }
        Some(self)
    }

    /// The evidence type of a data set.
    #[must_use]
    pub fn kind(&self, resource: &str) -> Option<&str> {
        self.0.get(resource).map(String::as_str)
    }

    /// Makes documents of a data set.
    ///
    /// # Errors
    /// [`Unmapped`].
    pub fn map<'a>(&self, dataset: &'a Dataset) -> Result<Mapped<'a>, Unmapped> {
        let delivered = dataset.delivered.as_ref().ok_or(Unmapped::Undelivered)?;
        let kind = self.kind(&dataset.resource_id).ok_or(Unmapped::Unknown)?;
        let is_json = |file: &&DataFile| file.name.to_ascii_lowercase().ends_with(".json");
        let (json, attachments): (Vec<_>, Vec<_>) = delivered.files.iter().partition(is_json);
        let [file] = json.as_slice() else { return Err(Unmapped::Files) };
        if kind == evidence::VEHICLE_REGISTRATION {
            let (vehicles, left) = vehicle::read(&file.bytes).ok_or(Unmapped::Form)?;
            let documents = vehicles.into_iter().map(Document::VehicleRegistration).collect();
            return Ok(Mapped { documents, attachments, left });
        }
        let document = parse(&file.bytes, PAPER).map_err(|_| Unmapped::Form)?;
        let document = Document::from_json(kind, &format!("{kind}/1"), document).map_err(|_| Unmapped::Form)?;
        Ok(Mapped { documents: vec![document], attachments, left: Vec::new() })
    }
}
