//! A vendor's desk: exports and a mapping in, bundles out, pushed as they are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use claimgate_tests::gateway::TestGateway;
use claimgate_tests::shared::{binary, project};
use serde_json::Value;

fn example() -> PathBuf {
    project().join("docs/examples/build")
}

fn build(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(binary()).args(["fhir", "build"]).args(arguments).current_dir(folder).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const TABLES: [&str; 4] = ["visits.csv", "receipts.csv", "labs.csv", "policies.csv"];

/// The example's mapping and tables in a folder of their own.
fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in TABLES.iter().chain(&["map.toml"]) {
        std::fs::copy(example().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn change(folder: &Path, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(folder.join(name), text.replace(from, to)).unwrap();
}

fn with<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    ["--map", "map.toml"].into_iter().chain(arguments.iter().copied()).chain(TABLES).collect()
}

#[test]
fn build_previews_shapes_and_shows_values_only_when_asked() {
    let folder = desk();
    let preview = build(folder.path(), &with(&[]));
    assert_eq!(preview.status.code(), Some(0), "{}", err(&preview));
    let text = out(&preview);
    assert_eq!(text.lines().last(), Some("2 cases: 1 accepted, 1 with warnings, 0 refused"));
    assert!(text.contains("visits:2 生日") && text.contains("9999-99-99") && text.contains("(民國)"), "{text}");
    for personal in ["A223456781", "林小測", "1990-04-22", "示範路"] {
        assert!(!text.contains(personal), "{personal}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5, "nothing is written without --out");
    let shown = out(&build(folder.path(), &with(&["--show-values"])));
    assert!(shown.contains("A223456781") && shown.contains("林小測"));

    let json = build(folder.path(), &with(&["--json"]));
    assert!(!out(&json).contains("A223456781"));
    let rows: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&rows[0]["case"], &rows[1]["case"], &rows[2]["case"]),
        (&Value::Null, &"B-115-0001".into(), &"B-115-0002".into())
    );
    let fields = rows[1]["fields"].as_array().unwrap();
    let birth = fields.iter().find(|field| field["target"] == "patient.birth_date").unwrap();
    assert_eq!(
        (&birth["from"]["input"], &birth["from"]["row"], &birth["outcome"]),
        (&"visits".into(), &2.into(), &"taken".into())
    );
}

#[test]
fn build_says_what_is_wrong_and_ends_with_the_code_for_it() {
    let folder = desk();
    change(folder.path(), "map.toml", "birth_date =", "birthday =");
    let wrong = build(folder.path(), &with(&[]));
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("map.toml:40: ") && err(&wrong).contains("birth_date"), "{}", err(&wrong));

    let folder = desk();
    let few = build(folder.path(), &["--map", "map.toml", "visits.csv", "receipts.csv"]);
    assert_eq!((few.status.code(), err(&few).contains("the input policies is missing")), (Some(2), true));
    let odd = build(folder.path(), &with(&["other.csv"]));
    assert_eq!((odd.status.code(), err(&odd).contains("NAME=other.csv")), (Some(2), true));
    assert_eq!(build(folder.path(), &with(&["--xml"])).status.code(), Some(2), "--xml needs --out");

    change(folder.path(), "receipts.csv", "S,2,\"1,250.50\",\"2,501\"", "S,2,\"1,250.50\",\"2,50x\"");
    let refused = build(folder.path(), &with(&["--out", "bundles", "--json"]));
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    let rows: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((&rows[1]["outcome"], &rows[1]["file"]), (&"refused".into(), &Value::Null));
    assert_eq!(rows[2]["file"], "bundles/B-115-0002.json");
    assert_eq!(std::fs::read_dir(folder.path().join("bundles")).unwrap().count(), 1, "a refused case is not written");

    change(folder.path(), "visits.csv", "生日", "出生日");
    let broken = build(folder.path(), &with(&["--json"]));
    assert_eq!(broken.status.code(), Some(1));
    assert!(out(&broken).contains("export.column-missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn build_makes_what_a_gateway_accepts() {
    let folder = desk();
    // The same tables in Big5, from the mapping that says so.
    change(folder.path(), "map.toml", "format = \"csv\"", "format = \"csv\"\nencoding = \"big5\"");
    for name in TABLES {
        let path = folder.path().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, encoding_rs::BIG5.encode(&text).0).unwrap();
    }
    let json = build(folder.path(), &with(&["--out", "json"]));
    let xml = build(folder.path(), &with(&["--out", "xml", "--xml"]));
    assert_eq!((json.status.code(), xml.status.code()), (Some(0), Some(0)), "{}{}", out(&json), err(&xml));
    let check = Command::new(binary())
        .args(["fhir", "validate", "json/B-115-0001.json", "json/B-115-0002.json", "xml/B-115-0001.xml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let last = out(&check).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last.split_whitespace().collect::<Vec<_>>(), ["3", "2", "1", "0"], "{}", out(&check));

    let test = TestGateway::start().await;
    let bundle = std::fs::read(folder.path().join("json/B-115-0001.json")).unwrap();
    test.push(&bundle, &[]).await;
    let opened = claimgate_tests::gateway::pull_all(&test.life().client, 1).await;
    assert_eq!(opened.len(), 1);
    test.stop().await;
}
