//! What a repair shop (修車廠) and an insurer write of a damaged vehicle: estimates, what is approved of them, invoices.
//!
//! The model stands close to the estimate of CIECA BMS: numbered lines with operation, part, hours, rate, quantity, price and
//! tax. In: values as they were sent. Out: every fault of one at once, sums, comparisons line by line. It must not know who
//! may send what, nor when.

mod amount;
mod approval;
mod estimate;
mod invoice;

pub use amount::Hours;
pub use approval::{Figures, LineDecision, LineResult, RepairDecision, Ruling, Rulings, TotalLoss, figures};
pub use estimate::{Estimate, EstimateLine, EstimatedVehicle, LineKind, Operation, Part, PartSource, Totals};
pub use invoice::{ComparedLine, Comparison, Invoice, InvoiceLine, InvoiceTotals, LineFlag, compare};

/// The most lines of an estimate.
pub const MOST_LINES: usize = 300;

/// Something that does not hold, and where. Never a value that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer.
    pub at: String,
    /// What holds instead.
    pub text: &'static str,
}

impl Fault {
    pub(crate) fn new(at: impl Into<String>, text: &'static str) -> Self {
        Self { at: at.into(), text }
    }
}

/// Whether a text is there, short enough and of one line.
pub(crate) fn is_text(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
