//! Data types of FHIR's JSON form, written from the words of evidence.

use claimgate_packet::amount::Twd;
use claimgate_packet::evidence::{Coding, Concept, Identifier, Quantity};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Map as Members, Number, Value, json};

pub(super) const URN: &str = "urn:uuid:";
pub(super) const ICLAIM: &str = "https://claim.cgh.org.tw/iclaim";
pub(super) const TWCORE: &str = "https://twcore.mohw.gov.tw/ig/twcore";
pub(super) const HL7: &str = "http://terminology.hl7.org/CodeSystem";
pub(super) const LOINC: &str = "http://loinc.org";
/// FHIR's own extension for a value that is not there, with the reason.
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
/// Taiwan's offset from UTC, in hours.
const TAIWAN: i8 = 8;

/// An object without the members that have nothing.
pub(super) fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let filled = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(filled.collect::<Members<String, Value>>())
}

/// An object, or nothing where it would be empty.
pub(super) fn some<const N: usize>(members: [(&str, Option<Value>); N]) -> Option<Value> {
    Some(object(members)).filter(|value| value.as_object().is_some_and(|members| !members.is_empty()))
}

/// An entry with its resource.
pub(super) fn entry<const N: usize>(
    url: &str,
    kind: &str,
    profile: Option<&str>,
    members: [(&str, Option<Value>); N],
) -> Value {
    let mut resource = Members::new();
    resource.insert("resourceType".to_owned(), json!(kind));
    resource.insert("id".to_owned(), json!(url.trim_start_matches(URN)));
    if let Some(profile) = profile {
        resource.insert("meta".to_owned(), json!({ "profile": [profile] }));
    }
    resource.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    json!({ "fullUrl": url, "resource": resource })
}

pub(super) fn reference(url: &str) -> Value {
    json!({ "reference": url })
}

/// The place of something that is not there: says so instead of leaving it open.
pub(super) fn absent() -> Value {
    json!({ "extension": [{ "url": ABSENT, "valueCode": "unknown" }] })
}

/// Items of an array, or nothing.
pub(super) fn filled(items: impl IntoIterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.into_iter().collect();
    (!items.is_empty()).then_some(Value::Array(items))
}

/// The member itself where there is a value, its companion with the reason where there is none.
pub(super) fn or_absent(value: Option<Value>) -> [Option<Value>; 2] {
    let beside = value.is_none().then(absent);
    [value, beside]
}

pub(super) fn code(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

pub(super) fn coding(coding: &Coding) -> Value {
    object([
        ("system", coding.system.as_ref().map(|system| json!(system))),
        ("code", Some(json!(coding.code))),
        ("display", coding.display.as_ref().map(|display| json!(display))),
    ])
}

pub(super) fn concept(concept: &Concept) -> Value {
    codes(&concept.codings, concept.text.as_deref())
}

pub(super) fn codes(codings: &[Coding], text: Option<&str>) -> Value {
    object([("coding", filled(codings.iter().map(coding))), ("text", text.map(|text| json!(text)))])
}

pub(super) fn concepts(all: &[Concept]) -> Option<Value> {
    filled(all.iter().map(concept))
}

pub(super) fn maybe(one: Option<&Concept>) -> Option<Value> {
    one.map(concept)
}

pub(super) fn text(value: Option<&String>) -> Option<Value> {
    value.map(|value| json!(value))
}

pub(super) fn date(day: Option<Date>) -> Option<Value> {
    day.map(|day| json!(day.to_string()))
}

/// A number as FHIR's JSON writes it.
pub(super) fn number(text: &str) -> Option<Value> {
    serde_json::from_str::<Number>(text).ok().map(Value::Number)
}

pub(super) fn money(amount: Twd) -> Value {
    object([("value", number(&amount.to_string())), ("currency", Some(json!("TWD")))])
}

pub(super) fn quantity(quantity: &Quantity) -> Value {
    object([
        ("value", number(&quantity.value)),
        ("comparator", text(quantity.comparator.as_ref())),
        ("unit", text(quantity.unit.as_ref())),
        ("system", text(quantity.system.as_ref())),
        ("code", text(quantity.code.as_ref())),
    ])
}

pub(super) fn days(count: &str) -> Option<Value> {
    Some(json!({ "value": number(count)?, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d" }))
}

pub(super) fn period(start: Option<Value>, end: Option<Value>) -> Option<Value> {
    some([("start", start), ("end", end)])
}

/// One number of a resource.
pub(super) fn numbered(number: Option<&String>) -> Option<Value> {
    number.map(|number| json!([{ "value": number }]))
}

/// An identifier with its kind as a type code.
pub(super) fn identifier(of: &Identifier) -> Value {
    object([
        ("type", of.kind.as_ref().map(|kind| code(&format!("{HL7}/v2-0203"), kind))),
        ("system", text(of.system.as_ref())),
        ("value", Some(json!(of.value))),
    ])
}

pub(super) fn notes(texts: &[String]) -> Option<Value> {
    filled(texts.iter().map(|text| json!({ "text": text })))
}

/// A time in Taiwan.
pub(super) fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(offset(TAIWAN))).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

/// One end of a period: the instant in an offset in which it falls on that day, or the day alone.
pub(super) fn moment(at: Option<Timestamp>, day: Option<Date>) -> Option<Value> {
    let Some(at) = at else { return date(day) };
    let fits = |hours: &i8| {
        let there = at.to_zoned(TimeZone::fixed(offset(*hours))).date();
        day.is_none_or(|day| day == there)
    };
    let hours = std::iter::once(TAIWAN).chain(-12..=14).find(fits).unwrap_or(TAIWAN);
    Some(json!(at.to_zoned(TimeZone::fixed(offset(hours))).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()))
}

fn offset(hours: i8) -> Offset {
    Offset::from_hours(hours).unwrap_or(Offset::UTC)
}
