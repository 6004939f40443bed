//! Documents as PDF/A-3a and PDF/UA-1, for people to read and for archives to keep.
//!
//! The library checks the rules of both as it writes. Date and identifier come from the content, so that the same content is the
//! same file. Invoices and credit notes carry their XML as an attached file.

mod closing;
mod flow;
mod fonts;
mod head;
mod logo;
mod page;
mod painter;
mod style;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod text;
mod words;

use jiff::civil::Date;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::error::KrillaError;
use krilla::geom::Point;
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::{Document, SerializeSettings};
use thiserror::Error;

use super::check::InvoiceDocument;
use super::content::{Content, Kind};
use super::ubl::ubl;
use flow::Flow;
use fonts::Fonts;
use page::Page;
use tags::Tags;
use text::Shaper;

pub use logo::{LOGO_OCTETS_MAX, LogoError, LogoKind, check_logo};

/// The language that documents are written in.
const LANGUAGE: &str = "en";

/// The reason for which there is no PDF of a document.
#[derive(Debug, Error)]
pub enum PdfError {
    /// A font of the program cannot be read.
    #[error("a font that is part of the program cannot be read")]
    Fonts,
    /// The library cannot write it.
    #[error("the PDF cannot be written: {0}")]
    Writing(String),
}

/// Writes a document as PDF.
pub fn pdf(document: &InvoiceDocument) -> Result<Vec<u8>, PdfError> {
    let shaper = Shaper::new(Fonts::load().ok_or(PdfError::Fonts)?);
    let logo = document.content().logo.as_deref().and_then(|octets| logo::read_logo(octets).ok());
    let logo = logo.map(|(_, image)| image);
    match write(document, &shaper, logo.as_ref()) {
        // The picture is decoded as late as now. One that is broken or does not fit is left out.
        Err(_) if logo.is_some() => write(document, &shaper, None),
        written => written,
    }
    .map_err(|error| PdfError::Writing(format!("{error:?}")))
}

fn write(document: &InvoiceDocument, shaper: &Shaper, logo: Option<&Image>) -> Result<Vec<u8>, KrillaError> {
    let content = document.content();
    let (pages, tags) = pages(content, shaper, logo.is_some());
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish();
    let settings = SerializeSettings {
        configuration: configuration.unwrap_or_default(),
        enable_tagging: true,
        compress_content_streams: true,
        ..SerializeSettings::default()
    };
    let mut file = Document::new_with(settings);
    let mut leaves = tags.empty_leaves();
    painter::paint(&mut file, &pages, shaper, logo, &mut leaves);
    file.set_tag_tree(tags.tree(leaves, LANGUAGE));
    file.set_metadata(metadata(content));
    file.set_outline(outline(content));
    if let Some(xml) = attached(document) {
        let _ = file.embed_file(xml); // the only one, so that no other has its name
    }
    file.finish()
}

/// The pages and the structure of a document.
fn pages(content: &Content, shaper: &Shaper, has_logo: bool) -> (Vec<Page>, Tags) {
    let name = words::name(content);
    let mut flow = Flow::new(shaper, [name.clone(), content.issuer.name.clone()]);
    head::write(&mut flow, content, has_logo);
    if let Kind::Statement(balances) = &content.kind {
        closing::balances(&mut flow, content, balances);
    }
    table::write(&mut flow, content);
    closing::write(&mut flow, content);
    flow.finish(&format!("{} · {name}", content.issuer.name))
}

fn metadata(content: &Content) -> Metadata {
    let name = words::name(content);
    Metadata::new()
        .title(format!("{name} of {}", content.issuer.name))
        .authors(vec![content.issuer.name.clone()])
        .language(LANGUAGE.to_owned())
        .creation_date(midnight(content.issued))
        .document_id(format!("{name}/{}/{}", content.issuer.name, content.issued))
}

/// One entry that leads to the beginning; PDF/UA wants an outline.
fn outline(content: &Content) -> Outline {
    let mut outline = Outline::new();
    let beginning = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(words::name(content), beginning));
    outline
}

/// The XML of a document that has one.
fn attached(document: &InvoiceDocument) -> Option<EmbeddedFile> {
    let xml = ubl(document).ok()?;
    let description = match xml.departure {
        None => "This document as UBL 2.1 by EN 16931",
        Some(_) => "This document as UBL 2.1",
    };
    Some(EmbeddedFile {
        path: "invoice.xml".to_owned(),
        mime_type: MimeType::new("text/xml"),
        description: Some(description.to_owned()),
        association_kind: AssociationKind::Alternative,
        data: xml.xml.into(),
        modification_date: Some(midnight(document.content().issued)),
        compress: Some(true),
        location: None,
    })
}

/// The beginning of a day in UTC, as dates within PDF files are instants.
fn midnight(date: Date) -> DateTime {
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    DateTime::new(u16::try_from(date.year()).unwrap_or(1))
        .month(part(date.month()))
        .day(part(date.day()))
        .hour(0)
        .minute(0)
        .second(0)
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
