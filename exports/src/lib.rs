//! Tables that leave the process as files: cells, and rows of them as CSV and as .xlsx workbooks, written while they are read;
//! and messages as a search shows them.

pub mod cdr;
mod cells;
pub mod messages;
pub mod sides;
mod spreadsheet_text;
mod table;
mod table_file;
pub mod xlsx;

pub use cells::{Cell, Kind};
pub use spreadsheet_text::spreadsheet_text;
pub use table::Table;
pub use table_file::{WriteRow, write_table};
