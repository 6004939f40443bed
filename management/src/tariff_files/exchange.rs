//! Exchange rates row by row: listing them as they stand in their file, and edits of single rows.

use std::path::Path;

use tollgate_engine::exchange::ExchangeRow;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;

use super::sheet::{Cells, Sheet};
use super::{Change, EditError, text_of};
use tollgate_provisioning::{Loaded, Overlay, WrittenExchangeRate, read_written_exchange_rates};

/// The identity of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExchangePlace {
    /// The currency of which one unit is worth the rate.
    pub base: Currency,
    /// The currency of the rate.
    pub quote: Currency,
    /// The instant from which it holds; zero for always.
    pub effective_from: UnixMicros,
}

/// A rate as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeInput {
    /// The pair and the time.
    pub place: ExchangePlace,
    /// The worth of one unit of the base.
    pub rate: Amount,
    /// For people. `None` leaves the note of a row that is there.
    pub note: Option<String>,
}

impl From<&ExchangeRow> for ExchangePlace {
    fn from(row: &ExchangeRow) -> Self {
        Self { base: row.base, quote: row.quote, effective_from: row.effective_from }
    }
}

/// The file of exchange rates, as the configuration names it.
pub fn exchange_file(loaded: &Loaded) -> Result<&str, EditError> {
    let settings = &loaded.settings;
    let named = settings.tariff.exchange_rates.as_deref().or(settings.operators.exchange_rates.as_deref());
    named.ok_or(EditError::NoExchangeRates)
}

/// The rates in the order of the file; none where no file is named.
pub fn list_exchange(loaded: &Loaded) -> Result<Vec<WrittenExchangeRate>, EditError> {
    match exchange_file(loaded) {
        Ok(file) => {
            let text = text_of(loaded, file)?;
            Ok(read_written_exchange_rates(file, Path::new(file), text.as_bytes())?)
        }
        Err(_) => Ok(Vec::new()),
    }
}

/// Adds rates, and replaces those of the same pair that begin at the same time. New ones go to the end of the file.
pub fn put_exchange(config: &Path, current: &Loaded, rates: &[ExchangeInput]) -> Result<Change, EditError> {
    let file = exchange_file(current)?;
    let there = list_exchange(current)?;
    let mut sheet = Sheet::parse(file, text_of(current, file)?)?;
    for input in rates {
        let rate = input.rate.to_string();
        let note = input.note.as_deref();
        match found(&there, input.place) {
            Some(row) => {
                // The cells that identify the row stay as they were written.
                sheet.set(row.line, &[("rate", &rate)]);
                if let Some(note) = note {
                    sheet.set(row.line, &[("note", note)]);
                }
            }
            None => append(&mut sheet, input.place, &[("rate", &rate), ("note", note.unwrap_or_default())]),
        }
    }
    Change::validated(config, current, Overlay::from([(file.to_owned(), sheet.text().into_bytes())]))
}

/// Removes a rate from its file.
pub fn remove_exchange(config: &Path, current: &Loaded, place: ExchangePlace) -> Result<Change, EditError> {
    let file = exchange_file(current)?;
    let there = list_exchange(current)?;
    let row = found(&there, place).ok_or_else(|| EditError::Missing {
        what: "exchange rate",
        name: match place.effective_from {
            UnixMicros(0) => format!("of {}/{} that always held", place.base, place.quote),
            from => format!("of {}/{} from {}", place.base, place.quote, from.to_rfc3339()),
        },
    })?;
    let mut sheet = Sheet::parse(file, text_of(current, file)?)?;
    sheet.remove(row.line);
    Change::validated(config, current, Overlay::from([(file.to_owned(), sheet.text().into_bytes())]))
}

fn found(there: &[WrittenExchangeRate], place: ExchangePlace) -> Option<&WrittenExchangeRate> {
    there.iter().find(|written| ExchangePlace::from(&written.row) == place)
}

fn append(sheet: &mut Sheet, place: ExchangePlace, said: &Cells<'_>) {
    let from = match place.effective_from {
        UnixMicros(0) => String::new(),
        from => from.to_rfc3339(),
    };
    let pair = [("base", place.base.as_str()), ("quote", place.quote.as_str()), ("effective_from", &from)];
    sheet.append(&[&pair, said].concat());
}
