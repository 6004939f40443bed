//! Lines of a price list that are no rates: titles, notes, totals, repeated headers; and what they say.

use tollgate_engine::money::Currency;

use super::grid::GridRow;
use super::header::Header;
use super::money_words::{NamedCurrency, read_price_header};
use crate::read::texts;

/// Words that lines below a table begin with.
const FOOTER_WORDS: &[&str] = &[
    "note",
    "notes",
    "remark",
    "remarks",
    "total",
    "totals",
    "end of",
    "page",
    "disclaimer",
    "terms",
    "all prices",
    "all rates",
    "prices",
    "rates",
    "valid",
    "copyright",
    "©",
    "generated",
    "confidential",
    "please",
    "* ",
    "** ",
    "this price",
    "sum",
    "count",
    "currency",
    "legend",
    "printed",
    "contact",
    "subject to",
];

/// Codes of currencies that are words of English as well.
const WORDS_TOO: &[&str] = &["ALL", "TOP", "TRY", "MOP", "CUP"];

/// True for a line that cannot be a rate.
pub fn is_remark(row: &GridRow, header: &Header) -> bool {
    let first = row.cells.iter().find(|cell| !cell.is_empty()).map_or("", |cell| &cell.text);
    if first.starts_with('#') || is_repeated_header(row, header) {
        return true;
    }
    let has_digits_only = first.chars().all(|char| char.is_ascii_digit() || "+-/., ".contains(char));
    if row.filled() == 1 {
        return !has_digits_only && header.columns.len() > 1;
    }
    let small = first.to_lowercase();
    let is_footer = FOOTER_WORDS.iter().any(|word| small.starts_with(word));
    is_footer
        && !header.columns.iter().any(|(field, column)| {
            let is_code = matches!(field.key(), "mcc" | "mcc_mnc" | "prefix");
            is_code && row.text(*column).bytes().any(|octet| octet.is_ascii_digit())
        })
}

fn is_repeated_header(row: &GridRow, header: &Header) -> bool {
    header.row.is_some()
        && row.cells.len() == header.names.len()
        && row.cells.iter().zip(&header.names).all(|(cell, name)| *cell.text == **name)
}

/// The currency that a line such as `All prices in EUR` or `Currency;EUR` names.
pub fn currency_of_line(row: &GridRow) -> Option<NamedCurrency> {
    let line = row.cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>().join(" ");
    let small = line.to_lowercase();
    let is_about_money = ["currency", "price", "rate", "amount", "währung", "devise", "tariff", "cost"];
    if !is_about_money.iter().any(|word| small.contains(word)) {
        return None;
    }
    let words = line.split(|char: char| !char.is_alphanumeric());
    let mut codes: Vec<Currency> =
        words.filter(|word| word.len() == 3).filter_map(|word| texts::currency(word).ok()).collect();
    codes.dedup();
    if codes.len() > 1 {
        codes.retain(|code| !WORDS_TOO.contains(&code.as_str()));
    }
    match codes[..] {
        [only] if !WORDS_TOO.contains(&only.as_str()) => Some(NamedCurrency::Code(only)),
        [] => read_price_header(&line).currency,
        _ => None,
    }
}

/// True if a line says when the list comes into force.
pub fn names_a_date(row: &GridRow) -> bool {
    let line = row.cells.iter().map(|cell| cell.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    let words = ["effective", "valid from", "valid as of", "in force from", "applicable from", "gültig ab"];
    words.iter().any(|word| line.contains(word)) && line.bytes().filter(u8::is_ascii_digit).count() >= 4
}
