//! A price list while its rows are read, one after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bounds::WARNINGS_MAX;
use super::codes::{ZeroHabit, mnc_of_joined};
use super::days;
use super::directory::NetworkDirectory;
use super::field::Field;
use super::figures;
use super::file::OpenFile;
use super::grid::{CellKind, Grid, GridRow};
use super::header::Header;
use super::listed::{ClosedNetwork, ListWarning, ListedRate, ReadOptions};
use super::mapping::{MappedColumn, Mapping};
use super::money_words::{NamedCurrency, PriceUnit, split_price};
use super::place_reader::PlaceReader;
use super::profile::{EndDate, Formats, ImportProfile, ListContent};
use super::remarks::{currency_of_line, is_marked, is_remark, names_a_date};
use super::row::{ReadRow, RowReader};
use crate::read::Problems;

/// Warnings up to a bound.
#[derive(Default)]
pub struct Warnings {
    /// The first of them.
    pub told: Vec<ListWarning>,
    more: usize,
}

impl Warnings {
    /// Adds a warning about a line, or about the list for zero.
    pub fn add(&mut self, line: u32, message: impl Into<String>) {
        if self.told.len() == WARNINGS_MAX {
            self.more += 1;
        } else {
            self.told.push(ListWarning { line, message: message.into() });
        }
    }
}

/// A list while it is read.
pub struct Reading<'a, 'p> {
    /// The name of the file for problems.
    pub file: &'a Arc<str>,
    /// The purpose of reading the list.
    pub options: &'a ReadOptions<'a>,
    formats: &'a Formats,
    /// The networks that there are.
    pub directory: &'a NetworkDirectory<'p>,
    opened: &'a OpenFile,
    /// The columns of the list.
    pub header: &'a Header,
    unit: PriceUnit,
    mapping: Mapping,
    /// Rows that were understood.
    pub rows: Vec<ReadRow>,
    /// The rates that they come to.
    pub rates: Vec<ListedRate>,
    /// The networks that are closed.
    pub closed: Vec<ClosedNetwork>,
    /// The networks that the list has: all, or those that change.
    pub content: ListContent,
    /// Warnings for people to look at.
    pub warnings: Warnings,
    /// The currency that a line above or below the table names, and the line.
    preamble: Option<(NamedCurrency, u32)>,
    /// The currency that the list names, and where.
    named: Option<(NamedCurrency, &'static str)>,
}

impl<'a, 'p> Reading<'a, 'p> {
    /// Begins with an open file whose header is known.
    pub fn begin(
        file: &'a Arc<str>,
        options: &'a ReadOptions<'a>,
        formats: &'a Formats,
        directory: &'a NetworkDirectory<'p>,
        opened: &'a OpenFile,
        header: &'a Header,
    ) -> Self {
        Self {
            file,
            options,
            formats,
            directory,
            opened,
            header,
            unit: formats.price_unit.or(header.price.unit).unwrap_or(PriceUnit::Unit),
            mapping: Mapping::default(),
            rows: Vec::new(),
            rates: Vec::new(),
            closed: Vec::new(),
            content: formats.content.unwrap_or(ListContent::Full),
            warnings: Warnings::default(),
            preamble: None,
            named: None,
        }
    }

    fn grid(&self) -> &'a Grid {
        &self.opened.grid
    }

    /// The rows that may be rates.
    fn data(&self) -> impl Iterator<Item = &'a GridRow> + use<'a, 'p> {
        let header = self.header;
        let rows = self.grid().rows().iter().skip(header.first_row());
        rows.filter(move |row| !is_remark(row, header))
    }

    /// The cells of a field that are text.
    fn texts(&self, field: Field) -> impl Iterator<Item = &'a str> + use<'a, 'p> {
        let column = self.header.columns.get(&field).copied();
        let cells = self.data().filter_map(move |row| row.cells.get(column?));
        cells.filter(|cell| cell.kind == CellKind::Text && !cell.is_empty()).map(|cell| &*cell.text)
    }

    fn zero_habit(&self) -> ZeroHabit {
        let mut habit = ZeroHabit::default();
        for (field, joined) in [(Field::Mnc, false), (Field::MccMnc, true)] {
            let Some(column) = self.header.columns.get(&field) else { continue };
            for cell in self.data().filter_map(|row| row.cells.get(*column)) {
                let mnc = if joined { mnc_of_joined(&cell.text) } else { Some(&*cell.text) };
                // A number of a joined code keeps the zeros behind the MCC.
                let is_number = cell.kind == CellKind::Number && !joined;
                if let Some(mnc) = mnc {
                    habit.note(mnc, is_number);
                }
            }
        }
        habit
    }

    /// Reads every row.
    pub fn read_rows(&mut self, problems: &mut Problems) {
        let line = self.header.row.and_then(|row| self.grid().rows().get(row)).map_or(0, |row| row.line);
        self.mapping.header_line = line;
        let told = self.check_header(line, problems);
        let figures = self.texts(Field::Price).map(|text| split_price(text).0);
        let mark = self.formats.decimal_mark.or_else(|| figures::detect(figures));
        let dates = self.texts(Field::EffectiveFrom).chain(self.texts(Field::EffectiveTo));
        let order = self.day_order(dates, line, problems);
        let fills_down = self.options.profile.fill_down.unwrap_or(false);
        let mut reader = RowReader {
            file: self.file,
            header: self.header,
            formats: self.formats,
            places: PlaceReader::new(self.header, self.directory, self.zero_habit(), fills_down),
            mark,
            delimiter: self.opened.delimiter,
            order,
            price_places: self.unit.places(self.options.currency),
            currency: self.options.currency,
            plan: self.options.plan,
            effective: self.options.effective,
            list_currencies: told.clone(),
            told_currencies: told,
        };
        self.mapping.decimal_mark =
            mark.map(|mark| if mark.char() == '.' { "point" } else { "comma" }.to_owned());
        self.mapping.day_order = order.map(|order| order.word().to_owned());
        for row in self.grid().rows().iter().take(self.header.row.unwrap_or(0)) {
            self.remark(row);
        }
        for row in self.grid().rows().iter().skip(self.header.first_row()) {
            if is_remark(row, self.header) {
                self.remark(row);
                continue;
            }
            self.mapping.rows += 1;
            if is_marked(row, self.header) {
                let message = "begins with `#` and has a price; take the mark away if it is a rate, or the row if it is none";
                problems.add(self.file, row.line, "", message);
                continue;
            }
            if self.header.row.is_some() && row.cells.len() > self.header.names.len() {
                let message =
                    format!("has {} cells where the header has {}", row.cells.len(), self.header.names.len());
                problems.add(self.file, row.line, "", message);
                continue;
            }
            if let Some(read) = reader.read(row, problems) {
                self.take(read);
            }
        }
        let told = reader.told_currencies;
        self.check_remarks(&told, problems);
    }

    fn day_order<'t>(
        &self,
        dates: impl Iterator<Item = &'t str>,
        line: u32,
        problems: &mut Problems,
    ) -> Option<days::DayOrder> {
        if let Some(order) = self.formats.day_order {
            return Some(order);
        }
        days::detect(dates).unwrap_or_else(|(one, other)| {
            let message =
                format!("{one} begins with the day and {other} with the month, or the other way round");
            problems.add(self.file, line, self.header.name_of(Field::EffectiveFrom), message);
            None
        })
    }

    /// Notes a line that is no rate.
    fn remark(&mut self, row: &GridRow) {
        self.mapping.ignore(row.line);
        if self.header.price.currency.is_none()
            && let Some(named) = currency_of_line(row)
        {
            self.preamble.get_or_insert((named.clone(), row.line));
            self.named.get_or_insert((named, "preamble"));
        }
        let has_dates =
            self.header.columns.contains_key(&Field::EffectiveFrom) || self.options.effective.is_some();
        if !has_dates && names_a_date(row) {
            let effective = self.formats.wording.key("effective");
            let message =
                format!("names a date, and the rates none; say it by {effective} if they begin then");
            self.warnings.add(row.line, message);
        }
    }

    /// Checks the currency that a line above or below the table names, unless rows were refused for the same one.
    fn check_remarks(&mut self, told: &BTreeSet<String>, problems: &mut Problems) {
        let Some((named, line)) = &self.preamble else { return };
        let (shown, currency) = (named.shown(), self.options.currency);
        if named.can_be(currency) || told.contains(&shown) {
            return;
        }
        if matches!(self.named, Some((_, "preamble"))) {
            problems.add(
                self.file,
                *line,
                "",
                format!("is in {shown}, and the prices are to be in {currency}"),
            );
        } else {
            self.warnings
                .add(*line, format!("says {shown}, and the prices are in {currency} by their column"));
        }
    }

    /// Checks what the header says of all prices; the currencies that it is refused for.
    fn check_header(&mut self, line: u32, problems: &mut Problems) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        let name = || self.header.name_of(Field::Price);
        if self.header.price.is_per_message && !self.formats.is_per_segment {
            let said = self.formats.wording.value("price_per", "segment");
            let message = format!(
                "is said to be of a message, and a rate is of a segment; say {said} if the sender means that"
            );
            problems.add(self.file, line, name(), message);
        }
        let currency = self.options.currency;
        if let Some(named) = &self.header.price.currency {
            if named.can_be(currency) {
                self.named = Some((named.clone(), "header"));
            } else {
                let message = format!("is in {}, and the prices are to be in {currency}", named.shown());
                problems.add(self.file, line, name(), message);
                told.insert(named.shown());
            }
        }
        if let Some(code) = self.options.profile.currency.as_deref()
            && code != currency.as_str()
            && told.insert(code.to_owned())
        {
            let message = format!("is {code}, and the prices are to be in {currency}");
            problems.add(&self.formats.wording.key("currency").into(), 0, "", message);
        }
        told
    }

    fn take(&mut self, read: ReadRow) {
        if let Some(currency) = &read.currency
            && self.named.as_ref().is_none_or(|(_, place)| *place == "preamble")
        {
            self.named = Some(currency.clone());
        }
        for doubt in &read.doubts {
            self.warnings.add(read.line, doubt.clone());
        }
        self.rows.push(read);
    }

    /// The meaning that the list was read with, for people and as a profile.
    pub fn mapping(&mut self) -> (Mapping, ImportProfile) {
        let currency = self.options.currency.as_str().to_owned();
        let from = match (&self.named, &self.options.profile.currency) {
            (Some((_, place)), _) => place,
            (None, Some(_)) => "profile",
            (None, None) => {
                self.warnings
                    .add(0, format!("the list names no currency; its prices are taken for {currency}"));
                "target"
            }
        };
        let has_ends = self.header.columns.contains_key(&Field::EffectiveTo);
        let end = self.formats.end_date.map_or(!self.header.is_own_end, |end| end == EndDate::LastDay);
        let mut mapping = std::mem::take(&mut self.mapping);
        mapping.encoding.clone_from(&self.opened.encoding);
        mapping.delimiter = self.opened.delimiter.map(|delimiter| match delimiter {
            b'\t' => "tab".to_owned(),
            other => char::from(other).to_string(),
        });
        mapping.sheet.clone_from(&self.opened.sheet);
        mapping.time_zone = self.formats.time_zone.as_ref().map(|zone| zone.name().to_owned());
        mapping.unit_of(self.unit);
        mapping.currency = currency;
        from.clone_into(&mut mapping.currency_from);
        self.content.word().clone_into(&mut mapping.content);
        mapping.end_date = has_ends.then(|| if end { "last_day" } else { "first_day_after" }.to_owned());
        mapping.fill_down = self.options.profile.fill_down.unwrap_or(false);
        mapping.columns = self.mapped_columns();
        let profile = mapping.profile(self.header);
        if self.warnings.more > 0 {
            let message = format!("{} more warnings are not shown", self.warnings.more);
            self.warnings.told.push(ListWarning { line: 0, message });
        }
        (mapping, profile)
    }

    fn mapped_columns(&self) -> Vec<MappedColumn> {
        let last = self.header.columns.values().max().map_or(0, |column| column + 1);
        let width = self.header.names.len().max(last);
        let columns = (0..width).map(|column| {
            let name = self.header.names.get(column).filter(|name| !name.is_empty());
            let field = self.header.columns.iter().find(|(_, place)| **place == column);
            let sample = self.data().map(|row| row.text(column)).find(|text| !text.is_empty());
            MappedColumn {
                header: name
                    .map_or_else(|| (column + 1).to_string(), |name| crate::read::texts::shortened(name)),
                field: field.map(|(field, _)| field.key().to_owned()),
                sample: crate::read::texts::shortened(sample.unwrap_or_default()),
            }
        });
        columns.collect()
    }
}

impl Mapping {
    fn unit_of(&mut self, unit: PriceUnit) {
        unit.word().clone_into(&mut self.price_unit);
    }
}
