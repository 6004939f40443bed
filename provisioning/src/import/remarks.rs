//! Lines of a price list that are no rates: titles, notes, totals, repeated headers; and what they say.

use tollgate_engine::money::Currency;

use super::field::{Field, squeezed};
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
    "grand total",
    "subtotal",
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
    "*",
    "**",
    "this price",
    "sum",
    "count",
    "average",
    "currency",
    "legend",
    "printed",
    "contact",
    "subject to",
];

/// Words that lines with a figure calculated from the prices above have in place of a network, and nothing besides.
const TOTAL_WORDS: &[&str] = &[
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "count",
    "average",
    "avg",
    "min",
    "max",
    "summe",
    "gesamt",
];

/// Codes of currencies that are words of English as well.
const WORDS_TOO: &[&str] = &["ALL", "TOP", "TRY", "MOP", "CUP"];

/// True for a line that cannot be a rate.
pub fn is_remark(row: &GridRow, header: &Header) -> bool {
    let first = row.cells.iter().find(|cell| !cell.is_empty()).map_or("", |cell| &cell.text);
    if is_repeated_header(row, header) {
        return true;
    }
    if first.starts_with('#') {
        return header.is_own || !has_rate(row, header);
    }
    let has_digits_only = first.chars().all(|char| char.is_ascii_digit() || "+-/., ".contains(char));
    if row.filled() == 1 {
        return !has_digits_only && header.columns.len() > 1;
    }
    if has_code(row, header) {
        return false;
    }
    let small = first.to_lowercase();
    let words = small.split(|char: char| !char.is_alphabetic() && char != ' ').next().unwrap_or_default();
    let is_total = TOTAL_WORDS.contains(&words.trim());
    let begins = |word: &&str| {
        small.strip_prefix(*word).is_some_and(|rest| !rest.starts_with(|char: char| char.is_alphanumeric()))
    };
    is_total || (!has_price(row, header) && FOOTER_WORDS.iter().any(begins))
}

/// True for a row whose first cell of a known column begins as a remark does.
pub fn is_marked(row: &GridRow, header: &Header) -> bool {
    let first = row.cells.iter().position(|cell| !cell.is_empty());
    first.is_some_and(|first| {
        row.text(first).starts_with('#') && header.columns.values().any(|column| *column == first)
    })
}

/// True for a row that begins as a remark does and has a code and a price all the same.
fn has_rate(row: &GridRow, header: &Header) -> bool {
    has_price(row, header) && (has_code(row, header) || row.filled() > 2)
}

fn has_price(row: &GridRow, header: &Header) -> bool {
    let price = header.columns.get(&Field::Price).map_or("", |column| row.text(*column));
    price.bytes().any(|octet| octet.is_ascii_digit())
}

fn has_code(row: &GridRow, header: &Header) -> bool {
    [Field::Mcc, Field::MccMnc, Field::Prefix].iter().any(|field| {
        let code = header.columns.get(field).map_or("", |column| row.text(*column));
        code.bytes().any(|octet| octet.is_ascii_digit())
    })
}

/// True for the header once more, whatever the case and the marks of its words.
fn is_repeated_header(row: &GridRow, header: &Header) -> bool {
    let mut names = header.names.iter();
    header.row.is_some()
        && row.cells.len() == header.names.len()
        && row.cells.iter().all(|cell| {
            names.next().is_some_and(|name| *cell.text == **name || squeezed(&cell.text) == squeezed(name))
        })
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
