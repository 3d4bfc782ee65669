//! Dates of the Republic of China calendar (民國): year + 1911.

use jiff::civil::Date;

/// A text that is no date of the Republic of China calendar, or one that could be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ROC date is 民國112年8月7日, 112/08/07 or 1120807")]
pub struct NotRocDate;

/// Reads `民國112年8月7日`, `112/08/07`, `112.8.7`, `112-08-07` or seven digits `1120807`.
///
/// Six digits are refused: `990101` could be 民國 99 or a Gregorian year cut short.
///
/// # Errors
/// Any other form, year 0, or a day that is not in the calendar.
pub fn roc_date(text: &str) -> Result<Date, NotRocDate> {
    let text = text.trim();
    let bare = text.strip_prefix("民國").map_or(text, str::trim_start);
    let parts: Vec<&str> = if bare.len() == 7 && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        let (year, rest) = bare.split_at_checked(3).ok_or(NotRocDate)?;
        let (month, day) = rest.split_at_checked(2).ok_or(NotRocDate)?;
        vec![year, month, day]
    } else {
        bare.strip_suffix('日').unwrap_or(bare).split(['年', '月', '/', '.', '-']).collect()
    };
    let [year, month, day] = parts.as_slice() else {
        return Err(NotRocDate);
    };
    let number = |text: &str, most: usize| {
        let shaped = !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
        if shaped { text.parse::<i16>().map_err(|_| NotRocDate) } else { Err(NotRocDate) }
    };
    let year = number(year, 3)?;
    if year == 0 {
        return Err(NotRocDate);
    }
    let small = |value: i16| i8::try_from(value).map_err(|_| NotRocDate);
    Date::new(year + 1911, small(number(month, 2)?)?, small(number(day, 2)?)?).map_err(|_| NotRocDate)
}
