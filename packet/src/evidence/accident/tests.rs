//! What a paper says comes back as it stood; what it does not hold has no place in its type.

use serde_json::{Value, json};

use super::*;
use crate::evidence::Document;

fn occurrence() -> Value {
    json!({
        "on": "2026-09-01", "at": "2026-09-01T00:30:00Z", "class": {"code": "A2", "name": "受傷或超過24小時死亡", "city_code": false},
        "place": {"text": "臺北市中正區重慶南路一段1號前", "wgs84": {"latitude": "25.0404", "longitude": "121.5125"}}
    })
}

/// A document of each type.
pub(crate) fn papers() -> Vec<(&'static str, Value)> {
    let cause = json!({"system": "npa-form-2023-07", "code": "16", "group": "駕駛者", "name": "未保持行車安全距離"});
    let party = json!({"order": 1, "name": "王小明", "plate": "ABC-1234"});
    let with = |more: Value| {
        let mut paper = json!({"number": "11509A0001", "occurrence": occurrence(), "unit": {"name": "示範分局"}});
        paper.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        paper
    };
    let mut appraisal = with(json!({"review": false, "parties": [{"name": "王小明", "finding": "main-cause"}]}));
    appraisal.as_object_mut().unwrap().remove("unit");
    vec![
        ("accident-registration-slip", with(json!({"parties": [party]}))),
        ("accident-scene-sketch", with(json!({"scale": "1:200", "drawing": "att_1"}))),
        ("accident-scene-photos", with(json!({"photos": [{"attachment": "att_2", "caption": "車損"}]}))),
        ("accident-preliminary-analysis", with(json!({"parties": [{"order": 1, "causes": [cause]}]}))),
        ("accident-certificate", with(json!({"parties": [{"name": "王小明"}], "issued_on": "2026-10-01"}))),
        ("accident-appraisal", appraisal),
        ("accident-report", with(json!({"scene": {}, "parties": [{"order": 1, "cause": cause}], "main_cause": cause}))),
        (
            "accident-statement",
            json!({"occurrence": occurrence(), "standing": "party", "record": {"exists": true, "jurisdiction": "TW-TPE",
                "number": "11509A0001"}, "vehicles": [{"plate": "ABC-1234", "own": true}]}),
        ),
        (
            "accident-notice",
            json!({"claim": "injury-compulsory", "capacity": "heir", "claimant": {"name": "王小明", "identifiers":
                [{"system": "http://www.moi.gov.tw", "value": "A123456789"}], "born": "1990-01-01"},
                "vehicle": {"plate": "ABC-1234", "insurer": "motor-1"}, "circumstances": [8, 14],
                "other_vehicles": [{"plate": "XYZ-9999"}], "witnesses": [{"name": "陳大文"}],
                "account": {"bank": "004", "number": "0001", "holder": "王小明"},
                "files": [{"attachment": "att_1", "kind": "scene-photo"}], "filed_by": {"kind": "family"}}),
        ),
        (
            "accident-paper-check",
            json!({"accident": "acc_1", "paper": "accident-scene-sketch", "jurisdiction": "TW-TPE", "source": "police-tpe",
                "method": "police-api", "result": "authentic", "version": 1, "answer": "a",
                "checked_at": "2026-09-08T00:00:00Z", "valid_until": "2026-10-08T00:00:00Z"}),
        ),
        ("vehicle-registration", json!({"plate": "ABC-1234", "state": {"code": "1", "name": "正常"}})),
        (
            "owner-paper",
            json!({"request": "tsk_1", "insurer": "insurer-a", "line": "accident", "asked_for": "bank-account",
                "channel": "page", "identified_by": "wallet"}),
        ),
    ]
}

#[test]
fn every_paper_comes_back_as_it_stood() {
    for (kind, paper) in papers() {
        let document = Document::from_json(kind, &format!("{kind}/1"), paper.clone()).unwrap();
        assert!(!matches!(document, Document::Other { .. }), "{kind}");
        assert_eq!((document.kind(), document.to_json().unwrap()), (kind, paper), "{kind}");
    }
}

#[test]
fn a_paper_holds_nothing_its_type_does_not_know() {
    for (kind, mut paper) in papers() {
        paper["fault_percent"] = json!(70);
        assert!(Document::from_json(kind, &format!("{kind}/1"), paper).is_err(), "{kind}");
    }
    // A slip says nothing of causes, an analysis nothing of telephones.
    for (kind, place, member) in [(0, "cause", json!("16")), (3, "phone", json!("0900000000"))] {
        let (kind, mut paper) = papers().swap_remove(kind);
        paper["parties"][0][place] = member;
        assert!(Document::from_json(kind, &format!("{kind}/1"), paper).is_err(), "{kind}");
    }
}

#[test]
fn what_a_later_list_says_is_kept_and_a_city_code_is_no_class() {
    let later: PoliceCode = serde_json::from_value(json!({"system": "kaohsiung-open-data", "code": "7"})).unwrap();
    assert!(later.system == PoliceCodeSystem::Unknown("kaohsiung-open-data".to_owned()));
    assert_eq!(serde_json::to_value(&later).unwrap()["system"], "kaohsiung-open-data");
    let classes = ["A1", "A2", "A3", "A4", "B7"].map(AccidentClass::of);
    assert_eq!(classes.each_ref().map(|class| class.city_code), [false, false, false, true, false]);
    assert_eq!(classes.each_ref().map(|class| class.name.is_some()), [true, true, true, false, false]);
}

#[test]
fn a_point_is_on_the_globe_in_plain_digits() {
    assert!(Wgs84::of("23.686485", "120.411444").is_some());
    for (latitude, longitude) in [
        ("", "120"),
        ("91", "120"),
        ("23", "181"),
        ("NaN", "120"),
        ("23e0", "120"),
        ("23", "inf"),
        ("23.1234567890123456789012", "1"),
    ] {
        assert!(Wgs84::of(latitude, longitude).is_none(), "{latitude} {longitude}");
    }
}
