//! The primitive types of R4 and the form of their values (FHIR R4 §2.24.0.1, its regular expressions).
//!
//! Written out by hand: a pass over the bytes, without an allocation. A date must also be a day of the calendar.

use serde_json::Value;

/// The JSON form of a primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON string.
    Text,
    /// A JSON number.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl Form {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Text => "a JSON string",
            Self::Number => "a JSON number",
            Self::Boolean => "true or false",
        }
    }
}

/// How a value fits its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is one.
    Fits,
    /// Another JSON type.
    WrongType,
    /// The right JSON type, another form.
    WrongForm,
    /// An empty text, which FHIR never has.
    Empty,
}

macro_rules! primitives {
    ($($variant:ident = $name:literal $form:ident,)+) => {
        /// A primitive type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Primitive {
            $(#[doc = $name] $variant,)+
        }

        impl Primitive {
            /// The type of that name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Its name.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Its JSON form.
            pub(crate) fn form(self) -> Form {
                match self { $(Self::$variant => Form::$form,)+ }
            }
        }
    };
}

primitives! {
    Base64Binary = "base64Binary" Text,
    Boolean = "boolean" Boolean,
    Canonical = "canonical" Text,
    Code = "code" Text,
    Date = "date" Text,
    DateTime = "dateTime" Text,
    Decimal = "decimal" Number,
    Id = "id" Text,
    Instant = "instant" Text,
    Integer = "integer" Number,
    Markdown = "markdown" Text,
    Oid = "oid" Text,
    PositiveInt = "positiveInt" Number,
    String = "string" Text,
    Time = "time" Text,
    UnsignedInt = "unsignedInt" Number,
    Uri = "uri" Text,
    Url = "url" Text,
    Uuid = "uuid" Text,
}

impl Primitive {
    /// How a JSON value fits this type.
    pub(crate) fn fit(self, value: &Value) -> Fit {
        let fits = match (self.form(), value) {
            (Form::Boolean, Value::Bool(_)) => true,
            (Form::Number, Value::Number(number)) => {
                let least = match self {
                    Self::Decimal => return Fit::Fits,
                    Self::PositiveInt => 1,
                    Self::UnsignedInt => 0,
                    _ => i64::from(i32::MIN),
                };
                number.as_i64().is_some_and(|number| (least..=i64::from(i32::MAX)).contains(&number))
            }
            (Form::Text, Value::String(text)) if text.is_empty() => return Fit::Empty,
            (Form::Text, Value::String(text)) => self.written(text),
            _ => return Fit::WrongType,
        };
        if fits { Fit::Fits } else { Fit::WrongForm }
    }

    fn written(self, text: &str) -> bool {
        match self {
            Self::String | Self::Markdown => readable(text),
            Self::Code => code(text),
            Self::Uri | Self::Url | Self::Canonical => solid(text),
            Self::Id => id(text),
            Self::Date => date(text).is_some_and(str::is_empty),
            Self::DateTime => match date(text) {
                Some("") => true,
                Some(rest) => text.len() == rest.len() + "0000-00-00".len() && clock(rest),
                None => false,
            },
            Self::Instant => date(text).is_some_and(|rest| text.len() == rest.len() + 10 && clock(rest)),
            Self::Time => time(text).is_some_and(str::is_empty),
            Self::Base64Binary => base64(text),
            Self::Oid => oid(text),
            Self::Uuid => uuid(text),
            Self::Boolean | Self::Decimal | Self::Integer | Self::PositiveInt | Self::UnsignedInt => false,
        }
    }
}

/// No control characters but tab and line ends.
fn readable(text: &str) -> bool {
    // Counted rather than searched: without a way out early, many bytes are looked at in one step.
    text.bytes().filter(|byte| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')).count() == 0
}

/// No white space, and no control character.
fn solid(text: &str) -> bool {
    text.bytes().filter(|byte| *byte <= b' ').count() == 0 && (text.is_ascii() || !text.contains(char::is_whitespace))
}

/// Words with one space between them.
fn code(text: &str) -> bool {
    text.split(' ').all(|word| !word.is_empty() && solid(word))
}

fn id(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

/// A year, month or day at the beginning; returns what follows.
fn date(text: &str) -> Option<&str> {
    let (year, rest) = digits(text, 4)?;
    if year == 0 {
        return None;
    }
    let Some(after) = rest.strip_prefix('-') else { return Some(rest) };
    let (month, rest) = digits(after, 2)?;
    if !(1..=12).contains(&month) {
        return None;
    }
    let Some(after) = rest.strip_prefix('-') else { return Some(rest) };
    let (day, rest) = digits(after, 2)?;
    (1..=days(year, month)).contains(&day).then_some(rest)
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `Thh:mm:ss` with an offset.
fn clock(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('T').and_then(time) else { return false };
    if rest == "Z" {
        return true;
    }
    let Some(offset) = rest.strip_prefix(['+', '-']) else { return false };
    let parts = digits(offset, 2).and_then(|(hours, rest)| Some((hours, digits(rest.strip_prefix(':')?, 2)?)));
    matches!(parts, Some((hours, (minutes, ""))) if hours < 14 && minutes < 60 || hours == 14 && minutes == 0)
}

/// `hh:mm:ss`, with a fraction or not; returns what follows.
fn time(text: &str) -> Option<&str> {
    let (hours, rest) = digits(text, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (seconds, rest) = digits(rest.strip_prefix(':')?, 2)?;
    // A leap second has the number 60.
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let after = fraction.trim_start_matches(|sign: char| sign.is_ascii_digit());
    (after.len() < fraction.len()).then_some(after)
}

/// The number that so many digits at the beginning write, and what follows.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let value =
        number.bytes().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')));
    Some((value?, rest))
}

/// Groups of four letters, digits, `+`, `/` and `=`, with white space between.
fn base64(text: &str) -> bool {
    let mut count = 0_usize;
    let fits = text.bytes().all(|byte| {
        let space = byte.is_ascii_whitespace();
        count += usize::from(!space);
        space || byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
    });
    fits && count > 0 && count.is_multiple_of(4)
}

fn oid(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix("urn:oid:") else { return false };
    let mut numbers = numbers.split('.');
    let first = numbers.next().is_some_and(|first| matches!(first, "0" | "1" | "2"));
    let number = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
    };
    let rest: Vec<&str> = numbers.collect();
    first && !rest.is_empty() && rest.into_iter().all(number)
}

fn uuid(text: &str) -> bool {
    let Some(text) = text.strip_prefix("urn:uuid:") else { return false };
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_takes_what_the_standard_writes() {
        for (name, values) in [
            ("boolean", vec![json!(true)]),
            ("integer", vec![json!(-5), json!(0), json!(2_147_483_647)]),
            ("unsignedInt", vec![json!(0)]),
            ("positiveInt", vec![json!(1)]),
            ("decimal", vec![json!(1.5), json!(3), json!(-1e3)]),
            ("date", vec![json!("1990"), json!("1990-04"), json!("2024-02-29")]),
            (
                "dateTime",
                vec![
                    json!("1990"),
                    json!("2024-02-29"),
                    json!("2023-08-07T23:00:14+08:00"),
                    json!("2023-08-07T23:00:60.123Z"),
                ],
            ),
            ("instant", vec![json!("2023-08-07T23:00:14.5-05:00")]),
            ("time", vec![json!("08:30:00"), json!("08:30:00.25")]),
            ("id", vec![json!("A.b-1"), json!("x".repeat(64))]),
            ("code", vec![json!("a"), json!("two words"), json!("男")]),
            ("uri", vec![json!("urn:uuid:x"), json!("https://例.tw/a")]),
            ("string", vec![json!("多行\n文字\t")]),
            ("base64Binary", vec![json!("AAAA"), json!("QUJD\r\nRA==")]),
            ("oid", vec![json!("urn:oid:2.16.886.101")]),
            ("uuid", vec![json!("urn:uuid:c757873d-ec9a-4326-a141-556f43239520")]),
        ] {
            for value in values {
                assert_eq!(Primitive::named(name).unwrap().fit(&value), Fit::Fits, "{name} {value}");
            }
        }
    }

    #[test]
    fn everything_else_is_told_apart() {
        for (name, value, fit) in [
            ("boolean", json!("true"), Fit::WrongType),
            ("integer", json!(1.5), Fit::WrongForm),
            ("integer", json!(2_147_483_648_i64), Fit::WrongForm),
            ("integer", json!("1"), Fit::WrongType),
            ("unsignedInt", json!(-1), Fit::WrongForm),
            ("positiveInt", json!(0), Fit::WrongForm),
            ("date", json!("2023-02-29"), Fit::WrongForm),
            ("date", json!("112/08/07"), Fit::WrongForm),
            ("date", json!("2023-08-07T23:00:14+08:00"), Fit::WrongForm),
            ("date", json!("0000"), Fit::WrongForm),
            ("dateTime", json!("2023-08-07T23:00:14"), Fit::WrongForm),
            ("dateTime", json!("2023-08T23:00:14Z"), Fit::WrongForm),
            ("dateTime", json!("2023-08-07T24:00:00Z"), Fit::WrongForm),
            ("dateTime", json!("2023-08-07T23:00:14+15:00"), Fit::WrongForm),
            ("dateTime", json!("2023-08-07T23:00:14.Z"), Fit::WrongForm),
            ("dateTime", json!("二〇二三"), Fit::WrongForm),
            ("instant", json!("2023-08-07"), Fit::WrongForm),
            ("time", json!("8:30"), Fit::WrongForm),
            ("id", json!("a_b"), Fit::WrongForm),
            ("id", json!("x".repeat(65)), Fit::WrongForm),
            ("code", json!(" a"), Fit::WrongForm),
            ("code", json!("a  b"), Fit::WrongForm),
            ("uri", json!("a b"), Fit::WrongForm),
            ("url", json!("a\u{3000}b"), Fit::WrongForm),
            ("string", json!("a\u{1}"), Fit::WrongForm),
            ("string", json!(""), Fit::Empty),
            ("string", json!({}), Fit::WrongType),
            ("base64Binary", json!("AAA"), Fit::WrongForm),
            ("base64Binary", json!("AA*A"), Fit::WrongForm),
            ("oid", json!("urn:oid:3.1"), Fit::WrongForm),
            ("oid", json!("urn:oid:1"), Fit::WrongForm),
            ("uuid", json!("urn:uuid:C757873D-EC9A-4326-A141-556F43239520"), Fit::WrongForm),
        ] {
            assert_eq!(Primitive::named(name).unwrap().fit(&value), fit, "{name} {value}");
        }
    }
}
