//! The XML of a cell. Texts are inline strings, which are never formulas; numbers are cells that can be summed, where a
//! spreadsheet holds them exactly.

use std::fmt::Write;

use quick_xml::escape::partial_escape;

use crate::Cell;

/// The styles of cells, by their places in the list of [`parts`](super::parts).
const TEXT: u8 = 1;
const MONEY: u8 = 2;
const HEADER: u8 = 3;
const WHOLE: u8 = 4;

/// The first magnitude of sixteen digits: spreadsheets calculate with fifteen.
const INEXACT_FROM: u64 = 1_000_000_000_000_000;
const EXACT_DIGITS: usize = 15;
/// Characters of a cell, counted as UTF-16 has them.
const TEXT_MAX: usize = 32_767;

/// The refusal of a value that no cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a text has more than the {TEXT_MAX} characters of a cell; export it as CSV")]
pub struct TooLong;

/// Adds a cell of the header.
pub fn header_cell(xml: &mut String, column: u32, name: &str) {
    put_text(xml, &place(column, 1), HEADER, name);
}

/// Adds the cell of a value; none where there is no value. Columns count from 0 and rows from 1.
pub fn put_cell(xml: &mut String, column: u32, row: u32, cell: &Cell) -> Result<(), TooLong> {
    let (style, is_exact) = match cell {
        Cell::Empty => return Ok(()),
        Cell::Number(number) => (WHOLE, number.unsigned_abs() < INEXACT_FROM),
        Cell::Money(amount) => (MONEY, amount.micros().unsigned_abs() < INEXACT_FROM),
        Cell::Sum(total) => (MONEY, total.micros().unsigned_abs() < u128::from(INEXACT_FROM)),
        Cell::Decimal(digits) => (MONEY, digits.bytes().filter(u8::is_ascii_digit).count() <= EXACT_DIGITS),
        Cell::Flag(flag) => {
            push(xml, format_args!("<c r=\"{}\" t=\"b\"><v>{}</v></c>", place(column, row), u8::from(*flag)));
            return Ok(());
        }
        Cell::Text(_) | Cell::Time(_) => (TEXT, false),
    };
    let (place, text) = (place(column, row), cell.text());
    if is_exact {
        push(xml, format_args!("<c r=\"{place}\" s=\"{style}\"><v>{text}</v></c>"));
        return Ok(());
    }
    // No character has more units than octets.
    if text.len() > TEXT_MAX && text.encode_utf16().count() > TEXT_MAX {
        return Err(TooLong);
    }
    put_text(xml, &place, TEXT, &text);
    Ok(())
}

fn put_text(xml: &mut String, place: &str, style: u8, text: &str) {
    push(xml, format_args!("<c r=\"{place}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"));
    xml.push_str(&partial_escape(without_controls(text)));
    xml.push_str("</t></is></c>");
}

/// A text with what XML cannot hold as `_xHHHH_` (ECMA-376 part 1, 22.9.2.19), and with what looks so already kept as it is.
fn without_controls(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let is_held = !matches!(character, '\0'..='\x08' | '\x0b'..='\x1f' | '\u{fffe}' | '\u{ffff}');
        let looks_escaped = character == '_' && text.get(at..at + 7).is_some_and(is_escape);
        if is_held && !looks_escaped {
            escaped.push(character);
        } else {
            push(&mut escaped, format_args!("_x{:04X}_", u32::from(character)));
        }
    }
    escaped
}

/// True for `_xHHHH_`.
fn is_escape(text: &str) -> bool {
    let digits = text.strip_prefix("_x").and_then(|rest| rest.strip_suffix('_'));
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|octet| octet.is_ascii_hexdigit()))
}

/// The name of a cell, such as `AB7`.
fn place(column: u32, row: u32) -> String {
    format!("{}{row}", column_name(column))
}

/// The letters of a column, counted from 0.
fn column_name(column: u32) -> String {
    let letter = |number: u32| char::from_digit(number % 26 + 10, 36).unwrap_or('a').to_ascii_uppercase();
    if column < 26 {
        return letter(column).to_string();
    }
    format!("{}{}", column_name(column / 26 - 1), letter(column))
}

/// Writing to a String cannot fail.
fn push(xml: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = xml.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::{Amount, Total};
    use tollgate_engine::time::UnixMicros;

    use super::*;

    fn xml(cell: &Cell) -> String {
        let mut xml = String::new();
        put_cell(&mut xml, 1, 2, cell).unwrap();
        xml
    }

    fn text_cell(text: &str) -> String {
        format!(r#"<c r="B2" s="1" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#)
    }

    #[test]
    fn money_is_a_number_where_a_spreadsheet_holds_it_exactly() {
        for (micros, number) in [
            (0, "0.00"),
            (28_400, "0.0284"),
            (-10_000_000, "-10.00"),
            (999_999_999_999_999, "999999999.999999"),
            (-999_999_999_999_999, "-999999999.999999"),
        ] {
            let cell = Cell::Money(Amount::from_micros(micros));
            assert_eq!(xml(&cell), format!(r#"<c r="B2" s="2"><v>{number}</v></c>"#));
        }
        for (micros, text) in [
            (1_000_000_000_000_000, "1000000000.00"),
            (1_000_000_000_000_001, "1000000000.000001"),
            (-1_000_000_000_000_000, "-1000000000.00"),
        ] {
            assert_eq!(xml(&Cell::Money(Amount::from_micros(micros))), text_cell(text));
        }
    }

    #[test]
    fn sums_and_decimals_are_numbers_where_a_spreadsheet_holds_them_exactly() {
        let sum = |micros| Cell::Sum(Total::from_micros(micros));
        assert_eq!(xml(&sum(-999_999_999_999_999)), r#"<c r="B2" s="2"><v>-999999999.999999</v></c>"#);
        let beyond_an_amount = -i128::from(i64::MAX) * 1_000_000;
        assert_eq!(xml(&sum(1_000_000_000_000_000)), text_cell("1000000000.00"));
        assert_eq!(xml(&sum(beyond_an_amount)), text_cell("-9223372036854775807.00"));
        let decimal = |digits: &str| Cell::Decimal(digits.to_owned());
        assert_eq!(xml(&decimal("98.50")), r#"<c r="B2" s="2"><v>98.50</v></c>"#);
        assert_eq!(xml(&decimal("0.1234567890123456")), text_cell("0.1234567890123456"));
    }

    #[test]
    fn whole_numbers_and_flags_are_what_they_are() {
        assert_eq!(xml(&Cell::Number(-7)), r#"<c r="B2" s="4"><v>-7</v></c>"#);
        assert_eq!(xml(&Cell::Number(178_466_400_000_000_000)), text_cell("178466400000000000"));
        assert_eq!(xml(&Cell::Number(i64::MIN)), text_cell("-9223372036854775808"));
        assert_eq!(xml(&Cell::Flag(true)), r#"<c r="B2" t="b"><v>1</v></c>"#);
        assert_eq!(xml(&Cell::Empty), "");
    }

    #[test]
    fn texts_and_times_are_texts_whatever_they_look_like() {
        for text in
            ["=1+1", "+254722000001", "-1", "@SUM(A1)", "001", "178466400000000000", "1E5", "TRUE", " x "]
        {
            assert_eq!(xml(&Cell::from(text)), text_cell(text));
        }
        assert_eq!(xml(&Cell::Time(UnixMicros(1_000_000))), text_cell("1970-01-01T00:00:01Z"));
        assert_eq!(xml(&Cell::from("<A&B>")), text_cell("&lt;A&amp;B&gt;"));
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        for (text, escaped) in [
            ("a\0b", "a_x0000_b"),
            ("\r\n\t", "_x000D_\n\t"),
            ("\u{ffff}", "_xFFFF_"),
            ("_x000D_", "_x005F_x000D_"),
            ("_x00D_", "_x00D_"),
            ("_xé_", "_xé_"),
            ("_x12345_", "_x12345_"),
        ] {
            assert_eq!(without_controls(text), escaped, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_no_cell_holds_is_refused() {
        let put = |text: String| put_cell(&mut String::new(), 0, 1, &Cell::from(text));
        assert_eq!(put("é".repeat(TEXT_MAX)), Ok(()));
        assert_eq!(put("é".repeat(TEXT_MAX + 1)), Err(TooLong));
        assert_eq!(put("😀".repeat(TEXT_MAX / 2 + 1)), Err(TooLong));
    }

    #[test]
    fn columns_have_letters() {
        for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (33, "AH"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_name(column), name);
        }
    }
}
