//! From any field of the evidence to its place in the Bundle: every leaf has a source, every source is there, and
//! what stands there is what the evidence says, unless a rule says how it was made.

use serde_json::json;

use super::published::published;
use super::shapes::insured;
use super::*;

/// What stands at a place such as `Bundle.entry[3].resource.item[0].net.value`.
fn evaluate<'v>(root: &'v Value, path: &str) -> Option<&'v Value> {
    let mut steps = path.split('.');
    assert_eq!(steps.next(), Some("Bundle"), "{path}");
    steps.try_fold(root, |value, step| {
        let (name, index) = step.strip_suffix(']').and_then(|step| step.split_once('[')).unwrap_or((step, ""));
        let member = value.get(name)?;
        if index.is_empty() { Some(member) } else { member.get(index.parse::<usize>().ok()?) }
    })
}

/// Every text, number and truth value with its pointer.
fn leaves(value: &Value, at: String, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inside)| leaves(inside, format!("{at}/{name}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inside)| leaves(inside, format!("{at}/{index}"), into));
        }
        leaf => into.push((at, leaf.clone())),
    }
}

/// Whether a leaf says what stands in the source, in the evidence's own way to write it.
fn same(leaf: &Value, source: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
    let (one, other) = (text(leaf), text(source));
    // Amounts are written with or without decimals; a reduction is written without its sign.
    let plain = |text: &str| text.trim_start_matches('-').parse::<f64>().ok();
    let number = || Some((plain(&one)? - plain(&other)?).abs() < 1e-9);
    let instant = || Some(one.parse::<jiff::Timestamp>().ok()? == other.parse::<jiff::Timestamp>().ok()?);
    let day = one.len() == 10 && one.as_bytes()[4] == b'-' && other.starts_with(&one);
    one == other || day || number() == Some(true) || instant() == Some(true)
}

/// Checks all documents of a Bundle; says how many leaves there were.
pub(super) fn check(name: &str, root: &Value) -> usize {
    let bytes = serde_json::to_vec(root).unwrap();
    let bundle = read_traced(&bytes, Format::Json, &Settings::default(), true);
    let bundle = bundle.unwrap_or_else(|rejection| panic!("{name}: {:?}", rejection.issues));
    assert_eq!(bundle.sources.len(), bundle.documents.len(), "{name}");
    let mut count = 0;
    for (document, sources) in bundle.documents.iter().zip(&bundle.sources) {
        let name = format!("{name} {}", document.kind());
        let json = document.to_json().unwrap();
        for (pointer, origin) in sources {
            assert!(json.pointer(pointer).is_some(), "{name} {pointer}");
            assert!(!origin.from.is_empty() || origin.rule.is_some(), "{name} {pointer}");
            for path in &origin.from {
                assert!(evaluate(root, path).is_some(), "{name} {pointer}: nothing at {path}");
            }
        }
        let mut all = Vec::new();
        leaves(&json, String::new(), &mut all);
        for (pointer, leaf) in all {
            let mut at = pointer.as_str();
            let origin = loop {
                if let Some(origin) = sources.get(at) {
                    break origin;
                }
                at = at.rsplit_once('/').unwrap_or_else(|| panic!("{name} {pointer} has no source")).0;
            };
            count += 1;
            if origin.rule.is_some() {
                continue;
            }
            let mut inside = Vec::new();
            leaves(evaluate(root, &origin.from[0]).unwrap(), String::new(), &mut inside);
            let found = inside.iter().any(|(_, source)| same(&leaf, source));
            assert!(found, "{name} {pointer}: not what stands at {}", origin.from[0]);
            assert!(at != pointer || inside.len() == 1, "{name} {pointer}: {} is no plain value", origin.from[0]);
        }
    }
    count
}

#[test]
fn every_leaf_of_every_fixture_has_a_source_that_says_it() {
    for name in FIXTURES {
        let count = check(name, &fixture(name));
        assert!(count > 50, "{name}: {count}");
    }
}

#[test]
fn so_has_every_leaf_of_the_published_examples() {
    for path in [
        "iclaim-1.0.0/assembled/Bundle-iclaim-C1.assembled.json",
        "iclaim-derived/Bundle-C1.assembled-INCOMPLETE.json",
        "iclaim-derived/Bundle-C1.filled-SYNTHETIC.json",
    ] {
        let Some(bytes) = published(path) else { return };
        check(path, &serde_json::from_slice(&bytes).unwrap());
    }
    for path in [
        "twcore-0.3.3/Bundle-bun-document-example.json",
        "twcore-0.3.3/Bundle-bun-document-uuid-example.json",
        "twempd-0.2.1/Bundle-bun-01-ep.json",
        "twempd-0.2.1/Bundle-bun-02-ep.json",
        "twempd-0.2.1/Bundle-bun-ds.json",
    ] {
        let Some(bundle) = insured(path) else { return };
        check(path, &bundle);
    }
}

#[test]
fn what_is_written_in_another_way_still_has_its_source() {
    let bundle = changed("outpatient", |it| {
        let patient = resource(it, "Patient");
        patient["name"][0] = json!({ "use": "official", "family": "林", "given": ["小", "測"] });
        patient["address"] = json!([{ "district": "臺北市", "city": "大安區", "line": ["示範路1號"] }]);
        let claim = resource(it, "Claim");
        let item = &mut claim["item"][3];
        drop_member(item, "net");
        drop_member(item, "sequence");
        claim["item"][4]["category"]["coding"][0]["code"] = json!("discount");
        claim["item"][4]["net"]["value"] = json!(-100);
        resource(it, "Condition")["note"] = json!([{ "text": "一" }, { "text": "二" }, { "text": "一" }]);
        resource(it, "Condition")["asserter"] = json!({ "display": "錢醫師" });
        let observation = resource(it, "Observation");
        drop_member(observation, "valueQuantity");
        observation["valueRange"] = json!({ "low": { "value": 1 }, "high": { "value": 2, "unit": "g" } });
        observation["component"] = json!([{ "code": { "text": "甲" }, "valueBoolean": true }]);
    });
    check("outpatient changed", &bundle);
    let loose = changed("outpatient", |it| remove(it, "DiagnosticReport"));
    check("observations without a report", &loose);
}

#[test]
fn sums_list_the_places_of_all_that_counts_in_them() {
    let bytes = serde_json::to_vec(&fixture("outpatient")).unwrap();
    let bundle = read_traced(&bytes, Format::Json, &Settings::default(), true).unwrap();
    let at = |pointer: &str| serde_json::to_value(&bundle.sources[1][pointer]).unwrap();
    let item = |number: usize| format!("Bundle.entry[1].resource.item[{number}].net.value");
    assert_eq!(at("/lines/3/amount"), json!({ "from": [item(3)] }));
    assert_eq!(
        at("/totals/self_pay"),
        json!({ "from": [item(0), item(3), item(4)], "rule": "sum of the lines of this payer" })
    );
    assert_eq!(at("/totals/stated"), json!({ "from": ["Bundle.entry[1].resource.total.value"] }));
    assert_eq!(at("/key/number"), json!({ "from": ["Bundle.entry[1].resource.identifier[1].value"] }));
}

#[test]
fn nobody_asked_nobody_told_and_the_documents_are_the_same() {
    for name in FIXTURES {
        let bytes = serde_json::to_vec(&fixture(name)).unwrap();
        let traced = read_traced(&bytes, Format::Json, &Settings::default(), true).unwrap();
        let plain = read(&bytes, &Settings::default()).unwrap();
        assert!(plain.sources.is_empty() && plain.documents == traced.documents, "{name}");
        assert_eq!(plain.warnings, traced.warnings, "{name}");
    }
}
