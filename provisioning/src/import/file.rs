//! The file of a price list: what kind it is, and the table in it that has a header.

use super::bounds::{OCTETS_MAX, PREAMBLE_LINES_MAX, SPLIT_IT};
use super::delimited::{DELIMITERS, hinted_delimiter, read_beginning, read_delimited};
use super::grid::{FileFault, Grid};
use super::header::best_row;
use super::profile::{Formats, ImportProfile};
use super::text::decode;
use super::wording::Wording;
use super::workbook::{WorkbookSheet, is_old_workbook, is_workbook, read_workbook};
use crate::read::texts::quoted;

/// An open file.
#[derive(Debug)]
pub struct OpenFile {
    /// The table in it.
    pub grid: Grid,
    /// The encoding of a text file, or `xlsx`.
    pub encoding: String,
    /// The delimiter of a text file.
    pub delimiter: Option<u8>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

/// Opens a file of any kind that is read.
pub fn open_file(octets: &[u8], profile: &ImportProfile, formats: &Formats) -> Result<OpenFile, FileFault> {
    if octets.len() > OCTETS_MAX {
        return Err(FileFault::whole(format!("is larger than {OCTETS_MAX} octets; {SPLIT_IT}")));
    }
    if is_old_workbook(octets) {
        return Err(FileFault::whole("is a workbook of an old kind (.xls); save it as .xlsx or as CSV"));
    }
    if octets.starts_with(b"%PDF") {
        return Err(FileFault::whole("is a PDF; ask the sender for a table"));
    }
    if is_workbook(octets) {
        let WorkbookSheet { name, grid } = sheet_of(read_workbook(octets)?, profile, formats.wording)?;
        return Ok(OpenFile { grid, encoding: "xlsx".to_owned(), delimiter: None, sheet: Some(name) });
    }
    let decoded = decode(octets, profile.encoding.as_deref())?;
    let known = formats.delimiter.or_else(|| hinted_delimiter(&decoded.text));
    let delimiter = known.unwrap_or_else(|| detect_delimiter(&decoded.text));
    let grid = read_delimited(&decoded.text, delimiter)?;
    if grid.rows().is_empty() {
        return Err(FileFault::whole("is empty"));
    }
    Ok(OpenFile { grid, encoding: decoded.encoding.to_owned(), delimiter: Some(delimiter), sheet: None })
}

/// The sheet of a profile, or the only one with a header.
fn sheet_of(
    sheets: Vec<WorkbookSheet>,
    profile: &ImportProfile,
    wording: Wording,
) -> Result<WorkbookSheet, FileFault> {
    if let Some(name) = &profile.sheet {
        let found = sheets.into_iter().find(|sheet| sheet.name.eq_ignore_ascii_case(name));
        return found.ok_or_else(|| FileFault::whole(format!("there is no sheet {}", quoted(name))));
    }
    let mut filled: Vec<WorkbookSheet> =
        sheets.into_iter().filter(|sheet| !sheet.grid.rows().is_empty()).collect();
    if filled.len() > 1 && filled.iter().any(|sheet| best_row(&sheet.grid).is_some()) {
        filled.retain(|sheet| best_row(&sheet.grid).is_some());
    }
    let names: Vec<String> = filled.iter().map(|sheet| quoted(&sheet.name)).collect();
    match (filled.pop(), filled.is_empty()) {
        (None, _) => Err(FileFault::whole("has no cells")),
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(FileFault::whole(format!(
            "has several sheets with prices: {}; name one by {}",
            names.join(", "),
            wording.key("sheet")
        ))),
    }
}

/// The delimiter by which a header is understood best; without a header, the one that splits most rows.
fn detect_delimiter(text: &str) -> u8 {
    let merit = |delimiter: u8| {
        let grid = read_beginning(text, delimiter, PREAMBLE_LINES_MAX);
        let score = best_row(&grid).map_or(0, |(_, score)| score);
        (score, grid.rows().iter().filter(|row| row.cells.len() > 1).count())
    };
    // Of equal ones the first.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| merit(*delimiter)).unwrap_or(b',')
}
