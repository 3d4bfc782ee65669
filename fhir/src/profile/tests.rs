//! Each kind of rule, from profiles written by hand: found where it does not hold, silent where it does.

use serde_json::json;

use super::*;
use crate::outcome::{Policy, Severity};
use crate::package::tests::package;

mod bundles;
mod published;

const BASE: &str = "https://guide.example/StructureDefinition/";

fn profile(id: &str, of: &str, elements: Value) -> Value {
    derived(id, of, &format!("http://hl7.org/fhir/StructureDefinition/{of}"), elements)
}

/// Elements are given as `(id, what it asks for)`.
fn derived(id: &str, of: &str, base: &str, mut elements: Value) -> Value {
    for element in elements.as_array_mut().unwrap() {
        let path = element["id"].as_str().unwrap().split('.').map(|part| part.split(':').next().unwrap());
        let path = path.collect::<Vec<_>>().join(".");
        element["path"] = json!(path);
    }
    let kind = if ["Extension", "Address", "Quantity"].contains(&of) { "complex-type" } else { "resource" };
    json!({ "resourceType": "StructureDefinition", "id": id, "url": format!("{BASE}{id}"), "version": "1.0.0",
        "kind": kind, "type": of, "derivation": "constraint", "baseDefinition": base,
        "differential": { "element": elements } })
}

fn rules(resources: &[Value]) -> Rules {
    let bytes = package(resources);
    Rules::load(&[NamedBytes { name: "hand", bytes: &bytes }], &PackageLimits::default()).unwrap()
}

fn found(rules: &Rules, resource: &Value) -> Vec<(String, String)> {
    let findings = Findings::default();
    rules.check(resource, &findings);
    assert!(!findings.refused());
    let issues = findings.into_issues().into_iter();
    issues.map(|issue| (issue.code.trim_start_matches("profile.").to_owned(), issue.expression.join(" "))).collect()
}

/// A resource that names the profile `p`.
fn of(kind: &str, mut members: Value) -> Value {
    members["resourceType"] = json!(kind);
    members["meta"] = json!({ "profile": [format!("{BASE}p")] });
    members
}

fn told(code: &str, place: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), place.to_owned())]
}

/// One rule, what keeps it, and what breaks it where.
fn holds(kind: &str, elements: Value, others: &[Value], good: Value, bad: Value, code: &str, place: &str) {
    let mut resources = vec![profile("p", kind, elements)];
    resources.extend_from_slice(others);
    let rules = rules(&resources);
    assert_eq!(rules.unevaluated(), [], "{code}");
    assert_eq!(found(&rules, &of(kind, good)), [], "{code}");
    assert_eq!(found(&rules, &of(kind, bad)), told(code, place), "{code}");
}

#[test]
fn how_often_an_element_stands() {
    let least = json!([{ "id": "Patient.identifier", "min": 2 }]);
    let two = json!({ "identifier": [{ "value": "a" }, { "value": "b" }] });
    holds(
        "Patient",
        least,
        &[],
        two.clone(),
        json!({ "identifier": [{ "value": "a" }] }),
        "cardinality",
        "Patient.identifier",
    );
    let most = json!([{ "id": "Patient.identifier", "max": "1" }]);
    holds("Patient", most, &[], json!({}), two, "cardinality", "Patient.identifier");
    let none = json!([{ "id": "Patient.photo", "max": "0" }]);
    holds("Patient", none, &[], json!({}), json!({ "photo": [{ "title": "x" }] }), "cardinality", "Patient.photo");
    // Only within an element that is there, and a value that is said to be unknown counts.
    let inner = json!([{ "id": "Patient.telecom.value", "min": 1 }]);
    holds(
        "Patient",
        inner.clone(),
        &[],
        json!({ "telecom": [{ "_value": { "extension": [{ "url": "urn:x", "valueCode": "unknown" }] } }] }),
        json!({ "telecom": [{ "value": "x" }, { "use": "home" }] }),
        "cardinality",
        "Patient.telecom[1].value",
    );
    holds("Patient", inner, &[], json!({}), json!({ "telecom": [{}] }), "cardinality", "Patient.telecom[0].value");
    let choice = json!([{ "id": "Observation.effective[x]", "min": 1, "type": [{ "code": "dateTime" }] }]);
    let good = json!({ "effectiveDateTime": "2026" });
    holds("Observation", choice.clone(), &[], good.clone(), json!({}), "cardinality", "Observation.effective");
    let choice = json!([{ "id": "Observation.effective[x]", "type": [{ "code": "dateTime" }] }]);
    holds("Observation", choice, &[], good, json!({ "effectivePeriod": {} }), "type", "Observation.effectivePeriod");
}

#[test]
fn what_a_value_is() {
    let fixed = json!([{ "id": "Patient.active", "fixedBoolean": true }]);
    holds("Patient", fixed, &[], json!({ "active": true }), json!({ "active": false }), "fixed", "Patient.active");
    let system = "http://www.moi.gov.tw/";
    let pattern = json!([{ "id": "Patient.identifier", "patternIdentifier": { "system": system } }]);
    holds(
        "Patient",
        pattern,
        &[],
        json!({ "identifier": [{ "system": "http://www.moi.gov.tw", "value": "x" }] }),
        json!({ "identifier": [{ "value": "x" }] }),
        "pattern",
        "Patient.identifier[0]",
    );
    let coding = json!([{ "id": "Condition.code", "patternCodeableConcept": { "coding": [{ "code": "a" }] } }]);
    holds(
        "Condition",
        coding,
        &[],
        json!({ "code": { "coding": [{ "code": "b" }, { "code": "a", "system": "urn:x" }] } }),
        json!({ "code": { "coding": [{ "code": "b" }] } }),
        "pattern",
        "Condition.code",
    );
    let long = json!([{ "id": "Patient.name.text", "maxLength": 3 }]);
    let name = |text: &str| json!({ "name": [{ "text": text }] });
    holds("Patient", long, &[], name("王小明"), name("歐陽小明"), "max-length", "Patient.name[0].text");
}

#[test]
fn which_codes_a_value_set_holds() {
    let terms = [
        json!({ "resourceType": "CodeSystem", "url": "urn:cs", "content": "complete", "concept": [{ "code": "a" }] }),
        json!({ "resourceType": "ValueSet", "url": "urn:vs", "compose": { "include": [{ "system": "urn:cs" }] } }),
    ];
    let binding = json!({ "strength": "required", "valueSet": "urn:vs|1.0" });
    let bound = json!([{ "id": "Condition.code", "binding": binding }]);
    let code = |code: Value| json!({ "code": code });
    let good =
        code(json!({ "coding": [{ "system": "urn:other", "code": "z" }, { "system": "urn:cs/", "code": "a" }] }));
    let mut folded = good.clone();
    folded["code"]["coding"][1]["system"] = json!("urn:cs");
    for bad in [
        json!({ "coding": [{ "system": "urn:cs", "code": "b" }] }),
        json!({ "coding": [{ "system": "urn:other", "code": "a" }] }),
        json!({ "text": "words alone" }),
    ] {
        holds("Condition", bound.clone(), &terms, folded.clone(), code(bad), "binding", "Condition.code");
    }
    let plain = json!([{ "id": "Patient.gender", "binding": binding }]);
    holds("Patient", plain, &terms, json!({ "gender": "a" }), json!({ "gender": "b" }), "binding", "Patient.gender");
}

#[test]
fn what_tells_a_slice() {
    let slicing = |kind: &str, path: &str, rules: &str| json!({ "discriminator": [{ "type": kind, "path": path }], "rules": rules });
    let identifiers = json!([
        { "id": "Patient.identifier", "slicing": slicing("value", "type.coding.code", "open") },
        { "id": "Patient.identifier:chart", "min": 1, "max": "1" },
        { "id": "Patient.identifier:chart.type.coding.code", "patternCode": "MR" },
        { "id": "Patient.identifier:chart.system", "min": 1 },
        { "id": "Patient.identifier:passport", "max": "0" },
        { "id": "Patient.identifier:passport.type", "patternCodeableConcept": { "coding": [{ "code": "PPN" }] } },
    ]);
    let typed = |code: &str| json!({ "type": { "coding": [{ "code": code }] }, "system": "urn:x", "value": "1" });
    let good = json!({ "identifier": [typed("MR"), typed("XX")] });
    let mut bare = good.clone();
    bare["identifier"][0].as_object_mut().unwrap().remove("system");
    for (bad, place) in [
        (json!({ "identifier": [typed("XX")] }), "Patient.identifier"),
        (json!({ "identifier": [typed("MR"), typed("MR")] }), "Patient.identifier"),
        (json!({ "identifier": [typed("PPN"), typed("MR")] }), "Patient.identifier"),
        (bare, "Patient.identifier[0].system"),
    ] {
        holds("Patient", identifiers.clone(), &[], good.clone(), bad, "cardinality", place);
    }

    let closed = json!([
        { "id": "Patient.name", "slicing": slicing("pattern", "use", "closed") },
        { "id": "Patient.name:official", "min": 0 },
        { "id": "Patient.name:official.use", "patternCode": "official" },
    ]);
    let used = |used: &str| json!({ "name": [{ "use": used, "text": "王小明" }] });
    holds("Patient", closed, &[], used("official"), used("nickname"), "slice", "Patient.name[0]");

    let by_type = json!([
        { "id": "Observation.value[x]", "slicing": slicing("type", "$this", "closed") },
        { "id": "Observation.value[x]:valueQuantity", "type": [{ "code": "Quantity" }] },
        { "id": "Observation.value[x]:valueQuantity.unit", "min": 1 },
    ]);
    let good = json!({ "valueQuantity": { "value": 1, "unit": "g" } });
    holds(
        "Observation",
        by_type.clone(),
        &[],
        good.clone(),
        json!({ "valueString": "x" }),
        "slice",
        "Observation.valueString",
    );
    let bad = json!({ "valueQuantity": { "value": 1 } });
    holds("Observation", by_type, &[], good, bad, "cardinality", "Observation.valueQuantity.unit");

    let by_presence = json!([
        { "id": "Patient.telecom", "slicing": slicing("exists", "period", "open") },
        { "id": "Patient.telecom:current", "max": "1" },
        { "id": "Patient.telecom:current.period", "max": "0" },
    ]);
    let ended = json!({ "value": "1", "period": { "end": "2020" } });
    holds(
        "Patient",
        by_presence,
        &[],
        json!({ "telecom": [{ "value": "1" }, ended, ended] }),
        json!({ "telecom": [{ "value": "1" }, { "value": "2" }] }),
        "cardinality",
        "Patient.telecom",
    );
}

#[test]
fn extensions_and_types_have_profiles_of_their_own() {
    let extension = profile(
        "ext",
        "Extension",
        json!([
            { "id": "Extension.url", "fixedUri": format!("{BASE}ext") },
            { "id": "Extension.value[x]", "min": 1, "type": [{ "code": "string" }] },
        ]),
    );
    let elements = json!([
        { "id": "Patient.extension", "slicing": { "discriminator": [{ "type": "value", "path": "url" }], "rules": "open" } },
        { "id": "Patient.extension:ext", "max": "1", "type": [{ "code": "Extension", "profile": [format!("{BASE}ext")] }] },
    ]);
    let one = |value: Value| json!({ "extension": [{ "url": "urn:other", "valueCode": "x" }, value] });
    let good = one(json!({ "url": format!("{BASE}ext"), "valueString": "x" }));
    let bad = one(json!({ "url": format!("{BASE}ext"), "valueCode": "x" }));
    let rules = rules(&[profile("p", "Patient", elements), extension]);
    assert_eq!(found(&rules, &of("Patient", good)), []);
    let codes = found(&rules, &of("Patient", bad));
    assert_eq!(codes[0], ("type".to_owned(), "Patient.extension[1].valueCode".to_owned()));

    let address = profile("addr", "Address", json!([{ "id": "Address.city", "min": 1 }]));
    let typed =
        json!([{ "id": "Patient.address", "type": [{ "code": "Address", "profile": [format!("{BASE}addr")] }] }]);
    let (good, bad) = (json!({ "address": [{ "city": "北投區" }] }), json!({ "address": [{ "district": "臺北市" }] }));
    holds("Patient", typed, &[address], good, bad, "cardinality", "Patient.address[0].city");
}

#[test]
fn constraints_hold_where_they_stand_and_advice_is_a_remark() {
    let rule = |severity: &str| {
        json!([{ "id": "Patient.name", "constraint": [{ "key": "n-1", "severity": severity, "human": "x",
            "expression": "text.exists() or family.exists()" }] }])
    };
    let (good, bad) =
        (json!({ "name": [{ "text": "王小明" }] }), json!({ "name": [{ "text": "a" }, { "use": "usual" }] }));
    holds("Patient", rule("error"), &[], good, bad.clone(), "invariant", "Patient.name[1]");
    let rules = rules(&[profile("p", "Patient", rule("warning"))]);
    let findings = Findings::under(&Policy::errors(["profile"]).unwrap());
    rules.check(&of("Patient", bad), &findings);
    assert!(!findings.refused());
    let issues = findings.into_issues();
    assert_eq!((issues[0].severity, &*issues[0].code), (Severity::Information, "profile.best-practice"));
    assert_eq!(issues[0].diagnostics, "Profile p: Patient.name should keep the rule n-1 of the profile.");
}

#[test]
fn a_profile_on_a_profile_has_its_rules_and_its_slices() {
    let base = profile(
        "base",
        "Patient",
        json!([
            { "id": "Patient.gender", "min": 1 },
            { "id": "Patient.identifier", "slicing": { "discriminator": [{ "type": "value", "path": "use" }], "rules": "open" } },
            { "id": "Patient.identifier:official", "min": 0 },
            { "id": "Patient.identifier:official.use", "patternCode": "official" },
        ]),
    );
    let own = json!([{ "id": "Patient.identifier:official", "min": 1 }]);
    let own = derived("p", "Patient", &format!("{BASE}base"), own);
    for order in [[base.clone(), own.clone()], [own, base]] {
        let rules = rules(&order);
        let good = json!({ "gender": "male", "identifier": [{ "use": "official", "value": "1" }] });
        assert_eq!(found(&rules, &of("Patient", good)), []);
        let without = json!({ "identifier": [{ "use": "official", "value": "1" }] });
        assert_eq!(found(&rules, &of("Patient", without)), told("cardinality", "Patient.gender"));
        let other = json!({ "gender": "male", "identifier": [{ "use": "usual", "value": "1" }] });
        assert_eq!(found(&rules, &of("Patient", other)), told("cardinality", "Patient.identifier"));
    }
    let ring = [
        derived("p", "Patient", &format!("{BASE}q"), json!([{ "id": "Patient.gender", "min": 1 }])),
        derived("q", "Patient", &format!("{BASE}p"), json!([])),
    ];
    assert_eq!(found(&rules(&ring), &of("Patient", json!({}))), told("cardinality", "Patient.gender"));
}

#[test]
fn what_is_not_evaluated_is_counted_by_package_and_kind() {
    let rules = rules(&[derived(
        "p",
        "Patient",
        "https://away.example/base",
        json!([
            { "id": "Patient", "constraint": [{ "key": "far-1", "expression": "descendants().exists()" },
                { "key": "ele-1", "expression": "hasValue() or (children().count() > id.count())" }] },
            { "id": "Patient.gender", "binding": { "strength": "required", "valueSet": "urn:away" } },
            { "id": "Patient.maritalStatus", "binding": { "strength": "extensible", "valueSet": "urn:soft" } },
            { "id": "Patient.birthDate", "maxValueDate": "2026-01-01" },
            { "id": "Patient.address", "type": [{ "code": "Address", "profile": ["urn:away"] }] },
            { "id": "Patient.managingOrganization", "type": [{ "code": "Reference", "targetProfile": ["urn:away"] }] },
            { "id": "Patient.contact", "slicing": { "discriminator": [{ "type": "value", "path": "name.resolve()" }],
                "ordered": true, "rules": "closed" } },
            { "id": "Patient.contact:one", "min": 1 },
        ]),
    )]);
    let counted: Vec<_> =
        rules.unevaluated().iter().map(|one| (one.asked.as_str(), one.count, &*one.examples[0])).collect();
    assert_eq!(
        counted,
        [
            ("invariant", 1, "far-1"),
            ("binding", 1, "urn:away"),
            ("extensible-binding", 1, "urn:soft"),
            ("slice", 1, "Patient.contact:one"),
            ("slice-order", 1, "Patient.contact"),
            ("type-profile", 1, "urn:away"),
            ("reference-target", 1, "urn:away"),
            ("bounds", 1, "Patient.birthDate"),
            ("base", 1, "https://away.example/base"),
        ]
    );
    assert!(rules.unevaluated().iter().all(|one| one.package == "test#1.0.0"));
    let anything = json!({ "gender": "x", "contact": [{}], "address": [{}], "managingOrganization": { "reference": "Patient/1" } });
    assert_eq!(found(&rules, &of("Patient", anything)), []);
}

#[test]
fn a_version_names_a_profile_exactly_and_an_unknown_one_is_remarked_once() {
    let rules = rules(&[profile("p", "Patient", json!([{ "id": "Patient.gender", "min": 1 }]))]);
    let named = |names: Value| json!({ "resourceType": "Patient", "meta": { "profile": names } });
    let missing = told("cardinality", "Patient.gender");
    assert_eq!(found(&rules, &named(json!([format!("{BASE}p|1.0.0")]))), missing);
    let unknown = json!([format!("{BASE}p|2.0.0"), "urn:A123456789"]);
    let places = "Patient.meta.profile[0] Patient.meta.profile[1]";
    assert_eq!(found(&rules, &named(unknown)), told("not-loaded", places));
    // A profile of another type is not asked of it.
    let mut organisation = named(json!([format!("{BASE}p")]));
    organisation["resourceType"] = json!("Organization");
    assert_eq!(found(&rules, &organisation), []);
}

#[test]
fn bounds_on_what_packages_say_and_inputs_cause() {
    let many: Vec<Value> = (0..20).map(|code| json!({ "code": code.to_string() })).collect();
    let bytes = package(&[json!({ "resourceType": "CodeSystem", "url": "urn:cs", "concept": many })]);
    let named = [NamedBytes { name: "hand", bytes: &bytes }];
    let load = |limits| Rules::load(&named, &limits).err().map(|error| error.to_string());
    let usual = PackageLimits::default();
    assert_eq!(load(usual), None);
    assert!(load(PackageLimits { codes: 10, ..usual }).unwrap().contains("10 codes"));
    assert!(load(PackageLimits { packages: 0, ..usual }).unwrap().contains("more than 0 packages"));
    let bytes = package(&[profile("p", "Patient", json!([{ "id": "Patient.gender" }, { "id": "Patient.name" }]))]);
    let error = Rules::load(&[NamedBytes { name: "hand", bytes: &bytes }], &PackageLimits { rules: 1, ..usual });
    assert!(matches!(error, Err(PackageError::TooMuch(_))));

    // Every identifier is compared with every other: the work grows with the square of the input, up to the bound.
    let rules = rules(&[profile(
        "p",
        "Patient",
        json!([{ "id": "Patient", "constraint": [{ "key": "slow",
        "severity": "error", "expression": "identifier.all(%resource.identifier.where(value = $this.value).exists())" }] }]),
    )]);
    let identifiers: Vec<Value> = (0..5_000).map(|number| json!({ "value": number.to_string() })).collect();
    let codes = found(&rules, &of("Patient", json!({ "identifier": identifiers })));
    assert_eq!(codes, told("too-costly", ""));
}
