//! Canonical JSON against the vectors of RFC 8785, and what the two spellings of numbers mean.

use std::path::{Path, PathBuf};

use super::*;

#[expect(clippy::disallowed_methods, reason = "a test may be told where the shared data lies")]
fn vectors() -> PathBuf {
    let shared = std::env::var("CLAIMGATE_SHARED").map_or_else(|_| PathBuf::from("../shared"), PathBuf::from);
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(shared).join("data/vectors/jcs/testdata")
}

#[test]
fn the_vectors_of_rfc_8785_come_out_byte_for_byte() {
    let Ok(folder) = std::fs::read_dir(vectors().join("input")) else {
        println!("skipped: {} is absent", vectors().display());
        return;
    };
    let mut count = 0;
    for entry in folder {
        let path = entry.unwrap().path();
        let expected = std::fs::read_to_string(vectors().join("output").join(path.file_name().unwrap())).unwrap();
        let (text, _) = read(&std::fs::read(&path).unwrap()).unwrap().text(Numbers::Rfc8785).unwrap();
        assert_eq!(text, expected, "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn numbers_are_written_as_ecmascript_writes_them() {
    // RFC 8785 appendix B, and around the borders of the plain form.
    let cases = [
        ("0", "0"),
        ("-0.0", "0"),
        ("5e-324", "5e-324"),
        ("-1.7976931348623157e308", "-1.7976931348623157e+308"),
        ("9007199254740992", "9007199254740992"),
        ("295147905179352830000", "295147905179352830000"),
        ("9.999999999999997e22", "9.999999999999997e+22"),
        ("1e21", "1e+21"),
        ("999999999999999900000", "999999999999999900000"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("333333333.33333329", "333333333.3333333"),
        ("100.0", "100"),
        ("1234.50", "1234.5"),
        ("-12e1", "-120"),
    ];
    for (written, expected) in cases {
        assert_eq!(number::canonical(written).as_deref(), Some(expected), "{written}");
    }
    assert_eq!(number::canonical("1e999"), None);
}

#[test]
fn a_value_is_compared_by_its_digits() {
    for (one, other) in [("100.0", "100"), ("1e2", "100"), ("-0.50", "-5e-1"), ("0", "-0.0"), ("0.001", "1E-3")] {
        assert!(number::same_value(one, other), "{one} {other}");
    }
    for (one, other) in [("9007199254740993", "9007199254740992"), ("1", "-1"), ("0.1", "0.10000000000000001")] {
        assert!(!number::same_value(one, other), "{one} {other}");
    }
}

fn texts(bundle: &str) -> Vec<(Numbers, String)> {
    let forms = forms(bundle.as_bytes(), Canonicalization::Document).unwrap();
    forms.into_iter().map(|form| (form.numbers, String::from_utf8(form.bytes).unwrap())).collect()
}

#[test]
fn a_document_leaves_out_its_own_id_meta_and_signature_alone() {
    let bundle = r#"{"meta":{},"type":"document", "signature":{"data":"1"},"id":"x",
        "entry":[{"resource":{"meta":{"a":[]},"id":"y","signature":"s"}}]}"#;
    let inner = r#""entry":[{"resource":{"id":"y","meta":{"a":[]},"signature":"s"}}]"#;
    assert_eq!(texts(bundle), [(Numbers::Rfc8785, format!(r#"{{{inner},"type":"document"}}"#))]);
    let whole = forms(bundle.as_bytes(), Canonicalization::Everything).unwrap();
    assert_eq!(whole[0].bytes, format!(r#"{{{inner},"id":"x","meta":{{}},"type":"document"}}"#).into_bytes());
}

#[test]
fn both_spellings_of_a_number_are_offered_unless_one_loses_its_value() {
    let both = texts(r#"{"a":100.0,"b":"1.0 \" 2","c":[-1,2e3]}"#);
    assert_eq!(both[0], (Numbers::Rfc8785, r#"{"a":100,"b":"1.0 \" 2","c":[-1,2000]}"#.to_owned()));
    assert_eq!(both[1], (Numbers::AsWritten, r#"{"a":100.0,"b":"1.0 \" 2","c":[-1,2e3]}"#.to_owned()));
    let large = texts(r#"{"a":9007199254740993}"#);
    assert_eq!(large, [(Numbers::AsWritten, r#"{"a":9007199254740993}"#.to_owned())]);
}

#[test]
fn what_is_no_object_or_has_a_member_twice_has_no_form() {
    for text in ["[]", "1", "", "{", r#"{"a":1,"\u0061":2}"#, "{}{}"] {
        assert!(forms(text.as_bytes(), Canonicalization::Document).is_none(), "{text}");
    }
}
