//! Invoice with its ChargeItems → receipt: the 2023 draft of iClaim, gematik's Rechnung, India's InvoiceRecord.

use claimgate_packet::evidence::{Concept, Currency, MedicalReceipt, Payer, ReceiptLine, Reduction};
use jiff::civil::Date;

use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::{Sourced, Sources};
use crate::terms;

use super::super::reading::{Made, Reading, none_carried, not_carried, paths, weight};
use super::component::{self, Components, Part};
use super::payer::{self, Said};
use super::totals::{self, Stated};
use super::{CURRENCY, Source, category};

/// Parts of either resource that a receipt has no place for.
const NOT_CARRIED: [&str; 4] = ["note", "paymentTerms", "participant", "account"];
const CHARGE_NOT_CARRIED: [&str; 9] = [
    "performer",
    "performingOrganization",
    "bodysite",
    "factorOverride",
    "overrideReason",
    "reason",
    "service",
    "productCodeableConcept",
    "note",
];

impl<'a> Reading<'_, 'a> {
    pub(super) fn invoice(&self, source: &Source<'_, 'a>) -> Option<Made<MedicalReceipt>> {
        let invoice = source.resource;
        let (patient, institution, mut from) = self.head()?;
        self.about(invoice, "subject");
        in_force(invoice);
        none_carried(invoice, &NOT_CARRIED);
        let (mut lines, mut reductions) = (Vec::new(), Vec::new());
        let mut visit = None;
        for (line, position) in invoice.children("lineItem").iter().zip(1_u32..) {
            let charge = self.charge(line);
            visit = visit.or_else(|| charge.as_ref().and_then(|charge| charge.child("context")));
            self.line(source, line, (charge.as_ref(), position), &mut lines, &mut reductions)?;
        }
        if lines.is_empty() {
            let text =
                "The Invoice has no line with an amount. A receipt states items and amounts: add Invoice.lineItem.";
            invoice.report(Issue::error(IssueKind::Required, "invoice.no-line", text).zh("收據沒有明細"), "lineItem");
        }
        let mut stated = Stated::default();
        stated_totals(source, &mut stated, &mut reductions, &mut from);
        let reductions = from.list("/reductions", reductions);
        let lines = from.list("/lines", lines);
        from.rule("/currency", CURRENCY, || vec![invoice.path().to_owned()]);
        let encounter = self.encounter(visit);
        let (number, issued_on) = (self.number(invoice, &mut from), from.day("/issued_on", invoice, "date"));
        let total = if invoice.has("totalNet") { "totalNet" } else { "totalGross" };
        let value = MedicalReceipt {
            key: self.key(number.as_deref(), issued_on, &mut from),
            number,
            copy: source.copy("type", &mut from),
            patient,
            institution,
            visit: self.visit(encounter.as_ref(), &mut from),
            issued_on,
            currency: Currency::Twd,
            totals: source.totals(&lines, &reductions, stated, [total, "lineItem"], &mut from),
            lines,
            reductions,
        };
        Some(Made { value, from, of: paths(std::iter::once(invoice).chain(&encounter)) })
    }

    /// One line, split by who pays; nothing once too much is repeated.
    fn line(
        &self,
        source: &Source<'_, 'a>,
        line: &Element<'a>,
        (charge, position): (Option<&Element<'a>>, u32),
        lines: &mut Vec<Sourced<ReceiptLine>>,
        reductions: &mut Vec<Sourced<Reduction>>,
    ) -> Option<()> {
        let mut from = source.sources.part();
        from.rule("/sequence", "its number, otherwise its position", || vec![line.path().to_owned()]);
        let sequence = line.positive("sequence").unwrap_or(position);
        from.note("/item", || item_at(line, charge));
        let item = match charge {
            Some(charge) => terms::required_concept(charge, "code"),
            None => shown(line).unwrap_or_else(|| terms::required_concept(line, "chargeItemCodeableConcept")),
        };
        let overridden = || {
            let mut own = source.sources.part();
            let amount = source.amount("/amount", charge?, "priceOverride", &mut own)?;
            let part = Part { payer: Payer::Unstated, amount, places: own.places("/amount") };
            Some(Components { parts: vec![part], ..Components::default() })
        };
        let Some(components) = component::read(source, line, sequence).or_else(overridden) else {
            let text = "The line has no amount. Add a priceComponent of type base, or ChargeItem.priceOverride.";
            line.report(
                Issue::error(IssueKind::Required, "invoice.line-no-amount", text).zh("明細沒有金額"),
                "priceComponent",
            );
            return Some(());
        };
        let category = category::of(components.category.as_ref(), &item);
        from.mount("", &components.from);
        from.rule("/category", "by the source's own words for category or item", || {
            let mut places = components.from.places("/source_category");
            places.push(item_at(line, charge));
            places
        });
        from.rule("/material", "code and words of the item, without its category", || vec![item_at(line, charge)]);
        from.rule("/payer", "by the codes or words of its price components", || vec![line.path().to_owned()]);
        let quantity = charge.and_then(|charge| from.child("/quantity", charge, "quantity", terms::quantity));
        let serviced_on = charge.and_then(|charge| serviced_on(charge, &mut from));
        let occurred = charge.and_then(|charge| charge.child("occurrencePeriod"));
        let serviced_until = occurred.and_then(|period| from.day("/serviced_until", &period, "end"));
        // Many lines may refer to one ChargeItem, and each repeats what it says.
        if !self.pay(3 * components.parts.len() * weight(&(&item, &quantity))) {
            return None;
        }
        reductions.extend(components.reductions);
        for part in components.parts {
            let (payer, amount) = (part.payer.clone(), part.amount);
            if payer == Payer::Unstated {
                let text = "The line does not say who pays. Give its base component the code coverage-selfpay#pay or \
                            v3-ActCode#PUBLICPOL.";
                let issue = Issue::warning(IssueKind::Incomplete, "invoice.line-payer-unstated", text);
                line.findings().report_once(issue.at(line.place("priceComponent")).zh("明細未標示自費或健保"));
            }
            let mut own = from.clone();
            part.note(&mut own);
            let value = ReceiptLine {
                sequence,
                item: item.clone(),
                category: category.clone(),
                source_category: components.category.clone(),
                material: category::material(category.as_ref(), &item),
                payer,
                modifiers: Vec::new(),
                serviced_on,
                serviced_until,
                quantity: quantity.clone(),
                unit_price: components.unit_price,
                amount,
            };
            lines.push(Sourced { value, from: own });
        }
        Some(())
    }

    /// The ChargeItem a line refers to.
    fn charge(&self, line: &Element<'a>) -> Option<Element<'a>> {
        let charge = self.bundle.resolve(&line.child("chargeItemReference")?, &["ChargeItem"])?;
        self.mark(&charge);
        self.about(&charge, "subject");
        none_carried(&charge, &CHARGE_NOT_CARRIED);
        if matches!(charge.string("status"), Some("entered-in-error" | "aborted" | "not-billable")) {
            let text =
                "A ChargeItem that is mistaken, aborted or not billable is no part of a receipt. Remove the line.";
            let issue = Issue::error(IssueKind::BusinessRule, "charge-item.not-in-force", text);
            charge.report(issue.zh("收費項目已作廢或不可計費"), "status");
        }
        Some(charge)
    }
}

/// Only an issued Invoice is a receipt; `balanced` is an issued one that was paid.
fn in_force(invoice: &Element<'_>) {
    if !matches!(invoice.required_string("status"), None | Some("issued" | "balanced")) {
        let text = "The Invoice is not issued, so it is no receipt. Remove it or correct its status.";
        let issue = Issue::error(IssueKind::BusinessRule, "invoice.not-issued", text);
        invoice.report(issue.zh("收據尚未開立"), "status");
    }
}

/// What a reference that leads nowhere says in words.
fn shown(line: &Element<'_>) -> Option<Concept> {
    let text = line.child("chargeItemReference")?.string("display")?;
    Some(Concept { codings: Vec::new(), text: Some(text.to_owned()) })
}

/// Where a line says what was charged.
fn item_at(line: &Element<'_>, charge: Option<&Element<'_>>) -> String {
    match charge {
        Some(charge) => charge.place("code"),
        None if line.has("chargeItemReference") => line.place("chargeItemReference"),
        None => line.place("chargeItemCodeableConcept"),
    }
}

fn serviced_on(charge: &Element<'_>, from: &mut Sources) -> Option<Date> {
    match charge.child("occurrencePeriod") {
        Some(period) => from.day("/serviced_on", &period, "start"),
        None => from.day("/serviced_on", charge, "occurrenceDateTime"),
    }
}

/// What the Invoice states for the whole: totals, reductions, and what was settled.
fn stated_totals(
    source: &Source<'_, '_>,
    stated: &mut Stated,
    reductions: &mut Vec<Sourced<Reduction>>,
    from: &mut Sources,
) {
    let net = source.amount("/totals/stated", source.resource, "totalNet", from);
    let gross_is = if net.is_some() { "/totals/stated_gross" } else { "/totals/stated" };
    let gross = source.amount(gross_is, source.resource, "totalGross", from);
    stated.total = net.or(gross);
    stated.gross = net.and(gross);
    for component in source.resource.children("totalPriceComponent") {
        let mut own = source.sources.part();
        let amount = source.amount("/amount", &component, "amount", &mut own);
        let reason = own.child("/reason", &component, "code", terms::concept);
        let figure = reason.as_ref().and_then(totals::figure);
        match (component.string("type"), figure, amount) {
            (Some("deduction" | "discount"), _, Some(amount)) => {
                // What NHI bears of the whole is its part, not a reduction of the patient's.
                if payer::of(reason.as_ref()) == Said::One(Payer::Nhi) {
                    not_carried(&component, "amount", "State what NHI bears line by line.");
                    continue;
                }
                own.rule("/kind", "by the codes or words of its reason", || vec![component.place("code")]);
                let kind = payer::reduction(reason.as_ref());
                let value = Reduction { line: None, kind, reason, amount: amount.magnitude() };
                reductions.push(Sourced { value, from: own });
            }
            // A base component of the whole that names its payer is what is stated of that payer's lines.
            (Some("informational" | "base"), Some(figure), Some(amount)) if stated.take(figure, amount, &own, from) => {
            }
            _ => not_carried(
                &component,
                "amount",
                "The lines are summed up; only reductions, sums by payer and 應收, 已收, 未收 are read here.",
            ),
        }
    }
}
