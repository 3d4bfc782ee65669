//! Receipts of medical expenses (醫療費用收據, 醫療法 §22), whichever resource they come in: what their readers share.
//!
//! Amounts are New Taiwan dollars and exact. NHI lines are often points and never part of a sum in dollars.

use claimgate_packet::amount::{AmountError, Twd};
use claimgate_packet::evidence::{CopyKind, MedicalReceipt, Payer, ReceiptKey, ReceiptLine, ReceiptTotals, Reduction};
use serde_json::Value;

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::Sources;
use crate::terms;

use super::reading::{Made, Reading};

mod category;
mod claim;
mod component;
mod invoice;
mod payer;

/// Our own words for which printing a receipt is: `original`, `copy`, `reprint`.
const COPY_SYSTEM: &str = "urn:claimgate:receipt-copy";

impl<'a> Reading<'_, 'a> {
    /// The receipts: Claims first, then Invoices, each in the order of the Bundle.
    pub(super) fn receipts(&self) -> Vec<Made<MedicalReceipt>> {
        let mut receipts: Vec<Made<MedicalReceipt>> = Vec::new();
        let mut numbers = std::collections::HashSet::new();
        for kind in ["Claim", "Invoice"] {
            for resource in self.bundle.all(kind) {
                let word = if kind == "Claim" { "claim" } else { "invoice" };
                let source = Source { resource, word, sources: self.sources() };
                let read = if kind == "Claim" { self.claim(&source) } else { self.invoice(&source) };
                let Some(receipt) = read else { return receipts };
                if receipt.value.number.clone().is_some_and(|number| !numbers.insert(number)) {
                    let text = "Two receipts have the same number. Give each its own, or send the receipt once.";
                    let issue = Issue::warning(IssueKind::Duplicate, source.code("same-number"), text);
                    resource.report(issue.zh("收據號碼重複"), "identifier");
                }
                receipts.push(receipt);
            }
        }
        receipts
    }

    /// The first identifier that is not the case number (案件編號) itself.
    fn number(&self, resource: &Element<'a>, from: &mut Sources) -> Option<String> {
        let all = terms::identifiers(resource, "identifier");
        let own = all.into_iter().find(|number| !self.is_case_number(number.system, number.value));
        own.map(|number| {
            from.note("/number", || number.place.clone());
            number.value.to_owned()
        })
    }

    /// Receipt key (收據鍵), where all three parts are known.
    fn key(
        &self,
        number: Option<&str>,
        issued_on: Option<jiff::civil::Date>,
        from: &mut Sources,
    ) -> Option<ReceiptKey> {
        let institution = Some(self.institution().code.clone()).filter(|code| !code.is_empty())?;
        from.same("/key/institution", "/institution/code");
        from.same("/key/number", "/number");
        from.same("/key/date", "/issued_on");
        Some(ReceiptKey { institution, number: number?.to_owned(), date: issued_on? })
    }
}

/// The resource a receipt is read from, and the word its findings begin with.
struct Source<'e, 'a> {
    resource: &'e Element<'a>,
    word: &'static str,
    /// A blank recorder of sources, on or off.
    sources: Sources,
}

/// What the source itself states as totals.
#[derive(Clone, Copy, Default)]
struct Stated {
    total: Option<Twd>,
    gross: Option<Twd>,
    due: Option<Twd>,
    paid: Option<Twd>,
    unpaid: Option<Twd>,
}

impl Source<'_, '_> {
    fn code(&self, what: &str) -> String {
        format!("{}.{what}", self.word)
    }

    /// A `Money` in New Taiwan dollars, and the place of its value. FHIR's amount is a JSON number; a text such as
    /// "1,250" is refused.
    fn amount(
        &self,
        to: impl std::fmt::Display,
        element: &Element<'_>,
        member: &str,
        from: &mut Sources,
    ) -> Option<Twd> {
        let money = element.child(member)?;
        match money.string("currency") {
            Some("TWD") => {}
            Some(_) => {
                let text = "Amounts are in New Taiwan dollars. Set currency to \"TWD\".";
                let issue = Issue::error(IssueKind::Value, self.code("currency"), text);
                money.report(issue.zh("幣別必須為 TWD"), "currency");
            }
            None => {
                let text = "No currency is stated; New Taiwan dollars are assumed. Set currency to \"TWD\".";
                let issue = Issue::information(self.code("currency-assumed"), text).at(self.resource.path());
                money.findings().report_once(issue.zh("未載明幣別，視為新臺幣"));
            }
        }
        let refuse = |code: &str, text: &str, chinese: &'static str| {
            money.report(Issue::error(IssueKind::Value, self.code(code), text).zh(chinese), "value");
            None
        };
        let Some(Value::Number(number)) = money.members().get("value") else {
            let text = "The amount must be a JSON number without quotes, for example 1250.";
            return refuse("amount-not-a-number", text, "金額必須為數字");
        };
        match decimal::money(number) {
            Ok(amount) => {
                from.note(to, || money.place("value"));
                Some(amount)
            }
            Err(AmountError::TooLarge) => {
                refuse("amount-too-large", "The amount is larger than any receipt. Check it.", "金額過大")
            }
            Err(_) => {
                let text = "The amount has more than two decimals. Round it as the receipt does.";
                refuse("amount-too-precise", text, "金額小數位數過多")
            }
        }
    }

    /// A sum, or nothing with an error where it is beyond what an amount can be.
    fn sum(&self, amounts: impl IntoIterator<Item = Twd>, lines: &str) -> Twd {
        Twd::sum(amounts).unwrap_or_else(|| {
            let text = "The sum of the lines is beyond what an amount can be. Check them.";
            let issue = Issue::error(IssueKind::Value, self.code("amount-too-large"), text);
            self.resource.report(issue.zh("金額過大"), lines);
            Twd::ZERO
        })
    }

    /// Sums by payer, and whether what is stated is one of them. `total` and `lines` are where they stand.
    fn totals(
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
        let counts = counts(&totals);
        // Some state the patient's part as the net total, some state taxes in the gross total.
        if totals.stated.is_some()
            && ![totals.stated, totals.stated_gross].iter().flatten().any(|it| counts.contains(it))
        {
            let recomputed = self.resource.place(items);
            let text = format!(
                "The stated total at {} is not what the lines at {recomputed} sum up to: compare totals.stated of the \
                 evidence with totals.self_pay, with or without copay, unstated and less reductions. NHI lines do \
                 not count, they may be points. The stated figure is carried beside the sums. Check the receipt.",
                self.resource.place(total),
            );
            let issue =
                Issue::warning(IssueKind::Value, self.code("total-differs"), text).at(self.resource.place(total));
            self.resource.findings().report(issue.at(recomputed).zh("總額與明細不符"));
        }
        if let (Some(due), Some(paid), Some(unpaid)) = (totals.due, totals.paid, totals.unpaid)
            && paid.checked_add(unpaid) != Some(due)
        {
            let text = "What is due is not what is paid and unpaid together. Check the receipt.";
            let issue = Issue::warning(IssueKind::Value, self.code("settlement-differs"), text);
            self.resource.findings().report(issue.at(self.resource.path()).zh("應收與已收、未收不符"));
        }
        totals
    }

    /// Original 正本, copy 副本 or reprint 補發, if this element says it.
    fn copy(&self, member: &str, from: &mut Sources) -> Option<CopyKind> {
        let concept = terms::concept(&self.resource.child(member)?)?;
        from.rule("/copy", "by its code or words", || vec![self.resource.place(member)]);
        let coded = terms::codes(&concept).find_map(|(system, code)| match (system, code) {
            (COPY_SYSTEM, "original") => Some(CopyKind::Original),
            (COPY_SYSTEM, "copy") => Some(CopyKind::Copy),
            (COPY_SYSTEM, "reprint") => Some(CopyKind::Reprint),
            _ => None,
        });
        coded.or_else(|| {
            terms::words(&concept).find_map(|words| match words {
                "正本" => Some(CopyKind::Original),
                "副本" => Some(CopyKind::Copy),
                "補發" => Some(CopyKind::Reprint),
                _ => None,
            })
        })
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
