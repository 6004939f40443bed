//! The cells of a row that say which networks it is about: codes, dial codes or names. Whatever the other cells say about it must
//! not contradict them.

use std::collections::HashMap;

use tollgate_engine::network::NetworkCode;

use super::codes::{ZeroHabit, mcc_of, networks_of_joined, networks_of_mncs};
use super::contradictions::{Contradiction, NamedCell, RowMeaning, check_exchanged, check_joined};
use super::countries::KnownCountry;
use super::directory::NetworkDirectory;
use super::field::Field;
use super::grid::{CellKind, GridRow};
use super::header::Header;
use super::places::{country_in_front, country_of, mcc_of_country, networks_of_name};
use super::prefixes::{country_of_prefix, prefixes_of};
use super::row_place::RowPlace;

/// Rows whose places are remembered, as lists repeat them with other dates.
const REMEMBERED_MAX: usize = 50_000;

/// The networks of a row, and what people should know about them.
#[derive(Clone, Debug)]
pub struct ReadPlace {
    /// The networks that it is about.
    pub place: RowPlace,
    /// Contradictions that are no faults.
    pub doubts: Vec<String>,
}

/// A fault with the header of its column.
pub type PlaceFault = (String, String);

/// Reads the networks of rows.
pub struct PlaceReader<'a, 'p> {
    header: &'a Header,
    directory: &'a NetworkDirectory<'p>,
    habit: ZeroHabit,
    fills_down: bool,
    /// The last MCC and country.
    above: (String, String),
    remembered: HashMap<Vec<String>, ReadPlace>,
}

/// The cells of a row, filled from above where the list wants that.
struct Filled<'r> {
    row: &'r GridRow,
    country: String,
    mcc: String,
}

impl<'a, 'p> PlaceReader<'a, 'p> {
    /// A reader of lists with these columns.
    pub fn new(
        header: &'a Header,
        directory: &'a NetworkDirectory<'p>,
        habit: ZeroHabit,
        fills_down: bool,
    ) -> Self {
        let (above, remembered) = Default::default();
        Self { header, directory, habit, fills_down, above, remembered }
    }

    /// The networks of a row, or every fault of it.
    pub fn read(&mut self, row: &GridRow) -> Result<ReadPlace, Vec<PlaceFault>> {
        let filled = self.fill(row);
        let key = self.key(&filled);
        if let Some(known) = self.remembered.get(&key) {
            return Ok(known.clone());
        }
        let place = self.place(&filled).map_err(|fault| vec![fault])?;
        let found = self.contradictions(&filled, &place);
        let (faults, doubts): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.is_fault);
        if !faults.is_empty() {
            return Err(faults.into_iter().map(|fault| (fault.column, fault.message)).collect());
        }
        let doubts = doubts.into_iter().map(|doubt| format!("{}: {}", doubt.column, doubt.message));
        let read = ReadPlace { place, doubts: doubts.collect() };
        if self.remembered.len() < REMEMBERED_MAX {
            self.remembered.insert(key, read.clone());
        }
        Ok(read)
    }

    fn fill<'r>(&mut self, row: &'r GridRow) -> Filled<'r> {
        let mut filled = Filled {
            row,
            country: self.text(row, Field::Country).to_owned(),
            mcc: self.text(row, Field::Mcc).to_owned(),
        };
        if self.fills_down {
            if filled.country.is_empty() {
                filled.country.clone_from(&self.above.1);
            }
            if filled.mcc.is_empty() && self.text(row, Field::MccMnc).is_empty() {
                filled.mcc.clone_from(&self.above.0);
            }
            self.above = (filled.mcc.clone(), filled.country.clone());
        }
        filled
    }

    /// All that the networks depend on.
    fn key(&self, filled: &Filled<'_>) -> Vec<String> {
        let mut key = vec![filled.country.clone(), filled.mcc.clone()];
        let fields = [Field::Mnc, Field::MccMnc, Field::Prefix, Field::Network];
        key.extend(fields.into_iter().map(|field| self.text(filled.row, field).to_owned()));
        key.extend(self.header.others.iter().map(|(_, column)| filled.row.text(*column).to_owned()));
        key
    }

    fn text<'r>(&self, row: &'r GridRow, field: Field) -> &'r str {
        self.header.columns.get(&field).map_or("", |column| row.text(*column))
    }

    /// The text of a cell; a cell of a workbook without a usable value is a fault.
    fn cell<'r>(&self, row: &'r GridRow, field: Field) -> Result<Option<&'r str>, PlaceFault> {
        let cell = self.header.columns.get(&field).and_then(|column| row.cells.get(*column));
        match cell.filter(|cell| !cell.is_empty()) {
            Some(cell) if cell.kind == CellKind::Fault => {
                Err(self.fault(field, format!("holds {}", cell.text)))
            }
            cell => Ok(cell.map(|cell| &*cell.text)),
        }
    }

    fn fault(&self, field: Field, message: impl Into<String>) -> PlaceFault {
        (self.header.name_of(field), message.into())
    }

    fn place(&self, filled: &Filled<'_>) -> Result<RowPlace, PlaceFault> {
        let has = |field: Field| self.header.columns.contains_key(&field);
        if has(Field::Mcc) || has(Field::MccMnc) {
            return self.by_code(filled).map(RowPlace::Networks);
        }
        match self.cell(filled.row, Field::Prefix)? {
            Some(text) => self.by_prefix(text, filled),
            None => self.by_name(filled, None).map(RowPlace::Networks),
        }
    }

    fn by_code(&self, filled: &Filled<'_>) -> Result<Vec<NetworkCode>, PlaceFault> {
        let Some(joined) = self.cell(filled.row, Field::MccMnc)? else { return self.by_codes_apart(filled) };
        let found = networks_of_joined(joined, self.habit, self.directory);
        let found = found.map_err(|message| self.fault(Field::MccMnc, message))?;
        let has_mnc = self.cell(filled.row, Field::Mnc)?.is_some();
        let apart = match (filled.mcc.is_empty(), has_mnc) {
            (false, true) => self.by_codes_apart(filled)?,
            (false, false) => vec![self.mcc(filled)?],
            (true, true) => {
                let mcc = found.first().map(|code| code.mcc_alone());
                mcc.map_or_else(|| Ok(Vec::new()), |mcc| self.mncs(mcc, filled))?
            }
            (true, false) => return Ok(found),
        };
        // An MCC without an MNC beside it says no more than the country.
        let alone: Vec<NetworkCode> = found.iter().map(|code| code.mcc_alone()).collect();
        let compared = if has_mnc { &found } else { &alone };
        let columns = match (filled.mcc.is_empty(), has_mnc) {
            (false, true) => {
                format!("{} and {} say", self.header.name_of(Field::Mcc), self.header.name_of(Field::Mnc))
            }
            (false, false) => format!("{} says", self.header.name_of(Field::Mcc)),
            _ => format!("{} says", self.header.name_of(Field::Mnc)),
        };
        let cell = NamedCell { column: &self.header.name_of(Field::MccMnc), text: joined };
        match check_joined(cell, compared, &apart, &columns) {
            Some(contradiction) => Err((contradiction.column, contradiction.message)),
            None => Ok(found),
        }
    }

    fn mcc(&self, filled: &Filled<'_>) -> Result<NetworkCode, PlaceFault> {
        self.cell(filled.row, Field::Mcc)?;
        mcc_of(&filled.mcc, self.directory).map_err(|message| self.fault(Field::Mcc, message))
    }

    fn mncs(&self, mcc: NetworkCode, filled: &Filled<'_>) -> Result<Vec<NetworkCode>, PlaceFault> {
        let text = self.cell(filled.row, Field::Mnc)?.unwrap_or_default();
        let found = networks_of_mncs(mcc, text, self.habit, self.directory);
        found.map_err(|message| self.fault(Field::Mnc, message))
    }

    fn by_codes_apart(&self, filled: &Filled<'_>) -> Result<Vec<NetworkCode>, PlaceFault> {
        let has_mnc = self.cell(filled.row, Field::Mnc)?.is_some();
        if filled.mcc.is_empty() {
            return if has_mnc {
                Err(self.fault(Field::Mcc, "is empty"))
            } else {
                self.by_name(filled, None)
            };
        }
        let mcc = self.mcc(filled)?;
        if has_mnc {
            return self.mncs(mcc, filled);
        }
        if self.text(filled.row, Field::Network).is_empty() {
            return Ok(vec![mcc]);
        }
        self.by_name(filled, Some(mcc))
    }

    fn by_prefix(&self, text: &str, filled: &Filled<'_>) -> Result<RowPlace, PlaceFault> {
        let fault = |message: String| self.fault(Field::Prefix, message);
        let prefixes = prefixes_of(text).map_err(fault)?;
        if let [only] = &prefixes[..]
            && let Some(whole) = country_of_prefix(only, self.named_country(filled), self.directory)
        {
            return Ok(RowPlace::Networks(vec![whole.map_err(fault)?]));
        }
        Ok(RowPlace::Prefixes(prefixes))
    }

    /// The country that a row names, in its own column or in front of a network; destinations and regions may be none.
    fn named_country(&self, filled: &Filled<'_>) -> Option<&'a KnownCountry> {
        let only = |found: Vec<&'a KnownCountry>| match found[..] {
            [only] => Some(only),
            _ => None,
        };
        let network = self.text(filled.row, Field::Network);
        let countries = self.directory.countries();
        only(countries.named(&filled.country))
            .or_else(|| only(countries.called_by_name(network)))
            .or_else(|| country_in_front(network, self.directory).map(|(country, _)| country))
    }

    fn by_name(&self, filled: &Filled<'_>, mcc: Option<NetworkCode>) -> Result<Vec<NetworkCode>, PlaceFault> {
        let name = self.cell(filled.row, Field::Network)?.unwrap_or_default();
        self.cell(filled.row, Field::Country)?;
        let country = match (filled.country.as_str(), mcc) {
            // Beside an MCC the country may be called by any name.
            ("", _) | (_, Some(_)) => None,
            (text, None) => Some(
                country_of(text, self.directory).map_err(|message| self.fault(Field::Country, message))?,
            ),
        };
        let (field, found) = match (country, name) {
            (None, "") => (Field::Network, Err("no network is named in this row".to_owned())),
            (Some(country), "") => (Field::Country, mcc_of_country(country).map(|code| vec![code])),
            (country, name) => (Field::Network, networks_of_name(name, country, mcc, self.directory)),
        };
        found.map_err(|message| self.fault(field, message))
    }

    /// The words in the cells of a row against the networks that it is about.
    fn contradictions(&self, filled: &Filled<'_>, place: &RowPlace) -> Vec<Contradiction> {
        let column = self.meant_by(filled);
        let meaning = RowMeaning { place, column: &column, directory: self.directory };
        let mut found = Vec::new();
        let names: Vec<(Field, String, &str)> = self.cells_beside(filled);
        let first = |wanted: Field| {
            let cell = names.iter().find(|(field, ..)| *field == wanted);
            cell.map(|(_, column, text)| NamedCell { column, text })
        };
        if let (Some(country), Some(network)) = (first(Field::Country), first(Field::Network))
            && let Some(exchanged) = check_exchanged(country, network, self.directory)
        {
            return vec![exchanged];
        }
        for (field, column, text) in &names {
            let cell = NamedCell { column, text };
            found.extend(match field {
                Field::Country => meaning.check_country(cell),
                Field::Network => meaning.check_network(cell),
                // The row is about the prefix itself.
                _ if matches!(place, RowPlace::Prefixes(_)) => None,
                _ => prefixes_of(text).ok().and_then(|prefixes| meaning.check_prefix(cell, &prefixes)),
            });
        }
        found
    }

    /// The filled cells with names of countries and networks, and with dial codes.
    fn cells_beside<'r>(&self, filled: &'r Filled<'_>) -> Vec<(Field, String, &'r str)> {
        let mut cells = vec![(Field::Country, self.header.name_of(Field::Country), filled.country.as_str())];
        let of_row = |field: Field| (field, self.header.name_of(field), self.text(filled.row, field));
        cells.extend([of_row(Field::Network), of_row(Field::Prefix)]);
        let others = self.header.others.iter();
        cells.extend(
            others.map(|(field, column)| (*field, self.header.name_at(*column), filled.row.text(*column))),
        );
        cells.retain(|(_, _, text)| !text.is_empty());
        cells
    }

    /// The header of the column that says which networks a row is about.
    fn meant_by(&self, filled: &Filled<'_>) -> String {
        let is_filled = |field: &&Field| !self.text(filled.row, **field).is_empty();
        let fields = [Field::MccMnc, Field::Mcc, Field::Prefix, Field::Network, Field::Country];
        let found = fields.iter().find(is_filled).copied();
        let found =
            if filled.mcc.is_empty() || found == Some(Field::MccMnc) { found } else { Some(Field::Mcc) };
        found.map_or_else(String::new, |field| self.header.name_of(field))
    }
}
