//! A shop's electronic invoice (電子發票) and what it says beside what was approved, line by line.

use std::collections::BTreeSet;

use claimgate_fhir::taiwan::Ubn;
use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::amount::is_tax;
use super::{Estimate, Fault, MOST_LINES, Rulings};

/// A line of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InvoiceLine {
    /// The line of the estimate.
    pub line: u32,
    /// Before tax.
    pub amount: Twd,
    /// Its tax.
    pub tax: Twd,
}

/// The sums of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct InvoiceTotals {
    /// Before tax (銷售額).
    pub net: Twd,
    /// Tax (稅額).
    pub tax: Twd,
    /// All (總計).
    pub gross: Twd,
}

/// An invoice of a repair.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RepairInvoice"))]
#[serde(deny_unknown_fields)]
pub struct Invoice {
    /// Its number (發票號碼): two capital letters and eight digits, `AB-12345678`.
    #[validate(length(min = 10, max = 11))]
    pub number: String,
    /// Its day.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub on: Date,
    /// The seller's 統一編號.
    #[validate(length(min = 8, max = 8))]
    pub seller: String,
    /// The buyer's 統一編號, where it is made out to a business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 8, max = 8))]
    pub buyer: Option<String>,
    /// 1 to 300 lines.
    #[validate(length(min = 1, max = 300))]
    pub lines: Vec<InvoiceLine>,
    /// Their sums.
    pub totals: InvoiceTotals,
}

opaque_debug!(Invoice);

impl Invoice {
    /// Its number in one spelling; none where it is no number of an invoice.
    #[must_use]
    pub fn plain_number(&self) -> Option<String> {
        let (letters, digits) = self.number.split_at_checked(2)?;
        let digits = digits.strip_prefix('-').unwrap_or(digits);
        let fits = letters.bytes().all(|byte| byte.is_ascii_uppercase())
            && digits.len() == 8
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| format!("{letters}{digits}"))
    }

    /// Every fault in it; none where it holds together.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.plain_number().is_none() {
            faults.push(Fault::new("/number", "two capital letters and eight digits, such as AB-12345678"));
        }
        for (at, number) in [("/seller", Some(&self.seller)), ("/buyer", self.buyer.as_ref())] {
            if number.is_some_and(|number| number.parse::<Ubn>().is_err()) {
                faults.push(Fault::new(at, "a 統一編號 of eight digits whose check digit fits"));
            }
        }
        if self.lines.is_empty() || self.lines.len() > MOST_LINES {
            faults.push(Fault::new("/lines", "1 to 300 lines"));
        }
        let mut seen = BTreeSet::new();
        for (place, line) in self.lines.iter().take(MOST_LINES).enumerate() {
            if !seen.insert(line.line) {
                faults.push(Fault::new(format!("/lines/{place}/line"), "each line of the estimate once"));
            }
            if line.amount < Twd::ZERO || line.tax < Twd::ZERO || !is_tax(line.tax, line.amount) {
                faults.push(Fault::new(format!("/lines/{place}"), "nothing below zero; the tax is none or 5 %"));
            }
        }
        let sums = [
            ("/totals/net", self.totals.net, Twd::sum(self.lines.iter().map(|line| line.amount))),
            ("/totals/tax", self.totals.tax, Twd::sum(self.lines.iter().map(|line| line.tax))),
            ("/totals/gross", self.totals.gross, self.totals.net.checked_add(self.totals.tax)),
        ];
        let wrong = sums.into_iter().filter(|(_, said, sum)| *sum != Some(*said));
        faults.extend(wrong.map(|(at, ..)| Fault::new(at, "the sum of what it names")));
        faults
    }
}

/// How a line that was invoiced stands to what was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LineFlag {
    /// As approved.
    AsApproved,
    /// Less than approved.
    Below,
    /// More than approved.
    Above,
    /// Refused, or not decided.
    NotApproved,
    /// In no estimate.
    Unknown,
    /// Approved, and not invoiced.
    NotInvoiced,
}

impl LineFlag {
    /// Whether somebody has to look at it.
    #[must_use]
    pub fn differs(self) -> bool {
        matches!(self, Self::Above | Self::NotApproved | Self::Unknown)
    }
}

/// A line of a comparison, before tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedLine {
    /// The line.
    pub line: u32,
    /// What was approved.
    pub approved: Twd,
    /// What was invoiced.
    pub invoiced: Twd,
    /// How the two stand.
    pub flag: LineFlag,
}

/// An invoice beside what was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InvoiceComparison"))]
pub struct Comparison {
    /// Every line of either, by number.
    pub lines: Vec<ComparedLine>,
    /// What was invoiced beyond approval, before tax.
    pub above_approval: Twd,
    /// What the insurer bears of it: of each line what was approved at most, less depreciation, less the deductible.
    pub insurer_bears: Twd,
    /// Whether somebody has to look at it.
    pub differs: bool,
}

/// Compares an invoice with what was approved of the version it is for.
#[must_use]
pub fn compare(invoice: &Invoice, of: &Estimate, rulings: &Rulings, deductible: Twd) -> Comparison {
    let numbers: BTreeSet<u32> =
        invoice.lines.iter().map(|line| line.line).chain(of.lines.iter().map(|line| line.line)).collect();
    let mut compared = Vec::new();
    for number in numbers {
        let estimated = of.line(number);
        let ruling = rulings.get(&number);
        let approved = estimated.zip(ruling).map_or(Twd::ZERO, |(line, ruling)| ruling.approved(line));
        let invoiced = invoice.lines.iter().find(|line| line.line == number).map(|line| line.amount);
        let flag = match invoiced {
            None if approved.is_zero() => continue,
            None => LineFlag::NotInvoiced,
            Some(_) if estimated.is_none() => LineFlag::Unknown,
            Some(amount) if approved.is_zero() && amount > Twd::ZERO => LineFlag::NotApproved,
            Some(amount) if amount > approved => LineFlag::Above,
            Some(amount) if amount < approved => LineFlag::Below,
            Some(_) => LineFlag::AsApproved,
        };
        compared.push(ComparedLine { line: number, approved, invoiced: invoiced.unwrap_or(Twd::ZERO), flag });
    }
    let beyond =
        compared.iter().filter_map(|line| line.invoiced.checked_sub(line.approved)).filter(|more| *more > Twd::ZERO);
    Comparison {
        above_approval: Twd::sum(beyond).unwrap_or(Twd::ZERO),
        insurer_bears: borne(invoice, of, rulings, deductible).unwrap_or(Twd::ZERO).max(Twd::ZERO),
        differs: compared.iter().any(|line| line.flag.differs()),
        lines: compared,
    }
}

fn borne(invoice: &Invoice, of: &Estimate, rulings: &Rulings, deductible: Twd) -> Option<Twd> {
    let mut sum = Twd::ZERO;
    for sent in &invoice.lines {
        let (Some(line), Some(ruling)) = (of.line(sent.line), rulings.get(&sent.line)) else { continue };
        let most = sent.amount.checked_add(sent.tax)?.min(ruling.with_tax(line)?);
        let worn = ruling.decision.depreciation.unwrap_or(Twd::ZERO).min(most);
        sum = sum.checked_add(most)?.checked_sub(worn)?;
    }
    sum.checked_sub(deductible)
}
