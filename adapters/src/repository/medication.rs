//! Prescription (處方箋) → `MedicationRequest`, dispensing slip (調劑單張) → `MedicationDispense`, one for each drug.

use claimgate_packet::evidence::{Dosage, Ingredient, PrescribedDrug, Prescription, PrescriptionAct, Quantity};
use serde_json::{Value, json};

use super::Writing;
use super::parts::{
    concept, concepts, date, days, filled, maybe, notes, number, object, period, quantity, reference, some, text,
};
use super::visit::Use;

/// EMPD's extension for the days of all fillings (總給藥日份).
const TOTAL_DURATION: &str = "https://nhicore.nhi.gov.tw/empd/StructureDefinition/Extension-TotalDuration";

impl Writing<'_> {
    /// Writes the drugs and says where the first one stands.
    pub(super) fn prescription(&mut self, prescription: &Prescription) -> Option<String> {
        let encounter = self.visit(prescription.visit.as_ref(), Use::Prescription);
        let mut people = self.people(&prescription.professionals).into_iter();
        let mut first = None;
        for drug in &prescription.drugs {
            let url = match prescription.act {
                PrescriptionAct::Prescribed => {
                    let who = [people.next(), people.next()];
                    self.request(prescription, drug, (&encounter, who))
                }
                PrescriptionAct::Dispensed => {
                    let who = std::mem::take(&mut people).collect();
                    self.dispense(prescription, drug, (&encounter, who))
                }
            };
            first.get_or_insert(url);
        }
        first
    }

    fn request(
        &mut self,
        of: &Prescription,
        drug: &PrescribedDrug,
        (encounter, [requester, recorder]): (&Value, [Option<Value>; 2]),
    ) -> String {
        let [medication, product] = self.product(drug);
        let total = drug.days.as_deref().filter(|_| drug.days_per_filling.is_some()).and_then(days);
        let filling = drug.days_per_filling.as_deref().or(drug.days.as_deref()).and_then(days);
        let supply = some([
            ("validityPeriod", period(date(drug.valid_from), date(drug.valid_until))),
            ("numberOfRepeatsAllowed", drug.repeats.map(|count| json!(count))),
            ("quantity", drug.quantity.as_ref().map(quantity)),
            ("expectedSupplyDuration", filling),
        ]);
        let subject = reference(&self.patient);
        self.list(
            "MedicationRequest",
            [
                ("extension", total.map(|days| json!([{ "url": TOTAL_DURATION, "valueQuantity": days }]))),
                ("identifier", filled(drug.numbers.iter().map(|number| json!({ "value": number })))),
                ("status", Some(json!(drug.status))),
                ("intent", Some(json!("order"))),
                ("category", concepts(&drug.kinds)),
                ("medicationCodeableConcept", medication),
                ("medicationReference", product),
                ("subject", Some(subject)),
                ("encounter", Some(encounter.clone())),
                ("authoredOn", date(of.issued_on)),
                ("requester", requester),
                ("recorder", recorder),
                ("reasonCode", concepts(&drug.reasons)),
                ("groupIdentifier", of.number.as_ref().map(|number| json!({ "value": number }))),
                ("note", notes(&drug.notes)),
                ("dosageInstruction", filled(drug.dosages.iter().zip(1_u32..).map(dosage))),
                ("dispenseRequest", supply),
            ],
        )
    }

    fn dispense(&mut self, of: &Prescription, drug: &PrescribedDrug, (at, who): (&Value, Vec<Value>)) -> String {
        let [medication, product] = self.product(drug);
        let subject = reference(&self.patient);
        self.list(
            "MedicationDispense",
            [
                ("identifier", filled(drug.numbers.iter().map(|number| json!({ "value": number })))),
                ("status", Some(json!(drug.status))),
                ("category", drug.kinds.first().map(concept)),
                ("medicationCodeableConcept", medication),
                ("medicationReference", product),
                ("subject", Some(subject)),
                ("context", Some(at.clone())),
                ("performer", filled(who.into_iter().map(|who| json!({ "actor": who })))),
                ("quantity", drug.quantity.as_ref().map(quantity)),
                ("daysSupply", drug.days.as_deref().and_then(days)),
                ("whenHandedOver", date(of.issued_on)),
                ("note", notes(&drug.notes)),
                ("dosageInstruction", filled(drug.dosages.iter().zip(1_u32..).map(dosage))),
            ],
        )
    }

    /// The drug as a code, or as a Medication where it has a form or ingredients.
    fn product(&mut self, drug: &PrescribedDrug) -> [Option<Value>; 2] {
        if drug.form.is_none() && drug.ingredients.is_empty() {
            return [Some(concept(&drug.drug)), None];
        }
        let url = self.add(
            "Medication",
            [
                ("code", Some(concept(&drug.drug))),
                ("form", maybe(drug.form.as_ref())),
                ("ingredient", filled(drug.ingredients.iter().map(ingredient))),
            ],
        );
        [None, Some(reference(&url))]
    }
}

fn ingredient(of: &Ingredient) -> Value {
    let ratio = of.strength.as_deref().and_then(|text| {
        let (one, other) = text.split_once(" : ")?;
        some([("numerator", amount(one)), ("denominator", amount(other))])
    });
    object([("itemCodeableConcept", Some(concept(&of.substance))), ("strength", ratio)])
}

/// `<5 mg` as a Quantity.
fn amount(text: &str) -> Option<Value> {
    let bare = text.trim_start_matches(['<', '>', '=']);
    let comparator = text.strip_suffix(bare).filter(|sign| !sign.is_empty());
    let (value, unit) = bare.split_once(' ').map_or((bare, None), |(value, unit)| (value, Some(unit)));
    number(value)?;
    let of = |text: Option<&str>| text.map(str::to_owned);
    Some(quantity(&Quantity {
        value: value.to_owned(),
        unit: of(unit),
        code: None,
        system: None,
        comparator: of(comparator),
    }))
}

fn dosage((of, place): (&Dosage, u32)) -> Value {
    let repeat = some([
        ("frequency", of.times.map(|times| json!(times))),
        ("period", of.period.as_ref().and_then(|period| number(&period.value))),
        ("periodUnit", of.period.as_ref().and_then(|period| text(period.unit.as_ref()))),
    ]);
    let timing = some([("repeat", repeat), ("code", maybe(of.frequency.as_ref()))]);
    let rate = match (&of.dose, &of.dose_most) {
        (None, None) => None,
        (dose, None) => some([("doseQuantity", dose.as_ref().map(quantity))]),
        (low, high) => {
            some([("doseRange", some([("low", low.as_ref().map(quantity)), ("high", high.as_ref().map(quantity))]))])
        }
    };
    object([
        ("sequence", Some(json!(place))),
        ("text", text(of.text.as_ref())),
        ("timing", timing),
        ("asNeededBoolean", of.as_needed.map(|needed| json!(needed))),
        ("site", maybe(of.site.as_ref())),
        ("route", maybe(of.route.as_ref())),
        ("method", maybe(of.method.as_ref())),
        ("doseAndRate", rate.map(|rate| json!([rate]))),
    ])
}
