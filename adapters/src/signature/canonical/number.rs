//! Numbers: the next one in a JSON text, its form by RFC 8785, and whether two texts mean the same value.

/// The spelling of the next number in the text of valid JSON, and the text after it.
pub(super) fn next(text: &[u8]) -> Option<(&str, &[u8])> {
    let mut rest = text;
    loop {
        let (first, after) = rest.split_first()?;
        match first {
            b'"' => rest = after_string(after)?,
            b'-' | b'0'..=b'9' => {
                let end = rest.iter().position(|byte| !b"+-.eE0123456789".contains(byte)).unwrap_or(rest.len());
                let (number, after) = rest.split_at_checked(end)?;
                return Some((std::str::from_utf8(number).ok()?, after));
            }
            _ => rest = after,
        }
    }
}

/// What follows the string whose first quotation mark is already read.
fn after_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (first, after) = rest.split_first()?;
        match first {
            b'"' => return Some(after),
            b'\\' => rest = after.split_first()?.1,
            _ => rest = after,
        }
    }
}

/// A number as ECMAScript writes it (RFC 8785 §3.2.2.3, ECMA-262 §6.1.6.1.20): the shortest digits of its double.
pub(super) fn canonical(written: &str) -> Option<String> {
    let double: f64 = written.parse().ok().filter(|double: &f64| double.is_finite())?;
    if double == 0.0 {
        return Some("0".to_owned());
    }
    let scientific = format!("{:e}", double.abs());
    let (mantissa, exponent) = scientific.split_once('e')?;
    let digits = mantissa.replace('.', "");
    let count = i32::try_from(digits.len()).ok()?;
    // The value is 0.digits × 10^point.
    let point = exponent.parse::<i32>().ok()? + 1;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let (whole, fraction) = digits.split_at_checked(usize::try_from(point).unwrap_or(0)).unwrap_or((&digits, ""));
    let text = match point {
        1..=21 if count <= point => format!("{digits}{}", zeros(point - count)),
        1..=21 => format!("{whole}.{fraction}"),
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let sign = if point > 0 { "+" } else { "" };
            format!("{mantissa}e{sign}{}", point - 1)
        }
    };
    Some(if double < 0.0 { format!("-{text}") } else { text })
}

/// Whether two numbers have the same value, by their decimal digits and not by a double.
pub(super) fn same_value(one: &str, other: &str) -> bool {
    matches!((plain(one), plain(other)), (Some(one), Some(other)) if one == other)
}

/// Sign, digits without zeros at either end, and the power of ten of the last digit.
fn plain(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let ending = i64::try_from(digits.len() - digits.trim_end_matches('0').len()).ok()?;
    let power = exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()? + ending;
    Some((negative, significant.to_owned(), power))
}
