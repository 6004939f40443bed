//! Invoices and credit notes as UBL 2.1, which tax authorities and accounting programs read.
//!
//! A document that can obey the rules of EN 16931 says so in its CustomizationID. Any other is plain UBL, valid by the schema,
//! and says in a note of its own why. Which it is, is decided before anything is written (`ubl/norm.rs`).

mod codes;
mod elements;
mod lines;
mod norm;
mod parties;
#[cfg(test)]
mod tests;
mod totals;
mod words;

use thiserror::Error;

use super::check::InvoiceDocument;
use super::content::{Content, Kind};
use elements::{Elements, Result};
use words::{CREDIT_NOTE, INVOICE, Words};

pub use norm::Departure;

/// The identifier of EN 16931.
const EN_16931: &str = "urn:cen.eu:en16931:2017";

/// A document as XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubl {
    /// The file, in UTF-8.
    pub xml: Vec<u8>,
    /// The reason for which it does not follow EN 16931; `None` where it does.
    pub departure: Option<Departure>,
}

/// The reason for which there is no XML of a document.
#[derive(Debug, Error)]
pub enum UblError {
    /// Its number is taken when it is issued.
    #[error("a draft has no XML, because it has no number yet")]
    Draft,
    /// UBL has no statement of a prepaid account that nothing is due of.
    #[error("a statement has no XML; invoices and credit notes have")]
    Statement,
    /// The schema demands at least one line.
    #[error("a document without lines has no XML")]
    NoLines,
    /// The XML could not be written to memory.
    #[error("the XML could not be written: {0}")]
    Writing(#[from] std::io::Error),
}

/// Writes an invoice or a credit note as XML.
pub fn ubl(document: &InvoiceDocument) -> std::result::Result<Ubl, UblError> {
    let content = document.content();
    let number = content.number.as_deref().ok_or(UblError::Draft)?;
    if content.lines.is_empty() {
        return Err(UblError::NoLines);
    }
    let words = match &content.kind {
        Kind::Invoice => INVOICE,
        Kind::CreditNote(_) => CREDIT_NOTE,
        Kind::Statement(_) => return Err(UblError::Statement),
    };
    let departure = norm::departure(content);
    let mut elements = Elements::new()?;
    elements.root(words.root, |xml| {
        head(xml, content, number, &words, departure)?;
        parties::write(xml, content)?;
        totals::payment(xml, content)?;
        totals::write(xml, content)?;
        lines::write(xml, content, &words)
    })?;
    Ok(Ubl { xml: elements.finish(), departure })
}

fn head(
    xml: &mut Elements,
    content: &Content,
    number: &str,
    words: &Words,
    departure: Option<Departure>,
) -> Result {
    if departure.is_none() {
        xml.text("cbc:CustomizationID", EN_16931)?;
    }
    xml.text("cbc:ID", number)?;
    xml.text("cbc:IssueDate", &content.issued.to_string())?;
    if let (Kind::Invoice, Some(due)) = (&content.kind, content.due) {
        xml.text("cbc:DueDate", &due.to_string())?;
    }
    xml.text(words.type_element, words.type_code)?;
    for note in &content.notes {
        xml.text("cbc:Note", note)?;
    }
    if let Some(departure) = departure {
        xml.text("cbc:Note", &format!("This document does not follow EN 16931: {departure}."))?;
    }
    xml.text("cbc:DocumentCurrencyCode", &content.currency.code.to_string())?;
    xml.optional("cbc:BuyerReference", content.account.as_deref())?;
    if let Some(period) = content.period {
        xml.group("cac:InvoicePeriod", |xml| {
            xml.text("cbc:StartDate", &period.first.to_string())?;
            xml.text("cbc:EndDate", &period.last.to_string())
        })?;
    }
    let Kind::CreditNote(corrected) = &content.kind else { return Ok(()) };
    xml.group("cac:BillingReference", |xml| {
        xml.group("cac:InvoiceDocumentReference", |xml| {
            xml.text("cbc:ID", &corrected.number)?;
            xml.text("cbc:IssueDate", &corrected.issued.to_string())
        })
    })
}
