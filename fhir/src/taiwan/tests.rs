//! The identifier rules against the shared vectors and the examples of their own documents.

use serde_json::Value;

use super::*;
use crate::parse::tests::shared;

type Reads = fn(&str) -> bool;
type Fails = fn(&str) -> Option<Fault>;

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        Value::Object(members) => members.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_shared_vectors_agree() {
    let Some(path) = shared("data/identifiers/taiwan-identifiers.json") else { return };
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = |pointer: &str| {
        let found = texts(vectors.pointer(pointer).unwrap());
        assert!(!found.is_empty(), "{pointer}");
        found
    };
    let valid: [(&str, Reads); 6] = [
        ("/national_id/valid", |text| text.parse::<NationalId>().is_ok()),
        ("/ui_no_new/valid", |text| text.parse::<ResidentNumber>().is_ok()),
        ("/ui_no_old/valid", |text| text.parse::<ResidentNumber>().is_ok()),
        ("/ubn/valid_both", |text| text.parse::<Ubn>().is_ok()),
        ("/ubn/valid_mod5_only_since_2023_04_01", |text| text.parse::<Ubn>().is_ok()),
        ("/medical_institution_code/valid_checksum", |text| text.parse::<InstitutionCode>().is_ok()),
    ];
    for (pointer, reads) in valid {
        for text in all(pointer) {
            assert!(reads(&text), "{text}");
        }
    }
    let invalid: [(&str, Fails); 5] = [
        ("/national_id/invalid", |text| text.parse::<NationalId>().err()),
        ("/ui_no_new/invalid", |text| text.parse::<ResidentNumber>().err()),
        ("/ui_no_old/invalid", |text| text.parse::<ResidentNumber>().err()),
        ("/ubn/invalid", |text| text.parse::<Ubn>().err()),
        ("/medical_institution_code/invalid", |text| text.parse::<InstitutionCode>().err()),
    ];
    for (pointer, fault) in invalid {
        for (text, why) in vectors.pointer(pointer).unwrap().as_object().unwrap() {
            let expected = if why.as_str().unwrap().starts_with("checksum") { Fault::Checksum } else { Fault::Form };
            let found = fault(text);
            assert!(found.is_some(), "{text}");
            // Some vectors that are of the wrong form for the new numbers still have the old one's.
            if !text.starts_with("00000000") && pointer != "/ui_no_new/invalid" {
                assert_eq!(found, Some(expected), "{text}");
            }
        }
    }
    for text in all("/medical_institution_code/real_but_checksum_exceptions") {
        assert_eq!(text.parse::<InstitutionCode>(), Err(Fault::Checksum));
    }
}

#[test]
fn numbers_of_persons_say_the_sex_and_do_not_print() {
    let id: NationalId = "A123456789".parse().unwrap();
    assert_eq!(id.sex(), Sex::Male);
    assert_eq!(format!("{id:?}"), "NationalId(..)");
    assert_eq!("C251401029".parse::<NationalId>().unwrap().sex(), Sex::Female);
    assert_eq!("A900207177".parse::<ResidentNumber>().unwrap().sex(), Sex::Female);
    assert_eq!("AC03095424".parse::<ResidentNumber>().unwrap().sex(), Sex::Male);
}

#[test]
fn odd_texts_are_refused_without_a_panic() {
    for text in [
        "",
        "A",
        "身分證字號",
        "A12345678９",
        "ＡＡＡ",
        "A1234567 9",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ] {
        assert_eq!(text.parse::<NationalId>(), Err(Fault::Form));
        assert_eq!(text.parse::<ResidentNumber>(), Err(Fault::Form));
        assert_eq!(text.parse::<Ubn>(), Err(Fault::Form));
        assert_eq!(text.parse::<InstitutionCode>(), Err(Fault::Form));
        assert!(roc_date(text).is_err());
    }
}

#[test]
fn roc_dates_become_gregorian_ones() {
    for (text, day) in [
        ("112/08/07", "2023-08-07"),
        ("民國112年8月7日", "2023-08-07"),
        ("0990101", "2010-01-01"),
        ("1130229", "2024-02-29"),
        ("99.1.2", "2010-01-02"),
    ] {
        assert_eq!(roc_date(text).unwrap().to_string(), day);
    }
    for text in ["1120229", "1131301", "990101", "0/1/1", "2023/08/07", "112/8", "112/8/7/1", "112/+8/7"] {
        assert_eq!(roc_date(text), Err(NotRocDate), "{text}");
    }
}

#[test]
fn spellings_of_a_namespace_are_one() {
    for spelling in ["http://www.moi.gov.tw", "http://www.moi.gov.tw/", "https://moi.gov.tw", "HTTP://x"] {
        let known = spelling.contains("moi");
        assert_eq!(Namespace::of(spelling), known.then_some(Namespace::NationalId), "{spelling}");
    }
    assert_eq!(canonical("https://gcis.nat.gov.tw/"), "https://gcis.nat.gov.tw");
    assert_eq!(canonical("https://www.cgh.org.tw/"), "https://www.cgh.org.tw");
    assert_eq!(
        Namespace::of("https://nhicore.nhi.gov.tw/pas/CodeSystem/organization-identifier-tw"),
        Some(Namespace::Institution)
    );
    assert_eq!(Namespace::of("urn:oid:1.2"), None);
    let tw_core = "https://twcore.mohw.gov.tw/ig/twcore/";
    for (spelling, meant) in [
        ("0.2.2/CodeSystem/icd-10-cm-2023-tw", "CodeSystem/icd-10-cm-2023-tw"),
        ("CodeSystem/medication-atc-tw", "CodeSystem/medcation-atc-tw"),
        ("CodeSystem/medical-consultation-department-tw/", "CodeSystem/medical-consultation-department-nhi-tw"),
        ("CodeSystem/not-of-tw-core", "CodeSystem/not-of-tw-core"),
        ("x/CodeSystem/icd-10-cm-2023-tw", "x/CodeSystem/icd-10-cm-2023-tw"),
    ] {
        assert_eq!(canonical(&format!("{tw_core}{spelling}")), format!("{tw_core}{meant}"));
    }
    for (spelling, meant) in [
        ("https://loinc.org/", "http://loinc.org"),
        ("http://hl7.org/fhir/v2/0203", "http://terminology.hl7.org/CodeSystem/v2-0203"),
        ("http://loinc.org/vs", "http://loinc.org/vs"),
        ("phone", "phone"),
    ] {
        assert_eq!(canonical(spelling), meant);
    }
}
