//! Receipts of medical expenses (醫療費用收據, 醫療法 §22), whichever resource they come in: what their readers share.
//!
//! Amounts are New Taiwan dollars and exact. NHI lines are often points and never part of a sum in dollars.

use claimgate_packet::amount::{AmountError, Twd};
use claimgate_packet::evidence::{CopyKind, MEDICAL_RECEIPT, MedicalReceipt, ReceiptKey};
use serde_json::Value;

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::Sources;
use crate::terms;

use super::reading::{Made, Reading};
use super::withdrawal;
use totals::Figure;

mod category;
mod claim;
mod component;
mod invoice;
mod payer;
mod totals;

/// What the word for the currency rests on.
const CURRENCY: &str = "every amount is in New Taiwan dollars; figures of NHI may be points";

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
                if let Some(reason) = withdrawal::reason(resource, "status") {
                    let number = self.number(resource, &mut self.sources());
                    self.take_back(resource, MEDICAL_RECEIPT, number, reason);
                    continue;
                }
                let read = if kind == "Claim" { self.claim(&source) } else { self.invoice(&source) };
                let Some(receipt) = read else { return receipts };
                self.replaces(resource, MEDICAL_RECEIPT, receipt.value.number.as_deref());
                if let Some(first) = receipts.iter_mut().find(|first| is_reprint(&first.value, &receipt.value)) {
                    // Files of the other printing belong to the one receipt.
                    first.of.extend(receipt.of);
                    let text = "The same receipt is there twice: printed again, it is one receipt and counts once.";
                    let issue = Issue::information(source.code("reprint"), text).zh("補印之收據視為同一收據，僅計一次");
                    resource.findings().report(issue.at(resource.path()));
                    continue;
                }
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

/// Whether the other is the same receipt printed again (補印): one key, and nothing but the word for the printing differs.
fn is_reprint(one: &MedicalReceipt, other: &MedicalReceipt) -> bool {
    let any = |copy: &Option<CopyKind>| MedicalReceipt { copy: copy.clone(), ..other.clone() };
    one.key.is_some() && one.key == other.key && *one == any(&one.copy)
}

/// The resource a receipt is read from, and the word its findings begin with.
struct Source<'e, 'a> {
    resource: &'e Element<'a>,
    word: &'static str,
    /// A blank recorder of sources, on or off.
    sources: Sources,
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

    /// A figure stated as a Quantity, in dollars; NHI's may be points.
    fn counted(&self, quantity: &Element<'_>, figure: Figure, from: &mut Sources) -> Option<Twd> {
        let unit = quantity.string("code").or_else(|| quantity.string("unit"));
        let points = figure == Figure::Nhi && unit.is_some_and(|unit| matches!(unit, "點" | "點數" | "points"));
        if !points && unit != Some("TWD") {
            let text = "A figure of a receipt is in New Taiwan dollars. Give the quantity the code TWD.";
            let issue = Issue::error(IssueKind::Value, self.code("currency"), text);
            quantity.report(issue.zh("幣別必須為 TWD"), "code");
        }
        let amount = decimal::money(quantity.number("value")?);
        if amount.is_err() {
            let text = "The figure has more than two decimals, or is larger than any receipt. Check it.";
            let issue = Issue::error(IssueKind::Value, self.code("amount-too-precise"), text);
            quantity.report(issue.zh("金額過大或小數位數過多"), "value");
        }
        from.note("/amount", || quantity.place("value"));
        amount.ok()
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
