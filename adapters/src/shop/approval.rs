//! What an insurer says of an estimate (核定): line by line, with its reasons, and the figures that follow.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::amount::share_of;
use super::{Estimate, EstimateLine, Fault, LineKind, is_text};

/// What an insurer says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LineResult {
    /// As it was estimated (核准).
    Approved,
    /// For less, with the reason (核減).
    Changed,
    /// Not at all, with the reason (剔除).
    Refused,
}

/// One line of a decision.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairLineDecision"))]
#[serde(deny_unknown_fields)]
pub struct LineDecision {
    /// The line of the estimate.
    pub line: u32,
    /// What is said of it.
    pub result: LineResult,
    /// What is approved before tax; where it is changed, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Twd>,
    /// What is taken off a part because the old one was worn (折舊), before tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depreciation: Option<Twd>,
    /// Why, 1 to 500 characters; needed for anything but approval without depreciation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// That the vehicle is not repaired (全損).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TotalLoss {
    /// What the vehicle was worth before the accident.
    pub value: Twd,
    /// What is left of it (殘值), where the insurer has a figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salvage: Option<Twd>,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// An insurer's decision of a version.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RepairDecision {
    /// The newest version, as it was read.
    pub version: u32,
    /// Lines that are decided, each once; what was decided before and is not named stays.
    #[serde(default)]
    #[validate(length(max = 300))]
    pub lines: Vec<LineDecision>,
    /// What the insured bears of the damage (自負額).
    #[serde(default)]
    pub deductible: Twd,
    /// That it is not repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_loss: Option<TotalLoss>,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 2000))]
    pub remarks: Option<String>,
}

opaque_debug!(LineDecision, TotalLoss, RepairDecision);

/// A decision of a line that counts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// The version it was made of.
    pub version: u32,
    /// What was said.
    pub decision: LineDecision,
}

opaque_debug!(Ruling);

/// The decisions that count, by line.
pub type Rulings = BTreeMap<u32, Ruling>;

impl Ruling {
    /// What is approved of a line, before tax and before depreciation.
    #[must_use]
    pub fn approved(&self, line: &EstimateLine) -> Twd {
        match self.decision.result {
            LineResult::Approved => line.amount,
            LineResult::Changed => self.decision.amount.unwrap_or(Twd::ZERO),
            LineResult::Refused => Twd::ZERO,
        }
    }

    /// The same with the tax that goes with it.
    pub(super) fn with_tax(&self, line: &EstimateLine) -> Option<Twd> {
        let approved = self.approved(line);
        approved.checked_add(share_of(line.tax, approved, line.amount))
    }
}

impl RepairDecision {
    /// Every fault in it, held against the version it decides.
    #[must_use]
    pub fn faults(&self, of: &Estimate) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.deductible < Twd::ZERO {
            faults.push(Fault::new("/deductible", "nothing below zero"));
        }
        if let Some(loss) = &self.total_loss {
            if loss.value < Twd::ZERO || loss.salvage.is_some_and(|left| left < Twd::ZERO || left > loss.value) {
                faults
                    .push(Fault::new("/total_loss/value", "nothing below zero, and what is left is at most the value"));
            }
            if !is_text(&loss.reason, 500) {
                faults.push(Fault::new("/total_loss/reason", "1 to 500 characters of one line"));
            }
        }
        if self.lines.is_empty() && self.total_loss.is_none() {
            faults.push(Fault::new("/lines", "decide a line, or that it is not repaired"));
        }
        let mut seen = BTreeSet::new();
        for (place, said) in self.lines.iter().enumerate() {
            match of.line(said.line) {
                Some(line) if seen.insert(said.line) => said.faults(place, line, &mut faults),
                _ => faults.push(Fault::new(format!("/lines/{place}/line"), "a line of this version, each once")),
            }
        }
        faults
    }
}

impl LineDecision {
    fn faults(&self, place: usize, line: &EstimateLine, faults: &mut Vec<Fault>) {
        let mut wrong = |member: &str, text| faults.push(Fault::new(format!("/lines/{place}/{member}"), text));
        let approved = match (self.result, self.amount) {
            (LineResult::Changed, Some(amount)) if (Twd::ZERO..line.amount).contains(&amount) => amount,
            (LineResult::Approved, None) => line.amount,
            (LineResult::Refused, None) => Twd::ZERO,
            _ => {
                wrong("amount", "less than the line says where it is changed, and only there");
                return;
            }
        };
        if let Some(worn) = self.depreciation
            && (line.kind != LineKind::Parts || worn < Twd::ZERO || worn > approved)
        {
            wrong("depreciation", "of parts alone, and at most what is approved");
        }
        let as_is = self.result == LineResult::Approved && self.depreciation.is_none_or(|worn| worn.is_zero());
        let said = self.reason.as_ref().is_some_and(|reason| is_text(reason, 500));
        if !said && (!as_is || self.reason.is_some()) {
            wrong("reason", "1 to 500 characters of one line say why");
        }
    }
}

/// What a version and its decisions come to. Every figure holds its tax but depreciation and deductible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairFigures"))]
pub struct Figures {
    /// What is estimated.
    pub estimated: Twd,
    /// What is approved of it.
    pub approved: Twd,
    /// What is refused or taken off.
    pub not_approved: Twd,
    /// What is not decided yet.
    pub undecided: Twd,
    /// What is taken off approved parts (折舊).
    pub depreciation: Twd,
    /// What the insured bears (自負額).
    pub deductible: Twd,
    /// What the insurer bears: approved, less depreciation, less the deductible, never below zero.
    pub insurer_bears: Twd,
}

/// The figures of a version. None beyond ten billion.
#[must_use]
pub fn figures(of: &Estimate, rulings: &Rulings, deductible: Twd) -> Option<Figures> {
    let (mut approved, mut undecided, mut worn) = (Twd::ZERO, Twd::ZERO, Twd::ZERO);
    for line in &of.lines {
        match rulings.get(&line.line) {
            Some(ruling) => {
                approved = approved.checked_add(ruling.with_tax(line)?)?;
                worn = worn.checked_add(ruling.decision.depreciation.unwrap_or(Twd::ZERO))?;
            }
            None => undecided = undecided.checked_add(line.amount)?.checked_add(line.tax)?,
        }
    }
    Some(Figures {
        estimated: of.totals.gross,
        approved,
        not_approved: of.totals.gross.checked_sub(approved)?.checked_sub(undecided)?,
        undecided,
        depreciation: worn,
        deductible,
        insurer_bears: approved.checked_sub(worn)?.checked_sub(deductible)?.max(Twd::ZERO),
    })
}
