//! Hours in hundredths, and products of exact decimals: nothing here is ever a float.

use std::fmt;
use std::str::FromStr;

use claimgate_packet::amount::Twd;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most hours of a line, in hundredths.
const MOST_HOURS: i64 = 99_999;

/// Hours of work with at most two decimals, as a decimal text: `"2.5"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours(i64);

/// A text that is no number of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hours are more than 0 and less than 1000, with at most two decimals, as a text")]
pub struct HoursError;

impl Hours {
    /// In hundredths of an hour.
    #[must_use]
    pub fn hundredths(self) -> i64 {
        self.0
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        // The same plain decimals as an amount of money.
        let count = text.parse::<Twd>().map_err(|_| HoursError)?.hundredths();
        if (1..=MOST_HOURS).contains(&count) { Ok(Self(count)) } else { Err(HoursError) }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 100 {
            0 => write!(f, "{}", self.0 / 100),
            rest => write!(f, "{}.{rest:02}", self.0 / 100),
        }
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Hours {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hours".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})?$",
            "description": "Hours of work as a decimal text, more than 0, for example \"2.5\".",
        })
    }
}

/// A dollar, in hundredths: shops round products to whole dollars.
const DOLLAR: i128 = 100;

/// Whether an amount is these hours at this rate and so many pieces at this price, within a dollar for rounding.
pub(super) fn is_product(amount: Twd, hours: Option<(Hours, Twd)>, pieces: Option<(u32, Twd)>) -> bool {
    let work = hours.map_or(0, |(hours, rate)| i128::from(hours.0) * i128::from(rate.hundredths()) / 100);
    let goods = pieces.map_or(0, |(count, price)| i128::from(count) * i128::from(price.hundredths()));
    (i128::from(amount.hundredths()) - work - goods).abs() < DOLLAR
}

/// Whether a tax is none, or the business tax of 5 % (營業稅法 §10) of an amount within a dollar.
pub(super) fn is_tax(tax: Twd, of: Twd) -> bool {
    tax.is_zero() || (i128::from(tax.hundredths()) * 20 - i128::from(of.hundredths())).abs() < DOLLAR * 20
}

/// As much of a tax as a part of its amount has, rounded half up to hundredths.
pub(super) fn share_of(tax: Twd, part: Twd, whole: Twd) -> Twd {
    let whole = i128::from(whole.hundredths());
    if whole <= 0 {
        return Twd::ZERO;
    }
    let share = (i128::from(tax.hundredths()) * i128::from(part.hundredths()) + whole / 2) / whole;
    i64::try_from(share).ok().and_then(Twd::from_hundredths).unwrap_or(Twd::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twd(text: &str) -> Twd {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_exact_and_bounded() {
        for (text, shown) in [("2.5", "2.50"), ("3", "3"), ("0.25", "0.25"), ("999.99", "999.99")] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), shown);
        }
        for text in ["0", "-1", "1000", "1.234", "", "1e2", " 1"] {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_product_may_be_rounded_to_a_dollar_and_no_further() {
        let hours = |hours: &str, rate| Some((hours.parse().unwrap(), twd(rate)));
        assert!(is_product(twd("1333"), hours("1.33", "1002"), None), "1332.66");
        assert!(is_product(twd("1332"), hours("1.33", "1002"), None));
        assert!(!is_product(twd("1334"), hours("1.33", "1002"), None));
        assert!(is_product(twd("2600"), hours("2", "800"), Some((2, twd("500")))));
        let most = twd("10000000000");
        assert!(!is_product(most, hours("999.99", "10000000000"), Some((u32::MAX, most))), "and nothing overflows");
    }

    #[test]
    fn tax_is_none_or_five_percent_and_goes_with_its_part() {
        assert!(is_tax(twd("0"), twd("1000")) && is_tax(twd("50"), twd("1000")) && is_tax(twd("51"), twd("1010")));
        assert!(!is_tax(twd("52"), twd("1010")) && !is_tax(twd("100"), twd("1000")));
        assert_eq!(share_of(twd("50"), twd("400"), twd("1000")), twd("20"));
        assert_eq!(share_of(twd("50"), twd("333"), twd("1000")), twd("16.65"));
        assert_eq!(share_of(twd("50"), twd("1"), twd("0")), Twd::ZERO);
    }
}
