//! Workbooks that are put together part by part.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<?xml version="1.0"?><workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<?xml version="1.0"?><Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// A workbook with one sheet and these shared strings, both as XML.
pub fn workbook(sheet: &str, strings: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in [
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", strings),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The XML of a sheet with these rows. Cells that are numbers are written as such.
pub fn sheet_of(rows: &[Vec<String>]) -> String {
    let rows: Vec<String> = rows.iter().zip(1..).map(|(row, number)| row_of(row, number)).collect();
    format!("<worksheet><sheetData>{}</sheetData></worksheet>", rows.concat())
}

fn row_of(row: &[String], number: u32) -> String {
    let cells: Vec<String> = row.iter().map(|cell| cell_of(cell)).collect();
    format!("<row r=\"{number}\">{}</row>", cells.concat())
}

fn cell_of(cell: &str) -> String {
    let is_whole = !cell.starts_with('0') && cell.parse::<u64>().is_ok();
    if is_whole || cell.contains('.') && cell.parse::<rust_decimal::Decimal>().is_ok() {
        return format!("<c><v>{cell}</v></c>");
    }
    let text = cell.replace('&', "&amp;").replace('<', "&lt;");
    format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

/// No shared strings.
pub const NO_STRINGS: &str = "<sst></sst>";
