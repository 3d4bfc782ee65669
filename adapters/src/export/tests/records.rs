//! Rows and cases: joins, flat tables, wide tables, JSON and XML, what is missing and what contradicts.

use super::*;

/// A mapping of one flat table, as small as one can be.
const FLAT: &str = r#"
version = 1
system = "https://clinic.example"
[[input]]
name = "flat"
format = "csv"
empty = ["NULL", "-"]
[hospital]
code = { constant = "1199990014" }
name = { constant = "示範診所" }
[case]
from = "flat"
number = "case"
timestamp = { constant = "2026-03-12T12:00:00+08:00" }
[patient]
national_id = "id"
chart_number = "chart"
name = "name"
gender = "sex"
birth_date = "born"
[[encounter]]
number = "visit"
class = { constant = "門診" }
department_code = { constant = "01" }
department_name = { constant = "家醫科" }
start = "day"
end = "day"
[[diagnosis]]
certificate = "cert"
encounter = "visit"
code = "icd"
name = "disease"
issued_on = "day"
physician_name = "doctor"
[[receipt]]
number = "receipt"
encounter = "visit"
issued_on = "day"
[[line]]
receipt = "receipt"
sequence = "seq"
item_name = "item"
payer = { constant = "自費" }
serviced_on = "day"
amount = "amount"
[[coverage]]
payor = { constant = "12345675" }
payor_name = { constant = "安心人壽保險股份有限公司(測試)" }
line = { constant = "傷害" }
"#;

const HEADER: &str = "case,id,chart,name,sex,born,visit,day,cert,icd,disease,doctor,receipt,seq,item,amount";

fn row(case: &str, visit: &str, receipt: &str, line: &str) -> String {
    format!("{case},A223456781,0001,林小測,女,0790422,{visit},1150312,D{visit},S93.401A,扭傷,陳示範,{receipt},{line}")
}

fn flat(rows: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    vec![("flat", format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes())]
}

fn accepted(case: &Case) -> HospitalBundle {
    let read = read(&case.bundle).unwrap();
    let warnings: Vec<_> = read.warnings.iter().filter(|issue| issue.severity != Severity::Information).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
    read
}

fn receipts(bundle: &HospitalBundle) -> Vec<usize> {
    let lines = bundle.documents.iter().filter_map(|document| match document {
        Document::MedicalReceipt(receipt) => Some(receipt.lines.len()),
        _ => None,
    });
    lines.collect()
}

#[test]
fn one_flat_table_is_told_apart_into_its_things() {
    let rows = [
        row("C1", "V1", "R1", "1,掛號費,100"),
        row("C1", "V1", "R1", "2,藥費,250"),
        row("C1", "V1", "R1", "2,藥費,250"),
        row("C1", "V2", "R2", "1,掛號費,100"),
        row("C2", "V3", "R3", "1,掛號費,100"),
    ];
    let cases = build(FLAT, &flat(&rows));
    assert_eq!(cases.len(), 2);
    let first = accepted(&cases[0]);
    assert_eq!(receipts(&first), [2, 1], "the same line twice is one, because it has a number");
    assert_eq!(first.documents.len(), 4, "a certificate for each visit");
    assert_eq!(receipts(&accepted(&cases[1])), [1]);
    assert_ne!(cases[0].bundle["entry"][0]["fullUrl"], cases[1].bundle["entry"][0]["fullUrl"]);

    let unnumbered = build(&FLAT.replace("sequence = \"seq\"\n", ""), &flat(&rows));
    assert_eq!(receipts(&accepted(&unnumbered[0])), [3, 1], "without a number each row is a line");
}

#[test]
fn diagnoses_keep_the_order_that_is_said() {
    let mapping = FLAT
        .replace("[[diagnosis]]\n", "[[diagnosis]]\nsequence = \"chart\"\n")
        .replace("chart_number = \"chart\"\n", "");
    let rows = [("0002", "A00"), ("0001", "Z99"), ("0003", "B01")]
        .map(|(place, code)| row("C1", "V1", "R1", "1,掛號費,100").replace("S93.401A", code).replace("0001", place));
    let case = build(&mapping, &flat(&rows)).remove(0);
    let bundle = read(&case.bundle).unwrap();
    let Document::DiagnosisCertificate(certificate) = &bundle.documents[0] else { panic!() };
    let codes: Vec<&str> = certificate.diagnoses.iter().map(|one| one.codings[0].code.as_str()).collect();
    assert_eq!(codes, ["Z99", "A00", "B01"]);
}

#[test]
fn rows_that_contradict_choose_nothing() {
    let mut rows = vec![row("C1", "V1", "R1", "1,掛號費,100"), row("C1", "V1", "R1", "2,藥費,250")];
    rows[1] = rows[1].replace("0790422", "0790423");
    let case = build(FLAT, &flat(&rows)).remove(0);
    let birth = field(&case, "patient.birth_date");
    assert_eq!((birth.outcome, birth.value()), (Outcome::Refused, None));
    assert_eq!(birth.reason, "rows of one case say different things, for example 2 and 3");
    assert!(case.incomplete() && !case.refused());
    assert!(!case.bundle.to_string().contains("birthDate"));
}

#[test]
fn what_is_missing_or_refused_is_told_with_its_reason() {
    let rows = [
        row("C1", "V1", "R1", "1,掛號費,1e3").replace("女", "X").replace("林小測", "NULL").replace("0790422", "990101"),
        row("", "V2", "R2", "1,掛號費,100"),
    ];
    let text = FLAT.replace("chart_number = \"chart\"\n", "");
    let map = map(&text);
    let tables = flat(&rows);
    let export = Export::read(&map, &inputs(&tables)).unwrap();
    assert_eq!(codes(export.findings()), ["export.no-case-number"]);
    assert_eq!(export.findings()[0].expression, ["flat[3]"]);
    let cases: Vec<Case> = export.cases(None).collect();
    let case = &cases[0];
    for (target, outcome, reason) in [
        ("patient.name", Outcome::Missing, "empty"),
        ("patient.gender", Outcome::Refused, "not a word of the list; add it to `map`"),
        ("patient.birth_date", Outcome::Refused, "not a date of the calendar in a form that can be told"),
        ("patient.chart_number", Outcome::Missing, "nothing is mapped to it (病歷號碼)"),
        ("line[1].amount", Outcome::Refused, "not a plain decimal number"),
    ] {
        let found = field(case, target);
        assert_eq!(found.outcome, outcome, "{target}");
        assert!(found.reason.starts_with(reason), "{target}: {}", found.reason);
    }
    assert!(case.refused(), "an amount that cannot be read is not left out");
    for field in &case.fields {
        assert!(!field.reason.contains("990101") && !field.reason.contains("1e3"));
    }
}

#[test]
fn a_line_without_its_receipt_refuses_the_case() {
    let mapping = FLAT.replace("receipt = \"receipt\"\nsequence", "receipt = \"cert\"\nsequence");
    let case = build(&mapping, &flat(&[row("C1", "V1", "R1", "1,掛號費,100")])).remove(0);
    assert_eq!(codes(&case.issues), ["export.line-without-receipt"]);
    assert!(case.refused());
    assert_eq!(field(&case, "line[1].receipt").outcome, Outcome::Refused);
    let mapping = FLAT.replace("encounter = \"visit\"\ncode", "encounter = \"cert\"\ncode");
    let case = build(&mapping, &flat(&[row("C1", "V1", "R1", "1,掛號費,100")])).remove(0);
    assert_eq!(codes(&case.issues), ["export.encounter-not-found"]);
}

#[test]
fn a_wide_table_has_a_block_for_each_column() {
    let line = FLAT.split("[[line]]").nth(1).unwrap().split("[[coverage]]").next().unwrap().to_owned();
    let named = |name: &str, column: &str| {
        let block = line.replace("item_name = \"item\"", &format!("item_name = {{ constant = \"{name}\" }}"));
        format!(
            "[[line]]{}",
            block.replace("amount = \"amount\"", &format!("amount = \"{column}\"")).replace("sequence = \"seq\"\n", "")
        )
    };
    let wide = format!("{}{}", named("掛號費", "seq"), named("藥費", "amount"));
    let mapping = FLAT.replace(&format!("[[line]]{line}"), &wide);
    let cases = build(&mapping, &flat(&[row("C1", "V1", "R1", "100,x,250"), row("C2", "V2", "R2", "100,x,-")]));
    assert_eq!(receipts(&accepted(&cases[0])), [2]);
    assert_eq!(receipts(&accepted(&cases[1])), [1], "an empty column charges nothing");
}

#[test]
fn the_time_comes_from_the_table_or_the_caller() {
    let mapping = FLAT.replace("timestamp = { constant = \"2026-03-12T12:00:00+08:00\" }\n", "");
    let map = map(&mapping);
    let tables = flat(&[row("C1", "V1", "R1", "1,掛號費,100")]);
    let export = Export::read(&map, &inputs(&tables)).unwrap();
    let without = export.cases(None).next().unwrap();
    assert!(without.refused() && read(&without.bundle).is_err());
    let at = "2026-03-12T04:00:00Z".parse().unwrap();
    let with = export.cases(Some(at)).next().unwrap();
    assert_eq!(with.bundle["timestamp"], "2026-03-12T12:00:00+08:00");
    assert!(!with.refused());
    accepted(&with);
    let stated = build(FLAT, &tables).remove(0);
    assert_eq!(stated.bundle, with.bundle);
}

#[test]
fn json_xml_and_lines_say_the_same_as_csv() {
    let expected = build(FLAT, &flat(&[row("C1", "V1", "R1", "1,掛號費,100"), row("C1", "V1", "R1", "2,藥費,80.5")]));
    let whole =
        r#""id":"A223456781","chart":"0001","name":"林小測","sex":"女","born":"0790422","visit":"V1","day":1150312,
        "cert":"DV1","icd":"S93.401A","disease":"扭傷","doctor":"陳示範""#
            .replace('\n', " ");
    let case = format!(
        r#"{{"case":"C1",{whole},"receipts":[{{"receipt":"R1","lines":[
        {{"seq":1,"item":"掛號費","amount":100}},{{"seq":2,"item":"藥費","amount":80.50}}]}}]}}"#
    )
    .replace('\n', " ");
    // The lines are a table of their own inside the first; both come from one file.
    let nested = FLAT
        .replace("[hospital]", "[[input]]\nname = \"lines\"\nformat = \"json\"\nrows = \"data/receipts/lines\"\njoin = { \"../../visit\" = \"visit\" }\n[hospital]")
        .replacen("format = \"csv\"", "format = \"json\"\nrows = \"data\"", 1)
        .replace("number = \"receipt\"", "number = \"receipts/receipt\"")
        .replace("receipt = \"receipt\"\nsequence", "from = \"lines\"\nreceipt = \"../receipt\"\nsequence")
        .replace("serviced_on = \"day\"", "serviced_on = \"../../day\"");
    let bytes = format!("\u{FEFF}{{\"data\":[{case}]}}").into_bytes();
    let json = build(&nested, &[("flat", bytes.clone()), ("lines", bytes)]);
    assert_eq!(json[0].bundle, expected[0].bundle);

    let lines = FLAT.replace("format = \"csv\"", "format = \"json-lines\"");
    let line = |seq: u8, item: &str, amount: &str| {
        format!(r#"{{"case":"C1",{whole},"receipt":"R1","seq":{seq},"item":"{item}","amount":"{amount}"}}"#)
    };
    let text = format!("{}\n\n{}\n", line(2, "藥費", "80.50"), line(1, "掛號費", "100"));
    assert_eq!(build(&lines, &[("flat", text.into_bytes())])[0].bundle, expected[0].bundle);

    let xml = FLAT.replace("format = \"csv\"", "format = \"xml\"\nrows = \"資料/列\"").replace("\"case\"", "\"@case\"");
    let cells = |seq: u8, item: &str, amount: &str| {
        let names =
            ["id", "chart", "name", "sex", "born", "visit", "day", "cert", "icd", "disease", "doctor", "receipt"];
        let values = row("C1", "V1", "R1", "").split(',').skip(1).map(str::to_owned).collect::<Vec<_>>();
        let whole: Vec<String> =
            names.iter().zip(values).map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        format!("<列 case='C1'>{}<seq>{seq}</seq><item>{item}</item><amount>{amount}</amount></列>", whole.concat())
    };
    let text = format!("<資料>{}{}</資料>", cells(1, "掛號費", "100"), cells(2, "藥費", "80.50"));
    assert_eq!(build(&xml, &[("flat", text.into_bytes())])[0].bundle, expected[0].bundle);
}

#[test]
fn own_characters_are_shown_as_a_mark_and_told() {
    let mapping = FLAT.replace("format = \"csv\"", "format = \"csv\"\nencoding = \"big5\"");
    let text = flat_text();
    let mut bytes = encoding_rs::BIG5.encode(&text).0.into_owned();
    let place = bytes.windows(2).position(|pair| pair == [0xB4, 0xFA]).unwrap();
    bytes[place] = 0xFA;
    bytes[place + 1] = 0x40;
    let map = map(&mapping);
    let export = Export::read(&map, &[Input { name: "flat", bytes: &bytes }]).unwrap();
    let issue = &export.findings()[0];
    assert_eq!((&*issue.code, issue.expression.as_slice()), ("export.own-character", &["flat[2].name".to_owned()][..]));
    assert!(issue.diagnostics.contains("FA40") && !issue.diagnostics.contains('林'), "{}", issue.diagnostics);
    let case = export.cases(None).next().unwrap();
    let name = field(&case, "patient.name");
    assert_eq!((name.value(), name.reason.as_str()), (Some("林小〓"), "as written; 造字 FA40 shown as 〓"));

    let known = mapping.replace("encoding = \"big5\"", "encoding = \"big5\"\ncharacters = { FA40 = \"喆\" }");
    let case = build(&known, &[("flat", bytes)]).remove(0);
    assert_eq!(field(&case, "patient.name").value(), Some("林小喆"));
}

#[test]
fn a_number_with_an_own_character_joins_nothing() {
    let mapping = map(FLAT);
    let text = flat_text().replace("\nC1,", "\nC\u{E000},");
    let export = Export::read(&mapping, &[Input { name: "flat", bytes: text.as_bytes() }]).unwrap();
    assert_eq!(codes(export.findings()), ["export.no-case-number", "export.own-character"]);
    assert_eq!(export.cases(None).count(), 0);
}

fn flat_text() -> String {
    format!("{HEADER}\n{}\n", row("C1", "V1", "R1", "1,掛號費,100"))
}

#[test]
fn rows_of_nobody_are_told() {
    let mut tables = tables();
    tables[1].1.extend("V9,R9,1150312,1,REG,掛號費,S,1,1,1,1,N\n".as_bytes());
    let mapping = map(&example("map.toml"));
    let export = Export::read(&mapping, &inputs(&tables)).unwrap();
    let stray: Vec<_> = export.findings().iter().filter(|issue| issue.code == "export.rows-without-case").collect();
    assert_eq!(stray[0].expression, ["receipts[10]"]);
    assert!(codes(export.findings()).contains(&"export.rows-left-out"));
    tables.retain(|(name, _)| *name != "labs");
    let cases = build(&example("map.toml"), &tables);
    assert_eq!(read(&cases[0].bundle).unwrap().documents.len(), 2, "labs are optional");
    tables.retain(|(name, _)| *name != "policies");
    assert_eq!(codes(&refusal(&example("map.toml"), &tables))[0], "export.input-missing");
}
