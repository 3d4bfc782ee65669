//! When and where an accident took place, of which class it is, and who handled it: what every paper begins with.
//!
//! Times are instants, read from Taiwan's time (Asia/Taipei) at the edge. A time nobody wrote is absent, never midnight.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::opaque_debug;

/// When and where an accident took place (發生時間、地點).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// The day, in Taiwan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Date>,
    /// The instant (UTC), where the source wrote a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Accident class (事故類別), where the paper says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<AccidentClass>,
    /// Where.
    pub place: Place,
}

/// Where (地點): as the police wrote it, and on the map where they measured.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// On the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wgs84: Option<Wgs84>,
}

/// A point in WGS 84, as decimal degrees in the digits of the source.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Wgs84 {
    /// North positive.
    pub latitude: String,
    /// East positive.
    pub longitude: String,
}

/// Accident class (事故類別): A1 death within 24 hours, A2 injury, A3 damage to vehicles and things only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentClass {
    /// As the source wrote it.
    pub code: String,
    /// What it means; absent where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A code of a city's open data alone (A4: recorded, and not of a class): no class of the national form.
    pub city_code: bool,
}

/// A police unit (處理單位), military police (憲兵) included.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PoliceUnit {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who filled in the paper (填表人).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

opaque_debug!(Occurrence, Place, Wgs84, AccidentClass, PoliceUnit);

impl AccidentClass {
    /// The class of a code; an unknown one is kept as it stands and gets no name.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let name = match code {
            "A1" => Some("24小時內死亡"),
            "A2" => Some("受傷或超過24小時死亡"),
            "A3" => Some("僅車輛財物損失"),
            _ => None,
        };
        Self { code: code.to_owned(), name: name.map(str::to_owned), city_code: code == "A4" }
    }
}

impl Wgs84 {
    /// A point, if both numbers are plain decimals of at most 24 characters within the globe.
    #[must_use]
    pub fn of(latitude: &str, longitude: &str) -> Option<Self> {
        let within = |text: &str, most: f64| {
            let plain = text.len() <= 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
            plain && text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most)
        };
        (within(latitude, 90.0) && within(longitude, 180.0))
            .then(|| Self { latitude: latitude.to_owned(), longitude: longitude.to_owned() })
    }
}
