//! Tables that are broken, too large, or made to mislead: refused before the cost, or kept as plain text.

use super::*;

/// One table with a few columns; the rest is constant.
fn mapping(format: &str) -> String {
    format!(
        r#"
version = 1
system = "https://clinic.example"
[[input]]
name = "t"
{format}
[hospital]
code = {{ constant = "1199990014" }}
[case]
from = "t"
number = "a"
timestamp = {{ constant = "2026-03-12T12:00:00+08:00" }}
[patient]
name = "b"
[[receipt]]
number = "a"
[[line]]
item_name = "b"
amount = "c"
[[coverage]]
payor = {{ constant = "12345675" }}
"#
    )
}

fn refused(format: &str, text: &str) -> Vec<String> {
    let issues = refusal(&mapping(format), &[("t", text.as_bytes().to_vec())]);
    for issue in &issues {
        assert!(!issue.diagnostics.contains("秘密"), "{}", issue.diagnostics);
    }
    issues.iter().map(|issue| format!("{} {}", issue.code, issue.expression.join(" "))).collect()
}

const CSV: &str = "format = \"csv\"";

#[test]
fn a_table_that_is_not_whole_is_refused() {
    for (text, found) in [
        ("a,b\n1,秘密\n", "export.column-missing t[1].c"),
        ("a,b,c,b\n1,秘密,3,4\n", "export.column-twice t[1].b"),
        ("a,b,c\n1,秘密\n", "export.row-width t[2]"),
        ("a,b,c\n1,秘,密,4\n", "export.row-width t[2]"),
        ("a,b,c\n1,\"秘密,3\n4,5,6\n", "export.row-broken t[2]"),
        ("a,b,c\n1,\"秘\"密,3\n", "export.row-broken t[2]"),
    ] {
        assert_eq!(refused(CSV, text), [found], "{text}");
    }
    let bytes = b"a,b,c\n1,\xA4\x40,3\n".to_vec();
    let issues = refusal(&mapping(CSV), &[("t", bytes)]);
    assert_eq!((codes(&issues), issues[0].expression.as_slice()), (vec!["export.not-utf8"], &["t[2]".to_owned()][..]));
    assert!(
        build(&mapping(CSV), &[("t", b"a,b,c,\n1,x,3,,,\n".to_vec())]).len() == 1,
        "delimiters at the end of a line"
    );
}

#[test]
fn large_tables_are_refused_before_they_cost() {
    let wide = format!("{}\n", "a,".repeat(5_000));
    assert_eq!(refused(CSV, &wide), ["export.row-broken t[1]"]);
    let tall = format!("a,b,c\n{}", "1,2,3\n".repeat(table::ROWS + 1));
    assert_eq!(refused(CSV, &tall), ["export.too-many-rows t"]);
    let long = format!("a,b,c\n1,{},3\n", "x".repeat(crate::csv::CELL + 1));
    assert_eq!(refused(CSV, &long), ["export.row-broken t[2]"]);
    let bytes = vec![b'x'; table::BYTES + 1];
    assert_eq!(codes(&refusal(&mapping(CSV), &[("t", bytes)])), ["export.too-large"]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(refused("format = \"json\"", &deep), ["json.too-deep t"]);
    assert_eq!(refused("format = \"json\"", "[{\"a\":1,\"a\":2}]"), ["json.duplicate-member t"]);
    assert_eq!(refused("format = \"json-lines\"", "{}\n[1"), ["json.syntax t[2]"]);
    let bomb = "<!DOCTYPE x [<!ENTITY a \"秘密\"><!ENTITY b \"&a;&a;\">]>\n<x>&b;</x>";
    assert_eq!(refused("format = \"xml\"\nrows = \"x\"", bomb), ["xml.dtd t[1]"]);
}

#[test]
fn few_rows_that_would_make_many_are_refused() {
    // Every row of the case's table joins every row of the other.
    let text = mapping(CSV)
        .replace("[hospital]", "[[input]]\nname = \"u\"\nformat = \"csv\"\njoin = { k = \"c\" }\n[hospital]")
        .replace("[[line]]\n", "[[line]]\nfrom = \"u\"\n")
        .replace("amount = \"c\"", "amount = \"k\"")
        .replace("item_name = \"b\"", "item_name = \"k\"");
    let cases = (0..50).map(|n| format!("{n},x,1")).collect::<Vec<_>>().join("\n");
    let tables =
        [("t", format!("a,b,c\n{cases}").into_bytes()), ("u", format!("k\n{}", "1\n".repeat(6_000)).into_bytes())];
    for case in build(&text, &tables) {
        assert_eq!(codes(&case.issues), ["export.too-many-joined"]);
        assert!(case.refused());
    }
}

#[test]
fn formulas_and_markup_stay_text() {
    for text in ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "<script>", "${x}", "a\\nb", "'; drop table x --"] {
        let quoted = text.replace('"', "\"\"");
        let cases = build(&mapping(CSV), &[("t", format!("a,b,c\n1,\"{quoted}\",3\n").into_bytes())]);
        assert_eq!(field(&cases[0], "patient.name").value(), Some(text));
        assert!(cases[0].bundle.to_string().contains(&serde_json::to_string(text).unwrap()));
    }
    for text in ["a\u{202E}b", "a\u{0}b", "x\u{7}"] {
        let cases = build(&mapping(CSV), &[("t", format!("a,b,c\n1,{text},3\n").into_bytes())]);
        assert_eq!(field(&cases[0], "patient.name").outcome, Outcome::Refused, "{text:?}");
    }
}

#[test]
fn rows_that_are_no_objects_and_values_that_are_no_values_are_told() {
    assert_eq!(refused("format = \"json\"", "[1]"), ["export.row-not-object t[1]"]);
    assert_eq!(
        refused("format = \"json\"", r#"[{"a":[1,2],"b":{"x":1},"c":3}]"#),
        ["export.column-not-a-value t[1].a", "export.column-not-a-value t[1].b"]
    );
    let text = mapping("format = \"json\"");
    let map = map(&text);
    let export = Export::read(&map, &[Input { name: "t", bytes: br#"[{"a":"1","c":null}]"# }]).unwrap();
    assert_eq!(codes(export.findings()), ["export.column-absent", "export.column-absent"]);
    let none = Export::read(&map, &[Input { name: "t", bytes: b"{}" }]).unwrap_or_else(|issues| panic!("{issues:?}"));
    assert_eq!(none.cases(None).count(), 0);
}

/// Numbers that look like chance and are always the same.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 40).unwrap()
}

#[test]
fn damaged_tables_and_mappings_are_answered_without_a_panic() {
    let (mut state, mut built, mut refused) = (7, 0, 0);
    let texts =
        [example("map.toml"), example("map.toml").replace("format = \"csv\"", "format = \"csv\"\nencoding = \"big5\"")];
    for round in 0..400 {
        let mut tables = if round % 2 == 0 { tables() } else { big5(tables()) };
        for _ in 0..=next(&mut state) % 2 {
            let table = next(&mut state) % tables.len();
            let bytes = &mut tables[table].1;
            let at = next(&mut state) % bytes.len();
            match next(&mut state) % 4 {
                0 => bytes[at] = u8::try_from(next(&mut state) % 256).unwrap(),
                1 => drop(bytes.remove(at)),
                2 => bytes[at] ^= 1,
                _ => bytes.insert(at, b"\",\n\r;\\0"[next(&mut state) % 7]),
            }
        }
        let map = map(&texts[round % 2]);
        match Export::read(&map, &inputs(&tables)) {
            Ok(export) => {
                for case in export.cases(None) {
                    let _ = read(&case.bundle);
                    built += 1;
                }
            }
            Err(issues) => {
                assert!(issues.iter().any(Issue::refuses));
                refused += 1;
            }
        }
        let mut text = texts[0].clone().into_bytes();
        let at = next(&mut state) % text.len();
        text[at] = u8::try_from(next(&mut state) % 128).unwrap();
        let _ = Map::read(&String::from_utf8_lossy(&text));
    }
    assert!(built > 50 && refused > 50, "{built} built, {refused} refused");
}
