//! Investigation report (道路交通事故調查報告表 (一)(二)): the police's own record with its numbered fields.
//!
//! It is not given to parties; it comes from a police interface, or without persons from open data. What is not known is absent; a code for 不明 is a code.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::code::PoliceCode;
use super::place::{Occurrence, PoliceUnit};
use crate::opaque_debug;

/// Investigation report (調查報告表).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentReport {
    /// Number of the paper, or the police case number (案件編號) it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When and where.
    pub occurrence: Occurrence,
    /// Who handled it (處理單位).
    pub unit: PoliceUnit,
    /// Deaths within 24 hours (field 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deaths_24h: Option<u32>,
    /// Deaths, where the source does not say within which time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deaths: Option<u32>,
    /// Deaths from the 2nd to the 30th day, by degree of injury 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deaths_30d: Option<u32>,
    /// Injured (field 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injured: Option<u32>,
    /// Speed limit of the first party's road in km/h (field 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_limit: Option<u32>,
    /// Road and weather (fields 4 to 14).
    pub scene: AccidentScene,
    /// Type (事故類型及型態, field 15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accident_type: Option<PoliceCode>,
    /// Main cause (肇因研判－主要, field 34).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_cause: Option<PoliceCode>,
    /// Hit and run (肇事逃逸, field 35).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit_and_run: Option<PoliceCode>,
    /// Parties in the police's order; the first is the party of the main cause. Passengers are parties too.
    pub parties: Vec<ReportParty>,
}

/// Road and weather, by code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccidentScene {
    /// 天候 (field 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weather: Option<PoliceCode>,
    /// 光線 (before 2023-07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub light: Option<PoliceCode>,
    /// 道路照明設備 (field 5, since 2023-07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lighting: Option<PoliceCode>,
    /// 道路類別 (field 6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub road_class: Option<PoliceCode>,
    /// 道路型態 (field 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub road_type: Option<PoliceCode>,
    /// 事故位置 (field 9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accident_location: Option<PoliceCode>,
    /// 路面鋪裝 (field 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pavement: Option<PoliceCode>,
    /// 路面狀態 (field 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface_state: Option<PoliceCode>,
    /// 路面缺陷 (field 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface_defect: Option<PoliceCode>,
    /// 障礙物 (field 11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<PoliceCode>,
    /// 視距 (field 11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sight: Option<PoliceCode>,
    /// 號誌種類 (field 12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal_type: Option<PoliceCode>,
    /// 號誌動作 (field 12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal_action: Option<PoliceCode>,
    /// 分向設施 (field 13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction_divider: Option<PoliceCode>,
    /// 快車道或一般車道間 (field 14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane_divider_fast_or_general: Option<PoliceCode>,
    /// 快慢車道間 (field 14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane_divider_fast_slow: Option<PoliceCode>,
    /// 路面邊線 (field 14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge_line: Option<PoliceCode>,
}

/// A party of the report: driver, passenger, pedestrian, or a thing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportParty {
    /// The police's order, from 1 (當事者順位).
    pub order: u32,
    /// Who; absent in open data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ReportPerson>,
    /// 屬性別: male, female, a thing, a fugitive not found, a vehicle without a driver (field 17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex_or_kind: Option<PoliceCode>,
    /// Age at the accident, where the source publishes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u32>,
    /// 當事者區分: kind of vehicle or person (field 26).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_type: Option<PoliceCode>,
    /// Licence plate (field 27), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// 車輛用途 (field 28).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_use: Option<PoliceCode>,
    /// 受傷程度 (field 22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injury_degree: Option<PoliceCode>,
    /// 主要傷處 (field 23).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_injury: Option<PoliceCode>,
    /// 保護裝備 (field 24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protective_gear: Option<PoliceCode>,
    /// 行動裝置 (field 25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_use: Option<PoliceCode>,
    /// 行動狀態 (field 29).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<PoliceCode>,
    /// 駕照狀態 (field 30).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_state: Option<PoliceCode>,
    /// 駕照種類 (field 31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_kind: Option<PoliceCode>,
    /// 飲酒情形 (field 32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drinking: Option<PoliceCode>,
    /// 車輛撞擊部位－最初 (field 33).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_impact: Option<PoliceCode>,
    /// 車輛撞擊部位－其他 (field 33).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_impact: Option<PoliceCode>,
    /// 肇因研判－個別 (field 34).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<PoliceCode>,
    /// 肇事逃逸, where the source says it of each party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit_and_run: Option<PoliceCode>,
    /// 職業 (field 36).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupation: Option<PoliceCode>,
    /// 旅次目的 (field 37, before 2023-07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip_purpose: Option<PoliceCode>,
}

/// Who a party is (fields 16 to 21).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportPerson {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// National ID, residence or passport number, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

opaque_debug!(AccidentReport, AccidentScene, ReportParty, ReportPerson);
