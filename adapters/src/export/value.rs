//! One text of a table → one value of FHIR's form, by the kind of its field; a refusal says why, never what.

use claimgate_packet::amount::{AmountError, Twd};

use super::date::{self, Pattern};
use super::target::Kind;
use super::words;

/// A value in FHIR's form, and how it came about.
pub(super) type Converted = (String, &'static str);

/// A number, code or name longer than this is something else.
const LONGEST: usize = 500;

/// The longest text of several lines.
const LONGEST_TEXT: usize = 20_000;

/// Digits that a double keeps.
const DIGITS: usize = 15;

pub(super) const AS_WRITTEN: &str = "as written";
const NARROWED: &str = "full-width signs made half-width";
const WORD: &str = "word of a known list";

/// Converts a text that is not empty.
///
/// # Errors
/// Why the text is none of its kind, without the text.
pub(super) fn convert(text: &str, kind: Kind, pattern: Option<&Pattern>) -> Result<Converted, &'static str> {
    let (long, most) = if matches!(kind, Kind::Long) { (true, LONGEST_TEXT) } else { (false, LONGEST) };
    if text.chars().count() > most {
        return Err("longer than such a value can be");
    }
    if text.chars().any(|sign| is_hidden(sign) && !(long && matches!(sign, '\n' | '\r' | '\t'))) {
        return Err("holds a line break, a control character or one that turns the direction of text");
    }
    let narrow = narrow(text);
    let how = if narrow == text { AS_WRITTEN } else { NARROWED };
    match kind {
        Kind::Text => Ok((text.to_owned(), AS_WRITTEN)),
        Kind::Long => Ok((text.replace("\r\n", "\n").replace('\r', "\n"), AS_WRITTEN)),
        Kind::Code => Ok((narrow, how)),
        Kind::Date | Kind::DateTime | Kind::Instant => {
            let (read, how) = date::parse(&narrow, pattern)?;
            match kind {
                Kind::Date => Ok((read.day(), how)),
                Kind::Instant if !read.has_time() => {
                    Err("a day without a time; join the column of the time with `columns`")
                }
                _ => Ok((read.text(), how)),
            }
        }
        Kind::Amount => amount(&narrow),
        Kind::Decimal => decimal(&narrow),
        Kind::Whole => whole(&narrow),
        Kind::Word(list) => {
            let known = words::of(list, &narrow).map(|word| (word.to_owned(), WORD));
            known.ok_or("not a word of the list; add it to `map`")
        }
        Kind::Line => {
            let known = words::line(&narrow).map(|line| (line.as_str().to_owned(), WORD));
            known.ok_or("not a line of insurance (險種); add it to `map`")
        }
        Kind::FeeCategory => {
            // 檢查(驗)費 is written with signs of either width.
            let known = words::category(&narrow).or_else(|| words::category(text));
            known.map(|known| (known.code().to_owned(), WORD)).ok_or("not a fee category (費用類別); add it to `map`")
        }
        Kind::Result => Ok(result(text, &narrow)),
    }
}

/// A result as comparator and number; nothing where it is words.
pub(super) fn quantity(text: &str) -> Option<(Option<&'static str>, &str)> {
    let comparators =
        [("<=", "<="), (">=", ">="), ("≦", "<="), ("≧", ">="), ("≤", "<="), ("≥", ">="), ("<", "<"), (">", ">")];
    let found = comparators.iter().find_map(|(sign, word)| Some((*word, text.strip_prefix(sign)?.trim_start())));
    let (comparator, number) = found.map_or((None, text), |(word, rest)| (Some(word), rest));
    is_number(number).then_some((comparator, number))
}

fn result(text: &str, narrow: &str) -> Converted {
    match quantity(narrow) {
        Some((comparator, number)) if fits(number) => {
            (format!("{}{}", comparator.unwrap_or_default(), plain(number)), "number")
        }
        _ => (text.to_owned(), "text, not a number"),
    }
}

/// Whether a sign is none that a person sees, or changes what is seen.
fn is_hidden(sign: char) -> bool {
    sign.is_control() || matches!(sign, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
}

/// Full-width letters, digits and signs as half-width ones.
fn narrow(text: &str) -> String {
    let half = |sign: char| match sign {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
        '\u{3000}' => ' ',
        sign => sign,
    };
    text.chars().map(half).collect()
}

fn amount(text: &str) -> Result<Converted, &'static str> {
    let bare = ["NT$", "NTD", "TWD", "$"].iter().find_map(|sign| text.strip_prefix(sign)).unwrap_or(text);
    let bare = bare.strip_suffix('元').unwrap_or(bare).trim();
    let (number, how) = decimal_text(bare)?;
    let read: Result<Twd, AmountError> = number.parse();
    match read {
        Ok(amount) => Ok((amount.to_string(), if bare == text { how } else { "currency sign left out" })),
        Err(AmountError::TooPrecise) => Err("an amount has at most two decimals"),
        Err(AmountError::TooLarge) => Err("larger than any receipt"),
        Err(AmountError::NotDecimal) => Err(NOT_A_NUMBER),
    }
}

const NOT_A_NUMBER: &str = "not a plain decimal number such as 1250, 1,250 or 80.50";

fn decimal(text: &str) -> Result<Converted, &'static str> {
    let (number, how) = decimal_text(text)?;
    if !fits(&number) {
        return Err("more than 15 digits");
    }
    Ok((plain(&number), how))
}

/// A number without thousands separators; these must stand where they belong.
fn decimal_text(text: &str) -> Result<(String, &'static str), &'static str> {
    if !text.contains(',') {
        return if is_number(text) { Ok((text.to_owned(), AS_WRITTEN)) } else { Err(NOT_A_NUMBER) };
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.strip_prefix('-').unwrap_or(whole).split(',');
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    if !first || !groups.all(|group| group.len() == 3) || fraction.is_some_and(|fraction| fraction.contains(',')) {
        return Err("a comma that does not separate thousands");
    }
    let number = text.replace(',', "");
    if is_number(&number) { Ok((number, "thousands separators left out")) } else { Err(NOT_A_NUMBER) }
}

/// Digits with at most one point between them, and a sign.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn fits(number: &str) -> bool {
    plain(number).bytes().filter(u8::is_ascii_digit).count() <= DIGITS
}

/// As JSON writes numbers: no zeros before the first digit.
fn plain(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, ""), |(whole, fraction)| (whole, fraction));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn whole(text: &str) -> Result<Converted, &'static str> {
    let number =
        text.parse::<u32>().ok().filter(|number| *number > 0 && text.bytes().all(|byte| byte.is_ascii_digit()));
    Ok((number.ok_or("not a whole number from one")?.to_string(), AS_WRITTEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, kind: Kind) -> Result<String, &'static str> {
        convert(text, kind, None).map(|(value, _)| value)
    }

    #[test]
    fn amounts_lose_their_dress_and_stay_exact() {
        for (text, amount) in [
            ("150", "150"),
            ("1,250", "1250"),
            ("1,250.50", "1250.50"),
            ("NT$12,345,678", "12345678"),
            ("１，２５０元", "1250"),
            ("$80.5", "80.50"),
            ("-100", "-100"),
            ("00150", "150"),
            ("0.1", "0.10"),
        ] {
            assert_eq!(value(text, Kind::Amount).as_deref(), Ok(amount), "{text}");
        }
        for text in ["", "1,25", "12,34,567", "1250,", ",250", "1.005", "1e3", "(100)", "=1+1", "--1", "1.2.3", "十元"]
        {
            assert!(value(text, Kind::Amount).is_err(), "{text}");
        }
        assert_eq!(value("99999999999999", Kind::Amount), Err("larger than any receipt"));
    }

    #[test]
    fn words_are_those_of_the_lists() {
        for (text, gender) in [("男", "male"), ("F", "female"), ("m", "male"), ("１", "male"), ("2", "female")] {
            assert_eq!(value(text, Kind::Word(words::GENDER)).as_deref(), Ok(gender));
        }
        for text in ["3", "先生", "mâle"] {
            assert!(value(text, Kind::Word(words::GENDER)).is_err());
        }
        assert_eq!(value("實支實付", Kind::Line).as_deref(), Ok("health-reimbursement"));
        assert_eq!(value("檢查（驗）費", Kind::FeeCategory).as_deref(), Ok("EXAM"));
        assert_eq!(value("drug", Kind::FeeCategory).as_deref(), Ok("DRUG"));
        assert!(value("停車費", Kind::FeeCategory).is_err());
    }

    #[test]
    fn results_are_numbers_where_they_can_be() {
        for (text, result) in
            [("11.20", "11.20"), ("＜0.5", "<0.5"), ("≧ 007", ">=7"), ("陰性", "陰性"), ("1:160", "1:160"), ("<", "<")]
        {
            assert_eq!(value(text, Kind::Result).as_deref(), Ok(result), "{text}");
        }
        assert_eq!(quantity("<=1.5"), Some((Some("<="), "1.5")));
        assert_eq!(value("1234567890123456", Kind::Decimal), Err("more than 15 digits"));
        assert_eq!(value("-0.50", Kind::Decimal).as_deref(), Ok("-0.50"));
    }

    #[test]
    fn formulas_stay_text_and_hidden_signs_are_refused() {
        assert_eq!(value("=HYPERLINK(\"http://x\")", Kind::Text).as_deref(), Ok("=HYPERLINK(\"http://x\")"));
        assert_eq!(value("一行\r\n二行", Kind::Long).as_deref(), Ok("一行\n二行"));
        assert_eq!(value("Ａ１２３　４", Kind::Code).as_deref(), Ok("A123 4"));
        for text in ["a\u{202E}b", "a\nb", "\u{0}"] {
            assert!(value(text, Kind::Text).is_err());
        }
        assert!(value(&"字".repeat(501), Kind::Text).is_err());
        assert!(value("2026-03-12", Kind::Instant).is_err());
        assert_eq!(value("1150312 0930", Kind::Date).as_deref(), Ok("2026-03-12"));
    }
}
