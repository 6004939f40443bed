//! A table as a file, in either of the formats that spreadsheets open.

use std::io::{self, Write};

use tollgate_api::export::TableFormat;

use super::cells::Cell;
use super::spreadsheet_text::spreadsheet_text;
use super::table::Table;
use super::xlsx::XlsxRows;

/// Takes a row of a table.
pub type WriteRow<'a> = &'a mut dyn FnMut(&[Cell]) -> io::Result<()>;

/// Writes a table; `rows` hands over its rows one by one.
pub fn write_table(
    format: TableFormat,
    table: Table,
    mut output: impl Write,
    rows: impl FnOnce(WriteRow<'_>) -> io::Result<()>,
) -> io::Result<()> {
    match format {
        TableFormat::Csv { raw } => {
            let text = if raw { Cell::text } else { spreadsheet_text };
            let mut writer = csv::Writer::from_writer(output);
            writer.write_record(table.columns)?;
            rows(&mut |row| writer.write_record(row.iter().map(text)).map_err(Into::into))?;
            writer.flush()
        }
        TableFormat::Xlsx => {
            let mut workbook = XlsxRows::new(&mut output, table);
            rows(&mut |row| workbook.push(row))?;
            workbook.finish()?;
            output.flush()
        }
    }
}
