//! Totals of a receipt: the sums of the lines by payer, what the source states beside them, and whether the two agree.
//!
//! NHI figures may be points (點數) and never count in a sum of dollars. A difference is a warning that names both
//! figures: they are money, not personal, and without them nobody could tell which is wrong.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Concept, Payer, ReceiptLine, ReceiptTotals, Reduction};

use crate::outcome::{Issue, IssueKind};
use crate::sources::Sources;
use crate::terms;

use super::Source;
use super::payer::{self, Said};

/// Our own words for figures that FHIR has no element for: `due` 應收, `paid` 已收, `unpaid` 未收, `gross`
/// of all payers.
const SETTLEMENT_SYSTEM: &str = "urn:claimgate:settlement";

/// What the source itself states as totals.
#[derive(Clone, Copy, Default)]
pub(super) struct Stated {
    pub(super) total: Option<Twd>,
    pub(super) gross: Option<Twd>,
    self_pay: Option<Twd>,
    copay: Option<Twd>,
    nhi: Option<Twd>,
    due: Option<Twd>,
    paid: Option<Twd>,
    unpaid: Option<Twd>,
}

/// What a stated figure is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    Due,
    Paid,
    Unpaid,
    Gross,
    SelfPay,
    Copay,
    Nhi,
}

/// The figure a concept names: what was settled, or a payer whose part is stated.
pub(super) fn figure(concept: &Concept) -> Option<Figure> {
    let coded = terms::codes(concept).find_map(|pair| match pair {
        (SETTLEMENT_SYSTEM, "due") => Some(Figure::Due),
        (SETTLEMENT_SYSTEM, "paid") => Some(Figure::Paid),
        (SETTLEMENT_SYSTEM, "unpaid") => Some(Figure::Unpaid),
        (SETTLEMENT_SYSTEM, "gross") => Some(Figure::Gross),
        _ => None,
    });
    let worded = || {
        terms::words(concept).find_map(|words| match words {
            "應收" => Some(Figure::Due),
            "已收" => Some(Figure::Paid),
            "未收" => Some(Figure::Unpaid),
            _ => None,
        })
    };
    coded.or_else(worded).or_else(|| match payer::of([concept]) {
        Said::One(Payer::SelfPay) => Some(Figure::SelfPay),
        Said::One(Payer::Copay) => Some(Figure::Copay),
        Said::One(Payer::Nhi) => Some(Figure::Nhi),
        _ => None,
    })
}

impl Stated {
    /// Takes a figure with its source, which stands at `/amount`; false where that figure was stated before.
    pub(super) fn take(&mut self, figure: Figure, amount: Twd, own: &Sources, from: &mut Sources) -> bool {
        let (to, slot) = match figure {
            Figure::Due => ("/totals/due", &mut self.due),
            Figure::Paid => ("/totals/paid", &mut self.paid),
            Figure::Unpaid => ("/totals/unpaid", &mut self.unpaid),
            Figure::Gross => ("/totals/stated_gross", &mut self.gross),
            Figure::SelfPay => ("/totals/stated_self_pay", &mut self.self_pay),
            Figure::Copay => ("/totals/stated_copay", &mut self.copay),
            Figure::Nhi => ("/totals/stated_nhi", &mut self.nhi),
        };
        let first = slot.is_none();
        slot.get_or_insert(amount);
        from.same_of(own, &[(to, "/amount")]);
        first
    }
}

impl Source<'_, '_> {
    /// Sums by payer, and whether what is stated agrees. `total` and `items` are where they stand.
    pub(super) fn totals(
        &self,
        lines: &[ReceiptLine],
        reductions: &[Reduction],
        stated: Stated,
        [total, items]: [&str; 2],
        from: &mut Sources,
    ) -> ReceiptTotals {
        let of =
            |payer: Payer| self.sum(lines.iter().filter(|line| line.payer == payer).map(|line| line.amount), items);
        let totals = ReceiptTotals {
            stated: stated.total,
            stated_gross: stated.gross,
            stated_self_pay: stated.self_pay,
            stated_copay: stated.copay,
            stated_nhi: stated.nhi,
            self_pay: of(Payer::SelfPay),
            copay: of(Payer::Copay),
            nhi: of(Payer::Nhi),
            unstated: of(Payer::Unstated),
            reductions: self.sum(reductions.iter().map(|reduction| reduction.amount), items),
            due: stated.due,
            paid: stated.paid,
            unpaid: stated.unpaid,
        };
        sums(lines, reductions, from);
        self.compare_total(&totals, total, items);
        self.compare_parts(&totals, items);
        self.compare_settlement(&totals);
        totals
    }

    fn compare_total(&self, totals: &ReceiptTotals, total: &str, items: &str) {
        let Some(stated) = totals.stated else { return };
        let counts = counts(totals);
        // Some state the patient's part as the net total, some state taxes in the gross total.
        if [Some(stated), totals.stated_gross].iter().flatten().any(|it| counts.contains(it)) {
            return;
        }
        let (place, recomputed) = (self.resource.place(total), self.resource.place(items));
        let text = format!(
            "The stated total at {place} is {stated}; the lines at {recomputed} sum up to self-pay {}, copay {}, \
             payer unstated {}, reductions {}. The total may be self-pay with or without the others; NHI lines ({}) do \
             not count, they may be points. Both are carried. Check the receipt.",
            totals.self_pay, totals.copay, totals.unstated, totals.reductions, totals.nhi,
        );
        let issue = Issue::warning(IssueKind::Value, self.code("total-differs"), text).at(place);
        self.resource.findings().report(issue.at(recomputed).zh("總額與明細不符"));
    }

    /// Compares each payer's part with what is stated of it; all that differ are one finding.
    fn compare_parts(&self, totals: &ReceiptTotals, items: &str) {
        let parts = [
            ("self-pay (自費)", totals.stated_self_pay, totals.self_pay),
            ("copay (部分負擔)", totals.stated_copay, totals.copay),
            ("NHI (健保)", totals.stated_nhi, totals.nhi),
        ];
        let differ = parts.iter().filter_map(|(name, stated, summed)| {
            let stated = stated.filter(|stated| stated != summed)?;
            Some(format!("{name} is stated as {stated}, its lines sum up to {summed}"))
        });
        let differ: Vec<String> = differ.collect();
        if !differ.is_empty() {
            let text = format!(
                "What is stated by payer is not what the lines sum up to: {}. Both are carried. Check the \
                                receipt.",
                differ.join("; ")
            );
            let issue = Issue::warning(IssueKind::Value, self.code("payer-total-differs"), text);
            self.resource.report(issue.zh("各類負擔合計與明細不符"), items);
        }
    }

    fn compare_settlement(&self, totals: &ReceiptTotals) {
        if let (Some(due), Some(paid), Some(unpaid)) = (totals.due, totals.paid, totals.unpaid)
            && paid.checked_add(unpaid) != Some(due)
        {
            let text = format!(
                "Due (應收) is {due}, but paid (已收) {paid} and unpaid (未收) {unpaid} together are not. Check the receipt."
            );
            let issue = Issue::warning(IssueKind::Value, self.code("settlement-differs"), text);
            self.resource.findings().report(issue.at(self.resource.path()).zh("應收與已收、未收不符"));
        }
    }
}

/// Where the sums came from: the places of all amounts that count in each.
fn sums(lines: &[ReceiptLine], reductions: &[Reduction], from: &mut Sources) {
    for (to, payer) in [
        ("/totals/self_pay", Payer::SelfPay),
        ("/totals/copay", Payer::Copay),
        ("/totals/nhi", Payer::Nhi),
        ("/totals/unstated", Payer::Unstated),
    ] {
        let counted = lines.iter().enumerate().filter(|(_, line)| line.payer == payer);
        let places = counted.flat_map(|(index, _)| from.places(format_args!("/lines/{index}/amount"))).collect();
        from.rule(to, "sum of the lines of this payer", || places);
    }
    let places = (0..reductions.len()).flat_map(|index| from.places(format_args!("/reductions/{index}/amount")));
    let places = places.collect();
    from.rule("/totals/reductions", "sum of the reductions", || places);
}

/// What hospitals state as the total: self-pay, with or without copay and lines without a payer, reduced or not.
fn counts(totals: &ReceiptTotals) -> Vec<Twd> {
    let mut counts = Vec::new();
    for copay in [Twd::ZERO, totals.copay] {
        for unstated in [Twd::ZERO, totals.unstated] {
            let Some(sum) = Twd::sum([totals.self_pay, copay, unstated]) else { continue };
            counts.push(sum);
            counts.extend(sum.checked_sub(totals.reductions));
        }
    }
    counts
}
