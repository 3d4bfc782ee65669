//! TW Core and iClaim as they are published: they load within their bounds, their own examples keep them, and an
//! example with a fault is told of it.

use std::path::PathBuf;

use super::*;
use crate::structure;
use crate::taiwan::Aliases;

fn data() -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    std::env::var_os("CLAIMGATE_SHARED").map_or_else(beside, PathBuf::from).join("data/fhir")
}

fn shared(path: &str) -> Option<Vec<u8>> {
    let path = data().join(path);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {} is not there", path.display());
    }
    bytes
}

fn folder_of(examples: &str) -> Option<PathBuf> {
    let folder = data().join("examples").join(examples);
    folder.is_dir().then_some(folder)
}

fn both() -> Option<Rules> {
    let core = shared("packages/tw.gov.mohw.twcore-0.3.2-partial.tgz")?;
    let claim = shared("packages/iclaim-1.0.0-reconstructed.tgz")?;
    let packages = [NamedBytes { name: "iclaim", bytes: &claim }, NamedBytes { name: "twcore", bytes: &core }];
    Some(Rules::load(&packages, &PackageLimits::default()).unwrap())
}

fn example(path: &str) -> Option<Value> {
    Some(serde_json::from_slice(&shared(&format!("examples/{path}"))?).unwrap())
}

/// What is found of profiles after the check of structure.
fn told_of(rules: &Rules, mut resource: Value) -> Vec<String> {
    let findings = Findings::default();
    Aliases::none().apply(&mut resource, &findings);
    structure::check(&resource, &findings);
    rules.check(&resource, &findings);
    let issues = findings.into_issues().into_iter();
    issues.map(|issue| format!("{} {}", issue.code, issue.expression.first().cloned().unwrap_or_default())).collect()
}

#[test]
fn both_packages_load_and_say_what_is_not_evaluated() {
    let Some(rules) = both() else { return };
    assert_eq!(rules.packages(), ["iclaim", "tw.gov.mohw.twcore#0.3.2"]);
    assert_eq!(rules.profiles(), 87);
    let invariants: Vec<&str> = rules
        .unevaluated()
        .iter()
        .filter(|one| one.asked == Asked::Invariant)
        .flat_map(|one| one.examples.iter().map(String::as_str))
        .collect();
    for evaluated in ["tw-core-1", "tw-core-3", "tw-core-4", "tw-core-5", "tw-core-9", "provenance-1", "id-card-number"]
    {
        assert!(!invariants.contains(&evaluated), "{evaluated}");
    }
    assert!(invariants.contains(&"dom-3"), "{invariants:?}");
}

#[test]
fn their_own_examples_keep_them() {
    let Some(rules) = both() else { return };
    let mut seen = 0;
    for folder in ["iclaim-1.0.0", "iclaim-1.0.0/assembled", "iclaim-derived", "twcore-0.3.3"] {
        let Some(folder) = folder_of(folder) else { return };
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "json") {
                continue;
            }
            let mut told = told_of(&rules, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap());
            // The packages at hand lack one profile of TW Core.
            told.retain(|told| told != "profile.not-loaded Organization.meta.profile[0]");
            assert_eq!(told, Vec::<String>::new(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

type Change = fn(&mut Value);

#[test]
fn an_example_with_a_fault_is_told_of_it() {
    let Some(rules) = both() else { return };
    let changes: [(&str, &str, Change); 16] = [
        ("twcore-0.3.3/Patient-pat-example.json", "profile.cardinality Patient.gender", |it| {
            it.as_object_mut().unwrap().remove("gender").unwrap();
        }),
        ("twcore-0.3.3/Patient-pat-example.json", "profile.invariant Patient.identifier[0]", |it| {
            it["identifier"][0]["value"] = json!("12");
        }),
        ("twcore-0.3.3/Patient-pat-example.json", "profile.pattern Patient.identifier[0].system", |it| {
            it["identifier"][0]["system"] = json!("urn:x");
        }),
        ("twcore-0.3.3/Patient-pat-example.json", "profile.invariant Patient.name[0]", |it| {
            it["name"] = json!([{ "use": "official", "given": ["小明"] }]);
        }),
        ("twcore-0.3.3/Patient-pat-example.json", "profile.cardinality Patient.name[0].text", |it| {
            it["name"] = json!([{ "use": "anonymous" }]);
        }),
        (
            "twcore-0.3.3/Patient-pat-example.json",
            "profile.reference-target Patient.managingOrganization.reference",
            |it| {
                it["managingOrganization"] = json!({ "reference": "Patient/1" });
            },
        ),
        ("twcore-0.3.3/Coverage-coverage-example.json", "profile.invariant Coverage", |it| {
            it.as_object_mut().unwrap().retain(|name, _| name != "subscriberId" && name != "identifier");
        }),
        ("twcore-0.3.3/Coverage-coverage-example.json", "profile.cardinality Coverage.relationship", |it| {
            it.as_object_mut().unwrap().remove("relationship").unwrap();
        }),
        ("twcore-0.3.3/Observation-obs-lab-example.json", "profile.invariant Observation", |it| {
            it.as_object_mut().unwrap().retain(|name, _| !name.starts_with("value"));
        }),
        ("twcore-0.3.3/Observation-obs-lab-example.json", "profile.invariant Observation.effectiveDateTime", |it| {
            it["effectiveDateTime"] = json!("2026-01");
        }),
        ("twcore-0.3.3/Provenance-pov-example.json", "structure.missing Provenance.recorded", |it| {
            it.as_object_mut().unwrap().remove("recorded").unwrap();
        }),
        ("iclaim-derived/Bundle-C1.filled-SYNTHETIC.json", "profile.cardinality Bundle.identifier", |it| {
            it.as_object_mut().unwrap().remove("identifier").unwrap();
        }),
        ("iclaim-derived/Bundle-C1.filled-SYNTHETIC.json", "profile.pattern Bundle.type", |it| {
            it["type"] = json!("batch");
        }),
        ("iclaim-1.0.0/Patient-Patient-C1.json", "profile.cardinality Patient.identifier", |it| {
            it["identifier"].as_array_mut().unwrap().truncate(1);
        }),
        ("iclaim-1.0.0/Encounter-Encounter-C1.json", "profile.pattern Encounter.status", |it| {
            it["status"] = json!("planned");
        }),
        ("iclaim-1.0.0/Observation-Observation-C1.json", "profile.cardinality Observation.performer", |it| {
            it["performer"].as_array_mut().unwrap().truncate(1);
        }),
    ];
    for (path, expected, change) in changes {
        let Some(mut resource) = example(path) else { return };
        change(&mut resource);
        let told = told_of(&rules, resource);
        assert!(told.iter().any(|told| told == expected), "{path} {expected}: {told:?}");
    }
}

/// Stands for personal data in places where none is expected.
const CANARY: &str = "金絲雀A123456789";

fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inside)| pointers(inside, &format!("{at}/{name}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inside)| pointers(inside, &format!("{at}/{index}"), into));
        }
        _ => {}
    }
    into.push(at.to_owned());
}

#[test]
fn no_change_of_one_member_panics_or_is_repeated() {
    let Some(rules) = both() else { return };
    let Some(original) = example("iclaim-derived/Bundle-C1.filled-SYNTHETIC.json") else { return };
    let mut all = Vec::new();
    pointers(&original, "", &mut all);
    for pointer in &all {
        for with in
            [json!(null), json!(CANARY), json!([[CANARY]]), json!({ CANARY: { "reference": CANARY } }), json!([{}])]
        {
            let mut changed = original.clone();
            *changed.pointer_mut(pointer).unwrap() = with;
            let findings = Findings::default();
            structure::check(&changed, &findings);
            rules.check(&changed, &findings);
            for issue in findings.into_issues() {
                let told = issue.to_json().to_string();
                assert!(!told.contains("金絲雀") && !told.contains("A123456789"), "{pointer}: {told}");
            }
        }
    }
}
