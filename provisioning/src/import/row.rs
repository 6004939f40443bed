//! One row of a price list, read field by field. Every fault of a row is noted, not only the first.

use std::sync::Arc;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;

use super::bounds::NOTE_OCTETS_MAX;
use super::codes::{ZeroHabit, mcc_of, networks_of_joined, networks_of_mncs};
use super::days;
use super::days::DayOrder;
use super::directory::{KnownCountry, NetworkDirectory};
use super::field::Field;
use super::figures::{DecimalMark, price_of};
use super::grid::{CellKind, GridRow};
use super::header::Header;
use super::money_words::{NamedCurrency, currency_of, split_price};
use super::places::{country_of, mcc_of_country, networks_of_name};
use super::prefixes::{country_of_prefix, prefixes_of};
use super::profile::{EndDate, Formats};
use super::status::RowStatus;
use crate::read::Problems;
use crate::read::texts::quoted;

/// Words for a price that holds from now on, and for one that holds without an end.
const NOW_WORDS: &[&str] =
    &["immediate", "immediately", "now", "asap", "today", "immed", "sofort", "immédiat"];
const OPEN_WORDS: &[&str] =
    &["", "-", "open", "n/a", "na", "ufn", "until further notice", "unlimited", "none", "never", "null"];

/// The networks that a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowPlace {
    /// Networks by their codes.
    Networks(Vec<NetworkCode>),
    /// Whatever has numbers behind these prefixes.
    Prefixes(Vec<String>),
}

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
    /// A contradiction within the row that is no fault.
    pub doubt: Option<String>,
}

/// The columns and formats that all rows of a list are read by.
pub struct RowReader<'a, 'p> {
    /// The file's name for problems.
    pub file: &'a Arc<str>,
    /// The columns of the list.
    pub header: &'a Header,
    /// The formats of the profile.
    pub formats: &'a Formats,
    /// The networks that there are.
    pub directory: &'a NetworkDirectory<'p>,
    /// The mark in front of decimals, where a price decides it.
    pub mark: Option<DecimalMark>,
    /// The delimiter; a file with commas between cells has none within figures.
    pub delimiter: Option<u8>,
    /// The order of day and month, where a date decides it.
    pub order: Option<DayOrder>,
    /// Decimal places by which prices are too large.
    pub places: u32,
    /// The zeros of MNCs.
    pub habit: ZeroHabit,
    /// The currency of the target.
    pub currency: Currency,
    /// The plan of the target, for lists with a column of plans.
    pub plan: Option<&'a str>,
    /// The beginning of rows that name none.
    pub effective: Option<UnixMicros>,
    /// True if an empty MCC or country is that of the row above.
    pub fills_down: bool,
    /// The last MCC and country.
    pub above: (String, String),
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
        let (place, doubt) = self.place(row, problems).unzip();
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
        let doubt = doubt.flatten();
        is_good.then_some(ReadRow {
            line: row.line,
            place: place?,
            price,
            from,
            is_dated,
            to,
            status,
            note,
            currency,
            doubt,
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

    /// The networks of a row, and a contradiction with the country that it names.
    fn place(&mut self, row: &GridRow, problems: &mut Problems) -> Option<(RowPlace, Option<String>)> {
        let has = |field: Field| self.header.columns.contains_key(&field);
        let (by_code, by_prefix) = (has(Field::Mcc) || has(Field::MccMnc), has(Field::Prefix));
        let mut country_text = self.text(row, Field::Country).to_owned();
        if self.fills_down && country_text.is_empty() {
            country_text.clone_from(&self.above.1);
        }
        self.above.1.clone_from(&country_text);
        let before = problems.count();
        let place = if by_code {
            self.by_code(row, &country_text, problems).map(RowPlace::Networks)
        } else if by_prefix && self.taken(row, Field::Prefix).is_some() {
            self.by_prefix(row, &country_text, problems)
        } else {
            self.by_name(row, &country_text, None, problems).map(RowPlace::Networks)
        };
        debug_assert!(place.is_some() || problems.count() > before, "a row without a place has a problem");
        let place = place?;
        let doubt = self.doubt(&place, &country_text);
        Some((place, doubt))
    }

    fn by_code(&mut self, row: &GridRow, country: &str, problems: &mut Problems) -> Option<Vec<NetworkCode>> {
        if self.taken(row, Field::MccMnc).is_some() {
            return self.field(row, Field::MccMnc, problems, |text, _| {
                networks_of_joined(text, self.habit, self.directory)
            });
        }
        let mut mcc_text = self.text(row, Field::Mcc).to_owned();
        if self.fills_down && mcc_text.is_empty() {
            mcc_text.clone_from(&self.above.0);
        }
        self.above.0.clone_from(&mcc_text);
        if mcc_text.is_empty() {
            if self.taken(row, Field::Mnc).is_some() {
                self.problem(row, Field::Mcc, "is empty", problems);
                return None;
            }
            return self.by_name(row, country, None, problems);
        }
        let mcc = match mcc_of(&mcc_text, self.directory) {
            Ok(mcc) => mcc,
            Err(message) => {
                self.problem(row, Field::Mcc, message, problems);
                return None;
            }
        };
        if self.taken(row, Field::Mnc).is_some() {
            return self.field(row, Field::Mnc, problems, |text, _| {
                networks_of_mncs(mcc, text, self.habit, self.directory)
            });
        }
        if self.text(row, Field::Network).is_empty() {
            return Some(vec![mcc]);
        }
        self.by_name(row, "", Some(mcc), problems)
    }

    fn by_prefix(&self, row: &GridRow, country: &str, problems: &mut Problems) -> Option<RowPlace> {
        let named = self.named_country(country);
        self.field(row, Field::Prefix, problems, |text, _| {
            let prefixes = prefixes_of(text)?;
            if let [only] = &prefixes[..]
                && let Some(whole) = country_of_prefix(only, named, self.directory)
            {
                return Ok(RowPlace::Networks(vec![whole?]));
            }
            Ok(RowPlace::Prefixes(prefixes))
        })
    }

    /// The country of a cell, where the cell names one; destinations and regions may not.
    fn named_country(&self, text: &str) -> Option<&KnownCountry> {
        country_of(text, self.directory).ok().filter(|_| !text.is_empty())
    }

    fn by_name(
        &self,
        row: &GridRow,
        country: &str,
        mcc: Option<NetworkCode>,
        problems: &mut Problems,
    ) -> Option<Vec<NetworkCode>> {
        let name = self.text(row, Field::Network);
        let of_country = (!country.is_empty()).then(|| country_of(country, self.directory)).transpose();
        let of_country = match of_country {
            Ok(found) => found,
            Err(message) => {
                self.problem(row, Field::Country, message, problems);
                return None;
            }
        };
        let (field, found) = match (of_country, name) {
            (None, "") => (Field::Network, Err("no network is named in this row".to_owned())),
            (Some(country), "") => (Field::Country, mcc_of_country(country).map(|code| vec![code])),
            (country, name) => (Field::Network, networks_of_name(name, country, mcc, self.directory)),
        };
        found.map_err(|message| self.problem(row, field, message, problems)).ok()
    }

    /// Says so where the codes of a row are of another country than it names.
    fn doubt(&self, place: &RowPlace, country: &str) -> Option<String> {
        let country = self.named_country(country)?;
        let RowPlace::Networks(networks) = place else { return None };
        let stranger = networks.iter().find(|code| {
            !self.directory.has_networks_in(code.mcc, &country.iso2) && country.mcc != Some(code.mcc_alone())
        })?;
        Some(format!(
            "{stranger} is not of {}, which the row names, but of {}",
            country.name,
            self.directory.label(*stranger)
        ))
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
            let price =
                if is_number { price_of(figure, mark, self.places) } else { Err("holds a date".to_owned()) };
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
        &self,
        row: &GridRow,
        in_price: Option<NamedCurrency>,
        problems: &mut Problems,
    ) -> Option<(NamedCurrency, &'static str)> {
        let in_column = self.field(row, Field::Currency, problems, |text, _| {
            currency_of(text).ok_or_else(|| format!("{} is not a currency", quoted(text)))
        });
        let named = [(in_column, Field::Currency, "column"), (in_price, Field::Price, "price")];
        let mut found = None;
        for (named, field, place) in named {
            let Some(named) = named else { continue };
            if named.can_be(self.currency) {
                found = found.or(Some((named, place)));
            } else {
                let message =
                    format!("is in {}, and the prices are to be in {}", named.shown(), self.currency);
                self.problem(row, field, message, problems);
            }
        }
        found
    }

    fn begin(&self, row: &GridRow, problems: &mut Problems) -> (UnixMicros, bool) {
        let undated = self.effective.unwrap_or_default();
        let Some(cell) = self.taken(row, Field::EffectiveFrom) else { return (undated, false) };
        if NOW_WORDS.contains(&cell.text.to_lowercase().as_str()) {
            if self.effective.is_none() {
                let message = format!("{} is no date; say from when as effective", quoted(cell.text));
                self.problem(row, Field::EffectiveFrom, message, problems);
            }
            return (undated, false);
        }
        let read = self.field(row, Field::EffectiveFrom, problems, |text, _| {
            days::instant(days::read(text, self.order)?, self.formats.time_zone.as_ref(), text)
        });
        (read.unwrap_or_default(), true)
    }

    fn end(&self, row: &GridRow, problems: &mut Problems) -> Option<UnixMicros> {
        let cell = self.taken(row, Field::EffectiveTo)?;
        if OPEN_WORDS.contains(&cell.text.to_lowercase().as_str()) || cell.text.contains("9999") {
            return None;
        }
        self.field(row, Field::EffectiveTo, problems, |text, _| {
            let written = days::read(text, self.order)?;
            let end = self.formats.end_date;
            let is_last_day = end.map_or(!self.header.is_own_end, |end| end == EndDate::LastDay);
            let written = if is_last_day { days::day_after(written) } else { written };
            days::instant(written, self.formats.time_zone.as_ref(), text)
        })
    }
}
