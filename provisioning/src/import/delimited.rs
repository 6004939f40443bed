//! Text tables: the cells between commas, semicolons, tabs or bars.

use csv::{ReaderBuilder, StringRecord};

use super::grid::{Cell, FileFault, Grid};
use crate::read::text_end::{END, with_end};

/// The delimiters that are tried where none is named.
pub const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Splits a text into rows.
pub fn read_delimited(text: &str, delimiter: u8) -> Result<Grid, FileFault> {
    let (grid, fault) = read_rows(text, delimiter, usize::MAX);
    fault.map_or(Ok(grid), Err)
}

/// Splits the beginning of a text into rows, up to the first fault.
pub fn read_beginning(text: &str, delimiter: u8, rows_max: usize) -> Grid {
    read_rows(text, delimiter, rows_max).0
}

fn read_rows(text: &str, delimiter: u8, rows_max: usize) -> (Grid, Option<FileFault>) {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(with_end(text));
    let (mut grid, mut cells) = (Grid::default(), StringRecord::new());
    let mut lines = Lines::of(text);
    // Reading from memory what is known to be text cannot fail.
    while grid.rows().len() < rows_max && reader.read_record(&mut cells).unwrap_or(false) {
        if cells == [END][..] {
            break;
        }
        let offset = cells.position().and_then(|position| usize::try_from(position.byte()).ok());
        let line = lines.of_row(offset.unwrap_or(0));
        // The hint of spreadsheets, which is no row.
        if line == 1 && is_delimiter_hint(text) {
            continue;
        }
        if cells.iter().next_back().is_some_and(|cell| cell.ends_with(END)) {
            let message = "a quote is opened in this row and not closed".to_owned();
            return (grid, Some(FileFault { line, message }));
        }
        if let Err(fault) = grid.push(line, cells.iter().map(cell_of).collect()) {
            return (grid, Some(fault));
        }
    }
    (grid, None)
}

/// The delimiter that a first line such as `sep=;` names.
pub fn hinted_delimiter(text: &str) -> Option<u8> {
    let hint = text.lines().next()?.strip_prefix("sep=")?;
    match hint.as_bytes() {
        [delimiter] => Some(*delimiter),
        _ => None,
    }
}

fn is_delimiter_hint(text: &str) -> bool {
    hinted_delimiter(text).is_some()
}

/// A cell; spreadsheets are made to keep zeros by `="01"`.
fn cell_of(written: &str) -> Cell {
    let cell = Cell::text(written);
    match cell.text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(kept) => Cell::text(kept),
        None => cell,
    }
}

/// Counts the lines of a text from its beginning to its end.
struct Lines<'t> {
    text: &'t str,
    counted: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, counted: 0, line: 1 }
    }

    /// The line of the row that begins at an offset or, where empty lines stand there, behind them.
    fn of_row(&mut self, offset: usize) -> u32 {
        let octets = self.text.as_bytes();
        let is_end = |at: usize| octets.get(at).is_some_and(|octet| matches!(octet, b'\r' | b'\n'));
        let mut begin = offset;
        while is_end(begin) {
            begin += 1;
        }
        while self.counted < begin {
            match (octets.get(self.counted), octets.get(self.counted + 1)) {
                (Some(b'\r'), Some(b'\n')) => {}
                (Some(b'\r' | b'\n'), _) => self.line = self.line.saturating_add(1),
                _ => {}
            }
            self.counted += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: u8) -> Vec<(u32, Vec<String>)> {
        let grid = read_delimited(text, delimiter).unwrap();
        let texts = |cells: &[Cell]| cells.iter().map(|cell| cell.text.to_string()).collect();
        grid.rows().iter().map(|row| (row.line, texts(&row.cells))).collect()
    }

    #[test]
    fn rows_have_their_own_lines_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "a;b", "", ";;", "\"c\";=\"01\"", "d"].join(end);
            let expected = [(2, vec!["a", "b"]), (5, vec!["c", "01"]), (6, vec!["d"])];
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(line, cells)| (line, cells.into_iter().map(str::to_owned).collect::<Vec<_>>()))
                .collect();
            assert_eq!(rows(&text, b';'), expected, "{end:?}");
        }
    }

    #[test]
    fn quotes_hold_delimiters_and_line_ends() {
        let read = rows("\"Price\n(EUR)\",\"a, \"\"b\"\"\"\n1,2\n", b',');
        assert_eq!(read[0].1, ["Price (EUR)", "a, \"b\""]);
        assert_eq!(read[1].0, 3);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_refused() {
        let text = format!("a,b\n\"c,{}\n", "d\n".repeat(40_000));
        let fault = read_delimited(&text, b',').unwrap_err();
        assert_eq!(fault.line, 2);
        assert!(fault.message.contains("quote"), "{fault:?}");
    }

    #[test]
    fn a_quote_that_is_open_at_the_end_is_refused() {
        for text in ["a,b\n1,2\n3,\"4\n5,6\n", "a,b\n1,2\n3,\"4", "a,b\n1,2\n\"3,4\n5,6", "a,b\n1,2\n3,\""] {
            let fault = read_delimited(text, b',').unwrap_err();
            assert_eq!(fault.line, 3, "{text:?}");
            assert!(fault.message.contains("quote"), "{fault:?}");
        }
        assert_eq!(rows("a,b\n1,\"2\"", b',').len(), 2);
    }

    #[test]
    fn a_hint_of_the_delimiter_is_no_row() {
        assert_eq!(hinted_delimiter("sep=|\na|b"), Some(b'|'));
        assert_eq!(rows("sep=|\na|b", b'|')[0].0, 2);
    }
}
