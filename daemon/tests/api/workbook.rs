//! Exported workbooks, read back from their ZIP and XML.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

/// A cell that has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The type that it says, such as `inlineStr`; empty for a number.
    pub kind: String,
    /// Its text, with entities resolved.
    pub text: String,
}

/// The rows of a sheet, counted from 1, with the places in them that have no cell.
pub fn rows(workbook: &[u8], sheet: u32) -> Vec<Vec<Option<Cell>>> {
    let xml = part(workbook, &format!("xl/worksheets/sheet{sheet}.xml"));
    let mut reader = Reader::from_str(&xml);
    let mut rows: Vec<Vec<Option<Cell>>> = Vec::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(element) => match element.name().as_ref() {
                "row" => rows.push(Vec::new()),
                "c" => begin_cell(rows.last_mut().expect("a row"), &element),
                "f" => panic!("a formula in row {}", rows.len()),
                _ => {}
            },
            Event::Text(text) => add(&mut rows, &text.xml10_content()),
            Event::GeneralRef(name) => {
                let written = format!("&{};", &*name);
                add(&mut rows, &quick_xml::escape::unescape(&written).expect("an entity of XML"));
            }
            Event::Eof => return rows,
            _ => {}
        }
    }
}

/// The text of a part.
pub fn part(workbook: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).expect("a ZIP archive");
    let mut text = String::new();
    archive.by_name(name).expect("the part").read_to_string(&mut text).expect("UTF-8");
    text
}

fn begin_cell(row: &mut Vec<Option<Cell>>, element: &BytesStart<'_>) {
    let attribute = |name: &str| {
        let found = element.attributes().flatten().find(|found| found.key.as_ref() == name)?;
        Some(found.value.to_string())
    };
    let place = attribute("r").expect("a place");
    let letters = place.bytes().take_while(u8::is_ascii_uppercase);
    let column = letters.fold(0, |column, letter| column * 26 + usize::from(letter - b'A') + 1);
    assert!(column > row.len(), "cells are in order: {place}");
    row.resize(column, None);
    row[column - 1] = Some(Cell { kind: attribute("t").unwrap_or_default(), text: String::new() });
}

fn add(rows: &mut [Vec<Option<Cell>>], text: &str) {
    if let Some(Some(cell)) = rows.last_mut().and_then(|row| row.last_mut()) {
        cell.text.push_str(text);
    }
}
