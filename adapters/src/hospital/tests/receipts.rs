//! Receipt arithmetic: on many made-up receipts, against sums that are counted apart; and what a receipt states.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Currency, MedicalReceipt, Payer, ReductionKind};
use serde_json::json;

use super::*;

/// Numbers that look random and are the same every time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn receipt(bundle: &HospitalBundle) -> &MedicalReceipt {
    let found = bundle.documents.iter().find_map(|document| match document {
        Document::MedicalReceipt(receipt) => Some(receipt),
        _ => None,
    });
    found.unwrap()
}

fn twd(cents: u64) -> Twd {
    format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap()
}

fn money(cents: u64) -> Value {
    // Written as a hospital writes it: the shortest decimal.
    serde_json::from_str(&format!("{{\"value\":{}.{:02},\"currency\":\"TWD\"}}", cents / 100, cents % 100)).unwrap()
}

fn payer(code: &str) -> Value {
    json!({ "coding": [{ "system": "urn:claimgate:payer", "code": code }] })
}

const PAYERS: [&str; 4] = ["self-pay", "copay", "nhi", ""];

/// A Claim's items with the sums of each payer, and of the reductions, in cents.
fn claim_items(dice: &mut Dice) -> (Vec<Value>, [u64; 5]) {
    let (mut items, mut sums) = (Vec::new(), [0; 5]);
    for sequence in 1..=1 + dice.below(12) {
        let class = usize::try_from(dice.below(4)).unwrap();
        let (price, quantity) = (dice.below(500_000), 1 + dice.below(5));
        let cents = price * quantity;
        let mut item = json!({ "sequence": sequence, "productOrService": { "text": "項目" } });
        if !PAYERS[class].is_empty() {
            item["modifier"] = json!([payer(PAYERS[class])]);
        }
        if dice.below(2) == 0 {
            item["net"] = money(cents);
        } else {
            item["unitPrice"] = money(price);
            item["quantity"] = json!({ "value": quantity });
        }
        if dice.below(6) == 0 {
            item["category"] = json!({ "coding": [{ "system": "http://hl7.org/fhir/invoice-priceComponentType", "code": "discount" }] });
            sums[4] += cents;
        } else {
            sums[class] += cents;
        }
        items.push(item);
    }
    (items, sums)
}

fn summed(receipt: &MedicalReceipt) -> [Twd; 5] {
    let totals = receipt.totals;
    [totals.self_pay, totals.copay, totals.nhi, totals.unstated, totals.reductions]
}

#[test]
fn the_sums_of_a_claim_are_those_of_its_items_whatever_their_order() {
    let mut dice = Dice(0x2026_1123);
    for round in 0..150 {
        let (mut items, sums) = claim_items(&mut dice);
        let stated = sums[0];
        let build = |items: &[Value], total: u64| {
            changed("outpatient", |it| {
                resource(it, "Claim")["item"] = json!(items);
                resource(it, "Claim")["total"] = money(total);
            })
        };
        let bundle = read_value(&build(&items, stated)).unwrap();
        assert_eq!(summed(receipt(&bundle)), sums.map(twd), "round {round}");
        assert!(!codes(&bundle.warnings).contains(&"claim.total-differs"), "round {round}");
        let lines = &receipt(&bundle).lines;
        assert_eq!(lines.len() + receipt(&bundle).reductions.len(), items.len());
        let nhi = Twd::sum(lines.iter().filter(|line| line.payer == Payer::Nhi).map(|line| line.amount));
        assert_eq!(nhi, Some(receipt(&bundle).totals.nhi), "points are in no other sum");

        items.reverse();
        let reversed = read_value(&build(&items, stated)).unwrap();
        assert_eq!(summed(receipt(&reversed)), sums.map(twd), "round {round} reversed");

        // Not self-pay with or without copay, unstated and reductions: 1 cent more than the largest of these.
        let wrong = sums[0] + sums[1] + sums[3] + 1;
        let warned = read_value(&build(&items, wrong)).unwrap();
        let found = warned.warnings.iter().find(|issue| issue.code == "claim.total-differs");
        assert!(found.unwrap().diagnostics.contains(&format!("is {};", twd(wrong))), "round {round}");
    }
}

#[test]
fn what_nhi_bears_of_an_invoice_line_and_the_rest_are_the_line() {
    let mut dice = Dice(0x1123_2026);
    for round in 0..100 {
        let (mut items, mut patient, mut nhi, mut reduced) = (Vec::new(), 0, 0, 0);
        for _ in 0..=dice.below(8) {
            let base = 1 + dice.below(900_000);
            let (borne, discount) = (dice.below(base + 1), dice.below(1000));
            items.push(json!({ "chargeItemCodeableConcept": { "text": "藥費" }, "priceComponent": [
                { "type": "base", "amount": money(base) },
                { "type": "deduction", "code": payer("nhi"), "amount": money(borne) },
                { "type": "discount", "code": { "text": "員工優待" }, "amount": money(discount) },
            ] }));
            (patient, nhi, reduced) = (patient + base - borne, nhi + borne, reduced + discount);
        }
        let bundle = read_value(&changed("invoice", |it| {
            let invoice = resource(it, "Invoice");
            invoice["lineItem"] = json!(items);
            drop_member(invoice, "totalPriceComponent");
            drop_member(invoice, "totalGross");
            drop_member(invoice, "totalNet");
        }));
        let bundle = bundle.unwrap_or_else(|rejection| panic!("round {round}: {:?}", rejection.issues));
        let receipt = receipt(&bundle);
        let own = receipt.totals.self_pay.checked_add(receipt.totals.unstated);
        assert_eq!((own, receipt.totals.nhi), (Some(twd(patient)), twd(nhi)), "round {round}");
        assert_eq!(receipt.totals.reductions, twd(reduced), "round {round}");
        assert!(receipt.lines.iter().all(|line| line.amount > Twd::ZERO), "round {round}");
        assert!(receipt.reductions.iter().all(|one| one.kind == Some(ReductionKind::Hospital)));
    }
}

#[test]
fn a_claim_states_sums_by_payer_and_settlement_in_its_supporting_information() {
    let figure = |system: &str, code: &str, value: u32, unit: &str| {
        json!({
            "sequence": 1, "category": { "coding": [{ "system": system, "code": code }] },
            "valueQuantity": { "value": value, "code": unit },
        })
    };
    let with = |paid: u32, nhi: u32| {
        changed("outpatient", |it| {
            resource(it, "Claim")["supportingInfo"] = json!([
                figure("urn:claimgate:settlement", "due", 2751, "TWD"),
                figure("urn:claimgate:settlement", "paid", paid, "TWD"),
                figure("urn:claimgate:settlement", "unpaid", 0, "TWD"),
                figure("urn:claimgate:payer", "self-pay", 2751, "TWD"),
                figure("urn:claimgate:payer", "nhi", nhi, "點"),
            ]);
        })
    };
    super::sources::check("settlement", &with(2751, 581));
    let bundle = read_value(&with(2751, 581)).unwrap();
    assert!(bundle.warnings.is_empty(), "{:?}", bundle.warnings);
    let totals = receipt(&bundle).totals;
    assert_eq!((totals.due, totals.paid, totals.unpaid), (Some(twd(275_100)), Some(twd(275_100)), Some(Twd::ZERO)));
    assert_eq!((totals.stated_self_pay, totals.stated_nhi), (Some(twd(275_100)), Some(twd(58_100))));
    assert_eq!(receipt(&bundle).currency, Currency::Twd);

    let differs = read_value(&with(2000, 580)).unwrap().warnings;
    assert_eq!(codes(&differs), ["claim.payer-total-differs", "claim.settlement-differs"]);
    assert!(differs[0].diagnostics.contains("NHI (健保) is stated as 580, its lines sum up to 581"));
    assert!(differs[1].diagnostics.contains("2751") && differs[1].diagnostics.contains("2000"));
    let euro = changed("outpatient", |it| {
        resource(it, "Claim")["supportingInfo"] = json!([figure("urn:claimgate:payer", "self-pay", 1, "EUR")]);
    });
    assert_eq!(read_value(&euro).unwrap_err().issues[0].code, "claim.currency");
}

#[test]
fn an_invoice_states_sums_by_payer_and_the_price_of_one() {
    let root = changed("invoice", |it| {
        let invoice = resource(it, "Invoice");
        let parts = invoice["totalPriceComponent"].as_array_mut().unwrap();
        parts.push(json!({ "type": "base", "code": payer("copay"), "amount": money(9_900) }));
        let price = json!({ "type": "informational", "code": { "text": "單價" }, "amount": money(1_200_000) });
        invoice["lineItem"][3]["priceComponent"].as_array_mut().unwrap().push(price);
        invoice["lineItem"][3]["priceComponent"][1]["code"] = json!({ "text": "公費補助" });
    });
    super::sources::check("invoice", &root);
    let bundle = read_value(&root).unwrap();
    assert_eq!(codes(&bundle.warnings), ["invoice.payer-total-differs"]);
    assert!(bundle.warnings[0].diagnostics.contains("stated as 99, its lines sum up to 100"));
    let receipt = receipt(&bundle);
    assert_eq!(receipt.lines[4].unit_price, Some(twd(1_200_000)));
    assert_eq!(receipt.reductions[0].kind, Some(ReductionKind::Subsidy));
}

#[test]
fn differences_and_their_materials_have_categories_and_periods_their_end() {
    let root = changed("outpatient", |it| {
        let claim = resource(it, "Claim");
        claim["item"][0]["productOrService"] = json!({ "text": "病房差額" });
        claim["item"][3]["productOrService"] = json!({ "text": "特材差額：塗藥支架", "coding": [
            { "system": "https://hospital.example/material", "code": "CBP06ELUT1", "display": "塗藥支架" },
        ] });
        claim["item"][4]["productOrService"] = json!({ "text": "差額" });
        drop_member(&mut claim["item"][0], "servicedDate");
        claim["item"][0]["servicedPeriod"] = json!({ "start": "2026-03-10", "end": "2026-03-12" });
    });
    super::sources::check("differences", &root);
    let bundle = read_value(&root).unwrap();
    let lines = &receipt(&bundle).lines;
    let category = |line: usize| lines[line].category.as_ref().unwrap().code();
    assert_eq!((category(0), category(3), category(4)), ("ROOMDIFF", "METRDIFF", "DIFF"));
    let material = lines[3].material.as_ref().unwrap();
    assert_eq!(
        (material.code.as_ref().unwrap().code.as_str(), material.name.as_deref()),
        ("CBP06ELUT1", Some("塗藥支架"))
    );
    assert_eq!((lines[3].quantity.as_ref().unwrap().value.as_str(), lines[3].unit_price), ("2", Some(twd(125_050))));
    assert_eq!(lines[0].serviced_until.unwrap().to_string(), "2026-03-12");
}
