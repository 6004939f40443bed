//! The number formats of a workbook, as far as they change what a cell means.

use std::collections::BTreeMap;

use super::xml::{Step, Steps, attribute};
use crate::import::bounds::CELLS_MAX;
use crate::import::grid::FileFault;

/// The meaning of a number by its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// Any other number.
    Plain,
    /// A day, or a day and a time.
    Date,
    /// A whole number that is shown with at least so many digits, such as `00`.
    Digits(u8),
    /// A number of percent.
    Percent,
}

/// Reads the formats of cells, in the order of their style numbers.
pub fn read_formats(text: &str) -> Result<Vec<NumberFormat>, FileFault> {
    let (mut steps, mut codes, mut formats) = (Steps::of(text), BTreeMap::new(), Vec::new());
    let mut is_of_cells = false;
    loop {
        match steps.next()? {
            Step::Start(element, is_empty) => match element.local_name().as_ref() {
                "numFmt" => {
                    let id = attribute(&element, "numFmtId").unwrap_or_default();
                    codes.insert(id, attribute(&element, "formatCode").unwrap_or_default());
                }
                "cellXfs" => is_of_cells = !is_empty,
                "xf" if is_of_cells => {
                    let id = attribute(&element, "numFmtId").unwrap_or_default();
                    formats.push(format_of(&id, codes.get(&id)));
                }
                _ => {}
            },
            Step::End(name) if name == "cellXfs" => is_of_cells = false,
            Step::Done => return Ok(formats),
            _ => {}
        }
        if formats.len() > CELLS_MAX {
            return Err(FileFault::whole("has too many styles"));
        }
    }
}

fn format_of(id: &str, code: Option<&String>) -> NumberFormat {
    match (id, code) {
        (_, Some(code)) => format_of_code(code),
        ("14" | "15" | "16" | "17" | "22" | "27" | "28" | "29" | "30" | "31" | "36" | "50" | "57", None) => {
            NumberFormat::Date
        }
        ("9" | "10", None) => NumberFormat::Percent,
        _ => NumberFormat::Plain,
    }
}

/// By the section for positive numbers, without what is in quotes, brackets or escaped.
fn format_of_code(code: &str) -> NumberFormat {
    let (mut bare, mut chars) = (String::new(), code.chars());
    while let Some(char) = chars.next() {
        match char {
            '"' => chars.by_ref().take_while(|char| *char != '"').for_each(drop),
            '[' => chars.by_ref().take_while(|char| *char != ']').for_each(drop),
            '\\' | '_' | '*' => drop(chars.next()),
            ';' => break,
            other => bare.push(other.to_ascii_lowercase()),
        }
    }
    let digits = u8::try_from(bare.len()).unwrap_or(0);
    if (1..=15).contains(&digits) && bare.chars().all(|char| char == '0') {
        NumberFormat::Digits(digits)
    } else if bare != "general" && bare.contains(['d', 'y']) {
        NumberFormat::Date
    } else if bare.contains('%') {
        NumberFormat::Percent
    } else {
        NumberFormat::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_say_what_a_number_means() {
        for (code, expected) in [
            ("00", NumberFormat::Digits(2)),
            ("000", NumberFormat::Digits(3)),
            ("dd.mm.yyyy", NumberFormat::Date),
            ("[$-409]d-mmm-yy;@", NumberFormat::Date),
            ("yyyy\\-mm\\-dd", NumberFormat::Date),
            ("0.0000", NumberFormat::Plain),
            ("#,##0.00 \"day\"", NumberFormat::Plain),
            ("\"EUR\" 0.000", NumberFormat::Plain),
            ("[Red]0.00", NumberFormat::Plain),
            ("0.00%", NumberFormat::Percent),
            ("General", NumberFormat::Plain),
        ] {
            assert_eq!(format_of_code(code), expected, "{code}");
        }
    }
}
