//! Tables as downloads, in either of the formats that spreadsheets open.

use std::io;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::export::{Export, TableFormat};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_exports::{Cell, Table, WriteRow, write_table, xlsx};

use super::{Exports, ready};

impl Exports {
    /// Begins a table as a file of this name and its format's ending. `rows` is called on a thread of its own.
    pub fn begin_table(
        &self,
        caller: &Caller,
        format: TableFormat,
        table: Table,
        name: &str,
        rows: impl FnOnce(WriteRow<'_>) -> io::Result<()> + Send + 'static,
    ) -> Answer<Export> {
        let (media_type, ending) = form(format);
        self.begin(caller, media_type, format!("{name}.{ending}"), move |output| {
            write_table(format, table, output, rows)
        })
    }

    /// Begins all pages of a list as one file. `page` reads the page behind a cursor; a fault of the first one is answered, and
    /// a later one cuts the file.
    pub fn begin_list<T: Send + 'static>(
        &self,
        caller: &Caller,
        format: TableFormat,
        table: Table,
        name: &str,
        mut page: impl FnMut(Option<String>) -> Answer<Page<T>> + Send + 'static,
        cells: impl Fn(&T) -> Vec<Cell> + Send + 'static,
    ) -> Answer<Export> {
        let mut read = page(None)?;
        self.begin_table(caller, format, table, name, move |write| {
            loop {
                for item in &read.items {
                    write(&cells(item))?;
                }
                let Some(cursor) = read.next_cursor else { return Ok(()) };
                read = page(Some(cursor)).map_err(|problem| io::Error::other(problem.detail))?;
            }
        })
    }
}

/// A table of which all rows are in memory.
pub fn whole_table(format: TableFormat, table: Table, name: &str, rows: &[Vec<Cell>]) -> Answer<Export> {
    let (media_type, ending) = form(format);
    let mut octets = Vec::new();
    let written = write_table(format, table, &mut octets, |write| rows.iter().try_for_each(|row| write(row)));
    written.map_err(|error| Problem::unprocessable(error.to_string()))?;
    Ok(ready(media_type, format!("{name}.{ending}"), octets))
}

/// The media type of a format, and the ending of its files' names.
fn form(format: TableFormat) -> (&'static str, &'static str) {
    match format {
        TableFormat::Csv { .. } => ("text/csv", "csv"),
        TableFormat::Xlsx => (xlsx::MEDIA_TYPE, "xlsx"),
    }
}
