//! Codes: the form of those of known systems, and whether a diagnosis or operation is coded in a system that counted
//! on the day of service. What is known of a system stands in `codes.txt`, each line with its source.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::dates::{day, visit};
use crate::bundle::Bundle;
use crate::element::Element;
use crate::outcome::{Findings, Issue, IssueKind};
use crate::parse::element_name;

/// One line of the table.
struct System {
    name: &'static str,
    form: fn(&str) -> bool,
    first: Option<Date>,
    last: Option<Date>,
}

/// By the last part of the URI (guides moved, their names did not), or by the whole of it.
static SYSTEMS: LazyLock<HashMap<&'static str, System>> =
    LazyLock::new(|| include_str!("codes.txt").lines().filter_map(line).collect());

fn line(line: &'static str) -> Option<(&'static str, System)> {
    let mut columns = line.split('|').map(str::trim);
    let (uri, name, form) = (columns.next()?, columns.next()?, columns.next()?);
    let mut date = || columns.next().and_then(|day| day.parse().ok());
    let system = System { name, form: form_of(form)?, first: date(), last: date() };
    (!uri.starts_with('#')).then_some((uri, system))
}

fn form_of(name: &str) -> Option<fn(&str) -> bool> {
    Some(match name {
        "icd-10-cm" => icd_10_cm,
        "icd-9-cm" => icd_9_cm,
        "icd-10-pcs" => |code| code.len() == 7 && code.bytes().all(|sign| capital(sign) && !b"IO".contains(&sign)),
        "nhi-order" => nhi_order,
        "nhi-drug" => |code| code.len() == 10 && code.bytes().all(capital),
        _ => return None,
    })
}

fn system(uri: &str) -> Option<&'static System> {
    let uri = uri.trim().trim_end_matches('/');
    SYSTEMS.get(uri).or_else(|| SYSTEMS.get(uri.rsplit('/').next()?))
}

/// A capital letter or a digit.
fn capital(sign: u8) -> bool {
    sign.is_ascii_uppercase() || sign.is_ascii_digit()
}

/// With the dot after the third sign or without any: both are written.
fn icd_10_cm(code: &str) -> bool {
    let (head, tail) = code.split_once('.').unwrap_or_else(|| code.split_at_checked(3).unwrap_or((code, "")));
    let dotted = code.contains('.');
    let head = head.as_bytes();
    matches!(head, [letter, digit, sign] if letter.is_ascii_uppercase() && digit.is_ascii_digit() && capital(*sign))
        && tail.len() <= 4
        && !(dotted && tail.is_empty())
        && tail.bytes().all(capital)
}

fn icd_9_cm(code: &str) -> bool {
    let (head, tail) = match code.split_once('.') {
        Some((_, "")) => return false,
        Some(parts) => parts,
        None => code.split_at_checked(if code.starts_with('E') { 4 } else { 3 }).unwrap_or((code, "")),
    };
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|sign| sign.is_ascii_digit());
    let headed = match head.strip_prefix('E') {
        Some(rest) => digits(rest, 3),
        None => head.strip_prefix('V').map_or_else(|| digits(head, 3), |rest| digits(rest, 2)),
    };
    headed && digits(tail, tail.len()) && tail.len() <= 2
}

fn nhi_order(code: &str) -> bool {
    let Some((digits, letter)) = code.split_at_checked(code.len().saturating_sub(1)) else { return false };
    (4..=6).contains(&digits.len())
        && digits.bytes().all(|sign| sign.is_ascii_digit())
        && letter.bytes().all(|sign| sign.is_ascii_uppercase())
}

pub(super) fn look(bundle: &Bundle<'_>) {
    for entry in bundle.entries() {
        let mut place = Vec::new();
        forms(entry.resource.members(), &mut place, &entry.resource);
    }
    for condition in bundle.all("Condition") {
        let started = visit(bundle, condition).and_then(|visit| day(&visit.child("period")?, "start"));
        let day = started.or_else(|| day(condition, "recordedDate"));
        counted(condition, day.map(|dated| dated.day));
    }
    for procedure in bundle.all("Procedure") {
        let period = procedure.child("performedPeriod").and_then(|period| day(&period, "start"));
        counted(procedure, period.or_else(|| day(procedure, "performedDateTime")).map(|dated| dated.day));
    }
}

/// Reports codings of `code` in a system that did not count on that day.
fn counted(resource: &Element<'_>, day: Option<Date>) {
    let (Some(day), Some(code)) = (day, resource.child("code")) else { return };
    for coding in code.children("coding") {
        let Some(system) = coding.string("system").and_then(system) else { continue };
        if system.first.is_some_and(|first| day < first) || system.last.is_some_and(|last| last < day) {
            let text = format!(
                "{} did not count for National Health Insurance on the day of service. Give the code of the edition \
                 that did, beside this one or instead of it.",
                system.name
            );
            let issue = Issue::warning(IssueKind::CodeInvalid, "code.system-not-in-use", text);
            coding.report(issue.zh("就醫當日不適用此版代碼"), "system");
        }
    }
}

/// One step of a place, written out only where there is something to report.
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// Looks at every Coding below; `place` is where we stand.
fn forms<'a>(members: &'a Map<String, Value>, place: &mut Vec<Step<'a>>, resource: &Element<'a>) {
    if let (Some(Value::String(uri)), Some(Value::String(code))) = (members.get("system"), members.get("code"))
        && let Some(system) = system(uri)
        && !(system.form)(code.trim())
    {
        report(system, place, resource.path(), resource.findings());
    }
    for (name, value) in members {
        place.push(Step::Member(name));
        match value {
            Value::Object(inside) => forms(inside, place, resource),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let Value::Object(inside) = item else { continue };
                    place.push(Step::Item(index));
                    forms(inside, place, resource);
                    place.pop();
                }
            }
            _ => {}
        }
        place.pop();
    }
}

fn report(system: &System, place: &[Step<'_>], resource: &str, findings: &Findings) {
    let mut path = resource.to_owned();
    for step in place {
        match step {
            Step::Member(name) => {
                path.push('.');
                path.push_str(element_name(name).unwrap_or("*"));
            }
            Step::Item(index) => path.extend(["[", &index.to_string(), "]"]),
        }
    }
    let text = format!("This is not of the form of a code of {}. Compare it with the published list.", system.name);
    let issue = Issue::warning(IssueKind::CodeInvalid, "code.form", text);
    findings.report(issue.at(path + ".code").zh("代碼格式不符"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::tests::shared;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("codes.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines.clone() {
            assert_eq!(line.split('|').count(), 6, "{line}");
            assert!(line.split('|').next_back().unwrap().trim().len() > 5, "no source: {line}");
        }
        assert_eq!(lines.count(), SYSTEMS.len());
        let nine = system("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/icd-9-cm-2001-tw/").unwrap();
        assert_eq!((nine.first, nine.last), (None, Some(jiff::civil::date(2015, 12, 31))));
    }

    #[test]
    fn forms_take_what_is_published_and_nothing_like_it() {
        for (name, good, bad) in [
            (
                "icd-10-cm-2023-tw",
                "A00 A00.0 I10 S93.401A S93401A E11.9 E119 S06.0X0A C7A.00 E08.649",
                "A0 00.1 A00. a00 A00.12345 A.00",
            ),
            ("icd-9-cm-2001-tw", "842.19 84219 250 V30.0 E880.9 E8809", "84 842. 842.191 E88 V3 A00"),
            ("icd-10-pcs-2023-tw", "0016070 0DTJ4ZZ BU46ZZZ", "001607 0016O70 0DTJ4Z. 0dtj4zz 00160700"),
            ("medical-service-payment-tw", "06013C 09002C 1234A", "06013 C06013 06013c 123A 0601301C"),
            ("medication-nhi-tw", "KC009612B5 AC346701G0 A000015421", "KC009612B KC009612B55 kc009612b5 KC00961 B5"),
        ] {
            let system = system(name).unwrap();
            for code in good.split(' ') {
                assert!((system.form)(code), "{name} {code}");
            }
            for code in bad.split(' ') {
                assert!(!(system.form)(code), "{name} {code}");
            }
            assert!(!(system.form)("") && !(system.form)("碼"), "{name}");
        }
    }

    #[test]
    fn every_published_code_has_the_form_of_its_system() {
        let mut seen = 0;
        for name in ["icd-10-cm-2023-tw", "icd-10-pcs-2023-tw"] {
            let path = format!("data/fhir/examples/_terminology/CodeSystem-{name}.EXTRACT.json");
            let Some(path) = shared(&path) else { return };
            let list: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            for concept in list["concept"].as_array().unwrap() {
                let code = concept["code"].as_str().unwrap();
                assert!((system(name).unwrap().form)(code), "{code}");
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen}");
    }
}
