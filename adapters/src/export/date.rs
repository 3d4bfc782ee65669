//! Dates and times as hospitals write them, 民國 or Gregorian (西元), in Taiwan's time → FHIR's form.

use claimgate_fhir::moment::{Moment, TAIPEI};
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A day, and a time where one was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    day: Date,
    time: Option<Time>,
}

claimgate_packet::opaque_debug!(Read);

/// Why a text is no date.
pub(super) const NOT_A_DATE: &str = "not a date of the calendar in a form that can be told; say `date` in the mapping";
const TWO_WAYS: &str = "the year could be any of the three numbers; say `date` in the mapping, for example YYY/MM/DD";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Four digits, 西元.
    Year,
    /// Two or three digits, 民國.
    RocYear,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Number(Unit),
    Sign(char),
}

/// How a column writes dates: `YYYY` 西元 year, `YYY` 民國 year, `MM`, `DD`, `hh`, `mm`, `ss`, other signs as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

/// The longest units first: `YYYY` begins like `YYY`.
const UNITS: [(&str, Unit, usize); 7] = [
    ("YYYY", Unit::Year, 4),
    ("YYY", Unit::RocYear, 3),
    ("MM", Unit::Month, 2),
    ("DD", Unit::Day, 2),
    ("hh", Unit::Hour, 2),
    ("mm", Unit::Minute, 2),
    ("ss", Unit::Second, 2),
];

impl Unit {
    fn width(self) -> usize {
        UNITS.iter().find(|(_, unit, _)| *unit == self).map_or(2, |(_, _, width)| *width)
    }
}

impl Pattern {
    /// A pattern with one year, a month and a day, each unit at most once.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let unit = UNITS.iter().find_map(|(word, unit, _)| Some((*unit, rest.strip_prefix(word)?)));
            let (piece, after) = match unit {
                Some((unit, after)) => (Piece::Number(unit), after),
                None if sign.is_ascii_alphanumeric() && sign != 'T' => return None,
                None => (Piece::Sign(sign), rest.get(sign.len_utf8()..)?),
            };
            if matches!(piece, Piece::Number(_)) && pieces.contains(&piece) {
                return None;
            }
            pieces.push(piece);
            rest = after;
        }
        let has = |unit| pieces.contains(&Piece::Number(unit));
        let year = has(Unit::Year) != has(Unit::RocYear);
        let time = (!has(Unit::Minute) || has(Unit::Hour)) && (!has(Unit::Second) || has(Unit::Minute));
        (year && has(Unit::Month) && has(Unit::Day) && time).then_some(Self(pieces))
    }

    /// Reads a text of exactly this form. `exact`: numbers that touch others have all their digits.
    fn apply(&self, text: &str, exact: bool) -> Option<Read> {
        let mut numbers: Vec<(Unit, i16)> = Vec::new();
        let mut rest = text;
        for (place, piece) in self.0.iter().enumerate() {
            let unit = match piece {
                Piece::Sign(sign) => {
                    rest = rest.strip_prefix(*sign)?;
                    continue;
                }
                Piece::Number(unit) => *unit,
            };
            let following = self.0.get(place + 1..).unwrap_or_default().iter().map_while(|piece| match piece {
                Piece::Number(unit) => Some(unit.width()),
                Piece::Sign(_) => None,
            });
            let after: usize = following.sum();
            let touches = after > 0 || place > 0 && matches!(self.0.get(place - 1), Some(Piece::Number(_)));
            let run = rest.bytes().take_while(u8::is_ascii_digit).count();
            let length = unit.width().min(run.checked_sub(after)?);
            let least = match unit {
                Unit::Year => 4,
                Unit::RocYear if touches && exact => 3,
                Unit::RocYear => 2,
                _ if touches => 2,
                _ => 1,
            };
            if length < least {
                return None;
            }
            let (digits, following) = rest.split_at_checked(length)?;
            numbers.push((unit, digits.parse().ok()?));
            rest = following;
        }
        if rest.is_empty() { read(&numbers) } else { None }
    }
}

fn read(numbers: &[(Unit, i16)]) -> Option<Read> {
    let number = |wanted| numbers.iter().find(|(unit, _)| *unit == wanted).map(|(_, number)| *number);
    let small = |wanted| i8::try_from(number(wanted).unwrap_or_default()).ok();
    let year = match (number(Unit::Year), number(Unit::RocYear)) {
        (Some(year), _) => year,
        (None, Some(year)) if year > 0 => year + 1911,
        _ => return None,
    };
    let day = Date::new(year, small(Unit::Month)?, small(Unit::Day)?).ok()?;
    let time = match number(Unit::Hour) {
        Some(_) => Some(Time::new(small(Unit::Hour)?, small(Unit::Minute)?, small(Unit::Second)?, 0).ok()?),
        None => None,
    };
    Some(Read { day, time })
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let allowed = "a date pattern has YYYY (西元) or YYY (民國), MM, DD, and may have hh, mm, ss; \
                       for example YYYMMDD or YYYY/MM/DD hh:mm";
        Self::read(&text).ok_or_else(|| D::Error::custom(allowed))
    }
}

impl Read {
    /// In FHIR's form: a day, or a day with a time and Taiwan's offset.
    pub(super) fn text(self) -> String {
        match self.time {
            Some(time) => format!("{}T{:02}:{:02}:{:02}+08:00", self.day, time.hour(), time.minute(), time.second()),
            None => self.day.to_string(),
        }
    }

    /// The day alone.
    pub(super) fn day(self) -> String {
        self.day.to_string()
    }

    /// Whether a time was written.
    pub(super) fn has_time(self) -> bool {
        self.time.is_some()
    }
}

/// Reads a date by the mapping's pattern, or by the forms that can mean one thing only.
pub(super) fn parse(text: &str, pattern: Option<&Pattern>) -> Result<(Read, &'static str), &'static str> {
    if let Some(pattern) = pattern {
        let read = pattern.apply(text, false).ok_or("not of the form that `date` in the mapping says")?;
        return Ok((read, "date by the mapping's pattern"));
    }
    if let Some(read) = fhir(text) {
        return Ok((read, "date as FHIR writes it"));
    }
    let plain = text.strip_prefix("民國").unwrap_or(text).trim_start();
    let plain = plain.replace(['年', '月', '.', '-'], "/").replace("日", " ").replace('T', " ");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    for (form, roc) in [("YYYY/MM/DD", false), ("YYYYMMDD", false), ("YYY/MM/DD", true), ("YYYMMDD", true)] {
        for time in ["", " hh:mm", " hh:mm:ss", " hhmm", " hhmmss", "hhmm", "hhmmss"] {
            let pattern = Pattern::read(&format!("{form}{time}"));
            let Some(read) = pattern.and_then(|pattern| pattern.apply(&plain, true)) else { continue };
            if roc && plain.contains('/') && !text.starts_with("民國") && read.day.year() <= 1911 + 31 {
                return Err(TWO_WAYS);
            }
            return Ok((read, if roc { "date of the ROC calendar (民國)" } else { "Gregorian date (西元)" }));
        }
    }
    Err(NOT_A_DATE)
}

/// A date that is FHIR's own form already; a time elsewhere becomes Taiwan's.
fn fhir(text: &str) -> Option<Read> {
    let moment: Moment = text.parse().ok()?;
    if let Some(instant) = moment.instant {
        let here = Offset::from_seconds(TAIPEI).ok()?.to_datetime(instant);
        return Some(Read { day: here.date(), time: Some(here.time()) });
    }
    Some(Read { day: moment.day?, time: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(text: &str) -> Result<String, &'static str> {
        parse(text, None).map(|(read, _)| read.text())
    }

    #[test]
    fn forms_that_mean_one_thing_are_told_by_themselves() {
        for (text, date) in [
            ("1150312", "2026-03-12"),
            ("0790422", "1990-04-22"),
            ("115/03/12", "2026-03-12"),
            ("115.3.12", "2026-03-12"),
            ("115-3-12", "2026-03-12"),
            ("民國115年3月12日", "2026-03-12"),
            ("民國 15年3月12日", "1926-03-12"),
            ("79/4/22", "1990-04-22"),
            ("20260312", "2026-03-12"),
            ("2026/3/12", "2026-03-12"),
            ("2026-03-12", "2026-03-12"),
            ("1150312 0930", "2026-03-12T09:30:00+08:00"),
            ("11503120930", "2026-03-12T09:30:00+08:00"),
            ("115/03/12 09:30:15", "2026-03-12T09:30:15+08:00"),
            ("20260312093015", "2026-03-12T09:30:15+08:00"),
            ("2026-03-12T09:30:15", "2026-03-12T09:30:15+08:00"),
            ("2026-03-12T01:30:15Z", "2026-03-12T09:30:15+08:00"),
            ("2026年3月12日 9:05", "2026-03-12T09:05:00+08:00"),
        ] {
            assert_eq!(auto(text).as_deref(), Ok(date), "{text}");
        }
    }

    #[test]
    fn what_means_two_things_or_nothing_is_refused() {
        for text in ["12/03/11", "01/02/03"] {
            assert_eq!(auto(text), Err(TWO_WAYS), "{text}");
        }
        for text in
            ["", "990101", "0000000", "1150230", "20261301", "12/03/2026", "2026-03", "115/03/12 25:00", "1150312x"]
        {
            assert_eq!(auto(text), Err(NOT_A_DATE), "{text}");
        }
    }

    #[test]
    fn a_pattern_says_what_the_digits_cannot() {
        for (pattern, text, date) in [
            ("YYYMMDD", "990101", "2010-01-01"),
            ("YYY/MM/DD", "12/03/11", "1923-03-11"),
            ("DD/MM/YYYY", "12/03/2026", "2026-03-12"),
            ("MM-DD-YYYY hh:mm", "3-12-2026 9:05", "2026-03-12T09:05:00+08:00"),
            ("YYYMMDDhhmmss", "1150312093015", "2026-03-12T09:30:15+08:00"),
        ] {
            let pattern = Pattern::read(pattern).unwrap();
            assert_eq!(parse(text, Some(&pattern)).map(|(read, _)| read.text()).as_deref(), Ok(date), "{text}");
        }
        assert!(parse("2026-03-12", Pattern::read("YYYMMDD").as_ref()).is_err());
        for bad in ["", "YYYY", "YYYYYYYMMDD", "YYYYMMDDMM", "YYMMDD", "YYYY-MM-DD mm", "yyyy-mm-dd", "YYYYMM"] {
            assert_eq!(Pattern::read(bad), None, "{bad}");
        }
    }
}
