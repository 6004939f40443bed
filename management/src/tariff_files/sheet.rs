//! A CSV file as lines, so that an edit of one row leaves every other line as it was written.
//!
//! The file must have been read without an error: each row is one line, and has as many cells as the header.

use csv::{ReaderBuilder, StringRecord, Trim, WriterBuilder};

use super::EditError;

/// A line and its line end, which is empty at the end of the file.
#[derive(Clone, Debug)]
struct Line {
    text: String,
    end: &'static str,
}

/// Lines of a CSV file. Rows are named by their line numbers, from one; removing one does not change the others' numbers.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The lines; `None` in place of a removed row.
    lines: Vec<Option<Line>>,
    header: usize,
    columns: Vec<String>,
    end: &'static str,
}

/// Cells of a row by their columns.
pub type Cells<'a> = [(&'static str, &'a str)];

impl Sheet {
    /// Splits the text of a file; `file` is its name, for the error.
    pub fn parse(file: &str, text: &str) -> Result<Self, EditError> {
        let shape = |reason| EditError::Shape { file: file.to_owned(), reason };
        let lines: Vec<Line> = text.split_inclusive('\n').map(Line::new).collect();
        if lines.iter().any(|line| line.text.contains('\r')) {
            return Err(shape("has lines that end with a carriage return alone; save it with line feeds"));
        }
        let header = lines.iter().position(Line::is_row).ok_or_else(|| shape("has no header line"))?;
        let (columns, end) =
            lines.get(header).map(|line| (cells_of(&line.text), line.end)).unwrap_or_default();
        let end = if end.is_empty() { "\n" } else { end };
        Ok(Self { lines: lines.into_iter().map(Some).collect(), header, columns, end })
    }

    /// True if the header names a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// Puts a column in front of all others, with the same cell in every row.
    pub fn prepend(&mut self, column: &str, cell: &str) {
        for (row, is_header) in self.rows_mut() {
            row.insert_str(0, &format!("{},", if is_header { column } else { cell }));
        }
        self.columns.insert(0, column.to_owned());
    }

    /// Writes some cells of the row in a line; its other cells stay.
    pub fn set(&mut self, line: u32, cells: &Cells) {
        self.make_room(cells);
        let columns = &self.columns;
        if let Some(line) = self.lines.get_mut(index_of(line)).and_then(Option::as_mut) {
            let mut written = cells_of(&line.text);
            for (column, cell) in cells {
                let at = columns.iter().position(|name| name == column);
                if let Some(place) = at.and_then(|at| written.get_mut(at)) {
                    (*cell).clone_into(place);
                }
            }
            line.text = line_of(&written);
        }
    }

    /// Adds a row at the end.
    pub fn append(&mut self, cells: &Cells) {
        self.make_room(cells);
        let cell =
            |name: &String| cells.iter().find(|(column, _)| column == name).map_or("", |(_, cell)| *cell);
        let row: Vec<&str> = self.columns.iter().map(cell).collect();
        let row = Line { text: line_of(&row), end: self.end };
        if let Some(last) = self.lines.iter_mut().flatten().next_back().filter(|last| last.end.is_empty()) {
            last.end = self.end;
        }
        self.lines.push(Some(row));
    }

    /// Removes the row in a line.
    pub fn remove(&mut self, line: u32) {
        if let Some(line) = self.lines.get_mut(index_of(line)) {
            *line = None;
        }
    }

    /// Removes every row, so that the header and the comments are left.
    pub fn clear(&mut self) {
        for (line, at) in self.lines.iter_mut().zip(0..) {
            if at != self.header && line.as_ref().is_some_and(Line::is_row) {
                *line = None;
            }
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        self.lines.iter().flatten().flat_map(|line| [line.text.as_str(), line.end]).collect()
    }

    /// Adds columns for cells that are not empty and have none yet; existing rows get empty cells in them.
    fn make_room(&mut self, cells: &Cells) {
        for (column, cell) in cells {
            if cell.is_empty() || self.has(column) {
                continue;
            }
            for (row, is_header) in self.rows_mut() {
                row.push(',');
                row.push_str(if is_header { column } else { "" });
            }
            self.columns.push((*column).to_owned());
        }
    }

    /// Every row, and whether it is the header.
    fn rows_mut(&mut self) -> impl Iterator<Item = (&mut String, bool)> {
        let header = self.header;
        let lines = self.lines.iter_mut().enumerate();
        lines.filter_map(move |(at, line)| {
            let line = line.as_mut().filter(|line| line.is_row())?;
            Some((&mut line.text, at == header))
        })
    }
}

impl Line {
    fn new(line: &str) -> Self {
        let (text, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
            (Some(text), _) => (text, "\r\n"),
            (None, Some(text)) => (text, "\n"),
            (None, None) => (line, ""),
        };
        Self { text: text.to_owned(), end }
    }

    /// True if it is neither empty nor a comment.
    fn is_row(&self) -> bool {
        !self.text.is_empty() && !self.text.starts_with('#')
    }
}

fn index_of(line: u32) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1)
}

fn cells_of(line: &str) -> Vec<String> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(line.as_bytes());
    let mut record = StringRecord::new();
    // Reading a text from memory cannot fail.
    let _ = reader.read_record(&mut record);
    record.iter().map(str::to_owned).collect()
}

fn line_of(cells: &[impl AsRef<[u8]>]) -> String {
    // A first cell that begins like a comment is quoted.
    let mut writer = WriterBuilder::new().comment(Some(b'#')).from_writer(Vec::new());
    let is_written = writer.write_record(cells).is_ok();
    let row = writer.into_inner().ok().and_then(|octets| String::from_utf8(octets).ok());
    assert!(is_written && row.is_some(), "a row of texts cannot be written as a text");
    row.unwrap_or_default().trim_end_matches(['\r', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Prices\nplan,mcc,mnc,price\n*,639,02,0.02\n\n# Uganda\n \"*\" , 641,10 ,0.018\n";

    fn sheet(text: &str) -> Sheet {
        Sheet::parse("rates.csv", text).unwrap()
    }

    #[test]
    fn what_is_not_edited_stays_as_it_was_written() {
        assert_eq!(sheet(TEXT).text(), TEXT);
        let mut edited = sheet(TEXT);
        edited.set(3, &[("price", "0.03")]);
        assert_eq!(edited.text(), TEXT.replace("0.02", "0.03"));
        edited.append(&[("mcc", "640"), ("price", "1"), ("plan", "starter")]);
        edited.remove(3);
        assert_eq!(
            edited.text(),
            "# Prices\nplan,mcc,mnc,price\n\n# Uganda\n \"*\" , 641,10 ,0.018\nstarter,640,,1\n"
        );
        edited.clear();
        assert_eq!(edited.text(), "# Prices\nplan,mcc,mnc,price\n\n# Uganda\n");
    }

    #[test]
    fn a_column_that_is_needed_is_made() {
        let mut edited = sheet("mcc,price\r\n639,1\r\n641,2\r\n");
        edited.set(3, &[("note", "a, b"), ("effective_to", "")]);
        assert_eq!(edited.text(), "mcc,price,note\r\n639,1,\r\n641,2,\"a, b\"\r\n");
        edited.prepend("plan", "starter");
        assert_eq!(edited.text(), "plan,mcc,price,note\r\nstarter,639,1,\r\nstarter,641,2,\"a, b\"\r\n");
        assert!(edited.has("plan") && !edited.has("effective_to"));
    }

    #[test]
    fn every_line_keeps_its_end() {
        let text = "mcc,price\r\n639,1\n641,2";
        let mut edited = sheet(text);
        assert_eq!(edited.text(), text);
        edited.append(&[("mcc", "640"), ("price", "3")]);
        assert_eq!(edited.text(), "mcc,price\r\n639,1\n641,2\r\n640,3\r\n");
    }

    #[test]
    fn a_row_never_becomes_a_comment() {
        let mut edited = sheet("note,mcc\n");
        edited.append(&[("note", "#1"), ("mcc", "639")]);
        assert_eq!(edited.text(), "note,mcc\n\"#1\",639\n");
    }

    #[test]
    fn a_file_without_lines_is_refused() {
        for text in ["", "# nothing\n", "plan,mcc\r639,1\r"] {
            assert!(matches!(Sheet::parse("a.csv", text), Err(EditError::Shape { .. })), "{text:?}");
        }
    }
}
