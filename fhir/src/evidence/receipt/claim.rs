//! Claim → receipt: one Claim is one receipt, one item one line (iClaim 醫療保險理賠).

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Concept, Currency, MedicalReceipt, Payer, ReceiptLine, Reduction};
use serde_json::Number;

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::{Sourced, Sources};
use crate::terms;

use super::super::reading::{Made, Reading, none_carried, not_carried, paths};
use super::CURRENCY;
use super::payer::Said;
use super::totals::{self, Stated};
use super::{Source, category, payer};

/// Parts of a Claim and of its items that a receipt has no place for.
const NOT_CARRIED: [&str; 5] = ["billablePeriod", "careTeam", "accident", "payee", "facility"];
const ITEM_NOT_CARRIED: [&str; 6] = ["revenue", "programCode", "udi", "bodySite", "subSite", "locationCodeableConcept"];

/// Our own extension of an item: what it takes off is taken off the whole receipt and no line.
const WHOLE_RECEIPT: &str = "urn:claimgate:whole-receipt";

impl<'a> Reading<'_, 'a> {
    pub(super) fn claim(&self, source: &Source<'_, 'a>) -> Option<Made<MedicalReceipt>> {
        let claim = source.resource;
        let (patient, institution, mut from) = self.head()?;
        self.about(claim, "patient");
        in_force(claim);
        none_carried(claim, &NOT_CARRIED);
        for diagnosis in claim.children("diagnosis") {
            not_carried(&diagnosis, "diagnosisCodeableConcept", "Send the diagnosis as a Condition and refer to it.");
        }
        for procedure in claim.children("procedure") {
            not_carried(&procedure, "procedureCodeableConcept", "Send the operation as a Procedure and refer to it.");
        }
        let mut stated = Stated::default();
        for info in claim.children("supportingInfo") {
            self.supporting(source, &info, &mut stated, &mut from);
        }
        let (lines, reductions) = items(source, &mut from);
        stated.total = source.amount("/totals/stated", claim, "total", &mut from);
        from.rule("/currency", CURRENCY, || vec![claim.path().to_owned()]);
        let encounter = self.encounter_of(claim);
        let (number, issued_on) = (self.number(claim, &mut from), from.day("/issued_on", claim, "created"));
        let value = MedicalReceipt {
            key: self.key(number.as_deref(), issued_on, &mut from),
            number,
            copy: source.copy("subType", &mut from),
            patient,
            institution,
            visit: self.visit(encounter.as_ref(), &mut from),
            issued_on,
            currency: Currency::Twd,
            totals: source.totals(&lines, &reductions, stated, ["total", "item"], &mut from),
            lines,
            reductions,
        };
        Some(Made { value, from, of: paths(std::iter::once(claim).chain(&encounter)) })
    }

    /// A file beside the receipt, or a figure it states; whatever else supports a Claim has no place.
    fn supporting(&self, source: &Source<'_, 'a>, info: &Element<'a>, stated: &mut Stated, from: &mut Sources) {
        let claim = source.resource;
        if let Some(attachment) = info.child("valueAttachment") {
            self.attach(claim, &attachment);
            return;
        }
        let named = ["code", "category"].iter().find_map(|member| terms::concept(&info.child(member)?));
        if let (Some(figure), Some(quantity)) = (named.as_ref().and_then(totals::figure), info.child("valueQuantity")) {
            let mut own = source.sources.part();
            if let Some(amount) = source.counted(&quantity, figure, &mut own)
                && stated.take(figure, amount, &own, from)
            {
                return;
            }
        }
        let target = info.child("valueReference").and_then(|reference| self.bundle.any(&reference));
        if target.is_none_or(|target| target.resource_type() != "DocumentReference") {
            let text = "This information is not carried further. Send it as an attachment, or write it as a note.";
            let issue = Issue::warning(IssueKind::NotSupported, "element.not-mapped", text);
            claim.findings().report(issue.at(info.path()).zh("此欄位不會轉送"));
        }
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

/// A Claim that is a draft or a request in advance is no receipt; one that is cancelled was taken back before.
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

/// Lines and reductions, in the order of the items.
fn items(source: &Source<'_, '_>, from: &mut Sources) -> (Vec<ReceiptLine>, Vec<Reduction>) {
    let items = source.resource.children("item");
    if items.is_empty() {
        let text = "The Claim has no item. A receipt states items and amounts: add Claim.item.";
        source.resource.report(Issue::error(IssueKind::Required, "claim.no-item", text).zh("收據沒有明細"), "item");
    }
    let (mut lines, mut reductions) = (Vec::new(), Vec::new());
    for (item, position) in items.iter().zip(1_u32..) {
        let line = read(source, item, position, &mut reductions);
        from.append("/lines", &mut lines, line);
    }
    (lines, from.list("/reductions", reductions))
}

/// A line, or nothing where the item is a reduction or has no amount.
fn read(
    source: &Source<'_, '_>,
    item: &Element<'_>,
    position: u32,
    reductions: &mut Vec<Sourced<Reduction>>,
) -> Option<Sourced<ReceiptLine>> {
    not_carried(item, "detail", "Send each part as an item of its own.");
    none_carried(item, &ITEM_NOT_CARRIED);
    if !item.has("sequence") {
        let text = "The item has no sequence; its position is taken. Number the items.";
        item.report(Issue::warning(IssueKind::Required, "claim.item-no-sequence", text).zh("明細沒有序號"), "sequence");
    }
    let mut from = source.sources.part();
    from.rule("/sequence", "its number, otherwise its position", || vec![stated_at(item, "sequence")]);
    let sequence = item.positive("sequence").unwrap_or(position);
    let what = terms::required_concept(item, "productOrService");
    from.note("/item", || item.place("productOrService"));
    let source_category = from.child("/source_category", item, "category", terms::concept);
    let unit_price = source.amount("/unit_price", item, "unitPrice", &mut from);
    let amount = amount(source, item, unit_price, &mut from);
    if source_category.as_ref().and_then(category::price_component).is_some_and(reduces) {
        let amount = amount?.magnitude();
        let mut taken = source.sources.part();
        taken.same_of(&from, &[("/line", "/sequence"), ("/reason", "/item"), ("/amount", "/amount")]);
        taken.rule("/kind", "by the codes or words of its reason", || vec![item.place("productOrService")]);
        let kind = payer::reduction(Some(&what));
        let whole = terms::extension(item, WHOLE_RECEIPT).and_then(|found| found.boolean("valueBoolean")) == Some(true);
        let value = Reduction { line: (!whole).then_some(sequence), kind, reason: Some(what), amount };
        reductions.push(Sourced { value, from: taken });
        return None;
    }
    let period = item.child("servicedPeriod");
    let serviced_until = period.as_ref().and_then(|period| from.day("/serviced_until", period, "end"));
    let serviced_on = match period {
        Some(period) => from.day("/serviced_on", &period, "start"),
        None => from.day("/serviced_on", item, "servicedDate"),
    };
    let modifiers: Vec<Sourced<Concept>> =
        item.children("modifier").iter().filter_map(|it| concept(source, it)).collect();
    let payer = payer_of(item, payer::of(modifiers.iter().map(|modifier| &modifier.value)));
    from.rule("/payer", "by the codes or words of its modifiers", || vec![stated_at(item, "modifier")]);
    let narrower = modifiers.into_iter().filter(|modifier| !payer::says_only_that(&modifier.value));
    let modifiers = from.list("/modifiers", narrower);
    let category = category::of(source_category.as_ref(), &what);
    from.rule("/category", "by the source's own words for category or item", || {
        ["category", "productOrService"].iter().filter(|it| item.has(it)).map(|it| item.place(it)).collect()
    });
    from.rule("/material", "code and words of the item, without its category", || vec![item.place("productOrService")]);
    let value = ReceiptLine {
        sequence,
        material: category::material(category.as_ref(), &what),
        category,
        source_category,
        item: what,
        payer,
        modifiers,
        serviced_on,
        serviced_until,
        quantity: from.child("/quantity", item, "quantity", terms::quantity),
        unit_price,
        amount: amount?,
    };
    Some(Sourced { value, from })
}

fn concept(source: &Source<'_, '_>, element: &Element<'_>) -> Option<Sourced<Concept>> {
    let mut from = source.sources.part();
    from.note("", || element.path().to_owned());
    Some(Sourced { value: terms::concept(element)?, from })
}

/// The place of a member, or of the whole where the member is not there and its absence says the rest.
fn stated_at(element: &Element<'_>, member: &str) -> String {
    if element.has(member) { element.place(member) } else { element.path().to_owned() }
}

/// Whether a price component takes off instead of adding.
fn reduces(component: &str) -> bool {
    matches!(component, "deduction" | "discount")
}

/// Who pays, by Claim.item.modifier.
fn payer_of(item: &Element<'_>, said: Said) -> Payer {
    match said {
        Said::One(payer) => payer,
        Said::Contrary => {
            let text = "The item is both self-pay and NHI. Split it into one item for each.";
            let issue = Issue::error(IssueKind::BusinessRule, "claim.item-two-payers", text);
            item.report(issue.zh("同一明細同時標示自費與健保"), "modifier");
            Payer::Unstated
        }
        Said::Nothing => {
            let text = "The item does not say who pays. Add the modifier coverage-selfpay#pay or v3-ActCode#PUBLICPOL.";
            let issue = Issue::warning(IssueKind::Incomplete, "claim.item-payer-unstated", text);
            item.findings().report_once(issue.at(item.place("modifier")).zh("明細未標示自費或健保"));
            Payer::Unstated
        }
    }
}

/// `net`, or the exact product of quantity, unit price and factor.
fn amount(source: &Source<'_, '_>, item: &Element<'_>, unit_price: Option<Twd>, from: &mut Sources) -> Option<Twd> {
    let quantity = item.child("quantity").and_then(|quantity| quantity.number("value"));
    let factors: Vec<&Number> = quantity.into_iter().chain(item.number("factor")).collect();
    let product = unit_price.map(|price| decimal::product(price, &factors));
    if item.has("net") {
        let net = source.amount("/amount", item, "net", from);
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
        Some(Some(product)) => {
            from.rule("/amount", "quantity × unit price × factor", || {
                let factors = ["quantity", "unitPrice", "factor"].iter().filter(|it| item.has(it));
                factors.map(|it| item.place(it)).collect()
            });
            return Some(product);
        }
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
