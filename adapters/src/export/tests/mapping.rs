//! Mapping files: what is wrong is told by line with what is allowed there.

use super::*;

fn faults(text: &str) -> Vec<(usize, String)> {
    Map::read(text).unwrap_err().into_iter().map(|fault| (fault.line, fault.text)).collect()
}

#[test]
fn faults_name_their_line_and_what_is_allowed() {
    for (from, to, part) in [
        ("birth_date =", "birthday =", "Allowed here: from, national_id, resident_number"),
        ("version = 1", "version = 2", "`version` is 1"),
        ("version = 1", "version = 1\nscript = \"x\"", "unknown field `script`, expected one of `version`"),
        ("https://clinic.example", "clinic", "address of the hospital"),
        ("format = \"csv\"", "format = \"xlsx\"", "expected one of `csv`, `json`, `json-lines`, `xml`"),
        ("format = \"csv\"", "format = \"csv\"\nencoding = \"gbk\"", "`big5`"),
        ("format = \"csv\"", "format = \"csv\"\nrows = \"a\"", "`rows` is for"),
        ("format = \"csv\"", "format = \"csv\"\ndelimiter = \"\\\"\"", "different"),
        ("from = \"labs\"", "from = \"lab\"", "Inputs: visits, receipts, labs, policies"),
        ("birth_date = \"生日\"", "birth_date = { column = \"生日\", date = \"yy/mm/dd\" }", "YYY (民國)"),
        ("chart_number = \"病歷號\"", "chart_number = { column = \"病歷號\", date = \"YYYMMDD\" }", "is for dates"),
        ("gender = \"性別\"", "gender = { column = \"性別\", map = { \"X\" = \"人\" } }", "not a word of the list"),
        ("gender = \"性別\"", "gender = { constant = \"人\" }", "not a word of the list"),
        ("gender = \"性別\"", "gender = { column = \"性別\", constant = \"男\" }", "exactly one of"),
        ("gender = \"性別\"", "gender = { column = \"性別\", script = \"x\" }", "expected one of `column`"),
        ("gender = \"性別\"", "gender = 3", "a column's name"),
        ("part = 2 }\nstart", "part = 0 }\nstart", "`part`"),
        ("join = { \"病歷號\" = \"病歷號\" }\n", "", "`join` is needed"),
        ("from = \"visits\"\n", "", "`case.from` is needed"),
        ("number = \"案件編號\"\n", "", "`case.number` (案件編號) is needed"),
        ("name = \"labs\" ", "name = \"visits\" ", "Two inputs have this name"),
    ] {
        let text = example("map.toml");
        let place = text.find(from).unwrap_or_else(|| panic!("{from}"));
        let line = text[..place].matches('\n').count() + 1;
        let found = faults(&text.replacen(from, to, 1));
        let told = found.iter().find(|(_, text)| text.contains(part)).unwrap_or_else(|| panic!("{to}: {found:?}"));
        // A fault of a whole table is told where the table begins.
        assert!((line.saturating_sub(3)..=line + 2).contains(&told.0), "{to}: line {} for {line}", told.0);
    }
}

#[test]
fn faults_are_told_together() {
    let text = example("map.toml")
        .replace("birth_date", "birthday")
        .replace("item_name", "item")
        .replace("payor =", "payer =");
    let found = faults(&text);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.is_sorted_by_key(|(line, _)| *line));
    assert_eq!(faults("version = 1\n=")[0].0, 2);
    assert_eq!(faults(&"#".repeat(2 * 1024 * 1024))[0].0, 1);
}

#[test]
fn a_mapping_without_receipt_line_or_insurer_is_none() {
    let text = example("map.toml");
    let head = text.split("[[receipt]]").next().unwrap();
    let found = faults(head);
    for name in ["[[receipt]]", "[[line]]", "[[coverage]]", "No block takes"] {
        assert!(found.iter().any(|(_, text)| text.contains(name)), "{name}: {found:?}");
    }
}

#[test]
fn the_guide_names_every_field() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/build.md")).unwrap();
    for target in target::ALL.iter().flat_map(|block| block.iter()) {
        let row = format!("| `{}` | {} | {} |", target.name, target.chinese, target.becomes);
        let section =
            guide.split(&format!("### `{}`", target.block)).nth(1).unwrap_or_else(|| panic!("{}", target.block));
        let section = section.split("\n### ").next().unwrap();
        assert!(section.contains(&row), "docs/build.md, {}: {row}", target.block);
    }
}
