//! Texts of others in cells that spreadsheets open: none of them is taken for a formula (CWE-1236).

use std::borrow::Cow;

use super::cells::Cell;

/// Characters with which spreadsheets begin a formula, alone or in the full width of East Asian scripts, and the white space
/// that some of them skip before it.
const BEGINS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\0'];

/// The text of a cell for a spreadsheet: an apostrophe stands before what would be taken for a formula. Numbers, amounts and
/// times are what they are.
pub fn spreadsheet_text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => neutral(text).into_owned(),
        other => other.text(),
    }
}

fn neutral(text: &str) -> Cow<'_, str> {
    if text.trim_start_matches(' ').starts_with(BEGINS) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::Amount;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_a_text() {
        for text in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A", " =1"]
        {
            assert_eq!(neutral(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "ACME", "a=1", "254722000001", "'x", "A-1", " x", "178466400000000000"] {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn numbers_are_never_changed() {
        let refund = Cell::Money(Amount::from_micros(-10_000_000));
        assert_eq!(spreadsheet_text(&refund), "-10.00");
        assert_eq!(spreadsheet_text(&Cell::Number(-5)), "-5");
        assert_eq!(spreadsheet_text(&Cell::from("-10.00")), "'-10.00");
    }
}
