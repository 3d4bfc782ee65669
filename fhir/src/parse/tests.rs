//! The JSON reader against our own bounds and the `JSONTestSuite` (RFC 8259).

use std::path::{Path, PathBuf};

use super::*;

fn refusal(text: &str) -> Issue {
    parse(text.as_bytes(), &Limits::default()).unwrap_err()
}

/// Shared reference data lies beside the workspace; a checkout without it skips.
#[expect(clippy::disallowed_methods, reason = "a test asks where the reference data lies; no code does")]
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| beside(), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

#[test]
fn a_duplicate_member_is_refused_with_its_path_and_position() {
    let issue = refusal("{\"entry\": [{\"a\": 1},\n {\"fullUrl\": 1, \"fullUrl\": 2}]}");
    assert_eq!(issue.code, "json.duplicate-member");
    assert_eq!(issue.expression, ["entry[1]"]);
    assert!(issue.diagnostics.contains("\"fullUrl\"") && issue.diagnostics.contains("line 2"), "{issue:?}");
    // As all later findings say it, where the type stood before.
    let issue = refusal(r#"{"resourceType": "Bundle", "entry": [{"a": 1, "a": 2}]}"#);
    assert_eq!(issue.expression, ["Bundle.entry[0]"]);
    let issue = refusal(r#"{"resourceType": "王小明", "entry": [{"a": 1, "a": 2}]}"#);
    assert_eq!(issue.expression, ["entry[0]"]);
    // Written differently, the same name.
    assert_eq!(refusal(r#"{"net": 1, "n\u0065t": 2}"#).code, "json.duplicate-member");
}

#[test]
fn a_name_that_is_no_element_of_fhir_is_not_repeated() {
    for name in ["A123456789", "王小明", "a b", "value1"] {
        let issue = refusal(&format!("{{\"{name}\": {{\"{name}\": 1, \"{name}\": 2}}}}"));
        assert_eq!(issue.expression, ["*"]);
        assert!(!issue.diagnostics.contains(name));
    }
}

#[test]
fn depth_is_limited_and_the_limit_is_exact() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(nested(64).as_bytes(), &Limits::default()).is_ok());
    assert_eq!(refusal(&nested(65)).code, "json.too-deep");
    let objects = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
    assert_eq!(refusal(&objects).code, "json.too-deep");
    let generous = Limits { depth: usize::MAX, ..Limits::default() };
    assert_eq!(parse(nested(100_000).as_bytes(), &generous).unwrap_err().code, "json.too-deep");
}

#[test]
fn size_items_and_values_are_limited() {
    let limits = Limits { bytes: 40, items: 3, values: 6, ..Limits::default() };
    let code = |text: &str| parse(text.as_bytes(), &limits).unwrap_err().code;
    assert_eq!(code(&" ".repeat(41)), "json.too-large");
    assert_eq!(code("[1,2,3,4]"), "json.too-many-items");
    assert_eq!(code("[[1,2],[1,2]]"), "json.too-many-values");
    assert!(parse(b"[1,2,3]", &limits).is_ok());
    assert_eq!(parse(b"[1,2,3,4]", &limits).unwrap_err().kind, IssueKind::TooCostly);
}

#[test]
fn what_is_not_json_is_refused_with_its_position_and_without_its_text() {
    let issue = refusal("{\n \"name\": 王小明}");
    assert_eq!(issue.code, "json.syntax");
    assert!(issue.diagnostics.contains("line 2") && !issue.diagnostics.contains('王'));
    assert_eq!(issue.expression, ["name"]);
    for text in ["", "{", "{} {}", "[1,]", "nul", "'a'", "01", "NaN", "{\"a\":1,}"] {
        assert_eq!(refusal(text).code, "json.syntax", "{text}");
    }
    assert_eq!(parse(b"\n \"\xFF\"", &Limits::default()).unwrap_err().code, "json.not-utf8");
    assert!(parse(b"\xEF\xBB\xBF{}", &Limits::default()).is_ok());
}

#[test]
fn numbers_keep_their_exact_value() {
    let value = parse(br"[9007199254740993, 18446744073709551615, 80.5, 0.1, 1E2, -0]", &Limits::default()).unwrap();
    assert_eq!(value.to_string(), "[9007199254740993,18446744073709551615,80.5,0.1,100.0,-0.0]");
}

#[test]
fn the_json_test_suite_agrees_but_for_duplicate_names() {
    let Some(folder) = shared("data/vectors/json-test-suite/test_parsing") else { return };
    let stricter = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let outcome = parse(&std::fs::read(file.path()).unwrap(), &Limits::default());
        match name.split('_').next() {
            Some("y") if stricter.contains(&name.as_str()) => {
                assert_eq!(outcome.unwrap_err().code, "json.duplicate-member", "{name}");
            }
            Some("y") => assert!(outcome.is_ok(), "{name}: {outcome:?}"),
            Some("n") => assert!(outcome.is_err(), "{name}"),
            // `i_`: either is right; it must only return.
            _ => {}
        }
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}
