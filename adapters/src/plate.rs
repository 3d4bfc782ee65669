//! Licence plates of Taiwan (車輛號牌) as people write them: read into one spelling, or a fault; bounded before anything else.
//!
//! In: a text. Out: a [`Plate`]. Two groups of letters and digits, as all series since 1980 have them (道路交通安全規則 附件一),
//! or one of the signs 試臨軍使外領 before a number. Whether a plate was ever given out only the register knows.

use std::fmt;
use std::str::FromStr;

/// The longest text that is looked at, in bytes: full-width signs have three.
const LONGEST: usize = 40;
/// Signs that stand before the number of plates of their own: 試車, 臨時, 軍用, 使節, 外交, 領事.
const SIGNS: [char; 6] = ['試', '臨', '軍', '使', '外', '領'];

/// A plate: upper case, half width, with a hyphen where two groups are told apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plate(String);

claimgate_packet::opaque_debug!(Plate);

/// A text that is no plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a licence plate such as ABC-1234, 1234-AB or 123-ABC")]
pub struct NotPlate;

impl Plate {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the hyphen: what two spellings of one plate share.
    #[must_use]
    pub fn plain(&self) -> String {
        self.0.chars().filter(|sign| *sign != '-').collect()
    }
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Plate {
    type Err = NotPlate;

    fn from_str(text: &str) -> Result<Self, NotPlate> {
        if text.len() > LONGEST {
            return Err(NotPlate);
        }
        let signs: String = text.chars().filter(|sign| !sign.is_whitespace()).map(half_width).collect();
        let (sign, number) = match signs.chars().next().filter(|first| SIGNS.contains(first)) {
            Some(sign) => (Some(sign), signs.trim_start_matches(sign)),
            None => (None, signs.as_str()),
        };
        let groups: Vec<&str> = number.trim_start_matches('-').split('-').collect();
        let fits =
            groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
        let fits = fits
            && match (sign, groups.as_slice()) {
                (Some(_), groups) => is_number(&groups.concat()),
                (None, [whole]) => (4..=7).contains(&whole.len()) && is_mixed(whole),
                (None, [one, other]) => is_pair(one, other),
                (None, _) => false,
            };
        if !fits {
            return Err(NotPlate);
        }
        let number = groups.join("-");
        Ok(Self(sign.map_or_else(|| number.clone(), |sign| format!("{sign}{number}"))))
    }
}

/// Full-width letters, digits and dashes as their half-width ones, in upper case.
fn half_width(sign: char) -> char {
    let half = match sign {
        '－' | '–' | '—' | '‐' | '‑' => '-',
        '！'..='～' => u32::from(sign).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(sign),
        other => other,
    };
    half.to_ascii_uppercase()
}

/// Letters and digits together: letters alone are a word, digits alone a number.
fn is_mixed(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Two to five signs in each group, seven at most, one of the groups digits alone.
fn is_pair(one: &str, other: &str) -> bool {
    let long = |group: &str| (2..=5).contains(&group.len());
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    long(one)
        && long(other)
        && one.len() + other.len() <= 7
        && (digits(one) || digits(other))
        && is_mixed(&[one, other].concat())
}

/// What stands behind a sign: three to six letters and digits, two digits at least.
fn is_number(text: &str) -> bool {
    (3..=6).contains(&text.len()) && text.bytes().filter(u8::is_ascii_digit).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_of_all_series_are_read_into_one_spelling() {
        for (text, plate) in [
            ("abc-1234", "ABC-1234"),
            ("ABC1234", "ABC1234"),
            ("ＡＢＣ－１２３４", "ABC-1234"),
            (" 1234-ab ", "1234-AB"),
            ("AB-1234", "AB-1234"),
            ("A1-2345", "A1-2345"),
            ("123-ABC", "123-ABC"),
            ("ABC-123", "ABC-123"),
            ("12-AB", "12-AB"),
            ("KAA-0001", "KAA-0001"),
            ("AA-00001", "AA-00001"),
            ("試-1234", "試1234"),
            ("軍A-12345", "軍A-12345"),
        ] {
            assert_eq!(text.parse::<Plate>().map(|plate| plate.to_string()), Ok(plate.to_owned()), "{text}");
        }
        let plain = |text: &str| text.parse::<Plate>().unwrap().plain();
        assert_eq!(plain("abc-1234"), plain("ABC 1234"));
    }

    #[test]
    fn what_is_no_plate_is_none() {
        for text in [
            "",
            "-",
            "ABC",
            "1234",
            "1234-5678",
            "ABC-DEFG",
            "A-1234567",
            "ABCD-1234-5",
            "ABC_1234",
            "ＡＢＣ",
            "王小明",
            "臨",
            "試-A",
            "<b>-12",
            "AB-1234567",
            "ABC-1234; drop table",
        ] {
            assert_eq!(text.parse::<Plate>(), Err(NotPlate), "{text}");
        }
        assert_eq!("A".repeat(1_000_000).parse::<Plate>(), Err(NotPlate));
    }
}
