//! The words and signs of a FHIRPath text.

use super::Operator;

/// A word or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name(Box<str>),
    /// `$this`, `%resource`.
    Variable(Box<str>),
    Text(Box<str>),
    Number(Box<str>),
    Sign(&'static str),
}

/// The longer ones first.
const SIGNS: [&str; 19] =
    ["<=", ">=", "!=", "=", "<", ">", "(", ")", "[", "]", "{", "}", ".", ",", "|", "+", "&", "-", "~"];

/// The tokens of a text; nothing where one is not understood.
pub(super) fn read(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '\'' => {
                let (text, after) = quoted(rest.get(1..)?, '\'')?;
                (Token::Text(text), after)
            }
            '`' | '"' => {
                let (name, after) = quoted(rest.get(1..)?, first)?;
                (Token::Name(name), after)
            }
            '$' | '%' => {
                let (_, length, after) = word(rest.get(1..)?)?;
                (Token::Variable(rest.get(..=length)?.into()), after)
            }
            digit if digit.is_ascii_digit() => {
                let end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(rest.len());
                let (number, after) = rest.split_at_checked(end)?;
                (Token::Number(number.into()), after)
            }
            letter if letter.is_ascii_alphabetic() || letter == '_' => {
                let (name, _, after) = word(rest)?;
                (Token::Name(name), after)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
                (Token::Sign(sign), rest.strip_prefix(sign)?)
            }
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

/// A word at the beginning, its length, and what follows.
fn word(from: &str) -> Option<(Box<str>, usize, &str)> {
    let end = from.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(from.len());
    let (word, after) = from.split_at_checked(end)?;
    (!word.is_empty()).then(|| (word.into(), end, after))
}

/// A text up to its closing sign, with escapes resolved.
fn quoted(text: &str, close: char) -> Option<(Box<str>, &str)> {
    let mut found = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            sign if sign == close => return Some((found.into(), text.get(at + sign.len_utf8()..)?)),
            '\\' => match signs.next()?.1 {
                'n' => found.push('\n'),
                'r' => found.push('\r'),
                't' => found.push('\t'),
                escaped @ ('\\' | '\'' | '"' | '`' | '/') => found.push(escaped),
                // Many guides write a pattern's `\d` with one backslash.
                other => found.extend(['\\', other]),
            },
            sign => found.push(sign),
        }
    }
    None
}

impl Token {
    pub(super) fn operator(&self) -> Option<Operator> {
        Some(match self {
            Self::Name(name) => match &**name {
                "implies" => Operator::Implies,
                "or" => Operator::Or,
                "xor" => Operator::Xor,
                "and" => Operator::And,
                "in" => Operator::In,
                "contains" => Operator::Contains,
                _ => return None,
            },
            Self::Sign(sign) => match *sign {
                "=" => Operator::Equal,
                "!=" => Operator::Unequal,
                "<" => Operator::Less,
                "<=" => Operator::LessOrEqual,
                ">" => Operator::Greater,
                ">=" => Operator::GreaterOrEqual,
                "|" => Operator::Union,
                "+" => Operator::Add,
                "&" => Operator::Concatenate,
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl Operator {
    /// How strongly it binds; `is` and `as` stand at 6.
    pub(super) fn strength(self) -> u8 {
        match self {
            Self::Implies => 0,
            Self::Or | Self::Xor => 1,
            Self::And => 2,
            Self::In | Self::Contains => 3,
            Self::Equal | Self::Unequal => 4,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 5,
            Self::Union => 6,
            Self::Add | Self::Concatenate => 7,
        }
    }
}
