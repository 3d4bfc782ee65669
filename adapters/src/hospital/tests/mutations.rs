//! Whatever one member of a Bundle becomes, reading it ends in a Bundle or a rejection that says why.

use serde_json::json;

use super::*;

/// The pointers of every member and item.
fn pointers(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inside) in members {
                pointers(inside, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        Value::Array(items) => {
            for (index, inside) in items.iter().enumerate() {
                pointers(inside, format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
    into.push(at);
}

/// Stands for personal data in places where none is expected.
const CANARY: &str = "金絲雀A123456789";

fn told(issues: &[Issue]) -> String {
    OperationOutcome { issues: issues.to_vec() }.to_json().to_string()
}

#[test]
fn no_mutation_of_one_member_panics_refuses_without_an_error_or_repeats_it() {
    for name in ["outpatient", "invoice", "prescription"] {
        mutate(&fixture(name));
    }
}

fn mutate(original: &Value) {
    let mut all = Vec::new();
    pointers(original, String::new(), &mut all);
    let values = [
        json!(null),
        json!([]),
        json!({}),
        json!(""),
        json!(CANARY),
        json!(-1.5),
        json!([[null]]),
        json!([{ CANARY: { "reference": CANARY } }]),
    ];
    for pointer in &all {
        for with in &values {
            let mut bundle = original.clone();
            bundle.pointer_mut(pointer).unwrap().clone_from(with);
            let issues = match read_value(&bundle) {
                Ok(bundle) => bundle.warnings,
                Err(rejection) => {
                    assert!(rejection.issues.iter().any(Issue::refuses), "{pointer} {with}");
                    rejection.issues
                }
            };
            let told = told(&issues);
            assert!(!told.contains("金絲雀") && !told.contains("A123456789"), "{pointer} {with}: {told}");
        }
    }
    assert!(all.len() > 400, "{}", all.len());
}

#[test]
fn no_removal_of_one_member_panics_or_refuses_without_an_error() {
    for name in FIXTURES {
        let original = fixture(name);
        let mut all = Vec::new();
        pointers(&original, String::new(), &mut all);
        for pointer in all.iter().filter(|pointer| !pointer.is_empty()) {
            let mut bundle = original.clone();
            let (parent, last) = pointer.rsplit_once('/').unwrap();
            match bundle.pointer_mut(parent).unwrap() {
                Value::Object(members) => drop(members.remove(&last.replace("~1", "/").replace("~0", "~"))),
                Value::Array(items) => drop(items.remove(last.parse().unwrap())),
                _ => unreachable!(),
            }
            if let Err(rejection) = read_value(&bundle) {
                assert!(rejection.issues.iter().any(Issue::refuses), "{pointer}");
            }
        }
    }
}

#[test]
fn no_cut_of_the_bytes_panics() {
    let bytes = serde_json::to_vec(&fixture("demo")).unwrap();
    for end in (0..bytes.len()).step_by(97) {
        assert_eq!(read(&bytes[..end], &Settings::default()).unwrap_err().reason, Refused::Malformed);
    }
}
