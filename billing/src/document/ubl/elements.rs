//! Elements of XML, written one after another. What a text has that XML cannot hold is replaced.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// The result of writing an element.
pub type Result = io::Result<()>;

const COMMON: &str = "urn:oasis:names:specification:ubl:schema:xsd:Common";

/// A document in UTF-8 that grows in memory.
pub struct Elements {
    writer: Writer<Vec<u8>>,
}

impl Elements {
    /// A document with its declaration.
    pub fn new() -> io::Result<Self> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(Self { writer })
    }

    /// The root, in the namespaces of UBL.
    pub fn root(&mut self, name: &str, inner: impl FnOnce(&mut Self) -> Result) -> Result {
        let mut start = BytesStart::new(name);
        let namespace = format!("urn:oasis:names:specification:ubl:schema:xsd:{name}-2");
        start.push_attribute(("xmlns", namespace.as_str()));
        start.push_attribute(("xmlns:cac", format!("{COMMON}AggregateComponents-2").as_str()));
        start.push_attribute(("xmlns:cbc", format!("{COMMON}BasicComponents-2").as_str()));
        self.around(start, name, inner)
    }

    /// An element with others within.
    pub fn group(&mut self, name: &str, inner: impl FnOnce(&mut Self) -> Result) -> Result {
        self.around(BytesStart::new(name), name, inner)
    }

    /// An element with a text.
    pub fn text(&mut self, name: &str, text: &str) -> Result {
        self.leaf(BytesStart::new(name), name, text)
    }

    /// An element with a text and one attribute.
    pub fn with_attribute(&mut self, name: &str, attribute: (&str, &str), text: &str) -> Result {
        let mut start = BytesStart::new(name);
        start.push_attribute(attribute);
        self.leaf(start, name, text)
    }

    /// An element, unless its text is missing or blank.
    pub fn optional(&mut self, name: &str, text: Option<&str>) -> Result {
        match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => self.text(name, text),
            None => Ok(()),
        }
    }

    /// The whole document.
    pub fn finish(self) -> Vec<u8> {
        self.writer.into_inner()
    }

    fn around(&mut self, start: BytesStart, name: &str, inner: impl FnOnce(&mut Self) -> Result) -> Result {
        self.writer.write_event(Event::Start(start))?;
        inner(self)?;
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    fn leaf(&mut self, start: BytesStart, name: &str, text: &str) -> Result {
        self.writer.write_event(Event::Start(start))?;
        self.writer.write_event(Event::Text(BytesText::new(&holdable(text))))?;
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }
}

/// A text on one line without characters that XML 1.0 cannot hold, which become U+FFFD.
fn holdable(text: &str) -> String {
    let replaced = text.trim().chars().map(|character| match character {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' => ' ',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        character if character.is_control() => '\u{fffd}',
        character => character,
    });
    replaced.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_what_xml_cannot_hold_is_replaced() {
        let mut elements = Elements::new().unwrap();
        elements.text("a", " <b>&\"' \u{0}\u{1f}\n\u{ffff}😀ሀ ").unwrap();
        let xml = String::from_utf8(elements.finish()).unwrap();
        let (_, element) = xml.split_once("<a>").unwrap();
        assert_eq!(element, "&lt;b&gt;&amp;&quot;&apos; \u{fffd}\u{fffd} \u{fffd}😀ሀ</a>");
    }
}
