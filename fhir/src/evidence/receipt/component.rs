//! Price components of an Invoice line (Invoice.lineItem.priceComponent) → what each payer pays, and reductions.
//!
//! Base, surcharge and tax add up; a deduction that NHI bears moves its part from the patient to NHI; any other
//! deduction or discount is a reduction.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Concept, Payer, Reduction};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::terms;

use super::super::reading::not_carried;
use super::Source;
use super::payer::{self, Said};

/// One line's components, added up.
#[derive(Default)]
pub(super) struct Components {
    /// What each payer pays, in the order first named.
    pub(super) parts: Vec<(Payer, Twd)>,
    /// What is taken off.
    pub(super) reductions: Vec<Reduction>,
    /// What the source calls the first base component, where that says more than who pays.
    pub(super) category: Option<Concept>,
}

/// Reads the components of a line with that number; nothing where there is none that counts.
pub(super) fn read(source: &Source<'_, '_>, line: &Element<'_>, sequence: u32) -> Option<Components> {
    let mut read = Components::default();
    let mut borne_by_nhi = Vec::new();
    for component in line.children("priceComponent") {
        let kind = component.required_string("type").unwrap_or_default();
        if kind == "informational" {
            not_carried(line, "priceComponent", "An informational component is no part of what is charged.");
            continue;
        }
        let Some(amount) = source.money(&component, "amount") else {
            if !component.has("amount") {
                component.missing("amount");
            }
            continue;
        };
        let code = component.child("code").and_then(|code| terms::concept(&code));
        let said = payer::of(code.as_ref());
        match (kind, said) {
            ("deduction" | "discount", Said::One(Payer::Nhi)) => borne_by_nhi.push(amount.magnitude()),
            ("deduction" | "discount", _) => {
                let reduction = Reduction { line: Some(sequence), reason: code, amount: amount.magnitude() };
                read.reductions.push(reduction);
            }
            ("base" | "surcharge" | "tax", _) => {
                let payer = if let Said::One(payer) = said { payer } else { Payer::Unstated };
                read.category = read.category.or(code.filter(|code| !payer::says_only_that(code)));
                read.add(source, payer, amount);
            }
            _ => {
                let text = "This is no type of price component. Use base, surcharge, deduction, discount or tax.";
                let issue = Issue::error(IssueKind::CodeInvalid, source.code("component-unknown"), text);
                component.report(issue.zh("價格組成類型不存在"), "type");
            }
        }
    }
    if read.parts.is_empty() {
        return None;
    }
    read.shift(source, line, borne_by_nhi);
    Some(read)
}

impl Components {
    fn add(&mut self, source: &Source<'_, '_>, payer: Payer, amount: Twd) {
        match self.parts.iter_mut().find(|(known, _)| *known == payer) {
            Some((_, sum)) => *sum = source.sum([*sum, amount], "lineItem"),
            None => self.parts.push((payer, amount)),
        }
    }

    /// Moves what NHI bears from the patient's part to NHI's; where all of it is known, the rest is the patient's.
    fn shift(&mut self, source: &Source<'_, '_>, line: &Element<'_>, borne: Vec<Twd>) {
        if borne.is_empty() {
            return;
        }
        let borne = source.sum(borne, "lineItem");
        let rest = self.parts.iter_mut().find(|(payer, _)| *payer != Payer::Nhi);
        let left = rest.and_then(|(payer, part)| {
            let left = part.checked_sub(borne).filter(|left| *left >= Twd::ZERO)?;
            if *payer == Payer::Unstated {
                *payer = Payer::SelfPay;
            }
            *part = left;
            Some(())
        });
        if left.is_none() {
            let text = "NHI bears more than the line is charged. Check its price components.";
            let issue = Issue::error(IssueKind::Value, source.code("line-nhi-exceeds"), text);
            line.report(issue.zh("健保給付大於項目金額"), "priceComponent");
        }
        self.add(source, Payer::Nhi, borne);
        self.parts.retain(|(_, part)| !part.is_zero());
    }
}
