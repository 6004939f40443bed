//! The rows that keep the countries of numbers, one for each numbering plan that was in force.

use std::sync::Arc;

use crate::batch::Batch;
use crate::countries::{CountryTable, NumberCountries};
use crate::database::{Database, Unavailable, damaged};
use crate::schema::{Family, NUMBER_COUNTRIES_PREFIX, number_countries_key};
use crate::store_options::Durability;
use crate::usage_builder;

/// Reads the countries of numbers of a directory.
pub fn load(database: &Database) -> Result<NumberCountries, Unavailable> {
    let mut countries = NumberCountries::default();
    let keys = &number_countries_key(0)..&number_countries_key(u64::MAX);
    database.range(Family::Meta, &keys.start[..]..&keys.end[..], |key, value| {
        let first = key.strip_prefix(NUMBER_COUNTRIES_PREFIX).and_then(|first| first.try_into().ok());
        let read = first.map(u64::from_be_bytes).zip(CountryTable::read(value));
        let (first, table) = read.ok_or_else(|| damaged(Family::Meta))?;
        countries.insert(first, Arc::new(table));
        Ok(true)
    })?;
    Ok(countries)
}

/// The countries of numbers as a commit will leave them.
#[derive(Debug)]
pub struct NumberCountriesDraft<'a> {
    durable: &'a NumberCountries,
    added: NumberCountries,
}

impl<'a> NumberCountriesDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(durable: &'a NumberCountries) -> Self {
        Self { durable, added: NumberCountries::default() }
    }

    /// Lets these countries hold from a message id on that nobody has yet, if they are others than those that hold now.
    pub fn hold(&mut self, batch: &mut Batch, first: u64, table: &Arc<CountryTable>) {
        let last = self.added.last().or_else(|| self.durable.last());
        if last.is_some_and(|(_, last)| last == table) {
            return;
        }
        // Without a message in between, the later plan takes the place of the earlier one.
        let before = last.filter(|(at, _)| *at == first).map(|(_, last)| last.to_bytes());
        let key = number_countries_key(first);
        match before {
            Some(before) => batch.replace(Family::Meta, key, table.to_bytes(), Some(before)),
            None => batch.insert(Family::Meta, key, table.to_bytes()),
        }
        self.added.insert(first, Arc::clone(table));
    }

    /// The countries that were added.
    pub fn finish(self) -> NumberCountries {
        self.added
    }
}

/// Gives a directory that has none the countries of the plan in force, for all messages that it has, and counts their usage by
/// them; also where usage `is_uncounted`. Where it is broken off, it is done once more from the beginning.
pub fn begin(database: &Database, is_uncounted: bool) -> Result<(), Unavailable> {
    let mut countries = load(database)?;
    let is_known = countries.begins_at(0);
    if is_known && !is_uncounted {
        return Ok(());
    }
    if !is_known {
        let table = database.options().number_countries.clone().unwrap_or_default();
        countries.insert(0, table);
    }
    if database.last(Family::Cdrs)?.is_some() {
        tracing::info!("counting the usage of all messages, by the countries of their numbers");
    }
    usage_builder::build(database, &countries, usage_builder::ROWS_AT_ONCE)?;
    if let Some(table) = countries.at(0).filter(|_| !is_known) {
        let mut batch = Batch::default();
        batch.insert(Family::Meta, number_countries_key(0), table.to_bytes());
        database.write(&batch, Durability::Sync)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(&str, &str)]) -> Arc<CountryTable> {
        Arc::new(CountryTable::of(rows.iter().map(|(prefix, country)| (prefix.as_bytes(), *country))))
    }

    #[test]
    fn a_message_has_the_countries_of_its_time() {
        let (first, second) = (table(&[("44", "GB")]), table(&[("44", "GB"), ("4477003", "JE")]));
        let mut durable = NumberCountries::default();
        assert_eq!(durable.country(7, b"447700300123"), None);
        for (from, table) in [(0, &first), (100, &second), (200, &first)] {
            let (mut batch, mut draft) = (Batch::default(), NumberCountriesDraft::new(&durable));
            draft.hold(&mut batch, from, table);
            draft.hold(&mut batch, from, table);
            assert_eq!(batch.puts.len(), 1, "what holds already is not written again");
            let added = draft.finish();
            durable.extend(added);
        }
        let country = |id| durable.country(id, b"447700300123").map(|country| country.to_string());
        for (id, expected) in [(0, "GB"), (99, "GB"), (100, "JE"), (199, "JE"), (200, "GB"), (u64::MAX, "GB")]
        {
            assert_eq!(country(id).as_deref(), Some(expected), "{id}");
        }
    }

    #[test]
    fn a_plan_that_no_message_was_charged_by_is_replaced() {
        let (first, second, third) = (table(&[("1", "US")]), table(&[("1", "CA")]), table(&[("1", "BM")]));
        let mut durable = NumberCountries::default();
        durable.insert(50, first);
        let (mut batch, mut draft) = (Batch::default(), NumberCountriesDraft::new(&durable));
        draft.hold(&mut batch, 50, &second);
        draft.hold(&mut batch, 50, &third);
        let befores: Vec<_> = batch.puts.iter().map(|put| put.before.clone()).collect();
        assert_eq!(befores, [Some(durable.at(50).unwrap().to_bytes()), Some(second.to_bytes())]);
        assert_eq!(draft.finish().at(50), Some(&*third));
    }
}
