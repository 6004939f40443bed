//! A CSV file with a header line, read row by row.
//!
//! Columns are found by name, in any order; lines that begin with `#` are remarks.

use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::suggest::unknown;
use super::text_end::{END, with_end};
use super::texts::{Parsed, shortened};
use super::{Problems, SourceFile};

/// The columns of a sheet.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Those that must be there.
    pub required: &'static [&'static str],
    /// Those that may be there.
    pub optional: &'static [&'static str],
}

/// One row, with its place.
pub struct Row<'r> {
    file: &'r Arc<str>,
    header: &'r [Option<&'static str>],
    cells: &'r StringRecord,
    line: u32,
    problems: &'r mut Problems,
}

impl Row<'_> {
    /// The line, from one.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The text of a cell; empty where the column is absent.
    pub fn text(&self, column: &'static str) -> &str {
        let at = self.header.iter().position(|name| *name == Some(column));
        at.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }

    /// A cell that must be filled.
    pub fn required<T>(&mut self, column: &'static str, parse: impl FnOnce(&str) -> Parsed<T>) -> Option<T> {
        if self.text(column).is_empty() {
            self.problem(column, "is empty");
        }
        self.optional(column, parse)
    }

    /// A cell that may be empty.
    pub fn optional<T>(&mut self, column: &'static str, parse: impl FnOnce(&str) -> Parsed<T>) -> Option<T> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.problem(column, message);
                None
            }
        }
    }

    /// Notes that a cell is wrong.
    pub fn problem(&mut self, column: &str, message: impl Into<String>) {
        self.problems.add(self.file, self.line, column, message);
    }
}

/// Calls `read` with every row that has as many cells as the header. Returns true if there was no other row
/// and `read` understood each of them.
pub fn read_sheet(
    source: &SourceFile,
    columns: Columns,
    problems: &mut Problems,
    mut read: impl FnMut(&mut Row) -> Option<()>,
) -> bool {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(with_end(source.text()));
    // Reading from memory what is known to be UTF-8 cannot fail.
    let mut next_row =
        |cells: &mut StringRecord| reader.read_record(cells).unwrap_or(false) && !(*cells == [END][..]);
    let mut cells = StringRecord::new();
    if !next_row(&mut cells) {
        let message = format!("is empty; the first line must be {}", columns.required.join(","));
        problems.add(&source.path, 1, "", message);
        return false;
    }
    let Some(header) = read_header(source, line_of(source, &cells), &cells, columns, problems) else {
        return false;
    };
    let mut understood = true;
    while next_row(&mut cells) {
        let line = line_of(source, &cells);
        if let Some(message) = misshapen(&cells, header.len()) {
            problems.add(&source.path, line, "", message);
            understood = false;
            continue;
        }
        let mut row = Row { file: &source.path, header: &header, cells: &cells, line, problems };
        understood &= read(&mut row).is_some();
    }
    understood
}

/// The line of a row. The reader's position is where the row before it ended: at the second half of that
/// line's end, and before empty lines and remarks.
fn line_of(source: &SourceFile, cells: &StringRecord) -> u32 {
    let offset = cells.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let mut rest = source.text().get(offset..).unwrap_or_default();
    loop {
        rest = rest.trim_start_matches(['\r', '\n']);
        match rest.strip_prefix('#') {
            Some(remark) => rest = remark.find('\n').and_then(|end| remark.get(end..)).unwrap_or_default(),
            None => return source.line_at(source.text().len() - rest.len()),
        }
    }
}

/// Returns the reason if a row cannot be read by its columns.
fn misshapen(cells: &StringRecord, columns: usize) -> Option<String> {
    // A quote that is not closed would make one cell of everything up to the next.
    if cells.iter().any(|cell| cell.contains('\n')) {
        return Some("a cell goes on in the next line; is a quote not closed?".to_owned());
    }
    let count = cells.len();
    (count != columns).then(|| format!("has {count} cells where the header has {columns}"))
}

/// The meaning of each column; `None` if a required one is missing, since the rows cannot be judged then.
fn read_header(
    source: &SourceFile,
    line: u32,
    cells: &StringRecord,
    columns: Columns,
    problems: &mut Problems,
) -> Option<Vec<Option<&'static str>>> {
    let known: Vec<&'static str> = columns.required.iter().chain(columns.optional).copied().collect();
    let mut header = Vec::with_capacity(cells.len());
    for cell in cells {
        let column = known.iter().copied().find(|name| *name == cell);
        let message = match column {
            Some(_) if header.contains(&column) => Some("occurs twice in the header".to_owned()),
            Some(_) => None,
            None => Some(unknown("column", cell, &known)),
        };
        if let Some(message) = message {
            problems.add(&source.path, line, shortened(cell), message);
        }
        header.push(column);
    }
    let missing: Vec<_> = columns.required.iter().filter(|name| !header.contains(&Some(**name))).collect();
    for name in &missing {
        problems.add(&source.path, line, **name, "the column is missing; cells are separated by commas");
    }
    missing.is_empty().then_some(header)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const COLUMNS: Columns = Columns { required: &["mcc"], optional: &[] };

    /// The line of each row.
    fn lines(text: &str) -> Vec<(String, u32)> {
        let source = SourceFile::new("a.csv", Path::new("a.csv"), text.as_bytes().to_vec()).unwrap();
        let (mut problems, mut rows) = (Problems::default(), Vec::new());
        assert!(read_sheet(&source, COLUMNS, &mut problems, |row| {
            rows.push((row.text("mcc").to_owned(), row.line()));
            Some(())
        }));
        assert!(problems.is_empty(), "{problems}");
        rows
    }

    #[test]
    fn a_quote_that_is_open_at_the_end_is_named() {
        for text in ["mcc\n1\n\"2", "mcc\n1\n\"2\n", "mcc\n1\n\"", "mcc\n1\n\"2\n# remark\n\n"] {
            let source = SourceFile::new("a.csv", Path::new("a.csv"), text.as_bytes().to_vec()).unwrap();
            let mut problems = Problems::default();
            assert!(!read_sheet(&source, COLUMNS, &mut problems, |_| Some(())), "{text:?}");
            let told = problems.to_string();
            assert!(told.contains("a.csv:3") && told.contains("quote"), "{told}");
        }
        assert_eq!(lines("mcc\n1\n\"2\""), [("1".to_owned(), 2), ("2".to_owned(), 3)]);
        assert_eq!(lines("mcc\n"), []);
    }

    #[test]
    fn rows_have_their_own_lines_whatever_stands_between_them() {
        let text = "# remark\n\nmcc\n1\n\n# remark, with a \"\n# another\n2\n3\n\n  4\n# the last\n";
        let expected = [("1", 4), ("2", 8), ("3", 9), ("4", 11)].map(|(mcc, line)| (mcc.to_owned(), line));
        assert_eq!(lines(text), expected);
        assert_eq!(lines(&text.replace('\n', "\r\n")), expected, "as spreadsheets end their lines");
        assert_eq!(lines("mcc\n1"), [("1".to_owned(), 2)]);
    }
}
