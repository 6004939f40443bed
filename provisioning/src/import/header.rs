//! The header of a price list below whatever stands above it, and the field of each column.

use std::collections::BTreeMap;

use tollgate_engine::money::Currency;

use super::bounds::PREAMBLE_LINES_MAX;
use super::codes::ZeroHabit;
use super::codes::{is_all, mcc_of, networks_of_joined};
use super::directory::NetworkDirectory;
use super::field::{Field, squeezed};
use super::grid::{Grid, GridRow};
use super::header_words::{Guess, guess};
use super::money_words::{PriceHeader, read_price_header};
use super::profile::Formats;
use super::status::RowStatus;
use super::wording::Wording;
use crate::read::texts::quoted;

/// Rows whose cells are looked at to tell what a column holds.
const LOOKED_AT: usize = 500;

/// The columns of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The place of the header among the rows of the grid; `None` for a list without one.
    pub row: Option<usize>,
    /// Headers as they are written, by column.
    pub names: Vec<String>,
    /// The column of each field.
    pub columns: BTreeMap<Field, usize>,
    /// Further columns with names of countries or networks, or with calling codes, which must not contradict the row.
    pub others: Vec<(Field, usize)>,
    /// Currency and unit in the header of the price.
    pub price: PriceHeader,
    /// True if the list is in Tollgate's own form, in which lines behind `#` are comments.
    pub is_own: bool,
    /// True if ends are in Tollgate's own column.
    pub is_own_end: bool,
}

/// A fault of the header: its line and the fault in words.
pub type HeaderFault = (u32, String);

impl Header {
    /// The first row of the grid that holds data.
    pub fn first_row(&self) -> usize {
        self.row.map_or(0, |row| row + 1)
    }

    /// The header of a column for messages; its number where there is none.
    pub fn name_at(&self, column: usize) -> String {
        match self.names.get(column) {
            Some(name) if !name.is_empty() => crate::read::texts::shortened(name),
            _ => format!("column {}", column + 1),
        }
    }

    /// The name of a field's column for messages.
    pub fn name_of(&self, field: Field) -> String {
        let name = self.columns.get(&field).and_then(|column| self.names.get(*column));
        match name {
            Some(name) if !name.is_empty() => crate::read::texts::shortened(name),
            _ => field.key().to_owned(),
        }
    }
}

/// The number of headers of a row that are understood; zero where they make no price list.
pub fn score(row: &GridRow) -> usize {
    let guesses: Vec<Guess> = row.cells.iter().map(|cell| guess_of(&cell.text)).collect();
    let has = |wanted: &[Guess]| guesses.iter().any(|guess| wanted.contains(guess));
    let has_price = has(&[Guess::Field(Field::Price)]);
    let has_place = has(&[
        Guess::Field(Field::Mcc),
        Guess::Field(Field::MccMnc),
        Guess::Field(Field::Prefix),
        Guess::Field(Field::Country),
        Guess::Field(Field::Network),
        Guess::Code,
        Guess::CountryCode,
    ]);
    let understood = guesses.iter().filter(|guess| **guess != Guess::Unknown).count();
    if has_price && has_place { understood } else { 0 }
}

fn guess_of(header: &str) -> Guess {
    match guess(header) {
        Guess::Unknown if read_price_header(header).is_price => Guess::Field(Field::Price),
        guess => guess,
    }
}

/// The best header of the first rows, as its place and score.
pub fn best_row(grid: &Grid) -> Option<(usize, usize)> {
    let rows = grid.rows().iter().take_while(|row| row.line as usize <= PREAMBLE_LINES_MAX);
    let scores = rows.enumerate().map(|(place, row)| (place, score(row))).filter(|(_, score)| *score > 0);
    // Of equal ones the first.
    scores.fold(None, |best: Option<(usize, usize)>, (place, score)| match best {
        Some((_, most)) if most >= score => best,
        _ => Some((place, score)),
    })
}

/// Finds the header and the field of each column.
pub fn find(
    grid: &Grid,
    header_line: Option<u32>,
    formats: &Formats,
    currency: Currency,
    directory: &NetworkDirectory<'_>,
) -> Result<Header, HeaderFault> {
    let row = header_row(grid, header_line, formats)?;
    let Some(place) = row else { return without_header(grid, formats, directory) };
    let line = grid.rows().get(place).map_or(0, |row| row.line);
    let names: Vec<String> = grid
        .rows()
        .get(place)
        .map_or_else(Vec::new, |row| row.cells.iter().map(|cell| cell.text.to_string()).collect());
    let mut header = Header { row: Some(place), names, ..Header::default() };
    named_columns(&mut header, formats, line)?;
    let mut finder = Finder { header, grid, directory, currency, line, wording: formats.wording };
    finder.guess_columns()?;
    let mut header = finder.header;
    check(&header, line, formats.wording)?;
    let name = |field| header.columns.get(&field).and_then(|column| header.names.get(*column)).cloned();
    header.price = read_price_header(&name(Field::Price).unwrap_or_default());
    header.is_own =
        header.columns.contains_key(&Field::Plan) || header.names.iter().any(|name| name == "effective_from");
    header.is_own_end = name(Field::EffectiveTo).as_deref() == Some("effective_to");
    Ok(header)
}

fn header_row(grid: &Grid, line: Option<u32>, formats: &Formats) -> Result<Option<usize>, HeaderFault> {
    match line {
        Some(0) => return Ok(None),
        Some(line) => {
            let found = grid.rows().iter().position(|row| row.line == line);
            return found.map(Some).ok_or_else(|| {
                let said = formats.wording.key("header_line");
                (line, format!("is empty, and is to be the header by {said}"))
            });
        }
        None => {}
    }
    let names: Vec<&String> = formats.columns.values().filter(|name| name.parse::<u16>().is_err()).collect();
    if !names.is_empty() {
        let has_all = |row: &GridRow| names.iter().all(|name| column_named(&texts(row), name).is_some());
        if let Some(place) = grid.rows().iter().take(PREAMBLE_LINES_MAX).position(has_all) {
            return Ok(Some(place));
        }
    }
    Ok(best_row(grid).map(|(place, _)| place))
}

fn texts(row: &GridRow) -> Vec<String> {
    row.cells.iter().map(|cell| cell.text.to_string()).collect()
}

/// A column by the number or the header that a profile gives.
fn column_named(names: &[String], wanted: &str) -> Option<usize> {
    if let Ok(number) = wanted.parse::<usize>() {
        return number.checked_sub(1);
    }
    let exact = names.iter().position(|name| name == wanted);
    exact.or_else(|| {
        let key = squeezed(wanted);
        names.iter().position(|name| squeezed(name) == key && !key.is_empty())
    })
}

fn named_columns(header: &mut Header, formats: &Formats, line: u32) -> Result<(), HeaderFault> {
    for (field, name) in &formats.columns {
        let column = column_named(&header.names, name);
        let column = column.ok_or_else(|| {
            (line, {
                let said = formats.wording.key(&format!("columns.{}", field.key()));
                format!("there is no column {}, which {said} names", quoted(name))
            })
        })?;
        header.columns.insert(*field, column);
    }
    Ok(())
}

struct Finder<'g, 'd, 'p> {
    header: Header,
    grid: &'g Grid,
    directory: &'d NetworkDirectory<'p>,
    currency: Currency,
    line: u32,
    wording: Wording,
}

impl Finder<'_, '_, '_> {
    /// Gives every column that no profile names the field of its header.
    fn guess_columns(&mut self) -> Result<(), HeaderFault> {
        let mut found: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
        let names = self.header.names.clone();
        for (column, name) in names.iter().enumerate() {
            if self.header.columns.values().any(|named| *named == column) {
                continue;
            }
            let field = match guess_of(name) {
                Guess::Field(field) => Some(field),
                Guess::Code => self.kind_of_code(column)?,
                Guess::CountryCode => self.kind_of_country_code(column)?,
                Guess::Change => self.holds_words(column).then_some(Field::Status),
                Guess::OldPrice | Guess::Unknown => None,
            };
            match field {
                Some(field) if !self.header.columns.contains_key(&field) => {
                    found.entry(field).or_default().push(column);
                }
                Some(field) => self.keep_beside(field, column),
                None if guess_of(name) == Guess::CountryCode => self.keep_beside_codes(column),
                None => {}
            }
        }
        for (field, columns) in found {
            let column = self.only_column(field, &columns)?;
            for other in columns.into_iter().filter(|other| *other != column) {
                self.keep_beside(field, other);
            }
            self.header.columns.insert(field, column);
        }
        Ok(())
    }

    /// Keeps a further column with names, which must not contradict the first.
    fn keep_beside(&mut self, field: Field, column: usize) {
        if matches!(field, Field::Country | Field::Network) {
            self.header.others.push((field, column));
        }
    }

    /// Keeps a column of codes of countries beside those that say which networks rows are about.
    fn keep_beside_codes(&mut self, column: usize) {
        let is_word = |text: &str| text.bytes().all(|octet| octet.is_ascii_alphabetic());
        let countries = self.directory.countries();
        let is_called = |text: &str| !countries.with_calling_code(text.trim_start_matches('+')).is_empty();
        if self.cells(column).all(is_word) {
            self.header.others.push((Field::Country, column));
        } else if self.cells(column).all(is_called) {
            self.header.others.push((Field::Prefix, column));
        }
    }

    /// The one column of a field. Of names the first counts; of what decides about money there must be one.
    fn only_column(&self, field: Field, columns: &[usize]) -> Result<usize, HeaderFault> {
        let name = |column: &usize| self.header.names.get(*column).cloned().unwrap_or_default();
        let is_in_currency = |column: &&usize| {
            let named = read_price_header(&name(column)).currency;
            named.is_some_and(|named| named.can_be(self.currency))
        };
        if let (Field::Price, [only]) =
            (field, &columns.iter().filter(is_in_currency).collect::<Vec<_>>()[..])
        {
            return Ok(**only);
        }
        let newest = columns.iter().filter(|column| squeezed(&name(column)).starts_with("new"));
        match (columns, &newest.collect::<Vec<_>>()[..], field) {
            ([only], ..) => Ok(*only),
            (_, [only], Field::Price) => Ok(**only),
            ([first, ..], _, Field::Country | Field::Network | Field::Note) => Ok(*first),
            (several, ..) => {
                let names: Vec<String> = several.iter().map(|column| quoted(&name(column))).collect();
                let message = format!(
                    "several columns could be {}: {}; name the one that counts by {}",
                    field.key(),
                    names.join(", "),
                    self.wording.key(&format!("columns.{}", field.key()))
                );
                Err((self.line, message))
            }
        }
    }

    /// The cells of a column that are filled, below the header.
    fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        let rows = self.grid.rows().iter().skip(self.header.first_row()).take(LOOKED_AT);
        rows.map(move |row| row.text(column)).filter(|text| !text.is_empty())
    }

    /// Codes are of networks if all of them are such, else of numbers; where both fit, nobody can tell.
    fn kind_of_code(&self, column: usize) -> Result<Option<Field>, HeaderFault> {
        let has_mcc = self.header.names.iter().any(|name| guess(name) == Guess::Field(Field::Mcc));
        let short = |text: &str| text.len() <= 3;
        if has_mcc
            && self.cells(column).all(|text| short(text) || is_all(text) || text.contains([',', '/', '-']))
        {
            return Ok(Some(Field::Mnc));
        }
        let has_both = self.header.names.iter().any(|name| guess(name) == Guess::Field(Field::MccMnc));
        if has_mcc || has_both {
            return Ok(None);
        }
        let are_networks =
            |text: &str| networks_of_joined(text, ZeroHabit::default(), self.directory).is_ok();
        let are_numbers = |text: &str| {
            super::prefixes::prefixes_of(text).is_ok_and(|prefixes| {
                prefixes.iter().all(|prefix| {
                    self.directory.plan().around(prefix).is_some()
                        || !self.directory.countries().with_calling_code(prefix).is_empty()
                })
            })
        };
        let seen: Vec<&str> =
            self.cells(column).filter(|text| text.bytes().any(|octet| octet.is_ascii_digit())).collect();
        match (seen.iter().all(|text| are_networks(text)), seen.iter().all(|text| are_numbers(text))) {
            _ if seen.is_empty() => Ok(None),
            (true, false) => Ok(Some(Field::MccMnc)),
            (false, true) => Ok(Some(Field::Prefix)),
            (true, true) => Err((
                self.line,
                self.both("MCC and MNC, or dial codes", &["columns.mcc_mnc", "columns.prefix"], column),
            )),
            (false, false) => Ok(None),
        }
    }

    fn kind_of_country_code(&self, column: usize) -> Result<Option<Field>, HeaderFault> {
        let seen: Vec<&str> = self.cells(column).collect();
        let is_letters = |text: &&str| text.bytes().all(|octet| octet.is_ascii_alphabetic());
        let has = |field| self.header.names.iter().any(|name| guess(name) == Guess::Field(field));
        if seen.iter().all(is_letters) {
            return Ok((!has(Field::Country)).then_some(Field::Country));
        }
        if has(Field::Mcc) || has(Field::MccMnc) || has(Field::Prefix) {
            return Ok(None);
        }
        let is_mcc = |text: &&str| mcc_of(text, self.directory).is_ok();
        let is_called = |text: &&str| {
            !self.directory.countries().with_calling_code(text.trim_start_matches('+')).is_empty()
        };
        match (seen.iter().all(is_mcc), seen.iter().all(is_called)) {
            (true, false) => Ok(Some(Field::Mcc)),
            (false, true) => Ok(Some(Field::Prefix)),
            (true, true) => Err((
                self.line,
                self.both("MCCs or calling codes", &["columns.mcc", "columns.prefix"], column),
            )),
            (false, false) => Ok(None),
        }
    }

    fn both(&self, what: &str, keys: &[&str], column: usize) -> String {
        let name = self.header.names.get(column).cloned().unwrap_or_default();
        format!("the column {} could hold {what}; name it by {}", quoted(&name), self.wording.any_of(keys))
    }

    fn holds_words(&self, column: usize) -> bool {
        let mut seen = self.cells(column).take(LOOKED_AT).peekable();
        seen.peek().is_some() && seen.all(|text| RowStatus::of_word(text).is_some())
    }
}

/// Completes a header, and refuses one without a price or without networks.
fn check(header: &Header, line: u32, wording: Wording) -> Result<(), HeaderFault> {
    let has = |field| header.columns.contains_key(&field);
    if !has(Field::Price) {
        return Err((line, format!("no column is the price; name it by {}", wording.key("columns.price"))));
    }
    let places = [Field::Mcc, Field::MccMnc, Field::Prefix, Field::Country, Field::Network];
    if !places.into_iter().any(has) {
        return Err((
            line,
            format!(
                "no column names networks; name one by {}",
                wording.any_of(&["columns.mcc", "columns.mcc_mnc", "columns.prefix"])
            ),
        ));
    }
    Ok(())
}

/// The columns of a list without a header, by what is in them. Only a profile, or cells that fit one meaning, decide.
fn without_header(
    grid: &Grid,
    formats: &Formats,
    directory: &NetworkDirectory<'_>,
) -> Result<Header, HeaderFault> {
    let mut header = Header::default();
    named_columns(&mut header, formats, 0)?;
    if header.columns.contains_key(&Field::Price) {
        check(&header, 0, formats.wording)?;
        return Ok(header);
    }
    let rows: Vec<&GridRow> = grid.rows().iter().take(LOOKED_AT).collect();
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let all = |column: usize, fits: &dyn Fn(&str) -> bool| {
        !rows.is_empty() && rows.iter().all(|row| fits(row.text(column)))
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let is_joined = |text: &str| {
        (5..=6).contains(&text.len()) && networks_of_joined(text, ZeroHabit::default(), directory).is_ok()
    };
    let is_mnc = |text: &str| is_all(text) || ((1..=3).contains(&text.len()) && is_digits(text));
    let is_price = |text: &str| {
        let (figure, _) = super::money_words::split_price(text);
        figure.contains(['.', ',']) && {
            let mark = super::figures::detect([figure].into_iter());
            super::figures::price_of(figure, mark, 0, formats.wording).is_ok()
        }
    };
    let columns =
        |fits: &dyn Fn(&str) -> bool| (0..width).filter(|column| all(*column, fits)).collect::<Vec<_>>();
    let (mccs, joined) = (columns(&|text| mcc_of(text, directory).is_ok()), columns(&is_joined));
    let prices = columns(&is_price);
    let unclear = || {
        let message =
            "there is no line with headers that are known, such as MCC, MNC and Price; name the columns by";
        (0, format!("{message} {}", formats.wording.any_of(&["columns.mcc_mnc", "columns.price"])))
    };
    let [price] = prices[..] else { return Err(unclear()) };
    header.columns.insert(Field::Price, price);
    match (&joined[..], &mccs[..]) {
        ([joined], _) => drop(header.columns.insert(Field::MccMnc, *joined)),
        ([], [mcc, ..]) if all(mcc + 1, &is_mnc) => {
            header.columns.insert(Field::Mcc, *mcc);
            header.columns.insert(Field::Mnc, mcc + 1);
        }
        _ => return Err(unclear()),
    }
    Ok(header)
}
