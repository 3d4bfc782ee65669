//! Numbers of organisations: unified business number (統一編號) and institution code (醫事機構代碼).

use std::str::FromStr;

use super::{Fault, digits, weighted};

/// Unified business number (統一編號): eight digits. The modulus is 5 since 2023-04-01; older numbers fit it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubn(String);

/// Institution code (醫事機構代碼): ten digits, the last Σ i·dᵢ mod 10 for all but 144 of 38 191 published codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstitutionCode(String);

impl Ubn {
    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InstitutionCode {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Ubn {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits = digits(text)?;
        if digits.len() != 8 {
            return Err(Fault::Form);
        }
        let products = digits.iter().zip([1, 2, 1, 2, 1, 2, 4, 1]).map(|(digit, weight)| digit * weight);
        let sum: u32 = products.map(|product| product / 10 + product % 10).sum();
        // A seventh digit of 7 gives 28 → 10, which may count as 1 or 0.
        let fits = sum.is_multiple_of(5) || (digits.get(6) == Some(&7) && (sum + 1).is_multiple_of(5));
        // Zeros alone fit arithmetically and mean "none".
        if fits && sum > 0 { Ok(Self(text.to_owned())) } else { Err(Fault::Checksum) }
    }
}

impl FromStr for InstitutionCode {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits = digits(text)?;
        let (check, nine) = digits.split_last().filter(|(_, nine)| nine.len() == 9).ok_or(Fault::Form)?;
        if weighted(nine, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 10 != *check {
            return Err(Fault::Checksum);
        }
        Ok(Self(text.to_owned()))
    }
}
