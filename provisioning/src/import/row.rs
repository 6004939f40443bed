//! One row of a price list, read field by field. Every fault of a row is noted, not only the first.

use std::collections::BTreeSet;
use std::sync::Arc;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;

use super::bounds::NOTE_OCTETS_MAX;
use super::days;
use super::days::DayOrder;
use super::field::Field;
use super::figures::{DecimalMark, price_of};
use super::grid::{CellKind, GridRow};
use super::header::Header;
use super::money_words::{NamedCurrency, currency_of, split_price};
use super::place_reader::{PlaceReader, ReadPlace};
use super::profile::{EndDate, Formats};
use super::row_place::RowPlace;
use super::status::RowStatus;
use crate::read::Problems;
use crate::read::texts::quoted;

/// Words for a price that holds from now on, and for one that holds without an end.
const NOW_WORDS: &[&str] =
    &["immediate", "immediately", "now", "asap", "today", "immed", "sofort", "immédiat"];
const OPEN_WORDS: &[&str] =
    &["", "-", "open", "n/a", "na", "ufn", "until further notice", "unlimited", "none", "never", "null"];

/// A row that was understood.
#[derive(Clone, Debug)]
pub struct ReadRow {
    /// The line of the row.
    pub line: u32,
    /// The networks that it is about.
    pub place: RowPlace,
    /// The price; `None` only where the network is closed.
    pub price: Option<Amount>,
    /// First instant at which it holds; zero for always.
    pub from: UnixMicros,
    /// True if the row itself says when it begins.
    pub is_dated: bool,
    /// First instant at which it no longer holds.
    pub to: Option<UnixMicros>,
    /// The fate of the network, as the list says it.
    pub status: RowStatus,
    /// For people; empty for none.
    pub note: String,
    /// The currency that the row names.
    pub currency: Option<(NamedCurrency, &'static str)>,
    /// Contradictions within the row that are no faults.
    pub doubts: Vec<String>,
}

/// The columns and formats that all rows of a list are read by.
pub struct RowReader<'a, 'p> {
    /// The file's name for problems.
    pub file: &'a Arc<str>,
    /// The columns of the list.
    pub header: &'a Header,
    /// The formats of the profile.
    pub formats: &'a Formats,
    /// The reader of the cells that say which networks a row is about.
    pub places: PlaceReader<'a, 'p>,
    /// The mark in front of decimals, where a price decides it.
    pub mark: Option<DecimalMark>,
    /// The delimiter; a file with commas between cells has none within figures.
    pub delimiter: Option<u8>,
    /// The order of day and month, where a date decides it.
    pub order: Option<DayOrder>,
    /// Decimal places by which prices are too large.
    pub price_places: u32,
    /// The currency of the target.
    pub currency: Currency,
    /// The plan of the target, for lists with a column of plans.
    pub plan: Option<&'a str>,
    /// The beginning of rows that name none.
    pub effective: Option<UnixMicros>,
    /// Currencies that the list as a whole is refused for, which rows need not repeat.
    pub list_currencies: BTreeSet<String>,
    /// These, and those that rows are refused for.
    pub told_currencies: BTreeSet<String>,
}

/// A cell as it is read.
struct Taken<'r> {
    text: &'r str,
    kind: CellKind,
}

impl RowReader<'_, '_> {
    /// Reads a row; `None` after a fault, which is noted.
    pub fn read(&mut self, row: &GridRow, problems: &mut Problems) -> Option<ReadRow> {
        let before = problems.count();
        let status = self.field(row, Field::Status, problems, |text, _| {
            RowStatus::of_word(text).ok_or_else(|| format!("{} is not a status that is known", quoted(text)))
        });
        let status = status.unwrap_or(RowStatus::Open);
        self.check_plan(row, problems);
        let place = self.place(row, problems);
        let (price, named) = self.price(row, status, problems);
        let currency = self.currency(row, named, problems);
        let (from, is_dated) = self.begin(row, problems);
        let to = self.end(row, problems);
        if to.is_some_and(|to| to <= from) {
            self.problem(
                row,
                Field::EffectiveTo,
                "is not after the beginning: the price would never hold",
                problems,
            );
        }
        let note = self.text(row, Field::Note).chars().filter(|char| !char.is_control()).collect::<String>();
        if note.len() > NOTE_OCTETS_MAX {
            self.problem(row, Field::Note, format!("is longer than {NOTE_OCTETS_MAX} octets"), problems);
        }
        let is_good = problems.count() == before;
        let ReadPlace { place, doubts } = place?;
        is_good.then_some(ReadRow {
            line: row.line,
            place,
            price,
            from,
            is_dated,
            to,
            status,
            note,
            currency,
            doubts,
        })
    }

    fn text<'r>(&self, row: &'r GridRow, field: Field) -> &'r str {
        self.header.columns.get(&field).map_or("", |column| row.text(*column))
    }

    fn taken<'r>(&self, row: &'r GridRow, field: Field) -> Option<Taken<'r>> {
        let cell = row.cells.get(*self.header.columns.get(&field)?)?;
        (!cell.is_empty()).then_some(Taken { text: &cell.text, kind: cell.kind })
    }

    /// Reads a cell that may be empty.
    fn field<T>(
        &self,
        row: &GridRow,
        field: Field,
        problems: &mut Problems,
        parse: impl FnOnce(&str, CellKind) -> Result<T, String>,
    ) -> Option<T> {
        let cell = self.taken(row, field)?;
        let parsed = match cell.kind {
            CellKind::Fault => Err(format!("holds {}", cell.text)),
            kind => parse(cell.text, kind),
        };
        parsed.map_err(|message| self.problem(row, field, message, problems)).ok()
    }

    fn problem(&self, row: &GridRow, field: Field, message: impl Into<String>, problems: &mut Problems) {
        problems.add(self.file, row.line, self.header.name_of(field), message);
    }

    fn check_plan(&self, row: &GridRow, problems: &mut Problems) {
        let Some(plan) = self.plan else { return };
        self.field(row, Field::Plan, problems, |text, _| {
            if text == plan {
                Ok(())
            } else {
                Err(format!("is {}, and the list is read for {}", quoted(text), quoted(plan)))
            }
        });
    }

    /// The networks of a row, with every fault of the cells that say so.
    fn place(&mut self, row: &GridRow, problems: &mut Problems) -> Option<ReadPlace> {
        let read = self.places.read(row);
        read.map_err(|faults| {
            for (column, message) in faults {
                problems.add(self.file, row.line, column, message);
            }
        })
        .ok()
    }

    fn price(
        &self,
        row: &GridRow,
        status: RowStatus,
        problems: &mut Problems,
    ) -> (Option<Amount>, Option<NamedCurrency>) {
        let is_closed = status == RowStatus::Closed;
        if self.taken(row, Field::Price).is_none() {
            if !is_closed {
                self.problem(row, Field::Price, "is empty", problems);
            }
            return (None, None);
        }
        let read = self.field(row, Field::Price, problems, |text, kind| {
            let (figure, named) = split_price(text);
            if is_closed && !figure.bytes().any(|octet| octet.is_ascii_digit()) {
                return Ok((None, named));
            }
            let mark = match kind {
                CellKind::Number => Some(DecimalMark::Point),
                _ => self.mark.or_else(|| self.mark_by_delimiter(figure)),
            };
            let is_number = matches!(kind, CellKind::Number | CellKind::Text);
            let price = if is_number {
                price_of(figure, mark, self.price_places, self.formats.wording)
            } else {
                Err("holds a date".to_owned())
            };
            price.map(|price| (Some(price), named))
        });
        read.unwrap_or((None, None))
    }

    /// With commas between cells, a figure without any has a point in front of its decimals.
    fn mark_by_delimiter(&self, figure: &str) -> Option<DecimalMark> {
        (self.delimiter == Some(b',') && !figure.contains(',')).then_some(DecimalMark::Point)
    }

    /// The currency that a row names, which must be the target's.
    fn currency(
        &mut self,
        row: &GridRow,
        in_price: Option<NamedCurrency>,
        problems: &mut Problems,
    ) -> Option<(NamedCurrency, &'static str)> {
        let in_column = self.field(row, Field::Currency, problems, |text, _| {
            currency_of(text).ok_or_else(|| format!("{} is not a currency", quoted(text)))
        });
        let named = [(in_column, Field::Currency, "column"), (in_price, Field::Price, "price")];
        let (mut found, mut wrong) = (None, None);
        for (named, field, place) in named {
            let Some(named) = named else { continue };
            if named.can_be(self.currency) {
                found = found.or(Some((named, place)));
            } else if wrong.as_ref() != Some(&named.shown()) {
                let shown = named.shown();
                if !self.list_currencies.contains(&shown) {
                    let message = format!("is in {shown}, and the prices are to be in {}", self.currency);
                    self.problem(row, field, message, problems);
                }
                self.told_currencies.insert(shown.clone());
                wrong = Some(shown);
            }
        }
        found
    }

    fn begin(&self, row: &GridRow, problems: &mut Problems) -> (UnixMicros, bool) {
        let undated = self.effective.unwrap_or_default();
        let Some(cell) = self.taken(row, Field::EffectiveFrom) else { return (undated, false) };
        if NOW_WORDS.contains(&cell.text.to_lowercase().as_str()) {
            if self.effective.is_none() {
                let message = format!(
                    "{} is no date; say from when by {}",
                    quoted(cell.text),
                    self.formats.wording.key("effective")
                );
                self.problem(row, Field::EffectiveFrom, message, problems);
            }
            return (undated, false);
        }
        let read = self.field(row, Field::EffectiveFrom, problems, |text, _| {
            let wording = self.formats.wording;
            let written = days::read(text, self.order, wording)?;
            days::instant(written, self.formats.time_zone.as_ref(), text, wording)
        });
        (read.unwrap_or_default(), true)
    }

    fn end(&self, row: &GridRow, problems: &mut Problems) -> Option<UnixMicros> {
        let cell = self.taken(row, Field::EffectiveTo)?;
        if OPEN_WORDS.contains(&cell.text.to_lowercase().as_str()) || cell.text.contains("9999") {
            return None;
        }
        self.field(row, Field::EffectiveTo, problems, |text, _| {
            let wording = self.formats.wording;
            let written = days::read(text, self.order, wording)?;
            let end = self.formats.end_date;
            let is_last_day = end.map_or(!self.header.is_own_end, |end| end == EndDate::LastDay);
            let written = if is_last_day { days::day_after(written) } else { written };
            days::instant(written, self.formats.time_zone.as_ref(), text, wording)
        })
    }
}
