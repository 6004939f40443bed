//! The cells of one sheet of a workbook.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Time, date};
use rust_decimal::{Decimal, RoundingStrategy};

use super::formats::NumberFormat;
use super::xml::{Step, Steps, attribute};
use crate::import::bounds::{CELLS_MAX, COLUMNS_MAX, LINES_MAX};
use crate::import::grid::{Cell, CellKind, FileFault, Grid};

/// The strings and formats that cells of a sheet refer to.
pub struct Surroundings<'a> {
    /// Strings by their number.
    pub strings: &'a [Box<str>],
    /// Formats by style number.
    pub formats: &'a [NumberFormat],
    /// True if days are counted from 1904 on.
    pub is_1904: bool,
}

/// A cell while it is read.
#[derive(Default)]
struct Open {
    column: usize,
    kind: String,
    style: usize,
    value: Option<String>,
    inline: String,
    has_formula: bool,
}

/// Reads the cells of a sheet, row by row.
pub fn read_sheet(text: &str, around: &Surroundings<'_>) -> Result<Grid, FileFault> {
    let mut reader = SheetReader { around, rows: BTreeMap::new(), row: 0, column: 0, cells: 0, open: None };
    let mut steps = Steps::of(text);
    let mut within = String::new();
    loop {
        match steps.next()? {
            Step::Start(element, is_empty) => {
                let name = element.local_name().as_ref().to_owned();
                let get = |name| attribute(&element, name);
                match name.as_str() {
                    "row" => reader.begin_row(get("r").as_deref())?,
                    "c" => reader.begin_cell(get("r").as_deref(), get("t"), get("s").as_deref()),
                    "f" => reader.note_formula(),
                    "v" if is_empty => {}
                    "v" | "t" | "rPh" if !is_empty => within.clone_from(&name),
                    _ => {}
                }
                if is_empty && name == "c" {
                    reader.end_cell()?;
                }
            }
            Step::Text(piece) => reader.take_text(&within, &piece),
            Step::End(name) => match name.as_str() {
                "c" => reader.end_cell()?,
                "v" | "t" | "rPh" => within.clear(),
                "sheetData" => break,
                _ => {}
            },
            Step::Done => break,
        }
    }
    let mut grid = Grid::default();
    for (line, cells) in reader.rows {
        grid.push(line, cells)?;
    }
    Ok(grid)
}

struct SheetReader<'a> {
    around: &'a Surroundings<'a>,
    rows: BTreeMap<u32, Vec<Cell>>,
    row: u32,
    column: usize,
    cells: usize,
    open: Option<Open>,
}

impl SheetReader<'_> {
    fn begin_row(&mut self, number: Option<&str>) -> Result<(), FileFault> {
        let number = number.and_then(|number| number.parse().ok());
        self.row = number.unwrap_or(self.row.saturating_add(1));
        self.column = 0;
        if self.rows.len() > LINES_MAX {
            return Err(FileFault::at(self.row, format!("the sheet has more than {LINES_MAX} rows")));
        }
        Ok(())
    }

    fn begin_cell(&mut self, place: Option<&str>, kind: Option<String>, style: Option<&str>) {
        let column = place.and_then(column_of).unwrap_or(self.column);
        let style = style.and_then(|style| style.parse().ok()).unwrap_or(0);
        self.open = Some(Open { column, kind: kind.unwrap_or_default(), style, ..Open::default() });
    }

    fn note_formula(&mut self) {
        if let Some(open) = &mut self.open {
            open.has_formula = true;
        }
    }

    fn take_text(&mut self, within: &str, piece: &str) {
        match (&mut self.open, within) {
            (Some(open), "v") => open.value.get_or_insert_default().push_str(piece),
            (Some(open), "t") => open.inline.push_str(piece),
            _ => {}
        }
    }

    fn end_cell(&mut self) -> Result<(), FileFault> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let (row, column) = (self.row.max(1), open.column);
        self.column = column.saturating_add(1);
        let cell = self.cell_of(&open);
        if cell.is_empty() {
            return Ok(());
        }
        if column >= COLUMNS_MAX {
            return Err(FileFault::at(row, format!("has more than {COLUMNS_MAX} columns")));
        }
        let cells = self.rows.entry(row).or_default();
        self.cells += (column + 1).saturating_sub(cells.len());
        if self.cells > CELLS_MAX {
            return Err(FileFault::at(row, format!("the sheet has more than {CELLS_MAX} cells")));
        }
        if cells.len() <= column {
            cells.resize_with(column + 1, || Cell::text(""));
        }
        if let Some(place) = cells.get_mut(column) {
            *place = cell;
        }
        Ok(())
    }

    fn cell_of(&self, open: &Open) -> Cell {
        let value = open.value.as_deref().unwrap_or_default().trim();
        match open.kind.as_str() {
            "s" => {
                let found = value.parse::<usize>().ok().and_then(|at| self.around.strings.get(at));
                found.map_or_else(
                    || fault("a string that the workbook does not have"),
                    |text| Cell::text(text),
                )
            }
            "inlineStr" => Cell::text(&open.inline),
            "str" | "d" => Cell::text(open.value.as_deref().unwrap_or_default()),
            "b" => Cell::text(if value == "1" { "TRUE" } else { "FALSE" }),
            "e" => fault(&format!("the error {value}")),
            _ if value.is_empty() && open.has_formula => fault("a formula whose value is not stored"),
            _ if value.is_empty() => Cell::text(""),
            _ => self.number(value, open.style),
        }
    }

    fn number(&self, value: &str, style: usize) -> Cell {
        let Some(number) = decimal_of(value) else { return fault("a number that cannot be read") };
        let format = self.around.formats.get(style).copied().unwrap_or(NumberFormat::Plain);
        let plain = number.normalize().to_string();
        match format {
            NumberFormat::Date => match day_of(number, self.around.is_1904) {
                Some(text) => Cell { text: text.into(), kind: CellKind::Date },
                None => fault("a date that no calendar has"),
            },
            NumberFormat::Digits(digits) if plain.bytes().all(|octet| octet.is_ascii_digit()) => {
                Cell::text(&format!("{plain:0>width$}", width = usize::from(digits)))
            }
            NumberFormat::Percent => fault("a percentage"),
            _ => Cell { text: plain.into(), kind: CellKind::Number },
        }
    }
}

fn fault(reason: &str) -> Cell {
    Cell { text: reason.into(), kind: CellKind::Fault }
}

/// A number as a workbook has it. Spreadsheets count with fifteen digits and store up to seventeen; what is behind the
/// fifteenth is noise that nobody saw.
fn decimal_of(text: &str) -> Option<Decimal> {
    const DIGITS: u32 = 15;
    let has_exponent = text.contains(['e', 'E']);
    let number = if has_exponent { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    let number = number.or_else(|_| text.parse()).ok()?;
    number.round_sf_with_strategy(DIGITS, RoundingStrategy::MidpointNearestEven)
}

/// The day, and the time where there is one, of a number of days.
fn day_of(serial: Decimal, is_1904: bool) -> Option<String> {
    let days = i64::try_from(serial.trunc()).ok()?;
    let seconds = (serial.fract() * Decimal::from(86_400)).round();
    let seconds = i64::try_from(seconds).ok()?;
    let day = serial_day(days, is_1904)?;
    if seconds == 0 {
        return Some(day.to_string());
    }
    let time = Time::midnight().checked_add(seconds.min(86_399).seconds()).ok()?;
    Some(format!("{day}T{time}"))
}

/// The day that spreadsheets give a number. Counted from 1900, they take that year for a leap year, which it was not.
fn serial_day(days: i64, is_1904: bool) -> Option<Date> {
    if !(1..=2_958_465).contains(&days) {
        return None;
    }
    let first = if is_1904 { date(1904, 1, 1) } else { date(1899, 12, 30) };
    first.checked_add(days.days()).ok()
}

/// The day of a number of days in a text file, counted from 1900 on.
pub fn day_of_serial(days: i64) -> Option<Date> {
    serial_day(days, false)
}

/// The column of a place such as `AB12`, from zero.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters
        .take(4)
        .fold(0_usize, |column, letter| column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    column.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_were_seen() {
        for (stored, expected) in [
            ("2.1600000000000001E-2", "0.0216"),
            ("0.30000000000000004", "0.3"),
            ("2.5E-2", "0.025"),
            ("639", "639"),
            ("1E3", "1000"),
            ("0", "0"),
            ("-4", "-4"),
        ] {
            assert_eq!(decimal_of(stored).unwrap().normalize().to_string(), expected, "{stored}");
        }
        for stored in ["1E400", "NaN", "", "x", "1E-400"] {
            let read = decimal_of(stored);
            assert!(read.is_none_or(|number| number.is_zero()), "{stored}: {read:?}");
        }
    }

    #[test]
    fn days_are_counted_from_either_year() {
        let day = |text: &str, is_1904| day_of(text.parse().unwrap(), is_1904).unwrap();
        assert_eq!(day("46357", false), "2026-12-01");
        assert_eq!(day("44895", true), "2026-12-01");
        assert_eq!(day("46357.75", false), "2026-12-01T18:00:00");
        assert_eq!(day_of(Decimal::ZERO, false), None);
        assert_eq!(day_of(Decimal::from(9_999_999), false), None);
    }

    #[test]
    fn columns_have_letters() {
        for (place, column) in
            [("A1", Some(0)), ("Z9", Some(25)), ("AA1", Some(26)), ("XFD1", Some(16_383)), ("1", None)]
        {
            assert_eq!(column_of(place), column, "{place}");
        }
    }
}
