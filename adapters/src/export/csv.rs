//! Rows of CSV (RFC 4180), strictly: a row with more or fewer values than the header has moved values under wrong
//! names, and a quote that never closes has swallowed rows. A lenient reader would send such a table on.

use claimgate_fhir::outcome::{Issue, IssueKind};

use super::map::Column;
use super::table::{CELL, COLUMNS, Rows};

/// Why a row is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// A quoted value that does not end.
    Open,
    /// Something between the end of a quoted value and the next delimiter.
    AfterQuote,
    TooManyColumns,
    TooLong,
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    delimiter: char,
    quote: Option<char>,
}

impl Reader<'_> {
    /// The next row that is not blank, and the line it begins at.
    fn next(&mut self) -> Option<(usize, Result<Vec<String>, Broken>)> {
        while let Some(rest) = self.rest.strip_prefix('\n').or_else(|| self.rest.strip_prefix("\r\n")) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return None;
        }
        let begins = self.line;
        let mut cells = Vec::new();
        loop {
            if cells.len() == COLUMNS {
                return Some((begins, Err(Broken::TooManyColumns)));
            }
            let cell = match self.cell() {
                Ok(cell) if cell.len() > CELL => return Some((begins, Err(Broken::TooLong))),
                Ok(cell) => cell,
                Err(broken) => return Some((begins, Err(broken))),
            };
            cells.push(cell);
            if let Some(rest) = self.rest.strip_prefix(self.delimiter) {
                self.rest = rest;
                continue;
            }
            // The end of the line or of the text.
            let rest = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\n', '\r']));
            if let Some(rest) = rest {
                self.rest = rest;
                self.line += 1;
            }
            return Some((begins, Ok(cells)));
        }
    }

    /// One value, up to the delimiter or the end of its line.
    fn cell(&mut self) -> Result<String, Broken> {
        let Some((quote, mut inside)) = self.quote.and_then(|quote| Some((quote, self.rest.strip_prefix(quote)?)))
        else {
            let end = self.rest.find([self.delimiter, '\n', '\r']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest;
            return Ok(cell.to_owned());
        };
        let mut cell = String::new();
        loop {
            let (part, after) = inside.split_once(quote).ok_or(Broken::Open)?;
            self.line += part.bytes().filter(|byte| *byte == b'\n').count();
            cell.push_str(part);
            if cell.len() > CELL {
                return Err(Broken::TooLong);
            }
            // Two quotes stand for one.
            if let Some(rest) = after.strip_prefix(quote) {
                cell.push(quote);
                inside = rest;
                continue;
            }
            if !after.is_empty() && !after.starts_with([self.delimiter, '\n', '\r']) {
                return Err(Broken::AfterQuote);
            }
            self.rest = after;
            return Ok(cell);
        }
    }
}

/// Reads every row into the table.
pub(super) fn read(text: &str, rows: &mut Rows<'_>) {
    let spec = rows.spec();
    let mut reader = Reader { rest: text, line: 1, delimiter: spec.delimiter(), quote: spec.quote() };
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

fn pick(cells: &[String], places: &[usize]) -> Vec<String> {
    places.iter().map(|place| cells.get(*place).cloned().unwrap_or_default()).collect()
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
fn place(first: &[String], rows: &Rows<'_>, line: usize) -> Option<Vec<usize>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, delimiter: char) -> Vec<(usize, Result<Vec<String>, Broken>)> {
        let mut reader = Reader { rest: text, line: 1, delimiter, quote: Some('"') };
        std::iter::from_fn(|| reader.next()).take_while(|(_, row)| row.is_ok()).collect()
    }

    fn first(text: &str) -> Result<Vec<String>, Broken> {
        Reader { rest: text, line: 1, delimiter: ',', quote: Some('"') }.next().unwrap().1
    }

    #[test]
    fn rows_are_told_with_the_line_they_begin_at() {
        let found = all("a,b\r\n\r\n\"x, \"\"y\"\"\nz\",2\r3,\"\"\n", ',');
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 5]);
        assert_eq!(found[1].1, Ok(vec!["x, \"y\"\nz".to_owned(), "2".to_owned()]));
        assert_eq!(found[2].1, Ok(vec!["3".to_owned(), String::new()]));
        assert_eq!(all("a|b,c\t", '|')[0].1, Ok(vec!["a".to_owned(), "b,c\t".to_owned()]));
        assert_eq!(all("一，二", '，')[0].1.as_ref().unwrap().len(), 2);
    }

    #[test]
    fn what_a_lenient_reader_would_guess_at_is_refused() {
        assert_eq!(first("\"a"), Err(Broken::Open));
        assert_eq!(first("\"a\"b,c"), Err(Broken::AfterQuote));
        assert_eq!(first(&",".repeat(COLUMNS)), Err(Broken::TooManyColumns));
        assert_eq!(first(&"x".repeat(CELL + 1)), Err(Broken::TooLong));
        assert_eq!(first(&format!("\"{}\"", "\"\"".repeat(CELL + 1))), Err(Broken::TooLong));
        assert_eq!(first("5\" pipe,b"), Ok(vec!["5\" pipe".to_owned(), "b".to_owned()]));
    }
}
