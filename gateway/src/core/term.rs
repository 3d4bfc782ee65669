//! When payment is due (給付期限): terms by line as effective-dated data, Taiwan's working days from a list for each year,
//! closures by county. In: the operator's table (TOML) and a day. Out: a day, or why there is none. Never a guess: a year
//! without its list gives no day. Pure: no IO, no clock.

use std::collections::{BTreeMap, BTreeSet};

use claimgate_packet::amount::Twd;
use claimgate_packet::words::Line;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// The most bytes of a table: a hundred years of lists.
const LONGEST: usize = 1 << 20;
const BUILT_IN: &str = include_str!("term/built_in.toml");

/// Why a table is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// Too long.
    #[error("a table of terms has at most {LONGEST} bytes")]
    TooLong,
    /// Not of the form.
    #[error("{0}")]
    Form(String),
    /// It does not hold together.
    #[error("{0}")]
    Broken(&'static str),
}

/// How days are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Count {
    /// Every day (日).
    Calendar,
    /// Working days (工作日).
    Working,
}

/// A term to pay.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// For which lines (險種).
    pub lines: Vec<Line>,
    /// The first day on which papers were complete that it counts for.
    pub from: Date,
    /// How many days, from the day after.
    pub days: u32,
    /// Which days count.
    pub count: Count,
    /// Interest of a late payment in percent a year; 0 where the source gives none.
    pub interest_percent: u32,
    /// Where it comes from.
    pub source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Calendar {
    year: i16,
    source: String,
    #[serde(default)]
    off: BTreeSet<Date>,
    #[serde(default)]
    work: BTreeSet<Date>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closure {
    date: Date,
    counties: BTreeSet<String>,
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    term: Vec<Term>,
    #[serde(default)]
    year: Vec<Calendar>,
    #[serde(default)]
    closure: Vec<Closure>,
}

/// Terms and calendars.
#[derive(Debug)]
pub struct Terms {
    rules: Vec<Term>,
    years: BTreeMap<i16, Calendar>,
    closures: BTreeMap<Date, BTreeSet<String>>,
}

/// When payment is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due<'a> {
    /// The rule.
    pub term: &'a Term,
    /// The last day, or the year whose list is missing.
    pub on: Result<Date, i16>,
}

impl Terms {
    /// What is built in: terms alone, no calendar.
    ///
    /// # Errors
    /// Never but by a fault of the build; a test reads it.
    pub fn built_in() -> Result<Self, TermError> {
        Self::read(BUILT_IN)
    }

    /// An operator's table, which replaces the built-in one whole.
    ///
    /// # Errors
    /// It is none, or does not hold together.
    pub fn read(text: &str) -> Result<Self, TermError> {
        if text.len() > LONGEST {
            return Err(TermError::TooLong);
        }
        let table: Table = toml::from_str(text).map_err(|error| TermError::Form(error.message().to_owned()))?;
        if table.term.iter().any(|term| term.days == 0 || term.days > 366 || term.interest_percent > 100) {
            return Err(TermError::Broken("a term has 1 to 366 days, and interest of at most 100 percent"));
        }
        let unsourced = table.term.iter().map(|term| &term.source);
        let unsourced = unsourced.chain(table.year.iter().map(|year| &year.source));
        let mut unsourced = unsourced.chain(table.closure.iter().map(|closure| &closure.source));
        if unsourced.any(|source| source.trim().is_empty()) {
            return Err(TermError::Broken("every term, year and closure names its source"));
        }
        let mut years = BTreeMap::new();
        for year in table.year {
            if year.off.iter().chain(&year.work).any(|day| day.year() != year.year) {
                return Err(TermError::Broken("a year lists days of its own alone"));
            }
            if year.off.intersection(&year.work).next().is_some() {
                return Err(TermError::Broken("a day is off or worked, not both"));
            }
            if years.insert(year.year, year).is_some() {
                return Err(TermError::Broken("a year is listed once"));
            }
        }
        let mut closures: BTreeMap<Date, BTreeSet<String>> = BTreeMap::new();
        for closure in table.closure {
            closures.entry(closure.date).or_default().extend(closure.counties);
        }
        Ok(Self { rules: table.term, years, closures })
    }

    /// When payment is due in a line whose papers were complete on a day; none where no term is known for it.
    #[must_use]
    pub fn due(&self, line: Line, complete: Date, county: &str) -> Option<Due<'_>> {
        let of = self.rules.iter().filter(|term| term.lines.contains(&line) && term.from <= complete);
        let term = of.max_by_key(|term| term.from)?;
        let on = match term.count {
            Count::Calendar => complete.checked_add(jiff::Span::new().days(i64::from(term.days))).map_err(|_| i16::MAX),
            Count::Working => self.working(complete, term.days, county),
        };
        Some(Due { term, on })
    }

    /// The day so many working days after another.
    fn working(&self, from: Date, days: u32, county: &str) -> Result<Date, i16> {
        let (mut day, mut left) = (from, days);
        while left > 0 {
            day = day.tomorrow().map_err(|_| i16::MAX)?;
            if self.is_worked(day, county)? {
                left -= 1;
            }
        }
        Ok(day)
    }

    /// The day so many working days before another: for a reminder, which binds nobody. In a year whose list is missing
    /// Saturdays and Sundays alone are off.
    #[must_use]
    pub fn working_before(&self, day: Date, days: u32, county: &str) -> Option<Date> {
        let (mut day, mut left) = (day, days);
        while left > 0 {
            day = day.yesterday().ok()?;
            let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            if self.is_worked(day, county).unwrap_or(!weekend) {
                left -= 1;
            }
        }
        Some(day)
    }

    /// Whether a day is worked in a county, or the year whose list is missing.
    fn is_worked(&self, day: Date, county: &str) -> Result<bool, i16> {
        let year = self.years.get(&day.year()).ok_or(day.year())?;
        if self.closures.get(&day).is_some_and(|counties| counties.contains(county)) {
            return Ok(false);
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(year.work.contains(&day) || !weekend && !year.off.contains(&day))
    }
}

/// Simple interest on an amount over days at percent a year of 365 days, rounded down to the hundredth; `None` beyond the
/// bound of an amount.
#[must_use]
pub fn interest(amount: Twd, percent: u32, days: i64) -> Option<Twd> {
    let parts = i128::from(amount.hundredths()).checked_mul(i128::from(percent))?.checked_mul(i128::from(days))?;
    let hundredths = parts / 36_500;
    format!("{}.{:02}", hundredths / 100, hundredths % 100).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made up: no published list.
    const TABLE: &str = r#"
        [[term]]
        lines = ["motor-compulsory"]
        from = "2020-01-01"
        days = 10
        count = "working"
        interest_percent = 10
        source = "a test"
        [[term]]
        lines = ["motor-compulsory"]
        from = "2026-07-01"
        days = 5
        count = "working"
        interest_percent = 5
        source = "a later rule of a test"
        [[year]]
        year = 2026
        source = "made up"
        off = ["2026-02-16", "2026-02-17"]
        work = ["2026-02-14"]
        [[closure]]
        date = "2026-07-10"
        counties = ["臺北市", "新北市"]
        source = "made up"
    "#;

    fn due(complete: &str, county: &str) -> Result<String, i16> {
        let terms = Terms::read(TABLE).unwrap();
        let due = terms.due(Line::MotorCompulsory, complete.parse().unwrap(), county).unwrap();
        due.on.map(|day| day.to_string())
    }

    #[test]
    fn working_days_skip_what_is_off_and_closed_and_count_what_is_worked() {
        // Thursday the 12th: 13, worked Saturday 14, 18, 19, 20, 23, 24, 25, 26, 27.
        assert_eq!(due("2026-02-12", "臺北市").as_deref(), Ok("2026-02-27"));
        // The later rule, and a typhoon in one county only.
        assert_eq!(due("2026-07-06", "臺北市").as_deref(), Ok("2026-07-14"));
        assert_eq!(due("2026-07-06", "臺中市").as_deref(), Ok("2026-07-13"));
    }

    #[test]
    fn a_reminder_comes_working_days_before_and_knows_weekends_without_a_list() {
        let terms = Terms::read(TABLE).unwrap();
        let before = |day: &str, days| terms.working_before(day.parse().unwrap(), days, "臺北市").unwrap().to_string();
        // From Wednesday the 18th: 17 and 16 are off, Saturday 14 is worked.
        assert_eq!((before("2026-02-18", 1), before("2026-02-18", 2)), ("2026-02-14".into(), "2026-02-13".into()));
        assert_eq!(before("2027-02-16", 2), "2027-02-12");
    }

    #[test]
    fn a_year_without_its_list_gives_no_day() {
        assert_eq!(due("2026-12-28", "臺北市"), Err(2027));
        assert_eq!(due("2025-12-31", "臺北市").as_deref(), Ok("2026-01-14"));
        assert_eq!(due("2025-12-30", "臺北市"), Err(2025));
        let terms = Terms::read(TABLE).unwrap();
        assert_eq!(terms.due(Line::Life, "2026-02-12".parse().unwrap(), ""), None, "no term is known");
        assert_eq!(terms.due(Line::MotorCompulsory, "2019-12-31".parse().unwrap(), ""), None);
    }

    #[test]
    fn the_built_in_table_has_a_term_for_every_line_and_no_calendar() {
        let terms = Terms::built_in().unwrap();
        for line in Line::ALL {
            let due = terms.due(*line, "2026-11-23".parse().unwrap(), "").unwrap();
            let expected = if *line == Line::MotorCompulsory { Err(2026) } else { Ok("2026-12-08".parse().unwrap()) };
            assert_eq!(due.on, expected, "{line}");
        }
    }

    #[test]
    fn interest_is_simple_and_rounded_down() {
        let of = |amount: &str, days| interest(amount.parse().unwrap(), 10, days).unwrap().to_string();
        assert_eq!(of("36500", 1), "10");
        assert_eq!(of("1500", 10), "4.10");
        assert_eq!(of("1500", 0), "0");
        assert_eq!(interest("10000000000".parse().unwrap(), 100, 400), None);
    }

    #[test]
    fn a_table_that_does_not_hold_together_is_refused() {
        for (wrong, right) in [
            ("source = \"\"", "source = \"made up\""),
            ("2025-02-16", "2026-02-16"),
            ("2026-02-17\"]\n        work = [\"2026-02-17", "2026-02-17\"]\n        work = [\"2026-02-14"),
            ("days = 0", "days = 10"),
            ("dais = 5", "days = 5"),
        ] {
            assert!(TABLE.contains(right), "{right}");
            assert!(Terms::read(&TABLE.replacen(right, wrong, 1)).is_err(), "{wrong}");
        }
    }
}
