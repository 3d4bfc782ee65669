//! Observation → laboratory results: the value in the words of evidence, one result for each component.

use claimgate_packet::evidence::{LabResult, LabValue, Quantity, ReferenceRange};

use crate::decimal;
use crate::element::Element;
use crate::sources::{Sourced, Sources};
use crate::terms;

use super::reading::{Reading, not_carried};

/// Forms of a value that evidence has no place for.
const NOT_CARRIED: [&str; 2] = ["valueSampledData", "valuePeriod"];

/// Reads an Observation with its components.
pub(super) fn read<'a>(reading: &Reading<'_, 'a>, observation: &Element<'a>) -> Vec<Sourced<LabResult>> {
    let mut from = reading.sources();
    let effective = match observation.child("effectivePeriod") {
        Some(period) => from.day("/sampled_on", &period, "start"),
        None if observation.has("effectiveInstant") => from.day("/sampled_on", observation, "effectiveInstant"),
        None => from.day("/sampled_on", observation, "effectiveDateTime"),
    };
    let (performers, organisations) = reading.performers(observation.children("performer"));
    from.note("/code", || observation.place("code"));
    from.note("/status", || observation.place("status"));
    let whole = LabResult {
        number: number(observation, &mut from),
        code: terms::required_concept(observation, "code"),
        status: observation.required_string("status").unwrap_or_default().to_owned(),
        sampled_on: effective,
        reported: from.instant("/reported", observation, "issued"),
        value: value(observation, &mut from),
        interpretation: from.children("/interpretation", observation, "interpretation", terms::concept),
        reference: from.children("/reference", observation, "referenceRange", range),
        body_site: from.child("/body_site", observation, "bodySite", terms::concept),
        notes: from.notes("/notes", observation),
        performers: from.list("/performers", performers),
        organisations: from.list("/organisations", organisations),
    };
    // A component has the Observation's number, status and times; the rest is said once, at its head.
    let repeated = 64 + whole.status.len() + whole.number.as_ref().map_or(0, String::len);
    let component = |component: &Element<'a>| {
        reading.pay(repeated).then(|| {
            let mut own = reading.sources();
            own.note("/code", || component.place("code"));
            let value = LabResult {
                number: whole.number.clone(),
                code: terms::required_concept(component, "code"),
                status: whole.status.clone(),
                sampled_on: whole.sampled_on,
                reported: whole.reported,
                value: value(component, &mut own),
                interpretation: own.children("/interpretation", component, "interpretation", terms::concept),
                reference: own.children("/reference", component, "referenceRange", range),
                body_site: None,
                notes: Vec::new(),
                performers: Vec::new(),
                organisations: Vec::new(),
            };
            for shared in ["/number", "/status", "/sampled_on", "/reported"] {
                own.rule(shared, "as its Observation", || from.places(shared));
            }
            Sourced { value, from: own }
        })
    };
    let components: Vec<Sourced<LabResult>> = observation.children("component").iter().map_while(component).collect();
    // A panel's head has no value of its own; it is kept for its code all the same.
    std::iter::once(Sourced { value: whole, from }).chain(components).collect()
}

/// The first number a resource has.
pub(super) fn number(resource: &Element<'_>, from: &mut Sources) -> Option<String> {
    let number = terms::identifiers(resource, "identifier").into_iter().next()?;
    from.note("/number", || number.place.clone());
    Some(number.value.to_owned())
}

fn value(element: &Element<'_>, from: &mut Sources) -> Option<LabValue> {
    for member in NOT_CARRIED {
        not_carried(element, member, "Write the value as a quantity, code or text.");
    }
    if element.has("valueQuantity") {
        return from.child("/value", element, "valueQuantity", terms::quantity).map(LabValue::Quantity);
    }
    if let Some(whole) = from.member("/value", element, "valueInteger", Element::number) {
        let value = decimal::text(whole);
        return Some(LabValue::Quantity(Quantity { value, unit: None, code: None, system: None, comparator: None }));
    }
    // Why there is none says itself by its code system, data-absent-reason.
    for member in ["valueCodeableConcept", "dataAbsentReason"] {
        if let Some(concept) = from.child("/value", element, member, terms::concept) {
            return Some(LabValue::Concept(concept));
        }
    }
    for (member, parts, between) in
        [("valueRange", ["low", "high"], "–"), ("valueRatio", ["numerator", "denominator"], ":")]
    {
        if let Some(pair) = element.child(member) {
            from.rule("/value", "both numbers in words", || vec![pair.path().to_owned()]);
            return terms::pair(&pair, parts, between).map(LabValue::Text);
        }
    }
    if let Some(yes) = from.member("/value", element, "valueBoolean", Element::boolean) {
        return Some(LabValue::Text(yes.to_string()));
    }
    let texts = ["valueString", "valueDateTime", "valueTime"];
    from.first("/value", element, &texts, |element, member| element.string(member).map(str::to_owned))
        .map(LabValue::Text)
}

fn range(range: &Element<'_>) -> Option<ReferenceRange> {
    let read = ReferenceRange {
        low: range.child("low").and_then(|low| terms::quantity(&low)),
        high: range.child("high").and_then(|high| terms::quantity(&high)),
        text: range.string("text").map(str::to_owned),
    };
    (read.low.is_some() || read.high.is_some() || read.text.is_some()).then_some(read)
}
