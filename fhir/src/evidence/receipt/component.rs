//! Price components of an Invoice line (Invoice.lineItem.priceComponent) → what each payer pays, and reductions.
//!
//! Base, surcharge and tax add up; a deduction that NHI bears moves its part from the patient to NHI; any other
//! deduction or discount is a reduction.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Concept, Payer, Reduction};

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::{Sourced, Sources};
use crate::terms;

use super::super::reading::not_carried;
use super::Source;
use super::payer::{self, Said};

/// One line's components, added up.
#[derive(Default)]
pub(super) struct Components {
    /// What each payer pays, in the order first named.
    pub(super) parts: Vec<Part>,
    /// What is taken off.
    pub(super) reductions: Vec<Sourced<Reduction>>,
    /// What the source calls the first base component, where that says more than who pays.
    pub(super) category: Option<Concept>,
    /// Price of one, of an informational component that says so.
    pub(super) unit_price: Option<Twd>,
    /// Where category and price stand.
    pub(super) from: Sources,
}

/// What one payer pays of a line.
pub(super) struct Part {
    pub(super) payer: Payer,
    pub(super) amount: Twd,
    /// The places of the amounts it was made of, where sources are asked for.
    pub(super) places: Vec<String>,
}

impl Part {
    /// Notes where its amount came from.
    pub(super) fn note(&self, from: &mut Sources) {
        match self.places.as_slice() {
            [only] => from.note("/amount", || only.clone()),
            many => from.rule("/amount", "price components added up, less what NHI bears", || many.to_vec()),
        }
    }
}

/// Reads the components of a line with that number; nothing where there is none that counts.
pub(super) fn read(source: &Source<'_, '_>, line: &Element<'_>, sequence: u32) -> Option<Components> {
    let mut read = Components { from: source.sources.part(), ..Components::default() };
    let (mut borne_by_nhi, mut borne_at) = (Vec::new(), Vec::new());
    for component in line.children("priceComponent") {
        let kind = component.required_string("type").unwrap_or_default();
        if kind == "informational" {
            let code = component.child("code").and_then(|code| terms::concept(&code));
            if read.unit_price.is_none() && code.as_ref().is_some_and(is_unit_price) {
                read.unit_price = source.amount("/unit_price", &component, "amount", &mut read.from);
            } else {
                not_carried(&component, "amount", "An informational component is no part of what is charged.");
            }
            continue;
        }
        let mut own = source.sources.part();
        let Some(amount) = source.amount("/amount", &component, "amount", &mut own) else {
            if !component.has("amount") {
                component.missing("amount");
            }
            continue;
        };
        let code = own.child("/reason", &component, "code", terms::concept);
        let said = payer::of(code.as_ref());
        match (kind, said) {
            ("deduction" | "discount", Said::One(Payer::Nhi)) => {
                borne_by_nhi.push(amount.magnitude());
                borne_at.extend(own.places("/amount"));
            }
            ("deduction" | "discount", _) => {
                own.rule("/line", "number of the line it stands in", || vec![line.path().to_owned()]);
                let kind = payer::reduction(code.as_ref());
                own.rule("/kind", "by the codes or words of its reason", || vec![component.place("code")]);
                let value = Reduction { line: Some(sequence), kind, reason: code, amount: amount.magnitude() };
                read.reductions.push(Sourced { value, from: own });
            }
            ("base" | "surcharge" | "tax", said) => {
                let payer = if let Said::One(payer) = said { payer } else { Payer::Unstated };
                if let (None, Some(code)) = (&read.category, code.filter(|code| !payer::says_only_that(code))) {
                    read.from.same_of(&own, &[("/source_category", "/reason")]);
                    read.category = Some(code);
                }
                read.add(source, payer, amount, own.places("/amount"));
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
    read.shift(source, line, borne_by_nhi, &borne_at);
    Some(read)
}

/// Our own word for the price of one, which FHIR's Invoice has no element for: `unit`.
const PRICE_SYSTEM: &str = "urn:claimgate:price";

fn is_unit_price(concept: &Concept) -> bool {
    terms::codes(concept).any(|pair| pair == (PRICE_SYSTEM, "unit"))
        || terms::words(concept).any(|words| words == "單價")
}

impl Components {
    fn add(&mut self, source: &Source<'_, '_>, payer: Payer, amount: Twd, places: Vec<String>) {
        match self.parts.iter_mut().find(|part| part.payer == payer) {
            Some(part) => {
                part.amount = source.sum([part.amount, amount], "lineItem");
                part.places.extend(places);
            }
            None => self.parts.push(Part { payer, amount, places }),
        }
    }

    /// Moves what NHI bears from the patient's part to NHI's; where all of it is known, the rest is the patient's.
    fn shift(&mut self, source: &Source<'_, '_>, line: &Element<'_>, borne: Vec<Twd>, borne_at: &[String]) {
        if borne.is_empty() {
            return;
        }
        let borne = source.sum(borne, "lineItem");
        let rest = self.parts.iter_mut().find(|part| part.payer != Payer::Nhi);
        let left = rest.and_then(|part| {
            let left = part.amount.checked_sub(borne).filter(|left| *left >= Twd::ZERO)?;
            if part.payer == Payer::Unstated {
                part.payer = Payer::SelfPay;
            }
            part.amount = left;
            part.places.extend_from_slice(borne_at);
            Some(())
        });
        if left.is_none() {
            let text = "NHI bears more than the line is charged. Check its price components.";
            let issue = Issue::error(IssueKind::Value, source.code("line-nhi-exceeds"), text);
            line.report(issue.zh("健保給付大於項目金額"), "priceComponent");
        }
        self.add(source, Payer::Nhi, borne, borne_at.to_vec());
        self.parts.retain(|part| !part.amount.is_zero());
    }
}
