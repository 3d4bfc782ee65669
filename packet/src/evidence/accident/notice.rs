//! A notice of claim (出險通知、理賠申請) after a traffic accident, as the claimant fills it in once for every insurer. Nobody
//! has verified it. What the claimant did not say is absent.
//!
//! Its items are those of the insurers' form (強制汽車責任保險承保及理賠作業處理辦法 §15 IV) and of the European accident
//! statement (constat amiable), whose seventeen circumstances keep their numbers. It is never an admission of fault.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::place::PoliceUnit;
use crate::evidence::application::PayoutAccount;
use crate::evidence::terms::Identifier;
use crate::opaque_debug;

/// Notice of claim (出險通知): what is claimed, by whom, and what the claimant knows of the accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentNotice {
    /// What is claimed.
    pub claim: NoticeKind,
    /// In which capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<ClaimantCapacity>,
    /// Who claims (請求權人).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimant: Option<NoticePerson>,
    /// Who was hurt or killed (受害人), where it is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub victim: Option<NoticePerson>,
    /// The injury, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injury: Option<String>,
    /// Where the injured were taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hospital: Option<String>,
    /// The insured (要保人、被保險人).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insured: Option<NoticePerson>,
    /// The claimant's vehicle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<NoticeVehicle>,
    /// Who drove it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<NoticeDriver>,
    /// The other vehicles, as far as they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_vehicles: Vec<NoticeVehicle>,
    /// Point of first impact (碰撞部位), as a word of the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    /// Visible damage (車損).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// Damage to other things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_damage: Option<String>,
    /// Boxes 1 to 17 of the accident statement, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circumstances: Vec<u8>,
    /// Who saw it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<NoticePerson>,
    /// Who handled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub police: Option<PoliceUnit>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
    /// Where the money goes; a compulsory benefit goes to the claimant alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PayoutAccount>,
    /// Which file is what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NoticeFile>,
    /// Who filled it in, where it was not the claimant (協助申請).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed_by: Option<NoticeFiler>,
}

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// 車體損失: damage to the own vehicle.
    OwnDamage,
    /// 第三人財損: damage to somebody else's things.
    ThirdPartyDamage,
    /// 強制險傷害: injury or death under compulsory cover.
    InjuryCompulsory,
    /// 第三人責任傷害: injury or death under voluntary liability cover.
    InjuryVoluntary,
    /// 駕駛人傷害.
    DriverInjury,
    /// 乘客.
    Passenger,
}

/// In which capacity somebody claims (強制汽車責任保險法 §11). The list may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClaimantCapacity {
    /// 本人.
    #[serde(rename = "self")]
    Own,
    /// 車主.
    Owner,
    /// 繼承人、遺屬.
    Heir,
    /// 法定代理人 of a minor or ward: no mandate.
    Representative,
    /// 支出殯葬費之人.
    FuneralPayer,
}

/// A person, as far as the claimant says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticePerson {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// National ID, resident certificate or passport.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// Day of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<Date>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A vehicle and its covers, as far as the claimant says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeVehicle {
    /// Licence plate (車牌號碼).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// Kind of plate (牌照種類), as a word of the form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_kind: Option<String>,
    /// Make and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// Party id of its compulsory insurer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurer: Option<String>,
    /// Number of its certificate of compulsory cover (強制險證號).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_number: Option<String>,
    /// Number of its voluntary policy (保單號碼).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_number: Option<String>,
}

/// A driver.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeDriver {
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<NoticePerson>,
    /// Number of the driving licence (駕照號碼).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_number: Option<String>,
    /// Kind of the licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_kind: Option<String>,
    /// Until when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_valid_to: Option<Date>,
    /// What the driver is to the insured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
}

/// What a file of the notice is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeFile {
    /// Id of the attachment.
    pub attachment: String,
    /// What it is, as a word of the form, for example `scene-photo`.
    pub kind: String,
    /// In the claimant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// Who filled a notice in for the claimant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeFiler {
    /// `counter`, `agent` or `family`.
    pub kind: String,
    /// The mandate (委託) it was done under, as recorded in the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
}

opaque_debug!(AccidentNotice, NoticePerson, NoticeVehicle, NoticeDriver, NoticeFile, NoticeFiler);
