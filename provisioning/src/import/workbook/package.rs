//! The archive that a workbook is, and the parts that its content lies in.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::xml::{Step, Steps, attribute};
use crate::import::bounds::{OCTETS_MAX, PARTS_MAX, SHEETS_MAX};
use crate::import::grid::FileFault;
use crate::import::text::decode;

/// The parts of a workbook that count here.
#[derive(Debug, Default)]
pub struct Book {
    /// Names of visible sheets and their parts.
    pub sheets: Vec<(String, String)>,
    /// The part of strings that cells share.
    pub strings: Option<String>,
    /// The part of number formats.
    pub styles: Option<String>,
    /// True if days are counted from 1904 on.
    pub is_1904: bool,
}

/// An open archive.
pub struct Package<'o> {
    archive: ZipArchive<Cursor<&'o [u8]>>,
    /// Octets that may still be unpacked.
    left: usize,
}

/// A relationship of the workbook: id, kind and part.
type Relation = (String, String, String);

impl<'o> Package<'o> {
    /// Opens the archive.
    pub fn open(octets: &'o [u8]) -> Result<Self, FileFault> {
        let archive = ZipArchive::new(Cursor::new(octets));
        let archive = archive.map_err(|error| FileFault::whole(format!("is not a workbook: {error}")))?;
        if archive.len() > PARTS_MAX {
            return Err(FileFault::whole(format!("has more than {PARTS_MAX} parts")));
        }
        Ok(Self { archive, left: OCTETS_MAX })
    }

    /// The text of a part. What it unpacks to is counted, whatever it says of itself.
    pub fn text(&mut self, part: &str) -> Result<String, FileFault> {
        let missing = |error: &dyn std::fmt::Display| {
            FileFault::whole(format!("is not an .xlsx workbook: its part {part} cannot be read: {error}"))
        };
        let file = self.archive.by_name(part).map_err(|error| missing(&error))?;
        let mut octets = Vec::new();
        let most = u64::try_from(self.left).unwrap_or(u64::MAX);
        let read = file.take(most.saturating_add(1)).read_to_end(&mut octets);
        read.map_err(|error| missing(&error))?;
        self.left = self
            .left
            .checked_sub(octets.len())
            .ok_or_else(|| FileFault::whole(format!("unpacks to more than {OCTETS_MAX} octets")))?;
        Ok(decode(&octets, None)?.text)
    }

    /// The parts that the workbook is made of.
    pub fn book(&mut self) -> Result<Book, FileFault> {
        let root = self.relations("_rels/.rels", "")?;
        let main = root.iter().find(|(_, kind, _)| kind.ends_with("/officeDocument"));
        let main = main.map_or("xl/workbook.xml", |(_, _, part)| part.as_str()).to_owned();
        let (folder, name) = main.rsplit_once('/').unwrap_or(("", &main));
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let relations = self.relations(&format!("{prefix}_rels/{name}.rels"), &prefix)?;
        let of_kind = |wanted: &str| {
            relations.iter().find(|(_, kind, _)| kind.ends_with(wanted)).map(|(_, _, part)| part.clone())
        };
        let mut book =
            Book { strings: of_kind("/sharedStrings"), styles: of_kind("/styles"), ..Book::default() };
        read_book(&self.text(&main)?, &relations, &mut book)?;
        if book.sheets.is_empty() {
            return Err(FileFault::whole("has no sheet that can be seen"));
        }
        Ok(book)
    }

    fn relations(&mut self, part: &str, folder: &str) -> Result<Vec<Relation>, FileFault> {
        let text = self.text(part)?;
        let (mut steps, mut relations) = (Steps::of(&text), Vec::new());
        loop {
            match steps.next()? {
                Step::Start(element, _) if element.local_name().as_ref() == "Relationship" => {
                    let get = |name| attribute(&element, name).unwrap_or_default();
                    let target = get("Target");
                    let target = match target.strip_prefix('/') {
                        Some(absolute) => absolute.to_owned(),
                        None => format!("{folder}{target}"),
                    };
                    relations.push((get("Id"), get("Type"), target));
                }
                Step::Done => return Ok(relations),
                _ => {}
            }
        }
    }
}

fn read_book(text: &str, relations: &[Relation], book: &mut Book) -> Result<(), FileFault> {
    let mut steps = Steps::of(text);
    loop {
        match steps.next()? {
            Step::Start(element, _) => match element.local_name().as_ref() {
                "workbookPr" => {
                    let date = attribute(&element, "date1904");
                    book.is_1904 = matches!(date.as_deref(), Some("1" | "true"));
                }
                "sheet" => {
                    if attribute(&element, "state").is_some_and(|state| state != "visible") {
                        continue;
                    }
                    let id = attribute(&element, "id").unwrap_or_default();
                    let found = relations
                        .iter()
                        .find(|(known, kind, _)| *known == id && kind.ends_with("/worksheet"));
                    if let Some((_, _, part)) = found {
                        let name = attribute(&element, "name").unwrap_or_default();
                        book.sheets.push((name, part.clone()));
                    }
                    if book.sheets.len() > SHEETS_MAX {
                        return Err(FileFault::whole(format!("has more than {SHEETS_MAX} sheets")));
                    }
                }
                _ => {}
            },
            Step::Done => return Ok(()),
            _ => {}
        }
    }
}
