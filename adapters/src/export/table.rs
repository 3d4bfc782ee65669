//! An input → the rows of a table, with the columns that the mapping needs and no others; bounded, all findings told.
//!
//! In: bytes and how the mapping describes them. Out: rows of texts with their place. Must not know: what a column means.

use std::cell::Cell;

use claimgate_fhir::outcome::{Findings, Issue, IssueKind};

use super::decode::{self, GETA};
use super::map::{Column, InputSpec, Written};
use super::{csv, tree, xml};

/// Bytes of one input.
pub(super) const BYTES: usize = 32 * 1024 * 1024;
/// Rows of one input.
pub(super) const ROWS: usize = 100_000;
/// Values kept of one input, because many empty ones are short in a file and long in memory.
const CELLS: usize = 2_000_000;

/// A row with the values of the needed columns, in their order.
pub(super) struct Row {
    /// CSV and JSON lines: the line of the file it begins at. JSON and XML: its position, from one.
    pub(super) number: usize,
    cells: Vec<String>,
    /// Which cells held codes without a sign, and which codes.
    odd: Vec<(usize, String)>,
}

/// The rows of one input.
#[derive(Default)]
pub(super) struct Table {
    columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

claimgate_packet::opaque_debug!(Row, Table);

impl Table {
    /// A value to join by. One that holds a code without a sign joins nothing: two different signs would look alike.
    pub(super) fn key<'t>(&'t self, row: &'t Row, column: &Column) -> &'t str {
        match self.cell(row, column) {
            (text, None) => text,
            (_, Some(_)) => "",
        }
    }

    /// A value, empty where there is none, and the codes in it that have no sign.
    pub(super) fn cell<'t>(&'t self, row: &'t Row, column: &Column) -> (&'t str, Option<&'t str>) {
        let Ok(place) = self.columns.binary_search(column) else { return ("", None) };
        let odd = row.odd.iter().find(|(at, _)| *at == place).map(|(_, codes)| codes.as_str());
        (row.cells.get(place).map_or("", String::as_str), odd)
    }
}

/// A table in the making.
pub(super) struct Rows<'r> {
    spec: &'r InputSpec,
    findings: &'r Findings,
    table: Table,
    left_out: usize,
    /// Whether an error was reported; what else is missing then follows from it.
    refused: Cell<bool>,
}

impl<'r> Rows<'r> {
    pub(super) fn columns(&self) -> &[Column] {
        &self.table.columns
    }

    /// Whether an error was reported of this input.
    pub(super) fn refused(&self) -> bool {
        self.refused.get()
    }

    pub(super) fn spec(&self) -> &'r InputSpec {
        self.spec
    }

    /// Reports something of the whole input, or of one row.
    pub(super) fn report(&self, row: Option<usize>, column: Option<&Column>, issue: Issue) {
        self.refused.set(self.refused.get() || issue.refuses());
        self.findings.report(issue.at(place(&self.spec.name, row, column)));
    }

    /// An error at a row.
    pub(super) fn refuse(&self, row: usize, kind: IssueKind, code: &'static str, text: &str, zh: &'static str) {
        self.report(Some(row), None, Issue::error(kind, code, text).zh(zh));
    }

    /// Takes a row whose values stand in the order of [`Rows::columns`]. False once there are too many.
    pub(super) fn push(&mut self, number: usize, cells: Vec<String>) -> bool {
        if self.table.rows.len() >= ROWS || self.table.rows.len() * self.table.columns.len().max(1) >= CELLS {
            let text = format!("More than {ROWS} rows, or more than {CELLS} values. Export fewer cases at once.");
            self.report(None, None, Issue::error(IssueKind::TooCostly, "export.too-many-rows", text).zh("資料列過多"));
            return false;
        }
        let mut row = Row { number, cells, odd: Vec::new() };
        let empty = &self.spec.empty;
        for (cell, (place, column)) in row.cells.iter_mut().zip(self.table.columns.iter().enumerate()) {
            let (text, codes) = decode::settle(cell.trim(), self.spec.encoding);
            if !codes.is_empty() {
                let few = codes.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(" ");
                let text = format!(
                    "{} signs without a known meaning (造字) are shown as {GETA}; their codes: {few}. Add them to \
                     `characters` of the input, with the sign that each stands for.",
                    codes.len()
                );
                let issue = Issue::warning(IssueKind::CodeInvalid, "export.own-character", text);
                let here = super::table::place(&self.spec.name, Some(number), Some(column));
                self.findings.report(issue.at(here).zh("含有無法對應的造字"));
                row.odd.push((place, few));
            }
            *cell = if empty.contains(&text) { String::new() } else { text };
        }
        let counts = |(column, values): (&Column, &Vec<String>)| {
            let place = self.table.columns.binary_search(column).ok();
            let cell = place.and_then(|place| row.cells.get(place)).map_or("", String::as_str);
            values.iter().any(|value| value.trim() == cell)
        };
        if self.spec.only.iter().all(counts) {
            self.table.rows.push(row);
        } else {
            self.left_out += 1;
        }
        true
    }

    fn finish(self) -> Table {
        if self.left_out > 0 {
            let text = format!("Rows left out, as `only` in the mapping says: {}.", self.left_out);
            self.report(None, None, Issue::information("export.rows-left-out", text).zh("部分資料列依設定不採用"));
        }
        if self.table.rows.is_empty() && !self.refused.get() {
            let text = "No row of this input counts. Look at `rows`, `header` and `only` in the mapping.";
            self.report(None, None, Issue::warning(IssueKind::Incomplete, "export.no-rows", text).zh("沒有資料列"));
        }
        self.table
    }
}

/// Where a finding stands: `visits[12].身分證號`. A column is named as the mapping names it.
pub(super) fn place(input: &str, row: Option<usize>, column: Option<&Column>) -> String {
    let row = row.map(|row| format!("[{row}]")).unwrap_or_default();
    let column = column.map(|column| format!(".{}", column.name())).unwrap_or_default();
    format!("{input}{row}{column}")
}

/// Reads an input. `columns` are sorted. What is wrong goes to the findings; an error there means the table is not whole.
pub(super) fn read(spec: &InputSpec, columns: Vec<Column>, bytes: &[u8], findings: &Findings) -> Table {
    let mut rows =
        Rows { spec, findings, table: Table { columns, rows: Vec::new() }, left_out: 0, refused: Cell::new(false) };
    if bytes.len() > BYTES {
        let text = format!("The file is larger than {BYTES} bytes. Export fewer cases at once.");
        rows.report(None, None, Issue::error(IssueKind::TooCostly, "export.too-large", text).zh("檔案過大"));
        return rows.finish();
    }
    let text = match decode::text(bytes, spec.encoding, &spec.own) {
        Ok(text) => text,
        Err(not) => {
            let text = "Not UTF-8. Say `encoding = \"big5\"` in the mapping if it is Big5, or export in UTF-8.";
            rows.refuse(not.line, IssueKind::Structure, "export.not-utf8", text, "不是 UTF-8 編碼");
            return rows.finish();
        }
    };
    // Old systems end a file with the sign of DOS for its end.
    let text = text.trim_end_matches('\u{1A}');
    match spec.format {
        Written::Csv => csv::read(text, &mut rows),
        Written::Json => tree::json(text, &mut rows),
        Written::JsonLines => tree::json_lines(text, &mut rows),
        Written::Xml => {
            if let Some(root) = xml::read(text, &rows) {
                tree::rows(&root, &mut rows);
            }
        }
    }
    rows.finish()
}
