//! Dates and times as the police write them, in Taiwan's time (Asia/Taipei) → a day, an instant.
//!
//! Years are Gregorian (西元) or of the Republic (民國), told by the number of digits; times lose their leading zeros in
//! published files (`23000` is 02:30:00, `0` is midnight).

use claimgate_fhir::moment::TAIPEI;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// A day: `20220101`, `2022/1/1`, `1110101`, `111/01/01`, `民國111年1月1日`. Eight digits are Gregorian, seven or six of
/// the Republic; in parts a year of four digits is Gregorian, of two or three of the Republic.
#[must_use]
pub fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let text = text.strip_prefix("民國").unwrap_or(text);
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let (year, rest) = text.split_at_checked(text.len().checked_sub(4)?)?;
        let (month, day) = rest.split_at_checked(2)?;
        return civil(year, month, day);
    }
    let mut parts = text.strip_suffix('日').unwrap_or(text).split(['/', '-', '.', '年', '月']);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day), None) => civil(year, month, day),
        _ => None,
    }
}

fn civil(year: &str, month: &str, day: &str) -> Option<Date> {
    let number = |text: &str| {
        let text = text.trim();
        let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<i16>().ok() } else { None }
    };
    let number_of_year = match year.trim().len() {
        4 => number(year)?,
        2 | 3 => number(year).filter(|year| *year > 0)?.checked_add(1911)?,
        _ => return None,
    };
    Date::new(number_of_year, number(month)?.try_into().ok()?, number(day)?.try_into().ok()?).ok()
}

/// A time of day: `HHMMSS` with or without leading zeros, `8:05`, `08:05:30`, `05時12分00秒`.
#[must_use]
pub fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<i8>().ok() } else { None }
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        if !(1..=6).contains(&text.len()) {
            return None;
        }
        let number: u32 = text.parse().ok()?;
        let part = |part: u32| i8::try_from(part).ok();
        return Time::new(part(number / 10_000)?, part(number / 100 % 100)?, part(number % 100)?, 0).ok();
    }
    let mut parts = text.strip_suffix(['秒', '分']).unwrap_or(text).split([':', '時', '分']);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(hour), Some(minute), second, None) => {
            Time::new(number(hour)?, number(minute)?, second.map_or(Some(0), number)?, 0).ok()
        }
        _ => None,
    }
}

/// The instant of a day and a time in Taiwan.
#[must_use]
pub fn instant(day: Date, time: Time) -> Option<Timestamp> {
    Offset::from_seconds(TAIPEI).ok()?.to_timestamp(day.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_calendars_are_told_by_their_digits() {
        for (text, expected) in [
            ("20220101", "2022-01-01"),
            ("1110101", "2022-01-01"),
            ("990228", "2010-02-28"),
            ("2022/1/1", "2022-01-01"),
            ("111/01/01", "2022-01-01"),
            ("107年01月01日", "2018-01-01"),
            ("民國107年1月1日", "2018-01-01"),
            ("2024-02-29", "2024-02-29"),
        ] {
            assert_eq!(day(text).map(|day| day.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "0", "0101", "20221301", "20230229", "0000101", "1/1/2022", "22/13/01", "2022-1", "２０２２０１０１"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_its_zeros_is_the_time() {
        for (text, expected) in [
            ("23000", "02:30:00"),
            ("023000", "02:30:00"),
            ("0", "00:00:00"),
            ("600", "00:06:00"),
            ("235959", "23:59:59"),
            ("8:05", "08:05:00"),
            ("08:05:30", "08:05:30"),
            ("05時12分00秒", "05:12:00"),
            ("5時12分", "05:12:00"),
        ] {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "240000", "6100", "61", "1234567", "8", "x", "8:5:5:5", "-100", "時分"] {
            assert_eq!(time(text).is_some(), text == "8", "{text}");
        }
        let at = instant(day("20220101").unwrap(), time("23000").unwrap()).unwrap();
        assert_eq!(at.to_string(), "2021-12-31T18:30:00Z");
    }
}
