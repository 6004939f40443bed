//! Rows of the files of networks, countries and numbers, which were validated before.

use csv::ReaderBuilder;

/// A row of a CSV file with its header.
pub struct NamedRow<'r> {
    header: &'r csv::StringRecord,
    cells: &'r csv::StringRecord,
}

impl<'r> NamedRow<'r> {
    /// The cell of a column; empty where there is none.
    pub fn cell(&self, column: &str) -> &'r str {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|at| self.cells.get(at)).unwrap_or_default()
    }
}

/// Calls `read` with every row of a CSV file.
pub fn each_row(octets: &[u8], mut read: impl FnMut(&NamedRow<'_>)) {
    let octets = octets.strip_prefix("\u{feff}".as_bytes()).unwrap_or(octets);
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(csv::Trim::All).comment(Some(b'#'));
    let mut rows = builder.from_reader(octets).into_records().filter_map(Result::ok);
    let Some(header) = rows.next() else { return };
    for cells in rows {
        read(&NamedRow { header: &header, cells: &cells });
    }
}
