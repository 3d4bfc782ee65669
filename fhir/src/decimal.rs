//! Numbers of FHIR (`decimal`) as exact texts, and exact products of money.

use claimgate_packet::amount::{AmountError, Twd};
use serde_json::Number;

/// A number without exponent: integers exactly, decimals in the shortest text that means the same double.
#[must_use]
pub fn text(number: &Number) -> String {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), _, _) => whole.to_string(),
        (_, Some(whole), _) => whole.to_string(),
        (_, _, Some(decimal)) => decimal.to_string(),
        _ => number.to_string(),
    }
}

/// A number as money. Twelve digits are the most an accepted amount can have, well within what a double keeps.
///
/// # Errors
/// More than two decimals, or beyond the largest amount.
pub fn money(number: &Number) -> Result<Twd, AmountError> {
    text(number).parse()
}

/// Price × factors, only if the product is exact to the hundredth: a rounded amount would be ours, not the
/// hospital's.
#[must_use]
pub fn product(price: Twd, factors: &[&Number]) -> Option<Twd> {
    let mut hundredths = i128::from(price.hundredths());
    let mut scale = 1_i128;
    for factor in factors {
        let text = text(factor);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mantissa = format!("{whole}{fraction}").parse::<i128>().ok()?;
        hundredths = hundredths.checked_mul(mantissa)?;
        scale = scale.checked_mul(10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?)?;
    }
    if hundredths % scale != 0 {
        return None;
    }
    let exact = hundredths / scale;
    let sign = if exact < 0 { "-" } else { "" };
    let exact = exact.unsigned_abs();
    format!("{sign}{}.{:02}", exact / 100, exact % 100).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_written_without_exponent() {
        for (from, to) in [("150", "150"), ("150.0", "150"), ("80.5", "80.5"), ("1e3", "1000"), ("1e-3", "0.001")] {
            assert_eq!(text(&number(from)), to);
        }
    }

    #[test]
    fn money_is_exact_or_refused() {
        assert_eq!(money(&number("9999999999.99")).unwrap().to_string(), "9999999999.99");
        assert_eq!(money(&number("0.1")).unwrap().to_string(), "0.10");
        assert_eq!(money(&number("1.005")), Err(AmountError::TooPrecise));
        assert_eq!(money(&number("1e300")), Err(AmountError::TooLarge));
    }

    #[test]
    fn a_product_is_exact_or_none() {
        let price = |text: &str| text.parse::<Twd>().unwrap();
        assert_eq!(product(price("33.5"), &[&number("2")]).unwrap().to_string(), "67");
        assert_eq!(product(price("100"), &[&number("1.5"), &number("0.9")]).unwrap().to_string(), "135");
        assert_eq!(product(price("-0.5"), &[&number("1")]).unwrap().to_string(), "-0.50");
        assert_eq!(product(price("0.01"), &[&number("0.5")]), None);
        assert_eq!(product(price("1"), &[&number("1e300")]), None);
        assert_eq!(product(price("1"), &[&number("1e-300")]), None);
    }
}
