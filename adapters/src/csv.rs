//! Rows of CSV (RFC 4180), strictly: a quote that never closes has swallowed rows, and a lenient reader would send such
//! a table on. In: text and its delimiter. Out: each row that is not blank, with the line it begins at.

use std::borrow::Cow;

/// Columns of one row.
pub(crate) const COLUMNS: usize = 512;
/// Bytes of one value.
pub(crate) const CELL: usize = 64 * 1024;

/// The values of a row.
pub(crate) type Cells<'t> = Vec<Cow<'t, str>>;

/// Why a row is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A quoted value that does not end.
    Open,
    /// Something between the end of a quoted value and the next delimiter.
    AfterQuote,
    /// More than [`COLUMNS`].
    TooManyColumns,
    /// A value of more than [`CELL`] bytes.
    TooLong,
}

/// Reads one row after the other; behind a broken one everything would be read in the wrong way.
pub(crate) struct Reader<'t> {
    rest: &'t str,
    line: usize,
    delimiter: char,
    quote: Option<char>,
}

impl<'t> Reader<'t> {
    /// A reader at the first line of a text.
    pub(crate) fn new(text: &'t str, delimiter: char, quote: Option<char>) -> Self {
        Self { rest: text, line: 1, delimiter, quote }
    }

    /// The next row that is not blank, and the line it begins at.
    pub(crate) fn next(&mut self) -> Option<(usize, Result<Cells<'t>, Broken>)> {
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
    fn cell(&mut self) -> Result<Cow<'t, str>, Broken> {
        let Some((quote, mut inside)) = self.quote.and_then(|quote| Some((quote, self.rest.strip_prefix(quote)?)))
        else {
            let end = self.rest.find([self.delimiter, '\n', '\r']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest;
            return Ok(Cow::Borrowed(cell));
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
            return Ok(Cow::Owned(cell));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, delimiter: char) -> Vec<(usize, Result<Cells<'_>, Broken>)> {
        let mut reader = Reader::new(text, delimiter, Some('"'));
        std::iter::from_fn(|| reader.next()).take_while(|(_, row)| row.is_ok()).collect()
    }

    fn first(text: &str) -> Result<Cells<'_>, Broken> {
        Reader::new(text, ',', Some('"')).next().unwrap().1
    }

    #[test]
    fn rows_are_told_with_the_line_they_begin_at() {
        let found = all("a,b\r\n\r\n\"x, \"\"y\"\"\nz\",2\r3,\"\"\n", ',');
        let lines: Vec<usize> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 5]);
        assert_eq!(found[1].1, Ok(vec!["x, \"y\"\nz".into(), "2".into()]));
        assert_eq!(found[2].1, Ok(vec!["3".into(), "".into()]));
        assert_eq!(all("a|b,c\t", '|')[0].1, Ok(vec!["a".into(), "b,c\t".into()]));
        assert_eq!(all("一，二", '，')[0].1.as_ref().unwrap().len(), 2);
    }

    #[test]
    fn what_a_lenient_reader_would_guess_at_is_refused() {
        assert_eq!(first("\"a"), Err(Broken::Open));
        assert_eq!(first("\"a\"b,c"), Err(Broken::AfterQuote));
        assert_eq!(first(&",".repeat(COLUMNS)), Err(Broken::TooManyColumns));
        assert_eq!(first(&"x".repeat(CELL + 1)), Err(Broken::TooLong));
        assert_eq!(first(&format!("\"{}\"", "\"\"".repeat(CELL + 1))), Err(Broken::TooLong));
        assert_eq!(first("5\" pipe,b"), Ok(vec!["5\" pipe".into(), "b".into()]));
    }
}
