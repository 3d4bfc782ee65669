//! Claims with the lines of their receipts, and Coverages.

use claimgate_packet::evidence::{FEE_CATEGORY_SYSTEM, FeeCategory};
use serde_json::{Value, json};

use super::super::record::Record;
use super::{HL7, ICLAIM, Writing, coding, concept, entry, filled, iclaim, identifier, number, object, reference, url};
use crate::hospital::LINE_SYSTEM;

impl Writing<'_> {
    /// One Claim for each receipt, in the order of their numbers.
    pub(super) fn claims(
        &mut self,
        [patient, hospital]: [&str; 2],
        [encounters, conditions, coverages]: [&[Value]; 3],
    ) -> Vec<Value> {
        let facts = self.facts;
        let mut claims = Vec::new();
        for (receipt, place) in facts.receipts.iter().zip(0_usize..) {
            let id = self.id("Claim", receipt.get("number").unwrap_or_default());
            let visit = facts.links.receipts.get(place).copied().flatten();
            let diagnoses =
                conditions.iter().zip(&facts.links.diagnoses).filter(|(_, other)| visit.is_none() || visit == **other);
            let diagnoses: Vec<Value> = diagnoses.zip(1_usize..).map(|((condition, _), sequence)| {
                json!({ "sequence": sequence, "diagnosisReference": reference(&url(condition)) })
            }).collect();
            let insurance: Vec<Value> = coverages.iter().zip(1_usize..).map(|(coverage, sequence)| {
                json!({ "sequence": sequence, "focal": sequence == 1, "coverage": reference(&url(coverage)) })
            }).collect();
            // Where there is one visit only, iClaim's Claim does not name it.
            let visit = visit.and_then(|visit| encounters.get(visit)).filter(|_| encounters.len() > 1).map(url);
            let lines = facts.lines.iter().zip(&facts.links.lines).filter(|(_, of)| **of == Some(place));
            let items = lines.zip(1_usize..).map(|((line, _), sequence)| self.item(line, sequence, visit.as_deref()));
            let numbers =
                self.case_number().into_iter().chain(identifier(Some(&self.systems.receipt), receipt.get("number")));
            let copy = receipt.get("copy").map(|word| concept(coding("urn:claimgate:receipt-copy", word, None)));
            claims.push(entry(
                &id,
                "Claim",
                iclaim("claim"),
                [
                    ("identifier", filled(numbers.collect())),
                    ("status", Some(json!("active"))),
                    ("type", Some(concept(coding(&format!("{HL7}/claim-type"), "institutional", None)))),
                    ("subType", copy),
                    ("use", Some(json!("claim"))),
                    ("patient", Some(reference(patient))),
                    ("created", receipt.get("issued_on").map(Value::from)),
                    ("provider", Some(reference(hospital))),
                    ("priority", Some(concept(coding(&format!("{HL7}/processpriority"), "stat", None)))),
                    ("diagnosis", filled(diagnoses)),
                    ("insurance", filled(insurance)),
                    ("item", filled(items.collect())),
                    ("total", receipt.get("total").and_then(money)),
                ],
            ));
        }
        claims
    }

    fn item(&self, line: &Record, sequence: usize, visit: Option<&str>) -> Value {
        let component = line.get("component").unwrap_or("base");
        let payer = line.get("payer").map(payer);
        object([
            ("sequence", Some(json!(sequence))),
            ("category", Some(concept(coding("http://hl7.org/fhir/invoice-priceComponentType", component, None)))),
            ("productOrService", self.product(line)),
            ("modifier", payer.map(|payer| json!([concept(payer)]))),
            ("servicedDate", line.get("serviced_on").map(Value::from)),
            ("quantity", line.get("quantity").and_then(number).map(|value| json!({ "value": value }))),
            ("unitPrice", line.get("unit_price").and_then(money)),
            ("net", line.get("amount").and_then(money)),
            ("encounter", visit.map(|visit| json!([reference(visit)]))),
        ])
    }

    /// What was charged: iClaim's own code for the registration fee, our fee category where the mapping has one, the
    /// hospital's code; in words where it has none.
    fn product(&self, line: &Record) -> Option<Value> {
        let (code, name) = (line.get("item_code"), line.get("item_name"));
        let category = line.get("category").and_then(FeeCategory::of_code);
        let named = category.clone().or_else(|| FeeCategory::of_name(name?));
        let mut codings = Vec::new();
        if named == Some(FeeCategory::Registration) {
            let system = format!("{ICLAIM}/CodeSystem/cathay-chargeitemcode-values");
            codings.push(coding(&system, "REGISTRATION", name));
        }
        codings.extend(category.map(|category| coding(FEE_CATEGORY_SYSTEM, category.code(), Some(category.name()))));
        codings.extend(code.map(|code| coding(&self.systems.charge_item, code, name)));
        let text = name.filter(|_| code.is_none());
        if codings.is_empty() && text.is_none() {
            return None;
        }
        Some(object([("coding", filled(codings)), ("text", text.map(Value::from))]))
    }

    /// Coverages, and the insurers they name.
    pub(super) fn coverages(&mut self, patient: &str) -> (Vec<Value>, Vec<Value>) {
        let (mut coverages, mut insurers): (Vec<Value>, Vec<(&str, Value)>) = (Vec::new(), Vec::new());
        let facts = self.facts;
        for coverage in &facts.coverages {
            let payor = coverage.get("payor").map(|number| {
                if let Some((_, known)) = insurers.iter().find(|(known, _)| *known == number) {
                    return url(known);
                }
                let insurer = self.insurer(number, coverage.get("payor_name"));
                let place = url(&insurer);
                insurers.push((number, insurer));
                place
            });
            let (line, policy) = (coverage.get("line"), coverage.get("policy"));
            let key = [coverage.get("payor"), line, policy].map(Option::unwrap_or_default).join("\n");
            let id = self.id("Coverage", &key);
            let kind = line
                .and_then(super::super::words::line)
                .map(|line| concept(coding(LINE_SYSTEM, line.as_str(), Some(line.chinese()))));
            coverages.push(entry(
                &id,
                "Coverage",
                iclaim("coverage"),
                [
                    ("identifier", identifier(self.systems.policy.as_deref(), policy).map(|number| json!([number]))),
                    ("status", Some(json!("active"))),
                    ("type", kind),
                    ("beneficiary", Some(reference(patient))),
                    ("payor", payor.map(|payor| json!([reference(&payor)]))),
                ],
            ));
        }
        (coverages, insurers.into_iter().map(|(_, insurer)| insurer).collect())
    }
}

/// Who pays, in the codes of iClaim; copay has none there.
pub(super) fn payer(word: &str) -> Value {
    match word {
        "nhi" => coding(&format!("{HL7}/v3-ActCode"), "PUBLICPOL", None),
        "copay" => coding("urn:claimgate:payer", "copay", Some("部分負擔")),
        _ => coding(&format!("{HL7}/coverage-selfpay"), "pay", None),
    }
}

fn money(amount: &str) -> Option<Value> {
    Some(json!({ "value": number(amount)?, "currency": "TWD" }))
}
