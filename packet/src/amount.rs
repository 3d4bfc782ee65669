//! Money: New Taiwan dollars (TWD) as an exact count of hundredths, written as a decimal string.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest amount accepted, in hundredths: ten billion dollars. A receipt beyond it is a typing error.
const LIMIT: i64 = 1_000_000_000_000;

/// An amount of New Taiwan dollars with at most two decimals, never a float.
///
/// Written without a fraction where there is none: `"1250"`, `"80.5"` becomes `"80.50"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Twd(i64);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("an amount is a plain decimal number such as 1250 or 80.50")]
    NotDecimal,
    /// More than two decimals.
    #[error("an amount in TWD has at most two decimals")]
    TooPrecise,
    /// Beyond ten billion dollars.
    #[error("an amount is at most 10000000000 TWD")]
    TooLarge,
}

impl Twd {
    /// Nothing owed.
    pub const ZERO: Self = Self(0);

    /// An amount of so many hundredths of a dollar, or `None` beyond the limit.
    #[must_use]
    pub fn from_hundredths(count: i64) -> Option<Self> {
        (-LIMIT..=LIMIT).contains(&count).then_some(Self(count))
    }

    /// The amount in hundredths of a dollar.
    #[must_use]
    pub fn hundredths(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` beyond the limit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).filter(|sum| sum.abs() <= LIMIT).map(Self)
    }

    /// The difference, or `None` beyond the limit.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).filter(|difference| difference.abs() <= LIMIT).map(Self)
    }

    /// The amount without its sign.
    #[must_use]
    pub fn magnitude(self) -> Self {
        Self(self.0.abs())
    }

    /// The sum of many amounts, or `None` beyond the limit.
    #[must_use]
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

impl FromStr for Twd {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(AmountError::NotDecimal);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 2 {
            return Err(AmountError::TooPrecise);
        }
        if whole.len() > 12 {
            return Err(AmountError::TooLarge);
        }
        let number = |digits: &str| digits.parse::<i64>().map_err(|_| AmountError::TooLarge);
        let cents = match fraction.len() {
            0 => 0,
            1 => number(fraction)? * 10,
            _ => number(fraction)?,
        };
        let value = number(whole)? * 100 + cents;
        if value > LIMIT {
            return Err(AmountError::TooLarge);
        }
        Ok(Self(if negative { -value } else { value }))
    }
}

impl fmt::Display for Twd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; 24]))
    }
}

impl Twd {
    /// The text, written into a buffer from its end: a receipt has hundreds of amounts, and `write!` takes longer than
    /// everything else about one.
    fn text(self, room: &mut [u8; 24]) -> &str {
        let mut start = room.len();
        let mut put = |byte: u8| {
            start -= 1;
            if let Some(place) = room.get_mut(start) {
                *place = byte;
            }
        };
        let digit = |number: u64| b'0' + u8::try_from(number % 10).unwrap_or_default();
        let (mut whole, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        if cents > 0 {
            put(digit(cents));
            put(digit(cents / 10));
            put(b'.');
        }
        while whole > 9 {
            put(digit(whole));
            whole /= 10;
        }
        put(digit(whole));
        if self.0 < 0 {
            put(b'-');
        }
        room.get(start..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl Serialize for Twd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; 24]))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Twd {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Twd".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$",
            "description": "New Taiwan dollars as a decimal text, never a number, for example \"1250\" or \"80.50\".",
        })
    }
}

impl<'de> Deserialize<'de> for Twd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_round_trip_in_their_shortest_exact_form() {
        for (text, shown) in [
            ("0", "0"),
            ("0.00", "0"),
            ("9", "9"),
            ("10", "10"),
            ("150", "150"),
            ("150.0", "150"),
            ("80.5", "80.50"),
            ("0.05", "0.05"),
            ("-0.5", "-0.50"),
            ("-3.25", "-3.25"),
            ("007", "7"),
            ("10000000000", "10000000000"),
            ("-9999999999.99", "-9999999999.99"),
        ] {
            let amount = text.parse::<Twd>().unwrap();
            assert_eq!(amount.to_string(), shown);
            assert_eq!(serde_json::to_value(amount).unwrap(), shown);
        }
        for most in [i64::MIN, i64::MAX] {
            let (whole, cents) = (most.unsigned_abs() / 100, most.unsigned_abs() % 100);
            let sign = if most < 0 { "-" } else { "" };
            assert_eq!(Twd(most).to_string(), format!("{sign}{whole}.{cents:02}"));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        for text in ["", "-", ".5", "5.", "1e3", "１５０", "1,000", " 1", "NaN", "+1"] {
            assert_eq!(text.parse::<Twd>(), Err(AmountError::NotDecimal), "{text}");
        }
        assert_eq!("0.001".parse::<Twd>(), Err(AmountError::TooPrecise));
        assert_eq!("10000000000.01".parse::<Twd>(), Err(AmountError::TooLarge));
        assert_eq!("9999999999999".parse::<Twd>(), Err(AmountError::TooLarge));
    }

    #[test]
    fn a_sum_beyond_the_limit_is_none() {
        let most: Twd = "10000000000".parse().unwrap();
        assert_eq!(Twd::sum([most, Twd(1)]), None);
        assert_eq!((Twd::from_hundredths(LIMIT), Twd::from_hundredths(-LIMIT - 1)), (Some(most), None));
        assert_eq!(Twd::sum([Twd(150), Twd(50)]), Some(Twd(200)));
        assert_eq!(Twd::from_hundredths(LIMIT), Some(most));
        assert_eq!((Twd::from_hundredths(LIMIT + 1), Twd::from_hundredths(i64::MIN)), (None, None));
    }
}
