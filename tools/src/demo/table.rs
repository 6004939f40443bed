//! Tables for people to read.

use std::fmt::{self, Write as _};

/// Rows of text under headings. Columns whose heading begins with a space are aligned to the right.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row at the end of the table.
    pub fn push(&mut self, row: impl Into<Vec<String>>) {
        self.rows.push(row.into());
    }

    fn width(&self, column: usize) -> usize {
        let heading = self.headings.get(column).map_or(0, |heading| heading.trim_start().chars().count());
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.fold(heading, usize::max)
    }

    fn write_row<'a>(&self, f: &mut fmt::Formatter<'_>, cells: impl Iterator<Item = &'a str>) -> fmt::Result {
        let mut line = String::new();
        for ((column, heading), cell) in self.headings.iter().enumerate().zip(cells) {
            let width = self.width(column);
            // Writing to a String cannot fail.
            let _ = if heading.starts_with(' ') {
                write!(line, "  {cell:>width$}")
            } else {
                write!(line, "  {cell:<width$}")
            };
        }
        writeln!(f, "{}", line.trim_end())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_row(f, self.headings.iter().map(|heading| heading.trim_start()))?;
        let rules: Vec<String> =
            (0..self.headings.len()).map(|column| "─".repeat(self.width(column))).collect();
        self.write_row(f, rules.iter().map(String::as_str))?;
        for row in &self.rows {
            self.write_row(f, row.iter().map(String::as_str))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(&["country", " price"]);
        table.push(["Kenya".to_owned(), "0.02".to_owned()]);
        table.push(["Côte d’Ivoire".to_owned(), "12.045".to_owned()]);
        let expected = [
            "  country         price",
            "  ─────────────  ──────",
            "  Kenya            0.02",
            "  Côte d’Ivoire  12.045",
            "",
        ];
        assert_eq!(table.to_string(), expected.join("\n"));
    }
}
