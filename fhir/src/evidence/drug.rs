//! MedicationRequest or MedicationDispense → one drug of a prescription: drug, dose, frequency, route, days.

use claimgate_packet::evidence::{Concept, Dosage, Ingredient, PrescribedDrug, Quantity};

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::terms;

use super::reading::{Reading, none_carried, not_carried, weight};

/// EMPD's extension for the days of all fillings (總給藥日份).
const TOTAL_DURATION: &str = "Extension-TotalDuration";

const UCUM: &str = "http://unitsofmeasure.org";

/// Parts of a timing that evidence has no place for.
const TIMING_NOT_CARRIED: [&str; 8] =
    ["boundsRange", "boundsPeriod", "count", "duration", "timeOfDay", "dayOfWeek", "when", "offset"];

/// Parts of either resource that evidence has no place for.
const NOT_CARRIED: [&str; 7] = [
    "substitution",
    "detectedIssue",
    "priorPrescription",
    "destination",
    "reasonReference",
    "statusReason",
    "statusReasonCodeableConcept",
];

/// Parts of a Medication that evidence has no place for.
const PRODUCT_NOT_CARRIED: [&str; 3] = ["amount", "batch", "manufacturer"];

impl<'a> Reading<'_, 'a> {
    /// One drug; nothing once too much is repeated.
    pub(super) fn drug(&self, order: &Element<'a>) -> Option<PrescribedDrug> {
        none_carried(order, &NOT_CARRIED);
        let Product { drug, form, ingredients } = self.product(order)?;
        let request = order.child("dispenseRequest");
        let period = request.as_ref().and_then(|request| request.child("validityPeriod"));
        let day = |name: &str| period.as_ref().and_then(|period| period.day(name));
        let filling = request
            .as_ref()
            .and_then(|request| terms::days(request, "expectedSupplyDuration", "prescription.duration-not-days"));
        let all = terms::extension(order, TOTAL_DURATION)
            .and_then(|total| terms::days(&total, "valueQuantity", "prescription.duration-not-days"))
            .or_else(|| terms::days(order, "daysSupply", "prescription.duration-not-days"));
        let (days, days_per_filling) = match all {
            Some(all) => (Some(all), filling),
            None => (filling, None),
        };
        let quantity = |element: &Element<'a>| element.child("quantity").and_then(|it| terms::quantity(&it));
        let category = if order.is_array("category") { None } else { order.child("category") };
        let kinds = match category {
            // MedicationDispense has one category, MedicationRequest several.
            Some(one) => terms::concept(&one).into_iter().collect(),
            None => terms::concepts(order, "category"),
        };
        Some(PrescribedDrug {
            numbers: terms::identifiers(order, "identifier").iter().map(|number| number.value.to_owned()).collect(),
            drug,
            form,
            ingredients,
            status: order.required_string("status").unwrap_or_default().to_owned(),
            kinds,
            dosages: order.children("dosageInstruction").iter().map(dosage).collect(),
            quantity: quantity(order).or_else(|| request.as_ref().and_then(quantity)),
            days,
            days_per_filling,
            repeats: request.as_ref().and_then(|request| request.whole("numberOfRepeatsAllowed")),
            valid_from: day("start"),
            valid_until: day("end"),
            reasons: terms::concepts(order, "reasonCode"),
            notes: terms::notes(order),
        })
    }

    fn product(&self, order: &Element<'a>) -> Option<Product> {
        let Some(reference) = order.child("medicationReference") else {
            let drug = terms::required_concept(order, "medicationCodeableConcept");
            return Some(Product { drug, ..Product::default() });
        };
        let shown = reference.string("display").map(str::to_owned);
        let Some(medication) = self.bundle.resolve(&reference, &["Medication"]) else {
            if shown.is_none() {
                let text =
                    "The drug referred to is not in the Bundle. Add the Medication, or name the drug in display.";
                let issue = Issue::error(IssueKind::Required, "prescription.no-drug", text);
                reference.findings().report(issue.at(reference.path()).zh("找不到處方藥品"));
            }
            return Some(Product { drug: Concept { codings: Vec::new(), text: shown }, ..Product::default() });
        };
        self.mark(&medication);
        none_carried(&medication, &PRODUCT_NOT_CARRIED);
        if medication.string("status") == Some("entered-in-error") {
            let text = "A Medication entered in error is no evidence. Correct it.";
            let issue = Issue::error(IssueKind::BusinessRule, "prescription.not-in-force", text);
            medication.report(issue.zh("藥品資料登錄錯誤"), "status");
        }
        let product = Product {
            drug: terms::required_concept(&medication, "code"),
            form: medication.child("form").and_then(|form| terms::concept(&form)),
            ingredients: medication.children("ingredient").iter().filter_map(ingredient).collect(),
        };
        self.pay(weight(&(&product.drug, &product.form, &product.ingredients))).then_some(product)
    }
}

/// What is taken: a Medication, or a code alone.
#[derive(Default)]
struct Product {
    drug: Concept,
    form: Option<Concept>,
    ingredients: Vec<Ingredient>,
}

fn ingredient(element: &Element<'_>) -> Option<Ingredient> {
    not_carried(element, "itemReference", "Write the ingredient as itemCodeableConcept.");
    let strength = element.child("strength");
    Some(Ingredient {
        substance: terms::concept(&element.child("itemCodeableConcept")?)?,
        strength: strength.and_then(|ratio| terms::pair(&ratio, ["numerator", "denominator"], " : ")),
    })
}

fn dosage(element: &Element<'_>) -> Dosage {
    let concept = |name: &str| element.child(name).and_then(|found| terms::concept(&found));
    let timing = element.child("timing");
    let repeat = timing.as_ref().and_then(|timing| timing.child("repeat"));
    if let Some(repeat) = &repeat {
        none_carried(repeat, &TIMING_NOT_CARRIED);
    }
    let rates = element.children("doseAndRate");
    let first = rates.first();
    for rate in &rates {
        none_carried(rate, &["rateQuantity", "rateRange", "rateRatio"]);
    }
    for further in rates.iter().skip(1) {
        not_carried(further, "doseQuantity", "Write each dose as a dosageInstruction of its own.");
    }
    let amount = |element: &Element<'_>, name: &str| element.child(name).and_then(|found| terms::quantity(&found));
    let range = first.and_then(|first| first.child("doseRange"));
    Dosage {
        text: element.string("text").or_else(|| element.string("patientInstruction")).map(str::to_owned),
        dose: first
            .and_then(|first| amount(first, "doseQuantity"))
            .or_else(|| range.as_ref().and_then(|range| amount(range, "low"))),
        dose_most: range.as_ref().and_then(|range| amount(range, "high")),
        frequency: timing.as_ref().and_then(|timing| timing.child("code")).and_then(|code| terms::concept(&code)),
        times: repeat.as_ref().and_then(|repeat| repeat.positive("frequency")),
        period: repeat.as_ref().and_then(period),
        as_needed: element.boolean("asNeededBoolean").or_else(|| concept("asNeededCodeableConcept").map(|_| true)),
        route: concept("route"),
        method: concept("method"),
        site: concept("site"),
    }
}

/// `period` with `periodUnit`, in UCUM.
fn period(repeat: &Element<'_>) -> Option<Quantity> {
    let unit = repeat.string("periodUnit").map(str::to_owned);
    Some(Quantity {
        value: decimal::text(repeat.number("period")?),
        unit: unit.clone(),
        system: unit.as_ref().map(|_| UCUM.to_owned()),
        code: unit,
        comparator: None,
    })
}
