//! The fields of a case and how each is read: those of the European accident statement (constat amiable) and the police slip
//! (登記聯單), and Taiwan's own. A value is read into one form or not at all; a fault says what is wrong and never repeats it.

use std::collections::BTreeSet;

use claimgate_adapters::plate::Plate;
use claimgate_adapters::police::api::is_case_number;
use claimgate_fhir::taiwan::{NationalId, ResidentNumber};
use claimgate_packet::evidence::accident::{ClaimantCapacity, NoticeKind, Standing, Wgs84};
use jiff::civil::{Date, Time, date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::core::accident::source::Jurisdiction;
use crate::party::PartyId;

pub use super::fault::FieldFault;

/// A person of the case.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Name.
    pub name: Option<String>,
    /// National ID, resident number or passport.
    pub identity: Option<Identity>,
    /// Day of birth.
    pub born: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// In which capacity the person claims.
    pub capacity: Option<ClaimantCapacity>,
    /// Whether the person was hurt.
    pub hurt: Option<bool>,
    /// The injury in words.
    pub injury: Option<String>,
    /// Where the person was taken.
    pub hospital: Option<String>,
    /// Whether the person died of it.
    pub died: Option<bool>,
    /// Key of the person this one stands for: a minor or ward, or who died.
    pub stands_for: Option<String>,
}

/// An identity number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `national-id`, `resident-certificate` or `passport`.
    pub kind: String,
    /// The number.
    pub value: String,
}

/// Another vehicle.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherVehicle {
    /// Plate.
    pub plate: Option<String>,
    /// Kind of plate.
    pub plate_kind: Option<String>,
    /// Make and model.
    pub make: Option<String>,
    /// Party id of its compulsory insurer.
    pub insurer: Option<String>,
    /// Number of its certificate of compulsory cover.
    pub certificate_number: Option<String>,
    /// `insured`, `uninsured`, `unknown`, `fled` or `exempt`.
    pub cover: Option<String>,
}

/// A claim to be made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedClaim {
    /// What is claimed.
    pub kind: NoticeKind,
    /// Party id of who is to pay.
    pub insurer: String,
    /// Its policy or certificate number.
    pub number: Option<String>,
    /// Key of the person who claims.
    pub claimant: Option<String>,
    /// Key of the person it is claimed for, where that is another.
    pub victim: Option<String>,
}

/// A file that was uploaded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileItem {
    /// Id of the upload, `upl_…`.
    pub upload: String,
    /// What it is.
    pub kind: FileKind,
    /// In the person's words.
    pub caption: Option<String>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// 現場照片.
    ScenePhoto,
    /// 車損照片.
    DamagePhoto,
    /// 行車紀錄器影像.
    Dashcam,
    /// 現場草圖.
    Sketch,
    /// 診斷書.
    DiagnosisCertificate,
    /// 醫療費用收據.
    MedicalReceipt,
    /// 修車估價單.
    Estimate,
    /// 修車發票.
    RepairInvoice,
    /// 行照.
    VehicleLicence,
    /// 駕照.
    DrivingLicence,
    /// 身分證明.
    IdentityProof,
    /// 存摺影本.
    BankBook,
    /// 死亡證明書、相驗屍體證明書.
    DeathCertificate,
    /// 戶籍謄本.
    HouseholdRecord,
    /// 其他.
    Other,
}

claimgate_packet::opaque_debug!(Person, Identity, OtherVehicle, PlannedClaim, FileItem);

/// How a field is read.
#[derive(Clone, Copy)]
enum Kind {
    Text(usize),
    Yes,
    Happened,
    Born,
    Day,
    Clock,
    Plate,
    Point,
    Phone,
    Number,
    Identity,
    Words(&'static [&'static str]),
    Standing,
    Jurisdiction,
    CaseNumber,
    Circumstances,
    Party,
    Digits(&'static [usize]),
    Shares,
    Person,
    Other,
    Claim,
    File,
}

/// Kinds of plates (牌照種類).
pub const PLATE_KINDS: [&str; 9] = [
    "private-car",
    "commercial-car",
    "truck",
    "bus",
    "trailer",
    "motorcycle",
    "large-motorcycle",
    "light-motorcycle",
    "special",
];
/// Points of first impact (碰撞部位).
const IMPACTS: [&str; 10] =
    ["front", "front-left", "front-right", "left", "right", "rear", "rear-left", "rear-right", "top", "underside"];
const RELATIONS: [&str; 7] = ["self", "spouse", "parent", "child", "relative", "employee", "other"];
const COVERS: [&str; 5] = ["insured", "uninsured", "unknown", "fled", "exempt"];
/// Own fields another person of the accident may see where they are shared.
pub const SHAREABLE: [&str; 8] = [
    "vehicle.plate",
    "vehicle.kind",
    "circumstances",
    "impact",
    "damage",
    "insurer.compulsory",
    "insurer.certificate_number",
    "driver.name",
];

/// Every field that is no item of a list.
const FIELDS: [(&str, Kind); 45] = [
    ("occurrence.date", Kind::Happened),
    ("occurrence.time", Kind::Clock),
    ("place.text", Kind::Text(400)),
    ("place.point", Kind::Point),
    ("standing", Kind::Standing),
    ("injuries", Kind::Yes),
    ("other_damage", Kind::Text(1_000)),
    ("insured.name", Kind::Text(100)),
    ("insured.identity", Kind::Identity),
    ("insured.phone", Kind::Phone),
    ("insured.address", Kind::Text(300)),
    ("vehicle.plate", Kind::Plate),
    ("vehicle.kind", Kind::Words(&PLATE_KINDS)),
    ("vehicle.make", Kind::Text(100)),
    ("vehicle.trailer_plate", Kind::Plate),
    ("insurer.compulsory", Kind::Party),
    ("insurer.certificate_number", Kind::Number),
    ("insurer.voluntary", Kind::Party),
    ("insurer.policy_number", Kind::Number),
    ("insurer.own_damage", Kind::Yes),
    ("driver.name", Kind::Text(100)),
    ("driver.identity", Kind::Identity),
    ("driver.born", Kind::Born),
    ("driver.phone", Kind::Phone),
    ("driver.address", Kind::Text(300)),
    ("driver.licence_number", Kind::Number),
    ("driver.licence_kind", Kind::Text(40)),
    ("driver.licence_valid_to", Kind::Day),
    ("driver.relation", Kind::Words(&RELATIONS)),
    ("impact", Kind::Words(&IMPACTS)),
    ("damage", Kind::Text(1_000)),
    ("circumstances", Kind::Circumstances),
    ("account", Kind::Text(4_000)),
    ("remarks", Kind::Text(2_000)),
    ("police.exists", Kind::Yes),
    ("police.jurisdiction", Kind::Jurisdiction),
    ("police.number", Kind::CaseNumber),
    ("police.unit", Kind::Text(100)),
    ("police.officer", Kind::Text(100)),
    ("police.phone", Kind::Phone),
    ("payout.bank", Kind::Digits(&[3, 7])),
    ("payout.account", Kind::Digits(&[6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])),
    ("payout.holder", Kind::Text(100)),
    ("shares", Kind::Shares),
    ("signed", Kind::Yes),
];

/// Lists: a field is an item, named by the list and a key of the app's.
const LISTS: [(&str, Kind); 5] = [
    ("other", Kind::Other),
    ("witness", Kind::Person),
    ("person", Kind::Person),
    ("claim", Kind::Claim),
    ("file", Kind::File),
];

/// Reads the value of a field into its one form; null stays null.
///
/// # Errors
/// What is wrong with it.
pub fn read(name: &str, value: Value, today: Date) -> Result<Value, FieldFault> {
    let kind = kind(name).ok_or(FieldFault::UNKNOWN)?;
    if value.is_null() { Ok(Value::Null) } else { of_kind(kind, value, today) }
}

fn kind(name: &str) -> Option<Kind> {
    if let Some((_, kind)) = FIELDS.iter().find(|(known, _)| *known == name) {
        return Some(*kind);
    }
    let (list, key) = name.split_once('.')?;
    is_key(key).then(|| LISTS.iter().find(|(known, _)| *known == list).map(|(_, kind)| *kind)).flatten()
}

/// A key of an item: 1 to 36 lower-case letters, digits and hyphens, as a UUID is.
#[must_use]
pub fn is_key(key: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=36).contains(&key.len()) && key.bytes().all(sign)
}

fn of_kind(kind: Kind, value: Value, today: Date) -> Result<Value, FieldFault> {
    match kind {
        Kind::Yes => value.as_bool().map(Value::Bool).ok_or(FieldFault::BOOL),
        Kind::Circumstances => circumstances(&value),
        Kind::Point => point(value),
        Kind::Identity => identity(&item(value)?).map(|found| json!(found)),
        Kind::Shares => shares(&value),
        Kind::Standing => typed::<Standing>(value).ok_or(FieldFault::WORD),
        Kind::Person => person(item(value)?, today).map(|found| json!(found)),
        Kind::Other => other(item(value)?).map(|found| json!(found)),
        Kind::Claim => claim(item(value)?).map(|found| json!(found)),
        Kind::File => file(item(value)?).map(|found| json!(found)),
        Kind::Text(_)
        | Kind::Happened
        | Kind::Born
        | Kind::Day
        | Kind::Clock
        | Kind::Plate
        | Kind::Phone
        | Kind::Number
        | Kind::Words(_)
        | Kind::Jurisdiction
        | Kind::CaseNumber
        | Kind::Party
        | Kind::Digits(_) => {
            let text = value.as_str().ok_or(FieldFault::TEXT)?;
            of_text(kind, text, today).map(Value::String)
        }
    }
}

fn of_text(kind: Kind, text: &str, today: Date) -> Result<String, FieldFault> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match kind {
        Kind::Text(most) => bounded(text, most),
        Kind::Happened => day(text, Some(today), date(1990, 1, 1)),
        Kind::Born => day(text, Some(today), date(1890, 1, 1)),
        Kind::Day => day(text, None, date(1990, 1, 1)),
        Kind::Clock => clock(text),
        Kind::Plate => text.parse::<Plate>().map(|plate| plate.to_string()).map_err(|_| FieldFault::PLATE),
        Kind::Phone => phone(text),
        Kind::Number => {
            let fits = (1..=40).contains(&text.len()) && plain(text);
            fits.then(|| text.to_ascii_uppercase()).ok_or(FieldFault::NUMBER)
        }
        Kind::Words(words) => word(text, words),
        Kind::Jurisdiction => {
            let known = text.parse::<Jurisdiction>().map_err(|_| FieldFault::WORD)?;
            Ok(known.as_str().to_owned())
        }
        Kind::CaseNumber => is_case_number(text).then(|| text.to_owned()).ok_or(FieldFault::NUMBER),
        Kind::Party => text.parse::<PartyId>().map(|id| id.to_string()).map_err(|_| FieldFault::PARTY),
        Kind::Digits(lengths) => {
            let fits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            fits.then(|| text.to_owned()).ok_or(FieldFault::ACCOUNT)
        }
        _ => Err(FieldFault::ITEM),
    }
}

fn bounded(text: &str, most: usize) -> Result<String, FieldFault> {
    let text = text.trim();
    let controls = text.chars().any(|sign| sign.is_control() && sign != '\n');
    let fits = !text.is_empty() && !controls && text.len() <= most.saturating_mul(4) && text.chars().count() <= most;
    fits.then(|| text.to_owned()).ok_or(FieldFault::TEXT)
}

fn day(text: &str, latest: Option<Date>, earliest: Date) -> Result<String, FieldFault> {
    let form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day: Date = text.parse().ok().filter(|_| form).ok_or(FieldFault::DATE)?;
    if latest.is_some_and(|latest| day > latest) {
        return Err(FieldFault::FUTURE);
    }
    if day < earliest { Err(FieldFault::PAST) } else { Ok(day.to_string()) }
}

fn clock(text: &str) -> Result<String, FieldFault> {
    let form = text.len() == 5 && text.as_bytes().get(2) == Some(&b':');
    let time: Time = format!("{text}:00").parse().ok().filter(|_| form).ok_or(FieldFault::TIME)?;
    Ok(time.strftime("%H:%M").to_string())
}

fn phone(text: &str) -> Result<String, FieldFault> {
    let known = |sign: char| sign.is_ascii_digit() || matches!(sign, '+' | '-' | ' ' | '(' | ')' | '#');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let fits = text.len() <= 30 && text.chars().all(known) && (6..=20).contains(&digits);
    fits.then(|| text.to_owned()).ok_or(FieldFault::PHONE)
}

fn word(text: &str, words: &[&str]) -> Result<String, FieldFault> {
    words.iter().find(|word| **word == text).map(|word| (*word).to_owned()).ok_or(FieldFault::WORD)
}

fn circumstances(value: &Value) -> Result<Value, FieldFault> {
    let boxes = value.as_array().filter(|boxes| boxes.len() <= 17).ok_or(FieldFault::CIRCUMSTANCES)?;
    let mut found = BTreeSet::new();
    for one in boxes {
        let number = one.as_u64().filter(|number| (1..=17).contains(number)).ok_or(FieldFault::CIRCUMSTANCES)?;
        if !found.insert(number) {
            return Err(FieldFault::CIRCUMSTANCES);
        }
    }
    Ok(json!(found))
}

fn point(value: Value) -> Result<Value, FieldFault> {
    let point: Wgs84 = serde_json::from_value(value).map_err(|_| FieldFault::POINT)?;
    Wgs84::of(&point.latitude, &point.longitude).map(|point| json!(point)).ok_or(FieldFault::POINT)
}

fn shares(value: &Value) -> Result<Value, FieldFault> {
    let names = value.as_array().filter(|names| names.len() <= SHAREABLE.len()).ok_or(FieldFault::WORD)?;
    let mut found = BTreeSet::new();
    for name in names {
        found.insert(word(name.as_str().ok_or(FieldFault::WORD)?, &SHAREABLE)?);
    }
    Ok(json!(found))
}

fn typed<T: Serialize + DeserializeOwned>(value: Value) -> Option<Value> {
    let read: T = serde_json::from_value(value).ok()?;
    serde_json::to_value(read).ok()
}

fn item<T: DeserializeOwned>(value: Value) -> Result<T, FieldFault> {
    serde_json::from_value(value).map_err(|_| FieldFault::ITEM)
}

/// Reads a member of an item where it is there.
fn member(of: &mut Option<String>, kind: Kind, today: Date) -> Result<(), FieldFault> {
    if let Some(text) = of.take() {
        *of = Some(of_text(kind, &text, today)?);
    }
    Ok(())
}

fn key(of: Option<&String>) -> Result<(), FieldFault> {
    if of.is_none_or(|key| is_key(key)) { Ok(()) } else { Err(FieldFault::ITEM) }
}

fn identity(found: &Identity) -> Result<Identity, FieldFault> {
    let value = found.value.trim().to_ascii_uppercase();
    let fits = match found.kind.as_str() {
        "national-id" => value.parse::<NationalId>().is_ok(),
        "resident-certificate" => value.parse::<ResidentNumber>().is_ok(),
        "passport" => (5..=20).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        _ => false,
    };
    fits.then(|| Identity { kind: found.kind.clone(), value }).ok_or(FieldFault::IDENTITY)
}

fn person(mut found: Person, today: Date) -> Result<Person, FieldFault> {
    for (of, most) in
        [(&mut found.name, 100), (&mut found.address, 300), (&mut found.injury, 1_000), (&mut found.hospital, 100)]
    {
        member(of, Kind::Text(most), today)?;
    }
    member(&mut found.born, Kind::Born, today)?;
    member(&mut found.phone, Kind::Phone, today)?;
    key(found.stands_for.as_ref())?;
    found.identity = found.identity.as_ref().map(identity).transpose()?;
    Ok(found)
}

fn other(mut found: OtherVehicle) -> Result<OtherVehicle, FieldFault> {
    let any = date(2000, 1, 1);
    for (of, kind) in [
        (&mut found.plate, Kind::Plate),
        (&mut found.plate_kind, Kind::Words(&PLATE_KINDS)),
        (&mut found.make, Kind::Text(100)),
        (&mut found.insurer, Kind::Party),
        (&mut found.certificate_number, Kind::Number),
        (&mut found.cover, Kind::Words(&COVERS)),
    ] {
        member(of, kind, any)?;
    }
    Ok(found)
}

fn claim(mut found: PlannedClaim) -> Result<PlannedClaim, FieldFault> {
    found.insurer = of_text(Kind::Party, &found.insurer, date(2000, 1, 1))?;
    member(&mut found.number, Kind::Number, date(2000, 1, 1))?;
    key(found.claimant.as_ref())?;
    key(found.victim.as_ref())?;
    Ok(found)
}

fn file(mut found: FileItem) -> Result<FileItem, FieldFault> {
    if found.upload.parse::<crate::id::UploadId>().is_err() {
        return Err(FieldFault::ITEM);
    }
    member(&mut found.caption, Kind::Text(200), date(2000, 1, 1))?;
    Ok(found)
}

#[cfg(test)]
mod tests;
