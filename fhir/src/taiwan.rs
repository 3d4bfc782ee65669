//! Taiwanese identifiers: what their form and check digit say, and the namespaces they come in.
//!
//! A failing check digit is a hint, never proof: official examples and 144 real institution codes fail it.
//! So these types only say what a text is; whoever reads a document decides what to make of it.

mod alias;
mod organisation;
mod person;
mod roc;
mod system;

pub use alias::{Aliases, BadAlias};
pub use organisation::{InstitutionCode, Ubn};
pub use person::{NationalId, ResidentNumber, Sex};
pub use roc::{NotRocDate, roc_date};
pub use system::{Namespace, canonical};

/// Why a text is not the identifier it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The wrong letters, digits or length.
    #[error("not of the form of such an identifier")]
    Form,
    /// The right form, but the check digit does not fit.
    #[error("the check digit does not fit")]
    Checksum,
}

/// The digits of an ASCII text, or a form fault.
fn digits(text: &str) -> Result<Vec<u32>, Fault> {
    text.chars().map(|sign| sign.to_digit(10).ok_or(Fault::Form)).collect()
}

/// The sum of products.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

#[cfg(test)]
mod tests;
