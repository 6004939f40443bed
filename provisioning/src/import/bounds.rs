//! Bounds of what is read of a price list, so that no file takes more memory or time than a large deck does.

/// Octets of a file, and of all that a workbook unpacks to.
pub const OCTETS_MAX: usize = 64 << 20;
/// Parts of a workbook.
pub const PARTS_MAX: usize = 2_000;
/// Sheets of a workbook.
pub const SHEETS_MAX: usize = 100;
/// Lines of a file or rows of a sheet, besides those that may stand above the header.
pub const LINES_MAX: usize = 300_000;
/// Columns, whether filled or not.
pub const COLUMNS_MAX: usize = 256;
/// Cells in all.
pub const CELLS_MAX: usize = 4_000_000;
/// Octets of one cell: what a spreadsheet can hold.
pub const CELL_OCTETS_MAX: usize = 32_767;
/// Rates that one list comes to, once ranges and prefixes are networks.
pub const RATES_MAX: usize = 300_000;
/// Lines above the header that are looked at.
pub const PREAMBLE_LINES_MAX: usize = 200;
/// Warnings of one list that are told; of further ones only the number is.
pub const WARNINGS_MAX: usize = 100;
/// Octets of a note of a rate.
pub const NOTE_OCTETS_MAX: usize = 200;
/// The way out of a list that is too large.
pub const SPLIT_IT: &str = "split it, and import the parts as lists of changes (content `changes`)";
