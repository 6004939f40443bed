//! The words of a page: titles, dates and amounts.

use jiff::civil::Date;

use crate::document::content::{Content, Kind, Line, Unit};
use crate::document::money::{grouped, percent};
use crate::document::tax::{Tax, TaxCategory};

/// The title of the document.
pub fn title(content: &Content) -> &'static str {
    match (&content.kind, &content.number) {
        (Kind::Statement(_), _) => "Statement",
        (Kind::Invoice, Some(_)) => "Invoice",
        (Kind::Invoice, None) => "Draft invoice",
        (Kind::CreditNote(_), Some(_)) => "Credit note",
        (Kind::CreditNote(_), None) => "Draft credit note",
    }
}

/// The title with the number.
pub fn name(content: &Content) -> String {
    match &content.number {
        Some(number) => format!("{} {number}", title(content)),
        None => title(content).to_owned(),
    }
}

/// A date as people write it, such as `1 December 2026`.
pub fn date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// An amount with its currency in front, such as `EUR 1,234.50`.
pub fn amount(content: &Content, minor: i64) -> String {
    format!("{} {}", content.currency.code, content.currency.readable(minor))
}

/// The sentence that says what is to be paid.
pub fn headline(content: &Content) -> String {
    let due = content.totals.due;
    match &content.kind {
        Kind::Statement(balances) => format!("Closing balance {}", amount(content, balances.closing)),
        Kind::CreditNote(_) => format!("{} credited", amount(content, due)),
        Kind::Invoice if due > 0 => match content.due {
            Some(until) => format!("{} due {}", amount(content, due), date(until)),
            None => format!("{} due on receipt", amount(content, due)),
        },
        Kind::Invoice if due == 0 => "Nothing to pay".to_owned(),
        Kind::Invoice => format!("{} in your favour", amount(content, due.saturating_neg())),
    }
}

/// The quantity of a line.
pub fn quantity(line: &Line) -> String {
    let sign = if line.quantity < 0 { "-" } else { "" };
    let number = grouped(line.quantity.unsigned_abs());
    match (line.unit, line.quantity) {
        (Unit::Period, 1 | -1) => format!("{sign}{number} period"),
        (Unit::Period, _) => format!("{sign}{number} periods"),
        (Unit::Segment | Unit::Piece, _) => format!("{sign}{number}"),
    }
}

/// The rate of a tax, or the reason in a word for which there is none.
pub fn tax_words(tax: &Tax) -> String {
    match tax.category {
        TaxCategory::Standard | TaxCategory::ZeroRated => format!("{} %", percent(tax.rate_millionths)),
        TaxCategory::Exempt => "exempt".to_owned(),
        TaxCategory::ReverseCharge => "reverse charge".to_owned(),
        TaxCategory::Export => "export".to_owned(),
        TaxCategory::OutsideScope => "not applied".to_owned(),
    }
}
