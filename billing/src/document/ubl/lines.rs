//! The lines of an invoice or a credit note.

use super::elements::{Elements, Result};
use super::totals::{amount, category};
use super::words::Words;
use crate::document::content::{Content, Line, Unit};

/// Writes all of them, numbered from one.
pub fn write(xml: &mut Elements, content: &Content, words: &Words) -> Result {
    content.lines.iter().enumerate().try_for_each(|(index, line)| {
        xml.group(words.line, |xml| {
            xml.text("cbc:ID", &(index + 1).to_string())?;
            let unit = ("unitCode", unit_code(line.unit));
            xml.with_attribute(words.quantity, unit, &line.quantity.to_string())?;
            amount(xml, "cbc:LineExtensionAmount", line.total, content)?;
            item(xml, content, line)?;
            let code = content.currency.code.to_string();
            xml.group("cac:Price", |xml| {
                let price = line.unit_price.to_string();
                xml.with_attribute("cbc:PriceAmount", ("currencyID", &code), &price)
            })
        })
    })
}

fn item(xml: &mut Elements, content: &Content, line: &Line) -> Result {
    xml.group("cac:Item", |xml| {
        let network = line.network.as_ref().map(|network| format!("network {network}"));
        let parts: Vec<&str> = line.country.as_deref().into_iter().chain(network.as_deref()).collect();
        xml.optional("cbc:Description", Some(&parts.join(", ")))?;
        xml.text("cbc:Name", &line.description)?;
        match content.taxes.get(line.tax) {
            Some(tax) => category(xml, "cac:ClassifiedTaxCategory", tax, None),
            None => Ok(()),
        }
    })
}

/// UN/ECE Recommendation 20: `C62` is one of anything, `H87` a piece.
const fn unit_code(unit: Unit) -> &'static str {
    match unit {
        Unit::Segment | Unit::Period => "C62",
        Unit::Piece => "H87",
    }
}
