//! Claim → receipt of medical expenses (醫療費用收據, 醫療法 §22): one Claim is one receipt, one item one line.
//!
//! NHI lines (modifier PUBLICPOL) are often points and not in the stated total, so sums are kept per payer.

use claimgate_packet::amount::{AmountError, Twd};
use claimgate_packet::evidence::{MedicalReceipt, Payer, ReceiptLine, ReceiptTotals};
use serde_json::{Number, Value};

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};

use super::reading::{Reading, not_carried};
use super::terms;

const SELF_PAY: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/coverage-selfpay", "pay");
const NHI: (&str, &str) = ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "PUBLICPOL");

impl<'a> Reading<'_, 'a> {
    /// The receipts, in the order of their Claims.
    pub(super) fn receipts(&self) -> Vec<MedicalReceipt> {
        let mut receipts: Vec<MedicalReceipt> = Vec::new();
        for claim in self.bundle.all("Claim") {
            let Some(receipt) = self.receipt(claim) else { break };
            if receipt.number.is_some() && receipts.iter().any(|other| other.number == receipt.number) {
                let text = "Two Claims have the same receipt number. Give each its own, or send the receipt once.";
                let issue = Issue::warning(IssueKind::Duplicate, "claim.same-number", text);
                claim.report(issue.zh("收據號碼重複"), "identifier");
            }
            receipts.push(receipt);
        }
        receipts
    }

    fn receipt(&self, claim: &Element<'a>) -> Option<MedicalReceipt> {
        let (patient, institution) = self.head()?;
        self.about(claim, "patient");
        in_force(claim);
        for diagnosis in claim.children("diagnosis") {
            not_carried(&diagnosis, "diagnosisCodeableConcept", "Send the diagnosis as a Condition and refer to it.");
        }
        let lines = lines(claim);
        Some(MedicalReceipt {
            number: self.number(claim),
            patient,
            institution,
            visit: self.visit(self.encounter_of(claim).as_ref()),
            issued_on: claim.day("created"),
            totals: totals(claim, &lines),
            lines,
        })
    }

    /// The first identifier that is not the case number (案件編號) itself.
    fn number(&self, claim: &Element<'a>) -> Option<String> {
        let (case_system, case_value) = self.case_number();
        let is_case = |system: Option<&str>, value: &str| {
            let same_system = match (system, case_system) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            same_system && value == case_value
        };
        let all = terms::identifiers(claim, "identifier");
        all.into_iter().find(|number| !is_case(number.system, number.value)).map(|number| number.value.to_owned())
    }

    /// iClaim's Claim names no visit: an item may, its diagnosis may, or there is only one.
    fn encounter_of(&self, claim: &Element<'a>) -> Option<Element<'a>> {
        let by_item = claim.children("item").iter().find_map(|item| item.children("encounter").into_iter().next());
        let by_diagnosis = || {
            claim.children("diagnosis").iter().find_map(|diagnosis| {
                let condition = self.bundle.resolve(&diagnosis.child("diagnosisReference")?, &["Condition"])?;
                condition.child("encounter")
            })
        };
        self.encounter(by_item.or_else(by_diagnosis))
    }
}

/// A Claim that is cancelled, a draft, or a request in advance is no receipt.
fn in_force(claim: &Element<'_>) {
    if claim.string("status").is_some_and(|status| status != "active") {
        let text = "The Claim is not active, so it is no receipt. Remove it or correct its status.";
        let issue = Issue::error(IssueKind::BusinessRule, "claim.not-active", text);
        claim.report(issue.zh("收據狀態不是 active"), "status");
    }
    if claim.string("use").is_some_and(|purpose| purpose != "claim") {
        let text = "Only a Claim with use \"claim\" is a receipt. Correct Claim.use.";
        claim.report(
            Issue::error(IssueKind::BusinessRule, "claim.not-a-claim", text).zh("Claim.use 必須為 claim"),
            "use",
        );
    }
}

fn lines(claim: &Element<'_>) -> Vec<ReceiptLine> {
    let items = claim.children("item");
    if items.is_empty() {
        let text = "The Claim has no item. A receipt states items and amounts: add Claim.item.";
        claim.report(Issue::error(IssueKind::Required, "claim.no-item", text).zh("收據沒有明細"), "item");
    }
    items.iter().zip(1_u32..).filter_map(|(item, position)| line(claim, item, position)).collect()
}

fn line(claim: &Element<'_>, item: &Element<'_>, position: u32) -> Option<ReceiptLine> {
    not_carried(item, "detail", "Send each part as an item of its own.");
    if !item.has("sequence") {
        let text = "The item has no sequence; its position is taken. Number the items.";
        item.report(Issue::warning(IssueKind::Required, "claim.item-no-sequence", text).zh("明細沒有序號"), "sequence");
    }
    let serviced_on = match item.child("servicedPeriod") {
        Some(period) => period.day("start"),
        None => item.day("servicedDate"),
    };
    let unit_price = money(claim, item, "unitPrice");
    Some(ReceiptLine {
        sequence: item.positive("sequence").unwrap_or(position),
        item: terms::required_concept(item, "productOrService"),
        payer: payer(item),
        serviced_on,
        quantity: item.child("quantity").and_then(|quantity| terms::quantity(&quantity)),
        unit_price,
        amount: amount(claim, item, unit_price)?,
    })
}

/// Who pays, by Claim.item.modifier.
fn payer(item: &Element<'_>) -> Payer {
    let modifiers = terms::concepts(item, "modifier");
    let has = |(system, code): (&str, &str)| {
        let fits = |found: &str| found.trim_end_matches('/') == system;
        let mut codings = modifiers.iter().flat_map(|modifier| &modifier.codings);
        codings.any(|coding| coding.code == code && coding.system.as_deref().is_some_and(fits))
    };
    match (has(SELF_PAY), has(NHI)) {
        (true, false) => Payer::SelfPay,
        (false, true) => Payer::Nhi,
        (true, true) => {
            let text = "The item is both self-pay and NHI. Split it into one item for each.";
            let issue = Issue::error(IssueKind::BusinessRule, "claim.item-two-payers", text);
            item.report(issue.zh("同一明細同時標示自費與健保"), "modifier");
            Payer::Unstated
        }
        (false, false) => {
            let text = "The item does not say who pays. Add the modifier coverage-selfpay#pay or v3-ActCode#PUBLICPOL.";
            let issue = Issue::warning(IssueKind::Incomplete, "claim.item-payer-unstated", text);
            item.findings().report_once(issue.at(item.place("modifier")).zh("明細未標示自費或健保"));
            Payer::Unstated
        }
    }
}

/// `net`, or the exact product of quantity, unit price and factor.
fn amount(claim: &Element<'_>, item: &Element<'_>, unit_price: Option<Twd>) -> Option<Twd> {
    let quantity = item.child("quantity").and_then(|quantity| quantity.number("value"));
    let factors: Vec<&Number> = quantity.into_iter().chain(item.number("factor")).collect();
    let product = unit_price.map(|price| decimal::product(price, &factors));
    if item.has("net") {
        let net = money(claim, item, "net");
        if let (Some(net), Some(Some(product))) = (net, product)
            && net != product
        {
            let text = "The net amount is not quantity times unit price; the net amount is taken. Check the item.";
            item.report(
                Issue::warning(IssueKind::Value, "claim.item-net-differs", text).zh("金額與數量、單價不符"),
                "net",
            );
        }
        return net;
    }
    match product {
        Some(Some(product)) => return Some(product),
        Some(None) => {
            let text = "Quantity times unit price is not exact to the cent or too large. State the net amount.";
            let issue = Issue::error(IssueKind::Value, "claim.amount-not-exact", text);
            item.report(issue.zh("數量乘以單價無法精確計算"), "unitPrice");
        }
        None if !item.has("unitPrice") => {
            let text = "The item has no amount. Add net, or quantity and unitPrice.";
            item.report(Issue::error(IssueKind::Required, "claim.item-no-amount", text).zh("明細沒有金額"), "net");
        }
        None => {}
    }
    None
}

fn totals(claim: &Element<'_>, lines: &[ReceiptLine]) -> ReceiptTotals {
    let sum = |payer: Payer| {
        let amounts = lines.iter().filter(|line| line.payer == payer).map(|line| line.amount);
        Twd::sum(amounts).unwrap_or_else(|| {
            let text = "The sum of the items is beyond what an amount can be. Check the items.";
            claim.report(Issue::error(IssueKind::Value, "claim.amount-too-large", text).zh("金額過大"), "item");
            Twd::ZERO
        })
    };
    let totals = ReceiptTotals {
        stated: money(claim, claim, "total"),
        self_pay: sum(Payer::SelfPay),
        nhi: sum(Payer::Nhi),
        unstated: sum(Payer::Unstated),
    };
    let counts = [
        Some(totals.self_pay),
        totals.self_pay.checked_add(totals.unstated),
        Twd::sum([totals.self_pay, totals.nhi, totals.unstated]),
    ];
    if totals.stated.is_some() && !counts.contains(&totals.stated) {
        let text = "The total is neither the sum of the self-pay items nor of all items. Check the receipt.";
        claim.report(Issue::warning(IssueKind::Value, "claim.total-differs", text).zh("總額與明細不符"), "total");
    }
    totals
}

/// A `Money` in New Taiwan dollars. FHIR's amount is a JSON number; a text such as "1,250" is refused.
fn money(claim: &Element<'_>, element: &Element<'_>, member: &str) -> Option<Twd> {
    let money = element.child(member)?;
    match money.string("currency") {
        Some("TWD") => {}
        Some(_) => {
            let text = "Amounts are in New Taiwan dollars. Set currency to \"TWD\".";
            money.report(Issue::error(IssueKind::Value, "claim.currency", text).zh("幣別必須為 TWD"), "currency");
        }
        None => {
            let text = "No currency is stated; New Taiwan dollars are assumed. Set currency to \"TWD\".";
            let issue = Issue::information("claim.currency-assumed", text).at(claim.path());
            money.findings().report_once(issue.zh("未載明幣別，視為新臺幣"));
        }
    }
    let refuse = |code: &'static str, text: &str, chinese: &'static str| {
        money.report(Issue::error(IssueKind::Value, code, text).zh(chinese), "value");
        None
    };
    let Some(Value::Number(number)) = money.members().get("value") else {
        let text = "The amount must be a JSON number without quotes, for example 1250.";
        return refuse("claim.amount-not-a-number", text, "金額必須為數字");
    };
    match decimal::money(number) {
        Ok(amount) => Some(amount),
        Err(AmountError::TooLarge) => {
            refuse("claim.amount-too-large", "The amount is larger than any receipt. Check it.", "金額過大")
        }
        Err(_) => {
            let text = "The amount has more than two decimals. Round it as the receipt does.";
            refuse("claim.amount-too-precise", text, "金額小數位數過多")
        }
    }
}
