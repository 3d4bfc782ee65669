//! Rows of JSON, or of XML read into the same form: objects at the end of a path, values by a path from each.

use claimgate_fhir::decimal;
use claimgate_fhir::limits::Limits;
use claimgate_fhir::outcome::{Issue, IssueKind};
use claimgate_fhir::parse;
use serde_json::Value;

use super::map::Column;
use super::table::{BYTES, ROWS, Rows};
use crate::csv::CELL;

/// The text of an element that also has attributes or elements.
pub(super) const TEXT: &str = "#text";

/// Bounds of one JSON text.
pub(super) fn limits() -> Limits {
    Limits { bytes: 2 * BYTES, items: ROWS, values: 2_000_000, ..Limits::default() }
}

/// Reads one JSON text.
pub(super) fn json(text: &str, rows: &mut Rows<'_>) {
    match parse::parse(text.as_bytes(), &limits()) {
        Ok(root) => self::rows(&root, rows),
        Err(issue) => rows.report(None, None, Issue { expression: Vec::new(), ..issue }),
    }
}

/// Reads one JSON object from each line.
pub(super) fn json_lines(text: &str, rows: &mut Rows<'_>) {
    let limits = Limits { bytes: CELL * 16, ..limits() };
    let mut absent = vec![true; rows.columns().len()];
    for (line, number) in text.lines().zip(1_usize..).filter(|(line, _)| !line.trim().is_empty()) {
        match parse::parse(line.as_bytes(), &limits) {
            Ok(value) => {
                if !row(&[&value], number, rows, &mut absent) {
                    return;
                }
            }
            Err(issue) => rows.report(Some(number), None, Issue { expression: Vec::new(), ..issue }),
        }
    }
    report_absent(rows, &absent);
}

/// Takes the rows at the mapping's path; without one the root is the array of rows.
pub(super) fn rows(root: &Value, rows: &mut Rows<'_>) {
    let path = rows.spec().rows.as_deref().unwrap_or_default();
    let path: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let mut walk = Walk { absent: vec![true; rows.columns().len()], count: 0, rows };
    let _stopped = walk.down(root, &path, &mut Vec::new());
    let Walk { absent, count, rows } = walk;
    if count > 0 {
        report_absent(rows, &absent);
    }
}

struct Walk<'w, 'r> {
    absent: Vec<bool>,
    count: usize,
    rows: &'w mut Rows<'r>,
}

impl Walk<'_, '_> {
    /// Goes down the path through every array on the way; nothing once there are too many rows.
    fn down<'v>(&mut self, value: &'v Value, path: &[&str], around: &mut Vec<&'v Value>) -> Option<()> {
        if let Value::Array(items) = value {
            return items.iter().try_for_each(|item| self.down(item, path, around));
        }
        around.push(value);
        let done = if let Some((name, rest)) = path.split_first() {
            value.get(*name).map_or(Some(()), |next| self.down(next, rest, around))
        } else {
            self.count += 1;
            row(around, self.count, self.rows, &mut self.absent).then_some(())
        };
        around.pop();
        done
    }
}

/// Takes one row: the last of these, with the objects around it before it.
fn row(around: &[&Value], number: usize, rows: &mut Rows<'_>, absent: &mut [bool]) -> bool {
    if !around.last().is_some_and(|row| row.is_object()) {
        rows.refuse(
            number,
            IssueKind::Structure,
            "export.row-not-object",
            "The row is not an object.",
            "資料列不是物件",
        );
        return true;
    }
    let mut cells = Vec::new();
    for (column, absent) in rows.columns().iter().zip(absent) {
        let cell = match cell(around, column) {
            Ok(found) => {
                *absent &= found.is_none();
                found.unwrap_or_default()
            }
            Err(text) => {
                *absent = false;
                let issue = Issue::error(IssueKind::Structure, "export.column-not-a-value", text);
                rows.report(Some(number), Some(column), issue.zh("欄位不是單一值"));
                String::new()
            }
        };
        cells.push(cell);
    }
    rows.push(number, cells)
}

/// The one value at a path from the row, `../` leading outwards.
fn cell(around: &[&Value], column: &Column) -> Result<Option<String>, &'static str> {
    let mut path = column.name();
    let mut here = around;
    while let Some(rest) = path.strip_prefix("../") {
        path = rest;
        here = here.split_last().map_or(&[], |(_, outer)| outer);
    }
    let Some(mut value) = here.last().copied() else { return Ok(None) };
    for name in path.split('/') {
        match value.get(name) {
            Some(Value::Array(items)) => match items.as_slice() {
                [] => return Ok(None),
                [only] => value = only,
                _ => {
                    return Err(
                        "There are several values here. Make them an input of their own, with this path in `rows`.",
                    );
                }
            },
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => decimal::text(number),
        Value::Bool(yes) => yes.to_string(),
        Value::Object(members) => match members.get(TEXT) {
            Some(Value::String(text)) => text.clone(),
            _ => return Err("There is an object here, not a value. Name the value in it, with `/` between the names."),
        },
        Value::Array(_) => return Err("There is an array here, not a value."),
    };
    if text.len() > CELL { Err("The value is longer than 65536 bytes.") } else { Ok(Some(text)) }
}

/// A column that no row has is most often misspelt; absent values are left out by some systems, so it refuses nothing.
fn report_absent(rows: &Rows<'_>, absent: &[bool]) {
    if rows.refused() {
        return;
    }
    for (column, _) in rows.columns().iter().zip(absent).filter(|(_, absent)| **absent) {
        let text = "No row has this column. Compare the name and the path in the mapping.";
        let issue = Issue::warning(IssueKind::NotFound, "export.column-absent", text);
        rows.report(None, Some(column), issue.zh("所有資料列都沒有此欄位"));
    }
}
