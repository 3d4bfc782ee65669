//! Observation → laboratory results: the value in the words of evidence, one result for each component.

use claimgate_packet::evidence::{LabResult, LabValue, Quantity, ReferenceRange};

use crate::decimal;
use crate::element::Element;
use crate::terms;

use super::reading::{Reading, not_carried};

/// Forms of a value that evidence has no place for.
const NOT_CARRIED: [&str; 2] = ["valueSampledData", "valuePeriod"];

/// Reads an Observation with its components.
pub(super) fn read<'a>(reading: &Reading<'_, 'a>, observation: &Element<'a>) -> Vec<LabResult> {
    let effective = match observation.child("effectivePeriod") {
        Some(period) => period.day("start"),
        None if observation.has("effectiveInstant") => observation.day("effectiveInstant"),
        None => observation.day("effectiveDateTime"),
    };
    let (performers, organisations) = reading.performers(observation.children("performer"));
    let whole = LabResult {
        number: terms::identifiers(observation, "identifier").first().map(|number| number.value.to_owned()),
        code: terms::required_concept(observation, "code"),
        status: observation.required_string("status").unwrap_or_default().to_owned(),
        sampled_on: effective,
        reported: observation.moment("issued").and_then(|moment| moment.instant),
        value: value(observation),
        interpretation: terms::concepts(observation, "interpretation"),
        reference: ranges(observation),
        body_site: observation.child("bodySite").and_then(|site| terms::concept(&site)),
        notes: terms::notes(observation),
        performers,
        organisations,
    };
    // A component has the Observation's number, status and times; the rest is said once, at its head.
    let repeated = 64 + whole.status.len() + whole.number.as_ref().map_or(0, String::len);
    let component = |component: &Element<'a>| {
        reading.pay(repeated).then(|| LabResult {
            number: whole.number.clone(),
            code: terms::required_concept(component, "code"),
            status: whole.status.clone(),
            sampled_on: whole.sampled_on,
            reported: whole.reported,
            value: value(component),
            interpretation: terms::concepts(component, "interpretation"),
            reference: ranges(component),
            body_site: None,
            notes: Vec::new(),
            performers: Vec::new(),
            organisations: Vec::new(),
        })
    };
    let components: Vec<LabResult> = observation.children("component").iter().map_while(component).collect();
    // A panel's head has no value of its own; it is kept for its code all the same.
    std::iter::once(whole).chain(components).collect()
}

fn value(element: &Element<'_>) -> Option<LabValue> {
    for member in NOT_CARRIED {
        not_carried(element, member, "Write the value as a quantity, code or text.");
    }
    let quantity = |member: &str| element.child(member).and_then(|value| terms::quantity(&value));
    let text = |member: &str| element.string(member).map(|text| LabValue::Text(text.to_owned()));
    if element.has("valueQuantity") {
        return quantity("valueQuantity").map(LabValue::Quantity);
    }
    if let Some(whole) = element.number("valueInteger") {
        let value = decimal::text(whole);
        return Some(LabValue::Quantity(Quantity { value, unit: None, code: None, system: None, comparator: None }));
    }
    // Why there is none says itself by its code system, data-absent-reason.
    for member in ["valueCodeableConcept", "dataAbsentReason"] {
        if let Some(concept) = element.child(member).and_then(|value| terms::concept(&value)) {
            return Some(LabValue::Concept(concept));
        }
    }
    if let Some(range) = element.child("valueRange") {
        return terms::pair(&range, ["low", "high"], "–").map(LabValue::Text);
    }
    if let Some(ratio) = element.child("valueRatio") {
        return terms::pair(&ratio, ["numerator", "denominator"], ":").map(LabValue::Text);
    }
    if let Some(yes) = element.boolean("valueBoolean") {
        return Some(LabValue::Text(yes.to_string()));
    }
    text("valueString").or_else(|| text("valueDateTime")).or_else(|| text("valueTime"))
}

fn ranges(element: &Element<'_>) -> Vec<ReferenceRange> {
    let ranges = element.children("referenceRange").into_iter().map(|range| ReferenceRange {
        low: range.child("low").and_then(|low| terms::quantity(&low)),
        high: range.child("high").and_then(|high| terms::quantity(&high)),
        text: range.string("text").map(str::to_owned),
    });
    ranges.filter(|range| range.low.is_some() || range.high.is_some() || range.text.is_some()).collect()
}
