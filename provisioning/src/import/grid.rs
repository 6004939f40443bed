//! A price list as rows of cells, whatever file it came in.

use super::bounds::{CELL_OCTETS_MAX, CELLS_MAX, COLUMNS_MAX, LINES_MAX, PREAMBLE_LINES_MAX, SPLIT_IT};

/// The origin of a cell's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// As it was written.
    Text,
    /// A number of a workbook, in plain decimal digits. Zeros in front of it are lost.
    Number,
    /// A date of a workbook, in ISO 8601.
    Date,
    /// A cell of a workbook without a usable value; the text says why.
    Fault,
}

/// One cell, without blanks around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The text; empty for an empty cell.
    pub text: Box<str>,
    /// The origin of the text.
    pub kind: CellKind,
}

/// One row that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridRow {
    /// The line of a text file or the row of a sheet, from one.
    pub line: u32,
    /// The cells up to the last one that is filled.
    pub cells: Vec<Cell>,
}

/// The rows of a table, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    rows: Vec<GridRow>,
    cells: usize,
}

/// A fault of the file as a whole, or of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The line; zero for the whole file.
    pub line: u32,
    /// The fault in words.
    pub message: String,
}

impl FileFault {
    /// A fault of the whole file.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { line: 0, message: message.into() }
    }

    /// A fault of one line.
    pub fn at(line: u32, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl Cell {
    /// A cell with a text as it was written, but for what nobody sees: blanks around it and marks without width go, any blank
    /// within it is a space, and digits and signs of full width are those of ASCII.
    pub fn text(written: &str) -> Self {
        let trimmed = written.trim();
        let is_plain = trimmed.bytes().all(|octet| (b' '..0x7f).contains(&octet)) && !trimmed.contains("  ");
        let text: Box<str> = if is_plain { trimmed.into() } else { plain(written).into() };
        // Spreadsheets keep digits as text behind an apostrophe.
        let kept =
            text.strip_prefix('\'').filter(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
        Self { text: kept.map(Into::into).unwrap_or(text), kind: CellKind::Text }
    }

    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// A text without marks that have no width, with single spaces between its words, and with signs of ASCII in place of those of
/// full width.
fn plain(written: &str) -> String {
    let seen = written.chars().filter(|char| !has_no_width(*char)).map(|char| match char {
        // The signs of ASCII in full width, in the same order.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        other => other,
    });
    seen.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks that are not seen: of direction, of possible breaks, and the byte order mark.
fn has_no_width(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

impl Grid {
    /// Adds a row behind the others; empty ones are left out.
    pub fn push(&mut self, line: u32, mut cells: Vec<Cell>) -> Result<(), FileFault> {
        while cells.last().is_some_and(Cell::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        if cells.len() > COLUMNS_MAX {
            return Err(FileFault::at(line, format!("has more than {COLUMNS_MAX} cells")));
        }
        if cells.iter().any(|cell| cell.text.len() > CELL_OCTETS_MAX) {
            let message = format!("a cell is longer than {CELL_OCTETS_MAX} octets; is a quote not closed?");
            return Err(FileFault::at(line, message));
        }
        if cells.iter().any(|cell| cell.text.contains('\0')) {
            return Err(FileFault::at(line, "has a NUL character; is the file a table at all?"));
        }
        self.cells += cells.len();
        if self.rows.len() == LINES_MAX + PREAMBLE_LINES_MAX || self.cells > CELLS_MAX {
            let message = format!("the file has more than {LINES_MAX} rows or {CELLS_MAX} cells; {SPLIT_IT}");
            return Err(FileFault::at(line, message));
        }
        cells.shrink_to_fit();
        self.rows.push(GridRow { line, cells });
        Ok(())
    }

    /// The rows that are not empty.
    pub fn rows(&self) -> &[GridRow] {
        &self.rows
    }
}

impl GridRow {
    /// The text of a cell; empty where the row is shorter.
    pub fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| &cell.text)
    }

    /// The number of cells that are filled.
    pub fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }
}
