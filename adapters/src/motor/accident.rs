//! An accident as it is stated: vehicles with their cover, persons with their part in it and what befell them.
//!
//! In: what somebody says. Out: facts the tables can be asked with, or every fault of them. `id`s are the caller's own words for
//! a vehicle or a person; they come back in the answers and mean nothing here.

use std::collections::BTreeSet;

use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Fault;
use super::limits::EARLIEST;

/// Vehicles of one accident.
pub const MOST_VEHICLES: usize = 20;
/// Persons of one accident.
pub const MOST_PERSONS: usize = 60;
/// Characters of an id.
const LONGEST: usize = 64;

/// An accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorAccident"))]
#[serde(deny_unknown_fields)]
pub struct Accident {
    /// The day in Taiwan: the limits of that day hold (強制汽車責任保險法 §27 III).
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// The vehicles that had a part in it (牽涉), those that fled too: 1 to 20.
    pub vehicles: Vec<Vehicle>,
    /// Whoever was hurt or lost something, and every driver: 1 to 60.
    pub persons: Vec<Person>,
}

/// A vehicle (汽車, motorcycles too).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorVehicle"))]
#[serde(deny_unknown_fields)]
pub struct Vehicle {
    /// Your word for it, 1 to 64 characters; no plate.
    pub id: String,
    /// Its compulsory cover on that day.
    pub cover: Cover,
}

/// Compulsory cover of a vehicle on the day of the accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorCover"))]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cover {
    /// Insured (被保險汽車).
    Insured {
        /// The insurer's party id, or your word for it.
        by: String,
    },
    /// Insured; whether it was used with consent is in dispute (§40 II).
    ConsentDisputed {
        /// The insurer's party id, or your word for it.
        by: String,
    },
    /// Insured, and used without the insured's consent (§40 I (3)).
    WithoutConsent,
    /// Should be insured and is not (未保險汽車, §40 I (2)).
    Uninsured,
    /// Cannot be traced, as after hit and run (無法查究, §40 I (1)).
    Untraceable,
    /// Need not be insured: farm machines, assembled vehicles, forklifts (§40 I (4)).
    NotRequired,
    /// The vehicle is known, its cover is not yet: look it up.
    NotKnown,
}

words! {
    /// The state of cover alone, as tables name it.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorCoverKind"))]
    CoverKind {
        /// See [`Cover::Insured`].
        Insured = "insured", "被保險汽車";
        /// See [`Cover::ConsentDisputed`].
        ConsentDisputed = "consent-disputed", "未經同意使用有疑義";
        /// See [`Cover::WithoutConsent`].
        WithoutConsent = "without-consent", "未經被保險人同意使用";
        /// See [`Cover::Uninsured`].
        Uninsured = "uninsured", "未保險汽車";
        /// See [`Cover::Untraceable`].
        Untraceable = "untraceable", "無法查究";
        /// See [`Cover::NotRequired`].
        NotRequired = "not-required", "無須訂立本保險契約";
        /// See [`Cover::NotKnown`].
        NotKnown = "not-known", "投保情形尚待查詢";
    }
}

impl Cover {
    /// The state alone.
    #[must_use]
    pub fn kind(&self) -> CoverKind {
        match self {
            Self::Insured { .. } => CoverKind::Insured,
            Self::ConsentDisputed { .. } => CoverKind::ConsentDisputed,
            Self::WithoutConsent => CoverKind::WithoutConsent,
            Self::Uninsured => CoverKind::Uninsured,
            Self::Untraceable => CoverKind::Untraceable,
            Self::NotRequired => CoverKind::NotRequired,
            Self::NotKnown => CoverKind::NotKnown,
        }
    }

    /// The insurer, where the state names one.
    #[must_use]
    pub fn insurer(&self) -> Option<&str> {
        match self {
            Self::Insured { by } | Self::ConsentDisputed { by } => Some(by),
            _ => None,
        }
    }
}

/// A person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorPerson"))]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Your word for them, 1 to 64 characters; no name, no number.
    pub id: String,
    /// Their part in it.
    pub position: Position,
    /// What befell them; of several, the gravest.
    pub harm: Harm,
    /// Whether they brought it about themselves.
    #[serde(default)]
    pub conduct: Conduct,
}

/// A person's part in an accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorPosition"))]
#[serde(tag = "as", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Position {
    /// Drove or rode it (駕駛人).
    Driver {
        /// The vehicle's `id`.
        of: String,
    },
    /// Was carried by it (乘客), the owner too.
    Passenger {
        /// The vehicle's `id`.
        of: String,
    },
    /// Outside all vehicles (車外第三人): pedestrians, cyclists.
    Outside,
}

words! {
    /// The part alone, as tables name it.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorPositionKind"))]
    PositionKind {
        /// See [`Position::Driver`].
        Driver = "driver", "駕駛人";
        /// See [`Position::Passenger`].
        Passenger = "passenger", "乘客";
        /// See [`Position::Outside`].
        Outside = "outside", "車外第三人";
    }
}

impl Position {
    /// The part alone.
    #[must_use]
    pub fn kind(&self) -> PositionKind {
        match self {
            Self::Driver { .. } => PositionKind::Driver,
            Self::Passenger { .. } => PositionKind::Passenger,
            Self::Outside => PositionKind::Outside,
        }
    }

    /// The vehicle they were in or on.
    #[must_use]
    pub fn vehicle(&self) -> Option<&str> {
        match self {
            Self::Driver { of } | Self::Passenger { of } => Some(of),
            Self::Outside => None,
        }
    }
}

words! {
    /// What befell a person.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorHarm"))]
    Harm {
        /// Injury (傷害).
        Injury = "injury", "傷害";
        /// Disability (失能).
        Disability = "disability", "失能";
        /// Death (死亡).
        Death = "death", "死亡";
        /// Damage to things alone (財損).
        Damage = "damage", "財物損失";
    }
}

impl Harm {
    /// Whether a person was hurt: compulsory cover is for nothing else (§7, §27 I).
    #[must_use]
    pub fn is_bodily(self) -> bool {
        self != Self::Damage
    }
}

/// Whether a person brought the accident about (§28).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorConduct"))]
#[serde(rename_all = "kebab-case")]
pub enum Conduct {
    /// Nothing of the kind; negligence is none.
    #[default]
    None,
    /// Intent (故意行為所致).
    Intent,
    /// A crime (從事犯罪行為所致).
    Crime,
}

impl Conduct {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Intent, Self::Crime];
}

opaque_debug!(Accident, Vehicle, Cover, Person, Position);

impl Accident {
    /// The vehicle of that id.
    #[must_use]
    pub fn vehicle(&self, id: &str) -> Option<&Vehicle> {
        self.vehicles.iter().find(|vehicle| vehicle.id == id)
    }

    /// Whether the facts hold together: bounds, ids given once, vehicles that exist, one driver each.
    ///
    /// # Errors
    /// Every fault, in the order of the facts.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut need = |holds: bool, at: String, (text, chinese): (&'static str, &'static str)| {
            if !holds {
                faults.push(Fault { at, text, chinese });
            }
        };
        need(
            self.on >= EARLIEST,
            "/on".to_owned(),
            (
                "Limits are known for accidents from 2012-03-01 on; a claim of an earlier one is barred (§14)",
                "僅支援 101 年 3 月 1 日以後之事故；更早者請求權已消滅（第 14 條）",
            ),
        );
        need(
            (1..=MOST_VEHICLES).contains(&self.vehicles.len()),
            "/vehicles".to_owned(),
            (
                "Name 1 to 20 vehicles; without one it is no accident of this law (§13)",
                "請列 1 至 20 輛事故汽車；無汽車者非本法之汽車交通事故（第 13 條）",
            ),
        );
        need(
            (1..=MOST_PERSONS).contains(&self.persons.len()),
            "/persons".to_owned(),
            ("Name 1 to 60 persons", "請列 1 至 60 人"),
        );
        let word = |text: &str| (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let mut seen = BTreeSet::new();
        for (number, vehicle) in self.vehicles.iter().enumerate().take(MOST_VEHICLES) {
            need(
                word(&vehicle.id),
                format!("/vehicles/{number}/id"),
                ("An id has 1 to 64 characters", "id 為 1 至 64 字"),
            );
            need(seen.insert(&vehicle.id), format!("/vehicles/{number}/id"), ("This id stands twice", "id 重複"));
            need(
                vehicle.cover.insurer().is_none_or(word),
                format!("/vehicles/{number}/cover/by"),
                ("Name the insurer with 1 to 64 characters", "請以 1 至 64 字指明保險人"),
            );
        }
        let (mut persons, mut driven) = (BTreeSet::new(), BTreeSet::new());
        for (number, person) in self.persons.iter().enumerate().take(MOST_PERSONS) {
            need(
                word(&person.id),
                format!("/persons/{number}/id"),
                ("An id has 1 to 64 characters", "id 為 1 至 64 字"),
            );
            need(persons.insert(&person.id), format!("/persons/{number}/id"), ("This id stands twice", "id 重複"));
            let Some(of) = person.position.vehicle() else { continue };
            need(
                seen.iter().any(|known| known.as_str() == of),
                format!("/persons/{number}/position/of"),
                ("No vehicle has this id", "查無此車輛 id"),
            );
            let at_wheel = person.position.kind() == PositionKind::Driver;
            need(
                !at_wheel || driven.insert(of),
                format!("/persons/{number}/position/of"),
                ("A vehicle has one driver", "一車僅有一位駕駛人"),
            );
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}
