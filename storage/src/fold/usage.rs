//! Usage counters as a commit will leave them, and those of the latest quarters as they are on disk, so that
//! a commit does not read what one before it has written. The outcome of a message is counted in the commit
//! that writes it; charges are counted a while later, many at once (`counting.rs`).

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;
use tollgate_engine::operator::OperatorNumber;

use super::counters::Changed;
use crate::batch::Batch;
use crate::counting::CountedCharges;
use crate::countries::NumberCountries;
use crate::database::Unavailable;
use crate::rows::{Row, StateRow, UsageRow};
use crate::schema::{Family, USAGE_COUNTED_KEY, usage_key};
use crate::store::Store;
use crate::usage::{ALL_ACCOUNTS, ChargeFacts, Quarter, UsageKey, UsageOf, contributions};

/// Rows in memory at most.
const KEPT_MAX: usize = 100_000;

/// Counters that a commit changes, by key. The keys are given by us.
pub type UsageChanges = FxHashMap<UsageKey, Changed<UsageRow>>;

/// Counters as they are on disk, where an empty one has no row. The earliest quarters are forgotten first,
/// and a single quarter as a whole.
#[derive(Debug, Default)]
pub struct UsageCache {
    by_quarter: BTreeMap<Quarter, FxHashMap<UsageKey, UsageRow>>,
    rows: usize,
}

impl UsageCache {
    fn get(&self, key: &UsageKey) -> Option<&UsageRow> {
        self.by_quarter.get(&key.quarter)?.get(key)
    }

    /// Takes over what is durable.
    pub fn advance(&mut self, changes: UsageChanges) {
        for (key, (_, after)) in changes {
            if self.by_quarter.entry(key.quarter).or_default().insert(key, after).is_none() {
                self.rows += 1;
            }
            while self.rows > KEPT_MAX {
                let earliest = self.by_quarter.pop_first();
                self.rows -= earliest.map_or(self.rows, |(_, rows)| rows.len());
            }
        }
    }
}

/// Usage counters as the commit will leave them.
#[derive(Debug)]
pub struct UsageDraft<'a> {
    store: &'a Store,
    cache: &'a UsageCache,
    countries: &'a NumberCountries,
    changes: UsageChanges,
    /// The first id whose charge is not counted on disk.
    counted_before: u64,
    /// The first id whose charge is not counted once this is durable.
    counted_to: u64,
}

impl<'a> UsageDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(
        store: &'a Store,
        (cache, countries): (&'a UsageCache, &'a NumberCountries),
        counted_to: u64,
    ) -> Self {
        let changes = UsageChanges::default();
        Self { store, cache, countries, changes, counted_before: counted_to, counted_to }
    }

    /// The countries of the numbers of messages on disk.
    pub fn countries(&self) -> &'a NumberCountries {
        self.countries
    }

    /// Reads the counters of a message's charge, and of the operator that it has in this state.
    pub fn load(&mut self, charge: &ChargeFacts, state: Option<&StateRow>) -> Result<(), Unavailable> {
        let (account, quarter) = (charge.account, Quarter::of(charge.submitted_at));
        self.load_row(UsageKey { account, quarter, of: UsageOf::Network(charge.network, charge.country) })?;
        for level in charge.above.iter().filter(|level| level.pays()) {
            let of = UsageOf::Below(level.network, charge.country);
            self.load_row(UsageKey { account: level.account, quarter, of })?;
        }
        let operator = state.map(|state| state.operator).unwrap_or_default();
        if operator != OperatorNumber::default() {
            for account in [account, ALL_ACCOUNTS] {
                self.load_row(UsageKey { account, quarter, of: UsageOf::Operator(operator) })?;
            }
        }
        Ok(())
    }

    /// Counts a message that goes from one state to another. Only reading the counters can fail.
    pub fn count_state(
        &mut self,
        charge: &ChargeFacts,
        before: Option<&StateRow>,
        after: &StateRow,
    ) -> Result<(), Unavailable> {
        self.load(charge, before)?;
        self.load(charge, Some(after))?;
        for (key, added) in contributions(charge, Some(after)) {
            self.row_mut(key).add(&added);
        }
        for (key, removed) in contributions(charge, before) {
            self.row_mut(key).remove(&removed);
        }
        Ok(())
    }

    /// Adds charges that were counted; false where others were added in between. Only reading the counters can fail, and it
    /// changes nothing.
    pub fn count_charges(
        &mut self,
        batch: &mut Batch,
        counted: &CountedCharges,
    ) -> Result<bool, Unavailable> {
        let before = self.counted_before;
        if counted.ids.start != before {
            return Ok(false);
        }
        counted.tallies.rows().try_for_each(|(key, _)| self.load_row(key))?;
        for (key, added) in counted.tallies.rows() {
            self.row_mut(key).add(&added);
        }
        let (value, before) = (counted.ids.end.to_be_bytes().to_vec(), before.to_be_bytes().to_vec());
        let before = (self.counted_before > 0).then_some(before);
        batch.replace(Family::Meta, USAGE_COUNTED_KEY, value, before);
        self.counted_to = counted.ids.end;
        Ok(true)
    }

    /// Writes the counters that changed, and returns them with the first id whose charge is not counted.
    /// Counters that were loaded for a command that was then not folded have not changed.
    pub fn finish(self, batch: &mut Batch) -> (UsageChanges, u64) {
        for (key, (before, after)) in &self.changes {
            let key = usage_key(key);
            match before {
                Some(before) if before == after => {}
                Some(before) if after.is_empty() => {
                    batch.delete(Family::Usage, key, before.to_bytes());
                }
                None if after.is_empty() => {}
                before => {
                    let before = before.as_ref().map(Row::to_bytes);
                    batch.replace(Family::Usage, key, after.to_bytes(), before);
                }
            }
        }
        (self.changes, self.counted_to)
    }

    fn row_mut(&mut self, key: UsageKey) -> &mut UsageRow {
        &mut self.changes.entry(key).or_default().1
    }

    fn load_row(&mut self, key: UsageKey) -> Result<(), Unavailable> {
        if let Entry::Vacant(entry) = self.changes.entry(key) {
            let before = match self.cache.get(&key) {
                Some(kept) => Some(kept.clone()).filter(|kept| !kept.is_empty()),
                None => self.store.database().row(Family::Usage, &usage_key(&key))?,
            };
            let after = before.clone().unwrap_or_default();
            entry.insert((before, after));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::account::AccountNumber;

    use super::*;

    fn key(quarter: u32, account: usize) -> UsageKey {
        let account = AccountNumber(u32::try_from(account).unwrap_or(u32::MAX));
        UsageKey { account, quarter: Quarter(quarter), of: UsageOf::Operator(OperatorNumber(1)) }
    }

    fn advance(kept: &mut UsageCache, quarter: u32, rows: usize) {
        let after = UsageRow { messages: 1, ..UsageRow::default() };
        kept.advance((1..=rows).map(|account| (key(quarter, account), (None, after.clone()))).collect());
    }

    #[test]
    fn the_earliest_quarters_are_forgotten_first() {
        let mut kept = UsageCache::default();
        for quarter in [7, 5, 6] {
            advance(&mut kept, quarter, 30_000);
        }
        assert_eq!(kept.rows, 90_000);
        advance(&mut kept, 7, 30_000);
        assert_eq!(kept.rows, 90_000, "what is there is not counted twice");
        advance(&mut kept, 8, 30_000);
        assert_eq!((kept.rows, kept.by_quarter.len()), (90_000, 3));
        assert!(kept.get(&key(5, 1)).is_none() && kept.get(&key(6, 1)).is_some());
    }

    #[test]
    fn a_quarter_with_more_rows_than_are_kept_is_forgotten_as_a_whole() {
        let mut kept = UsageCache::default();
        advance(&mut kept, 1, KEPT_MAX);
        assert_eq!(kept.rows, KEPT_MAX);
        advance(&mut kept, 1, KEPT_MAX + 1);
        assert!(kept.rows < KEPT_MAX);
        let rows: usize = kept.by_quarter.values().map(FxHashMap::len).sum();
        assert_eq!(kept.rows, rows);
    }
}
