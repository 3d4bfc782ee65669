//! Whether stated losses hold together: bounds of count and amount, before anything is calculated.

use super::medical::{COSTS, Unit};
use super::{CostKind, Fault, Losses, MOST_COSTS, MOST_LEVELS, MOST_UNITS};

/// The largest single amount, in dollars: ten million, so that sums of all stay amounts.
const LARGEST: i64 = 10_000_000;

/// An accident of which no limits are known.
pub(super) fn too_early() -> Fault {
    Fault {
        at: "/on".to_owned(),
        text: "Limits are known for accidents from 2012-03-01 on",
        chinese: "僅支援 101 年 3 月 1 日以後之事故",
    }
}

/// # Errors
/// Every fault.
pub(super) fn check(losses: &Losses) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    let mut need = |holds: bool, at: String, text: &'static str, chinese: &'static str| {
        if !holds {
            faults.push(Fault { at, text, chinese });
        }
    };
    let amount = |hundredths: i64| (0..=LARGEST * 100).contains(&hundredths);
    need(losses.costs.len() <= MOST_COSTS, "/costs".to_owned(), "At most 300 costs", "費用至多 300 筆");
    for (number, cost) in losses.costs.iter().enumerate().take(MOST_COSTS) {
        need(
            amount(cost.amount.hundredths()),
            format!("/costs/{number}/amount"),
            "An amount is 0 to 10000000",
            "金額為 0 至 1 千萬元",
        );
        let unit = COSTS.iter().find(|row| row.kind == cost.kind).and_then(|row| row.unit);
        let units = match unit {
            Some(Unit::Day | Unit::Limb | Unit::Tooth | Unit::Eye) => {
                cost.units.is_some_and(|units| (1..=MOST_UNITS).contains(&units))
            }
            None => cost.units.is_none(),
        };
        need(
            units,
            format!("/costs/{number}/units"),
            "Days, limbs, teeth or eyes, 1 to 3660, for the kinds that are capped by them, and for no other",
            "按日、肢、齒、顆計算之項目須填數量（1 至 3660），其他項目不得填",
        );
        need(
            !cost.by_doctor || cost.kind == CostKind::HomeNursing,
            format!("/costs/{number}/by_doctor"),
            "A doctor's certificate is for nursing at home",
            "醫師證明僅適用於居家看護",
        );
    }
    need(
        losses.disability_levels.len() <= MOST_LEVELS,
        "/disability_levels".to_owned(),
        "At most 30 levels",
        "失能項目至多 30 項",
    );
    let level = |level: &u8| (1..=15).contains(level);
    need(
        losses.disability_levels.iter().all(level),
        "/disability_levels".to_owned(),
        "A level is 1 to 15",
        "失能等級為 1 至 15",
    );
    for (at, one) in [("/level_before", losses.level_before), ("/level_decided", losses.level_decided)] {
        need(one.as_ref().is_none_or(level), at.to_owned(), "A level is 1 to 15", "失能等級為 1 至 15");
    }
    need(losses.paid.len() <= MOST_LEVELS, "/paid".to_owned(), "At most 30 payments", "已付款項至多 30 筆");
    for (number, one) in losses.paid.iter().enumerate().take(MOST_LEVELS) {
        need(
            amount(one.amount.hundredths()),
            format!("/paid/{number}/amount"),
            "An amount is 0 to 10000000",
            "金額為 0 至 1 千萬元",
        );
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
