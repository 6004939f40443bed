//! A table as a file, in either of the formats that spreadsheets open.

use std::io::{self, Write};

use tollgate_api::answer::Answer;
use tollgate_api::export::{Export, TableFormat};

use super::cells::Cell;
use super::download::Exports;
use super::spreadsheet_text::spreadsheet_text;
use super::table::Table;
use super::xlsx::{self, XlsxRows};

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

impl Exports {
    /// Begins a table as a file of this name and its format's ending. `rows` is called on a thread of its own.
    pub fn begin_table(
        &self,
        format: TableFormat,
        table: Table,
        name: &str,
        rows: impl FnOnce(WriteRow<'_>) -> io::Result<()> + Send + 'static,
    ) -> Answer<Export> {
        let (media_type, ending) = match format {
            TableFormat::Csv { .. } => ("text/csv", "csv"),
            TableFormat::Xlsx => (xlsx::MEDIA_TYPE, "xlsx"),
        };
        self.begin(media_type, format!("{name}.{ending}"), move |output| {
            write_table(format, table, output, rows)
        })
    }
}
