//! Workbooks of spreadsheet programs (.xlsx, ECMA-376): the cells of each visible sheet.
//!
//! Numbers are taken from the decimal digits that the file has and never become binary fractions. Nothing is reserved that
//! a file only declares, and every part is unpacked up to a bound.

mod formats;
mod package;
mod sheet;
mod strings;
mod xml;

use super::grid::{FileFault, Grid};

pub use sheet::day_of_serial;

/// A sheet that can be seen.
#[derive(Debug)]
pub struct WorkbookSheet {
    /// The name of the sheet.
    pub name: String,
    /// The cells of the sheet.
    pub grid: Grid,
}

/// True for the beginning of a ZIP archive.
pub fn is_workbook(octets: &[u8]) -> bool {
    octets.starts_with(b"PK\x03\x04")
}

/// True for the beginning of the container of older spreadsheets, which is not read.
pub fn is_old_workbook(octets: &[u8]) -> bool {
    octets.starts_with(&[0xd0, 0xcf, 0x11, 0xe0])
}

/// Reads all visible sheets.
pub fn read_workbook(octets: &[u8]) -> Result<Vec<WorkbookSheet>, FileFault> {
    let mut package = package::Package::open(octets)?;
    let book = package.book()?;
    let strings = match &book.strings {
        Some(part) => strings::read_strings(&package.text(part)?)?,
        None => Vec::new(),
    };
    let formats = match &book.styles {
        Some(part) => formats::read_formats(&package.text(part)?)?,
        None => Vec::new(),
    };
    let surroundings = sheet::Surroundings { strings: &strings, formats: &formats, is_1904: book.is_1904 };
    let mut sheets = Vec::new();
    for (name, part) in &book.sheets {
        let grid = sheet::read_sheet(&package.text(part)?, &surroundings).map_err(|fault| FileFault {
            message: format!("sheet {}: {}", crate::read::texts::quoted(name), fault.message),
            ..fault
        })?;
        sheets.push(WorkbookSheet { name: name.clone(), grid });
    }
    Ok(sheets)
}
