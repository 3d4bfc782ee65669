//! The table of broken Bundles: each row of `broken.txt` changes one fixture in small and lists every finding that
//! follows, no more and no fewer: severity, FHIR kind, code, place.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use claimgate_fhir::outcome::CODES;
use claimgate_fhir::package::{NamedBytes, PackageLimits};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;

/// How a row is written stands in its head.
const TABLE: &str = include_str!("broken.txt");

/// The resources of a package made for this table.
const GUIDE: &str = include_str!("guide.json");

/// What a row makes of a fixture.
struct Case {
    value: Value,
    /// From the first change of the text on, which changes the value no longer.
    text: Option<Vec<u8>>,
    format: Format,
    limits: Limits,
    guided: bool,
}

/// Several JSON values after one another.
fn values(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().unwrap()
}

/// `Claim/item/0` is the first Claim's, `Organization.1/name` the second Organization's, `/entry/0` the Bundle's.
fn pointer(bundle: &Value, path: &str) -> String {
    if path.is_empty() || path.starts_with('/') {
        return path.to_owned();
    }
    let (head, rest) = path.split_once('/').map_or((path, String::new()), |(head, rest)| (head, format!("/{rest}")));
    let (kind, nth) = head.split_once('.').unwrap_or((head, "0"));
    format!("/entry/{}/resource{rest}", position(bundle, kind, nth.parse().unwrap()))
}

impl Case {
    fn new() -> Self {
        let (value, limits) = (fixture("outpatient"), Limits::default());
        Self { value, text: None, format: Format::Json, limits, guided: false }
    }

    fn place(&mut self, path: &str) -> &mut Value {
        assert!(self.text.is_none(), "{path}: the text was changed before");
        let pointer = pointer(&self.value, path);
        self.value.pointer_mut(&pointer).unwrap_or_else(|| panic!("{path} is not there"))
    }

    fn text(&mut self) -> &mut Vec<u8> {
        let (value, format) = (&self.value, self.format);
        self.text.get_or_insert_with(|| match format {
            Format::Json => value.to_string().into_bytes(),
            Format::Xml => xml::write(value).unwrap().into_bytes(),
        })
    }

    /// Puts bytes in the place of the first occurrence of a text.
    fn replace(&mut self, old: &str, new: &[u8]) {
        let text = self.text();
        let at = text.windows(old.len()).position(|window| window == old.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{old} is not there"));
        text.splice(at..at + old.len(), new.iter().copied());
    }

    fn put(&mut self, path: &str, new: Value) {
        let (parent, last) = path.rsplit_once('/').unwrap();
        match self.place(parent) {
            Value::Object(members) => drop(members.insert(last.to_owned(), new)),
            Value::Array(items) => items[last.parse::<usize>().unwrap()] = new,
            _ => panic!("{parent} holds nothing"),
        }
    }

    fn edit(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (path, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let string = |value: &Value| value.as_str().unwrap().to_owned();
        match word {
            "base" => self.value = fixture(rest),
            "set" => self.put(path, serde_json::from_str(more).unwrap()),
            "long" => {
                let [one, times] = &values(more)[..] else { panic!("{line}") };
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                self.put(path, json!(string(one).repeat(times)));
            }
            "copy" => {
                let value = self.place(path).clone();
                self.put(more, value);
            }
            "add" => self.place(path).as_array_mut().unwrap().push(serde_json::from_str(more).unwrap()),
            "fill" => {
                let [one, times] = &values(more)[..] else { panic!("{line}") };
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                *self.place(path) = json!(vec![one.clone(); times]);
            }
            "remove" => {
                let (parent, last) = path.rsplit_once('/').unwrap();
                match self.place(parent) {
                    Value::Object(members) => drop(members.remove(last).unwrap()),
                    Value::Array(items) => drop(items.remove(last.parse().unwrap())),
                    _ => panic!("{parent} holds nothing"),
                }
            }
            "swap" => {
                let (one, other) = (path.parse().unwrap(), more.parse().unwrap());
                self.value["entry"].as_array_mut().unwrap().swap(one, other);
            }
            "without" => remove(&mut self.value, rest),
            "entry" => {
                let resource: Value = serde_json::from_str(rest).unwrap();
                let (kind, id) = (string(&resource["resourceType"]), string(&resource["id"]));
                let url = format!("https://hospital.example/fhir/{kind}/{id}");
                self.value["entry"].as_array_mut().unwrap().push(json!({ "fullUrl": url, "resource": resource }));
            }
            "guide" => {
                self.guided = true;
                // What the other profiles ask for is nobody's question here.
                for entry in self.value["entry"].as_array_mut().unwrap() {
                    entry["resource"].as_object_mut().unwrap().remove("meta");
                }
                let profile = format!("https://guide.example/StructureDefinition/{}", rest.to_lowercase());
                self.put(&format!("{rest}/meta"), json!({ "profile": [profile] }));
            }
            "limit" => {
                let number = more.parse().unwrap();
                match path {
                    "bytes" => self.limits.bytes = number,
                    "entries" => self.limits.entries = number,
                    "items" => self.limits.items = number,
                    "values" => self.limits.values = number,
                    _ => panic!("{line}"),
                }
            }
            "xml" => self.format = Format::Xml,
            "text" => {
                let [old, new] = &values(rest)[..] else { panic!("{line}") };
                self.replace(&string(old), string(new).as_bytes());
            }
            "bytes" => {
                let [old, new] = &values(rest)[..] else { panic!("{line}") };
                let new: Vec<u8> = serde_json::from_value(new.clone()).unwrap();
                self.replace(&string(old), &new);
            }
            "nest" => {
                let [old, open, close, times] = &values(rest)[..] else { panic!("{line}") };
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                let new = [string(open).repeat(times), string(close).repeat(times)].concat();
                self.replace(&string(old), new.as_bytes());
            }
            "cut" => {
                let length = self.text().len() - rest.parse::<usize>().unwrap();
                self.text().truncate(length);
            }
            "after" => {
                let more = string(&values(rest)[0]);
                self.text().extend_from_slice(more.as_bytes());
            }
            _ => panic!("{line}: no such change"),
        }
    }

    fn read(&mut self, guide: &Rules) -> Result<HospitalBundle, Rejection> {
        let rules = self.guided.then_some(guide);
        let settings = Settings { limits: self.limits, rules, ..Settings::default() };
        let format = self.format;
        read_format(self.text(), format, &settings)
    }
}

/// The package, as an archive of one file for each resource.
fn guide() -> Rules {
    let resources: Vec<Value> = serde_json::from_str(GUIDE).unwrap();
    let mut tar = Vec::new();
    for (number, resource) in resources.iter().enumerate() {
        let (name, text) = (format!("package/{number}.json"), resource.to_string());
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
        header[148..156].fill(b' ');
        header[156] = b'0';
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend(header);
        tar.extend(text.as_bytes());
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).unwrap();
    let bytes = gzip.finish().unwrap();
    let rules = Rules::load(&[NamedBytes { name: "guide", bytes: &bytes }], &PackageLimits::default()).unwrap();
    assert_eq!(rules.unevaluated(), []);
    rules
}

/// A finding as a row writes it.
fn told(issue: &Issue) -> String {
    let places = if issue.expression.is_empty() { "-".to_owned() } else { issue.expression.join(", ") };
    format!("  = {} {} {} {places}\n", issue.severity.as_str(), issue.kind.as_str(), issue.code)
}

/// What a person or a case could be known by: every text with a digit or a sign beyond ASCII that is not of a code
/// list, and every amount.
fn personal(value: &Value, name: &str, into: &mut Vec<String>) {
    const WORDS: [&str; 14] = [
        "resourceType",
        "system",
        "code",
        "url",
        "profile",
        "status",
        "use",
        "unit",
        "currency",
        "type",
        "title",
        "valueCanonical",
        "contentType",
        "valueString",
    ];
    match value {
        Value::Object(members) => members.iter().for_each(|(name, inside)| personal(inside, name, into)),
        Value::Array(items) => items.iter().for_each(|inside| personal(inside, name, into)),
        Value::String(text) if !WORDS.contains(&name) && text.chars().count() > 2 => {
            let telling = |sign: char| sign.is_ascii_digit() || !sign.is_ascii();
            into.extend(text.contains(telling).then(|| text.clone()));
        }
        Value::Number(number) if number.to_string().len() > 3 => into.push(number.to_string()),
        _ => {}
    }
}

/// The rows: their layer, name, changes and findings; and the table as it should be.
fn run(guide: &Rules, mut each: impl FnMut(&str, &str, &mut Case, &[Issue])) -> String {
    let (mut written, mut layer) = (String::new(), "");
    let mut lines = TABLE.lines().peekable();
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        if let Some(name) = line.strip_prefix("## ") {
            layer = name;
        }
        let Some(name) = line.strip_prefix("- ") else { continue };
        let mut case = Case::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
            if !line.starts_with("  = ") {
                written.push_str(line);
                written.push('\n');
                case.edit(line.trim());
            }
        }
        let issues = match case.read(guide) {
            Ok(bundle) => bundle.warnings,
            Err(rejection) => {
                let worst = &rejection.issues[0];
                let expected = match (worst.severity, worst.kind) {
                    (_, IssueKind::TooCostly) => Refused::TooLarge,
                    (Severity::Fatal, _) => Refused::Malformed,
                    _ => Refused::Unprocessable,
                };
                assert!(worst.refuses() && rejection.reason == expected, "{name}: {:?}", rejection.reason);
                rejection.issues
            }
        };
        written.extend(issues.iter().map(told));
        written.push_str(if issues.is_empty() { "  = nothing\n" } else { "" });
        each(layer, name, &mut case, &issues);
    }
    written
}

#[test]
fn each_row_gives_its_findings_and_no_other() {
    let (mut rows, mut layers, mut codes) = (0, BTreeMap::<String, usize>::new(), BTreeSet::new());
    let found = run(&guide(), |layer, _, _, issues| {
        rows += 1;
        *layers.entry(layer.to_owned()).or_default() += 1;
        codes.extend(issues.iter().map(|issue| issue.code.to_string()));
    });
    let all = CODES.iter().filter(|code| !code.code.starts_with("export.")).count();
    println!("{rows} rows, {} of {all} codes: {layers:?}", codes.len());
    assert!(rows >= 200 && layers.len() == 9, "{rows}");
    let differ = TABLE.lines().zip(found.lines()).position(|(expected, found)| expected != found);
    assert!(found == TABLE, "broken.txt is not what is found, from line {:?}:\n{found}", differ.map(|line| line + 1));
}

#[test]
fn no_finding_repeats_what_a_bundle_says_of_a_person() {
    let mut told_of = 0;
    run(&guide(), |_, name, case, issues| {
        let mut values = vec!["金絲雀".to_owned(), "Z123456780".to_owned()];
        personal(&case.value, "", &mut values);
        assert!(values.len() > 15, "{name}");
        // A sum that does not come out is told with both figures: without them nobody finds the line.
        let (figured, plain): (Vec<_>, Vec<_>) =
            issues.iter().cloned().partition(|issue| issue.code.ends_with("-differs"));
        let text = |issues: Vec<Issue>| format!("{issues:?}") + &OperationOutcome { issues }.to_json().to_string();
        let (figured, plain) = (text(figured), text(plain));
        for value in values {
            let amount = value.parse::<f64>().is_ok();
            assert!(!plain.contains(&value), "{name} repeats {value}: {plain}");
            assert!(amount || !figured.contains(&value), "{name} repeats {value}: {figured}");
            told_of += 1;
        }
    });
    println!("{told_of} values looked for");
}

#[test]
fn every_finding_says_what_and_how_in_both_languages() {
    run(&guide(), |_, name, _, issues| {
        for issue in issues {
            assert!(issue.diagnostics.len() > 25 && issue.diagnostics.ends_with('.'), "{name}: {}", issue.diagnostics);
            let chinese = issue.text.as_ref().is_some_and(|text| text.chars().any(|sign| sign > '\u{2E80}'));
            assert!(chinese, "{name}: {}", issue.code);
        }
    });
}
