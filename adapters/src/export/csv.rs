//! Rows of CSV → rows of a table: a row with more or fewer values than the header has moved values under wrong names.

use std::borrow::Cow;

use claimgate_fhir::outcome::{Issue, IssueKind};

use super::map::Column;
use super::table::Rows;
use crate::csv::{Broken, CELL, COLUMNS, Reader};

/// Reads every row into the table.
pub(super) fn read(text: &str, rows: &mut Rows<'_>) {
    let spec = rows.spec();
    let mut reader = Reader::new(text, spec.delimiter(), spec.quote());
    let mut places: Option<Vec<usize>> = None;
    let mut width = 0;
    while let Some((line, cells)) = reader.next() {
        let mut cells = match cells {
            Ok(cells) => cells,
            // What follows would be read in the wrong way.
            Err(why) => return broken(rows, line, why),
        };
        let Some(places) = &places else {
            width = cells.len();
            let Some(found) = place(&cells, rows, line) else { return };
            if !spec.header() && !rows.push(line, pick(&cells, &found)) {
                return;
            }
            places = Some(found);
            continue;
        };
        // A delimiter at the end of each line, as some systems write it.
        while cells.len() > width && cells.last().is_some_and(|last| last.trim().is_empty()) {
            cells.pop();
        }
        if cells.len() != width {
            let text = format!(
                "The row has {} values and the first row {width}, so values stand under wrong names. Put values that hold \
                 the delimiter, a quote or a line break in quotes.",
                cells.len()
            );
            rows.refuse(line, IssueKind::Structure, "export.row-width", &text, "欄位數與標題列不符");
            continue;
        }
        if !rows.push(line, pick(&cells, places)) {
            return;
        }
    }
}

fn pick(cells: &[Cow<'_, str>], places: &[usize]) -> Vec<String> {
    places.iter().map(|place| cells.get(*place).map(|cell| cell.clone().into_owned()).unwrap_or_default()).collect()
}

fn broken(rows: &Rows<'_>, line: usize, why: Broken) {
    let (kind, text) = match why {
        Broken::Open => (
            IssueKind::Structure,
            "A quoted value begins in this row and does not end. Double quotes inside quoted values.".to_owned(),
        ),
        Broken::AfterQuote => (
            IssueKind::Structure,
            "Something follows a quoted value before the next delimiter. Double quotes inside quoted values."
                .to_owned(),
        ),
        Broken::TooManyColumns => {
            (IssueKind::TooCostly, format!("The row has more than {COLUMNS} columns. Look at `delimiter`."))
        }
        Broken::TooLong => (IssueKind::TooCostly, format!("A value of the row has more than {CELL} bytes.")),
    };
    rows.refuse(line, kind, "export.row-broken", &text, "資料列格式不正確");
}

/// Where each needed column stands; nothing where one does not.
fn place(first: &[Cow<'_, str>], rows: &Rows<'_>, line: usize) -> Option<Vec<usize>> {
    let named = |column: &Column| {
        let mut found = first.iter().enumerate().filter(|(_, name)| name.trim() == column.name());
        match (found.next(), found.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err((
                "export.column-twice",
                "Two columns have this name. Say which by its number, for example \"#3\".",
                "欄位名稱重複",
            )),
            _ => Err((
                "export.column-missing",
                "The first row has no such column. Compare the names, or `delimiter`, `encoding` and `header`.",
                "找不到欄位",
            )),
        }
    };
    let mut places = Vec::new();
    for column in rows.columns() {
        let place = match column.number() {
            Some(number) if number < first.len() => Ok(number),
            Some(_) => Err(("export.column-missing", "The first row has fewer columns.", "找不到欄位")),
            None => named(column),
        };
        match place {
            Ok(place) => places.push(place),
            Err((code, text, zh)) => {
                rows.report(Some(line), Some(column), Issue::error(IssueKind::NotFound, code, text).zh(zh));
            }
        }
    }
    (places.len() == rows.columns().len()).then_some(places)
}
