//! Counts the time series of all messages, for a data directory whose version has none.

use std::sync::Arc;

use crate::account_currencies::AccountCurrencies;
use crate::account_plans::AccountPlans;
use crate::batch::Batch;
use crate::cdr::{BlockReader, Cdr};
use crate::clock;
use crate::countries::NumberCountries;
use crate::database::{Database, Unavailable, damaged, rows};
use crate::number_countries;
use crate::rows::{Row, SeriesRow, StateRow};
use crate::schema::{
    ACCOUNT_PLAN_PREFIX, Family, SERIES_KEPT_KEY, USAGE_COUNTED_KEY, account_key, parse_account_id_key,
};
use crate::series::KeptFrom;
use crate::series::cell::Cells;
use crate::series::contributions::Counter;
use crate::states::States;
use crate::store_options::Durability;
use crate::usage::ChargeFacts;

/// Cells that are counted in memory before they are written.
pub const ROWS_AT_ONCE: usize = 50_000;

/// Counts messages one after the other, as the commits would have counted them.
#[derive(Debug)]
pub(crate) struct SeriesCounter {
    countries: NumberCountries,
    currencies: AccountCurrencies,
    /// The first id whose charge is not counted yet.
    counted_to: u64,
    /// Everything that was counted.
    pub cells: Cells,
}

impl SeriesCounter {
    /// Nothing is counted yet.
    pub fn begin(database: &Database) -> Result<Self, Unavailable> {
        Ok(Self {
            countries: number_countries::load(database)?,
            currencies: AccountCurrencies::new(),
            counted_to: database.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0),
            cells: Cells::default(),
        })
    }

    /// Counts a message in this state. One whose charge is not counted yet, as it will be with those of its second, counts with
    /// what became of it alone.
    pub fn count(
        &mut self,
        database: &Database,
        cdr: &Cdr<'_>,
        plan: &Arc<str>,
        state: Option<&StateRow>,
    ) -> Result<(), Unavailable> {
        let facts = ChargeFacts::of(cdr, &self.countries);
        let above = facts.above.iter().map(|level| level.account);
        for account in above.chain([facts.account]) {
            self.currencies
                .learn(account, |account| database.row(Family::Accounts, &account_key(account)))?;
        }
        let mut counter = Counter { currencies: &self.currencies, cells: &mut self.cells };
        counter.add(&facts, plan, state);
        if cdr.message_id >= self.counted_to {
            counter.remove(&facts, plan, None);
        }
        Ok(())
    }
}

/// Counts the series of every message and writes their rows, and the plans of accounts, whatever rows there are. Where it is broken
/// off, it is done once more from the beginning.
pub fn build(database: &Database, cells_at_once: usize) -> Result<(), Unavailable> {
    if database.last(Family::Cdrs)?.is_some() {
        tracing::info!("counting the time series of all messages");
    }
    clear(database, Family::Series, &[])?;
    clear(database, Family::SeriesOpen, &[])?;
    clear(database, Family::Meta, ACCOUNT_PLAN_PREFIX)?;
    let kept = KeptFrom::default().moved_to(clock::now());
    let mut counter = SeriesCounter::begin(database)?;
    let (mut plans, mut batch) = (AccountPlans::default(), Batch::default());
    database.with(|db| {
        let mut states = States::new(rows(db, Family::States, &[])?);
        for row in rows(db, Family::Cdrs, &[])? {
            let (key, value) = row?;
            let (account, first) = parse_account_id_key(&key).ok_or_else(|| damaged(Family::Cdrs))?;
            let mut block = BlockReader::new(account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
            let plan: Arc<str> = block.header().plan.into();
            plans.note(None, &mut batch, (account, first), &plan);
            for cdr in block.by_ref() {
                counter.count(database, &cdr, &plan, states.of(cdr.account, cdr.message_id)?)?;
            }
            if !block.is_sound() {
                return Err(damaged(Family::Cdrs));
            }
            if counter.cells.len() >= cells_at_once {
                add(database, &mut counter.cells, kept)?;
            }
        }
        add(database, &mut counter.cells, kept)
    })?;
    let before = database.get(Family::Meta, SERIES_KEPT_KEY)?;
    batch.replace(Family::Meta, SERIES_KEPT_KEY, kept.to_bytes(), before);
    database.write(&batch, Durability::Sync)
}

/// Adds what was counted to the rows that there are.
fn add(database: &Database, cells: &mut Cells, kept: KeptFrom) -> Result<(), Unavailable> {
    let mut rows = std::collections::HashMap::<_, SeriesRow>::new();
    for (cell, added) in cells.drain() {
        cell.rows(&added, kept, |key, added| rows.entry(key).or_default().add(added));
    }
    let mut batch = Batch::default();
    for (key, added) in rows {
        let key = key.to_bytes();
        let before = database.get(Family::Series, &key)?;
        let row = before.as_ref().map_or_else(|| Some(SeriesRow::default()), |row| SeriesRow::read(row));
        let mut row = row.ok_or_else(|| damaged(Family::Series))?;
        row.add(&added);
        match before {
            Some(before) if row.is_empty() => batch.delete(Family::Series, key, before),
            None if row.is_empty() => {}
            before => batch.replace(Family::Series, key, row.to_bytes(), before),
        }
    }
    database.write(&batch, Durability::Sync)
}

/// Removes the rows whose keys begin so.
fn clear(database: &Database, family: Family, prefix: &[u8]) -> Result<(), Unavailable> {
    loop {
        let mut batch = Batch::default();
        database.scan(family, prefix, |key, value| {
            if !key.starts_with(prefix) {
                return false;
            }
            batch.delete(family, key, value.to_vec());
            batch.puts.len() < ROWS_AT_ONCE
        })?;
        if batch.is_empty() {
            return Ok(());
        }
        database.write(&batch, Durability::Sync)?;
    }
}
