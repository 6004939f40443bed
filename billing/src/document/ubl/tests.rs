//! The places of a document's fields in the XML.

use super::{UblError, ubl};
use crate::document::sample::{credit_note, invoice, statement};
use crate::document::{Content, InvoiceDocument};

fn xml(content: Content) -> String {
    String::from_utf8(ubl(&InvoiceDocument::new(content).unwrap()).unwrap().xml).unwrap()
}

#[test]
fn numbers_of_the_xml_are_those_of_the_document() {
    let text = xml(invoice());
    for part in [
        "<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>",
        "<cbc:ID>HOUSE-2026-000042</cbc:ID>",
        "<cbc:IssueDate>2026-12-01</cbc:IssueDate>",
        "<cbc:DueDate>2026-12-15</cbc:DueDate>",
        "<cbc:InvoicedQuantity unitCode=\"C62\">3457</cbc:InvoicedQuantity>",
        "<cbc:PriceAmount currencyID=\"EUR\">0.009175</cbc:PriceAmount>",
        "<cbc:Percent>16</cbc:Percent>",
        "<cbc:TaxAmount currencyID=\"EUR\">9.88</cbc:TaxAmount>",
        "<cbc:TaxInclusiveAmount currencyID=\"EUR\">71.61</cbc:TaxInclusiveAmount>",
        "<cbc:PrepaidAmount currencyID=\"EUR\">10.00</cbc:PrepaidAmount>",
        "<cbc:PayableAmount currencyID=\"EUR\">61.61</cbc:PayableAmount>",
        "Pay at https://billing.example.com/pay/5yKq3vT0</cbc:Note>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains(">10115 Berlin<"), "the place has elements of its own: {text}");
}

#[test]
fn a_credit_note_names_the_invoice_that_it_corrects() {
    let text = xml(credit_note());
    assert!(text.contains("<cbc:CreditNoteTypeCode>381<"), "{text}");
    let reference = text.split("<cac:InvoiceDocumentReference>").nth(1).unwrap();
    assert!(reference.trim_start().starts_with("<cbc:ID>HOUSE-2026-000042</cbc:ID>"), "{text}");
    assert!(!text.contains("PayeeFinancialAccount"), "nobody pays a credit note to its issuer: {text}");
}

#[test]
fn what_has_no_xml_is_said() {
    let error = |content| ubl(&InvoiceDocument::new(content).unwrap()).unwrap_err();
    assert!(matches!(error(statement()), UblError::Statement));
    assert!(matches!(error(Content { number: None, ..invoice() }), UblError::Draft));
    let empty = Content {
        lines: Vec::new(),
        taxes: Vec::new(),
        totals: crate::document::Totals::default(),
        ledger_total: None,
        ..invoice()
    };
    assert!(matches!(error(empty), UblError::NoLines));
}

#[test]
fn the_same_document_is_the_same_file() {
    assert_eq!(xml(invoice()), xml(invoice()));
}
