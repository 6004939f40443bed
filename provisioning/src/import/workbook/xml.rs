//! Steps through the XML of a part of a workbook.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use crate::import::grid::FileFault;

/// The next piece of a part.
#[derive(Debug)]
pub enum Step<'x> {
    /// An element begins; `true` if it is empty.
    Start(BytesStart<'x>, bool),
    /// An element of this local name ends.
    End(String),
    /// Text in an element.
    Text(String),
    /// The end of the part.
    Done,
}

/// A reader of one part.
pub struct Steps<'x> {
    reader: Reader<&'x [u8]>,
}

impl<'x> Steps<'x> {
    /// From the beginning of a part.
    pub fn of(text: &'x str) -> Self {
        Self { reader: Reader::from_str(text) }
    }

    /// The next step. Comments and declarations are passed over, and no entity is expanded but those of XML itself.
    pub fn next(&mut self) -> Result<Step<'x>, FileFault> {
        let broken = |error: &dyn std::fmt::Display| FileFault::whole(format!("is not well-formed: {error}"));
        loop {
            return Ok(match self.reader.read_event().map_err(|error| broken(&error))? {
                Event::Start(element) => Step::Start(element, false),
                Event::Empty(element) => Step::Start(element, true),
                Event::End(element) => Step::End(element.local_name().as_ref().to_owned()),
                Event::Text(text) => Step::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Step::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(name) => {
                    let written = format!("&{};", &*name);
                    Step::Text(unescape(&written).map_err(|error| broken(&error))?.into_owned())
                }
                Event::Eof => Step::Done,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            });
        }
    }
}

/// An attribute by its local name.
pub fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|found| found.key.local_name().as_ref() == name)?;
    unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
}
