//! Tables that leave the process as files: cells, and rows of them as CSV and as .xlsx workbooks, written while they are read.

mod cells;
mod download;
mod spreadsheet_text;
mod table;
mod table_file;
mod turns;
pub mod xlsx;

pub use cells::{Cell, Kind};
pub use download::{Exports, Pieces};
pub use spreadsheet_text::spreadsheet_text;
pub use table::Table;
pub use table_file::{WriteRow, whole_table, write_table};

/// Rows as JSON would have them: objects by the columns' names, with null for what is empty.
#[cfg(test)]
pub fn json_rows(table: Table, rows: &[Vec<Cell>]) -> Vec<serde_json::Value> {
    let value = |cell: &Cell| match cell {
        Cell::Empty => serde_json::Value::Null,
        Cell::Number(number) => (*number).into(),
        Cell::Flag(flag) => (*flag).into(),
        other => other.text().into(),
    };
    let object = |row: &Vec<Cell>| {
        assert_eq!(row.len(), table.columns.len(), "{}", table.name);
        table.columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), value(cell))).collect()
    };
    rows.iter().map(object).collect()
}
