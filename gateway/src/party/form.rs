//! In which form a recipient gets its deliveries (傳送格式).

use claimgate_packet::form::Form;
use serde::{Deserialize, Serialize};

/// The form of a recipient's deliveries, whether they are pulled or pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientForm {
    /// The signed, sealed packet (理賠封包).
    #[default]
    Packet,
    /// Signed document Bundles (iClaim, TW Core, TW EMPD) for the recipient's own FHIR repository.
    FhirBundle,
    /// Flat fields, signed, like those of the claims alliance chain (理賠聯盟鏈).
    Fields,
}

impl RecipientForm {
    /// The word in documents and interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::FhirBundle => "fhir-bundle",
            Self::Fields => "fields",
        }
    }

    /// What it is sealed as when it is pulled; nothing for the packet, which is sealed once.
    #[must_use]
    pub fn sealed_as(self) -> Option<Form> {
        match self {
            Self::Packet => None,
            Self::FhirBundle => Some(Form::FhirBundle),
            Self::Fields => Some(Form::Fields),
        }
    }
}
