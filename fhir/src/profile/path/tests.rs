//! Constraints of TW Core and the standard, on resources that keep and break them.

use std::cell::Cell;

use serde_json::{Value, json};

use super::*;

fn fails(expression: &str, on: &Value) -> bool {
    fails_as(expression, on, "")
}

fn fails_as(expression: &str, on: &Value, of: &str) -> bool {
    let organisation = json!({ "resourceType": "Organization" });
    let practitioner = json!({ "resourceType": "Practitioner" });
    let root = json!({ "resourceType": "Observation", "code": { "coding": [{ "code": "a" }] } });
    let fuel = Cell::new(10_000);
    let resolve = |reference: &str| match reference {
        "Organization/1" => Some(&organisation),
        "Practitioner/1" => Some(&practitioner),
        _ => None,
    };
    let scope = Scope { root: &root, resolve: &resolve, fuel: &fuel };
    let expression = Expression::parse(expression).unwrap_or_else(|| panic!("{expression}"));
    expression.fails(&Thing::Node { value: Some(on), beside: None, of }, &scope)
}

#[test]
fn constraints_hold_and_fail() {
    let provenance = "who.exists((resolve() is Practitioner) or (resolve() is Device)) implies onBehalfOf.exists()";
    let problem = "clinicalStatus.exists() or verificationStatus.coding.where(system='http://x' and code = 'entered-in-error').exists() or category.select($this='problem-list-item').empty()";
    for (expression, good, bad) in [
        ("text.exists() or family.exists()", json!({ "text": "王小明" }), json!({ "use": "official" })),
        ("value.matches('^[A-Za-z][0-9]{9}$')", json!({ "value": "A123456789" }), json!({ "value": "12" })),
        (
            "(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or value.exists())",
            json!({ "valueQuantity": { "value": 1 } }),
            json!({ "valueset": "no form of value" }),
        ),
        (
            "ofType(Quantity).system.empty() or ofType(Quantity).system = 'http://unitsofmeasure.org'",
            json!({ "system": "http://unitsofmeasure.org" }),
            json!({ "system": "urn:x" }),
        ),
        (
            provenance,
            json!({ "who": { "reference": "Organization/1" } }),
            json!({ "who": { "reference": "Practitioner/1" } }),
        ),
        (problem, json!({ "category": [] }), json!({ "category": [{ "text": "x" }] })),
        ("type = 'document' implies (timestamp.hasValue())", json!({ "type": "x" }), json!({ "type": "document" })),
        (
            "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()",
            json!({ "entry": [{ "fullUrl": "a" }, { "fullUrl": "b" }, {}] }),
            json!({ "type": "x", "entry": [{ "fullUrl": "a" }, { "fullUrl": "a" }] }),
        ),
        (
            "type = 'document' implies entry.first().resource.is(Composition)",
            json!({ "type": "document", "entry": [{ "resource": { "resourceType": "Composition" } }] }),
            json!({ "type": "document", "entry": [{ "resource": { "resourceType": "Patient" } }] }),
        ),
        ("fullUrl.contains('/_history/').not()", json!({ "fullUrl": "a" }), json!({ "fullUrl": "a/_history/1" })),
        ("(identifier.count() + name.count()) > 0", json!({ "name": "x" }), json!({ "use": 1 })),
        ("where(use = 'home').empty()", json!({ "use": "work" }), json!({ "use": "home" })),
        (
            "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
            json!({ "valueString": "x", "component": [{ "code": { "coding": [{ "code": "b" }] } }] }),
            json!({ "valueString": "x", "component": [{ "code": { "coding": [{ "code": "a" }] } }] }),
        ),
        (
            "code.coding.where(code in '72166-2'|'11367-0').exists() implies value.is(CodeableConcept)",
            json!({ "code": { "coding": [{ "code": "11367-0" }] }, "valueCodeableConcept": { "text": "x" } }),
            json!({ "code": { "coding": [{ "code": "11367-0" }] }, "valueString": "x" }),
        ),
        (
            "whenHandedOver.empty() or whenPrepared.empty() or whenHandedOver >= whenPrepared",
            json!({ "whenHandedOver": "2026-01-01T08:00:00+08:00", "whenPrepared": "2026-01-01T00:00:00Z" }),
            json!({ "whenHandedOver": "2026-01-01", "whenPrepared": "2026-01-02" }),
        ),
        (
            "offset.empty() or (when.exists() and ((when in ('C' | 'CM')).not()))",
            json!({ "offset": 1, "when": ["AC"] }),
            json!({ "offset": 1, "when": ["C"] }),
        ),
        (
            "extension('urn:x').exists()",
            json!({ "extension": [{ "url": "urn:x" }] }),
            json!({ "extension": [{ "url": "y" }] }),
        ),
    ] {
        let of = if expression.contains("ofType(Quantity)") { "Quantity" } else { "" };
        assert!(!fails_as(expression, &good, of), "{expression} {good}");
        assert!(fails_as(expression, &bad, of), "{expression} {bad}");
    }
    let dated = "$this is dateTime implies $this.toString().length() >= 10";
    assert!(!fails_as(dated, &json!("2026-01-01"), "dateTime"));
    assert!(fails_as(dated, &json!("2026-01"), "dateTime"));
    assert!(!fails_as(dated, &json!({ "start": "2026" }), "Period"));
}

#[test]
fn what_cannot_be_told_holds() {
    for expression in ["missing.matches('x')", "a > b", "missing = 1", "many", "a.length() > 1"] {
        assert!(!fails(expression, &json!({ "a": 1, "b": "x", "many": [true, false] })), "{expression}");
    }
}

#[test]
fn what_is_not_understood_is_no_expression() {
    for text in [
        "",
        "a.",
        "a.descendants()",
        "a.where(",
        "a b",
        "%terminologies",
        "a.matches('(x|y)')",
        "'open",
        "a = @2026",
        "iif(a, b)",
        "a[-1]",
        "a ~ b",
        &"(".repeat(1000),
    ] {
        assert!(Expression::parse(text).is_none(), "{text}");
    }
}

#[test]
fn work_is_bounded() {
    let many: Vec<Value> = (0..200).map(|number| json!({ "a": { "b": number } })).collect();
    let on = json!({ "x": many });
    let root = json!({});
    let fuel = Cell::new(1_000);
    let scope = Scope { root: &root, resolve: &|_| None, fuel: &fuel };
    let expression = Expression::parse("x.a.isDistinct() and x.where(a.exists()).intersect(x).exists()").unwrap();
    expression.fails(&Thing::Node { value: Some(&on), beside: None, of: "" }, &scope);
    assert_eq!(fuel.get(), 0);
}
