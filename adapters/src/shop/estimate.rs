//! An estimate (估價單) and its supplements: every version is whole, and its lines keep their numbers.

use std::collections::BTreeSet;

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::amount::{Hours, is_product, is_tax};
use super::{Fault, MOST_LINES, is_text};

/// The highest number of a line.
const HIGHEST: u32 = 9_999;
/// The most photos of a line.
const MOST_PHOTOS: usize = 20;

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "EstimateLineKind"))]
#[serde(rename_all = "kebab-case")]
pub enum LineKind {
    /// Work (工資).
    Labour,
    /// Parts (零件).
    Parts,
    /// Paint (烤漆): work, material or both.
    Paint,
    /// Towing, work of others, disposal (其他).
    Other,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairOperation"))]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// 更換.
    Replace,
    /// 修理、鈑金.
    Repair,
    /// 拆裝.
    RemoveInstall,
    /// 噴漆.
    Refinish,
    /// 噴漆 of the panel beside it, so that the colours meet (接漆).
    Blend,
    /// 定位、校正.
    Align,
    /// 檢測、診斷.
    Diagnose,
    /// Work of others (外包).
    Sublet,
    /// Anything else.
    Other,
}

/// Where a part is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PartSource {
    /// The maker's own (原廠).
    Original,
    /// Another maker's (副廠).
    Aftermarket,
    /// Taken from another vehicle (中古).
    Used,
    /// Made good as new (整新).
    Remanufactured,
}

/// A part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairPart"))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its number (零件料號).
    pub number: String,
    /// Where it is from.
    pub source: PartSource,
}

/// The vehicle an estimate is of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EstimatedVehicle {
    /// Licence plate (車牌號碼); the one of the accident that was filed.
    pub plate: String,
    /// Body number (車身號碼).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_number: Option<String>,
    /// What the odometer shows, in kilometres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odometer_km: Option<u32>,
}

/// A line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EstimateLine {
    /// Its number, 1 to 9999; the same in every version.
    pub line: u32,
    /// What it is for.
    pub kind: LineKind,
    /// What is done.
    pub operation: Operation,
    /// In words, 1 to 200 characters.
    pub text: String,
    /// The part; a line of parts names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Hours of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// What an hour costs, before tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Twd>,
    /// How many pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// What a piece costs, before tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Twd>,
    /// Before tax: hours at their rate and pieces at their price, within a dollar for rounding.
    pub amount: Twd,
    /// Its business tax (營業稅): none or 5 %, within a dollar.
    pub tax: Twd,
    /// SHA-256 of its photos, 64 hexadecimal digits each; the photos stay with the shop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<String>,
}

/// The sums of an estimate, before tax by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "EstimateTotals"))]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Work.
    pub labour: Twd,
    /// Parts.
    pub parts: Twd,
    /// Paint.
    pub paint: Twd,
    /// The rest.
    pub other: Twd,
    /// All before tax.
    pub net: Twd,
    /// Tax.
    pub tax: Twd,
    /// All.
    pub gross: Twd,
}

/// An estimate; the second and each later one of a job is a supplement (追加估價).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The shop's own number, 1 to 60 characters.
    #[validate(length(min = 1, max = 60))]
    pub number: String,
    /// Its day.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// Of which vehicle.
    pub vehicle: EstimatedVehicle,
    /// 1 to 300 lines: all of them, also those that stood in the version before.
    #[validate(length(min = 1, max = 300))]
    pub lines: Vec<EstimateLine>,
    /// Their sums.
    pub totals: Totals,
    /// Whether the shop finds it not worth a repair (全損).
    #[serde(default)]
    pub beyond_repair: bool,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 2000))]
    pub remarks: Option<String>,
}

opaque_debug!(Part, EstimatedVehicle, EstimateLine, Estimate);

impl Estimate {
    /// Every fault in it; none where it holds together.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !is_text(&self.number, 60) {
            faults.push(Fault::new("/number", "1 to 60 characters of one line"));
        }
        if !is_text(&self.vehicle.plate, 12) {
            faults.push(Fault::new("/vehicle/plate", "1 to 12 characters"));
        }
        if self.vehicle.body_number.as_ref().is_some_and(|number| !is_text(number, 30)) {
            faults.push(Fault::new("/vehicle/body_number", "1 to 30 characters"));
        }
        if self.lines.is_empty() || self.lines.len() > MOST_LINES {
            faults.push(Fault::new("/lines", "1 to 300 lines"));
        }
        let mut seen = BTreeSet::new();
        for (place, line) in self.lines.iter().take(MOST_LINES).enumerate() {
            if !(1..=HIGHEST).contains(&line.line) || !seen.insert(line.line) {
                faults.push(Fault::new(format!("/lines/{place}/line"), "a number from 1 to 9999, each once"));
            }
            line.faults(place, &mut faults);
        }
        faults.extend(self.wrong_sums());
        faults
    }

    /// The line of this number.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&EstimateLine> {
        self.lines.iter().find(|line| line.line == number)
    }

    fn wrong_sums(&self) -> Vec<Fault> {
        let of = |kind: LineKind| Twd::sum(self.lines.iter().filter(|line| line.kind == kind).map(|line| line.amount));
        let totals = &self.totals;
        let sums = [
            ("/totals/labour", totals.labour, of(LineKind::Labour)),
            ("/totals/parts", totals.parts, of(LineKind::Parts)),
            ("/totals/paint", totals.paint, of(LineKind::Paint)),
            ("/totals/other", totals.other, of(LineKind::Other)),
            ("/totals/net", totals.net, Twd::sum(self.lines.iter().map(|line| line.amount))),
            ("/totals/tax", totals.tax, Twd::sum(self.lines.iter().map(|line| line.tax))),
            ("/totals/gross", totals.gross, totals.net.checked_add(totals.tax)),
        ];
        let wrong = sums.into_iter().filter(|(_, said, sum)| *sum != Some(*said));
        wrong.map(|(at, ..)| Fault::new(at, "the sum of what it names")).collect()
    }
}

impl EstimateLine {
    fn faults(&self, place: usize, faults: &mut Vec<Fault>) {
        let mut wrong = |member: &str, text| faults.push(Fault::new(format!("/lines/{place}/{member}"), text));
        if !is_text(&self.text, 200) {
            wrong("text", "1 to 200 characters of one line");
        }
        if self.part.as_ref().is_some_and(|part| !is_text(&part.number, 40)) {
            wrong("part/number", "1 to 40 characters of one line");
        }
        if self.kind == LineKind::Parts && (self.part.is_none() || self.quantity.is_none()) {
            wrong("part", "a line of parts names the part and how many pieces");
        }
        if self.kind == LineKind::Labour && self.hours.is_none() {
            wrong("hours", "a line of work names its hours");
        }
        if self.hours.is_some() != self.rate.is_some() {
            wrong("rate", "hours and their rate stand together");
        }
        if self.quantity.is_some() != self.price.is_some() {
            wrong("price", "a quantity and its price stand together");
        }
        if self.quantity.is_some_and(|count| !(1..=1_000).contains(&count)) {
            wrong("quantity", "1 to 1000 pieces");
        }
        let money =
            [("rate", self.rate), ("price", self.price), ("amount", Some(self.amount)), ("tax", Some(self.tax))];
        for (member, _) in money.iter().filter(|(_, amount)| amount.is_some_and(|amount| amount < Twd::ZERO)) {
            wrong(member, "nothing below zero");
        }
        if !is_product(self.amount, self.hours.zip(self.rate), self.quantity.zip(self.price)) {
            wrong("amount", "hours at their rate and pieces at their price");
        }
        if !is_tax(self.tax, self.amount) {
            wrong("tax", "none, or 5 % of the amount");
        }
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.photos.len() > MOST_PHOTOS || !self.photos.iter().all(is_digest) {
            wrong("photos", "at most 20 SHA-256 digests of 64 hexadecimal digits");
        }
    }
}
