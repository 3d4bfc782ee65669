//! What compulsory cover pays at most, by the day of the accident (強制汽車責任保險法 §27 III; 給付標準 §2, §3, §6, §7).
//!
//! Out: the limits of that day, in whole dollars, each with how sure it is. A change of the standards is a further row.

use jiff::civil::{Date, date};

use super::{Basis, Status};

/// Limits are known for accidents from this day on.
pub const EARLIEST: Date = date(2012, 3, 1);

/// Limits in whole dollars.
#[derive(Debug)]
pub struct Limits {
    /// Accidents from this day on.
    pub from: Date,
    /// Until this day; none: until a change.
    pub until: Option<Date>,
    /// On death, each person.
    pub death: i64,
    /// By level, the first first.
    pub disability: [i64; 15],
    /// Medical costs, each victim and accident.
    pub medical: i64,
    /// All together, each victim and accident.
    pub all: i64,
    /// How sure the amounts of death and of level 1 are.
    pub main: Status,
    /// How sure the levels 2 to 15, medical costs and all together are.
    pub rest: Status,
}

/// The rows, oldest first.
pub const LIMITS: [Limits; 2] = [
    Limits {
        from: EARLIEST,
        until: Some(date(2026, 6, 30)),
        death: 2_000_000,
        disability: [
            2_000_000, 1_670_000, 1_400_000, 1_230_000, 1_070_000, 900_000, 730_000, 600_000, 470_000, 370_000,
            270_000, 170_000, 100_000, 70_000, 50_000,
        ],
        medical: 200_000,
        all: 2_200_000,
        main: Status::Confirmed,
        rest: Status::Confirmed,
    },
    // Amended 2026-05-29. The announcement names death and level 1; the other levels and the items come from one secondary
    // source.
    Limits {
        from: date(2026, 7, 1),
        until: None,
        death: 3_000_000,
        disability: [
            3_000_000, 2_500_000, 2_100_000, 1_850_000, 1_600_000, 1_350_000, 1_100_000, 900_000, 700_000, 550_000,
            400_000, 250_000, 150_000, 100_000, 80_000,
        ],
        medical: 200_000,
        all: 3_200_000,
        main: Status::Confirmed,
        rest: Status::Unverified,
    },
];

/// The article of the day that counts.
pub const BY_DAY: Basis = act!("§27 III");

/// The limits of an accident of this day.
#[must_use]
pub fn limits(on: Date) -> Option<&'static Limits> {
    LIMITS.iter().find(|row| row.from <= on && row.until.is_none_or(|until| on <= until))
}

impl Limits {
    /// The amount of a level, 1 to 15, and how sure it is.
    #[must_use]
    pub fn level(&self, level: u8) -> Option<(i64, Status)> {
        let amount = self.disability.get(usize::from(level).checked_sub(1)?)?;
        Some((*amount, if level == 1 { self.main } else { self.rest }))
    }
}
