//! Numbers of persons: national ID (國民身分證統一編號) and resident number (統一證號).

use std::str::FromStr;

use super::{Fault, digits, weighted};

/// Values of the letters A to Z; the order is historical (縣市代碼), not alphabetical.
const LETTERS: [u32; 26] =
    [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];

/// Weights of the first letter's two digits and the nine that follow; the sum must be a multiple of ten.
const WEIGHTS: [u32; 11] = [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1];

/// What the number says about the holder's sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
}

/// National ID (國民身分證統一編號): a letter, 1 or 2, eight digits.
#[derive(Clone, PartialEq, Eq)]
pub struct NationalId(String);

/// Resident number (居留證統一證號), in the form of 2021 (`A800000014`) or before (`AB23456789`, valid to 2030).
#[derive(Clone, PartialEq, Eq)]
pub struct ResidentNumber(String);

claimgate_packet::opaque_debug!(NationalId, ResidentNumber);

impl NationalId {
    /// The holder's sex by the second digit.
    #[must_use]
    pub fn sex(&self) -> Sex {
        if self.0.as_bytes().get(1) == Some(&b'1') { Sex::Male } else { Sex::Female }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResidentNumber {
    /// The holder's sex by the second sign: 8, A, C male; 9, B, D female.
    #[must_use]
    pub fn sex(&self) -> Sex {
        if matches!(self.0.as_bytes().get(1), Some(b'8' | b'A' | b'C')) { Sex::Male } else { Sex::Female }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NationalId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (area, rest) = parts(text)?;
        if !rest.starts_with(['1', '2']) {
            return Err(Fault::Form);
        }
        check(area, &digits(rest)?)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for ResidentNumber {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (area, rest) = parts(text)?;
        let second = rest.chars().next().ok_or(Fault::Form)?;
        let digits = match second {
            '8' | '9' => digits(rest)?,
            'A'..='D' => {
                let mut all = vec![letter(second)? % 10];
                all.extend(digits(rest.get(1..).ok_or(Fault::Form)?)?);
                all
            }
            _ => return Err(Fault::Form),
        };
        check(area, &digits)?;
        Ok(Self(text.to_owned()))
    }
}

/// The value of the first letter, and the nine signs after it.
fn parts(text: &str) -> Result<(u32, &str), Fault> {
    if text.len() != 10 || !text.is_ascii() {
        return Err(Fault::Form);
    }
    let first = text.chars().next().ok_or(Fault::Form)?;
    Ok((letter(first)?, text.get(1..).ok_or(Fault::Form)?))
}

fn letter(letter: char) -> Result<u32, Fault> {
    let position = ('A'..='Z').position(|candidate| candidate == letter).ok_or(Fault::Form)?;
    LETTERS.get(position).copied().ok_or(Fault::Form)
}

fn check(area: u32, rest: &[u32]) -> Result<(), Fault> {
    let mut all = vec![area / 10, area % 10];
    all.extend(rest);
    if weighted(&all, &WEIGHTS).is_multiple_of(10) { Ok(()) } else { Err(Fault::Checksum) }
}
