//! Tables as .xlsx workbooks (ECMA-376), for people. Rows go out as they come, through ZIP's streaming form, so that neither
//! memory nor a temporary file holds them. The list of sheets is written last: a part of a workbook is none.

mod cell;
mod output;
mod parts;

use std::io::{self, Write};

use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};

use super::cells::Cell;
use super::table::Table;
use cell::{header_cell, put_cell};
use output::Output;

/// The media type of a workbook.
pub const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The bounds of a sheet. A further one is begun where one is full.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Rows, the header among them.
    rows: u32,
    /// Octets of its XML, at which no further row is begun.
    octets: u64,
}

/// Spreadsheets read so many rows, and many of them no part of a ZIP archive with more than 4 GiB.
const BOUNDS: Bounds = Bounds { rows: 1_048_576, octets: 3 << 30 };

/// Writes a table as a workbook, row by row.
pub struct XlsxRows<W: Write> {
    archive: ZipWriter<StreamWriter<Output<W>>>,
    table: Table,
    bounds: Bounds,
    /// Sheets that were begun.
    sheets: u32,
    /// Rows of the last sheet, and octets of its XML.
    rows: u32,
    octets: u64,
    /// The XML of one row, kept for its room.
    xml: String,
}

impl<W: Write> std::fmt::Debug for XlsxRows<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XlsxRows")
            .field("sheets", &self.sheets)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl<W: Write> XlsxRows<W> {
    /// A workbook of which nothing is written yet.
    pub fn new(output: W, table: Table) -> Self {
        Self {
            archive: ZipWriter::new_stream(Output::new(output)),
            table,
            bounds: BOUNDS,
            sheets: 0,
            rows: 0,
            octets: 0,
            xml: String::new(),
        }
    }

    /// Adds one row, on a further sheet where the last one is full.
    pub fn push(&mut self, cells: &[Cell]) -> io::Result<()> {
        if self.sheets == 0 || self.rows >= self.bounds.rows || self.octets >= self.bounds.octets {
            self.next_sheet()?;
        }
        self.begin_row();
        for ((cell, column), name) in cells.iter().zip(0..).zip(self.table.columns) {
            put_cell(&mut self.xml, column, self.rows, cell)
                .map_err(|fault| io::Error::other(format!("column {name} of row {}: {fault}", self.rows)))?;
        }
        self.end_row()
    }

    /// Ends the workbook, and gives what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        if self.sheets == 0 {
            self.next_sheet()?;
        }
        self.archive.write_all(parts::SHEET_END.as_bytes())?;
        for (name, part) in parts::of_workbook(self.table.name, self.sheets) {
            self.archive.start_file(name, SimpleFileOptions::default()).map_err(failure)?;
            self.archive.write_all(part.as_bytes())?;
        }
        Ok(self.archive.finish().map_err(failure)?.into_inner().into_inner())
    }

    fn next_sheet(&mut self) -> io::Result<()> {
        if self.sheets > 0 {
            self.archive.write_all(parts::SHEET_END.as_bytes())?;
        }
        self.sheets += 1;
        (self.rows, self.octets) = (0, 0);
        let path = parts::sheet_path(self.sheets);
        self.archive.start_file(path, SimpleFileOptions::default()).map_err(failure)?;
        self.archive.write_all(parts::sheet_begin(self.table.columns.len()).as_bytes())?;
        self.begin_row();
        for (name, column) in self.table.columns.iter().zip(0..) {
            header_cell(&mut self.xml, column, name);
        }
        self.end_row()
    }

    fn begin_row(&mut self) {
        self.rows += 1;
        self.xml.clear();
        self.xml.push_str("<row r=\"");
        self.xml.push_str(&self.rows.to_string());
        self.xml.push_str("\">");
    }

    fn end_row(&mut self) -> io::Result<()> {
        self.xml.push_str("</row>");
        self.octets += self.xml.len() as u64;
        self.archive.write_all(self.xml.as_bytes())
    }
}

/// The output's own error, where it was that.
fn failure(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use zip::ZipArchive;

    use super::*;

    const TABLE: Table = Table { name: "Items", columns: &["id", "amount"] };

    fn part(workbook: &[u8], name: &str) -> String {
        let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn written(bounds: Bounds, count: i64) -> Vec<u8> {
        let mut rows = XlsxRows { bounds, ..XlsxRows::new(Vec::new(), TABLE) };
        for number in 0..count {
            rows.push(&[Cell::from("178466400000000000"), Cell::Number(number)]).unwrap();
        }
        rows.finish().unwrap()
    }

    #[test]
    fn a_sheet_has_a_frozen_header_and_texts_as_texts() {
        let workbook = written(BOUNDS, 1);
        let sheet = part(&workbook, "xl/worksheets/sheet1.xml");
        for expected in [
            r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#,
            r#"<row r="1"><c r="A1" s="3" t="inlineStr"><is><t xml:space="preserve">id</t></is></c>"#,
            r#"<row r="2"><c r="A2" s="1" t="inlineStr"><is><t xml:space="preserve">178466400000000000</t></is></c>"#,
            r#"<c r="B2" s="4"><v>0</v></c></row></sheetData>"#,
        ] {
            assert!(sheet.contains(expected), "{expected} in {sheet}");
        }
        assert!(!sheet.contains("<f>"));
        assert!(
            part(&workbook, "xl/workbook.xml").contains(r#"<sheet name="Items" sheetId="1" r:id="rId1"/>"#)
        );
    }

    #[test]
    fn a_full_sheet_is_followed_by_another_with_the_header() {
        for bounds in [Bounds { rows: 4, ..BOUNDS }, Bounds { octets: 520, ..BOUNDS }] {
            let workbook = written(bounds, 7);
            let book = part(&workbook, "xl/workbook.xml");
            assert!(book.contains(r#"<sheet name="Items 3" sheetId="3" r:id="rId3"/>"#), "{book}");
            let counts = [1, 2, 3].map(|number| {
                part(&workbook, &format!("xl/worksheets/sheet{number}.xml")).matches("<row ").count()
            });
            assert_eq!(counts, [4, 4, 2], "each with a header, of {bounds:?}");
            let content = part(&workbook, "[Content_Types].xml");
            assert!(content.contains("/xl/worksheets/sheet3.xml") && !content.contains("sheet4.xml"));
        }
    }

    #[test]
    fn a_workbook_without_rows_has_the_header() {
        let sheet = part(&written(BOUNDS, 0), "xl/worksheets/sheet1.xml");
        assert_eq!(sheet.matches("<row ").count(), 1);
    }

    /// An output that takes so many octets.
    #[derive(Debug)]
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(octets.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_without_room_is_an_error() {
        for room in [0, 10, 500, 1_500] {
            let mut rows = XlsxRows::new(Full(room), TABLE);
            let pushed = rows.push(&[Cell::from("1"), Cell::Empty]);
            let error = pushed.and_then(|()| rows.finish().map(drop)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "room for {room}");
        }
    }
}
