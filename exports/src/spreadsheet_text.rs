//! Texts of others in cells that spreadsheets open: none of them is taken for a formula (CWE-1236), and each can be read back.
//!
//! A spreadsheet takes a cell for a formula by its beginning. One that splits at other characters than the comma, as those of
//! many countries do, sees cells inside a text too: behind a semicolon, a tab or the end of a line. So each **part** of a text
//! between these gets an apostrophe in front where it would be a formula, and also where it would be one without the apostrophes
//! that it begins with. Whoever takes one apostrophe away from such parts has the text that it was.
//!
//! A number is a number, whatever its sign: a sender `+447700900123` stays what it is.

use std::borrow::Cow;

use super::cells::Cell;

/// Characters with which spreadsheets begin a formula, alone or in the full width of East Asian scripts, and one that some of
/// them skip before it.
const BEGINS: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\0'];
/// Characters at which spreadsheets split what is in no quotes for them, the comma aside, which is.
const SPLITS: [char; 4] = [';', '\t', '\r', '\n'];
/// White space that spreadsheets skip at the beginning of a cell, beside blanks.
const SKIPPED: [char; 3] = ['\t', '\r', '\n'];
const MARK: char = '\'';

/// The text of a cell for a spreadsheet: an apostrophe stands before what would be taken for a formula. Numbers, amounts and
/// times are what they are.
pub fn spreadsheet_text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => neutral(text).into_owned(),
        other => other.text(),
    }
}

fn neutral(text: &str) -> Cow<'_, str> {
    if !text.contains(BEGINS) && !text.contains(SKIPPED) {
        return Cow::Borrowed(text);
    }
    let mut marked = String::with_capacity(text.len() + 1);
    for (index, part) in text.split_inclusive(SPLITS).enumerate() {
        if is_formula(part) || (index == 0 && is_skipped(part)) {
            marked.push(MARK);
        }
        marked.push_str(part);
    }
    Cow::Owned(marked)
}

/// True if a part, with the character at which it ends, begins like a formula behind the apostrophes and blanks in front.
fn is_formula(part: &str) -> bool {
    let begin = beginning(part);
    begin.starts_with(BEGINS) && !is_number(begin.strip_suffix(SPLITS).unwrap_or(begin))
}

/// True if a cell begins with white space that spreadsheets skip.
fn is_skipped(part: &str) -> bool {
    beginning(part).starts_with(SKIPPED)
}

fn beginning(part: &str) -> &str {
    part.trim_start_matches(MARK).trim_start_matches(' ')
}

/// True for digits with a sign and a decimal point at most.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tollgate_engine::money::Amount;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_a_text() {
        for text in [
            "=1+1",
            "+1+1",
            "-1+1",
            "+44 7700 900123",
            "-",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\nx",
            "＝1",
            "＋1",
            "－1",
            "＠A",
            " =1",
            "'=1",
            "''=1",
            "' =1",
            "-5 ",
            "-1.",
        ] {
            assert_eq!(neutral(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "ACME", "a=1", "254722000001", "'x", "'", "A-1", " x", "178466400000000000", " '=1"]
        {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn no_cell_begins_inside_a_text_either() {
        assert_eq!(neutral("Hello;=1+1"), "Hello;'=1+1");
        assert_eq!(neutral("one\r\n@two\t-3+4"), "one\r\n'@two\t'-3+4");
        assert_eq!(neutral("\t=1"), "'\t'=1");
        assert_eq!(neutral("Hello, -50 % today; -5"), "Hello, -50 % today; -5");
    }

    #[test]
    fn numbers_are_never_changed() {
        let refund = Cell::Money(Amount::from_micros(-10_000_000));
        assert_eq!(spreadsheet_text(&refund), "-10.00");
        assert_eq!(spreadsheet_text(&Cell::Number(-5)), "-5");
        for number in ["-10.00", "447700900123", "+447700900123", "-5", "+1.5", "'-5"] {
            assert_eq!(spreadsheet_text(&Cell::from(number)), number);
        }
    }

    /// The text that a cell was made of.
    fn original(cell: &str) -> String {
        let parts = cell.split_inclusive(SPLITS).enumerate().map(|(index, part)| {
            let rest = part.strip_prefix(MARK);
            let is_marked = |rest: &&str| is_formula(rest) || (index == 0 && is_skipped(rest));
            rest.filter(is_marked).unwrap_or(part)
        });
        parts.collect()
    }

    #[test]
    fn every_text_can_be_read_back_and_no_two_are_one() {
        const LETTERS: [char; 8] = ['=', '-', '\'', ' ', '5', ';', '\t', 'a'];
        let mut texts = vec![String::new()];
        let mut seen = HashSet::new();
        for _ in 0..5 {
            texts = texts.iter().flat_map(|text| LETTERS.map(|letter| format!("{text}{letter}"))).collect();
            for text in &texts {
                let cell = neutral(text).into_owned();
                assert_eq!(original(&cell), *text, "{cell:?}");
                assert!(seen.insert(cell), "{text:?}");
            }
        }
    }
}
