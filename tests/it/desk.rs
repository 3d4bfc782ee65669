//! A vendor's desk: many files checked and converted without a gateway, by packages, aliases and policy of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use claimgate_tests::bundles::{bytes, case, resource};
use claimgate_tests::shared::{claimgate, shared};
use serde_json::{Value, json};

const PACKAGE: &str = "fhir/packages/iclaim-1.0.0-reconstructed.tgz";

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(folder: &Path, name: &str, body: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, body).unwrap();
}

/// A patient's number with a wrong check digit: a warning.
fn doubtful(number: &str) -> Vec<u8> {
    let mut bundle = case(number);
    resource(&mut bundle, "Patient")["identifier"][0]["value"] = json!("A223456789");
    bytes(&bundle)
}

/// Good, doubtful and broken bundles in folders, and what is none.
fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "out/a/good.json", &bytes(&case("DESK-1")));
    write(here, "out/a/b/doubtful.JSON", &doubtful("DESK-2"));
    let good = serde_json::to_value(case("DESK-3")).unwrap();
    write(here, "out/c/good.xml", claimgate_fhir::xml::write(&good).unwrap().as_bytes());
    write(here, "out/c/broken.json", br#"{"resourceType":"Bundle","type":"collection"}"#);
    write(here, "out/c/notes.txt", b"not looked at");
    folder
}

#[test]
fn folders_are_read_whole_and_summed_up() {
    let folder = desk();
    let all = claimgate(folder.path(), &["fhir", "validate", "out"]);
    assert_eq!(all.status.code(), Some(1), "{}", err(&all));
    let text = out(&all);
    let named: Vec<&str> = text.lines().filter(|line| line.starts_with("out/")).collect();
    assert_eq!(
        named,
        [
            "out/a/b/doubtful.JSON: warnings",
            "out/a/good.json: accepted",
            "out/c/broken.json: refused",
            "out/c/good.xml: accepted"
        ]
    );
    let table: Vec<Vec<&str>> = text.lines().rev().take(2).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(table, [vec!["4", "2", "1", "1"], vec!["files", "accepted", "warnings", "refused"]]);
    let some = out(&claimgate(folder.path(), &["fhir", "validate", "out/a"]));
    assert!(
        some.lines().any(|line| line.split_whitespace().eq(["1", "1", "warning", "patient.id-checksum"])),
        "{some}"
    );
    assert!(!err(&all).contains('['), "no bar where nobody watches");

    let json = claimgate(folder.path(), &["fhir", "validate", "--json", "out"]);
    let rows: Value = serde_json::from_slice(&json.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    let outcomes: Vec<&str> = rows.iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["warnings", "accepted", "refused", "accepted"]);
    // In whatever order they stand.
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for row in rows {
        assert_eq!(members(row), BTreeSet::from(["evidence", "file", "issues", "outcome"].map(String::from)));
        for issue in row["issues"].as_array().unwrap() {
            assert_eq!(members(issue), BTreeSet::from(["code", "expression", "severity", "text"].map(String::from)));
        }
        for evidence in row["evidence"].as_array().unwrap() {
            assert_eq!(members(evidence), BTreeSet::from(["count", "type"].map(String::from)));
        }
    }
    assert!(err(&json).contains("accepted"), "the table stands beside the JSON");
    let good = claimgate(folder.path(), &["fhir", "validate", "--json", "out/a"]);
    assert_eq!(good.status.code(), Some(0), "a warning refuses nothing");
}

#[test]
fn a_policy_and_aliases_of_the_desk_count_as_the_operators_would() {
    let folder = desk();
    let run = |arguments: &[&str]| claimgate(folder.path(), &[&["fhir", "validate"], arguments].concat());
    assert_eq!(run(&["out/a/b"]).status.code(), Some(0));
    for names in [["--errors", "patient.id-checksum"], ["--errors", "structure,patient"]] {
        assert_eq!(run(&[&names[..], &["out/a/b"]].concat()).status.code(), Some(1), "{names:?}");
    }
    let unknown = run(&["--errors", "patient.id-cheksum", "out/a/b"]);
    assert_eq!((unknown.status.code(), err(&unknown).contains("patient.id-checksum")), (Some(2), true));

    let mut renamed = case("DESK-4");
    let official = resource(&mut renamed, "Patient")["identifier"][0]["system"].clone();
    resource(&mut renamed, "Patient")["identifier"][0]["system"] = json!("https://hospital.example/id");
    write(folder.path(), "renamed.json", &bytes(&renamed));
    write(folder.path(), "aliases.toml", format!("\"https://hospital.example/id\" = {official}\n").as_bytes());
    write(
        folder.path(),
        "gateway.toml",
        format!("[fhir]\naliases = {{ \"https://hospital.example/id\" = {official} }}\n").as_bytes(),
    );
    for file in ["aliases.toml", "gateway.toml"] {
        let read = run(&["--aliases", file, "renamed.json"]);
        assert!(out(&read).contains("system.alias"), "{file}: {}{}", out(&read), err(&read));
    }
    for (body, said) in [("x = 1", "\"spelling\" = \"system\""), ("x", "no TOML"), ("\"a b\" = \"urn:c\"", "no URI")] {
        write(folder.path(), "wrong.toml", body.as_bytes());
        let wrong = run(&["--aliases", "wrong.toml", "renamed.json"]);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(err(&wrong).contains("--aliases wrong.toml") && err(&wrong).contains(said), "{}", err(&wrong));
    }
}

#[test]
fn packages_are_checked_at_the_desk_and_what_is_not_evaluated_is_said() {
    let folder = desk();
    let run = |arguments: &[&str]| claimgate(folder.path(), &[&["fhir", "validate"], arguments].concat());
    write(folder.path(), "broken.tgz", b"not a package");
    for (file, said) in [("missing.tgz", "No such file"), ("broken.tgz", "gzip")] {
        let wrong = run(&["--package", file, "out/a/good.json"]);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(err(&wrong).contains(file) && err(&wrong).contains(said), "{}", err(&wrong));
    }
    let Some(package) = shared(PACKAGE) else { return };
    write(folder.path(), "iclaim.tgz", &package);
    let checked = run(&["--package", "iclaim.tgz", "--json", "out/a/good.json"]);
    let said = err(&checked);
    assert!(said.contains("FHIR packages: ") && said.contains("rules not evaluated ("), "{said}");
    let rows: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let codes: Vec<&str> =
        rows[0]["issues"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert!(codes.iter().any(|code| code.starts_with("profile.")), "{codes:?}");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_goes_on() {
    use std::os::unix::fs::symlink;
    let folder = desk();
    let here = folder.path();
    write(here, "big/large.json", &vec![b' '; (10 << 20) + 1]);
    write(here, "big/latin.json", b"{\"resourceType\":\"B\xfcndle\"}");
    write(here, "big/empty.json", b"");
    symlink(here.join("big"), here.join("big/ring")).unwrap();
    let all = claimgate(here, &["fhir", "validate", "--json", "big", "missing.json", "out/a/good.json"]);
    assert_eq!(all.status.code(), Some(1), "{}", err(&all));
    let rows: Value = serde_json::from_slice(&all.stdout).unwrap();
    let found: Vec<(&str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["file"].as_str().unwrap(), row["issues"][0]["code"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            ("big/empty.json", "json.syntax"),
            ("big/large.json", "json.too-large"),
            ("big/latin.json", "json.not-utf8"),
            ("missing.json", "file.unreadable"),
            ("out/a/good.json", ""),
        ]
    );
    std::fs::create_dir(here.join("none")).unwrap();
    let none = claimgate(here, &["fhir", "validate", "none"]);
    assert_eq!((none.status.code(), err(&none).contains("no *.json")), (Some(2), true));
    assert_eq!(claimgate(here, &["fhir", "convert"]).status.code(), Some(2));
}

#[test]
fn a_conversion_says_where_each_field_came_from() {
    let folder = desk();
    let converted = claimgate(folder.path(), &["fhir", "convert", "--json", "--provenance", "out"]);
    assert_eq!(converted.status.code(), Some(1));
    assert!(err(&converted).contains("out/c/broken.json: refused"), "{}", err(&converted));
    let rows: Value = serde_json::from_slice(&converted.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 3, "documents only: what is refused is told beside them");
    for evidence in rows.iter().flat_map(|row| row["evidence"].as_array().unwrap()) {
        let sources = evidence["sources"].as_object().unwrap();
        assert!(!sources.is_empty());
        for (pointer, origin) in sources {
            assert!(evidence["document"].pointer(pointer).is_some(), "{pointer}");
            let places = origin["from"].as_array().unwrap();
            assert!(places.iter().all(|place| place.as_str().unwrap().starts_with("Bundle")), "{origin}");
        }
    }
    let plain = claimgate(folder.path(), &["fhir", "convert", "--json", "out/a/good.json"]);
    let rows: Value = serde_json::from_slice(&plain.stdout).unwrap();
    assert!(rows[0]["evidence"][0]["document"].is_object() && rows[0]["evidence"][0].get("sources").is_none());
    assert_eq!(out(&claimgate(folder.path(), &["fhir", "convert", "--json", "out/c/broken.json"])).trim(), "[]");
}
