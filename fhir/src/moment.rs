//! Dates and times of FHIR (`date`, `dateTime`, `instant`): strict form, the source's own offset kept.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;

/// Taiwan's offset from UTC, all year (no daylight saving time since 1979), in seconds.
pub const TAIPEI: i32 = 8 * 3600;

/// A `date`, `dateTime` or `instant`, as precise as it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day in the source's own offset; none where only a year or month was written.
    pub day: Option<Date>,
    /// The instant, where a time was written.
    pub instant: Option<Timestamp>,
    /// The offset from UTC in seconds, where a time was written.
    pub offset: Option<i32>,
}

claimgate_packet::opaque_debug!(Moment);

/// A text that is not of the form FHIR R4 §2.24 (datatypes) demands, or names no day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+08:00 in the Gregorian calendar (西元)")]
pub struct NotMoment;

impl FromStr for Moment {
    type Err = NotMoment;

    fn from_str(text: &str) -> Result<Self, NotMoment> {
        let Some((day, time)) = text.split_once('T') else {
            return match text.len() {
                4 if shaped(text, "0000") => Ok(Self { day: None, instant: None, offset: None }),
                7 if shaped(text, "0000-00") => {
                    civil(&format!("{text}-01"))?;
                    Ok(Self { day: None, instant: None, offset: None })
                }
                _ => Ok(Self { day: Some(civil(text)?), instant: None, offset: None }),
            };
        };
        let day = civil(day)?;
        let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
            (clock, 0)
        } else {
            let (clock, offset) = time.split_at_checked(time.len().saturating_sub(6)).ok_or(NotMoment)?;
            (clock, seconds(offset)?)
        };
        let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let fraction_is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        if !shaped(whole, "00:00:00") || !fraction_is_number || fraction.len() > 9 {
            return Err(NotMoment);
        }
        let instant = text.parse::<Timestamp>().map_err(|_| NotMoment)?;
        Ok(Self { day: Some(day), instant: Some(instant), offset: Some(offset) })
    }
}

impl Moment {
    /// Whether the time was written in an offset that is not Taiwan's.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.offset.is_some_and(|offset| offset != TAIPEI)
    }
}

/// Same length, digits where the shape has `0`, and the shape's own signs elsewhere.
fn shaped(text: &str, shape: &str) -> bool {
    let fits = |(byte, sign): (u8, u8)| if sign == b'0' { byte.is_ascii_digit() } else { byte == sign };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

fn civil(text: &str) -> Result<Date, NotMoment> {
    if !shaped(text, "0000-00-00") {
        return Err(NotMoment);
    }
    text.parse().map_err(|_| NotMoment)
}

fn seconds(offset: &str) -> Result<i32, NotMoment> {
    let sign = match offset.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(NotMoment),
    };
    let rest = offset.get(1..).filter(|rest| shaped(rest, "00:00")).ok_or(NotMoment)?;
    let (hours, minutes) = rest.split_once(':').ok_or(NotMoment)?;
    let number = |text: &str| text.parse::<i32>().map_err(|_| NotMoment);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 14 || minutes > 59 {
        return Err(NotMoment);
    }
    Ok(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_the_sources_own() {
        let moment: Moment = "2023-08-07T23:00:14-05:00".parse().unwrap();
        assert_eq!(moment.day.unwrap().to_string(), "2023-08-07");
        assert_eq!(moment.instant.unwrap().to_string(), "2023-08-08T04:00:14Z");
        assert!(moment.is_elsewhere());
        assert!(!"2023-08-07T23:00:14.123+08:00".parse::<Moment>().unwrap().is_elsewhere());
    }

    #[test]
    fn precision_is_kept() {
        for text in ["1990", "1990-04"] {
            let moment: Moment = text.parse().unwrap();
            assert!(moment.day.is_none() && moment.instant.is_none());
        }
        assert!("1990-04-22".parse::<Moment>().unwrap().day.is_some());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "199",
            "19900422",
            "1990-4-2",
            "1990-13",
            "1990-02-30",
            "112/08/07",
            "2023-08-07T23:00:14",
            "T",
            "2023-08-07 23:00:14+08:00",
            "2023-08-07T23:00+08:00",
            "2023-08-07T23:00:14+0800",
            "2023-08-07T24:00:00Z",
            "2023-08-07T23:00:14+08:00[Asia/Taipei]",
            "2023-08-07T23:00:14.+08:00",
            "民國112年",
            "2023-08-07T醫院醫院",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
