//! The desk of a motor claims department: open data of accidents and packages of MyData, by the command line.

use claimgate_tests::shared::{claimgate, shared};
use serde_json::Value;

#[test]
fn the_published_a1_is_told_in_the_fixed_form() {
    let Some(file) = shared("motor/npa-a1-2022-01_10.csv") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a1.csv"), file).unwrap();
    let output = claimgate(folder.path(), &["police", "import", "--json", "a1.csv"]);
    assert!(output.status.success());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["rows"], &told["accidents"], &told["parties"]), (&3465.into(), &1379.into(), &3463.into()));
    assert_eq!(
        told["rejected"],
        serde_json::json!([{"row": 3465, "reason": "trailer"}, {"row": 3466, "reason": "trailer"}])
    );
    assert_eq!(told["causes"]["未注意車前狀態"], 356);
    std::fs::write(folder.path().join("other.csv"), "a,b\n1,2\n").unwrap();
    assert_eq!(claimgate(folder.path(), &["police", "import", "other.csv"]).status.code(), Some(1));
}

#[test]
fn each_package_of_the_contract_gets_its_verdict() {
    let Some(file) = shared("mydata/packages.json") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cases.json"), &file).unwrap();
    let output = claimgate(folder.path(), &["mydata", "verify", "--json", "--cases", "cases.json"]);
    assert!(output.status.success());
    let told: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let cases: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(told.len(), cases["cases"].as_array().unwrap().len());
    for (case, told) in cases["cases"].as_array().unwrap().iter().zip(&told) {
        let expected = case["expected"].as_str().unwrap().split([' ', '(']).next().unwrap();
        let said = if told["verdict"] == "accept" { &told["verdict"] } else { &told["reason"] };
        assert_eq!((&told["id"], said.as_str()), (&case["id"], Some(expected)));
    }
    // Nothing of a person is shown.
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(!shown.contains("A123456789") && !shown.contains("ABC-1234"));
}
