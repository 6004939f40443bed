//! The countries of numbers, as usage counts them: by the numbering plan that was in force when a message was charged.
//!
//! A numbering plan changes, and what was counted must not: so the directory keeps the countries of every plan, from the first
//! message id on that they hold for (`number_countries.rs`). The id of a message then says its country to the committer, to
//! `verify` and to whoever counts usage again, and no CDR has to name it.

mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_engine::country::CountryCode;

pub use table::CountryTable;

/// The countries of numbers, by the first message id that they hold for.
#[derive(Clone, Debug, Default)]
pub struct NumberCountries(BTreeMap<u64, Arc<CountryTable>>);

impl NumberCountries {
    /// Those that hold for a message.
    pub fn at(&self, message_id: u64) -> Option<&CountryTable> {
        self.0.range(..=message_id).next_back().map(|(_, table)| &**table)
    }

    /// The country of a message's number, as its digits in international form.
    pub fn country(&self, message_id: u64, digits: &[u8]) -> Option<CountryCode> {
        self.at(message_id)?.country(digits)
    }

    /// Those that hold from now on, and the first message id that they hold for.
    pub fn last(&self) -> Option<(u64, &Arc<CountryTable>)> {
        self.0.last_key_value().map(|(first, table)| (*first, table))
    }

    /// True if there are some that hold from this message id on.
    pub fn begins_at(&self, first: u64) -> bool {
        self.0.contains_key(&first)
    }

    /// Adds those that hold from a message id on, in the place of others that hold from there.
    pub fn insert(&mut self, first: u64, table: Arc<CountryTable>) {
        self.0.insert(first, table);
    }

    /// Takes over what is durable.
    pub fn extend(&mut self, added: Self) {
        self.0.extend(added.0);
    }
}
