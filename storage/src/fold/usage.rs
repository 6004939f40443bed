//! Usage counters as a draft changes them, and those of late quarters as they are on disk, so that a commit does not read
//! what one before it has written. What becomes of a message is counted in the commit that says so; charges are counted a
//! while later, all of that while at once (`counting.rs`).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use tollgate_engine::operator::OperatorNumber;

use super::Draft;
use super::changes::Changed;
use crate::counting::CountedCharges;
use crate::database::Unavailable;
use crate::rows::{Row, StateRow, UsageRow};
use crate::schema::{Family, USAGE_COUNTED_KEY, usage_key};
use crate::usage::{ALL_ACCOUNTS, ChargeFacts, Quarter, UsageKey, UsageOf, contributions};

/// Rows kept in memory at most.
const KEPT_MAX: usize = 100_000;

/// What a commit changes, by key.
pub type UsageChanges = HashMap<UsageKey, Changed<UsageRow>>;

/// Rows as they are on disk; an empty one is not there. The earliest quarters are forgotten first, and the only quarter
/// there is as a whole.
#[derive(Debug, Default)]
pub struct KeptUsage {
    by_quarter: BTreeMap<Quarter, HashMap<UsageKey, UsageRow>>,
    rows: usize,
}

impl KeptUsage {
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

impl Draft<'_> {
    /// Reads the counters that a message's charge counts in, and the operator's that it has in this state.
    pub(super) fn load_usage(
        &mut self,
        charge: &ChargeFacts,
        state: Option<&StateRow>,
    ) -> Result<(), Unavailable> {
        let (account, quarter) = (charge.account, Quarter::of(charge.submitted_at));
        self.load_usage_row(UsageKey { account, quarter, of: UsageOf::Network(charge.network) })?;
        let operator = state.map(|state| state.operator).unwrap_or_default();
        if operator != OperatorNumber::default() {
            for account in [account, ALL_ACCOUNTS] {
                self.load_usage_row(UsageKey { account, quarter, of: UsageOf::Operator(operator) })?;
            }
        }
        Ok(())
    }

    /// Counts a message that goes from one state to another. Only reading the counters can fail.
    pub(super) fn count_state(
        &mut self,
        charge: &ChargeFacts,
        before: Option<&StateRow>,
        after: &StateRow,
    ) -> Result<(), Unavailable> {
        self.load_usage(charge, before)?;
        self.load_usage(charge, Some(after))?;
        for (key, added) in contributions(charge, Some(after)) {
            self.usage_mut(key).add(&added);
        }
        for (key, removed) in contributions(charge, before) {
            self.usage_mut(key).remove(&removed);
        }
        Ok(())
    }

    /// Adds charges that were counted from their CDRs, unless others were in between. Only reading the counters can fail,
    /// and it changes nothing.
    pub fn count_charges(&mut self, counted: &CountedCharges) -> Result<(), Unavailable> {
        let before = self.fold.usage_counted;
        if counted.ids.start != before {
            return Ok(());
        }
        counted.tallies.rows().try_for_each(|(key, _)| self.load_usage_row(key))?;
        for (key, added) in counted.tallies.rows() {
            self.usage_mut(key).add(&added);
        }
        let (value, before) = (counted.ids.end.to_be_bytes().to_vec(), before.to_be_bytes().to_vec());
        let before = (self.fold.usage_counted > 0).then_some(before);
        self.batch.replace(Family::Meta, USAGE_COUNTED_KEY, value, before);
        self.changes.usage_counted = Some(counted.ids.end);
        Ok(())
    }

    fn usage_mut(&mut self, key: UsageKey) -> &mut UsageRow {
        &mut self.changes.usage.entry(key).or_default().1
    }

    fn load_usage_row(&mut self, key: UsageKey) -> Result<(), Unavailable> {
        if let Entry::Vacant(entry) = self.changes.usage.entry(key) {
            let before = match self.fold.usage.get(&key) {
                Some(kept) => Some(kept.clone()).filter(|kept| !kept.is_empty()),
                None => self.store.database().row(Family::Usage, &usage_key(&key))?,
            };
            let after = before.clone().unwrap_or_default();
            entry.insert((before, after));
        }
        Ok(())
    }

    /// Writes what has changed. What was loaded for something that was then not folded has not.
    pub(super) fn write_usage(&mut self) {
        for (key, (before, after)) in &self.changes.usage {
            let key = usage_key(key);
            match before {
                Some(before) if before == after => {}
                Some(before) if after.is_empty() => {
                    self.batch.delete(Family::Usage, key, before.to_bytes());
                }
                None if after.is_empty() => {}
                before => {
                    let before = before.as_ref().map(Row::to_bytes);
                    self.batch.replace(Family::Usage, key, after.to_bytes(), before);
                }
            }
        }
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

    fn advance(kept: &mut KeptUsage, quarter: u32, rows: usize) {
        let after = UsageRow { messages: 1, ..UsageRow::default() };
        kept.advance((1..=rows).map(|account| (key(quarter, account), (None, after.clone()))).collect());
    }

    #[test]
    fn the_earliest_quarters_are_forgotten_first() {
        let mut kept = KeptUsage::default();
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
        let mut kept = KeptUsage::default();
        advance(&mut kept, 1, KEPT_MAX);
        assert_eq!(kept.rows, KEPT_MAX);
        advance(&mut kept, 1, KEPT_MAX + 1);
        assert!(kept.rows < KEPT_MAX);
        let rows: usize = kept.by_quarter.values().map(HashMap::len).sum();
        assert_eq!(kept.rows, rows);
    }
}
