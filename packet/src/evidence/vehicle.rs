//! Vehicle registration (車籍) as the highway authorities keep it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::opaque_debug;

/// Vehicle registration (車籍): one vehicle, its owner, its state.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VehicleRegistration {
    /// Licence plate (車牌號碼), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// Registered owner (車主).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<VehicleOwner>,
    /// Kind (車種).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_kind: Option<RegistryCode>,
    /// Brand (廠牌).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<RegistryCode>,
    /// Body or model (型式).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<RegistryCode>,
    /// Colour (顏色).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<RegistryCode>,
    /// Body number (車身號碼).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_number: Option<String>,
    /// Displacement (排氣量) in cm³, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displacement: Option<String>,
    /// State of the registration (異動), for example 正常.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RegistryCode>,
    /// From when the licence (行照) counts (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_effective_at: Option<Timestamp>,
    /// When it was last printed (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_printed_at: Option<Timestamp>,
    /// When the next inspection (定期檢驗) is due (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_inspection_at: Option<Timestamp>,
}

/// Registered owner (車主).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VehicleOwner {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// National ID or business number, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Registered address, with the district before it where it came apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Postal code of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
}

/// A code of the registry with its name; the registry publishes no code lists, so neither is judged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RegistryCode {
    /// The code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

opaque_debug!(VehicleRegistration, VehicleOwner, RegistryCode);
