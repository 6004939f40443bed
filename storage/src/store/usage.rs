//! Reads of usage counters, and their making in a directory whose version has none.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;

use super::view::View;
use super::{Durability, Store, Unavailable, damaged, rows};
use crate::batch::Batch;
use crate::cdr::BlockReader;
use crate::counting::Tallies;
use crate::rows::{BatchRow, Row, UsageRow};
use crate::schema::{
    Family, USAGE_COUNTED_KEY, account_id_key, parse_account_id_key, parse_usage_key, usage_key,
    usage_quarter_key,
};
use crate::states::States;
use crate::usage::{ALL_ACCOUNTS, ChargeFacts, Quarter, UsageKey, UsageOf, contributions};

/// Rows that are counted in memory before they are written.
pub(super) const ROWS_AT_ONCE: usize = 50_000;

impl Store {
    /// Calls `visit` with an account's usage of these quarters until it answers `false`: in the order of quarters, in each first
    /// the networks' and then the operators'. A message counts once among the networks', and at most once among the
    /// operators'. All of it is of one instant; charges that are not in the rows yet are counted on the way.
    pub fn usage(
        &self,
        account: AccountNumber,
        quarters: Range<Quarter>,
        mut visit: impl FnMut(&UsageKey, &UsageRow) -> bool,
    ) -> Result<(), Unavailable> {
        let usage = self.view(account, |view| {
            let mut usage = counted_since(view, &quarters)?;
            let start = usage_quarter_key(account, quarters.start);
            let end = usage_quarter_key(account, quarters.end);
            for row in view.between(Family::Usage, &start, &end)? {
                let (key, value) = row?;
                let row = parse_usage_key(&key).zip(UsageRow::read(&value));
                let (key, row) = row.ok_or_else(|| damaged(Family::Usage))?;
                usage.entry(key).or_default().add(&row);
            }
            Ok(usage)
        })?;
        for (key, row) in usage.iter().filter(|(_, row)| !row.is_empty()) {
            if !visit(key, row) {
                break;
            }
        }
        Ok(())
    }

    /// The first id whose charge is not in the usage rows.
    pub(crate) fn usage_counted(&self) -> Result<u64, Unavailable> {
        Ok(self.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0))
    }

    /// Calls `read` with the CDR blocks of all commits whose ids are in the range; it answers `false` where one is damaged.
    pub(crate) fn blocks_of(
        &self,
        ids: Range<u64>,
        mut read: impl FnMut(AccountNumber, BlockReader<'_>) -> bool,
    ) -> Result<(), Unavailable> {
        let (start, end) = (ids.start.to_be_bytes(), ids.end.to_be_bytes());
        self.range(Family::Batches, &start[..]..&end[..], |key, value| {
            let first = key.try_into().map(u64::from_be_bytes).map_err(|_| damaged(Family::Batches))?;
            let row = BatchRow::read(value).ok_or_else(|| damaged(Family::Batches))?;
            let mut id = first;
            for (account, count) in row.blocks {
                let block = self.get(Family::Cdrs, &account_id_key(account, id))?;
                let block = block.as_ref().and_then(|block| BlockReader::new(account, id, block));
                let is_sound = block.map(|block| read(account, block));
                if is_sound != Some(true) {
                    return Err(damaged(Family::Cdrs));
                }
                id += u64::from(count);
            }
            Ok(true)
        })
    }

    /// Calls `visit` with an operator's usage rows of these quarters, over all accounts, until it answers `false`. Of their
    /// money only `costs` is counted.
    pub fn operator_usage(
        &self,
        operator: OperatorNumber,
        quarters: Range<Quarter>,
        mut visit: impl FnMut(Quarter, &UsageRow) -> bool,
    ) -> Result<(), Unavailable> {
        self.usage(ALL_ACCOUNTS, quarters, |key, row| {
            key.of != UsageOf::Operator(operator) || visit(key.quarter, row)
        })
    }

    /// Counts the usage of every message again and writes its rows, whatever rows there are. Where it is broken off, it is
    /// done once more from the beginning. In memory are about `rows_at_once` rows.
    pub(super) fn build_usage(&self, rows_at_once: usize) -> Result<(), Unavailable> {
        tracing::info!("counting the usage of all messages, as an earlier version did not");
        self.clear_usage(rows_at_once)?;
        let mut counted = HashMap::new();
        self.with(|db| {
            let mut states = States::new(rows(db, Family::States, &[])?);
            for row in rows(db, Family::Cdrs, &[])? {
                let (key, value) = row?;
                let (account, first) = parse_account_id_key(&key).ok_or_else(|| damaged(Family::Cdrs))?;
                let block = BlockReader::new(account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
                count_block(block, &mut states, &mut counted)?;
                if counted.len() >= rows_at_once {
                    self.add_usage(&mut counted)?;
                }
            }
            self.add_usage(&mut counted)
        })?;
        let mut batch = Batch::default();
        batch.insert(Family::Meta, USAGE_COUNTED_KEY, self.next_id()?.to_be_bytes().to_vec());
        self.write(&batch, Durability::Sync)
    }

    /// Adds what was counted to the rows that there are.
    fn add_usage(&self, counted: &mut HashMap<UsageKey, UsageRow>) -> Result<(), Unavailable> {
        let mut batch = Batch::default();
        for (key, added) in counted.drain() {
            let key = usage_key(&key);
            let mut row: UsageRow = self.row(Family::Usage, &key)?.unwrap_or_default();
            row.add(&added);
            batch.insert(Family::Usage, key, row.to_bytes());
        }
        self.write(&batch, Durability::Sync)
    }

    fn clear_usage(&self, rows_at_once: usize) -> Result<(), Unavailable> {
        loop {
            let mut batch = Batch::default();
            self.scan(Family::Usage, &[], |key, value| {
                batch.delete(Family::Usage, key, value.to_vec());
                batch.puts.len() < rows_at_once
            })?;
            if batch.is_empty() {
                return Ok(());
            }
            self.write(&batch, Durability::Sync)?;
        }
    }
}

/// What an account's charges add that are not in the usage rows yet. Over all accounts there are operators only, which are
/// counted at once.
fn counted_since(
    view: &View<'_>,
    quarters: &Range<Quarter>,
) -> Result<BTreeMap<UsageKey, UsageRow>, Unavailable> {
    if view.account == ALL_ACCOUNTS {
        return Ok(BTreeMap::new());
    }
    let mut tallies = Tallies::default();
    let from = view.number(Family::Meta, USAGE_COUNTED_KEY)?.unwrap_or(0);
    for block in view.up(Family::Cdrs, from..u64::MAX)? {
        let (first, value) = block?;
        let block = BlockReader::new(view.account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
        let is_asked_for = quarters.contains(&Quarter::of(block.header().submitted_at));
        if is_asked_for && !tallies.add(view.account, block) {
            return Err(damaged(Family::Cdrs));
        }
    }
    Ok(tallies.rows().collect())
}

fn count_block(
    mut block: BlockReader<'_>,
    states: &mut States<'_>,
    counted: &mut HashMap<UsageKey, UsageRow>,
) -> Result<(), Unavailable> {
    for cdr in block.by_ref() {
        let state = states.of(cdr.account, cdr.message_id)?;
        for (key, added) in contributions(&ChargeFacts::of(&cdr), state) {
            counted.entry(key).or_default().add(&added);
        }
    }
    if block.is_sound() { Ok(()) } else { Err(damaged(Family::Cdrs)) }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::{Amount, Currency};
    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::number::Number;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::time::{Month, UnixMicros};

    use super::*;
    use crate::cdr::{BlockHeader, BlockWriter, CdrFields, Source};
    use crate::rows::{MessageState, StateRow};
    use crate::schema::account_id_key;
    use crate::store::StoreOptions;
    use crate::usage::QUARTER_MICROS;

    /// Six messages in one block, each to another network; every second one is with an operator.
    fn put_block(batch: &mut Batch, account: AccountNumber, first: u64, quarter: u64) {
        let mut writer = BlockWriter::default();
        for index in 0..6_u16 {
            writer.push(&CdrFields {
                destination: Number::from_digits(b"254722000001").expect("a number"),
                network: NetworkCode { mcc: 600 + index, mnc: None },
                network_source: NetworkSource::Tlv,
                segments: 2,
                data_coding: 0,
                esm_class: 0,
                registered_delivery: 0,
                amount: Amount::from_micros(7),
                counted_before: 0,
                source: Source::default(),
                dispatch_id: None,
                idempotency_key: None,
                user_message_reference: None,
                route: None,
            });
            if index % 2 == 1 {
                let state = StateRow {
                    state: MessageState::Delivered,
                    operator: OperatorNumber(index),
                    cost: Amount::from_micros(3),
                    cost_currency: Currency::new("EUR"),
                    accepted_at: Some(UnixMicros(1)),
                    ..StateRow::default()
                };
                let key = account_id_key(account, first + u64::from(index));
                batch.insert(Family::States, key, state.to_bytes());
            }
        }
        let submitted_at = UnixMicros(quarter * QUARTER_MICROS);
        let header = BlockHeader { submitted_at, tariff: 1, month: Month(1), plan: "p" };
        let mut block = Vec::new();
        writer.write_to(&header, &mut block);
        batch.insert(Family::Cdrs, account_id_key(account, first), block);
    }

    fn all(store: &Store) -> Vec<(Vec<u8>, UsageRow)> {
        let mut rows = Vec::new();
        let visit = |key: &[u8], value: &[u8]| {
            rows.push((key.to_vec(), UsageRow::read(value).unwrap_or_default()));
            true
        };
        store.scan(Family::Usage, &[], visit).expect("it can be read");
        rows
    }

    #[test]
    fn rows_are_the_same_however_many_are_counted_at_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let options = StoreOptions { path: dir.path().to_owned(), minimum_free_bytes: 0, cache_bytes: 0 };
        let store = Store::open(options).expect("it opens");
        let mut batch = Batch::default();
        for account in 1..=3 {
            for block in 0..8 {
                put_block(&mut batch, AccountNumber(account), 1_000 + 10 * block, block % 3);
            }
        }
        store.write(&batch, Durability::Os).expect("it is written");
        store.build_usage(usize::MAX).expect("it is counted");
        let rows = all(&store);
        // Three quarters: of each account six networks and three operators, and three operators over all.
        assert_eq!(rows.len(), 3 * (3 * 9 + 3));
        let sent: u64 = rows.iter().filter(|(key, _)| key[..4] == [0; 4]).map(|(_, row)| row.messages).sum();
        assert_eq!(sent, 3 * 8 * 3);
        for at_once in [1, 7, 20] {
            store.build_usage(at_once).expect("it is counted");
            assert_eq!(all(&store), rows, "{at_once} at once");
        }
    }
}
