//! Rows of tables as tests compare them.

use tollgate_exports::{Cell, Table};

/// Rows as JSON would have them: objects by the columns' names, with null for what is empty.
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
