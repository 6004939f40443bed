//! Lists as people read them: one row a line, in columns.

use serde_json::Value;
use tollgate_console::say;

/// A column: its title, and the place of its values in a row as a JSON pointer (RFC 6901).
pub type Column = (&'static str, &'static str);

/// Prints rows, as a table with titles or as one JSON value a line.
pub fn print(rows: &[Value], columns: &[Column], as_json: bool) {
    if as_json {
        for row in rows {
            say!("{row}");
        }
        return;
    }
    for line in lines(rows, columns) {
        say!("{line}");
    }
}

fn lines(rows: &[Value], columns: &[Column]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let titles = columns.iter().map(|(title, _)| (*title).to_owned()).collect::<Vec<_>>();
    let cells = rows.iter().map(|row| columns.iter().map(|(_, place)| cell(row, place)).collect());
    let table: Vec<Vec<String>> = std::iter::once(titles).chain(cells).collect();
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let padded = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(padded).collect()
}

/// The value at a place, as a text without quotes. Characters that a terminal would obey are shown as escapes.
pub fn cell(row: &Value, place: &str) -> String {
    match row.pointer(place) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => {
            let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
            text.chars().map(shown).collect()
        }
        Some(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [json!({ "id": "a", "n": { "m": 7 } }), json!({ "id": "longer", "n": { "m": null } })];
        assert_eq!(lines(&rows, &[("ID", "/id"), ("M", "/n/m")]), ["ID      M", "a       7", "longer  -"]);
        assert!(lines(&[], &[("ID", "/id")]).is_empty());
    }

    #[test]
    fn texts_of_others_do_not_command_the_terminal() {
        assert_eq!(cell(&json!({ "a": "x\u{1b}[2J\n" }), "/a"), "x\\u{1b}[2J\\n");
    }
}
