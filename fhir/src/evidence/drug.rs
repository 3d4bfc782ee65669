//! MedicationRequest or MedicationDispense → one drug of a prescription: drug, dose, frequency, route, days.

use claimgate_packet::evidence::{Concept, Dosage, Ingredient, PrescribedDrug, Quantity};

use crate::decimal;
use crate::element::Element;
use crate::outcome::{Issue, IssueKind};
use crate::sources::{Sourced, Sources};
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
    pub(super) fn drug(&self, order: &Element<'a>) -> Option<Sourced<PrescribedDrug>> {
        none_carried(order, &NOT_CARRIED);
        let mut from = self.sources();
        let Product { drug, form, ingredients } = self.product(order, &mut from)?;
        let request = order.child("dispenseRequest");
        let period = request.as_ref().and_then(|request| request.child("validityPeriod"));
        let other_unit = "prescription.duration-not-days";
        let all = terms::extension(order, TOTAL_DURATION)
            .and_then(|total| terms::days(&mut from, "/days", &total, "valueQuantity", other_unit))
            .or_else(|| terms::days(&mut from, "/days", order, "daysSupply", other_unit));
        let filling_is = if all.is_some() { "/days_per_filling" } else { "/days" };
        let filling = request
            .as_ref()
            .and_then(|request| terms::days(&mut from, filling_is, request, "expectedSupplyDuration", other_unit));
        let (days, days_per_filling) = match all {
            Some(all) => (Some(all), filling),
            None => (filling, None),
        };
        let category = if order.is_array("category") { None } else { order.child("category") };
        let kinds = match category {
            // MedicationDispense has one category, MedicationRequest several.
            Some(_) => from.child("/kinds/0", order, "category", terms::concept).into_iter().collect(),
            None => from.children("/kinds", order, "category", terms::concept),
        };
        from.note("/status", || order.place("status"));
        let value = PrescribedDrug {
            numbers: numbers(order, &mut from),
            drug,
            form,
            ingredients,
            status: order.required_string("status").unwrap_or_default().to_owned(),
            kinds,
            dosages: from.list("/dosages", order.children("dosageInstruction").iter().map(|it| self.dosage(it))),
            quantity: from
                .child("/quantity", order, "quantity", terms::quantity)
                .or_else(|| from.child("/quantity", request.as_ref()?, "quantity", terms::quantity)),
            days,
            days_per_filling,
            repeats: request
                .as_ref()
                .and_then(|request| from.member("/repeats", request, "numberOfRepeatsAllowed", Element::whole)),
            valid_from: period.as_ref().and_then(|period| from.day("/valid_from", period, "start")),
            valid_until: period.as_ref().and_then(|period| from.day("/valid_until", period, "end")),
            reasons: from.children("/reasons", order, "reasonCode", terms::concept),
            notes: from.notes("/notes", order),
        };
        Some(Sourced { value, from })
    }

    fn product(&self, order: &Element<'a>, from: &mut Sources) -> Option<Product> {
        let Some(reference) = order.child("medicationReference") else {
            from.note("/drug", || order.place("medicationCodeableConcept"));
            let drug = terms::required_concept(order, "medicationCodeableConcept");
            return Some(Product { drug, ..Product::default() });
        };
        let Some(medication) = self.bundle.resolve(&reference, &["Medication"]) else {
            let shown = from.text("/drug/text", &reference, "display");
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
            form: from.child("/form", &medication, "form", terms::concept),
            ingredients: from
                .list("/ingredients", medication.children("ingredient").iter().filter_map(|it| self.ingredient(it))),
        };
        from.note("/drug", || medication.place("code"));
        self.pay(weight(&(&product.drug, &product.form, &product.ingredients))).then_some(product)
    }

    fn ingredient(&self, element: &Element<'a>) -> Option<Sourced<Ingredient>> {
        not_carried(element, "itemReference", "Write the ingredient as itemCodeableConcept.");
        let strength = element.child("strength");
        let mut from = self.sources();
        from.note("", || element.path().to_owned());
        from.rule("/strength", "both numbers in words", || vec![element.place("strength")]);
        let value = Ingredient {
            substance: terms::concept(&element.child("itemCodeableConcept")?)?,
            strength: strength.and_then(|ratio| terms::pair(&ratio, ["numerator", "denominator"], " : ")),
        };
        Some(Sourced { value, from })
    }

    fn dosage(&self, element: &Element<'a>) -> Sourced<Dosage> {
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
        let mut from = self.sources();
        from.note("", || element.path().to_owned());
        if let Some(repeat) = &repeat {
            from.rule("/period", "period and its unit, a UCUM code", || vec![repeat.place("period")]);
        }
        from.rule("/as_needed", "yes where a reason is given", || vec![element.path().to_owned()]);
        let value = Dosage {
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
        };
        Sourced { value, from }
    }
}

/// What is taken: a Medication, or a code alone.
#[derive(Default)]
struct Product {
    drug: Concept,
    form: Option<Concept>,
    ingredients: Vec<Ingredient>,
}

fn numbers(order: &Element<'_>, from: &mut Sources) -> Vec<String> {
    let all = terms::identifiers(order, "identifier").into_iter().zip(0_u32..);
    let number = |(number, index): (terms::Named<'_>, u32)| {
        from.note(format_args!("/numbers/{index}"), || number.place.clone());
        number.value.to_owned()
    };
    all.map(number).collect()
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
