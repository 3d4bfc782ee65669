//! Levels of disability (失能等級) and how several of them combine (給付標準 §4).

use super::super::limits::Limits;
use super::{Basis, Status, plus, twd};

/// Several items of the table: the first row that two of the levels fit counts.
pub(in crate::motor) struct CombinationRow {
    /// Levels 1 to this.
    pub(in crate::motor) within: u8,
    /// By so many the highest is raised.
    pub(in crate::motor) raised: u8,
    pub(in crate::motor) basis: Basis,
}

pub(in crate::motor) const COMBINATIONS: [CombinationRow; 4] = [
    CombinationRow { within: 5, raised: 3, basis: standard!("§4 (5)") },
    CombinationRow { within: 8, raised: 2, basis: standard!("§4 (4)") },
    CombinationRow { within: 14, raised: 1, basis: standard!("§4 (3)") },
    CombinationRow { within: 15, raised: 0, basis: standard!("§4 (2)") },
];

const ONE: Basis = standard!("§4 (1)");
const SUM: Basis = standard!("§4 (6)");

/// What several levels come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// The level; none where the sum of the single amounts is paid.
    pub level: Option<u8>,
    /// In whole dollars.
    pub amount: i64,
    /// How.
    pub calculation: String,
    /// By which rule, and how sure the amounts are.
    pub basis: Basis,
}

/// What levels of one victim come to; nothing for none. Levels outside 1 to 15 are not looked at.
#[must_use]
pub fn combined(levels: &[u8], limits: &Limits) -> Option<Combined> {
    let amounts = levels.iter().filter_map(|level| limits.level(*level).map(|(amount, sure)| (*level, amount, sure)));
    let amounts: Vec<(u8, i64, Status)> = amounts.collect();
    let highest = amounts.iter().map(|(level, ..)| *level).min()?;
    let row = COMBINATIONS.iter().find(|row| amounts.iter().filter(|(level, ..)| *level <= row.within).count() > 1);
    let level = highest.saturating_sub(row.map_or(0, |row| row.raised)).max(1);
    let (amount, status) = limits.level(level)?;
    let sum: i64 = amounts.iter().map(|(_, amount, _)| amount).sum();
    let mut text = String::new();
    for (level, amount, _) in &amounts {
        plus(&mut text, &format!("{amount} (level {level})"));
    }
    if row.is_some_and(|row| row.raised > 0) && amount > sum {
        let status = amounts.iter().map(|(.., sure)| *sure).max().unwrap_or(status);
        let calculation = format!("{text} = {}, less than {amount} (level {level})", twd(sum * 100));
        return Some(Combined { level: None, amount: sum, calculation, basis: Basis { status, ..SUM } });
    }
    let basis = Basis { status, ..row.map_or(ONE, |row| row.basis) };
    let calculation = match row.filter(|row| row.raised > 0) {
        Some(row) => format!("level {highest} raised by {} = level {level}: {amount}", row.raised),
        None => format!("level {level}: {amount}"),
    };
    Some(Combined { level: Some(level), amount, calculation, basis })
}
