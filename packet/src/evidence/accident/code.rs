//! A value of the police's form: code, code system and name, always together.
//!
//! One number means different things in the three systems (7 is 陰 on both forms and 晴 in Taichung's open data), so a
//! code never stands without its system. A conversion is made only where it loses nothing, and says what it was made of.

use serde::{Deserialize, Serialize};

use crate::opaque_debug;

/// Whose code it is. The list may grow.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PoliceCodeSystem {
    /// The form in force until 2023-06-30 (民國112年).
    #[serde(rename = "npa-form-before-2023-07")]
    FormBefore202307,
    /// The form in force since 2023-07-01.
    #[serde(rename = "npa-form-2023-07")]
    FormSince202307,
    /// Open data of Taichung City, numbered anew in the printed order of the form of 2023-07.
    #[serde(rename = "taichung-open-data")]
    TaichungOpenData,
    /// National open data of the police: names without codes.
    #[serde(rename = "npa-open-data-names")]
    OpenDataNames,
    /// A system of a later list than this build's, kept as its word.
    #[serde(untagged)]
    Unknown(String),
}

impl PoliceCodeSystem {
    /// The word in a packet.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::FormBefore202307 => "npa-form-before-2023-07",
            Self::FormSince202307 => "npa-form-2023-07",
            Self::TaichungOpenData => "taichung-open-data",
            Self::OpenDataNames => "npa-open-data-names",
            Self::Unknown(word) => word,
        }
    }
}

/// A value of the police's form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PoliceCode {
    /// Whose code it is.
    pub system: PoliceCodeSystem,
    /// The code, a text: leading zeros count. Absent where the source publishes names alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The heading it stands under (大類別), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The name: the source's own, or the form's for its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the code, or the name alone, is on no list this build has: kept as it came, and meaning nothing yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlisted: bool,
    /// What the source wrote, where this code is a conversion of it that lost nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted_from: Option<SourceCode>,
}

/// What a converted code was made of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceCode {
    /// Whose code it was.
    pub system: PoliceCodeSystem,
    /// The code as the source wrote it.
    pub code: String,
}

opaque_debug!(PoliceCodeSystem, PoliceCode, SourceCode);
