//! Receipt (醫療費用收據) → Claim, as iClaim has it: one item for each line, who pays as its modifier.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Concept, CopyKind, MedicalReceipt, Payer, ReceiptLine, Reduction};
use serde_json::{Value, json};

use super::Writing;
use super::parts::{
    HL7, ICLAIM, code, concept, date, filled, money, number, numbered, object, or_absent, period, quantity, reference,
};
use super::visit::Use;

/// Our own words for who pays.
const PAYER: &str = "urn:claimgate:payer";
/// Our own words for figures that FHIR has no element for.
const SETTLEMENT: &str = "urn:claimgate:settlement";
/// What is taken off the whole receipt and no line.
const WHOLE_RECEIPT: &str = "urn:claimgate:whole-receipt";

impl Writing<'_> {
    /// Writes a receipt and says where it stands. `coverage` is the recipient's.
    pub(super) fn receipt(&mut self, receipt: &MedicalReceipt, coverage: &str) -> String {
        let encounter = self.visit(receipt.visit.as_ref(), Use::Shared);
        let lines = receipt.lines.iter().map(item);
        let mut items: Vec<Value> = lines.chain(receipt.reductions.iter().map(reduction)).collect();
        if let Some(first) = items.first_mut().and_then(Value::as_object_mut) {
            first.insert("encounter".to_owned(), json!([encounter]));
        }
        let totals = &receipt.totals;
        let figures = [
            (code(SETTLEMENT, "due"), totals.due),
            (code(SETTLEMENT, "paid"), totals.paid),
            (code(SETTLEMENT, "unpaid"), totals.unpaid),
            (code(SETTLEMENT, "gross"), totals.stated_gross),
            (code(PAYER, "self-pay"), totals.stated_self_pay),
            (code(PAYER, "copay"), totals.stated_copay),
            (code(PAYER, "nhi"), totals.stated_nhi),
        ];
        let figures = figures.into_iter().filter_map(|(what, amount)| Some((what, amount?)));
        let copy = receipt.copy.as_ref().and_then(copy_word).map(|word| code("urn:claimgate:receipt-copy", word));
        let [created, no_date] = or_absent(date(receipt.issued_on));
        let (patient, hospital) = (reference(&self.patient), reference(&self.hospital));
        self.list_as(
            "Claim",
            &format!("{ICLAIM}/StructureDefinition/claim-iclaim"),
            [
                ("identifier", numbered(receipt.number.as_ref())),
                ("status", Some(json!("active"))),
                ("type", Some(code(&format!("{HL7}/claim-type"), "institutional"))),
                ("subType", copy),
                ("use", Some(json!("claim"))),
                ("patient", Some(patient)),
                ("created", created),
                ("_created", no_date),
                ("provider", Some(hospital)),
                ("priority", Some(code(&format!("{HL7}/processpriority"), "normal"))),
                (
                    "supportingInfo",
                    filled(figures.zip(1..).map(|((what, amount), place)| figure(place, &what, amount))),
                ),
                ("insurance", Some(json!([{ "sequence": 1, "focal": true, "coverage": reference(coverage) }]))),
                ("item", filled(items)),
                ("total", totals.stated.map(money)),
            ],
        )
    }
}

fn figure(place: u32, what: &Value, amount: Twd) -> Value {
    let quantity = object([("value", number(&amount.to_string())), ("unit", Some(json!("TWD")))]);
    json!({ "sequence": place, "category": what, "valueQuantity": quantity })
}

fn copy_word(copy: &CopyKind) -> Option<&'static str> {
    match copy {
        CopyKind::Original => Some("original"),
        CopyKind::Copy => Some("copy"),
        CopyKind::Reprint => Some("reprint"),
        CopyKind::Unknown(_) => None,
    }
}

fn item(line: &ReceiptLine) -> Value {
    let payer = match line.payer {
        Payer::SelfPay => Some(code(&format!("{HL7}/coverage-selfpay"), "pay")),
        Payer::Copay => Some(code(PAYER, "copay")),
        Payer::Nhi => Some(code(&format!("{HL7}/v3-ActCode"), "PUBLICPOL")),
        Payer::Unstated | Payer::Unknown(_) => None,
    };
    let spans = line.serviced_until.is_some();
    let (first, last) = (date(line.serviced_on), date(line.serviced_until));
    object([
        ("sequence", Some(json!(line.sequence))),
        ("category", line.source_category.as_ref().map(concept)),
        ("productOrService", Some(concept(&line.item))),
        ("modifier", filled(payer.into_iter().chain(line.modifiers.iter().map(concept)))),
        ("servicedDate", first.clone().filter(|_| !spans)),
        ("servicedPeriod", period(first, last).filter(|_| spans)),
        ("quantity", line.quantity.as_ref().map(quantity)),
        ("unitPrice", line.unit_price.map(money)),
        ("net", Some(money(line.amount))),
    ])
}

/// What is taken off, as an item of its own: FHIR R4 has no other place in a Claim.
fn reduction(taken: &Reduction) -> Value {
    let whole = taken.line.is_none().then(|| json!([{ "url": WHOLE_RECEIPT, "valueBoolean": true }]));
    let reason =
        taken.reason.clone().unwrap_or_else(|| Concept { codings: Vec::new(), text: Some("減免".to_owned()) });
    object([
        ("extension", whole),
        ("sequence", Some(json!(taken.line.unwrap_or(1)))),
        ("category", Some(code("http://terminology.hl7.org/CodeSystem/invoice-priceComponentType", "deduction"))),
        ("productOrService", Some(concept(&reason))),
        ("net", Some(money(taken.amount))),
    ])
}
